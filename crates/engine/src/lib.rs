//! Decisions: pure functions from facts to changes.
//!
//! No I/O, no clock, no async, no knowledge of wire formats or of any one system. The same facts always give the same bytes.

pub mod audit;
pub mod break_trace;
pub mod budget;
pub mod cadence;
pub mod change;
pub mod circuit;
pub mod crosswalk;
pub mod delivery;
pub mod feed;
pub mod lineage;
pub mod plan;
pub mod reconcile;

pub use audit::{AuditEntry, Tampering, Verified, link, verify};
pub use break_trace::{BreakTrace, Share};
pub use cadence::{Cadence, CadenceError};
pub use change::{
    Actor, BreakRecord, CallFact, Change, Changeset, FlowId, HoldNotice, OpenedDelivery,
};
pub use circuit::{Admission, Circuit, CircuitPolicy};
pub use delivery::settle::settle;
pub use delivery::{
    Delivery, DeliveryEvent, DeliveryPolicy, DeliveryRole, DeliveryState, IllegalMove, Moment,
    Resolution, StateWord,
};
