//! Changes that record findings: crosswalks, reconciliations, breaks, calls.

use std::collections::BTreeMap;

use crate::link::{Link, params};
use tieout_engine::{BreakRecord, CallFact};
use tieout_model::{Digest, EntityId, Timestamp};

use crate::failure::CommitError;
use crate::row;

const ADOPT: &str = "INSERT INTO crosswalk (sequence, at, digest, summary) VALUES ((SELECT COALESCE(MAX(sequence), 0) + 1 FROM crosswalk), ?1, ?2, ?3)";
const RECONCILED: &str = "INSERT INTO reconciliation (sequence, at, entity, snapshot, breaks, digest) VALUES ((SELECT COALESCE(MAX(sequence), 0) + 1 FROM reconciliation), ?1, ?2, ?3, ?4, ?5)";
const BREAK: &str = "INSERT INTO break (sequence, at, entity, snapshot, class, status, document, summary) VALUES ((SELECT COALESCE(MAX(sequence), 0) + 1 FROM break), ?1, ?2, ?3, ?4, ?5, ?6, ?7)";
/// What the break that was opened last was traced to.
const TRACE: &str = "INSERT INTO break_trace (sequence, body) SELECT MAX(sequence), ?1 FROM break";
const COUNT_CALL: &str = "INSERT INTO call_counter (system, operation, calls, unanswered, response_bytes, duration_ms) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (system, operation) DO UPDATE SET calls = call_counter.calls + excluded.calls, \
     unanswered = call_counter.unanswered + excluded.unanswered, \
     response_bytes = call_counter.response_bytes + excluded.response_bytes, \
     duration_ms = call_counter.duration_ms + excluded.duration_ms";

pub(super) fn adopt(
    connection: &Link<'_>,
    at: Timestamp,
    digest: &Digest,
    summary: &str,
) -> Result<(), CommitError> {
    Ok(connection.put(ADOPT, params![at.0, digest.as_bytes(), summary])?)
}

pub(super) fn record_reconciliation(
    connection: &Link<'_>,
    at: Timestamp,
    entity: &EntityId,
    snapshot: &str,
    breaks: u32,
    digest: &Digest,
) -> Result<(), CommitError> {
    Ok(connection.put(
        RECONCILED,
        params![at.0, entity.as_str(), snapshot, breaks, digest.as_bytes()],
    )?)
}

pub(super) fn open_break(
    connection: &Link<'_>,
    at: Timestamp,
    found: &BreakRecord,
) -> Result<(), CommitError> {
    connection.put(
        BREAK,
        params![
            at.0,
            found.entity.as_str(),
            found.snapshot,
            found.class,
            found.status,
            found.document,
            found.summary
        ],
    )?;
    if !found.trace.is_empty() {
        connection.put(TRACE, params![found.trace])?;
    }
    Ok(())
}

/// Calls are summed before they are counted: a hundred calls of one kind cost one statement.
pub(super) fn record_calls(connection: &Link<'_>, calls: &[CallFact]) -> Result<(), CommitError> {
    let mut sums: BTreeMap<(&str, &str), [u64; 4]> = BTreeMap::new();
    for call in calls {
        let sum = sums.entry((&call.system, &call.operation)).or_default();
        let parts = [
            1,
            u64::from(call.status == 0),
            call.response_bytes,
            call.duration_ms,
        ];
        for (sum, part) in sum.iter_mut().zip(parts) {
            *sum = sum.saturating_add(part);
        }
    }
    for ((system, operation), [calls, unanswered, bytes, ms]) in sums {
        connection.put(
            COUNT_CALL,
            params![
                system,
                operation,
                row::stored(calls)?,
                row::stored(unanswered)?,
                row::stored(bytes)?,
                row::stored(ms)?
            ],
        )?;
    }
    Ok(())
}
