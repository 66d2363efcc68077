//! Looking at the register.

use clap::Args;
use serde_json::{Value, json};
use tieout_engine::crosswalk::VersionFile;
use tieout_engine::crosswalk::control::{Proposal, State};
use tieout_model::{AccountingDate, Timestamp};

use crate::cli::ConfigFile;
use crate::problem::Failure;
use crate::register::{Ledger, today};
use crate::report;
use crate::systems::file_versions;

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    #[command(flatten)]
    list: ListArguments,
    /// Its id in the register (CW-3) or the name of the version; left out, everything, keys and settings included
    version: Option<String>,
}

pub(crate) async fn list(arguments: ListArguments, now: Timestamp) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    show(&ledger, arguments.json, today(now), &[], |_| true);
    Ok(0)
}

pub(crate) async fn status(arguments: ListArguments, now: Timestamp) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    let day = today(now);
    let is_alive = |state| {
        !matches!(
            state,
            State::Superseded | State::Rejected | State::Withdrawn
        )
    };
    let files = of_files(&ledger)?;
    show(&ledger, arguments.json, day, &files, is_alive);
    if !arguments.json {
        let persons = if ledger.register.is_two_person() {
            "two"
        } else {
            "three"
        };
        report::say(&format!("a change needs {persons} persons"));
        if !ledger.config.crosswalk.register {
            report::say(
                "[crosswalk] register = false: documents are coded by the files of the configuration alone",
            );
        }
    }
    for warning in ledger.warnings(day) {
        report::say(&format!("warning {warning}"));
    }
    Ok(u8::from(ledger.is_chased(day)))
}

/// What an evidence pack says about the mapping: every version that was ever in effect or will be, with who made, reviewed and signed it, emergency
/// changes among them (domain dossier 4.3: reported in the pack), and what is still owed.
pub(crate) fn pack(ledger: &Ledger, day: AccountingDate) -> Result<Value, Failure> {
    let files = of_files(ledger)?;
    let of_files = files
        .iter()
        .map(|file| file_object(file, state_of_file(ledger, file, &files, day)));
    let signed = ledger.register.proposals().values();
    let signed = signed.filter(|proposal| proposal.signed.is_some());
    let of_register = signed.map(|p| object(p, ledger.register.state_on(p, day)));
    Ok(json!({
        "as_of": day.to_string(),
        "versions": of_files.chain(of_register).collect::<Vec<_>>(),
        "owed": ledger.warnings(day),
    }))
}

/// The signed versions that the configuration names as files, and the register does not know.
fn of_files(ledger: &Ledger) -> Result<Vec<VersionFile>, Failure> {
    let signed = ledger.register.signed();
    let mut files = file_versions(&ledger.config)?;
    files.retain(|file| signed.iter().all(|known| known.version != file.version));
    files.sort_by_key(|file| file.effective_from);
    Ok(files)
}

/// Where a version of a file stands on a day: a later one, of a file or of the register, ends it.
fn state_of_file(
    ledger: &Ledger,
    file: &VersionFile,
    files: &[VersionFile],
    day: AccountingDate,
) -> State {
    let starts = files.iter().map(|other| other.effective_from);
    let signed = ledger.register.signed();
    let mut starts = starts.chain(signed.iter().map(|p| p.effective_from));
    if day < file.effective_from {
        State::Signed
    } else if file.effective_to.is_some_and(|to| to < day)
        || starts.any(|start| file.effective_from < start && start <= day)
    {
        State::Superseded
    } else {
        State::Effective
    }
}

fn show(
    ledger: &Ledger,
    is_json: bool,
    day: AccountingDate,
    files: &[VersionFile],
    wanted: impl Fn(State) -> bool,
) {
    let from_files = files
        .iter()
        .map(|file| (file, state_of_file(ledger, file, files, day)));
    let from_files: Vec<_> = from_files.filter(|(_, state)| wanted(*state)).collect();
    let all = ledger.register.proposals().values();
    let shown: Vec<(&Proposal, State)> = all
        .map(|proposal| (proposal, ledger.register.state_on(proposal, day)))
        .filter(|(_, state)| wanted(*state))
        .collect();
    if is_json {
        let rows = from_files
            .iter()
            .map(|(file, state)| file_object(file, *state));
        let rows: Vec<Value> = rows
            .chain(shown.iter().map(|(p, state)| object(p, *state)))
            .collect();
        report::data(&format!("{}\n", Value::Array(rows)));
        return;
    }
    if from_files.is_empty() && shown.is_empty() {
        report::say(
            "no version was proposed yet; `tieout crosswalk propose FILE` puts one up for review",
        );
        return;
    }
    let header = [
        "id",
        "version",
        "state",
        "first day",
        "prepared",
        "reviewed",
        "signed",
        "ticket",
        "content",
    ];
    let rows = from_files
        .iter()
        .map(|(file, state)| file_cells(file, *state));
    let rows = rows.chain(shown.iter().map(|(p, state)| cells(p, *state)));
    report::data(&report::rows_table(&header, rows));
}

