//! The one transition function of a delivery. Illegal moves are values.

use tieout_model::{Acknowledgement, DocumentKind, FaultClass, JobRef};

use crate::change::Change;
use crate::delivery::backoff::wait_ms;
use crate::delivery::{
    Delivery, DeliveryEvent, DeliveryPolicy, DeliveryState, IllegalMove, Moment, STANDING_JOB,
    is_standing,
};

/// The change that `event` makes to `delivery`.
///
/// # Errors
/// [`IllegalMove`] if the state does not allow the event; nothing is to be done then.
pub fn settle(
    delivery: &Delivery,
    event: DeliveryEvent,
    at: Moment,
    policy: &DeliveryPolicy,
) -> Result<Change, IllegalMove> {
    let attempts = match event {
        DeliveryEvent::Taken { .. } => delivery.attempts.saturating_add(1),
        DeliveryEvent::Released => 0,
        DeliveryEvent::Accepted(_)
        | DeliveryEvent::Pending
        | DeliveryEvent::ReadBack(_)
        | DeliveryEvent::ReadBackOther(_)
        | DeliveryEvent::Refused(_)
        | DeliveryEvent::NotDone { .. }
        | DeliveryEvent::Unknown
        | DeliveryEvent::Absent
        | DeliveryEvent::LeaseExpired
        | DeliveryEvent::Found(_)
        | DeliveryEvent::Resolved(_) => delivery.attempts,
    };
    if let DeliveryEvent::ReadBackOther(why) = &event
        && delivery.state.is_open()
        && !matches!(delivery.state, DeliveryState::Queued { .. })
    {
        let next = DeliveryState::Parked(why.clone());
        let (id, expected) = (delivery.id, delivery.version);
        return Ok(Change::MoveDelivery {
            id,
            expected,
            next,
            attempts,
        });
    }
    let next = match &delivery.state {
        DeliveryState::Queued { .. } => from_queued(&event, at, policy),
        DeliveryState::Leased { .. } => from_leased(delivery, &event, at, policy),
        DeliveryState::Submitted { .. } => from_submitted(delivery, &event, at, policy),
        DeliveryState::Uncertain { absences, .. } => {
            from_uncertain(delivery, *absences, &event, at, policy)
        }
        DeliveryState::Rejected(_) | DeliveryState::Parked(_) => from_stopped(delivery, &event, at),
        DeliveryState::Posted(_) | DeliveryState::Resolved(_) => None,
    };
    let next = next.ok_or_else(|| IllegalMove {
        id: delivery.id,
        state: delivery.state.word().word(),
        event: format!("{event:?}").chars().take(60).collect(),
    })?;
    Ok(Change::MoveDelivery {
        id: delivery.id,
        expected: delivery.version,
        next,
        attempts,
    })
}

fn from_queued(
    event: &DeliveryEvent,
    at: Moment,
    policy: &DeliveryPolicy,
) -> Option<DeliveryState> {
    let DeliveryEvent::Taken { by } = event else {
        return None;
    };
    Some(DeliveryState::Leased {
        by: by.clone(),
        until: at.now.plus_millis(policy.lease_ms),
    })
}

fn from_leased(
    delivery: &Delivery,
    event: &DeliveryEvent,
    at: Moment,
    policy: &DeliveryPolicy,
) -> Option<DeliveryState> {
    let next = match event {
        DeliveryEvent::Accepted(job) => DeliveryState::Submitted {
            job: job.clone(),
            poll_at: at.now.plus_millis(policy.poll_first_ms),
            polls: 0,
        },
        DeliveryEvent::ReadBack(ack) => read_back(ack).unwrap_or_else(|| probe(at, policy, 0)),
        DeliveryEvent::Refused(rejection) => DeliveryState::Rejected(rejection.clone()),
        DeliveryEvent::NotDone {
            class,
            retry_after_ms,
        } => again(delivery, *class, *retry_after_ms, at, policy),
        DeliveryEvent::Unknown | DeliveryEvent::Absent | DeliveryEvent::LeaseExpired => {
            probe(at, policy, 0)
        }
        DeliveryEvent::Found(rows) if rows.len() > 1 => several(rows),
        DeliveryEvent::Taken { .. }
        | DeliveryEvent::Pending
        | DeliveryEvent::ReadBackOther(_)
        | DeliveryEvent::Found(_)
        | DeliveryEvent::Released
        | DeliveryEvent::Resolved(_) => return None,
    };
    Some(next)
}

