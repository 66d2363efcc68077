//! Re-codes documents from account and dimensions to one combination of segments, under signed versions of the rules.
//!
//! A [`Crosswalk`] can't be had without good signatures on every version and on the reference data. It never guesses: whatever it can't
//! decide holds the document, and every gap of a document is named at once. It says which rule decided each segment. Same files and same
//! document, same bytes, on every machine.
//!
//! Not here: who may sign, where files lie, what happens to a held document.
//!
//! Which version applies (domain dossier 4.3): see [`Lineage`].

mod assemble;
mod conflict;
pub mod control;
mod file;
mod hold;
mod json;
mod place;
mod prepared;
mod reference;
mod reversal;
mod signature;
mod translate;
pub mod trial;

use std::collections::BTreeMap;

use tieout_model::{AccountClass, AccountingDate, Digest};

use crate::crosswalk::prepared::Prepared;

pub use assemble::cut_short;
pub use conflict::{Problem, Refusal, problems};
pub use file::{
    Attribute, Condition, Flexfield, FlexfieldLevel, People, Retired, Rule, RuleValue, Test,
    VersionFile,
};
pub use hold::{HoldReason, Unmapped};
pub use json::Json;
pub use place::{FileFault, normalised};
pub use prepared::RuleName;
pub use reference::{
    EntityColumns, EntityRow, Forbidden, Reference, ReferenceFault, Validity, WhenBlank,
};
pub use signature::{
    KeyFault, Opened, SealFault, SealingKey, TrustedKeys, message_to_sign, open, seal, seal_with,
};
pub use translate::{Lineage, RECORDED_RULE, RuleUse, SUPERSEDED_RULE, Translation};

/// Payload type of a sealed version.
pub const VERSION_TYPE: &str = "application/vnd.tieout.crosswalk+json";

/// Payload type of sealed reference data.
pub const REFERENCE_TYPE: &str = "application/vnd.tieout.crosswalk-reference+json";

/// Signed versions with their signed reference data, checked against each other.
#[derive(Debug)]
pub struct Crosswalk {
    files: Vec<VersionFile>,
    prepared: Vec<Prepared>,
    reference: Reference,
    classes: BTreeMap<String, AccountClass>,
    dimensions: Vec<String>,
    required: Vec<usize>,
    digest: Digest,
}

/// Why a crosswalk can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CrosswalkError {
    /// A file is not sealed, or its seal is not good.
    #[error("{file}: {fault}")]
    Seal {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        fault: SealFault,
    },
    /// A file is sealed as something else.
    #[error("{file} is sealed as {found:?}, expected {expected:?}; was the wrong file given?")]
    WrongType {
        /// Which file.
        file: String,
        /// Its payload type.
        found: String,
        /// The payload type of such a file.
        expected: &'static str,
    },
    /// A file can't be understood.
    #[error("{file}: {fault}")]
    File {
        /// Which file.
        file: String,
        /// Where and why.
        #[source]
        fault: FileFault,
    },
    /// No version was given.
    #[error("no crosswalk version was given; every document would be held")]
    NoVersion,
    /// The files contradict themselves or each other; every problem is listed.
    #[error("the crosswalk is refused: {}", listed(.0))]
    Refused(Vec<Refusal>),
}

fn listed(refusals: &[Refusal]) -> String {
    let words: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    words.join("; ")
}

impl Crosswalk {
    /// Opens sealed versions and sealed reference data, in any order of versions.
    ///
    /// # Errors
    /// [`CrosswalkError`]: a seal that is not good, a file that can't be understood, or contradictions (all of them at once).
    pub fn open(
        versions: &[Vec<u8>],
        reference: &[u8],
        trust: &TrustedKeys,
    ) -> Result<Self, CrosswalkError> {
        let payload = unsealed("reference data", reference, REFERENCE_TYPE, trust)?;
        let reference = Reference::parse(&payload).map_err(|fault| CrosswalkError::File {
            file: "reference data".to_owned(),
            fault,
        })?;
        let mut files = Vec::new();
        for (i, sealed) in versions.iter().enumerate() {
            let file = format!("crosswalk file {}", i.saturating_add(1));
            let payload = unsealed(&file, sealed, VERSION_TYPE, trust)?;
            let read = VersionFile::parse(&payload);
            files.push(read.map_err(|fault| CrosswalkError::File { file, fault })?);
        }
        Self::of(files, reference)
    }

    fn of(files: Vec<VersionFile>, reference: Reference) -> Result<Self, CrosswalkError> {
        if files.is_empty() {
            return Err(CrosswalkError::NoVersion);
        }
        let files = cut_short(files);
        let refusals = conflict::refusals(&files, &reference);
        if !refusals.is_empty() {
            return Err(CrosswalkError::Refused(refusals));
        }
        Ok(Self::assembled(files, reference))
    }

    fn assembled(files: Vec<VersionFile>, reference: Reference) -> Self {
        let mut bytes: Vec<u8> = reference.canonical_bytes();
        for file in &files {
            bytes.extend_from_slice(file.digest.as_bytes());
        }
        let classes = reference.accounts.iter();
        let blank = reference.dimensions.values().enumerate();
        let required = blank.filter(|(_, blank)| **blank == WhenBlank::Required);
        Self {
            digest: Digest::of(&bytes),
            classes: classes
                .map(|(code, class)| (code.clone(), *class))
                .collect(),
            required: required.map(|(at, _)| at).collect(),
            dimensions: reference.dimensions.keys().cloned().collect(),
            prepared: files
                .iter()
                .map(|file| Prepared::of(file, &reference))
                .collect(),
            files,
            reference,
        }
    }

    /// Digest of everything signed, reference data included: proves which crosswalk a run used.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The versions, oldest first.
    pub fn versions(&self) -> &[VersionFile] {
        &self.files
    }

    /// The reference data.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The version in force on an accounting date; never asks for today.
    pub fn version_on(&self, date: AccountingDate) -> Option<&VersionFile> {
        self.files.iter().find(|file| file.covers(date))
    }

    fn prepared_on(&self, date: AccountingDate) -> Option<&Prepared> {
        let at = self.files.iter().position(|file| file.covers(date))?;
        self.prepared.get(at)
    }

    fn prepared_named(&self, name: &str) -> Option<&Prepared> {
        self.prepared.iter().find(|version| version.name() == name)
    }
}

fn unsealed(
    file: &str,
    bytes: &[u8],
    expected: &'static str,
    trust: &TrustedKeys,
) -> Result<Vec<u8>, CrosswalkError> {
    let opened = open(bytes, trust).map_err(|fault| CrosswalkError::Seal {
        file: file.to_owned(),
        fault,
    })?;
    if opened.payload_type == expected {
        return Ok(opened.payload);
    }
    Err(CrosswalkError::WrongType {
        file: file.to_owned(),
        found: opened.payload_type,
        expected,
    })
}
