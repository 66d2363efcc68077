//! `tieout crosswalk simulate`: what a version would do to a closed period.

mod files;

use std::path::{Path, PathBuf};

use clap::Args;
use tieout_engine::crosswalk::control::{Act, Content};
use tieout_engine::crosswalk::trial::{Report, Simulation, TrialDocument};
use tieout_engine::crosswalk::{Crosswalk, Reference};
use tieout_model::Timestamp;
use tieout_twins::company::CompanyFolder;

use crate::cli::ConfigFile;
use crate::cli::crosswalk::control::{content_of, facts, file_content, tried};
use crate::company::{folder_versions, reference_of};
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep, not_open};
use crate::report;
use crate::trial::{Span, of_folder, of_store};

/// Rows of a table on the terminal; files hold all.
const ROWS_MAX: usize = 40;

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The version: its JSON file, its id in the register (CW-3), its name there, or `draft` for the only one on its way
    #[arg(long, value_name = "FILE|ID|draft")]
    version: String,
    /// Period, by its name on either side (P12-2026 or Dec-26); FY2026 for a year; `all`
    #[arg(long, value_name = "P")]
    period: String,
    /// One entity only
    #[arg(long, value_name = "E")]
    entity: Option<String>,
    /// Read a company folder instead of the store; --version must be a file then
    #[arg(long, value_name = "DIR")]
    company: Option<PathBuf>,
    /// The segment that is the natural account; left out, the configuration's, or `account` with --company
    #[arg(long, value_name = "SEGMENT")]
    account_segment: Option<String>,
    /// The report as JSON on stdout
    #[arg(long)]
    json: bool,
    /// Write the report: a name that ends in .xlsx is a workbook, in .json the report itself, any other a folder with both and CSV files
    #[arg(long, value_name = "X.xlsx|X.json|FOLDER")]
    out: Option<PathBuf>,
    /// Your name; left out, the login name of this machine
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    operator: String,
}

pub(crate) async fn execute(arguments: SimulateArguments, now: Timestamp) -> Result<u8, Failure> {
    match &arguments.company {
        Some(folder) => on_folder(&arguments, &CompanyFolder::new(folder)),
        None => on_store(&arguments, now).await,
    }
}

async fn on_store(arguments: &SimulateArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.config.load()?).await?;
    let (content, id) = content_of(&ledger, &arguments.version).await?;
    let crosswalk = tried(&ledger, &content).await?;
    let reference = crosswalk.reference();
    let span = Span::of(&arguments.period, &reference.calendar)?;
    check_entity(arguments, reference)?;
    let version = version_of(&content)?;
    let mut simulation = begun(&crosswalk, &crosswalk, &version)?;
    let entity = arguments.entity.as_deref();
    of_store(&ledger.store, reference, &mut simulation, &span, entity).await?;
    let segment = arguments.account_segment.clone();
    let segment = segment.unwrap_or_else(|| ledger.config.fusion.natural_account.clone());
    let about = about(arguments, &content, &version, &span, "recorded lines");
    let made = finished(&simulation, &crosswalk, &version, &segment, &about)?;
    if let Some(id) = id {
        let step = NewStep {
            subject: id,
            act: Act::Simulate,
            by: arguments.operator.clone(),
            reason: format!("simulated on {}", span.name()),
            facts: facts([
                ("period", span.name()),
                ("entity", arguments.entity.clone().unwrap_or_default()),
                ("content", content.digest().to_string()),
            ]),
            body: made.bytes(),
        };
        ledger.take(step, now).await?;
    }
    show(arguments, &simulation, &made)
}

fn on_folder(arguments: &SimulateArguments, folder: &CompanyFolder) -> Result<u8, Failure> {
    let cannot = |e: anyhow::Error| {
        Problem::new("P0012", format!("the company cannot be read: {e:#}"))
            .hint("docs/company-setup.md describes the folder")
    };
    let content = file_content(Path::new(&arguments.version))?;
    let version = version_of(&content)?;
    let reference = reference_of(folder).map_err(cannot)?;
    let span = Span::of(&arguments.period, &reference.calendar)?;
    check_entity(arguments, &reference)?;
    let mut files = folder_versions(folder).map_err(cannot)?;
    files.retain(|file| file.version != version);
    if files.is_empty() {
        let what = format!(
            "{} has no other version to compare with",
            folder.root().display()
        );
        return Err(Problem::new("P0433", what).into());
    }
    let draft = content
        .draft()
        .map_err(|e| Problem::new("P0430", e.to_string()))?;
    let base = Crosswalk::for_trial(files, reference.clone()).map_err(|e| not_open(&e))?;
    let new = Crosswalk::for_trial(vec![draft], reference).map_err(|e| not_open(&e))?;
    let mut simulation = begun(&base, &new, &version)?;
    let entity = arguments.entity.as_deref();
    let mut take = |document: &TrialDocument<'_>| Ok(simulation.add(document)?);
    of_folder(folder, new.reference(), (&span, entity), &mut take).map_err(cannot)?;
    let segment = arguments
        .account_segment
        .clone()
        .unwrap_or_else(|| "account".into());
    let about = about(arguments, &content, &version, &span, "inputs of the folder");
    let made = finished(&simulation, &new, &version, &segment, &about)?;
    show(arguments, &simulation, &made)
}

