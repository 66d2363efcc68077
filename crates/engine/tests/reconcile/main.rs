//! Reconciliation, from outside: the golden company, its eighteen defects, and random books.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't read its data must fail"
)]

mod completeness;
mod evidence_gaps;
mod golden;
mod golden_company;
mod order;
mod properties;
mod random_books;
mod scenarios;
