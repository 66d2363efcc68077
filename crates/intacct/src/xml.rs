//! XML as the gateway speaks it: writing requests without injection, reading answers without trust.
//!
//! Nothing here knows an object of the company; see [`crate::query`] and [`crate::documents`] for that.

pub(crate) mod answer;
pub(crate) mod read;
pub(crate) mod write;
