//! The layout of the database, numbered and forward only. Each step is one transaction, so a crash between two steps is harmless.

use crate::database::Database;
use crate::dialect;
use crate::failure::{CommitError, LoadError, OpenError};
use crate::link::{Link, params};
use crate::row;
use tieout_model::canonical;

/// The steps; the layout's version is the number of steps taken.
const STEPS: [&str; 9] = [
    include_str!("../migrations/0001_documents.sql"),
    include_str!("../migrations/0002_findings.sql"),
    include_str!("../migrations/0003_recorded.sql"),
    include_str!("../migrations/0004_register.sql"),
    include_str!("../migrations/0005_trace.sql"),
    include_str!("../migrations/0006_budget.sql"),
    include_str!("../migrations/0007_rows.sql"),
    include_str!("../migrations/0008_order.sql"),
    include_str!("../migrations/0009_facts.sql"),
];

/// Databases of earlier layouts may hold documents under identities that are made otherwise today (decision 0008).
const IDENTITIES_SINCE: i64 = 8;
const FIRST_ENVELOPE: &str = "SELECT m.id, e.body FROM document m JOIN envelope e ON e.document = m.sequence ORDER BY m.sequence LIMIT 1";

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
    if (1..IDENTITIES_SINCE).contains(&found) && !database.read(has_our_identities)? {
        return Err(OpenError::OtherIdentities { found });
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

/// True if documents are known under the identities that this program gives them: it would take every other one for new.
fn has_our_identities(link: &Link<'_>) -> Result<bool, LoadError> {
    let mut first = link.prepare_cached(FIRST_ENVELOPE)?;
    let mut rows = first.query(params![])?;
    let Some(row) = rows.next()? else {
        return Ok(true);
    };
    let body: Vec<u8> = row.get(1)?;
    Ok(canonical::decode_envelope(&body)?.id() == row::document_id(row, 0)?)
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
