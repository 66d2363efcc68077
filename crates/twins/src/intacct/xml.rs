//! XML in and out: a small tree with hard limits, and an escaper.
//!
//! A document type is refused at its first byte, so no entity can be defined; depth and size are bounded.

mod decode;
mod indent;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

pub(in crate::intacct) use indent::indent;

/// Deepest nesting accepted.
const MAX_DEPTH: usize = 64;
/// Largest body accepted, bytes.
pub(in crate::intacct) const MAX_BODY: usize = 64 * 1024 * 1024;

/// An element: its name, attributes, children in order, and its own text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::intacct) struct Element {
    pub(in crate::intacct) name: String,
    pub(in crate::intacct) attributes: Vec<(String, String)>,
    pub(in crate::intacct) children: Vec<Element>,
    pub(in crate::intacct) text: String,
}

impl Element {
    /// The first child of this name.
    pub(in crate::intacct) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The text of the first child of this name; empty if there is none.
    pub(in crate::intacct) fn of(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| c.text.as_str())
    }

    /// An attribute.
    pub(in crate::intacct) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// All children of this name.
    pub(in crate::intacct) fn all<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.name == name)
    }
}

/// Parses a whole document.
///
/// # Errors
/// Words about what is wrong: an encoding that is not read, too big or deep, a document type, malformed markup, more than one root, text
/// beside elements.
pub(in crate::intacct) fn parse(body: &[u8]) -> Result<Element, String> {
    if body.len() > MAX_BODY {
        return Err(format!("the request is larger than {MAX_BODY} bytes"));
    }
    let text = decode::decode(body)?;
    if let Some(odd) = text.chars().find(|c| !is_allowed(*c)) {
        return Err(format!(
            "the character U+{:04X} is not allowed",
            u32::from(odd)
        ));
    }
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_comments = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut first = true;
    loop {
        let event = reader.read_event().map_err(|e| e.to_string())?;
        let at_start = std::mem::replace(&mut first, false);
        match event {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err(format!("elements nest deeper than {MAX_DEPTH}"));
                }
                if root.is_some() {
                    return Err("extra content after the document element".to_owned());
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                let made = element(&start)?;
                close(made, &mut open, &mut root)?;
            }
            Event::End(_) => {
                let made = open.pop().ok_or("an end tag without a start tag")?;
                close(made, &mut open, &mut root)?;
            }
            Event::Text(piece) => {
                let piece: &str = &piece;
                if piece.contains("]]>") {
                    return Err("]]> must not stand in text".to_owned());
                }
                add_text(&mut open, piece)?;
            }
            Event::CData(piece) => {
                let piece: &str = &piece;
                add_text(&mut open, piece)?;
            }
            Event::GeneralRef(reference) => {
                let piece = character(&reference)?;
                add_text(&mut open, &piece)?;
            }
            Event::DocType(_) => {
                return Err("a document type declaration is not allowed".to_owned());
            }
            Event::Decl(_) if !at_start => {
                return Err("the XML declaration stands at the very start only".to_owned());
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match open.last() {
        Some(left) => Err(format!("element {} is not closed", left.name)),
        None => root.ok_or_else(|| "the request is empty".to_owned()),
    }
}

/// What a reference stands for: one of the five names every document has, or a character by its number.
fn character(reference: &BytesRef<'_>) -> Result<String, String> {
    let name: &str = reference;
    Ok(match name {
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "amp" => "&".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        _ => match reference.resolve_char_ref() {
            Ok(Some(c)) if is_allowed(c) => c.to_string(),
            Ok(Some(_) | None) | Err(_) => return Err(format!("entity {name} is not defined")),
        },
    })
}

/// Characters XML 1.0 allows in a document (§2.2).
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// A name of an element or attribute (XML 1.0 §2.3, all of Unicode above ASCII let in).
fn is_name(name: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':') || !c.is_ascii();
    let goes_on = |c: char| starts(c) || c.is_ascii_digit() || matches!(c, '-' | '.');
    name.starts_with(starts) && name.chars().all(goes_on)
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let name: &str = start.name().into_inner();
    if !is_name(name) {
        return Err(format!("{name:?} is no name of an element"));
    }
    let mut made = Element {
        name: name.to_owned(),
        ..Element::default()
    };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let key: &str = attribute.key.into_inner();
        let raw: &str = &attribute.value;
        if !is_name(key) || raw.contains('<') {
            return Err(format!("the attribute {key} is malformed"));
        }
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Explicit1_0)
            .map_err(|e| e.to_string())?;
        made.attributes.push((key.to_owned(), value.into_owned()));
    }
    Ok(made)
}

fn close(
    mut made: Element,
    open: &mut [Element],
    root: &mut Option<Element>,
) -> Result<(), String> {
    if !made.children.is_empty() {
        if !made.text.trim().is_empty() {
            return Err(format!("text stands beside the elements of {}", made.name));
        }
        made.text.clear();
    } else {
        let trimmed = made.text.trim();
        if trimmed.len() != made.text.len() {
            made.text = trimmed.to_owned();
        }
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(made),
        None if root.is_none() => *root = Some(made),
        None => return Err("extra content after the document element".to_owned()),
    }
    Ok(())
}

fn add_text(open: &mut [Element], piece: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(parent) => parent.text.push_str(piece),
        None if piece.trim().is_empty() => {}
        None => return Err("text outside the document element".to_owned()),
    }
    Ok(())
}

/// Escapes text for content or attributes; an apostrophe becomes `&#039;` as the gateway prints it (§3.3 [D]).
pub(in crate::intacct) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(&mut out, text);
    out
}

/// The same, behind what is written already.
fn escape_into(out: &mut String, text: &str) {
    let is_plain =
        |b: u8| matches!(b, b' '..=b'~') && !matches!(b, b'&' | b'<' | b'>' | b'"' | b'\'');
    if text.bytes().all(is_plain) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
}

/// `<name>text</name>`, escaped; empty text gives an empty pair.
pub(in crate::intacct) fn tag(out: &mut String, name: &str, text: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    escape_into(out, text);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_text_entities_and_attributes() {
        let root = parse(b"<?xml version=\"1.0\"?><a k='1&amp;2'><b> x &lt; y &#39; </b><c/></a>")
            .unwrap();
        assert_eq!(root.attribute("k"), Some("1&2"));
        assert_eq!(root.of("b"), "x < y '");
        assert_eq!(root.children.len(), 2);
    }

    #[test]
    fn refuses_hostile_input() {
        let deep = "<a>".repeat(65) + &"</a>".repeat(65);
        for body in [
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            "<a>&unknown;</a>",
            "<a><b></a></b>",
            "<a></a><b></b>",
            "<a>",
            "",
            "text",
            " <?xml version=\"1.0\"?><a/>",
            "<a>x<b/></a>",
            "<a><!-- x -- y --></a>",
            "<a>]]></a>",
            "<a>&#1;</a>",
            "<a>\u{1}</a>",
            "<a b=\"<\"/>",
            "<1a/>",
            "<a b=\"1\" b=\"2\"/>",
            deep.as_str(),
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(parse(&[0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]).is_err());
        assert!(parse(("<a>".repeat(64) + &"</a>".repeat(64)).as_bytes()).is_ok());
    }
}
