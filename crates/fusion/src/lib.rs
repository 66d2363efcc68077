//! Oracle Fusion Cloud ERP: takes supplier invoices and journal entries, and shows its books.
//!
//! Everything Oracle-specific stays in this crate: paths, attribute names, flat-file columns, error texts. The facts behind it are cited
//! as *fusion.md §n* with the dossier's evidence mark; whatever the dossier marks as recollection, and whatever a tenant may name
//! otherwise, is a field of [`FusionConfig`] with a documented default.
//!
//! Invariants:
//! - A write is sent once per call of [`tieout_connector::Target::post`]. What may have been done is reported as unknown, never repeated here.
//! - A document counts as posted only from a business row that was read back and bears its stamp; never from the state of a job.
//! - No amount passes through a binary float; wire numbers are read and written as the characters they are.
//! - Pages and truncated children are followed to the end, or the whole reading fails.

mod books;
mod client;
mod combinations;
mod config;
mod documents;
mod imports;
mod setup;
mod source;
mod system;
mod target;
mod values;
mod wire;

pub use combinations::{LedgerCombination, Verdict};
pub use config::{
    Flexfields, FusionConfig, InvoiceLookup, JournalCategories, JournalImport, ReadRetry,
    StatusWords,
};
pub use setup::{Application, Ledger, PeriodState};
pub use system::Fusion;
pub use values::SegmentValue;
