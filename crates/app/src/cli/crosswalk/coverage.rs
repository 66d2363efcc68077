//! `tieout crosswalk coverage`: what would be held, before anything is.

use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tieout_engine::crosswalk::trial::{GapKey, GapUse, Recoder, Simulation};
use tieout_engine::crosswalk::{
    Crosswalk, CrosswalkError, HoldReason, Reference, Validity, VersionFile,
};
use tieout_model::{AccountingDate, Dimensional, Timestamp};
use tieout_pipeline::CallBuffer;

use crate::cli::ConfigFile;
use crate::cli::crosswalk::control::content_of;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, not_open, today};
use crate::systems::{DIRECT, clients, sealed_reference};
use crate::trial::{Span, of_store};
use crate::{ambient, report};

/// How far back a value counts as in use, in months (domain dossier 4.2).
const MONTHS_IN_USE: i16 = 13;

#[derive(Debug, Args)]
pub(crate) struct CoverageArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The version: its JSON file, its id in the register (CW-3), or its name there; left out, the one in force today
    #[arg(long, value_name = "FILE|ID")]
    version: Option<String>,
    /// Read the segment values with their dates from the target instead of the signed reference data
    #[arg(long)]
    live: bool,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

/// One row of the answer.
struct Row {
    kind: String,
    place: String,
    value: String,
    detail: String,
    remedy: String,
    used: GapUse,
}

pub(crate) async fn execute(arguments: CoverageArguments, now: Timestamp) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    let day = today(now);
    let mut reference = sealed_reference(&ledger.config)?;
    if arguments.live {
        read_values(&ledger, &mut reference).await?;
    }
    let (files, version) = versions(&ledger, arguments.version.as_deref(), day).await?;
    let crosswalk = match Crosswalk::for_trial(files, reference) {
        Ok(crosswalk) => crosswalk,
        Err(CrosswalkError::Refused(refusals)) => {
            let rows = refusals.iter().map(|refusal| Row {
                kind: format!("{:?}", refusal.problem),
                place: refusal.rule.clone().unwrap_or_default(),
                value: String::new(),
                detail: refusal.detail.clone(),
                remedy: "correct the rules; nothing can be coded by this version".into(),
                used: GapUse::default(),
            });
            show(&arguments, &version, &rows.collect::<Vec<_>>(), 0);
            return Ok(1);
        }
        Err(other) => return Err(not_open(&other)),
    };
    let simulation = Simulation::new(&crosswalk, &crosswalk, &version);
    let mut simulation = simulation.map_err(|e| Problem::new("P0433", e.to_string()))?;
    // Documents dated after the last day of the version belong to another one.
    let mut own = crosswalk.versions().iter();
    let until = own
        .find(|file| file.version == version)
        .and_then(|file| file.effective_to);
    let since = Span::Window(months_before(day, MONTHS_IN_USE), until);
    of_store(
        &ledger.store,
        crosswalk.reference(),
        &mut simulation,
        &since,
        None,
    )
    .await?;
    let mut rows: Vec<Row> = simulation.gaps().iter().map(row).collect();
    let is_held = !rows.is_empty();
    rows.extend(unused_accounts(&crosswalk, &version, day, &rows));
    show(&arguments, &version, &rows, simulation.documents());
    Ok(u8::from(is_held))
}

fn row((gap, used): (&GapKey, &GapUse)) -> Row {
    Row {
        kind: gap.reason.word().to_owned(),
        place: gap.dimension.clone(),
        value: gap.value.clone(),
        detail: gap.detail.clone(),
        remedy: gap.remedy.clone(),
        used: used.clone(),
    }
}

