//! The audit log and its head. Its verification is in `verify.rs`.

use crate::link::{Row, params};
use tieout_engine::AuditEntry;
use tieout_model::{Digest, Timestamp};

use crate::apply::current_head;
use crate::failure::LoadError;
use crate::row;
use crate::store::Store;

const ENTRIES: &str =
    "SELECT sequence, at, body, digest FROM audit WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2";

/// The end of the audit log. Kept outside, it shows whether entries were cut off later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// Position of the last entry; 0 if there is none.
    pub sequence: u64,
    /// The chain after it.
    pub digest: Digest,
}

impl Store {
    /// The end of the audit log.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn audit_head(&self) -> Result<AuditHead, LoadError> {
        self.read("reading the head of the audit log", |connection| {
            let head = current_head(connection)?;
            Ok(AuditHead {
                sequence: head.sequence,
                digest: head.head,
            })
        })
        .await
    }

    /// Entries from position `from` (the first is 1), at most `limit`.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn audit_entries(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, LoadError> {
        let (from, limit) = (row::stored(from)?, row::limit(limit));
        self.read("reading the audit log", move |connection| {
            let mut statement = connection.prepare_cached(ENTRIES)?;
            let mut rows = statement.query(params![from, limit])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(entry(row)?);
            }
            Ok(entries)
        })
        .await
    }
}

/// The entry in the columns sequence, at, body, digest.
pub(crate) fn entry(row: Row<'_>) -> Result<AuditEntry, LoadError> {
    Ok(AuditEntry {
        sequence: row::count(row, 0)?,
        at: Timestamp(row.get(1)?),
        body: row.get(2)?,
        digest: row::digest(row, 3)?,
    })
}
