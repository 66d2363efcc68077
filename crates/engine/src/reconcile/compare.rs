//! The lines of one document against the lines of its record in the target.
//!
//! Lines are compared net per combination and transaction currency, so a target may merge lines or reverse by sign instead of by side
//! (domain.md §0 rule 6). Only documents that differ get a second, slower look.

use std::collections::BTreeMap;

use tieout_model::{Amount, Code, Currency, DocumentKind, ExchangeRate};

use crate::reconcile::Unreconcilable;
use crate::reconcile::evidence::{ExpectedDocument, TargetLine, TargetMember};

/// How the lines of a pair differ (domain.md §6.4, the last classes in order of test).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineVerdict {
    Same,
    Mapping,
    FxRate,
    Amount,
    Rounding,
    Unexplained,
}

/// Compares a pair; `functional` is the entity's currency.
pub(super) fn compare(
    expected: &ExpectedDocument,
    member: &TargetMember,
    functional: Currency,
) -> Result<LineVerdict, Unreconcilable> {
    let restated = restated(expected, member, functional);
    let ours = restated.as_deref().unwrap_or(&expected.target_lines);
    let theirs = member.lines.as_slice();
    if ours == theirs {
        return Ok(LineVerdict::Same);
    }
    let out_of_range = |fault| Unreconcilable::Amount {
        place: expected.number.clone(),
        fault,
    };
    let nets = net(ours, theirs).map_err(out_of_range)?;
    if nets.values().all(Net::is_zero) {
        return Ok(LineVerdict::Same);
    }
    let same = |part: Part| same_amounts(ours, theirs, part).map_err(out_of_range);
    if !same(Part::Transaction)? {
        return Ok(LineVerdict::Amount);
    }
    if same(Part::Measure)? {
        return Ok(LineVerdict::Mapping);
    }
    let lines = i128::try_from(ours.len()).unwrap_or(i128::MAX);
    let tolerance = Amount::from_units(lines, functional.decimals());
    let is_small = nets.values().all(|net| net.measure.abs() <= tolerance);
    let is_foreign = ours.iter().any(|line| line.currency != functional);
    Ok(match same_rate(&expected.rate, &member.rate) {
        Some(false) => LineVerdict::FxRate,
        Some(true) | None if is_small => LineVerdict::Rounding,
        None if is_foreign => LineVerdict::FxRate,
        Some(true) | None => LineVerdict::Unexplained,
    })
}

/// A journal entry whose lines are in several currencies, or balance in functional currency only, can only be carried in functional
/// currency: the ledger holds one currency per journal (dossier of the target, journal import). Our lines are then compared in that currency too. An
/// invoice keeps its own currency, so there it would be a difference.
fn restated(
    expected: &ExpectedDocument,
    member: &TargetMember,
    functional: Currency,
) -> Option<Vec<TargetLine>> {
    let is_functional = |line: &TargetLine| line.currency == functional;
    let is_restated = expected.kind == DocumentKind::JournalEntry
        && !member.lines.is_empty()
        && member.lines.iter().all(is_functional)
        && !expected.target_lines.iter().all(is_functional)
        && !expected
            .target_lines
            .iter()
            .any(|line| line.currency.is_statistical());
    let restate = |line: &TargetLine| TargetLine {
        currency: functional,
        amount: line.functional,
        ..line.clone()
    };
    is_restated.then(|| expected.target_lines.iter().map(restate).collect())
}

/// Theirs minus ours at one combination and transaction currency.
#[derive(Default)]
struct Net {
    transaction: Amount,
    measure: Amount,
}

impl Net {
    fn is_zero(&self) -> bool {
        self.transaction.is_zero() && self.measure.is_zero()
    }
}

type Nets<'a> = BTreeMap<(&'a [Code], Currency), Net>;

fn net<'a>(
    ours: &'a [TargetLine],
    theirs: &'a [TargetLine],
) -> Result<Nets<'a>, tieout_model::AmountFault> {
    let mut nets = Nets::new();
    let ours = ours.iter().map(|line| (line, true));
    for (line, is_ours) in ours.chain(theirs.iter().map(|line| (line, false))) {
        let net = nets.entry((&line.segments, line.currency)).or_default();
        let signed = |amount: Amount| if is_ours { amount.negated() } else { amount };
        net.transaction = net.transaction.plus(signed(line.amount))?;
        net.measure = net.measure.plus(signed(line.measure()))?;
    }
    Ok(nets)
}

#[derive(Clone, Copy)]
enum Part {
    Transaction,
    Measure,
}

/// True if both sides have the same amounts, wherever they post: line by line, or as debit and credit totals if the target merged lines.
fn same_amounts(
    ours: &[TargetLine],
    theirs: &[TargetLine],
    part: Part,
) -> Result<bool, tieout_model::AmountFault> {
    let listed = |lines: &[TargetLine]| {
        let mut amounts: Vec<(Currency, Amount)> = lines
            .iter()
            .map(|line| match part {
                Part::Transaction => (line.currency, line.amount),
                Part::Measure => (line.currency, line.measure()),
            })
            .filter(|(_, amount)| !amount.is_zero())
            .collect();
        amounts.sort_unstable();
        amounts
    };
    let (ours, theirs) = (listed(ours), listed(theirs));
    if ours.len() == theirs.len() {
        return Ok(ours == theirs);
    }
    Ok(totals(&ours)? == totals(&theirs)?)
}

fn totals(
    amounts: &[(Currency, Amount)],
) -> Result<BTreeMap<(Currency, bool), Amount>, tieout_model::AmountFault> {
    let mut totals = BTreeMap::<_, Amount>::new();
    for (currency, amount) in amounts {
        let total = totals.entry((*currency, amount.is_negative())).or_default();
        *total = total.plus(*amount)?;
    }
    Ok(totals)
}

/// Compares at the decimals both sides have, since a target may keep fewer; `None` if either has no rate.
fn same_rate(ours: &Option<ExchangeRate>, theirs: &Option<ExchangeRate>) -> Option<bool> {
    let (ours, theirs) = (ours.as_ref()?.value(), theirs.as_ref()?.value());
    let scale = ours.scale().min(theirs.scale());
    let is_same = match scale {
        // Too few digits to tell a shortened rate from another one.
        0..6 => ours == theirs,
        _ => ours.rounded(scale) == theirs.rounded(scale),
    };
    Some(is_same)
}
