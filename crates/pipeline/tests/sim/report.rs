//! What a run of many worlds shows: a bar while it goes on, and its sums at the end.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use crate::swarm::Outcome;
use crate::swarm::faults::{CLASSES, Class};

/// Rare branches that a run of a thousand worlds must reach.
const RARE: [&str; 14] = [
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
    "digits behind the minor unit",
];
/// The least numbers of hits are those of a run of so many worlds; shorter ones are not measured by them.
const MEASURED_FROM: u64 = 1_000;
const BAR_WIDTH: u64 = 30;

/// How far a run is.
pub(crate) struct Progress {
    started: Instant,
    done: u64,
    all: u64,
    is_terminal: bool,
}

impl Progress {
    pub(crate) fn of(all: u64) -> Self {
        Self {
            started: Instant::now(),
            done: 0,
            all,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64().max(0.001)
    }

    /// One line among the bar's.
    pub(crate) fn tell(&self, line: &str) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
        println!("{line}");
    }

    /// One more world is done.
    pub(crate) fn step(&mut self, failed: usize) {
        self.done += 1;
        let rate = self.done as f64 / self.seconds();
        let (done, all) = (self.done, self.all);
        if self.is_terminal {
            let filled = (done * BAR_WIDTH / all) as usize;
            let bar = format!(
                "{}{}",
                "#".repeat(filled),
                "-".repeat(BAR_WIDTH as usize - filled)
            );
            eprint!("\r[{bar}] {done}/{all} worlds, {rate:.2}/s, {failed} failed ");
            if done == all {
                eprintln!();
            }
            let _ = std::io::stderr().flush();
        } else if done.is_multiple_of(50) || done == all {
            println!("{done} of {all} worlds, {rate:.2}/s, {failed} failed");
        }
    }
}

/// Sums over all worlds of a run.
#[derive(Default)]
pub(crate) struct Sum {
    done: u64,
    documents: u64,
    calls: u64,
    lives: u64,
    exceptions: u64,
    hits: BTreeMap<Class, u64>,
    marks: BTreeMap<&'static str, u64>,
    pub(crate) failed: BTreeMap<u64, Vec<String>>,
    lost: u64,
    doubled: u64,
    unexplained: u64,
    other: u64,
    /// The most calls after the last fault, in hundredths of those of the whole world without faults.
    calls_after_most: u64,
    /// Worlds that were run without faults too.
    compared: u64,
}

impl Sum {
    /// Adds a world; a line about it if something is wrong with it.
    pub(crate) fn add(&mut self, seed: u64, outcome: &Outcome) -> Option<String> {
        self.done += 1;
        self.documents += outcome.documents as u64;
        self.calls += outcome.calls;
        self.lives += outcome.lives;
        self.exceptions += outcome.exceptions.values().sum::<u64>();
        if outcome.calls_calm > 0 {
            let after = outcome.calls_after * 100 / outcome.calls_calm;
            self.calls_after_most = self.calls_after_most.max(after);
            self.compared += 1;
        }
        for (class, count) in &outcome.hits {
            *self.hits.entry(*class).or_default() += count;
        }
        for (mark, count) in &outcome.marks {
            *self.marks.entry(mark).or_default() += count;
        }
        if outcome.faults.is_empty() {
            return None;
        }
        for fault in &outcome.faults {
            *match (fault.point, fault.what.split(':').next()) {
                (1, Some("lost")) => &mut self.lost,
                (1, Some("doubled")) => &mut self.doubled,
                (3, _) => &mut self.unexplained,
                _ => &mut self.other,
            } += 1;
        }
        let told = outcome.faults.iter().take(3);
        let told: Vec<String> = told.map(|f| format!("[{}] {}", f.point, f.what)).collect();
        let line = format!("seed {seed}: {}", told.join("; "));
        self.failed.insert(seed, told);
        Some(line)
    }

    /// Prints everything; true if nothing is wrong.
    pub(crate) fn report(&self, seconds: f64) -> bool {
        let mut is_good = self.failed.is_empty();
        for (seed, told) in &self.failed {
            println!("seed {seed} fails; replay it with `cargo xtask sim --seed {seed}`");
            told.iter().for_each(|line| println!("    {line}"));
        }
        is_good &= self.report_coverage();
        let count = |mark: &str| self.marks.get(mark).copied().unwrap_or(0);
        let kills: u64 = RARE[..4].iter().map(|mark| count(mark)).sum();
        println!(
            "\n{} seeds in {seconds:.0} s ({:.2}/s): {} faults, {kills} kills, {} lives, {} documents, {} calls, {} open exceptions",
            self.done,
            self.done as f64 / seconds,
            self.hits.values().sum::<u64>(),
            self.lives,
            self.documents,
            self.calls,
            self.exceptions,
        );
        println!(
            "{} worlds also run without faults; most calls after the last fault: {}.{:02} times all calls of those",
            self.compared,
            self.calls_after_most / 100,
            self.calls_after_most % 100
        );
        println!(
            "lost = {}, doubled = {}, unexplained = {}, other findings = {}, seeds failed = {}",
            self.lost,
            self.doubled,
            self.unexplained,
            self.other,
            self.failed.len()
        );
        is_good
    }

    fn report_coverage(&self) -> bool {
        let mut is_good = true;
        let is_measured = self.done >= MEASURED_FROM;
        println!("\n{:<66} {:>8} {:>8}", "fault class", "hits", "least");
        for (class, word, least) in CLASSES {
            let hits = self.hits.get(class).copied().unwrap_or(0);
            let least = least * self.done / MEASURED_FROM;
            let is_short = hits < least && is_measured;
            is_good &= !is_short;
            let word = format!("{word}{}", if is_short { "  TOO FEW" } else { "" });
            println!("{word:<66} {hits:>8} {least:>8}");
        }
        println!("\n{:<66} {:>8}", "rare branch", "reached");
        for mark in RARE {
            let count = self.marks.get(mark).copied().unwrap_or(0);
            let is_short = count == 0 && is_measured;
            is_good &= !is_short;
            let word = format!("{mark}{}", if is_short { "  NEVER" } else { "" });
            println!("{word:<66} {count:>8}");
        }
        is_good
    }
}
