//! What makes a set of versions unusable, found before the first document.
//!
//! Whether two rules can both be true is decided exactly over the signed data: accounts with their classes and entities with their columns
//! are finite tables, so every row is tried; a dimension is tried with every value the conditions name, or is free if they only exclude
//! some. Dimensions are taken to be independent of each other, of the account and of the entity: a pair of rules that only such a
//! dependency keeps apart is refused as well. An account outside the chart can still meet two rules; that holds the document at run time.

mod renamed;

use std::collections::BTreeSet;
use std::fmt;

use tieout_model::AccountClass;

use crate::crosswalk::assemble::closed_by_successor;
use crate::crosswalk::file::{Attribute, Condition, Rule, RuleValue, Test, VersionFile};
use crate::crosswalk::reference::{EntityRow, Reference, WhenBlank};

/// The kinds of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    /// Two versions have the same name.
    DuplicateVersion,
    /// Two versions cover the same day.
    OverlappingVersions,
    /// A version supersedes one that is not there, or that does not reach its first day.
    SupersedesNothing,
    /// Two rules of a version have the same id.
    DuplicateRule,
    /// Two rules of one segment and priority can both be true.
    AmbiguousRules,
    /// A rule can never win, because an earlier one always holds where it does.
    UnreachableRule,
    /// A rule looks into a table the version does not have.
    MissingTable,
    /// A rule names a column the entities do not have.
    UnknownColumn,
    /// A rule, table, flexfield or report names a dimension the reference data does not have.
    UnknownDimension,
    /// A rule or table yields a value that is disabled from the first day of the version.
    RetiredTarget,
    /// A rule or table yields a value the target does not have.
    UnknownTarget,
    /// The reference data speaks of a segment no version has.
    UnknownSegment,
    /// An id is said to be another one under a new name, and yet counts by itself, or the other has no row.
    ContradictoryId,
    /// A dimension is dropped on purpose and used all the same.
    DroppedButUsed,
    /// A rule inherits along a dimension without a hierarchy.
    NoHierarchy,
}

impl Problem {
    /// The word used in tables and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::DuplicateVersion => "duplicate_version",
            Self::OverlappingVersions => "overlapping_versions",
            Self::SupersedesNothing => "supersedes_nothing",
            Self::DuplicateRule => "duplicate_rule",
            Self::AmbiguousRules => "ambiguous_rules",
            Self::UnreachableRule => "unreachable_rule",
            Self::MissingTable => "missing_table",
            Self::UnknownColumn => "unknown_column",
            Self::UnknownDimension => "unknown_dimension",
            Self::RetiredTarget => "retired_target",
            Self::UnknownTarget => "unknown_target",
            Self::UnknownSegment => "unknown_segment",
            Self::ContradictoryId => "contradictory_id",
            Self::DroppedButUsed => "dropped_but_used",
            Self::NoHierarchy => "no_hierarchy",
        }
    }
}

