//! The set-up of the tenant: ledgers, business units, chart of accounts, calendar, suppliers, rates, journal sources and categories.
//!
//! Everything comes from the company folder by the rules of `docs/company-setup.md`. Ids are made from the row's position, fifteen digits
//! beginning with 300000 (fusion.md §15), so that the same folder always gives the same ids.

pub(crate) mod chart;
pub(crate) mod load;
pub(crate) mod periods;
pub(crate) mod suppliers;
pub(crate) mod validation;

use chart::Chart;
use periods::Calendar;
use suppliers::Suppliers;

use crate::fusion::calendar::Day;

/// First id of each kind of set-up record.
pub(crate) const LEDGER_IDS: i64 = 300_000_010_000_000;
pub(crate) const ACCESS_SET_IDS: i64 = 300_000_013_000_000;
pub(crate) const SOURCE_IDS: i64 = 300_000_014_000_000;
pub(crate) const CATEGORY_IDS: i64 = 300_000_015_000_000;
pub(crate) const CHART_ID: i64 = 300_000_016_000_001;
pub(crate) const COMBINATION_IDS: i64 = 300_000_020_000_000;
pub(crate) const VALUE_IDS: i64 = 300_000_030_000_000;
pub(crate) const TERM_IDS: i64 = 300_000_017_000_000;

/// A ledger: a currency, a chart, a calendar.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// `LedgerId`.
    pub id: i64,
    /// `Name`.
    pub name: String,
    /// Ledger currency.
    pub currency: String,
    /// Decimals of the ledger currency.
    pub decimals: u32,
    /// Balancing segment values of the ledger.
    pub companies: Vec<String>,
}

/// A legal entity with its balancing segment value.
#[derive(Debug)]
pub(crate) struct Entity {
    /// The company's own id for it (not visible by REST).
    pub entity_id: String,
    /// Legal entity name; empty for an eliminations shell.
    pub legal_entity: String,
    /// Position of its ledger.
    pub ledger: usize,
    /// Balancing segment value.
    pub company: String,
}

/// A business unit.
#[derive(Debug)]
pub(crate) struct Unit {
    /// `BusinessUnitName`.
    pub name: String,
    /// Position of its ledger.
    pub ledger: usize,
    /// Position of its default legal entity.
    pub entity: usize,
}

/// A payment term (fusion.md §8.4 [S]).
#[derive(Debug)]
pub(crate) struct Term {
    /// `name`.
    pub name: String,
    /// Days until due.
    pub days: i32,
}

/// A conversion rate of one day: amount in `from` x `rate` = amount in `to`.
#[derive(Debug)]
pub(crate) struct Rate {
    /// `FromCurrency`.
    pub from: String,
    /// `ToCurrency`.
    pub to: String,
    /// `UserConversionType`.
    pub kind: String,
    /// `ConversionDate`.
    pub date: Day,
    /// Decimal text as printed in the folder.
    pub rate: String,
}

/// A data access set: the ledgers a process may touch.
#[derive(Debug)]
pub(crate) struct AccessSet {
    /// `AccessSetId`.
    pub id: i64,
    /// `Name`.
    pub name: String,
    /// Positions of its ledgers.
    pub ledgers: Vec<usize>,
}

/// The whole set-up.
#[derive(Debug)]
pub(crate) struct Setup {
    pub ledgers: Vec<Ledger>,
    pub entities: Vec<Entity>,
    pub units: Vec<Unit>,
    pub access_sets: Vec<AccessSet>,
    pub chart: Chart,
    pub calendar: Calendar,
    pub suppliers: Suppliers,
    pub terms: Vec<Term>,
    pub rates: Vec<Rate>,
    /// Journal source names; the first is ours and is posted by AutoPost.
    pub sources: Vec<String>,
    /// Journal category names.
    pub categories: Vec<String>,
    /// Instant of the newest document of the folder, in ms; 0 if there is none.
    pub newest_ms: i64,
}

/// An id made from a base and a position.
pub(crate) fn id(base: i64, position: usize) -> i64 {
    base.saturating_add(i64::try_from(position).unwrap_or(0))
        .saturating_add(1)
}

/// The position behind an id made by [`id`].
pub(crate) fn position(base: i64, id: i64, len: usize) -> Option<usize> {
    let at = usize::try_from(id.checked_sub(base)?.checked_sub(1)?).ok()?;
    (at < len).then_some(at)
}

impl Setup {
    /// A ledger by name, case-sensitive.
    pub(crate) fn ledger_named(&self, name: &str) -> Option<usize> {
        self.ledgers.iter().position(|l| l.name == name)
    }

    /// A ledger by id or name.
    pub(crate) fn ledger_ref(&self, text: &str) -> Option<usize> {
        let by_id = text
            .parse::<i64>()
            .ok()
            .and_then(|n| self.ledgers.iter().position(|l| l.id == n));
        by_id.or_else(|| self.ledger_named(text))
    }

    /// A data access set by id or name.
    pub(crate) fn access_set_ref(&self, text: &str) -> Option<usize> {
        let number = text.parse::<i64>().ok();
        self.access_sets
            .iter()
            .position(|s| Some(s.id) == number || s.name == text)
    }

    /// The own id of the entity that owns a balancing segment value in a ledger.
    pub(crate) fn entity_of(&self, ledger: usize, company: &str) -> &str {
        let found = self
            .entities
            .iter()
            .find(|e| e.ledger == ledger && e.company == company);
        found.map_or("", |e| e.entity_id.as_str())
    }

    /// The rate of a day, exactly as printed.
    pub(crate) fn rate(&self, from: &str, to: &str, kind: &str, date: Day) -> Option<&str> {
        let hit = |r: &&Rate| r.date == date && r.from == from && r.to == to && r.kind == kind;
        self.rates.iter().find(hit).map(|r| r.rate.as_str())
    }
}
