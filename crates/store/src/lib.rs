//! What is durable: documents, deliveries, findings and the audit log, in one SQLite file.
//!
//! One write, [`Store::commit`]: a changeset applies whole or not at all, each change checked against what it expects, and its audit
//! entry becomes durable in the same transaction. [`Store::lease`] is the one other write of facts; it too is a changeset, decided inside its
//! own transaction. [`Store::share_places`] and [`Store::take_turns`] keep no facts, only whose turn it is to call. Reads are in `read/`, one file per noun. This crate decides nothing about documents: that is the engine's.
//!
//! After a crash at any point the database opens to a prefix of the committed changesets: the write-ahead log is synchronised before a
//! commit returns. If a commit answers [`CommitError::Unavailable`], it may or may not have become durable; since changes carry what they
//! expect, reading again and deciding again is always safe.

mod address;
mod apply;
mod budget;
mod database;
mod dialect;
mod failure;
mod lease;
mod link;
mod migrate;
mod read;
mod restore;
mod row;
mod server;
mod sqlite;
mod store;
mod transfer;
mod verify;

pub use address::DatabaseUrl;
pub use budget::{PlaceRequest, Places};
pub use failure::{CommitError, Conflict, LoadError, OpenError, StoreFailure, StoreWarning};
pub use lease::LeaseRequest;
pub use read::audit::AuditHead;
pub use read::count::Counts;
pub use read::delivery::{LeasedDelivery, PostedDelivery, StoredDelivery};
pub use read::document::{KnownRevision, StoredDocument};
pub use read::finding::{BreakRow, CallCounter, CrosswalkRow, ReconciliationRow};
pub use read::listing::{DocumentDetail, DocumentFilter, DocumentRow, DocumentWord};
pub use read::recorded::RecordedDocument;
pub use restore::Restored;
pub use store::{Committed, ExecutionMode, Gate, GateSide, Store};
pub use transfer::{Copied, TransferError};
pub use verify::VerifyFailure;
