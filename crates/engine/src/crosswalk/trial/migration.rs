//! Where a balance-sheet mapping changes, the old balance stays behind: the journal that moves it at the cut (domain dossier 4.3).
//!
//! Target only, dated on the first day of the version, sum zero by construction: every moved balance leaves one combination and enters
//! another of the same entity and currency.

use std::collections::BTreeMap;

use tieout_model::{
    AccountingDate, Amount, AmountFault, Code, Coding, Combination, Currency, EntityId,
    JournalDraft, JournalLine, JournalPurpose, Placement, PostingKind,
};

use crate::crosswalk::reference::Reference;
use crate::crosswalk::trial::report::joined;
use crate::crosswalk::trial::simulation::Simulation;

/// A balance that a version carries elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The entity.
    pub entity: String,
    /// Its functional currency.
    pub currency: Currency,
    /// The combination it stands in.
    pub old: Vec<Code>,
    /// The combination new lines go to.
    pub new: Vec<Code>,
    /// The balance; debit positive.
    pub balance: Amount,
}

/// The balances that a trial over everything before the cut finds elsewhere; what nets to zero is left out.
pub fn carried(simulation: &Simulation<'_>) -> Vec<Carried> {
    let moves = simulation.moves().into_iter();
    let moved = moves.filter(|(key, moved)| {
        let is_coded = !key.old.is_empty() && !key.new.is_empty();
        key.is_carried && is_coded && key.old != key.new && !moved.net.is_zero()
    });
    moved
        .map(|(key, moved)| Carried {
            entity: key.entity.to_string(),
            currency: key.currency,
            old: key.old.clone(),
            new: key.new.clone(),
            balance: moved.net,
        })
        .collect()
}

/// The journal of one entity, already coded for the target; `None` if nothing of it moves, or the reference data does not know the entity
/// or the date. `already` is what earlier journals for the same version moved: late documents move the rest.
///
/// # Errors
/// [`AmountFault`] if a sum leaves the range of 38 digits.
pub fn migration_draft(
    entity: &str,
    carried: &[Carried],
    version: &str,
    on: AccountingDate,
    already: &BTreeMap<Vec<Code>, Amount>,
    reference: &Reference,
) -> Result<Option<JournalDraft>, AmountFault> {
    let (Some(row), Some(period)) = (
        reference.entities.get(entity),
        reference.calendar.period_of(on, false),
    ) else {
        return Ok(None);
    };
    let mut sums: BTreeMap<&[Code], Amount> = BTreeMap::new();
    let mut memos: BTreeMap<&[Code], String> = BTreeMap::new();
    for one in carried.iter().filter(|one| one.entity == entity) {
        for (segments, amount, memo) in [
            (
                &one.old,
                one.balance.negated(),
                format!("to {}", joined(&one.new)),
            ),
            (&one.new, one.balance, format!("from {}", joined(&one.old))),
        ] {
            let sum = sums.entry(segments).or_default();
            *sum = sum.plus(amount)?;
            memos.entry(segments).or_insert(memo);
        }
    }
    for (segments, amount) in already {
        let sum = sums.entry(segments).or_default();
        *sum = sum.minus(*amount)?;
    }
    sums.retain(|_, sum| !sum.is_zero());
    if sums.is_empty() {
        return Ok(None);
    }
    let line = |(number, (segments, amount)): (u32, (&[Code], Amount))| JournalLine {
        number,
        coding: Coding::Segmented(Combination {
            segments: segments.to_vec(),
            attributes: BTreeMap::new(),
        }),
        currency: row.currency,
        amount,
        functional: amount,
        rate: None,
        memo: memos.get(segments).cloned().unwrap_or_default(),
    };
    let lines = (1_u32..).zip(sums).map(line).collect();
    Ok(Some(JournalDraft {
        entity: EntityId::new(entity),
        functional_currency: row.currency,
        accounting_date: on,
        is_adjusting: false,
        purpose: JournalPurpose::Standard,
        posting_kind: PostingKind::Journal,
        journal: Code::new("XWALK"),
        reference: format!("XWALK {version}"),
        description: format!("Balances moved to the mapping of version {version}"),
        reverses: Vec::new(),
        placement: Some(Placement {
            ledger: row.ledger.clone(),
            legal_entity: row.legal_entity.clone(),
            business_unit: row.business_unit.clone(),
            balancing_segment: Code::new(&row.balancing_segment),
            currency: row.currency,
            period: period.name_there.clone(),
        }),
        lines,
    }))
}
