//! Documents as passes need them: known revisions, what waits for translation, which document a key means.

use std::collections::BTreeMap;

use crate::link::value::Value;
use crate::link::{Link, params};
use tieout_engine::FlowId;
use tieout_model::{DocumentId, Envelope, NaturalKey, Origin, Revision, SystemId, canonical};

use crate::failure::LoadError;
use crate::restore::restored;
use crate::row;
use crate::store::Store;

const REVISION: &str = "SELECT revision, deleted_at FROM document WHERE id = ?1 AND revision IS NOT NULL AND state <> 'malformed'";
const OF_FLOW: &str = "SELECT id FROM document WHERE flow = ?1 AND deleted_at IS NULL AND id > ?2 ORDER BY id LIMIT ?3";
const CAPTURED: &str = "SELECT m.id, m.flow, e.body, m.revision, m.settled_revision, m.deleted_at, m.state, m.sequence FROM document m \
     JOIN envelope e ON e.document = m.sequence WHERE m.state <> 'translated' AND m.state = 'captured' \
     ORDER BY m.sequence LIMIT ?1";
const TRANSIENT: &str = "SELECT m.id, m.flow, e.body, m.revision, m.settled_revision, m.deleted_at, m.state, m.sequence FROM document m \
     JOIN envelope e ON e.document = m.sequence WHERE m.state <> 'translated' AND m.state = 'held_transient' \
     ORDER BY m.held_at, m.sequence LIMIT ?1";
const BY_ID: &str = "SELECT m.id, m.flow, e.body, m.revision, m.settled_revision, m.deleted_at, m.state, m.sequence FROM document m \
     JOIN envelope e ON e.document = m.sequence WHERE m.id = ?1";
const EXISTS: &str = "SELECT 1 FROM document WHERE id = ?1";
const BY_ALIAS: &str = "SELECT document FROM alias WHERE key = ?1";

/// What is known of a document's state in its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRevision {
    /// The revision captured last.
    pub revision: Revision,
    /// True if the source no longer has it.
    pub is_deleted: bool,
}

/// A document with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Which.
    pub id: DocumentId,
    /// The flow that captured it.
    pub flow: FlowId,
    /// The document.
    pub envelope: Envelope,
    /// Its revision, the envelope's.
    pub revision: Revision,
    /// The revision that was dealt with last.
    pub settled_revision: Option<Revision>,
    /// True if the source no longer has it.
    pub is_deleted: bool,
    /// True if it is held until another document is there.
    pub is_waiting: bool,
    /// True if something may have been done for it that a restored database does not know: look before sending, see
    /// [`Store::mark_restored`].
    pub is_doubtful: bool,
}

impl Store {
    /// What is known of these documents. A document that is not known, or known only as malformed, is left out: it is to be captured as
    /// new.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn revisions(
        &self,
        documents: &[DocumentId],
    ) -> Result<BTreeMap<DocumentId, KnownRevision>, LoadError> {
        let documents = documents.to_vec();
        self.read("reading known revisions", move |connection| {
            let mut statement = connection.prepare_cached(REVISION)?;
            let mut known = BTreeMap::new();
            for document in documents {
                let mut rows = statement.query(params![document.as_bytes()])?;
                if let Some(row) = rows.next()? {
                    let revision = Revision::new(row::text(row, 0)?);
                    let deleted_at: Option<i64> = row.get(1)?;
                    let is_deleted = deleted_at.is_some();
                    known.insert(
                        document,
                        KnownRevision {
                            revision,
                            is_deleted,
                        },
                    );
                }
            }
            Ok(known)
        })
        .await
    }

    /// Documents of a flow that the source still had, by id after `after`, at most `limit`: to find out which it has no longer.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn documents_of_flow(
        &self,
        flow: &FlowId,
        after: Option<DocumentId>,
        limit: usize,
    ) -> Result<Vec<DocumentId>, LoadError> {
        let flow = flow.clone();
        self.read("reading a flow's documents", move |connection| {
            let mut statement = connection.prepare_cached(OF_FLOW)?;
            let after = after.map_or(Vec::new(), |id| id.as_bytes().to_vec());
            let mut rows = statement.query(params![flow.0, after, row::limit(limit)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(row::document_id(row, 0)?);
            }
            Ok(found)
        })
        .await
    }

    /// Documents that wait for translation, in the order of their first capture, at most `limit`. With `include_transient` also those
    /// held until another document is there, those not looked at for the longest time first.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn to_translate(
        &self,
        limit: usize,
        include_transient: bool,
    ) -> Result<Vec<StoredDocument>, LoadError> {
        self.read("reading what waits for translation", move |connection| {
            let mut found = stored_documents(connection, CAPTURED, params![row::limit(limit)])?;
            let free = limit.saturating_sub(found.len());
            if include_transient && free > 0 {
                let free = row::limit(free);
                found.extend(stored_documents(connection, TRANSIENT, params![free])?);
            }
            Ok(found)
        })
        .await
    }

    /// One document with its envelope; `None` if it is not known or was never well formed.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn stored_document(
        &self,
        document: DocumentId,
    ) -> Result<Option<StoredDocument>, LoadError> {
        self.read("reading a document", move |connection| {
            Ok(stored_documents(connection, BY_ID, params![document.as_bytes()])?.pop())
        })
        .await
    }

    /// The document that bears a natural key, as its own or as an alias.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn document_by_key(
        &self,
        system: &SystemId,
        company: &str,
        natural_key: &NaturalKey,
    ) -> Result<Option<DocumentId>, LoadError> {
        // A document's id is made of its origin, and aliases are kept under the id that their origin would make.
        let name = DocumentId::of(&Origin {
            system: system.clone(),
            company: company.to_owned(),
            natural_key: natural_key.clone(),
        });
        self.read("reading a document by its key", move |connection| {
            let mut own = connection.prepare_cached(EXISTS)?;
            if own.exists(params![name.as_bytes()])? {
                return Ok(Some(name));
            }
            let mut alias = connection.prepare_cached(BY_ALIAS)?;
            let found = alias.query_opt(params![name.as_bytes()], |row| row.get(0));
            Ok(found?.map(DocumentId::from_bytes))
        })
        .await
    }
}

fn stored_documents(
    connection: &Link<'_>,
    statement: &str,
    values: &[Value<'_>],
) -> Result<Vec<StoredDocument>, LoadError> {
    let restored = restored(connection)?;
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(2)?;
        let settled: Option<String> = row.get(4)?;
        let deleted_at: Option<i64> = row.get(5)?;
        let state: String = row.get(6)?;
        let sequence: i64 = row.get(7)?;
        found.push(StoredDocument {
            id: row::document_id(row, 0)?,
            flow: FlowId(row.get(1)?),
            envelope: canonical::decode_envelope(&body)?,
            revision: Revision::new(row::text(row, 3)?),
            settled_revision: settled.map(Revision::new),
            is_deleted: deleted_at.is_some(),
            is_waiting: state == "held_transient",
            is_doubtful: restored
                .as_ref()
                .is_some_and(|restored| restored.is_doubtful(sequence)),
        });
    }
    Ok(found)
}
