//! What a translated line carries for descriptive flexfields, taken apart: attributes of the line, of the header, and the contexts.

use tieout_model::{Combination, FLEXFIELD_CONTEXT, HEADER_ATTRIBUTE};

/// The flexfield values of one line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Flexfields<'a> {
    /// Attributes of the line, by name.
    pub(crate) line: Vec<(&'a str, &'a str)>,
    /// Context of the line, where the crosswalk names one.
    pub(crate) line_context: Option<&'a str>,
    /// Attributes of the header, by name.
    pub(crate) header: Vec<(&'a str, &'a str)>,
    /// Context of the header, where the crosswalk names one.
    pub(crate) header_context: Option<&'a str>,
}

impl<'a> Flexfields<'a> {
    pub(crate) fn of(combination: &'a Combination) -> Self {
        let mut found = Self::default();
        for (name, value) in &combination.attributes {
            match name.strip_prefix(HEADER_ATTRIBUTE) {
                Some(FLEXFIELD_CONTEXT) => found.header_context = Some(value),
                Some(name) => found.header.push((name, value)),
                None if name == FLEXFIELD_CONTEXT => found.line_context = Some(value),
                None => found.line.push((name, value)),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use tieout_model::Combination;

    use super::Flexfields;

    #[test]
    fn header_and_line_are_told_apart() {
        let attributes = [
            ("attribute1", "P"),
            ("context", "LINE"),
            ("header:attribute2", "Q"),
            ("header:context", "HEAD"),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let combination = Combination {
            segments: Vec::new(),
            attributes: attributes.into(),
        };
        let wanted = Flexfields {
            line: vec![("attribute1", "P")],
            line_context: Some("LINE"),
            header: vec![("attribute2", "Q")],
            header_context: Some("HEAD"),
        };
        assert_eq!(Flexfields::of(&combination), wanted);
    }
}
