//! Query strings: percent-encoding, and literals of the row-match grammar (fusion.md §1.4).

/// A query string under construction. Names and values are percent-encoded completely, so blanks, `%`, `+` and `;` arrive as meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(String);

impl Query {
    /// This query with one more parameter.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(&encoded(name));
        self.0.push('=');
        self.0.push_str(&encoded(value));
        self
    }

    /// The text, with its leading `?` if there is anything.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `text` with everything but unreserved characters percent-encoded (RFC 3986 §2.3).
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `text` as a literal of `q`: single quotes, doubled inside (fusion.md §1.4 [R]).
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// One alternative per value: `A='x' or A='y'`.
pub(crate) fn any_equal<'a>(attribute: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let terms: Vec<String> = values
        .into_iter()
        .map(|value| format!("{attribute}={}", quoted(value)))
        .collect();
    terms.join(" or ")
}

/// One alternative per prefix: `A LIKE 'x%' or A LIKE 'y%'`.
pub(crate) fn any_begins<'a>(
    attribute: &str,
    prefixes: impl IntoIterator<Item = &'a str>,
) -> String {
    let terms: Vec<String> = prefixes
        .into_iter()
        .map(|prefix| format!("{attribute} LIKE {}", quoted(&format!("{prefix}%"))))
        .collect();
    terms.join(" or ")
}

/// Splits `items` into runs of at most `count_max` whose terms, percent-encoded, stay within `len_max` bytes: web tiers refuse longer
/// request lines. A single item is never split off from itself.
pub(crate) fn runs_of<T>(
    items: &[T],
    count_max: usize,
    len_max: usize,
    term: impl Fn(&T) -> String,
) -> Vec<&[T]> {
    let mut runs = Vec::new();
    let (mut start, mut len) = (0, 0);
    for (i, item) in items.iter().enumerate() {
        let term_len = encoded(&term(item)).len() + " or ".len() * 3;
        if i > start && (i - start >= count_max.max(1) || len + term_len > len_max) {
            runs.extend(items.get(start..i));
            (start, len) = (i, 0);
        }
        len += term_len;
    }
    runs.extend(items.get(start..).filter(|rest| !rest.is_empty()));
    runs
}

#[cfg(test)]
mod tests {
    use super::{Query, any_begins, any_equal, runs_of};

    #[test]
    fn runs_are_bounded_by_count_and_by_length_and_lose_nothing() {
        let check = |items: &[&str], count_max, len_max, expected: &[usize]| {
            let runs = runs_of(items, count_max, len_max, |item| (*item).to_owned());
            assert_eq!(
                runs.iter().map(|run| run.len()).collect::<Vec<_>>(),
                expected
            );
            assert_eq!(runs.concat(), items);
        };
        check(&["a"; 7], 3, 1000, &[3, 3, 1]);
        check(&["%%%%%%%%%%"; 4], 50, 90, &[2, 2]);
        check(&["far too long for any line"; 2], 50, 5, &[1, 1]);
        check(&[], 3, 10, &[]);
    }

    #[test]
    fn every_reserved_character_is_encoded() {
        let query = Query::default()
            .with("q", "A='O''Brien & Söhne 100%+1'")
            .with("limit", "499");
        assert_eq!(
            query.as_str(),
            "?q=A%3D%27O%27%27Brien%20%26%20S%C3%B6hne%20100%25%2B1%27&limit=499"
        );
    }

    #[test]
    fn quotes_inside_a_literal_are_doubled() {
        assert_eq!(any_equal("N", ["O'B", "x"]), "N='O''B' or N='x'");
        assert_eq!(any_begins("N", ["T-1"]), "N LIKE 'T-1%'");
    }
}
