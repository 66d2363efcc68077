//! `tieout crosswalk restate`: what a later version would have done to an earlier period, moved by journals in the target.
//!
//! Nothing signed or recorded is edited: the documents keep the version and the rules that coded them. One person draws the restatement
//! up, another one approves exactly what was drawn up, named by its hash.

mod left;

use std::path::{Path, PathBuf};

use clap::Args;
use tieout_authoring::{ReportCell, ReportSheet, write_report};
use tieout_engine::crosswalk::control::{Act, Proposal, State};
use tieout_engine::crosswalk::trial::{Affected, OwnJournal, Simulation, moving_draft, restated};
use tieout_engine::crosswalk::{Crosswalk, Json, Reference};
use tieout_model::{AccountingDate, Digest, Document, JournalEntry, Timestamp, canonical};
use tieout_pipeline::balances::company_of;

use crate::cli::crosswalk::control::{StepArguments, facts};
use crate::cli::crosswalk::live::Live;
use crate::cli::crosswalk::own::{self, Entry, already, recorded};
use crate::cli::crosswalk::restate::left::Left;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep};
use crate::report;
use crate::trial::{Span, of_posted};

#[derive(Debug, Args)]
pub(crate) struct RestateArguments {
    #[command(flatten)]
    step: StepArguments,
    /// Period to restate, by its name on either side (P12-2026 or Dec-26)
    #[arg(long, value_name = "P")]
    period: String,
    /// Accounting date of the journals; left out, the last day of the period. If that period is closed, a day of an open one
    #[arg(long, value_name = "DATE")]
    on: Option<AccountingDate>,
    /// Approve the restatement of this hash, drawn up by somebody else: its journals go out
    #[arg(long, value_name = "HASH")]
    approve: Option<String>,
    /// Show it, record nothing
    #[arg(long, conflicts_with = "approve")]
    dry_run: bool,
    /// Write the documents concerned as a workbook (.xlsx)
    #[arg(long, value_name = "X.xlsx")]
    out: Option<PathBuf>,
}

/// A restatement as it stands now.
struct Drawn {
    period: String,
    on: AccountingDate,
    entries: Vec<Entry>,
    affected: Vec<Affected>,
    left: Left,
    body: Vec<u8>,
}

pub(crate) async fn execute(arguments: RestateArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.step.config.load()?).await?;
    ledger
        .note_separation(&arguments.step.operator, now)
        .await?;
    let proposal = ledger.find(&arguments.step.version)?.clone();
    if proposal.state != State::Signed {
        let what = format!(
            "{} is {}, so it restates nothing",
            proposal.id, proposal.state
        );
        return Err(Problem::new("P0420", what)
            .hint("have the corrected version signed first")
            .into());
    }
    let (crosswalk, reference) = ledger.crosswalk().await?;
    let drawn = drawn(&ledger, &proposal, &crosswalk, &reference, &arguments).await?;
    drawn.left.show();
    if drawn.entries.is_empty() {
        report::say(&format!(
            "nothing of {} is left to restate: revenue and expense stand where version {} puts them (balances that carry forward move with `tieout crosswalk migrate`)",
            drawn.period, proposal.version
        ));
        return Ok(0);
    }
    own::show(&drawn.entries);
    if let Some(path) = &arguments.out {
        write(path, &drawn.affected)?;
    }
    let digest = Digest::of(&drawn.body).to_string();
    report::say(&format!(
        "{} documents of {} are concerned; they keep the version that coded them\nrestatement {digest}",
        drawn.affected.len(),
        drawn.period
    ));
    if arguments.dry_run {
        return Ok(0);
    }
    refuse_closed(&ledger, &reference, drawn.on).await?;
    match &arguments.approve {
        None => propose(&mut ledger, &proposal, &arguments, drawn, now).await?,
        Some(hash) => {
            approve(
                &mut ledger,
                &proposal,
                &arguments,
                drawn,
                (hash, &digest),
                now,
            )
            .await?
        }
    }
    Ok(0)
}

