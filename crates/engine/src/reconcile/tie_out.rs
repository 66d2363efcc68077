//! From movements and findings to balances and breaks: per snapshot and key, target minus source is the sum of the documents' shares, and
//! whatever is left is a break of its own (domain.md §6.2 steps 4 to 7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tieout_model::{Amount, Currency};

use crate::reconcile::Unreconcilable;
use crate::reconcile::finding::Finding;
use crate::reconcile::ledger::{Balances, YearEnds, add, written};
use crate::reconcile::pairing::Joined;
use crate::reconcile::timeline::Timeline;
use crate::reconcile::verdict::{
    Break, BreakClass, BreakStatus, KeyDifference, KeyResult, LedgerKey, SnapshotResult,
};

/// Both sides rolled into each reported snapshot.
pub(super) struct TieOut<'t, 'a> {
    timeline: &'t Timeline<'a>,
    labels: Vec<Arc<str>>,
    pub(super) source: Vec<Balances>,
    pub(super) target: Vec<Balances>,
    breaks: Vec<Break>,
    /// Per break: positions of the reported snapshots it shows in.
    shown: Vec<BTreeSet<usize>>,
}

impl<'t, 'a> TieOut<'t, 'a> {
    pub(super) fn new(
        joined: &Joined<'_>,
        timeline: &'t Timeline<'a>,
        year_ends: &YearEnds<'_>,
    ) -> Result<Self, Unreconcilable> {
        let rule = |key: &LedgerKey| year_ends.compared(key);
        let labels = timeline.reported().iter();
        Ok(Self {
            timeline,
            labels: labels.map(|at| timeline.label(*at).into()).collect(),
            source: joined.source.rolled(timeline, &rule)?,
            target: joined.target.rolled(timeline, &rule)?,
            breaks: Vec::new(),
            shown: Vec::new(),
        })
    }

    /// Turns findings into breaks and adds what they leave unexplained.
    pub(super) fn explain(
        &mut self,
        mut findings: Vec<Finding<'_>>,
        year_ends: &YearEnds<'_>,
    ) -> Result<(), Unreconcilable> {
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut shares = vec![Balances::new(); self.timeline.reported().len()];
        for finding in &findings {
            let rule = |key: &LedgerKey| year_ends.compared(key);
            let rolled = finding.moves.rolled(self.timeline, &rule)?;
            for (total, share) in shares.iter_mut().zip(&rolled) {
                for (key, amount) in share {
                    add(total.entry(key.clone()).or_default(), *amount, key)?;
                }
            }
            let reported = self.timeline.reported().iter().enumerate();
            let own = reported
                .filter(|(_, at)| finding.periods.contains(at))
                .map(|(position, _)| position);
            let moved = positions(&rolled);
            let shown: BTreeSet<usize> = own.chain(moved).collect();
            if shown.is_empty() {
                continue;
            }
            let differences = self.differences(&rolled);
            self.breaks
                .push(describe(finding, differences, self.timeline));
            self.shown.push(shown);
        }
        self.explain_rest(&shares)
    }

    fn explain_rest(&mut self, shares: &[Balances]) -> Result<(), Unreconcilable> {
        let mut rests = BTreeMap::<LedgerKey, Vec<Balances>>::new();
        let sides = self.source.iter().zip(&self.target).zip(shares);
        for (position, ((source, target), share)) in sides.enumerate() {
            let keys: BTreeSet<&LedgerKey> = source
                .keys()
                .chain(target.keys())
                .chain(share.keys())
                .collect();
            for key in keys {
                let of = |balances: &Balances| balances.get(key).copied().unwrap_or_default();
                let mut rest = of(target);
                add(&mut rest, of(source).negated(), key)?;
                add(&mut rest, of(share).negated(), key)?;
                if !rest.is_zero() {
                    let empty = || vec![Balances::new(); shares.len()];
                    let per_snapshot = rests.entry(key.clone()).or_insert_with(empty);
                    if let Some(balances) = per_snapshot.get_mut(position) {
                        balances.insert(key.clone(), rest);
                    }
                }
            }
        }
        for (key, rest) in rests {
            let differences = self.differences(&rest);
            self.shown.push(positions(&rest).collect());
            self.breaks.push(remainder(&key, differences));
        }
        Ok(())
    }

    fn differences(&self, rolled: &[Balances]) -> Vec<KeyDifference> {
        let mut differences = Vec::new();
        for (position, share) in rolled.iter().enumerate() {
            let Some(label) = self.labels.get(position) else {
                continue;
            };
            let whole = |sides: &[Balances], key: &LedgerKey| {
                let amount = sides.get(position).and_then(|b| b.get(key)).copied();
                written(amount.unwrap_or_default(), key.currency)
            };
            for (key, amount) in share {
                differences.push(KeyDifference {
                    snapshot: label.clone(),
                    source: whole(&self.source, key),
                    target: whole(&self.target, key),
                    difference: written(*amount, key.currency),
                    key: key.clone(),
                });
            }
        }
        differences
    }

