//! `tieout crosswalk coverage`: what would be held, before anything is.

mod combinations;
mod findings;

use std::path::PathBuf;

use clap::Args;
use tieout_engine::crosswalk::trial::{Simulation, TrialDocument};
use tieout_engine::crosswalk::{Crosswalk, HoldReason, Reference, VersionFile, cut_short};
use tieout_model::{AccountingDate, Timestamp};
use tieout_twins::company::CompanyFolder;

use crate::cli::ConfigFile;
use crate::cli::crosswalk::control::{content_of, file_content};
use crate::cli::crosswalk::live::{Live, into_reference};
use crate::company::{folder_versions, reference_of};
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, today};
use crate::report;
use crate::systems::sealed_reference;
use crate::trial::{Span, of_folder, of_store};
use findings::Row;

/// How far back a value counts as in use, in months (domain dossier 4.2).
pub(super) const MONTHS_IN_USE: i16 = 13;

#[derive(Debug, Args)]
pub(crate) struct CoverageArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The version: its JSON file, its id in the register (CW-3), its name there, or `draft`; left out, the one in force today
    #[arg(long, value_name = "FILE|ID|draft")]
    version: Option<String>,
    /// Ask both systems: accounts, dimension values and documents of the source, segment values with their dates of the target
    #[arg(long, conflicts_with = "company")]
    live: bool,
    /// Ask the target, too, whether it takes each combination that the version leads to; nothing is created there. The user needs the
    /// privilege to manage account combinations
    #[arg(long, requires = "live")]
    combinations: bool,
    /// Read a company folder instead of the store; --version must be a file then
    #[arg(long, value_name = "DIR", requires = "version")]
    company: Option<PathBuf>,
    /// Documents dated from this day on; left out, those of the last 13 months
    #[arg(long, value_name = "DATE")]
    since: Option<AccountingDate>,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Versions and reference data, and which version is looked at.
struct Case {
    files: Vec<VersionFile>,
    reference: Reference,
    version: String,
}

pub(crate) async fn execute(arguments: CoverageArguments, now: Timestamp) -> Result<u8, Failure> {
    match &arguments.company {
        Some(folder) => on_folder(&arguments, &CompanyFolder::new(folder), today(now)),
        None => on_store(&arguments, today(now)).await,
    }
}

async fn on_store(arguments: &CoverageArguments, day: AccountingDate) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    let mut reference = sealed_reference(&ledger.config)?;
    let (files, version) = versions(&ledger, arguments.version.as_deref(), day).await?;
    let live = arguments
        .live
        .then(|| Live::open(&ledger.config))
        .transpose()?;
    let mut source = None;
    if let Some(live) = &live {
        into_reference(live.target().await?, &mut reference);
        source = Some(live.source().await?);
    }
    let case = Case {
        files,
        reference,
        version,
    };
    let (crosswalk, mut rows) = opened(case.files, case.reference, &case.version)?;
    let mut simulation = begun(&crosswalk, &case.version)?;
    let span = span(arguments, day, file_of(&crosswalk, &case.version));
    match &live {
        Some(live) => {
            let mut take = |document: &TrialDocument<'_>| Ok(simulation.add(document)?);
            live.documents(&span, &mut take).await?;
        }
        None => {
            let reference = crosswalk.reference();
            of_store(&ledger.store, reference, &mut simulation, &span, None).await?;
        }
    }
    rows.extend(simulation.gaps().iter().map(findings::held));
    rows.extend(findings::unused_accounts(
        &crosswalk,
        &case.version,
        day,
        &rows,
    ));
    if let (Some(source), Some(file)) = (&source, file_of(&crosswalk, &case.version)) {
        rows.extend(findings::of_source(source, &crosswalk, file, &rows));
    }
    if let Some(live) = live.as_ref().filter(|_| arguments.combinations) {
        let refused = combinations::refused_by_target(live, &crosswalk, &simulation);
        rows.extend(refused.await?.into_iter().map(findings::combination));
    }
    show(arguments, &case.version, &rows, simulation.documents());
    Ok(u8::from(rows.iter().any(Row::is_blocking)))
}

fn on_folder(
    arguments: &CoverageArguments,
    folder: &CompanyFolder,
    day: AccountingDate,
) -> Result<u8, Failure> {
    let cannot = |e: anyhow::Error| {
        Problem::new("P0012", format!("the company cannot be read: {e:#}"))
            .hint("docs/company-setup.md describes the folder")
    };
    let name = arguments.version.clone().unwrap_or_default();
    let draft = file_content(&PathBuf::from(name))?.draft();
    let draft = draft.map_err(|e| Problem::new("P0430", e.to_string()))?;
    let version = draft.version.clone();
    let mut files = folder_versions(folder).map_err(cannot)?;
    files.retain(|file| file.version != version);
    files.push(draft);
    let reference = reference_of(folder).map_err(cannot)?;
    let (crosswalk, mut rows) = opened(files, reference, &version)?;
    let mut simulation = begun(&crosswalk, &version)?;
    let span = span(arguments, day, file_of(&crosswalk, &version));
    let mut take = |document: &TrialDocument<'_>| Ok(simulation.add(document)?);
    of_folder(folder, crosswalk.reference(), (&span, None), &mut take).map_err(cannot)?;
    rows.extend(simulation.gaps().iter().map(findings::held));
    rows.extend(findings::unused_accounts(&crosswalk, &version, day, &rows));
    show(arguments, &version, &rows, simulation.documents());
    Ok(u8::from(rows.iter().any(Row::is_blocking)))
}

