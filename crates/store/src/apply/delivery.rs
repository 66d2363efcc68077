//! Changes of deliveries: opened, moved, refreshed.

use crate::link::value::Value;
use crate::link::{Link, LinkError, params};
use tieout_engine::{Delivery, DeliveryState, OpenedDelivery};
use tieout_model::{DeliveryId, Stamp, Timestamp};

use crate::dialect::{self, Unique};
use crate::failure::{CommitError, Conflict, LoadError};
use crate::row;

const OPEN: &str = "INSERT INTO delivery (sequence, document, number, flow, role, kind, entity, target, stamp, idempotency_key, document_number, \
     party, accounting_date, period, revision, crosswalk_version, crosswalk, state, state_body, due_at, version, attempts, opened_at, \
     moved_at) SELECT (SELECT COALESCE(MAX(sequence), 0) + 1 FROM delivery), m.sequence, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23 \
     FROM document m WHERE m.id = ?1 ON CONFLICT (document, number) DO NOTHING";
/// The stamp of the delivery that was opened last.
const WRITE_FIRST_STAMP: &str =
    "INSERT INTO stamp (stamp, delivery) SELECT ?1, MAX(sequence) FROM delivery";
const WRITE_STAMP: &str = "INSERT INTO stamp (stamp, delivery) VALUES (?1, ?2)";
const REMOVE_STAMP: &str = "DELETE FROM stamp WHERE stamp = ?1";
const REFRESH: &str = "UPDATE delivery SET flow = ?3, role = ?4, kind = ?5, entity = ?6, target = ?7, stamp = ?8, \
     idempotency_key = ?9, document_number = ?10, party = ?11, accounting_date = ?12, period = ?13, revision = ?14, \
     crosswalk_version = ?15, crosswalk = ?16, state = ?17, state_body = ?18, due_at = ?19, version = ?20, attempts = ?21, \
     opened_at = ?22, moved_at = ?23 WHERE document = (SELECT sequence FROM document WHERE id = ?1) AND number = ?2 RETURNING sequence";
/// The payload of the delivery that was opened last.
const WRITE_FIRST_PAYLOAD: &str =
    "INSERT INTO payload (delivery, body) SELECT MAX(sequence), ?1 FROM delivery";
const WRITE_PAYLOAD: &str = "INSERT INTO payload (delivery, body) VALUES (?1, ?2) \
     ON CONFLICT (delivery) DO UPDATE SET body = excluded.body";
const MOVE: &str = "UPDATE delivery SET state = ?4, state_body = ?5, due_at = ?6, version = ?7, attempts = ?8, moved_at = ?9 \
     WHERE document = (SELECT sequence FROM document WHERE id = ?1) AND number = ?2 AND version = ?3";
const FIND: &str = "SELECT version, state_body, stamp FROM delivery WHERE document = (SELECT sequence FROM document WHERE id = ?1) AND number = ?2";

pub(super) fn open(connection: &Link<'_>, opened: &OpenedDelivery) -> Result<(), CommitError> {
    let id = opened.delivery.id;
    let is_new = with_columns(&opened.delivery, opened.delivery.version, |values| {
        connection.change(OPEN, values)
    })?;
    if is_new {
        connection.put(WRITE_FIRST_PAYLOAD, params![opened.payload])?;
        let stamp = &opened.delivery.marks.stamp;
        let written = connection.put(WRITE_FIRST_STAMP, params![stamp.as_str()]);
        return written.map_err(|error| taken(error, id, stamp));
    }
    Err(match find(connection, id)? {
        Some(_) => Conflict::DeliveryExists { id },
        None => Conflict::UnknownDocument {
            document: id.document,
        },
    }
    .into())
}

/// A move names the version it decided on and makes the next one.
pub(super) fn move_to(
    connection: &Link<'_>,
    at: Timestamp,
    id: DeliveryId,
    expected: u64,
    next: &DeliveryState,
    attempts: u32,
) -> Result<(), CommitError> {
    if connection.change(
        MOVE,
        params![
            id.document.as_bytes(),
            id.number,
            row::stored(expected)?,
            next.word().word(),
            next.encode(),
            next.due_at().map(|at| at.0),
            row::stored(expected.saturating_add(1))?,
            attempts,
            at.0,
        ],
    )? {
        return Ok(());
    }
    let found = find(connection, id)?.map(|found| found.version);
    Err(Conflict::Delivery {
        id,
        expected,
        found,
    }
    .into())
}

