//! The rule language of one crosswalk version, read strictly.
//!
//! Per segment a list of rules; the lowest priority number goes first and the first rule whose conditions all hold wins (domain dossier 4.2).
//! Conditions test an attribute of the line with `eq`, `ne`, `in` or `not_in`. Values are a literal, `lookup:<table>` (the table is named
//! after the attribute whose value is its key), `lookup:<dimension>+inherit`, `entity.<column>` or `affiliate.<column>`. Anything else in the file is refused, with its place.

mod flexfield;
mod same_as;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tieout_model::{AccountClass, AccountingDate, Digest};

use crate::crosswalk::json::Json;
use crate::crosswalk::place::{FileFault, Place};

pub use flexfield::{Flexfield, FlexfieldLevel};

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// `account`: the account of the line.
    Account,
    /// `account.class`: its class, in words.
    AccountClass,
    /// `entity`: the entity in whose books the document posts.
    Entity,
    /// `entity.<column>`: a column of that entity's row in the reference data.
    EntityColumn(String),
    /// `affiliate`: the other entity of an inter-entity line; blank if there is none.
    Affiliate,
    /// `affiliate.<column>`: a column of that entity's row; blank if there is none.
    AffiliateColumn(String),
    /// Any dimension, by its name; the default of the dimension if the line leaves it blank.
    Dimension(String),
}

impl Attribute {
    /// The name of the dimension, if it is one.
    pub const fn dimension(&self) -> Option<&String> {
        match self {
            Self::Dimension(name) => Some(name),
            Self::Account
            | Self::AccountClass
            | Self::Entity
            | Self::EntityColumn(_)
            | Self::Affiliate
            | Self::AffiliateColumn(_) => None,
        }
    }

    /// The attribute of a name as rules write it.
    pub fn of_name(name: &str) -> Option<Self> {
        let attribute = match name.split_once('.') {
            None if name.is_empty() => return None,
            None => match name {
                "account" => Self::Account,
                "entity" => Self::Entity,
                "affiliate" => Self::Affiliate,
                dimension => Self::Dimension(dimension.to_owned()),
            },
            Some(("account", "class")) => Self::AccountClass,
            Some((_, "")) => return None,
            Some(("entity", column)) => Self::EntityColumn(column.to_owned()),
            Some(("affiliate", column)) => Self::AffiliateColumn(column.to_owned()),
            Some(_) => return None,
        };
        Some(attribute)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("account"),
            Self::AccountClass => f.write_str("account.class"),
            Self::Entity => f.write_str("entity"),
            Self::EntityColumn(column) => write!(f, "entity.{column}"),
            Self::Affiliate => f.write_str("affiliate"),
            Self::AffiliateColumn(column) => write!(f, "affiliate.{column}"),
            Self::Dimension(name) => f.write_str(name),
        }
    }
}

/// What an attribute must be. Values are compared exactly, case included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// One of these (`eq`, `in`); `""` means blank.
    OneOf(BTreeSet<String>),
    /// None of these (`ne`, `not_in`).
    NoneOf(BTreeSet<String>),
}

impl Test {
    /// True if `value` passes.
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.contains(value),
            Self::NoneOf(values) => !values.contains(value),
        }
    }

    pub(crate) fn read(operator: &Place<'_>, value: &Place<'_>) -> Result<Self, FileFault> {
        let one = |place: &Place<'_>| Ok(BTreeSet::from([place.text()?]));
        let many = |place: &Place<'_>| {
            let values = place.each(Place::text)?;
            let set: BTreeSet<String> = values.iter().cloned().collect();
            if set.is_empty() {
                return Err(place.fault("is an empty list, so the rule is senseless"));
            }
            if set.len() < values.len() {
                return Err(place.fault("names a value twice"));
            }
            Ok(set)
        };
        match operator.text()?.as_str() {
            "eq" => Ok(Self::OneOf(one(value)?)),
            "ne" => Ok(Self::NoneOf(one(value)?)),
            "in" => Ok(Self::OneOf(many(value)?)),
            "not_in" => Ok(Self::NoneOf(many(value)?)),
            other => Err(operator.fault(format!(
                "{other:?} is no operator (allowed: eq, ne, in, not_in)"
            ))),
        }
    }

    pub(crate) fn to_json(&self) -> [Json; 2] {
        let (operator, values) = match self {
            Self::OneOf(values) => ("in", values),
            Self::NoneOf(values) => ("not_in", values),
        };
        let list = values.iter().map(|value| Json::text(value)).collect();
        [Json::text(operator), Json::List(list)]
    }
}

