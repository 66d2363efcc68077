//! Where databases are made: files of a folder, or a server.

use std::path::PathBuf;

use tieout_store::{DatabaseUrl, ExecutionMode, Store};
use tokio_postgres::NoTls;

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

/// A client without anything of ours: it calls, and waits for the answer.
pub(crate) struct Plain {
    client: tokio_postgres::Client,
    runtime: tokio::runtime::Runtime,
}

impl Plain {
    pub(crate) fn connect(address: &str) -> Result<Self, Failure> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build()?;
        let connected = tokio_postgres::connect(address, NoTls);
        let (client, connection) = runtime.block_on(connected)?;
        runtime.spawn(connection);
        Ok(Self { client, runtime })
    }

    pub(crate) fn batch(&self, text: &str) -> Result<(), Failure> {
        let done = self.runtime.block_on(self.client.batch_execute(text));
        done.map_err(|error| match error.as_db_error() {
            Some(refusal) => refusal.message().into(),
            None => error.into(),
        })
    }

    /// Calls `each` until it says false, as many times as the server keeps up with.
    pub(crate) fn repeat(
        &self,
        statement: &str,
        mut each: impl FnMut(u64) -> Option<String>,
    ) -> Result<u64, Failure> {
        let client = &self.client;
        self.runtime.block_on(async {
            let statement = client.prepare(statement).await?;
            let mut done = 0;
            while let Some(value) = each(done) {
                client.execute(&statement, &[&value]).await?;
                done += 1;
            }
            Ok(done)
        })
    }
}

/// Runs statements on a thread of its own: the client must not meet the caller's runtime.
pub(crate) fn on_server(address: &str, statements: &[&str]) -> Result<(), Failure> {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| {
            let client = Plain::connect(address)?;
            let mut statements = statements.iter();
            statements.try_for_each(|statement| client.batch(statement))
        });
        let done = done.join();
        done.unwrap_or_else(|_| Err("a thread panicked".into()))
    })
}
