//! The worker dies at any moment, nobody notices: kill -9 under load, restart, and at the end every document is there exactly once.

use std::time::{Duration, Instant};

use crate::judge::Typed;
use crate::program::{Twin, golden};
use crate::server::shared;

/// xorshift64*: a seed is a schedule of kills.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|e| panic!("{name}: {e}")),
        Err(_) => otherwise,
    }
}

/// One world with so many kills, on a database of its own if `database` is an address. Every worker lives between 30 ms and 1.5 s, so that
/// every stage is hit. On a server two workers share the database, and one of them is killed at a time.
fn world(seed: u64, kills: u64, database: Option<&str>) -> u64 {
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let twin = Twin::start(&golden());
    if let Some(database) = database {
        twin.use_database(&database.replace("{seed}", &seed.to_string()));
    }
    let mut typed = Typed::new();
    let mut other = database.map(|_| twin.worker());
    for _ in 0..kills {
        let mut worker = twin.worker();
        let lives = Duration::from_millis(30 + chance.below(1_470));
        let since = Instant::now();
        while since.elapsed() < lives {
            if chance.below(3) == 0 {
                typed.enter(&twin);
            }
            std::thread::sleep(Duration::from_millis(10 + chance.below(30)).min(lives));
        }
        if let Some(other) = &mut other
            && chance.below(2) == 0
        {
            std::mem::swap(&mut worker, other);
        }
        let ended = worker.ended_within(Duration::ZERO);
        assert_eq!(ended, None, "seed {seed}: a worker ended\n{}", twin.log());
        worker.kill();
    }
    if let Some(other) = other {
        // Started this very moment it may not hear yet.
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(other.terminate().0, 0, "seed {seed}\n{}", twin.log());
    }
    let drained = twin.drain();
    assert_eq!(drained.code, 0, "seed {seed}: {drained:?}\n{}", twin.log());
    typed.judge(&twin);
    u64::try_from(typed.made.len()).unwrap()
}

/// Kills in worlds of ten; `database` makes the address of a fresh one for a seed.
fn worlds(what: &str, database: &dyn Fn() -> Option<String>) {
    let kills = number("TIEOUT_KILLS", 20);
    let first = number("TIEOUT_KILL_SEED", 1);
    let since = Instant::now();
    let (mut left, mut seed, mut documents) = (kills, first, 0);
    while left > 0 {
        let here = left.min(10);
        documents += world(seed, here, database().as_deref());
        left -= here;
        eprintln!(
            "{what}, seed {seed}: {} of {kills} kills, {documents} documents typed, lost 0, doubled 0, {:.0?}",
            kills - left,
            since.elapsed()
        );
        seed += 1;
    }
}

/// `TIEOUT_KILLS` and `TIEOUT_KILL_SEED` make it longer and other.
#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_doubled() {
    worlds("SQLite", &|| None);
}

/// The same on a throw-away server, or on the one that `TIEOUT_KILL_DATABASE` names (`{seed}` in its address is replaced, so that every
/// world has its own).
#[test]
fn killed_at_any_moment_workers_on_one_server_lose_nothing_and_double_nothing() {
    let named = std::env::var("TIEOUT_KILL_DATABASE").ok();
    worlds("PostgreSQL", &|| {
        Some(named.clone().unwrap_or_else(|| shared().database()))
    });
}
