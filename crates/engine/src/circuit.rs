//! A circuit per system: a system that is away is asked ever more rarely, by one caller at a time, instead of being hammered by all.
//!
//! Closed: every call may go. After some faults in a row it opens: no call goes until a pause is over; the pause doubles with every opening
//! and is never shorter than the system asked for. Then one call goes as a probe: if it is answered, the circuit closes, if not, it opens
//! again. For: deciding whether to call at all. Not for: what a fault means for a document, which is [`crate::settle`]'s. Pure: `now` and
//! jitter are arguments, the state is the caller's and is never durable: a new process finds out by itself.

use tieout_model::{FaultClass, Timestamp};

use crate::delivery::Moment;
use crate::delivery::backoff::wait_ms;

/// The figures of a circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitPolicy {
    /// Faults in a row that open it (at least one).
    pub faults_max: u32,
    /// First pause in milliseconds; doubles with every opening in a row.
    pub pause_first_ms: i64,
    /// Longest pause in milliseconds, unless the system asks for a longer one.
    pub pause_max_ms: i64,
    /// A probe that has not been answered after so many milliseconds is given up.
    pub probe_ms: i64,
}

impl Default for CircuitPolicy {
    fn default() -> Self {
        Self {
            faults_max: 3,
            pause_first_ms: 1_000,
            pause_max_ms: 60_000,
            probe_ms: 120_000,
        }
    }
}

/// Where a circuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Calls go; so many faults in a row were met.
    Closed {
        /// Faults in a row.
        faults: u32,
    },
    /// No call goes before `until`.
    Open {
        /// When a probe may go.
        until: Timestamp,
        /// How often it opened in a row.
        openings: u32,
    },
    /// One probe is under way.
    Probing {
        /// When the probe is given up and another one may go.
        until: Timestamp,
        /// How often it opened in a row.
        openings: u32,
    },
}

impl Default for Circuit {
    fn default() -> Self {
        Self::Closed { faults: 0 }
    }
}

/// Whether a call may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Free,
    /// It may, alone: keep it small, much hangs on it.
    Probe,
    /// It may not before that instant.
    NotBefore(Timestamp),
}

impl Circuit {
    /// Asks whether a call may go at `now`, and where the circuit stands then.
    #[must_use]
    pub fn admit(self, now: Timestamp, policy: &CircuitPolicy) -> (Self, Admission) {
        match self {
            Self::Closed { .. } => (self, Admission::Free),
            Self::Open { until, .. } | Self::Probing { until, .. } if now < until => {
                (self, Admission::NotBefore(until))
            }
            Self::Open { openings, .. } | Self::Probing { openings, .. } => {
                let until = now.plus_millis(policy.probe_ms);
                (Self::Probing { until, openings }, Admission::Probe)
            }
        }
    }

    /// Where it stands if an admitted call was not made after all: the next one may probe.
    #[must_use]
    pub const fn not_called(self, now: Timestamp) -> Self {
        match self {
            Self::Probing { openings, .. } => Self::Open {
                until: now,
                openings,
            },
            Self::Closed { .. } | Self::Open { .. } => self,
        }
    }

    /// Where it stands after an answer, whatever the answer said.
    #[must_use]
    pub const fn answered(self) -> Self {
        Self::Closed { faults: 0 }
    }

    /// Where it stands after a call that met a fault for which [`is_away`] holds. A late fault of a call that went before the circuit
    /// opened does not open it twice.
    #[must_use]
    pub fn failed(self, retry_after_ms: Option<u64>, at: Moment, policy: &CircuitPolicy) -> Self {
        let openings = match self {
            Self::Closed { faults } if faults.saturating_add(1) < policy.faults_max => {
                return Self::Closed {
                    faults: faults.saturating_add(1),
                };
            }
            Self::Closed { .. } => 1,
            Self::Open { .. } => return self,
            Self::Probing { openings, .. } => openings.saturating_add(1),
        };
        let pause_ms = wait_ms(
            openings.saturating_sub(1),
            policy.pause_first_ms,
            policy.pause_max_ms,
            at.jitter,
        );
        let asked_ms = retry_after_ms.and_then(|ms| i64::try_from(ms).ok());
        Self::Open {
            until: at.now.plus_millis(pause_ms.max(asked_ms.unwrap_or(0))),
            openings,
        }
    }

