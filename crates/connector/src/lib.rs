//! The contract every system fulfils, and the plumbing all systems share.
//!
//! Three roles, the same for every ERP: [`Source`] tells what changed, [`Target`] takes documents, [`Books`] shows what the ledger
//! holds. Everything a role does to the outside passes [`Transport::send`]. Nothing here knows a particular system, storage or mapping.

pub mod books;
pub mod discreet;
pub mod fault;
pub mod redact;
pub mod source;
pub mod target;
pub mod throttle;
pub mod transport;

pub use books::{
    AccountBalance, BalanceKey, Books, BooksScope, Member, MemberLine, PopulationPage, SnapshotAt,
};
pub use discreet::Discreet;
pub use fault::{Fault, Origin as FaultOrigin};
pub use redact::{Redactor, Secret};
pub use source::{Captured, Cursor, Page, Scope, Source};
pub use target::{Batch, BatchItem, BatchOutcome, Found, ItemOutcome, Target};
pub use throttle::Throttle;
pub use transport::{CallRecord, CallSink, Transport, TransportFailure, Waiter};
