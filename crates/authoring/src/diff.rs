//! What is different between two versions, row by row: rules by segment and id, rows of tables by key, and the rest by name. The order of
//! rules in the file means nothing and is no difference.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::{Condition, Flexfield, Rule, RuleValue, Test, VersionFile};

use crate::cell::encoded;

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// Only the new version has it.
    Added,
    /// Only the old version has it.
    Removed,
    /// Both have it, and it says something else.
    Changed,
}

impl DifferenceKind {
    /// The word used in tables and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// One row that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Part of the version: `version`, `rule`, `lookup`, `retired`, `flexfield`, `analytic`, `dropped`, `same_as`.
    pub part: &'static str,
    /// The segment, table or report; empty if the part has none.
    pub of: String,
    /// The field, rule id, key or name.
    pub key: String,
    /// What happened.
    pub kind: DifferenceKind,
    /// What the old version says; empty if nothing.
    pub before: String,
    /// What the new version says; empty if nothing.
    pub after: String,
}

type Rows = BTreeMap<(usize, String, String), String>;

const PARTS: [&str; 8] = [
    "version",
    "rule",
    "lookup",
    "retired",
    "flexfield",
    "analytic",
    "dropped",
    "same_as",
];

/// Every difference between `old` and `new`, in a fixed order.
pub fn differences(old: &VersionFile, new: &VersionFile) -> Vec<Difference> {
    let (old, new) = (rows(old), rows(new));
    let mut keys: Vec<&(usize, String, String)> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let mut found = Vec::new();
    for key in keys {
        let (before, after) = (old.get(key), new.get(key));
        let kind = match (before, after) {
            (Some(a), Some(b)) if a == b => continue,
            (Some(_), Some(_)) => DifferenceKind::Changed,
            (Some(_), None) => DifferenceKind::Removed,
            (None, _) => DifferenceKind::Added,
        };
        let (part, of, key) = key;
        found.push(Difference {
            part: PARTS.get(*part).copied().unwrap_or_default(),
            of: of.clone(),
            key: key.clone(),
            kind,
            before: before.cloned().unwrap_or_default(),
            after: after.cloned().unwrap_or_default(),
        });
    }
    found
}

fn rows(version: &VersionFile) -> Rows {
    let mut rows = Rows::new();
    let mut put = |part: usize, of: &str, key: &str, says: String| {
        rows.insert((part, of.to_owned(), key.to_owned()), says);
    };
    let open = |date: Option<tieout_model::AccountingDate>| {
        date.map_or_else(|| "open".to_owned(), |date| date.to_string())
    };
    let people = &version.people;
    let control = people.compensating_control.clone().unwrap_or_default();
    let fields = [
        ("version", version.version.clone()),
        ("effective_from", version.effective_from.to_string()),
        ("effective_to", open(version.effective_to)),
        ("supersedes", version.supersedes.clone().unwrap_or_default()),
        ("prepared_by", people.prepared_by.clone()),
        ("reviewed_by", people.reviewed_by.clone()),
        ("signed_by", people.signed_by.clone()),
        ("signed_at", people.signed_at.clone()),
        ("compensating_control", control),
        ("segments", version.segments.join(", ")),
    ];
    for (field, says) in fields {
        put(0, "", field, says);
    }
    for rule in &version.rules {
        put(1, &rule.segment, &rule.id, rule_words(rule));
    }
    for (table, entries) in &version.lookups {
        for (key, value) in entries {
            put(2, &table.to_string(), key, value.clone());
        }
    }
    for row in &version.retired {
        let instead = row.superseded_by.as_deref().unwrap_or("nothing");
        let says = format!(
            "disabled from {}, superseded by {instead}",
            row.disabled_from
        );
        put(3, &row.segment, &row.value, says);
    }
    for (name, field) in &version.dff {
        put(4, "", name, flexfield_words(field));
    }
    for (report, dimensions) in &version.analytic {
        for dimension in dimensions {
            put(5, report, dimension, "carried".to_owned());
        }
    }
    for dimension in &version.dropped {
        put(6, "", dimension, "dropped".to_owned());
    }
    for (attribute, ids) in &version.same_as {
        for (id, old) in ids {
            put(7, &attribute.to_string(), id, format!("same as {old}"));
        }
    }
    rows
}

fn flexfield_words(field: &Flexfield) -> String {
    let context = field.context.as_deref().unwrap_or("of the settings");
    format!(
        "{} on {} {}, context {context}",
        field.dimension,
        field.level.word(),
        field.attribute
    )
}

fn rule_words(rule: &Rule) -> String {
    let when = conditions_words(&rule.when);
    format!(
        "priority {}, if {when}: {}",
        rule.priority,
        value_words(&rule.value)
    )
}

/// The value of a rule as a version writes it.
pub(crate) fn value_words(value: &RuleValue) -> String {
    match value {
        RuleValue::Literal(value) => value.clone(),
        RuleValue::Lookup(table) => format!("lookup:{table}"),
        RuleValue::Inherited(dimension) => format!("lookup:{dimension}+inherit"),
        RuleValue::Entity(column) => format!("entity.{column}"),
        RuleValue::Affiliate(column) => format!("affiliate.{column}"),
    }
}

pub(crate) fn conditions_words(when: &[Condition]) -> String {
    if when.is_empty() {
        return "always".to_owned();
    }
    let words: Vec<String> = when.iter().map(condition_words).collect();
    words.join(" and ")
}

/// One condition in words.
pub(crate) fn condition_words(condition: &Condition) -> String {
    let (is_in, values) = match &condition.test {
        Test::OneOf(values) => (true, values),
        Test::NoneOf(values) => (false, values),
    };
    let words: Vec<String> = values.iter().map(|value| encoded(value)).collect();
    match (&words[..], is_in) {
        ([only], true) => format!("{} = {only}", condition.attribute),
        ([only], false) => format!("{} <> {only}", condition.attribute),
        (all, true) => format!("{} in ({})", condition.attribute, all.join(", ")),
        (all, false) => format!("{} not in ({})", condition.attribute, all.join(", ")),
    }
}
