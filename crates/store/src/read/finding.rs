//! Crosswalks in force, reconciliations, breaks, calls.

use crate::link::{Link, params};
use tieout_engine::{BreakRecord, BreakTrace};
use tieout_model::{Digest, EntityId, Timestamp};

use crate::failure::LoadError;
use crate::row;
use crate::store::Store;

const BREAKS: &str = "SELECT at, entity, snapshot, class, status, document, summary, sequence FROM break \
     WHERE (entity = ?1 OR ?1 IS NULL) AND (snapshot = ?2 OR ?2 IS NULL) ORDER BY sequence LIMIT ?3";
const TRACE: &str = "SELECT body FROM break_trace WHERE sequence = ?1";
const RECONCILIATIONS: &str = "SELECT at, entity, snapshot, breaks, digest FROM reconciliation \
     WHERE (entity = ?1 OR ?1 IS NULL) ORDER BY sequence DESC LIMIT ?2";
const CROSSWALK: &str = "SELECT at, digest, summary FROM crosswalk ORDER BY sequence DESC LIMIT 1";
const COUNTERS: &str = "SELECT system, operation, calls, unanswered, response_bytes, duration_ms FROM call_counter \
     ORDER BY system, operation";

/// A difference that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakRow {
    /// When.
    pub at: Timestamp,
    /// Its number, from 1.
    pub number: u64,
    /// What, without its trace ([`Store::break_trace`] reads that).
    pub record: BreakRecord,
}

/// A reconciliation that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationRow {
    /// When.
    pub at: Timestamp,
    /// Which entity.
    pub entity: EntityId,
    /// Which snapshot.
    pub snapshot: String,
    /// Number of breaks.
    pub breaks: u32,
    /// Digest of the whole result.
    pub digest: Digest,
}

/// A crosswalk that came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrosswalkRow {
    /// When.
    pub at: Timestamp,
    /// Digest over all its versions.
    pub digest: Digest,
    /// What it contains, for people.
    pub summary: String,
}

/// How often a system was asked something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCounter {
    /// Which system.
    pub system: String,
    /// What was asked.
    pub operation: String,
    /// Calls made.
    pub calls: u64,
    /// Calls without an answer: whether the system counts them is not known.
    pub unanswered: u64,
    /// Bytes of all answers.
    pub response_bytes: u64,
    /// Milliseconds spent.
    pub duration_ms: u64,
}

impl Store {
    /// Differences in the order in which they were found, of one entity or all, of one snapshot or all, at most `limit`.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn breaks(
        &self,
        entity: Option<&EntityId>,
        snapshot: Option<&str>,
        limit: usize,
    ) -> Result<Vec<BreakRow>, LoadError> {
        let entity = entity.map(|entity| entity.as_str().to_owned());
        let snapshot = snapshot.map(str::to_owned);
        self.read("reading breaks", move |connection| {
            let mut statement = connection.prepare_cached(BREAKS)?;
            let mut rows = statement.query(params![entity, snapshot, row::limit(limit)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(BreakRow {
                    at: Timestamp(row.get(0)?),
                    number: row::count(row, 7)?,
                    record: BreakRecord {
                        entity: EntityId::new(row::text(row, 1)?),
                        snapshot: row.get(2)?,
                        class: row.get(3)?,
                        status: row.get(4)?,
                        document: row.get(5)?,
                        summary: row.get(6)?,
                        trace: Vec::new(),
                    },
                });
            }
            Ok(found)
        })
        .await
    }

    /// What the difference of that number was traced to; `None` for one that was found before that was kept.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn break_trace(&self, number: u64) -> Result<Option<BreakTrace>, LoadError> {
        self.read("reading what a break was traced to", move |connection| {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(TRACE)?;
            let body: Option<Vec<u8>> = statement.query_opt(params![number], |row| row.get(0))?;
            let trace = body.map(|body| BreakTrace::decode(&body)).transpose();
            trace.map_err(LoadError::from)
        })
        .await
    }

    /// Reconciliations, the latest first, of one entity or all, at most `limit`.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn reconciliations(
        &self,
        entity: Option<&EntityId>,
        limit: usize,
    ) -> Result<Vec<ReconciliationRow>, LoadError> {
        let entity = entity.map(|entity| entity.as_str().to_owned());
        self.read("reading reconciliations", move |connection| {
            let mut statement = connection.prepare_cached(RECONCILIATIONS)?;
            let mut rows = statement.query(params![entity, row::limit(limit)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(ReconciliationRow {
                    at: Timestamp(row.get(0)?),
                    entity: EntityId::new(row::text(row, 1)?),
                    snapshot: row.get(2)?,
                    breaks: row.get(3)?,
                    digest: row::digest(row, 4)?,
                });
            }
            Ok(found)
        })
        .await
    }

    /// The crosswalk in force; `None` before the first.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn crosswalk(&self) -> Result<Option<CrosswalkRow>, LoadError> {
        self.read("reading the crosswalk in force", |connection| {
            let mut statement = connection.prepare_cached(CROSSWALK)?;
            let mut rows = statement.query(params![])?;
            let Some(row) = rows.next()? else {
                return Ok(None);
            };
            Ok(Some(CrosswalkRow {
                at: Timestamp(row.get(0)?),
                digest: row::digest(row, 1)?,
                summary: row.get(2)?,
            }))
        })
        .await
    }

    /// How often each system was asked what, in the order of their names.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn call_counters(&self) -> Result<Vec<CallCounter>, LoadError> {
        self.read("reading call counters", counters).await
    }
}

/// All call counters.
pub(crate) fn counters(connection: &Link<'_>) -> Result<Vec<CallCounter>, LoadError> {
    let mut statement = connection.prepare_cached(COUNTERS)?;
    let mut rows = statement.query(params![])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(CallCounter {
            system: row.get(0)?,
            operation: row.get(1)?,
            calls: row::count(row, 2)?,
            unanswered: row::count(row, 3)?,
            response_bytes: row::count(row, 4)?,
            duration_ms: row::count(row, 5)?,
        });
    }
    Ok(found)
}
