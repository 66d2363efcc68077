//! How many deliveries are leased at a time: as many as are taken in about two seconds.
//!
//! Outcomes are recorded lot by lot, and recording waits for the disk. So a fast target deserves large lots; but what a slow one took must be
//! known soon, to people and to whoever takes over. In memory only: a new process learns it anew within a few lots.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What a lot should take.
const LOT_MS: i64 = 2_000;
/// The first lot.
const LEN_FIRST: usize = 100;
/// Smaller lots would cost more than they tell.
const LEN_MIN: usize = 25;

/// The length of lots, shared by all lanes of a worker.
#[derive(Debug)]
pub(crate) struct Pace(AtomicUsize);

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicUsize::new(LEN_FIRST))
    }
}

impl Pace {
    /// Deliveries to lease now, `len_max` at most.
    pub(crate) fn len(&self, len_max: usize) -> usize {
        self.0.load(Ordering::Relaxed).min(len_max)
    }

    /// Takes note that a full lot of `len` took `ms` milliseconds.
    pub(crate) fn took(&self, len: usize, ms: i64, len_max: usize) {
        let next = if ms > LOT_MS {
            len / 2
        } else if ms <= LOT_MS / 2 {
            len.saturating_mul(2)
        } else {
            return;
        };
        let next = next.clamp(LEN_MIN.min(len_max), len_max);
        self.0.store(next, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;

    #[test]
    fn lots_grow_while_they_are_quick_and_shrink_when_they_are_slow() {
        let pace = Pace::default();
        assert_eq!(pace.len(400), 100);
        for (len, ms, next) in [
            (100, 50, 200),
            (200, 900, 400),
            (400, 900, 400),
            (400, 1_500, 400),
            (400, 2_001, 200),
            (200, 60_000, 100),
            (100, 60_000, 50),
            (50, 60_000, 25),
            (25, 60_000, 25),
        ] {
            pace.took(len, ms, 400);
            assert_eq!(pace.len(400), next, "{len} in {ms} ms");
        }
        assert_eq!(pace.len(5), 5);
        pace.took(5, 60_000, 5);
        assert_eq!(pace.len(5), 5);
    }
}
