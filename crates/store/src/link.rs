//! The thinnest seam over two databases: run a statement with numbered values, walk its rows.
//!
//! A [`Link`] is one open transaction. Statements are one text for both databases; what differs is turned in `dialect.rs`. Nothing here
//! begins, ends or repeats a transaction: that is `database.rs`.

pub(crate) mod column;
pub(crate) mod value;

use std::cell::RefCell;

use crate::link::column::{Cell, FromColumn};
use crate::link::value::Value;
use crate::server::session::Session;

/// The values of a statement, in the order of their numbers.
macro_rules! params {
    () => { &[] };
    ($($value:expr),+ $(,)?) => { &[$($crate::link::value::Bind::bind(&$value)),+] };
}
pub(crate) use params;

/// What the database, or the reading of its answer, said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// SQLite said no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL said no, or nothing.
    #[error("{}", crate::dialect::spell(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The answer has another shape than what was written.
    #[error("{0}")]
    Wrong(String),
    /// In haste a row was believed to change, and did not. Never leaves this crate: the write is done again without haste.
    #[error("a row that was believed to change did not")]
    Misjudged,
}

/// An open transaction.
pub(crate) enum Link<'a> {
    /// In SQLite.
    Sqlite(&'a rusqlite::Connection),
    /// On a PostgreSQL server.
    Postgres(&'a RefCell<Session>),
}

impl<'a> Link<'a> {
    /// A statement that is prepared once per connection. Its rows are read as a whole: for answers of bounded length.
    pub(crate) fn prepare_cached<'s>(&self, text: &'s str) -> Result<Statement<'s>, LinkError>
    where
        'a: 's,
    {
        Ok(match self {
            Self::Sqlite(connection) => Statement::Sqlite(connection.prepare_cached(text)?),
            Self::Postgres(session) => Statement::Postgres {
                session,
                text,
                is_long: false,
            },
        })
    }

    /// A question whose answer may be longer than memory: rows come in portions. It takes no values.
    pub(crate) fn prepare<'s>(&self, text: &'s str) -> Result<Statement<'s>, LinkError>
    where
        'a: 's,
    {
        Ok(match self {
            Self::Sqlite(connection) => Statement::Sqlite(connection.prepare_cached(text)?),
            Self::Postgres(session) => Statement::Postgres {
                session,
                text,
                is_long: true,
            },
        })
    }

    /// Runs statements without values and without answer, separated by semicolons.
    pub(crate) fn batch(&self, text: &str) -> Result<(), LinkError> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(text)?,
            Self::Postgres(session) => session.borrow_mut().batch(text)?,
        }
        Ok(())
    }

    /// Runs a statement that changes a row if all is as it should be; false if it changed none. In haste it is believed to (see
    /// `server/session.rs`).
    pub(crate) fn change(&self, text: &str, values: &[Value<'_>]) -> Result<bool, LinkError> {
        Ok(self.run(text, values, true)? > 0)
    }

    /// Runs a statement of which it does not matter how many rows it changes.
    pub(crate) fn put(&self, text: &str, values: &[Value<'_>]) -> Result<(), LinkError> {
        self.run(text, values, false).map(|_| ())
    }

    fn run(&self, text: &str, values: &[Value<'_>], must_change: bool) -> Result<u64, LinkError> {
        match self {
            Self::Sqlite(_) => self.prepare_cached(text)?.execute(values),
            Self::Postgres(session) => session.borrow_mut().change(text, values, must_change),
        }
    }

    /// Asks a question with each of many sets of values and reads the first row of each answer.
    pub(crate) fn query_each<T, E: From<LinkError>>(
        &self,
        text: &str,
        sets: &[Vec<Value<'_>>],
        mut read: impl FnMut(Row<'_>) -> Result<T, E>,
    ) -> Result<Vec<Option<T>>, E> {
        if let Self::Postgres(session) = self {
            let answers = session.borrow_mut().query_all(text, sets)?;
            let first = answers.iter().map(|rows| rows.first().map(Row::Postgres));
            return first.map(|row| row.map(&mut read).transpose()).collect();
        }
        let mut statement = self.prepare_cached(text)?;
        let mut found = Vec::with_capacity(sets.len());
        for values in sets {
            let mut rows = statement.query(values)?;
            found.push(rows.next()?.map(&mut read).transpose()?);
        }
        Ok(found)
    }

    /// True if changes are believed before they are known: then no answer may rest on one that failed.
    pub(crate) fn is_hasty(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(session) => session.borrow().is_hasty(),
        }
    }

    /// True for PostgreSQL.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// A statement of a transaction.
pub(crate) enum Statement<'a> {
    /// In SQLite.
    Sqlite(rusqlite::CachedStatement<'a>),
    /// On a PostgreSQL server.
    Postgres {
        /// Where it runs.
        session: &'a RefCell<Session>,
        /// Its text.
        text: &'a str,
        /// True if its rows come in portions.
        is_long: bool,
    },
}

impl Statement<'_> {
    /// Runs it; says how many rows it changed.
    pub(crate) fn execute(&mut self, values: &[Value<'_>]) -> Result<u64, LinkError> {
        match self {
            Self::Sqlite(statement) => {
                let changed = statement.execute(rusqlite::params_from_iter(values))?;
                Ok(u64::try_from(changed).unwrap_or(u64::MAX))
            }
            Self::Postgres { session, text, .. } => {
                Ok(session.borrow_mut().execute(text, values)?)
            }
        }
    }

    /// Runs it; its rows are to be walked.
    pub(crate) fn query(&mut self, values: &[Value<'_>]) -> Result<Rows<'_>, LinkError> {
        match self {
            Self::Sqlite(statement) => {
                let rows = statement.query(rusqlite::params_from_iter(values))?;
                Ok(Rows::Sqlite(rows))
            }
            Self::Postgres {
                session,
                text,
                is_long: false,
            } => {
                let rows = session.borrow_mut().query(text, values)?;
                Ok(Rows::Postgres {
                    portion: rows.into_iter(),
                    current: None,
                    more: None,
                })
            }
            Self::Postgres { session, text, .. } => {
                let cursor = session.borrow_mut().open_cursor(text)?;
                Ok(Rows::Postgres {
                    portion: Vec::new().into_iter(),
                    current: None,
                    more: Some((session, cursor)),
                })
            }
        }
    }

    /// The first row's value, if there is a row.
    pub(crate) fn query_opt<T>(
        &mut self,
        values: &[Value<'_>],
        read: impl FnOnce(Row<'_>) -> Result<T, LinkError>,
    ) -> Result<Option<T>, LinkError> {
        let mut rows = self.query(values)?;
        match rows.next()? {
            Some(row) => {
                let found = read(row)?;
                // A statement that writes has done all its work only when no row is left.
                while rows.next()?.is_some() {}
                Ok(Some(found))
            }
            None => Ok(None),
        }
    }

    /// True if there is a row.
    pub(crate) fn exists(&mut self, values: &[Value<'_>]) -> Result<bool, LinkError> {
        Ok(self.query(values)?.next()?.is_some())
    }
}

/// The rows of an answer.
pub(crate) enum Rows<'a> {
    /// From SQLite.
    Sqlite(rusqlite::Rows<'a>),
    /// From a PostgreSQL server.
    Postgres {
        /// Rows at hand.
        portion: std::vec::IntoIter<tokio_postgres::Row>,
        /// The row given out last.
        current: Option<tokio_postgres::Row>,
        /// Where more come from: session and cursor.
        more: Option<(&'a RefCell<Session>, u64)>,
    },
}

impl Rows<'_> {
    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>, LinkError> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Self::Postgres {
                portion,
                current,
                more,
            } => {
                *current = portion.next();
                if current.is_none()
                    && let Some((session, cursor)) = more
                {
                    let next = session.borrow_mut().fetch(*cursor)?;
                    if next.is_empty() {
                        session.borrow_mut().close_cursor(*cursor)?;
                        *more = None;
                    }
                    *portion = next.into_iter();
                    *current = portion.next();
                }
                Ok(current.as_ref().map(Row::Postgres))
            }
        }
    }
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    /// From SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// From a PostgreSQL server.
    Postgres(&'a tokio_postgres::Row),
}

impl<'a> Row<'a> {
    /// The value of a column; the first is 0.
    pub(crate) fn get<T: FromColumn>(self, column: usize) -> Result<T, LinkError> {
        let cell = self.cell(column)?;
        T::take(cell).ok_or_else(|| {
            LinkError::Wrong(format!(
                "column {column} holds {}, not {}",
                cell.kind(),
                T::KIND
            ))
        })
    }

    /// The value of a column as it is stored.
    pub(crate) fn cell(self, column: usize) -> Result<Cell<'a>, LinkError> {
        match self {
            Self::Sqlite(row) => column::of_sqlite(row.get_ref(column)?),
            Self::Postgres(row) => column::of_postgres(row, column),
        }
    }

    /// How many columns there are.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Sqlite(row) => row.as_ref().column_count(),
            Self::Postgres(row) => row.len(),
        }
    }

    /// The names of the columns.
    pub(crate) fn names(self) -> Vec<String> {
        match self {
            Self::Sqlite(row) => {
                let names = row.as_ref().column_names();
                names.into_iter().map(str::to_owned).collect()
            }
            Self::Postgres(row) => {
                let names = row.columns().iter().map(tokio_postgres::Column::name);
                names.map(str::to_owned).collect()
            }
        }
    }
}
