//! What a version leaves open, with what is at stake: the same gap of many documents is one entry.

use std::collections::BTreeMap;

use tieout_model::{Amount, AmountFault, Currency};

use crate::crosswalk::hold::{HoldReason, Unmapped};

/// How many documents an entry names.
const EXAMPLES_MAX: usize = 3;

/// A gap without its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GapKey {
    /// The reason.
    pub reason: HoldReason,
    /// Which dimension, segment or part of the document.
    pub dimension: String,
    /// Its value; empty if blank.
    pub value: String,
    /// What is wrong.
    pub detail: String,
    /// Who must change what.
    pub remedy: String,
}

/// What would be held by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GapUse {
    /// Documents.
    pub documents: u64,
    /// Lines.
    pub lines: u64,
    /// Sum of the absolute functional amounts of these lines, by currency.
    pub amounts: BTreeMap<Currency, Amount>,
    /// The first few documents, by number.
    pub examples: Vec<String>,
    last: String,
}

/// All gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gaps(BTreeMap<GapKey, GapUse>);

impl Gaps {
    /// Notes the gaps of one line of a document.
    ///
    /// # Errors
    /// [`AmountFault`] if a sum leaves the range of 38 digits.
    pub fn note(
        &mut self,
        document: &str,
        found: &[Unmapped],
        currency: Currency,
        amount: Amount,
    ) -> Result<(), AmountFault> {
        for gap in found {
            let key = GapKey {
                reason: gap.reason,
                dimension: gap.dimension.clone(),
                value: gap.value.clone(),
                detail: gap.detail.clone(),
                remedy: gap.remedy.clone(),
            };
            let used = self.0.entry(key).or_default();
            used.lines = used.lines.saturating_add(1);
            let sum = used.amounts.entry(currency).or_default();
            *sum = sum.plus(amount.abs())?;
            if used.documents == 0 || used.last != document {
                used.documents = used.documents.saturating_add(1);
                document.clone_into(&mut used.last);
                if used.examples.len() < EXAMPLES_MAX {
                    used.examples.push(document.to_owned());
                }
            }
        }
        Ok(())
    }

    /// Every gap in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&GapKey, &GapUse)> {
        self.0.iter()
    }

    /// True if nothing would be held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