    /// True while calls go freely.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// True for a fault that says that the system is away, overrun or shut to us, not that this call was wrong. Refused credentials belong
/// here: every further try with them may lock the user out.
pub const fn is_away(class: FaultClass) -> bool {
    match class {
        FaultClass::Throttled
        | FaultClass::Unavailable
        | FaultClass::Indeterminate
        | FaultClass::Unauthorised => true,
        FaultClass::Rejected | FaultClass::Incompatible => false,
    }
}

#[cfg(test)]
mod tests {
    use tieout_model::Timestamp;

    use super::{Admission, Circuit, CircuitPolicy};
    use crate::delivery::Moment;

    fn at(ms: i64) -> Moment {
        Moment {
            now: Timestamp::from_millis(ms),
            jitter: 7,
        }
    }

    fn opened(policy: &CircuitPolicy) -> (Circuit, Timestamp) {
        let mut circuit = Circuit::default();
        for _ in 0..policy.faults_max {
            assert!(circuit.is_closed());
            circuit = circuit.failed(None, at(0), policy);
        }
        match circuit {
            Circuit::Open { until, .. } => (circuit, until),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn faults_in_a_row_open_it_and_an_answer_between_starts_the_count_again() {
        let policy = CircuitPolicy::default();
        let mut circuit = Circuit::default();
        for _ in 0..10 {
            circuit = circuit
                .failed(None, at(0), &policy)
                .failed(None, at(0), &policy);
            assert!(circuit.is_closed());
            circuit = circuit.answered();
        }
        opened(&policy);
    }

    #[test]
    fn while_open_nothing_goes_then_one_probe_alone() {
        let policy = CircuitPolicy::default();
        let (circuit, until) = opened(&policy);
        let before = Timestamp::from_millis(until.millis() - 1);
        assert_eq!(
            circuit.admit(before, &policy).1,
            Admission::NotBefore(until)
        );
        let (probing, admission) = circuit.admit(until, &policy);
        assert_eq!(admission, Admission::Probe);
        assert!(matches!(
            probing.admit(until, &policy).1,
            Admission::NotBefore(_)
        ));
        assert!(probing.answered().is_closed());
    }

    #[test]
    fn a_failed_probe_opens_it_for_longer_up_to_the_bound() {
        let policy = CircuitPolicy::default();
        let (mut circuit, mut until) = opened(&policy);
        let mut longest = 0;
        for _ in 0..12 {
            let now = until;
            let probing = circuit.admit(now, &policy).0;
            circuit = probing.failed(None, at(now.millis()), &policy);
            until = match circuit {
                Circuit::Open { until, .. } => until,
                other => panic!("{other:?}"),
            };
            longest = longest.max(until.millis() - now.millis());
            assert!(until.millis() - now.millis() <= policy.pause_max_ms);
        }
        assert!(longest > policy.pause_max_ms / 4, "{longest}");
    }

    #[test]
    fn it_waits_as_long_as_the_system_asked() {
        let policy = CircuitPolicy::default();
        let mut circuit = Circuit::default();
        for _ in 0..policy.faults_max {
            circuit = circuit.failed(Some(600_000), at(0), &policy);
        }
        assert!(matches!(circuit, Circuit::Open { until, .. } if until.millis() >= 600_000));
    }

    #[test]
    fn a_probe_whose_caller_died_does_not_keep_it_open_for_ever() {
        let policy = CircuitPolicy::default();
        let (circuit, until) = opened(&policy);
        let probing = circuit.admit(until, &policy).0;
        let later = until.plus_millis(policy.probe_ms);
        assert_eq!(probing.admit(later, &policy).1, Admission::Probe);
    }
}
