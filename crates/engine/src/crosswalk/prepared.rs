//! One version made ready to decide lines quickly: rules per segment in order, attributes read once per line.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tieout_model::{AccountClass, AccountingDate, Code, Combination, Digest, Dimensional};

use crate::crosswalk::file::{Attribute, Retired, Rule, RuleValue, Test, VersionFile};
use crate::crosswalk::hold::{HoldReason, Unmapped};
use crate::crosswalk::place::normalised;
use crate::crosswalk::reference::{EntityRow, Forbidden, Reference, WhenBlank};

/// Sets up to this size are searched one by one.
const SMALL_SET: usize = 4;

/// What a line offers to the rules.
pub(crate) struct LineView<'l> {
    pub(crate) coding: &'l Dimensional,
    pub(crate) class: Option<AccountClass>,
    pub(crate) entity_id: &'l str,
    pub(crate) entity: Option<&'l EntityRow>,
    pub(crate) affiliate: Option<&'l EntityRow>,
}

#[derive(Debug)]
struct Slot {
    attribute: Attribute,
    default: String,
}

#[derive(Debug)]
enum Values {
    Few(Vec<String>),
    Many(HashSet<String>),
}

#[derive(Debug)]
struct PreparedTest {
    slot: usize,
    values: Values,
    is_wanted: bool,
}

#[derive(Debug)]
enum PreparedValue {
    Literal(String),
    Lookup {
        slot: usize,
        rows: Arc<HashMap<String, String>>,
    },
    Entity(String),
    Affiliate(String),
}

#[derive(Debug)]
struct PreparedRule {
    id: Arc<str>,
    priority: u32,
    tests: Vec<PreparedTest>,
    value: PreparedValue,
}

/// One segment with its rules in order.
#[derive(Debug)]
pub(crate) struct PreparedSegment {
    name: Arc<str>,
    rules: Vec<PreparedRule>,
    retired: HashMap<String, Retired>,
}

/// One version, ready.
#[derive(Debug)]
pub(crate) struct Prepared {
    name: String,
    digest: Digest,
    slots: Vec<Slot>,
    segments: Vec<PreparedSegment>,
    flexfields: Vec<(String, usize)>,
}

struct Slots<'a> {
    reference: &'a Reference,
    slots: Vec<Slot>,
}

impl Slots<'_> {
    fn of(&mut self, attribute: &Attribute) -> usize {
        let known = self
            .slots
            .iter()
            .position(|slot| slot.attribute == *attribute);
        known.unwrap_or_else(|| {
            let default = match attribute {
                Attribute::Dimension(name) => match self.reference.dimensions.get(name) {
                    Some(WhenBlank::Default(value)) => value.clone(),
                    Some(WhenBlank::Required | WhenBlank::Empty) | None => String::new(),
                },
                Attribute::Account
                | Attribute::AccountClass
                | Attribute::Entity
                | Attribute::EntityColumn(_)
                | Attribute::Affiliate
                | Attribute::AffiliateColumn(_) => String::new(),
            };
            self.slots.push(Slot {
                attribute: attribute.clone(),
                default,
            });
            self.slots.len().saturating_sub(1)
        })
    }
}

impl Values {
    fn of(values: impl ExactSizeIterator<Item = String>) -> Self {
        if values.len() <= SMALL_SET {
            Self::Few(values.collect())
        } else {
            Self::Many(values.collect())
        }
    }

    fn contains(&self, value: &str) -> bool {
        match self {
            Self::Few(values) => values.iter().any(|one| one == value),
            Self::Many(values) => values.contains(value),
        }
    }
}

