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
    /// True if versions signed in the register (`tieout crosswalk sign`) count beside the files.
    #[serde(default)]
    pub(crate) register: bool,
    /// True if two persons may do the work of three; turning it on or off is recorded in the audit log.
    #[serde(default)]
    pub(crate) two_person: bool,
    /// Folder of the signing keys that `tieout key new` makes.
    #[serde(default = "keys")]
    pub(crate) keys: String,
}

fn keys() -> String {
    "keys/signing".into()
}
