//! One sheet for each dimension that has no table: its values, where they go, and what is at stake. For people only; reading back passes
//! them by.

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::crosswalk::{
    Attribute, Flexfield, FlexfieldLevel, RuleValue, VersionFile, WhenBlank,
};

use crate::book::Sheet;
use crate::cell::encoded;
use crate::live::{LiveValue, LiveValues};
use crate::write::Source;
use crate::write::names::fits_a_sheet;
use crate::write::tables::note;

/// What the name of such a sheet begins with.
pub(crate) const DIMENSION: &str = "Dimension";

const COLUMNS: [&str; 5] = ["value", "name", "goes to", "at stake", "status"];

/// The sheets, in the order of the dimensions' names. A dimension whose name is no name for a sheet has none.
pub(crate) fn dimensions(source: &Source<'_>) -> Vec<Sheet> {
    let (version, live) = (&source.version, source.live);
    let tables: BTreeSet<String> = version.lookups.keys().map(ToString::to_string).collect();
    let names = live
        .dimensions
        .keys()
        .filter(|name| !tables.contains(*name));
    names
        .filter(|name| fits_a_sheet(&format!("{DIMENSION} {name}"), name))
        .map(|name| sheet(name, version, live))
        .collect()
}

fn sheet(name: &str, version: &VersionFile, live: &LiveValues) -> Sheet {
    let goes_to = destination(name, version);
    let empty = BTreeMap::new();
    let known = live.source.get(name).unwrap_or(&empty);
    let mut rows = vec![vec![
        encoded(""),
        String::new(),
        blank(live.dimensions.get(name)),
        String::new(),
        String::new(),
    ]];
    let used = live
        .at_stake
        .keys()
        .filter(|(attribute, _)| attribute == name);
    let mut ids: BTreeSet<&String> = used.map(|(_, id)| id).collect();
    ids.extend(known.keys());
    for id in ids {
        let stake = live.at_stake.get(&(name.to_owned(), id.clone()));
        rows.push(vec![
            encoded(id),
            known
                .get(id)
                .map(|value| note(&value.name))
                .unwrap_or_default(),
            goes_to.clone(),
            stake.cloned().unwrap_or_default(),
            status(known.get(id), stake.is_some(), known.is_empty()).to_owned(),
        ]);
    }
    Sheet {
        name: format!("{DIMENSION} {name}"),
        columns: COLUMNS.to_vec(),
        rows,
        notes: (0..COLUMNS.len()).collect(),
        choices: Vec::new(),
    }
}

fn status(known: Option<&LiveValue>, is_used: bool, is_nothing_known: bool) -> &'static str {
    match (known, is_used) {
        (Some(_), true) => "in use",
        (Some(_), false) => "not in use",
        (None, _) if is_nothing_known => "in use",
        (None, _) => "in use; the source does not have the value",
    }
}

fn blank(when: Option<&WhenBlank>) -> String {
    match when {
        None | Some(WhenBlank::Empty) => "blank stays blank".to_owned(),
        Some(WhenBlank::Default(value)) => format!("blank counts as {value}"),
        Some(WhenBlank::Required) => "blank holds the document".to_owned(),
    }
}

/// Everything the version does with the dimension, in words.
fn destination(name: &str, version: &VersionFile) -> String {
    let mut words = Vec::new();
    let is_it =
        |attribute: &Attribute| matches!(attribute, Attribute::Dimension(own) if own == name);
    for rule in &version.rules {
        let is_value = match &rule.value {
            RuleValue::Lookup(table) => is_it(table),
            RuleValue::Inherited(own) => own == name,
            RuleValue::Literal(_) | RuleValue::Entity(_) | RuleValue::Affiliate(_) => false,
        };
        if is_value {
            words.push(format!("segment {}", rule.segment));
        } else if rule
            .when
            .iter()
            .any(|condition| is_it(&condition.attribute))
        {
            words.push(format!("condition of rule {}", rule.id));
        }
    }
    let mine = version.dff.values().filter(|field| field.dimension == name);
    words.extend(mine.map(flexfield));
    let reports = version.analytic.iter();
    let mine = reports.filter(|(_, dimensions)| dimensions.iter().any(|own| own == name));
    words.extend(mine.map(|(report, _)| format!("report {report}")));
    if version.dropped.contains(name) {
        words.push("dropped on purpose".to_owned());
    }
    if words.is_empty() {
        return "nowhere: a value holds the document, unless it is the entity itself".to_owned();
    }
    words.join(", ")
}

fn flexfield(field: &Flexfield) -> String {
    let level = match field.level {
        FlexfieldLevel::Line => "line",
        FlexfieldLevel::Header => "header",
    };
    match &field.context {
        None => format!("flexfield {} of the {level}", field.attribute),
        Some(context) => format!(
            "flexfield {} of the {level}, context {context}",
            field.attribute
        ),
    }
}
