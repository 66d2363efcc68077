//! The worker dies at any moment, nobody notices: kill -9 under load, restart, and at the end every document is there exactly once.

use std::time::{Duration, Instant};

use crate::judge::Typed;
use crate::program::{Twin, golden};

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

/// One world with so many kills. The worker lives between 30 ms and 1.5 s each time, so that every stage is hit.
fn world(seed: u64, kills: u64, database: Option<&str>) -> u64 {
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let twin = Twin::start(&golden());
    if let Some(database) = database {
        let database = database.replace("{seed}", &seed.to_string());
        twin.configure(|config| config["store"]["database"] = toml::Value::String(database));
    }
    let mut typed = Typed::new();
    for _ in 0..kills {
        let worker = twin.worker();
        let lives = Duration::from_millis(30 + chance.below(1_470));
        let since = Instant::now();
        while since.elapsed() < lives {
            if chance.below(3) == 0 {
                typed.enter(&twin);
            }
            std::thread::sleep(Duration::from_millis(10 + chance.below(30)).min(lives));
        }
        worker.kill();
    }
    let drained = twin.drain();
    assert_eq!(
        drained.code,
        0,
        "seed {seed}: {drained:?}\n{}",
        std::fs::read_to_string(twin.path("run.log")).unwrap_or_default()
    );
    typed.judge(&twin);
    u64::try_from(typed.made.len()).unwrap()
}

/// `TIEOUT_KILLS`, `TIEOUT_KILL_SEED` and `TIEOUT_KILL_DATABASE` make it longer, other, and on another database (`{seed}` in its address is
/// replaced, so that every world has its own).
#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_doubled() {
    let kills = number("TIEOUT_KILLS", 20);
    let first = number("TIEOUT_KILL_SEED", 1);
    let database = std::env::var("TIEOUT_KILL_DATABASE").ok();
    let since = Instant::now();
    let (mut left, mut seed, mut documents) = (kills, first, 0);
    while left > 0 {
        let here = left.min(10);
        documents += world(seed, here, database.as_deref());
        left -= here;
        eprintln!(
            "seed {seed}: {} of {kills} kills, {documents} documents typed, lost 0, doubled 0, {:.0?}",
            kills - left,
            since.elapsed()
        );
        seed += 1;
    }
}
