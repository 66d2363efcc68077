//! Claiming deliveries for sending.
//!
//! A lease is a changeset decided inside its own transaction: it moves deliveries from queued to leased and is audited like every other.
//! Fairness: entities take turns, the oldest delivery of each first, so one entity's flood does not delay another's few. Order: delivery
//! number n of a document is sent only when all lower ones are posted (or settled by hand), which also means that no document is ever sent twice at once.

use std::collections::BTreeMap;

use crate::link::{Link, params};
use tieout_engine::{Actor, Change, Changeset, DeliveryState};
use tieout_model::{DeliveryId, DocumentKind, SystemId, Timestamp};

use crate::apply::apply;
use crate::failure::{CommitError, LoadError};
use crate::read::delivery::{LeasedDelivery, by_sequence};
use crate::row;
use crate::store::Store;

/// What a worker is ready to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    /// The worker's name.
    pub worker: String,
    /// The present instant.
    pub now: Timestamp,
    /// How long the worker may be believed.
    pub lease_ms: i64,
    /// Only documents of this kind.
    pub kind: Option<DocumentKind>,
    /// Only deliveries to this system.
    pub target: Option<SystemId>,
    /// At most so many.
    pub limit: usize,
}

/// Deliveries of one entity that wait for the same target, of one kind.
struct Lane {
    target: String,
    kind: String,
    entity: String,
}

/// The instant after every delivery of a lane: with it the index is entered behind the lane, without it the whole lane would be walked.
const NEXT_LANE: &str = "SELECT target, kind, entity FROM delivery WHERE state = 'queued' \
     AND (target, kind, entity, due_at) > (?1, ?2, ?3, 9223372036854775807) ORDER BY target, kind, entity, due_at LIMIT 1";
const WAITING: &str = "SELECT d.due_at, d.sequence FROM delivery d \
     WHERE d.state = 'queued' AND d.target = ?1 AND d.kind = ?2 AND d.entity = ?3 AND d.due_at <= ?4 \
     AND (d.number = 0 OR NOT EXISTS (SELECT 1 FROM delivery p WHERE p.document = d.document AND p.number < d.number \
     AND p.state NOT IN ('posted', 'resolved'))) ORDER BY d.due_at, d.sequence LIMIT ?5";

impl Store {
    /// Claims deliveries that are due, in one audited transaction. Those returned are leased already, in the version that the claim made.
    ///
    /// # Errors
    /// [`LoadError`]; then nothing was claimed, or its lease runs out by itself.
    pub async fn lease(&self, want: &LeaseRequest) -> Result<Vec<LeasedDelivery>, LoadError> {
        let want = want.clone();
        let leased = self.write("leasing deliveries", move |connection| {
            claim(connection, &want)
        });
        leased.await.map_err(|error| match error {
            CommitError::Unavailable(failure) => LoadError::Unavailable(failure),
            CommitError::Corrupt(failure) => LoadError::Corrupt(failure),
            // The rows were read in the same transaction, so only a damaged index can make them differ.
            CommitError::Conflict(conflict) => LoadError::corrupt(conflict.to_string()),
        })
    }
}

fn claim(connection: &Link<'_>, want: &LeaseRequest) -> Result<Vec<LeasedDelivery>, CommitError> {
    let sequences = take_turns(candidates(connection, want)?, want.limit);
    let mut chosen = by_sequence(connection, &sequences)?;
    let mut changes = Vec::with_capacity(chosen.len());
    for found in &mut chosen {
        let delivery = &mut found.delivery;
        let expected = delivery.version;
        delivery.state = DeliveryState::Leased {
            by: want.worker.clone(),
            until: want.now.plus_millis(want.lease_ms),
        };
        delivery.version = expected.saturating_add(1);
        delivery.attempts = delivery.attempts.saturating_add(1);
        delivery.moved_at = want.now;
        let id: DeliveryId = delivery.id;
        changes.push(Change::MoveDelivery {
            id,
            expected,
            next: delivery.state.clone(),
            attempts: delivery.attempts,
        });
    }
    let set = Changeset {
        by: Actor::Worker(want.worker.clone()),
        why: "lease".to_owned(),
        at: want.now,
        changes,
    };
    apply(connection, &set)?;
    Ok(chosen)
}

/// Per entity, the rows that may be sent, oldest first.
fn candidates(
    connection: &Link<'_>,
    want: &LeaseRequest,
) -> Result<BTreeMap<String, Vec<(i64, i64)>>, LoadError> {
    let mut by_entity: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    let mut statement = connection.prepare_cached(WAITING)?;
    for lane in lanes(connection)? {
        let is_wanted = want.kind.is_none_or(|kind| kind.word() == lane.kind)
            && want
                .target
                .as_ref()
                .is_none_or(|target| target.as_str() == lane.target);
        if !is_wanted {
            continue;
        }
        let limit = row::limit(want.limit);
        let mut rows = statement.query(params![
            lane.target,
            lane.kind,
            lane.entity,
            want.now.0,
            limit
        ])?;
        let waiting = by_entity.entry(lane.entity).or_default();
        while let Some(row) = rows.next()? {
            waiting.push((row.get(0)?, row.get(1)?));
        }
    }
    for waiting in by_entity.values_mut() {
        waiting.sort_unstable();
    }
    Ok(by_entity)
}

fn lanes(connection: &Link<'_>) -> Result<Vec<Lane>, LoadError> {
    let mut statement = connection.prepare_cached(NEXT_LANE)?;
    let mut lanes: Vec<Lane> = Vec::new();
    loop {
        let (target, kind, entity) = match lanes.last() {
            Some(lane) => (&*lane.target, &*lane.kind, &*lane.entity),
            None => ("", "", ""),
        };
        let mut rows = statement.query(params![target, kind, entity])?;
        let Some(row) = rows.next()? else {
            return Ok(lanes);
        };
        let next = Lane {
            target: row.get(0)?,
            kind: row.get(1)?,
            entity: row.get(2)?,
        };
        drop(rows);
        lanes.push(next);
    }
}

/// One of each entity in turn, until `limit` are chosen or none is left.
fn take_turns(by_entity: BTreeMap<String, Vec<(i64, i64)>>, limit: usize) -> Vec<i64> {
    let mut queues: Vec<_> = by_entity.into_values().map(Vec::into_iter).collect();
    let mut chosen = Vec::new();
    while chosen.len() < limit && !queues.is_empty() {
        let free = limit - chosen.len();
        let turn = queues.iter_mut().filter_map(Iterator::next);
        chosen.extend(turn.take(free).map(|(_, sequence)| sequence));
        queues.retain(|queue| queue.len() > 0);
    }
    chosen
}
