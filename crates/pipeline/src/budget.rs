//! A door that keeps to a system's limits, together with all workers on the same database (decision 0006).
//!
//! A call begins only with a place and, if there is a pace, at its turn. Places are kept by asking for them again while a call is under way;
//! a worker that was stopped for long finds that they lapsed, and asks first. Nothing is sent that could not get a place: that is a request
//! that surely was not sent.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tieout_connector::{Transport, TransportFailure, Waiter};
use tieout_engine::budget::{Pace, Turns};
use tieout_model::{Ambient, Timestamp};
use tieout_store::{PlaceRequest, Store};
use tokio::sync::Notify;

/// How long places are kept without being asked for again. A worker that dies is missed for so long at most.
const KEEP_MS: i64 = 3_000;
/// After that they are asked for again; no call begins in the last part.
const ASK_AGAIN_MS: i64 = KEEP_MS / 3;
/// Without any place they are asked for sooner.
const ASK_SOON_MS: i64 = 250;
/// Longest pause before a caller that waits looks by itself.
const LOOK_MS: i64 = 100;
/// A call that finds no place for so long is given up as not sent.
const WAIT_MAX_MS: i64 = 600_000;

/// The limits of one system, for the whole tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls under way at a time, over all workers.
    pub in_flight_max: u32,
    /// Calls per window, over all workers; `None` for no such limit.
    pub pace: Option<Pace>,
}

/// Tells whether the holder of a place is known to have ended.
pub type IsGone = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What a door shares with others, and who it is.
pub struct Membership {
    /// The database of all workers.
    pub store: Store,
    /// The system behind the door.
    pub system: String,
    /// This process, by a name that no other has.
    pub holder: String,
    /// Whether another one has ended.
    pub is_gone: IsGone,
    /// Time and chance.
    pub ambient: Ambient,
    /// Waits.
    pub waiter: Arc<dyn Waiter>,
}

/// A transport behind the limits.
pub struct SharedDoor {
    inner: Arc<dyn Transport>,
    member: Membership,
    limits: Limits,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    busy: u32,
    may: u32,
    until: Timestamp,
    ask_at: Timestamp,
    turns: Turns,
}

