//! The chart of accounts: segments, their value sets, and account combinations.
//!
//! A combination is created the first time it is named (dynamic insertion). Each value must exist, be enabled and be valid at the
//! accounting date. Combinations are found by text and, for `%` patterns, by the values of their segments.

use std::collections::HashMap;
use std::sync::Arc;

use super::validation::ValidationRule;
use crate::fusion::calendar::Day;

/// Class of a natural account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Asset,
    Liability,
    Equity,
    Revenue,
    Expense,
    Statistical,
}

impl Class {
    /// The class named in the company folder.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "asset" => Some(Self::Asset),
            "liability" => Some(Self::Liability),
            "equity" => Some(Self::Equity),
            "revenue" | "income" => Some(Self::Revenue),
            "expense" => Some(Self::Expense),
            "statistical" => Some(Self::Statistical),
            _ => None,
        }
    }

    /// True if the account starts each fiscal year at zero.
    pub(crate) fn is_result(self) -> bool {
        self == Self::Revenue || self == Self::Expense
    }

    /// The account type as the value set shows it.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Asset => "Asset",
            Self::Liability => "Liability",
            Self::Equity => "Owner's equity",
            Self::Revenue => "Revenue",
            Self::Expense => "Expense",
            Self::Statistical => "Statistical",
        }
    }
}

/// A value of a segment.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub code: String,
    pub description: String,
    pub enabled: bool,
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub class: Option<Class>,
}

/// A segment of the chart with its value set.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Name in the crosswalk (`cost_center`).
    pub name: String,
    /// `ValueSetCode`.
    pub value_set: String,
    pub values: Vec<Value>,
    index: HashMap<String, u16>,
    /// Combinations by value.
    users: Vec<Vec<u32>>,
}

/// What is wrong with a combination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CombinationError {
    /// Other than one value per segment.
    Segments { expected: usize, found: usize },
    /// The value is not in the value set.
    Unknown { segment: usize, value: String },
    /// The value is disabled.
    Disabled { segment: usize, value: String },
    /// The value is not valid at the date.
    Expired {
        segment: usize,
        value: String,
        day: Day,
    },
    /// A cross-validation rule keeps the combination from coming into being.
    Forbidden { rule: String, message: String },
}

/// An account combination.
#[derive(Debug)]
pub(crate) struct Combination {
    /// Concatenated text.
    pub text: Arc<str>,
    /// Value of each segment.
    pub values: Box<[u16]>,
}

/// Where a combination stands.
enum Place {
    /// It exists.
    Taken(u32),
    /// It may come into being from these values.
    Free(Vec<u16>),
}

/// The chart.
#[derive(Debug)]
pub(crate) struct Chart {
    pub name: String,
    pub delimiter: char,
    pub segments: Vec<Segment>,
    /// Position of the primary balancing segment.
    pub company: usize,
    /// Position of the natural account segment.
    pub account: usize,
    /// Natural account that takes the result of past fiscal years.
    pub retained: String,
    pub combinations: Vec<Combination>,
    /// What a new combination must keep.
    pub rules: Vec<ValidationRule>,
    index: HashMap<Arc<str>, u32>,
}

impl Chart {
    /// An empty chart with these segments.
    pub(crate) fn new(name: String, names: &[String], company: usize, account: usize) -> Self {
        let segment = |name: &String| Segment {
            name: name.clone(),
            value_set: format!("TIEOUT_{}", name.to_uppercase()),
            values: Vec::new(),
            index: HashMap::new(),
            users: Vec::new(),
        };
        let segments = names.iter().map(segment).collect();
        Self {
            name,
            delimiter: '-',
            segments,
            company,
            account,
            retained: String::new(),
            combinations: Vec::new(),
            rules: Vec::new(),
            index: HashMap::new(),
        }
    }

    /// Adds a value; an existing code stays as it is and gives `false`.
    pub(crate) fn add_value(&mut self, segment: usize, value: Value) -> bool {
        let set = &mut self.segments[segment];
        let Ok(at) = u16::try_from(set.values.len()) else {
            return false;
        };
        if set.index.contains_key(&value.code) {
            return false;
        }
        set.index.insert(value.code.clone(), at);
        set.values.push(value);
        set.users.push(Vec::new());
        true
    }

    /// A value by code.
    pub(crate) fn value(&self, segment: usize, code: &str) -> Option<&Value> {
        let set = &self.segments[segment];
        set.index.get(code).map(|at| &set.values[usize::from(*at)])
    }

    /// A value by code, to change it.
    pub(crate) fn value_mut(&mut self, segment: usize, code: &str) -> Option<&mut Value> {
        let set = &mut self.segments[segment];
        let at = usize::from(*set.index.get(code)?);
        set.values.get_mut(at)
    }

