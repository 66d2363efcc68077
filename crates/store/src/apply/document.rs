//! Changes of documents: captured, malformed, deleted, translated, held, released.

use crate::link::{Link, params};
use tieout_engine::{FlowId, HoldNotice};
use tieout_model::{
    DocumentId, DocumentKind, EntityId, Envelope, Origin, Revision, Timestamp, canonical,
};

use crate::failure::{CommitError, Conflict};

const INSERT: &str = "INSERT INTO document (sequence, id, origin, flow, system, number, kind, entity, accounting_date, revision, modified, \
     state, captured_at) VALUES ((SELECT COALESCE(MAX(sequence), 0) + 1 FROM document), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'captured', ?11) \
     ON CONFLICT (id) DO NOTHING";
const FIND: &str = "SELECT sequence, revision, state FROM document WHERE id = ?1";
const CAPTURE_AGAIN: &str = "UPDATE document SET flow = ?2, number = ?3, kind = ?4, entity = ?5, accounting_date = ?6, revision = ?7, \
     modified = ?8, state = 'captured', captured_at = ?9, held_at = NULL, deleted_at = NULL WHERE sequence = ?1";
/// The envelope of the document that was captured last.
const WRITE_FIRST_ENVELOPE: &str =
    "INSERT INTO envelope (document, body) SELECT MAX(sequence), ?1 FROM document";
const WRITE_ENVELOPE: &str = "INSERT INTO envelope (document, body) VALUES (?1, ?2) \
     ON CONFLICT (document) DO UPDATE SET body = excluded.body";
const WRITE_ALIAS: &str = "INSERT INTO alias (key, document) VALUES (?1, ?2) \
     ON CONFLICT (key) DO UPDATE SET document = excluded.document";
const INSERT_MALFORMED: &str = "INSERT INTO document (sequence, id, origin, flow, system, number, kind, entity, state, captured_at, held_at) \
     VALUES ((SELECT COALESCE(MAX(sequence), 0) + 1 FROM document), ?1, ?2, ?3, ?4, ?5, ?6, ?7, 'malformed', ?8, ?8) ON CONFLICT (id) DO NOTHING";
const RENAME_MALFORMED: &str = "UPDATE document SET flow = ?2, number = ?3, kind = ?4, entity = ?5 WHERE id = ?1 AND revision IS NULL";
const BECOME_MALFORMED: &str =
    "UPDATE document SET state = 'malformed', held_at = ?2, deleted_at = NULL WHERE id = ?1";
const MARK_DELETED: &str = "UPDATE document SET deleted_at = ?2, held_at = NULL, \
     state = CASE WHEN revision IS NULL THEN 'deleted' ELSE 'captured' END WHERE id = ?1 AND deleted_at IS NULL";
const SETTLE: &str = "UPDATE document SET held_at = NULL, settled_revision = ?2, \
     state = CASE WHEN deleted_at IS NULL AND ?3 = 0 THEN 'translated' WHEN deleted_at IS NOT NULL AND ?3 = 1 THEN 'deleted' \
     ELSE 'captured' END WHERE id = ?1 AND revision = ?2";
const HOLD: &str = "UPDATE document SET state = ?2, held_at = ?3 WHERE id = ?1 AND revision = ?4";
const RELEASE: &str = "UPDATE document SET state = 'captured', held_at = NULL WHERE id = ?1 AND revision IS NOT NULL AND state <> 'malformed'";
const CLEAR_NOTICES: &str = "DELETE FROM hold WHERE document = ?1";
const WRITE_NOTICE: &str = "INSERT INTO hold (document, position, at, code, summary, remedy) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// What can be read of a record that is no well-formed document.
pub(super) struct Malformed<'a> {
    pub(super) flow: &'a FlowId,
    pub(super) origin: &'a Origin,
    pub(super) number: &'a str,
    pub(super) kind: DocumentKind,
    pub(super) entity: Option<&'a EntityId>,
}

struct Known {
    sequence: i64,
    revision: Option<Revision>,
    state: String,
}

fn find(connection: &Link<'_>, document: DocumentId) -> Result<Option<Known>, CommitError> {
    let mut statement = connection.prepare_cached(FIND)?;
    let known = statement.query_opt(params![document.as_bytes()], |row| {
        Ok(Known {
            sequence: row.get(0)?,
            revision: row.get::<Option<String>>(1)?.map(Revision::new),
            state: row.get(2)?,
        })
    });
    Ok(known?)
}

/// A malformed document counts as new when it comes in good form: its state says nothing about what a target got.
pub(super) fn record_envelope(
    connection: &Link<'_>,
    at: Timestamp,
    flow: &FlowId,
    expected: Option<&Revision>,
    envelope: &Envelope,
) -> Result<(), CommitError> {
    let id = envelope.id();
    let document = &envelope.document;
    let kind = document.kind().word();
    let entity = document.entity().map(EntityId::as_str);
    let date = document.accounting_date().map(|date| date.to_string());
    let revision = envelope.revision.as_str();
    let body = canonical::encode_envelope(envelope);
    // Who expects a revision expects the document to be there.
    let is_new = expected.is_none()
        && connection.change(
            INSERT,
            params![
                id.as_bytes(),
                envelope.origin.to_string(),
                flow.0,
                envelope.origin.system.as_str(),
                envelope.number,
                kind,
                entity,
                date,
                revision,
                envelope.modified.0,
                at.0,
            ],
        )?;
    if is_new {
        connection.put(WRITE_FIRST_ENVELOPE, params![body])?;
        return write_aliases(connection, id, envelope);
    }
    let Some(known) = find(connection, id)? else {
        return Err(revision_conflict(id, expected, None));
    };
    let is_new_form = expected.is_none() && known.state == "malformed";
    if known.revision.as_ref() != expected && !is_new_form {
        return Err(revision_conflict(id, expected, known.revision));
    }
    connection.put(
        CAPTURE_AGAIN,
        params![
            known.sequence,
            flow.0,
            envelope.number,
            kind,
            entity,
            date,
            revision,
            envelope.modified.0,
            at.0
        ],
    )?;
    clear_notices(connection, id)?;
    connection.put(WRITE_ENVELOPE, params![known.sequence, body])?;
    write_aliases(connection, id, envelope)
}

