//! Supplier bills and credits as Payables invoices (`invoices`, fusion.md §6.1).

mod encode;
mod post;
mod read;

pub(crate) use encode::{check_segments, combination, encode, unknown_attribute};
pub(crate) use read::{InvoiceRow, read_combination, read_invoice};

/// The job every accepted invoice belongs to: invoices are made in the call itself, so it names no request.
pub(crate) const JOB: &str = "invoices";

/// Accessors that are expanded to see the lines of an invoice.
pub(crate) const LINES: [&str; 2] = ["invoiceLines", "invoiceDistributions"];
