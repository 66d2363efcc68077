//! `tieout break`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use tieout_engine::BreakRecord;
use tieout_model::EntityId;
use tieout_store::{BreakRow, LoadError, Store};

use crate::cli::ConfigFile;
use crate::problem::{Failure, Problem};
use crate::report;
use crate::systems::{chain, open_store};

#[derive(Debug, Subcommand)]
pub(crate) enum BreakCommand {
    /// List the differences of the latest reconciliation of every entity and snapshot
    List(ListArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// One entity only
    #[arg(long, value_name = "E")]
    entity: Option<String>,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(command: BreakCommand) -> Result<u8, Failure> {
    let BreakCommand::List(arguments) = command;
    let store = open_store(&arguments.config.load()?).await?;
    let found = latest(&store, arguments.entity.as_deref())
        .await
        .map_err(|e| {
            let what = format!("the store cannot be read: {}", chain(&e));
            Failure::Unreachable(Problem::new("P0301", what))
        })?;
    if arguments.json {
        let rows: Vec<_> = found.iter().map(to_json).collect();
        report::data(&format!("{}\n", serde_json::Value::Array(rows)));
    } else if found.is_empty() {
        report::say(
            "no differences in the latest reconciliations (`tieout reconcile` makes a new one)",
        );
    } else {
        let header = ["entity", "snapshot", "document", "class", "status", "what"];
        let rows = found.iter().map(|b| {
            let texts = [&b.snapshot, &b.document, &b.class, &b.status, &b.summary];
            std::iter::once(b.entity.to_string())
                .chain(texts.into_iter().cloned())
                .collect()
        });
        report::data(&report::rows_table(&header, rows));
    }
    Ok(u8::from(!found.is_empty()))
}

fn to_json(found: &BreakRecord) -> serde_json::Value {
    serde_json::json!({
        "entity": found.entity.as_str(),
        "snapshot": found.snapshot,
        "class": found.class,
        "status": found.status,
        "document": found.document,
        "summary": found.summary,
    })
}

/// Differences of the latest reconciliation of every entity and snapshot; older ones are history.
async fn latest(store: &Store, entity: Option<&str>) -> Result<Vec<BreakRecord>, LoadError> {
    let entity = entity.map(EntityId::new);
    let mut newest = BTreeMap::new();
    for made in store.reconciliations(entity.as_ref(), usize::MAX).await? {
        let at = newest
            .entry((made.entity, made.snapshot))
            .or_insert(made.at);
        *at = (*at).max(made.at);
    }
    let found = store.breaks(entity.as_ref(), None, usize::MAX).await?;
    let is_newest = |row: &BreakRow| {
        let snapshot = (row.record.entity.clone(), row.record.snapshot.clone());
        newest.get(&snapshot) == Some(&row.at)
    };
    Ok(found
        .into_iter()
        .filter(is_newest)
        .map(|row| row.record)
        .collect())
}
