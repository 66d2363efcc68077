//! What differs between the two databases: set-up, types, beginnings of transactions, and how errors are understood.
//!
//! Everything else is one text for both: numbered parameters `?1`, `ON CONFLICT`, `RETURNING`, and types that [`schema`] turns. Rows are
//! numbered by the statements themselves (`MAX + 1`), which is right because writes follow one another, and without gaps.

use std::borrow::Cow;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use tokio_postgres::error::SqlState;

use crate::link::{Link, LinkError};

/// Write-ahead log, synchronised at every commit: what `commit` answered stays after a power cut. 64 MiB of pages are cached per
/// connection, because digests as keys land on random pages. The log is carried over into the file at 64 MiB: in a full database a page is
/// then written back once for several changes to it, which takes a third off the price of a document.
const WRITER: &str = "
PRAGMA busy_timeout = 5000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -65536;
PRAGMA wal_autocheckpoint = 16000;
";

const READER: &str = "
PRAGMA busy_timeout = 5000;
PRAGMA query_only = ON;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16384;
";

/// Number of documents. Their rows are never deleted and are numbered without gaps, so the last number is the count; counting a million
/// rows would take seconds.
pub(crate) const ALL_DOCUMENTS: &str = "SELECT COALESCE(MAX(sequence), 0) FROM document";

/// Number of deliveries, by the same reasoning.
pub(crate) const ALL_DELIVERIES: &str = "SELECT COALESCE(MAX(sequence), 0) FROM delivery";

/// Every session of a server. A write that cannot begin says so after eight seconds: longer than a stalled writer keeps others waiting. Plans
/// are short: no compiling.
pub(crate) const SET_UP_SESSION: &str = "SET lock_timeout = '8s'; SET jit = off";

/// One unchanging view.
pub(crate) const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Writes follow one another: the lock is held until the commit is durable, so the statements after it see all that was committed before.
/// Its number spells "tieout" and means nothing else. A writer that stalls in the middle is undone by the server after five seconds, so that
/// others can go on.
pub(crate) const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '5s'; \
     SELECT pg_advisory_xact_lock(127996022191476)";

/// What is wrong with the file, the first thing only: whether its pages and indexes agree. A server checks its own pages.
pub(crate) const DAMAGE: &str = "PRAGMA integrity_check(1)";

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

/// A statement as PostgreSQL spells its parameters: `$1` for `?1`. No statement holds a question mark otherwise.
pub(crate) fn numbered(text: &str) -> String {
    text.replace('?', "$")
}

/// The text of a migration for the database of `link`. Text is ordered by its bytes in both.
pub(crate) fn schema<'t>(link: &Link<'_>, text: &'t str) -> Cow<'t, str> {
    if !link.is_server() {
        return Cow::Borrowed(text);
    }
    let turned = text
        .replace(") STRICT, WITHOUT ROWID;", ");")
        .replace(") STRICT;", ");")
        .replace(" INTEGER", " BIGINT")
        .replace(" BLOB", " BYTEA")
        .replace(" TEXT", " TEXT COLLATE \"C\"");
    Cow::Owned(turned)
}

/// Whether a table is there.
pub(crate) const fn has_table(link: &Link<'_>) -> &'static str {
    if link.is_server() {
        "SELECT 1 FROM pg_catalog.pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname = ?1"
    } else {
        "SELECT 1 FROM sqlite_schema WHERE name = ?1"
    }
}

/// Whether any table is there.
pub(crate) const fn has_any_table(link: &Link<'_>) -> &'static str {
    if link.is_server() {
        "SELECT 1 FROM pg_catalog.pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' LIMIT 1"
    } else {
        "SELECT 1 FROM sqlite_schema LIMIT 1"
    }
}

/// True if the error says that stored data is not what was written; false if it says that the database can't serve now.
pub(crate) fn is_corruption(error: &LinkError) -> bool {
    match error {
        LinkError::Sqlite(error) => match error.sqlite_error_code() {
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
        },
        LinkError::Postgres(error) => match error.code() {
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => false,
            // Values out of range, constraints, tables and columns that are not as they were made, damaged pages.
            Some(code) => ["22", "23", "42", "XX"].contains(&code.code().get(..2).unwrap_or("")),
            None => !error.is_closed() && is_wrong_answer(error),
        },
        LinkError::Wrong(_) => true,
        LinkError::Misjudged => false,
    }
}

/// True if an error without a code is about the shape of an answer, not about the connection.
fn is_wrong_answer(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.contains("serializing")
        || text.contains("deserializing")
        || text.contains("invalid column")
}

/// A unique constraint that says something to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unique {
    /// No two deliveries bear one stamp.
    Stamp,
    /// No document has two deliveries of one number.
    DeliveryNumber,
}

/// True if the error is the breach of `constraint`.
pub(crate) fn is_taken(error: &LinkError, constraint: Unique) -> bool {
    let (column, name) = match constraint {
        Unique::Stamp => ("stamp.stamp", "stamp_once"),
        Unique::DeliveryNumber => ("delivery.number", "delivery_place"),
    };
    match error {
        LinkError::Sqlite(error) => {
            error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
                && error.to_string().contains(column)
        }
        LinkError::Postgres(error) => error.as_db_error().is_some_and(|refusal| {
            *refusal.code() == SqlState::UNIQUE_VIOLATION && refusal.constraint() == Some(name)
        }),
        LinkError::Wrong(_) | LinkError::Misjudged => false,
    }
}

/// True if the server undid the transaction and asks for it to be done again.
pub(crate) fn must_repeat(error: &tokio_postgres::Error) -> bool {
    let again = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.code().is_some_and(|code| again.contains(code))
}

/// True if a server could not be reached, or says that it takes no connection now: it starts, stops, recovers, hands over, or is full. False
/// if it answered that it wants no connection of this kind: another role, password or database is needed.
pub(crate) fn is_away(error: &LinkError) -> bool {
    let LinkError::Postgres(error) = error else {
        return false;
    };
    let Some(code) = error.code() else {
        let reason = std::error::Error::source(error);
        let is_of_the_network = reason.is_some_and(|reason| reason.is::<std::io::Error>());
        return is_of_the_network || error.is_closed() || error.to_string().contains("timeout");
    };
    let later = [
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    later.contains(code) || code.code().starts_with("08")
}

/// What a server said, in one line, with its code; never values.
pub(crate) fn spell(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refusal) => format!("{} ({})", refusal.message(), refusal.code().code()),
        None => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause {
                text.push_str(": ");
                text.push_str(&inner.to_string());
                cause = inner.source();
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn parameters_are_spelled_for_the_server() {
        let text = "SELECT 1 WHERE ?1 IS NULL OR x = ?12";
        assert_eq!(numbered(text), "SELECT 1 WHERE $1 IS NULL OR x = $12");
    }
}
