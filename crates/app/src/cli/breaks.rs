//! `tieout break`.

use clap::{Args, Subcommand};

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
    /// End with JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(command: BreakCommand) -> Result<u8, Failure> {
    let BreakCommand::List(arguments) = command;
    let store = open_store(&arguments.config.load()?).await?;
    let found = store.breaks().await.map_err(|e| {
        Failure::Unreachable(Problem::new(
            "P0301",
            format!("the store cannot be read: {}", chain(&e)),
        ))
    })?;
    let is_wanted = |entity: &str| arguments.entity.as_ref().is_none_or(|name| name == entity);
    let found: Vec<_> = found
        .into_iter()
        .filter(|b| is_wanted(b.entity.as_str()))
        .collect();
    if arguments.json {
        let rows: Vec<_> = found
            .iter()
            .map(|b| {
                serde_json::json!({
                    "entity": b.entity.as_str(), "snapshot": b.snapshot, "class": b.class,
                    "status": b.status, "document": b.document, "summary": b.summary,
                })
            })
            .collect();
        report::data(&format!("{}\n", serde_json::Value::Array(rows)));
    } else if found.is_empty() {
        report::say(
            "no differences in the latest reconciliations (`tieout reconcile` makes a new one)",
        );
    } else {
        let header = ["entity", "snapshot", "document", "class", "status", "what"];
        let rows = found.iter().map(|b| {
            vec![
                b.entity.to_string(),
                b.snapshot.clone(),
                b.document.clone(),
                b.class.clone(),
                b.status.clone(),
                b.summary.clone(),
            ]
        });
        report::data(&report::rows_table(&header, rows));
    }
    Ok(u8::from(!found.is_empty()))
}
