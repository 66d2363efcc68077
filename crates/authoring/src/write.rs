//! A version out: one sheet per segment and table, and the rest of its members.

mod dimensions;
mod names;
mod tables;

use std::collections::BTreeMap;

use tieout_engine::crosswalk::{FileFault, Json, VersionFile};

use crate::book::{Book, Sheet};
use crate::cell::{NONE, NULL, encoded};
use crate::conditions;
use crate::live::LiveValues;
use crate::read::{found_of, version_of};

pub(crate) use dimensions::DIMENSION;
pub(crate) use names::{FLEXFIELDS, Layout, OPTIONAL_FIELDS, REQUIRED_FIELDS};

/// Why a version can't become sheets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// The file is no version.
    #[error("{0}")]
    File(#[from] FileFault),
    /// A cell would be longer than a spreadsheet takes.
    #[error(
        "{place} has {len} characters, a spreadsheet takes {max} in a cell; export CSV instead, or split the rule"
    )]
    TooLong {
        /// Which cell.
        place: String,
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A sheet would have more rows than a spreadsheet takes.
    #[error(
        "the sheet {sheet:?} has {rows} rows, more than a spreadsheet takes; use CSV, or choose a shorter time"
    )]
    TooMany {
        /// Which sheet.
        sheet: String,
        /// Its rows.
        rows: usize,
    },
    /// A part of the file has a form this version of the program does not know.
    #[error("{0} has a form that has no cell")]
    Form(String),
}

/// What the sheets are made from.
pub(crate) struct Source<'a> {
    pub(crate) json: &'a Json,
    pub(crate) version: VersionFile,
    pub(crate) live: &'a LiveValues,
}

/// The sheets of a version. `live` fills the lists to choose from, the names, marks and suggestions; it never changes what is read back.
///
/// # Errors
/// [`Unwritable`]: the bytes are no version.
pub fn book_of(bytes: &[u8], live: &LiveValues) -> Result<Book, Unwritable> {
    let version = VersionFile::parse(bytes)?;
    let json = Json::parse(bytes).map_err(|what| FileFault {
        place: "crosswalk".to_owned(),
        what,
    })?;
    let source = Source {
        json: &json,
        version,
        live,
    };
    let layout = Layout::of(&source.version);
    let (values, ranges) = tables::values(&source);
    let mut sheets = vec![version_sheet(&source)];
    sheets.extend(layout.index());
    for segment in &source.version.segments {
        sheets.push(rules(&source, segment, &layout)?);
    }
    sheets.extend(tables::tables(&source, &layout, &ranges)?);
    sheets.extend(dimensions::dimensions(&source));
    sheets.push(retired(&source)?);
    sheets.push(flexfields(&source)?);
    sheets.push(analytic(&source)?);
    sheets.push(dropped(&source)?);
    sheets.push(same_as(&source)?);
    sheets.push(values);
    let book = Book { sheets };
    comes_back(&book, &json)?;
    Ok(book)
}

/// Nothing may be lost on the way: the sheets must say the very bytes of the version.
fn comes_back(book: &Book, json: &Json) -> Result<(), Unwritable> {
    match version_of(&found_of(book)) {
        Ok(back) if back.json.canonical() == json.canonical() => Ok(()),
        Ok(_) => Err(Unwritable::Form(
            "the version has white space around a name or another form that".to_owned(),
        )),
        Err(faults) => {
            let first = faults.first().map(ToString::to_string);
            Err(Unwritable::Form(first.unwrap_or_default()))
        }
    }
}

pub(crate) fn member<'j>(json: &'j Json, name: &str) -> Option<&'j Json> {
    match json {
        Json::Object(members) => members.get(name),
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) | Json::List(_) => None,
    }
}

pub(crate) fn entries(json: Option<&Json>) -> BTreeMap<String, Json> {
    match json {
        Some(Json::Object(members)) => members.clone(),
        Some(Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) | Json::List(_))
        | None => BTreeMap::new(),
    }
}

fn items(json: Option<&Json>) -> &[Json] {
    match json {
        Some(Json::List(values)) => values,
        Some(Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) | Json::Object(_))
        | None => &[],
    }
}

/// The cell of a member that is a text, null or not there.
fn cell(json: Option<&Json>, place: &str) -> Result<String, Unwritable> {
    match json {
        None => Ok(String::new()),
        Some(Json::Null) => Ok(NULL.to_owned()),
        Some(Json::Text(text)) => Ok(encoded(text)),
        Some(Json::Integer(number)) => Ok(number.to_string()),
        Some(Json::Bool(_) | Json::List(_) | Json::Object(_)) => {
            Err(Unwritable::Form(place.to_owned()))
        }
    }
}