/// Every version with the one in question among them, and its name.
async fn versions(
    ledger: &Ledger,
    name: Option<&str>,
    day: AccountingDate,
) -> Result<(Vec<VersionFile>, String), Failure> {
    let mut files = ledger.all_versions().await?;
    let Some(name) = name else {
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

/// The target's own values take the place of those in the reference data.
async fn read_values(ledger: &Ledger, reference: &mut Reference) -> Result<(), Failure> {
    let sets = &ledger.config.fusion.value_sets;
    if sets.is_empty() {
        return Err(Problem::new(
            "P0008",
            "[fusion] value_sets is empty, so no value can be read",
        )
        .hint(
            "name the value set of each segment: value_sets = { account = \"OPERATIONS_ACCOUNT\" }",
        )
        .into());
    }
    let calls = Arc::new(CallBuffer::default());
    let clients = clients(&ledger.config, &ambient::real(), &calls, DIRECT)?;
    for (segment, set) in sets {
        let values = clients.fusion.segment_values(set).await.map_err(|e| {
            let said = clients.redactor.words(&e.to_string());
            let what = format!("the values of segment {segment} cannot be read: {said}");
            Failure::Unreachable(Problem::new("P0303", what))
        })?;
        if values.is_empty() {
            let what = format!(
                "[fusion] value_sets: the target shows no values of {set:?} (segment {segment})"
            );
            return Err(Problem::new("P0008", what)
                .hint(
                    "correct the code of the value set, or give the integration user access to it",
                )
                .into());
        }
        let never = Validity {
            from: None,
            to: Some(AccountingDate::MIN),
        };
        let rows = values.into_iter().map(|value| {
            let dates = Validity {
                from: value.from,
                to: value.to,
            };
            (value.value, if value.is_enabled { dates } else { never })
        });
        reference
            .segment_values
            .insert(segment.clone(), rows.collect());
    }
    Ok(())
}

/// Accounts of the chart without a mapping that nobody has used: a warning, nothing would be held today.
fn unused_accounts(
    crosswalk: &Crosswalk,
    version: &str,
    day: AccountingDate,
    known: &[Row],
) -> Vec<Row> {
    let (Some(mut recoder), Some(entity)) = (
        Recoder::of(crosswalk, version),
        crosswalk.reference().entities.keys().next(),
    ) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for account in crosswalk.reference().accounts.keys() {
        let coding = Dimensional {
            account: tieout_model::Code::new(account),
            ..Dimensional::default()
        };
        let coded = recoder.line(entity, day, &coding);
        let gaps = coded.combination.as_ref().err();
        let gap = gaps
            .into_iter()
            .flatten()
            .find(|gap| gap.dimension == "account" && gap.reason == HoldReason::UnmappedValue);
        let is_known = known
            .iter()
            .any(|row| row.place == "account" && row.value == *account);
        if let Some(gap) = gap.filter(|_| !is_known) {
            found.push(Row {
                kind: "unmapped, not in use".into(),
                place: "account".into(),
                value: account.clone(),
                detail: gap.detail.clone(),
                remedy: gap.remedy.clone(),
                used: GapUse::default(),
            });
        }
    }
    found
}

fn months_before(day: AccountingDate, months: i16) -> AccountingDate {
    let total = i32::from(day.year()) * 12 + i32::from(day.month()) - 1 - i32::from(months);
    let text = format!(
        "{:04}-{:02}-01",
        total.div_euclid(12),
        total.rem_euclid(12) + 1
    );
    text.parse().unwrap_or(AccountingDate::MIN)
}

fn amounts(used: &GapUse) -> Vec<String> {
    let one = |(currency, amount): (&tieout_model::Currency, &tieout_model::Amount)| {
        format!("{amount} {currency}")
    };
    used.amounts.iter().map(one).collect()
}

fn show(arguments: &CoverageArguments, version: &str, rows: &[Row], documents: u64) {
    if arguments.json {
        let gaps: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "kind": row.kind,
                    "place": row.place,
                    "value": row.value,
                    "documents": row.used.documents,
                    "lines": row.used.lines,
                    "amounts": amounts(&row.used),
                    "examples": row.used.examples,
                    "detail": row.detail,
                    "remedy": row.remedy,
                })
            })
            .collect();
        let json = json!({ "version": version, "documents": documents, "gaps": gaps });
        report::data(&format!("{json}\n"));
        return;
    }
    let header = [
        "what",
        "where",
        "value",
        "documents",
        "at stake",
        "why",
        "to do",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.kind.clone(),
            row.place.clone(),
            row.value.clone(),
            row.used.documents.to_string(),
            amounts(&row.used).join(", "),
            row.detail.clone(),
            row.remedy.clone(),
        ]
    });
    if !rows.is_empty() {
        report::data(&report::rows_table(&header, cells));
    }
    report::say(&format!(
        "version {version}: {documents} documents of the last {MONTHS_IN_USE} months tried, {} findings",
        rows.len()
    ));
}