    /// The finished snapshots and breaks. `debits` are the period's debits of source and target.
    pub(super) fn finish(
        self,
        debits: &[(Amount, Amount)],
        currency: Currency,
    ) -> Result<(Vec<SnapshotResult>, Vec<Break>), Unreconcilable> {
        let mut snapshots = Vec::new();
        let reported = self.timeline.reported().iter().enumerate();
        for (position, &at) in reported {
            let (Some(source), Some(target)) =
                (self.source.get(position), self.target.get(position))
            else {
                continue;
            };
            let (keys, quantities) = key_results(source, target)?;
            let balance = |side| debit_balance(&keys, side, currency);
            let source_debit_balance = balance(|key| key.source)?;
            let target_debit_balance = balance(|key| key.target)?;
            let (source_total_debit, target_total_debit) =
                debits.get(position).copied().unwrap_or_default();
            let shown = self.shown.iter().enumerate();
            snapshots.push(SnapshotResult {
                label: self.timeline.label(at).into(),
                period: self.timeline.name(at).to_owned(),
                keys_total: keys.len(),
                source_debit_balance,
                target_debit_balance,
                keys,
                quantities,
                breaks: shown
                    .filter(|(_, shown)| shown.contains(&position))
                    .map(|(index, _)| index)
                    .collect(),
                source_total_debit,
                target_total_debit,
            });
        }
        Ok((snapshots, self.breaks))
    }
}

fn positions(rolled: &[Balances]) -> impl Iterator<Item = usize> {
    let positions = rolled.iter().enumerate();
    positions
        .filter(|(_, balances)| !balances.is_empty())
        .map(|(position, _)| position)
}

/// Money and quantities, in order of key.
fn key_results(
    source: &Balances,
    target: &Balances,
) -> Result<(Vec<KeyResult>, Vec<KeyResult>), Unreconcilable> {
    let keys: BTreeSet<&LedgerKey> = source.keys().chain(target.keys()).collect();
    let mut results = (Vec::new(), Vec::new());
    for key in keys {
        let of = |balances: &Balances| balances.get(key).copied().unwrap_or_default();
        let mut difference = of(target);
        add(&mut difference, of(source).negated(), key)?;
        let result = KeyResult {
            key: key.clone(),
            source: written(of(source), key.currency),
            target: written(of(target), key.currency),
            difference: written(difference, key.currency),
        };
        if key.currency.is_statistical() {
            results.1.push(result);
        } else {
            results.0.push(result);
        }
    }
    Ok(results)
}

fn debit_balance(
    keys: &[KeyResult],
    side: fn(&KeyResult) -> Amount,
    currency: Currency,
) -> Result<Amount, Unreconcilable> {
    let debits = keys.iter().map(side).filter(|amount| !amount.is_negative());
    let total = Amount::sum(debits).map_err(|fault| Unreconcilable::Amount {
        place: "sum of debit balances".to_owned(),
        fault,
    })?;
    Ok(written(total, currency))
}

type Order<'a> = (Option<usize>, &'a str, BreakClass, &'a str, &'a str);

/// By period, number and class; the target's key and our mark decide between equals.
fn order<'a>(finding: &Finding<'a>) -> Order<'a> {
    let member = finding.member;
    let reference = member.map_or("", |member| member.reference.as_str());
    let mark = finding.expected.map_or("", |e| e.stamp.as_str());
    let period = finding.periods.first().copied();
    (period, number(finding), finding.class, reference, mark)
}

fn number<'a>(finding: &Finding<'a>) -> &'a str {
    match (finding.expected, finding.reread, finding.member) {
        (Some(expected), _, _) => &expected.number,
        (None, Some(reread), _) => &reread.number,
        (None, None, Some(member)) => &member.number,
        (None, None, None) => "",
    }
}

fn describe(
    finding: &Finding<'_>,
    differences: Vec<KeyDifference>,
    timeline: &Timeline<'_>,
) -> Break {
    let (expected, reread, member) = (finding.expected, finding.reread, finding.member);
    let at = finding.periods.first().copied();
    let kind = expected.map(|e| e.kind).or(reread.map(|r| r.kind));
    let marked = member.and_then(|m| m.stamp.clone());
    Break {
        class: finding.class,
        status: finding.status,
        document: expected.map(|e| e.document).or(reread.map(|r| r.document)),
        number: number(finding).to_owned(),
        kind: kind.or(member.map(|m| m.kind)),
        period: at.map_or("", |at| timeline.name(at)).to_owned(),
        stamp: marked.or(expected.map(|e| e.stamp.clone())),
        reference: member.map(|m| m.reference.clone()),
        expected: finding.expected_text(),
        found: finding.found_text(),
        differences,
        expires_at: finding.expires_at,
        remedy: finding.remedy(),
    }
}

fn remainder(key: &LedgerKey, differences: Vec<KeyDifference>) -> Break {
    Break {
        class: BreakClass::Unexplained,
        status: BreakStatus::TrueBreak,
        document: None,
        number: String::new(),
        kind: None,
        period: String::new(),
        stamp: None,
        reference: None,
        expected: format!("documents explain all of {key}"),
        found: "a remainder that no document explains".to_owned(),
        differences,
        expires_at: None,
        remedy: "the controller has both systems' documents of the key read again and traces the rest by hand".to_owned(),
    }
}
