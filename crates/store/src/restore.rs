//! A database that was restored from a backup, or moved elsewhere: what it must not forget about itself.
//!
//! After a restore the systems are ahead of the database: what was sent after the backup was made is there, and nothing here says so. So
//! everything that was open becomes uncertain, and every delivery opened later for a document that the lost time may have seen is looked up
//! before it is sent the first time. A document first captured after every source was read once more cannot have been seen.
//!
//! Both notes are kept as cursors with names of their own, so they are audited and verified like every other.

use tieout_engine::{Actor, Change, Changeset, DeliveryState, FlowId, StateWord};
use tieout_model::Timestamp;

use crate::apply::apply;
use crate::failure::{CommitError, LoadError};
use crate::link::{Link, params};
use crate::row::{self, delivery_columns};
use crate::store::Store;

/// The cursor of a restore: `reading;<from>;<at>`, then `<sequence>;<from>;<at>`, instants in microseconds.
const RESTORED: &str = "tieout:restored";
/// The cursor of a move: where the books went.
const MOVED: &str = "tieout:moved";
const READING: &str = "reading";

const POSITION: &str = "SELECT position FROM cursor WHERE flow = ?1";
const LAST_DOCUMENT: &str = "SELECT COALESCE(MAX(sequence), 0) FROM document";
const LAST_AT: &str = "SELECT at FROM audit ORDER BY sequence DESC LIMIT 1";
const IN_STATE: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM delivery d JOIN payload p ON p.delivery = d.sequence WHERE d.state <> 'posted' AND d.state = ?1 ORDER BY d.sequence"
);
const FOUND: &str =
    "SELECT COUNT(*) FROM delivery WHERE state = 'posted' AND attempts = 0 AND moved_at >= ?1";

/// What became of a restored database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The last instant that the backup knows.
    pub from: Timestamp,
    /// When it was restored: what happened in between is lost here, and is looked up.
    pub at: Timestamp,
    /// The row of the last document that the lost time may have seen; `None` until every source was read once more.
    pub through: Option<i64>,
}

impl Restored {
    /// True if something may have been done for the document in this row that the database does not know.
    pub(crate) fn is_doubtful(&self, sequence: i64) -> bool {
        self.through.is_none_or(|through| sequence <= through)
    }

    fn position(&self) -> String {
        let through = self
            .through
            .map_or(READING.to_owned(), |row| row.to_string());
        format!("{through};{};{}", self.from.0, self.at.0)
    }

    fn read(position: &str) -> Option<Self> {
        let mut parts = position.split(';');
        let through = parts.next()?;
        let through = if through == READING {
            None
        } else {
            Some(through.parse().ok()?)
        };
        let mut instant = || parts.next()?.parse().ok().map(Timestamp);
        Some(Self {
            from: instant()?,
            at: instant()?,
            through,
        })
    }
}

impl Store {
    /// Notes that this database is a restored backup, and makes everything open uncertain, refused deliveries too: a person may have had
    /// them sent again. Returns how many deliveries that were.
    ///
    /// # Errors
    /// [`CommitError`]; then nothing was done.
    pub async fn mark_restored(&self, by: Actor, now: Timestamp) -> Result<u64, CommitError> {
        self.write("marking the database as restored", move |link| {
            let from = last_instant(link)?.unwrap_or(now);
            let before = position(link, RESTORED)?;
            let next = Restored {
                from,
                at: now,
                through: None,
            };
            let mut changes = vec![Change::AdvanceCursor {
                flow: FlowId(RESTORED.to_owned()),
                expected: before,
                next: next.position(),
            }];
            changes.extend(doubts(link, now)?);
            let count = changes.len().saturating_sub(1);
            let set = Changeset {
                by: by.clone(),
                why: format!(
                    "restored a backup: what was done from {from} to {now} is not known here"
                ),
                at: now,
                changes,
            };
            apply(link, &set)?;
            Ok(u64::try_from(count).unwrap_or(u64::MAX))
        })
        .await
    }

