//! Sheets of cells: what is written, what was found, and what is wrong with it.

use std::fmt;

/// A sheet to be written: a header row and rows of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its name; also the name of its CSV file.
    pub name: String,
    /// The header row.
    pub columns: Vec<&'static str>,
    /// The rows, each as long as the header; a blank cell is empty.
    pub rows: Vec<Vec<String>>,
    /// The columns that are only for reading by people; they are told apart by colour.
    pub notes: Vec<usize>,
    /// Lists people choose from: column, first and last row of the sheet of values (from 0, header row counted).
    pub choices: Vec<(usize, usize, usize)>,
}

/// A version as sheets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The sheets in order.
    pub sheets: Vec<Sheet>,
}

/// What stands in a cell that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundCell {
    /// Nothing.
    Empty,
    /// A text, exactly as it stands.
    Text(String),
    /// A number, in the digits the program that wrote it would show.
    Number(String),
    /// A date or time.
    Date(String),
    /// A formula.
    Formula(String),
    /// True or false.
    Flag(bool),
    /// An error value of the spreadsheet.
    Broken(String),
}

/// A sheet that was read: rows of cells, the header row first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSheet {
    /// Its name.
    pub name: String,
    /// The rows from the first row of the sheet on.
    pub rows: Vec<Vec<FoundCell>>,
}

/// All sheets that were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The sheets in order.
    pub sheets: Vec<FoundSheet>,
}

/// Something that can't be taken, with the place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The sheet, or the file; empty if it is the whole book.
    pub sheet: String,
    /// Row and column from 0; the row alone if it is the row's.
    pub row: Option<usize>,
    /// The column from 0.
    pub column: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Fault {
    pub(crate) fn book(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::sheet("", what, remedy)
    }

    pub(crate) fn sheet(sheet: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            sheet: sheet.to_owned(),
            row: None,
            column: None,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn at(mut self, row: usize, column: Option<usize>) -> Self {
        self.row = Some(row);
        self.column = column;
        self
    }

    /// The cell as people write it: `B7`; `row 7` where it is the row's; empty where it is the sheet's.
    pub fn cell(&self) -> String {
        let Some(row) = self.row.map(|row| row.saturating_add(1)) else {
            return String::new();
        };
        match self.column {
            Some(column) => format!("{}{row}", letters(column)),
            None => format!("row {row}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.sheet.is_empty() {
            write!(f, "sheet {:?}", self.sheet)?;
            match (self.row, self.column) {
                (None, _) => {}
                (Some(_), None) => write!(f, ", {}", self.cell())?,
                (Some(_), Some(_)) => write!(f, ", cell {}", self.cell())?,
            }
            f.write_str(": ")?;
        }
        write!(f, "{}. To do: {}", self.what, self.remedy)
    }
}

/// The letters of a column: A, B, …, Z, AA.
fn letters(column: usize) -> String {
    let mut rest = column;
    let mut text = String::new();
    loop {
        let digit = u32::try_from(rest % 26).unwrap_or(0);
        text.extend(char::from_u32(u32::from(b'A').saturating_add(digit)));
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    text.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        let all: Vec<String> = [0, 1, 25, 26, 27, 51, 52, 701, 702].map(letters).into();
        assert_eq!(all, ["A", "B", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]);
    }
}