async fn propose(
    ledger: &mut Ledger,
    proposal: &Proposal,
    arguments: &RestateArguments,
    drawn: Drawn,
    now: Timestamp,
) -> Result<(), Failure> {
    let (period, on) = (drawn.period.clone(), drawn.on.to_string());
    let step = NewStep {
        subject: proposal.id.clone(),
        act: Act::ProposeRestatement,
        by: arguments.step.operator.clone(),
        reason: arguments.step.reason.clone(),
        facts: facts([
            ("role", "preparer".into()),
            ("period", period),
            ("on", on),
            ("documents", drawn.affected.len().to_string()),
        ]),
        body: drawn.body,
    };
    ledger.take(step, now).await?;
    report::say(
        "nothing is posted yet. Next: a controller other than you runs the same command with --approve and this hash",
    );
    Ok(())
}

async fn approve(
    ledger: &mut Ledger,
    proposal: &Proposal,
    arguments: &RestateArguments,
    drawn: Drawn,
    (wanted, found): (&str, &str),
    now: Timestamp,
) -> Result<(), Failure> {
    if wanted != found {
        let what = format!(
            "{}: restatement {wanted} is not what would be posted now ({found})",
            proposal.id
        );
        return Err(Problem::new("P0431", what)
            .hint("give the period and date it was drawn up for; if documents changed since, draw it up again")
            .into());
    }
    let restates = Some(drawn.period.as_str());
    let (body, changes) = recorded(ledger, proposal, restates, drawn.entries, now)?;
    let step = NewStep {
        subject: proposal.id.clone(),
        act: Act::Restate,
        by: arguments.step.operator.clone(),
        reason: arguments.step.reason.clone(),
        facts: facts([
            ("role", "controller".into()),
            ("period", drawn.period.clone()),
            ("on", drawn.on.to_string()),
            ("restatement", found.to_owned()),
        ]),
        body,
    };
    ledger.take_with(step, now, changes).await?;
    report::say("approved; the journals go out with the next pass of `tieout run`");
    Ok(())
}

async fn drawn(
    ledger: &Ledger,
    proposal: &Proposal,
    crosswalk: &Crosswalk,
    reference: &Reference,
    arguments: &RestateArguments,
) -> Result<Drawn, Failure> {
    let Some(period) = reference.calendar.named(&arguments.period) else {
        // The same words as elsewhere for a name that is no period.
        Span::of(&arguments.period, &reference.calendar)?;
        return Err(Problem::new("P0016", "a restatement is of one period")
            .hint("restate a year period by period")
            .into());
    };
    let on = arguments.on.unwrap_or(period.end);
    let simulation = Simulation::new(crosswalk, crosswalk, &proposal.version);
    let mut simulation = simulation.map_err(|e| Problem::new("P0433", e.to_string()))?;
    let span = Span::Period(Box::new(period.clone()));
    of_posted(&ledger.store, reference, &mut simulation, &span).await?;
    refuse_gaps(&simulation, &proposal.version)?;
    let moves = restated(&simulation);
    let journal = OwnJournal {
        reference: format!("XREST {} {}", proposal.version, period.name),
        description: format!(
            "{} restated by the mapping of version {}",
            period.name, proposal.version
        ),
        on,
    };
    let mut entries = Vec::new();
    let company = company_of(&proposal.version, Some(&period.name));
    for entity in reference.entities.keys() {
        let (already, count) = already(&ledger.store, entity, &company).await?;
        let draft = moving_draft(entity, &moves, &journal, &already, reference);
        let draft = draft.map_err(|e| Problem::new("P0304", e.to_string()))?;
        let Some(draft) = draft else { continue };
        let entry = JournalEntry::try_new(draft)
            .map_err(|e| Problem::new("P0304", format!("entity {entity}: {e}")))?;
        entries.push((entity.clone(), count, entry));
    }
    if entries.is_empty() && reference.calendar.period_of(on, false).is_none() {
        let what = format!("no period of the signed calendar covers {on}");
        return Err(Problem::new("P0423", what)
            .hint("choose another day with --on")
            .into());
    }
    let affected: Vec<Affected> = simulation.affected().into_iter().cloned().collect();
    let left = Left::of(&simulation, crosswalk, &proposal.version, period);
    let body = body(proposal, (&period.name, on), &entries, &affected, &left);
    Ok(Drawn {
        period: period.name.clone(),
        on,
        entries,
        affected,
        left,
        body,
    })
}

