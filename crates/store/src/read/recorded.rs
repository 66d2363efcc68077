//! Everything recorded of one entity, document by document, for reconciliation.

use crate::link::{Link, params};
use tieout_model::{EntityId, Envelope, Timestamp, canonical};

use crate::failure::LoadError;
use crate::read::delivery::{StoredDelivery, of_document};
use crate::row;
use crate::store::Store;

const PAGE: &str = "SELECT m.sequence, m.id, m.state, m.captured_at, m.deleted_at, e.body FROM document m \
     JOIN envelope e ON e.document = m.sequence WHERE m.entity = ?1 AND m.sequence > ?2 ORDER BY m.sequence LIMIT ?3";

/// Rows read at once: some megabytes with the largest documents.
const PAGE_LEN: usize = 500;

/// A document with all its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDocument {
    /// The document as captured now.
    pub envelope: Envelope,
    /// When its present state was captured.
    pub captured_at: Timestamp,
    /// True if the source no longer has it.
    pub is_deleted: bool,
    /// True if its present state is held.
    pub is_held: bool,
    /// Its deliveries, in the order of their numbers.
    pub deliveries: Vec<StoredDelivery>,
}

impl Store {
    /// Every captured document of an entity, in the order of capture, one after the other: memory stays bounded. Malformed records have
    /// no document and are left out.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn recorded_of(
        &self,
        entity: &EntityId,
        each: &mut (dyn FnMut(RecordedDocument) + Send),
    ) -> Result<(), LoadError> {
        let mut after = 0_i64;
        loop {
            let entity = entity.clone();
            let page = self.read("reading recorded documents", move |connection| {
                page(connection, &entity, after)
            });
            let page = page.await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = *last;
            page.into_iter().for_each(|(_, document)| each(document));
        }
    }
}

fn page(
    connection: &Link<'_>,
    entity: &EntityId,
    after: i64,
) -> Result<Vec<(i64, RecordedDocument)>, LoadError> {
    let mut statement = connection.prepare_cached(PAGE)?;
    let mut rows = statement.query(params![entity.as_str(), after, row::limit(PAGE_LEN)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let state: String = row.get(2)?;
        let deleted_at: Option<i64> = row.get(4)?;
        let body: Vec<u8> = row.get(5)?;
        let document = RecordedDocument {
            envelope: canonical::decode_envelope(&body)?,
            captured_at: Timestamp(row.get(3)?),
            is_deleted: deleted_at.is_some(),
            is_held: matches!(state.as_str(), "held" | "held_transient" | "malformed"),
            deliveries: of_document(connection, row::document_id(row, 1)?)?,
        };
        page.push((row.get(0)?, document));
    }
    Ok(page)
}
