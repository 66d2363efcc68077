//! Bytes and texts that cross the wire, without sending anything.

pub(crate) mod archive;
pub(crate) mod attribute;
pub(crate) mod error_body;
pub(crate) mod members;
pub(crate) mod query;
