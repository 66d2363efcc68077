//! One version made ready to decide lines quickly: rules per segment in order, attributes read once per line.
#![expect(
    clippy::disallowed_types,
    reason = "every line of every document looks texts up here; nothing iterates these maps, so no order reaches output"
)]

mod allowed;
mod gap;
mod renamed;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tieout_model::{AccountClass, Code, Combination, Digest, Dimensional};

use crate::crosswalk::file::{Attribute, Retired, Rule, RuleValue, Test, VersionFile};
use crate::crosswalk::hold::Unmapped;
use crate::crosswalk::place::normalised;
use crate::crosswalk::prepared::renamed::Renamed;
use crate::crosswalk::reference::{EntityRow, Reference, WhenBlank};

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
enum PreparedTest {
    /// The account's class is one of these; decided without comparing words.
    Class(Vec<AccountClass>, bool),
    Value {
        slot: usize,
        values: Values,
        is_wanted: bool,
    },
}

#[derive(Debug)]
enum PreparedValue {
    Literal(String),
    Lookup {
        slot: usize,
        rows: Arc<HashMap<String, String>>,
        /// Parent by value, if the rule inherits.
        parents: Option<Arc<BTreeMap<String, String>>>,
    },
    Entity(String),
    Affiliate(String),
}

/// The rule that decided a segment, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleName {
    /// The segment.
    pub segment: String,
    /// The rule's id.
    pub rule: String,
}

#[derive(Debug)]
struct PreparedRule {
    name: Arc<RuleName>,
    priority: u32,
    tests: Vec<PreparedTest>,
    value: PreparedValue,
}

/// One segment with its rules in order.
#[derive(Debug)]
pub(crate) struct PreparedSegment {
    name: String,
    rules: Vec<PreparedRule>,
    retired: HashMap<String, Retired>,
    /// False if any value may be used at any time.
    is_limited: bool,
}

/// One version, ready.
#[derive(Debug)]
pub(crate) struct Prepared {
    name: String,
    digest: Digest,
    slots: Vec<Slot>,
    /// The slot of each dimension of the reference data, in their order; `None` if nothing asks for it.
    dimensions: Vec<Option<usize>>,
    segments: Vec<PreparedSegment>,
    flexfields: Vec<PreparedFlexfield>,
    /// By dimension of the reference data: true if its values would be lost in silence.
    lost: Vec<bool>,
    /// Old id by new id, for the slots that have such.
    renamed: Vec<(usize, HashMap<String, String>)>,
}

#[derive(Debug)]
struct PreparedFlexfield {
    name: String,
    slot: usize,
    /// Name and value of the context, if the version names one.
    context: Option<(String, String)>,
}

