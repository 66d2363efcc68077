//! Error bodies of every framework version (fusion.md §1.9): plain text, structured JSON, its flat variant, HTML of the web tier.

use serde_json::Value;

use crate::wire::attribute::{shortened, text};

/// Characters kept of a message; more is noise in a table.
const MESSAGE_LEN_MAX: usize = 2000;

/// What an error body says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ErrorBody {
    /// Product code `AP-810776`, else the framework's number, else empty.
    pub(crate) code: String,
    /// The words, as they are.
    pub(crate) message: String,
    /// Path of the refused attribute, `/invoiceLines/0`; empty if not given.
    pub(crate) place: String,
    /// False if the web tier wrote it, so that the application may never have seen the request.
    pub(crate) is_application: bool,
}

/// Reads an error body of any version.
pub(crate) fn read_error(body: &[u8]) -> ErrorBody {
    let written = String::from_utf8_lossy(body);
    let trimmed = written.trim();
    if let Ok(Value::Object(object)) = serde_json::from_str::<Value>(trimmed) {
        return of_json(&Value::Object(object));
    }
    let is_markup = trimmed.starts_with('<');
    let message = if is_markup {
        without_tags(trimmed)
    } else {
        trimmed.to_owned()
    };
    ErrorBody {
        code: if is_markup {
            String::new()
        } else {
            code_in(&message)
        },
        message: shortened(&message, MESSAGE_LEN_MAX),
        place: String::new(),
        is_application: !is_markup && !message.is_empty(),
    }
}

fn of_json(body: &Value) -> ErrorBody {
    let details: Vec<&Value> = match body.get("o:errorDetails") {
        Some(Value::Array(details)) => details.iter().collect(),
        Some(_) | None => vec![body],
    };
    let messages: Vec<String> = details
        .iter()
        .map(|detail| text(detail, "detail"))
        .filter(|message| !message.is_empty())
        .collect();
    let message = if messages.is_empty() {
        text(body, "title")
    } else {
        messages.join("\n")
    };
    let first = |attribute| {
        let found = details.iter().map(|detail| text(detail, attribute));
        found
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    };
    let product_code = code_in(&message);
    ErrorBody {
        code: if product_code.is_empty() {
            first("o:errorCode")
        } else {
            product_code
        },
        message: shortened(&message, MESSAGE_LEN_MAX),
        place: first("o:errorPath"),
        is_application: true,
    }
}

/// The product code in a message: `(AP-810776)` in parentheses, else a code that begins it, `JBO-27014: ...`; else empty.
pub(crate) fn code_in(message: &str) -> String {
    let in_parentheses = message
        .split('(')
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(inside, _)| inside))
        .find(|inside| is_code(inside));
    let leading = message.split(':').next().filter(|word| is_code(word));
    in_parentheses.or(leading).unwrap_or_default().to_owned()
}

fn is_code(text: &str) -> bool {
    text.split_once('-').is_some_and(|(product, number)| {
        (2..=4).contains(&product.len())
            && product.bytes().all(|b| b.is_ascii_uppercase())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

fn without_tags(markup: &str) -> String {
    let mut out = String::new();
    for piece in markup.split('<') {
        let words = piece.split_once('>').map_or("", |(_, words)| words).trim();
        if !words.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(words);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::read_error;

    fn check(body: &str, code: &str, place: &str, is_application: bool) {
        let found = read_error(body.as_bytes());
        assert_eq!(
            (
                found.code.as_str(),
                found.place.as_str(),
                found.is_application
            ),
            (code, place, is_application),
            "{body}"
        );
        assert!(!found.message.is_empty(), "{body}");
    }

    #[test]
    fn every_shape_of_error_body_is_read() {
        check(
            include_str!("../../../../fixtures/fusion/error/structured.response.json"),
            "AP-810776",
            "/InvoiceNumber",
            true,
        );
        check(
            include_str!("../../../../fixtures/fusion/error/flat.response.json"),
            "CE-660076",
            "",
            true,
        );
        check(
            "JBO-27014: Attribute InvoiceNumber in InvoiceVO is required",
            "JBO-27014",
            "",
            true,
        );
        check("Invalid attribute \"X\" in the payload.", "", "", true);
        check(
            "<html><head><title>503 Service Unavailable</title></head><body>busy</body></html>",
            "",
            "",
            false,
        );
    }

    #[test]
    fn a_framework_number_stands_in_for_a_product_code() {
        let body = r#"{"title":"Bad Request","status":"400","o:errorDetails":[{"detail":"no such value","o:errorCode":"27014","o:errorPath":"/invoiceLines/0"}]}"#;
        check(body, "27014", "/invoiceLines/0", true);
    }
}
