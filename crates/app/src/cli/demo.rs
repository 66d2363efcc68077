//! `tieout demo`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::Args;
use tieout_engine::reconcile::Reconciliation;
use tieout_pipeline::{Wake, run};
use tieout_twins::company::CompanyFolder;
use tieout_twins::world::World;

use crate::cli::reconcile::write_pack;
use crate::cli::run::{drain_now, failure};
use crate::cli::twin::{endpoints, open_world, serve_world, set_up};
use crate::config::Config;
use crate::ends::Ends;
use crate::problem::{Failure, Problem};
use crate::questions::{self, Wanted};
use crate::summary::{Summary, tie_out};
use crate::systems::{Wired, wire, words};
use crate::{company, embedded, report};

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Company folder; left out, the built-in golden company
    #[arg(long, value_name = "DIR")]
    company: Option<PathBuf>,
    /// End by itself: exit 0 if every account ties, 1 if not
    #[arg(long)]
    once: bool,
    /// End with one object of JSON on stdout instead of the table
    #[arg(long)]
    json: bool,
    /// Leave database, books of both simulators and evidence in this folder; a second run there goes on with the same database
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Passwords and chance of the simulators are made from this
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(crate) async fn execute(arguments: DemoArguments) -> Result<u8, Failure> {
    let scratch = tempfile::tempdir().map_err(|e| cannot("make a temporary folder", &e))?;
    let work = arguments
        .keep
        .clone()
        .unwrap_or_else(|| scratch.path().join("run"));
    let folder = company_folder(&arguments, &scratch.path().join("golden"))?;
    let started = Instant::now();
    say(
        &arguments,
        &format!("loading {} into both simulators", folder.root().display()),
    );
    let world = open_world(&folder, arguments.seed).await?;
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (world, served) = serve_world(world, free, free, free).await?;
    let endpoints = endpoints(&world, &served)?;
    let control = served.control.to_string();
    say(&arguments, &addresses(&endpoints, &control));
    let file = set_up(&folder, &work, &endpoints)?;
    let wired = wire(Config::load(&file).map_err(Failure::Usage)?).await?;
    say(
        &arguments,
        &format!(
            "crosswalk signed and opened: {}",
            words(&wired.context.crosswalk)
        ),
    );
    drain_now(&wired, arguments.json).await?;
    say(
        &arguments,
        &format!("carried in {:.1?}; reconciling", started.elapsed()),
    );
    let wanted = Wanted {
        period: "all".into(),
        entity: None,
    };
    let results = questions::ask(&wired, &wanted).await?;
    if let Some(keep) = &arguments.keep {
        keep_evidence(keep, &world)?;
        write_pack(&keep.join("evidence"), &wired, &results).await?;
        say(
            &arguments,
            &format!("database, books and evidence are in {}", keep.display()),
        );
    }
    let exit_code = finish(&arguments, &wired, &results, &control).await?;
    served.stop();
    Ok(exit_code)
}

/// Shows what came out; with `--once` answers the exit code at once, else stays up until told to stop.
async fn finish(
    arguments: &DemoArguments,
    wired: &crate::systems::Wired,
    results: &[Reconciliation],
    control: &str,
) -> Result<u8, Failure> {
    let summary = Summary::of(wired, tie_out(results)).await?;
    if !arguments.json {
        report::data(&report::reconciliation_table(results));
    }
    say(arguments, &summary.words());
    if arguments.once {
        if arguments.json {
            report::data(&format!("{}\n", summary.json_with(results)));
        }
        return Ok(summary.exit_code());
    }
    stay_up(wired, control, arguments.company.is_none()).await?;
    if arguments.json {
        let summary = Summary::of(wired, tie_out(results)).await?;
        report::data(&format!("{}\n", summary.json_with(results)));
    }
    Ok(0)
}

/// The folder asked for, or the built-in company unpacked into `scratch`.
fn company_folder(arguments: &DemoArguments, scratch: &Path) -> Result<CompanyFolder, Failure> {
    let folder = match &arguments.company {
        Some(folder) => folder.clone(),
        None => embedded::unpack(scratch).map_err(|e| cannot("unpack the built-in company", &e))?,
    };
    Ok(CompanyFolder::new(folder))
}

/// Where the simulators listen, one line each.
fn addresses(endpoints: &company::Endpoints, control: &str) -> String {
    format!(
        "Sage Intacct simulator  {}\nOracle Fusion simulator {}\ncontrol port            http://{control}",
        endpoints.intacct, endpoints.fusion
    )
}

fn say(arguments: &DemoArguments, text: &str) {
    if !arguments.json {
        report::say(text);
    }
}

fn cannot(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::Unreachable(Problem::new("P0305", format!("cannot {what}: {error}")))
}

/// Keeps the pipeline running so that a person can enter documents through the control port and watch them arrive.
async fn stay_up(wired: &Wired, control: &str, is_golden: bool) -> Result<(), Failure> {
    report::say(
        "\nstaying up; Ctrl-C ends. Both systems are yours to change through the control port.",
    );
    if is_golden {
        report::say(&format!(
            "Enter a bill as a person at the keyboard would:\n  \
             curl -s http://{control}/control/documents -d '{EXAMPLE_BILL}'\n\
             and a moment later see it in the other system:\n  \
             curl -s http://{control}/control/fusion/documents.csv | grep BILL-MINE-1"
        ));
    }
    let bar = report::Progress::start(wired.context.tally.clone(), false);
    let wake = Arc::new(Wake::default());
    let stages = run(
        wired.context.clone(),
        wake,
        wired.config.worker.poll_interval_ms,
    );
    let mut ends = Ends::listen();
    let ended = tokio::select! {
        biased;
        () = ends.told() => Ok(()),
        ended = stages => ended.map_err(failure),
    };
    bar.finish();
    ended
}

/// A bill of the built-in company, in the form of the control port.
const EXAMPLE_BILL: &str = r#"{"type":"ap_bill","document_id":"BILL-MINE-1","entity_id":"E200","document_date":"2027-01-15","gl_date":"2027-01-15","due_date":"2027-02-14","currency":"USD","party_id":"VE-01","description":"Mine","lines":[{"account":"6100","txn_debit":"12.34","department":"D100"},{"account":"2000","txn_credit":"12.34"}]}"#;

fn keep_evidence(keep: &Path, world: &Arc<Mutex<World>>) -> Result<(), Failure> {
    let (fusion, intacct) = {
        let world = world.lock().unwrap_or_else(PoisonError::into_inner);
        (
            world.fusion.trial_balance_csv(),
            world.intacct.trial_balance_csv(),
        )
    };
    for (name, text) in [
        ("fusion-trial-balance.csv", fusion),
        ("intacct-trial-balance.csv", intacct),
    ] {
        std::fs::write(keep.join(name), text).map_err(|e| cannot(&format!("write {name}"), &e))?;
    }
    Ok(())
}
