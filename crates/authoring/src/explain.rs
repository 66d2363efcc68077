//! Why a line is coded as it is: for each segment the rule that decides, and why the others do not.
//!
//! Written from the rule book (domain dossier 4.2) beside the engine's own way of deciding, which is made for speed; a test holds both
//! against each other.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::{
    Attribute, Reference, Rule, RuleValue, VersionFile, WhenBlank, cut_short, normalised,
};
use tieout_model::AccountingDate;

use crate::diff::{condition_words, conditions_words, value_words};

/// A line to be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The account.
    pub account: String,
    /// The entity in whose books it stands; empty if not said.
    pub entity: String,
    /// The other entity; empty if none.
    pub affiliate: String,
    /// Value per dimension.
    pub dimensions: BTreeMap<String, String>,
    /// The accounting date.
    pub date: AccountingDate,
}

/// What a rule said to the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It decides.
    Decides,
    /// A condition does not hold: the condition, and what the line has.
    Fails {
        /// The condition.
        condition: String,
        /// The value of the line; blank is empty.
        found: String,
    },
    /// It holds, and a rule before it has decided.
    ComesLater,
    /// It holds with the same priority as the one that decides; the document is held.
    Rivals,
}

/// One rule that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Its id.
    pub rule: String,
    /// Its priority.
    pub priority: u32,
    /// Its conditions.
    pub conditions: String,
    /// Where its value comes from.
    pub value: String,
    /// What it said.
    pub verdict: Verdict,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedSegment {
    /// The segment.
    pub segment: String,
    /// Its value, or why there is none.
    pub value: Result<String, String>,
    /// The ancestor whose row was taken, if the rule inherits; or the old id of a renamed value.
    pub inherited_from: Option<String>,
    /// The rules in the order in which they are tried.
    pub tried: Vec<Tried>,
}

/// A line explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The version in force on the date; the rest is empty without one.
    pub version: Option<String>,
    /// The segments in order.
    pub segments: Vec<ExplainedSegment>,
    /// Where each dimension of the line goes: the dimension with its value and defaults, and in words where to.
    pub dimensions: Vec<(String, String, String)>,
}

/// Explains a line under the version in force on its date.
pub fn explain(versions: &[VersionFile], reference: &Reference, question: &Question) -> Explained {
    let versions = cut_short(versions.to_vec());
    let mut all = versions.iter();
    let Some(version) = all.find(|version| version.covers(question.date)) else {
        return Explained {
            version: None,
            segments: Vec::new(),
            dimensions: Vec::new(),
        };
    };
    let line = Line {
        version,
        reference,
        question,
    };
    let segments = version.segments.iter();
    Explained {
        version: Some(version.version.clone()),
        segments: segments.map(|segment| line.segment(segment)).collect(),
        dimensions: line.dimensions(),
    }
}

struct Line<'a> {
    version: &'a VersionFile,
    reference: &'a Reference,
    question: &'a Question,
}

