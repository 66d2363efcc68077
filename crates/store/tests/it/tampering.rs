//! Whatever is edited behind our back is noticed.

use std::path::Path;
use std::sync::OnceLock;

use rusqlite::Connection;
use tieout_engine::Tampering;
use tieout_model::Digest;
use tieout_store::{AuditHead, VerifyFailure};

use crate::server;
use crate::world::{at, file, fill, must, queued, run, store_at};

/// The failure after `sql` was done to a filled database of either kind, with the head that was kept outside.
fn after(sql: &str) -> Result<u64, VerifyFailure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let found = run(async {
        let store = file(&path).await;
        fill(&store).await;
        let head = store.audit_head().await.unwrap().digest;
        edit(&path, sql);
        store.verify_audit(Some(head)).await.map(|log| log.entries)
    });
    let served = run(async {
        let url = filled();
        let store = store_at(&url).await;
        let head = store.audit_head().await.unwrap().digest;
        server::sql(&url, &as_the_server_spells(sql));
        store.verify_audit(Some(head)).await.map(|log| log.entries)
    });
    assert_eq!(served, found, "{sql}");
    found
}

/// The address of a database on the server with every kind of row.
fn filled() -> String {
    static FILLED: OnceLock<String> = OnceLock::new();
    let server = server::shared();
    let name = FILLED.get_or_init(|| {
        let url = server.database();
        let work = || run(async { fill(&store_at(&url).await).await });
        std::thread::scope(|scope| scope.spawn(work).join().unwrap());
        url.rsplit('/').next().unwrap().to_owned()
    });
    server.copy_of(name)
}

/// An edit in the words of PostgreSQL, with what could forbid it out of the way.
fn as_the_server_spells(sql: &str) -> String {
    let sql = sql
        .replace("CAST(body || x'00' AS BLOB)", "body || '\\x00'::bytea")
        .replace("zeroblob(32)", "decode(repeat('00', 32), 'hex')")
        .replace("zeroblob(16)", "decode(repeat('00', 16), 'hex')")
        .replace("x'01'", "'\\x01'::bytea");
    format!("SET session_replication_role = replica; {sql}")
}

