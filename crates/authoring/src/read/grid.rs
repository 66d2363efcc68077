//! One sheet with its columns by name, read cell by cell; every cell that can't be taken becomes a fault.

use std::collections::{BTreeMap, BTreeSet};

use crate::book::{Fault, FoundCell, FoundSheet};
use crate::cell::{NONE, NULL, decoded, digits};

/// What a cell that may say more than a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing.
    Nothing,
    /// `(null)`.
    Null,
    /// `(none)`.
    None,
    /// A text.
    Text(String),
}

#[derive(Debug)]
pub(crate) struct Grid<'f> {
    sheet: &'f FoundSheet,
    columns: BTreeMap<&'static str, usize>,
    rows: Vec<usize>,
}

impl<'f> Grid<'f> {
    /// Looks at the header row, and at every cell for what is never taken: formulas, error values, cells beside the columns.
    pub(crate) fn open(
        sheet: &'f FoundSheet,
        wanted: &[&'static str],
        notes: &[&'static str],
        faults: &mut Vec<Fault>,
    ) -> Self {
        let mut grid = Self {
            sheet,
            columns: BTreeMap::new(),
            rows: Vec::new(),
        };
        let empty = Vec::new();
        let head = sheet.rows.first().unwrap_or(&empty);
        for (c, cell) in head.iter().enumerate() {
            grid.heading(c, cell, wanted, notes, faults);
        }
        for name in wanted {
            if !grid.columns.contains_key(name) {
                let what = format!("the column {name:?} is missing");
                let remedy = format!("the first row must name: {}", wanted.join(", "));
                faults.push(Fault::sheet(&sheet.name, what, remedy));
            }
        }
        for (r, row) in sheet.rows.iter().enumerate().skip(1) {
            if row.iter().any(|cell| *cell != FoundCell::Empty) {
                grid.rows.push(r);
            }
            for (c, cell) in row.iter().enumerate() {
                grid.never(r, c, cell, head.len(), faults);
            }
        }
        grid
    }

    fn heading(
        &mut self,
        c: usize,
        cell: &FoundCell,
        wanted: &[&'static str],
        notes: &[&'static str],
        faults: &mut Vec<Fault>,
    ) {
        let text = match cell {
            FoundCell::Empty => return,
            FoundCell::Text(text) => text.as_str(),
            FoundCell::Number(_)
            | FoundCell::Date(_)
            | FoundCell::Formula(_)
            | FoundCell::Flag(_)
            | FoundCell::Broken(_) => "",
        };
        let all: Vec<&str> = wanted.iter().chain(notes).copied().collect();
        let fault = |what: String| {
            let remedy = format!("the columns are: {}", all.join(", "));
            Fault::sheet(&self.sheet.name, what, remedy).at(0, Some(c))
        };
        match wanted.iter().chain(notes).find(|name| **name == text) {
            None => faults.push(fault(format!("no column {text:?} is known"))),
            Some(name) if self.columns.contains_key(name) => {
                faults.push(fault(format!("the column {text:?} stands twice")));
            }
            Some(name) => {
                self.columns.insert(name, c);
            }
        }
    }

    fn never(&self, r: usize, c: usize, cell: &FoundCell, width: usize, faults: &mut Vec<Fault>) {
        let (what, remedy) = match cell {
            FoundCell::Formula(formula) => (
                format!("the cell holds the formula {formula}"),
                "replace it by its value (copy, then paste values)".to_owned(),
            ),
            FoundCell::Broken(error) => (
                format!("the cell holds the error {error}"),
                "replace it by a value".to_owned(),
            ),
            FoundCell::Text(_) | FoundCell::Number(_) | FoundCell::Date(_) | FoundCell::Flag(_)
                if c >= width =>
            {
                (
                    "the cell stands under no column".to_owned(),
                    "remove it; remarks belong in the column of notes".to_owned(),
                )
            }
            FoundCell::Empty
            | FoundCell::Text(_)
            | FoundCell::Number(_)
            | FoundCell::Date(_)
            | FoundCell::Flag(_) => return,
        };
        faults.push(Fault::sheet(&self.sheet.name, what, remedy).at(r, Some(c)));
    }

    pub(crate) fn name(&self) -> &str {
        &self.sheet.name
    }

    /// The rows that are not empty, from 0, the header row counted.
    pub(crate) fn rows(&self) -> impl Iterator<Item = usize> + use<'_, 'f> {
        self.rows.iter().copied()
    }

    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.get(name).copied()
    }

    fn cell(&self, row: usize, name: &str) -> &'f FoundCell {
        static EMPTY: FoundCell = FoundCell::Empty;
        let cells = self.sheet.rows.get(row);
        let cell = self.column(name).and_then(|c| cells?.get(c));
        cell.unwrap_or(&EMPTY)
    }

    pub(crate) fn fault(
        &self,
        row: usize,
        name: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Fault {
        Fault::sheet(self.name(), what, remedy).at(row, self.column(name))
    }

    /// What a cell says; what it can't say is reported and reads as nothing.
    pub(crate) fn said(&self, row: usize, name: &str, faults: &mut Vec<Fault>) -> Said {
        match self.cell(row, name) {
            FoundCell::Text(text) if text == NULL => Said::Null,
            FoundCell::Text(text) if text == NONE => Said::None,
            FoundCell::Text(text) => match decoded(text) {
                Ok(text) => Said::Text(text),
                Err((what, remedy)) => {
                    faults.push(self.fault(row, name, what, remedy));
                    Said::Nothing
                }
            },
            FoundCell::Number(number) => {
                faults.push(self.number(row, name, number));
                Said::Nothing
            }
            FoundCell::Date(date) => {
                let what = format!("the cell holds a date ({date}), not text");
                let remedy =
                    format!("format the cell as Text and type the value again; a date as {date}");
                faults.push(self.fault(row, name, what, remedy));
                Said::Nothing
            }
            FoundCell::Flag(flag) => {
                let what = format!("the cell holds the truth value {flag}, not text");
                let remedy = "format the cell as Text and type the value again";
                faults.push(self.fault(row, name, what, remedy));
                Said::Nothing
            }
            FoundCell::Empty | FoundCell::Formula(_) | FoundCell::Broken(_) => Said::Nothing,
        }
    }

    fn number(&self, row: usize, name: &str, number: &str) -> Fault {
        let original = self.padded(name, number);
        let was = original.map_or_else(String::new, |was| format!(" (it was probably {was})"));
        let what = format!(
            "the cell holds the number {number}, not text, and numbers lose their leading zeros{was}"
        );
        let remedy = "format the column as Text and type the value again with its zeros";
        self.fault(row, name, what, remedy)
    }

    /// A text of the same column that is the number with zeros before it.
    fn padded(&self, name: &str, number: &str) -> Option<&str> {
        let wanted = digits(number)?;
        let texts = self
            .rows
            .iter()
            .filter_map(|row| match self.cell(*row, name) {
                FoundCell::Text(text) => Some(text.as_str()),
                FoundCell::Empty
                | FoundCell::Number(_)
                | FoundCell::Date(_)
                | FoundCell::Formula(_)
                | FoundCell::Flag(_)
                | FoundCell::Broken(_) => None,
            });
        let mut texts =
            texts.filter(|text| digits(text) == Some(wanted) && text.len() > number.len());
        texts.next()
    }

    /// The text of a cell; notes for null and nothing are no text.
    pub(crate) fn text(&self, row: usize, name: &str, faults: &mut Vec<Fault>) -> Option<String> {
        match self.said(row, name, faults) {
            Said::Text(text) => Some(text),
            Said::Nothing => None,
            Said::Null | Said::None => {
                let what = "a value is expected here, not a note";
                faults.push(self.fault(row, name, what, "write the value"));
                None
            }
        }
    }

    /// The text of a cell that must have one.
    pub(crate) fn filled(&self, row: usize, name: &str, faults: &mut Vec<Fault>) -> Option<String> {
        let before = faults.len();
        let text = self.text(row, name, faults);
        if text.is_none() && faults.len() == before && !self.is_spoiled(row, name) {
            let what = format!("{name} is blank");
            faults.push(self.fault(row, name, what, "fill it in, or delete the row"));
        }
        text
    }

    /// True for a cell that was refused when the sheet was opened.
    pub(crate) fn is_spoiled(&self, row: usize, name: &str) -> bool {
        matches!(
            self.cell(row, name),
            FoundCell::Formula(_) | FoundCell::Broken(_)
        )
    }

    /// A whole number, typed as number or text.
    pub(crate) fn integer(&self, row: usize, name: &str, faults: &mut Vec<Fault>) -> Option<i64> {
        let digits = match self.cell(row, name) {
            FoundCell::Empty => return None,
            FoundCell::Number(number) => number.clone(),
            FoundCell::Text(text) => text.clone(),
            FoundCell::Date(_)
            | FoundCell::Flag(_)
            | FoundCell::Formula(_)
            | FoundCell::Broken(_) => String::new(),
        };
        let number = digits.parse().ok();
        if number.is_none() {
            let what = format!("{digits:?} is no whole number");
            faults.push(self.fault(row, name, what, "write digits only"));
        }
        number
    }

    /// The cell as it stands, for a note that decides nothing.
    pub(crate) fn note(&self, row: usize, name: &str) -> String {
        match self.cell(row, name) {
            FoundCell::Text(text) => text.clone(),
            FoundCell::Empty
            | FoundCell::Number(_)
            | FoundCell::Date(_)
            | FoundCell::Formula(_)
            | FoundCell::Flag(_)
            | FoundCell::Broken(_) => String::new(),
        }
    }

    /// The fault if `text` is a known id that lost its leading zeros: not known itself, and known with more zeros before it.
    pub(crate) fn lost_zeros(
        &self,
        row: usize,
        name: &str,
        text: &str,
        known: Option<&BTreeSet<String>>,
    ) -> Option<Fault> {
        let known = known?;
        let wanted = digits(text)?;
        if known.contains(text) {
            return None;
        }
        let was = known
            .iter()
            .find(|id| digits(id) == Some(wanted) && id.len() > text.len())?;
        let what = format!("{text} has lost its leading zeros; it was probably {was}");
        let remedy = format!("format the column as Text and type {was}");
        Some(self.fault(row, name, what, remedy))
    }
}
