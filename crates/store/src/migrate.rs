//! The layout of the database, numbered and forward only. Each step is one transaction, so a crash between two steps is harmless.

use crate::database::Database;
use crate::dialect;
use crate::failure::{CommitError, LoadError, OpenError};
use crate::link::{Link, params};

/// The steps; the layout's version is the number of steps taken.
const STEPS: [&str; 7] = [
    include_str!("../migrations/0001_documents.sql"),
    include_str!("../migrations/0002_findings.sql"),
    include_str!("../migrations/0003_recorded.sql"),
    include_str!("../migrations/0004_register.sql"),
    include_str!("../migrations/0005_trace.sql"),
    include_str!("../migrations/0006_budget.sql"),
    include_str!("../migrations/0007_rows.sql"),
];

const CREATE_VERSION: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY) STRICT;";
const READ_VERSION: &str = "SELECT MAX(version) FROM schema_version";
const WRITE_VERSION: &str = "INSERT INTO schema_version (version) VALUES (?1)";

/// What a database holds.
enum Layout {
    /// Tables of this program, of this version; 0 if there is nothing.
    Version(i64),
    /// Tables of another program.
    Foreign,
}

/// Brings the layout up to the newest step.
pub(crate) fn migrate(database: &Database) -> Result<(), OpenError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let found = match database.read(layout)? {
        Layout::Version(found) => found,
        Layout::Foreign => return Err(OpenError::Foreign),
    };
    if found > known {
        return Err(OpenError::TooNew { found, known });
    }
    for (number, step) in (1..).zip(STEPS) {
        if found < number {
            database.write(|link| take(link, number, step))?;
        }
    }
    Ok(())
}

fn layout(link: &Link<'_>) -> Result<Layout, LoadError> {
    let mut has_table = link.prepare_cached(dialect::has_table(link))?;
    if has_table.exists(params!["schema_version"])? {
        let mut read = link.prepare_cached(READ_VERSION)?;
        let version: Option<Option<i64>> = read.query_opt(params![], |row| row.get(0))?;
        return Ok(Layout::Version(version.flatten().unwrap_or(0)));
    }
    let mut has_any = link.prepare_cached(dialect::has_any_table(link))?;
    Ok(if has_any.exists(params![])? {
        Layout::Foreign
    } else {
        Layout::Version(0)
    })
}

/// Takes a step unless it was taken: the version is read inside the transaction, since two programs may open the same database at the same
/// time.
fn take(link: &Link<'_>, number: i64, step: &str) -> Result<(), CommitError> {
    if let Layout::Version(version) = layout(link)?
        && version < number
    {
        link.batch(&dialect::schema(link, CREATE_VERSION))?;
        link.batch(&dialect::schema(link, step))?;
        let mut write = link.prepare_cached(WRITE_VERSION)?;
        write.execute(params![number])?;
    }
    Ok(())
}
