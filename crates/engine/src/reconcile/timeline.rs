//! Where a document falls among the snapshots.
//!
//! Snapshots are cumulative in calendar order, so an adjusting period adds to the regular one before it and to everything after.

use std::collections::BTreeMap;

use tieout_model::{AccountingDate, Period, Timestamp};

use crate::reconcile::Unreconcilable;
use crate::reconcile::evidence::Request;

/// The snapshots of a request, indexed. Index `count` means "after all of them".
pub(super) struct Timeline<'a> {
    periods: &'a [Period],
    reported: Vec<usize>,
    by_name: BTreeMap<&'a str, usize>,
    by_name_there: BTreeMap<&'a str, usize>,
}

impl<'a> Timeline<'a> {
    pub(super) fn new(request: &'a Request) -> Result<Self, Unreconcilable> {
        let periods = request.snapshots.as_slice();
        let order = |p: &Period| (p.fiscal_year, p.number);
        if !periods.is_sorted_by(|a, b| order(a) < order(b)) {
            return Err(Unreconcilable::SnapshotsOutOfOrder);
        }
        let named = |name: fn(&Period) -> &str| {
            let pairs = periods.iter().enumerate();
            pairs.map(|(i, p)| (name(p), i)).collect::<BTreeMap<_, _>>()
        };
        let by_name = named(|p| &p.name);
        let by_name_there = named(|p| &p.name_there);
        let mut reported = Vec::new();
        for name in &request.report {
            match by_name.get(name.as_str()) {
                Some(index) => reported.push(*index),
                None => return Err(Unreconcilable::ReportUnknown(name.clone())),
            }
        }
        reported.sort_unstable();
        reported.dedup();
        Ok(Self {
            periods,
            reported,
            by_name,
            by_name_there,
        })
    }

    /// Indexes of the snapshots to report, ascending.
    pub(super) fn reported(&self) -> &[usize] {
        &self.reported
    }

    /// Number of snapshots; as an index, "after all of them".
    pub(super) fn count(&self) -> usize {
        self.periods.len()
    }

    pub(super) fn period(&self, index: usize) -> Option<&'a Period> {
        self.periods.get(index)
    }

    pub(super) fn name(&self, index: usize) -> &'a str {
        self.period(index).map_or("", |p| p.name.as_str())
    }

    pub(super) fn year(&self, index: usize) -> i32 {
        self.period(index).map_or(i32::MAX, |p| p.fiscal_year)
    }

    /// Index by source name; `None` if it is unknown and the date does not lie after all snapshots.
    pub(super) fn of_source(&self, name: &str, date: AccountingDate) -> Option<usize> {
        let known = self.by_name.get(name).copied();
        known.or_else(|| self.after(date))
    }

    /// Index by the target's name, in the same sense.
    pub(super) fn of_target(&self, name: &str, date: AccountingDate) -> Option<usize> {
        let known = self.by_name_there.get(name).copied();
        known.or_else(|| self.after(date))
    }

    /// Index by source name alone.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    fn after(&self, date: AccountingDate) -> Option<usize> {
        let last = self.periods.iter().map(|p| p.end).max()?;
        (date > last).then_some(self.periods.len())
    }

    fn overlapped(&self, adjusting: &Period) -> Option<&'a Period> {
        let holds =
            |p: &&Period| !p.is_adjusting && p.start <= adjusting.start && adjusting.start <= p.end;
        self.periods.iter().find(holds)
    }

    /// `P12-2026`, or `P12-2026+ADJ`.
    pub(super) fn label(&self, index: usize) -> String {
        let Some(period) = self.period(index) else {
            return String::new();
        };
        match self.overlapped(period).filter(|_| period.is_adjusting) {
            Some(regular) => format!("{}+ADJ", regular.name),
            None => period.name.clone(),
        }
    }

    /// When the source closed the period.
    pub(super) fn closed_at(&self, request: &Request, index: usize) -> Option<Timestamp> {
        let period = self.period(index)?;
        let own = request.closed_at.get(&period.name);
        let regular = || {
            let overlapped = self.overlapped(period).filter(|_| period.is_adjusting)?;
            request.closed_at.get(&overlapped.name)
        };
        own.or_else(regular).copied()
    }
}
