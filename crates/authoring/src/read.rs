//! A version in: sheets to the file that is reviewed and signed, or every reason why not, each with sheet, cell and remedy.
//!
//! Nothing is repaired and nothing is guessed. A table row without a value whose status is not `mapped` is a value that waits for a
//! decision: it is left out and told ([`Authored::left_out`]).

mod grid;
mod members;
mod same_as;

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::crosswalk::{Json, VersionFile};

use crate::book::{Book, Fault, Found, FoundCell, FoundSheet};
use crate::read::grid::Grid;
use crate::write::DIMENSION;

/// A version that was read from sheets.
#[derive(Debug, Clone)]
pub struct Authored {
    /// The file.
    pub json: Json,
    /// The same, understood.
    pub version: VersionFile,
    /// Values that wait for a decision, with their places.
    pub left_out: Vec<Fault>,
    pub(crate) places: Places,
}

/// Where on the sheets each part of the file stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    by_path: BTreeMap<String, Fault>,
}

impl Places {
    fn put(&mut self, path: String, grid: &Grid<'_>, row: usize, column: Option<usize>) {
        let place = Fault::sheet(grid.name(), "", "").at(row, column);
        self.by_path.insert(path, place);
    }

    /// The place of the part of the file, or of what holds it.
    pub(crate) fn of(&self, path: &str) -> Option<&Fault> {
        let starts = self.by_path.iter().filter(|(known, _)| {
            path.strip_prefix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        starts
            .max_by_key(|(known, _)| known.len())
            .map(|(_, at)| at)
    }
}

/// Ids known on each side, for finding numbers that lost their leading zeros.
#[derive(Debug, Default)]
struct Known {
    source: BTreeMap<String, BTreeSet<String>>,
    target: BTreeMap<String, BTreeSet<String>>,
}

/// The version the sheets say.
///
/// # Errors
/// Every fault of every sheet, in the order of the sheets.
pub fn version_of(found: &Found) -> Result<Authored, Vec<Fault>> {
    let mut reading = Reading {
        found,
        faults: Vec::new(),
        left_out: Vec::new(),
        places: Places::default(),
        members: BTreeMap::new(),
        known: Known::default(),
    };
    reading.run();
    let Reading {
        mut faults,
        left_out,
        places,
        members,
        ..
    } = reading;
    if faults.is_empty() {
        let json = Json::Object(members);
        match VersionFile::parse(&json.canonical()) {
            Ok(version) => {
                return Ok(Authored {
                    json,
                    version,
                    left_out,
                    places,
                });
            }
            Err(fault) => {
                let at = places.of(&fault.place).cloned();
                let mut at = at.unwrap_or_else(|| Fault::sheet("Version", "", ""));
                at.what = format!("{}: {}", fault.place, fault.what);
                at.remedy = "correct the cell".to_owned();
                faults.push(at);
            }
        }
    }
    Err(faults)
}

/// The sheets of a book as if they had been read.
pub(crate) fn found_of(book: &Book) -> Found {
    let cell = |text: &String| match text.as_str() {
        "" => FoundCell::Empty,
        text => FoundCell::Text(text.to_owned()),
    };
    let sheets = book.sheets.iter().map(|sheet| {
        let head = sheet
            .columns
            .iter()
            .map(|name| FoundCell::Text((*name).to_owned()));
        let mut rows: Vec<Vec<FoundCell>> = vec![head.collect()];
        rows.extend(sheet.rows.iter().map(|row| row.iter().map(cell).collect()));
        FoundSheet {
            name: sheet.name.clone(),
            rows,
        }
    });
    Found {
        sheets: sheets.collect(),
    }
}

struct Reading<'f> {
    found: &'f Found,
    faults: Vec<Fault>,
    left_out: Vec<Fault>,
    places: Places,
    members: BTreeMap<String, Json>,
    known: Known,
}

/// What a sheet holds.
enum Kind {
    Fixed,
    Rules(String),
    Table(String),
    /// For people only.
    Dimension,
}

const FIXED: [&str; 8] = [
    "Version",
    "Sheets",
    "Retired",
    "Flexfields",
    "Analytic",
    "Dropped",
    "Same",
    "Values",
];

impl Reading<'_> {
    fn run(&mut self) {
        // A sheet that older exports do not have says nothing where it is missing.
        let needed = FIXED
            .iter()
            .filter(|name| !["Sheets", "Same", "Values"].contains(name));
        for name in needed {
            if self.sheet(name).is_none() {
                let what = format!("the sheet {name:?} is missing");
                let remedy =
                    "export the version again and take the sheet from there; it may have no rows";
                self.faults.push(Fault::book(what, remedy));
            }
        }
        let numbered = self.numbered();
        let mut rules = Vec::new();
        let mut tables = Vec::new();
        for sheet in &self.found.sheets {
            match kind_of(&sheet.name, &numbered) {
                Some(Kind::Fixed) => {}
                Some(Kind::Dimension) => self.faults.extend(formulas(sheet)),
                Some(Kind::Rules(segment)) => rules.push((segment, sheet)),
                Some(Kind::Table(attribute)) => tables.push((attribute, sheet)),
                None => {
                    let remedy = format!(
                        "remove it or name it \"Rules <segment>\" or \"Table <attribute>\"; other sheets: {}",
                        FIXED.join(", ")
                    );
                    self.faults
                        .push(Fault::sheet(&sheet.name, "no such sheet is known", remedy));
                }
            }
        }
        self.values();
        self.version();
        self.rules(&rules);
        self.tables(&tables);
        self.retired();
        self.flexfields();
        self.analytic();
        self.dropped();
        self.same_as();
    }

