//! The general ledger: balances per ledger, combination, currency and period, from posted entries only.
//!
//! Debits and credits are kept apart and exact, in minor units. A ledger's own currency holds accounted amounts of everything; another
//! currency holds what was entered in it; `STAT` holds quantities and never mixes with money. Income and expense accounts start each
//! fiscal year at zero and their result stands in the retained-earnings combination of their company from the next year on; that roll is
//! computed when asked, so a late entry in an old year shows at once.

pub(crate) mod trial;

use std::collections::{BTreeMap, HashMap};

use super::setup::Setup;
use super::setup::load::zero_of;
use super::symbols::Symbol;

/// Debits and credits of one period, both non-negative, or negative for entries that were entered negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Turnover {
    pub debit: i128,
    pub credit: i128,
}

impl Turnover {
    /// Debit less credit.
    pub(crate) fn net(self) -> i128 {
        self.debit - self.credit
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    ledger: u16,
    combination: u32,
    currency: Symbol,
}

/// One entry to post.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub ledger: usize,
    pub period: usize,
    pub combination: u32,
    pub currency: Symbol,
    pub debit: i64,
    pub credit: i64,
}

/// All balances.
#[derive(Debug, Default)]
pub(crate) struct Books {
    accounts: HashMap<Key, Vec<(u16, Turnover)>>,
    /// Net result per (ledger, company, currency) and period, to roll into retained earnings.
    results: HashMap<(u16, String, Symbol), BTreeMap<u16, i128>>,
}

fn small(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

impl Books {
    /// Posts an entry. Negative `debit`/`credit` take back an earlier one.
    pub(crate) fn post(&mut self, setup: &Setup, entry: Entry) {
        let key = Key {
            ledger: small(entry.ledger),
            combination: entry.combination,
            currency: entry.currency,
        };
        let period = small(entry.period);
        let cells = self.accounts.entry(key).or_default();
        let at = match cells.binary_search_by_key(&period, |(p, _)| *p) {
            Ok(at) => at,
            Err(at) => {
                cells.insert(at, (period, Turnover::default()));
                at
            }
        };
        let (debit, credit) = (i128::from(entry.debit), i128::from(entry.credit));
        cells[at].1.debit += debit;
        cells[at].1.credit += credit;
        if setup.chart.class_of(entry.combination).is_result() {
            let company = setup.chart.company_of(entry.combination).to_owned();
            let results = self
                .results
                .entry((key.ledger, company, entry.currency))
                .or_default();
            *results.entry(period).or_default() += debit - credit;
        }
    }

    /// Turnover of a combination in one period.
    pub(crate) fn activity(
        &self,
        ledger: usize,
        combination: u32,
        currency: Symbol,
        period: usize,
    ) -> Turnover {
        let key = Key {
            ledger: small(ledger),
            combination,
            currency,
        };
        let cells = self
            .accounts
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let found = cells.binary_search_by_key(&small(period), |(p, _)| *p);
        found.map_or_else(|_| Turnover::default(), |at| cells[at].1)
    }

    /// Balance of a combination before the entries of `period`: cumulative, or since the start of the fiscal year for income and expense;
    /// retained earnings include the result of earlier fiscal years.
    pub(crate) fn opening(
        &self,
        setup: &Setup,
        ledger: usize,
        combination: u32,
        currency: Symbol,
        period: usize,
    ) -> i128 {
        let key = Key {
            ledger: small(ledger),
            combination,
            currency,
        };
        let periods = &setup.calendar.periods;
        let year = periods[period].year;
        let result = setup.chart.class_of(combination).is_result();
        let counts = |p: u16| !result || periods[usize::from(p)].year == year;
        let cells = self
            .accounts
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let before = cells.iter().take_while(|(p, _)| usize::from(*p) < period);
        let mut sum: i128 = before
            .filter(|(p, _)| counts(*p))
            .map(|(_, t)| t.net())
            .sum();
        if is_retained(setup, combination) {
            let company = setup.chart.company_of(combination).to_owned();
            sum += self.rolled(setup, &(key.ledger, company, currency), year);
        }
        sum
    }

    fn rolled(&self, setup: &Setup, key: &(u16, String, Symbol), year: i32) -> i128 {
        let results = self.results.get(key).into_iter().flatten();
        results
            .filter(|(p, _)| setup.calendar.periods[usize::from(**p)].year < year)
            .map(|(_, net)| *net)
            .sum()
    }

    /// True if the combination has entries up to `period`, or takes results of earlier fiscal years, in a ledger and currency.
    pub(crate) fn knows(
        &self,
        setup: &Setup,
        ledger: usize,
        combination: u32,
        currency: Symbol,
        period: usize,
    ) -> bool {
        let ledger = small(ledger);
        let cells = self.accounts.get(&Key {
            ledger,
            combination,
            currency,
        });
        if cells
            .and_then(|c| c.first())
            .is_some_and(|(p, _)| usize::from(*p) <= period)
        {
            return true;
        }
        if !is_retained(setup, combination) {
            return false;
        }
        let year = setup.calendar.periods[period].year;
        let company = setup.chart.company_of(combination).to_owned();
        let results = self
            .results
            .get(&(ledger, company, currency))
            .into_iter()
            .flatten();
        results
            .into_iter()
            .any(|(p, _)| setup.calendar.periods[usize::from(*p)].year < year)
    }
}

/// The text of the combination that takes the result of past years of a company.
pub(crate) fn retained_text(setup: &Setup, company: &str) -> String {
    let chart = &setup.chart;
    let part = |(at, segment): (usize, &super::setup::chart::Segment)| {
        if at == chart.company {
            company.to_owned()
        } else if at == chart.account {
            chart.retained.clone()
        } else {
            zero_of(&segment.name).to_owned()
        }
    };
    let parts: Vec<String> = chart.segments.iter().enumerate().map(part).collect();
    parts.join(&chart.delimiter.to_string())
}

/// True for the retained-earnings combination of its company.
pub(crate) fn is_retained(setup: &Setup, combination: u32) -> bool {
    let chart = &setup.chart;
    chart.code(combination, chart.account) == chart.retained
        && *chart.at(combination).text == *retained_text(setup, chart.company_of(combination))
}
