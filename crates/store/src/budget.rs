//! Places and turns to call a system, shared by all workers on one database (decision 0006).
//!
//! The other named exception beside [`Store::lease`]: these rows are no facts about documents, so they are not audited, copied or verified.
//! A place is kept until it lapses or is given back; a worker that stalls loses it, and must look at its own `until` before each call. A
//! turn is an instant at which one call may begin; it is given away once.

use tieout_engine::budget::{Holder, Pace, Turns, fair_share};
use tieout_model::Timestamp;

use crate::failure::{CommitError, LoadError};
use crate::link::{Link, params};
use crate::store::Store;

const LAPSED: &str = "DELETE FROM budget_place WHERE system = ?1 AND until <= ?2";
const GONE: &str = "DELETE FROM budget_place WHERE system = ?1 AND holder = ?2";
const HOLDERS: &str = "SELECT holder, places FROM budget_place WHERE system = ?1 ORDER BY holder";
const HOLD: &str = "INSERT INTO budget_place (system, holder, places, until) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (system, holder) DO UPDATE SET places = excluded.places, until = excluded.until";
const NEXT_TURN: &str = "SELECT next_at FROM budget_turn WHERE system = ?1";
const TAKE_TURNS: &str = "INSERT INTO budget_turn (system, next_at) VALUES (?1, ?2) \
     ON CONFLICT (system) DO UPDATE SET next_at = excluded.next_at";

/// Places that go round stay with a worker for so many times as long as places are kept: handing over costs time.
const KEEPS_PER_TURN: i64 = 4;

/// What a worker asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceRequest {
    /// The system to be called.
    pub system: String,
    /// Who asks, by a name that no other process has.
    pub holder: String,
    /// The present instant.
    pub now: Timestamp,
    /// How long the answer holds.
    pub keep_ms: i64,
    /// Places there are for the whole tenant.
    pub total: u32,
    /// Calls of this holder under way; their places are kept whatever is fair.
    pub busy: u32,
    /// Holders that are known to have ended.
    pub gone: Vec<String>,
}

/// What a worker got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// So many calls may be under way at a time.
    pub count: u32,
    /// Until then; no call may begin later.
    pub until: Timestamp,
    /// The others that hold places, or wait for some.
    pub others: Vec<String>,
}

impl Store {
    /// Divides the places of a system among the workers that ask, and keeps this one's until it asks again.
    ///
    /// # Errors
    /// [`CommitError`]: then what was held before lapses by itself.
    pub async fn share_places(&self, want: PlaceRequest) -> Result<Places, CommitError> {
        self.write("sharing the places of a system", move |link| {
            share(link, &want)
        })
        .await
    }

    /// Gives back all places of a holder that will not call any more.
    ///
    /// # Errors
    /// [`CommitError`]: then they lapse by themselves.
    pub async fn leave_places(&self, system: String, holder: String) -> Result<(), CommitError> {
        self.write("giving back the places of a system", move |link| {
            link.prepare_cached(GONE)?
                .execute(params![system, holder])?;
            Ok(())
        })
        .await
    }

    /// Gives the next turns of a system to the caller, from `now` at the earliest.
    ///
    /// # Errors
    /// [`CommitError`]: then none was given, or those that were are never used.
    pub async fn take_turns(
        &self,
        system: String,
        now: Timestamp,
        pace: Pace,
    ) -> Result<Turns, CommitError> {
        self.write("taking turns to call a system", move |link| {
            let mut read = link.prepare_cached(NEXT_TURN)?;
            let next: Option<i64> = read.query_opt(params![system], |row| row.get(0))?;
            let first = next.unwrap_or(now.0).max(now.0);
            let turns = Turns {
                first: Timestamp(first),
                left: pace.lot_len(),
            };
            let taken = turns.left.saturating_mul(pace.interval_us());
            link.put(TAKE_TURNS, params![system, first.saturating_add(taken)])?;
            Ok(turns)
        })
        .await
    }
}

fn share(link: &Link<'_>, want: &PlaceRequest) -> Result<Places, CommitError> {
    link.put(LAPSED, params![want.system, want.now.0])?;
    for holder in &want.gone {
        link.put(GONE, params![want.system, holder])?;
    }
    let (own, others): (Vec<Holder>, Vec<Holder>) = holders(link, &want.system)?
        .into_iter()
        .partition(|holder| holder.name == want.holder);
    let held = own.first().map_or(0, |own| own.places);
    let turn_ms = want.keep_ms.max(1).saturating_mul(KEEPS_PER_TURN);
    let turn = want.now.millis().div_euclid(turn_ms);
    let turn = u64::try_from(turn).unwrap_or(0);
    let count = fair_share(want.total, &want.holder, &others, turn);
    let kept = count.max(want.busy.min(held));
    let until = want.now.plus_millis(want.keep_ms);
    link.put(
        HOLD,
        params![want.system, want.holder, i64::from(kept), until.0],
    )?;
    Ok(Places {
        count,
        until,
        others: others.into_iter().map(|other| other.name).collect(),
    })
}

fn holders(link: &Link<'_>, system: &str) -> Result<Vec<Holder>, LoadError> {
    let mut statement = link.prepare_cached(HOLDERS)?;
    let mut rows = statement.query(params![system])?;
    let mut holders = Vec::new();
    while let Some(row) = rows.next()? {
        let places: i64 = row.get(1)?;
        holders.push(Holder {
            name: row.get(0)?,
            places: u32::try_from(places).unwrap_or(u32::MAX),
        });
    }
    Ok(holders)
}