    fn sheet(&self, name: &str) -> Option<&FoundSheet> {
        self.found.sheets.iter().find(|sheet| sheet.name == name)
    }

    /// What numbered sheets stand for.
    fn numbered(&mut self) -> BTreeMap<String, (String, String)> {
        let mut all = BTreeMap::new();
        let Some(sheet) = self
            .found
            .sheets
            .iter()
            .find(|sheet| sheet.name == "Sheets")
        else {
            return all;
        };
        let grid = Grid::open(sheet, &["sheet", "kind", "of"], &[], &mut self.faults);
        for row in grid.rows() {
            let cells = ["sheet", "kind", "of"].map(|name| grid.text(row, name, &mut self.faults));
            if let [Some(name), Some(kind), Some(of)] = cells {
                all.insert(name, (kind, of));
            }
        }
        all
    }

    fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }
}

fn kind_of(name: &str, numbered: &BTreeMap<String, (String, String)>) -> Option<Kind> {
    if FIXED.contains(&name) {
        return Some(Kind::Fixed);
    }
    if let Some((kind, of)) = numbered.get(name) {
        return match kind.as_str() {
            "Rules" => Some(Kind::Rules(of.clone())),
            "Table" => Some(Kind::Table(of.clone())),
            _ => None,
        };
    }
    let (kind, of) = name.split_once(' ')?;
    match kind {
        _ if of.is_empty() || of.starts_with('#') => None,
        "Rules" => Some(Kind::Rules(of.to_owned())),
        "Table" => Some(Kind::Table(of.to_owned())),
        DIMENSION => Some(Kind::Dimension),
        _ => None,
    }
}

/// A sheet that is for people only is passed by, but a formula on it is refused like anywhere else.
fn formulas(sheet: &FoundSheet) -> Vec<Fault> {
    let mut found = Vec::new();
    for (row, cells) in sheet.rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            if let FoundCell::Formula(formula) = cell {
                let what = format!("the cell holds the formula {formula}");
                let fault = Fault::sheet(
                    &sheet.name,
                    what,
                    "replace it by its value (copy, then paste values)",
                );
                found.push(fault.at(row, Some(column)));
            }
        }
    }
    found
}
