//! The store as its callers see it.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

mod audit_table;
mod budget;
mod commit;
mod crash;
mod lease;
mod opening;
mod random;
mod reading;
mod register;
mod server;
mod server_faults;
mod tampering;
mod torn;
mod transfer;
mod world;