/// What decided a segment.
pub(crate) struct Decision<'l> {
    value: &'l str,
    pub(crate) rule: &'l Arc<RuleName>,
    /// The ancestor whose row was taken, if the value has none of its own; or the old id, if it was renamed.
    pub(crate) ancestor: Option<&'l str>,
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
    fn holds(&self, class: Option<AccountClass>, values: &[Cow<'_, str>]) -> bool {
        self.tests.iter().all(|test| match test {
            PreparedTest::Class(classes, is_wanted) => {
                class.is_some_and(|class| classes.contains(&class)) == *is_wanted
            }
            PreparedTest::Value {
                slot,
                values: set,
                is_wanted,
            } => {
                let value = values.get(*slot).map_or("", |value| value);
                set.contains(value) == *is_wanted
            }
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
        let parents: BTreeMap<&String, Arc<BTreeMap<String, String>>> = reference
            .hierarchies
            .iter()
            .map(|(name, parents)| (name, Arc::new(parents.clone())))
            .collect();
        let segments = file.segments.iter().map(|name| {
            let mine = file.rules.iter().filter(|rule| rule.segment == *name);
            let mut rules: Vec<PreparedRule> = mine
                .map(|rule| prepare(rule, &tables, &parents, &mut slots))
                .collect();
            rules.sort_by(|a, b| (a.priority, &a.name.rule).cmp(&(b.priority, &b.name.rule)));
            let retired = retired_of(file, name);
            PreparedSegment {
                name: name.clone(),
                rules,
                is_limited: !retired.is_empty() || reference.segment_values.contains_key(name),
                retired,
            }
        });
        let segments = segments.collect();
        let flexfields = file.dff.values();
        let flexfields = flexfields
            .map(|field| PreparedFlexfield {
                name: field.carried_as(),
                slot: slots.of(&Attribute::Dimension(field.dimension.clone())),
                context: field
                    .context
                    .clone()
                    .map(|context| (field.context_carried_as(), context)),
            })
            .collect();
        let renamed = file.same_as.iter().map(|(attribute, ids)| {
            let ids = ids.iter().map(|(id, old)| (id.clone(), old.clone()));
            (slots.of(attribute), ids.collect())
        });
        let renamed = renamed.collect();
        let slots = slots.slots;
        let slot_of = |dimension: &String| {
            let mut all = slots.iter();
            all.position(|slot| slot.attribute == Attribute::Dimension(dimension.clone()))
        };
        Self {
            name: file.version.clone(),
            digest: file.digest,
            dimensions: reference.dimensions.keys().map(slot_of).collect(),
            slots,
            segments,
            flexfields,
            lost: lost(file, reference),
            renamed,
        }
    }

    /// True if a value of that dimension, named by its position in the reference data, would reach no segment, flexfield or report and
    /// is not dropped on purpose.
    pub(crate) fn loses(&self, dimension: usize) -> bool {
        self.lost.get(dimension).copied().unwrap_or(true)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn segment_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.segments.iter().map(|segment| segment.name.as_str())
    }

    /// What rules see of a line without dimensions: the default of each.
    pub(crate) fn blank<'l>(&'l self, values: &mut Vec<Cow<'l, str>>) {
        values.clear();
        let defaults = self.slots.iter().map(|slot| slot.default.as_str());
        values.extend(defaults.map(Cow::Borrowed));
    }

    /// Lets rules see the value of a dimension, named by its position in the reference data. True if it is blank, which leaves the default.
    pub(crate) fn set<'l>(
        &self,
        dimension: usize,
        value: &'l str,
        values: &mut [Cow<'l, str>],
    ) -> bool {
        let value = normalised(value);
        if value.is_empty() {
            return true;
        }
        let slot = self.dimensions.get(dimension).copied().flatten();
        if let Some(seen) = slot.and_then(|slot| values.get_mut(slot)) {
            *seen = value;
        }
        false
    }

    /// Decides every segment of a line whose dimensions are set in `values`. Gaps go to `gaps`; `used` hears which rule decided which
    /// segment.
    pub(crate) fn combination<'l>(
        &'l self,
        line: &LineView<'l>,
        number: u32,
        values: &mut [Cow<'l, str>],
        gaps: &mut Vec<Unmapped>,
        mut used: impl FnMut(&Decision<'l>),
    ) -> Combination {
        for (slot, value) in self.slots.iter().zip(values.iter_mut()) {
            if let Some(own) = slot.read(line) {
                *value = own;
            }
        }
        let renamed = self.read_as_before(values);
        let mut segments = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            match self.decide(segment, line, values, &renamed) {
                Ok(decision) => {
                    used(&decision);
                    segments.push(Code::new(decision.value));
                }
                Err(gap) => gaps.extend(gap.map(|gap| gap.on_line(number))),
            }
        }
        let mut attributes = BTreeMap::new();
        for field in &self.flexfields {
            // What the source calls it now is what people look for in the target.
            let now = renamed.iter().find(|one| one.slot == field.slot);
            let value = now.map(|one| &one.id).or_else(|| values.get(field.slot));
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                attributes.insert(field.name.clone(), value.clone().into_owned());
                attributes.extend(field.context.clone());
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
        renamed: &[Renamed<'l>],
    ) -> Result<Decision<'l>, Option<Unmapped>> {
        let mut rules = segment.rules.iter();
        let Some(rule) = rules.find(|rule| rule.holds(line.class, values)) else {
            return Err(Some(self.no_rule(segment, line)));
        };
        let rivals = rules.take_while(|rival| rival.priority == rule.priority);
        if let Some(rival) = rivals
            .into_iter()
            .find(|rival| rival.holds(line.class, values))
        {
            return Err(Some(self.ambiguous(segment, line, rule, rival)));
        }
        let mut ancestor = None;
        let value = match &rule.value {
            PreparedValue::Literal(value) => value,
            PreparedValue::Lookup {
                slot,
                rows,
                parents,
            } => {
                let key = values.get(*slot).map_or("", |key| key);
                let before = renamed.iter().find(|one| one.slot == *slot);
                ancestor = before.map(|one| one.old);
                let row = rows.get(key).or_else(|| {
                    let (nearest, row) = inherited(key, rows, parents.as_deref()?)?;
                    ancestor = Some(nearest);
                    Some(row)
                });
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
        Ok(Decision {
            value,
            rule: &rule.name,
            ancestor,
        })
    }
}

/// The values of a segment that are retired, each from its earliest day.
fn retired_of(file: &VersionFile, segment: &str) -> HashMap<String, Retired> {
    let mut retired: HashMap<String, Retired> = HashMap::new();
    for row in file.retired.iter().filter(|row| row.segment == segment) {
        let first = retired
            .entry(row.value.clone())
            .or_insert_with(|| row.clone());
        if row.disabled_from < first.disabled_from {
            *first = row.clone();
        }
    }
    retired
}

/// By dimension of the reference data: true if nothing uses it and it is not dropped on purpose.
fn lost(file: &VersionFile, reference: &Reference) -> Vec<bool> {
    let names = reference.dimensions.keys();
    names
        .map(|name| !file.uses(name) && !file.dropped.contains(name))
        .collect()
}

/// The nearest ancestor of `value` that has a row, with the row. A hierarchy is free of circles: reference data with one is refused.
fn inherited<'l>(
    value: &str,
    rows: &'l HashMap<String, String>,
    parents: &'l BTreeMap<String, String>,
) -> Option<(&'l str, &'l String)> {
    let ancestors = std::iter::successors(parents.get(value), |at| parents.get(*at));
    let mut ancestors = ancestors.take(parents.len());
    ancestors.find_map(|ancestor| Some((ancestor.as_str(), rows.get(ancestor)?)))
}

impl Slot {
    /// The value of anything but a dimension.
    fn read<'l>(&self, line: &LineView<'l>) -> Option<Cow<'l, str>> {
        let column = |row: Option<&'l EntityRow>, name: &str| {
            let cell = row.and_then(|row| row.columns.get(name));
            Cow::Borrowed(cell.map_or("", String::as_str))
        };
        match &self.attribute {
            Attribute::Account => Some(normalised(line.coding.account.as_str())),
            Attribute::AccountClass => {
                Some(Cow::Borrowed(line.class.map_or("", AccountClass::word)))
            }
            Attribute::Entity => Some(Cow::Borrowed(line.entity_id)),
            Attribute::EntityColumn(name) => Some(column(line.entity, name)),
            Attribute::Affiliate => {
                let id = line.coding.affiliate.as_ref();
                Some(normalised(id.map_or("", |id| id.as_str())))
            }
            Attribute::AffiliateColumn(name) => Some(column(line.affiliate, name)),
            Attribute::Dimension(_) => None,
        }
    }
}