impl Line<'_> {
    fn dimension(&self, name: &str) -> String {
        let own = self.question.dimensions.get(name);
        let own = own.map(|value| normalised(value).into_owned());
        match own.filter(|value| !value.is_empty()) {
            Some(value) => value,
            None => match self.reference.dimensions.get(name) {
                Some(WhenBlank::Default(value)) => value.clone(),
                Some(WhenBlank::Required | WhenBlank::Empty) | None => String::new(),
            },
        }
    }

    fn attribute(&self, attribute: &Attribute) -> String {
        let column = |entity: &str, column: &String| {
            let row = self.reference.entities.get(entity);
            let cell = row.and_then(|row| row.columns.get(column));
            cell.cloned().unwrap_or_default()
        };
        let question = self.question;
        match attribute {
            Attribute::Account => self.before(attribute, question.account.clone()),
            Attribute::AccountClass => {
                let class = self.reference.accounts.get(&question.account);
                class
                    .map(|class| class.word().to_owned())
                    .unwrap_or_default()
            }
            Attribute::Entity => question.entity.clone(),
            Attribute::EntityColumn(name) => column(&question.entity, name),
            Attribute::Affiliate => question.affiliate.clone(),
            Attribute::AffiliateColumn(name) => column(&question.affiliate, name),
            Attribute::Dimension(name) => self.before(attribute, self.dimension(name)),
        }
    }

    /// The id that rules see: the old one of a value that was renamed.
    fn before(&self, attribute: &Attribute, id: String) -> String {
        let ids = self.version.same_as.get(attribute);
        ids.and_then(|ids| ids.get(&id)).cloned().unwrap_or(id)
    }

    /// The old id, if the value of that attribute was renamed.
    fn renamed(&self, attribute: &Attribute) -> Option<String> {
        let own = match attribute {
            Attribute::Account => self.question.account.clone(),
            Attribute::Dimension(name) => self.dimension(name),
            Attribute::AccountClass
            | Attribute::Entity
            | Attribute::EntityColumn(_)
            | Attribute::Affiliate
            | Attribute::AffiliateColumn(_) => return None,
        };
        let old = self.before(attribute, own.clone());
        (old != own).then_some(old)
    }

    fn verdict(&self, rule: &Rule, winner: Option<&Rule>) -> Verdict {
        let failing = rule.when.iter().find_map(|condition| {
            let found = self.attribute(&condition.attribute);
            (!condition.test.holds(&found)).then(|| (condition_words(condition), found))
        });
        match (failing, winner) {
            (Some((condition, found)), _) => Verdict::Fails { condition, found },
            (None, None) => Verdict::Decides,
            (None, Some(winner)) if winner.priority == rule.priority => Verdict::Rivals,
            (None, Some(_)) => Verdict::ComesLater,
        }
    }

    fn segment(&self, segment: &str) -> ExplainedSegment {
        let rules = self.version.rules.iter();
        let mut rules: Vec<&Rule> = rules.filter(|rule| rule.segment == segment).collect();
        rules.sort_by_key(|rule| (rule.priority, &rule.id));
        let mut winner: Option<&Rule> = None;
        let mut tried = Vec::new();
        for rule in rules {
            let verdict = self.verdict(rule, winner);
            if verdict == Verdict::Decides {
                winner = Some(rule);
            }
            tried.push(Tried {
                rule: rule.id.clone(),
                priority: rule.priority,
                conditions: conditions_words(&rule.when),
                value: value_words(&rule.value),
                verdict,
            });
        }
        let mut rivals = tried.iter();
        let rival = rivals.find(|tried| tried.verdict == Verdict::Rivals);
        let (value, inherited_from) = match (winner, rival) {
            (None, _) => (
                Err("no rule holds, so the document is held".to_owned()),
                None,
            ),
            (Some(rule), Some(rival)) => {
                let what = format!(
                    "rules {} and {} both hold with the same priority, so the document is held",
                    rule.id, rival.rule
                );
                (Err(what), None)
            }
            (Some(rule), None) => self.value(rule),
        };
        ExplainedSegment {
            segment: segment.to_owned(),
            value: value.and_then(|value| self.usable(segment, value)),
            inherited_from,
            tried,
        }
    }

    fn value(&self, rule: &Rule) -> (Result<String, String>, Option<String>) {
        match &rule.value {
            RuleValue::Literal(value) => (Ok(value.clone()), None),
            RuleValue::Lookup(table) => {
                let key = self.attribute(table);
                (
                    self.row(table, &key).ok_or_else(|| no_row(table, &key)),
                    self.renamed(table),
                )
            }
            RuleValue::Inherited(dimension) => {
                let table = Attribute::Dimension(dimension.clone());
                let key = self.attribute(&table);
                if let Some(value) = self.row(&table, &key) {
                    return (Ok(value), self.renamed(&table));
                }
                let none = BTreeMap::new();
                let parents = self.reference.hierarchies.get(dimension).unwrap_or(&none);
                let mut at = key.clone();
                for _ in 0..parents.len() {
                    let Some(parent) = parents.get(&at) else {
                        break;
                    };
                    if let Some(value) = self.row(&table, parent) {
                        return (Ok(value), Some(parent.clone()));
                    }
                    at.clone_from(parent);
                }
                (Err(no_row(&table, &key)), None)
            }
            RuleValue::Entity(_) | RuleValue::Affiliate(_) => (self.column(&rule.value), None),
        }
    }

    fn column(&self, value: &RuleValue) -> Result<String, String> {
        let (attribute, role) = match value {
            RuleValue::Entity(column) => (Attribute::EntityColumn(column.clone()), "entity"),
            RuleValue::Affiliate(column) => {
                (Attribute::AffiliateColumn(column.clone()), "other entity")
            }
            RuleValue::Literal(_) | RuleValue::Lookup(_) | RuleValue::Inherited(_) => {
                return Err("the rule takes no column".to_owned());
            }
        };
        let found = self.attribute(&attribute);
        if found.is_empty() {
            return Err(format!(
                "{attribute} is blank: name the {role}, or fill the column"
            ));
        }
        Ok(found)
    }

    fn row(&self, table: &Attribute, key: &str) -> Option<String> {
        self.version.lookups.get(table)?.get(key).cloned()
    }

    fn usable(&self, segment: &str, value: String) -> Result<String, String> {
        let date = self.question.date;
        let mut retired = self.version.retired.iter();
        let gone = retired
            .find(|row| row.segment == segment && row.value == value && row.disabled_from <= date);
        if let Some(row) = gone {
            return Err(format!(
                "{value} is disabled from {}, so the document is held",
                row.disabled_from
            ));
        }
        match self
            .reference
            .segment_values
            .get(segment)
            .map(|values| values.get(&value))
        {
            Some(None) => Err(format!(
                "the target has no value {value}, so the document is held"
            )),
            Some(Some(validity)) if !validity.covers(date) => Err(format!(
                "{value} is not valid on {date}, so the document is held"
            )),
            Some(Some(_)) | None => Ok(value),
        }
    }

    fn dimensions(&self) -> Vec<(String, String, String)> {
        let names = self.reference.dimensions.keys();
        let mut all: Vec<&String> = names.chain(self.question.dimensions.keys()).collect();
        all.sort();
        all.dedup();
        let one = |name: &String| {
            let value = self.dimension(name);
            (name.clone(), value.clone(), self.destination(name, &value))
        };
        all.into_iter().map(one).collect()
    }

    fn destination(&self, name: &str, value: &str) -> String {
        if !self.reference.dimensions.contains_key(name) {
            return "nowhere: it is not declared, so the document is held".to_owned();
        }
        let mut places = Vec::new();
        for rule in &self.version.rules {
            let is_key = match &rule.value {
                RuleValue::Lookup(table) => table.to_string() == name,
                RuleValue::Inherited(dimension) => dimension == name,
                RuleValue::Literal(_) | RuleValue::Entity(_) | RuleValue::Affiliate(_) => false,
            };
            let mut when = rule.when.iter();
            if is_key || when.any(|condition| condition.attribute.to_string() == name) {
                places.push(format!("rule {} of segment {}", rule.id, rule.segment));
            }
        }
        for field in self
            .version
            .dff
            .values()
            .filter(|field| field.dimension == name)
        {
            places.push(format!(
                "flexfield {} {}",
                field.level.word(),
                field.attribute
            ));
        }
        for (report, dimensions) in &self.version.analytic {
            if dimensions.iter().any(|dimension| dimension == name) {
                places.push(format!("report {report}"));
            }
        }
        if self.version.dropped.contains(name) {
            places.push("dropped on purpose".to_owned());
        }
        match places.is_empty() {
            false => places.join(", "),
            true if value.is_empty() || value == self.question.entity => {
                "nowhere needed".to_owned()
            }
            true => "nowhere: nothing uses it, so the document is held".to_owned(),
        }
    }
}

fn no_row(table: &Attribute, key: &str) -> String {
    format!("table {table} has no row for {key:?}, so the document is held")
}
