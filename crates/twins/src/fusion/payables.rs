//! Payables invoices: storage made for some seven hundred thousand of them, and their look-ups.
//!
//! Invoices are never moved; a deleted one stays as a marked record. Look-ups by number, stamp, day and change time go through indexes.

pub(crate) mod accounting;
pub(crate) mod create;
pub(crate) mod index;

use index::{Chain, fold_hash};
use std::collections::{BTreeMap, BTreeSet};

use super::calendar::Day;
use super::symbols::Symbol;

/// First `InvoiceId`.
pub(crate) const INVOICE_IDS: i64 = 300_000_100_000_000;

/// Kind of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Standard,
    CreditMemo,
}

impl Kind {
    /// `InvoiceType`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::CreditMemo => "Credit memo",
        }
    }
}

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Entered; validation has not run.
    NotValidated,
    /// Validation found something.
    NeedsRevalidation,
    /// Valid, not yet in the ledger.
    Validated,
    /// Valid and in the ledger.
    Accounted,
    /// Cancelled; its accounting is reversed.
    Canceled,
    /// Gone.
    Deleted,
}

impl State {
    /// `ValidationStatus` (fusion.md §6.1 [S] values).
    pub(crate) fn validation(self) -> &'static str {
        match self {
            Self::NotValidated | Self::Deleted => "Not validated",
            Self::NeedsRevalidation => "Needs revalidation",
            Self::Validated | Self::Accounted => "Validated",
            Self::Canceled => "Canceled",
        }
    }
}

/// An invoice line. `base` is in the ledger currency.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub number: u32,
    pub amount: i64,
    pub base: i64,
    pub combination: u32,
    pub day: Day,
    pub kind: Symbol,
    pub description: Symbol,
    pub context: Symbol,
    /// Flexfield `attribute1`..`attribute4`.
    pub attributes: [Symbol; 4],
    /// Distributions the caller gave; without, the line has the one its combination makes.
    pub splits: Box<[Split]>,
}

/// A distribution of a line that its caller split; `base` is in the ledger currency.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    pub amount: i64,
    pub base: i64,
    pub combination: u32,
}

impl Line {
    /// The distributions of the line, one at least.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Split> + '_ {
        let own = Split {
            amount: self.amount,
            base: self.base,
            combination: self.combination,
        };
        let alone = self.splits.is_empty().then_some(own);
        self.splits.iter().copied().chain(alone)
    }
}

/// An invoice.
#[derive(Debug, Clone)]
pub(crate) struct Invoice {
    pub number: Box<str>,
    pub kind: Kind,
    pub state: State,
    pub supplier: u32,
    pub unit: u16,
    pub site: Symbol,
    pub currency: Symbol,
    pub decimals: u8,
    pub amount: i64,
    pub base: i64,
    pub date: Day,
    pub day: Day,
    pub terms_date: Day,
    pub term: u16,
    pub due: Day,
    pub liability: u32,
    pub rate_type: Symbol,
    pub rate: Symbol,
    pub rate_date: Option<Day>,
    pub source: Symbol,
    pub description: Symbol,
    pub context: Symbol,
    /// `sourceStamp`.
    pub stamp: Box<str>,
    /// `sourceDocument`.
    pub document: Box<str>,
    /// `crosswalkVersion`.
    pub version: Symbol,
    pub cancel_day: Option<Day>,
    pub created_ms: i64,
    pub updated_ms: i64,
    pub lines: Box<[Line]>,
    /// Attributes only stored and shown again (`PayGroup`, `RemittanceMessageOne`, …).
    pub extras: Vec<(&'static str, Symbol)>,
    /// What is in the books now: (period, combination, debit, credit, foreign debit, foreign credit).
    pub booked: Booked,
}

/// How an invoice stands in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Booked {
    /// Not at all.
    No,
    /// As its lines say.
    Once,
    /// As its lines say and taken back on the cancel day.
    Reversed,
}

/// All invoices and their indexes.
#[derive(Debug, Default)]
pub(crate) struct Invoices {
    pub list: Vec<Invoice>,
    numbers: Chain,
    stamps: Chain,
    days: BTreeMap<Day, Vec<u32>>,
    changes: BTreeSet<(i64, u32)>,
}

impl Invoices {
    /// Adds an invoice and gives its position.
    pub(crate) fn add(&mut self, invoice: Invoice) -> u32 {
        let at = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.numbers.push(fold_hash(&invoice.number));
        self.stamps.push(fold_hash(&invoice.stamp));
        self.days.entry(invoice.day).or_default().push(at);
        self.changes.insert((invoice.updated_ms, at));
        self.list.push(invoice);
        at
    }

    /// An invoice by position.
    pub(crate) fn at(&self, at: u32) -> &Invoice {
        &self.list[usize::try_from(at).unwrap_or(usize::MAX)]
    }

    /// An invoice by position, to change it. Change `day` and `updated_ms` only through [`Self::touch`] and [`Self::move_day`].
    pub(crate) fn at_mut(&mut self, at: u32) -> &mut Invoice {
        &mut self.list[usize::try_from(at).unwrap_or(usize::MAX)]
    }

    /// Live invoices whose number equals `number`, ignoring case.
    pub(crate) fn numbered(&self, number: &str) -> Vec<u32> {
        let hits = self.numbers.find(fold_hash(number));
        hits.filter(|at| self.is_live(*at) && self.at(*at).number.eq_ignore_ascii_case(number))
            .collect()
    }

    /// Live invoices with this stamp.
    pub(crate) fn stamped(&self, stamp: &str) -> Vec<u32> {
        let hits = self.stamps.find(fold_hash(stamp));
        hits.filter(|at| self.is_live(*at) && *self.at(*at).stamp == *stamp)
            .collect()
    }

    /// True unless deleted.
    pub(crate) fn is_live(&self, at: u32) -> bool {
        self.at(at).state != State::Deleted
    }

    /// Positions by accounting day, both ends included.
    pub(crate) fn between_days(&self, from: Day, to: Day) -> Vec<u32> {
        if from > to {
            return Vec::new();
        }
        self.days
            .range(from..=to)
            .flat_map(|(_, list)| list.iter().copied())
            .collect()
    }

    /// Positions by change time, both ends included.
    pub(crate) fn changed_between(&self, from: i64, to: i64) -> Vec<u32> {
        if from > to {
            return Vec::new();
        }
        self.changes
            .range((from, 0)..=(to, u32::MAX))
            .map(|(_, at)| *at)
            .collect()
    }

    /// Marks a change at `now`.
    pub(crate) fn touch(&mut self, at: u32, now: i64) {
        let before = self.at(at).updated_ms;
        self.changes.remove(&(before, at));
        self.changes.insert((now, at));
        self.at_mut(at).updated_ms = now;
    }

    /// Gives an invoice another accounting day, its lines too.
    pub(crate) fn move_day(&mut self, at: u32, day: Day) {
        let before = self.at(at).day;
        if let Some(list) = self.days.get_mut(&before) {
            list.retain(|other| *other != at);
        }
        self.days.entry(day).or_default().push(at);
        let invoice = self.at_mut(at);
        invoice.day = day;
        for line in &mut invoice.lines {
            line.day = day;
        }
    }
}

/// The base amount of a line that gives none: amount x rate rounded half away from zero, or the amount itself in ledger currency.
pub(crate) fn base_of(amount: i64, decimals: u32, rate: &str, ledger_decimals: u32) -> Option<i64> {
    if rate.is_empty() {
        return Some(amount);
    }
    super::amount::convert(amount, decimals, rate, ledger_decimals).ok()
}
