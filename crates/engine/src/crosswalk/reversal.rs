//! A reversal repeats the recorded lines of what it reverses, with the opposite sign; no rule is asked (domain dossier 4.3, rule 1).
//!
//! Each line of the reversal takes the combination of a recorded line with exactly the opposite amounts: the one of the same number if
//! its amounts fit, else the first one left whose segments the recorded version would also give the line (so that a repetition of a two-line
//! entry does not pass for its reversal). A document that leaves a line unmatched on either side is no full reversal and is held.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tieout_model::{
    AccountingDate, Amount, Code, Combination, Currency, Document, LineFact, Placement,
};

use crate::crosswalk::Crosswalk;
use crate::crosswalk::hold::{HoldReason, Unmapped};
use crate::crosswalk::place::normalised;
use crate::crosswalk::prepared::{Prepared, RuleName};
use crate::crosswalk::translate::{
    RECORDED_RULE, RuleUse, SUPERSEDED_RULE, Translation, malformed, recoded, supplier_of,
};

impl Crosswalk {
    pub(crate) fn mirror(
        &self,
        document: &Document,
        (original, version): (&Document, &str),
        on: AccountingDate,
        approval: Option<&str>,
    ) -> Result<Translation, Vec<Unmapped>> {
        let mut gaps = Vec::new();
        let recorded = self.recorded_version(version);
        let recorded = recorded.map_err(|gap| gaps.push(gap)).ok();
        let date = document.accounting_date().unwrap_or(on);
        let period = self.period(document, date);
        let period = period.map_err(|gap| gaps.push(gap)).ok();
        let supplier = self.recorded_supplier(document, original, &mut gaps);
        let placement = recorded_placement(document, original, &mut gaps);
        let facts = |document: &Document| {
            let lines = document.lines();
            lines.map_err(|fault| malformed(document.kind(), &fault.to_string()))
        };
        let mut lines = match (facts(document), facts(original)) {
            (Ok(lines), Ok(mirrored)) => matched(&lines, &mirrored, &mut gaps, |line| {
                self.decided(recorded?, document, line, original.accounting_date()?)
            }),
            (Err(gap), _) | (_, Err(gap)) => {
                gaps.push(gap);
                Vec::new()
            }
        };
        let mut rules = Vec::new();
        if let Some(recorded) = recorded {
            // A later version may have disabled a value, or re-enabled it: the one in force on the day decides.
            let in_force = self.prepared_on(on).unwrap_or(recorded);
            let names: Vec<Arc<RuleName>> = recorded.segment_names().map(recorded_rule).collect();
            for (number, combination) in &mut lines {
                let mut names = names.clone();
                if let Some(approval) = approval {
                    supersede(in_force, on, approval, combination, &mut names);
                }
                self.still_usable(recorded, in_force, *number, combination, on, &mut gaps);
                rules.extend(names.into_iter().map(|by| RuleUse {
                    line: *number,
                    by,
                    inherited_from: None,
                }));
            }
        }
        match (recorded, placement, period) {
            (Some(recorded), Some(placement), Some(period)) if gaps.is_empty() => {
                let codings = lines
                    .into_iter()
                    .map(|(_, combination)| combination)
                    .collect();
                let placement = Placement {
                    period,
                    ..placement
                };
                let document = recoded(document, codings, placement, supplier)
                    .map_err(|fault| vec![malformed(document.kind(), &fault.to_string())])?;
                Ok(Translation {
                    document,
                    version: recorded.name().to_owned(),
                    crosswalk: recorded.digest(),
                    rules,
                })
            }
            _ => Err(gaps),
        }
    }

    /// The recorded supplier if the original has one, else the supplier's number of today.
    fn recorded_supplier(
        &self,
        document: &Document,
        original: &Document,
        gaps: &mut Vec<Unmapped>,
    ) -> Option<Code> {
        let own = supplier_of(document)?;
        if let Some(recorded) = supplier_of(original) {
            return Some(recorded.clone());
        }
        self.party(own).map_err(|gap| gaps.push(gap)).ok()
    }

    fn still_usable(
        &self,
        recorded: &Prepared,
        in_force: &Prepared,
        number: u32,
        combination: &Combination,
        on: AccountingDate,
        gaps: &mut Vec<Unmapped>,
    ) {
        if recorded.segment_names().len() != combination.segments.len() {
            let version = recorded.name();
            let detail = format!("the recorded line has not the segments of version {version}");
            gaps.push(mismatch("original", combination.joined("-"), detail).on_line(number));
        }
        for (segment, value) in recorded.segment_names().zip(&combination.segments) {
            let refused = in_force.refused(segment, value.as_str(), on, &self.reference);
            gaps.extend(refused.map(|gap| with_approval(gap).on_line(number)));
        }
    }
}

/// A recorded value that is disabled by now needs a person's word (domain dossier 4.3).
fn with_approval(mut gap: Unmapped) -> Unmapped {
    if gap.reason == HoldReason::RetiredValue {
        "a controller approves the superseding value with `tieout document supersede`, or re-enables the value and looks again with `tieout document retry`"
            .clone_into(&mut gap.remedy);
    }
    gap
}

