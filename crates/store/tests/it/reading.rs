//! Reads answer what was committed.

use tieout_engine::StateWord;
use tieout_model::{EntityId, NaturalKey, SystemId};
use tieout_store::{DocumentFilter, DocumentWord, Store};

use crate::world::{
    SOURCE, at, capture, envelope, fill, hold, id, moved, must, on_each, open, posted, queued, set,
    settle, stamp, submitted, want,
};

async fn words(store: &Store, filter: DocumentFilter) -> Vec<(String, DocumentWord)> {
    let rows = store.documents(&filter).await.unwrap();
    rows.into_iter()
        .map(|row| (row.number, row.state))
        .collect()
}

#[test]
fn every_document_is_listed_in_the_words_of_people() {
    on_each(async |store: Store| {
        fill(&store).await;
        let all = words(&store, DocumentFilter::default()).await;
        let expected = [
            ("JE-a", DocumentWord::Queued),
            ("JE-b", DocumentWord::Seen),
            ("JE-c", DocumentWord::Queued),
            ("JE-d", DocumentWord::Held),
            ("JE-e", DocumentWord::Held),
            ("JE-f", DocumentWord::Held),
            ("JE-g", DocumentWord::Held),
            ("JE-h", DocumentWord::Seen),
        ];
        let expected = expected.map(|(number, word)| (number.to_owned(), word));
        assert_eq!(all, expected);
        let counted = store.word_counts().await.unwrap();
        assert_eq!(counted[&DocumentWord::Held], 4);
        assert_eq!(counted.values().sum::<u64>(), 8);
    });
}

#[test]
fn a_document_goes_through_its_words() {
    on_each(async |store: Store| {
        let word = async || words(&store, DocumentFilter::default()).await[0].1;
        must(&store, set(1, vec![capture("a", "E100", None, "1")])).await;
        assert_eq!(word().await, DocumentWord::Seen);
        must(&store, set(2, vec![settle("a", "1")])).await;
        assert_eq!(word().await, DocumentWord::Mapped);
        must(&store, set(3, vec![open("a", "E100", 0, 3)])).await;
        assert_eq!(word().await, DocumentWord::Queued);
        store.lease(&want(3, 1)).await.unwrap();
        assert_eq!(word().await, DocumentWord::Sent);
        must(&store, set(4, vec![moved("a", 0, 1, submitted(9))])).await;
        assert_eq!(word().await, DocumentWord::Acknowledged);
        must(&store, set(5, vec![moved("a", 0, 2, posted("a", 0))])).await;
        assert_eq!(word().await, DocumentWord::Accounted);
        let reversal = vec![open("a", "E100", 1, 6), moved("a", 1, 0, posted("a", 1))];
        must(&store, set(6, reversal)).await;
        assert_eq!(word().await, DocumentWord::Reversed);
    });
}

#[test]
fn lists_are_filtered_and_paged() {
    on_each(async |store: Store| {
        fill(&store).await;
        let numbers = async |filter: DocumentFilter| -> String {
            let rows = store.documents(&filter).await.unwrap();
            rows.iter()
                .map(|row| row.number.replace("JE-", ""))
                .collect()
        };
        let all = DocumentFilter::default();
        let entity = DocumentFilter {
            entity: Some(EntityId::new("E200")),
            ..all.clone()
        };
        assert_eq!(numbers(entity).await, "efh");
        let states = DocumentFilter {
            states: vec![DocumentWord::Held, DocumentWord::Queued],
            ..all.clone()
        };
        assert_eq!(numbers(states.clone()).await, "acdefg");
        let next = DocumentFilter {
            after: Some(id("d")),
            limit: 2,
            ..states
        };
        assert_eq!(numbers(next).await, "ef");
        let number = DocumentFilter {
            number: Some("JE-b".to_owned()),
            ..all
        };
        assert_eq!(numbers(number).await, "b");
    });
}

#[test]
fn a_document_is_found_by_id_stamp_and_number() {
    on_each(async |store: Store| {
        fill(&store).await;
        for name in [
            id("a").to_string(),
            stamp("a", 1).to_string(),
            "JE-a".to_owned(),
        ] {
            let detail = store.document(&name).await.unwrap().unwrap();
            assert_eq!(detail.row.id, id("a"));
            assert_eq!(detail.deliveries.len(), 2);
            assert_eq!(detail.envelope, Some(envelope("a", "E100", "1")));
            assert!(detail.is_deleted);
        }
        assert_eq!(store.document("nothing").await.unwrap(), None);
        let held = store.document("JE-e").await.unwrap().unwrap();
        assert_eq!(held.row.reason, "P0103 line 2: account 4711 is not mapped");
        assert_eq!(held.row.since, at(8));
    });
}

#[test]
fn keys_and_aliases_lead_to_their_document() {
    on_each(async |store: Store| {
        fill(&store).await;
        let find = async |company: &str, key: &str| {
            let key = NaturalKey::new(key);
            let system = SystemId::new(SOURCE);
            store.document_by_key(&system, company, &key).await.unwrap()
        };
        assert_eq!(find("ACME", "a").await, Some(id("a")));
        assert_eq!(find("ACME", "alias-a").await, Some(id("a")));
        assert_eq!(find("OTHER", "alias-a").await, None);
        assert_eq!(find("ACME", "z").await, None);
    });
}