/// A call under way; dropped, its place is free.
struct Place(Arc<Mutex<State>>, Arc<Notify>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = locked(&self.0);
        state.busy = state.busy.saturating_sub(1);
        drop(state);
        self.1.notify_one();
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SharedDoor {
    /// Puts `limits` before `inner`.
    pub fn new(inner: Arc<dyn Transport>, member: Membership, limits: Limits) -> Self {
        let never = Timestamp(i64::MIN);
        Self {
            inner,
            member,
            limits,
            state: Arc::new(Mutex::new(State {
                busy: 0,
                may: 0,
                until: never,
                ask_at: never,
                turns: Turns::default(),
            })),
            changed: Arc::new(Notify::new()),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// Gives all places back, so that others need not wait for them to lapse. For a worker that ends.
    pub async fn leave(&self) {
        let never = Timestamp(i64::MIN);
        {
            let mut state = locked(&self.state);
            (state.may, state.until, state.ask_at) = (0, never, never);
        }
        let (system, holder) = (self.member.system.clone(), self.member.holder.clone());
        if let Err(error) = self.member.store.leave_places(system, holder).await {
            tracing::debug!(%error, "places are left to lapse");
        }
    }

    fn now(&self) -> Timestamp {
        self.member.ambient.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// A place if there is one.
    fn try_place(&self) -> Option<Place> {
        let now = self.now();
        let mut state = self.state();
        let is_kept = now.plus_millis(ASK_AGAIN_MS) < state.until;
        if !is_kept || state.busy >= state.may {
            return None;
        }
        state.busy += 1;
        Some(Place(Arc::clone(&self.state), Arc::clone(&self.changed)))
    }

    async fn place(&self) -> Result<Place, String> {
        let since = self.now();
        loop {
            if let Some(place) = self.try_place() {
                return Ok(place);
            }
            if self.now() >= self.state().ask_at {
                self.ask().await?;
                continue;
            }
            if self.now() > since.plus_millis(WAIT_MAX_MS) {
                return Err(format!(
                    "no place among the {} calls that {} takes at a time",
                    self.limits.in_flight_max, self.member.system
                ));
            }
            let soon = self.state().ask_at.millis() - self.now().millis();
            self.pause(soon.min(LOOK_MS)).await?;
        }
    }

    /// Waits a little, less if a place became free. A process that was stopped meanwhile must not go on to send: what it carries may have
    /// been given to another worker since.
    async fn pause(&self, ms: i64) -> Result<(), String> {
        let before = self.now();
        let ms = ms.clamp(1, KEEP_MS);
        tokio::select! {
            biased;
            () = self.changed.notified() => {}
            () = self.member.waiter.wait(u64::try_from(ms).unwrap_or(1)) => {}
        }
        let passed = self.now().millis().saturating_sub(before.millis());
        if passed > ms.saturating_add(KEEP_MS) {
            return Err(format!("this worker was stopped for {passed} ms"));
        }
        Ok(())
    }

    /// Asks for places unless somebody just did.
    async fn ask(&self) -> Result<(), String> {
        let _alone = self.asking.lock().await;
        if self.now() < self.state().ask_at {
            return Ok(());
        }
        let mut gone = Vec::new();
        loop {
            let want = self.request(gone.clone());
            let asked_at = want.now;
            let shared = self.member.store.share_places(want).await;
            let shared = shared.map_err(|error| {
                format!(
                    "places to call {} are not known: {error}",
                    self.member.system
                )
            })?;
            {
                let mut state = self.state();
                state.may = shared.count;
                state.until = shared.until;
                let soon = if shared.count == 0 {
                    ASK_SOON_MS
                } else {
                    ASK_AGAIN_MS
                };
                state.ask_at = asked_at.plus_millis(soon);
            }
            let is_short = shared.count < self.limits.in_flight_max;
            let others = shared
                .others
                .into_iter()
                .filter(|_| is_short && gone.is_empty());
            gone = others
                .filter(|other| (self.member.is_gone)(other))
                .collect();
            if gone.is_empty() {
                self.changed.notify_one();
                return Ok(());
            }
        }
    }

    fn request(&self, gone: Vec<String>) -> PlaceRequest {
        PlaceRequest {
            system: self.member.system.clone(),
            holder: self.member.holder.clone(),
            now: self.now(),
            keep_ms: KEEP_MS,
            total: self.limits.in_flight_max,
            busy: self.state().busy,
            gone,
        }
    }

    /// Waits for a turn.
    async fn turn(&self, pace: &Pace) -> Result<(), String> {
        loop {
            let turn = {
                let mut state = self.state();
                state.turns.take(self.member.ambient.clock.now(), pace)
            };
            let Some(turn) = turn else {
                self.more_turns(pace).await?;
                continue;
            };
            while self.now() < turn {
                let wait_us = turn.0.saturating_sub(self.now().0);
                self.pause(wait_us.saturating_add(999) / 1000).await?;
            }
            // A turn that passed meanwhile is lost.
            if self.now().0 <= turn.0.saturating_add(pace.lateness_us()) {
                return Ok(());
            }
        }
    }

    async fn more_turns(&self, pace: &Pace) -> Result<(), String> {
        let _alone = self.asking.lock().await;
        if self.state().turns.left > 0 {
            return Ok(());
        }
        let system = self.member.system.clone();
        let taken = self
            .member
            .store
            .take_turns(system, self.now(), *pace)
            .await;
        let turns = taken.map_err(|error| {
            format!(
                "turns to call {} are not known: {error}",
                self.member.system
            )
        })?;
        self.state().turns = turns;
        Ok(())
    }

    /// Keeps the places for as long as a call takes.
    async fn keep(&self) -> Infallible {
        loop {
            let wait_ms = self.state().ask_at.millis() - self.now().millis();
            let wait_ms = u64::try_from(wait_ms.clamp(1, ASK_AGAIN_MS)).unwrap_or(1);
            self.member.waiter.wait(wait_ms).await;
            if self.now() < self.state().ask_at {
                continue;
            }
            if let Err(why) = self.ask().await {
                tracing::debug!(why, "places are not kept");
            }
        }
    }
}

#[async_trait]
impl Transport for SharedDoor {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportFailure> {
        let place = self.place().await.map_err(TransportFailure::NotSent)?;
        let sending = async {
            if let Some(pace) = &self.limits.pace {
                self.turn(pace).await.map_err(TransportFailure::NotSent)?;
            }
            self.inner.send(request).await
        };
        let answer = tokio::select! {
            biased;
            answer = sending => answer,
            never = self.keep() => match never {},
        };
        drop(place);
        answer
    }
}
