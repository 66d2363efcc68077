//! Secrets that can't be printed by accident.

use std::fmt;

/// A secret text. Its `Debug` and `Display` print `[sealed]`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Seals a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; only for writing it on the wire.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

/// What stands in place of a secret.
const SEALED: &str = "[sealed]";
/// Shorter secrets are not looked for: they would be found everywhere.
const SECRET_LEN_MIN: usize = 4;
/// Words after which a value is a secret, whoever's it is, and the shortest value that counts as one.
const MARKERS: [(&str, usize); 16] = [
    ("authorization", 1),
    ("bearer", 8),
    ("basic", 8),
    ("password", 1),
    ("passwd", 1),
    ("pwd", 1),
    ("passphrase", 1),
    ("secret", 6),
    ("token", 8),
    ("api_key", 6),
    ("apikey", 6),
    ("api-key", 6),
    ("sessionid", 6),
    ("session_id", 6),
    ("cookie", 6),
    ("private key", 6),
];

/// Looks words through for secrets: the known ones in every dress in which a system could repeat them, and values that say of themselves
/// what they are.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a part never hides the whole.
    dresses: Vec<String>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

impl Redactor {
    /// Knows these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let known = secrets
            .into_iter()
            .filter(|secret| secret.reveal().len() >= SECRET_LEN_MIN);
        let mut dresses: Vec<String> = known.flat_map(|secret| dresses(secret.reveal())).collect();
        dresses.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        dresses.dedup();
        Self { dresses }
    }

    /// The words without secrets.
    pub fn words(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for dress in &self.dresses {
            if out.contains(dress.as_str()) {
                out = out.replace(dress.as_str(), SEALED);
            }
        }
        marked(&out).unwrap_or(out)
    }
}

/// How a secret may be spelled: as it is, in base64 behind any beginning, in hexadecimal, escaped for addresses, JSON and XML.
fn dresses(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent = |is_upper: bool| -> String {
        let one = |byte: &u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(*byte).to_string()
            }
            other if is_upper => format!("%{other:02X}"),
            other => format!("%{other:02x}"),
        };
        bytes.iter().map(one).collect()
    };
    let json: String = secret.chars().flat_map(char::escape_default).collect();
    let json_short = secret.replace('\\', "\\\\").replace('"', "\\\"");
    let xml = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let xml_quotes = xml.replace('"', "&quot;").replace('\'', "&apos;");
    let mut all = vec![
        secret.to_owned(),
        hex.to_uppercase(),
        hex,
        percent(true),
        percent(false),
        json,
        json_short,
        xml,
        xml_quotes,
    ];
    all.extend((0..3).filter_map(|before| base64_behind(before, bytes)));
    all
}

/// The part of the base64 of `before` unknown bytes and `bytes` that hangs on `bytes` alone; `None` if that is too short to say anything.
fn base64_behind(before: usize, bytes: &[u8]) -> Option<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut padded = vec![0; before];
    padded.extend_from_slice(bytes);
    let first = (8 * before).div_ceil(6);
    let last = 8 * padded.len() / 6;
    let digit = |at: usize| -> Option<char> {
        let bits = (0..6).map(|bit| {
            let place = 6 * at + bit;
            let byte = padded.get(place / 8).copied().unwrap_or(0);
            usize::from(byte >> (7 - place % 8) & 1)
        });
        let value = bits.fold(0, |sum, bit| 2 * sum + bit);
        DIGITS.get(value).map(|digit| char::from(*digit))
    };
    let text: String = (first..last).map(digit).collect::<Option<_>>()?;
    (text.len() >= SECRET_LEN_MIN).then_some(text)
}

/// The text with every value that follows a marker sealed; `None` if there is none.
fn marked(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for (marker, len_min) in MARKERS {
        for (at, _) in lower.match_indices(marker) {
            if let Some(cut) = value_behind(text, at + marker.len(), len_min) {
                cuts.push(cut);
            }
        }
    }
    cuts.extend(logins_in_addresses(text));
    cuts.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in cuts {
        if start < from {
            from = from.max(end);
            continue;
        }
        out.push_str(text.get(from..start)?);
        out.push_str(SEALED);
        from = end;
    }
    if from == 0 {
        return None;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

/// Where the passwords of addresses stand: between the colon and the at sign of `scheme://user:password@host`.
fn logins_in_addresses(text: &str) -> Vec<(usize, usize)> {
    let mut cuts = Vec::new();
    for (at, joint) in text.match_indices("://") {
        let start = at + joint.len();
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c));
        let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let Some((login, _host)) = authority.rsplit_once('@') else {
            continue;
        };
        if let Some(colon) = login.find(':').filter(|colon| colon + 1 < login.len()) {
            cuts.push((start + colon + 1, start + login.len()));
        }
    }
    cuts
}

