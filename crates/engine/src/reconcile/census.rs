//! Completeness: who is in which population. Runs on numbers and debits, not on balances, since count and sum alone can hide offsetting
//! errors and balances can hide missing documents (R8, domain.md §6.1).

use std::collections::BTreeMap;

use tieout_model::{Amount, Currency, Digest, DocumentKind};

use crate::reconcile::Unreconcilable;
use crate::reconcile::ledger::written;
use crate::reconcile::timeline::Timeline;
use crate::reconcile::verdict::{Completeness, ControlTotal};

/// A population that documents are counted in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Population {
    Source,
    Captured,
    Target,
}

#[derive(Default, Clone)]
struct Tally<'a> {
    numbers: Vec<&'a str>,
    debit: Amount,
}

#[derive(Default, Clone)]
struct Tallies<'a> {
    source: Tally<'a>,
    captured: Tally<'a>,
    target: Tally<'a>,
}

/// Counts documents per period and kind.
pub(super) struct Census<'a> {
    currency: Currency,
    cells: BTreeMap<(usize, DocumentKind), Tallies<'a>>,
}

impl<'a> Census<'a> {
    /// Of an entity that keeps its books in `currency`.
    pub(super) fn new(currency: Currency) -> Self {
        Self {
            currency,
            cells: BTreeMap::new(),
        }
    }

    pub(super) fn count(
        &mut self,
        population: Population,
        at: (usize, DocumentKind),
        number: &'a str,
        debit: Amount,
    ) -> Result<(), Unreconcilable> {
        let cell = self.cells.entry(at).or_default();
        let tally = match population {
            Population::Source => &mut cell.source,
            Population::Captured => &mut cell.captured,
            Population::Target => &mut cell.target,
        };
        tally.numbers.push(number);
        tally.debit = tally
            .debit
            .plus(debit)
            .map_err(|fault| Unreconcilable::Amount {
                place: format!("total debit with document {number}"),
                fault,
            })?;
        Ok(())
    }

    /// Sum of debits of a period: source (captured, if it was not re-read) and target.
    pub(super) fn debits(
        &self,
        period: usize,
        is_reread: bool,
    ) -> Result<(Amount, Amount), Unreconcilable> {
        let of = |pick: fn(&Tallies<'a>) -> Amount| {
            let cells = self.cells.iter().filter(|((at, _), _)| *at == period);
            Amount::sum(cells.map(|(_, cell)| pick(cell))).map_err(|fault| Unreconcilable::Amount {
                place: "total debit".to_owned(),
                fault,
            })
        };
        let source = if is_reread {
            of(|cell| cell.source.debit)?
        } else {
            of(|cell| cell.captured.debit)?
        };
        let target = of(|cell| cell.target.debit)?;
        let currency = self.currency;
        Ok((written(source, currency), written(target, currency)))
    }

    /// One result per reported period and kind, and one for all kinds together.
    pub(super) fn results(
        mut self,
        timeline: &Timeline<'_>,
        is_reread: bool,
    ) -> Result<Vec<Completeness>, Unreconcilable> {
        for cell in self.cells.values_mut() {
            for tally in [&mut cell.source, &mut cell.captured, &mut cell.target] {
                tally.numbers.sort_unstable();
            }
        }
        let mut results = Vec::new();
        for &period in timeline.reported() {
            let name = timeline.name(period);
            let mut all = Tallies::default();
            for (&(_, kind), cell) in self.cells.iter().filter(|((at, _), _)| *at == period) {
                all.take_in(cell, name)?;
                results.push(cell.result(name, Some(kind), is_reread, self.currency));
            }
            for tally in [&mut all.source, &mut all.captured, &mut all.target] {
                tally.numbers.sort_unstable();
            }
            results.push(all.result(name, None, is_reread, self.currency));
        }
        Ok(results)
    }
}

impl<'a> Tallies<'a> {
    fn take_in(&mut self, other: &Self, period: &str) -> Result<(), Unreconcilable> {
        let pairs = [
            (&mut self.source, &other.source),
            (&mut self.captured, &other.captured),
            (&mut self.target, &other.target),
        ];
        for (tally, more) in pairs {
            tally.numbers.extend_from_slice(&more.numbers);
            tally.debit = tally
                .debit
                .plus(more.debit)
                .map_err(|fault| Unreconcilable::Amount {
                    place: format!("total debit of {period}"),
                    fault,
                })?;
        }
        Ok(())
    }

    fn result(
        &self,
        period: &str,
        kind: Option<DocumentKind>,
        is_reread: bool,
        currency: Currency,
    ) -> Completeness {
        let (source, captured, target) = (
            &self.source.numbers,
            &self.captured.numbers,
            &self.target.numbers,
        );
        let reference = if is_reread { source } else { captured };
        let only_if_reread = |numbers: Vec<String>| if is_reread { numbers } else { Vec::new() };
        Completeness {
            period: period.to_owned(),
            kind,
            source: is_reread.then(|| self.source.total(currency)),
            captured: self.captured.total(currency),
            target: self.target.total(currency),
            missing_in_target: beyond(reference, target),
            extra_in_target: beyond(target, reference),
            not_captured: only_if_reread(beyond(source, captured)),
            gone_from_source: only_if_reread(beyond(captured, source)),
        }
    }
}

impl Tally<'_> {
    fn total(&self, currency: Currency) -> ControlTotal {
        let length = self.numbers.iter().map(|number| number.len() + 1).sum();
        let mut bytes = Vec::with_capacity(length);
        for number in &self.numbers {
            bytes.extend_from_slice(number.as_bytes());
            bytes.push(b'\n');
        }
        ControlTotal {
            documents: self.numbers.len(),
            total_debit: written(self.debit, currency),
            numbers: Digest::of(&bytes),
        }
    }
}

/// The elements of sorted `these` that sorted `those` lack, repetitions counted.
fn beyond(these: &[&str], those: &[&str]) -> Vec<String> {
    let mut those = those.iter().peekable();
    let mut beyond = Vec::new();
    for this in these {
        while those.next_if(|that| *that < this).is_some() {}
        if those.next_if(|that| *that == this).is_none() {
            beyond.push((*this).to_owned());
        }
    }
    beyond
}
