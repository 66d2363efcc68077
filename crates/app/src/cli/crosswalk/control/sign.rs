//! Signing: the last check before a version counts.

use std::path::PathBuf;

use clap::Args;
use tieout_engine::crosswalk::control::{Act, Content, Proposal, RegisterStep};
use tieout_engine::crosswalk::trial::{Simulation, carried};
use tieout_engine::crosswalk::{Crosswalk, Json, VERSION_TYPE, message_to_sign, seal_with};
use tieout_keys::{KeyFolder, KeyService as _, LocalKeys};
use tieout_model::Timestamp;
use tieout_store::{DocumentFilter, DocumentWord};

use crate::cli::crosswalk::control::{StepArguments, check_date, facts, tried};
use crate::cli::crosswalk::coverage::values_unmapped;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep, refused, today};
use crate::report;
use crate::systems::{chain, unreadable};
use crate::trial::{Span, of_store};

#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    #[command(flatten)]
    step: StepArguments,
    /// The hash that `tieout crosswalk simulate` printed: you confirm what you saw
    #[arg(long, value_name = "HASH")]
    simulation: String,
    /// Your private key; left out, your key in the folder of signing keys
    #[arg(long, value_name = "PEM")]
    key: Option<PathBuf>,
    /// Why two persons did the work of three; needed if you reviewed it too
    #[arg(long, value_name = "TEXT")]
    compensating_control: Option<String>,
    /// Write the signed file here too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn execute(arguments: SignArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.step.config.load()?).await?;
    let signer = arguments.step.operator.clone();
    ledger.note_separation(&signer, now).await?;
    let proposal = ledger.find(&arguments.step.version)?.clone();
    let content = ledger.content(&proposal).await?;
    let crosswalk = tried(&ledger, &content).await?;
    let from = proposal.effective_from;
    let dated = (proposal.id.as_str(), from, proposal.is_emergency);
    check_date(&ledger.config, crosswalk.reference(), dated, now).await?;
    check_signer(&ledger, &proposal, &arguments, now)?;
    check_simulation(&ledger, &proposal, &arguments.simulation).await?;
    check_coverage(&ledger, &proposal, &crosswalk, now).await?;
    let key = key_of(&ledger, &arguments, &signer)?;
    let needs_migration = moves_balances(&ledger, &proposal, &crosswalk).await?;
    let sealed = seal(&proposal, &content, &key, &arguments, now).await?;
    let step = NewStep {
        subject: proposal.id.clone(),
        act: Act::Sign,
        by: signer,
        reason: arguments.step.reason.clone(),
        facts: facts([
            ("role", "signer".into()),
            ("key", key.id().to_string()),
            ("simulation", arguments.simulation.clone()),
            ("content", proposal.content.to_string()),
            ("migration", needs_migration.to_string()),
        ]),
        body: sealed.clone(),
    };
    ledger.take(step, now).await?;
    if let Some(path) = &arguments.out {
        std::fs::write(path, &sealed).map_err(|e| {
            Failure::Unreachable(Problem::new(
                "P0305",
                format!("cannot write {}: {e}", path.display()),
            ))
        })?;
    }
    tell(&ledger, &proposal, needs_migration).await?;
    Ok(0)
}

async fn tell(ledger: &Ledger, proposal: &Proposal, needs_migration: bool) -> Result<(), Failure> {
    let version = &proposal.version;
    report::say(&format!(
        "version {version} is signed and counts from {}",
        proposal.effective_from
    ));
    if let (Some(cut), Ok(last)) = (&proposal.supersedes, proposal.effective_from.yesterday()) {
        report::say(&format!(
            "version {cut} ends on {last}; what it was signed with stays as it is"
        ));
    }
    if proposal.is_emergency {
        report::say(&format!(
            "documents that were sent before keep the version that coded them; `tieout crosswalk restate {} --period P` moves revenue and expense of the running period",
            proposal.id
        ));
    }
    if needs_migration {
        report::say(&format!(
            "balances must be moved on that day: `tieout crosswalk migrate {}`",
            proposal.id
        ));
    }
    if let Some(due) = ledger.find(&proposal.id)?.follow_up_due() {
        report::say(&format!(
            "emergency: the review after the fact is due by {due}"
        ));
    }
    let filter = DocumentFilter {
        states: vec![DocumentWord::Held],
        limit: 1,
        ..DocumentFilter::default()
    };
    let held = ledger.store.documents(&filter).await;
    if !held.map_err(|e| unreadable(&e))?.is_empty() {
        report::say(
            "documents are held; those that waited for it go on with `tieout document retry --held`, once the worker was started again",
        );
    }
    if !ledger.config.crosswalk.register {
        report::say("[crosswalk] register = false: this program does not use the register yet");
    }
    Ok(())
}

