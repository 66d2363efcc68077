//! Which rule decided which segment of which line, in the compact form that is stored with a delivery.
//!
//! Lines that were decided alike share one list of rules: a bill of a hundred lines mostly has two.

use std::collections::BTreeMap;

use tieout_model::Undecodable;
use tieout_model::canonical::{Reader, Writer};

use crate::crosswalk::RuleUse;

/// The rules of one line: segment and rule, in the order of the segments.
pub type LineRules = Vec<(String, String)>;

/// The bytes of a translation's rules.
pub fn encode(rules: &[RuleUse]) -> Vec<u8> {
    let mut by_line: BTreeMap<u32, LineRules> = BTreeMap::new();
    for used in rules {
        let line = by_line.entry(used.line).or_default();
        line.push((used.by.segment.clone(), rule_words(used)));
    }
    let mut kinds: BTreeMap<LineRules, Vec<u32>> = BTreeMap::new();
    for (line, rules) in by_line {
        kinds.entry(rules).or_default().push(line);
    }
    let kinds: Vec<(LineRules, Vec<u32>)> = kinds.into_iter().collect();
    let mut w = Writer::new();
    w.number(1);
    w.list(kinds.iter(), |w, (rules, lines)| {
        w.list(rules.iter(), |w, (segment, rule)| {
            w.text(segment);
            w.text(rule);
        });
        w.list(lines.iter(), |w, line| w.number(u128::from(*line)));
    });
    w.finish()
}

/// The rule's name; with the ancestor whose mapping a value inherited: `CC-2 via D300`.
fn rule_words(used: &RuleUse) -> String {
    match &used.inherited_from {
        Some(ancestor) => format!("{} via {ancestor}", used.by.rule),
        None => used.by.rule.clone(),
    }
}

/// The rules by line.
///
/// # Errors
/// [`Undecodable`] for bytes that [`encode`] would not write.
pub fn decode(bytes: &[u8]) -> Result<BTreeMap<u32, LineRules>, Undecodable> {
    let mut r = Reader::new(bytes);
    if r.number()? != 1 {
        return Err(r.expected("lineage encoding 1"));
    }
    let kinds = r.list(|r| {
        let rules = r.list(|r| Ok((r.text()?, r.text()?)))?;
        let lines: Vec<u32> = r.list(Reader::small)?;
        Ok((rules, lines))
    })?;
    r.end()?;
    let mut found = BTreeMap::new();
    for (rules, lines) in kinds {
        for line in lines {
            found.insert(line, rules.clone());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{decode, encode};
    use crate::crosswalk::{RuleName, RuleUse};

    #[test]
    fn lines_keep_their_rules_and_share_equal_ones() {
        let used = |line, segment: &str, rule: &str| RuleUse {
            line,
            by: Arc::new(RuleName {
                segment: segment.into(),
                rule: rule.into(),
            }),
            inherited_from: None,
        };
        let one = [used(1, "account", "AC-1"), used(2, "account", "AC-1")];
        let found = decode(&encode(&one)).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[&2], [("account".to_owned(), "AC-1".to_owned())]);
        let other = [used(1, "account", "AC-1"), used(2, "account", "AC-2")];
        assert!(encode(&one).len() < encode(&other).len());
        assert!(decode(&encode(&one)[1..]).is_err());
        let mut inherited = used(1, "cost_center", "CC-2");
        inherited.inherited_from = Some("D300".into());
        let found = decode(&encode(&[inherited])).unwrap();
        assert_eq!(found[&1][0].1, "CC-2 via D300");
    }
}
