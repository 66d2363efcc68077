//! The transition function of a delivery, state by state and event by event.

use tieout_engine::delivery::{
    DeliveryEvent, DeliveryPolicy, DeliveryRole, Moment, Resolution, is_standing,
};
use tieout_engine::{Change, Delivery, DeliveryState, FlowId, StateWord, settle};
use tieout_model::{
    Acknowledgement, DeliveryId, Digest, DocumentId, DocumentKind, EntityId, FaultClass,
    IdempotencyKey, JobRef, Marks, Rejection, Revision, Stamp, SystemId, Timestamp,
};

const NOW: Timestamp = Timestamp(1_000_000_000);

fn acknowledgement(is_accounted: bool) -> Acknowledgement {
    Acknowledgement {
        stamp: Stamp::read("TIEOUT-1").unwrap(),
        reference: "300".into(),
        number: "B-1".into(),
        period: "Dec-26".into(),
        accounting_date: "2026-12-31".parse().unwrap(),
        currency: "USD".parse().unwrap(),
        total_debit: "1.00".parse().unwrap(),
        is_accounted,
        read_at: NOW,
        evidence: Digest::default(),
    }
}

fn rejection() -> Rejection {
    Rejection {
        code: "X-1".into(),
        message: "no".into(),
        place: String::new(),
        remedy: String::new(),
    }
}

fn delivery(state: DeliveryState) -> Delivery {
    Delivery {
        id: DeliveryId {
            document: DocumentId::from_bytes([1; 16]),
            number: 0,
        },
        flow: FlowId("f".into()),
        role: DeliveryRole::Posting,
        kind: DocumentKind::SupplierInvoice,
        entity: EntityId::new("E100"),
        target: SystemId::new("two"),
        marks: Marks {
            stamp: Stamp::read("TIEOUT-1").unwrap(),
            key: IdempotencyKey::from_text("k"),
        },
        number: "B-1".into(),
        party: String::new(),
        accounting_date: "2026-12-31".parse().unwrap(),
        period: "Dec-26".into(),
        revision: Revision::new("r"),
        crosswalk_version: "v1".into(),
        crosswalk: Digest::default(),
        state,
        version: 7,
        attempts: 3,
        opened_at: NOW,
        moved_at: NOW,
    }
}

fn states() -> Vec<DeliveryState> {
    vec![
        DeliveryState::Queued { not_before: NOW },
        DeliveryState::Leased {
            by: "w".into(),
            until: NOW,
        },
        DeliveryState::Submitted {
            job: JobRef("j".into()),
            poll_at: NOW,
            polls: 0,
        },
        DeliveryState::Uncertain {
            probe_at: NOW,
            absences: 0,
        },
        DeliveryState::Posted(acknowledgement(true)),
        DeliveryState::Rejected(rejection()),
        DeliveryState::Parked("p".into()),
        DeliveryState::Resolved(never_sent()),
    ]
}

fn never_sent() -> Resolution {
    Resolution::NeverSent {
        reason: "entered by mistake".into(),
    }
}

fn events() -> Vec<DeliveryEvent> {
    let not_done = |class| DeliveryEvent::NotDone {
        class,
        retry_after_ms: Some(9_000_000),
    };
    vec![
        DeliveryEvent::Taken { by: "w".into() },
        DeliveryEvent::Accepted(JobRef("j".into())),
        DeliveryEvent::Pending,
        DeliveryEvent::ReadBack(acknowledgement(true)),
        DeliveryEvent::ReadBack(acknowledgement(false)),
        DeliveryEvent::ReadBackOther("other amount".into()),
        DeliveryEvent::Refused(rejection()),
        not_done(FaultClass::Throttled),
        not_done(FaultClass::Incompatible),
        DeliveryEvent::Unknown,
        DeliveryEvent::Absent,
        DeliveryEvent::LeaseExpired,
        DeliveryEvent::Found(Vec::new()),
        DeliveryEvent::Found(vec![acknowledgement(true)]),
        DeliveryEvent::Found(vec![acknowledgement(false)]),
        DeliveryEvent::Found(vec![acknowledgement(true), acknowledgement(true)]),
        DeliveryEvent::Released,
        DeliveryEvent::Resolved(never_sent()),
    ]
}

fn moved(state: DeliveryState, event: DeliveryEvent) -> Option<DeliveryState> {
    let moment = Moment {
        now: NOW,
        jitter: 5,
    };
    match settle(&delivery(state), event, moment, &DeliveryPolicy::default()) {
        Ok(Change::MoveDelivery { expected, next, .. }) => {
            assert_eq!(expected, 7);
            Some(next)
        }
        Ok(other) => panic!("not a move: {other:?}"),
        Err(_) => None,
    }
}

