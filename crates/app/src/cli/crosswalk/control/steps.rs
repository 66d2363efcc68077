//! Proposing and reviewing.

use std::path::PathBuf;

use clap::Args;
use tieout_engine::crosswalk::control::{Act, State};
use tieout_model::Timestamp;

use crate::cli::ConfigFile;
use crate::cli::crosswalk::control::{StepArguments, check_date, facts, file_content, tried};
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep};
use crate::report;
use crate::systems::sealed_reference;

#[derive(Debug, Args)]
pub(crate) struct ProposeArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The version's JSON file
    file: PathBuf,
    /// Why; kept in the audit log with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The request it answers
    #[arg(long, value_name = "TICKET")]
    ticket: String,
    /// It may begin inside the running period; a review after the fact is then due within two business days
    #[arg(long)]
    emergency: bool,
    /// Your name; left out, the login name of this machine
    #[arg(long, value_name = "NAME", env = "USER")]
    operator: String,
}

pub(crate) async fn propose(arguments: ProposeArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.config.load()?).await?;
    ledger.note_separation(&arguments.operator, now).await?;
    let content = file_content(&arguments.file)?;
    let draft = content
        .draft()
        .map_err(|e| Problem::new("P0430", e.to_string()))?;
    let id = ledger.register.next_id();
    let reference = sealed_reference(&ledger.config)?;
    let is_emergency = arguments.emergency;
    let from = draft.effective_from;
    let dated = (id.as_str(), from, is_emergency);
    check_date(&ledger.config, &reference, dated, now).await?;
    tried(&ledger, &content).await?;
    let until = draft.effective_to.map(|date| date.to_string());
    let step = NewStep {
        subject: id.clone(),
        act: Act::Propose,
        by: arguments.operator,
        reason: arguments.reason,
        facts: facts([
            ("role", "preparer".into()),
            ("version", draft.version.clone()),
            ("effective_from", from.to_string()),
            ("effective_to", until.unwrap_or_default()),
            ("supersedes", draft.supersedes.clone().unwrap_or_default()),
            ("ticket", arguments.ticket),
            ("emergency", is_emergency.to_string()),
        ]),
        body: content.bytes(),
    };
    ledger.take(step, now).await?;
    report::data(&format!("{id}\n"));
    report::say(&format!(
        "version {} is a draft: {id}. Next: another person runs `tieout crosswalk review {id}`",
        draft.version
    ));
    Ok(0)
}

/// Takes a draft into review, or reviews a signed emergency after the fact.
pub(crate) async fn review(arguments: StepArguments, now: Timestamp) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    let is_signed = ledger.find(&arguments.version)?.state == State::Signed;
    let act = if is_signed {
        Act::FollowUp
    } else {
        Act::Review
    };
    take(ledger, arguments, act, now).await
}

/// One plain step.
pub(crate) async fn step(
    arguments: StepArguments,
    act: Act,
    now: Timestamp,
) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    take(ledger, arguments, act, now).await
}

async fn take(
    mut ledger: Ledger,
    arguments: StepArguments,
    act: Act,
    now: Timestamp,
) -> Result<u8, Failure> {
    ledger.note_separation(&arguments.operator, now).await?;
    let id = ledger.find(&arguments.version)?.id.clone();
    let role = if act == Act::Withdraw {
        "preparer"
    } else {
        "reviewer"
    };
    let step = NewStep {
        subject: id.clone(),
        act,
        by: arguments.operator,
        reason: arguments.reason,
        facts: facts([("role", role.into())]),
        body: Vec::new(),
    };
    ledger.take(step, now).await?;
    let proposal = ledger.find(&id)?;
    report::say(&format!(
        "{id}, version {}: {}",
        proposal.version, proposal.state
    ));
    Ok(0)
}
