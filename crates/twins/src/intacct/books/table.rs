//! One object's rows: small numbers in one flat vector, with indexes.
//!
//! A cell is 0 (empty), a number with the top bit set (days, moments, integers) or the pool's number of a text. RECORDNO is never stored: it
//! is the row's position plus one, so a deleted row leaves a gap and no number comes twice.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Bound;

/// Top bit of a cell: the other 31 bits are the value itself.
pub(in crate::intacct) const INLINE: u32 = 0x8000_0000;

/// A row or cell number as an index.
pub(in crate::intacct) fn wide(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// An index as a row or cell number. Books never come near four thousand million rows.
pub(in crate::intacct) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// FNV-1a: quick on the short words of the books, the same on every machine.
#[derive(Debug)]
pub(in crate::intacct) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::intacct) enum Kind {
    /// Text.
    Text,
    /// A whole number below 2^31.
    Integer,
    /// An exact decimal, as trimmed text.
    Decimal,
    /// A calendar date.
    Date,
    /// A second in time.
    Timestamp,
    /// `true` or `false`.
    Boolean,
    /// A label from a short list with codes.
    Enum,
}

/// Where a column's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::intacct) enum Source {
    /// A cell of the row.
    Stored(usize),
    /// The row's number.
    RecordNo,
    /// Another field, possibly of a related row (`VENDOR.NAME`).
    Path(String),
    /// The code behind a label of this row's field.
    CodeOf(&'static str),
    /// AMOUNT where TR_TYPE is this, else 0.
    Side(i8),
    /// AMOUNT times TR_TYPE.
    Signed,
    /// Nothing, ever.
    Empty,
}

/// One field of an object.
#[derive(Debug, Clone)]
pub(in crate::intacct) struct Column {
    pub(in crate::intacct) name: String,
    pub(in crate::intacct) kind: Kind,
    pub(in crate::intacct) source: Source,
}

/// One object with its rows.
#[derive(Debug)]
pub(in crate::intacct) struct Table {
    pub(in crate::intacct) name: String,
    /// The column users know a row by.
    pub(in crate::intacct) key: String,
    pub(in crate::intacct) columns: Vec<Column>,
    by_name: HashMap<String, usize, BuildHasherDefault<Fnv>>,
    width: usize,
    cells: Vec<u32>,
    live: Vec<bool>,
    indexes: Vec<(usize, BTreeSet<(u32, u32)>)>,
}

impl Table {
    /// An empty table. `indexed` names stored columns.
    pub(in crate::intacct) fn new(
        name: &str,
        key: &str,
        columns: Vec<Column>,
        indexed: &[String],
    ) -> Self {
        let mut table = Self {
            name: name.to_owned(),
            key: key.to_owned(),
            columns: Vec::new(),
            by_name: HashMap::default(),
            width: 0,
            cells: Vec::new(),
            live: Vec::new(),
            indexes: Vec::new(),
        };
        for column in columns {
            table.add_column(column);
        }
        for name in indexed {
            if let Some(slot) = table.stored(name) {
                table.indexes.push((slot, BTreeSet::new()));
            }
        }
        table
    }

    /// Adds a column; only before the first row.
    pub(in crate::intacct) fn add_column(&mut self, mut column: Column) {
        if let Source::Stored(slot) = &mut column.source {
            *slot = self.width;
            self.width += 1;
        }
        self.by_name.insert(column.name.clone(), self.columns.len());
        self.columns.push(column);
    }

    /// A column by its name.
    pub(in crate::intacct) fn column(&self, name: &str) -> Option<&Column> {
        self.by_name.get(name).and_then(|i| self.columns.get(*i))
    }

    /// The slot of a stored column.
    pub(in crate::intacct) fn stored(&self, name: &str) -> Option<usize> {
        match self.column(name)?.source {
            Source::Stored(slot) => Some(slot),
            Source::RecordNo
            | Source::Path(_)
            | Source::CodeOf(_)
            | Source::Side(_)
            | Source::Signed
            | Source::Empty => None,
        }
    }

