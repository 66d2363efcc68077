//! The tenant's books: objects, their rows, and a double-entry ledger of its own.
//!
//! Every change goes through [`Books`], so that a function that fails halfway can be taken back: between [`Books::begin`] and
//! [`Books::commit`] each change leaves its opposite behind.

pub(in crate::intacct) mod change;
pub(in crate::intacct) mod document;
pub(in crate::intacct) mod ledger;
pub(in crate::intacct) mod load;
pub(in crate::intacct) mod period;
pub(in crate::intacct) mod pool;
pub(in crate::intacct) mod post;
pub(in crate::intacct) mod schema;
pub(in crate::intacct) mod table;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::amount::Amount;
use super::moment;
use super::options::IntacctOptions;
use ledger::Totals;
use period::Period;
use pool::Pool;
use schema::TableId;
use table::{Column, INLINE, Kind, Source, Table, narrow};

/// A company of the group that keeps books in one currency.
#[derive(Debug, Clone)]
pub(in crate::intacct) struct Entity {
    pub(in crate::intacct) id: String,
    pub(in crate::intacct) cell: u32,
    pub(in crate::intacct) name: String,
    pub(in crate::intacct) currency: String,
}

/// What the ledger knows of an account.
#[derive(Debug, Clone, Copy)]
pub(in crate::intacct) struct Account {
    /// Its result moves to retained earnings at the end of a fiscal year.
    pub(in crate::intacct) closes: bool,
    /// It counts units, not money.
    pub(in crate::intacct) statistical: bool,
}

/// Who changed something, when and through what.
#[derive(Debug, Clone, Copy)]
pub(in crate::intacct) struct Stamp {
    /// When.
    pub(in crate::intacct) moment: u32,
    /// RECORDNO of the user.
    pub(in crate::intacct) user: u32,
    /// `api` or `ui` (§4.11 SOURCE [D]).
    pub(in crate::intacct) source: &'static str,
    /// Whether the change leaves a row in AUDITHISTORY.
    pub(in crate::intacct) audited: bool,
}

/// How to take one change back.
#[derive(Debug)]
enum Undo {
    Inserted(TableId),
    Cell(TableId, u32, usize, u32),
    Revive(TableId, u32),
    Posted((u32, u32, u16), Totals),
}

/// All objects of one tenant.
#[derive(Debug)]
pub(in crate::intacct) struct Books {
    pub(in crate::intacct) pool: Pool,
    tables: Vec<Table>,
    /// Custom dimensions: upper-case name and the column of the company folder.
    pub(in crate::intacct) custom: Vec<(String, String)>,
    pub(in crate::intacct) entities: Vec<Entity>,
    pub(in crate::intacct) accounts: BTreeMap<u32, Account>,
    pub(in crate::intacct) periods: Vec<Period>,
    pub(in crate::intacct) closed: BTreeSet<(String, String, usize)>,
    pub(in crate::intacct) totals: BTreeMap<(u32, u32, u16), Totals>,
    pub(in crate::intacct) journal_numbers: BTreeMap<String, u32>,
    pub(in crate::intacct) last_prbatch: u32,
    pub(in crate::intacct) control_accounts: BTreeMap<TableId, BTreeSet<u32>>,
    pub(in crate::intacct) options: IntacctOptions,
    /// Newest entry time met while loading.
    pub(in crate::intacct) newest: u32,
    /// Rows not yet visible to readers, with the moment they turn visible.
    pub(in crate::intacct) late: BTreeMap<(TableId, u32), i64>,
    undo: Option<Vec<Undo>>,
}

/// A field's value on its way to a reader or a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::intacct) enum Value {
    /// A cell with its kind.
    Cell(u32, Kind),
    /// A text made on the spot.
    Made(String, Kind),
}

impl Books {
    /// Empty books of a tenant with these custom dimensions.
    pub(in crate::intacct) fn new(custom: Vec<(String, String)>, options: IntacctOptions) -> Self {
        let names: Vec<String> = custom.iter().map(|(name, _)| name.clone()).collect();
        Self {
            pool: Pool::default(),
            tables: schema::tables(&names),
            custom,
            entities: Vec::new(),
            accounts: BTreeMap::new(),
            periods: Vec::new(),
            closed: BTreeSet::new(),
            totals: BTreeMap::new(),
            journal_numbers: BTreeMap::new(),
            last_prbatch: 0,
            control_accounts: BTreeMap::new(),
            options,
            newest: 0,
            late: BTreeMap::new(),
            undo: None,
        }
    }

