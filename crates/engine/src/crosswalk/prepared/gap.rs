//! The words for what a version leaves open.

use crate::crosswalk::hold::{HoldReason, Unmapped};
use crate::crosswalk::prepared::{LineView, Prepared, PreparedRule, PreparedSegment};

impl Prepared {
    pub(super) fn filled<'l>(
        &self,
        cell: Option<&'l String>,
        segment: &PreparedSegment,
        rule: &PreparedRule,
        role: &str,
        id: &str,
        column: &str,
    ) -> Result<&'l String, Option<Unmapped>> {
        cell.filter(|cell| !cell.is_empty()).ok_or_else(|| {
            let detail = format!(
                "rule {} of version {} takes segment {} from {column}, which is blank for that entity",
                rule.name.rule, self.name, segment.name
            );
            let remedy = format!("fill {column} of entity {id} in the reference data and have it signed");
            Some(Unmapped::new(HoldReason::UnmappedValue, role, id, detail, remedy))
        })
    }

    pub(super) fn no_rule(&self, segment: &PreparedSegment, line: &LineView<'_>) -> Unmapped {
        Unmapped::new(
            HoldReason::UnmappedValue,
            segment.name.as_str(),
            "",
            format!(
                "no rule of version {} decides segment {} for account {}",
                self.name, segment.name, line.coding.account
            ),
            "the crosswalk owner adds a rule in a new signed version, or the source document is corrected",
        )
    }

    pub(super) fn ambiguous(
        &self,
        segment: &PreparedSegment,
        line: &LineView<'_>,
        rule: &PreparedRule,
        rival: &PreparedRule,
    ) -> Unmapped {
        Unmapped::new(
            HoldReason::AmbiguousRule,
            segment.name.as_str(),
            line.coding.account.as_str(),
            format!(
                "rules {} and {} of version {} have the same priority and both apply",
                rule.name.rule, rival.name.rule, self.name
            ),
            "the crosswalk owner gives the rules different priorities in a new signed version",
        )
    }

    pub(super) fn no_row(
        &self,
        segment: &PreparedSegment,
        rule: &PreparedRule,
        slot: usize,
        key: &str,
    ) -> Unmapped {
        let table = self.slots.get(slot).map(|slot| slot.attribute.to_string());
        let table = table.unwrap_or_default();
        let detail = format!(
            "table {table} of version {} has no row for it (rule {}, segment {})",
            self.name, rule.name.rule, segment.name
        );
        let remedy = format!(
            "the crosswalk owner adds the row to table {table} in a new signed version, or the source document is corrected"
        );
        Unmapped::new(HoldReason::UnmappedValue, table, key, detail, remedy)
    }

    pub(super) fn no_affiliate(
        &self,
        segment: &PreparedSegment,
        line: &LineView<'_>,
        rule: &PreparedRule,
    ) -> Unmapped {
        let detail = format!(
            "rule {} of version {} takes segment {} from the other entity, and the line on account {} names none",
            rule.name.rule, self.name, segment.name, line.coding.account
        );
        let remedy = "the bookkeeper enters the other entity on the line in the source system";
        Unmapped::new(
            HoldReason::MissingAffiliate,
            "affiliate",
            "",
            detail,
            remedy,
        )
    }
}
