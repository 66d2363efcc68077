//! The sixteen classes of faults, how often each strikes in one world, and what was struck.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::sched::Rng;

macro_rules! classes {
    ($($name:ident, $word:literal, $least:literal;)*) => {
        /// One class.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Class { $($name,)* }
        /// All of them with the least number of hits in a run of a thousand worlds.
        pub(crate) const CLASSES: &[(Class, &str, u64)] = &[$((Class::$name, $word, $least),)*];
    };
}

classes! {
    LostRequest, "connection reset before the other side reads", 500;
    LostAnswer, "connection reset after it committed and before it answers", 500;
    LateRequest, "time-out with unknown outcome, the request arrives later", 300;
    Garbled, "answer cut, garbled or a log-in page", 200;
    Throttled, "429, 503 or daily allowance used up", 300;
    Webhook, "trigger doubled, reordered, late or lost", 2000;
    Import, "file import: job slow, number lost, report missing", 300;
    Crash, "crash before or after a commit or a send", 300;
    Pause, "worker paused, its lease taken by another", 200;
    Clock, "clock jumps and clocks that differ", 100;
    Login, "log-in expired or role withdrawn", 100;
    Period, "period closed between read and post, opened again", 100;
    Hung, "hung: no answer, trickle, endless body", 100;
    Stale, "stale look-up", 300;
    Paging, "rows appear or vanish during paging, many rows of one second", 200;
    Disk, "disk full, fsync error, read-only database", 50;
    Keys, "key rotated in flight, key service away", 50;
}

/// Which classes strike in one world, how hard, and how often they did.
pub(crate) struct Faults {
    inner: Mutex<Inner>,
}

struct Inner {
    rng: Rng,
    /// Chance of each class in 10,000 of its occasions; absent if it does not strike in this world.
    chances: BTreeMap<Class, i64>,
    is_on: bool,
    hits: BTreeMap<Class, u64>,
    marks: BTreeMap<&'static str, u64>,
    log: Vec<String>,
}

impl Faults {
    /// A random half of the classes, each with its own intensity; none if `is_calm`.
    pub(crate) fn new(seed: u64, is_calm: bool) -> Self {
        let mut rng = Rng::of(seed, "swarm");
        let mut chances = BTreeMap::new();
        for (class, _, _) in CLASSES {
            let strikes = rng.chance(5_000);
            let (low, high) = match class {
                Class::LostRequest | Class::LostAnswer => (200, 1_500),
                Class::LateRequest | Class::Stale | Class::Paging => (300, 1_000),
                Class::Garbled => (100, 500),
                Class::Throttled => (50, 200),
                Class::Webhook => (1_000, 5_000),
                Class::Import => (500, 3_000),
                Class::Crash => (20, 200),
                Class::Pause => (50, 500),
                Class::Hung => (50, 300),
                Class::Disk => (10, 60),
                Class::Clock | Class::Login | Class::Period | Class::Keys => (10_000, 10_000),
            };
            let chance = rng.between(low, high);
            if strikes && !is_calm {
                chances.insert(*class, chance);
            }
        }
        Self {
            inner: Mutex::new(Inner {
                rng: Rng::of(seed, "faults"),
                chances,
                is_on: true,
                hits: BTreeMap::new(),
                marks: BTreeMap::new(),
                log: Vec::new(),
            }),
        }
    }

    pub(crate) fn has(&self, class: Class) -> bool {
        let inner = self.inner.lock().unwrap();
        inner.is_on && inner.chances.contains_key(&class)
    }

    /// Whether the class strikes on this occasion.
    pub(crate) fn strikes(&self, class: Class, now_ms: i64, place: &str) -> bool {
        let mut inner = self.inner.lock().unwrap();
        if !inner.is_on {
            return false;
        }
        let Some(chance) = inner.chances.get(&class).copied() else {
            return false;
        };
        let strikes = inner.rng.chance(chance);
        if strikes {
            *inner.hits.entry(class).or_default() += 1;
            inner.log.push(format!("{now_ms} {class:?} {place}"));
        }
        strikes
    }

    /// Counts a fault that was made on purpose at its own time.
    pub(crate) fn count(&self, class: Class, now_ms: i64, place: &str) {
        let mut inner = self.inner.lock().unwrap();
        *inner.hits.entry(class).or_default() += 1;
        inner.log.push(format!("{now_ms} {class:?} {place}"));
    }

    /// Notes that a rare branch was reached.
    pub(crate) fn mark(&self, name: &'static str) {
        *self.inner.lock().unwrap().marks.entry(name).or_default() += 1;
    }

    pub(crate) fn between(&self, low: i64, high: i64) -> i64 {
        self.inner.lock().unwrap().rng.between(low, high)
    }

    pub(crate) fn stop(&self) {
        self.inner.lock().unwrap().is_on = false;
    }

    pub(crate) fn hits(&self) -> BTreeMap<Class, u64> {
        self.inner.lock().unwrap().hits.clone()
    }

    pub(crate) fn marks(&self) -> BTreeMap<&'static str, u64> {
        self.inner.lock().unwrap().marks.clone()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.inner.lock().unwrap().log.clone()
    }
}
