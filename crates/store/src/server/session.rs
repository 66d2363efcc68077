//! One connection to a PostgreSQL server, with its prepared statements, and with those that were given to it but not sent yet.
//!
//! Each answer of a server costs a journey. In *haste* a statement that changes rows is only noted, and believed to change what it should;
//! [`Session::settle`] sends all that was noted in one journey and looks whether the belief was right. Where it was not, the transaction is
//! undone and done again without haste (`server.rs`), so haste never decides anything.

use std::collections::BTreeMap;

use tokio_postgres::{Error, Row, Statement};

use crate::address::ServerPlace;
use crate::dialect;
use crate::link::LinkError;
use crate::link::value::{Kept, Value};
use crate::server::wire::{Order, Wire};

/// Rows taken at once from an answer of any length.
const PORTION_LEN: u32 = 500;
/// Statements, and bytes of their values, that are noted before they are sent: enough to make journeys cheap, little enough to hold.
const NOTED_MAX: usize = 2_000;
const NOTED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection.
pub(crate) struct Session {
    wire: Wire,
    prepared: BTreeMap<String, Statement>,
    cursors: u64,
    is_broken: bool,
    must_repeat: bool,
    is_hasty: bool,
    noted: Noted,
}

/// What was noted.
#[derive(Default)]
struct Noted {
    orders: Vec<Order>,
    /// For each of them, whether it must change a row.
    must_change: Vec<bool>,
    bytes: usize,
}

impl Session {
    pub(crate) fn connect(place: &ServerPlace) -> Result<Self, LinkError> {
        let mut wire = Wire::connect(&place.config)?;
        wire.batch(dialect::SET_UP_SESSION)?;
        Ok(Self {
            wire,
            prepared: BTreeMap::new(),
            cursors: 0,
            is_broken: false,
            must_repeat: false,
            is_hasty: false,
            noted: Noted::default(),
        })
    }

    /// True if the connection is lost.
    pub(crate) const fn is_closed(&self) -> bool {
        self.wire.is_closed()
    }

    /// True if a statement failed since the transaction (or its latest savepoint) began: the server will undo it whatever is asked.
    pub(crate) const fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// True once if the server asked for the transaction to be done again.
    pub(crate) fn take_must_repeat(&mut self) -> bool {
        std::mem::take(&mut self.must_repeat)
    }

    /// True if statements are noted and believed.
    pub(crate) const fn is_hasty(&self) -> bool {
        self.is_hasty
    }

    /// From now on statements are noted and believed, or not any more. What was noted before is forgotten.
    pub(crate) fn set_haste(&mut self, is_hasty: bool) {
        self.is_hasty = is_hasty;
        self.noted = Noted::default();
    }

    /// Runs statements that begin, end or undo, or that make tables.
    pub(crate) fn batch(&mut self, text: &str) -> Result<(), LinkError> {
        let is_undone = text.starts_with("ROLLBACK");
        if is_undone {
            self.noted = Noted::default();
        }
        self.settle()?;
        let done = self.wire.batch(text);
        if done.is_ok() && (is_undone || text.starts_with("BEGIN")) {
            self.is_broken = false;
        }
        self.note(done)
    }

    pub(crate) fn execute(&mut self, text: &str, values: &[Value<'_>]) -> Result<u64, LinkError> {
        self.settle()?;
        let statement = self.prepare(text)?;
        let done = self.wire.execute(&statement, values);
        self.note(done)
    }

    /// Runs a statement, or notes it while there is haste; says how many rows it changed, or is believed to change.
    pub(crate) fn change(
        &mut self,
        text: &str,
        values: &[Value<'_>],
        must_change: bool,
    ) -> Result<u64, LinkError> {
        if !self.is_hasty {
            return self.execute(text, values);
        }
        let order = self.order(text, values)?;
        self.noted.bytes += order.values.iter().map(Kept::size).sum::<usize>();
        self.noted.orders.push(order);
        self.noted.must_change.push(must_change);
        if self.noted.orders.len() >= NOTED_MAX || self.noted.bytes >= NOTED_BYTES_MAX {
            self.settle()?;
        }
        Ok(1)
    }

    /// Sends what was noted, and looks whether what was believed is so.
    pub(crate) fn settle(&mut self) -> Result<(), LinkError> {
        if self.noted.orders.is_empty() {
            return Ok(());
        }
        let noted = std::mem::take(&mut self.noted);
        let done = self.wire.execute_all(&noted.orders);
        let changed = self.note(done)?;
        let is_so = changed
            .iter()
            .zip(&noted.must_change)
            .all(|(changed, must)| *changed > 0 || !must);
        if is_so {
            Ok(())
        } else {
            self.is_broken = true;
            Err(LinkError::Misjudged)
        }
    }

    pub(crate) fn query(
        &mut self,
        text: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, LinkError> {
        self.settle()?;
        let statement = self.prepare(text)?;
        let done = self.wire.query(&statement, values);
        self.note(done)
    }

    /// One question with each of many sets of values, in one journey.
    pub(crate) fn query_all(
        &mut self,
        text: &str,
        sets: &[Vec<Value<'_>>],
    ) -> Result<Vec<Vec<Row>>, LinkError> {
        self.settle()?;
        let orders = sets.iter().map(|values| self.order(text, values));
        let orders = orders.collect::<Result<Vec<_>, _>>()?;
        let done = self.wire.query_all(&orders);
        self.note(done)
    }

    /// Begins an answer of any length; it ends with the transaction at the latest.
    pub(crate) fn open_cursor(&mut self, text: &str) -> Result<u64, LinkError> {
        self.cursors = self.cursors.wrapping_add(1);
        let cursor = self.cursors;
        let text = dialect::numbered(text);
        self.batch(&format!("DECLARE c{cursor} NO SCROLL CURSOR FOR {text}"))?;
        Ok(cursor)
    }

    /// The next portion of an answer.
    pub(crate) fn fetch(&mut self, cursor: u64) -> Result<Vec<Row>, LinkError> {
        let text = format!("FETCH FORWARD {PORTION_LEN} FROM c{cursor}");
        let done = self.wire.rows(&text);
        self.note(done)
    }

    /// Ends an answer.
    pub(crate) fn close_cursor(&mut self, cursor: u64) -> Result<(), LinkError> {
        self.batch(&format!("CLOSE c{cursor}"))
    }

    fn order(&mut self, text: &str, values: &[Value<'_>]) -> Result<Order, LinkError> {
        Ok(Order {
            statement: self.prepare(text)?,
            values: values.iter().map(Kept::from).collect(),
        })
    }

    fn prepare(&mut self, text: &str) -> Result<Statement, LinkError> {
        if let Some(known) = self.prepared.get(text) {
            return Ok(known.clone());
        }
        let done = self.wire.prepare(&dialect::numbered(text));
        let statement = self.note(done)?;
        self.prepared.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    fn note<T>(&mut self, done: Result<T, Error>) -> Result<T, LinkError> {
        done.map_err(|error| {
            self.is_broken = true;
            self.must_repeat |= dialect::must_repeat(&error);
            error.into()
        })
    }
}