/// One problem, with the rule it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind.
    pub problem: Problem,
    /// The version; empty if it is the reference data.
    pub version: String,
    /// The rule, if it is one rule's problem.
    pub rule: Option<String>,
    /// In words, with the remedy.
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.version.is_empty() {
            write!(f, "version {}", self.version)?;
        }
        if let Some(rule) = &self.rule {
            write!(f, ", rule {rule}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// Every problem of versions that are not signed yet, in a fixed order; none means they can be signed. The versions are looked at by
/// [`VersionFile::effective_from`], as when they are opened; one without an end ends the day before the next one begins.
pub fn problems(versions: &[VersionFile], reference: &Reference) -> Vec<Refusal> {
    refusals(&closed_by_successor(versions.to_vec()), reference)
}

/// Every problem of the versions and the reference data, in a fixed order.
pub(crate) fn refusals(files: &[VersionFile], reference: &Reference) -> Vec<Refusal> {
    let mut found = Vec::new();
    for (i, file) in files.iter().enumerate() {
        for later in files.iter().skip(i.saturating_add(1)) {
            between_versions(file, later, &mut found);
        }
        superseding(file, files, &mut found);
        Checks {
            file,
            reference,
            found: &mut found,
        }
        .run();
    }
    let named = reference.forbidden.iter().flat_map(|rule| &rule.when);
    let named: BTreeSet<&String> = named
        .map(|(segment, _)| segment)
        .chain(reference.segment_values.keys())
        .collect();
    for segment in named {
        if !files.iter().any(|file| file.segments.contains(segment)) {
            found.push(Refusal {
                problem: Problem::UnknownSegment,
                version: String::new(),
                rule: None,
                detail: format!("the reference data names segment {segment:?}, no version does"),
            });
        }
    }
    found
}

fn between_versions(file: &VersionFile, later: &VersionFile, found: &mut Vec<Refusal>) {
    let mut refuse = |problem, detail| {
        found.push(Refusal {
            problem,
            version: later.version.clone(),
            rule: None,
            detail,
        });
    };
    if file.version == later.version {
        let detail = "another version has the same name; give it a new one".to_owned();
        refuse(Problem::DuplicateVersion, detail);
    }
    if file.covers(later.effective_from) || later.covers(file.effective_from) {
        let detail = format!(
            "overlaps version {} on {}; end one the day before the other begins, or name {} under supersedes in {}, which cuts it short",
            file.version, later.effective_from, file.version, later.version
        );
        refuse(Problem::OverlappingVersions, detail);
    }
}

/// What a version cuts short must be there and have ended just before it, once the cut is made.
fn superseding(file: &VersionFile, files: &[VersionFile], found: &mut Vec<Refusal>) {
    let Some(name) = &file.supersedes else { return };
    let cut = files.iter().find(|other| other.version == *name);
    let is_cut = |cut: &VersionFile| {
        cut.effective_from < file.effective_from
            && cut.effective_to == file.effective_from.yesterday().ok()
    };
    let detail = match cut {
        Some(cut) if is_cut(cut) => return,
        None => format!("supersedes version {name}, which is not there; name a signed version"),
        Some(cut) => {
            let until = cut
                .effective_to
                .map_or_else(|| "open".to_owned(), |to| to.to_string());
            format!(
                "supersedes version {name}, which applies from {} to {until} and so does not reach {}; name the version in force before that day",
                cut.effective_from, file.effective_from
            )
        }
    };
    found.push(Refusal {
        problem: Problem::SupersedesNothing,
        version: file.version.clone(),
        rule: None,
        detail,
    });
}

struct Checks<'a> {
    file: &'a VersionFile,
    reference: &'a Reference,
    found: &'a mut Vec<Refusal>,
}

impl Checks<'_> {
    fn refuse(&mut self, problem: Problem, rule: Option<&Rule>, detail: String) {
        self.found.push(Refusal {
            problem,
            version: self.file.version.clone(),
            rule: rule.map(|rule| rule.id.clone()),
            detail,
        });
    }

    fn run(&mut self) {
        let file = self.file;
        for (i, rule) in file.rules.iter().enumerate() {
            for condition in &rule.when {
                self.attribute(Some(rule), &condition.attribute);
            }
            self.value(rule);
            for other in file.rules.iter().skip(i.saturating_add(1)) {
                self.pair(rule, other);
            }
        }
        for table in file.lookups.keys().chain(file.same_as.keys()) {
            self.attribute(None, table);
        }
        self.renamed();
        let reports = file.analytic.values().flatten();
        let flexfields = file.dff.values().map(|field| &field.dimension);
        for dimension in flexfields.chain(reports).chain(&file.dropped) {
            self.attribute(None, &Attribute::Dimension(dimension.clone()));
        }
        for dimension in file.dropped.iter().filter(|name| file.uses(name)) {
            let detail = format!(
                "dimension {dimension} is dropped, yet a rule, flexfield or report uses it; say one of both"
            );
            self.refuse(Problem::DroppedButUsed, None, detail);
        }
    }

    fn table(&mut self, rule: &Rule, table: &Attribute) {
        match self.file.lookups.get(table) {
            None => {
                let detail = format!("there is no table {table}; add it to lookups");
                self.refuse(Problem::MissingTable, Some(rule), detail);
            }
            Some(rows) => {
                let targets: BTreeSet<&String> = rows.values().collect();
                for value in targets {
                    self.target(rule, value);
                }
            }
        }
    }

    fn attribute(&mut self, rule: Option<&Rule>, attribute: &Attribute) {
        match attribute {
            Attribute::Account
            | Attribute::AccountClass
            | Attribute::Entity
            | Attribute::Affiliate => {}
            Attribute::EntityColumn(column) | Attribute::AffiliateColumn(column) => {
                self.column(rule, column);
            }
            Attribute::Dimension(name) => {
                if !self.reference.dimensions.contains_key(name) {
                    let detail = format!(
                        "{name:?} is no dimension of the reference data; correct the name or declare it"
                    );
                    self.refuse(Problem::UnknownDimension, rule, detail);
                }
            }
        }
    }

    fn column(&mut self, rule: Option<&Rule>, column: &str) {
        let mut entities = self.reference.entities.values();
        if !entities.all(|entity| entity.columns.contains_key(column)) {
            let detail =
                format!("{column:?} is no column of every entity; correct the name or add it");
            self.refuse(Problem::UnknownColumn, rule, detail);
        }
    }

    fn value(&mut self, rule: &Rule) {
        match &rule.value {
            RuleValue::Entity(column) | RuleValue::Affiliate(column) => {
                self.column(Some(rule), column);
            }
            RuleValue::Literal(value) => self.target(rule, value),
            RuleValue::Lookup(table) => self.table(rule, table),
            RuleValue::Inherited(dimension) => {
                self.table(rule, &Attribute::Dimension(dimension.clone()));
                if !self.reference.hierarchies.contains_key(dimension) {
                    let detail = format!(
                        "inherits along {dimension}, which has no hierarchy in the reference data; add one or take +inherit away"
                    );
                    self.refuse(Problem::NoHierarchy, Some(rule), detail);
                }
            }
        }
    }

    fn target(&mut self, rule: &Rule, value: &str) {
        let from = self.file.effective_from;
        let retired = self.file.retired.iter().find(|row| {
            row.segment == rule.segment && row.value == value && row.disabled_from <= from
        });
        if let Some(row) = retired {
            let detail = format!(
                "yields {value}, disabled from {}, before the version begins",
                row.disabled_from
            );
            self.refuse(Problem::RetiredTarget, Some(rule), detail);
        }
        let values = self.reference.segment_values.get(&rule.segment);
        if values.is_some_and(|values| !values.contains_key(value)) {
            let detail = format!("yields {value}, which segment {} lacks", rule.segment);
            self.refuse(Problem::UnknownTarget, Some(rule), detail);
        }
    }

    fn pair(&mut self, a: &Rule, b: &Rule) {
        if a.id == b.id {
            let detail = "the id stands twice; give every rule its own".to_owned();
            self.refuse(Problem::DuplicateRule, Some(b), detail);
        }
        if a.segment != b.segment {
            return;
        }
        let (first, second) = if a.priority <= b.priority {
            (a, b)
        } else {
            (b, a)
        };
        if first.priority == second.priority {
            if can_both_hold(first, second, self.reference) {
                let detail = format!(
                    "has priority {} like rule {} of segment {}, and both can be true; give them different priorities",
                    second.priority, first.id, first.segment
                );
                self.refuse(Problem::AmbiguousRules, Some(second), detail);
            }
        } else if implies(second, first) {
            let detail = format!(
                "can never win: rule {} goes first and holds wherever it does; remove it or change the priorities",
                first.id
            );
            self.refuse(Problem::UnreachableRule, Some(second), detail);
        }
    }
}

