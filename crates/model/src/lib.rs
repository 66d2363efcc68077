//! The nouns: what an accounting document is, and when it is well formed.
//!
//! Nothing here does I/O, reads a clock or knows how any system spells a thing. If a value of one of these types exists, it is well
//! formed: an unbalanced [`JournalEntry`] can't be built. Signs: **debit positive, credit negative**, everywhere.

pub mod account;
pub mod ambient;
pub mod canonical;
pub mod currency;
pub mod delivery;
pub mod dimension;
pub mod document;
pub mod identifier;
pub mod money;
pub mod period;
pub mod placement;

pub use account::{AccountClass, LedgerAccount};
pub use ambient::{Ambient, Clock, Entropy, Timestamp};
pub use canonical::{Digest, Undecodable};
pub use currency::Currency;
pub use delivery::{
    Acknowledgement, DeliveryId, FaultClass, IdempotencyKey, JobRef, Marks, Rejection, Stamp,
};
pub use dimension::{
    Coding, Combination, Dimension, Dimensional, FLEXFIELD_CONTEXT, HEADER_ATTRIBUTE,
};
pub use document::journal_entry::{
    JournalDraft, JournalEntry, JournalLine, JournalPurpose, PostingKind,
};
pub use document::supplier::Supplier;
pub use document::supplier_invoice::{InvoiceDraft, InvoiceLine, SupplierInvoice};
pub use document::{Document, DocumentKind, Envelope, LineFact, Violation, Violations};
pub use identifier::{
    AccountingDate, Code, DocumentId, EntityId, NaturalKey, Origin, Revision, SystemId, WorkerId,
};
pub use money::{Amount, AmountFault, ExchangeRate};
pub use period::{Calendar, Period, PeriodName};
pub use placement::Placement;
