//! `tieout crosswalk`: bringing a version into effect.

pub(crate) mod list;
mod sign;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tieout_engine::crosswalk::control::{Act, Content, Proposal, State, effective_fault};
use tieout_engine::crosswalk::{Crosswalk, Reference};
use tieout_model::{AccountingDate, Timestamp};

use crate::ambient;
use crate::cli::ConfigFile;
use crate::cli::crosswalk::live::Live;
use crate::cli::crosswalk::{coverage, lineage, migrate, reference, restate, simulate, verify};
use crate::config::Config;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, not_open, refused, today};
use crate::systems::sealed_reference;

#[derive(Debug, Subcommand)]
pub(crate) enum ControlCommand {
    /// Put a version up for review: it becomes a draft in the register
    Propose(steps::ProposeArguments),
    /// Take a draft into review; for a signed emergency version, review it after the fact
    Review(StepArguments),
    /// Find a version right; the signer comes next
    Approve(StepArguments),
    /// Refuse a version
    Reject(StepArguments),
    /// Take your own proposal back
    Withdraw(StepArguments),
    /// Sign an approved version, naming the simulation you looked at
    Sign(sign::SignArguments),
    /// What is in force, on its way, overdue; exit 1 if something is overdue
    Status(list::ListArguments),
    /// Every proposed version with its state
    List(list::ListArguments),
    /// Who did what to a version, when and why
    History(list::HistoryArguments),
    /// Re-code a closed period under a version without posting anything, and show what moves
    Simulate(simulate::SimulateArguments),
    /// What would be held under a version, with the amounts at stake; exit 1 if anything would
    Coverage(coverage::CoverageArguments),
    /// Re-run recorded documents and compare every byte with what was sent; exit 1 if one differs
    Replay(lineage::ReplayArguments),
    /// Move the balances that a changed balance-sheet mapping leaves behind, by a journal in the target
    Migrate(migrate::MigrateArguments),
    /// Move revenue and expense of an earlier period to a corrected mapping: drawn up by one person, approved by another
    Restate(restate::RestateArguments),
    /// The reference data beside the versions: show it, take over what both systems say now, sign it
    #[command(subcommand)]
    Reference(reference::ReferenceCommand),
    /// Verify a signed version with a public key; needs nothing but the two files
    Verify(verify::VerifyArguments),
}

/// What every step of a proposal needs.
#[derive(Debug, Args)]
pub(crate) struct StepArguments {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Its id in the register (CW-3), or the name of the version
    pub(crate) version: String,
    /// Why; kept in the audit log with your name
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Your name; left out, the login name of this machine
    #[arg(long, value_name = "NAME", env = "USER")]
    pub(crate) operator: String,
}

pub(crate) async fn execute(command: ControlCommand) -> Result<u8, Failure> {
    let now = Timestamp::from_millis(ambient::unix_ms());
    match command {
        ControlCommand::Propose(arguments) => steps::propose(arguments, now).await,
        ControlCommand::Review(arguments) => steps::review(arguments, now).await,
        ControlCommand::Approve(arguments) => steps::step(arguments, Act::Approve, now).await,
        ControlCommand::Reject(arguments) => steps::step(arguments, Act::Reject, now).await,
        ControlCommand::Withdraw(arguments) => steps::step(arguments, Act::Withdraw, now).await,
        ControlCommand::Sign(arguments) => sign::execute(arguments, now).await,
        ControlCommand::Status(arguments) => list::status(arguments, now).await,
        ControlCommand::List(arguments) => list::list(arguments, now).await,
        ControlCommand::History(arguments) => list::history(arguments).await,
        ControlCommand::Simulate(arguments) => simulate::execute(arguments, now).await,
        ControlCommand::Coverage(arguments) => coverage::execute(arguments, now).await,
        ControlCommand::Replay(arguments) => lineage::execute(arguments).await,
        ControlCommand::Migrate(arguments) => migrate::execute(arguments, now).await,
        ControlCommand::Restate(arguments) => restate::execute(arguments, now).await,
        ControlCommand::Reference(command) => reference::execute(command, now).await,
        ControlCommand::Verify(arguments) => verify::execute(&arguments),
    }
}

/// The draft with the versions it must live beside, checked against each other: the crosswalk that would be in force.
pub(crate) async fn tried(ledger: &Ledger, content: &Content) -> Result<Crosswalk, Failure> {
    let draft = content
        .draft()
        .map_err(|e| Problem::new("P0430", e.to_string()))?;
    let mut files = ledger.all_versions().await?;
    files.retain(|file| file.version != draft.version);
    files.push(draft);
    Crosswalk::for_trial(files, sealed_reference(&ledger.config)?).map_err(|e| not_open(&e))
}

/// Refuses a date on which a version (named, and an emergency or not) may not begin: by the signed calendar, and then by what the target says
/// of its periods.
async fn check_date(
    config: &Config,
    reference: &Reference,
    (id, from, is_emergency): (&str, AccountingDate, bool),
    now: Timestamp,
) -> Result<(), Failure> {
    let fault = |closed: &BTreeSet<String>| {
        let is_closed = |name: &str| closed.contains(name);
        let calendar = &reference.calendar;
        effective_fault(id, from, is_emergency, today(now), calendar, &is_closed)
    };
    if let Some(fault) = fault(&BTreeSet::new()) {
        return Err(refused(fault));
    }
    let closed = Live::open(config)?.closed_periods(reference).await?;
    fault(&closed).map_or(Ok(()), |fault| Err(refused(fault)))
}

/// The content that a name stands for: a file if there is one, else a proposal of the register (whose id comes with it).
pub(crate) async fn content_of(
    ledger: &Ledger,
    name: &str,
) -> Result<(Content, Option<String>), Failure> {
    if Path::new(name).is_file() {
        return Ok((file_content(&PathBuf::from(name))?, None));
    }
    let proposal = if name == DRAFT && ledger.register.find(name).is_none() {
        on_its_way(ledger)?
    } else {
        ledger.find(name)?
    };
    Ok((ledger.content(proposal).await?, Some(proposal.id.clone())))
}

/// The word for the only version that is on its way.
const DRAFT: &str = "draft";

fn on_its_way(ledger: &Ledger) -> Result<&Proposal, Failure> {
    let all = ledger.register.proposals().values();
    let is_open =
        |p: &&Proposal| matches!(p.state, State::Draft | State::InReview | State::Approved);
    let open: Vec<&Proposal> = all.filter(is_open).collect();
    match open[..] {
        [one] => Ok(one),
        [] => Err(Problem::new("P0433", "no version is on its way")
            .hint("name a version's JSON file, or propose one with `tieout crosswalk propose`")
            .into()),
        _ => {
            let names: Vec<&str> = open.iter().map(|p| p.id.as_str()).collect();
            let what = format!("{} versions are on their way", open.len());
            Err(Problem::new("P0433", what)
                .hint(format!("name one of {}", names.join(", ")))
                .into())
        }
    }
}

/// The content of a file.
pub(crate) fn file_content(path: &Path) -> Result<Content, Failure> {
    let bytes = std::fs::read(path).map_err(|e| {
        Problem::new("P0430", format!("cannot read {}: {e}", path.display()))
            .hint("name the version's JSON file")
    })?;
    Content::of(&bytes).map_err(|fault| {
        Problem::new("P0430", format!("{}: {fault}", path.display()))
            .hint("correct the place named above")
            .into()
    })
}

/// Facts of a step.
pub(crate) fn facts<const N: usize>(facts: [(&str, String); N]) -> BTreeMap<String, String> {
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}
