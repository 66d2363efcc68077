//! Reads, one file per noun. Each call sees one unchanging view of the data.

pub(crate) mod audit;
pub(crate) mod count;
pub(crate) mod cursor;
pub(crate) mod delivery;
pub(crate) mod document;
pub(crate) mod finding;
pub(crate) mod listing;
pub(crate) mod recorded;
pub(crate) mod register;
