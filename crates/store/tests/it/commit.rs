//! Changesets apply whole or not at all, and only if they find what they expect.

use tieout_engine::audit::GENESIS;
use tieout_engine::{Change, DeliveryState, HoldNotice};
use tieout_model::{DeliveryId, DocumentId, Revision, Stamp};
use tieout_store::{
    CommitError, Committed, Conflict, DatabaseUrl, DocumentWord, ExecutionMode, Store,
};

use crate::world::{
    at, capture, fill, flow, hold, hold_of, id, malformed, memory, moved, must, notice, on_each,
    open, opened, posted, queued, run, set, settle, settle_deletion, stamp, submitted,
};

/// Commits a changeset that must conflict, and shows that it left no trace.
async fn conflict(store: &Store, changes: Vec<Change>) -> Conflict {
    let before = store.audit_head().await.unwrap();
    let counts = store.counts().await.unwrap();
    let error = store.commit(set(99, changes)).await.unwrap_err();
    assert_eq!(store.audit_head().await.unwrap(), before);
    assert_eq!(store.counts().await.unwrap(), counts);
    match error {
        CommitError::Conflict(conflict) => conflict,
        other => panic!("no conflict: {other:?}"),
    }
}

#[test]
fn an_empty_changeset_commits_nothing() {
    on_each(async |store: Store| {
        let none = Committed {
            sequence: 0,
            head: GENESIS,
        };
        assert_eq!(must(&store, set(1, Vec::new())).await, none);
        let first = must(&store, queued("a", "E100", 1)).await;
        assert_eq!(first.sequence, 1);
        assert_eq!(must(&store, set(2, Vec::new())).await, first);
    });
}

#[test]
fn a_cursor_moves_only_from_where_it_is_expected() {
    on_each(async |store: Store| {
        let advance = |expected: Option<&str>, next: &str| Change::AdvanceCursor {
            flow: flow(),
            expected: expected.map(str::to_owned),
            next: next.to_owned(),
        };
        assert_eq!(store.cursor(&flow()).await.unwrap(), None);
        conflict(&store, vec![advance(Some("1"), "2")]).await;
        must(&store, set(1, vec![advance(None, "1")])).await;
        let found = conflict(&store, vec![advance(None, "2")]).await;
        assert_eq!(
            found,
            Conflict::Cursor {
                flow: flow(),
                expected: None,
                found: Some("1".to_owned()),
            }
        );
        must(&store, set(2, vec![advance(Some("1"), "2")])).await;
        assert_eq!(store.cursor(&flow()).await.unwrap().as_deref(), Some("2"));
    });
}

#[test]
fn a_changeset_that_conflicts_at_its_end_leaves_no_trace() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        let changes = vec![
            capture("b", "E100", None, "1"),
            open("b", "E100", 0, 2),
            hold("a", true),
            capture("a", "E100", None, "2"),
        ];
        let found = conflict(&store, changes).await;
        assert_eq!(
            found,
            Conflict::Revision {
                document: id("a"),
                expected: None,
                found: Some(Revision::new("1")),
            }
        );
        assert_eq!(store.document("JE-b").await.unwrap(), None);
    });
}

/// The first delivery of document `a`.
fn delivery() -> DeliveryId {
    DeliveryId {
        document: id("a"),
        number: 0,
    }
}

fn refresh(expected: u64, number: u32) -> Change {
    Change::RefreshDelivery {
        id: delivery(),
        expected,
        payload: Box::new(opened("a", "E100", number, 2)),
    }
}

/// Changes of documents that do not fit, and what is wrong with them.
fn misfits_of_documents() -> Vec<(Change, Conflict)> {
    let nobody: DocumentId = id("nobody");
    let unknown = Conflict::UnknownDocument { document: nobody };
    vec![
        (settle("nobody", "1"), unknown.clone()),
        (hold("nobody", true), unknown.clone()),
        (Change::Release { document: nobody }, unknown.clone()),
        (Change::MarkDeleted { document: nobody }, unknown.clone()),
        (open("nobody", "E100", 0, 1), unknown),
        (
            Change::Release { document: id("m") },
            Conflict::Malformed { document: id("m") },
        ),
        (
            settle("a", "2"),
            Conflict::Revision {
                document: id("a"),
                expected: Some(Revision::new("2")),
                found: Some(Revision::new("1")),
            },
        ),
    ]
}

/// Changes of deliveries that do not fit, and what is wrong with them.
fn misfits_of_deliveries() -> Vec<(Change, Conflict)> {
    let id = delivery();
    let second = DeliveryId { number: 1, ..id };
    let conflict = |id, expected, found| Conflict::Delivery {
        id,
        expected,
        found,
    };
    let nobody = DeliveryId {
        document: crate::world::id("nobody"),
        number: 0,
    };
    let mut double = opened("a", "E100", 1, 1);
    double.delivery.marks.stamp = stamp("a", 0);
    vec![
        (open("a", "E100", 0, 1), Conflict::DeliveryExists { id }),
        (
            Change::OpenDelivery(Box::new(double)),
            Conflict::StampTaken {
                id: second,
                stamp: stamp("a", 0),
            },
        ),
        (moved("a", 0, 7, submitted(1)), conflict(id, 7, Some(0))),
        (
            moved("nobody", 0, 0, submitted(1)),
            conflict(nobody, 0, None),
        ),
        (refresh(3, 0), conflict(id, 3, Some(0))),
        (refresh(0, 1), Conflict::OtherDelivery { id, other: second }),
    ]
}

