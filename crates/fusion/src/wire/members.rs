//! The body of a request as JSON: objects whose members go out in the order in which they were put.
//!
//! Bodies are small, so a name is found by looking at all of them; nothing is hashed, and text is borrowed where it stands.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

/// An object.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, Member<'a>)>);

/// The value of a member.
#[derive(Debug)]
pub(crate) enum Member<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A number with its own characters.
    Exact(Number),
    /// A list of objects.
    Rows(Vec<Members<'a>>),
}

impl<'a> Members<'a> {
    /// An object without members, with room for some.
    pub(crate) fn with_capacity(len: usize) -> Self {
        Self(Vec::with_capacity(len))
    }

    /// Adds a member, or replaces the one of that name.
    pub(crate) fn put(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Member<'a>>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// Texts and numbers by their names.
    pub(crate) fn plain(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.0.iter().filter_map(|(name, value)| {
            let text = match value {
                Member::Text(text) => Cow::Borrowed(&**text),
                Member::Exact(number) => Cow::Owned(number.to_string()),
                Member::Rows(_) => return None,
            };
            Some((&**name, text))
        })
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Exact(number) => number.serialize(serializer),
            Self::Rows(rows) => rows.serialize(serializer),
        }
    }
}

impl<'a> From<&'a str> for Member<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Member<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Member<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Number> for Member<'_> {
    fn from(number: Number) -> Self {
        Self::Exact(number)
    }
}

impl<'a> From<Vec<Members<'a>>> for Member<'a> {
    fn from(rows: Vec<Members<'a>>) -> Self {
        Self::Rows(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::Members;

    #[test]
    fn members_keep_their_order_and_a_later_value_replaces_an_earlier_one() {
        let mut row = Members::default();
        row.put("LineNumber", serde_json::Number::from(1));
        let mut body = Members::with_capacity(3);
        body.put("b", "x \"y\"");
        body.put("a", "1".to_owned());
        body.put("rows", vec![row]);
        body.put("b", "z");
        let written = serde_json::to_string(&body).unwrap();
        assert_eq!(written, r#"{"b":"z","a":"1","rows":[{"LineNumber":1}]}"#);
        let plain: Vec<_> = body.plain().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(plain, ["b=z", "a=1"]);
    }
}
