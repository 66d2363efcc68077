//! What an answer of the gateway holds, once read: three levels of status, errors, rows.
//!
//! Rows are kept flat: the bytes of the answer as they came, and one list of cells that says where in them each value stands, so that a page of
//! 2,000 rows costs a handful of allocations and no value is copied.

use std::collections::HashMap;

use bytes::Bytes;

/// One answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// `control/status`.
    pub(crate) control_status: String,
    /// `operation/authentication/status`; empty if the answer has none.
    pub(crate) authentication_status: String,
    /// `operation/authentication/sessiontimestamp`.
    pub(crate) session_stamp: String,
    /// `operation/authentication/sessiontimeout`.
    pub(crate) session_timeout: String,
    /// Errors of the control and authentication levels.
    pub(crate) errors: Vec<ErrorWords>,
    /// One per function, in order.
    pub(crate) results: Vec<FunctionResult>,
}

/// One function's result.
#[derive(Debug, Clone, Default)]
pub(crate) struct FunctionResult {
    /// `success`, `failure` or `aborted`.
    pub(crate) status: String,
    /// Echo of the function's control id.
    pub(crate) control_id: String,
    /// `key` of legacy functions.
    pub(crate) key: String,
    /// Errors of this function; the first is the cause, later ones wrap it (intacct-xml.md §1.7 [D]).
    pub(crate) errors: Vec<ErrorWords>,
    /// Its rows.
    pub(crate) data: Table,
}

/// One `errormessage/error`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ErrorWords {
    /// `errorno`; may be empty or a literal text.
    pub(crate) number: String,
    /// `description`.
    pub(crate) description: String,
    /// `description2`, where the meaning normally is.
    pub(crate) description2: String,
    /// `correction`.
    pub(crate) correction: String,
}

impl ErrorWords {
    /// Everything it says, in one line.
    pub(crate) fn joined(&self) -> String {
        let parts = [
            &self.number,
            &self.description,
            &self.description2,
            &self.correction,
        ];
        let said: Vec<&str> = parts
            .into_iter()
            .map(|part| part.trim())
            .filter(|part| !part.is_empty())
            .collect();
        said.join(": ")
    }
}

/// The `data` of one result.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// `listtype`.
    pub(crate) list_type: String,
    /// `totalcount`.
    pub(crate) total: Option<u64>,
    /// `count`.
    pub(crate) count: Option<u64>,
    /// `numremaining`.
    pub(crate) remaining: Option<u64>,
    /// `resultId` of a legacy read that has more.
    pub(crate) result_id: String,
    /// Field names in the order they were first met; a nested field is named by its path (`DISPLAYCONTACT.PRINTAS`).
    pub(crate) fields: Vec<String>,
    /// Name of the element of the first row.
    pub(crate) row_name: String,
    /// Where each name stands in `fields`.
    places: HashMap<String, u16>,
    /// The answer.
    body: Bytes,
    /// Values that stand nowhere in the answer as they read: with references, or in several pieces.
    made: String,
    cells: Vec<Cell>,
    rows: Vec<u32>,
}

/// Fields of one answer: no object has nearly as many.
const FIELDS_MAX: usize = 5_000;
/// Cells of one answer: a page has 2,000 rows, of an object with a thousand fields.
const CELLS_MAX: usize = 2_000_000;

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    /// Nowhere: it is empty.
    #[default]
    Nowhere,
    /// In the answer, from one byte to another.
    There(u32, u32),
    /// Among the values that were made up, from here to the next.
    Made(u32, u32),
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    field: u16,
    place: Place,
}

/// A field of a table, resolved once per page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Column(Option<u16>);

/// One row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    table: &'a Table,
    start: usize,
    end: usize,
}

/// Bytes of an answer per cell, at least: a name twice, its brackets and a value of a few characters.
const CELL_LEN: usize = 24;

impl Table {
    /// A table of values in `body`. Makes room for its rows, so that they are written once and never moved.
    pub(super) fn within(body: Bytes) -> Self {
        let cells = (body.len() / CELL_LEN).min(CELLS_MAX);
        Self {
            body,
            cells: Vec::with_capacity(cells),
            ..Self::default()
        }
    }