/// One condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What it looks at.
    pub attribute: Attribute,
    /// What that must be.
    pub test: Test,
}

/// Ends the value of a rule that looks at ancestors too.
const INHERIT: &str = "+inherit";

/// Where a rule's segment value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleValue {
    /// This value.
    Literal(String),
    /// The row of the table of that attribute. A missing row is a hold, never a default.
    Lookup(Attribute),
    /// `lookup:<dimension>+inherit`: the row of the table of that dimension, else the row of the nearest ancestor that has one
    /// (domain dossier 4.2). No ancestor with a row is a hold.
    Inherited(String),
    /// A column of the entity's row.
    Entity(String),
    /// A column of the affiliate's row.
    Affiliate(String),
}

impl RuleValue {
    fn read(place: &Place<'_>) -> Result<Self, FileFault> {
        let text = place.word()?;
        if let Some(table) = text.strip_prefix("lookup:") {
            if let Some(name) = table.strip_suffix(INHERIT) {
                let Some(Attribute::Dimension(name)) = Attribute::of_name(name) else {
                    return Err(place.fault(format!(
                        "{name:?} is no dimension, and only dimensions have ancestors to inherit from"
                    )));
                };
                return Ok(Self::Inherited(name));
            }
            let attribute = Attribute::of_name(table);
            return attribute
                .map(Self::Lookup)
                .ok_or_else(|| place.fault(format!("{table:?} is no attribute to look up by")));
        }
        match Attribute::of_name(&text) {
            Some(Attribute::EntityColumn(column)) => Ok(Self::Entity(column)),
            Some(Attribute::AffiliateColumn(column)) => Ok(Self::Affiliate(column)),
            _ if text.contains(['.', ':']) => Err(place.fault(format!(
                "{text:?} is neither lookup:<table>, entity.<column>, affiliate.<column> nor a segment value"
            ))),
            _ => Ok(Self::Literal(text)),
        }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id, unique in the version.
    pub id: String,
    /// Lowest first.
    pub priority: u32,
    /// The segment it decides.
    pub segment: String,
    /// All must hold.
    pub when: Vec<Condition>,
    /// What the segment becomes.
    pub value: RuleValue,
}

/// A segment value that may no longer be used from a date on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    /// The segment.
    pub segment: String,
    /// The value.
    pub value: String,
    /// The first accounting date on which it is disabled.
    pub disabled_from: AccountingDate,
    /// The value that takes its place.
    pub superseded_by: Option<String>,
}

/// Who is behind a version (domain dossier 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// Wrote it.
    pub prepared_by: String,
    /// Checked it.
    pub reviewed_by: String,
    /// Signed it.
    pub signed_by: String,
    /// When, as they wrote it.
    pub signed_at: String,
    /// Why two persons did the work of three, if they did.
    pub compensating_control: Option<String>,
}

/// One version of the crosswalk as its file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionFile {
    /// Its name.
    pub version: String,
    /// First accounting date it applies to.
    pub effective_from: AccountingDate,
    /// Last accounting date it applies to, inclusive; open if absent.
    pub effective_to: Option<AccountingDate>,
    /// The version with a later written end that this one cuts short: that one ends the day before this one begins. Its own signed bytes stay
    /// as they are.
    pub supersedes: Option<String>,
    /// Who is behind it.
    pub people: People,
    /// The segments, in the order of the chart of accounts.
    pub segments: Vec<String>,
    /// The rules, in the order of the file, which means nothing.
    pub rules: Vec<Rule>,
    /// The tables by the attribute that is their key.
    pub lookups: BTreeMap<Attribute, BTreeMap<String, String>>,
    /// New ids of values that were renamed, by attribute, each with the old id whose rows and conditions count for it.
    pub same_as: BTreeMap<Attribute, BTreeMap<String, String>>,
    /// Values disabled from a date on.
    pub retired: Vec<Retired>,
    /// What travels in descriptive flexfields, by name.
    pub dff: BTreeMap<String, Flexfield>,
    /// Dimensions that only reports use, by the report system.
    pub analytic: BTreeMap<String, Vec<String>>,
    /// Dimensions whose values are left behind on purpose. A value no rule, flexfield or report uses holds the document otherwise.
    pub dropped: BTreeSet<String>,
    /// Digest of the canonical JSON form: the same for every order of members.
    pub digest: Digest,
}

