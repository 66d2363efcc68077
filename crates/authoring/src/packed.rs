//! A workbook is a zip of parts, and a zip may unpack to anything: its bounds are checked before a part is read.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use zip::ZipArchive;

/// Bytes of all parts together.
const LEN_MAX: u64 = 64 * 1024 * 1024;
/// Parts.
const PARTS_MAX: usize = 1_000;
/// Most unpacked bytes per packed one, for parts larger than [`RATIO_FREE_LEN`].
const RATIO_MAX: u64 = 100;
const RATIO_FREE_LEN: u64 = 1024 * 1024;

/// How many parts the end of the directory announces. The archiver keeps the last of several with one name, without a word.
fn announced_parts(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).rposition(|four| four == b"PK\x05\x06")?;
    let count = bytes.get(end + 10..end + 12)?;
    Some(usize::from(u16::from_le_bytes(count.try_into().ok()?)))
}

/// Checks that `bytes` are a zip of reasonable size that holds what it says.
///
/// # Errors
/// What is beyond reason.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|fault| fault.to_string())?;
    if archive.len() > PARTS_MAX {
        return Err(format!("{} parts are too many", archive.len()));
    }
    if announced_parts(bytes) != Some(archive.len()) {
        return Err("it does not hold as many parts as it says, or one stands twice".to_owned());
    }
    let mut names = BTreeSet::new();
    let mut left = LEN_MAX;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|fault| fault.to_string())?;
        let name = part.name().map_err(|fault| fault.to_string())?.into_owned();
        if part.is_symlink() {
            return Err(format!("part {name:?} is a link"));
        }
        let (packed, announced) = (part.compressed_size(), part.size());
        let is_blown_up = announced > RATIO_FREE_LEN && announced / packed.max(1) > RATIO_MAX;
        if is_blown_up || announced > left {
            return Err(format!(
                "part {name:?} would be {announced} bytes, unpacked from {packed}"
            ));
        }
        // What it says of itself may be a lie.
        let mut rest = part.take(announced.saturating_add(1));
        let read = std::io::copy(&mut rest.by_ref(), &mut std::io::sink());
        if read.map_err(|fault| format!("part {name:?}: {fault}"))? > announced {
            return Err(format!("part {name:?} is larger than it says"));
        }
        left -= announced;
        if !names.insert(name.to_lowercase()) {
            return Err(format!("part {name:?} stands twice"));
        }
    }
    Ok(())
}
