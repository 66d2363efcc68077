//! `tieout reconcile`.

use std::path::{Path, PathBuf};

use clap::Args;
use tieout_engine::reconcile::Reconciliation;

use crate::cli::ConfigFile;
use crate::cli::crosswalk::control::list;
use crate::problem::{Failure, Problem};
use crate::questions::{self, Wanted};
use crate::register::{Ledger, today};
use crate::report;
use crate::summary::Summary;
use crate::systems::{Wired, wire};

#[derive(Debug, Args)]
pub(crate) struct ReconcileArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Period, by its name on either side (P12-2026 or Dec-26); `all` for every period
    #[arg(long, value_name = "P")]
    period: String,
    /// One entity only
    #[arg(long, value_name = "E")]
    entity: Option<String>,
    /// Write the evidence (CSV and JSON) into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// End with one object of JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: ReconcileArguments) -> Result<u8, Failure> {
    let wired = wire(arguments.config.load()?).await?;
    let wanted = Wanted {
        period: arguments.period,
        entity: arguments.entity,
    };
    let results = questions::ask(&wired, &wanted).await?;
    wired.leave().await;
    if let Some(folder) = &arguments.out {
        write_pack(folder, &wired, &results).await?;
        report::say(&format!("evidence in {}", folder.display()));
    }
    let summary = Summary::of(&wired, crate::summary::tie_out(&results)).await?;
    if arguments.json {
        report::data(&format!("{}\n", summary.json_with(&results)));
    } else {
        report::data(&report::reconciliation_table(&results));
    }
    Ok(summary.exit_code())
}

/// Writes the evidence of reconciliations into a folder, with the mapping under which they were made.
pub(crate) async fn write_pack(
    folder: &Path,
    wired: &Wired,
    results: &[Reconciliation],
) -> Result<(), Failure> {
    let ledger = Ledger::of(wired.context.store.clone(), wired.config.clone()).await?;
    let mapping = list::pack(&ledger, today(wired.context.now()))?;
    report::write_evidence(folder, wired, results, &mapping).map_err(|e| {
        let what = format!("the evidence cannot be written: {e:#}");
        Failure::Unreachable(Problem::new("P0305", what))
    })
}
