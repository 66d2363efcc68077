//! Databases are created, brought up to date, or refused.

use rusqlite::Connection;
use tieout_store::{CommitError, Conflict, DatabaseUrl, ExecutionMode, OpenError, Store};

use crate::server::{shared, sql};
use crate::world::{
    fill, flow, id, must, open as open_delivery, opened, queued, run, set, store_at,
};

const VERSION_1: &str = include_str!("../../migrations/0001_documents.sql");

async fn open(path: &std::path::Path) -> Result<Store, OpenError> {
    Store::open(&DatabaseUrl::file(path), ExecutionMode::Inline).await
}

fn prepare(path: &std::path::Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn an_empty_file_becomes_a_database_and_opens_again() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        fill(&open(&path).await.unwrap()).await;
        let store = open(&path).await.unwrap();
        assert_eq!(store.verify_audit(None).await.unwrap().entries, 10);
    });
}

#[test]
fn a_database_of_layout_1_is_brought_up_to_date_with_its_rows() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let dump = format!(
            "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY) STRICT; \
             INSERT INTO schema_version (version) VALUES (1); {VERSION_1} \
             INSERT INTO cursor (flow, position) VALUES ('{}', '17');",
            flow().0
        );
        prepare(&path, &dump);
        let store = open(&path).await.unwrap();
        assert_eq!(store.cursor(&flow()).await.unwrap().as_deref(), Some("17"));
        must(&store, queued("a", "E100", 1)).await;
        assert!(store.call_counters().await.unwrap().is_empty());
        assert!(open(&path).await.is_ok());
    });
}

/// The tables of layout 6 again, with the rows that are there; `turn` spells types for the database.
fn as_layout_6(turn: impl Fn(&str) -> String) -> String {
    let begin = VERSION_1.find("CREATE TABLE delivery (").unwrap();
    let end = VERSION_1.find("CREATE TABLE audit (").unwrap();
    format!(
        "ALTER TABLE delivery RENAME TO new_delivery; ALTER TABLE payload RENAME TO new_payload; \
         DROP INDEX delivery_open; DROP INDEX delivery_queue; {} \
         INSERT INTO delivery SELECT d.sequence, m.id, d.number, p.flow, d.role, d.kind, d.entity, d.target, p.stamp, p.idempotency_key, \
             p.document_number, p.party, p.accounting_date, p.period, p.revision, p.crosswalk_version, p.crosswalk, d.state, d.state_body, \
             d.due_at, d.version, d.attempts, p.opened_at, d.moved_at \
             FROM new_delivery d JOIN document m ON m.sequence = d.document JOIN new_payload p ON p.delivery = d.sequence; \
         INSERT INTO payload SELECT delivery, body FROM new_payload; \
         DROP TABLE new_payload; DROP TABLE new_delivery; DROP TABLE stamp; \
         DELETE FROM schema_version WHERE version >= 7;",
        turn(&VERSION_1[begin..end])
    )
}

async fn check_deliveries(store: &Store) {
    assert_eq!(store.verify_audit(None).await.unwrap().entries, 10);
    let delivery = opened("c", "E100", 0, 8).delivery;
    let by_stamp = store.delivery_by_stamp(&delivery.marks.stamp).await;
    assert_eq!(by_stamp.unwrap().unwrap().delivery.id, delivery.id);
    let all = store.deliveries_of(id("a")).await.unwrap();
    assert_eq!(all.len(), 2);
    let again = store.commit(set(11, vec![open_delivery("b", "E100", 0, 8)]));
    let known = Conflict::DeliveryExists {
        id: opened("b", "E100", 0, 8).delivery.id,
    };
    assert_eq!(again.await, Err(CommitError::Conflict(known)));
    must(store, queued("new", "E100", 12)).await;
    store.verify_audit(None).await.unwrap();
}

#[test]
fn deliveries_of_layout_6_keep_their_documents_payloads_and_stamps() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        fill(&open(&path).await.unwrap()).await;
        prepare(&path, &as_layout_6(str::to_owned));
        check_deliveries(&open(&path).await.unwrap()).await;
        let url = shared().database();
        fill(&store_at(&url).await).await;
        let turn = |text: &str| {
            text.replace(") STRICT;", ");")
                .replace(" INTEGER", " BIGINT")
                .replace(" BLOB", " BYTEA")
                .replace(" TEXT", " TEXT COLLATE \"C\"")
        };
        sql(&url, &as_layout_6(turn));
        check_deliveries(&store_at(&url).await).await;
    });
}

#[test]
fn documents_under_identities_of_another_build_are_refused_and_left_alone() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        fill(&open(&path).await.unwrap()).await;
        let other = "PRAGMA foreign_keys = OFF; UPDATE document SET id = randomblob(16); DELETE FROM schema_version WHERE version > 7;";
        prepare(&path, other);
        for _ in 0..2 {
            let error = open(&path).await.err().unwrap();
            assert_eq!(error, OpenError::OtherIdentities { found: 7 });
            assert!(error.to_string().contains("begin a new one"), "{error}");
        }
    });
}

#[test]
fn a_newer_layout_is_refused_and_left_alone() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(open(&path).await.unwrap());
        prepare(&path, "INSERT INTO schema_version (version) VALUES (10)");
        let error = open(&path).await.err().unwrap();
        assert_eq!(
            error,
            OpenError::TooNew {
                found: 10,
                known: 9
            }
        );
        assert!(error.to_string().contains("layout 10"));
    });
}

#[test]
fn foreign_and_damaged_files_are_refused() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("foreign.db");
        prepare(&path, "CREATE TABLE contacts (name TEXT)");
        assert_eq!(open(&path).await.err(), Some(OpenError::Foreign));
        let path = folder.path().join("text.db");
        std::fs::write(&path, "name,amount\n".repeat(1000)).unwrap();
        let error = open(&path).await.err().unwrap();
        assert!(matches!(error, OpenError::Corrupt(_)), "{error:?}");
        let nowhere = folder.path().join("no/such/folder/a.db");
        let error = open(&nowhere).await.err().unwrap();
        assert!(matches!(error, OpenError::Unavailable(_)), "{error:?}");
    });
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_new_database() {
    use std::os::unix::fs::PermissionsExt as _;

    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("a.db")).await.unwrap();
        fill(&store).await;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", file.file_name());
        }
    });
}
