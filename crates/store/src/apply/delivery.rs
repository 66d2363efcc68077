//! Changes of deliveries: opened, moved, refreshed.

use crate::link::value::Value;
use crate::link::{Link, LinkError, params};
use tieout_engine::{Delivery, DeliveryState, OpenedDelivery};
use tieout_model::{DeliveryId, Stamp, Timestamp};

use crate::dialect::{self, Unique};
use crate::failure::{CommitError, Conflict, LoadError};
use crate::row;

const OPEN: &str = "INSERT INTO delivery (sequence, document, number, role, kind, entity, target, state, state_body, due_at, version, attempts, moved_at) \
     SELECT (SELECT COALESCE(MAX(sequence), 0) + 1 FROM delivery), m.sequence, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 \
     FROM document m WHERE m.id = ?1 ON CONFLICT (document, number) DO NOTHING";
/// The stamp of the delivery that was opened last.
const WRITE_FIRST_STAMP: &str =
    "INSERT INTO stamp (stamp, delivery) SELECT ?1, MAX(sequence) FROM delivery";
const WRITE_STAMP: &str = "INSERT INTO stamp (stamp, delivery) VALUES (?1, ?2)";
const REMOVE_STAMP: &str = "DELETE FROM stamp WHERE stamp = ?1";
const REFRESH: &str = "UPDATE delivery SET role = ?3, kind = ?4, entity = ?5, target = ?6, state = ?7, state_body = ?8, due_at = ?9, version = ?10, \
     attempts = ?11, moved_at = ?12 WHERE document = (SELECT sequence FROM document WHERE id = ?1) AND number = ?2 RETURNING sequence";
/// The facts and the payload of the delivery that was opened last.
const WRITE_FIRST_FACTS: &str = "INSERT INTO payload (delivery, flow, stamp, idempotency_key, document_number, party, accounting_date, period, \
     revision, crosswalk_version, crosswalk, opened_at, body) SELECT COALESCE(?13, MAX(sequence)), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM delivery";
const WRITE_FACTS: &str = "UPDATE payload SET flow = ?1, stamp = ?2, idempotency_key = ?3, document_number = ?4, party = ?5, accounting_date = ?6, \
     period = ?7, revision = ?8, crosswalk_version = ?9, crosswalk = ?10, opened_at = ?11, body = ?12 WHERE delivery = ?13";
const MOVE: &str = "UPDATE delivery SET state = ?4, state_body = ?5, due_at = ?6, version = ?7, attempts = ?8, moved_at = ?9 \
     WHERE document = (SELECT sequence FROM document WHERE id = ?1) AND number = ?2 AND version = ?3";
const FIND: &str = "SELECT d.version, d.state_body, p.stamp FROM delivery d JOIN payload p ON p.delivery = d.sequence \
     WHERE d.document = (SELECT sequence FROM document WHERE id = ?1) AND d.number = ?2";

pub(super) fn open(connection: &Link<'_>, opened: &OpenedDelivery) -> Result<(), CommitError> {
    let id = opened.delivery.id;
    let is_new = with_columns(&opened.delivery, opened.delivery.version, |values| {
        connection.change(OPEN, values)
    })?;
    if is_new {
        with_facts(opened, None, |values| {
            connection.put(WRITE_FIRST_FACTS, values)
        })?;
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
    let has_facts = with_facts(opened, Some(sequence), |values| {
        connection.change(WRITE_FACTS, values)
    })?;
    if !has_facts {
        return Err(LoadError::corrupt(format!("delivery {id} has no facts")).into());
    }
    let stamp = &opened.delivery.marks.stamp;
    if found.stamp == stamp.as_str() {
        return Ok(());
    }
    connection.put(REMOVE_STAMP, params![found.stamp])?;
    let written = connection.put(WRITE_STAMP, params![stamp.as_str(), sequence]);
    written.map_err(|error| taken(error, id, stamp))
}

/// Runs a statement that takes the columns of a delivery's row.
fn with_columns<T>(
    delivery: &Delivery,
    version: u64,
    run: impl FnOnce(&[Value<'_>]) -> Result<T, LinkError>,
) -> Result<T, CommitError> {
    let written = run(params![
        delivery.id.document.as_bytes(),
        delivery.id.number,
        delivery.role.word(),
        delivery.kind.word(),
        delivery.entity.as_str(),
        delivery.target.as_str(),
        delivery.state.word().word(),
        delivery.state.encode(),
        delivery.state.due_at().map(|at| at.0),
        row::stored(version)?,
        delivery.attempts,
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

/// Runs a statement that takes what never changes of a delivery, and then its row if that is known.
fn with_facts<T>(
    opened: &OpenedDelivery,
    sequence: Option<i64>,
    run: impl FnOnce(&[Value<'_>]) -> Result<T, LinkError>,
) -> Result<T, CommitError> {
    let delivery = &opened.delivery;
    let written = run(params![
        delivery.flow.0,
        delivery.marks.stamp.as_str(),
        delivery.marks.key.as_str(),
        delivery.number,
        delivery.party,
        delivery.accounting_date.to_string(),
        delivery.period,
        delivery.revision.as_str(),
        delivery.crosswalk_version,
        delivery.crosswalk.as_bytes(),
        delivery.opened_at.0,
        opened.payload,
        sequence,
    ]);
    Ok(written?)
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
