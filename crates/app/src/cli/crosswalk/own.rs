//! Journals of our own in the target: what earlier ones moved, how they are shown, and how they are recorded.

use std::collections::BTreeMap;

use tieout_engine::Change;
use tieout_engine::crosswalk::control::Proposal;
use tieout_model::{Amount, Code, Document, EntityId, JournalEntry, Timestamp, canonical};
use tieout_pipeline::balances::{self, BalanceJournal, OWN_SYSTEM};
use tieout_store::{RecordedDocument, Store};

use crate::problem::{Failure, Problem};
use crate::register::Ledger;
use crate::report;
use crate::systems::unreadable;

/// Amounts by combination.
pub(super) type Moved = BTreeMap<Vec<Code>, Amount>;

/// A journal with its entity and how many came before it.
pub(super) type Entry = (String, u32, JournalEntry);

/// What earlier journals recorded under that company moved in an entity, and how many there are.
pub(super) async fn already(
    store: &Store,
    entity: &str,
    company: &str,
) -> Result<(Moved, u32), Failure> {
    let mut sums = Moved::new();
    let (mut count, mut failure) = (0_u32, None);
    let mut take = |row: RecordedDocument| {
        let origin = &row.envelope.origin;
        if origin.system.as_str() != OWN_SYSTEM || origin.company != company {
            return;
        }
        count = count.saturating_add(1);
        for line in row.envelope.document.lines().unwrap_or_default() {
            let segments = line.coding.combination().map(|c| c.segments.clone());
            let sum = sums.entry(segments.unwrap_or_default()).or_default();
            match sum.plus(line.functional) {
                Ok(next) => *sum = next,
                Err(fault) => failure = Some(fault.to_string()),
            }
        }
    };
    let read = store.recorded_of(&EntityId::new(entity), &mut take).await;
    read.map_err(|e| unreadable(&e))?;
    match failure {
        Some(what) => Err(Problem::new("P0304", what).into()),
        None => Ok((sums, count)),
    }
}

/// Shows them line by line.
pub(super) fn show(entries: &[Entry]) {
    for (entity, _, entry) in entries {
        let draft = entry.draft();
        report::say(&format!(
            "{} of {entity}, dated {}",
            draft.reference, draft.accounting_date
        ));
        let rows = draft.lines.iter().map(|line| {
            let key = line.coding.combination().map(|c| c.joined("-"));
            vec![
                line.number.to_string(),
                key.unwrap_or_default(),
                line.currency.to_string(),
                report::grouped(&line.functional.to_string()),
                line.memo.clone(),
            ]
        });
        report::data(&report::rows_table(
            &["line", "key", "ccy", "amount", ""],
            rows,
        ));
    }
}

/// The journals as bytes, and the changes that record them and open their deliveries.
pub(super) fn recorded(
    ledger: &Ledger,
    proposal: &Proposal,
    restates: Option<&str>,
    entries: Vec<Entry>,
    now: Timestamp,
) -> Result<(Vec<u8>, Vec<Change>), Failure> {
    let (mut body, mut changes) = (Vec::new(), Vec::new());
    for (entity, count, entry) in entries {
        let target = ledger.config.target_of(&entity).ok_or_else(|| {
            let what = format!("no flow of the configuration carries documents of entity {entity}");
            Problem::new("P0103", what).hint("add the entity to a flow")
        })?;
        let document = Document::JournalEntry(entry.clone());
        body.extend_from_slice(&canonical::encode_document(&document));
        let journal = BalanceJournal {
            version: proposal.version.clone(),
            restates: restates.map(str::to_owned),
            crosswalk: proposal.sealed.unwrap_or_default(),
            number: count.saturating_add(1),
            target,
            entry,
        };
        let planned = balances::changes(journal, now);
        changes.extend(planned.map_err(|e| Problem::new("P0304", e.to_string()))?);
    }
    Ok((body, changes))
}
