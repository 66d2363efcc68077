//! tieout keeps two accounting systems in step and proves to the cent that they agree.

mod ambient;
mod cli;
mod company;
mod config;
mod doors;
mod embedded;
mod ends;
mod patience;
mod problem;
mod questions;
mod register;
mod report;
mod summary;
mod systems;
mod transport;
mod trial;
mod trigger;

use std::process::ExitCode;

use clap::Parser as _;

/// Answers of some megabytes come and go all day: the C library's allocator gives such memory back and faults it in again each time, which
/// costs a third of the speed of reading ([decision 0002](../../../docs/decisions/0002-dependencies.md)).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("TIEOUT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            report::say(&format!("tieout cannot start: {error}"));
            return ExitCode::from(3);
        }
    };
    match runtime.block_on(cli::execute(arguments)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            for problem in failure.problems() {
                report::say(&format!("error {problem}"));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}
