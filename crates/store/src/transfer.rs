//! Everything of one database written into another, empty one: moving between SQLite and a server, backup, restore.
//!
//! The copy is made from one unchanging view, so the source may be in use, and becomes durable as a whole or not at all. It keeps row
//! numbers and the audit log to the byte. A copy that differs in a count or in the head of the log is not made.

use std::collections::BTreeMap;

use tieout_model::Timestamp;

use crate::apply::current_head;
use crate::failure::{CommitError, LoadError};
use crate::link::column::Cell;
use crate::link::value::Value;
use crate::link::{Link, params};
use crate::read::audit::AuditHead;
use crate::store::Store;

/// Every table of facts, each after those it refers to, with what orders its rows. The layout's own version is not copied: each database
/// has its own; nor are places and turns to call, which lapse within seconds.
pub(crate) const TABLES: [(&str, &str); 16] = [
    ("document", "sequence"),
    ("envelope", "document"),
    ("alias", "key"),
    ("hold", "document, position"),
    ("delivery", "sequence"),
    ("payload", "delivery"),
    ("stamp", "stamp"),
    ("cursor", "flow"),
    ("crosswalk", "sequence"),
    ("register_step", "sequence"),
    ("lineage", "document, number"),
    ("reconciliation", "sequence"),
    ("break", "sequence"),
    ("break_trace", "sequence"),
    ("call_counter", "system, operation"),
    ("audit", "sequence"),
];

const LAST_AT: &str = "SELECT at FROM audit ORDER BY sequence DESC LIMIT 1";

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Rows per table.
    pub rows: BTreeMap<&'static str, u64>,
    /// The end of the audit log, the same in both.
    pub head: AuditHead,
    /// When its last entry was made; `None` for an empty log.
    pub last_at: Option<Timestamp>,
}

/// Why a copy was not made; the target is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// The target holds something.
    #[error("the target is not empty: its table {table} has rows; name a new database")]
    NotEmpty {
        /// The first table with rows.
        table: &'static str,
    },
    /// The copy is not the original.
    #[error("the copy differs from the original: {what}")]
    Differs {
        /// In what.
        what: String,
    },
    /// One of the two can't be read.
    #[error("the original could not be read")]
    Load(#[source] LoadError),
    /// The target can't be written.
    #[error("the copy could not be written")]
    Commit(#[source] CommitError),
}

impl Store {
    /// Writes everything into `target`, which must be empty.
    ///
    /// # Errors
    /// [`TransferError`]; then the target is as it was.
    pub async fn copy_to(&self, target: &Self) -> Result<Copied, TransferError> {
        let to = target.clone();
        let copied = self.apart(move |from| {
            from.read(|source| {
                let written = to.database().write(|target| {
                    // An empty transaction is committed if the copy can't be made: nothing was written then.
                    if let Some(table) = occupied(target)? {
                        return Ok(Err(TransferError::NotEmpty { table }));
                    }
                    copy(source, target).map(Ok)
                });
                Ok(match written {
                    Ok(copied) => copied,
                    Err(CommitError::Conflict(conflict)) => Err(TransferError::Differs {
                        what: conflict.to_string(),
                    }),
                    Err(error) => Err(TransferError::Commit(error)),
                })
            })
        });
        copied.await.map_err(TransferError::Load)?
    }
}

/// The first table with rows.
fn occupied(link: &Link<'_>) -> Result<Option<&'static str>, LoadError> {
    for (table, _) in TABLES {
        let question = format!("SELECT 1 FROM {table} LIMIT 1");
        if link.prepare_cached(&question)?.exists(params![])? {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

fn copy(source: &Link<'_>, target: &Link<'_>) -> Result<Copied, CommitError> {
    let mut rows = BTreeMap::new();
    for (table, order) in TABLES {
        let copied = copy_table(source, target, table, order)?;
        let found = count(target, table)?;
        if copied != found {
            let what = format!("table {table} has {found} rows of {copied}");
            return Err(LoadError::corrupt(what).into());
        }
        rows.insert(table, copied);
    }
    let (head, copy) = (current_head(source)?, current_head(target)?);
    if head != copy {
        return Err(LoadError::corrupt("the heads of the audit logs differ").into());
    }
    let mut last = source.prepare_cached(LAST_AT)?;
    let last_at: Option<i64> = last.query_opt(params![], |row| row.get(0))?;
    Ok(Copied {
        rows,
        head: AuditHead {
            sequence: head.sequence,
            digest: head.head,
        },
        last_at: last_at.map(Timestamp),
    })
}

fn copy_table(
    source: &Link<'_>,
    target: &Link<'_>,
    table: &str,
    order: &str,
) -> Result<u64, CommitError> {
    let question = format!("SELECT * FROM {table} ORDER BY {order}");
    let mut all = source.prepare(&question)?;
    let mut rows = all.query(params![])?;
    let mut insert = String::new();
    let mut count = 0_u64;
    while let Some(row) = rows.next()? {
        if insert.is_empty() {
            let names = row.names();
            let numbers: Vec<String> = (1..=names.len()).map(|i| format!("?{i}")).collect();
            insert = format!(
                "INSERT INTO {table} ({}) VALUES ({})",
                names.join(", "),
                numbers.join(", ")
            );
        }
        let cells = (0..row.width()).map(|column| row.cell(column));
        let cells = cells.collect::<Result<Vec<Cell<'_>>, _>>()?;
        let values: Vec<Value<'_>> = cells.into_iter().map(Value::from).collect();
        target.put(&insert, &values)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

fn count(link: &Link<'_>, table: &str) -> Result<u64, LoadError> {
    let question = format!("SELECT COUNT(*) FROM {table}");
    let mut count = link.prepare_cached(&question)?;
    let found: Option<i64> = count.query_opt(params![], |row| row.get(0))?;
    Ok(found
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or(0))
}