fn edit(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA foreign_keys = OFF")
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_database_nobody_touched_verifies() {
    assert_eq!(after("SELECT 1"), Ok(10));
}

#[test]
fn edited_entries_are_named() {
    let cases = [
        (
            "UPDATE audit SET body = CAST(body || x'00' AS BLOB) WHERE sequence = 3",
            Tampering::Altered { sequence: 3 },
        ),
        (
            "UPDATE audit SET at = at + 1 WHERE sequence = 4",
            Tampering::Altered { sequence: 4 },
        ),
        (
            "UPDATE audit SET digest = zeroblob(32) WHERE sequence = 5",
            Tampering::Altered { sequence: 5 },
        ),
        (
            "DELETE FROM audit WHERE sequence = 2",
            Tampering::OutOfOrder {
                expected: 2,
                found: 3,
            },
        ),
        (
            "DELETE FROM audit WHERE sequence = 10",
            Tampering::Cut { entries: 9 },
        ),
        ("DELETE FROM audit", Tampering::Cut { entries: 0 }),
    ];
    for (sql, expected) in cases {
        assert_eq!(after(sql), Err(VerifyFailure::Tampered(expected)), "{sql}");
    }
}

#[test]
fn edited_rows_are_noticed_although_the_log_is_whole() {
    let edits = [
        "UPDATE document SET number = 'JE-x' WHERE number = 'JE-a'",
        "UPDATE document SET entity = 'E999' WHERE number = 'JE-c'",
        "UPDATE document SET accounting_date = '2026-02-01' WHERE number = 'JE-c'",
        "UPDATE document SET modified = 0 WHERE number = 'JE-c'",
        "UPDATE document SET system = 'other' WHERE number = 'JE-g'",
        "UPDATE document SET revision = '7' WHERE number = 'JE-b'",
        "UPDATE document SET settled_revision = '2' WHERE number = 'JE-b'",
        "UPDATE document SET state = 'translated' WHERE number = 'JE-e'",
        "UPDATE document SET flow = 'x' WHERE number = 'JE-e'",
        "UPDATE document SET deleted_at = NULL WHERE number = 'JE-a'",
        "UPDATE document SET captured_at = 1 WHERE number = 'JE-a'",
        "UPDATE document SET held_at = 1 WHERE number = 'JE-e'",
        "DELETE FROM hold WHERE position = 1",
        "UPDATE hold SET summary = 'nothing' WHERE position = 0",
        "UPDATE envelope SET body = (SELECT body FROM envelope WHERE document = 1) WHERE document = 2",
        "DELETE FROM document WHERE number = 'JE-h'; DELETE FROM envelope WHERE document = 8",
        "UPDATE delivery SET state = 'posted', due_at = NULL WHERE state = 'queued'",
        "UPDATE delivery SET due_at = 0 WHERE state = 'queued'",
        "UPDATE delivery SET state_body = (SELECT state_body FROM delivery WHERE state = 'posted'), state = 'posted', due_at = NULL WHERE state = 'leased'",
        "UPDATE payload SET stamp = 'TIEOUT-0' WHERE delivery = 1",
        "UPDATE payload SET idempotency_key = 'k' WHERE delivery = 1",
        "UPDATE delivery SET entity = 'E999' WHERE sequence = 1",
        "UPDATE delivery SET target = 'x' WHERE sequence = 1",
        "UPDATE delivery SET kind = 'supplier' WHERE sequence = 1",
        "UPDATE delivery SET role = 'reversal' WHERE sequence = 1",
        "UPDATE payload SET document_number = 'x' WHERE delivery = 1",
        "UPDATE payload SET party = 'x' WHERE delivery = 1",
        "UPDATE payload SET accounting_date = '2026-02-01' WHERE delivery = 1",
        "UPDATE payload SET period = 'Feb-26' WHERE delivery = 1",
        "UPDATE payload SET revision = '9' WHERE delivery = 1",
        "UPDATE payload SET crosswalk_version = 'v9' WHERE delivery = 1",
        "UPDATE payload SET crosswalk = zeroblob(32) WHERE delivery = 1",
        "UPDATE delivery SET version = 9 WHERE sequence = 1",
        "UPDATE delivery SET attempts = 9 WHERE sequence = 1",
        "UPDATE payload SET opened_at = 9 WHERE delivery = 1",
        "UPDATE delivery SET moved_at = 9 WHERE sequence = 1",
        "UPDATE delivery SET number = 5 WHERE sequence = 1",
        "UPDATE stamp SET stamp = 'TIEOUT-0' WHERE delivery = 1",
        "UPDATE stamp SET delivery = 2 WHERE delivery = 1",
        "DELETE FROM stamp WHERE delivery = 1",
        "INSERT INTO stamp (stamp, delivery) VALUES ('TIEOUT-0', 1)",
        "UPDATE payload SET body = x'01' WHERE delivery = 1",
        "DELETE FROM payload WHERE delivery = 1",
        "DELETE FROM delivery WHERE sequence = 2",
        "UPDATE cursor SET position = '2026-01-16T00:00:00Z'",
        "DELETE FROM cursor",
        "UPDATE crosswalk SET summary = 'v2'",
        "UPDATE crosswalk SET at = at + 1",
        "UPDATE reconciliation SET breaks = 0",
        "UPDATE reconciliation SET digest = zeroblob(32)",
        "DELETE FROM break",
        "UPDATE break SET status = 'closed'",
        "DELETE FROM break_trace",
        "UPDATE break_trace SET body = x'01'",
        "UPDATE break_trace SET sequence = 2",
        "UPDATE call_counter SET calls = 1",
    ];
    for sql in edits {
        match after(sql) {
            Err(VerifyFailure::Differs { .. }) => {}
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn a_row_out_of_nothing_is_noticed() {
    let invented = "INSERT INTO document (sequence, id, origin, flow, system, number, kind, state, captured_at) \
         VALUES (99, zeroblob(16), 'a/b/c', 'f', 'a', '1', 'supplier', 'captured', 1)";
    let subject = format!("document {}", "0".repeat(32));
    match after(invented) {
        Err(VerifyFailure::Differs { subject: found, .. }) => assert_eq!(found, subject),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_entry_that_is_no_changeset_is_named_even_with_a_recomputed_chain() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        fill(&store).await;
        let head = store.audit_head().await.unwrap();
        let forged = tieout_engine::link(&head.digest, 11, at(11), b"forged");
        let connection = Connection::open(&path).unwrap();
        let values = rusqlite::params![11, at(11).0, b"forged", forged.as_bytes()];
        let sql = "INSERT INTO audit (sequence, at, body, digest) VALUES (?1, ?2, ?3, ?4)";
        connection.execute(sql, values).unwrap();
        match store.verify_audit(None).await {
            Err(VerifyFailure::Unreadable { sequence: 11, .. }) => {}
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn heads_kept_outside_show_a_cut_or_replaced_log() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        let mut heads = vec![store.audit_head().await.unwrap()];
        for (second, key) in (1..).zip(["a", "b", "c"]) {
            must(&store, queued(key, "E100", second)).await;
            heads.push(store.audit_head().await.unwrap());
        }
        let through = async |heads: Vec<AuditHead>| store.verify_audit_through(None, heads).await;
        assert_eq!(through(heads.clone()).await.unwrap().entries, 3);
        let replaced = AuditHead {
            sequence: 2,
            digest: Digest::of(b"another log"),
        };
        assert_eq!(
            through(vec![replaced]).await,
            Err(VerifyFailure::Replaced { sequence: 2 })
        );
        edit(&path, "DELETE FROM audit WHERE sequence = 3");
        assert_eq!(
            through(heads).await,
            Err(VerifyFailure::Tampered(Tampering::Cut { entries: 2 }))
        );
    });
}
