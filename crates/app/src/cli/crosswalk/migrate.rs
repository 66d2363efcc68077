//! `tieout crosswalk migrate`: the journals that carry balances over to a changed balance-sheet mapping.

use std::collections::BTreeMap;

use clap::Args;
use tieout_engine::crosswalk::Crosswalk;
use tieout_engine::crosswalk::control::{Act, Proposal, State};
use tieout_engine::crosswalk::trial::{Carried, Simulation, carried, migration_draft};
use tieout_model::{Amount, Code, Document, EntityId, JournalEntry, Timestamp, canonical};
use tieout_pipeline::balances::{self, BalanceJournal, OWN_SYSTEM};
use tieout_store::{RecordedDocument, Store};

use crate::cli::crosswalk::control::{StepArguments, facts};
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep, today};
use crate::report;
use crate::systems::unreadable;
use crate::trial::{Span, of_store};

#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    #[command(flatten)]
    step: StepArguments,
    /// Show the journals, record nothing
    #[arg(long)]
    dry_run: bool,
}

type Moved = BTreeMap<Vec<Code>, Amount>;

pub(crate) async fn execute(arguments: MigrateArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.step.config.load()?).await?;
    let proposal = ledger.find(&arguments.step.version)?.clone();
    check(&proposal, &arguments, now)?;
    let (crosswalk, reference) = ledger.crosswalk().await?;
    let all = moved(&ledger, &proposal, &crosswalk).await?;
    let mut entries = Vec::new();
    for entity in reference.entities.keys() {
        let (already, count) = already(&ledger.store, entity, &proposal.version).await?;
        let draft = migration_draft(
            entity,
            &all,
            &proposal.version,
            proposal.effective_from,
            &already,
            &reference,
        );
        let draft = draft.map_err(|e| Problem::new("P0304", e.to_string()))?;
        let Some(draft) = draft else { continue };
        let entry = JournalEntry::try_new(draft)
            .map_err(|e| Problem::new("P0304", format!("entity {entity}: {e}")))?;
        entries.push((entity.clone(), count, entry));
    }
    if entries.is_empty() {
        report::say("nothing is left to move");
        return Ok(0);
    }
    show(&entries);
    if arguments.dry_run {
        return Ok(0);
    }
    let mut changes = Vec::new();
    let mut body = Vec::new();
    for (entity, count, entry) in entries {
        let target = ledger.config.target_of(&entity).ok_or_else(|| {
            let what = format!("no flow of the configuration carries documents of entity {entity}");
            Problem::new("P0103", what).hint("add the entity to a flow")
        })?;
        let journal = BalanceJournal {
            version: proposal.version.clone(),
            crosswalk: proposal.sealed.unwrap_or_default(),
            number: count.saturating_add(1),
            target,
            entry,
        };
        body.extend_from_slice(&canonical::encode_document(&Document::JournalEntry(
            journal.entry.clone(),
        )));
        let planned = balances::changes(journal, now);
        changes.extend(planned.map_err(|e| Problem::new("P0304", e.to_string()))?);
    }
    let step = NewStep {
        subject: proposal.id.clone(),
        act: Act::Migrate,
        by: arguments.step.operator,
        reason: arguments.step.reason,
        facts: facts([("role", "controller".into())]),
        body,
    };
    ledger.take_with(step, now, changes).await?;
    report::say("the journals go out with the next pass of `tieout run`");
    Ok(0)
}

fn check(proposal: &Proposal, arguments: &MigrateArguments, now: Timestamp) -> Result<(), Failure> {
    if proposal.state != State::Signed {
        let what = format!("{} is {}, so no balance moves", proposal.id, proposal.state);
        return Err(Problem::new("P0420", what)
            .hint("have the version signed first")
            .into());
    }
    if proposal.effective_from > today(now) && !arguments.dry_run {
        let what = format!(
            "version {} begins on {}",
            proposal.version, proposal.effective_from
        );
        return Err(Problem::new("P0423", what)
            .hint("move the balances on that day or later, when everything before it is in; --dry-run shows them now")
            .into());
    }
    Ok(())
}

async fn moved(
    ledger: &Ledger,
    proposal: &Proposal,
    crosswalk: &Crosswalk,
) -> Result<Vec<Carried>, Failure> {
    let simulation = Simulation::new(crosswalk, crosswalk, &proposal.version);
    let mut simulation = simulation.map_err(|e| Problem::new("P0433", e.to_string()))?;
    let span = Span::Before(proposal.effective_from);
    of_store(
        &ledger.store,
        crosswalk.reference(),
        &mut simulation,
        &span,
        None,
    )
    .await?;
    Ok(carried(&simulation))
}

/// What earlier journals of the version moved in an entity, and how many there are.
async fn already(store: &Store, entity: &str, version: &str) -> Result<(Moved, u32), Failure> {
    let mut sums = Moved::new();
    let (mut count, mut failure) = (0_u32, None);
    let mut take = |row: RecordedDocument| {
        let origin = &row.envelope.origin;
        if origin.system.as_str() != OWN_SYSTEM || origin.company != version {
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

fn show(entries: &[(String, u32, JournalEntry)]) {
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
