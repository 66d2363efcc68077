//! Cross-validation rules as the target itself keeps them: the columns of its interface table `GL_CROSS_VALIDATION_RULES_INT` (Oracle, "Tables and
//! Views for Financials", 24C), which people download from its page of rules.
//!
//! There a rule says what must hold where a condition holds; here a combination is forbidden if all tests hold. So each segment of a validation
//! becomes a rule of its own: the condition, and a value that fails the validation there. Rows of one segment are alternatives, different
//! segments must all hold (Oracle, "Examples of Loading Cross-Validation Rules With Operators", 24C). Operators are worked out over the values
//! that the reference data knows. A segment is named as here, or SEGMENT1 and so on in the order of the chart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tieout_engine::crosswalk::{Forbidden, Reference, Test};
use tieout_model::AccountingDate;

use crate::problem::{Failure, Problem};

/// What is needed to understand a file.
pub(super) struct Reader<'a> {
    pub(super) reference: &'a Reference,
    /// Names of the segments in the order of the chart.
    pub(super) segments: &'a [String],
    pub(super) today: AccountingDate,
}

/// The rules of a file, and those left out with the reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) forbidden: Vec<Forbidden>,
    pub(super) left_out: Vec<String>,
}

type Row = BTreeMap<String, String>;
/// By segment, the values that pass.
type Passing = BTreeMap<String, BTreeSet<String>>;

#[derive(Default)]
struct Rule {
    condition: Passing,
    validation: Passing,
    left_out: Option<String>,
}

/// A column as this program spells it.
fn plain(column: &str) -> String {
    column.trim().trim_start_matches('*').to_lowercase()
}

/// True if the columns are those of the interface table.
pub(super) fn is_interface(columns: &csv::StringRecord) -> bool {
    columns.iter().any(|column| plain(column) == "rule_code")
}

impl Reader<'_> {
    pub(super) fn read(&self, path: &Path) -> Result<Rules, Failure> {
        let fault = |row: usize, what: String| {
            let place = format!("{}, row {row}: {what}", path.display());
            Problem::new("P0430", place)
                .hint("a CSV file with the columns of the target's interface table of cross-validation rules")
        };
        let mut reader = csv::Reader::from_path(path).map_err(|e| fault(1, e.to_string()))?;
        let columns = reader.headers().map_err(|e| fault(1, e.to_string()))?;
        let columns: Vec<String> = columns.iter().map(plain).collect();
        let mut order: Vec<String> = Vec::new();
        let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
        for (at, record) in reader.records().enumerate() {
            let number = at.saturating_add(2);
            let record = record.map_err(|e| fault(number, e.to_string()))?;
            let cells = record.iter().map(|cell| cell.trim().to_owned());
            let row: Row = columns.iter().cloned().zip(cells).collect();
            self.take(&row, &mut order, &mut rules)
                .map_err(|what| fault(number, what))?;
        }
        let mut found = Rules::default();
        for code in order {
            let Some(rule) = rules.remove(&code) else {
                continue;
            };
            match rule.left_out.as_deref().or_else(|| senseless(&rule)) {
                Some(why) => found.left_out.push(format!("{code}: {why}")),
                None => found.forbidden.extend(self.forbidden(&code, &rule)),
            }
        }
        Ok(found)
    }

    fn take(
        &self,
        row: &Row,
        order: &mut Vec<String>,
        rules: &mut BTreeMap<String, Rule>,
    ) -> Result<(), String> {
        let cell = |name: &str| row.get(name).map_or("", String::as_str);
        let code = cell("rule_code");
        if code.is_empty() {
            return Err("rule_code is missing".to_owned());
        }
        if !rules.contains_key(code) {
            order.push(code.to_owned());
        }
        let rule = rules.entry(code.to_owned()).or_default();
        if let Some(why) = self.left_out(row)? {
            rule.left_out = Some(why);
        }
        for (part, passing) in [
            ("condition", &mut rule.condition),
            ("validation", &mut rule.validation),
        ] {
            let segment = cell(&format!("{part}_segment_code"));
            if segment.is_empty() {
                continue;
            }
            let (segment, known) = self.segment(segment)?;
            let operator = cell(&format!("{part}_operator_name"));
            let values = cell(&format!("{part}_values"));
            let test = Operator::of(operator, values)?;
            let mine = known.into_iter().filter(|value| test.passes(value));
            let list = passing.entry(segment).or_default();
            list.extend(mine.map(str::to_owned));
        }
        Ok(())
    }

    /// Why a rule does not count today.
    fn left_out(&self, row: &Row) -> Result<Option<String>, String> {
        let cell = |name: &str| row.get(name).map_or("", String::as_str);
        let date = |name: &str| match cell(name) {
            "" => Ok(None),
            text => text
                .replace('/', "-")
                .parse::<AccountingDate>()
                .map(Some)
                .map_err(|_| format!("{name} is no date as 2027-01-31: {text:?}")),
        };
        let (from, to) = (date("start_date_active")?, date("end_date_active")?);
        Ok(match (cell("enabled_flag"), from, to) {
            ("N", _, _) => Some("it is not enabled".to_owned()),
            (_, Some(from), _) if from > self.today => Some(format!(
                "it counts from {from} on; refresh the reference data again then"
            )),
            (_, _, Some(to)) if to < self.today => Some(format!("it ended on {to}")),
            _ => None,
        })
    }

    /// The name of a segment and the values it has.
    fn segment(&self, code: &str) -> Result<(String, Vec<&str>), String> {
        let number = code.to_uppercase();
        let number = number
            .strip_prefix("SEGMENT")
            .and_then(|n| n.parse::<usize>().ok());
        let name = number
            .and_then(|n| self.segments.get(n.checked_sub(1)?))
            .map_or(code, String::as_str);
        let values = self.reference.segment_values.get(name);
        let values = values
            .ok_or_else(|| format!("the reference data has no values of segment {code:?}"))?;
        Ok((name.to_owned(), values.keys().map(String::as_str).collect()))
    }

    /// One rule for each segment of the validation, which forbids what fails it there.
    fn forbidden(&self, code: &str, rule: &Rule) -> Vec<Forbidden> {
        if rule.condition.values().any(BTreeSet::is_empty) {
            return Vec::new();
        }
        let condition = rule.condition.iter();
        let condition: Vec<(String, Test)> = condition
            .map(|(segment, values)| (segment.clone(), Test::OneOf(values.clone())))
            .collect();
        let mut made: Vec<Forbidden> = Vec::new();
        for (segment, passing) in &rule.validation {
            let mut when = condition.clone();
            if !passing.is_empty() {
                when.push((segment.clone(), Test::NoneOf(passing.clone())));
            }
            let all = self.reference.segment_values.get(segment);
            let nothing_fails = all.is_some_and(|all| all.keys().all(|v| passing.contains(v)));
            if nothing_fails || when.is_empty() {
                continue;
            }
            let id = match made.len() {
                0 => code.to_owned(),
                more => format!("{code} ({})", more.saturating_add(1)),
            };
            made.push(Forbidden { id, when });
        }
        made
    }
}

