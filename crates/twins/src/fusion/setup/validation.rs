//! Cross-validation rules: which account combinations may not come into being.
//!
//! A rule reads "if the condition holds, the validation must hold". Values and rows of one segment are alternatives, different segments must
//! hold together; a rule counts while it is enabled and between its dates (Oracle, "Considerations for Cross-Validation Rules" and
//! "Examples of Loading Cross-Validation Rules With Operators", 24B \[D\]). Only a *new* combination is checked: one that exists stays usable
//! (Oracle, "How Cross-Validation Rule Violations Are Managed", 24C \[D\]). Columns are those of the interface table
//! `GL_CROSS_VALIDATION_RULES_INT` (24C \[D\]) in small letters. Which day counts is not said; here it is the accounting date.

use std::collections::BTreeMap;

use crate::company::{CompanyError, CompanyFolder};
use crate::fusion::calendar::{Day, parse_day};

/// The optional file of a company folder.
pub(super) const FILE: &str = "master/cross_validation_rules.csv";

const COLUMNS: [&str; 11] = [
    "rule_code",
    "rule_error_message_text",
    "enabled_flag",
    "start_date_active",
    "end_date_active",
    "condition_segment_code",
    "condition_operator_name",
    "condition_values",
    "validation_segment_code",
    "validation_operator_name",
    "validation_values",
];

/// One test of a segment value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Equals(String),
    NoneOf(Vec<String>),
    Between(String, String),
    NotBetween(String, String),
    StartsWith(String),
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        let within = |low: &String, high: &String| low.as_str() <= value && value <= high.as_str();
        match self {
            Self::Equals(own) => own == value,
            Self::NoneOf(list) => !list.iter().any(|own| own == value),
            Self::Between(low, high) => within(low, high),
            Self::NotBetween(low, high) => !within(low, high),
            Self::StartsWith(own) => value.starts_with(own.as_str()),
        }
    }
}

/// Tests by segment: any test of a segment, all segments.
type Filter = BTreeMap<usize, Vec<Test>>;

fn holds(filter: &Filter, codes: &[&str]) -> bool {
    filter.iter().all(|(segment, tests)| {
        let value = codes.get(*segment).copied().unwrap_or_default();
        tests.iter().any(|test| test.holds(value))
    })
}

/// A cross-validation rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValidationRule {
    /// `RULE_CODE`.
    pub code: String,
    /// `RULE_ERROR_MESSAGE_TEXT`: the words of the company for a violation.
    pub message: String,
    enabled: bool,
    dates: [Option<Day>; 2],
    condition: Filter,
    validation: Filter,
}

impl ValidationRule {
    /// True if the rule keeps a combination of these codes from coming into being on `day`.
    pub(crate) fn forbids(&self, codes: &[&str], day: Day) -> bool {
        let [from, to] = self.dates;
        let counts =
            self.enabled && from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to);
        counts && holds(&self.condition, codes) && !holds(&self.validation, codes)
    }
}

/// Position of a segment by its name, or as `SEGMENT1` and so on by its column.
fn position(text: &str, names: &[String]) -> Option<usize> {
    let column = text.strip_prefix("SEGMENT").and_then(|n| n.parse().ok());
    let column = column.and_then(|n: usize| n.checked_sub(1));
    let named = names.iter().position(|name| name == text);
    named.or(column.filter(|at| *at < names.len()))
}

/// Adds one row of the interface table; rows of one code are one rule.
fn add(
    rules: &mut Vec<ValidationRule>,
    names: &[String],
    cell: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    let code = cell("rule_code");
    let message = cell("rule_error_message_text");
    if code.is_empty() || message.is_empty() {
        return Err("rule_code and rule_error_message_text are mandatory".to_owned());
    }
    let enabled = match cell("enabled_flag").as_str() {
        "" | "Y" => true,
        "N" => false,
        other => return Err(format!("enabled_flag must be Y or N, not {other:?}")),
    };
    let date = |name: &str| match cell(name).as_str() {
        "" => Ok(None),
        text => parse_day(text)
            .map(Some)
            .ok_or_else(|| format!("{name} is no date YYYY-MM-DD: {text:?}")),
    };
    let dates = [date("start_date_active")?, date("end_date_active")?];
    let at = rules.iter().position(|rule| rule.code == code);
    let at = at.unwrap_or_else(|| {
        rules.push(ValidationRule {
            code,
            message,
            enabled,
            dates,
            ..ValidationRule::default()
        });
        rules.len() - 1
    });
    let rule = &mut rules[at];
    for (part, filter) in [
        ("condition", &mut rule.condition),
        ("validation", &mut rule.validation),
    ] {
        let segment = cell(&format!("{part}_segment_code"));
        if segment.is_empty() {
            continue;
        }
        let segment =
            position(&segment, names).ok_or_else(|| format!("there is no segment {segment}"))?;
        let operator = cell(&format!("{part}_operator_name"));
        let tests = tests(&operator, &cell(&format!("{part}_values")))?;
        filter.entry(segment).or_default().extend(tests);
    }
    Ok(())
}

