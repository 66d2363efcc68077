//! Suggestions for values without a mapping. They are words for people; nothing applies them.
//!
//! In this order: the same code exists on the other side; a value there has a similar name (pairs of letters in common, 60 % and more); the
//! neighbours of the value in the order of ids are mapped to one and the same value. Same input, same suggestion.

use std::collections::BTreeMap;

use crate::live::LiveValue;

/// From how many of a thousand on two names count as similar.
const SIMILAR_PERMILLE: usize = 600;

/// The suggestion for `id`, or nothing. `rows` is the table as it is, `targets` the values of the segment.
pub(crate) fn suggestion(
    id: &str,
    name: &str,
    rows: &BTreeMap<String, String>,
    targets: &BTreeMap<String, LiveValue>,
) -> Option<String> {
    if targets.contains_key(id) {
        return Some(format!("{id} (suggestion: same code)"));
    }
    let mut best: Option<(usize, &String, &LiveValue)> = None;
    for (value, live) in targets {
        let score = similarity(name, &live.name);
        if score >= SIMILAR_PERMILLE && best.is_none_or(|(other, ..)| score > other) {
            best = Some((score, value, live));
        }
    }
    if let Some((score, value, live)) = best {
        let percent = score / 10;
        return Some(format!(
            "{value} (suggestion: similar name {:?}, {percent} %)",
            live.name
        ));
    }
    let before = rows.iter().rev().find(|(key, _)| key.as_str() < id);
    let after = rows.iter().find(|(key, _)| key.as_str() > id);
    match (before, after) {
        (Some((a, value)), Some((b, other))) if value == other && !a.is_empty() => Some(format!(
            "{value} (suggestion: the neighbours {a} and {b} go there)"
        )),
        _ => None,
    }
}

/// Pairs of neighbouring letters in common, of a thousand: twice the common ones by all of both. Case and signs do not count.
fn similarity(a: &str, b: &str) -> usize {
    let (a, b) = (pairs(a), pairs(b));
    let all = a.len().saturating_add(b.len());
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    let mut rest = b;
    let mut common = 0_usize;
    for pair in a {
        if let Some(at) = rest.iter().position(|other| *other == pair) {
            rest.swap_remove(at);
            common = common.saturating_add(1);
        }
    }
    common.saturating_mul(2_000) / all
}

fn pairs(name: &str) -> Vec<(char, char)> {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let mut found = Vec::new();
    for word in words {
        let letters: Vec<char> = word.to_lowercase().chars().collect();
        let next = letters.iter().skip(1);
        found.extend(letters.iter().zip(next).map(|(a, b)| (*a, *b)));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{LiveValue, similarity, suggestion};

    fn live(values: &[(&str, &str)]) -> BTreeMap<String, LiveValue> {
        let one = |(value, name): &(&str, &str)| {
            let live = LiveValue {
                name: (*name).to_owned(),
                ..LiveValue::default()
            };
            ((*value).to_owned(), live)
        };
        values.iter().map(one).collect()
    }

    #[test]
    fn the_nearest_kind_of_evidence_wins() {
        let targets = live(&[("4400", "Customer Success"), ("D900", "Something else")]);
        let rows: BTreeMap<String, String> = [("D100", "1100"), ("D300", "1100")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .into();
        let of = |id, name| suggestion(id, name, &rows, &targets);
        assert_eq!(of("D900", "x").unwrap(), "D900 (suggestion: same code)");
        assert!(
            of("D450", "Customer success team")
                .unwrap()
                .starts_with("4400 (suggestion: similar name")
        );
        assert!(
            of("D200", "Finance")
                .unwrap()
                .contains("neighbours D100 and D300")
        );
        assert_eq!(of("D990", "Finance"), None);
    }

    #[test]
    fn equal_names_are_fully_similar() {
        assert_eq!(similarity("Cost Center", "cost-center"), 1000);
        assert_eq!(similarity("abc", "xyz"), 0);
        assert_eq!(similarity("", ""), 0);
    }
}