fn file_cells(file: &VersionFile, state: State) -> Vec<String> {
    vec![
        "(file)".to_owned(),
        file.version.clone(),
        state.to_string(),
        file.effective_from.to_string(),
        file.people.prepared_by.clone(),
        file.people.reviewed_by.clone(),
        file.people.signed_by.clone(),
        String::new(),
        short(&file.digest.to_string()),
    ]
}

fn cells(p: &Proposal, state: State) -> Vec<String> {
    let emergency = if p.is_emergency { " (emergency)" } else { "" };
    let signed = p.signed.as_ref().map(|(by, _, _)| by.clone());
    let reviewer = p.reviewed_by.clone().or_else(|| p.reviewer.clone());
    vec![
        p.id.clone(),
        p.version.clone(),
        format!("{state}{emergency}"),
        p.effective_from.to_string(),
        p.prepared_by.clone(),
        reviewer.unwrap_or_default(),
        signed.unwrap_or_default(),
        p.ticket.clone(),
        short(&p.content.to_string()),
    ]
}

/// The beginning of a digest, enough to tell a few apart.
fn short(digest: &str) -> String {
    digest.get(..12).unwrap_or_default().to_owned()
}

fn file_object(file: &VersionFile, state: State) -> Value {
    json!({
        "id": Value::Null,
        "version": file.version,
        "state": state.word(),
        "effective_from": file.effective_from.to_string(),
        "effective_to": file.effective_to.map(|date| date.to_string()),
        "supersedes": file.supersedes,
        "digest": file.digest.to_string(),
        "prepared_by": file.people.prepared_by,
        "reviewed_by": file.people.reviewed_by,
        "signed_by": file.people.signed_by,
        "signed_at": file.people.signed_at,
    })
}

fn object(p: &Proposal, state: State) -> Value {
    json!({
        "id": p.id,
        "version": p.version,
        "state": state.word(),
        "effective_from": p.effective_from.to_string(),
        "effective_to": p.effective_to.map(|date| date.to_string()),
        "supersedes": p.supersedes,
        "emergency": p.is_emergency,
        "content": p.content.to_string(),
        "reason": p.reason,
        "ticket": p.ticket,
        "prepared_by": p.prepared_by,
        "reviewed_by": p.reviewed_by,
        "signed_by": p.signed.as_ref().map(|(by, _, _)| by),
        "signed_at": p.signed.as_ref().map(|(_, at, _)| at.to_string()),
        "key": p.signed.as_ref().map(|(_, _, key)| key),
        "simulations": p.simulations.iter().map(|s| s.digest.to_string()).collect::<Vec<_>>(),
        "review_due": p.follow_up_due().map(|day| day.to_string()),
        "balances_to_move": p.needs_migration && p.migrations == 0,
    })
}

pub(crate) async fn history(arguments: HistoryArguments) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.list.config.load()?).await?;
    let subject = match &arguments.version {
        Some(name) => Some(ledger.find(name)?.id.clone()),
        None => None,
    };
    let wanted = subject.as_deref();
    let steps = ledger
        .steps
        .iter()
        .filter(|step| wanted.is_none_or(|id| step.subject == id));
    if arguments.list.json {
        let rows: Vec<Value> = steps
            .map(|step| {
                json!({
                    "subject": step.subject,
                    "step": step.number,
                    "act": step.act.word(),
                    "by": step.by,
                    "at": step.at.to_string(),
                    "reason": step.reason,
                    "facts": step.facts,
                    "digest": step.digest.to_string(),
                })
            })
            .collect();
        report::data(&format!("{}\n", Value::Array(rows)));
        return Ok(0);
    }
    let rows = steps.map(|step| {
        vec![
            step.at.to_string().get(..19).unwrap_or_default().to_owned(),
            step.subject.clone(),
            step.act.word().to_owned(),
            step.by.clone(),
            step.reason.clone(),
            short(&step.digest.to_string()),
        ]
    });
    report::data(&report::rows_table(
        &["at", "subject", "act", "by", "reason", "digest"],
        rows,
    ));
    Ok(0)
}
