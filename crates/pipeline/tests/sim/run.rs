//! The simulator as a program: `cargo xtask sim --seeds N [--from N] | --seed N | --planted | --long`.
//!
//! Every seed that ever failed stands in `kept_seeds.txt` with its story and is run first.

#[allow(dead_code, reason = "the tests beside this program use the rest")]
mod company;
mod swarm;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use swarm::Outcome;
use swarm::faults::CLASSES;
use swarm::planted::BUGS;

/// Worlds side by side; each is single-threaded and knows nothing of the others.
const LANES: usize = 2;

/// Rare branches that a run of a thousand worlds must reach.
const RARE: [&str; 13] = [
    "died before a send",
    "died after a send",
    "died before a commit",
    "died after a commit",
    "disk full before a commit",
    "commit durable but reported as failed",
    "a request arrived after its caller gave up",
    "hung after it was done",
    "job number lost",
    "a trigger was lost",
    "a start waited for the key service",
    "a document was deleted",
    "a document was reversed",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let is_good = if let Some(seed) = number("--seed") {
        one(seed)
    } else if arguments.iter().any(|a| a == "--planted") {
        planted()
    } else {
        let seeds = number("--seeds").unwrap_or(50);
        let is_long = arguments.iter().any(|a| a == "--long");
        many(
            number("--from").unwrap_or(1),
            if is_long { 10_000 } else { seeds },
        )
    };
    ExitCode::from(u8::from(!is_good))
}

fn one(seed: u64) -> bool {
    let outcome = swarm::run(seed, false, None);
    for line in &outcome.story {
        println!("{line}");
    }
    println!("{:#?}\n{:#?}", outcome.hits, outcome.operations);
    println!(
        "{:#?}\n{:#?}\n{:#?}",
        outcome.marks, outcome.exceptions, outcome.faults
    );
    println!(
        "seed {seed}: {} documents, {} calls, {} lives, digest {}",
        outcome.documents, outcome.calls, outcome.lives, outcome.digest
    );
    outcome.faults.is_empty()
}

/// Runs `seeds` side by side and hands every outcome to `each`, in no order.
fn run_all(seeds: &[u64], each: impl Fn(u64, Outcome) + Sync) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst) as usize;
                    let Some(seed) = seeds.get(at) else {
                        return;
                    };
                    each(*seed, swarm::run(*seed, false, None));
                }
            });
        }
    });
}

fn kept() -> Vec<u64> {
    let text = include_str!("kept_seeds.txt");
    let seed = |line: &str| line.split_whitespace().next()?.parse().ok();
    text.lines().filter_map(seed).collect()
}

#[derive(Default)]
struct Sum {
    done: u64,
    documents: u64,
    calls: u64,
    exceptions: u64,
    hits: BTreeMap<swarm::faults::Class, u64>,
    marks: BTreeMap<&'static str, u64>,
    failed: BTreeMap<u64, Vec<String>>,
    points: BTreeMap<u8, u64>,
}

fn many(from: u64, seeds: u64) -> bool {
    let mut list = kept();
    list.extend(from..from + seeds);
    let started = Instant::now();
    let sum = Mutex::new(Sum::default());
    run_all(&list, |seed, outcome| {
        let mut sum = sum.lock().unwrap();
        sum.done += 1;
        sum.documents += outcome.documents as u64;
        sum.calls += outcome.calls;
        sum.exceptions += outcome.exceptions.values().sum::<u64>();
        for (class, count) in outcome.hits {
            *sum.hits.entry(class).or_default() += count;
        }
        for (mark, count) in outcome.marks {
            *sum.marks.entry(mark).or_default() += count;
        }
        if !outcome.faults.is_empty() {
            let told = outcome.faults.iter().take(3);
            let told = told.map(|f| format!("[{}] {}", f.point, f.what)).collect();
            for fault in &outcome.faults {
                *sum.points.entry(fault.point).or_default() += 1;
            }
            let told: Vec<String> = told;
            println!("seed {seed}: {}", told.join("; "));
            sum.failed.insert(seed, told);
        }
        if sum.done.is_multiple_of(50) {
            let seconds = started.elapsed().as_secs().max(1);
            println!(
                "{} of {} seeds, {} per minute, {} failed",
                sum.done,
                list.len(),
                sum.done * 60 / seconds,
                sum.failed.len()
            );
        }
    });
    report(&sum.into_inner().unwrap(), list.len() as u64)
}

fn report(sum: &Sum, seeds: u64) -> bool {
    let mut is_good = sum.failed.is_empty();
    for (seed, told) in &sum.failed {
        println!("seed {seed} fails; replay it with `cargo xtask sim --seed {seed}`");
        told.iter().for_each(|line| println!("    {line}"));
    }
    println!("\n{:<66} {:>8} {:>8}", "fault class", "hits", "least");
    for (class, word, least) in CLASSES {
        let hits = sum.hits.get(class).copied().unwrap_or(0);
        // The least numbers are those of a thousand worlds; shorter runs are not measured by them.
        let least = least * seeds / 1_000;
        let is_short = hits < least && seeds >= 1_000;
        is_good &= !is_short;
        let word = format!("{word}{}", if is_short { "  TOO FEW" } else { "" });
        println!("{word:<66} {hits:>8} {least:>8}");
    }
    println!("\nrare branches reached");
    for mark in RARE {
        let count = sum.marks.get(mark).copied().unwrap_or(0);
        let is_short = count == 0 && seeds >= 1_000;
        is_good &= !is_short;
        println!(
            "{mark:<66} {count:>8}{}",
            if is_short { "  NEVER" } else { "" }
        );
    }
    let point = |n: u8| sum.points.get(&n).copied().unwrap_or(0);
    println!(
        "\n{} seeds, {} faults, {} documents, {} calls, {} open exceptions\nlost or doubled = {}, amounts = {}, unexplained = {}, \
         unsettled = {}, seeds failed = {}",
        sum.done,
        sum.hits.values().sum::<u64>(),
        sum.documents,
        sum.calls,
        sum.exceptions,
        point(1),
        point(2),
        point(3),
        point(9),
        sum.failed.len()
    );
    is_good
}

/// Looks for each planted bug until a world finds it that is clean without it.
fn planted() -> bool {
    println!("| bug | found at seed | by point |\n|---|---|---|");
    let mut is_good = true;
    for (bug, name) in BUGS {
        let mut found = None;
        for seed in 1..=200 {
            let outcome = swarm::run(seed, false, Some(bug));
            if let Some(fault) = outcome.faults.first()
                && swarm::run(seed, false, None).faults.is_empty()
            {
                found = Some((seed, fault.point));
                break;
            }
        }
        match found {
            Some((seed, point)) => println!("| {name} | {seed} | {point} |"),
            None => {
                is_good = false;
                println!("| {name} | not within 200 | |");
            }
        }
    }
    is_good
}
