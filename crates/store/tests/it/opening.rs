//! Databases are created, brought up to date, or refused.

use rusqlite::Connection;
use tieout_store::{DatabaseUrl, ExecutionMode, OpenError, Store};

use crate::world::{fill, flow, must, queued, run};

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

#[test]
fn a_newer_layout_is_refused_and_left_alone() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(open(&path).await.unwrap());
        prepare(&path, "INSERT INTO schema_version (version) VALUES (9)");
        let error = open(&path).await.err().unwrap();
        assert_eq!(error, OpenError::TooNew { found: 9, known: 6 });
        assert!(error.to_string().contains("layout 9"));
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
