//! The layout of the database, numbered and forward only. Each step is one transaction, so a crash between two steps is harmless.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::failure::OpenError;

/// The steps; the layout's version is the number of steps taken.
const STEPS: [&str; 4] = [
    include_str!("../migrations/0001_documents.sql"),
    include_str!("../migrations/0002_findings.sql"),
    include_str!("../migrations/0003_recorded.sql"),
    include_str!("../migrations/0004_register.sql"),
];

const CREATE_VERSION: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY) STRICT";
const READ_VERSION: &str = "SELECT MAX(version) FROM schema_version";
const WRITE_VERSION: &str = "INSERT INTO schema_version (version) VALUES (?1)";
const HAS_TABLE: &str = "SELECT 1 FROM sqlite_schema WHERE name = ?1";
const HAS_ANY_TABLE: &str = "SELECT 1 FROM sqlite_schema LIMIT 1";

/// Brings the layout up to the newest step.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let found = version(connection)?;
    if found > known {
        return Err(OpenError::TooNew { found, known });
    }
    for step in STEPS {
        take(connection, step)?;
    }
    Ok(())
}

/// The version of the layout; 0 for an empty database.
fn version(connection: &Connection) -> Result<i64, OpenError> {
    let find = |name| {
        let found = connection.query_row(HAS_TABLE, [name], |_| Ok(()));
        found.optional().map(|row| row.is_some())
    };
    if find("schema_version")? {
        let version: Option<i64> = connection.query_row(READ_VERSION, [], |row| row.get(0))?;
        return Ok(version.unwrap_or(0));
    }
    let any = connection.query_row(HAS_ANY_TABLE, [], |_| Ok(()));
    match any.optional()? {
        Some(()) => Err(OpenError::Foreign),
        None => Ok(0),
    }
}

/// Takes `step` if it is the next one. Its number is found by its text, and the version is read inside the transaction: two programs may
/// open the same file at the same time.
fn take(connection: &mut Connection, step: &str) -> Result<(), OpenError> {
    let number = STEPS.iter().position(|known| *known == step).unwrap_or(0);
    let number = i64::try_from(number).unwrap_or(0).saturating_add(1);
    if version(connection)? >= number {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&tx)? < number {
        tx.execute_batch(CREATE_VERSION)?;
        tx.execute_batch(step)?;
        tx.execute(WRITE_VERSION, params![number])?;
    }
    tx.commit()?;
    Ok(())
}