    /// A combination that is already there.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.index.get(text).copied()
    }

    /// The combination named `text`, checked against the value sets at `day` and created if it is new.
    pub(crate) fn combination(&mut self, text: &str, day: Day) -> Result<u32, CombinationError> {
        match self.place(text, day)? {
            Place::Taken(at) => Ok(at),
            Place::Free(values) => Ok(self.insert(text, values)),
        }
    }

    /// The combination named `text` if there is one, checked as [`Self::combination`] does; none is created.
    pub(crate) fn probe(&self, text: &str, day: Day) -> Result<Option<u32>, CombinationError> {
        match self.place(text, day)? {
            Place::Taken(at) => Ok(Some(at)),
            Place::Free(_) => Ok(None),
        }
    }

    fn place(&self, text: &str, day: Day) -> Result<Place, CombinationError> {
        if let Some(at) = self.find(text) {
            self.check(at, day)?;
            return Ok(Place::Taken(at));
        }
        let codes: Vec<&str> = text.split(self.delimiter).collect();
        if codes.len() != self.segments.len() {
            return Err(CombinationError::Segments {
                expected: self.segments.len(),
                found: codes.len(),
            });
        }
        let mut values = Vec::with_capacity(codes.len());
        for (segment, code) in codes.iter().enumerate() {
            let Some(at) = self.segments[segment].index.get(*code) else {
                return Err(CombinationError::Unknown {
                    segment,
                    value: (*code).to_owned(),
                });
            };
            values.push(*at);
        }
        self.check_values(&values, day)?;
        self.check_rules(&codes, day)?;
        Ok(Place::Free(values))
    }

    fn insert(&mut self, text: &str, values: Vec<u16>) -> u32 {
        let number = u32::try_from(self.combinations.len()).unwrap_or(u32::MAX);
        for (segment, value) in values.iter().enumerate() {
            self.segments[segment].users[usize::from(*value)].push(number);
        }
        let text: Arc<str> = Arc::from(text);
        self.index.insert(Arc::clone(&text), number);
        self.combinations.push(Combination {
            text,
            values: values.into_boxed_slice(),
        });
        number
    }

    /// Checks an existing combination at a date.
    pub(crate) fn check(&self, combination: u32, day: Day) -> Result<(), CombinationError> {
        self.check_values(&self.at(combination).values, day)
    }

    fn check_values(&self, values: &[u16], day: Day) -> Result<(), CombinationError> {
        for (segment, at) in values.iter().enumerate() {
            let value = &self.segments[segment].values[usize::from(*at)];
            if !value.enabled {
                return Err(CombinationError::Disabled {
                    segment,
                    value: value.code.clone(),
                });
            }
            if value.from.is_some_and(|from| day < from) || value.to.is_some_and(|to| day > to) {
                return Err(CombinationError::Expired {
                    segment,
                    value: value.code.clone(),
                    day,
                });
            }
        }
        Ok(())
    }

    /// Refuses what a cross-validation rule forbids.
    fn check_rules(&self, codes: &[&str], day: Day) -> Result<(), CombinationError> {
        match self.rules.iter().find(|rule| rule.forbids(codes, day)) {
            None => Ok(()),
            Some(rule) => Err(CombinationError::Forbidden {
                rule: rule.code.clone(),
                message: rule.message.clone(),
            }),
        }
    }

    /// A combination by number.
    pub(crate) fn at(&self, combination: u32) -> &Combination {
        &self.combinations[usize::try_from(combination).unwrap_or(usize::MAX)]
    }

    /// The code of one segment of a combination.
    pub(crate) fn code(&self, combination: u32, segment: usize) -> &str {
        let at = self.at(combination).values[segment];
        &self.segments[segment].values[usize::from(at)].code
    }

    /// The balancing segment value of a combination.
    pub(crate) fn company_of(&self, combination: u32) -> &str {
        self.code(combination, self.company)
    }

    /// The class of a combination's natural account.
    pub(crate) fn class_of(&self, combination: u32) -> Class {
        let at = self.at(combination).values[self.account];
        self.segments[self.account].values[usize::from(at)]
            .class
            .unwrap_or(Class::Expense)
    }

    /// Combinations whose segments equal the given codes; `None` stands for any value. Ordered by text.
    pub(crate) fn matching(&self, pattern: &[Option<&str>]) -> Vec<u32> {
        let mut wanted: Vec<(usize, u16)> = Vec::new();
        for (segment, code) in pattern.iter().enumerate() {
            if let Some(code) = code {
                match self.segments[segment].index.get(*code) {
                    Some(at) => wanted.push((segment, *at)),
                    None => return Vec::new(),
                }
            }
        }
        let shortest = wanted
            .iter()
            .min_by_key(|(s, v)| self.segments[*s].users[usize::from(*v)].len());
        let fits = |c: &u32| wanted.iter().all(|(s, v)| self.at(*c).values[*s] == *v);
        let mut found: Vec<u32> = match shortest {
            Some((segment, value)) => self.segments[*segment].users[usize::from(*value)]
                .iter()
                .copied()
                .filter(fits)
                .collect(),
            None => (0..u32::try_from(self.combinations.len()).unwrap_or(u32::MAX)).collect(),
        };
        found.sort_by(|a, b| self.at(*a).text.cmp(&self.at(*b).text));
        found
    }

    /// Words for a wrong combination.
    pub(crate) fn words(&self, error: &CombinationError) -> String {
        let chart = self;
        let name = |segment: &usize| chart.segments[*segment].name.as_str();
        match error {
            CombinationError::Segments { expected, found } => {
                format!("The account combination must have {expected} segments but has {found}.")
            }
            CombinationError::Unknown { segment, value } => {
                let set = &chart.segments[*segment].value_set;
                format!(
                    "The value {value} of the segment {} doesn't exist in the value set {set}.",
                    name(segment)
                )
            }
            CombinationError::Disabled { segment, value } => format!(
                "The value {value} of the segment {} is disabled.",
                name(segment)
            ),
            CombinationError::Expired {
                segment,
                value,
                day,
            } => {
                let date = crate::fusion::calendar::day_text(*day);
                format!(
                    "The value {value} of the segment {} isn't valid on {date}.",
                    name(segment)
                )
            }
            CombinationError::Forbidden { message, .. } => message.clone(),
        }
    }
}
