//! Changes of change control, and the rules behind a delivery.

use crate::link::{Link, params};
use tieout_engine::crosswalk::control::RegisterStep;
use tieout_model::{DeliveryId, Digest, Timestamp};

use crate::failure::{CommitError, Conflict};

const COUNT: &str = "SELECT COUNT(*) FROM register_step WHERE subject = ?1";
const LAST: &str = "SELECT MAX(at) FROM register_step";
const STEP: &str = "INSERT INTO register_step (sequence, at, digest, subject, number, act, person, reason, facts, body) \
     VALUES ((SELECT COALESCE(MAX(sequence), 0) + 1 FROM register_step), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const LINEAGE: &str = "INSERT INTO lineage (document, number, body) VALUES (?1, ?2, ?3) \
     ON CONFLICT (document, number) DO UPDATE SET body = excluded.body";

/// A step must be the next one of its subject, and not before the last one of all.
pub(super) fn record_step(
    connection: &Link<'_>,
    at: Timestamp,
    step: &RegisterStep,
) -> Result<(), CommitError> {
    let found: Option<u32> = connection
        .prepare_cached(COUNT)?
        .query_opt(params![&step.subject], |row| row.get(0))?;
    let last: Option<Option<i64>> = connection
        .prepare_cached(LAST)?
        .query_opt(params![], |row| row.get(0))?;
    let found = found.unwrap_or(0);
    let last = last.flatten();
    let is_late = last.is_none_or(|last| last <= step.at.0);
    if found != step.number || step.at != at || !is_late {
        return Err(Conflict::Step {
            subject: step.subject.clone(),
            expected: step.number,
            found,
        }
        .into());
    }
    connection.prepare_cached(STEP)?.execute(params![
        step.at.0,
        Digest::of(&step.body).as_bytes(),
        step.subject,
        step.number,
        step.act.word(),
        step.by,
        step.reason,
        step.encode_facts(),
        step.body,
    ])?;
    Ok(())
}

pub(super) fn record_lineage(
    connection: &Link<'_>,
    id: DeliveryId,
    body: &[u8],
) -> Result<(), CommitError> {
    Ok(connection.put(LINEAGE, params![id.document.as_bytes(), id.number, body])?)
}
