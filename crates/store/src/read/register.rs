//! Steps of change control, and the rules behind a delivery.

use crate::link::{Link, Row, params};
use tieout_engine::crosswalk::control::{Act, RegisterStep};
use tieout_model::{DeliveryId, Timestamp};

use crate::failure::LoadError;
use crate::row;
use crate::store::Store;

const STEPS: &str = "SELECT subject, number, act, person, at, reason, facts, digest FROM register_step ORDER BY sequence";
const BODY: &str = "SELECT body FROM register_step WHERE subject = ?1 AND number = ?2";
const LINEAGE: &str = "SELECT body FROM lineage WHERE document = ?1 AND number = ?2";

impl Store {
    /// Every step in the order in which it was recorded, without bodies.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn register_steps(&self) -> Result<Vec<RegisterStep>, LoadError> {
        self.read("reading the register of versions", |connection| {
            let mut statement = connection.prepare_cached(STEPS)?;
            let mut rows = statement.query(params![])?;
            let mut steps = Vec::new();
            while let Some(row) = rows.next()? {
                steps.push(step(row)?);
            }
            Ok(steps)
        })
        .await
    }

    /// The body of one step; `None` if there is no such step.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn register_body(
        &self,
        subject: &str,
        number: u32,
    ) -> Result<Option<Vec<u8>>, LoadError> {
        let subject = subject.to_owned();
        self.read("reading a step of the register", move |connection| {
            let mut statement = connection.prepare_cached(BODY)?;
            let body = statement.query_opt(params![subject, number], |row| row.get(0));
            Ok(body?)
        })
        .await
    }

    /// The rules behind a delivery, as they were recorded; `None` for one that was coded before rules were kept, or by none.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn lineage(&self, id: DeliveryId) -> Result<Option<Vec<u8>>, LoadError> {
        self.read("reading the rules behind a delivery", move |connection| {
            lineage_of(connection, id)
        })
        .await
    }
}

fn lineage_of(connection: &Link<'_>, id: DeliveryId) -> Result<Option<Vec<u8>>, LoadError> {
    let mut statement = connection.prepare_cached(LINEAGE)?;
    let body = statement.query_opt(params![id.document.as_bytes(), id.number], |row| row.get(0));
    Ok(body?)
}

fn step(row: Row<'_>) -> Result<RegisterStep, LoadError> {
    let act = row::text(row, 2)?;
    let facts: Vec<u8> = row.get(6)?;
    Ok(RegisterStep {
        subject: row.get(0)?,
        number: row.get(1)?,
        act: Act::of_word(&act)
            .ok_or_else(|| LoadError::corrupt(format!("{act:?} is no step of change control")))?,
        by: row.get(3)?,
        at: Timestamp(row.get(4)?),
        reason: row.get(5)?,
        facts: RegisterStep::decode_facts(&facts)?,
        digest: row::digest(row, 7)?,
        body: Vec::new(),
    })
}