fn prepare(
    rule: &Rule,
    tables: &BTreeMap<&Attribute, Arc<HashMap<String, String>>>,
    parents: &BTreeMap<&String, Arc<BTreeMap<String, String>>>,
    slots: &mut Slots<'_>,
) -> PreparedRule {
    let tests = rule.when.iter().map(|condition| {
        let (values, is_wanted) = match &condition.test {
            Test::OneOf(values) => (values, true),
            Test::NoneOf(values) => (values, false),
        };
        if condition.attribute == Attribute::AccountClass {
            let classes = values.iter().filter_map(|word| word.parse().ok());
            return PreparedTest::Class(classes.collect(), is_wanted);
        }
        PreparedTest::Value {
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
            parents: None,
        },
        RuleValue::Inherited(dimension) => {
            let table = Attribute::Dimension(dimension.clone());
            PreparedValue::Lookup {
                slot: slots.of(&table),
                rows: tables.get(&table).cloned().unwrap_or_default(),
                parents: parents.get(dimension).cloned(),
            }
        }
        RuleValue::Entity(column) => PreparedValue::Entity(column.clone()),
        RuleValue::Affiliate(column) => PreparedValue::Affiliate(column.clone()),
    };
    PreparedRule {
        name: Arc::new(RuleName {
            segment: rule.segment.clone(),
            rule: rule.id.clone(),
        }),
        priority: rule.priority,
        tests,
        value,
    }
}
