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
use crate::crosswalk::trial::simulation::{MoveKey, Simulation};

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
    moved(simulation, |key| key.is_carried)
}

/// The results (revenue and expense) that a trial over a period finds elsewhere: what a restatement of that period moves. Balances that carry
/// forward are not among them: they move at the cut of the version ([`carried`]). Quantities are not either.
pub fn restated(simulation: &Simulation<'_>) -> Vec<Carried> {
    let is_result = |key: &MoveKey| !key.is_carried && !key.currency.is_statistical();
    moved(simulation, is_result)
}

/// What a trial over a period finds elsewhere and a restatement of that period leaves where it stands: balances that carry forward, and
/// quantities.
pub fn not_restated(simulation: &Simulation<'_>) -> Vec<Carried> {
    let is_left = |key: &MoveKey| key.is_carried || key.currency.is_statistical();
    moved(simulation, is_left)
}

fn moved(simulation: &Simulation<'_>, is_wanted: impl Fn(&MoveKey) -> bool) -> Vec<Carried> {
    let moves = simulation.moves().into_iter();
    let moved = moves.filter(|(key, moved)| {
        let is_coded = !key.old.is_empty() && !key.new.is_empty();
        is_wanted(key) && is_coded && key.old != key.new && !moved.net.is_zero()
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

/// What is left to move at each combination, and what its line says.
type NetMoves<'a> = (BTreeMap<&'a [Code], Amount>, BTreeMap<&'a [Code], String>);

fn net_moves<'a>(
    carried: impl Iterator<Item = &'a Carried>,
    already: &'a BTreeMap<Vec<Code>, Amount>,
) -> Result<NetMoves<'a>, AmountFault> {
    let (mut sums, mut memos) = NetMoves::default();
    for one in carried {
        let (to, from) = (
            format!("to {}", joined(&one.new)),
            format!("from {}", joined(&one.old)),
        );
        let moves = [
            (&one.old, one.balance.negated(), to),
            (&one.new, one.balance, from),
        ];
        for (segments, amount, memo) in moves {
            let sum: &mut Amount = sums.entry(segments.as_slice()).or_default();
            *sum = sum.plus(amount)?;
            memos.entry(segments.as_slice()).or_insert(memo);
        }
    }
    for (segments, amount) in already {
        let sum = sums.entry(segments.as_slice()).or_default();
        *sum = sum.minus(*amount)?;
    }
    sums.retain(|_, sum| !sum.is_zero());
    Ok((sums, memos))
}

/// What kind of journal of our own, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnJournal {
    /// What a person finds it by in the target.
    pub reference: String,
    /// What it is for.
    pub description: String,
    /// Its accounting date.
    pub on: AccountingDate,
}

/// The journal of one entity that carries balances to a changed mapping, already coded for the target; `None` if nothing of it moves, or
/// the reference data does not know the entity or the date. `already` is what earlier journals for the same version moved: late documents
/// move the rest.
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
    let journal = OwnJournal {
        reference: format!("XWALK {version}"),
        description: format!("Balances moved to the mapping of version {version}"),
        on,
    };
    moving_draft(entity, carried, &journal, already, reference)
}

/// The same for any journal that moves amounts from combination to combination in the target alone; its sum is zero by construction.
///
/// # Errors
/// [`AmountFault`] if a sum leaves the range of 38 digits.
pub fn moving_draft(
    entity: &str,
    carried: &[Carried],
    journal: &OwnJournal,
    already: &BTreeMap<Vec<Code>, Amount>,
    reference: &Reference,
) -> Result<Option<JournalDraft>, AmountFault> {
    let on = journal.on;
    let (Some(row), Some(period)) = (
        reference.entities.get(entity),
        reference.calendar.period_of(on, false),
    ) else {
        return Ok(None);
    };
    let of_entity = carried.iter().filter(|one| one.entity == entity);
    let (sums, memos) = net_moves(of_entity, already)?;
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
        reference: journal.reference.clone(),
        description: journal.description.clone(),
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
