//! Oracle Fusion Cloud ERP in the configuration: where it is, who logs in, and the tenant's choices.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tieout_fusion::FusionConfig;
use tieout_model::SystemId;

use crate::config::secret::{SecretRef, Vault};
use crate::problem::Problem;

/// `[fusion]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FusionSection {
    /// Address of the pod.
    pub(crate) base_url: String,
    /// Integration user.
    pub(crate) username: String,
    /// Reference to the user's password.
    pub(crate) password: SecretRef,
    /// Calls in flight at a time, over all workers on the database.
    #[serde(default = "eight")]
    pub(crate) in_flight_max: usize,
    /// Calls per minute, over all workers on the database; 0 for no limit.
    #[serde(default)]
    pub(crate) calls_per_minute_max: u32,
    /// Longest wait for one answer.
    #[serde(default = "five_minutes")]
    pub(crate) timeout_ms: u64,
    /// Rows asked for in one call; 500 loses one on some pods.
    #[serde(default = "page")]
    pub(crate) page_limit: u32,
    /// Journal source our journals bear.
    #[serde(default = "our_source")]
    pub(crate) journal_source: String,
    /// Invoice source our invoices bear.
    #[serde(default = "our_source")]
    pub(crate) invoice_source: String,
    /// Supplier site to post to.
    #[serde(default = "main_site")]
    pub(crate) supplier_site: String,
    /// Segment names in the order of the chart of accounts.
    pub(crate) segments: Vec<String>,
    /// Which of them is the natural account.
    #[serde(default = "account")]
    pub(crate) natural_account: String,
    /// Which of them is the balancing segment.
    #[serde(default = "company")]
    pub(crate) balancing: String,
    /// What joins segments to a combination.
    #[serde(default = "dash")]
    pub(crate) delimiter: String,
    /// Data access set, if the ledger alone is not enough.
    #[serde(default)]
    pub(crate) data_access_set: Option<String>,
    /// Code of the value set behind each segment, for `tieout crosswalk coverage --live`.
    #[serde(default)]
    pub(crate) value_sets: BTreeMap<String, String>,
}

fn eight() -> usize {
    8
}
fn five_minutes() -> u64 {
    300_000
}
fn page() -> u32 {
    499
}
fn our_source() -> String {
    "Sage Intacct".into()
}
fn main_site() -> String {
    "MAIN".into()
}
fn account() -> String {
    "account".into()
}
fn company() -> String {
    "company".into()
}
fn dash() -> String {
    "-".into()
}

impl FusionSection {
    /// Every problem of this section.
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, value) in [
            ("natural_account", &self.natural_account),
            ("balancing", &self.balancing),
        ] {
            if !self.segments.contains(value) {
                let what = format!("[fusion] {name} = {value:?} is not one of its segments");
                problems.push(Problem::new("P0008", what).hint(self.segments.join(", ")));
            }
        }
        problems.extend(super::address("[fusion] base_url", &self.base_url, "P0008"));
        if self.page_limit == 0 || self.page_limit > 500 {
            let what = format!("[fusion] page_limit = {} is out of range", self.page_limit);
            problems.push(Problem::new("P0008", what).hint("1 to 500"));
        }
        problems
    }

    /// Position of a segment.
    pub(crate) fn index_of(&self, segment: &str) -> usize {
        self.segments
            .iter()
            .position(|name| name == segment)
            .unwrap_or(0)
    }

    /// The client's configuration, with secrets fetched.
    pub(crate) fn to_client(&self, vault: &Vault<'_>) -> Result<FusionConfig, Problem> {
        let password = vault.fetch(&self.password)?;
        let system = SystemId::new("fusion");
        let mut config = FusionConfig::new(&self.base_url, &self.username, password, system);
        config.credential_name.clone_from(&self.username);
        config.in_flight_max = self.in_flight_max;
        config.page_limit = self.page_limit;
        config.journal_source.clone_from(&self.journal_source);
        config.invoice_source.clone_from(&self.invoice_source);
        config.supplier_site.clone_from(&self.supplier_site);
        config.segments.clone_from(&self.segments);
        config.balancing_segment_index = self.index_of(&self.balancing);
        config.delimiter.clone_from(&self.delimiter);
        config
            .import
            .data_access_set
            .clone_from(&self.data_access_set);
        Ok(config)
    }
}
