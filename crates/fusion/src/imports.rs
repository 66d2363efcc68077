//! What this process remembers of its imports. Nothing here must survive it: another process asks the tenant again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use tieout_model::Stamp;

/// Requests whose parameters are remembered.
const PARAMETERS_MAX: usize = 1_000;

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    last_group: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Journals whose import may still run although its answer was lost, and until when; milliseconds.
    lost: BTreeMap<Stamp, i64>,
    /// Loads that have ended while no import was there yet, and when that was seen first; milliseconds.
    loaded: BTreeMap<String, i64>,
    /// Values of the parameters of requests.
    parameters: BTreeMap<String, Vec<String>>,
}

impl Imports {
    /// A group id no other file has: 13 digits of milliseconds, 5 of chance; always above the last one given out here.
    pub(crate) fn next_group(&self, now_ms: i64, chance: u64) -> u64 {
        let now_ms = u64::try_from(now_ms).unwrap_or(0).max(1);
        let drawn = now_ms
            .saturating_mul(100_000)
            .saturating_add(chance % 100_000);
        let above = |last: u64| drawn.max(last.saturating_add(1));
        let order = Ordering::Relaxed;
        let before = self
            .last_group
            .fetch_update(order, order, |last| Some(above(last)));
        before.map_or(drawn, above)
    }

    /// Notes that an import with `stamps` may still run although its answer was lost.
    pub(crate) fn note_lost(&self, stamps: impl Iterator<Item = Stamp>, until_ms: i64) {
        let mut seen = self.seen();
        seen.lost.extend(stamps.map(|stamp| (stamp, until_ms)));
    }

    /// True if a journal stamped `stamp` may still appear after `now_ms`; forgets what is over.
    pub(crate) fn is_lost(&self, stamp: &Stamp, now_ms: i64) -> bool {
        let mut seen = self.seen();
        seen.lost.retain(|_, until_ms| *until_ms > now_ms);
        seen.lost.contains_key(stamp)
    }

    /// When this process first saw that the load `request` had ended: now, if it sees that for the first time.
    pub(crate) fn loaded_at(&self, request: &str, now_ms: i64) -> i64 {
        let mut seen = self.seen();
        *seen.loaded.entry(request.to_owned()).or_insert(now_ms)
    }

    /// Forgets a load that is not asked about any more.
    pub(crate) fn forget_load(&self, request: &str) {
        self.seen().loaded.remove(request);
    }

    /// Values of the parameters of a request, if they were read.
    pub(crate) fn parameters_of(&self, request: &str) -> Option<Vec<String>> {
        self.seen().parameters.get(request).cloned()
    }

    /// Remembers them; forgets the oldest if there are many.
    pub(crate) fn note_parameters(&self, request: &str, values: Vec<String>) {
        let mut seen = self.seen();
        seen.parameters.insert(request.to_owned(), values);
        if seen.parameters.len() > PARAMETERS_MAX {
            seen.parameters.pop_first();
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
