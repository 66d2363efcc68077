//! (e) A whole company through the real protocols, every program in a process of its own: simulators, carrying, reconciling.
//!
//! Carrying can be killed in the middle and is then started again; afterwards it runs once more and must write nothing. What the simulators
//! hold at the end is kept beside the database, and compared with the expected figures if the folder has them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::Value;

use super::process::{Ended, Process, argument};
use super::rig::Twins;
use super::table::{Figure, Verdict, json, per_second, words};
use super::verify;
use crate::report;

const GOAL_MICROS: u128 = 30 * 60 * 1_000_000;
const GOAL_KIB: u64 = 3 << 19;

#[derive(Debug, Args)]
pub(super) struct FullArguments {
    /// Company folder
    #[arg(long, value_name = "DIR")]
    company: PathBuf,
    /// Leave database, books and figures in this folder, which must not be there yet
    #[arg(long, value_name = "DIR")]
    keep: PathBuf,
    /// Kill the carrying process after so many seconds and start it again
    #[arg(long, value_name = "S")]
    kill_after: Option<u64>,
    /// End with one object of JSON on stdout instead of the table
    #[arg(long)]
    json: bool,
}

pub(super) async fn execute(arguments: FullArguments) -> anyhow::Result<u8> {
    if arguments.keep.exists() {
        bail!("{} is there already", arguments.keep.display());
    }
    let started = Instant::now();
    report::say("loading the company into both simulators");
    let twins = Twins::start(&arguments.company)?;
    let file = twins.set_up(&arguments.company, &arguments.keep)?;
    let name = argument(&file)?.to_owned();
    report::say(&format!("loaded in {:.0?}; carrying", started.elapsed()));
    let run = ["run", "--drain", "--json", "--config", &name];
    let mut parts = Vec::new();
    if let Some(seconds) = arguments.kill_after {
        let killed = Process::start(&run)?;
        let killed = killed.wait(Some(Duration::from_secs(seconds))).await?;
        report::say(&format!("killed after {seconds} s; starting again"));
        parts.push(killed);
    }
    let carried = Process::start(&run)?.wait(None).await?;
    let summary = summary(&carried, "carrying")?;
    parts.push(carried);
    report::say("carried; reconciling every period of every entity");
    let evidence = arguments.keep.join("evidence");
    let questions = [
        "reconcile",
        "--period",
        "all",
        "--json",
        "--config",
        &name,
        "--out",
        argument(&evidence)?,
    ];
    let reconciled = Process::start(&questions)?.wait(None).await?;
    let tie_out = self::summary(&reconciled, "reconciling")?;
    report::say("reconciled; running once more");
    let before = twins.calls("fusion", "POST").await?.calls;
    let again = Process::start(&run)?.wait(None).await?;
    self::summary(&again, "running again")?;
    let written = twins.calls("fusion", "POST").await?.calls - before;
    keep(&twins, &arguments.keep).await?;
    let mut figures = figures(&parts, &summary, &reconciled, &tie_out);
    figures.push(Figure {
        letter: 'e',
        what: "run again".into(),
        figure: format!("{written} writes"),
        goal: "0".into(),
        verdict: Verdict::of(written == 0),
        note: format!("{} s", again.micros / 1_000_000),
    });
    figures.push(informative(
        "simulators, both",
        format!("peak {}", mebibytes(twins.process.peak_kib())),
        String::new(),
    ));
    if verify::has_expected(&arguments.company) {
        figures.extend(verify::compare(&arguments.company, &arguments.keep).await?);
    }
    let data = format!(
        "company {}",
        arguments
            .company
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
    );
    let text = words(&figures, &data);
    std::fs::write(arguments.keep.join("figures.txt"), &text)?;
    let json = json(&figures, &data);
    report::data(&if arguments.json {
        format!("{json}\n")
    } else {
        text
    });
    let is_missed = figures.iter().any(|one| one.verdict == Verdict::Missed);
    Ok(u8::from(is_missed))
}

