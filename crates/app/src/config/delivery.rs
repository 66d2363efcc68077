//! Figures of delivery.

use serde::{Deserialize, Serialize};
use tieout_engine::DeliveryPolicy;

/// `[delivery]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DeliverySection {
    /// How long a worker may hold a delivery while it sends it.
    pub(crate) lease_ms: i64,
    /// First wait after a fault; it doubles each time.
    pub(crate) backoff_first_ms: i64,
    /// Longest wait after a fault.
    pub(crate) backoff_max_ms: i64,
    /// Attempts before a person must look.
    pub(crate) attempts_max: u32,
    /// Longest wait between two questions about a job of the target.
    pub(crate) poll_max_ms: i64,
    /// Wait between two look-ups of a delivery whose outcome is unknown.
    pub(crate) probe_spacing_ms: i64,
    /// Look-ups that must find nothing before it is sent again.
    pub(crate) absences_needed: u32,
    /// The same for journal entries, which the target would take twice; the wait doubles after each.
    pub(crate) absences_needed_unguarded: u32,
}

impl Default for DeliverySection {
    fn default() -> Self {
        let policy = DeliveryPolicy::default();
        Self {
            lease_ms: policy.lease_ms,
            backoff_first_ms: policy.backoff_first_ms,
            backoff_max_ms: policy.backoff_max_ms,
            attempts_max: policy.attempts_max,
            poll_max_ms: policy.poll_max_ms,
            probe_spacing_ms: policy.probe_spacing_ms,
            absences_needed: policy.absences_needed,
            absences_needed_unguarded: policy.absences_needed_unguarded,
        }
    }
}

impl DeliverySection {
    /// The policy.
    pub(crate) fn policy(&self) -> DeliveryPolicy {
        DeliveryPolicy {
            lease_ms: self.lease_ms,
            backoff_first_ms: self.backoff_first_ms,
            backoff_max_ms: self.backoff_max_ms,
            attempts_max: self.attempts_max,
            poll_max_ms: self.poll_max_ms,
            probe_spacing_ms: self.probe_spacing_ms,
            absences_needed: self.absences_needed.max(1),
            absences_needed_unguarded: self.absences_needed_unguarded.max(1),
            ..DeliveryPolicy::default()
        }
    }
}