fn sheet(name: &str, columns: &[&'static str], rows: Vec<Vec<String>>) -> Sheet {
    Sheet {
        name: name.to_owned(),
        columns: columns.to_vec(),
        rows,
        notes: Vec::new(),
        choices: Vec::new(),
    }
}

fn version_sheet(source: &Source<'_>) -> Sheet {
    let mut rows = Vec::new();
    for (field, note) in REQUIRED_FIELDS.iter().chain(&OPTIONAL_FIELDS) {
        let found = member(source.json, field);
        let is_open_end = *field == "effective_to" && found == Some(&Json::Null);
        let value = if is_open_end {
            String::new()
        } else {
            cell(found, field).unwrap_or_default()
        };
        rows.push(vec![(*field).to_owned(), value, (*note).to_owned()]);
    }
    for segment in items(member(source.json, "segments")) {
        let value = cell(Some(segment), "segments").unwrap_or_default();
        let note = "in the order of the chart of accounts".to_owned();
        rows.push(vec!["segment".to_owned(), value, note]);
    }
    let mut made = sheet("Version", &["field", "value", "note"], rows);
    made.notes = vec![2];
    made
}

fn rules(source: &Source<'_>, segment: &str, layout: &Layout) -> Result<Sheet, Unwritable> {
    let all = items(member(source.json, "rules"));
    let mut mine: Vec<(u32, usize, &Json)> = Vec::new();
    for (i, (json, rule)) in all.iter().zip(&source.version.rules).enumerate() {
        if rule.segment == segment {
            mine.push((rule.priority, i, json));
        }
    }
    mine.sort_by_key(|(priority, i, _)| (*priority, *i));
    let mut rows = Vec::new();
    for (_, i, rule) in mine {
        let place = format!("rules[{i}]");
        let when = member(rule, "when").and_then(conditions::written);
        let number = i.saturating_add(1).to_string();
        rows.push(vec![
            number,
            cell(member(rule, "id"), &place)?,
            cell(member(rule, "priority"), &place)?,
            when.ok_or_else(|| Unwritable::Form(format!("{place}.when")))?,
            cell(member(rule, "value"), &place)?,
        ]);
    }
    let columns = ["no", "id", "priority", "conditions", "value"];
    Ok(sheet(&layout.rules_of(segment), &columns, rows))
}

fn retired(source: &Source<'_>) -> Result<Sheet, Unwritable> {
    let mut rows = Vec::new();
    for (i, row) in items(member(source.json, "retired")).iter().enumerate() {
        let place = format!("retired[{i}]");
        let cells = RETIRED.iter().map(|name| cell(member(row, name), &place));
        rows.push(cells.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(sheet("Retired", &RETIRED, rows))
}

/// The columns of retired values, which are also the names of the members.
pub(crate) const RETIRED: [&str; 4] = ["segment", "value", "disabled_from", "superseded_by"];

fn flexfields(source: &Source<'_>) -> Result<Sheet, Unwritable> {
    let mut rows = Vec::new();
    for (name, json) in entries(member(source.json, "dff")) {
        let place = format!("dff.{name:?}");
        let mut row = vec![encoded(&name)];
        if let Json::Text(dimension) = &json {
            row.push(encoded(dimension));
            row.extend([String::new(), String::new(), String::new()]);
        } else {
            for part in FLEXFIELDS.iter().skip(1) {
                row.push(cell(member(&json, part), &place)?);
            }
        }
        rows.push(row);
    }
    Ok(sheet("Flexfields", &FLEXFIELDS, rows))
}

fn analytic(source: &Source<'_>) -> Result<Sheet, Unwritable> {
    let mut rows = Vec::new();
    let found = member(source.json, "analytic");
    if found == Some(&Json::Null) {
        rows.push(vec![NULL.to_owned(), String::new()]);
    }
    let reports = entries(found);
    if reports.is_empty() && matches!(found, Some(Json::Object(_))) {
        rows.push(vec![NONE.to_owned(), String::new()]);
    }
    for (report, dimensions) in &reports {
        let dimensions = items(Some(dimensions));
        if dimensions.is_empty() {
            rows.push(vec![encoded(report), NONE.to_owned()]);
        }
        for dimension in dimensions {
            rows.push(vec![encoded(report), cell(Some(dimension), "analytic")?]);
        }
    }
    Ok(sheet("Analytic", &["report", "dimension"], rows))
}

fn dropped(source: &Source<'_>) -> Result<Sheet, Unwritable> {
    let mut rows = Vec::new();
    match member(source.json, "dropped") {
        None => {}
        Some(Json::List(names)) if names.is_empty() => rows.push(vec![NONE.to_owned()]),
        Some(Json::List(names)) => {
            for name in names {
                rows.push(vec![cell(Some(name), "dropped")?]);
            }
        }
        Some(other) => rows.push(vec![cell(Some(other), "dropped")?]),
    }
    Ok(sheet("Dropped", &["dimension"], rows))
}

/// The columns of renamed values.
pub(crate) const SAME_AS: [&str; 3] = ["attribute", "id", "same_as"];

fn same_as(source: &Source<'_>) -> Result<Sheet, Unwritable> {
    let mut rows = Vec::new();
    let found = member(source.json, "same_as");
    let alone = |word: &str| vec![word.to_owned(), String::new(), String::new()];
    if found == Some(&Json::Null) {
        rows.push(alone(NULL));
    }
    let attributes = entries(found);
    if attributes.is_empty() && matches!(found, Some(Json::Object(_))) {
        rows.push(alone(NONE));
    }
    for (attribute, ids) in &attributes {
        let ids = entries(Some(ids));
        if ids.is_empty() {
            rows.push(vec![encoded(attribute), NONE.to_owned(), String::new()]);
        }
        for (id, old) in &ids {
            let old = cell(Some(old), "same_as")?;
            rows.push(vec![encoded(attribute), encoded(id), old]);
        }
    }
    Ok(sheet("Same", &SAME_AS, rows))
}
