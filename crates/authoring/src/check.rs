//! Whether a version could be signed, told on the sheets it was read from.

use std::collections::BTreeSet;

use tieout_engine::crosswalk::{Problem, Reference, Refusal, RuleValue, VersionFile, problems};

use crate::book::Fault;
use crate::read::Authored;

/// Every problem of the version beside the versions that are there already, each on its cell where it has one. A version of the same
/// name among `others` is taken to be replaced.
pub fn checked(authored: &Authored, others: &[VersionFile], reference: &Reference) -> Vec<Fault> {
    let mine = &authored.version;
    let mut all: Vec<VersionFile> = others
        .iter()
        .filter(|other| other.version != mine.version)
        .cloned()
        .collect();
    all.push(mine.clone());
    let found = problems(&all, reference);
    let mut faults = disabled(authored, reference);
    let mine = found.into_iter().filter(|refusal| {
        refusal.version == mine.version && !is_told_by_row(refusal, &authored.version)
    });
    faults.extend(faults_of_refusals(
        &mine.collect::<Vec<_>>(),
        Some(authored),
    ));
    faults
}

/// The problems as faults; on the cell of the rule if the version was read from sheets.
pub fn faults_of_refusals(refusals: &[Refusal], authored: Option<&Authored>) -> Vec<Fault> {
    let one = |refusal: &Refusal| {
        let mut fault = authored
            .and_then(|authored| place_of(refusal, authored))
            .unwrap_or_else(|| Fault::book("", ""));
        fault.what = match (&refusal.rule, fault.sheet.is_empty()) {
            (Some(rule), _) => format!("rule {rule}: {}", refusal.detail),
            (None, _) => refusal.detail.clone(),
        };
        fault.remedy = remedy(refusal.problem).to_owned();
        fault
    };
    refusals.iter().map(one).collect()
}

fn place_of(refusal: &Refusal, authored: &Authored) -> Option<Fault> {
    let Some(rule) = &refusal.rule else {
        let field = match refusal.problem {
            Problem::DuplicateVersion => "version",
            Problem::OverlappingVersions => "effective_from",
            Problem::SupersedesNothing => "supersedes",
            Problem::ContradictoryId => "same_as",
            Problem::DroppedButUsed => "dropped",
            Problem::DuplicateRule
            | Problem::AmbiguousRules
            | Problem::UnreachableRule
            | Problem::MissingTable
            | Problem::UnknownColumn
            | Problem::UnknownDimension
            | Problem::RetiredTarget
            | Problem::UnknownTarget
            | Problem::UnknownSegment
            | Problem::NoHierarchy => return None,
        };
        return authored.places.of(&format!("crosswalk.{field}")).cloned();
    };
    let mut rules = authored.version.rules.iter();
    // Of two rules of one id the later one is the one that is told.
    let at = rules.rposition(|own| own.id == *rule)?;
    let part = match refusal.problem {
        Problem::AmbiguousRules => "priority",
        Problem::DuplicateRule => "id",
        Problem::UnreachableRule
        | Problem::UnknownColumn
        | Problem::UnknownDimension
        | Problem::ContradictoryId => "when",
        Problem::MissingTable
        | Problem::RetiredTarget
        | Problem::UnknownTarget
        | Problem::NoHierarchy => "value",
        Problem::DuplicateVersion
        | Problem::OverlappingVersions
        | Problem::SupersedesNothing
        | Problem::UnknownSegment
        | Problem::DroppedButUsed => "",
    };
    let path = format!("crosswalk.rules[{at}].{part}");
    authored.places.of(path.trim_end_matches('.')).cloned()
}

fn remedy(problem: Problem) -> &'static str {
    match problem {
        Problem::DuplicateVersion => "give the version a new name",
        Problem::OverlappingVersions => {
            "end one version the day before the other begins, or name the earlier one under supersedes"
        }
        Problem::SupersedesNothing => {
            "name the version in force before the first day, or leave it blank"
        }
        Problem::DuplicateRule => "give every rule its own id",
        Problem::AmbiguousRules => "give the rules different priorities",
        Problem::UnreachableRule => "remove the rule or change the priorities",
        Problem::MissingTable => "add the table, or correct its name",
        Problem::UnknownColumn => "correct the name of the column",
        Problem::UnknownDimension => "correct the name, or have the dimension declared",
        Problem::RetiredTarget => "map to the value that supersedes it",
        Problem::UnknownTarget => "correct the value, or have it created in the target first",
        Problem::UnknownSegment => "correct the reference data",
        Problem::ContradictoryId => "map and name the old id alone",
        Problem::DroppedButUsed => "take the dimension from the dropped ones, or stop using it",
        Problem::NoHierarchy => "add the hierarchy to the reference data, or take +inherit away",
    }
}

/// Problems of the target of a table are told row by row instead.
fn is_told_by_row(refusal: &Refusal, version: &VersionFile) -> bool {
    let is_target = matches!(
        refusal.problem,
        Problem::RetiredTarget | Problem::UnknownTarget
    );
    let mut rules = version.rules.iter();
    is_target
        && rules.any(|rule| {
            Some(&rule.id) == refusal.rule.as_ref()
                && matches!(rule.value, RuleValue::Lookup(_) | RuleValue::Inherited(_))
        })
}

/// Rows of tables that lead to values that are disabled, not valid yet or not there.
fn disabled(authored: &Authored, reference: &Reference) -> Vec<Fault> {
    let version = &authored.version;
    let from = version.effective_from;
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for rule in &version.rules {
        let table = match &rule.value {
            RuleValue::Lookup(table) => table.to_string(),
            RuleValue::Inherited(dimension) => dimension.clone(),
            RuleValue::Literal(_) | RuleValue::Entity(_) | RuleValue::Affiliate(_) => continue,
        };
        let tables = version.lookups.iter();
        let mine = tables.filter(|(name, _)| name.to_string() == table);
        for (key, value) in mine.flat_map(|(_, rows)| rows) {
            let mut retired = version.retired.iter();
            let gone = retired.find(|row| {
                row.segment == rule.segment && row.value == *value && row.disabled_from <= from
            });
            let values = reference.segment_values.get(&rule.segment);
            let what = match (gone, values.map(|values| values.get(value))) {
                (Some(row), _) => format!(
                    "{key:?} leads to {value}, which is disabled from {}",
                    row.disabled_from
                ),
                (None, Some(None)) => {
                    format!(
                        "{key:?} leads to {value}, which segment {} lacks",
                        rule.segment
                    )
                }
                (None, Some(Some(validity))) if validity.to.is_some_and(|to| to < from) => {
                    format!("{key:?} leads to {value}, which the target has disabled before {from}")
                }
                (None, Some(Some(_)) | None) => continue,
            };
            let path = format!("crosswalk.lookups.{table:?}.{key:?}");
            let place = authored.places.of(&path).cloned();
            let mut fault = place.unwrap_or_else(|| Fault::book("", ""));
            fault.what = what;
            fault.remedy = "choose a value of the sheet Values that is live".to_owned();
            if seen.insert(fault.clone()) {
                faults.push(fault);
            }
        }
    }
    faults
}