/// True if `earlier` holds wherever `later` does, condition by condition.
fn implies(later: &Rule, earlier: &Rule) -> bool {
    earlier.when.iter().all(|wanted| {
        let mut same = later.when.iter();
        same.any(|given| given.attribute == wanted.attribute && within(&given.test, &wanted.test))
    })
}

fn within(given: &Test, wanted: &Test) -> bool {
    match (given, wanted) {
        (Test::OneOf(given), Test::OneOf(wanted)) => given.is_subset(wanted),
        (Test::OneOf(given), Test::NoneOf(banned)) => given.is_disjoint(banned),
        (Test::NoneOf(given), Test::NoneOf(banned)) => banned.is_subset(given),
        (Test::NoneOf(_), Test::OneOf(_)) => false,
    }
}

fn can_both_hold(a: &Rule, b: &Rule, reference: &Reference) -> bool {
    let all: Vec<&Condition> = a.when.iter().chain(&b.when).collect();
    let dimensions: BTreeSet<&String> =
        all.iter().filter_map(|c| c.attribute.dimension()).collect();
    let mut accounts = reference.accounts.iter();
    let mut entities = reference.entities.iter();
    let mut affiliates = reference.entities.iter();
    accounts.any(|(code, class)| all.iter().all(|c| account_passes(c, code, *class)))
        && entities.any(|(id, row)| all.iter().all(|c| entity_passes(c, id, row)))
        && (affiliates.any(|(id, row)| all.iter().all(|c| affiliate_passes(c, id, Some(row))))
            || all.iter().all(|c| affiliate_passes(c, "", None)))
        && dimensions
            .into_iter()
            .all(|dimension| dimension_can_pass(dimension, &all, reference))
}

