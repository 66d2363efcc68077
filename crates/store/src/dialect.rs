//! What is SQLite's alone: how a connection is set up, and how its errors are understood.
//!
//! Everything else is one text for any database. A second database would replace this file: there `INTEGER` is `BIGINT`,
//! `INTEGER PRIMARY KEY` an identity column, `BLOB` is `BYTEA`, and `STRICT` and `WITHOUT ROWID` fall away.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

/// Write-ahead log, synchronised at every commit: what `commit` answered stays after a power cut. 64 MiB of pages are cached per
/// connection, because digests as keys land on random pages.
const WRITER: &str = "
PRAGMA busy_timeout = 5000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -65536;
PRAGMA wal_autocheckpoint = 4000;
";

const READER: &str = "
PRAGMA busy_timeout = 5000;
PRAGMA query_only = ON;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16384;
";

/// Number of documents. Their rows are never deleted, and SQLite numbers rows without gaps (a row that is rolled back gives its number
/// back), so the last number is the count; counting a million rows would take seconds.
pub(crate) const ALL_DOCUMENTS: &str = "SELECT COALESCE(MAX(sequence), 0) FROM document";

/// Number of deliveries, by the same reasoning.
pub(crate) const ALL_DELIVERIES: &str = "SELECT COALESCE(MAX(sequence), 0) FROM delivery";

/// Prepared statements kept per connection: more than this crate has.
const STATEMENTS_MAX: usize = 128;

/// Plans are made once: without this a statement is planned anew for every bound value, which took half the time of all reads.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Sets a connection up for writing.
pub(crate) fn set_up_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(WRITER)?;
    keep_plans(connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(())
}

/// Sets a connection up for reading only.
pub(crate) fn set_up_reader(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(READER)?;
    keep_plans(connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(())
}

/// True if the error says that stored data is not what was written; false if it says that the database can't serve now.
pub(crate) fn is_corruption(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => {
            let codes = [
                ErrorCode::DatabaseCorrupt,
                ErrorCode::NotADatabase,
                ErrorCode::ConstraintViolation,
                ErrorCode::TypeMismatch,
            ];
            codes.contains(&code)
        }
        // Without a code of SQLite's it is a value of the wrong type or range, or a row that must be there and is not.
        None => true,
    }
}

/// True if the error is the breach of the unique constraint on `column`, spelled `table.column`.
pub(crate) fn is_taken(error: &rusqlite::Error, column: &str) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
        && error.to_string().contains(column)
}