fn recorded_rule(segment: &str) -> Arc<RuleName> {
    Arc::new(RuleName {
        segment: segment.to_owned(),
        rule: RECORDED_RULE.to_owned(),
    })
}

/// Puts the superseding values in the place of disabled ones, and the approval in the place of the rule.
fn supersede(
    in_force: &Prepared,
    on: AccountingDate,
    approval: &str,
    combination: &mut Combination,
    names: &mut [Arc<RuleName>],
) {
    for (name, value) in names.iter_mut().zip(&mut combination.segments) {
        if let Some(instead) = in_force.superseding(&name.segment, value.as_str(), on) {
            *value = Code::new(instead);
            *name = Arc::new(RuleName {
                segment: name.segment.clone(),
                rule: format!("{SUPERSEDED_RULE}{approval}"),
            });
        }
    }
}

fn mismatch(dimension: &str, value: impl Into<String>, detail: impl Into<String>) -> Unmapped {
    Unmapped::new(
        HoldReason::ReversalMismatch,
        dimension,
        value,
        detail,
        "the controller decides: reverse the original in full in the source system, or release this document as one of its own",
    )
}

fn recorded_placement(
    document: &Document,
    original: &Document,
    gaps: &mut Vec<Unmapped>,
) -> Option<Placement> {
    let Some(placement) = original.placement() else {
        let detail = "the recorded original was never translated";
        gaps.push(mismatch("original", original.kind().word(), detail));
        return None;
    };
    let name = |document: &Document| {
        let id = document.entity().map_or("", |id| id.as_str());
        normalised(id).into_owned()
    };
    let (ours, theirs) = (name(document), name(original));
    if ours != theirs {
        let detail = format!("the original stands in the books of entity {theirs}");
        gaps.push(mismatch("entity", ours, detail));
    }
    if document.functional_currency() != Some(placement.currency) {
        let currency = document.functional_currency();
        gaps.push(Unmapped::new(
            HoldReason::CurrencyMismatch,
            "functional currency",
            currency.map_or(String::new(), |currency| currency.code().to_owned()),
            format!("the original was posted in {}", placement.currency),
            "the controller corrects the entity's base currency in the source system",
        ));
    }
    Some(placement.clone())
}

type Key = (Currency, Amount, Amount);

/// The recorded combination for every line, in the order of `lines`.
fn matched(
    lines: &[LineFact],
    recorded: &[LineFact],
    gaps: &mut Vec<Unmapped>,
    decide: impl Fn(&LineFact) -> Option<Combination>,
) -> Vec<(u32, Combination)> {
    let mut by_number: BTreeMap<u32, usize> = BTreeMap::new();
    for (at, line) in recorded.iter().enumerate() {
        by_number.entry(line.number).or_insert(at);
    }
    let mut taken = vec![false; recorded.len()];
    let mut chosen: Vec<Option<usize>> = Vec::with_capacity(lines.len());
    for line in lines {
        let at = by_number.get(&line.number).copied().filter(|at| {
            let theirs = recorded.get(*at);
            let is_free = taken.get(*at) == Some(&false);
            is_free && theirs.is_some_and(|theirs| mirror_key(theirs) == key(line))
        });
        if let Some(flag) = at.and_then(|at| taken.get_mut(at)) {
            *flag = true;
        }
        chosen.push(at);
    }
    let mut left: BTreeMap<Key, VecDeque<usize>> = BTreeMap::new();
    let free = recorded.iter().zip(&taken).enumerate();
    for (at, (line, _)) in free.filter(|(_, (_, is_taken))| !**is_taken) {
        left.entry(mirror_key(line)).or_default().push_back(at);
    }
    let mut found = Vec::with_capacity(lines.len());
    for (line, at) in lines.iter().zip(chosen) {
        let at = at.or_else(|| {
            let queue = left.get_mut(&key(line))?;
            let wanted = decide(line)?;
            let fits = |at: &usize| {
                let theirs = recorded.get(*at).and_then(|line| line.coding.combination());
                theirs.is_some_and(|theirs| theirs.segments == wanted.segments)
            };
            queue.remove(queue.iter().position(fits)?)
        });
        match at.and_then(|at| recorded.get(at)) {
            Some(theirs) => match theirs.coding.combination() {
                Some(combination) => found.push((line.number, combination.clone())),
                None => {
                    let detail = "the recorded line was never translated";
                    gaps.push(mismatch("original", "", detail).on_line(line.number));
                }
            },
            None => {
                let amount = format!("{} {}", line.amount, line.currency);
                let detail =
                    "the original has no line left with the opposite amounts and the same coding";
                gaps.push(mismatch("amount", amount, detail).on_line(line.number));
            }
        }
    }
    let rest: usize = left.values().map(VecDeque::len).sum();
    if rest > 0 && found.len() == lines.len() {
        let detail = format!("{rest} lines of the original are not reversed");
        gaps.push(mismatch("lines", lines.len().to_string(), detail));
    }
    found
}

fn key(line: &LineFact) -> Key {
    (line.currency, line.amount, line.functional)
}

fn mirror_key(line: &LineFact) -> Key {
    (
        line.currency,
        line.amount.negated(),
        line.functional.negated(),
    )
}
