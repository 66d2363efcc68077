//! The table of tampering: a log of 200 entries, each way of altering it at each place.

use std::path::Path;

use rusqlite::Connection;
use tieout_engine::{AuditEntry, Change, Tampering, link, verify};
use tieout_model::Digest;
use tieout_store::{AuditHead, Store, VerifyFailure};

use crate::server;
use crate::world::{file, fill, flow, must, run, set, store_at};

const LEN: u64 = 200;

/// Every kind of change, then a cursor that moves on until the log is full.
async fn fill_up(store: &Store) {
    fill(store).await;
    let mut before = "2026-01-15T00:00:00Z".to_owned();
    for position in 11..=LEN {
        let next = format!("page {position}");
        let change = Change::AdvanceCursor {
            flow: flow(),
            expected: Some(before),
            next: next.clone(),
        };
        must(store, set(i64::try_from(position).unwrap(), vec![change])).await;
        before = next;
    }
}

async fn entries_of(store: &Store) -> Vec<AuditEntry> {
    let entries = store.audit_entries(1, 1_000).await.unwrap();
    assert_eq!(entries.len(), usize::try_from(LEN).unwrap());
    entries
}

fn sequence_of(index: usize) -> u64 {
    u64::try_from(index).unwrap() + 1
}

fn head_of(entry: &AuditEntry) -> AuditHead {
    AuditHead {
        sequence: entry.sequence,
        digest: entry.digest,
    }
}

/// What the verifier says of entries.
fn judge<'a>(
    entries: impl Iterator<Item = &'a AuditEntry>,
    head: Option<&Digest>,
) -> Result<u64, Tampering> {
    verify(head, &mut entries.cloned()).map(|verified| verified.entries)
}

/// A log of a database in memory, and its entries.
async fn log() -> Vec<AuditEntry> {
    let store = crate::world::memory().await;
    fill_up(&store).await;
    entries_of(&store).await
}

#[test]
fn every_byte_flipped_names_its_entry() {
    let entries = run(log());
    let mut flipped = 0_u32;
    for (i, whole) in entries.iter().enumerate() {
        let sequence = sequence_of(i);
        let mut check = |altered: AuditEntry| {
            let found = judge(entries[..i].iter().chain([&altered]), None);
            let expected = if altered.sequence == sequence {
                Tampering::Altered { sequence }
            } else {
                Tampering::OutOfOrder {
                    expected: sequence,
                    found: altered.sequence,
                }
            };
            assert_eq!(found, Err(expected));
            flipped += 1;
        };
        for byte in 0..whole.body.len() {
            let mut altered = whole.clone();
            altered.body[byte] ^= 0x20;
            check(altered);
        }
        for byte in 0..8 {
            let mut altered = whole.clone();
            altered.at.0 ^= 1 << (8 * byte);
            check(altered);
            let mut altered = whole.clone();
            altered.sequence ^= 1 << (8 * byte);
            check(altered);
        }
        for byte in 0..32 {
            let mut bytes = *whole.digest.as_bytes();
            bytes[byte] ^= 0x20;
            let mut altered = whole.clone();
            altered.digest = Digest::from_bytes(bytes);
            check(altered);
        }
    }
    let bytes: usize = entries.iter().map(|entry| entry.body.len() + 48).sum();
    assert_eq!(usize::try_from(flipped).unwrap(), bytes);
}