/// One row per state (H: settled by hand), one column per event of [`events`]: the first letter of the next state, `.` if the move is illegal.
#[test]
fn every_state_takes_every_event_as_the_table_says() {
    let expected = [
        ("queued", "L................."),
        ("leased", ".S.PUKRQKUUU...K.."),
        ("submitted", "..SPSKRSSSU.UPSK.."),
        ("uncertain", "..U..K.UUU..UPSK.H"),
        ("posted", ".................."),
        ("rejected", "................QH"),
        ("parked", "................UH"),
        ("resolved", ".................."),
    ];
    let letter = |state: &DeliveryState| match state.word() {
        StateWord::Queued => 'Q',
        StateWord::Leased => 'L',
        StateWord::Submitted => 'S',
        StateWord::Uncertain => 'U',
        StateWord::Posted => 'P',
        StateWord::Rejected => 'R',
        StateWord::Parked => 'K',
        StateWord::Resolved => 'H',
    };
    for (state, (name, row)) in states().into_iter().zip(expected) {
        assert_eq!(state.word().word(), name);
        let found: String = events()
            .into_iter()
            .map(|event| moved(state.clone(), event).map_or('.', |next| letter(&next)))
            .collect();
        assert_eq!(found, row, "{name}");
    }
}

#[test]
fn nothing_unanswered_is_sent_again_before_it_was_looked_for_often_enough() {
    let policy = DeliveryPolicy::default();
    let mut state = moved(states()[1].clone(), DeliveryEvent::Unknown).unwrap();
    for absence in 1..=policy.absences_needed {
        assert_eq!(state.word(), StateWord::Uncertain);
        if absence > 1 {
            // Absences are spaced out: replicas lag.
            assert_eq!(
                state.due_at(),
                Some(NOW.plus_millis(policy.probe_spacing_ms))
            );
        }
        state = moved(state, DeliveryEvent::Found(Vec::new())).unwrap();
    }
    assert_eq!(state.word(), StateWord::Queued);
}

#[test]
fn what_stands_in_the_target_and_is_never_posted_there_ends_with_a_person() {
    let unposted = DeliveryEvent::Found(vec![acknowledgement(false)]);
    let (mut state, mut last, mut waited_ms) = (states()[3].clone(), None, 0);
    let why = loop {
        match moved(state, unposted.clone()).unwrap() {
            DeliveryState::Parked(why) => break why,
            next => {
                assert!(matches!(&next, DeliveryState::Submitted { job, .. } if is_standing(job)));
                waited_ms += next.due_at().unwrap().millis() - NOW.millis();
                last = Some(next.clone());
                state = next;
            }
        }
    };
    assert!(why.contains("post it there"), "{why}");
    // Not at once, and within a day.
    assert!(
        (6 * 3_600_000..20 * 3_600_000).contains(&waited_ms),
        "{waited_ms}"
    );
    let state = last.unwrap();
    // Once it is posted it counts, and if it vanished it is not sent again before it was looked for often enough.
    let posted = DeliveryEvent::Found(vec![acknowledgement(true)]);
    assert_eq!(
        moved(state.clone(), posted).unwrap().word(),
        StateWord::Posted
    );
    let vanished = moved(state, DeliveryEvent::Found(Vec::new())).unwrap();
    assert!(matches!(
        vanished,
        DeliveryState::Uncertain { absences: 0, .. }
    ));
}

#[test]
fn a_job_whose_row_is_not_posted_is_asked_about_a_while_and_then_looked_up() {
    let unposted = DeliveryEvent::ReadBack(acknowledgement(false));
    let mut state = states()[2].clone();
    let mut questions = 0;
    loop {
        state = moved(state, unposted.clone()).unwrap();
        let DeliveryState::Submitted { job, .. } = &state else {
            panic!("not asked about any more: {state:?}");
        };
        if is_standing(job) {
            break;
        }
        questions += 1;
    }
    assert_eq!(questions, 20);
}

#[test]
fn a_wait_that_the_other_side_asked_for_is_kept() {
    let event = DeliveryEvent::NotDone {
        class: FaultClass::Throttled,
        retry_after_ms: Some(9_000_000),
    };
    let next = moved(states()[1].clone(), event).unwrap();
    assert_eq!(next.due_at(), Some(NOW.plus_millis(9_000_000)));
}

#[test]
fn states_survive_storage() {
    for state in states() {
        assert_eq!(DeliveryState::decode(&state.encode()).unwrap(), state);
    }
}