fn from_submitted(
    delivery: &Delivery,
    event: &DeliveryEvent,
    at: Moment,
    policy: &DeliveryPolicy,
) -> Option<DeliveryState> {
    let DeliveryState::Submitted { job, polls, .. } = &delivery.state else {
        return None;
    };
    let polls = polls.saturating_add(1);
    let later = || later(job, polls, at, policy);
    // It stands there and does not count: from now on it is looked up, less and less often.
    let shown = |ack: &Acknowledgement| {
        read_back(ack).unwrap_or_else(|| {
            if is_standing(job) || polls <= POLLS_OF_A_ROW {
                later()
            } else {
                standing(at, policy)
            }
        })
    };
    let next = match event {
        DeliveryEvent::Pending | DeliveryEvent::NotDone { .. } | DeliveryEvent::Unknown => later(),
        DeliveryEvent::ReadBack(ack) => shown(ack),
        DeliveryEvent::Refused(rejection) => DeliveryState::Rejected(rejection.clone()),
        DeliveryEvent::Absent => probe(at, policy, 0),
        DeliveryEvent::Found(rows) => match rows.as_slice() {
            [] => probe(at, policy, 0),
            [ack] => shown(ack),
            many => several(many),
        },
        DeliveryEvent::Taken { .. }
        | DeliveryEvent::Accepted(_)
        | DeliveryEvent::ReadBackOther(_)
        | DeliveryEvent::LeaseExpired
        | DeliveryEvent::Released
        | DeliveryEvent::Resolved(_) => return None,
    };
    Some(next)
}

fn from_uncertain(
    delivery: &Delivery,
    absences: u32,
    event: &DeliveryEvent,
    at: Moment,
    policy: &DeliveryPolicy,
) -> Option<DeliveryState> {
    let kind = delivery.kind;
    let next = match event {
        DeliveryEvent::Found(rows) => match rows.as_slice() {
            [] => {
                let absences = absences.saturating_add(1);
                if is_proven(kind, absences, policy) && delivery.attempts >= policy.attempts_max {
                    DeliveryState::Parked(format!(
                        "it was sent {} times and never appeared, without a word why; look at the target's import reports and release it",
                        delivery.attempts
                    ))
                } else if is_proven(kind, absences, policy) {
                    DeliveryState::Queued { not_before: at.now }
                } else {
                    look_again(kind, at, policy, absences)
                }
            }
            [ack] => read_back(ack).unwrap_or_else(|| standing(at, policy)),
            many => several(many),
        },
        DeliveryEvent::NotDone { .. } | DeliveryEvent::Unknown | DeliveryEvent::Pending => {
            look_again(kind, at, policy, absences)
        }
        DeliveryEvent::Resolved(how) => DeliveryState::Resolved(how.clone()),
        DeliveryEvent::Taken { .. }
        | DeliveryEvent::Accepted(_)
        | DeliveryEvent::ReadBack(_)
        | DeliveryEvent::ReadBackOther(_)
        | DeliveryEvent::Refused(_)
        | DeliveryEvent::Absent
        | DeliveryEvent::LeaseExpired
        | DeliveryEvent::Released => return None,
    };
    Some(next)
}

fn several(rows: &[Acknowledgement]) -> DeliveryState {
    let references: Vec<&str> = rows.iter().map(|ack| ack.reference.as_str()).collect();
    DeliveryState::Parked(format!(
        "the target shows {} documents with this stamp ({}); a person must take the extra ones back",
        rows.len(),
        references.join(", "),
    ))
}

/// It stands there but does not count yet. It may be posted any moment, or never, if its period was closed meanwhile.
fn standing(at: Moment, policy: &DeliveryPolicy) -> DeliveryState {
    DeliveryState::Submitted {
        job: JobRef(STANDING_JOB.to_owned()),
        poll_at: at.now.plus_millis(policy.probe_spacing_ms),
        polls: 0,
    }
}

/// Questions about a job that shows a row which does not count yet, before the row is looked up instead.
const POLLS_OF_A_ROW: u32 = 20;
/// After so many questions about a job in vain the wait between two of them grows: an import that took hours may take some minutes more.
const POLLS_OF_A_STRETCH: u32 = 30;
/// It grows to so many times the longest wait.
const PATIENCE_MAX: u32 = 5;
/// Look-ups of a row that stands and does not count, before a person must look: with the default spacing that is ten hours.
const LOOKS_MAX: u32 = 24;
/// The wait between two of them doubles so often.
const LOOK_DOUBLINGS_MAX: u32 = 5;

