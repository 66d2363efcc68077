//! A version to start from: a copy of another one, or the bare bones over the reference data.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::{Json, Reference};
use tieout_model::AccountingDate;

/// Who and when of a new version.
const UNSIGNED: &str = "not signed";

/// A new version named `name`, effective from `from`.
///
/// Over `base` it is a copy with open end. Without one it has the given segments, one table per dimension (empty: every value waits for a
/// decision) and one rule for the natural account; the rest is for its author to write. People are place holders that differ from each
/// other, since a file without three persons can't be read.
pub fn skeleton(
    name: &str,
    from: AccountingDate,
    prepared_by: &str,
    segments: &[String],
    base: Option<&Json>,
    reference: &Reference,
) -> Json {
    let mut members = match base {
        Some(Json::Object(members)) => members.clone(),
        Some(Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) | Json::List(_))
        | None => bare(segments, reference),
    };
    let texts = [
        ("version", name),
        ("effective_from", &from.to_string()),
        ("prepared_by", prepared_by),
        ("reviewed_by", "reviewer to be named"),
        ("signed_by", "signer to be named"),
        ("signed_at", UNSIGNED),
        ("reason", "to be given"),
        ("ticket", "to be given"),
    ];
    for (field, text) in texts {
        members.insert(field.to_owned(), Json::text(text));
    }
    members.insert("effective_to".to_owned(), Json::Null);
    for field in ["compensating_control", "supersedes"] {
        members.remove(field);
    }
    Json::Object(members)
}

fn bare(segments: &[String], reference: &Reference) -> BTreeMap<String, Json> {
    let list = segments.iter().map(|name| Json::text(name)).collect();
    let rule = |id: &str, segment: &str, value: &str| {
        Json::object([
            ("id", Json::text(id)),
            ("priority", Json::Integer(10)),
            ("segment", Json::text(segment)),
            ("when", Json::List(Vec::new())),
            ("value", Json::text(value)),
        ])
    };
    let natural = segments.iter().filter(|name| *name == "account");
    let rules = natural
        .map(|name| rule("AC-1", name, "lookup:account"))
        .collect();
    let mut tables: BTreeMap<String, Json> = BTreeMap::new();
    tables.insert("account".to_owned(), Json::Object(BTreeMap::new()));
    for dimension in reference.dimensions.keys() {
        tables.insert(dimension.clone(), Json::Object(BTreeMap::new()));
    }
    let empty = || Json::Object(BTreeMap::new());
    let members = [
        ("segments", Json::List(list)),
        ("rules", Json::List(rules)),
        ("lookups", Json::Object(tables)),
        ("retired", Json::List(Vec::new())),
        ("dff", empty()),
        ("analytic", empty()),
        ("dropped", Json::List(Vec::new())),
    ];
    members
        .into_iter()
        .map(|(name, json)| (name.to_owned(), json))
        .collect()
}
