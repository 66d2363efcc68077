//! The lookup tables, with what is known of their values beside each row, and the sheet of values to choose from.

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::crosswalk::{Attribute, Json, RuleValue, VersionFile};

use crate::book::Sheet;
use crate::cell::{encoded, quoted};
use crate::live::LiveValue;
use crate::suggest::suggestion;
use crate::write::{Layout, Source, Unwritable, cell, entries, member};

/// First and last row of the values of a side and attribute or segment on the sheet of values, from 0.
pub(crate) type Ranges = BTreeMap<(&'static str, String), (usize, usize)>;

const SOURCE: &str = "source";
const TARGET: &str = "target";

/// The columns of a table; only key and value are read back.
pub(crate) const TABLE: [&str; 7] = [
    "key",
    "name",
    "value",
    "target name",
    "at stake",
    "status",
    "suggestion",
];

/// The segments whose rules look into the table of an attribute.
pub(crate) fn fed_by(version: &VersionFile, attribute: &str) -> BTreeSet<String> {
    let rules = version.rules.iter();
    let mine = rules.filter(|rule| match &rule.value {
        RuleValue::Lookup(table) => table.to_string() == attribute,
        RuleValue::Inherited(dimension) => dimension == attribute,
        RuleValue::Literal(_) | RuleValue::Entity(_) | RuleValue::Affiliate(_) => false,
    });
    mine.map(|rule| rule.segment.clone()).collect()
}

/// Values of one attribute of one side: what is known of each, and whether the system itself named it.
type Group = BTreeMap<String, (LiveValue, bool)>;

type Groups = BTreeMap<(&'static str, String), Group>;

/// The values of both sides, each with whether a system is known to have it.
fn groups(source: &Source<'_>) -> Groups {
    let version = &source.version;
    let mut groups = Groups::new();
    for (side, all) in [(SOURCE, &source.live.source), (TARGET, &source.live.target)] {
        for (of, live) in all {
            let group = groups.entry((side, of.clone())).or_default();
            group.extend(
                live.iter()
                    .map(|(id, live)| (id.clone(), (live.clone(), true))),
            );
        }
    }
    let mut used = |side, of: &str, value: &str| {
        let group = groups.entry((side, of.to_owned())).or_default();
        group.entry(value.to_owned()).or_default();
    };
    for rule in &version.rules {
        if let RuleValue::Literal(value) = &rule.value {
            used(TARGET, &rule.segment, value);
        }
    }
    for (table, rows) in &version.lookups {
        let table = table.to_string();
        let segments = fed_by(version, &table);
        for (key, value) in rows {
            used(SOURCE, &table, key);
            for segment in &segments {
                used(TARGET, segment, value);
            }
        }
    }
    groups
}

/// The sheet of values and where on it the values of each side stand.
pub(crate) fn values(source: &Source<'_>) -> (Sheet, Ranges) {
    let version = &source.version;
    let mut rows = Vec::new();
    let mut ranges = Ranges::new();
    for ((side, of), group) in groups(source) {
        let first = rows.len().saturating_add(1);
        let is_known = group.values().any(|(_, is_live)| *is_live);
        for (value, (live, is_live)) in group {
            let state = match (
                is_live,
                is_known,
                live.validity.covers(version.effective_from),
            ) {
                (true, _, true) => "live",
                (true, _, false) => "not valid on the first day of the version",
                (false, true, _) => "used by the version, unknown to the system",
                (false, false, _) => "used by the version",
            };
            let date = |date: Option<tieout_model::AccountingDate>| {
                date.map(|date| date.to_string()).unwrap_or_default()
            };
            rows.push(vec![
                side.to_owned(),
                encoded(&of),
                encoded(&value),
                note(&live.name),
                date(live.validity.from),
                date(live.validity.to),
                state.to_owned(),
            ]);
        }
        ranges.insert((side, of), (first, rows.len()));
    }
    let columns = [
        "side",
        "of",
        "value",
        "name",
        "valid from",
        "valid to",
        "state",
    ];
    let made = Sheet {
        name: "Values".to_owned(),
        columns: columns.to_vec(),
        rows,
        notes: (0..columns.len()).collect(),
        choices: Vec::new(),
    };
    (made, ranges)
}

/// A name as a note: on one line.
pub(crate) fn note(name: &str) -> String {
    if name.chars().any(char::is_control) {
        quoted(name)
    } else {
        name.trim().to_owned()
    }
}

pub(crate) fn tables(
    source: &Source<'_>,
    layout: &Layout,
    ranges: &Ranges,
) -> Result<Vec<Sheet>, Unwritable> {
    let mut sheets = Vec::new();
    for (name, json) in entries(member(source.json, "lookups")) {
        let Some(attribute) = Attribute::of_name(name.trim()) else {
            return Err(Unwritable::Form(format!("lookups.{name:?}")));
        };
        sheets.push(table(source, &attribute, &json, layout, ranges)?);
    }
    Ok(sheets)
}

fn table(
    source: &Source<'_>,
    attribute: &Attribute,
    json: &Json,
    layout: &Layout,
    ranges: &Ranges,
) -> Result<Sheet, Unwritable> {
    let of = attribute.to_string();
    let segments = fed_by(&source.version, &of);
    let only = match segments.iter().collect::<Vec<_>>()[..] {
        [segment] => Some(segment.clone()),
        _ => None,
    };
    let context = Context {
        source,
        of: &of,
        segment: only.as_deref(),
        names: source.live.source.get(&of),
        targets: only.as_ref().and_then(|only| source.live.target.get(only)),
    };
    let place = format!("lookups.{of:?}");
    let mut rows = Vec::new();
    for (key, value) in entries(Some(json)) {
        rows.push(context.mapped(&key, &cell(Some(&value), &place)?, &value));
    }
    let mapped = source.version.lookups.get(attribute);
    let unmapped = context.names.into_iter().flatten();
    let mapped = mapped.cloned().unwrap_or_default();
    let renamed = source.version.same_as.get(attribute);
    let is_known =
        |id: &String| mapped.contains_key(id) || renamed.is_some_and(|ids| ids.contains_key(id));
    let unmapped = unmapped.filter(|(id, _)| !is_known(id));
    rows.extend(unmapped.map(|(id, live)| context.unmapped(id, live, &mapped)));
    let range = |side, of: Option<&str>| ranges.get(&(side, of?.to_owned())).copied();
    let choices = [
        (0, range(SOURCE, Some(&of))),
        (2, range(TARGET, only.as_deref())),
    ];
    let choices = choices.into_iter();
    Ok(Sheet {
        name: layout.table_of(&of),
        columns: TABLE.to_vec(),
        rows,
        notes: vec![1, 3, 4, 5, 6],
        choices: choices
            .filter_map(|(column, range)| range.map(|(first, last)| (column, first, last)))
            .collect(),
    })
}

struct Context<'a> {
    source: &'a Source<'a>,
    of: &'a str,
    segment: Option<&'a str>,
    names: Option<&'a BTreeMap<String, LiveValue>>,
    targets: Option<&'a BTreeMap<String, LiveValue>>,
}

impl Context<'_> {
    fn at_stake(&self, id: &str) -> String {
        let key = (self.of.to_owned(), id.to_owned());
        let amount = self.source.live.at_stake.get(&key);
        amount.cloned().unwrap_or_default()
    }

    fn mapped(&self, key: &str, value_cell: &str, value: &Json) -> Vec<String> {
        let value = match value {
            Json::Text(value) => value.as_str(),
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::List(_) | Json::Object(_) => "",
        };
        let name = self.names.and_then(|names| names.get(key));
        let target = self.targets.and_then(|targets| targets.get(value));
        vec![
            encoded(key),
            name.map(|live| note(&live.name)).unwrap_or_default(),
            value_cell.to_owned(),
            target.map(|live| note(&live.name)).unwrap_or_default(),
            self.at_stake(key),
            self.status(key, value, target),
            String::new(),
        ]
    }

    fn status(&self, key: &str, value: &str, target: Option<&LiveValue>) -> String {
        let version = &self.source.version;
        let mut retired = version.retired.iter();
        let gone =
            retired.find(|row| Some(row.segment.as_str()) == self.segment && row.value == value);
        if let Some(row) = gone {
            return format!(
                "mapped; the target value is retired from {}",
                row.disabled_from
            );
        }
        let is_unknown = self.targets.is_some_and(|all| !all.is_empty()) && target.is_none();
        if is_unknown {
            return "mapped; the target does not have the value".to_owned();
        }
        if target.is_some_and(|live| !live.validity.covers(version.effective_from)) {
            return "mapped; the target value is not valid on the first day".to_owned();
        }
        let is_gone_here = self
            .names
            .is_some_and(|all| !all.is_empty() && !all.contains_key(key));
        let mut renamed = version.same_as.iter();
        let renamed = renamed.find(|(attribute, _)| attribute.to_string() == self.of);
        let now = renamed.and_then(|(_, ids)| ids.iter().find(|(_, old)| *old == key));
        if let Some((id, _)) = now {
            return format!("mapped; renamed to {id}");
        }
        if is_gone_here && !key.is_empty() {
            return "mapped; the source does not have the value".to_owned();
        }
        "mapped".to_owned()
    }

    fn unmapped(&self, id: &str, live: &LiveValue, rows: &BTreeMap<String, String>) -> Vec<String> {
        let empty = BTreeMap::new();
        let targets = self.targets.unwrap_or(&empty);
        let proposed = suggestion(id, &live.name, rows, targets);
        vec![
            encoded(id),
            note(&live.name),
            String::new(),
            String::new(),
            self.at_stake(id),
            "UNMAPPED".to_owned(),
            proposed.unwrap_or_default(),
        ]
    }
}