#[test]
fn every_conflict_is_named() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        must(&store, set(1, vec![malformed("m")])).await;
        for (change, expected) in [misfits_of_documents(), misfits_of_deliveries()].concat() {
            assert_eq!(conflict(&store, vec![change]).await, expected);
        }
        must(&store, set(3, vec![moved("a", 0, 0, submitted(9))])).await;
        let touched = conflict(&store, vec![refresh(1, 0)]).await;
        let (id, state) = (delivery(), "submitted".to_owned());
        assert_eq!(touched, Conflict::Touched { id, state });
    });
}

#[test]
fn a_group_commits_each_changeset_by_itself_and_in_order() {
    on_each(async |store: Store| {
        let answers = store
            .commit_many(vec![
                queued("a", "E100", 1),
                set(2, vec![capture("b", "E100", None, "1"), settle("a", "9")]),
                set(2, Vec::new()),
                queued("c", "E100", 3),
            ])
            .await;
        let sequence = |i: usize| answers[i].as_ref().map(|done| done.sequence).ok();
        let found: Vec<_> = (0..4).map(sequence).collect();
        assert_eq!(found, [Some(1), None, Some(1), Some(2)]);
        assert!(matches!(
            answers[1],
            Err(CommitError::Conflict(Conflict::Revision { .. }))
        ));
        assert_eq!(store.document("JE-b").await.unwrap(), None);
        assert_eq!(store.verify_audit(None).await.unwrap().entries, 2);
    });
}

#[test]
fn a_changeset_of_thousands_of_statements_applies_whole_or_not_at_all() {
    on_each(async |store: Store| {
        let one = |i: u32| queued(&format!("d{i}"), "E100", 1).changes;
        let many: Vec<Change> = (0..500).flat_map(one).collect();
        let mut misfit = many.clone();
        misfit.push(settle("d7", "9"));
        let found = conflict(&store, misfit).await;
        assert!(matches!(found, Conflict::Revision { .. }), "{found:?}");
        must(&store, set(1, many)).await;
        assert_eq!(
            store.counts().await.unwrap().documents_in("translated"),
            500
        );
        store.verify_audit(None).await.unwrap();
    });
}

#[test]
fn a_delivery_reads_back_as_it_was_opened_and_counts_its_moves() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        let given = opened("a", "E100", 0, 1);
        let found = store.deliveries_of(id("a")).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].delivery, given.delivery);
        assert_eq!(found[0].payload, given.payload);
        must(&store, set(7, vec![moved("a", 0, 0, posted("a", 0))])).await;
        let found = store.delivery(given.delivery.id).await.unwrap().unwrap();
        assert_eq!(found.delivery.version, 1);
        assert_eq!(found.delivery.state, posted("a", 0));
        assert_eq!(found.delivery.moved_at, at(7));
        assert_eq!(found.delivery.opened_at, at(1));
    });
}

#[test]
fn a_refresh_replaces_the_payload_of_a_rejected_delivery() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        let rejected = DeliveryState::Rejected(tieout_model::Rejection {
            code: "GL-1".to_owned(),
            message: "combination is disabled".to_owned(),
            place: "line 2".to_owned(),
            remedy: "enable it".to_owned(),
        });
        must(&store, set(2, vec![moved("a", 0, 0, rejected)])).await;
        let mut next = opened("a", "E100", 0, 3);
        next.payload = b"another".to_vec();
        next.delivery.crosswalk_version = "v2".to_owned();
        let id = next.delivery.id;
        let refresh = Change::RefreshDelivery {
            id,
            expected: 1,
            payload: Box::new(next),
        };
        must(&store, set(3, vec![refresh])).await;
        let found = store.delivery(id).await.unwrap().unwrap();
        assert_eq!(found.payload, b"another");
        assert_eq!(found.delivery.version, 2);
        assert_eq!(found.delivery.crosswalk_version, "v2");
        assert_eq!(store.verify_audit(None).await.unwrap().entries, 3);
    });
}

#[test]
fn a_refresh_may_change_the_stamp_but_not_take_that_of_another_delivery() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        must(&store, queued("b", "E100", 1)).await;
        let (first, other) = (opened("a", "E100", 0, 2), stamp("b", 0));
        let id = first.delivery.id;
        let restamped = |stamp: &Stamp, expected| {
            let mut next = first.clone();
            next.delivery.marks.stamp = stamp.clone();
            let payload = Box::new(next);
            set(
                3,
                vec![Change::RefreshDelivery {
                    id,
                    expected,
                    payload,
                }],
            )
        };
        let refused = store.commit(restamped(&other, 0)).await;
        let taken = Conflict::StampTaken {
            id,
            stamp: other.clone(),
        };
        assert_eq!(refused, Err(CommitError::Conflict(taken)));
        let own = stamp("elsewhere", 0);
        must(&store, restamped(&own, 0)).await;
        for (stamp, bearer) in [
            (&own, Some("a")),
            (&other, Some("b")),
            (&stamp("a", 0), None),
        ] {
            let found = store.delivery_by_stamp(stamp).await.unwrap();
            let found = found.map(|found| found.delivery.id.document);
            assert_eq!(found, bearer.map(crate::world::id), "{stamp}");
        }
        store.verify_audit(None).await.unwrap();
    });
}

