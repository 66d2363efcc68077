//! Zip archives: the one we upload, byte for byte the same for the same content, and the ones we read job outputs from.

use std::io::{Cursor, Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Bytes read of one member; logs are smaller by far.
const MEMBER_LEN_MAX: u64 = 64 * 1024 * 1024;
/// Members read of one archive.
const MEMBERS_MAX: usize = 1000;

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

/// Every member of a zip as text, by name, in order of names.
///
/// # Errors
/// The archiver's words.
pub(crate) fn texts_of(zip: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(|e| e.to_string())?;
    let mut texts = Vec::new();
    for index in 0..archive.len().min(MEMBERS_MAX) {
        let member = archive.by_index(index).map_err(|e| e.to_string())?;
        if member.is_dir() {
            continue;
        }
        let name = member.name().map_err(|e| e.to_string())?.into_owned();
        let mut bytes = Vec::new();
        let mut bounded = member.take(MEMBER_LEN_MAX);
        bounded.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    texts.sort();
    Ok(texts)
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
