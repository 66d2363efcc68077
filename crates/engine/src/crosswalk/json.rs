//! JSON with exactly one reading and exactly one spelling, so that it can be signed.
//!
//! Reading is strict: a member named twice, a number that is no 64-bit integer and bytes after the value are refused, since two readers
//! could understand them differently. Every text is brought into Unicode form NFC on the way in.
//!
//! The canonical form ([`Json::canonical`]): UTF-8; no white space between tokens; the members of an object sorted by the UTF-8 bytes of
//! their names; integers in plain decimal digits; in texts only `"`, `\` and the control characters below U+0020 are escaped, the latter as
//! `\b \t \n \f \r` or `\u00xx` in lower case. It differs from RFC 8785 only in the order of names outside the basic plane.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The member under which serde_json hands out a number it keeps as text.
const NUMBER_MEMBER: &str = "$serde_json::private::Number";

/// A JSON value without fractions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A text in Unicode form NFC.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object; names in Unicode form NFC.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads one value and nothing after it.
    ///
    /// # Errors
    /// A sentence with line and column: no JSON, a member twice, a fraction, bytes left over.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|fault| format!("not UTF-8: {fault}"))?;
        if text.contains(NUMBER_MEMBER) {
            return Err(format!("the member name {NUMBER_MEMBER} is not allowed"));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = OneValue
            .deserialize(&mut reader)
            .map_err(|fault| fault.to_string())?;
        reader.end().map_err(|fault| fault.to_string())?;
        Ok(value)
    }

    /// The canonical bytes; see the module.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = String::new();
        self.write(&mut out);
        out.into_bytes()
    }

    /// A text, brought into form NFC.
    pub fn text(text: &str) -> Self {
        Self::Text(nfc(text))
    }

    /// An object of these members.
    pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Json)>) -> Self {
        Self::Object(members.into_iter().map(|(k, v)| (nfc(k), v)).collect())
    }

    /// What it is, in words.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Integer(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Integer(number) => out.push_str(&number.to_string()),
            Self::Text(text) => write_text(out, text),
            Self::List(values) => {
                out.push('[');
                for (i, value) in values.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_text(out, name);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in nfc(text).chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                out.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

fn nfc(text: &str) -> String {
    if is_nfc(text) {
        text.to_owned()
    } else {
        text.nfc().collect()
    }
}

struct OneValue;

impl<'de> DeserializeSeed<'de> for OneValue {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Json, E> {
        integer(&number.to_string()).map_err(E::custom)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(OneValue)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(name) = object.next_key::<String>()? {
            if name == NUMBER_MEMBER {
                let digits: String = object.next_value()?;
                return integer(&digits).map_err(A::Error::custom);
            }
            let name = nfc(&name);
            let value = object.next_value_seed(OneValue)?;
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "the member {name:?} stands twice"
                )));
            }
            members.insert(name, value);
        }
        Ok(Json::Object(members))
    }
}

fn integer(digits: &str) -> Result<Json, String> {
    let whole = digits.strip_prefix('-').unwrap_or(digits);
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) || digits == "-0" {
        return Err(format!("{digits} is no whole number"));
    }
    let number = digits.parse();
    number
        .map(Json::Integer)
        .map_err(|_| format!("{digits} is too large a number"))
}
