//! Claims: due, fair, in order, never twice.

use tieout_engine::{DeliveryState, StateWord};
use tieout_model::{DocumentKind, SystemId};
use tieout_store::{LeaseRequest, Store};

use crate::world::{
    TARGET, at, file, id, moved, must, on_each, open, opened, posted, queued, run, set, want,
};

async fn take(store: &Store, want: &LeaseRequest) -> Vec<String> {
    let leased = store.lease(want).await.unwrap();
    let name = |d: &tieout_engine::Delivery| format!("{}.{}", d.number, d.id.number);
    leased.iter().map(|found| name(&found.delivery)).collect()
}

#[test]
fn a_lease_moves_counts_and_is_audited() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 5)).await;
        assert!(store.lease(&want(4, 9)).await.unwrap().is_empty());
        assert_eq!(store.audit_head().await.unwrap().sequence, 1);
        let leased = store.lease(&want(5, 9)).await.unwrap();
        assert_eq!(leased.len(), 1);
        let delivery = &leased[0].delivery;
        assert_eq!((delivery.version, delivery.attempts), (1, 1));
        let until = at(5).plus_millis(want(5, 1).lease_ms);
        let by = "w1".to_owned();
        assert_eq!(delivery.state, DeliveryState::Leased { by, until });
        assert_eq!(leased[0].payload, opened("a", "E100", 0, 5).payload);
        assert_eq!(store.deliveries_of(id("a")).await.unwrap(), leased);
        assert!(store.lease(&want(5, 9)).await.unwrap().is_empty());
        assert_eq!(store.audit_head().await.unwrap().sequence, 2);
        store.verify_audit(None).await.unwrap();
    });
}

#[test]
fn entities_take_turns_and_each_ones_oldest_goes_first() {
    on_each(async |store: Store| {
        for i in 0..5 {
            must(&store, queued(&format!("flood{i}"), "E100", 10 - i)).await;
        }
        must(&store, queued("few", "E200", 20)).await;
        must(&store, queued("one", "E300", 30)).await;
        let first = take(&store, &want(40, 4)).await;
        let expected = ["JE-flood4.0", "JE-few.0", "JE-one.0", "JE-flood3.0"];
        assert_eq!(first, expected);
        let rest = take(&store, &want(40, 9)).await;
        assert_eq!(rest, ["JE-flood2.0", "JE-flood1.0", "JE-flood0.0"]);
    });
}

#[test]
fn five_thousand_queued_by_one_entity_do_not_delay_the_few_of_another() {
    on_each(async |store: Store| {
        for i in 0..50 {
            let one = |j| queued(&format!("flood{i}x{j}"), "E100", 1).changes;
            must(&store, set(1, (0..100).flat_map(one).collect())).await;
        }
        for i in 0..3 {
            must(&store, queued(&format!("few{i}"), "E200", 20)).await;
        }
        let first = take(&store, &want(40, 10)).await;
        let few = first.iter().filter(|name| name.starts_with("JE-few"));
        assert_eq!((first.len(), few.count()), (10, 3));
    });
}

#[test]
fn a_later_delivery_waits_until_all_earlier_ones_are_posted() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        let more = vec![open("a", "E100", 1, 1), open("a", "E100", 2, 1)];
        must(&store, set(1, more)).await;
        assert_eq!(take(&store, &want(5, 9)).await, ["JE-a.0"]);
        assert_eq!(
            store.next_due().await.unwrap(),
            Some(at(5).plus_millis(want(5, 1).lease_ms))
        );
        assert!(take(&store, &want(6, 9)).await.is_empty());
        must(&store, set(7, vec![moved("a", 0, 1, posted("a", 0))])).await;
        assert_eq!(store.next_due().await.unwrap(), Some(at(1)));
        assert_eq!(take(&store, &want(8, 9)).await, ["JE-a.1"]);
        must(&store, set(9, vec![moved("a", 1, 1, posted("a", 1))])).await;
        assert_eq!(take(&store, &want(9, 9)).await, ["JE-a.2"]);
    });
}

#[test]
fn an_earlier_delivery_that_stopped_blocks_the_later_ones() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        must(&store, set(1, vec![open("a", "E100", 1, 1)])).await;
        let parked = DeliveryState::Parked("look".to_owned());
        must(&store, set(2, vec![moved("a", 0, 0, parked)])).await;
        assert!(take(&store, &want(9, 9)).await.is_empty());
        assert_eq!(store.next_due().await.unwrap(), None);
    });
}

#[test]
fn only_the_wanted_kind_and_target_are_taken() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        let all = want(9, 9);
        let other_kind = LeaseRequest {
            kind: Some(DocumentKind::SupplierInvoice),
            ..all.clone()
        };
        let other_target = LeaseRequest {
            target: Some(SystemId::new("intacct")),
            ..all.clone()
        };
        for none in [other_kind, other_target] {
            assert!(take(&store, &none).await.is_empty());
        }
        let exact = LeaseRequest {
            kind: Some(DocumentKind::JournalEntry),
            target: Some(SystemId::new(TARGET)),
            ..all
        };
        assert_eq!(take(&store, &exact).await, ["JE-a.0"]);
    });
}

#[test]
fn a_lease_that_ran_out_is_due_and_not_leased_again() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        take(&store, &want(1, 9)).await;
        let due = async |second| {
            let due = store.due(at(second), StateWord::Leased, 9).await.unwrap();
            due.len()
        };
        assert_eq!(due(8).await, 0);
        assert_eq!(due(9).await, 1);
        assert!(take(&store, &want(500, 9)).await.is_empty());
    });
}

#[test]
fn two_stores_on_one_file_never_lease_the_same_delivery() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (first, second) = (file(&path).await, file(&path).await);
        for i in 0..40 {
            must(&first, queued(&format!("d{i:02}"), "E100", 1)).await;
        }
        let mut taken = Vec::new();
        for round in 0..14 {
            let store = if round % 2 == 0 { &first } else { &second };
            taken.extend(take(store, &want(2, 3)).await);
        }
        let mut unique = taken.clone();
        unique.sort();
        unique.dedup();
        assert_eq!((taken.len(), unique.len()), (40, 40));
        second.verify_audit(None).await.unwrap();
    });
}
