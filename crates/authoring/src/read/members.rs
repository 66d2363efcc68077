//! Sheet by sheet, the members of the file.

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::crosswalk::Json;

use crate::book::{Fault, FoundSheet};
use crate::conditions;
use crate::read::Reading;
use crate::read::grid::{Grid, Said};
use crate::write::{FLEXFIELDS, OPTIONAL_FIELDS, REQUIRED_FIELDS};

const AGAIN: &str = "delete one of the rows";

/// A rule with its number if it has one, and the sheet, row and columns it stands in.
type NumberedRule<'a> = (Option<i64>, Json, (String, usize, BTreeMap<&'a str, usize>));

impl Reading<'_> {
    /// Ids of both sides, to find numbers that lost their zeros. Nothing else of this sheet is read.
    pub(super) fn values(&mut self) {
        let Some(sheet) = self.sheet("Values").cloned() else {
            return;
        };
        let notes = ["name", "valid from", "valid to", "state"];
        let grid = Grid::open(&sheet, &["side", "of", "value"], &notes, &mut self.faults);
        let mut ignored = Vec::new();
        for row in grid.rows() {
            let [side, of, value] =
                ["side", "of", "value"].map(|name| grid.text(row, name, &mut ignored));
            let (Some(side), Some(of), Some(value)) = (side, of, value) else {
                continue;
            };
            let all = match side.as_str() {
                "source" => &mut self.known.source,
                _ => &mut self.known.target,
            };
            all.entry(of).or_default().insert(value);
        }
    }

    pub(super) fn version(&mut self) {
        let Some(sheet) = self.sheet("Version").cloned() else {
            return;
        };
        let grid = Grid::open(&sheet, &["field", "value"], &["note"], &mut self.faults);
        let mut segments = Vec::new();
        let mut seen = BTreeSet::new();
        for row in grid.rows() {
            let Some(field) = grid.filled(row, "field", &mut self.faults) else {
                continue;
            };
            if field == "segment" {
                let at = format!("crosswalk.segments[{}]", segments.len());
                self.places.put(at, &grid, row, grid.column("value"));
                let name = grid.filled(row, "value", &mut self.faults);
                segments.extend(name.map(|name| Json::text(&name)));
                continue;
            }
            if !seen.insert(field.clone()) {
                let what = format!("the field {field} stands twice");
                self.fault(grid.fault(row, "field", what, AGAIN));
                continue;
            }
            let value = self.field(&grid, row, &field);
            let at = format!("crosswalk.{field}");
            self.places.put(at, &grid, row, grid.column("value"));
            if let Some(value) = value {
                self.members.insert(field, value);
            }
        }
        for (field, _) in REQUIRED_FIELDS {
            if !seen.contains(field) {
                let what = format!("the field {field:?} is missing");
                let remedy = "add a row with it";
                self.fault(Fault::sheet(grid.name(), what, remedy));
            }
        }
        self.members
            .insert("segments".to_owned(), Json::List(segments));
    }

    fn field(&mut self, grid: &Grid<'_>, row: usize, field: &str) -> Option<Json> {
        let is_required = REQUIRED_FIELDS.iter().any(|(name, _)| *name == field);
        let is_optional = OPTIONAL_FIELDS.iter().any(|(name, _)| *name == field);
        if !is_required && !is_optional {
            let known = REQUIRED_FIELDS.iter().chain(&OPTIONAL_FIELDS);
            let known: Vec<&str> = known.map(|(name, _)| *name).collect();
            let what = format!("no field {field:?} is known");
            let remedy = format!("the fields are: {}, segment", known.join(", "));
            self.fault(grid.fault(row, "field", what, remedy));
            return None;
        }
        let before = self.faults.len();
        match grid.said(row, "value", &mut self.faults) {
            Said::Text(text) => Some(Json::text(&text)),
            Said::Null => Some(Json::Null),
            Said::Nothing if field == "effective_to" => Some(Json::Null),
            Said::Nothing if is_optional => None,
            Said::Nothing | Said::None => {
                if self.faults.len() == before {
                    let what = format!("{field} is blank");
                    self.fault(grid.fault(row, "value", what, "fill it in"));
                }
                None
            }
        }
    }

    pub(super) fn rules(&mut self, sheets: &[(String, &FoundSheet)]) {
        let mut rules: Vec<NumberedRule<'_>> = Vec::new();
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        let mut numbers: BTreeMap<i64, String> = BTreeMap::new();
        let columns = ["no", "id", "priority", "conditions", "value"];
        for (segment, sheet) in sheets {
            let grid = Grid::open(sheet, &columns, &["note"], &mut self.faults);
            for row in grid.rows() {
                let number = grid.integer(row, "no", &mut self.faults);
                let place = format!("sheet {:?}, row {}", sheet.name, row.saturating_add(1));
                let taken = number.and_then(|number| numbers.insert(number, place.clone()));
                if let Some(other) = taken {
                    let what = format!("the number stands on {other} too");
                    let remedy = "leave no blank; it only keeps the order of the file";
                    self.fault(grid.fault(row, "no", what, remedy));
                }
                let Some(rule) = self.rule(&grid, row, segment) else {
                    continue;
                };
                if let Some(other) = ids.insert(rule.0.clone(), place) {
                    let what = format!("the rule id {} stands on {other} too", rule.0);
                    self.fault(grid.fault(row, "id", what, "give every rule its own id"));
                }
                let at = |name| grid.column(name).map(|c| (name, c));
                let cells = columns.iter().filter_map(|name| at(*name)).collect();
                rules.push((number, rule.1, (sheet.name.clone(), row, cells)));
            }
        }
        rules.sort_by_key(|(number, ..)| number.unwrap_or(i64::MAX));
        let mut list = Vec::new();
        for (i, (_, rule, (sheet, row, cells))) in rules.into_iter().enumerate() {
            let path = format!("crosswalk.rules[{i}]");
            let place = |column| Fault::sheet(&sheet, "", "").at(row, column);
            for (part, column) in [
                ("id", "id"),
                ("priority", "priority"),
                ("when", "conditions"),
                ("value", "value"),
            ] {
                let at = cells.get(column).copied();
                self.places
                    .by_path
                    .insert(format!("{path}.{part}"), place(at));
            }
            self.places.by_path.insert(path, place(None));
            list.push(rule);
        }
        self.members.insert("rules".to_owned(), Json::List(list));
    }

    fn rule(&mut self, grid: &Grid<'_>, row: usize, segment: &str) -> Option<(String, Json)> {
        let id = grid.filled(row, "id", &mut self.faults);
        let priority = grid.integer(row, "priority", &mut self.faults);
        let before = self.faults.len();
        if priority.is_none() && grid.note(row, "priority").is_empty() {
            let what = "priority is blank";
            self.fault(grid.fault(
                row,
                "priority",
                what,
                "write a number; the lowest goes first",
            ));
        }
        // A cell of conditions may begin with a quotation mark and go on, so it is not a text like the others.
        let cell = grid.note(row, "conditions");
        let when = if cell.is_empty() {
            grid.filled(row, "conditions", &mut self.faults);
            if self.faults.len() == before {
                let what = "the conditions are not text";
                self.fault(grid.fault(row, "conditions", what, "write conditions, or always"));
            }
            None
        } else {
            match conditions::parsed(&cell) {
                Ok(when) => Some(when),
                Err(what) => {
                    let remedy = "write it like: account = 6000 and class in (CL-RND, CL-GEN); always where there is none";
                    self.fault(grid.fault(row, "conditions", what, remedy));
                    None
                }
            }
        };
        let value = grid.filled(row, "value", &mut self.faults)?;
        if !value.contains([':', '.']) {
            let known = self.known.target.get(segment);
            let fault = grid.lost_zeros(row, "value", &value, known);
            self.faults.extend(fault);
        }
        let id = id?;
        let rule = Json::object([
            ("id", Json::text(&id)),
            ("priority", Json::Integer(priority?)),
            ("segment", Json::text(segment)),
            ("when", when?),
            ("value", Json::text(&value)),
        ]);
        Some((id, rule))
    }

    pub(super) fn tables(&mut self, sheets: &[(String, &FoundSheet)]) {
        let mut tables = BTreeMap::new();
        for (attribute, sheet) in sheets {
            let notes = ["name", "target name", "at stake", "status", "suggestion"];
            let grid = Grid::open(sheet, &["key", "value"], &notes, &mut self.faults);
            let segments = self.fed_by(attribute);
            let mut table: BTreeMap<String, Json> = BTreeMap::new();
            let mut rows: BTreeMap<String, usize> = BTreeMap::new();
            for row in grid.rows() {
                let Some(key) = grid.filled(row, "key", &mut self.faults) else {
                    continue;
                };
                if let Some(first) = rows.insert(key.clone(), row) {
                    let first = first.saturating_add(1);
                    let what = format!("the key {key:?} stands on row {first} too");
                    self.fault(grid.fault(row, "key", what, AGAIN));
                    continue;
                }
                let known = self.known.source.get(attribute);
                self.faults.extend(grid.lost_zeros(row, "key", &key, known));
                if let Some(value) = self.target(&grid, row, &key, &segments) {
                    table.insert(key.clone(), Json::text(&value));
                }
                let path = format!("crosswalk.lookups.{attribute:?}.{key:?}");
                self.places.put(path, &grid, row, grid.column("value"));
            }
            tables.insert(attribute.clone(), Json::Object(table));
        }
        self.members
            .insert("lookups".to_owned(), Json::Object(tables));
    }

    /// The target value of a row; none where the row waits for a decision.
    fn target(
        &mut self,
        grid: &Grid<'_>,
        row: usize,
        key: &str,
        segments: &BTreeSet<String>,
    ) -> Option<String> {
        let before = self.faults.len();
        let value = grid.text(row, "value", &mut self.faults);
        if let Some(value) = value {
            for segment in segments {
                let known = self.known.target.get(segment);
                self.faults
                    .extend(grid.lost_zeros(row, "value", &value, known));
            }
            return Some(value);
        }
        if self.faults.len() > before || grid.is_spoiled(row, "value") {
            return None;
        }
        if grid.note(row, "status").starts_with("mapped") {
            let what = format!("the value of {key:?} is blank, and it was mapped");
            let remedy = "fill it in; delete the row if it is to have no mapping";
            self.fault(grid.fault(row, "value", what, remedy));
        } else {
            let what = format!("{key} has no mapping and is left out");
            let remedy = "fill in a value; until then documents with it are held";
            self.left_out.push(grid.fault(row, "value", what, remedy));
        }
        None
    }

    /// The segments whose rules look into a table, as far as the rules were read.
    fn fed_by(&self, attribute: &str) -> BTreeSet<String> {
        let Some(Json::List(rules)) = self.members.get("rules") else {
            return BTreeSet::new();
        };
        let plain = format!("lookup:{attribute}");
        let inherited = format!("{plain}+inherit");
        let mine = rules.iter().filter_map(|rule| match rule {
            Json::Object(members) => match (members.get("value"), members.get("segment")) {
                (Some(Json::Text(value)), Some(Json::Text(segment)))
                    if *value == plain || *value == inherited =>
                {
                    Some(segment.clone())
                }
                _ => None,
            },
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) | Json::List(_) => None,
        });
        mine.collect()
    }

    pub(super) fn retired(&mut self) {
        let Some(sheet) = self.sheet("Retired").cloned() else {
            return;
        };
        let columns = ["segment", "value", "disabled_from", "superseded_by"];
        let grid = Grid::open(&sheet, &columns, &["note"], &mut self.faults);
        let mut list = Vec::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for row in grid.rows() {
            let mut members = BTreeMap::new();
            for name in ["segment", "value", "disabled_from"] {
                let text = grid.filled(row, name, &mut self.faults);
                members.extend(text.map(|text| (name.to_owned(), Json::text(&text))));
            }
            match grid.said(row, "superseded_by", &mut self.faults) {
                Said::Text(text) => {
                    members.insert("superseded_by".to_owned(), Json::text(&text));
                }
                Said::Null => {
                    members.insert("superseded_by".to_owned(), Json::Null);
                }
                Said::Nothing | Said::None => {}
            }
            let json = Json::Object(members);
            let words = String::from_utf8_lossy(&json.canonical()).into_owned();
            if let Some(first) = seen.insert(words, row) {
                let what = format!("the row says the same as row {}", first.saturating_add(1));
                self.fault(grid.fault(row, "segment", what, AGAIN));
            }
            let path = format!("crosswalk.retired[{}]", list.len());
            for (at, name) in columns.iter().enumerate() {
                let column = grid.column(name).unwrap_or(at);
                self.places
                    .put(format!("{path}.{name}"), &grid, row, Some(column));
            }
            self.places.put(path, &grid, row, None);
            list.push(json);
        }
        self.members.insert("retired".to_owned(), Json::List(list));
    }

    pub(super) fn flexfields(&mut self) {
        let Some(sheet) = self.sheet("Flexfields").cloned() else {
            return;
        };
        let grid = Grid::open(&sheet, &FLEXFIELDS, &["note"], &mut self.faults);
        let mut all = BTreeMap::new();
        for row in grid.rows() {
            let name = grid.filled(row, "name", &mut self.faults);
            let dimension = grid.filled(row, "dimension", &mut self.faults);
            let (Some(name), Some(dimension)) = (name, dimension) else {
                continue;
            };
            let mut members = BTreeMap::new();
            for part in ["level", "context", "attribute"] {
                match grid.said(row, part, &mut self.faults) {
                    Said::Text(text) => {
                        members.insert(part.to_owned(), Json::text(&text));
                    }
                    Said::Null => {
                        members.insert(part.to_owned(), Json::Null);
                    }
                    Said::Nothing | Said::None => {}
                }
            }
            let json = if members.is_empty() {
                Json::text(&dimension)
            } else {
                members.insert("dimension".to_owned(), Json::text(&dimension));
                Json::Object(members)
            };
            self.places
                .put(format!("crosswalk.dff.{name:?}"), &grid, row, None);
            if all.insert(name.clone(), json).is_some() {
                let what = format!("the flexfield {name} stands twice");
                self.fault(grid.fault(row, "name", what, AGAIN));
            }
        }
        self.members.insert("dff".to_owned(), Json::Object(all));
    }

    pub(super) fn analytic(&mut self) {
        let Some(sheet) = self.sheet("Analytic").cloned() else {
            return;
        };
        let grid = Grid::open(
            &sheet,
            &["report", "dimension"],
            &["note"],
            &mut self.faults,
        );
        let mut reports: BTreeMap<String, Vec<Json>> = BTreeMap::new();
        let mut is_there = false;
        for row in grid.rows() {
            is_there = true;
            let report = match grid.said(row, "report", &mut self.faults) {
                Said::Text(report) => report,
                Said::Null => {
                    self.members.insert("analytic".to_owned(), Json::Null);
                    return;
                }
                Said::None => continue,
                Said::Nothing => {
                    let what = "report is blank";
                    self.fault(grid.fault(row, "report", what, "name the report system"));
                    continue;
                }
            };
            self.places
                .put(format!("crosswalk.analytic.{report:?}"), &grid, row, None);
            let list = reports.entry(report).or_default();
            match grid.said(row, "dimension", &mut self.faults) {
                Said::Text(name) if list.contains(&Json::text(&name)) => {
                    let what = format!("the dimension {name} stands twice for this report");
                    self.fault(grid.fault(row, "dimension", what, AGAIN));
                }
                Said::Text(name) => list.push(Json::text(&name)),
                Said::None => {}
                Said::Null | Said::Nothing => {
                    let what = "dimension is blank";
                    self.fault(grid.fault(row, "dimension", what, "fill it in, or delete the row"));
                }
            }
        }
        if is_there {
            let all = reports.into_iter();
            let all = all
                .map(|(report, list)| (report, Json::List(list)))
                .collect();
            self.members
                .insert("analytic".to_owned(), Json::Object(all));
        }
    }

    pub(super) fn dropped(&mut self) {
        let Some(sheet) = self.sheet("Dropped").cloned() else {
            return;
        };
        let grid = Grid::open(&sheet, &["dimension"], &["note"], &mut self.faults);
        let mut names: Option<Vec<Json>> = None;
        for row in grid.rows() {
            let list = names.get_or_insert_default();
            let path = format!("crosswalk.dropped[{}]", list.len());
            match grid.said(row, "dimension", &mut self.faults) {
                Said::Text(name) => list.push(Json::text(&name)),
                Said::None => {}
                Said::Null => {
                    self.members.insert("dropped".to_owned(), Json::Null);
                    return;
                }
                Said::Nothing => {
                    let what = "dimension is blank";
                    self.fault(grid.fault(row, "dimension", what, "fill it in, or delete the row"));
                }
            }
            self.places.put(path, &grid, row, grid.column("dimension"));
        }
        if let Some(list) = names {
            self.members.insert("dropped".to_owned(), Json::List(list));
        }
    }
}
