//! `tieout crosswalk reference`: the signed data beside the versions, brought up to date and signed again.

mod forbidden;
mod interface_rules;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tieout_authoring::pretty;
use tieout_engine::crosswalk::control::{Act, REFERENCE};
use tieout_engine::crosswalk::{
    Forbidden, REFERENCE_TYPE, Reference, message_to_sign, problems, seal_with,
};
use tieout_keys::{KeyService as _, LocalKeys};
use tieout_model::{AccountClass, Timestamp};

use crate::cli::ConfigFile;
use crate::cli::crosswalk::control::facts;
use crate::cli::crosswalk::live::{ACCOUNT, Live, into_reference};
use crate::cli::crosswalk::reference::interface_rules::is_interface;
use crate::config::Config;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep, today};
use crate::report;
use crate::systems::{chain, sealed_reference, trust};

#[derive(Debug, Subcommand)]
pub(crate) enum ReferenceCommand {
    /// Write the signed reference data as text
    Show(ShowArguments),
    /// Take over accounts of the source, segment values with their dates and cross-validation rules of the target
    Refresh(RefreshArguments),
    /// Sign reference data with a key that the configuration trusts
    Sign(SignArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Write here instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RefreshArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Class of an account that is new, as 6150=expense; the source does not say more than balance sheet or income statement
    #[arg(long, value_name = "ACCOUNT=CLASS")]
    account: Vec<String>,
    /// Cross-validation rules as CSV: with the columns of the target's interface table (RULE_CODE, CONDITION_SEGMENT_CODE and so on), or
    /// rule, segment, operator (in, not in), values (separated by blanks; 1000..1999 for a range)
    #[arg(long, value_name = "FILE")]
    cross_validation: Option<PathBuf>,
    /// Where to write it, unsigned
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The reference data, as `refresh` or `show` wrote it
    file: PathBuf,
    /// Your private key; its public half is one of [crosswalk] trusted_keys
    #[arg(long, value_name = "PEM")]
    key: PathBuf,
    /// Who prepared it; another person than you
    #[arg(long, value_name = "NAME")]
    prepared_by: String,
    /// Why; kept in the audit log with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Your name; left out, the login name of this machine
    #[arg(long, value_name = "NAME", env = "USER")]
    operator: String,
    /// Where to write the signed file; then name it in [crosswalk] reference
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) async fn execute(command: ReferenceCommand, now: Timestamp) -> Result<u8, Failure> {
    match command {
        ReferenceCommand::Show(arguments) => show(&arguments),
        ReferenceCommand::Refresh(arguments) => refresh(&arguments, now).await,
        ReferenceCommand::Sign(arguments) => sign(arguments, now).await,
    }
}

fn show(arguments: &ShowArguments) -> Result<u8, Failure> {
    let reference = sealed_reference(&arguments.config.load()?)?;
    let text = pretty(&reference.to_json());
    match &arguments.out {
        Some(path) => write(path, text.as_bytes())?,
        None => report::data(&text),
    }
    Ok(0)
}

async fn refresh(arguments: &RefreshArguments, now: Timestamp) -> Result<u8, Failure> {
    let config = arguments.config.load()?;
    let before = sealed_reference(&config)?;
    let mut reference = before.clone();
    for given in &arguments.account {
        let (account, class) = class_of(given)?;
        reference.accounts.insert(account, class);
    }
    let live = Live::open(&config)?;
    into_reference(live.target().await?, &mut reference);
    let source = live.source().await?;
    let accounts = source.get(ACCOUNT).into_iter().flatten();
    let new =
        accounts.filter(|value| value.is_active && !reference.accounts.contains_key(&value.id));
    let new: Vec<String> = new
        .map(|value| format!("{} ({})", value.id, value.name))
        .collect();
    if let Some(file) = &arguments.cross_validation {
        reference.forbidden = rules_of(file, &reference, &config, now)?;
    }
    told(&before, &reference);
    if !new.is_empty() {
        let what = format!(
            "the source has accounts without a class here: {}",
            new.join(", ")
        );
        return Err(Problem::new("P0430", what)
            .hint("say what each is, as --account 6150=expense (asset, liability, equity, revenue, expense, statistical)")
            .into());
    }
    write(&arguments.out, pretty(&reference.to_json()).as_bytes())?;
    report::say(&format!(
        "{} written. Next: another person runs `tieout crosswalk reference sign {0}`",
        arguments.out.display()
    ));
    Ok(0)
}

/// The cross-validation rules of a file, in either form.
fn rules_of(
    file: &Path,
    reference: &Reference,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<Forbidden>, Failure> {
    let columns = csv::Reader::from_path(file).and_then(|mut reader| reader.headers().cloned());
    if !columns.is_ok_and(|columns| is_interface(&columns)) {
        return forbidden::read(file, reference);
    }
    let reader = interface_rules::Reader {
        reference,
        segments: &config.fusion.segments,
        today: today(now),
    };
    let rules = reader.read(file)?;
    for what in &rules.left_out {
        report::say(&format!("cross-validation rule left out: {what}"));
    }
    Ok(rules.forbidden)
}

fn class_of(given: &str) -> Result<(String, AccountClass), Failure> {
    let parts = given.split_once('=');
    let class = parts.map(|(account, class)| (account.to_owned(), class.parse::<AccountClass>()));
    match class {
        Some((account, Ok(class))) if !account.is_empty() => Ok((account, class)),
        _ => Err(
            Problem::new("P0430", format!("--account {given:?} is not ACCOUNT=CLASS"))
                .hint("write --account 6150=expense")
                .into(),
        ),
    }
}

/// What changes, counted by kind and named.
fn told(before: &Reference, after: &Reference) {
    let mut rows = Vec::new();
    for (account, class) in &after.accounts {
        if before.accounts.get(account) != Some(class) {
            rows.push(vec![
                "account".to_owned(),
                account.clone(),
                class.word().to_owned(),
            ]);
        }
    }
    for (segment, values) in &after.segment_values {
        let known = before.segment_values.get(segment);
        for (value, validity) in values {
            let old = known.and_then(|known| known.get(value));
            if old == Some(validity) {
                continue;
            }
            let word = if old.is_some() { "other dates" } else { "new" };
            rows.push(vec![
                format!("value of {segment}"),
                value.clone(),
                word.to_owned(),
            ]);
        }
        let gone = known.into_iter().flat_map(|known| known.keys());
        for value in gone.filter(|value| !values.contains_key(*value)) {
            rows.push(vec![
                format!("value of {segment}"),
                value.clone(),
                "gone".to_owned(),
            ]);
        }
    }
    if before.forbidden != after.forbidden {
        let words = format!(
            "{} before, {} now",
            before.forbidden.len(),
            after.forbidden.len()
        );
        rows.push(vec!["cross-validation".to_owned(), String::new(), words]);
    }
    if rows.is_empty() {
        report::say("nothing changes");
    } else {
        report::data(&report::rows_table(&["what", "which", "change"], rows));
    }
}

async fn sign(arguments: SignArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.config.load()?).await?;
    let reference = parsed(&arguments.file)?;
    let found = problems(&ledger.all_versions().await?, &reference);
    let contradictions = reference.contradictions();
    let words = contradictions.iter().map(ToString::to_string);
    let words: Vec<String> = words.chain(found.iter().map(ToString::to_string)).collect();
    if !words.is_empty() {
        let problems = words.into_iter().map(|what| {
            Problem::new("P0403", what).hint("correct it, or have a version signed that fits first")
        });
        return Err(Failure::Usage(problems.collect()));
    }
    let broken = |e: tieout_keys::KeyError| Problem::new("P0425", chain(&e));
    let key = LocalKeys::open(&arguments.key).map_err(broken)?;
    let payload = reference.canonical_bytes();
    let message = message_to_sign(REFERENCE_TYPE, &payload);
    let signature = key.sign_message(key.id(), &message).await.map_err(broken)?;
    let sealed = seal_with(REFERENCE_TYPE, &payload, key.id().as_str(), &|_| {
        signature.0
    });
    tieout_engine::crosswalk::open(&sealed, &trust(&ledger.config)?).map_err(|_| {
        let what = format!("key {} is none that the configuration trusts", key.id());
        Problem::new("P0425", what)
            .hint("sign with a key whose public half is in [crosswalk] trusted_keys")
    })?;
    let step = NewStep {
        subject: REFERENCE.to_owned(),
        act: Act::SignReference,
        by: arguments.operator,
        reason: arguments.reason,
        facts: facts([
            ("role", "signer".into()),
            ("prepared_by", arguments.prepared_by),
            ("key", key.id().to_string()),
        ]),
        body: sealed.clone(),
    };
    ledger.take(step, now).await?;
    write(&arguments.out, &sealed)?;
    report::say(&format!(
        "{} is signed; it counts from the next start on, if [crosswalk] reference names it",
        arguments.out.display()
    ));
    Ok(0)
}

fn parsed(path: &Path) -> Result<Reference, Failure> {
    let bytes = std::fs::read(path).map_err(|e| {
        Problem::new("P0430", format!("cannot read {}: {e}", path.display()))
            .hint("name reference data as `tieout crosswalk reference show` writes it")
    })?;
    let reference = Reference::parse(&bytes);
    Ok(reference.map_err(|e| Problem::new("P0430", format!("{}: {e}", path.display())))?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|e| {
        let what = format!("{} cannot be written: {e}", path.display());
        Failure::Unreachable(Problem::new("P0305", what))
    })
}
