//! Where databases are made: files of a folder, or a server.

use std::path::PathBuf;

use postgres::NoTls;
use tieout_store::{DatabaseUrl, ExecutionMode, Store};

use crate::Failure;

pub(crate) enum Place {
    /// A folder of SQLite files.
    File(PathBuf),
    /// The address of a server's first database; others are made beside it.
    Server(String),
}

impl Place {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "SQLite",
            Self::Server(_) => "PostgreSQL",
        }
    }

    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::Server(_))
    }

    /// The address of the database of that name, which is made if it is not there.
    pub(crate) fn address(&self, name: &str) -> Result<String, Failure> {
        match self {
            Self::File(folder) => Ok(folder.join(format!("{name}.db")).display().to_string()),
            Self::Server(first) => {
                let made = format!("CREATE DATABASE {name}");
                on_server(first, &[&made]).or_else(|error| {
                    let is_there = error.to_string().contains("already exists");
                    if is_there { Ok(()) } else { Err(error) }
                })?;
                let (server, _) = first
                    .rsplit_once('/')
                    .ok_or("--postgres names no database")?;
                Ok(format!("{server}/{name}"))
            }
        }
    }

    /// Opens the database of that name, with connections of its own.
    pub(crate) async fn open(&self, name: &str) -> Result<Store, Failure> {
        let address = self.address(name)?;
        let url: DatabaseUrl = match self {
            Self::File(_) => DatabaseUrl::file(address),
            Self::Server(_) => address.parse()?,
        };
        Ok(Store::open(&url, ExecutionMode::Blocking).await?)
    }

    /// Removes the database of that name.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        match self {
            Self::File(folder) => {
                for end in ["", "-wal", "-shm"] {
                    let path = folder.join(format!("{name}.db{end}"));
                    if path.exists() {
                        std::fs::remove_file(path)?;
                    }
                }
                Ok(())
            }
            Self::Server(first) => on_server(
                first,
                &[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")],
            ),
        }
    }
}

/// Runs statements on a thread of its own: the client must not meet the caller's runtime.
pub(crate) fn on_server(address: &str, statements: &[&str]) -> Result<(), Failure> {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| -> Result<(), String> {
            let client = postgres::Client::connect(address, NoTls);
            let mut client = client.map_err(|error| error.to_string())?;
            for statement in statements {
                let done = client.batch_execute(statement);
                done.map_err(|error| {
                    let said = error.as_db_error().map(|e| e.message().to_owned());
                    said.unwrap_or_else(|| error.to_string())
                })?;
            }
            Ok(())
        });
        let done = done
            .join()
            .unwrap_or_else(|_| Err("a thread panicked".to_owned()));
        Ok(done?)
    })
}