#[test]
fn holds_tell_every_reason_and_end_with_release_revision_or_settlement() {
    on_each(async |store: Store| {
        must(&store, set(1, vec![capture("a", "E100", None, "1")])).await;
        let holds = async || -> (DocumentWord, Vec<HoldNotice>) {
            let detail = store.document("JE-a").await.unwrap().unwrap();
            (detail.row.state, detail.holds)
        };
        let held = (DocumentWord::Held, vec![notice("P0103"), notice("P0104")]);
        let seen = (DocumentWord::Seen, Vec::new());
        let again = capture("a", "E100", Some("1"), "2");
        let endings = [
            ("1", Change::Release { document: id("a") }, &seen),
            ("1", again, &seen),
            ("2", settle("a", "2"), &(DocumentWord::Mapped, Vec::new())),
        ];
        for (revision, ending, expected) in endings {
            must(&store, set(2, vec![hold_of("a", revision, false)])).await;
            assert_eq!(holds().await, held);
            must(&store, set(3, vec![ending])).await;
            assert_eq!(holds().await, *expected);
        }
    });
}

#[test]
fn a_malformed_record_is_held_under_its_name_until_it_comes_in_good_form() {
    on_each(async |store: Store| {
        must(&store, set(1, vec![malformed("a")])).await;
        must(&store, set(2, vec![malformed("a")])).await;
        let detail = store.document("JE-a").await.unwrap().unwrap();
        assert_eq!(detail.row.state, DocumentWord::Held);
        assert_eq!((detail.envelope, detail.holds.len()), (None, 1));
        assert!(store.revisions(&[id("a")]).await.unwrap().is_empty());
        must(&store, set(3, vec![capture("a", "E100", None, "1")])).await;
        assert_eq!(store.to_translate(9, false).await.unwrap().len(), 1);
        must(&store, set(4, vec![settle("a", "1"), malformed("a")])).await;
        assert!(store.revisions(&[id("a")]).await.unwrap().is_empty());
        must(&store, set(5, vec![capture("a", "E100", None, "1")])).await;
        assert_eq!(store.to_translate(9, false).await.unwrap().len(), 1);
        store.verify_audit(None).await.unwrap();
    });
}

#[test]
fn a_hold_decided_on_an_older_revision_does_not_hide_the_newer_one() {
    on_each(async |store: Store| {
        must(&store, set(1, vec![capture("a", "E100", None, "1")])).await;
        must(&store, set(2, vec![capture("a", "E100", Some("1"), "2")])).await;
        let late = store.commit(set(3, vec![hold_of("a", "1", false)])).await;
        assert!(matches!(late, Err(CommitError::Conflict(_))), "{late:?}");
        assert_eq!(store.to_translate(9, false).await.unwrap().len(), 1);
    });
}

#[test]
fn a_deletion_is_dealt_with_only_by_a_settlement_that_saw_it() {
    on_each(async |store: Store| {
        must(&store, set(1, vec![capture("a", "E100", None, "1")])).await;
        let mark = Change::MarkDeleted { document: id("a") };
        must(&store, set(2, vec![mark.clone()])).await;
        // This settlement may come from a pass that read the document before it was deleted.
        must(&store, set(3, vec![settle("a", "1")])).await;
        let waiting = store.to_translate(9, false).await.unwrap();
        assert_eq!(waiting.len(), 1);
        assert!(waiting[0].is_deleted);
        assert_eq!(waiting[0].settled_revision, Some(Revision::new("1")));
        must(&store, set(4, vec![settle_deletion("a", "1"), mark])).await;
        assert!(store.to_translate(9, false).await.unwrap().is_empty());
        let row = store.document("JE-a").await.unwrap().unwrap().row;
        assert_eq!(row.state, DocumentWord::Superseded);
        must(&store, set(5, vec![capture("a", "E100", Some("1"), "2")])).await;
        let known = store.revisions(&[id("a")]).await.unwrap();
        assert!(!known[&id("a")].is_deleted);
        store.verify_audit(None).await.unwrap();
    });
}

#[test]
fn blocking_threads_give_the_same_answers() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::file(folder.path().join("a.db"));
        let store = Store::open(&url, ExecutionMode::Blocking).await.unwrap();
        fill(&store).await;
        let inline = memory().await;
        fill(&inline).await;
        let [a, b] = [store.audit_head().await, inline.audit_head().await];
        assert_eq!(a, b);
        assert_eq!(store.counts().await, inline.counts().await);
        let clones = (0..8).map(|i| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(queued(&format!("n{i}"), "E100", 1)).await })
        });
        for task in clones.collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
        store.verify_audit(None).await.unwrap();
    });
}
