//! Line by line: from which dimension, by which rule, to which segment, flexfield or report.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tieout_engine::crosswalk::{Attribute, Rule, RuleValue, VersionFile};
use tieout_engine::lineage::{self, LineRules};
use tieout_model::{Coding, Combination, DeliveryId, LineFact};
use tieout_store::Store;

use crate::config::Config;
use crate::problem::Failure;
use crate::register::Ledger;
use crate::report;
use crate::systems::unreadable;

/// The recorded rules of a delivery, with the version that has them.
pub(crate) struct Rules {
    by_line: BTreeMap<u32, LineRules>,
    version: Option<VersionFile>,
}

impl Rules {
    /// Reads them; without a delivery, or for one coded before rules were kept, there are none.
    pub(crate) async fn of(
        store: &Store,
        config: &Config,
        delivery: Option<(DeliveryId, &str)>,
    ) -> Result<Self, Failure> {
        let none = Self {
            by_line: BTreeMap::new(),
            version: None,
        };
        let Some((id, version)) = delivery else {
            return Ok(none);
        };
        let body = store.lineage(id).await.map_err(|e| unreadable(&e))?;
        let by_line = body.and_then(|body| lineage::decode(&body).ok());
        let Some(by_line) = by_line else {
            return Ok(none);
        };
        // What a rule looks at is told from the signed version; without it the rules are still named.
        let ledger = Ledger::of(store.clone(), config.clone()).await?;
        let files = ledger.all_versions().await.unwrap_or_default();
        let version = files.into_iter().find(|file| file.version == version);
        Ok(Self { by_line, version })
    }

    /// As a table; empty if nothing is recorded.
    pub(crate) fn table(&self, source: &[LineFact], sent: &[LineFact]) -> String {
        let rows: Vec<Vec<String>> = self
            .steps(source, sent)
            .into_iter()
            .map(|step| {
                vec![
                    step.line.to_string(),
                    step.source,
                    step.rule,
                    step.segment,
                    step.value,
                ]
            })
            .collect();
        if rows.is_empty() {
            return String::new();
        }
        report::rows_table(
            &["line", "source dimension", "rule", "segment", "value"],
            rows,
        )
    }

    /// As JSON.
    pub(crate) fn json(&self, source: &[LineFact], sent: &[LineFact]) -> Vec<Value> {
        let steps = self.steps(source, sent).into_iter();
        steps
            .map(|step| {
                json!({
                    "line": step.line,
                    "source": step.source,
                    "rule": step.rule,
                    "segment": step.segment,
                    "value": step.value,
                })
            })
            .collect()
    }

    fn steps(&self, source: &[LineFact], sent: &[LineFact]) -> Vec<Step> {
        let mut steps = Vec::new();
        for (line, rules) in &self.by_line {
            let coding = source
                .iter()
                .find(|fact| fact.number == *line)
                .map(|fact| &fact.coding);
            let there = sent.iter().find(|fact| fact.number == *line);
            let there = there.and_then(|fact| fact.coding.combination());
            for (at, (segment, id)) in rules.iter().enumerate() {
                let value = there.and_then(|combination| combination.segments.get(at));
                // An inherited value names its ancestor behind the rule: `CC-2 via D300`.
                let bare = id.split(" via ").next().unwrap_or(id);
                let rule = self.version.as_ref().and_then(|version| {
                    version
                        .rules
                        .iter()
                        .find(|rule| rule.id == bare && rule.segment == *segment)
                });
                steps.push(Step {
                    line: *line,
                    source: rule.map_or_else(String::new, |rule| looked_at(rule, coding)),
                    rule: id.clone(),
                    segment: segment.clone(),
                    value: value.map(ToString::to_string).unwrap_or_default(),
                });
            }
            if let Some(version) = &self.version {
                steps.extend(flexfields(*line, version, coding, there));
                steps.extend(reports(*line, version, coding));
            }
        }
        steps
    }
}

/// Dimensions that travel in flexfields (middle tier).
fn flexfields(
    line: u32,
    version: &VersionFile,
    coding: Option<&Coding>,
    there: Option<&Combination>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for field in version.dff.values() {
        let name = field.carried_as();
        if let Some(value) = there.and_then(|there| there.attributes.get(&name)) {
            steps.push(Step {
                line,
                source: named(&field.dimension, coding),
                rule: "flexfield".into(),
                segment: name,
                value: value.clone(),
            });
        }
    }
    steps
}

/// Dimensions that only reports get (analytic tier).
fn reports(line: u32, version: &VersionFile, coding: Option<&Coding>) -> Vec<Step> {
    let mut steps = Vec::new();
    let carried = coding.and_then(Coding::dimensional);
    for (report, dimensions) in &version.analytic {
        for dimension in dimensions {
            if let Some(value) = carried.and_then(|coding| coding.dimensions.get(dimension)) {
                steps.push(Step {
                    line,
                    source: named(dimension, coding),
                    rule: "report".into(),
                    segment: report.clone(),
                    value: value.to_string(),
                });
            }
        }
    }
    steps
}

/// A dimension with its value on the line; blank where the line has none, so that the default of the dimension counts.
fn named(dimension: &str, coding: Option<&Coding>) -> String {
    let coding = coding.and_then(Coding::dimensional);
    let value = coding.and_then(|coding| coding.dimensions.get(dimension));
    let value = value.map_or("(blank)".to_owned(), ToString::to_string);
    format!("{dimension}={value}")
}

struct Step {
    line: u32,
    source: String,
    rule: String,
    segment: String,
    value: String,
}

/// What a rule looked at on this line: its conditions, then what it looked up.
fn looked_at(rule: &Rule, coding: Option<&Coding>) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut name = |attribute: &Attribute| {
        let value = coding
            .and_then(Coding::dimensional)
            .map(|coding| match attribute {
                Attribute::Account => coding.account.to_string(),
                Attribute::Affiliate => coding
                    .affiliate
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                Attribute::Dimension(name) => coding
                    .dimensions
                    .get(name)
                    .map_or("(blank)".into(), ToString::to_string),
                Attribute::AccountClass
                | Attribute::Entity
                | Attribute::EntityColumn(_)
                | Attribute::AffiliateColumn(_) => String::new(),
            });
        let text = match value {
            Some(value) if !value.is_empty() => format!("{attribute}={value}"),
            _ => attribute.to_string(),
        };
        if !parts.contains(&text) {
            parts.push(text);
        }
    };
    rule.when
        .iter()
        .for_each(|condition| name(&condition.attribute));
    match &rule.value {
        RuleValue::Lookup(attribute) => name(attribute),
        RuleValue::Inherited(dimension) => name(&Attribute::Dimension(dimension.clone())),
        RuleValue::Entity(column) => name(&Attribute::EntityColumn(column.clone())),
        RuleValue::Affiliate(column) => name(&Attribute::AffiliateColumn(column.clone())),
        RuleValue::Literal(_) => {}
    }
    parts.join(", ")
}
