//! The simulator as a program: `cargo xtask sim --seeds N [--from N] | --seed N [--calm] | --planted | --long`.
//!
//! Every seed that ever failed stands in `kept_seeds.txt` with its story and is run first.

#[allow(dead_code, reason = "the tests beside this program use the rest")]
mod company;
mod report;
mod swarm;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use report::{Progress, Sum};
use swarm::planted::{BUGS, Bug};

/// A world is made of millions of small strings.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Worlds side by side; each is single-threaded and knows nothing of the others.
const LANES: usize = 2;
/// Worlds of a long run.
const LONG: u64 = 10_000;
/// Worlds in which a planted bug must be found.
const PLANTED_MAX: u64 = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let has = |name: &str| arguments.iter().any(|a| a == name);
    let is_good = if let Some(seed) = number("--seed") {
        one(seed, has("--calm"))
    } else if has("--planted") {
        planted()
    } else {
        let seeds = number("--seeds").unwrap_or(50);
        let seeds = if has("--long") { LONG } else { seeds };
        many(number("--from").unwrap_or(1), seeds)
    };
    ExitCode::from(u8::from(!is_good))
}

/// Shows one world, or how it would have been without faults.
fn one(seed: u64, is_calm: bool) -> bool {
    let outcome = if is_calm {
        swarm::run(seed, true, None)
    } else {
        swarm::run_compared(seed)
    };
    for line in &outcome.story {
        println!("{line}");
    }
    println!("{:#?}\n{:#?}", outcome.hits, outcome.operations);
    println!(
        "{:#?}\n{:#?}\n{:#?}",
        outcome.marks, outcome.exceptions, outcome.faults
    );
    println!(
        "seed {seed}: {} documents, {} calls ({} after the last fault; {} without faults), {} lives, digest {}",
        outcome.documents,
        outcome.calls,
        outcome.calls_after,
        outcome.calls_calm,
        outcome.lives,
        outcome.digest
    );
    outcome.faults.is_empty()
}

/// Does the numbered pieces of work side by side, begun in their order.
fn side_by_side(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    if at >= count {
                        return;
                    }
                    work(at);
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

fn many(from: u64, seeds: u64) -> bool {
    let mut list = kept();
    let all = from..from + seeds;
    list.retain(|seed| !all.contains(seed));
    list.extend(all);
    let state = Mutex::new((Sum::default(), Progress::of(list.len() as u64)));
    side_by_side(list.len(), |at| {
        let outcome = swarm::run_now_and_then_compared(list[at]);
        let (sum, progress) = &mut *state.lock().unwrap();
        if let Some(told) = sum.add(list[at], &outcome) {
            progress.tell(&told);
        }
        progress.step(sum.failed.len());
    });
    let (sum, progress) = state.into_inner().unwrap();
    sum.report(progress.seconds())
}

/// Looks for each planted bug until a world finds it that is clean without it.
fn planted() -> bool {
    let found: Vec<Mutex<Option<(u64, u8, String)>>> =
        BUGS.iter().map(|_| Mutex::default()).collect();
    side_by_side(BUGS.len(), |at| {
        let (bug, name) = BUGS[at];
        let first = (1..=PLANTED_MAX).find_map(|seed| caught(bug, seed));
        match &first {
            Some((seed, point, _)) => eprintln!("{name}: seed {seed}, point {point}"),
            None => eprintln!("{name}: not found"),
        }
        *found[at].lock().unwrap() = first;
    });
    println!("| bug | found at seed | by point | what the judge said |\n|---|---|---|---|");
    let mut is_good = true;
    for ((_, name), found) in BUGS.iter().zip(&found) {
        match &*found.lock().unwrap() {
            Some((seed, point, what)) => println!("| {name} | {seed} | {point} | {what} |"),
            None => {
                is_good = false;
                println!("| {name} | not within {PLANTED_MAX} | | |");
            }
        }
    }
    is_good
}

/// What the judge says of this world with the bug in it, if it says nothing without.
fn caught(bug: Bug, seed: u64) -> Option<(u64, u8, String)> {
    let outcome = swarm::run(seed, false, Some(bug));
    let fault = outcome.faults.into_iter().next()?;
    let is_clean = swarm::run(seed, false, None).faults.is_empty();
    is_clean.then_some((seed, fault.point, fault.what))
}
