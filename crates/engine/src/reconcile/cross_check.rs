//! Summed lines against independently read balances. A gap means that documents were not read completely; it is never explained away
//! (domain.md §6.2 step 8).

use std::collections::BTreeSet;

use tieout_model::Amount;

use crate::reconcile::Unreconcilable;
use crate::reconcile::evidence::{Evidence, Request};
use crate::reconcile::ledger::{Balances, post, written};
use crate::reconcile::timeline::Timeline;
use crate::reconcile::verdict::{Gap, LedgerKey, Side};

/// Checks both sides in every reported snapshot. `target` and `source` are summed lines per reported snapshot.
pub(super) fn cross_check(
    request: &Request,
    evidence: &Evidence,
    timeline: &Timeline<'_>,
    source: &[Balances],
    target: &[Balances],
) -> Result<Vec<Gap>, Unreconcilable> {
    let mut gaps = Vec::new();
    for ((&at, source), target) in timeline.reported().iter().zip(source).zip(target) {
        let name = timeline.name(at);
        let read = evidence.source_balances.get(name).map(|read| {
            let keyed = read.iter().map(|b| {
                let key = LedgerKey::untranslated(&b.account, b.currency);
                (key, b.ending)
            });
            collect(keyed)
        });
        let label = timeline.label(at);
        gaps.extend(differences(
            request,
            Side::Source,
            &label,
            name,
            source,
            read,
        )?);
        let read = evidence.target_balances.get(name).map(|read| {
            let keyed = read
                .iter()
                .map(|b| (LedgerKey::at(&b.segments, b.currency), b.ending));
            collect(keyed)
        });
        gaps.extend(differences(
            request,
            Side::Target,
            &label,
            name,
            target,
            read,
        )?);
    }
    Ok(gaps)
}

fn collect(
    balances: impl Iterator<Item = (LedgerKey, Amount)>,
) -> Result<Balances, Unreconcilable> {
    let mut collected = Balances::new();
    for (key, amount) in balances {
        post(&mut collected, &key, amount)?;
    }
    Ok(collected)
}

fn differences(
    request: &Request,
    side: Side,
    label: &str,
    period: &str,
    summed: &Balances,
    read: Option<Result<Balances, Unreconcilable>>,
) -> Result<Vec<Gap>, Unreconcilable> {
    let Some(read) = read.transpose()? else {
        return Ok(vec![Gap::BalancesNotRead {
            side,
            period: period.to_owned(),
        }]);
    };
    let keys: BTreeSet<&LedgerKey> = summed.keys().chain(read.keys()).collect();
    let is_checked =
        |key: &&LedgerKey| !key.currency.is_statistical() || request.are_quantities_in_balances;
    let of = |balances: &Balances, key| balances.get(key).copied().unwrap_or_default();
    let pairs = keys
        .into_iter()
        .filter(is_checked)
        .map(|key| (key, of(summed, key), of(&read, key)));
    Ok(pairs
        .filter(|(_, summed, read)| summed != read)
        .map(|(key, summed, read)| Gap::ExtractionIncomplete {
            side,
            snapshot: label.to_owned(),
            key: key.clone(),
            summed: written(summed, key.currency),
            read: written(read, key.currency),
        })
        .collect())
}