/// A journal dated in a closed period would be refused by the target after it was approved.
async fn refuse_closed(
    ledger: &Ledger,
    reference: &Reference,
    on: AccountingDate,
) -> Result<(), Failure> {
    let closed = Live::open(&ledger.config)?
        .closed_periods(reference)
        .await?;
    match reference.calendar.period_of(on, false) {
        Some(period) if closed.contains(&period.name) => {
            let what = format!(
                "{on} lies in period {}, which is closed in the target",
                period.name
            );
            Err(Problem::new("P0423", what)
                .hint("date the journals on a day of an open period with --on")
                .into())
        }
        Some(_) | None => Ok(()),
    }
}

fn refuse_gaps(simulation: &Simulation<'_>, version: &str) -> Result<(), Failure> {
    let gaps = simulation.gaps().iter().count();
    if gaps == 0 {
        return Ok(());
    }
    let what = format!("version {version} leaves {gaps} values of the period without a mapping");
    Err(Problem::new("P0428", what)
        .hint("`tieout crosswalk coverage` lists them; map them in a corrected version")
        .into())
}

/// What the approver's hash covers: the journals and every document concerned.
fn body(
    proposal: &Proposal,
    (period, on): (&str, AccountingDate),
    entries: &[Entry],
    affected: &[Affected],
    left: &Left,
) -> Vec<u8> {
    let journals = entries.iter().map(|(entity, count, entry)| {
        let bytes = canonical::encode_document(&Document::JournalEntry(entry.clone()));
        Json::object([
            ("entity", Json::text(entity)),
            ("number", Json::Integer(i64::from(*count).saturating_add(1))),
            ("digest", Json::text(&Digest::of(&bytes).to_string())),
        ])
    });
    let documents = affected.iter().map(|one| {
        Json::object([
            ("entity", Json::text(&one.entity)),
            ("document", Json::text(&one.number)),
            ("kind", Json::text(one.kind)),
            ("date", Json::text(&one.date.to_string())),
            ("gross", Json::text(&one.gross.to_string())),
        ])
    });
    let json = Json::object([
        ("kind", Json::text("tieout.crosswalk.restatement/1")),
        ("version", Json::text(&proposal.version)),
        ("content", Json::text(&proposal.content.to_string())),
        ("period", Json::text(period)),
        ("on", Json::text(&on.to_string())),
        ("journals", Json::List(journals.collect())),
        ("documents", Json::List(documents.collect())),
        ("not_moved", left.to_json()),
    ]);
    json.canonical()
}

fn write(path: &Path, affected: &[Affected]) -> Result<(), Failure> {
    let rows = affected.iter().map(|one| {
        vec![
            ReportCell::text(&*one.entity),
            ReportCell::text(&one.number),
            ReportCell::text(one.kind),
            ReportCell::text(one.date.to_string()),
            ReportCell::Amount(one.gross),
        ]
    });
    let sheet = ReportSheet {
        name: "Documents",
        columns: vec!["entity", "document", "kind", "date", "gross moved"],
        rows: rows.collect(),
    };
    let bytes = write_report(&[sheet]).map_err(|e| Problem::new("P0412", e.to_string()))?;
    std::fs::write(path, bytes).map_err(|e| {
        let what = format!("{} cannot be written: {e}", path.display());
        Failure::Unreachable(Problem::new("P0305", what))
    })
}