/// The crosswalk with all its contradictions, which are the first findings.
fn opened(
    files: Vec<VersionFile>,
    reference: Reference,
    version: &str,
) -> Result<(Crosswalk, Vec<Row>), Failure> {
    let opened = Crosswalk::with_faults(files, reference);
    let (crosswalk, refusals) =
        opened.ok_or_else(|| Problem::new("P0433", "there is no version at all"))?;
    let mine = refusals
        .iter()
        .filter(|refusal| refusal.version.is_empty() || refusal.version == version);
    let rows = mine.map(findings::refused).collect();
    Ok((crosswalk, rows))
}

fn begun<'a>(crosswalk: &'a Crosswalk, version: &str) -> Result<Simulation<'a>, Failure> {
    let begun = Simulation::new(crosswalk, crosswalk, version);
    Ok(begun.map_err(|e| Problem::new("P0433", e.to_string()))?)
}

fn file_of<'a>(crosswalk: &'a Crosswalk, version: &str) -> Option<&'a VersionFile> {
    let mut own = crosswalk.versions().iter();
    own.find(|file| file.version == version)
}

/// Documents dated after the last day of the version belong to another one.
fn span(arguments: &CoverageArguments, day: AccountingDate, file: Option<&VersionFile>) -> Span {
    let since = arguments.since;
    let since = since.unwrap_or_else(|| months_before(day, MONTHS_IN_USE));
    Span::Window(since, file.and_then(|file| file.effective_to))
}

/// How many values that documents of the last months use would be held by that version: none may be when it is signed (domain dossier
/// 4.2). What the mapping cannot mend (a party, an entity, a broken document) does not count.
pub(super) async fn values_unmapped(
    ledger: &Ledger,
    crosswalk: &Crosswalk,
    version: &str,
    day: AccountingDate,
) -> Result<Vec<String>, Failure> {
    let mut simulation = begun(crosswalk, version)?;
    let until = file_of(crosswalk, version).and_then(|file| file.effective_to);
    let span = Span::Window(months_before(day, MONTHS_IN_USE), until);
    of_store(
        &ledger.store,
        crosswalk.reference(),
        &mut simulation,
        &span,
        None,
    )
    .await?;
    let is_ours = |reason| {
        matches!(
            reason,
            HoldReason::UnmappedValue
                | HoldReason::RetiredValue
                | HoldReason::InvalidCombination
                | HoldReason::AmbiguousRule
        )
    };
    let gaps = simulation.gaps().iter();
    let mine = gaps.filter(|(gap, _)| is_ours(gap.reason));
    Ok(mine
        .map(|(gap, used)| {
            format!(
                "{} {:?} ({} documents)",
                gap.dimension, gap.value, used.documents
            )
        })
        .collect())
}

/// Every version with the one in question among them, and its name.
async fn versions(
    ledger: &Ledger,
    name: Option<&str>,
    day: AccountingDate,
) -> Result<(Vec<VersionFile>, String), Failure> {
    let mut files = ledger.all_versions().await?;
    let Some(name) = name else {
        files = cut_short(files);
        let in_force = files.iter().rfind(|file| file.covers(day));
        let version = in_force.or(files.last()).map(|file| file.version.clone());
        let version = version.ok_or_else(|| Problem::new("P0433", "there is no version at all"))?;
        return Ok((files, version));
    };
    if let Some(file) = files.iter().find(|file| file.version == name) {
        let version = file.version.clone();
        return Ok((files, version));
    }
    let (content, _) = content_of(ledger, name).await?;
    let draft = content
        .draft()
        .map_err(|e| Problem::new("P0430", e.to_string()))?;
    let version = draft.version.clone();
    files.retain(|file| file.version != version);
    files.push(draft);
    Ok((files, version))
}

/// The first day of the month so many months before.
pub(super) fn months_before(day: AccountingDate, months: i16) -> AccountingDate {
    let total = i32::from(day.year()) * 12 + i32::from(day.month()) - 1 - i32::from(months);
    let text = format!(
        "{:04}-{:02}-01",
        total.div_euclid(12),
        total.rem_euclid(12) + 1
    );
    text.parse().unwrap_or(AccountingDate::MIN)
}

fn show(arguments: &CoverageArguments, version: &str, rows: &[Row], documents: u64) {
    if arguments.json {
        report::data(&findings::as_json(version, documents, rows));
        return;
    }
    if !rows.is_empty() {
        report::data(&findings::as_table(rows));
    }
    let blocking = rows.iter().filter(|row| row.is_blocking()).count();
    let time = match arguments.since {
        Some(day) => format!("since {day}"),
        None => format!("of the last {MONTHS_IN_USE} months"),
    };
    report::say(&format!(
        "version {version}: {documents} documents {time} tried; {blocking} findings to mend before it is signed, {} to know of",
        rows.len() - blocking
    ));
}
