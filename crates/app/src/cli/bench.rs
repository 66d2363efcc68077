//! `tieout bench`: measures the program against the simulators, and checks a company folder's expected figures.
//!
//! Every figure is a measurement of this run, printed beside its goal; a goal that is missed is printed as missed, a figure that could not be
//! measured as not measured. Nothing here is asserted, so a slow machine fails nothing.

mod coding;
mod delivery;
mod full;
mod latency;
mod process;
mod reading;
mod rig;
mod table;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tieout_twins::company::CompanyFolder;

use crate::problem::{Failure, Problem};
use crate::{embedded, report};
use table::Figure;

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    load: Load,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Carry a whole company folder with every program in a process of its own: time, memory, a kill in the middle, a second run
    Full(full::FullArguments),
    /// Compare what `bench full` kept with the expected figures of the company folder
    Verify(verify::VerifyArguments),
}

/// How hard the measurements work.
#[derive(Debug, Clone, Args)]
struct Load {
    /// Company folder whose bills are delivered and read; left out, the built-in golden company (few bills: figures say little)
    #[arg(long, value_name = "DIR")]
    company: Option<PathBuf>,
    /// Bills entered per second
    #[arg(long, value_name = "N", default_value_t = 50)]
    per_second: u32,
    /// For how many seconds bills are entered
    #[arg(long, value_name = "S", default_value_t = 60)]
    seconds: u32,
    /// Delay of every call in the second measurement of latency, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 300)]
    delay_ms: u64,
    /// Calls to the target at a time in the second measurement of latency: a delay bounds what one connection can carry
    #[arg(long, value_name = "N", default_value_t = 48)]
    delayed_in_flight: usize,
    /// Calls to the source at a time in the second measurement of latency
    #[arg(long, value_name = "N", default_value_t = 4)]
    delayed_source_in_flight: usize,
    /// How often deliveries and readings are repeated; the median counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Only these measurements: a (latency), b (delivery), c (metering), d (reading), e (coding)
    #[arg(long, value_name = "LETTERS", default_value = "abcde")]
    only: String,
    /// End with one object of JSON on stdout instead of the table
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: BenchArguments) -> Result<u8, Failure> {
    let done = match arguments.part {
        Some(Part::Full(arguments)) => full::execute(arguments).await,
        Some(Part::Verify(arguments)) => verify::execute(&arguments).await,
        None => measure(&arguments.load).await,
    };
    done.map_err(|e| {
        Failure::Unreachable(Problem::new(
            "P0022",
            format!("the measurement failed: {e:#}"),
        ))
    })
}

async fn measure(load: &Load) -> anyhow::Result<u8> {
    let scratch = tempfile::tempdir()?;
    let golden = embedded::unpack(&scratch.path().join("golden"))?;
    let company = load.company.clone().unwrap_or_else(|| golden.clone());
    let mut figures: Vec<Figure> = Vec::new();
    let is_wanted = |letter: char| load.only.contains(letter);
    if is_wanted('b') {
        report::say("measuring deliveries against a bare HTTP loop");
        figures.extend(delivery::measure(&company, scratch.path(), load.rounds).await?);
    }
    if is_wanted('c') || is_wanted('d') {
        report::say("measuring reading against the official JavaScript SDK");
        figures.extend(reading::measure(&company, scratch.path(), load.rounds).await?);
    }
    if is_wanted('e') {
        report::say("measuring the coding of lines against a plain look-up");
        figures.extend(coding::measure(load.rounds)?);
    }
    if is_wanted('a') {
        report::say(&format!(
            "measuring latency: {} bills per second for {} s, twice",
            load.per_second, load.seconds
        ));
        let calm = latency::Pace::calm(load.per_second, load.seconds);
        figures.extend(latency::measure(&golden, &scratch.path().join("calm"), &calm).await?);
        let mut slow = calm;
        slow.delay_ms = load.delay_ms;
        slow.in_flight_max = Some(load.delayed_in_flight);
        slow.source_in_flight_max = Some(load.delayed_source_in_flight);
        figures.extend(latency::measure(&golden, &scratch.path().join("slow"), &slow).await?);
    }
    figures.sort_by_key(|figure| figure.letter);
    let data = data_words(&company)?;
    if load.json {
        report::data(&format!("{}\n", table::json(&figures, &data)));
    } else {
        report::data(&table::words(&figures, &data));
    }
    Ok(0)
}

/// Which data was measured with: the folder's own name and its number of documents.
fn data_words(company: &Path) -> anyhow::Result<String> {
    let mut documents = 0_u64;
    let mut rows = CompanyFolder::new(company).table("inputs/documents.csv")?;
    while rows.next_row()?.is_some() {
        documents += 1;
    }
    let name = company.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!(
        "company {name} with {documents} documents (b, c, d); golden company (a)"
    ))
}
