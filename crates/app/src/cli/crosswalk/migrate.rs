//! `tieout crosswalk migrate`: the journals that carry balances over to a changed balance-sheet mapping.

use clap::Args;
use tieout_engine::crosswalk::Crosswalk;
use tieout_engine::crosswalk::control::{Act, Proposal, State};
use tieout_engine::crosswalk::trial::{Carried, Simulation, carried, migration_draft};
use tieout_model::{JournalEntry, Timestamp};
use tieout_pipeline::balances::company_of;

use crate::cli::crosswalk::control::{StepArguments, facts};
use crate::cli::crosswalk::own::{self, already, recorded};
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep, today};
use crate::report;
use crate::trial::{Span, of_posted};

#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    #[command(flatten)]
    step: StepArguments,
    /// Show the journals, record nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn execute(arguments: MigrateArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.step.config.load()?).await?;
    let proposal = ledger.find(&arguments.step.version)?.clone();
    check(&proposal, &arguments, now)?;
    let (crosswalk, reference) = ledger.crosswalk().await?;
    let all = moved(&ledger, &proposal, &crosswalk).await?;
    let mut entries = Vec::new();
    for entity in reference.entities.keys() {
        let company = company_of(&proposal.version, None);
        let (already, count) = already(&ledger.store, entity, &company).await?;
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
    own::show(&entries);
    if arguments.dry_run {
        return Ok(0);
    }
    let (body, changes) = recorded(&ledger, &proposal, None, entries, now)?;
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
    of_posted(&ledger.store, crosswalk.reference(), &mut simulation, &span).await?;
    Ok(carried(&simulation))
}
