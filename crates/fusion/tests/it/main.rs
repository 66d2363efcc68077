//! The client against recorded answers and against the simulated tenant.

#![expect(clippy::unwrap_used, reason = "a test stops at its first surprise")]

mod balances;
mod combinations;
mod currencies;
mod delivery;
mod faults;
mod hostile;
mod invoices;
mod journals;
mod population;
mod sample;
mod scheduler;
mod simulated;
mod tenant;
mod values;
