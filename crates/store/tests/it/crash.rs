//! After a crash a database opens to a prefix of what was committed.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tieout_model::Digest;
use tieout_store::{CommitError, DatabaseUrl, ExecutionMode, OpenError, Store};

use crate::world::{file, must, queued, run, want};

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// Copies a database that is in use, as a crash would leave it: file and log, nothing closed.
fn snapshot(path: &Path, copy: &Path) -> Vec<u8> {
    fs::copy(path, copy).unwrap();
    fs::read(log_of(path)).unwrap()
}

/// The heads after each of several changesets, the empty log's first.
async fn history(store: &Store) -> Vec<Digest> {
    let mut heads = vec![store.audit_head().await.unwrap().digest];
    for (second, key) in (1..).zip(["a", "b", "c", "d", "e", "f"]) {
        heads.push(must(store, queued(key, "E100", second)).await.head);
    }
    let leased = store.lease(&want(9, 3)).await.unwrap();
    assert_eq!(leased.len(), 3);
    heads.push(store.audit_head().await.unwrap().digest);
    heads
}

#[test]
fn what_commit_answered_is_there_after_a_crash() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        let heads = history(&store).await;
        let copy = folder.path().join("copy.db");
        let log = snapshot(&path, &copy);
        fs::write(log_of(&copy), log).unwrap();
        let again = file(&copy).await;
        let head = again.audit_head().await.unwrap().digest;
        assert_eq!(Some(&head), heads.last());
        again.verify_audit(Some(head)).await.unwrap();
        assert_eq!(again.counts().await, store.counts().await);
    });
}

#[test]
fn a_log_cut_anywhere_opens_to_a_prefix_of_the_changesets() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        let heads = history(&store).await;
        let copy = folder.path().join("copy.db");
        let log = snapshot(&path, &copy);
        let database = fs::read(&copy).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        let frame = 24 + 4096;
        let frames = (0..log.len() / frame + 1).map(|i| 32 + i * frame);
        let offsets = frames.flat_map(|end| [end.saturating_sub(2000), end, end + 7]);
        for length in offsets.chain([0, 31, log.len()]) {
            let length = length.min(log.len());
            fs::write(&copy, &database).unwrap();
            fs::write(log_of(&copy), &log[..length]).unwrap();
            let again = file(&copy).await;
            let verified = again.verify_audit(None).await.unwrap();
            let position = usize::try_from(verified.entries).unwrap();
            assert_eq!(verified.head, heads[position], "log cut at {length}");
            seen.insert(position);
            drop(again);
            for leftover in ["-wal", "-shm"] {
                let mut name = copy.as_os_str().to_owned();
                name.push(leftover);
                let _ = fs::remove_file(name);
            }
        }
        assert_eq!(seen.len(), heads.len(), "every prefix must occur");
    });
}

#[test]
fn a_flipped_byte_is_refused_or_noticed_or_harmless() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        let heads = history(&store).await;
        let head = *heads.last().unwrap();
        drop(store);
        let whole = fs::read(&path).unwrap();
        let copy = folder.path().join("copy.db");
        for offset in (0..whole.len()).step_by(509) {
            let mut bytes = whole.clone();
            bytes[offset] ^= 0x40;
            fs::write(&copy, &bytes).unwrap();
            let url = DatabaseUrl::file(&copy);
            match Store::open(&url, ExecutionMode::Inline).await {
                // It answers as before, or it says so; what it never does is to verify with another content.
                Ok(again) => {
                    if let Ok(verified) = again.verify_audit(Some(head)).await {
                        assert_eq!(verified.head, head);
                    }
                }
                Err(error) => {
                    assert!(!matches!(error, OpenError::Address { .. }), "{error}");
                }
            }
            for leftover in ["-wal", "-shm"] {
                let mut name = copy.as_os_str().to_owned();
                name.push(leftover);
                let _ = fs::remove_file(name);
            }
        }
    });
}

#[test]
fn a_locked_database_is_unavailable_and_leaves_the_store_usable() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        must(&store, queued("a", "E100", 1)).await;
        let before = store.audit_head().await.unwrap();
        // Another program holds the database for writing, for longer than we wait.
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let changes = store.commit(queued("b", "E100", 2)).await;
        assert!(
            matches!(changes, Err(CommitError::Unavailable(_))),
            "{changes:?}"
        );
        assert_eq!(store.audit_head().await.unwrap(), before);
        other.execute_batch("ROLLBACK").unwrap();
        must(&store, queued("b", "E100", 2)).await;
    });
}
