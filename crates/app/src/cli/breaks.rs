//! `tieout break`.

mod explain;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tieout_engine::BreakRecord;
use tieout_model::EntityId;
use tieout_store::{BreakRow, LoadError, Store};

use crate::cli::ConfigFile;
use crate::problem::{Failure, Problem};
use crate::report;
use crate::systems::{chain, open_store};

#[derive(Debug, Subcommand)]
pub(crate) enum BreakCommand {
    /// List the differences of the latest reconciliation of every entity and snapshot; exit 1 if there are any
    List(ListArguments),
    /// Show one difference: what both sides say, and the balances that it moves
    Show(OneArguments),
    /// Trace one difference to its document: lines, mapping version and rules, deliveries, and who must do what next
    Explain(OneArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// One entity only
    #[arg(long, value_name = "E")]
    entity: Option<String>,
    /// One snapshot only, as a reconciliation names it: P12-2026 or P12-2026+ADJ
    #[arg(long, value_name = "S")]
    snapshot: Option<String>,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OneArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Its number in `tieout break list`, or the number of its document
    difference: String,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(command: BreakCommand) -> Result<u8, Failure> {
    match command {
        BreakCommand::List(arguments) => list(arguments).await,
        BreakCommand::Show(arguments) => explain::show(arguments).await,
        BreakCommand::Explain(arguments) => explain::explain(arguments).await,
    }
}

fn unreadable(error: &LoadError) -> Failure {
    let what = format!("the store cannot be read: {}", chain(error));
    Failure::Unreachable(Problem::new("P0301", what))
}

async fn list(arguments: ListArguments) -> Result<u8, Failure> {
    let store = open_store(&arguments.config.load()?).await?;
    let found = Differences::read(&store, arguments.entity.as_deref()).await?;
    let is_wanted = |row: &&BreakRow| {
        let snapshot = arguments.snapshot.as_ref();
        snapshot.is_none_or(|snapshot| *snapshot == row.record.snapshot)
    };
    let rows: Vec<&BreakRow> = found.latest.iter().filter(is_wanted).collect();
    if arguments.json {
        let values: Vec<_> = rows.iter().map(|row| to_json(row)).collect();
        report::data(&format!("{}\n", Value::Array(values)));
    } else if rows.is_empty() && found.reconciliations == 0 {
        report::say(
            "nothing was reconciled yet: `tieout reconcile --period all` compares both systems",
        );
    } else if rows.is_empty() {
        report::say(
            "no differences in the latest reconciliations (`tieout reconcile` makes a new one)",
        );
    } else {
        let header = [
            "no.", "entity", "snapshot", "document", "class", "status", "what",
        ];
        let cells = rows.iter().map(|row| {
            let b = &row.record;
            let texts = [&b.snapshot, &b.document, &b.class, &b.status, &b.summary];
            [row.number.to_string(), b.entity.to_string()]
                .into_iter()
                .chain(texts.into_iter().cloned())
                .collect()
        });
        report::data(&report::rows_table(&header, cells));
        report::say("`tieout break explain NO.` traces one to its document and says what to do");
    }
    Ok(u8::from(!rows.is_empty()))
}

fn to_json(row: &BreakRow) -> Value {
    let found: &BreakRecord = &row.record;
    json!({
        "number": row.number,
        "found_at": row.at.to_string(),
        "entity": found.entity.as_str(),
        "snapshot": found.snapshot,
        "class": found.class,
        "status": found.status,
        "document": found.document,
        "summary": found.summary,
    })
}

/// What reconciliations found.
struct Differences {
    /// Of the latest reconciliation of every entity and snapshot.
    latest: Vec<BreakRow>,
    /// Of earlier ones: history.
    earlier: Vec<BreakRow>,
    /// How many reconciliations were made.
    reconciliations: usize,
}

impl Differences {
    async fn read(store: &Store, entity: Option<&str>) -> Result<Self, Failure> {
        let entity = entity.map(EntityId::new);
        let made = store.reconciliations(entity.as_ref(), usize::MAX).await;
        let made = made.map_err(|e| unreadable(&e))?;
        let reconciliations = made.len();
        let mut newest = BTreeMap::new();
        for made in made {
            let at = newest
                .entry((made.entity, made.snapshot))
                .or_insert(made.at);
            *at = (*at).max(made.at);
        }
        let found = store.breaks(entity.as_ref(), None, usize::MAX).await;
        let found = found.map_err(|e| unreadable(&e))?;
        let is_newest = |row: &BreakRow| {
            let snapshot = (row.record.entity.clone(), row.record.snapshot.clone());
            newest.get(&snapshot) == Some(&row.at)
        };
        let (latest, earlier) = found.into_iter().partition(is_newest);
        Ok(Self {
            latest,
            earlier,
            reconciliations,
        })
    }
}
