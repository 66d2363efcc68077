//! The simulator as a program: `cargo xtask sim --seeds N | --seed N | --long`.

mod company;
mod swarm;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let from = number("--from").unwrap_or(1);
    if let Some(seed) = number("--seed") {
        let outcome = swarm::run(seed, false, None);
        for line in &outcome.story {
            println!("{line}");
        }
        println!(
            "{:#?}\n{:#?}\n{:#?}",
            outcome.marks, outcome.exceptions, outcome.faults
        );
        println!(
            "seed {seed} documents {} calls {} lives {} digest {}",
            outcome.documents, outcome.calls, outcome.lives, outcome.digest
        );
        return ExitCode::from(u8::from(!outcome.faults.is_empty()));
    }
    let seeds = number("--seeds").unwrap_or(50);
    let started = std::time::Instant::now();
    let mut failed = 0;
    for seed in from..from + seeds {
        let outcome = swarm::run(seed, false, None);
        let hits: u64 = outcome.hits.values().sum();
        println!(
            "seed {seed}: {} documents, {hits} faults, {} calls, {} lives, {} wrong, {} exceptions",
            outcome.documents,
            outcome.calls,
            outcome.lives,
            outcome.faults.len(),
            outcome.exceptions.values().sum::<u64>()
        );
        if !outcome.faults.is_empty() {
            failed += 1;
            for fault in outcome.faults.iter().take(6) {
                println!("    [{}] {}", fault.point, fault.what);
            }
        }
    }
    println!("{failed} of {seeds} failed, {:?}", started.elapsed());
    ExitCode::from(u8::from(failed > 0))
}