/// The object of JSON that ends a command; exit code 1 (something is held or does not tie) is a result, not a failure.
fn summary(ended: &Ended, what: &str) -> anyhow::Result<Value> {
    if !matches!(ended.code, Some(0 | 1)) {
        bail!("{what} ended with {:?}", ended.code);
    }
    let last = ended.output.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("{what} printed no summary"))
}

fn figures(parts: &[Ended], summary: &Value, reconciled: &Ended, tie_out: &Value) -> Vec<Figure> {
    let micros: u128 = parts.iter().map(|part| part.micros).sum();
    let peak_kib = parts.iter().map(|part| part.peak_kib).max().unwrap_or(0);
    let count = |name: &str| {
        let found = summary.pointer(&format!("/documents/{name}"));
        found.and_then(Value::as_u64).unwrap_or(0)
    };
    let (captured, posted) = (count("captured"), count("posted"));
    let killed = parts.len().saturating_sub(1);
    let lines = tie_out.pointer("/tie_out").and_then(Value::as_array);
    let lines = lines.map_or(&[][..], Vec::as_slice);
    let breaks: u64 = lines
        .iter()
        .filter_map(|line| line.get("breaks")?.as_u64())
        .sum();
    let whole = micros + reconciled.micros;
    vec![
        Figure {
            letter: 'e',
            what: "carried".into(),
            figure: format!(
                "{posted} documents in {} s, {}/s",
                micros / 1_000_000,
                per_second(u128::from(posted), micros)
            ),
            goal: "all".into(),
            verdict: Verdict::of(captured == posted && posted > 0),
            note: format!("{captured} captured; killed and started again {killed} times"),
        },
        informative(
            "reconciled",
            format!("{} s", reconciled.micros / 1_000_000),
            String::new(),
        ),
        Figure {
            letter: 'e',
            what: "ties".into(),
            figure: format!(
                "{} of {} snapshots without a break",
                lines
                    .iter()
                    .filter(|l| l.get("breaks").and_then(Value::as_u64) == Some(0))
                    .count(),
                lines.len()
            ),
            goal: "all, 0 breaks".into(),
            verdict: Verdict::of(!lines.is_empty() && breaks == 0 && reconciled.code == Some(0)),
            note: format!("{breaks} breaks"),
        },
        Figure {
            letter: 'e',
            what: "carried and reconciled".into(),
            figure: format!(
                "{} s, {} documents/s",
                whole / 1_000_000,
                per_second(u128::from(posted), whole)
            ),
            goal: "<= 30 min".into(),
            verdict: Verdict::of(whole <= GOAL_MICROS),
            note: String::new(),
        },
        Figure {
            letter: 'e',
            what: "peak memory".into(),
            figure: format!(
                "carrying {}, reconciling {}",
                mebibytes(peak_kib),
                mebibytes(reconciled.peak_kib)
            ),
            goal: "<= 1.5 GiB each".into(),
            verdict: Verdict::of(peak_kib <= GOAL_KIB && reconciled.peak_kib <= GOAL_KIB),
            note: "largest resident set, without the simulators".into(),
        },
    ]
}

fn informative(what: &str, figure: String, note: String) -> Figure {
    Figure {
        letter: 'e',
        what: what.into(),
        figure,
        goal: String::new(),
        verdict: Verdict::Informative,
        note,
    }
}

fn mebibytes(kib: u64) -> String {
    format!("{} MiB", kib.div_ceil(1024))
}

async fn keep(twins: &Twins, folder: &Path) -> anyhow::Result<()> {
    for (path, name) in [
        ("fusion/trial-balance.csv", verify::BALANCES),
        ("fusion/documents.csv", verify::DOCUMENTS),
        ("calls.csv", "calls.csv"),
    ] {
        let text = twins.get(path).await?;
        std::fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}