/// The next question about a job, or a person if there were enough of them.
fn later(job: &JobRef, polls: u32, at: Moment, policy: &DeliveryPolicy) -> DeliveryState {
    if is_standing(job) && polls > LOOKS_MAX {
        return DeliveryState::Parked(format!(
            "it stands in the target and is not posted there after {polls} look-ups; post it there (its period may be closed), then release it"
        ));
    }
    if polls > policy.polls_max {
        return DeliveryState::Parked(format!(
            "the target has worked on it for {polls} questions without an end; look at its job and release it"
        ));
    }
    let wait = if is_standing(job) {
        let doublings = polls.min(LOOK_DOUBLINGS_MAX);
        policy.probe_spacing_ms.saturating_mul(1 << doublings)
    } else {
        let patience = i64::from((polls / POLLS_OF_A_STRETCH).min(PATIENCE_MAX - 1)) + 1;
        let longest = policy.poll_max_ms.saturating_mul(patience);
        wait_ms(polls.min(20), 100, longest, at.jitter)
    };
    DeliveryState::Submitted {
        job: job.clone(),
        poll_at: at.now.plus_millis(wait),
        polls,
    }
}

/// True for documents that the target would take twice without a word: nothing there is unique about them but our stamp.
const fn is_unguarded(kind: DocumentKind) -> bool {
    matches!(kind, DocumentKind::JournalEntry)
}

/// True if so many absences in a row prove that nothing was done.
fn is_proven(kind: DocumentKind, absences: u32, policy: &DeliveryPolicy) -> bool {
    let needed = if is_unguarded(kind) {
        policy.absences_needed_unguarded
    } else {
        policy.absences_needed
    };
    absences >= needed
}

/// The next look-up. One absence says little where an import may still run, so there each wait doubles.
fn look_again(
    kind: DocumentKind,
    at: Moment,
    policy: &DeliveryPolicy,
    absences: u32,
) -> DeliveryState {
    let doublings = if is_unguarded(kind) {
        absences.min(20)
    } else {
        0
    };
    let wait = policy.probe_spacing_ms.saturating_mul(1 << doublings);
    DeliveryState::Uncertain {
        probe_at: at.now.plus_millis(wait),
        absences,
    }
}

/// A rejected delivery was surely not done and may be sent again. A parked one may have been done: it is looked up first.
fn from_stopped(delivery: &Delivery, event: &DeliveryEvent, at: Moment) -> Option<DeliveryState> {
    match (event, &delivery.state) {
        (DeliveryEvent::Released, DeliveryState::Rejected(_)) => {
            Some(DeliveryState::Queued { not_before: at.now })
        }
        (DeliveryEvent::Released, _) => Some(DeliveryState::Uncertain {
            probe_at: at.now,
            absences: 0,
        }),
        (DeliveryEvent::Resolved(how), _) => Some(DeliveryState::Resolved(how.clone())),
        _ => None,
    }
}

fn read_back(ack: &Acknowledgement) -> Option<DeliveryState> {
    ack.is_accounted.then(|| DeliveryState::Posted(ack.clone()))
}

fn probe(at: Moment, policy: &DeliveryPolicy, absences: u32) -> DeliveryState {
    DeliveryState::Uncertain {
        probe_at: at.now.plus_millis(policy.probe_spacing_ms),
        absences,
    }
}

fn again(
    delivery: &Delivery,
    class: FaultClass,
    retry_after_ms: Option<u64>,
    at: Moment,
    policy: &DeliveryPolicy,
) -> DeliveryState {
    if class == FaultClass::Incompatible {
        let why = "the target answers something this version does not understand; nothing was sent";
        return DeliveryState::Parked(why.to_owned());
    }
    // Being asked to wait, or a credential that was refused, is no failure of the document: only real attempts count towards a person's
    // attention.
    let is_waiting = matches!(
        class,
        FaultClass::Throttled | FaultClass::Unavailable | FaultClass::Unauthorised
    );
    if delivery.attempts >= policy.attempts_max && !is_waiting {
        return DeliveryState::Parked(format!(
            "{} attempts failed ({}); nothing was sent",
            delivery.attempts,
            class.word()
        ));
    }
    let first = policy.backoff_first_ms;
    let wait = wait_ms(delivery.attempts, first, policy.backoff_max_ms, at.jitter);
    let asked = retry_after_ms
        .and_then(|ms| i64::try_from(ms).ok())
        .unwrap_or(0);
    DeliveryState::Queued {
        not_before: at.now.plus_millis(wait.max(asked)),
    }
}
