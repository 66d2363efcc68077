//! The Fusion twin, seen from outside: requests in, answers out, books as CSV.

mod balances;
mod desk;
mod framework;
mod golden;
mod invoices;
mod journals;
mod masters;
mod people;
mod speed;
