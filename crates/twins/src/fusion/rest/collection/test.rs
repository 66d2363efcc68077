//! Conditions bound to attributes, and whether a record meets them.

use std::cmp::Ordering;

use crate::fusion::FusionTwin;
use crate::fusion::amount;
use crate::fusion::calendar::{Day, day_of, parse_day, parse_time};
use crate::fusion::rest::cell::{Cell, compare_decimals};
use crate::fusion::rest::grammar::{Expression, Operator, like};
use crate::fusion::rest::schema::{self, Kind, Row, Type};

/// A literal, read as the attribute's type.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub text: String,
    pub decimal: Option<(i128, u32)>,
    pub day: Option<Day>,
    pub time: Option<i64>,
    flag: Option<bool>,
}

/// A condition with its attribute resolved.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub steps: Vec<Kind>,
    pub attribute: &'static str,
    upper: bool,
    pub operator: Operator,
    pub values: Vec<Wanted>,
}

/// A compiled condition.
#[derive(Debug, Clone)]
pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Leaf(Leaf),
}

/// Binds an expression to a kind; says in words what is wrong.
pub(super) fn compile(kind: Kind, expression: &Expression) -> Result<Test, String> {
    match expression {
        Expression::And(terms) => Ok(Test::All(
            terms
                .iter()
                .map(|t| compile(kind, t))
                .collect::<Result<_, _>>()?,
        )),
        Expression::Or(terms) => Ok(Test::Any(
            terms
                .iter()
                .map(|t| compile(kind, t))
                .collect::<Result<_, _>>()?,
        )),
        Expression::Not(term) => Ok(Test::Not(Box::new(compile(kind, term)?))),
        Expression::Compare {
            path,
            upper,
            operator,
            values,
        } => {
            let mut steps = Vec::new();
            let mut owner = kind;
            let mut parts = path.split('.').peekable();
            let mut name = "";
            while let Some(part) = parts.next() {
                if parts.peek().is_some() {
                    owner = schema::of(owner)
                        .child(part)
                        .ok_or_else(|| format!("no child {part}"))?;
                    steps.push(owner);
                } else {
                    name = part;
                }
            }
            let (attribute, kind) = schema::of(owner)
                .attribute(name)
                .ok_or_else(|| format!("no attribute {path}"))?;
            let values = values
                .iter()
                .map(|v| wanted(v, kind, *operator, path))
                .collect::<Result<_, _>>()?;
            Ok(Test::Leaf(Leaf {
                steps,
                attribute,
                upper: *upper,
                operator: *operator,
                values,
            }))
        }
    }
}

fn wanted(text: &str, kind: Type, operator: Operator, path: &str) -> Result<Wanted, String> {
    let pattern = operator == Operator::Like || operator == Operator::NotLike;
    let bad = |what: &str| Err(format!("{text} is no {what} for {path}"));
    let mut wanted = Wanted {
        text: text.to_owned(),
        decimal: None,
        day: None,
        time: None,
        flag: None,
    };
    match kind {
        Type::Text => {}
        _ if pattern => return Err(format!("LIKE needs a text attribute, not {path}")),
        Type::Id | Type::Int | Type::Number => match amount::scan(text) {
            Ok(decimal) => wanted.decimal = Some(decimal),
            Err(_) => return bad("number"),
        },
        Type::Date => match parse_day(text).or_else(|| parse_time(text).map(day_of)) {
            Some(day) => wanted.day = Some(day),
            None => return bad("date"),
        },
        Type::Time => match parse_time(text) {
            Some(time) => wanted.time = Some(time),
            None => return bad("timestamp"),
        },
        Type::Flag => match text {
            "true" | "Y" => wanted.flag = Some(true),
            "false" | "N" => wanted.flag = Some(false),
            _ => return bad("true or false"),
        },
    }
    Ok(wanted)
}

fn order(cell: &Cell<'_>, wanted: &Wanted, upper: bool) -> Option<Ordering> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) if upper => Some(text.to_uppercase().as_str().cmp(&wanted.text)),
        Cell::Text(text) => Some(text.as_ref().cmp(&wanted.text)),
        Cell::Day(day) => wanted.day.map(|w| day.cmp(&w)),
        Cell::Time(time) => wanted.time.map(|w| time.cmp(&w)),
        Cell::Flag(flag) => wanted.flag.map(|w| flag.cmp(&w)),
        Cell::Id(_) | Cell::Int(_) | Cell::Money(..) | Cell::Digits(_) => {
            Some(compare_decimals(cell.decimal()?, wanted.decimal?))
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every kind not named here is treated alike"
)]
fn is_like(cell: &Cell<'_>, wanted: &Wanted, upper: bool) -> Option<bool> {
    match cell {
        Cell::Text(text) if upper => Some(like(&text.to_uppercase(), &wanted.text)),
        Cell::Text(text) => Some(like(text, &wanted.text)),
        _ => None,
    }
}

fn holds(cell: &Cell<'_>, leaf: &Leaf) -> bool {
    let against = |place: usize| {
        leaf.values
            .get(place)
            .and_then(|w| order(cell, w, leaf.upper))
    };
    let first = || {
        leaf.values
            .first()
            .and_then(|w| is_like(cell, w, leaf.upper))
    };
    match leaf.operator {
        Operator::Equal => against(0).is_some_and(Ordering::is_eq),
        Operator::Unequal => against(0).is_some_and(Ordering::is_ne),
        Operator::Less => against(0).is_some_and(Ordering::is_lt),
        Operator::LessEqual => against(0).is_some_and(Ordering::is_le),
        Operator::Greater => against(0).is_some_and(Ordering::is_gt),
        Operator::GreaterEqual => against(0).is_some_and(Ordering::is_ge),
        Operator::Like => first() == Some(true),
        Operator::NotLike => first() == Some(false),
        Operator::In => (0..leaf.values.len()).any(|i| against(i).is_some_and(Ordering::is_eq)),
        Operator::NotIn => {
            *cell != Cell::Null
                && !(0..leaf.values.len()).any(|i| against(i).is_some_and(Ordering::is_eq))
        }
        Operator::Between => {
            against(0).is_some_and(Ordering::is_ge) && against(1).is_some_and(Ordering::is_le)
        }
        Operator::IsNull => *cell == Cell::Null,
        Operator::IsNotNull => *cell != Cell::Null,
    }
}

impl FusionTwin {
    /// True if a record meets a condition; a condition on a child holds if any child meets it.
    pub(super) fn passes(&self, row: Row, test: &Test) -> bool {
        match test {
            Test::All(tests) => tests.iter().all(|t| self.passes(row, t)),
            Test::Any(tests) => tests.iter().any(|t| self.passes(row, t)),
            Test::Not(test) => !self.passes(row, test),
            Test::Leaf(leaf) => self.leaf_passes(row, &leaf.steps, leaf),
        }
    }

    fn leaf_passes(&self, row: Row, steps: &[Kind], leaf: &Leaf) -> bool {
        match steps {
            [] => holds(&self.cell(row, leaf.attribute), leaf),
            [kind, rest @ ..] => self
                .children(row, *kind)
                .into_iter()
                .any(|child| self.leaf_passes(child, rest, leaf)),
        }
    }
}
