//! Fiscal periods. Periods are matched by date range, never by name or number (domain dossier 8.3).

use crate::identifier::AccountingDate;

/// A period's name in the system of record, `P12-2026`.
pub type PeriodName = String;

/// One fiscal period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its name in the system of record.
    pub name: PeriodName,
    /// Its name in the ledger system on the other side.
    pub name_there: String,
    /// The fiscal year it belongs to.
    pub fiscal_year: i32,
    /// Its number inside the year; orders periods of one year.
    pub number: i32,
    /// First day.
    pub start: AccountingDate,
    /// Last day, inclusive.
    pub end: AccountingDate,
    /// True for an adjusting period, which overlaps the last day of a regular one.
    pub is_adjusting: bool,
}

/// All periods of a company, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    periods: Vec<Period>,
}

impl Calendar {
    /// Sorts the periods by year and number.
    pub fn new(mut periods: Vec<Period>) -> Self {
        periods.sort_by_key(|p| (p.fiscal_year, p.number));
        Self { periods }
    }

    /// All periods, in order.
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// The period of a date: the adjusting one only if asked for.
    pub fn period_of(&self, date: AccountingDate, is_adjusting: bool) -> Option<&Period> {
        self.periods
            .iter()
            .find(|p| p.is_adjusting == is_adjusting && p.start <= date && date <= p.end)
    }

    /// A period by its name on either side.
    pub fn named(&self, name: &str) -> Option<&Period> {
        self.periods
            .iter()
            .find(|p| p.name == name || p.name_there == name)
    }
}