/// Every other key the system knows the document by leads to it too.
fn write_aliases(
    connection: &Link<'_>,
    id: DocumentId,
    envelope: &Envelope,
) -> Result<(), CommitError> {
    for alias in &envelope.aliases {
        let other_name = Origin {
            natural_key: alias.clone(),
            ..envelope.origin.clone()
        };
        let other_name = DocumentId::of(&other_name);
        if other_name != id {
            connection.put(WRITE_ALIAS, params![other_name.as_bytes(), id.as_bytes()])?;
        }
    }
    Ok(())
}

/// A document that was well formed before keeps its last good envelope beside the notice.
pub(super) fn record_malformed(
    connection: &Link<'_>,
    at: Timestamp,
    found: &Malformed<'_>,
    notice: &HoldNotice,
) -> Result<(), CommitError> {
    let id = DocumentId::of(found.origin);
    let entity = found.entity.map(EntityId::as_str);
    let kind = found.kind.word();
    let inserted = connection
        .prepare_cached(INSERT_MALFORMED)?
        .execute(params![
            id.as_bytes(),
            found.origin.to_string(),
            found.flow.0,
            found.origin.system.as_str(),
            found.number,
            kind,
            entity,
            at.0
        ])?;
    if inserted == 0 {
        let mut rename = connection.prepare_cached(RENAME_MALFORMED)?;
        rename.execute(params![
            id.as_bytes(),
            found.flow.0,
            found.number,
            kind,
            entity
        ])?;
        let mut update = connection.prepare_cached(BECOME_MALFORMED)?;
        update.execute(params![id.as_bytes(), at.0])?;
    }
    write_notices(connection, at, id, std::slice::from_ref(notice))
}

/// A deleted document waits for translation once more, so that what was posted can be taken back. Marking it again changes nothing.
pub(super) fn mark_deleted(
    connection: &Link<'_>,
    at: Timestamp,
    document: DocumentId,
) -> Result<(), CommitError> {
    let mut update = connection.prepare_cached(MARK_DELETED)?;
    if update.execute(params![document.as_bytes(), at.0])? == 0 {
        return must_exist(connection, document);
    }
    clear_notices(connection, document)
}

/// A settlement says whether it saw the deletion: a pass that read the document before its deletion (or before it came back) must not pass
/// for one that saw it. Then the document waits for another pass.
pub(super) fn settle_translation(
    connection: &Link<'_>,
    document: DocumentId,
    revision: &Revision,
    is_deleted: bool,
) -> Result<(), CommitError> {
    let is_deleted = i64::from(is_deleted);
    if !connection.change(
        SETTLE,
        params![document.as_bytes(), revision.as_str(), is_deleted],
    )? {
        let known = find(connection, document)?.ok_or(Conflict::UnknownDocument { document })?;
        return Err(revision_conflict(document, Some(revision), known.revision));
    }
    clear_notices(connection, document)
}

pub(super) fn hold(
    connection: &Link<'_>,
    at: Timestamp,
    document: DocumentId,
    revision: &Revision,
    notices: &[HoldNotice],
    is_transient: bool,
) -> Result<(), CommitError> {
    let state = if is_transient {
        "held_transient"
    } else {
        "held"
    };
    if !connection.change(
        HOLD,
        params![document.as_bytes(), state, at.0, revision.as_str()],
    )? {
        let known = find(connection, document)?.ok_or(Conflict::UnknownDocument { document })?;
        return Err(revision_conflict(document, Some(revision), known.revision));
    }
    write_notices(connection, at, document, notices)
}

pub(super) fn release(connection: &Link<'_>, document: DocumentId) -> Result<(), CommitError> {
    if !connection.change(RELEASE, params![document.as_bytes()])? {
        must_exist(connection, document)?;
        return Err(Conflict::Malformed { document }.into());
    }
    clear_notices(connection, document)
}

fn must_exist(connection: &Link<'_>, document: DocumentId) -> Result<(), CommitError> {
    match find(connection, document)? {
        Some(_) => Ok(()),
        None => Err(Conflict::UnknownDocument { document }.into()),
    }
}

fn clear_notices(connection: &Link<'_>, document: DocumentId) -> Result<(), CommitError> {
    Ok(connection.put(CLEAR_NOTICES, params![document.as_bytes()])?)
}

fn write_notices(
    connection: &Link<'_>,
    at: Timestamp,
    document: DocumentId,
    notices: &[HoldNotice],
) -> Result<(), CommitError> {
    clear_notices(connection, document)?;
    for (position, notice) in (0_i64..).zip(notices) {
        connection.put(
            WRITE_NOTICE,
            params![
                document.as_bytes(),
                position,
                at.0,
                notice.code,
                notice.summary,
                notice.remedy
            ],
        )?;
    }
    Ok(())
}

fn revision_conflict(
    document: DocumentId,
    expected: Option<&Revision>,
    found: Option<Revision>,
) -> CommitError {
    Conflict::Revision {
        document,
        expected: expected.cloned(),
        found,
    }
    .into()
}
