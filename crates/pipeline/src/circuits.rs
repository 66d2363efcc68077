//! The circuits of this process, one per system, shared by all stages.
//!
//! In memory only: what is due stands in the store, and a new process finds out by itself who is away. A change is logged once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tieout_connector::{BatchOutcome, Fault, ItemOutcome};
use tieout_engine::circuit::is_away;
use tieout_engine::{Admission, Circuit};
use tieout_model::{SystemId, Timestamp};

use crate::context::Context;
use crate::pace::Pace;

/// Circuits by system, and how fast deliveries are taken.
#[derive(Debug, Default)]
pub struct Circuits {
    known: Mutex<BTreeMap<SystemId, Known>>,
    pub(crate) pace: Pace,
}

#[derive(Debug, Default)]
struct Known {
    circuit: Circuit,
    /// What was met last.
    fault: Option<Fault>,
}

/// A system that is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Which.
    pub system: SystemId,
    /// When it is asked again.
    pub until: Timestamp,
    /// What was met last.
    pub fault: Option<Fault>,
}

impl Circuits {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<SystemId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The systems that are away now.
    pub fn away(&self, now: Timestamp) -> Vec<Away> {
        let known = self.locked();
        let open = known.iter().filter_map(|(system, known)| {
            let until = match known.circuit {
                Circuit::Closed { .. } => return None,
                Circuit::Open { until, .. } => until,
                Circuit::Probing { .. } => now,
            };
            Some(Away {
                system: system.clone(),
                until,
                fault: known.fault.clone(),
            })
        });
        open.collect()
    }

    fn fault_of(&self, system: &SystemId) -> Option<Fault> {
        self.locked()
            .get(system)
            .and_then(|known| known.fault.clone())
    }
}

impl Context {
    /// Asks whether `system` may be called.
    pub(crate) fn admit(&self, system: &SystemId) -> Admission {
        let mut known = self.circuits.locked();
        let known = known.entry(system.clone()).or_default();
        let (next, admission) = known.circuit.admit(self.now(), &self.bounds.circuit);
        known.circuit = next;
        admission
    }

    /// The last fault of a system that is away.
    pub(crate) fn last_fault(&self, system: &SystemId) -> Option<Fault> {
        self.circuits.fault_of(system)
    }

    /// Takes note that an admitted call was not made after all.
    pub(crate) fn not_called(&self, system: &SystemId) {
        let mut known = self.circuits.locked();
        let known = known.entry(system.clone()).or_default();
        known.circuit = known.circuit.not_called(self.now());
    }

    /// Takes note that `system` answered, or why not.
    pub(crate) fn heard(&self, system: &SystemId, fault: Option<&Fault>) {
        let mut known = self.circuits.locked();
        let known = known.entry(system.clone()).or_default();
        let before = known.circuit;
        let fault = fault.filter(|fault| is_away(fault.class));
        let Some(fault) = fault else {
            known.circuit = before.answered();
            known.fault = None;
            if !before.is_closed() {
                tracing::warn!(%system, "answers again");
            }
            return;
        };
        known.circuit = before.failed(fault.retry_after_ms, self.moment(), &self.bounds.circuit);
        known.fault = Some(fault.clone());
        if let Circuit::Open { until, openings } = known.circuit
            && known.circuit != before
        {
            let pause_ms = until.millis().saturating_sub(self.now().millis());
            if openings == 1 {
                tracing::warn!(%system, %fault, pause_ms, "does not answer; nothing is sent to it until it does");
            } else {
                tracing::debug!(%system, %fault, pause_ms, "still does not answer");
            }
        }
    }

    /// Takes note of the answer to a batch: the system is away if not one item of it was answered.
    pub(crate) fn heard_outcome(&self, system: &SystemId, answer: &Result<BatchOutcome, Fault>) {
        match answer {
            Err(fault) => self.heard(system, Some(fault)),
            Ok(outcome) => {
                let items = outcome.items.iter();
                let faults: Vec<&Fault> = items.filter_map(|(_, one)| fault_of(one)).collect();
                let is_silent = !faults.is_empty() && faults.len() == outcome.items.len();
                let longest = faults.into_iter().max_by_key(|fault| fault.retry_after_ms);
                self.heard(system, longest.filter(|_| is_silent));
            }
        }
    }

    /// When something is due that may be done: not while the system it is for is away.
    ///
    /// # Errors
    /// [`tieout_store::LoadError`].
    pub(crate) async fn next_due(&self) -> Result<Option<Timestamp>, tieout_store::LoadError> {
        let due = self.store.next_due().await?;
        let away = self.circuits.away(self.now());
        let back = away.into_iter().map(|away| away.until).min();
        Ok(due.map(|due| back.map_or(due, |back| due.max(back))))
    }
}

fn fault_of(outcome: &ItemOutcome) -> Option<&Fault> {
    match outcome {
        ItemOutcome::NotDone(fault) | ItemOutcome::Unknown(fault) if is_away(fault.class) => {
            Some(fault)
        }
        ItemOutcome::NotDone(_)
        | ItemOutcome::Unknown(_)
        | ItemOutcome::Accepted(_)
        | ItemOutcome::Pending
        | ItemOutcome::Posted(_)
        | ItemOutcome::Rejected(_)
        | ItemOutcome::Absent
        | ItemOutcome::Doubled(_) => None,
    }
}
