//! One recorded step: who did what to what, when and why.

use std::collections::BTreeMap;

use tieout_model::canonical::{Reader, Writer};
use tieout_model::{Digest, Timestamp, Undecodable};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A version was put up for discussion. Body: its content.
    Propose,
    /// A reviewer took it on.
    Review,
    /// The reviewer found it right.
    Approve,
    /// The reviewer or signer refused it.
    Reject,
    /// The preparer took it back.
    Withdraw,
    /// Its effect on a closed period was computed. Body: the report.
    Simulate,
    /// It was signed. Body: the sealed file.
    Sign,
    /// An emergency change was reviewed after the fact.
    FollowUp,
    /// Balances were moved where its balance-sheet mapping changed. Body: what was moved.
    Migrate,
    /// A correction of the past was drawn up. Body: what moves and which documents it concerns.
    ProposeRestatement,
    /// It was approved by another person, and its journals were recorded. Body: the journals.
    Restate,
    /// A controller approved the superseding values for a reversal that is held for disabled ones.
    Supersede,
    /// Reference data was signed. Body: the sealed file.
    SignReference,
    /// A signing key was added.
    AddKey,
    /// A signing key was revoked.
    RevokeKey,
    /// The number of persons a change needs was set.
    Separation,
}

impl Act {
    const ALL: [Self; 16] = [
        Self::Propose,
        Self::Review,
        Self::Approve,
        Self::Reject,
        Self::Withdraw,
        Self::Simulate,
        Self::Sign,
        Self::FollowUp,
        Self::Migrate,
        Self::ProposeRestatement,
        Self::Restate,
        Self::Supersede,
        Self::SignReference,
        Self::AddKey,
        Self::RevokeKey,
        Self::Separation,
    ];

    /// The word stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Propose => "proposed",
            Self::Review => "taken into review",
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Withdraw => "withdrawn",
            Self::Simulate => "simulated",
            Self::Sign => "signed",
            Self::FollowUp => "reviewed after the fact",
            Self::Migrate => "balances moved",
            Self::ProposeRestatement => "restatement proposed",
            Self::Restate => "restated",
            Self::Supersede => "superseding values approved",
            Self::SignReference => "reference data signed",
            Self::AddKey => "key added",
            Self::RevokeKey => "key revoked",
            Self::Separation => "separation set",
        }
    }

    /// The act of a stored word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterStep {
    /// The proposal's id, or [`super::KEYS`] or [`super::SETTINGS`].
    pub subject: String,
    /// Its position among the steps of the subject, from 0: two persons can't take the same step.
    pub number: u32,
    /// What was done.
    pub act: Act,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// What else belongs to the act, by name.
    pub facts: BTreeMap<String, String>,
    /// Digest of the body.
    pub digest: Digest,
    /// Bytes that belong to the act; empty if it has none, or if only the step was read.
    pub body: Vec<u8>,
}

impl RegisterStep {
    /// A fact; empty if it is absent.
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }

    /// The bytes of its facts, as stored.
    pub fn encode_facts(&self) -> Vec<u8> {
        let mut w = Writer::new();
        let facts: Vec<(&String, &String)> = self.facts.iter().collect();
        w.list(facts.iter(), |w, (name, value)| {
            w.text(name);
            w.text(value);
        });
        w.finish()
    }

    /// The facts of stored bytes.
    ///
    /// # Errors
    /// [`Undecodable`] for bytes that [`RegisterStep::encode_facts`] would not write.
    pub fn decode_facts(bytes: &[u8]) -> Result<BTreeMap<String, String>, Undecodable> {
        let mut r = Reader::new(bytes);
        let facts = r.list(|r| Ok((r.text()?, r.text()?)))?;
        r.end()?;
        Ok(facts.into_iter().collect())
    }
}