#[test]
fn each_entry_deleted_doubled_swapped_and_each_tail_cut_is_noticed() {
    let entries = run(log());
    let head = entries.last().map(|entry| entry.digest);
    for i in 0..entries.len() {
        let (sequence, before, after) = (sequence_of(i), &entries[..i], &entries[i + 1..]);
        let cut = judge(before.iter(), head.as_ref());
        assert_eq!(
            cut,
            Err(Tampering::Cut {
                entries: sequence - 1
            })
        );
        let deleted = judge(before.iter().chain(after), head.as_ref());
        let doubled = judge(before.iter().chain([&entries[i]; 2]).chain(after), None);
        let (expected, found) = (sequence + 1, sequence);
        assert_eq!(doubled, Err(Tampering::OutOfOrder { expected, found }));
        let Some(next) = after.first() else {
            assert_eq!(deleted, cut);
            continue;
        };
        let (expected, found) = (sequence, sequence + 1);
        assert_eq!(deleted, Err(Tampering::OutOfOrder { expected, found }));
        let swapped = before.iter().chain([next, &entries[i]]);
        let swapped = judge(swapped.chain(&after[1..]), None);
        assert_eq!(swapped, Err(Tampering::OutOfOrder { expected, found }));
        // Deleted, doubled or swapped with the numbers put right again.
        let renumbered = |moved: Vec<&AuditEntry>| {
            let moved = (sequence..).zip(moved).map(|(sequence, entry)| AuditEntry {
                sequence,
                ..entry.clone()
            });
            let moved: Vec<AuditEntry> = moved.collect();
            judge(before.iter().chain(&moved), None)
        };
        let altered = Err(Tampering::Altered { sequence });
        assert_eq!(renumbered(after.iter().collect()), altered);
        assert_eq!(renumbered(vec![next, &entries[i]]), altered);
        let altered = Err(Tampering::Altered {
            sequence: sequence + 1,
        });
        assert_eq!(renumbered(vec![&entries[i], &entries[i]]), altered);
    }
}

/// The log with entry `k` altered so that it can still be read, and everything after it made to fit.
fn recomputed(entries: &[AuditEntry], k: usize) -> Vec<AuditEntry> {
    let mut forged = entries.to_vec();
    let mut head = k
        .checked_sub(1)
        .map_or(tieout_engine::audit::GENESIS, |before| {
            entries[before].digest
        });
    for (i, entry) in forged.iter_mut().enumerate().skip(k) {
        if i == k {
            entry.at.0 += 1;
            let end = entry.body.len() - 1;
            entry.body[end] ^= 1;
        }
        head = link(&head, entry.sequence, entry.at, &entry.body);
        entry.digest = head;
    }
    forged
}

#[test]
fn a_chain_recomputed_from_any_entry_is_shown_by_the_heads_kept_outside() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        fill_up(&store).await;
        let entries = entries_of(&store).await;
        let heads: Vec<AuditHead> = entries.iter().map(head_of).collect();
        let last = heads.last().unwrap().digest;
        let mut every_tenth = heads.clone();
        every_tenth.retain(|head| head.sequence % 10 == 0);
        for k in 0..entries.len() {
            let forged = recomputed(&entries, k);
            // Nothing in the log itself shows it.
            assert_eq!(judge(forged.iter(), None), Ok(LEN));
            let cut = Err(Tampering::Cut { entries: LEN });
            assert_eq!(judge(forged.iter(), Some(&last)), cut);
            rewrite(&path, &forged[k..]);
            let sequence = sequence_of(k);
            let named = |found, sequence| {
                assert_eq!(
                    found,
                    Err(VerifyFailure::Replaced { sequence }),
                    "entry {k}"
                );
            };
            named(
                store.verify_audit_through(None, heads.clone()).await,
                sequence,
            );
            let tenth = store.verify_audit_through(None, every_tenth.clone());
            named(tenth.await, sequence.div_ceil(10) * 10);
            rewrite(&path, &entries[k..]);
        }
        store.verify_audit_through(Some(last), heads).await.unwrap();
    });
}

#[test]
fn forged_foreign_and_older_heads_are_told_apart() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = file(&folder.path().join("a.db")).await;
        fill_up(&store).await;
        let entries = entries_of(&store).await;
        let other = crate::world::memory().await;
        fill(&other).await;
        must(&other, crate::world::queued("foreign", "E100", 11)).await;
        let foreign = other.audit_head().await.unwrap();
        let through = async |head| store.verify_audit_through(None, vec![head]).await;
        // An older head of this log is one it went through, but not its end.
        for entry in &entries {
            assert_eq!(through(head_of(entry)).await.unwrap().entries, LEN);
        }
        let older = store.verify_audit(Some(entries[120].digest)).await;
        let cut = Err(VerifyFailure::Tampered(Tampering::Cut { entries: LEN }));
        assert_eq!(older, cut);
        let sequence = foreign.sequence;
        assert_eq!(
            through(foreign).await,
            Err(VerifyFailure::Replaced { sequence })
        );
        assert_eq!(store.verify_audit(Some(foreign.digest)).await, cut);
        for entry in &entries {
            let sequence = entry.sequence;
            let forged = AuditHead {
                sequence,
                digest: Digest::of(entry.digest.as_bytes()),
            };
            assert_eq!(
                through(forged).await,
                Err(VerifyFailure::Replaced { sequence })
            );
        }
        // A head that is ahead of the log: its tail was cut off.
        let ahead = AuditHead {
            sequence: LEN + 1,
            digest: foreign.digest,
        };
        assert_eq!(through(ahead).await, cut);
    });
}

