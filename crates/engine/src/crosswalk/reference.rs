//! The signed reference data beside the versions: entities, accounts, parties, periods, dimensions.
//!
//! Rules speak about these, so they are signed like the rules. Which columns an entity has is data; no column name is known here.

mod form;

use std::collections::BTreeMap;

use tieout_model::{AccountClass, AccountingDate, Calendar, Currency};

use crate::crosswalk::file::Test;
use crate::crosswalk::place::normalised;

/// What a dimension that is left blank means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhenBlank {
    /// Every line must carry it; blank holds the document.
    Required,
    /// This value.
    Default(String),
    /// Nothing: rules and tables see `""`.
    Empty,
}

impl WhenBlank {
    /// Reads a cell of a dimension table: `(reject)` requires a value; blank or any other word in parentheses, such as `(0000)`, leaves the
    /// decision to the rules; anything else is the default.
    pub fn from_cell(cell: &str) -> Self {
        let cell = normalised(cell);
        match cell.as_ref() {
            "(reject)" => Self::Required,
            "" => Self::Empty,
            note if note.starts_with('(') && note.ends_with(')') => Self::Empty,
            value => Self::Default(value.to_owned()),
        }
    }
}

/// One entity and its place in the ledger system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityRow {
    /// Functional currency, which is also the currency of its ledger.
    pub currency: Currency,
    /// Ledger name.
    pub ledger: String,
    /// Legal entity name; may be blank for an entity that holds no documents.
    pub legal_entity: String,
    /// Business unit name; may be blank for an entity that holds no documents.
    pub business_unit: String,
    /// Primary balancing segment value.
    pub balancing_segment: String,
    /// Every column of its row by name, for rules that say `entity.<column>`.
    pub columns: BTreeMap<String, String>,
}

/// How the columns of an entity table are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityColumns {
    /// Column of the id.
    pub id: String,
    /// Column of the functional currency.
    pub currency: String,
    /// Column of the ledger.
    pub ledger: String,
    /// Column of the legal entity.
    pub legal_entity: String,
    /// Column of the business unit.
    pub business_unit: String,
    /// Column of the balancing segment.
    pub balancing_segment: String,
}

/// When a segment value may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    /// First accounting date; unlimited if absent.
    pub from: Option<AccountingDate>,
    /// Last accounting date, inclusive; unlimited if absent.
    pub to: Option<AccountingDate>,
}

impl Validity {
    /// True if the value may be used on `date`.
    pub fn covers(&self, date: AccountingDate) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }
}

/// A combination of segments the target refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// Its name in the target's cross-validation rules.
    pub id: String,
    /// Segment and test; the combination is refused if all hold.
    pub when: Vec<(String, Test)>,
}

/// The reference data of one company.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// Entities by id.
    pub entities: BTreeMap<String, EntityRow>,
    /// Class per account of the system of record.
    pub accounts: BTreeMap<String, AccountClass>,
    /// Class per natural account of the other side; reconciliation needs it to close years.
    pub target_accounts: BTreeMap<String, AccountClass>,
    /// The party's number on the other side by its code here.
    pub parties: BTreeMap<String, String>,
    /// Periods of both sides.
    pub calendar: Calendar,
    /// Every dimension lines may carry, and what blank means. A dimension not listed here holds the document: nothing is dropped in silence.
    pub dimensions: BTreeMap<String, WhenBlank>,
    /// Values that exist, per segment. A segment not listed is not checked.
    pub segment_values: BTreeMap<String, BTreeMap<String, Validity>>,
    /// Combinations the target refuses.
    pub forbidden: Vec<Forbidden>,
    /// Parent by value, per dimension that has a hierarchy; rules that say `+inherit` go up along it.
    pub hierarchies: BTreeMap<String, BTreeMap<String, String>>,
}

/// What is wrong with a row of reference data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceFault {
    /// A row lacks a column or leaves it blank.
    #[error("entity row {row}: column {column:?} is missing or blank")]
    Blank {
        /// Row number from 1.
        row: usize,
        /// The column.
        column: String,
    },
    /// A cell can't be read.
    #[error("entity row {row}: {what}")]
    Cell {
        /// Row number from 1.
        row: usize,
        /// What is wrong.
        what: String,
    },
    /// The data contradicts itself.
    #[error("{0}")]
    Contradiction(String),
}

