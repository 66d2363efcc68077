//! A system as the target of documents.

use async_trait::async_trait;
use tieout_model::{Acknowledgement, DeliveryId, Document, DocumentKind, JobRef, Marks, Rejection};

use crate::fault::Fault;

/// One document to post, translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// Whose delivery this is.
    pub id: DeliveryId,
    /// The marks it carries.
    pub marks: Marks,
    /// Number of the document in its source, for people.
    pub number: String,
    /// Which signed crosswalk version coded it, for people who look at the target.
    pub crosswalk_version: String,
    /// The document, coded as the target wants it.
    pub document: Document,
}

/// Documents of one kind to post together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Their kind.
    pub kind: DocumentKind,
    /// The documents.
    pub items: Vec<BatchItem>,
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemOutcome {
    /// The target took it and will show it as a business row under this job; not yet posted.
    Accepted(JobRef),
    /// The target still works on it.
    Pending,
    /// A business row was read back.
    Posted(Acknowledgement),
    /// The target refused it; nothing was done.
    Rejected(Rejection),
    /// Nothing was done, but it may be tried again later (throttled, not sent).
    NotDone(Fault),
    /// It may have been done: look it up.
    Unknown(Fault),
    /// The job ended without this document: nothing was done for it.
    Absent,
    /// More than one business row bears its stamp: a person must take the extra ones back.
    Doubled(Vec<Acknowledgement>),
}

impl ItemOutcome {
    /// The outcome that the rows found for an item mean; `None` if there is none.
    pub fn of_rows(mut rows: Vec<Acknowledgement>) -> Option<Self> {
        match rows.len() {
            0 => None,
            1 => rows.pop().map(Self::Posted),
            _ => Some(Self::Doubled(rows)),
        }
    }
}

/// What became of a batch: one outcome per item, in the order of the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchOutcome {
    /// Outcome per item.
    pub items: Vec<(DeliveryId, ItemOutcome)>,
}

/// What a look-up found for one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whose delivery.
    pub id: DeliveryId,
    /// Every business row that bears its stamp; more than one is a duplicate.
    pub rows: Vec<Acknowledgement>,
}

/// Takes documents.
#[async_trait]
pub trait Target: Send + Sync {
    /// How many documents of `kind` one call may carry; 0 means the kind is not offered.
    fn batch_max(&self, kind: DocumentKind) -> u32;

    /// Posts a batch. Items are independent: one refused item refuses no other.
    ///
    /// # Errors
    /// [`Fault`] if the whole call failed; a [`tieout_model::FaultClass::Indeterminate`] one leaves every item unknown.
    async fn post(&self, batch: &Batch) -> Result<BatchOutcome, Fault>;

    /// What became of items that were accepted under `job`.
    ///
    /// # Errors
    /// [`Fault`] if the target can't be asked.
    async fn poll(&self, job: &JobRef, batch: &Batch) -> Result<BatchOutcome, Fault>;

    /// Looks items up by their stamps in the target's own records. Nothing can be said yet of an item that the answer leaves out: it is not
    /// there, and what was sent may still bring it.
    ///
    /// # Errors
    /// [`Fault`] if the target can't be asked.
    async fn find(&self, batch: &Batch) -> Result<Vec<Found>, Fault>;
}
