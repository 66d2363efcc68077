//! The one byte encoding of model values, and their digest.
//!
//! Stored and signed bytes are these, written by hand, never what a serialiser happens to produce. Every value is length-prefixed, so no
//! two different values share an encoding. [`Reader`] refuses whatever [`Writer`] would not have written.

mod documents;

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::money::Amount;

pub use documents::{decode_document, decode_envelope, encode_document, encode_envelope};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of bytes that lie in several places, one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut whole = Sha256::new();
        parts.iter().for_each(|part| whole.update(part));
        Self(whole.finalize().into())
    }

    /// From stored bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 16 bytes.
    pub fn first_16(&self) -> [u8; 16] {
        let mut out = [0; 16];
        out.copy_from_slice(&self.0[..16]);
        out
    }

    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut out = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        Some(Self(out))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Bytes that are no canonical encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bytes are no canonical encoding at offset {offset}: expected {expected}")]
pub struct Undecodable {
    /// Where.
    pub offset: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// Writes canonical bytes.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty writer with room for about `len` bytes.
    pub fn with_capacity(len: usize) -> Self {
        Self(Vec::with_capacity(len))
    }

    /// The bytes written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// A variable-length number: seven bits a byte, least significant first.
    pub fn number(&mut self, mut value: u128) {
        if let Ok(small) = u8::try_from(value)
            && small < 0x80
        {
            return self.0.push(small);
        }
        loop {
            let low = u8::try_from(value & 0x7f).unwrap_or(0);
            value >>= 7;
            if value == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }

    /// A signed number, zigzag.
    pub fn signed(&mut self, value: i128) {
        self.number(((value << 1) ^ (value >> 127)).cast_unsigned());
    }

    /// Length and bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.length_of(bytes);
        self.0.extend_from_slice(bytes);
    }

    /// The length that stands before bytes, without them.
    pub fn length_of(&mut self, bytes: &[u8]) {
        self.number(u128::try_from(bytes.len()).unwrap_or(u128::MAX));
    }

    /// Length and UTF-8.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// One byte, 0 or 1.
    pub fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    /// Scale and units.
    pub fn amount(&mut self, amount: Amount) {
        self.0.push(amount.scale());
        self.signed(amount.units());
    }

    /// Presence, then the value.
    pub fn option<T>(&mut self, value: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// Count, then each value.
    pub fn list<'a, T: 'a>(
        &mut self,
        values: impl ExactSizeIterator<Item = &'a T>,
        mut write: impl FnMut(&mut Self, &T),
    ) {
        self.number(u128::try_from(values.len()).unwrap_or(u128::MAX));
        values.for_each(|value| write(self, value));
    }
}

/// Reads canonical bytes.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// An error at the present offset.
    pub fn expected(&self, expected: &'static str) -> Undecodable {
        Undecodable {
            offset: self.offset,
            expected,
        }
    }

    /// Refuses bytes left over.
    ///
    /// # Errors
    /// [`Undecodable`] if any are.
    pub fn end(&self) -> Result<(), Undecodable> {
        if self.offset == self.bytes.len() {
            Ok(())
        } else {
            Err(self.expected("end"))
        }
    }

    fn byte(&mut self) -> Result<u8, Undecodable> {
        let byte = self
            .bytes
            .get(self.offset)
            .copied()
            .ok_or_else(|| self.expected("a byte"))?;
        self.offset += 1;
        Ok(byte)
    }

    /// See [`Writer::number`].
    ///
    /// # Errors
    /// [`Undecodable`] past the end or past 128 bits.
    pub fn number(&mut self) -> Result<u128, Undecodable> {
        let mut value = 0_u128;
        for shift in (0..).step_by(7).take(19) {
            let byte = self.byte()?;
            value |= u128::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.expected("a number of at most 128 bits"))
    }

    /// A number that fits `T`.
    ///
    /// # Errors
    /// [`Undecodable`] if it does not.
    pub fn small<T: TryFrom<u128>>(&mut self) -> Result<T, Undecodable> {
        let value = self.number()?;
        T::try_from(value).map_err(|_| self.expected("a smaller number"))
    }

    /// See [`Writer::signed`].
    ///
    /// # Errors
    /// [`Undecodable`] as for numbers.
    pub fn signed(&mut self) -> Result<i128, Undecodable> {
        let zigzag = self.number()?;
        Ok((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    /// See [`Writer::bytes`].
    ///
    /// # Errors
    /// [`Undecodable`] past the end.
    pub fn bytes(&mut self) -> Result<&'a [u8], Undecodable> {
        let length: usize = self.small()?;
        let end = self
            .offset
            .checked_add(length)
            .ok_or_else(|| self.expected("a length"))?;
        let bytes = self
            .bytes
            .get(self.offset..end)
            .ok_or_else(|| self.expected("more bytes"))?;
        self.offset = end;
        Ok(bytes)
    }

    /// See [`Writer::text`].
    ///
    /// # Errors
    /// [`Undecodable`] if it is no UTF-8.
    pub fn text(&mut self) -> Result<String, Undecodable> {
        let bytes = self.bytes()?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.expected("UTF-8"))?;
        Ok(text.to_owned())
    }

    /// See [`Writer::flag`].
    ///
    /// # Errors
    /// [`Undecodable`] if it is neither 0 nor 1.
    pub fn flag(&mut self) -> Result<bool, Undecodable> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.expected("0 or 1")),
        }
    }

    /// See [`Writer::amount`].
    ///
    /// # Errors
    /// [`Undecodable`] as for its parts.
    pub fn amount(&mut self) -> Result<Amount, Undecodable> {
        let scale = self.byte()?;
        Ok(Amount::from_units(self.signed()?, scale))
    }

    /// See [`Writer::option`].
    ///
    /// # Errors
    /// [`Undecodable`] as for its parts.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Undecodable>,
    ) -> Result<Option<T>, Undecodable> {
        if self.flag()? {
            read(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// See [`Writer::list`].
    ///
    /// # Errors
    /// [`Undecodable`] as for its parts.
    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Undecodable>,
    ) -> Result<Vec<T>, Undecodable> {
        let count: usize = self.small()?;
        (0..count).map(|_| read(self)).collect()
    }
}