/// Only a delivery of which nothing was done may get another payload.
pub(super) fn refresh(
    connection: &Link<'_>,
    id: DeliveryId,
    expected: u64,
    opened: &OpenedDelivery,
) -> Result<(), CommitError> {
    if opened.delivery.id != id {
        let other = opened.delivery.id;
        return Err(Conflict::OtherDelivery { id, other }.into());
    }
    let found = match find(connection, id)? {
        Some(found) if found.version == expected => found,
        other => {
            let found = other.map(|found| found.version);
            return Err(Conflict::Delivery {
                id,
                expected,
                found,
            }
            .into());
        }
    };
    if !found.state.is_untouched() {
        let state = found.state.word().word().to_owned();
        return Err(Conflict::Touched { id, state }.into());
    }
    let next = expected.saturating_add(1);
    let mut statement = connection.prepare_cached(REFRESH)?;
    let written: Option<i64> = with_columns(&opened.delivery, next, |values| {
        statement.query_opt(values, |row| row.get(0))
    })?;
    let Some(sequence) = written else {
        return Err(LoadError::corrupt(format!("delivery {id} vanished")).into());
    };
    connection.put(WRITE_PAYLOAD, params![sequence, opened.payload])?;
    let stamp = &opened.delivery.marks.stamp;
    if found.stamp == stamp.as_str() {
        return Ok(());
    }
    connection.put(REMOVE_STAMP, params![found.stamp])?;
    let written = connection.put(WRITE_STAMP, params![stamp.as_str(), sequence]);
    written.map_err(|error| taken(error, id, stamp))
}

/// Runs a statement that takes every column of a delivery.
fn with_columns<T>(
    delivery: &Delivery,
    version: u64,
    run: impl FnOnce(&[Value<'_>]) -> Result<T, LinkError>,
) -> Result<T, CommitError> {
    let written = run(params![
        delivery.id.document.as_bytes(),
        delivery.id.number,
        delivery.flow.0,
        delivery.role.word(),
        delivery.kind.word(),
        delivery.entity.as_str(),
        delivery.target.as_str(),
        delivery.marks.stamp.as_str(),
        delivery.marks.key.as_str(),
        delivery.number,
        delivery.party,
        delivery.accounting_date.to_string(),
        delivery.period,
        delivery.revision.as_str(),
        delivery.crosswalk_version,
        delivery.crosswalk.as_bytes(),
        delivery.state.word().word(),
        delivery.state.encode(),
        delivery.state.due_at().map(|at| at.0),
        row::stored(version)?,
        delivery.attempts,
        delivery.opened_at.0,
        delivery.moved_at.0,
    ]);
    let id = delivery.id;
    written.map_err(|error| {
        if dialect::is_taken(&error, Unique::DeliveryNumber) {
            Conflict::DeliveryExists { id }.into()
        } else {
            error.into()
        }
    })
}

/// What it means that a stamp could not be written.
fn taken(error: LinkError, id: DeliveryId, stamp: &Stamp) -> CommitError {
    if dialect::is_taken(&error, Unique::Stamp) {
        let stamp = stamp.clone();
        Conflict::StampTaken { id, stamp }.into()
    } else {
        error.into()
    }
}

/// What is stored of a delivery, as far as a change may expect it.
struct Found {
    version: u64,
    state: DeliveryState,
    stamp: String,
}

fn find(connection: &Link<'_>, id: DeliveryId) -> Result<Option<Found>, CommitError> {
    let mut statement = connection.prepare_cached(FIND)?;
    let mut rows = statement.query(params![id.document.as_bytes(), id.number])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let state: Vec<u8> = row.get(1)?;
    Ok(Some(Found {
        version: row::count(row, 0)?,
        state: DeliveryState::decode(&state).map_err(LoadError::from)?,
        stamp: row.get(2)?,
    }))
}