#[test]
fn a_log_removed_with_its_database_is_noticed() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        fill_up(&store).await;
        let head = store.audit_head().await.unwrap();
        drop(store);
        std::fs::remove_file(&path).unwrap();
        let empty = file(&path).await;
        let gone = Err(VerifyFailure::Tampered(Tampering::Cut { entries: 0 }));
        assert_eq!(empty.verify_audit(Some(head.digest)).await, gone);
        assert_eq!(empty.verify_audit_through(None, vec![head]).await, gone);
    });
}

/// Writes entries over those with their numbers.
fn rewrite(path: &Path, entries: &[AuditEntry]) {
    let mut connection = Connection::open(path).unwrap();
    let all = connection.transaction().unwrap();
    for entry in entries {
        let values = rusqlite::params![
            i64::try_from(entry.sequence).unwrap(),
            entry.at.0,
            entry.body,
            entry.digest.as_bytes()
        ];
        let sql = "UPDATE audit SET at = ?2, body = ?3, digest = ?4 WHERE sequence = ?1";
        assert_eq!(all.execute(sql, values).unwrap(), 1);
    }
    all.commit().unwrap();
}

/// One edit of entry `k` and its undoing, in the words of the database; and what must be found.
fn edits(k: u64, is_on_server: bool) -> Vec<(String, String, Tampering)> {
    let altered = Tampering::Altered { sequence: k };
    let (body, whole) = if is_on_server {
        let flip = "set_byte(body, length(body) / 2, get_byte(body, length(body) / 2) # 1)";
        (flip, flip)
    } else {
        (
            "CAST(body || x'00' AS BLOB)",
            "substr(body, 1, length(body) - 1)",
        )
    };
    let entry = |what: &str| format!("UPDATE audit SET {what} WHERE sequence = {k}");
    vec![
        (
            entry(&format!("body = {body}")),
            entry(&format!("body = {whole}")),
            altered.clone(),
        ),
        (entry("at = at + 1"), entry("at = at - 1"), altered),
        (
            entry("sequence = 1000"),
            format!("UPDATE audit SET sequence = {k} WHERE sequence = 1000"),
            Tampering::OutOfOrder {
                expected: k,
                found: if k == LEN { 1000 } else { k + 1 },
            },
        ),
    ]
}

async fn found(store: &Store) -> Tampering {
    match store.verify_audit(None).await {
        Err(VerifyFailure::Tampered(tampering)) => tampering,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_entry_edited_in_a_file_is_named() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = file(&path).await;
        fill_up(&store).await;
        let connection = Connection::open(&path).unwrap();
        for k in 1..=LEN {
            for (edit, undo, expected) in edits(k, false) {
                connection.execute_batch(&edit).unwrap();
                assert_eq!(found(&store).await, expected, "{edit}");
                connection.execute_batch(&undo).unwrap();
            }
        }
        store.verify_audit(None).await.unwrap();
    });
}

#[test]
fn each_entry_edited_on_a_server_is_named() {
    let url = server::shared().database();
    run(async {
        let store = store_at(&url).await;
        fill_up(&store).await;
        for k in 1..=LEN {
            let all = edits(k, true);
            let (edit, undo, expected) = &all[usize::try_from(k).unwrap() % all.len()];
            server::sql(&url, edit);
            assert_eq!(&found(&store).await, expected, "{edit}");
            server::sql(&url, undo);
        }
        store.verify_audit(None).await.unwrap();
    });
}