    /// The object of this name (case as the vendor prints it or lower case).
    pub(in crate::intacct) fn object(&self, name: &str) -> Option<TableId> {
        self.tables
            .iter()
            .position(|t| t.name.eq_ignore_ascii_case(name))
    }

    /// Every object's number.
    pub(in crate::intacct) fn objects(&self) -> std::ops::Range<TableId> {
        0..self.tables.len()
    }

    /// One object.
    pub(in crate::intacct) fn table(&self, id: TableId) -> &Table {
        &self.tables[id]
    }

    /// The object whose rows stand behind this one: itself, or GLENTRY for the view GLDETAIL.
    pub(in crate::intacct) fn base(id: TableId) -> TableId {
        if id == schema::GLDETAIL {
            schema::GLENTRY
        } else {
            id
        }
    }

    /// The cell of a text; empty text is an empty cell.
    pub(in crate::intacct) fn word(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            0
        } else {
            self.pool.intern(text)
        }
    }

    /// The text or number a cell shows, with its kind.
    fn show(&self, cell: u32, kind: Kind) -> Cow<'_, str> {
        let inner = cell & !INLINE;
        match (cell & INLINE != 0, kind) {
            (false, _) => Cow::Borrowed(self.pool.get(cell)),
            (true, Kind::Date) => Cow::Owned(moment::day_to_us(inner)),
            (true, Kind::Timestamp) => Cow::Owned(moment::moment_to_us(
                inner,
                self.options.user_offset_minutes,
            )),
            (true, Kind::Text | Kind::Integer | Kind::Decimal | Kind::Boolean | Kind::Enum) => {
                Cow::Owned(inner.to_string())
            }
        }
    }

    /// A field of a row, following relations; `None` if there is no such field.
    pub(in crate::intacct) fn value(&self, id: TableId, row: u32, field: &str) -> Option<Value> {
        if let Some(column) = self.table(id).column(field) {
            return self.column_value(id, row, column);
        }
        let (hop, rest) = field.split_once('.')?;
        let (local, target, key) = schema::relation(Self::base(id), hop)?;
        let link = self.value(Self::base(id), row, local)?;
        let Value::Cell(cell, kind) = link else {
            return Some(Value::Cell(0, Kind::Text));
        };
        let found = if key == "RECORDNO" {
            (cell & INLINE != 0).then(|| (cell & !INLINE).saturating_sub(1))
        } else {
            self.table(target)
                .stored(key)
                .filter(|_| cell != 0)
                .and_then(|s| self.table(target).first(s, cell))
        };
        match found.filter(|r| self.table(target).is_live(*r)) {
            Some(there) => self.value(target, there, rest),
            None => self
                .kind_of(target, rest)
                .map(|k| Value::Cell(0, k))
                .or(Some(Value::Cell(0, kind))),
        }
    }

    fn column_value(&self, id: TableId, row: u32, column: &Column) -> Option<Value> {
        let base = Self::base(id);
        Some(match &column.source {
            Source::Stored(slot) => Value::Cell(self.table(id).cell(row, *slot), column.kind),
            Source::RecordNo => Value::Cell(INLINE | (row + 1), Kind::Integer),
            Source::Path(path) => self.value(base, row, path)?,
            Source::CodeOf(field) => {
                let label = self.text(id, row, field);
                let code = schema::labels(id, field).iter().find(|(l, _)| *l == label);
                Value::Made(
                    code.map_or(String::new(), |(_, c)| (*c).to_owned()),
                    Kind::Text,
                )
            }
            Source::Side(side) => {
                let amount = self.signed(row);
                let kept = if (*side > 0) == amount.is_negative() {
                    Amount::ZERO
                } else {
                    amount
                };
                Value::Made(kept.abs().plain(), Kind::Decimal)
            }
            Source::Signed => Value::Made(self.signed(row).plain(), Kind::Decimal),
            Source::Empty => Value::Cell(0, column.kind),
        })
    }

    /// AMOUNT of a ledger line, debit positive.
    pub(in crate::intacct) fn signed(&self, entry: u32) -> Amount {
        let amount = self.amount(schema::GLENTRY, entry, "AMOUNT");
        if self.text(schema::GLENTRY, entry, "TR_TYPE") == "-1" {
            -amount
        } else {
            amount
        }
    }

    /// The kind of a field, following relations; `None` if there is no such field.
    pub(in crate::intacct) fn kind_of(&self, id: TableId, field: &str) -> Option<Kind> {
        if let Some(column) = self.table(id).column(field) {
            return match &column.source {
                Source::Path(path) => self.kind_of(Self::base(id), path),
                Source::Stored(_)
                | Source::RecordNo
                | Source::CodeOf(_)
                | Source::Side(_)
                | Source::Signed
                | Source::Empty => Some(column.kind),
            };
        }
        let (hop, rest) = field.split_once('.')?;
        let (_, target, _) = schema::relation(Self::base(id), hop)?;
        // One hop only up an object's own hierarchy (§2.1 [D]).
        if target == id && rest.starts_with(&format!("{hop}.")) {
            return None;
        }
        self.kind_of(target, rest)
    }

    /// A field as text; empty if it is empty or unknown.
    pub(in crate::intacct) fn text(&self, id: TableId, row: u32, field: &str) -> String {
        self.words(id, row, (field, None)).into_owned()
    }

    /// The same, of a field whose column is known where it is one of the object itself.
    pub(in crate::intacct) fn words(
        &self,
        id: TableId,
        row: u32,
        (field, column): (&str, Option<&Column>),
    ) -> Cow<'_, str> {
        let value = match column {
            Some(column) => self.column_value(id, row, column),
            None => self.value(id, row, field),
        };
        match value {
            Some(Value::Cell(cell, kind)) => self.show(cell, kind),
            Some(Value::Made(text, _)) => Cow::Owned(text),
            None => Cow::Borrowed(""),
        }
    }

    /// The cell of a stored field; 0 if empty or not stored.
    pub(in crate::intacct) fn cell(&self, id: TableId, row: u32, field: &str) -> u32 {
        self.table(id)
            .stored(field)
            .map_or(0, |slot| self.table(id).cell(row, slot))
    }

    /// The number in a cell of a stored field.
    pub(in crate::intacct) fn number(&self, id: TableId, row: u32, field: &str) -> Option<u32> {
        let cell = self.cell(id, row, field);
        (cell & INLINE != 0).then_some(cell & !INLINE)
    }

    /// A stored decimal; zero if empty.
    pub(in crate::intacct) fn amount(&self, id: TableId, row: u32, field: &str) -> Amount {
        Amount::parse(self.pool.get(self.cell(id, row, field))).unwrap_or_default()
    }

    /// The cell of a decimal.
    pub(in crate::intacct) fn decimal(&mut self, amount: Amount) -> u32 {
        let text = amount.plain();
        self.word(&text)
    }

    /// The first live row whose indexed field reads `text`.
    pub(in crate::intacct) fn find(&self, id: TableId, field: &str, text: &str) -> Option<u32> {
        let cell = self.pool.find(text)?;
        self.table(id).first(self.table(id).stored(field)?, cell)
    }

    /// All live rows whose indexed field has this cell.
    pub(in crate::intacct) fn rows_with(&self, id: TableId, field: &str, cell: u32) -> Vec<u32> {
        let Some(slot) = self.table(id).stored(field) else {
            return Vec::new();
        };
        self.table(id).between(slot, cell, cell).collect()
    }

    /// The entity of this id.
    pub(in crate::intacct) fn entity(&self, id: &str) -> Option<&Entity> {
        self.entities.iter().find(|e| e.id == id)
    }

    /// The entity whose id has this cell.
    pub(in crate::intacct) fn entity_of(&self, cell: u32) -> Option<&Entity> {
        self.entities.iter().find(|e| e.cell == cell)
    }

    /// Starts remembering how to take changes back.
    pub(in crate::intacct) fn begin(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// Where the memory of changes stands, for [`Books::rollback`].
    pub(in crate::intacct) fn mark(&self) -> usize {
        self.undo.as_ref().map_or(0, Vec::len)
    }

    /// Keeps all changes since [`Books::begin`].
    pub(in crate::intacct) fn commit(&mut self) {
        self.undo = None;
    }

    /// Takes back every change made after `mark`.
    pub(in crate::intacct) fn rollback(&mut self, mark: usize) {
        let Some(mut log) = self.undo.take() else {
            return;
        };
        while log.len() > mark {
            match log.pop() {
                Some(Undo::Inserted(id)) => self.tables[id].forget_last(),
                Some(Undo::Cell(id, row, slot, old)) => {
                    self.tables[id].set(row, slot, old);
                }
                Some(Undo::Revive(id, row)) => self.tables[id].set_live(row, true),
                Some(Undo::Posted(key, was)) => {
                    self.totals.insert(key, was);
                }
                None => break,
            }
        }
        self.undo = Some(log);
    }

    /// Makes a row from named cells. Unknown names are left out.
    pub(in crate::intacct) fn insert(&mut self, id: TableId, fields: &[(&str, u32)]) -> u32 {
        let table = &mut self.tables[id];
        let mut cells = vec![0; table.width()];
        for (name, cell) in fields {
            if let Some(slot) = table.stored(name) {
                cells[slot] = *cell;
            }
        }
        let row = table.insert(&cells);
        if let Some(log) = &mut self.undo {
            log.push(Undo::Inserted(id));
        }
        row
    }

    /// Changes one stored cell.
    pub(in crate::intacct) fn set(&mut self, id: TableId, row: u32, field: &str, cell: u32) {
        let table = &mut self.tables[id];
        let Some(slot) = table.stored(field) else {
            return;
        };
        let old = table.set(row, slot, cell);
        if let Some(log) = &mut self.undo {
            log.push(Undo::Cell(id, row, slot, old));
        }
    }

    /// Deletes a row.
    pub(in crate::intacct) fn remove(&mut self, id: TableId, row: u32) {
        if self.tables[id].is_live(row) {
            self.tables[id].set_live(row, false);
            if let Some(log) = &mut self.undo {
                log.push(Undo::Revive(id, row));
            }
        }
    }

    /// Adds to the ledger's totals; `back` takes a line out again.
    pub(in crate::intacct) fn total(&mut self, key: (u32, u32, u16), signed: Amount, back: bool) {
        let was = self.totals.get(&key).copied().unwrap_or_default();
        let mut now = was;
        let side = if signed.is_negative() {
            &mut now.credit
        } else {
            &mut now.debit
        };
        *side = if back {
            *side - signed.abs()
        } else {
            *side + signed.abs()
        };
        self.totals.insert(key, now);
        if let Some(log) = &mut self.undo {
            log.push(Undo::Posted(key, was));
        }
    }

    /// Records who changed a row and when, where the options ask for it.
    pub(in crate::intacct) fn audit(&mut self, id: TableId, row: u32, mode: &str, stamp: Stamp) {
        if self.options.visibility_delay_ms > 0 && mode != "D" {
            let from = moment::unix_from_moment(stamp.moment) * 1000;
            self.late
                .insert((id, row), from + self.options.visibility_delay_ms);
        }
        if !stamp.audited {
            return;
        }
        let name = self.table(id).name.to_lowercase();
        let record = (row + 1).to_string();
        let key = match id {
            schema::APBILL..=schema::ARPYMTDETAIL if self.options.audit_key_suffix => {
                format!("{record}--REC")
            }
            schema::GLACCOUNT..=schema::USERINFO => {
                let natural = self.table(id).key.clone();
                self.text(id, row, &natural)
            }
            _ => record,
        };
        let number = INLINE | (self.table(schema::AUDITHISTORY).rows() + 1);
        let user = self.text(schema::USERINFO, stamp.user.saturating_sub(1), "LOGINID");
        let cells = [
            ("ID", number),
            ("OBJECTTYPE", self.word(&name)),
            ("OBJECTKEY", self.word(&key)),
            ("ACCESSTIME", INLINE | stamp.moment),
            ("ACCESSMODE", self.word(mode)),
            ("USERID", self.word(&user)),
            ("SOURCE", self.word(stamp.source)),
            ("IPADDRESS", self.word("127.0.0.1")),
        ];
        self.insert(schema::AUDITHISTORY, &cells);
    }

    /// Gives spare memory back, after loading.
    pub(in crate::intacct) fn settle(&mut self) {
        for table in &mut self.tables {
            table.shrink();
        }
    }

    /// Rows of all objects together.
    pub(in crate::intacct) fn size(&self) -> u32 {
        self.tables
            .iter()
            .map(Table::rows)
            .fold(0, u32::saturating_add)
    }

    /// The cell of a count.
    pub(in crate::intacct) fn count(n: usize) -> u32 {
        INLINE | narrow(n)
    }
}