    /// Whether this database was restored from a backup, and how far it caught up.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn restored(&self) -> Result<Option<Restored>, LoadError> {
        self.read("reading whether the database was restored", restored)
            .await
    }

    /// Deliveries that a restored database found in the target although it never sent them: what the lost time did, as far as it is found.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn found_again(&self, restored: &Restored) -> Result<u64, LoadError> {
        let at = restored.at.0;
        self.read("counting what was found again", move |link| {
            let mut count = link.prepare_cached(FOUND)?;
            let mut rows = count.query(params![at])?;
            match rows.next()? {
                Some(row) => row::count(row, 0),
                None => Ok(0),
            }
        })
        .await
    }

    /// Notes that every source was read once since the restore. Does nothing for a database that was not restored, or caught up already.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn caught_up(&self, by: Actor, now: Timestamp) -> Result<(), CommitError> {
        self.write("noting that all sources were read", move |link| {
            let Some(before) = restored(link)?.filter(|found| found.through.is_none()) else {
                return Ok(());
            };
            let mut last = link.prepare_cached(LAST_DOCUMENT)?;
            let through = last.query_opt(params![], |row| row.get(0))?;
            let next = Restored {
                through: Some(through.unwrap_or(0)),
                ..before.clone()
            };
            let set = Changeset {
                by: by.clone(),
                why: "every source was read once since the restore".to_owned(),
                at: now,
                changes: vec![Change::AdvanceCursor {
                    flow: FlowId(RESTORED.to_owned()),
                    expected: Some(before.position()),
                    next: next.position(),
                }],
            };
            apply(link, &set).map(drop)
        })
        .await
    }

    /// Notes where the books were moved to; nothing may be carried from here any more.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn mark_moved(&self, to: &str, by: Actor, now: Timestamp) -> Result<(), CommitError> {
        let to = to.to_owned();
        self.write("noting where the books went", move |link| {
            let set = Changeset {
                by: by.clone(),
                why: format!("moved to {to}"),
                at: now,
                changes: vec![Change::AdvanceCursor {
                    flow: FlowId(MOVED.to_owned()),
                    expected: position(link, MOVED)?,
                    next: to.clone(),
                }],
            };
            apply(link, &set).map(drop)
        })
        .await
    }

    /// Where the books were moved to, if they were.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn moved_to(&self) -> Result<Option<String>, LoadError> {
        self.read("reading where the books went", |link| position(link, MOVED))
            .await
    }
}

/// Whether the database was restored.
pub(crate) fn restored(link: &Link<'_>) -> Result<Option<Restored>, LoadError> {
    let Some(position) = position(link, RESTORED)? else {
        return Ok(None);
    };
    let read = Restored::read(&position);
    let read = read.ok_or_else(|| LoadError::corrupt(format!("{position:?} is no restore")))?;
    Ok(Some(read))
}

fn position(link: &Link<'_>, flow: &str) -> Result<Option<String>, LoadError> {
    let mut statement = link.prepare_cached(POSITION)?;
    Ok(statement.query_opt(params![flow], |row| row.get(0))?)
}

fn last_instant(link: &Link<'_>) -> Result<Option<Timestamp>, LoadError> {
    let mut last = link.prepare_cached(LAST_AT)?;
    let at: Option<i64> = last.query_opt(params![], |row| row.get(0))?;
    Ok(at.map(Timestamp))
}

/// The moves that make every open or refused delivery uncertain.
fn doubts(link: &Link<'_>, now: Timestamp) -> Result<Vec<Change>, LoadError> {
    let states = [
        StateWord::Queued,
        StateWord::Leased,
        StateWord::Submitted,
        StateWord::Uncertain,
        StateWord::Rejected,
    ];
    let mut changes = Vec::new();
    for state in states {
        let mut statement = link.prepare_cached(IN_STATE)?;
        let mut rows = statement.query(params![state.word()])?;
        while let Some(row) = rows.next()? {
            let delivery = row::delivery(row)?;
            changes.push(Change::MoveDelivery {
                id: delivery.id,
                expected: delivery.version,
                next: DeliveryState::Uncertain {
                    probe_at: now,
                    absences: 0,
                },
                attempts: 0,
            });
        }
    }
    Ok(changes)
}
