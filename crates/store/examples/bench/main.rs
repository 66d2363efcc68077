//! What the store can do, as ratios in one run and beside its goals: `cargo xtask bench store`, which builds with optimisation and starts a
//! PostgreSQL server of its own. It says how far it is and ends by itself, after some twenty minutes on two quiet cores; `--documents 100000
//! --entries 1000000` takes two or three.
//!
//! Arguments: `--folder DIR` (files stay there, and a next run goes on with them), `--postgres URL` (a server on which databases are made;
//! without it SQLite only), `--on sqlite|postgresql` (only there), `--documents N` (a million), `--entries N` (ten million), `--open N` (a
//! hundred thousand), `--only LETTERS`: a commits, b growth, c restart, d audit log.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its figures are its output, and a person waits for them"
)]

mod audit;
mod commits;
mod documents;
mod growth;
mod place;
mod restart;

use std::path::PathBuf;
use std::time::Instant;

use place::Place;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is measured, and with how much.
struct Plan {
    folder: PathBuf,
    postgres: Option<String>,
    documents: u32,
    entries: u64,
    open: u32,
    only: String,
    on: Option<String>,
}

fn main() -> Result<(), Failure> {
    let plan = plan()?;
    std::fs::create_dir_all(&plan.folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .build()?;
    runtime.block_on(measure(&plan))
}

fn plan() -> Result<Plan, Failure> {
    let mut plan = Plan {
        folder: std::env::temp_dir().join(format!("tieout-store-bench-{}", std::process::id())),
        postgres: None,
        documents: 1_000_000,
        entries: 10_000_000,
        open: 100_000,
        only: "abcd".to_owned(),
        on: None,
    };
    let mut rest = std::env::args().skip(1);
    while let Some(name) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{name} needs a value"))?;
        match &*name {
            "--folder" => plan.folder = PathBuf::from(value),
            "--postgres" => plan.postgres = Some(value),
            "--documents" => plan.documents = value.parse()?,
            "--entries" => plan.entries = value.parse()?,
            "--open" => plan.open = value.parse()?,
            "--only" => plan.only = value,
            "--on" => plan.on = Some(value.to_lowercase()),
            other => return Err(format!("no argument {other}").into()),
        }
    }
    Ok(plan)
}

async fn measure(plan: &Plan) -> Result<(), Failure> {
    let mut places = vec![Place::File(plan.folder.clone())];
    places.extend(plan.postgres.clone().map(Place::Server));
    if let Some(on) = &plan.on {
        places.retain(|place| place.name().to_lowercase() == *on);
    }
    for place in &places {
        if plan.only.contains('a') {
            commits::measure(place).await?;
        }
        if plan.only.contains('b') {
            growth::measure(place, plan.documents).await?;
        }
        if plan.only.contains('c') {
            restart::measure(place, plan.open).await?;
        }
    }
    if plan.only.contains('d') {
        for place in &places {
            audit::appended(place).await?;
        }
        audit::verified(&places, plan.entries).await?;
    }
    Ok(())
}

/// One line of the answer.
fn say(letter: char, what: &str, figure: &str, goal: &str) {
    println!("{letter}  {what:<64} {figure:>28}   {goal}");
}

/// How far it is, for who waits: on standard error, so that the answer stays clean.
fn tell(what: &str) {
    eprintln!("{what}");
}

/// Things per second since `begin`.
fn per_second(things: u64, begin: Instant) -> u64 {
    let micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
    things.saturating_mul(1_000_000) / micros.max(1)
}

/// `part ÷ whole` with two decimals.
fn ratio(part: u64, whole: u64) -> String {
    let hundredths = part.saturating_mul(100) / whole.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// How a figure compares with its goal.
fn verdict(is_reached: bool) -> &'static str {
    if is_reached { "reached" } else { "MISSED" }
}
