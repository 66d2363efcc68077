//! Zip archives: the one we upload, byte for byte the same for the same content, and the ones we read job outputs from.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Bytes read of one archive, all members together; logs are smaller by far.
const LEN_MAX: u64 = 64 * 1024 * 1024;
/// Members read of one archive.
const MEMBERS_MAX: usize = 1_000;
/// Most unpacked bytes per packed one; the best that deflate does with real logs is a tenth of it.
const RATIO_MAX: u64 = 100;
/// Members smaller than this may have any ratio.
const RATIO_FREE_LEN: u64 = 1024 * 1024;

/// A zip of one member, with a fixed time stamp so that equal content gives equal bytes.
///
/// # Errors
/// The archiver's words.
pub(crate) fn zip_of(name: &str, content: &[u8]) -> Result<Vec<u8>, String> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file(name, options)
        .map_err(|e| e.to_string())?;
    writer.write_all(content).map_err(|e| e.to_string())?;
    Ok(writer.finish().map_err(|e| e.to_string())?.into_inner())
}

/// Every member of a zip as text, by name, in order of names. Nothing is ever unpacked to a disk, so names are only words.
///
/// # Errors
/// The archiver's words, or what no honest archive of logs has: too many members or bytes, a ratio beyond reason, links, a name that leads
/// elsewhere or stands twice. Then nothing of it is used.
pub(crate) fn texts_of(zip: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(|e| e.to_string())?;
    if archive.len() > MEMBERS_MAX {
        return Err(format!("{} members are too many", archive.len()));
    }
    if announced_members(zip) != Some(archive.len()) {
        return Err("it does not hold as many members as it says, or one stands twice".to_owned());
    }
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut left = LEN_MAX;
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|e| e.to_string())?;
        let name = member.name().map_err(|e| e.to_string())?.into_owned();
        check_name(&name)?;
        if member.is_dir() {
            continue;
        }
        if member.is_symlink() {
            return Err(format!("member {name:?} is a link"));
        }
        let (packed, announced) = (member.compressed_size(), member.size());
        if announced > RATIO_FREE_LEN && announced / packed.max(1) > RATIO_MAX {
            return Err(format!(
                "member {name:?} would be {announced} bytes, unpacked from {packed}"
            ));
        }
        if announced > left {
            return Err(format!("more than {LEN_MAX} bytes in all"));
        }
        let mut bytes = Vec::new();
        let mut bounded = member.take(announced.saturating_add(1));
        bounded.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        let read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if read > announced {
            return Err(format!("member {name:?} is larger than it says"));
        }
        left -= read;
        texts.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(texts.into_iter().collect())
}

/// How many members the end of the directory announces. The archiver keeps the last of several with one name, without a word.
fn announced_members(zip: &[u8]) -> Option<usize> {
    let end = zip.windows(4).rposition(|bytes| bytes == b"PK\x05\x06")?;
    let count = zip.get(end + 10..end + 12)?;
    Some(usize::from(u16::from_le_bytes(count.try_into().ok()?)))
}

/// A plain relative name of printable characters.
fn check_name(name: &str) -> Result<(), String> {
    let mut parts = name.trim_end_matches('/').split(['/', '\\']);
    let is_plain = !name.chars().any(char::is_control)
        && !name.contains(':')
        && name.len() <= 255
        && parts.all(|part| !part.is_empty() && part != "..");
    if is_plain {
        Ok(())
    } else {
        Err(format!("member name {name:?} leads elsewhere"))
    }
}

/// Base64 of `bytes`.
pub(crate) fn base64_of(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of base64, line breaks allowed.
///
/// # Errors
/// The decoder's words.
pub(crate) fn bytes_of_base64(text: &str) -> Result<Vec<u8>, String> {
    let compact: String = text.split_whitespace().collect();
    STANDARD.decode(compact).map_err(|e| e.to_string())
}

#[cfg(test)]
mod hostile_tests;

#[cfg(test)]
mod tests {
    use super::{base64_of, bytes_of_base64, texts_of, zip_of};

    #[test]
    fn equal_content_gives_equal_bytes_and_comes_back() {
        let zip = zip_of("GlInterface.csv", b"NEW,\n").unwrap();
        assert_eq!(zip, zip_of("GlInterface.csv", b"NEW,\n").unwrap());
        let back = bytes_of_base64(&base64_of(&zip)).unwrap();
        let texts = texts_of(&back).unwrap();
        assert_eq!(texts, [("GlInterface.csv".to_owned(), "NEW,\n".to_owned())]);
    }

    #[test]
    fn garbage_is_refused() {
        assert!(texts_of(b"not a zip").is_err());
        assert!(bytes_of_base64("!!").is_err());
    }
}
