//! The decisions: how a document is re-coded, what happens to it next, whether two ledgers agree.
//!
//! Nothing here does I/O, reads a clock or draws a random number: the same input gives the same bytes, always.

pub mod crosswalk;
