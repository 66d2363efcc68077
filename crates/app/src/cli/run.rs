//! `tieout run`.

use std::sync::Arc;

use clap::Args;
use tieout_pipeline::extract::next_read;
use tieout_pipeline::{Away, PassError, Wake, drain_side_by_side, run};

use crate::cli::ConfigFile;
use crate::config::Config;
use crate::ends::Ends;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, today};
use crate::report;
use crate::summary::Summary;
use crate::systems::{Wired, chain, wire};
use crate::trigger::{self, Trigger};

/// A drain ends when the next thing is due later than this.
const DRAIN_PATIENCE_MS: i64 = 30_000;
/// Rounds in a row in which the source can't be read before a drain gives up.
const SOURCE_FAILURES_MAX: u32 = 5;

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// End when nothing is due any more
    #[arg(long)]
    drain: bool,
    /// End with one object of JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: RunArguments) -> Result<u8, Failure> {
    let config = arguments.config.load()?;
    let wired = if arguments.drain {
        let wired = start(config).await?;
        drain_now(&wired, arguments.json).await?;
        let next = next_read(&wired.context).await.map_err(failure)?;
        if let Some(next) = next {
            report::say(&format!("flows with a cadence are read next at {next}"));
        }
        wired
    } else {
        // Heard from the first moment on: a database that is away is waited for, but nobody who wants to end should.
        let mut ends = Ends::listen();
        let wired = tokio::select! {
            biased;
            started = start(config) => started?,
            () = ends.told() => {
                report::say("told to end before anything began");
                return Ok(0);
            }
        };
        serve(&wired, &mut ends).await?;
        wired
    };
    wired.leave().await;
    let summary = Summary::of(&wired, Vec::new()).await?;
    if arguments.json {
        report::data(&format!("{}\n", summary.json()));
    } else {
        report::say(&summary.words());
    }
    if !arguments.drain {
        // Told to stop: what waits is in the store, and nothing is in flight.
        return Ok(0);
    }
    let now = wired.context.now();
    match wired.context.circuits.away(now).into_iter().next() {
        Some(away) => Err(unreachable_system(&away)),
        None => Ok(summary.exit_code()),
    }
}

async fn start(config: Config) -> Result<Wired, Failure> {
    let wired = wire(config).await?;
    chase(&wired).await?;
    Ok(wired)
}

/// A drain that ended because a system was away.
fn unreachable_system(away: &Away) -> Failure {
    let why = away.fault.as_ref().map(ToString::to_string);
    let what = format!(
        "{} does not answer: {}",
        away.system,
        why.unwrap_or_default()
    );
    Failure::Unreachable(
        Problem::new("P0306", what)
            .hint("nothing is lost: what waits is sent once it answers; run again then"),
    )
}

/// Says what change control of the mapping still waits for.
async fn chase(wired: &Wired) -> Result<(), Failure> {
    let store = wired.context.store.clone();
    let ledger = Ledger::of(store, wired.config.clone()).await?;
    for warning in ledger.warnings(today(wired.context.now())) {
        report::say(&format!("warning {warning}"));
    }
    Ok(())
}

/// Drives the pipeline until nothing is due, showing what it does.
pub(crate) async fn drain_now(wired: &Wired, is_quiet: bool) -> Result<(), Failure> {
    let bar = report::Progress::start(wired.context.tally.clone(), is_quiet);
    let drained = drain_side_by_side(&wired.context, DRAIN_PATIENCE_MS, SOURCE_FAILURES_MAX).await;
    bar.finish();
    drained.map(|_| ()).map_err(failure)
}

/// Drives the pipeline until told to stop, then finishes what is in hand.
async fn serve(wired: &Wired, ends: &mut Ends) -> Result<(), Failure> {
    let wake = Arc::new(Wake::default());
    let endpoint = match &wired.config.trigger {
        Some(config) => {
            let vault = wired.config.vault();
            let secrets = config.secrets.iter().map(|s| vault.fetch(s));
            let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
            trigger::check(&secrets)?;
            let trigger = Trigger::new(secrets, wired.context.ambient.clone(), wake.clone());
            let served = trigger::serve(trigger, config.listen).await.map_err(|e| {
                let what = format!(
                    "the trigger endpoint cannot listen on {}: {e}",
                    config.listen
                );
                Failure::Unreachable(Problem::new("P0014", what))
            })?;
            report::say(&format!("trigger endpoint: http://{}/trigger", served.0));
            Some(served.1)
        }
        None => None,
    };
    report::say("running; Ctrl-C finishes what is in hand and ends");
    let poll_interval_ms = wired.config.worker.poll_interval_ms;
    let stages = run(wired.context.clone(), wake.clone(), poll_interval_ms);
    let listening = async {
        match endpoint {
            Some(endpoint) => {
                let _ended = endpoint.await;
            }
            None => std::future::pending::<()>().await,
        }
    };
    let stopping = async {
        ends.told().await;
        report::say(
            "finishing what is in hand; once more ends at once, which is safe but leaves look-ups to the next run",
        );
        wake.stop();
        ends.told().await;
    };
    tokio::select! {
        biased;
        ended = stages => ended.map_err(failure),
        () = listening => Err(Failure::Unreachable(Problem::new("P0014", "the trigger endpoint stopped"))),
        () = stopping => Ok(()),
    }
}

/// What an operator sees of a pass that ended early.
pub(crate) fn failure(error: PassError) -> Failure {
    let (code, hint) = match &error {
        PassError::Source { .. } => ("P0303", "nothing is lost: reading goes on where it stopped"),
        PassError::Load(_) | PassError::Commit { .. } => (
            "P0301",
            "nothing is half-applied: start again once the store is well",
        ),
        PassError::Damaged(_) | PassError::Evidence(_) => (
            "P0304",
            "run `tieout audit verify`; restore the store from a backup",
        ),
    };
    Failure::Unreachable(Problem::new(code, chain(&error)).hint(hint))
}