impl PreparedRule {
    fn holds(&self, values: &[Cow<'_, str>]) -> bool {
        self.tests.iter().all(|test| {
            let value = values.get(test.slot).map_or("", |value| value);
            test.values.contains(value) == test.is_wanted
        })
    }
}

impl Prepared {
    pub(crate) fn of(file: &VersionFile, reference: &Reference) -> Self {
        let mut slots = Slots {
            reference,
            slots: Vec::new(),
        };
        let tables: BTreeMap<&Attribute, Arc<HashMap<String, String>>> = file
            .lookups
            .iter()
            .map(|(name, rows)| {
                let rows = rows.iter().map(|(key, value)| (key.clone(), value.clone()));
                (name, Arc::new(rows.collect()))
            })
            .collect();
        let segments = file.segments.iter().map(|name| {
            let mine = file.rules.iter().filter(|rule| rule.segment == *name);
            let mut rules: Vec<PreparedRule> = mine
                .map(|rule| prepare(rule, &tables, &mut slots))
                .collect();
            rules.sort_by(|a, b| (a.priority, &a.id).cmp(&(b.priority, &b.id)));
            let mut retired: HashMap<String, Retired> = HashMap::new();
            for row in file.retired.iter().filter(|row| row.segment == *name) {
                let first = retired
                    .entry(row.value.clone())
                    .or_insert_with(|| row.clone());
                if row.disabled_from < first.disabled_from {
                    *first = row.clone();
                }
            }
            PreparedSegment {
                name: Arc::from(name.as_str()),
                rules,
                retired,
            }
        });
        let segments = segments.collect();
        let flexfields = file.dff.iter();
        let flexfields = flexfields
            .map(|(name, dimension)| {
                let slot = slots.of(&Attribute::Dimension(dimension.clone()));
                (name.clone(), slot)
            })
            .collect();
        Self {
            name: file.version.clone(),
            digest: file.digest,
            slots: slots.slots,
            segments,
            flexfields,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn segment_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.segments.iter().map(|segment| &segment.name)
    }

    /// Decides every segment of a line. Gaps go to `gaps`; `used` hears which rule decided which segment.
    pub(crate) fn combination(
        &self,
        line: &LineView<'_>,
        number: u32,
        gaps: &mut Vec<Unmapped>,
        mut used: impl FnMut(&Arc<str>, &Arc<str>),
    ) -> Combination {
        let mut values: Vec<Cow<'_, str>> = Vec::with_capacity(self.slots.len());
        values.extend(self.slots.iter().map(|slot| slot.read(line)));
        let mut segments = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            match self.decide(segment, line, &values) {
                Ok((value, rule)) => {
                    used(&segment.name, rule);
                    segments.push(Code::new(value));
                }
                Err(gap) => gaps.extend(gap.map(|gap| gap.on_line(number))),
            }
        }
        let mut attributes = BTreeMap::new();
        for (name, slot) in &self.flexfields {
            if let Some(value) = values.get(*slot).filter(|value| !value.is_empty()) {
                attributes.insert(name.clone(), value.clone().into_owned());
            }
        }
        Combination {
            segments,
            attributes,
        }
    }

    /// The value of a segment and the rule that decided it; `None` for a gap that was reported elsewhere.
    fn decide<'l>(
        &'l self,
        segment: &'l PreparedSegment,
        line: &LineView<'l>,
        values: &[Cow<'_, str>],
    ) -> Result<(&'l str, &'l Arc<str>), Option<Unmapped>> {
        let mut rules = segment.rules.iter();
        let Some(rule) = rules.find(|rule| rule.holds(values)) else {
            return Err(Some(self.no_rule(segment, line)));
        };
        let rivals = rules.take_while(|rival| rival.priority == rule.priority);
        if let Some(rival) = rivals.into_iter().find(|rival| rival.holds(values)) {
            return Err(Some(self.ambiguous(segment, line, rule, rival)));
        }
        let value = match &rule.value {
            PreparedValue::Literal(value) => value,
            PreparedValue::Lookup { slot, rows } => {
                let key = values.get(*slot).map_or("", |key| key);
                let row = rows.get(key);
                row.ok_or_else(|| Some(self.no_row(segment, rule, *slot, key)))?
            }
            PreparedValue::Entity(column) => {
                let cell = line.entity.ok_or(None)?.columns.get(column);
                self.filled(cell, segment, rule, "entity", line.entity_id, column)?
            }
            PreparedValue::Affiliate(column) => {
                let Some(id) = &line.coding.affiliate else {
                    return Err(Some(self.no_affiliate(segment, line, rule)));
                };
                let cell = line.affiliate.ok_or(None)?.columns.get(column);
                self.filled(cell, segment, rule, "affiliate", id.as_str(), column)?
            }
        };
        Ok((value, &rule.id))
    }

