//! Reading a JSON value member by member, with the place of whatever is wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tieout_model::AccountingDate;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::crosswalk::json::Json;

/// Something in a file that can't be understood; nothing of the file is used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct FileFault {
    /// Where: `rules[3].when[0]`.
    pub place: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// Ids are compared after this and only after this: Unicode form NFC, no white space at either end (domain dossier 4.2).
pub fn normalised(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain {
        return Cow::Borrowed(text);
    }
    let text = text.trim();
    if text.is_ascii() || is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect::<String>().trim().to_owned())
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    value: &'a Json,
    path: String,
}

impl<'a> Place<'a> {
    pub(crate) fn root(value: &'a Json, name: &str) -> Self {
        Self {
            value,
            path: name.to_owned(),
        }
    }

    pub(crate) fn fault(&self, what: impl Into<String>) -> FileFault {
        FileFault {
            place: self.path.clone(),
            what: what.into(),
        }
    }

    /// True for an object.
    pub(crate) fn is_object(&self) -> bool {
        matches!(self.value, Json::Object(_))
    }

    fn expected(&self, what: &str) -> FileFault {
        self.fault(format!("expected {what}, found {}", self.value.kind()))
    }

    fn step(&self, name: &str, value: &'a Json) -> Self {
        Self {
            value,
            path: format!("{}.{name}", self.path),
        }
    }

    /// The members of an object that has all of `required` and, beyond them, only some of `optional`.
    pub(crate) fn members(
        &self,
        required: &[&str],
        optional: &[&str],
    ) -> Result<Members<'a>, FileFault> {
        let Json::Object(members) = self.value else {
            return Err(self.expected("an object"));
        };
        let known = |name: &str| required.contains(&name) || optional.contains(&name);
        if let Some(name) = members.keys().find(|name| !known(name)) {
            let all = [required, optional].concat().join(", ");
            return Err(self.fault(format!("unknown member {name:?} (allowed: {all})")));
        }
        if let Some(name) = required.iter().find(|name| !members.contains_key(**name)) {
            return Err(self.fault(format!("the member {name:?} is missing")));
        }
        Ok(Members {
            place: self.clone(),
            members,
        })
    }

    /// Every member of an object whose names are data. Names are normalised; two that become equal are refused.
    pub(crate) fn entries(&self) -> Result<BTreeMap<String, Place<'a>>, FileFault> {
        let Json::Object(members) = self.value else {
            return Err(self.expected("an object"));
        };
        let mut entries = BTreeMap::new();
        for (name, value) in members {
            let place = self.step(&format!("{name:?}"), value);
            let key = normalised(name).into_owned();
            if entries.insert(key, place.clone()).is_some() {
                return Err(place.fault("stands twice, once with white space around it"));
            }
        }
        Ok(entries)
    }

    pub(crate) fn list(&self) -> Result<Vec<Place<'a>>, FileFault> {
        let Json::List(values) = self.value else {
            return Err(self.expected("a list"));
        };
        let places = values.iter().enumerate().map(|(i, value)| Place {
            value,
            path: format!("{}[{i}]", self.path),
        });
        Ok(places.collect())
    }

    /// A text, normalised.
    pub(crate) fn text(&self) -> Result<String, FileFault> {
        match self.value {
            Json::Text(text) => Ok(normalised(text).into_owned()),
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::List(_) | Json::Object(_) => {
                Err(self.expected("a text"))
            }
        }
    }

    /// A text that is not blank.
    pub(crate) fn word(&self) -> Result<String, FileFault> {
        let text = self.text()?;
        if text.is_empty() {
            return Err(self.fault("is blank"));
        }
        Ok(text)
    }

    pub(crate) fn integer<T: TryFrom<i64>>(&self) -> Result<T, FileFault> {
        let Json::Integer(number) = self.value else {
            return Err(self.expected("a whole number"));
        };
        T::try_from(*number).map_err(|_| self.fault(format!("{number} is out of range")))
    }

    pub(crate) fn flag(&self) -> Result<bool, FileFault> {
        match self.value {
            Json::Bool(flag) => Ok(*flag),
            Json::Null | Json::Integer(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => {
                Err(self.expected("true or false"))
            }
        }
    }

    pub(crate) fn date(&self) -> Result<AccountingDate, FileFault> {
        let text = self.text()?;
        let date = text.parse::<AccountingDate>().ok();
        date.filter(|date| date.to_string() == text)
            .ok_or_else(|| self.fault(format!("{text:?} is no date (2026-12-31)")))
    }

    /// `None` for null.
    pub(crate) fn or_null<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, FileFault>,
    ) -> Result<Option<T>, FileFault> {
        if *self.value == Json::Null {
            Ok(None)
        } else {
            read(self).map(Some)
        }
    }

    /// Every value of an object whose names are data.
    pub(crate) fn map<T>(
        &self,
        read: impl Fn(&Self) -> Result<T, FileFault>,
    ) -> Result<BTreeMap<String, T>, FileFault> {
        let entries = self.entries()?;
        let read_one = |(name, place): (String, Place<'a>)| Ok((name, read(&place)?));
        entries.into_iter().map(read_one).collect()
    }

    /// Every value of a list.
    pub(crate) fn each<T>(
        &self,
        read: impl Fn(&Self) -> Result<T, FileFault>,
    ) -> Result<Vec<T>, FileFault> {
        self.list()?.iter().map(read).collect()
    }
}

/// The members of an object whose names were checked.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    place: Place<'a>,
    members: &'a BTreeMap<String, Json>,
}

impl<'a> Members<'a> {
    /// A member; null if it is absent.
    pub(crate) fn get(&self, name: &str) -> Place<'a> {
        static ABSENT: Json = Json::Null;
        self.place
            .step(name, self.members.get(name).unwrap_or(&ABSENT))
    }

    /// A member that may be absent or null.
    pub(crate) fn maybe<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Place<'a>) -> Result<T, FileFault>,
    ) -> Result<Option<T>, FileFault> {
        self.get(name).or_null(read)
    }
}