/// Where the value behind a marker that ends at `from` begins and ends. Between the two stand only signs that join a name to its value.
fn value_behind(text: &str, from: usize, len_min: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let joins = |c: char| c.is_ascii_whitespace() || "\"'=:>\\".contains(c);
    let value = rest.trim_start_matches(joins);
    let start = from + (rest.len() - value.len());
    let ends = |c: char| c.is_whitespace() || "\"'<>,;&)]}\\".contains(c);
    let end = value.find(ends).unwrap_or(value.len());
    let joined = rest.get(..rest.len() - value.len()).unwrap_or_default();
    // "password is wrong" names no value; "password=x", "password: x" and "Bearer x" do.
    let is_named = joined.contains(['=', ':', '>', '"']) || len_min >= 8;
    let value = value.get(..end)?;
    let is_value = value.len() >= len_min.max(1)
        && value != SEALED
        && (joined.contains(['=', ':', '>']) || value.contains(|c: char| c.is_ascii_digit()));
    (is_named && !joined.is_empty() && is_value).then_some((start, start + end))
}

#[cfg(test)]
mod tests {
    use super::{Redactor, SEALED, Secret};

    #[test]
    fn a_known_secret_is_found_in_every_dress() {
        let secret = Secret::new("Pa\"ss<w&d>é1");
        let redactor = Redactor::new([&secret]);
        for words in [
            "the password Pa\"ss<w&d>é1 is wrong",
            "5061227373 50612273733c7726643ec3a931",
            "q=Pa%22ss%3Cw%26d%3E%C3%A91&x",
            "q=Pa%22ss%3cw%26d%3e%c3%a91&x",
            r#"{"x":"Pa\"ss<w&d>é1"}"#,
            "<p>Pa\"ss&lt;w&amp;d&gt;é1</p>",
            // user:password, in base64
            "Basic dXNlcjpQYSJzczx3JmQ+w6kx",
            "Basic dTpQYSJzczx3JmQ+w6kx==",
            "Basic dXM6UGEic3M8dyZkPsOpMQ==",
        ] {
            let said = redactor.words(words);
            assert!(said.contains(SEALED), "{words} became {said}");
            assert!(!said.contains("ss<w"), "{said}");
        }
        assert_eq!(format!("{redactor:?} {secret:?}"), "[sealed] [sealed]");
    }

    #[test]
    fn values_that_say_what_they_are_are_sealed() {
        let redactor = Redactor::default();
        for words in [
            "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x1",
            "login with password=hunter2 failed",
            "<password>hunter2</password>",
            "{\"password\": \"hunter2\"}",
            "<sessionid>a1b2c3d4e5</sessionid>",
            "Set-Cookie: JSESSIONID=a1b2c3d4e5; Path=/",
            "access_token=a1b2c3d4e5&x=1",
            "api_key: a1b2c3d4e5",
            "cannot reach https://ann:a1b2c3d4e5@host/path",
        ] {
            let said = redactor.words(words);
            assert!(said.contains(SEALED), "{words} became {said}");
            for secret in ["QWxhZGRpb", "eyJhbGci", "hunter2", "a1b2c3d4e5"] {
                assert!(!said.contains(secret), "{said}");
            }
        }
    }

    #[test]
    fn ordinary_words_stay_as_they_are() {
        let redactor = Redactor::new([&Secret::new("abc")]);
        for words in [
            "abc",
            "the password has expired",
            "status 401: Basic authentication is required",
            "The token of the session is not valid",
            "secretary costs, account 6100",
            "period P01-2027 is not open (EP01)",
        ] {
            assert_eq!(redactor.words(words), words);
        }
    }
}