const REQUIRED: [&str; 12] = [
    "version",
    "effective_from",
    "effective_to",
    "prepared_by",
    "reviewed_by",
    "signed_by",
    "signed_at",
    "segments",
    "rules",
    "lookups",
    "retired",
    "dff",
];

impl VersionFile {
    /// Reads a version.
    ///
    /// # Errors
    /// [`FileFault`] naming the place of whatever is unknown, missing, doubled or senseless.
    pub fn parse(bytes: &[u8]) -> Result<Self, FileFault> {
        let json = Json::parse(bytes).map_err(|what| FileFault {
            place: "crosswalk".to_owned(),
            what,
        })?;
        let file = Place::root(&json, "crosswalk");
        let optional = [
            "analytic",
            "compensating_control",
            "dropped",
            "reason",
            "same_as",
            "supersedes",
            "ticket",
        ];
        let m = file.members(&REQUIRED, &optional)?;
        for note in ["reason", "ticket"] {
            m.maybe(note, Place::text)?;
        }
        let effective_from = m.get("effective_from").date()?;
        let effective_to = m.maybe("effective_to", Place::date)?;
        if effective_to.is_some_and(|to| to < effective_from) {
            return Err(m.get("effective_to").fault("is before effective_from"));
        }
        let people = People {
            prepared_by: m.get("prepared_by").word()?,
            reviewed_by: m.get("reviewed_by").word()?,
            signed_by: m.get("signed_by").word()?,
            signed_at: m.get("signed_at").word()?,
            compensating_control: m.maybe("compensating_control", Place::word)?,
        };
        check_people(&people, &file)?;
        let segments = m.get("segments").each(Place::word)?;
        let distinct: BTreeSet<&String> = segments.iter().collect();
        if segments.is_empty() || distinct.len() < segments.len() {
            return Err(m.get("segments").fault("is empty or names a segment twice"));
        }
        let segment = |place: &Place<'_>| known_segment(place, &segments);
        let version = m.get("version").word()?;
        let supersedes = m.maybe("supersedes", Place::word)?;
        if supersedes.as_ref() == Some(&version) {
            return Err(m
                .get("supersedes")
                .fault("is the version itself; name the one it cuts short"));
        }
        Ok(Self {
            version,
            effective_from,
            effective_to,
            supersedes,
            people,
            rules: m.get("rules").each(|rule| read_rule(rule, &segment))?,
            lookups: read_lookups(&m.get("lookups"))?,
            same_as: m.maybe("same_as", same_as::read)?.unwrap_or_default(),
            retired: m.get("retired").each(|row| read_retired(row, &segment))?,
            dff: flexfield::read(&m.get("dff"))?,
            analytic: m
                .maybe("analytic", |a| a.map(|list| list.each(Place::word)))?
                .unwrap_or_default(),
            dropped: m.maybe("dropped", read_dropped)?.unwrap_or_default(),
            digest: Digest::of(&json.canonical()),
            segments,
        })
    }

    /// True if a rule, flexfield or report uses that dimension.
    pub fn uses(&self, dimension: &str) -> bool {
        let is_it = |attribute: &Attribute| matches!(attribute, Attribute::Dimension(name) if name == dimension);
        let mut rules = self.rules.iter();
        rules.any(|rule| {
            let by_value = match &rule.value {
                RuleValue::Lookup(table) => is_it(table),
                RuleValue::Inherited(name) => name == dimension,
                RuleValue::Literal(_) | RuleValue::Entity(_) | RuleValue::Affiliate(_) => false,
            };
            by_value
                || rule
                    .when
                    .iter()
                    .any(|condition| is_it(&condition.attribute))
        }) || self.dff.values().any(|field| field.dimension == dimension)
            || self
                .analytic
                .values()
                .flatten()
                .any(|name| name == dimension)
    }

