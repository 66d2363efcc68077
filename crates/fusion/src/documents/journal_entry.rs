//! Journal entries through `GlInterface.csv` and Journal Import: REST can't create a journal (fusion.md §0, §9.2).
//!
//! One file per ledger, one batch per document inside it, so that a bad document rejects itself only. The import runs as jobs; what
//! counts is the batch that can be read back.

mod encode;
mod jobs;
mod look_up;
mod post;
mod read;
mod report;
mod scheduler;

pub(crate) use look_up::BATCH_LINES;
pub(crate) use read::JournalRow;
