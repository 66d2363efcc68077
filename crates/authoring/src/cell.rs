//! How a text stands in a cell so that it comes back exactly, whatever a spreadsheet does to cells.
//!
//! Most texts stand as they are. A blank text, one with white space at an end, one with control characters and one that begins like our
//! own notation stands in quotation marks, escaped as in JSON: `""` is the blank text, an empty cell is no text at all.

/// Stands where a member is null.
pub(crate) const NULL: &str = "(null)";

/// Stands where a list or table is there and has nothing in it.
pub(crate) const NONE: &str = "(none)";

/// The cell of a text.
pub(crate) fn encoded(text: &str) -> String {
    let is_plain = !text.is_empty()
        && !text.starts_with(['"', '('])
        && text.trim() == text
        && !text.chars().any(char::is_control);
    if is_plain {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// The text in quotation marks.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// The text of a cell that is not empty, or what is wrong and what to do.
pub(crate) fn decoded(cell: &str) -> Result<String, (String, String)> {
    if cell.starts_with('"') {
        return serde_json::from_str(cell).map_err(|_| {
            let what = format!("{cell} begins with a quotation mark and is no quoted text");
            (what, "close the quotation mark, or take it away".to_owned())
        });
    }
    if cell.starts_with('(') {
        return Err((
            format!("{cell:?} begins with a parenthesis, which is kept for notes"),
            "write a value; in quotation marks if it really begins so".to_owned(),
        ));
    }
    if cell.trim() != cell {
        let name = if cell.contains('\u{a0}') {
            "a no-break space"
        } else {
            "a blank"
        };
        return Err((
            format!("{cell:?} has {name} at its beginning or end"),
            format!("remove it; what is meant is probably {:?}", cell.trim()),
        ));
    }
    if cell.chars().any(char::is_control) {
        return Err((
            format!("{cell:?} has a line break or control character in it"),
            "write it on one line".to_owned(),
        ));
    }
    Ok(cell.to_owned())
}

/// A text of digits without its leading zeros; `None` for anything else.
pub(crate) fn digits(text: &str) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::{decoded, encoded};

    #[test]
    fn every_text_comes_back() {
        for text in [
            "", "0000", " x", "x\u{a0}", "\"q\"", "(none)", "a\nb", "=1+1", "ß", "-",
        ] {
            assert_eq!(decoded(&encoded(text)).unwrap(), text);
        }
    }

    #[test]
    fn white_space_at_the_ends_is_refused_not_removed() {
        assert!(decoded("1100 ").unwrap_err().0.contains("a blank"));
        assert!(decoded("1100\u{a0}").unwrap_err().0.contains("no-break"));
        assert!(decoded("(note)").is_err());
        assert!(decoded("\"open").is_err());
    }
}
