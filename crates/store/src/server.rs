//! PostgreSQL's connections: a bounded pool, transactions that are begun, ended and repeated here.
//!
//! Writes of all processes follow one another: each begins by taking one lock of the database, which it gives back at its end, after it
//! became durable. So the audit chain has one head, leases never overlap, and no write meets another half done. A server may still ask for
//! a write to be repeated (serialisation failure, deadlock): it is repeated a bounded number of times, nothing of it having happened.
//!
//! A write is tried in haste first (`server/session.rs`): its statements go out together and are believed to change what they should. If
//! anything is otherwise, that try is undone and the write is done again, one statement after the other; only that answer counts.
//!
//! A connection that is lost before the end was asked for: nothing happened. One that is lost after that: it may have happened or not, and
//! the caller must look again ([`CommitError::Unavailable`]). The two look the same from outside, on purpose.

mod durability;
pub(crate) mod session;
mod wire;

use std::cell::RefCell;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::address::ServerPlace;
use crate::dialect;
use crate::failure::{CommitError, LoadError, OpenError, StoreFailure, StoreWarning};
use crate::link::Link;
use crate::server::session::Session;

/// How often a write is done again at the wish of the server before it counts as unavailable.
const REPEATS_MAX: u32 = 20;
/// First pause before a repetition; it grows by itself each time.
const REPEAT_PAUSE: Duration = Duration::from_millis(2);
/// How long a caller waits for a free connection.
const FREE_WAIT_MAX: Duration = Duration::from_secs(30);

/// A PostgreSQL database.
pub(crate) struct Server {
    place: ServerPlace,
    pool: Mutex<Pool>,
    freed: Condvar,
    warnings: Vec<StoreWarning>,
}

struct Pool {
    idle: Vec<Session>,
    open: usize,
}

impl Server {
    /// Connects, and refuses a server that may forget what it confirmed.
    pub(crate) fn open(place: &ServerPlace) -> Result<Self, OpenError> {
        let first = Session::connect(place).map_err(|error| {
            let failure = StoreFailure {
                attempted: "connecting to the server".to_owned(),
                reason: error.to_string(),
            };
            if dialect::is_away(&error) {
                OpenError::Away(failure)
            } else {
                OpenError::Unavailable(failure)
            }
        })?;
        let mut server = Self {
            place: place.clone(),
            pool: Mutex::new(Pool {
                idle: vec![first],
                open: 1,
            }),
            freed: Condvar::new(),
            warnings: Vec::new(),
        };
        let found = server.read(|link| Ok(durability::read(link)?))?;
        server.warnings = durability::judge(&found, place)?;
        Ok(server)
    }

    pub(crate) fn warnings(&self) -> &[StoreWarning] {
        &self.warnings
    }

    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Link<'_>) -> Result<T, LoadError>,
    ) -> Result<T, LoadError> {
        let lent = self.begin(dialect::BEGIN_READ)?;
        let answer = read(&Link::Postgres(&lent.session));
        let ended = lent.session.borrow_mut().batch("COMMIT");
        if ended.is_ok() {
            lent.give_back();
        }
        answer
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it waits on a thread for blocking work, between two tries of one transaction"
    )]
    pub(crate) fn write<T>(
        &self,
        write: impl Fn(&Link<'_>) -> Result<T, CommitError>,
    ) -> Result<T, CommitError> {
        let mut repeats = 0;
        let mut is_hasty = true;
        loop {
            let lent = self.begin(dialect::BEGIN_WRITE)?;
            lent.session.borrow_mut().set_haste(is_hasty);
            let answer = write(&Link::Postgres(&lent.session));
            let mut session = lent.session.borrow_mut();
            let answer = answer.and_then(|answer| {
                session.settle()?;
                Ok(answer)
            });
            let is_undecided = answer.is_err() && is_hasty && !session.is_closed();
            let answer = match answer {
                Ok(_) if session.is_broken() => Err(broken().into()),
                Ok(answer) => session.batch("COMMIT").map(|()| answer).map_err(Into::into),
                Err(error) => Err(error),
            };
            let must_repeat = answer.is_err() && session.take_must_repeat();
            let is_clean = answer.is_ok() || session.batch("ROLLBACK").is_ok();
            drop(session);
            if is_clean {
                lent.give_back();
            }
            if is_undecided && !must_repeat {
                is_hasty = false;
                continue;
            }
            if !must_repeat || repeats == REPEATS_MAX {
                return answer;
            }
            repeats += 1;
            std::thread::sleep(REPEAT_PAUSE.saturating_mul(repeats));
        }
    }

    /// A connection in a transaction begun by `begin`. An idle connection may have died while nobody looked: then all of them are given
    /// up, and a new one is made.
    fn begin(&self, begin: &str) -> Result<Lent<'_>, LoadError> {
        let lent = self.take()?;
        let first = lent.session.borrow_mut().batch(begin);
        let Err(error) = first else {
            return Ok(lent);
        };
        let must_connect = lent.session.borrow().is_closed();
        drop(lent);
        if !must_connect {
            return Err(error.into());
        }
        let dead = {
            let mut pool = lock(&self.pool);
            let dead = std::mem::take(&mut pool.idle);
            pool.open = pool.open.saturating_sub(dead.len());
            dead
        };
        drop(dead);
        let lent = self.take()?;
        let again = lent.session.borrow_mut().batch(begin);
        again?;
        Ok(lent)
    }

    /// A free connection, or a new one, or the next that is given back.
    fn take(&self) -> Result<Lent<'_>, LoadError> {
        let mut pool = lock(&self.pool);
        let idle = loop {
            if let Some(session) = pool.idle.pop() {
                break Some(session);
            }
            if pool.open < self.place.connections_max {
                pool.open += 1;
                break None;
            }
            let waited = self.freed.wait_timeout(pool, FREE_WAIT_MAX);
            let (again, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            pool = again;
            if timeout.timed_out() && pool.idle.is_empty() {
                return Err(LoadError::unavailable("no connection became free"));
            }
        };
        drop(pool);
        let slot = Slot {
            server: self,
            is_back: false,
        };
        let session = match idle {
            Some(session) => session,
            None => Session::connect(&self.place)
                .map_err(|error| LoadError::unavailable(error.to_string()))?,
        };
        let session = RefCell::new(session);
        Ok(Lent { slot, session })
    }
}

impl Drop for Server {
    /// Connections say goodbye with a runtime of their own, which must not meet the caller's.
    fn drop(&mut self) {
        let idle = std::mem::take(&mut lock(&self.pool).idle);
        if !idle.is_empty() {
            let _ = std::thread::spawn(move || drop(idle)).join();
        }
    }
}

/// A connection in use; one that is not given back is closed, which undoes what it had begun.
struct Lent<'a> {
    slot: Slot<'a>,
    session: RefCell<Session>,
}

impl Lent<'_> {
    fn give_back(self) {
        let Self { mut slot, session } = self;
        let mut pool = lock(&slot.server.pool);
        pool.idle.push(session.into_inner());
        slot.is_back = true;
        drop(pool);
        slot.server.freed.notify_one();
    }
}

/// The right to one connection.
struct Slot<'a> {
    server: &'a Server,
    is_back: bool,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if !self.is_back {
            let mut pool = lock(&self.server.pool);
            pool.open = pool.open.saturating_sub(1);
            drop(pool);
            self.server.freed.notify_one();
        }
    }
}

fn broken() -> LoadError {
    LoadError::unavailable("a statement of the transaction failed, so all of it was undone")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
