//! What the store can do, as ratios in one run and beside its goals: `cargo xtask bench store`, which builds with optimisation and starts a
//! PostgreSQL server of its own.
//!
//! Arguments: `--folder DIR` (files stay there, and a next run goes on with them), `--postgres URL` (an empty server of which databases are
//! made; without it SQLite only), `--documents N` (a million), `--entries N` (ten million), `--open N` (a hundred thousand), `--only LETTERS`:
//! a commits, b growth, c restart, d audit log.
#![expect(clippy::print_stdout, reason = "its figures are its output")]

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
            other => return Err(format!("no argument {other}").into()),
        }
    }
    Ok(plan)
}

async fn measure(plan: &Plan) -> Result<(), Failure> {
    let mut places = vec![Place::File(plan.folder.clone())];
    places.extend(plan.postgres.clone().map(Place::Server));
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
        audit::verified(&places[0], plan.entries).await?;
    }
    Ok(())
}

/// One line of the answer.
fn say(letter: char, what: &str, figure: &str, goal: &str) {
    println!("{letter}  {what:<64} {figure:>28}   {goal}");
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