fn version_of(content: &Content) -> Result<String, Failure> {
    let draft = content
        .draft()
        .map_err(|e| Problem::new("P0430", e.to_string()))?;
    Ok(draft.version)
}

fn check_entity(arguments: &SimulateArguments, reference: &Reference) -> Result<(), Failure> {
    match &arguments.entity {
        Some(entity) if !reference.entities.contains_key(entity) => {
            let known: Vec<&str> = reference.entities.keys().map(String::as_str).collect();
            let what = format!("entity {entity:?} is unknown");
            Err(Problem::new("P0015", what)
                .hint(format!("one of {}", known.join(", ")))
                .into())
        }
        _ => Ok(()),
    }
}

fn begun<'a>(
    base: &'a Crosswalk,
    new: &'a Crosswalk,
    version: &str,
) -> Result<Simulation<'a>, Failure> {
    let begun = Simulation::new(base, new, version);
    begun.map_err(|e| Problem::new("P0433", e.to_string()).into())
}

fn about(
    arguments: &SimulateArguments,
    content: &Content,
    version: &str,
    span: &Span,
    baseline: &str,
) -> [(&'static str, String); 6] {
    [
        ("kind", "tieout.crosswalk.simulation/1".into()),
        ("version", version.to_owned()),
        ("content", content.digest().to_string()),
        ("period", span.name()),
        ("entity", arguments.entity.clone().unwrap_or_default()),
        ("baseline", baseline.into()),
    ]
}

fn finished(
    simulation: &Simulation<'_>,
    crosswalk: &Crosswalk,
    version: &str,
    segment: &str,
    about: &[(&str, String)],
) -> Result<Report, Failure> {
    let file = crosswalk
        .versions()
        .iter()
        .find(|file| file.version == version);
    let at = file.and_then(|file| file.segments.iter().position(|name| name == segment));
    let at = at.ok_or_else(|| {
        Problem::new(
            "P0008",
            format!("version {version} has no segment {segment:?}"),
        )
        .hint("name the natural account with --account-segment")
    })?;
    let made = Report::of(simulation, at, about);
    Ok(made.map_err(|e| Problem::new("P0304", e.to_string()))?)
}

fn show(
    arguments: &SimulateArguments,
    simulation: &Simulation<'_>,
    made: &Report,
) -> Result<u8, Failure> {
    if let Some(folder) = &arguments.out {
        files::write(folder, simulation, made)?;
        report::say(&format!("report in {}", folder.display()));
    }
    let gaps = simulation.gaps().iter().count();
    if arguments.json {
        report::data(&String::from_utf8_lossy(&made.bytes()));
        report::data("\n");
    } else {
        report::data(&tables(made));
        for (gap, used) in simulation.gaps().iter().take(ROWS_MAX) {
            report::say(&format!(
                "would be held: {} {} ({}), {} documents: {}",
                gap.dimension, gap.value, gap.reason, used.documents, gap.detail
            ));
        }
    }
    report::say(&format!(
        "{} documents, {} lines; {} documents move, {gaps} gaps\nsimulation {}",
        made.documents,
        made.lines,
        made.affected,
        made.digest()
    ));
    Ok(u8::from(gaps > 0))
}

fn tables(made: &Report) -> String {
    let changed = made.accounts.iter().filter(|row| !row.delta.is_zero());
    let amount = |amount: tieout_model::Amount| report::grouped(&amount.to_string());
    let rows = changed.map(|row| {
        vec![
            row.currency.to_string(),
            row.account.clone(),
            amount(row.old),
            amount(row.new),
            amount(row.delta),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let mut text = if rows.is_empty() {
        "no natural account changes\n".to_owned()
    } else {
        let header = ["ccy", "account", "before", "under the version", "delta"];
        report::rows_table(&header, rows.into_iter().take(ROWS_MAX))
    };
    if made.moves.is_empty() {
        text.push_str("nothing moves from one key to another\n");
        return text;
    }
    let moved = made.moves.iter().map(|(key, moved)| {
        vec![
            key.entity.to_string(),
            key.currency.to_string(),
            files::joined(&key.old),
            files::joined(&key.new),
            moved.lines.to_string(),
            amount(moved.net),
            amount(moved.gross),
        ]
    });
    let header = [
        "entity", "ccy", "old key", "new key", "lines", "net", "gross",
    ];
    text.push_str(&report::rows_table(&header, moved.take(ROWS_MAX)));
    if made.moves.len() > ROWS_MAX {
        text.push_str(&format!(
            "the first {ROWS_MAX} of {}; --out writes all\n",
            made.moves.len()
        ));
    }
    text
}
