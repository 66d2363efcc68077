//! Cross-validation rules of the target from a CSV file that people export or type: rule, segment, operator, values.
//!
//! Rows of one rule belong together: a combination is refused if all of them hold. The target lets combinations of a condition through only
//! if they pass a validation; each part of the validation that must hold is a rule here, with `not in`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tieout_engine::crosswalk::{Forbidden, Reference, Test};

use crate::problem::{Failure, Problem};

const COLUMNS: [&str; 4] = ["rule", "segment", "operator", "values"];

/// Reads the rules. Ranges stand for the values the reference data knows.
pub(super) fn read(path: &Path, reference: &Reference) -> Result<Vec<Forbidden>, Failure> {
    let fault = |row: usize, what: String| {
        let place = if row == 0 {
            path.display().to_string()
        } else {
            format!("{}, row {row}", path.display())
        };
        Problem::new("P0430", format!("{place}: {what}"))
            .hint("a CSV file with the columns rule, segment, operator (in, not in), values")
    };
    let mut reader = csv::Reader::from_path(path).map_err(|e| fault(0, e.to_string()))?;
    let mut order = Vec::new();
    let mut rules: BTreeMap<String, Vec<(String, Test)>> = BTreeMap::new();
    for (at, row) in reader.deserialize().enumerate() {
        let row_number = at.saturating_add(2);
        let row: BTreeMap<String, String> = row.map_err(|e| fault(row_number, e.to_string()))?;
        let mut cells = Vec::new();
        for name in COLUMNS {
            let cell = row.get(name).map(|cell| cell.trim().to_owned());
            let cell = cell.filter(|cell| !cell.is_empty());
            cells.push(cell.ok_or_else(|| fault(row_number, format!("{name} is missing")))?);
        }
        let [rule, segment, operator, values] = &cells[..] else {
            continue;
        };
        let known = reference.segment_values.get(segment).ok_or_else(|| {
            fault(
                row_number,
                format!("the reference data has no values of segment {segment:?}"),
            )
        })?;
        let values = values_of(values, known).map_err(|what| fault(row_number, what))?;
        let test = match operator.as_str() {
            "in" => Test::OneOf(values),
            "not in" => Test::NoneOf(values),
            other => return Err(fault(row_number, format!("{other:?} is no operator")).into()),
        };
        if !rules.contains_key(rule) {
            order.push(rule.clone());
        }
        rules
            .entry(rule.clone())
            .or_default()
            .push((segment.clone(), test));
    }
    let made = order.into_iter().filter_map(|id| {
        let when = rules.remove(&id)?;
        Some(Forbidden { id, when })
    });
    Ok(made.collect())
}

fn values_of<V>(text: &str, known: &BTreeMap<String, V>) -> Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    for word in text.split_whitespace() {
        let Some((first, last)) = word.split_once("..") else {
            if !known.contains_key(word) {
                return Err(format!("{word} is no value of the segment"));
            }
            found.insert(word.to_owned());
            continue;
        };
        let range = known
            .keys()
            .filter(|value| first <= value.as_str() && value.as_str() <= last);
        let before = found.len();
        found.extend(range.cloned());
        if found.len() == before {
            return Err(format!("no value of the segment lies in {word}"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::values_of;

    #[test]
    fn a_range_stands_for_the_values_that_exist() {
        let known: BTreeMap<String, ()> = ["1000", "1100", "2000"]
            .map(|value| (value.to_owned(), ()))
            .into();
        let found = values_of("1000..1999 2000", &known).unwrap();
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["1000", "1100", "2000"]
        );
        assert!(values_of("3000", &known).is_err());
        assert!(values_of("3000..3999", &known).is_err());
    }
}
