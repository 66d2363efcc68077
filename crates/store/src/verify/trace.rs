//! What the audit log says about one row, as short digests: both sides of the comparison are built by the same functions here.

use tieout_model::canonical::Writer;
use tieout_model::{Digest, Timestamp};

/// The first half of a digest: enough to notice a change, and half the memory.
pub(super) type Trace = [u8; 16];

/// The states of a document, as rows spell them.
pub(super) const CAPTURED: &str = "captured";
pub(super) const TRANSLATED: &str = "translated";
pub(super) const HELD: &str = "held";
pub(super) const HELD_TRANSIENT: &str = "held_transient";
pub(super) const MALFORMED: &str = "malformed";
pub(super) const DELETED: &str = "deleted";

/// What a document's row must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DocumentTrace {
    /// Its flow, origin, number, revision and envelope; or what is known of a record that never was well formed.
    pub(super) facts: Trace,
    /// Its revision; `None` if it never was well formed.
    pub(super) revision: Option<Trace>,
    pub(super) settled: Option<Trace>,
    pub(super) state: &'static str,
    pub(super) captured_at: Timestamp,
    pub(super) held_at: Option<Timestamp>,
    pub(super) deleted_at: Option<Timestamp>,
    /// Its hold notices.
    pub(super) notices: Option<Trace>,
}

/// What a delivery's row must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeliveryTrace {
    pub(super) facts: Trace,
    pub(super) payload: Trace,
    pub(super) state: Trace,
    pub(super) version: u64,
    pub(super) attempts: u32,
    pub(super) moved_at: Timestamp,
}

/// The facts of a delivery that no move changes.
pub(super) struct DeliveryFacts {
    /// Flow, role, stamp, key, revision, crosswalk version, kind, entity, target, number, party, accounting date, period.
    pub(super) texts: [String; 13],
    pub(super) crosswalk: Digest,
    pub(super) opened_at: Timestamp,
}

impl DeliveryFacts {
    pub(super) fn trace(&self) -> Trace {
        let mut w = Writer::new();
        self.texts.iter().for_each(|text| w.text(text));
        w.bytes(self.crosswalk.as_bytes());
        w.signed(i128::from(self.opened_at.0));
        of_bytes(&w.finish())
    }
}

pub(super) fn of_bytes(bytes: &[u8]) -> Trace {
    Digest::of(bytes).first_16()
}

pub(super) fn of_text(text: &str) -> Trace {
    of_bytes(text.as_bytes())
}

pub(super) fn of_texts(texts: &[&str], body: Option<&Digest>) -> Trace {
    let mut w = Writer::new();
    w.list(texts.iter(), |w, text| w.text(text));
    w.option(body, |w, body| w.bytes(body.as_bytes()));
    of_bytes(&w.finish())
}

/// A list of rows of which each was only ever appended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Appended(Digest);

impl Appended {
    pub(super) fn push(&mut self, at: Timestamp, texts: &[&str], body: Option<&Digest>) {
        let mut w = Writer::new();
        w.bytes(self.0.as_bytes());
        w.signed(i128::from(at.0));
        w.bytes(&of_texts(texts, body));
        self.0 = Digest::of(&w.finish());
    }
}