    /// How many cells a row has.
    pub(in crate::intacct) fn width(&self) -> usize {
        self.width
    }

    /// Rows ever made, deleted ones included.
    pub(in crate::intacct) fn rows(&self) -> u32 {
        narrow(self.live.len())
    }

    /// True if the row exists and is not deleted.
    pub(in crate::intacct) fn is_live(&self, row: u32) -> bool {
        self.live.get(wide(row)).copied().unwrap_or(false)
    }

    /// One cell.
    pub(in crate::intacct) fn cell(&self, row: u32, slot: usize) -> u32 {
        self.cells
            .get(wide(row) * self.width + slot)
            .copied()
            .unwrap_or(0)
    }

    /// Makes a row; its RECORDNO is the answer plus one.
    pub(in crate::intacct) fn insert(&mut self, cells: &[u32]) -> u32 {
        let row = self.rows();
        for slot in 0..self.width {
            self.cells.push(cells.get(slot).copied().unwrap_or(0));
        }
        self.live.push(true);
        self.index_row(row, true);
        row
    }

    /// Changes one cell and answers what stood there.
    pub(in crate::intacct) fn set(&mut self, row: u32, slot: usize, value: u32) -> u32 {
        let old = self.cell(row, slot);
        if let Some(cell) = self.cells.get_mut(wide(row) * self.width + slot) {
            *cell = value;
        }
        if self.is_live(row) && old != value {
            for (column, entries) in &mut self.indexes {
                if *column == slot {
                    entries.remove(&(old, row));
                    entries.insert((value, row));
                }
            }
        }
        old
    }

    /// Deletes or revives a row.
    pub(in crate::intacct) fn set_live(&mut self, row: u32, live: bool) {
        if self.is_live(row) != live {
            if let Some(flag) = self.live.get_mut(wide(row)) {
                *flag = live;
            }
            self.index_row(row, live);
        }
    }

    /// Takes the newest row back as if it had never been.
    pub(in crate::intacct) fn forget_last(&mut self) {
        if let Some(row) = self.rows().checked_sub(1) {
            self.set_live(row, false);
            self.live.pop();
            self.cells.truncate(wide(row) * self.width);
        }
    }

    /// Gives spare memory back, after loading.
    pub(in crate::intacct) fn shrink(&mut self) {
        self.cells.shrink_to_fit();
        self.live.shrink_to_fit();
    }

    fn index_row(&mut self, row: u32, add: bool) {
        let base = wide(row) * self.width;
        for (column, entries) in &mut self.indexes {
            let value = self.cells.get(base + *column).copied().unwrap_or(0);
            if add {
                entries.insert((value, row));
            } else {
                entries.remove(&(value, row));
            }
        }
    }

    /// True if the stored column has an index.
    pub(in crate::intacct) fn is_indexed(&self, slot: usize) -> bool {
        self.indexes.iter().any(|(column, _)| *column == slot)
    }

    /// Live rows whose indexed cell lies in `from..=to`, in order of cell then row.
    pub(in crate::intacct) fn between(
        &self,
        slot: usize,
        from: u32,
        to: u32,
    ) -> impl DoubleEndedIterator<Item = u32> + '_ {
        let bounds = (Bound::Included((from, 0)), Bound::Included((to, u32::MAX)));
        let entries = self
            .indexes
            .iter()
            .find(|(column, _)| *column == slot)
            .map(|(_, e)| e);
        entries
            .filter(|_| from <= to)
            .into_iter()
            .flat_map(move |e| e.range(bounds))
            .map(|(_, row)| *row)
    }

    /// The first live row whose indexed cell is `value`.
    pub(in crate::intacct) fn first(&self, slot: usize, value: u32) -> Option<u32> {
        self.between(slot, value, value).next()
    }

    /// Every live row, oldest first.
    pub(in crate::intacct) fn all(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.rows()).filter(|row| self.is_live(*row))
    }
}
