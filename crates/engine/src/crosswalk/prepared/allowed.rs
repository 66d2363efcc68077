//! Whether the target accepts what the rules decided.

use tieout_model::{AccountingDate, Code, Combination};

use crate::crosswalk::hold::{HoldReason, Unmapped};
use crate::crosswalk::prepared::Prepared;
use crate::crosswalk::reference::{Forbidden, Reference};

impl Prepared {
    /// The value that takes the place of `value` in `segment`, if it is disabled by this version on `date` and one does.
    pub(crate) fn superseding(
        &self,
        segment: &str,
        value: &str,
        date: AccountingDate,
    ) -> Option<&str> {
        let mut mine = self.segments.iter();
        let row = mine.find(|own| own.name == segment)?.retired.get(value)?;
        if row.disabled_from > date {
            return None;
        }
        row.superseded_by.as_deref()
    }

    /// The gap if `value` may not be used in `segment` on `date`: disabled by this version, or not valid in the target.
    pub(crate) fn refused(
        &self,
        segment: &str,
        value: &str,
        date: AccountingDate,
        reference: &Reference,
    ) -> Option<Unmapped> {
        let mut mine = self.segments.iter();
        let own = mine.find(|own| own.name == segment);
        let row = own.and_then(|own| own.retired.get(value));
        if let Some(row) = row.filter(|row| row.disabled_from <= date) {
            let instead = row.superseded_by.as_deref().unwrap_or("nothing");
            let detail = format!(
                "disabled from {} by version {}, superseded by {instead}",
                row.disabled_from, self.name
            );
            let remedy = "a controller re-enables the value or approves the superseding one";
            let gap = Unmapped::new(HoldReason::RetiredValue, segment, value, detail, remedy);
            return Some(gap);
        }
        let values = reference.segment_values.get(segment)?;
        let Some(validity) = values.get(value) else {
            let detail = "the target's chart of accounts has no such segment value";
            let remedy = "the crosswalk owner corrects the rule, or the value is created in the target and added to the signed reference data";
            let gap = Unmapped::new(
                HoldReason::InvalidCombination,
                segment,
                value,
                detail,
                remedy,
            );
            return Some(gap);
        };
        if validity.covers(date) {
            return None;
        }
        let detail = format!("the target does not accept this segment value on {date}");
        let remedy = "a controller extends the value's dates in the target and in the signed reference data, or the crosswalk owner maps to another value";
        Some(Unmapped::new(
            HoldReason::RetiredValue,
            segment,
            value,
            detail,
            remedy,
        ))
    }

    /// The gaps of a whole combination on `date`: values that may not be used, and what the target refuses.
    pub(crate) fn refusals<'g>(
        &'g self,
        combination: &'g Combination,
        date: AccountingDate,
        reference: &'g Reference,
    ) -> impl Iterator<Item = Unmapped> + 'g {
        let values = self.segments.iter().zip(&combination.segments);
        values
            .filter(|(segment, _)| segment.is_limited)
            .filter_map(move |(segment, value)| {
                self.refused(&segment.name, value.as_str(), date, reference)
            })
            .chain(self.forbidden(combination, reference))
    }

    /// The gap if the target refuses the combination as a whole.
    fn forbidden(&self, combination: &Combination, reference: &Reference) -> Option<Unmapped> {
        let value_of = |segment: &str| {
            let at = self.segments.iter().position(|own| own.name == segment)?;
            combination.segments.get(at).map(Code::as_str)
        };
        let applies = |rule: &&Forbidden| {
            let mut when = rule.when.iter();
            when.all(|(segment, test)| value_of(segment).is_some_and(|value| test.holds(value)))
        };
        let rule = reference.forbidden.iter().find(applies)?;
        Some(Unmapped::new(
            HoldReason::InvalidCombination,
            "combination",
            combination.joined("-"),
            format!("the target's cross-validation rule {} refuses it", rule.id),
            "the bookkeeper corrects the coding in the source system, or the crosswalk owner changes the rules in a new signed version",
        ))
    }
}