    fn filled<'l>(
        &self,
        cell: Option<&'l String>,
        segment: &PreparedSegment,
        rule: &PreparedRule,
        role: &str,
        id: &str,
        column: &str,
    ) -> Result<&'l String, Option<Unmapped>> {
        cell.filter(|cell| !cell.is_empty()).ok_or_else(|| {
            let detail = format!(
                "rule {} of version {} takes segment {} from {column}, which is blank for that entity",
                rule.id, self.name, segment.name
            );
            let remedy = format!("fill {column} of entity {id} in the reference data and have it signed");
            Some(Unmapped::new(HoldReason::UnmappedValue, role, id, detail, remedy))
        })
    }

    fn no_rule(&self, segment: &PreparedSegment, line: &LineView<'_>) -> Unmapped {
        Unmapped::new(
            HoldReason::UnmappedValue,
            segment.name.as_ref(),
            "",
            format!(
                "no rule of version {} decides segment {} for account {}",
                self.name, segment.name, line.coding.account
            ),
            "the crosswalk owner adds a rule in a new signed version, or the source document is corrected",
        )
    }

    fn ambiguous(
        &self,
        segment: &PreparedSegment,
        line: &LineView<'_>,
        rule: &PreparedRule,
        rival: &PreparedRule,
    ) -> Unmapped {
        Unmapped::new(
            HoldReason::AmbiguousRule,
            segment.name.as_ref(),
            line.coding.account.as_str(),
            format!(
                "rules {} and {} of version {} have the same priority and both apply",
                rule.id, rival.id, self.name
            ),
            "the crosswalk owner gives the rules different priorities in a new signed version",
        )
    }

    fn no_row(
        &self,
        segment: &PreparedSegment,
        rule: &PreparedRule,
        slot: usize,
        key: &str,
    ) -> Unmapped {
        let table = self.slots.get(slot).map(|slot| slot.attribute.to_string());
        let table = table.unwrap_or_default();
        let detail = format!(
            "table {table} of version {} has no row for it (rule {}, segment {})",
            self.name, rule.id, segment.name
        );
        let remedy = format!(
            "the crosswalk owner adds the row to table {table} in a new signed version, or the source document is corrected"
        );
        Unmapped::new(HoldReason::UnmappedValue, table, key, detail, remedy)
    }

    fn no_affiliate(
        &self,
        segment: &PreparedSegment,
        line: &LineView<'_>,
        rule: &PreparedRule,
    ) -> Unmapped {
        let detail = format!(
            "rule {} of version {} takes segment {} from the other entity, and the line on account {} names none",
            rule.id, self.name, segment.name, line.coding.account
        );
        let remedy = "the bookkeeper enters the other entity on the line in the source system";
        Unmapped::new(
            HoldReason::MissingAffiliate,
            "affiliate",
            "",
            detail,
            remedy,
        )
    }

    /// The gap if `value` may not be used in `segment` on `date`: disabled by this version, or not valid in the target.
    pub(crate) fn refused(
        &self,
        segment: &str,
        value: &str,
        date: AccountingDate,
        reference: &Reference,
    ) -> Option<Unmapped> {
        let mut mine = self.segments.iter();
        let own = mine.find(|own| own.name.as_ref() == segment);
        let row = own
            .filter(|own| !own.retired.is_empty())
            .and_then(|own| own.retired.get(value));
        if let Some(row) = row.filter(|row| row.disabled_from <= date) {
            let instead = row.superseded_by.as_deref().unwrap_or("nothing");
            let detail = format!(
                "disabled from {} by version {}, superseded by {instead}",
                row.disabled_from, self.name
            );
            let remedy = "a controller re-enables the value or approves the superseding one";
            let gap = Unmapped::new(HoldReason::RetiredValue, segment, value, detail, remedy);
            return Some(gap);
        }
        let values = reference.segment_values.get(segment)?;
        let Some(validity) = values.get(value) else {
            let detail = "the target's chart of accounts has no such segment value";
            let remedy = "the crosswalk owner corrects the rule, or the value is created in the target and added to the signed reference data";
            let gap = Unmapped::new(
                HoldReason::InvalidCombination,
                segment,
                value,
                detail,
                remedy,
            );
            return Some(gap);
        };
        if validity.covers(date) {
            return None;
        }
        let detail = format!("the target does not accept this segment value on {date}");
        let remedy = "a controller extends the value's dates in the target and in the signed reference data, or the crosswalk owner maps to another value";
        Some(Unmapped::new(
            HoldReason::RetiredValue,
            segment,
            value,
            detail,
            remedy,
        ))
    }

    /// The gap if the target refuses the combination as a whole.
    pub(crate) fn forbidden(
        &self,
        combination: &Combination,
        reference: &Reference,
    ) -> Option<Unmapped> {
        let value_of = |segment: &str| {
            let at = self
                .segments
                .iter()
                .position(|own| own.name.as_ref() == segment)?;
            combination.segments.get(at).map(Code::as_str)
        };
        let applies = |rule: &&Forbidden| {
            let mut when = rule.when.iter();
            when.all(|(segment, test)| value_of(segment).is_some_and(|value| test.holds(value)))
        };
        let rule = reference.forbidden.iter().find(applies)?;
        Some(Unmapped::new(
            HoldReason::InvalidCombination,
            "combination",
            combination.joined("-"),
            format!("the target's cross-validation rule {} refuses it", rule.id),
            "the bookkeeper corrects the coding in the source system, or the crosswalk owner changes the rules in a new signed version",
        ))
    }
}

