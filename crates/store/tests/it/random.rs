//! Whatever is committed in whatever order, the log explains every row, and a conflict changes nothing.

use proptest::prelude::*;
use tieout_engine::{Change, Changeset, DeliveryState};
use tieout_model::DeliveryId;
use tieout_store::{CommitError, Store};

use crate::world::{
    at, capture, hold, id, malformed, memory, moved, open, opened, posted, queued, run, served,
    set, settle, submitted, want,
};

/// What is tried, as numbers: kind of change, document, and a choice.
type Step = (u8, u8, u8);

fn key(document: u8) -> &'static str {
    ["a", "b", "c"][usize::from(document % 3)]
}

/// The change that a step means, given what is stored, so that most of them succeed.
async fn change(store: &Store, (kind, document, choice): Step) -> Change {
    let key = key(document);
    let known = store.revisions(&[id(key)]).await.unwrap();
    let revision = known.get(&id(key)).map(|known| known.revision.as_str());
    let deliveries = store.deliveries_of(id(key)).await.unwrap();
    let count = u32::try_from(deliveries.len()).unwrap();
    let chosen = deliveries.get(usize::from(choice) % deliveries.len().max(1));
    let (number, version) = chosen.map_or((0, 0), |found| {
        (found.delivery.id.number, found.delivery.version)
    });
    let next = match choice % 5 {
        0 => posted(key, number),
        1 => submitted(i64::from(choice)),
        2 => DeliveryState::Parked("look".to_owned()),
        3 => DeliveryState::Uncertain {
            probe_at: at(9),
            absences: 1,
        },
        _ => DeliveryState::Queued { not_before: at(3) },
    };
    match kind % 9 {
        0 => {
            let next = (choice % 3).to_string();
            let entity = ["E100", "E200"][usize::from(choice % 2)];
            capture(key, entity, revision, &next)
        }
        1 => settle(key, revision.unwrap_or("0")),
        2 => hold(key, choice % 2 == 0),
        3 => Change::Release { document: id(key) },
        4 => Change::MarkDeleted { document: id(key) },
        5 => malformed(key),
        6 => open(key, "E100", count, i64::from(choice)),
        7 => moved(key, number, version, next),
        _ => Change::RefreshDelivery {
            id: DeliveryId {
                document: id(key),
                number,
            },
            expected: version,
            payload: Box::new(opened(key, "E200", number, i64::from(choice))),
        },
    }
}

async fn check(store: Store, steps: &[Step]) -> u64 {
    let mut done = 0;
    for (second, step) in (1..).zip(steps) {
        let made = change(&store, *step).await;
        let before = store.audit_head().await.unwrap();
        match store.commit(set(second, vec![made])).await {
            Ok(_) => done += 1,
            Err(CommitError::Conflict(_)) => {
                assert_eq!(store.audit_head().await.unwrap(), before);
            }
            Err(other) => panic!("{step:?}: {other:?}"),
        }
        if second % 4 == 0 {
            store.lease(&want(second, 2)).await.unwrap();
        }
        let counts = store.counts().await.unwrap();
        let listed = store.documents(&Default::default()).await.unwrap();
        let total = counts.documents.values().sum::<u64>();
        assert_eq!(usize::try_from(total).unwrap(), listed.len());
    }
    store.verify_audit(None).await.unwrap();
    done
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_log_explains_every_row(steps in prop::collection::vec(any::<Step>(), 1..40)) {
        run(async { check(memory().await, &steps).await });
    }

    #[test]
    fn a_group_equals_the_same_changesets_one_by_one(
        kinds in prop::collection::vec(0_u8..6, 1..20)
    ) {
        run(async {
            let sets: Vec<Changeset> = (1..).zip(&kinds).map(|(second, kind)| match kind {
                0 | 1 => queued(key(*kind), "E100", second),
                2 => set(second, vec![capture("a", "E100", Some("1"), "2"), hold("b", true)]),
                3 => set(second, vec![hold("a", false), settle("b", "1")]),
                4 => set(second, vec![moved("a", 0, 0, submitted(second))]),
                _ => set(second, vec![malformed("c"), settle("a", "2")]),
            }).collect();
            let (one, many) = (memory().await, memory().await);
            let grouped = many.commit_many(sets.clone()).await;
            for (set, grouped) in sets.into_iter().zip(grouped) {
                assert_eq!(one.commit(set).await, grouped);
            }
            assert_eq!(one.audit_head().await, many.audit_head().await);
            many.verify_audit(None).await.unwrap();
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_log_explains_every_row_on_a_server(steps in prop::collection::vec(any::<Step>(), 1..40)) {
        run(async { check(served().await, &steps).await });
    }
}

#[test]
fn most_steps_of_a_long_walk_succeed() {
    let walk = (0..200_u32).map(|i| {
        let mixed = i.wrapping_mul(2_654_435_761).to_be_bytes();
        (mixed[0], mixed[1], mixed[2])
    });
    let walk: Vec<Step> = walk.collect();
    let done = run(async { check(memory().await, &walk).await });
    assert!(done > 100, "only {done} steps of 200 succeeded");
    let served = run(async { check(served().await, &walk).await });
    assert_eq!(served, done);
}
