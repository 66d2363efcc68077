//! One connection to a PostgreSQL server, with its prepared statements.

use std::collections::BTreeMap;

use postgres::types::ToSql;
use postgres::{Client, NoTls, Row, Statement};

use crate::address::ServerPlace;
use crate::dialect;
use crate::failure::LoadError;
use crate::link::LinkError;
use crate::link::value::Value;

/// Rows taken at once from an answer of any length.
const PORTION_LEN: u32 = 500;

/// A connection.
pub(crate) struct Session {
    client: Client,
    prepared: BTreeMap<String, Statement>,
    cursors: u64,
    is_broken: bool,
    must_repeat: bool,
}

impl Session {
    pub(crate) fn connect(place: &ServerPlace) -> Result<Self, LoadError> {
        let client = place.config.connect(NoTls).map_err(LinkError::from);
        let mut client = client.map_err(|error| LoadError::unavailable(error.to_string()))?;
        client
            .batch_execute(dialect::SET_UP_SESSION)
            .map_err(LinkError::from)?;
        Ok(Self {
            client,
            prepared: BTreeMap::new(),
            cursors: 0,
            is_broken: false,
            must_repeat: false,
        })
    }

    /// True if the connection is lost.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// True if a statement failed since the transaction (or its latest savepoint) began: the server will undo it whatever is asked.
    pub(crate) const fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// True once if the server asked for the transaction to be done again.
    pub(crate) fn take_must_repeat(&mut self) -> bool {
        std::mem::take(&mut self.must_repeat)
    }

    /// Runs statements that begin, end or undo, or that make tables.
    pub(crate) fn batch(&mut self, text: &str) -> Result<(), postgres::Error> {
        let done = self.client.batch_execute(text);
        if done.is_ok() && (text.starts_with("BEGIN") || text.starts_with("ROLLBACK")) {
            self.is_broken = false;
        }
        self.note(done)
    }

    pub(crate) fn execute(
        &mut self,
        text: &str,
        values: &[Value<'_>],
    ) -> Result<u64, postgres::Error> {
        let statement = self.prepare(text)?;
        let done = self.client.execute(&statement, &as_parameters(values));
        self.note(done)
    }

    pub(crate) fn query(
        &mut self,
        text: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, postgres::Error> {
        let statement = self.prepare(text)?;
        let done = self.client.query(&statement, &as_parameters(values));
        self.note(done)
    }

    /// Begins an answer of any length; it ends with the transaction at the latest.
    pub(crate) fn open_cursor(&mut self, text: &str) -> Result<u64, postgres::Error> {
        self.cursors = self.cursors.wrapping_add(1);
        let cursor = self.cursors;
        let text = dialect::numbered(text);
        self.batch(&format!("DECLARE c{cursor} NO SCROLL CURSOR FOR {text}"))?;
        Ok(cursor)
    }

    /// The next portion of an answer.
    pub(crate) fn fetch(&mut self, cursor: u64) -> Result<Vec<Row>, postgres::Error> {
        let text = format!("FETCH FORWARD {PORTION_LEN} FROM c{cursor}");
        let done = self.client.query(&*text, &[]);
        self.note(done)
    }

    /// Ends an answer.
    pub(crate) fn close_cursor(&mut self, cursor: u64) -> Result<(), postgres::Error> {
        self.batch(&format!("CLOSE c{cursor}"))
    }

    fn prepare(&mut self, text: &str) -> Result<Statement, postgres::Error> {
        if let Some(known) = self.prepared.get(text) {
            return Ok(known.clone());
        }
        let done = self.client.prepare(&dialect::numbered(text));
        let statement = self.note(done)?;
        self.prepared.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    fn note<T>(&mut self, done: Result<T, postgres::Error>) -> Result<T, postgres::Error> {
        if let Err(error) = &done {
            self.is_broken = true;
            self.must_repeat |= dialect::must_repeat(error);
        }
        done
    }
}

fn as_parameters<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    let parameters = values.iter().map(|value| {
        let parameter: &(dyn ToSql + Sync) = value;
        parameter
    });
    parameters.collect()
}
