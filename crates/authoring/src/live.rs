//! What is known of the values of both systems, for lists to choose from, marks and suggestions. All of it may be missing.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::{Reference, Validity, WhenBlank};

/// A value of a dimension or of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveValue {
    /// Its name; empty if not known.
    pub name: String,
    /// When the target takes it; always for a value of a dimension.
    pub validity: Validity,
}

/// Values that exist in both systems.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveValues {
    /// Values of the system of record: by attribute (`account` or a dimension) and id.
    pub source: BTreeMap<String, BTreeMap<String, LiveValue>>,
    /// Values of the target: by segment and value.
    pub target: BTreeMap<String, BTreeMap<String, LiveValue>>,
    /// Every dimension lines may carry, and what blank means.
    pub dimensions: BTreeMap<String, WhenBlank>,
    /// Amount at stake by attribute and id, in words with its currency. Never calculated with here.
    pub at_stake: BTreeMap<(String, String), String>,
}

impl LiveValues {
    /// Adds what the reference data knows: dimensions, ids of accounts and segment values. Names that are known stay.
    pub fn add_reference(&mut self, reference: &Reference) {
        let dimensions = reference.dimensions.iter();
        self.dimensions
            .extend(dimensions.map(|(name, blank)| (name.clone(), blank.clone())));
        let accounts = self.source.entry("account".to_owned()).or_default();
        for code in reference.accounts.keys() {
            accounts.entry(code.clone()).or_default();
        }
        for (segment, values) in &reference.segment_values {
            let known = self.target.entry(segment.clone()).or_default();
            for (value, validity) in values {
                known.entry(value.clone()).or_default().validity = *validity;
            }
        }
    }
}
