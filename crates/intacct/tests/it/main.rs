//! The client against the simulated tenant, in one process and without a socket.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

mod books;
mod capture;
mod company;
mod posting;
mod rows;
mod trouble;
mod values;
