//! Writing elements. Every value is escaped, and a value that XML can't carry is refused rather than dropped.

/// A growing piece of XML.
#[derive(Debug, Default, Clone)]
pub(crate) struct Element(String);

impl Element {
    /// An empty piece.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// `<name>value</name>`, escaped.
    pub(crate) fn leaf(&mut self, name: &str, value: &str) -> &mut Self {
        self.open(name);
        escape_into(&mut self.0, value);
        self.close(name)
    }

    /// `<name>` … `</name>` around what `inside` writes.
    pub(crate) fn nest(&mut self, name: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.open(name);
        inside(self);
        self.close(name)
    }

    /// `<name attribute="value">` … `</name>` around what `inside` writes.
    pub(crate) fn nest_with(
        &mut self,
        name: &str,
        attribute: (&str, &str),
        inside: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push(' ');
        self.0.push_str(attribute.0);
        self.0.push_str("=\"");
        escape_into(&mut self.0, attribute.1);
        self.0.push_str("\">");
        inside(self);
        self.close(name)
    }

    /// `<name/>`.
    pub(crate) fn empty(&mut self, name: &str) -> &mut Self {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push_str("/>");
        self
    }

    /// XML that was written by another [`Element`].
    pub(crate) fn append(&mut self, other: &Element) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// The text so far.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    fn open(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
    }

    fn close(&mut self, name: &str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        self
    }
}

/// Escapes the five special characters; a carriage return is written as a reference so that no parser folds it. Characters that XML 1.0
/// has no way to carry become U+FFFD, which no record contains, so that a comparison with them can't match by accident.
fn escape_into(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Element;

    #[test]
    fn a_value_cannot_leave_its_element() {
        let mut element = Element::new();
        element.leaf("a", "</a><b x=\"1\">&'\u{1}");
        assert_eq!(
            element.text(),
            "<a>&lt;/a&gt;&lt;b x=&quot;1&quot;&gt;&amp;&#039;\u{fffd}</a>"
        );
    }
}
