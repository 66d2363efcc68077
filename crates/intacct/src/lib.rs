//! Sage Intacct through its XML gateway: tells what changed, shows what the ledger holds, takes documents.
//!
//! [`Intacct`] fulfils [`tieout_connector::Source`], [`tieout_connector::Books`] and [`tieout_connector::Target`]. What it knows about the vendor comes from documents
//! named in each module; what those leave open, and how one company is set up, is [`IntacctConfig`].
//!
//! Inside: `xml` writes and reads bytes, `query` says what is asked, `client` asks, `classify` judges what comes back, `documents` turns
//! rows into documents, `source`, `books` and `target` are the three roles. Only `client` calls the outside.

mod books;
mod civil_time;
mod classify;
mod client;
mod config;
mod cursor;
mod documents;
mod lines;
mod login;
mod query;
mod rows;
mod source;
mod target;
mod tenant;
mod values;
mod xml;

use std::sync::Arc;

use tieout_connector::{Transport, Waiter};
use tieout_model::Ambient;

pub use client::{CREDENTIAL_HEADER, OPERATION_HEADER};
pub use config::{
    BalanceFunction, BalanceReading, Bounds, Capture, DimensionField, IntacctConfig, Posting,
    UserZone,
};
pub use rows::PlainRow;
pub use values::SourceValue;

/// One Sage Intacct company.
pub struct Intacct {
    client: client::Client,
    tenant: tenant::Tenant,
}

impl Intacct {
    /// A company that was not called yet; the first use logs in.
    ///
    /// Every request that is handed to `transport` bears [`OPERATION_HEADER`] and [`CREDENTIAL_HEADER`], which are for the log of calls
    /// and must be taken off before sending.
    pub fn new(
        config: IntacctConfig,
        transport: Arc<dyn Transport>,
        ambient: Ambient,
        waiter: Arc<dyn Waiter>,
    ) -> Self {
        Self {
            client: client::Client::new(config, transport, ambient, waiter),
            tenant: tenant::Tenant::default(),
        }
    }
}

#[cfg(test)]
mod tests;
