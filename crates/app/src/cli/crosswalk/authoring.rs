//! `tieout crosswalk`: writing a version.

mod feed;
mod files;
mod known;
mod words;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tieout_authoring::{Fault, Question, book_of, checked, differences, explain, pretty, skeleton};
use tieout_engine::crosswalk::{Json, VersionFile};
use tieout_model::{AccountingDate, Timestamp};

use crate::cli::crosswalk::authoring::known::{Known, KnownArguments};
use crate::problem::{Failure, Problem};
use crate::{ambient, report};

#[derive(Debug, Subcommand)]
pub(crate) enum AuthoringCommand {
    /// Start a version: a copy of another one, or the bare bones over the reference data
    New(NewArguments),
    /// Write a version as an Excel workbook (.xlsx) or a folder of CSV files, with what is known of both systems' values
    Export(ExportArguments),
    /// Read a workbook or folder back into a version; what a spreadsheet spoiled is refused with sheet, cell and remedy
    Import(ImportArguments),
    /// Check a version, workbook or folder as if it were to be signed
    Validate(ValidateArguments),
    /// Compare two versions row by row
    Diff(DiffArguments),
    /// Say for a line which rule decides each segment, and why the others do not
    Explain(ExplainArguments),
    /// Write the files of the analytic tier for a period, keyed by posted line
    Feed(feed::FeedArguments),
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    #[command(flatten)]
    known: KnownArguments,
    /// Name of the new version
    #[arg(long, value_name = "NAME")]
    name: String,
    /// First accounting date, as 2028-01-01
    #[arg(long, value_name = "DATE")]
    effective_from: AccountingDate,
    /// The version to copy; left out, the skeleton is bare
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,
    /// The version in force that it cuts short, where that one was signed with a later end
    #[arg(long, value_name = "NAME")]
    supersedes: Option<String>,
    /// Segments of the chart of accounts in order, where there is nothing to copy
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "company,cost_center,account,product,intercompany"
    )]
    segments: Vec<String>,
    /// Who prepares it
    #[arg(long, value_name = "NAME", env = "USER")]
    prepared_by: String,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    known: KnownArguments,
    /// The version
    #[arg(long, value_name = "FILE")]
    version: PathBuf,
    /// Amounts at stake beside each value: CSV with attribute, id, amount, currency; left out, they are added up from the documents
    #[arg(long, value_name = "FILE")]
    at_stake: Option<PathBuf>,
    /// Where to write: a name that ends in .xlsx is a workbook, any other a folder of CSV files
    #[arg(long, value_name = "X.xlsx|FOLDER")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    #[command(flatten)]
    known: KnownArguments,
    /// Workbook (.xlsx) or folder of CSV files
    #[arg(value_name = "X.xlsx|FOLDER")]
    from: PathBuf,
    /// Where to write the version
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArguments {
    #[command(flatten)]
    known: KnownArguments,
    /// Version (.json), workbook (.xlsx) or folder of CSV files
    #[arg(value_name = "FILE")]
    version: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The old version: .json, .xlsx or a folder of CSV files
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The new version
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    known: KnownArguments,
    /// Versions to choose from by date; left out, those of --config or --company
    #[arg(long, value_name = "FILE")]
    version: Vec<PathBuf>,
    /// The account
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// The entity in whose books the line stands
    #[arg(long, value_name = "ENTITY", default_value = "")]
    entity: String,
    /// The other entity of an inter-entity line
    #[arg(long, value_name = "ENTITY", default_value = "")]
    affiliate: String,
    /// A dimension, as department=D300; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    dimension: Vec<String>,
    /// The accounting date
    #[arg(long, value_name = "DATE")]
    date: AccountingDate,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(command: AuthoringCommand) -> Result<u8, Failure> {
    match command {
        AuthoringCommand::New(arguments) => new(&arguments).await,
        AuthoringCommand::Export(arguments) => export(&arguments).await,
        AuthoringCommand::Import(arguments) => import(&arguments).await,
        AuthoringCommand::Validate(arguments) => validate(&arguments).await,
        AuthoringCommand::Diff(arguments) => diff(&arguments),
        AuthoringCommand::Explain(arguments) => explained(&arguments).await,
        AuthoringCommand::Feed(arguments) => feed::execute(arguments).await,
    }
}

async fn new(arguments: &NewArguments) -> Result<u8, Failure> {
    let known = arguments.known.load().await?.unwrap_or_default();
    let base = arguments.base.as_ref();
    let base = base.map(|file| files::version(file)).transpose()?;
    let mut json = skeleton(
        &arguments.name,
        arguments.effective_from,
        &arguments.prepared_by,
        &arguments.segments,
        base.as_ref().map(|base| &base.json),
        &known.reference,
    );
    if let (Json::Object(members), Some(name)) = (&mut json, &arguments.supersedes) {
        members.insert("supersedes".to_owned(), Json::text(name));
    }
    let text = pretty(&json);
    VersionFile::parse(text.as_bytes()).map_err(|fault| {
        Problem::new("P0410", format!("the new version: {fault}"))
            .hint("give other names or segments")
    })?;
    files::write(&arguments.out, text.as_bytes())?;
    report::say(&format!(
        "{} written. Next: `tieout crosswalk export` for the spreadsheet, or edit it; then `validate` and `propose`, which records people, reason and ticket",
        arguments.out.display()
    ));
    Ok(0)
}

async fn export(arguments: &ExportArguments) -> Result<u8, Failure> {
    let mut known = arguments.known.load().await?.unwrap_or_default();
    known.live.at_stake = match &arguments.at_stake {
        Some(file) => known::at_stake(file)?,
        None => {
            let now = Timestamp::from_millis(ambient::unix_ms());
            arguments.known.at_stake(&known.reference, now).await?
        }
    };
    let read = files::version(&arguments.version)?;
    let book = book_of(&read.json.canonical(), &known.live).map_err(|fault| {
        Problem::new("P0412", format!("{}: {fault}", arguments.version.display()))
            .hint("correct the version, or export CSV")
    })?;
    files::write_book(&book, &arguments.out)?;
    let digest = read.version.digest;
    report::say(&format!(
        "version {} ({digest}) written to {}",
        read.version.version,
        arguments.out.display()
    ));
    Ok(0)
}

async fn import(arguments: &ImportArguments) -> Result<u8, Failure> {
    let known = arguments.known.load().await?;
    let authored = files::authored(&arguments.from)?;
    if let Some(known) = &known {
        let faults = checked(&authored, &known.versions, &known.reference);
        if !faults.is_empty() {
            return Err(files::refused(&arguments.from, &faults));
        }
    } else {
        report::say(
            "only the form was checked; --company, --config or --reference lets the content be checked too",
        );
    }
    say_left_out(&authored.left_out);
    files::write(&arguments.out, pretty(&authored.json).as_bytes())?;
    report::say(&format!(
        "version {} ({}) written to {}",
        authored.version.version,
        authored.version.digest,
        arguments.out.display()
    ));
    Ok(if authored.left_out.is_empty() { 0 } else { 1 })
}

/// How many values waiting for a decision are named; the sheets mark them all.
const LEFT_OUT_NAMED: usize = 10;

fn say_left_out(left_out: &[Fault]) {
    for left in left_out.iter().take(LEFT_OUT_NAMED) {
        report::say(&format!("left out: {left}"));
    }
    let more = left_out.len().saturating_sub(LEFT_OUT_NAMED);
    if more > 0 {
        report::say(&format!(
            "left out: {more} more values without a mapping, all marked UNMAPPED on their sheets"
        ));
    }
}

async fn validate(arguments: &ValidateArguments) -> Result<u8, Failure> {
    let known = arguments.known.load().await?;
    let read = files::version(&arguments.version)?;
    let Some(known) = known else {
        report::say(&format!(
            "version {} ({}) has a good form; --company, --config or --reference lets its content be checked too",
            read.version.version, read.version.digest
        ));
        return Ok(0);
    };
    let faults = read.problems(&known.versions, &known.reference);
    if !faults.is_empty() {
        return Err(files::refused(&arguments.version, &faults));
    }
    say_left_out(read.left_out());
    report::say(&format!(
        "version {} ({}) can be signed",
        read.version.version, read.version.digest
    ));
    Ok(if read.left_out().is_empty() { 0 } else { 1 })
}

fn diff(arguments: &DiffArguments) -> Result<u8, Failure> {
    let old = files::version(&arguments.old)?;
    let new = files::version(&arguments.new)?;
    let found = differences(&old.version, &new.version);
    if arguments.json {
        report::data(&words::differences_json(&found));
    } else if found.is_empty() {
        report::say("the versions say the same");
    } else {
        report::data(&words::differences(&found));
    }
    Ok(0)
}

async fn explained(arguments: &ExplainArguments) -> Result<u8, Failure> {
    let known: Known = arguments.known.load().await?.ok_or_else(|| {
        Problem::new("P0413", "a line can only be explained over reference data")
            .hint("name --company, --config or --reference")
    })?;
    let mut versions = Vec::new();
    for file in &arguments.version {
        versions.push(files::version(file)?.version);
    }
    if versions.is_empty() {
        versions.clone_from(&known.versions);
    }
    let mut dimensions = std::collections::BTreeMap::new();
    for given in &arguments.dimension {
        let (name, value) = given.split_once('=').ok_or_else(|| {
            Problem::new("P0413", format!("--dimension {given:?} is not NAME=VALUE"))
                .hint("write --dimension department=D300")
        })?;
        dimensions.insert(name.to_owned(), value.to_owned());
    }
    let question = Question {
        account: arguments.account.clone(),
        entity: arguments.entity.clone(),
        affiliate: arguments.affiliate.clone(),
        dimensions,
        date: arguments.date,
    };
    let said = explain(&versions, &known.reference, &question);
    if arguments.json {
        report::data(&words::explained_json(&said));
    } else {
        report::data(&words::explained(&said, arguments.date));
    }
    let is_coded = said.version.is_some() && said.segments.iter().all(|one| one.value.is_ok());
    Ok(if is_coded { 0 } else { 1 })
}