/// The simulation must be stored, and must not leave a value unmapped.
async fn check_simulation(ledger: &Ledger, proposal: &Proposal, hash: &str) -> Result<(), Failure> {
    let mut steps = ledger.steps.iter();
    let step = steps.find(|step| {
        let is_one = step.subject == proposal.id && step.act == Act::Simulate;
        is_one && step.digest.to_string() == hash
    });
    // A missing one is refused by the register, with its remedy.
    let Some(step) = step else { return Ok(()) };
    let body = ledger.body(&proposal.id, step.number, step.digest).await?;
    let held = match Json::parse(&body) {
        Ok(Json::Object(members)) => match members.get("gaps") {
            Some(Json::List(gaps)) => gaps.len(),
            _ => 0,
        },
        _ => 0,
    };
    if held == 0 {
        return Ok(());
    }
    let what = format!(
        "{}: the simulation found {held} values in use without a mapping",
        proposal.id
    );
    Err(Problem::new("P0428", what)
        .hint("map them in a new proposal; `tieout crosswalk coverage` lists them with the amounts at stake")
        .into())
}

/// Said before anybody is asked for a key: a person who worked on the version needs a colleague, not a key.
fn check_signer(
    ledger: &Ledger,
    proposal: &Proposal,
    arguments: &SignArguments,
    now: Timestamp,
) -> Result<(), Failure> {
    let step = RegisterStep {
        subject: proposal.id.clone(),
        number: ledger.register.count(&proposal.id),
        act: Act::Sign,
        by: arguments.step.operator.clone(),
        at: now,
        reason: arguments.step.reason.clone(),
        facts: std::collections::BTreeMap::new(),
        digest: tieout_model::Digest::default(),
        body: Vec::new(),
    };
    ledger.register.may_sign(&step).map_err(refused)
}

/// No value that documents of the last 13 months use may be left without a mapping.
async fn check_coverage(
    ledger: &Ledger,
    proposal: &Proposal,
    crosswalk: &Crosswalk,
    now: Timestamp,
) -> Result<(), Failure> {
    let found = values_unmapped(ledger, crosswalk, &proposal.version, today(now)).await?;
    if found.is_empty() {
        return Ok(());
    }
    let shown: Vec<&str> = found.iter().take(5).map(String::as_str).collect();
    let what = format!(
        "{}: {} values that documents of the last 13 months use would be held: {}",
        proposal.id,
        found.len(),
        shown.join(", ")
    );
    Err(Problem::new("P0428", what)
        .hint(format!(
            "map them in a new proposal; `tieout crosswalk coverage --version {}` lists them with the amounts at stake",
            proposal.id
        ))
        .into())
}

fn key_of(ledger: &Ledger, arguments: &SignArguments, signer: &str) -> Result<LocalKeys, Failure> {
    let broken = |e: tieout_keys::KeyError| Problem::new("P0425", chain(&e));
    if let Some(path) = &arguments.key {
        return Ok(LocalKeys::open(path).map_err(broken)?);
    }
    let folder = KeyFolder::new(ledger.config.path(&ledger.config.crosswalk.keys));
    for (id, row) in ledger.register.keys() {
        if row.owner == signer
            && row.revoked.is_none()
            && let Some(key) = folder.find(id).map_err(broken)?
        {
            return Ok(key);
        }
    }
    let what = format!("{signer} has no key in use in {}", folder.path().display());
    Err(Problem::new("P0425", what)
        .hint(format!(
            "`tieout key new --owner {signer}`, or name yours with --key"
        ))
        .into())
}

async fn seal(
    proposal: &Proposal,
    content: &Content,
    key: &LocalKeys,
    arguments: &SignArguments,
    now: Timestamp,
) -> Result<Vec<u8>, Failure> {
    let mut people = vec![
        ("prepared_by", proposal.prepared_by.clone()),
        (
            "reviewed_by",
            proposal.reviewed_by.clone().unwrap_or_default(),
        ),
        ("signed_by", arguments.step.operator.clone()),
        ("signed_at", now.to_string()),
        ("reason", proposal.reason.clone()),
        ("ticket", proposal.ticket.clone()),
    ];
    if let Some(text) = &arguments.compensating_control {
        people.push(("compensating_control", text.clone()));
    }
    let payload = content.with(people);
    tieout_engine::crosswalk::VersionFile::parse(&payload).map_err(|fault| {
        Problem::new("P0421", format!("{}: {fault}", proposal.id))
            .hint("with two persons, say why with --compensating-control")
    })?;
    let message = message_to_sign(VERSION_TYPE, &payload);
    let signed = key.sign_message(key.id(), &message).await;
    let signature = signed.map_err(|e| Problem::new("P0425", chain(&e)))?;
    Ok(seal_with(
        VERSION_TYPE,
        &payload,
        key.id().as_str(),
        &|_| signature.0,
    ))
}

/// True if a balance of everything recorded before the first day stands elsewhere under the version.
async fn moves_balances(
    ledger: &Ledger,
    proposal: &Proposal,
    crosswalk: &Crosswalk,
) -> Result<bool, Failure> {
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
    Ok(!carried(&simulation).is_empty())
}