#[test]
fn translation_gets_captured_documents_in_order_and_transient_ones_in_turn() {
    on_each(async |store: Store| {
        for key in ["a", "b", "c", "d"] {
            must(&store, set(1, vec![capture(key, "E100", None, "1")])).await;
        }
        must(&store, set(2, vec![hold("b", true)])).await;
        must(&store, set(3, vec![hold("a", true), hold("d", false)])).await;
        let keys = async |limit, include| -> String {
            let found = store.to_translate(limit, include).await.unwrap();
            let number =
                |found: &tieout_store::StoredDocument| found.envelope.number.replace("JE-", "");
            found.iter().map(number).collect()
        };
        assert_eq!(keys(9, false).await, "c");
        assert_eq!(keys(9, true).await, "cba");
        assert_eq!(keys(2, true).await, "cb");
        must(&store, set(4, vec![hold("b", true)])).await;
        assert_eq!(keys(2, true).await, "ca");
    });
}

#[test]
fn what_is_due_comes_by_state_and_time() {
    on_each(async |store: Store| {
        assert_eq!(store.next_due().await.unwrap(), None);
        for key in ["a", "b", "c"] {
            must(&store, queued(key, "E100", 1)).await;
        }
        let moves = vec![
            moved("a", 0, 0, submitted(30)),
            moved("b", 0, 0, submitted(20)),
            moved("c", 0, 0, posted("c", 0)),
        ];
        must(&store, set(2, moves)).await;
        assert_eq!(store.next_due().await.unwrap(), Some(at(20)));
        let due = async |second, limit| -> String {
            let now = at(second);
            let due = store.due(now, StateWord::Submitted, limit).await.unwrap();
            due.iter()
                .map(|found| found.delivery.number.replace("JE-", ""))
                .collect()
        };
        assert_eq!(due(19, 9).await, "");
        assert_eq!(due(20, 9).await, "b");
        assert_eq!(due(30, 9).await, "ba");
        assert_eq!(due(30, 1).await, "b");
    });
}

#[test]
fn posted_deliveries_are_streamed_page_by_page_without_loss() {
    on_each(async |store: Store| {
        let key = |i: usize| format!("k{i:04}");
        let sets = (0..1234).map(|i| {
            let entity = if i % 5 == 0 { "E200" } else { "E100" };
            let mut set = queued(&key(i), entity, 1);
            let state = posted(&key(i), 0);
            if i % 7 != 0 {
                set.changes.push(moved(&key(i), 0, 0, state));
            }
            set
        });
        for answer in store.commit_many(sets.collect()).await {
            answer.unwrap();
        }
        let stream = async |through: &str| {
            let mut found = Vec::new();
            let entity = EntityId::new("E100");
            let mut each = |posted: tieout_store::PostedDelivery| {
                assert_eq!(posted.envelope.id(), posted.delivery.id.document);
                found.push(posted.delivery.number);
            };
            let through = through.parse().unwrap();
            store.posted_of(&entity, through, &mut each).await.unwrap();
            found
        };
        let expected = (0..1234).filter(|i| i % 5 != 0 && i % 7 != 0);
        let expected: Vec<_> = expected.map(|i| format!("JE-{}", key(i))).collect();
        assert_eq!(stream("2026-01-15").await, expected);
        assert!(stream("2026-01-14").await.is_empty());
    });
}

#[test]
fn findings_and_counts_read_back() {
    on_each(async |store: Store| {
        fill(&store).await;
        let breaks = store.breaks(None, Some("2026-01"), 9).await.unwrap();
        assert_eq!(breaks.len(), 1);
        assert_eq!(breaks[0].record.summary, "0.01 USD");
        let traced = store.break_trace(breaks[0].number).await.unwrap();
        assert_eq!(traced, Some(crate::world::trace()));
        assert_eq!(store.break_trace(99).await.unwrap(), None);
        let other = EntityId::new("E200");
        assert!(
            store
                .breaks(Some(&other), None, 9)
                .await
                .unwrap()
                .is_empty()
        );
        let made = store.reconciliations(None, 9).await.unwrap();
        assert_eq!((made.len(), made[0].breaks), (1, 1));
        let crosswalk = store.crosswalk().await.unwrap().unwrap();
        assert_eq!(crosswalk.summary, "v1: 40 rules");
        let calls = store.call_counters().await.unwrap();
        assert_eq!((calls[0].calls, calls[0].unanswered), (3, 1));
        assert_eq!(calls[0].response_bytes, 3000);
        let counts = store.counts().await.unwrap();
        assert_eq!(counts.documents_in("captured"), 2);
        assert_eq!(counts.documents_in("deleted"), 1);
        assert_eq!(counts.documents_in("malformed"), 2);
        assert_eq!(counts.documents_in("translated"), 1);
        assert_eq!(counts.deliveries_in(StateWord::Posted), 1);
        assert_eq!(counts.deliveries.values().sum::<u64>(), 5);
        let entries = store.audit_entries(2, 3).await.unwrap();
        let sequences: Vec<_> = entries.iter().map(|entry| entry.sequence).collect();
        assert_eq!(sequences, [2, 3, 4]);
    });
}
