//! Rust source seen three ways: code only, code with its strings, and which lines are tests.
//!
//! A small scanner, not a parser: it knows comments (nested too), strings (raw too), characters and lifetimes, which is
//! all the checks need. Blanked text keeps its length and its line ends, so offsets and line numbers stay true.

/// What a byte of source belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Text,
    Comment,
}

/// Source with comments and the contents of strings blanked.
pub(crate) fn code(source: &str) -> String {
    keep(source, &[Part::Code])
}

/// Source with comments blanked and strings kept.
pub(crate) fn code_and_strings(source: &str) -> String {
    keep(source, &[Part::Code, Part::Text])
}

fn keep(source: &str, wanted: &[Part]) -> String {
    let kept = source
        .bytes()
        .zip(parts(source.as_bytes()))
        .map(|(byte, part)| {
            if wanted.contains(&part) || byte == b'\n' {
                byte
            } else {
                b' '
            }
        })
        .collect::<Vec<u8>>();
    String::from_utf8_lossy(&kept).into_owned()
}

fn parts(source: &[u8]) -> Vec<Part> {
    let mut parts = vec![Part::Code; source.len()];
    let mut at = 0;
    while at < source.len() {
        let (part, end) = next_piece(source, at);
        let end = end.min(source.len());
        parts[at..end].fill(part);
        at = end;
    }
    parts
}

/// The piece that starts at `at`: what it is, and where it ends.
fn next_piece(source: &[u8], at: usize) -> (Part, usize) {
    let rest = &source[at..];
    let after_word = at > 0 && is_word(source[at - 1]);
    match rest {
        [b'/', b'/', ..] => (Part::Comment, at + find(rest, b"\n").unwrap_or(rest.len())),
        [b'/', b'*', ..] => (Part::Comment, at + block_comment_length(rest)),
        [b'"', ..] => (Part::Text, at + string_length(rest)),
        [b'r', b'"' | b'#', ..] if !after_word => raw_string(rest, 1, at),
        [b'b', b'r', b'"' | b'#', ..] if !after_word => raw_string(rest, 2, at),
        [b'\'', ..] => character(rest, at),
        _ => (Part::Code, at + 1),
    }
}

fn raw_string(rest: &[u8], prefix: usize, at: usize) -> (Part, usize) {
    let hashes = rest[prefix..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    if rest.get(prefix + hashes) != Some(&b'"') {
        return (Part::Code, at + 1); // a raw identifier such as r#type
    }
    let mut closing = vec![b'"'];
    closing.extend(std::iter::repeat_n(b'#', hashes));
    let start = prefix + hashes + 1;
    let length =
        find(&rest[start..], &closing).map_or(rest.len(), |end| start + end + closing.len());
    (Part::Text, at + length)
}

/// A character literal, or one byte of code if it is a lifetime.
fn character(rest: &[u8], at: usize) -> (Part, usize) {
    if rest.get(1) == Some(&b'\\') {
        let end = rest[2..].iter().skip(1).position(|byte| *byte == b'\'');
        return (Part::Text, at + end.map_or(rest.len(), |end| end + 4));
    }
    // One character of up to four bytes, then the closing quote.
    let closing = (2..=5).find(|end| rest.get(*end) == Some(&b'\''));
    match closing {
        Some(end) if std::str::from_utf8(&rest[1..end]).is_ok_and(|c| c.chars().count() == 1) => {
            (Part::Text, at + end + 1)
        }
        _ => (Part::Code, at + 1),
    }
}

fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn block_comment_length(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The line of a byte offset, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// Identifiers of blanked code with their offsets.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let bytes = code.as_bytes();
        let start = at + bytes[at..].iter().position(|byte| is_word(*byte))?;
        let length = bytes[start..]
            .iter()
            .take_while(|byte| is_word(**byte))
            .count();
        at = start + length;
        Some((start, &code[start..at]))
    })
}

/// An identifier cut into its lower-case words: `OpenBreak` and `open_break` both give `open`, `break`.
pub(crate) fn word_parts(identifier: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before_is_lower = false;
    for character in identifier.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && before_is_lower) {
            parts.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(last) = parts.last_mut()
        {
            last.extend(character.to_lowercase());
        }
        before_is_lower = character.is_lowercase() || character.is_numeric();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Byte offset after the brace that closes the one at `open`, or the end of the text.
pub(crate) fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        if byte == b'{' {
            depth += 1;
        } else if byte == b'}' {
            depth -= 1;
            if depth == 0 {
                return offset + 1;
            }
        }
    }
    code.len()
}

/// True for files that are no part of the product: tests, benches, examples.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.contains("/tests/")
        || path.contains("/benches/")
        || path.contains("/examples/")
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
}

/// Blanked code with every item under `#[cfg(test)]` blanked too.
pub(crate) fn without_tests(blanked: &str) -> String {
    let mut bytes = blanked.as_bytes().to_vec();
    let mark = "#[cfg(test)]";
    let mut from = 0;
    while let Some(found) = blanked[from..].find(mark) {
        let start = from + found;
        let after = start + mark.len();
        let end = match blanked[after..].find(['{', ';']) {
            Some(at) if blanked.as_bytes()[after + at] == b'{' => {
                closing_brace(blanked, after + at)
            }
            Some(at) => after + at + 1,
            None => blanked.len(),
        };
        for byte in &mut bytes[start..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        from = end;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_told_from_code() {
        let source = "let a = \"x // y\"; // z\nlet b = 'c'; /* d /* e */ f */ g::<'h>()";
        assert_eq!(code(source).replace(' ', ""), "leta=;\nletb=;g::<'h>()");
        assert!(code_and_strings(source).contains("x // y"));
        assert!(!code_and_strings(source).contains('z'));
    }

    #[test]
    fn raw_strings_end_at_their_own_mark() {
        assert_eq!(code("r#\"a\"b\"# c").trim(), "c");
        assert_eq!(code("br\"a\\\" c").trim(), "c");
        assert_eq!(code("r#type d"), "r#type d");
    }

    #[test]
    fn escaped_characters_are_text() {
        assert_eq!(
            code("'\\'' a '\\n' b '{' c")
                .split_whitespace()
                .collect::<String>(),
            "abc"
        );
        assert_eq!(code("'\u{20ac}' a").trim(), "a");
    }

    #[test]
    fn identifiers_are_cut_into_words() {
        assert_eq!(word_parts("OpenBreak"), ["open", "break"]);
        assert_eq!(word_parts("fusion_period"), ["fusion", "period"]);
        assert_eq!(word_parts("message"), ["message"]);
    }

    #[test]
    fn items_under_a_test_mark_are_left_out() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\nfn c() {}";
        let left = without_tests(code);
        assert!(left.contains("fn a") && left.contains("fn c") && !left.contains("fn b"));
        assert_eq!(left.lines().count(), 4);
    }
}
