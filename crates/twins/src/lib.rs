//! Simulators ("twins") of Sage Intacct and Oracle Fusion Cloud ERP.
//!
//! A twin is a plain function from a request to an answer over books of its own. It knows no socket and no clock: the caller hands in the
//! time. It shares no code with the clients that talk to it; what it knows about a vendor comes from that vendor's documents, and where
//! those are silent it refuses rather than guesses.
//!
//! What is shared between the two twins is only data reading ([`company`]), serving ([`serve`]), fault rules ([`rule`]) and the control
//! port ([`control`]); neither twin may use the other.

pub mod company;
pub mod control;
pub mod fusion;
pub mod intacct;
pub mod limits;
pub mod rule;
pub mod serve;
pub mod usage;
pub mod world;

use bytes::Bytes;

/// A simulated system: answers one request at a given time.
pub trait Twin: Send {
    /// Answers `request`. `unix_ms` is the caller's clock in milliseconds since 1970-01-01 UTC; it never runs backwards within one twin.
    fn answer(&mut self, unix_ms: i64, request: http::Request<Bytes>) -> http::Response<Bytes>;
}
