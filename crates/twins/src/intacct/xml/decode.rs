//! The bytes of a request as text: the encodings every XML processor reads, and the one old clients still declare.
//!
//! XML 1.0 §4.3.3 and appendix F: a byte order mark decides, then the declaration, else UTF-8.

use std::borrow::Cow;

/// Characters of ISO-8859-1 stand for the code points of their bytes.
fn latin(body: &[u8]) -> String {
    body.iter().copied().map(char::from).collect()
}

fn wide(body: &[u8], read: fn([u8; 2]) -> u16) -> Result<String, String> {
    let pairs = body.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err("the request ends within a character of UTF-16".to_owned());
    }
    let units = pairs.map(|pair| read([pair[0], pair[1]]));
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .map_err(|_| "the request is not UTF-16".to_owned())
}

fn narrow(body: &[u8]) -> Result<Cow<'_, str>, String> {
    std::str::from_utf8(body)
        .map(Cow::Borrowed)
        .map_err(|_| "the request is not UTF-8".to_owned())
}

/// The encoding an XML declaration names, in lower case.
fn declared(body: &[u8]) -> Option<String> {
    let head = body.get(..body.len().min(256)).unwrap_or_default();
    let head = latin(head.strip_prefix(b"<?xml")?);
    let head = head.split_once("?>")?.0;
    let value = head.split_once("encoding")?.1.trim_start();
    let value = value.strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let name = value.get(1..)?.split_once(quote)?.0;
    Some(name.to_ascii_lowercase())
}

/// The text of a request.
///
/// # Errors
/// Words: bytes that are not of their encoding, or an encoding that is not read.
pub(super) fn decode(body: &[u8]) -> Result<Cow<'_, str>, String> {
    match body {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return narrow(rest),
        [0xFE, 0xFF, rest @ ..] => return wide(rest, u16::from_be_bytes).map(Cow::Owned),
        [0xFF, 0xFE, rest @ ..] => return wide(rest, u16::from_le_bytes).map(Cow::Owned),
        [0, b'<', 0, b'?', ..] => return wide(body, u16::from_be_bytes).map(Cow::Owned),
        [b'<', 0, b'?', 0, ..] => return wide(body, u16::from_le_bytes).map(Cow::Owned),
        _ => {}
    }
    match declared(body).as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => narrow(body),
        Some("iso-8859-1" | "latin1" | "iso_8859-1") => Ok(Cow::Owned(latin(body))),
        Some(other) => Err(format!("the encoding {other} is not read, or not used")),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn reads_what_the_declaration_or_the_mark_says() {
        let text = "<?xml version='1.0' encoding=\"ISO-8859-1\"?><a>\u{e9}</a>";
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        assert_eq!(decode(&bytes).unwrap(), text);
        let wide = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>\u{1F600}</a>";
        for (mark, write) in [
            ([0xFEu8, 0xFF], u16::to_be_bytes as fn(u16) -> [u8; 2]),
            ([0xFF, 0xFE], u16::to_le_bytes),
        ] {
            let units: Vec<u8> = wide.encode_utf16().flat_map(write).collect();
            assert_eq!(decode(&units).unwrap(), wide);
            assert_eq!(decode(&[&mark[..], &units].concat()).unwrap(), wide);
        }
        assert_eq!(decode(b"\xEF\xBB\xBF<a/>").unwrap(), "<a/>");
    }

    #[test]
    fn refuses_bytes_of_another_encoding() {
        let as_utf16: &[u8] = b"<?xml version='1.0' encoding='UTF-16'?><a/>";
        for body in [as_utf16, b"<a>\xE9</a>", b"\xFE\xFF\x00<\x00"] {
            assert!(decode(body).is_err(), "{body:?}");
        }
        assert!(decode(b"<?xml version='1.0' encoding='EBCDIC-US'?><a/>").is_err());
    }
}
