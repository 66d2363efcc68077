//! A system's limits shared by all workers of one tenant: how many calls each may have under way, and when the next may begin.
//!
//! Vendors count per tenant, whatever process calls. So the places and the pace are divided here, from what all workers hold; who holds
//! what is kept by the store. Pure: the same facts give the same division, whoever asks.

use tieout_model::Timestamp;

/// How late a call may begin after its turn, as a part of the window: 1/20. The pace is slower by that part, so that no window of any
/// position holds more calls than allowed.
const LATENESS_PART: i64 = 20;

/// A worker that shares a system's places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Its name, different from every other's.
    pub name: String,
    /// Places that are kept for it: it may have as many calls under way.
    pub places: u32,
}

/// How many of `total` places `name` may fill, when `others` keep theirs. `turn` grows with time: if there are fewer places than workers, or
/// some are left over, they go round.
///
/// The sum over all workers never exceeds `total`, whatever they hold now: nobody gets what another one has not given back yet.
pub fn fair_share(total: u32, name: &str, others: &[Holder], turn: u64) -> u32 {
    let taken = others
        .iter()
        .fold(0_u32, |sum, other| sum.saturating_add(other.places));
    let free = total.saturating_sub(taken);
    let workers = u32::try_from(others.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let before = others.iter().filter(|other| other.name.as_str() < name);
    let rank = u64::try_from(before.count()).unwrap_or(0);
    let (each, left_over) = (total / workers, total % workers);
    let is_in_turn = rank.wrapping_add(turn) % u64::from(workers) < u64::from(left_over);
    free.min(each.saturating_add(u32::from(is_in_turn)))
}

/// At most so many calls in any window of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Calls, at least one.
    pub calls_max: u32,
    /// Length of the window in milliseconds.
    pub window_ms: i64,
}

impl Pace {
    /// Microseconds from one turn to the next.
    pub fn interval_us(&self) -> i64 {
        let window = self.window_ms.max(1).saturating_mul(1000);
        let whole = window.saturating_add(window / LATENESS_PART);
        let calls = i64::from(self.calls_max.max(1));
        whole.saturating_add(calls - 1) / calls
    }

    /// Microseconds that a call may begin after its turn; later ones wait for another turn.
    pub fn lateness_us(&self) -> i64 {
        self.window_ms.max(1).saturating_mul(1000) / LATENESS_PART
    }

    /// Turns that are taken from the store at once: those of one second, at least one.
    pub fn lot_len(&self) -> i64 {
        (1_000_000 / self.interval_us().max(1)).max(1)
    }
}

/// Turns to begin a call, one each [`Pace::interval_us`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turns {
    /// The first one's instant.
    pub first: Timestamp,
    /// How many are left.
    pub left: i64,
}

impl Turns {
    /// Takes the first turn that is not over; `None` if there is none left. The call may begin at the instant returned.
    pub fn take(&mut self, now: Timestamp, pace: &Pace) -> Option<Timestamp> {
        let interval = pace.interval_us();
        while self.left > 0 {
            let turn = self.first;
            self.first = Timestamp(turn.0.saturating_add(interval));
            self.left -= 1;
            if turn.0.saturating_add(pace.lateness_us()) >= now.0 {
                return Some(turn);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use tieout_model::Timestamp;

    use super::{Holder, Pace, Turns, fair_share};

    fn others(held: &[(&str, u32)]) -> Vec<Holder> {
        let one = |(name, places): &(&str, u32)| Holder {
            name: (*name).to_owned(),
            places: *places,
        };
        held.iter().map(one).collect()
    }

    #[test]
    fn one_worker_has_all_and_two_have_half() {
        assert_eq!(fair_share(8, "a", &[], 0), 8);
        assert_eq!(
            fair_share(8, "b", &others(&[("a", 8)]), 0),
            0,
            "not yet given back"
        );
        assert_eq!(fair_share(8, "a", &others(&[("b", 0)]), 0), 4);
        assert_eq!(fair_share(8, "b", &others(&[("a", 4)]), 0), 4);
    }

    #[test]
    fn a_single_place_goes_round() {
        let names = ["a", "b", "c"];
        let mut had = Vec::new();
        for turn in 0..6 {
            for name in names {
                let others: Vec<Holder> = names
                    .into_iter()
                    .filter(|other| *other != name)
                    .map(|name| Holder {
                        name: name.to_owned(),
                        places: 0,
                    })
                    .collect();
                if fair_share(1, name, &others, turn) == 1 {
                    had.push(name);
                }
            }
        }
        assert_eq!(had, ["a", "c", "b", "a", "c", "b"]);
    }

    #[test]
    fn whoever_asks_in_whatever_order_no_more_than_all_are_held() {
        let mut chance = 7_u64;
        let mut below = |bound: u64| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance % bound
        };
        for _ in 0..2_000 {
            let total = u32::try_from(below(9)).unwrap();
            let workers = 1 + below(5);
            let mut held: Vec<Holder> = (0..workers)
                .map(|n| Holder {
                    name: format!("w{n}"),
                    places: 0,
                })
                .collect();
            for turn in 0..20 {
                let at = usize::try_from(below(workers)).unwrap();
                let me = held.remove(at);
                let may = fair_share(total, &me.name, &held, turn / 3);
                // Calls under way keep their places until they end.
                let busy = u32::try_from(below(u64::from(me.places) + 1)).unwrap();
                held.insert(
                    at,
                    Holder {
                        places: may.max(busy),
                        ..me
                    },
                );
                let sum: u32 = held.iter().map(|one| one.places).sum();
                assert!(sum <= total, "{sum} of {total}: {held:?}");
            }
        }
    }

    #[test]
    fn no_window_holds_more_calls_than_allowed_however_late_they_begin() {
        for (calls_max, window_ms) in [
            (1, 1_000),
            (2, 1_000),
            (7, 60_000),
            (100, 60_000),
            (900, 18_000),
        ] {
            let pace = Pace {
                calls_max,
                window_ms,
            };
            let mut turns = Turns {
                first: Timestamp(0),
                left: 5_000,
            };
            let mut begun = Vec::new();
            let mut now = 0;
            while let Some(turn) = turns.take(Timestamp(now), &pace) {
                // The first as late as can be, the others on time: the worst case for a window.
                let lateness = if begun.len() % 3 == 0 {
                    pace.lateness_us()
                } else {
                    0
                };
                now = now.max(turn.0 + lateness);
                begun.push(now);
            }
            let window = window_ms * 1000;
            let most = begun.iter().map(|from| {
                begun
                    .iter()
                    .filter(|at| (*from..from + window).contains(at))
                    .count()
            });
            assert!(
                most.max().unwrap() <= usize::try_from(calls_max).unwrap(),
                "{pace:?}"
            );
        }
    }

    #[test]
    fn a_turn_that_is_over_is_never_used() {
        let pace = Pace {
            calls_max: 10,
            window_ms: 1_000,
        };
        let mut turns = Turns {
            first: Timestamp(0),
            left: 3,
        };
        let later = Timestamp(pace.interval_us() * 2);
        assert_eq!(turns.take(later, &pace), Some(later));
        assert_eq!(turns.take(Timestamp(later.0 * 9), &pace), None);
    }
}
