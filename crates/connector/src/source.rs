//! A system as the source of documents.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tieout_model::{DocumentKind, EntityId, Envelope, Origin, PostingKind, Timestamp};

use crate::fault::Fault;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Which kind of document.
    pub kind: DocumentKind,
    /// Which entities; empty means all.
    pub entities: BTreeSet<EntityId>,
    /// For journal entries: whose postings to leave out because their documents travel natively.
    pub postings_excluded: BTreeSet<PostingKind>,
}

/// Where a reading stopped; opaque to all but the system's own client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor(pub String);

/// One thing that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Captured {
    /// A posted document in its present state.
    Document(Box<Envelope>),
    /// A document that is gone from the source.
    Deleted {
        /// Which.
        origin: Origin,
        /// When, by the source's clock.
        at: Timestamp,
    },
    /// A record that is there but is no well-formed document: held, named, never skipped.
    Malformed {
        /// Which.
        origin: Origin,
        /// Its number for people.
        number: String,
        /// Its kind.
        kind: DocumentKind,
        /// Its entity, if that can be read.
        entity: Option<EntityId>,
        /// What is wrong and where.
        problem: String,
    },
}

/// One page of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What was read, in the order of the source's clock.
    pub captured: Vec<Captured>,
    /// Where to go on. Durable together with what was captured, never before.
    pub next: Cursor,
    /// True if there is surely more to read now.
    pub has_more: bool,
}

/// Tells what changed.
#[async_trait]
pub trait Source: Send + Sync {
    /// What changed after `after`, oldest first, at most about `limit` documents.
    ///
    /// May repeat documents (the caller removes repeats by origin and revision); never leaves one out: ties, nulls, equal stamps and
    /// rows that become visible late are this function's business.
    ///
    /// # Errors
    /// [`Fault`] if the system can't be read.
    async fn changes(
        &self,
        scope: &Scope,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page, Fault>;
}
