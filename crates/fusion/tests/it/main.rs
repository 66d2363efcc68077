//! The client against recorded answers and against the simulated tenant.

mod balances;
mod currencies;
mod delivery;
mod faults;
mod invoices;
mod journals;
mod population;
mod sample;
mod simulated;
mod tenant;
