//! The door: open, commit.

use std::pin::Pin;
use std::sync::Arc;

use crate::link::Link;
use tieout_engine::Changeset;
use tieout_model::Digest;

use crate::address::DatabaseUrl;
use crate::apply::{apply, apply_after, current_head};
use crate::database::Database;
use crate::failure::{CommitError, LoadError, OpenError, StoreWarning};

/// Where the work of a call is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionMode {
    /// Right here, inside the call: the same order every time, for simulation.
    Inline,
    /// On tokio's threads for blocking work, for production.
    Blocking,
}

/// On which side of a write a [`Gate`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateSide {
    /// Nothing is done yet.
    Before,
    /// It is durable, and nobody knows yet.
    After,
}

/// Stands before and after every write to the database, so that a simulation can stop there, fail or wait. The program has none.
pub trait Gate: Send + Sync {
    /// Returns when the write may go on; an error is taken for one of the database: "unavailable", with that reason.
    fn pass<'a>(
        &'a self,
        side: GateSide,
        attempted: &'static str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// A changeset that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its position in the audit log; for an empty changeset the last position, 0 if there is none.
    pub sequence: u64,
    /// The chain after it.
    pub head: Digest,
}

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
    mode: ExecutionMode,
    gate: Option<Arc<dyn Gate>>,
}

const BEGIN_ONE: &str = "SAVEPOINT changeset";
const UNDO_ONE: &str = "ROLLBACK TO changeset";
const END_ONE: &str = "RELEASE changeset";

impl Store {
    /// Opens the database at `at`, creates it if it is not there, and brings its layout up to date.
    ///
    /// # Errors
    /// [`OpenError`]: a newer or foreign layout, a damaged file, or a place that can't be written.
    pub async fn open(at: &DatabaseUrl, mode: ExecutionMode) -> Result<Self, OpenError> {
        let location = at.location().clone();
        let open = move || Database::open(&location);
        let database = match mode {
            ExecutionMode::Inline if at.is_server() => {
                let opened = std::thread::scope(|scope| scope.spawn(open).join());
                opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?
            }
            ExecutionMode::Inline => open()?,
            ExecutionMode::Blocking => tokio::task::spawn_blocking(open)
                .await
                .map_err(|stopped| LoadError::unavailable(stopped.to_string()))??,
        };
        Ok(Self {
            database: Arc::new(database),
            mode,
            gate: None,
        })
    }

    /// The same database with a gate before and after every write.
    #[must_use]
    pub fn gated(&self, gate: Arc<dyn Gate>) -> Self {
        Self {
            gate: Some(gate),
            ..self.clone()
        }
    }

    /// What the database does not promise; to be told to an operator at every start. Empty for SQLite and for a server that keeps what it
    /// confirms wherever it goes on.
    pub fn warnings(&self) -> Vec<StoreWarning> {
        self.database.warnings()
    }

    /// Makes a changeset durable: every change or none, and its audit entry with it. An empty one commits nothing.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if a change does not find what it expects: nothing was done.
    pub async fn commit(&self, set: impl Into<Arc<Changeset>>) -> Result<Committed, CommitError> {
        let set = set.into();
        self.write("committing a changeset", move |connection| {
            apply(connection, &set)
        })
        .await
    }

    /// Makes several changesets durable at once, for the price of one: each whole or not at all, in the order given, each with its own
    /// answer. If the database fails, none of them is done and all answers say so.
    pub async fn commit_many(&self, sets: Vec<Changeset>) -> Vec<Result<Committed, CommitError>> {
        let count = sets.len();
        let answers = self
            .write("committing changesets", move |connection| {
                let mut head = current_head(connection)?;
                let answers = sets.iter().map(|set| {
                    let answer = apply_apart(connection, &head, set)?;
                    if let Ok(committed) = &answer {
                        head = committed.clone();
                    }
                    Ok(answer)
                });
                answers.collect::<Result<Vec<_>, CommitError>>()
            })
            .await;
        answers.unwrap_or_else(|failure| vec![Err(failure); count])
    }

    /// The database itself.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Runs `work` where it may block for as long as it likes.
    pub(crate) async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, LoadError> + Send + 'static,
    ) -> Result<T, LoadError> {
        let database = Arc::clone(&self.database);
        match self.mode {
            ExecutionMode::Inline => {
                let done = std::thread::spawn(move || work(&database)).join();
                done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            ExecutionMode::Blocking => tokio::task::spawn_blocking(move || work(&database))
                .await
                .unwrap_or_else(|stopped| Err(LoadError::unavailable(stopped.to_string()))),
        }
    }

    /// Runs `read` on one unchanging view of the data.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        attempted: &'static str,
        read: impl FnOnce(&Link<'_>) -> Result<T, LoadError> + Send + 'static,
    ) -> Result<T, LoadError> {
        let answer = match self.mode {
            ExecutionMode::Inline => self.database.inline(|database| database.read(read)),
            ExecutionMode::Blocking => {
                let database = Arc::clone(&self.database);
                tokio::task::spawn_blocking(move || database.read(read))
                    .await
                    .unwrap_or_else(|stopped| Err(LoadError::unavailable(stopped.to_string())))
            }
        };
        answer.map_err(|error| error.during(attempted))
    }

    /// Runs `write` in one transaction.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        attempted: &'static str,
        write: impl Fn(&Link<'_>) -> Result<T, CommitError> + Send + 'static,
    ) -> Result<T, CommitError> {
        self.pass_gate(GateSide::Before, attempted).await?;
        let answer = match self.mode {
            ExecutionMode::Inline => self.database.inline(|database| database.write(write)),
            ExecutionMode::Blocking => {
                let database = Arc::clone(&self.database);
                tokio::task::spawn_blocking(move || database.write(write))
                    .await
                    .unwrap_or_else(|stopped| {
                        Err(LoadError::unavailable(stopped.to_string()).into())
                    })
            }
        };
        let answer = answer.map_err(|error| match error {
            CommitError::Conflict(conflict) => CommitError::Conflict(conflict),
            CommitError::Unavailable(failure) => {
                LoadError::Unavailable(failure).during(attempted).into()
            }
            CommitError::Corrupt(failure) => LoadError::Corrupt(failure).during(attempted).into(),
        })?;
        self.pass_gate(GateSide::After, attempted).await?;
        Ok(answer)
    }

    async fn pass_gate(&self, side: GateSide, attempted: &'static str) -> Result<(), CommitError> {
        let Some(gate) = &self.gate else {
            return Ok(());
        };
        let refused = gate.pass(side, attempted).await;
        refused.map_err(|reason| {
            let failure = LoadError::unavailable(reason);
            failure.during(attempted).into()
        })
    }
}

/// Applies one changeset of several. The outer error ends them all, the inner one is this changeset's own. In haste there is no inner one:
/// what was believed before can't be undone alone.
fn apply_apart(
    connection: &Link<'_>,
    before: &Committed,
    set: &Changeset,
) -> Result<Result<Committed, CommitError>, CommitError> {
    if set.changes.is_empty() || connection.is_hasty() {
        return Ok(Ok(apply_after(connection, before, set)?));
    }
    connection.batch(BEGIN_ONE)?;
    let answer = apply_after(connection, before, set);
    match &answer {
        Ok(_) => {}
        Err(CommitError::Conflict(_)) => {
            connection.batch(UNDO_ONE)?;
        }
        Err(failure @ (CommitError::Unavailable(_) | CommitError::Corrupt(_))) => {
            return Err(failure.clone());
        }
    }
    connection.batch(END_ONE)?;
    Ok(answer)
}