    /// The same without room.
    pub(super) fn among(body: Bytes) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Row number `index`, if there is one.
    pub(crate) fn row(&self, index: usize) -> Option<Row<'_>> {
        let start = index_of(*self.rows.get(index)?);
        let end = match self.rows.get(index + 1) {
            Some(next) => index_of(*next),
            None => self.cells.len(),
        };
        Some(Row {
            table: self,
            start,
            end,
        })
    }

    /// All rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).filter_map(|index| self.row(index))
    }

    /// The column of a field; a field that no row has reads as empty.
    pub(crate) fn column(&self, name: &str) -> Column {
        let position = self.fields.iter().position(|field| field == name);
        Column(position.and_then(|at| u16::try_from(at).ok()))
    }

    /// Puts `text` behind what is known of a value.
    pub(super) fn extended(&mut self, before: Place, text: &str) -> Option<Place> {
        let start = match before {
            Place::Nowhere => self.made.len(),
            Place::Made(start, _) => index_of(start),
            Place::There(from, to) => {
                let start = self.made.len();
                let known = self.body.get(index_of(from)..index_of(to))?;
                self.made.push_str(std::str::from_utf8(known).ok()?);
                start
            }
        };
        self.made.push_str(text);
        let end = u32::try_from(self.made.len()).ok()?;
        Some(Place::Made(u32::try_from(start).ok()?, end))
    }

    pub(super) fn begin_row(&mut self, name: &str) -> Option<()> {
        if self.rows.is_empty() {
            name.clone_into(&mut self.row_name);
        }
        if self.rows.len() >= CELLS_MAX {
            return None;
        }
        self.rows.push(u32::try_from(self.cells.len()).ok()?);
        Some(())
    }

    /// Notes where the value of `name` in the current row stands. `None` past any bound.
    pub(super) fn push_cell(&mut self, name: &str, place: Place) -> Option<()> {
        let row_start = self.rows.last().map_or(0, |start| index_of(*start));
        let guess = self.cells.len().saturating_sub(row_start);
        let field = match self.fields.get(guess) {
            Some(known) if known == name => guess,
            _ => match self.places.get(name) {
                Some(known) => usize::from(*known),
                None if self.fields.len() >= FIELDS_MAX => return None,
                None => {
                    let place = self.fields.len();
                    self.places
                        .insert(name.to_owned(), u16::try_from(place).ok()?);
                    self.fields.push(name.to_owned());
                    place
                }
            },
        };
        if self.cells.len() >= CELLS_MAX {
            return None;
        }
        self.cells.push(Cell {
            field: u16::try_from(field).ok()?,
            place,
        });
        Some(())
    }
}

fn index_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl<'a> Row<'a> {
    /// The value of a column, empty if the row does not have it.
    pub(crate) fn get(&self, column: Column) -> &'a str {
        let Some(field) = column.0 else { return "" };
        let cells = self.cells();
        let guess = cells
            .get(usize::from(field))
            .filter(|cell| cell.field == field);
        let cell = guess.or_else(|| cells.iter().find(|cell| cell.field == field));
        cell.map_or("", |cell| self.value(cell))
    }

    /// The value of a field by its name; for single rows, where resolving a column is not worth it.
    pub(crate) fn named(&self, name: &str) -> &'a str {
        self.get(self.table.column(name))
    }

    /// All values of a field that repeats inside the row.
    pub(crate) fn repeated(self, column: Column) -> impl Iterator<Item = &'a str> {
        let row = self;
        row.cells()
            .iter()
            .filter(move |cell| column.0 == Some(cell.field))
            .map(move |cell| row.value(cell))
    }

    /// Every field with its value, in the order of the answer; for evidence.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let row = self;
        row.cells().iter().map(move |cell| {
            let name = row.table.fields.get(usize::from(cell.field));
            (name.map_or("", String::as_str), row.value(cell))
        })
    }

    fn cells(&self) -> &'a [Cell] {
        self.table
            .cells
            .get(self.start..self.end)
            .unwrap_or_default()
    }

    /// The answer was UTF-8 as a whole, and values begin and end at brackets.
    fn value(&self, cell: &Cell) -> &'a str {
        let table = self.table;
        let found = match cell.place {
            Place::Nowhere => None,
            Place::There(from, to) => {
                let bytes = table.body.get(index_of(from)..index_of(to));
                bytes.and_then(|bytes| std::str::from_utf8(bytes).ok())
            }
            Place::Made(from, to) => table.made.get(index_of(from)..index_of(to)),
        };
        found.unwrap_or("")
    }
}