impl Reference {
    /// Takes the rows of an entity table, each a map from column name to cell. Cells are normalised (NFC, trimmed).
    ///
    /// # Errors
    /// [`ReferenceFault`] with the row: a blank or missing id, currency, ledger or balancing segment; an id twice.
    pub fn add_entities(
        &mut self,
        rows: &[BTreeMap<String, String>],
        columns: &EntityColumns,
    ) -> Result<(), ReferenceFault> {
        for (i, cells) in rows.iter().enumerate() {
            let row = i.saturating_add(1);
            let clean = |(name, cell): (&String, &String)| {
                let name = normalised(name).into_owned();
                (name, normalised(cell).into_owned())
            };
            let cells: BTreeMap<String, String> = cells.iter().map(clean).collect();
            let get = |column: &String| {
                let cell = cells.get(column).cloned();
                cell.ok_or_else(|| ReferenceFault::Blank {
                    row,
                    column: column.clone(),
                })
            };
            let filled = |column: &String| match get(column)? {
                cell if cell.is_empty() => Err(ReferenceFault::Blank {
                    row,
                    column: column.clone(),
                }),
                cell => Ok(cell),
            };
            let id = filled(&columns.id)?;
            let currency = filled(&columns.currency)?.parse();
            let entity = EntityRow {
                currency: currency.map_err(|fault| ReferenceFault::Cell {
                    row,
                    what: format!("{fault}"),
                })?,
                ledger: filled(&columns.ledger)?,
                legal_entity: get(&columns.legal_entity)?,
                business_unit: get(&columns.business_unit)?,
                balancing_segment: filled(&columns.balancing_segment)?,
                columns: cells.clone(),
            };
            if self.entities.insert(id.clone(), entity).is_some() {
                let what = format!("entity {id} stands twice");
                return Err(ReferenceFault::Cell { row, what });
            }
        }
        Ok(())
    }

    /// Every contradiction inside the data: entities of one ledger with different currencies, two entities with one balancing segment of
    /// one ledger (domain dossier 2.3), a period that ends before it starts, two regular periods on one day.
    pub fn contradictions(&self) -> Vec<ReferenceFault> {
        let mut found = Vec::new();
        let mut ledgers: BTreeMap<&str, (&str, Currency)> = BTreeMap::new();
        let mut balancing: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (id, entity) in &self.entities {
            let ledger = entity.ledger.as_str();
            let (first, currency) = *ledgers.entry(ledger).or_insert((id, entity.currency));
            if currency != entity.currency {
                found.push(format!(
                    "ledger {ledger} is in {currency} for entity {first} and in {} for entity {id}",
                    entity.currency
                ));
            }
            let segment = entity.balancing_segment.as_str();
            if let Some(first) = balancing.insert((ledger, segment), id) {
                found.push(format!(
                    "entities {first} and {id} share balancing segment {segment} of ledger {ledger}"
                ));
            }
        }
        let periods = self.calendar.periods();
        for (i, period) in periods.iter().enumerate() {
            if period.end < period.start {
                found.push(format!("period {} ends before it starts", period.name));
            }
            for other in periods.iter().skip(i.saturating_add(1)) {
                let together = period.start <= other.end && other.start <= period.end;
                if together && period.is_adjusting == other.is_adjusting {
                    found.push(format!(
                        "periods {} and {} overlap, so a date has two periods",
                        period.name, other.name
                    ));
                }
            }
        }
        for (dimension, parents) in &self.hierarchies {
            if !self.dimensions.contains_key(dimension) {
                found.push(format!(
                    "the hierarchy of {dimension:?} belongs to no dimension"
                ));
            }
            for value in parents.keys().filter(|value| is_circular(value, parents)) {
                found.push(format!(
                    "{value} of dimension {dimension} is its own ancestor"
                ));
            }
        }
        let contradiction = ReferenceFault::Contradiction;
        found.into_iter().map(contradiction).collect()
    }
}

fn is_circular(value: &str, parents: &BTreeMap<String, String>) -> bool {
    let ancestors = std::iter::successors(parents.get(value), |at| parents.get(*at));
    let mut all = ancestors.take(parents.len().saturating_add(1));
    all.any(|ancestor| ancestor == value)
}
