//! Sage Intacct in the configuration: where it is, who logs in, and the tenant's choices.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tieout_intacct::{DimensionField, IntacctConfig, UserZone};
use tieout_model::{PostingKind, SystemId};

use crate::config::secret::{SecretRef, Vault};
use crate::problem::Problem;

/// `[intacct]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntacctSection {
    /// Address of the XML gateway.
    pub(crate) endpoint: String,
    /// Company id.
    pub(crate) company_id: String,
    /// Web-services sender.
    pub(crate) sender_id: String,
    /// Reference to the sender's password.
    pub(crate) sender_password: SecretRef,
    /// Web-services user.
    pub(crate) user_id: String,
    /// Reference to the user's password.
    pub(crate) user_password: SecretRef,
    /// Calls in flight at a time, over all workers on the database; the vendor counts per company.
    #[serde(default = "one")]
    pub(crate) in_flight_max: usize,
    /// Calls per minute, over all workers on the database; 0 for no limit.
    #[serde(default)]
    pub(crate) calls_per_minute_max: u32,
    /// Rows asked for in one call.
    #[serde(default = "two_thousand")]
    pub(crate) page_size: u32,
    /// Longest wait for one answer.
    #[serde(default = "fifteen_minutes")]
    pub(crate) timeout_ms: u64,
    /// How far a reading stays behind the clock of the source, so that rows that become visible late are not passed over.
    #[serde(default = "two_seconds")]
    pub(crate) settle_ms: u64,
    /// Journal symbol -> whose postings stand in it: journal, supplier_invoice, supplier_credit or other.
    #[serde(default)]
    pub(crate) journals: BTreeMap<String, String>,
    /// Journals that hold quantities.
    #[serde(default)]
    pub(crate) statistical_journals: Vec<String>,
    /// Journals that hold opening balances.
    #[serde(default)]
    pub(crate) opening_journals: Vec<String>,
    /// Custom dimension -> its field.
    #[serde(default)]
    pub(crate) custom_dimensions: BTreeMap<String, String>,
    /// The field of the affiliate entity, if the company has one.
    #[serde(default)]
    pub(crate) affiliate_field: Option<String>,
    /// Books whose adjusting entries make up an adjusting period.
    #[serde(default)]
    pub(crate) adjusting_books: Vec<String>,
    /// Offset of the web-services user's time zone in minutes; left out, it is discovered.
    #[serde(default)]
    pub(crate) utc_offset_minutes: Option<i32>,
}

fn one() -> usize {
    1
}
fn two_thousand() -> u32 {
    2_000
}
fn fifteen_minutes() -> u64 {
    900_000
}
fn two_seconds() -> u64 {
    2_000
}

fn posting_kind(word: &str) -> Option<PostingKind> {
    [
        PostingKind::Journal,
        PostingKind::SupplierInvoice,
        PostingKind::SupplierCredit,
        PostingKind::Other,
    ]
    .into_iter()
    .find(|kind| kind.word() == word)
}

impl IntacctSection {
    /// Every problem of this section.
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (symbol, word) in &self.journals {
            if posting_kind(word).is_none() {
                let what = format!("[intacct.journals] {symbol} = {word:?} is unknown");
                let hint = "one of journal, supplier_invoice, supplier_credit, other";
                problems.push(Problem::new("P0007", what).hint(hint));
            }
        }
        problems.extend(super::address(
            "[intacct] endpoint",
            &self.endpoint,
            "P0007",
        ));
        if self.page_size == 0 || self.page_size > 2_000 {
            let what = format!("[intacct] page_size = {} is out of range", self.page_size);
            problems.push(Problem::new("P0007", what).hint("1 to 2000"));
        }
        problems
    }

    /// The client's configuration, with secrets fetched.
    pub(crate) fn to_client(&self, vault: &Vault<'_>) -> Result<IntacctConfig, Problem> {
        let system = SystemId::new("intacct");
        let mut config = IntacctConfig::new(system, &self.endpoint, &self.company_id);
        config.sender_id.clone_from(&self.sender_id);
        config.sender_password = vault.fetch(&self.sender_password)?;
        config.user_id.clone_from(&self.user_id);
        config.user_password = vault.fetch(&self.user_password)?;
        config.credential_name = format!("{}@{}", self.user_id, self.company_id);
        config.bounds.page_size = self.page_size;
        config.bounds.in_flight_max = self.in_flight_max;
        config.capture.settle_ms = self.settle_ms;
        if !self.journals.is_empty() {
            let kinds = self
                .journals
                .iter()
                .filter_map(|(symbol, word)| posting_kind(word).map(|kind| (symbol.clone(), kind)));
            config.journals = kinds.collect();
        }
        let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        if !self.statistical_journals.is_empty() {
            config.statistical_journals = set(&self.statistical_journals);
        }
        if !self.opening_journals.is_empty() {
            config.opening_journals = set(&self.opening_journals);
        }
        for (dimension, field) in &self.custom_dimensions {
            let field = DimensionField {
                entry: field.clone(),
                item: field.clone(),
            };
            config.dimensions.insert(dimension.clone(), field);
        }
        config.affiliate_field.clone_from(&self.affiliate_field);
        if !self.adjusting_books.is_empty() {
            config
                .balances
                .adjusting_books
                .clone_from(&self.adjusting_books);
        }
        if let Some(offset_minutes) = self.utc_offset_minutes {
            config.zone = UserZone::Fixed { offset_minutes };
        }
        Ok(config)
    }
}
