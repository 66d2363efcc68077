//! What is proposed, apart from who worked on it; and the file that is signed, with everybody's name in it.

use std::collections::BTreeMap;

use tieout_model::Digest;

use crate::crosswalk::file::VersionFile;
use crate::crosswalk::json::Json;

/// The members of a version file that change control fills in.
pub const PEOPLE: [&str; 7] = [
    "prepared_by",
    "reviewed_by",
    "signed_by",
    "signed_at",
    "compensating_control",
    "reason",
    "ticket",
];

/// A file that can't be proposed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ContentFault(pub String);

/// A version without people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    members: BTreeMap<String, Json>,
}

impl Content {
    /// Takes the content of a version file; names of people in it are left out, since the register knows them.
    ///
    /// # Errors
    /// [`ContentFault`] naming the place of whatever is wrong.
    pub fn of(file: &[u8]) -> Result<Self, ContentFault> {
        let Json::Object(mut members) = Json::parse(file).map_err(ContentFault)? else {
            return Err(ContentFault("the file is no JSON object".to_owned()));
        };
        members.retain(|name, _| !PEOPLE.contains(&name.as_str()));
        let content = Self { members };
        content.draft()?;
        Ok(content)
    }

    /// The canonical bytes, which the register keeps.
    pub fn bytes(&self) -> Vec<u8> {
        Json::Object(self.members.clone()).canonical()
    }

    /// Digest of the canonical bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes())
    }

    /// The version as rules, with placeholders for the people: for checks and trials, never for documents.
    ///
    /// # Errors
    /// [`ContentFault`] naming the place of whatever is wrong.
    pub fn draft(&self) -> Result<VersionFile, ContentFault> {
        let people = [
            ("prepared_by", "(preparer)"),
            ("reviewed_by", "(reviewer)"),
            ("signed_by", "(signer)"),
            ("signed_at", "(not yet)"),
        ];
        let file = self.with(people.map(|(name, text)| (name, text.to_owned())));
        VersionFile::parse(&file).map_err(|fault| ContentFault(fault.to_string()))
    }

    /// The canonical bytes of the file with these members added.
    pub fn with<'a>(&self, people: impl IntoIterator<Item = (&'a str, String)>) -> Vec<u8> {
        let mut members = self.members.clone();
        for (name, text) in people {
            members.insert(name.to_owned(), Json::text(&text));
        }
        Json::Object(members).canonical()
    }
}