fn account_passes(condition: &Condition, code: &str, class: AccountClass) -> bool {
    match &condition.attribute {
        Attribute::Account => condition.test.holds(code),
        Attribute::AccountClass => condition.test.holds(class.word()),
        Attribute::Entity
        | Attribute::EntityColumn(_)
        | Attribute::Affiliate
        | Attribute::AffiliateColumn(_)
        | Attribute::Dimension(_) => true,
    }
}

fn entity_passes(condition: &Condition, id: &str, row: &EntityRow) -> bool {
    match &condition.attribute {
        Attribute::Entity => condition.test.holds(id),
        Attribute::EntityColumn(column) => {
            let cell = row.columns.get(column).map_or("", String::as_str);
            condition.test.holds(cell)
        }
        Attribute::Account
        | Attribute::AccountClass
        | Attribute::Affiliate
        | Attribute::AffiliateColumn(_)
        | Attribute::Dimension(_) => true,
    }
}

fn affiliate_passes(condition: &Condition, id: &str, row: Option<&EntityRow>) -> bool {
    match &condition.attribute {
        Attribute::Affiliate => condition.test.holds(id),
        Attribute::AffiliateColumn(column) => {
            let cell = row.and_then(|row| row.columns.get(column));
            condition.test.holds(cell.map_or("", String::as_str))
        }
        Attribute::Account
        | Attribute::AccountClass
        | Attribute::Entity
        | Attribute::EntityColumn(_)
        | Attribute::Dimension(_) => true,
    }
}

fn dimension_can_pass(dimension: &String, all: &[&Condition], reference: &Reference) -> bool {
    let mine = |condition: &&&Condition| condition.attribute.dimension() == Some(dimension);
    let tests: Vec<&Test> = all.iter().filter(mine).map(|c| &c.test).collect();
    let blank = reference.dimensions.get(dimension);
    let is_blank_seen = matches!(blank, None | Some(WhenBlank::Empty));
    let candidates = tests.iter().find_map(|test| match test {
        Test::OneOf(values) => Some(values),
        Test::NoneOf(_) => None,
    });
    candidates.is_none_or(|values| {
        values.iter().any(|value| {
            (is_blank_seen || !value.is_empty()) && tests.iter().all(|test| test.holds(value))
        })
    })
}