/// The tests of an operator and its values, which commas part.
fn tests(operator: &str, values: &str) -> Result<Vec<Test>, String> {
    let values: Vec<String> = values.split(',').map(|v| v.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        return Err("a filter has an empty value".to_owned());
    }
    let range = |text: &String| {
        let (low, high) = text.split_once('-').ok_or("a range reads 1000-1999")?;
        Ok::<_, String>((low.trim().to_owned(), high.trim().to_owned()))
    };
    match operator {
        "=" => Ok(values.into_iter().map(Test::Equals).collect()),
        "<>" => Ok(vec![Test::NoneOf(values)]),
        "STARTSWITH" => Ok(values.into_iter().map(Test::StartsWith).collect()),
        "BETWEEN" | "NOTBETWEEN" => {
            let made = |text: &String| {
                let (low, high) = range(text)?;
                Ok(if operator == "BETWEEN" {
                    Test::Between(low, high)
                } else {
                    Test::NotBetween(low, high)
                })
            };
            values.iter().map(made).collect()
        }
        other => Err(format!(
            "{other:?} is no operator here; known: =, <>, BETWEEN, NOTBETWEEN, STARTSWITH"
        )),
    }
}

/// A rule without a validation would forbid nothing.
fn whole(rules: &[ValidationRule]) -> Result<(), String> {
    match rules.iter().find(|rule| rule.validation.is_empty()) {
        None => Ok(()),
        Some(rule) => Err(format!("rule {} has no validation filter", rule.code)),
    }
}

/// The rules of a company folder; none if it has no such file.
pub(super) fn load(
    folder: &CompanyFolder,
    names: &[String],
) -> Result<Vec<ValidationRule>, CompanyError> {
    let mut rules = Vec::new();
    if !folder.has(FILE) {
        return Ok(rules);
    }
    let mut table = folder.table(FILE)?;
    while let Some(row) = table.next_row()? {
        for name in COLUMNS {
            row.get(name)?;
        }
        let cell = |name: &str| row.find(name).unwrap_or_default().trim().to_owned();
        add(&mut rules, names, &cell).map_err(|what| row.wrong(what))?;
    }
    whole(&rules).map_err(|what| CompanyError::Bad {
        path: folder.root().join(FILE),
        line: 0,
        what,
    })?;
    Ok(rules)
}

/// The rules of rows that a person types.
pub(crate) fn typed(
    rows: &[serde_json::Value],
    names: &[String],
) -> Result<Vec<ValidationRule>, String> {
    let mut rules = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let wrong = |what: String| format!("row {}: {what}", at + 1);
        let members = row
            .as_object()
            .ok_or_else(|| wrong("write an object".to_owned()))?;
        let odd = members.iter().find(|(name, value)| {
            !COLUMNS.contains(&name.as_str()) || !(value.is_string() || value.is_null())
        });
        if let Some((name, _)) = odd {
            return Err(wrong(format!(
                "{name} is no text of the columns {}",
                COLUMNS.join(", ")
            )));
        }
        let cell = |name: &str| {
            let text = members.get(name).and_then(serde_json::Value::as_str);
            text.unwrap_or_default().trim().to_owned()
        };
        add(&mut rules, names, &cell).map_err(wrong)?;
    }
    whole(&rules)?;
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::typed;

    fn row(members: &[(&str, &str)]) -> Value {
        let mut row = json!({"rule_code": "R1", "rule_error_message_text": "no"});
        for (name, value) in members {
            row[*name] = json!(value);
        }
        row
    }

    fn check(rows: &[Value], codes: &[&str], expected: bool) {
        let rules = typed(rows, &["company", "account"].map(str::to_owned)).unwrap();
        assert_eq!(rules[0].forbids(codes, 100), expected, "{codes:?} {rows:?}");
    }

    #[test]
    fn a_combination_that_meets_the_condition_must_meet_the_validation() {
        let only = [row(&[
            ("condition_segment_code", "company"),
            ("condition_operator_name", "="),
            ("condition_values", "101, 102"),
            ("validation_segment_code", "account"),
            ("validation_operator_name", "BETWEEN"),
            ("validation_values", "4000-4999"),
        ])];
        check(&only, &["101", "4500"], false);
        check(&only, &["102", "5000"], true);
        check(&only, &["103", "5000"], false);
    }

    #[test]
    fn rows_of_one_segment_are_alternatives_and_dates_and_flag_count() {
        let validation = |values: &str, operator: &str| {
            row(&[
                ("validation_segment_code", "account"),
                ("validation_operator_name", operator),
                ("validation_values", values),
                ("end_date_active", "1970-04-11"),
            ])
        };
        let either = [validation("4", "STARTSWITH"), validation("5000", "=")];
        check(&either, &["101", "4500"], false);
        check(&either, &["101", "5000"], false);
        check(&either, &["101", "6000"], true);
        check(&[validation("6000,6100", "<>")], &["101", "6100"], true);
        let mut off = validation("5000", "=");
        off["enabled_flag"] = json!("N");
        check(&[off], &["101", "6000"], false);
        let mut over = validation("5000", "=");
        over["end_date_active"] = json!("1970-01-31");
        check(&[over], &["101", "6000"], false);
    }

    #[test]
    fn what_the_table_does_not_know_is_refused() {
        let names = ["account".to_owned()];
        let refuse = |row: Value, word: &str| {
            let said = typed(&[row], &names).unwrap_err();
            assert!(said.contains(word), "{said}");
        };
        refuse(row(&[]), "no validation filter");
        for odd in ["fund", "SEGMENT2"] {
            let row = row(&[("validation_segment_code", odd)]);
            refuse(row, &format!("no segment {odd}"));
        }
        let odd = row(&[
            ("validation_segment_code", "account"),
            ("validation_operator_name", "LIKE"),
            ("validation_values", "1"),
        ]);
        refuse(odd, "no operator");
        refuse(json!({"rule": "R1"}), "rule is no text");
    }
}
