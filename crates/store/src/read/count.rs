//! How much there is of everything.

use std::collections::BTreeMap;

use crate::link::{Link, params};
use tieout_engine::StateWord;

use crate::dialect;
use crate::failure::LoadError;
use crate::read::listing::DocumentWord;
use crate::row;
use crate::store::Store;

const OPEN_DOCUMENTS: &str =
    "SELECT state, COUNT(*) FROM document WHERE state <> 'translated' GROUP BY state";
const OPEN_DELIVERIES: &str =
    "SELECT state, COUNT(*) FROM delivery WHERE state <> 'posted' GROUP BY state";
const BY_WORD: &str = "SELECT m.state, m.deleted_at IS NOT NULL, d.state, d.role, COUNT(*) FROM document m \
     LEFT JOIN delivery d ON d.document = m.sequence AND d.number = COALESCE((SELECT MIN(number) FROM delivery WHERE document = m.sequence AND state <> 'posted'), \
         (SELECT MAX(number) FROM delivery WHERE document = m.sequence)) \
     GROUP BY 1, 2, 3, 4";

/// Numbers of documents and deliveries per state. States without any are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Documents per stored state: captured, translated, held, held_transient, malformed, deleted.
    pub documents: BTreeMap<String, u64>,
    /// Deliveries per state.
    pub deliveries: BTreeMap<StateWord, u64>,
}

impl Counts {
    /// Documents in a stored state.
    pub fn documents_in(&self, state: &str) -> u64 {
        self.documents.get(state).copied().unwrap_or(0)
    }

    /// Deliveries in a state.
    pub fn deliveries_in(&self, state: StateWord) -> u64 {
        self.deliveries.get(&state).copied().unwrap_or(0)
    }
}

impl Store {
    /// Numbers per state, from indexes: cheap.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn counts(&self) -> Result<Counts, LoadError> {
        self.read("counting documents and deliveries", counts).await
    }

    /// Numbers of documents per state as people see it. Looks at every document: seconds for a million.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn word_counts(&self) -> Result<BTreeMap<DocumentWord, u64>, LoadError> {
        self.read("counting documents by state", |connection| {
            let mut statement = connection.prepare_cached(BY_WORD)?;
            let mut rows = statement.query(params![])?;
            let mut counts = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let state: String = row.get(0)?;
                let delivery: Option<String> = row.get(2)?;
                let role: Option<String> = row.get(3)?;
                let latest = delivery.as_deref().zip(role.as_deref());
                let word = DocumentWord::of(&state, row.get(1)?, latest)?;
                let count: &mut u64 = counts.entry(word).or_default();
                *count = count.saturating_add(row::count(row, 4)?);
            }
            Ok(counts)
        })
        .await
    }
}

fn counts(connection: &Link<'_>) -> Result<Counts, LoadError> {
    let mut counts = Counts::default();
    let mut statement = connection.prepare_cached(OPEN_DOCUMENTS)?;
    let mut rows = statement.query(params![])?;
    let mut open = 0_u64;
    while let Some(row) = rows.next()? {
        let count = row::count(row, 1)?;
        open = open.saturating_add(count);
        counts.documents.insert(row.get(0)?, count);
    }
    let all = total(connection, dialect::ALL_DOCUMENTS)?;
    if all > open {
        counts.documents.insert("translated".to_owned(), all - open);
    }
    let mut statement = connection.prepare_cached(OPEN_DELIVERIES)?;
    let mut rows = statement.query(params![])?;
    let mut open = 0_u64;
    while let Some(row) = rows.next()? {
        let word: String = row.get(0)?;
        let state = StateWord::of_word(&word)
            .ok_or_else(|| LoadError::corrupt(format!("{word:?} is no state of a delivery")))?;
        let count = row::count(row, 1)?;
        open = open.saturating_add(count);
        counts.deliveries.insert(state, count);
    }
    let all = total(connection, dialect::ALL_DELIVERIES)?;
    if all > open {
        counts.deliveries.insert(StateWord::Posted, all - open);
    }
    Ok(counts)
}

fn total(connection: &Link<'_>, statement: &str) -> Result<u64, LoadError> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = statement.query(params![])?;
    match rows.next()? {
        Some(row) => row::count(row, 0),
        None => Ok(0),
    }
}
