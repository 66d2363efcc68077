//! SQLite's connections: one that writes, behind a lock, and a few that read.
//!
//! A database in memory has one connection for both. A panic of a caller's callback leaves no lock poisoned for others: an open
//! transaction is rolled back when it is dropped.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::address::Location;
use crate::dialect;
use crate::failure::{CommitError, LoadError, OpenError};
use crate::link::Link;

/// Reading connections kept open; more are opened while more callers read at once.
const IDLE_READERS_MAX: usize = 4;

pub(crate) struct SqliteFile {
    location: Location,
    writer: Mutex<Connection>,
    idle_readers: Mutex<Vec<Connection>>,
}

impl SqliteFile {
    pub(crate) fn open(location: &Location) -> Result<Self, OpenError> {
        let writer = match location {
            Location::Memory | Location::Postgres(_) => Connection::open_in_memory()?,
            Location::File(path) => {
                seal_new(path).map_err(|error| LoadError::unavailable(error.to_string()))?;
                Connection::open(path)?
            }
        };
        dialect::set_up_writer(&writer)?;
        Ok(Self {
            location: location.clone(),
            writer: Mutex::new(writer),
            idle_readers: Mutex::new(Vec::new()),
        })
    }

    /// Runs `read` on one unchanging view of the data.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Link<'_>) -> Result<T, LoadError>,
    ) -> Result<T, LoadError> {
        let Location::File(path) = &self.location else {
            let connection = lock(&self.writer);
            let view = connection.unchecked_transaction()?;
            return read(&Link::Sqlite(&view));
        };
        let idle = lock(&self.idle_readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(path, flags)?;
                dialect::set_up_reader(&connection)?;
                connection
            }
        };
        let view = connection.unchecked_transaction()?;
        let answer = read(&Link::Sqlite(&view));
        drop(view);
        let mut idle = lock(&self.idle_readers);
        if idle.len() < IDLE_READERS_MAX {
            idle.push(connection);
        }
        answer
    }

    /// Runs `write` in one transaction, which becomes durable if `write` succeeds and never happened otherwise.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&Link<'_>) -> Result<T, CommitError>,
    ) -> Result<T, CommitError> {
        let mut connection = lock(&self.writer);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = write(&Link::Sqlite(&tx))?;
        tx.commit()?;
        Ok(answer)
    }
}

/// Creates the file for its owner only, if it is not there: it holds a company's books. The log takes the file's mode.
fn seal_new(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
