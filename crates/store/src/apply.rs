//! Applying a changeset inside a transaction that the caller opened.
//!
//! What each change does to the rows is mirrored in `verify/replay.rs`, which tells from the audit log alone what the rows must be.

mod delivery;
mod document;
mod finding;
mod register;

use crate::link::{Link, params};
use tieout_engine::audit::GENESIS;
use tieout_engine::{Change, Changeset, FlowId, link};
use tieout_model::Timestamp;

use crate::failure::{CommitError, Conflict, LoadError};
use crate::row;
use crate::store::Committed;

const READ_HEAD: &str = "SELECT sequence, digest FROM audit ORDER BY sequence DESC LIMIT 1";
const APPEND: &str = "INSERT INTO audit (sequence, at, body, digest) VALUES (?1, ?2, ?3, ?4)";
const READ_CURSOR: &str = "SELECT position FROM cursor WHERE flow = ?1";
const WRITE_CURSOR: &str = "INSERT INTO cursor (flow, position) VALUES (?1, ?2) \
     ON CONFLICT (flow) DO UPDATE SET position = excluded.position";

/// Applies the changes in order and appends the audit entry. After an error the caller rolls back.
pub(crate) fn apply(connection: &Link<'_>, set: &Changeset) -> Result<Committed, CommitError> {
    apply_after(connection, &current_head(connection)?, set)
}

/// The same, by one who knows that the log ends with `before`.
pub(crate) fn apply_after(
    connection: &Link<'_>,
    before: &Committed,
    set: &Changeset,
) -> Result<Committed, CommitError> {
    if set.changes.is_empty() {
        return Ok(before.clone());
    }
    for change in &set.changes {
        apply_one(connection, set.at, change)?;
    }
    let sequence = before.sequence.saturating_add(1);
    let body = set.canonical();
    let head = link(&before.head, sequence, set.at, &body);
    let number = row::stored(sequence)?;
    connection.put(APPEND, params![number, set.at.0, body, head.as_bytes()])?;
    Ok(Committed { sequence, head })
}

/// The end of the audit log.
pub(crate) fn current_head(connection: &Link<'_>) -> Result<Committed, LoadError> {
    let mut statement = connection.prepare_cached(READ_HEAD)?;
    let mut rows = statement.query(params![])?;
    match rows.next()? {
        Some(row) => Ok(Committed {
            sequence: row::count(row, 0)?,
            head: row::digest(row, 1)?,
        }),
        None => Ok(Committed {
            sequence: 0,
            head: GENESIS,
        }),
    }
}

fn apply_one(connection: &Link<'_>, at: Timestamp, change: &Change) -> Result<(), CommitError> {
    match change {
        Change::AdvanceCursor {
            flow,
            expected,
            next,
        } => advance_cursor(connection, flow, expected.as_deref(), next),
        Change::RecordEnvelope {
            flow,
            expected,
            envelope,
        } => document::record_envelope(connection, at, flow, expected.as_ref(), envelope),
        Change::RecordMalformed {
            flow,
            origin,
            number,
            kind,
            entity,
            notice,
        } => {
            let found = document::Malformed {
                flow,
                origin,
                number,
                kind: *kind,
                entity: entity.as_ref(),
            };
            document::record_malformed(connection, at, &found, notice)
        }
        Change::MarkDeleted { document } => document::mark_deleted(connection, at, *document),
        Change::SettleTranslation {
            document,
            revision,
            is_deleted,
        } => document::settle_translation(connection, *document, revision, *is_deleted),
        Change::Hold {
            document,
            revision,
            notices,
            is_transient,
        } => document::hold(connection, at, *document, revision, notices, *is_transient),
        Change::Release { document } => document::release(connection, *document),
        Change::OpenDelivery(opened) => delivery::open(connection, opened),
        Change::MoveDelivery {
            id,
            expected,
            next,
            attempts,
        } => delivery::move_to(connection, at, *id, *expected, next, *attempts),
        Change::RefreshDelivery {
            id,
            expected,
            payload,
        } => delivery::refresh(connection, *id, *expected, payload),
        Change::AdoptCrosswalk { digest, summary } => {
            finding::adopt(connection, at, digest, summary)
        }
        Change::RecordStep(step) => register::record_step(connection, at, step),
        Change::RecordLineage { id, body } => register::record_lineage(connection, *id, body),
        Change::RecordReconciliation {
            entity,
            snapshot,
            breaks,
            digest,
        } => finding::record_reconciliation(connection, at, entity, snapshot, *breaks, digest),
        Change::OpenBreak(found) => finding::open_break(connection, at, found),
        Change::RecordCalls(calls) => finding::record_calls(connection, calls),
    }
}

fn advance_cursor(
    connection: &Link<'_>,
    flow: &FlowId,
    expected: Option<&str>,
    next: &str,
) -> Result<(), CommitError> {
    let mut read = connection.prepare_cached(READ_CURSOR)?;
    let found: Option<String> = read.query_opt(params![&flow.0], |row| row.get(0))?;
    if found.as_deref() != expected {
        return Err(Conflict::Cursor {
            flow: flow.clone(),
            expected: expected.map(str::to_owned),
            found,
        }
        .into());
    }
    connection.put(WRITE_CURSOR, params![flow.0, next])?;
    Ok(())
}
