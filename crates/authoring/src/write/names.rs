//! How sheets, fields and columns are called.

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::crosswalk::VersionFile;

use crate::book::Sheet;
use crate::cell::encoded;

/// Longest name of a sheet a spreadsheet takes.
const NAME_LEN_MAX: usize = 31;

/// The fields every version has, with what they mean.
pub(crate) const REQUIRED_FIELDS: [(&str, &str); 7] = [
    ("version", "name of the version"),
    ("effective_from", "first accounting date, as 2026-12-31"),
    ("effective_to", "last accounting date; blank while open"),
    ("prepared_by", "who wrote it"),
    ("reviewed_by", "who checked it; not the preparer"),
    ("signed_by", "who signs it; neither of the two"),
    ("signed_at", "when, as 2026-12-15T16:00:00Z"),
];

/// The fields a version may have.
pub(crate) const OPTIONAL_FIELDS: [(&str, &str); 4] = [
    (
        "supersedes",
        "version with a later written end that this one cuts short; blank if none",
    ),
    (
        "compensating_control",
        "why two persons do the work of three; blank if three do",
    ),
    ("reason", "why this version"),
    ("ticket", "where the request is kept"),
];

/// The columns of flexfields; all but the first are the names of the members.
pub(crate) const FLEXFIELDS: [&str; 5] = ["name", "dimension", "level", "context", "attribute"];

/// Which sheet holds the rules of which segment and the rows of which table. A name a spreadsheet does not take gets a number instead,
/// and the sheet `Sheets` says what it stands for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    rules: BTreeMap<String, String>,
    tables: BTreeMap<String, String>,
    numbered: Vec<(String, &'static str, String)>,
}

impl Layout {
    pub(crate) fn of(version: &VersionFile) -> Self {
        let mut layout = Self::default();
        let mut taken = BTreeSet::new();
        for segment in &version.segments {
            let name = layout.named("Rules", segment, &mut taken);
            layout.rules.insert(segment.clone(), name);
        }
        for table in version.lookups.keys() {
            let name = layout.named("Table", &table.to_string(), &mut taken);
            layout.tables.insert(table.to_string(), name);
        }
        layout
    }

    fn named(&mut self, kind: &'static str, of: &str, taken: &mut BTreeSet<String>) -> String {
        let plain = format!("{kind} {of}");
        let fits = fits_a_sheet(&plain, of);
        if fits && taken.insert(plain.to_lowercase()) {
            return plain;
        }
        let number = self.numbered.len().saturating_add(1);
        let name = format!("{kind} #{number}");
        self.numbered.push((name.clone(), kind, of.to_owned()));
        name
    }

    pub(crate) fn rules_of(&self, segment: &str) -> String {
        self.rules.get(segment).cloned().unwrap_or_default()
    }

    pub(crate) fn table_of(&self, attribute: &str) -> String {
        self.tables.get(attribute).cloned().unwrap_or_default()
    }

    /// The sheet that explains numbered names, if there are any.
    pub(crate) fn index(&self) -> Option<Sheet> {
        let rows = self.numbered.iter();
        let rows = rows.map(|(name, kind, of)| vec![name.clone(), (*kind).to_owned(), encoded(of)]);
        (!self.numbered.is_empty()).then(|| Sheet {
            name: "Sheets".to_owned(),
            columns: vec!["sheet", "kind", "of"],
            rows: rows.collect(),
            notes: Vec::new(),
            choices: Vec::new(),
        })
    }
}

/// True if a spreadsheet takes `plain`, made from the name `of`, as the name of a sheet.
pub(crate) fn fits_a_sheet(plain: &str, of: &str) -> bool {
    plain.chars().count() <= NAME_LEN_MAX
        && !of.contains(['[', ']', ':', '*', '?', '/', '\\', '\'', '#'])
        && !of.chars().any(char::is_control)
        && of.trim() == of
}
