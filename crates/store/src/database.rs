//! One door to either database: a read sees one unchanging view, a write is one transaction.

use crate::address::Location;
use crate::failure::{CommitError, LoadError, OpenError, StoreWarning};
use crate::link::Link;
use crate::migrate::migrate;
use crate::server::Server;
use crate::sqlite::SqliteFile;

pub(crate) enum Database {
    /// A file or memory of this process.
    Sqlite(SqliteFile),
    /// A server, shared with other processes.
    Postgres(Server),
}

impl Database {
    /// Opens it, creates it if it is not there, and brings its layout up to date.
    pub(crate) fn open(location: &Location) -> Result<Self, OpenError> {
        let database = match location {
            Location::Memory | Location::File(_) => Self::Sqlite(SqliteFile::open(location)?),
            Location::Postgres(place) => Self::Postgres(Server::open(place)?),
        };
        migrate(&database)?;
        Ok(database)
    }

    /// What the database does not promise.
    pub(crate) fn warnings(&self) -> Vec<StoreWarning> {
        match self {
            Self::Sqlite(_) => Vec::new(),
            Self::Postgres(server) => server.warnings().to_vec(),
        }
    }

    /// Runs `read` on one unchanging view of the data.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Link<'_>) -> Result<T, LoadError>,
    ) -> Result<T, LoadError> {
        match self {
            Self::Sqlite(file) => file.read(read),
            Self::Postgres(server) => server.read(read),
        }
    }

    /// Runs `write` in one transaction, which becomes durable if `write` succeeds and never happened otherwise. Writes of all processes
    /// follow one another; `write` runs again if a server asks for it.
    pub(crate) fn write<T>(
        &self,
        write: impl Fn(&Link<'_>) -> Result<T, CommitError>,
    ) -> Result<T, CommitError> {
        match self {
            Self::Sqlite(file) => file.write(write),
            Self::Postgres(server) => server.write(write),
        }
    }

    /// Runs `work` so that it may block. The client of a server has a runtime of its own, which must not meet the caller's: there the work
    /// is done on a thread made for it, while the caller waits.
    pub(crate) fn inline<T: Send>(&self, work: impl FnOnce(&Self) -> T + Send) -> T {
        match self {
            Self::Sqlite(_) => work(self),
            Self::Postgres(_) => {
                let done = std::thread::scope(|scope| scope.spawn(|| work(self)).join());
                done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
        }
    }
}