impl Slot {
    fn read<'l>(&'l self, line: &LineView<'l>) -> Cow<'l, str> {
        let column = |row: Option<&'l EntityRow>, name: &str| {
            let cell = row.and_then(|row| row.columns.get(name));
            Cow::Borrowed(cell.map_or("", String::as_str))
        };
        let value = match &self.attribute {
            Attribute::Account => normalised(line.coding.account.as_str()),
            Attribute::AccountClass => Cow::Borrowed(line.class.map_or("", AccountClass::word)),
            Attribute::Entity => Cow::Borrowed(line.entity_id),
            Attribute::EntityColumn(name) => column(line.entity, name),
            Attribute::Affiliate => {
                let id = line.coding.affiliate.as_ref();
                normalised(id.map_or("", |id| id.as_str()))
            }
            Attribute::AffiliateColumn(name) => column(line.affiliate, name),
            Attribute::Dimension(name) => {
                let value = line.coding.dimensions.get(name);
                normalised(value.map_or("", Code::as_str))
            }
        };
        if value.is_empty() {
            Cow::Borrowed(&self.default)
        } else {
            value
        }
    }
}

fn prepare(
    rule: &Rule,
    tables: &BTreeMap<&Attribute, Arc<HashMap<String, String>>>,
    slots: &mut Slots<'_>,
) -> PreparedRule {
    let tests = rule.when.iter().map(|condition| {
        let (values, is_wanted) = match &condition.test {
            Test::OneOf(values) => (values, true),
            Test::NoneOf(values) => (values, false),
        };
        PreparedTest {
            slot: slots.of(&condition.attribute),
            values: Values::of(values.iter().cloned()),
            is_wanted,
        }
    });
    let tests = tests.collect();
    let value = match &rule.value {
        RuleValue::Literal(value) => PreparedValue::Literal(value.clone()),
        RuleValue::Lookup(table) => PreparedValue::Lookup {
            slot: slots.of(table),
            rows: tables.get(table).cloned().unwrap_or_default(),
        },
        RuleValue::Entity(column) => PreparedValue::Entity(column.clone()),
        RuleValue::Affiliate(column) => PreparedValue::Affiliate(column.clone()),
    };
    PreparedRule {
        id: Arc::from(rule.id.as_str()),
        priority: rule.priority,
        tests,
        value,
    }
}
