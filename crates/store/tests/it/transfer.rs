//! Moving, backing up, restoring.

use tieout_engine::{Actor, StateWord};
use tieout_store::{Store, TransferError};

use crate::world::{
    at, capture, file, fill, memory, must, on_each, open, queued, run, served, set, settle,
};

fn person() -> Actor {
    Actor::Operator("ann".to_owned())
}

#[test]
fn every_table_is_copied() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        fill(&store).await;
        let copied = store.copy_to(&memory().await).await.unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut statement = connection
            // Whose turn it is to call is no fact: it lapses by itself.
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('schema_version', 'budget_place', 'budget_turn') ORDER BY name")
            .unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        let names: Vec<String> = names.map(Result::unwrap).collect();
        let copied: Vec<&str> = copied.rows.keys().copied().collect();
        assert_eq!(copied, names);
    });
}

#[test]
fn books_move_to_a_server_and_back_to_the_byte() {
    run(async {
        let (first, server, back) = (memory().await, served().await, memory().await);
        fill(&first).await;
        let there = first.copy_to(&server).await.unwrap();
        let here = server.copy_to(&back).await.unwrap();
        assert_eq!(there, here);
        let head = first.audit_head().await.unwrap();
        for copy in [&server, &back] {
            assert_eq!(copy.audit_head().await.unwrap(), head);
            copy.verify_audit(Some(head.digest)).await.unwrap();
            assert_eq!(copy.counts().await, first.counts().await);
        }
        // Life goes on in the copy, with the next number.
        must(&server, queued("next", "E100", 20)).await;
        server.verify_audit(None).await.unwrap();
        let refused = first.copy_to(&server).await;
        assert_eq!(refused, Err(TransferError::NotEmpty { table: "document" }));
    });
}

#[test]
fn a_moved_database_says_where_the_books_went() {
    on_each(async |store: Store| {
        assert_eq!(store.moved_to().await.unwrap(), None);
        let to = "postgres://db/tieout";
        store.mark_moved(to, person(), at(1)).await.unwrap();
        assert_eq!(store.moved_to().await.unwrap().as_deref(), Some(to));
        store.verify_audit(None).await.unwrap();
    });
}

#[test]
fn a_restored_database_doubts_what_was_open_and_what_it_had_seen() {
    on_each(async |store: Store| {
        fill(&store).await;
        let doubted = store.mark_restored(person(), at(100)).await.unwrap();
        assert_eq!(doubted, 4);
        let uncertain = store.due(at(100), StateWord::Uncertain, 9).await.unwrap();
        assert_eq!(uncertain.len(), 4);
        assert!(uncertain.iter().all(|found| found.delivery.attempts == 0));
        let restored = store.restored().await.unwrap().unwrap();
        assert_eq!(
            (restored.from, restored.at, restored.through),
            (at(10), at(100), None)
        );
        must(&store, set(101, vec![capture("seen", "E100", None, "1")])).await;
        store.caught_up(person(), at(102)).await.unwrap();
        must(&store, set(103, vec![capture("new", "E100", None, "1")])).await;
        let waiting = store.to_translate(99, false).await.unwrap();
        let doubtful = |number: &str| {
            let found = waiting.iter().find(|found| found.envelope.number == number);
            found.unwrap().is_doubtful
        };
        assert!(doubtful("JE-seen") && doubtful("JE-b") && !doubtful("JE-new"));
        let settled = vec![open("new", "E100", 0, 104), settle("new", "1")];
        must(&store, set(104, settled)).await;
        // Catching up happens once; a second restore begins anew.
        let head = store.audit_head().await.unwrap();
        store.caught_up(person(), at(105)).await.unwrap();
        assert_eq!(store.audit_head().await.unwrap(), head);
        store.mark_restored(person(), at(200)).await.unwrap();
        let restored = store.restored().await.unwrap().unwrap();
        assert_eq!((restored.at, restored.through), (at(200), None));
        store.verify_audit(None).await.unwrap();
    });
}