/// Why a rule cannot be meant as it stands.
fn senseless(rule: &Rule) -> Option<&'static str> {
    if rule.validation.is_empty() {
        return Some("it has no validation, so it forbids nothing");
    }
    let is_total = rule.condition.is_empty() && rule.validation.values().any(BTreeSet::is_empty);
    is_total.then_some("it has no condition and lets no value through, so it forbids everything")
}

/// An operator with its values.
enum Operator<'t> {
    AnyOf(fn(&str, &str) -> bool, Vec<&'t str>),
    NoneOf(fn(&str, &str) -> bool, Vec<&'t str>),
}

fn within(value: &str, range: &str) -> bool {
    let ends = range.split_once('-');
    ends.is_some_and(|(low, high)| low.trim() <= value && value <= high.trim())
}

impl<'t> Operator<'t> {
    fn of(name: &str, values: &'t str) -> Result<Self, String> {
        let values: Vec<&str> = values.split(',').map(str::trim).collect();
        if values.iter().any(|value| value.is_empty()) {
            return Err(format!("{name:?} has an empty value"));
        }
        let is_range = name == "BETWEEN" || name == "NOTBETWEEN";
        if let Some(odd) = values.iter().find(|v| is_range && !v.contains('-')) {
            return Err(format!("{odd:?} is no range as 1000-1999"));
        }
        Ok(match name {
            "=" => Self::AnyOf(|value, own| value == own, values),
            "<>" => Self::NoneOf(|value, own| value == own, values),
            ">" => Self::AnyOf(|value, own| value > own, values),
            "<" => Self::AnyOf(|value, own| value < own, values),
            ">=" => Self::AnyOf(|value, own| value >= own, values),
            "<=" => Self::AnyOf(|value, own| value <= own, values),
            "BETWEEN" => Self::AnyOf(within, values),
            "NOTBETWEEN" => Self::NoneOf(within, values),
            "STARTSWITH" => Self::AnyOf(|value, own| value.starts_with(own), values),
            "ENDSWITH" => Self::AnyOf(|value, own| value.ends_with(own), values),
            "CONTAINS" => Self::AnyOf(|value, own| value.contains(own), values),
            "DOESNOTCONTAIN" => Self::NoneOf(|value, own| value.contains(own), values),
            other => {
                return Err(format!(
                    "{other:?} is no operator that can be worked out here"
                ));
            }
        })
    }

    fn passes(&self, value: &str) -> bool {
        match self {
            Self::AnyOf(test, values) => values.iter().any(|own| test(value, own)),
            Self::NoneOf(test, values) => !values.iter().any(|own| test(value, own)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tieout_engine::crosswalk::{Reference, Validity};

    use super::{Reader, Rules};

    const COLUMNS: &str = "*RULE_CODE,ENABLED_FLAG,START_DATE_ACTIVE,END_DATE_ACTIVE,CONDITION_SEGMENT_CODE,CONDITION_OPERATOR_NAME,CONDITION_VALUES,VALIDATION_SEGMENT_CODE,VALIDATION_OPERATOR_NAME,VALIDATION_VALUES";

    fn reference() -> Reference {
        let values = |list: &[&str]| {
            let all = list.iter().map(|value| (*value).to_owned());
            all.map(|value| (value, Validity::default())).collect()
        };
        Reference {
            segment_values: BTreeMap::from([
                ("company".to_owned(), values(&["101", "102"])),
                ("account".to_owned(), values(&["4000", "4100", "6000"])),
                ("product".to_owned(), values(&["0000", "1010"])),
            ]),
            ..Reference::default()
        }
    }

    fn read(rows: &[&str]) -> Result<Rules, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.csv");
        std::fs::write(&file, format!("{COLUMNS}\n{}\n", rows.join("\n"))).unwrap();
        let segments = ["company", "account", "product"].map(str::to_owned);
        let reference = reference();
        let reader = Reader {
            reference: &reference,
            segments: &segments,
            today: "2027-02-01".parse().unwrap(),
        };
        reader.read(&file).map_err(|failure| format!("{failure:?}"))
    }

    /// Every combination that the rules forbid.
    fn forbidden(rows: &[&str]) -> Vec<String> {
        let rules = read(rows).unwrap().forbidden;
        let all = &reference().segment_values;
        let mut found = Vec::new();
        for company in all["company"].keys() {
            for account in all["account"].keys() {
                for product in all["product"].keys() {
                    let value = |segment: &str| match segment {
                        "company" => company,
                        "account" => account,
                        _ => product,
                    };
                    let holds = |rule: &tieout_engine::crosswalk::Forbidden| {
                        let mut when = rule.when.iter();
                        when.all(|(segment, test)| test.holds(value(segment)))
                    };
                    if rules.iter().any(holds) {
                        found.push(format!("{company}-{account}-{product}"));
                    }
                }
            }
        }
        found
    }

    #[test]
    fn what_meets_the_condition_and_fails_the_validation_is_forbidden() {
        // Sales of company 101 need a product.
        let plain = [
            "R,Y,,,company,=,101,product,<>,0000",
            "R,,,,account,STARTSWITH,4,,,",
        ];
        assert_eq!(forbidden(&plain), ["101-4000-0000", "101-4100-0000"]);
        // By number of the segment, with a range, and an alternative for one segment.
        let numbered = [
            "R,,,,SEGMENT2,BETWEEN,4000-4999,SEGMENT1,=,101",
            "R,,,,,,,SEGMENT1,=,102",
        ];
        assert!(forbidden(&numbered).is_empty(), "both companies pass");
        // Two segments of a validation must both hold.
        let both = [
            "R,,,,account,=,\"4000,4100\",company,=,101",
            "R,,,,,,,product,=,1010",
        ];
        let found = forbidden(&both);
        assert_eq!(found.len(), 6, "{found:?}");
        assert!(!found.contains(&"101-4000-1010".to_owned()), "{found:?}");
        // A value that nothing has: whatever meets the condition fails.
        assert_eq!(forbidden(&["R,,,,account,>,4100,product,=,9999"]).len(), 4);
        assert!(forbidden(&["R,,,,account,=,9999,product,=,1010"]).is_empty());
    }

    #[test]
    fn rules_that_do_not_count_today_are_left_out_and_told() {
        let row = |flag: &str, from: &str, to: &str| {
            format!("R,{flag},{from},{to},account,=,4000,product,=,1010")
        };
        let check = |row: String, words: &str| {
            let rules = read(&[&row]).unwrap();
            assert!(rules.forbidden.is_empty());
            assert!(rules.left_out[0].contains(words), "{:?}", rules.left_out);
        };
        check(row("N", "", ""), "not enabled");
        check(row("Y", "2027/03/01", ""), "counts from 2027-03-01");
        check(row("Y", "", "2027-01-31"), "ended on 2027-01-31");
        check("R,,,,account,=,4000,,,".to_owned(), "no validation");
        check("R,,,,,,,product,=,9999".to_owned(), "forbids everything");
        let now = read(&[&row("Y", "2027-02-01", "2027-02-01")]).unwrap();
        assert_eq!((now.forbidden.len(), now.left_out.len()), (1, 0));
    }

    #[test]
    fn what_cannot_be_worked_out_is_refused_with_its_row() {
        let refuse = |row: &str, words: &str| {
            let said = read(&["R,,,,account,=,4000,product,=,1010", row]).unwrap_err();
            assert!(said.contains("row 3") && said.contains(words), "{said}");
        };
        refuse(",,,,account,=,4000,product,=,1010", "rule_code");
        refuse("S,,,,fund,=,1,product,=,1010", "fund");
        refuse("S,,,,SEGMENT9,=,1,product,=,1010", "SEGMENT9");
        refuse("S,,,,account,IS DESCENDANT OF,1,product,=,1010", "operator");
        refuse("S,,,,account,BETWEEN,4000,product,=,1010", "range");
        refuse("S,,,,account,=,,product,=,1010", "empty value");
        refuse("S,Y,soon,,account,=,4000,product,=,1010", "soon");
    }
}
