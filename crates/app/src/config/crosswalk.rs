//! Where the signed mapping is, and whose signatures count.

use serde::{Deserialize, Serialize};

/// `[crosswalk]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CrosswalkConfig {
    /// Sealed versions.
    pub(crate) versions: Vec<String>,
    /// Sealed reference data: entities, accounts, parties, calendar.
    pub(crate) reference: String,
    /// Public keys (PEM) of those whose signatures count.
    pub(crate) trusted_keys: Vec<String>,
}