    /// True if it applies to documents of that accounting date.
    pub fn covers(&self, date: AccountingDate) -> bool {
        self.effective_from <= date && self.effective_to.is_none_or(|to| date <= to)
    }
}

/// Preparer, reviewer and signer are three persons, or two with a documented compensating control (domain dossier 4.4).
fn check_people(people: &People, file: &Place<'_>) -> Result<(), FileFault> {
    let persons = [&people.prepared_by, &people.reviewed_by, &people.signed_by];
    let distinct: BTreeSet<&String> = persons.into_iter().collect();
    let needed = if people.compensating_control.is_some() {
        2
    } else {
        3
    };
    if distinct.len() >= needed {
        return Ok(());
    }
    Err(file.fault(
        "prepared_by, reviewed_by and signed_by must be three persons (two, if compensating_control says why)",
    ))
}

fn known_segment(place: &Place<'_>, segments: &[String]) -> Result<String, FileFault> {
    let name = place.word()?;
    if segments.contains(&name) {
        return Ok(name);
    }
    let all = segments.join(", ");
    Err(place.fault(format!("{name:?} is no segment (segments: {all})")))
}

type ReadSegment<'f> = &'f dyn Fn(&Place<'_>) -> Result<String, FileFault>;

fn read_rule(rule: &Place<'_>, segment: ReadSegment<'_>) -> Result<Rule, FileFault> {
    let m = rule.members(&["id", "priority", "segment", "when", "value"], &[])?;
    Ok(Rule {
        id: m.get("id").word()?,
        priority: m.get("priority").integer()?,
        segment: segment(&m.get("segment"))?,
        when: m.get("when").each(read_condition)?,
        value: RuleValue::read(&m.get("value"))?,
    })
}

fn read_condition(condition: &Place<'_>) -> Result<Condition, FileFault> {
    let parts = condition.list()?;
    let [name, operator, value] = &parts[..] else {
        return Err(condition.fault("is not [attribute, operator, value]"));
    };
    let word = name.word()?;
    let attribute = Attribute::of_name(&word)
        .ok_or_else(|| name.fault(format!("{word:?} is no attribute of a line")))?;
    let test = Test::read(operator, value)?;
    if attribute == Attribute::AccountClass {
        let (Test::OneOf(words) | Test::NoneOf(words)) = &test;
        for word in words {
            let class: Result<AccountClass, _> = word.parse();
            class.map_err(|fault| value.fault(fault.to_string()))?;
        }
    }
    Ok(Condition { attribute, test })
}

fn read_lookups(
    place: &Place<'_>,
) -> Result<BTreeMap<Attribute, BTreeMap<String, String>>, FileFault> {
    let mut tables = BTreeMap::new();
    for (name, table) in place.entries()? {
        let attribute = Attribute::of_name(&name)
            .ok_or_else(|| table.fault("is not named after an attribute of a line"))?;
        tables.insert(attribute, table.map(Place::word)?);
    }
    Ok(tables)
}

fn read_dropped(place: &Place<'_>) -> Result<BTreeSet<String>, FileFault> {
    let names = place.each(Place::word)?;
    let set: BTreeSet<String> = names.iter().cloned().collect();
    if set.len() < names.len() {
        return Err(place.fault("names a dimension twice"));
    }
    Ok(set)
}

fn read_retired(row: &Place<'_>, segment: ReadSegment<'_>) -> Result<Retired, FileFault> {
    let m = row.members(&["segment", "value", "disabled_from"], &["superseded_by"])?;
    Ok(Retired {
        segment: segment(&m.get("segment"))?,
        value: m.get("value").word()?,
        disabled_from: m.get("disabled_from").date()?,
        superseded_by: m.maybe("superseded_by", Place::word)?,
    })
}
