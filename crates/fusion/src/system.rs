//! The one value that stands for a Fusion tenant.

use std::sync::Arc;

use tieout_connector::{Transport, Waiter};
use tieout_model::Ambient;

use crate::client::Client;
use crate::config::FusionConfig;
use crate::imports::Imports;
use crate::setup::Setup;

/// A Fusion tenant, reached with one integration user. Cheap to share behind an `Arc`; all calls pass its bound on calls in flight.
pub struct Fusion {
    pub(crate) client: Client,
    pub(crate) setup: Setup,
    pub(crate) imports: Imports,
}

impl Fusion {
    /// A tenant as `config` describes it. Sends nothing yet.
    pub fn new(
        config: FusionConfig,
        transport: Arc<dyn Transport>,
        ambient: Ambient,
        waiter: Arc<dyn Waiter>,
    ) -> Self {
        Self {
            client: Client::new(config, transport, ambient, waiter),
            setup: Setup::default(),
            imports: Imports::default(),
        }
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &FusionConfig {
        &self.client.config
    }
}
