//! The Fusion twin, seen from outside: requests in, answers out, books as CSV.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop at the first surprise"
)]

mod balances;
mod combinations;
mod company;
mod desk;
mod framework;
mod golden;
mod invoices;
mod journals;
mod masters;
mod payables_file;
mod people;
mod scheduler;
mod speed;
mod strictness;
