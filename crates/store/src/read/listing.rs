//! Documents as people look at them: lists, and everything about one.

use std::fmt;

use crate::link::{Link, Row, params};
use tieout_engine::delivery::is_standing;
use tieout_engine::{DeliveryState, FlowId, HoldNotice, StateWord};
use tieout_model::{
    AccountingDate, DocumentId, DocumentKind, EntityId, Envelope, Revision, Timestamp, canonical,
};

use crate::failure::LoadError;
use crate::read::delivery::{StoredDelivery, of_document};
use crate::row;
use crate::store::Store;

/// The columns that [`read_row`] reads. The reason of a hold is its first notice.
macro_rules! listed {
    () => {
        "SELECT m.sequence, m.id, m.number, m.kind, m.entity, m.accounting_date, m.state, m.deleted_at, m.captured_at, m.held_at, \
         h.code, h.summary, d.state_body, d.role, d.moved_at FROM document m \
         LEFT JOIN hold h ON h.document = m.id AND h.position = 0 \
         LEFT JOIN delivery d ON d.document = m.sequence AND d.number = COALESCE((SELECT MIN(number) FROM delivery WHERE document = m.sequence AND state <> 'posted'), \
         (SELECT MAX(number) FROM delivery WHERE document = m.sequence)) "
    };
}

/// The filters that rows can be chosen by.
macro_rules! filtered {
    () => {
        "m.sequence > COALESCE((SELECT sequence FROM document WHERE id = ?1), 0) AND (m.entity = ?2 OR ?2 IS NULL) \
         AND (m.kind = ?3 OR ?3 IS NULL) AND (m.number = ?4 OR ?4 IS NULL) ORDER BY m.sequence"
    };
}

const LIST: &str = concat!(listed!(), "WHERE ", filtered!());
/// Only documents that are not finished: a short list in a long table.
const LIST_OPEN: &str = concat!(
    listed!(),
    "WHERE m.sequence IN (SELECT document FROM delivery WHERE state <> 'posted' \
     UNION SELECT sequence FROM document WHERE state <> 'translated') AND ",
    filtered!()
);
const LIST_NUMBER: &str = concat!(listed!(), "WHERE m.number = ?4 AND ", filtered!());
const ONE: &str = concat!(listed!(), "WHERE m.id = ?1");
const BY_NUMBER: &str = "SELECT id FROM document WHERE number = ?1 ORDER BY sequence";
const BY_STAMP: &str = "SELECT m.id FROM stamp s JOIN delivery d ON d.sequence = s.delivery \
     JOIN document m ON m.sequence = d.document WHERE s.stamp = ?1";
const DETAIL: &str = "SELECT m.origin, m.flow, m.revision, m.settled_revision, m.deleted_at, e.body FROM document m \
     LEFT JOIN envelope e ON e.document = m.sequence WHERE m.id = ?1";
const NOTICES: &str =
    "SELECT code, summary, remedy FROM hold WHERE document = ?1 ORDER BY position";

/// Where a document stands, in the words of people. A view on its own state and that of the first delivery that is not posted, or else of
/// its latest: where a reversal was refused, the posting queued behind it must not hide that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentWord {
    /// Captured, waits for translation.
    Seen,
    /// Translated, and nothing is to be sent.
    Mapped,
    /// Waits to be sent.
    Queued,
    /// Being sent.
    Sent,
    /// The target took it and works on it.
    Acknowledged,
    /// In the target's books, read back.
    Accounted,
    /// Can't be translated, or is malformed.
    Held,
    /// The target refused it.
    Rejected,
    /// It may or may not be there.
    Uncertain,
    /// A person must decide.
    Parked,
    /// The source took it back before anything of it was posted.
    Superseded,
    /// Its posting was taken back in the target.
    Reversed,
    /// A person settled it by hand.
    Resolved,
}

impl DocumentWord {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Seen,
        Self::Mapped,
        Self::Queued,
        Self::Sent,
        Self::Acknowledged,
        Self::Accounted,
        Self::Held,
        Self::Rejected,
        Self::Uncertain,
        Self::Parked,
        Self::Superseded,
        Self::Reversed,
        Self::Resolved,
    ];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Mapped => "mapped",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Accounted => "accounted",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Uncertain => "uncertain",
            Self::Parked => "parked",
            Self::Superseded => "superseded",
            Self::Reversed => "reversed",
            Self::Resolved => "resolved",
        }
    }

    /// The state of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// True if documents in this state have an end that no pass changes by itself, so that most documents are in it.
    const fn is_common(self) -> bool {
        matches!(self, Self::Mapped | Self::Accounted | Self::Reversed)
    }

    /// The word for a stored document state and the state and role of the latest delivery.
    pub(crate) fn of(
        state: &str,
        is_deleted: bool,
        latest: Option<(&str, &str)>,
    ) -> Result<Self, LoadError> {
        match state {
            "captured" => return Ok(Self::Seen),
            "held" | "held_transient" | "malformed" => return Ok(Self::Held),
            "translated" | "deleted" => {}
            other => {
                let reason = format!("{other:?} is no state of a document");
                return Err(LoadError::corrupt(reason));
            }
        }
        let Some((state, role)) = latest else {
            return Ok(if is_deleted {
                Self::Superseded
            } else {
                Self::Mapped
            });
        };
        let state = StateWord::of_word(state)
            .ok_or_else(|| LoadError::corrupt(format!("{state:?} is no state of a delivery")))?;
        Ok(match state {
            StateWord::Queued => Self::Queued,
            StateWord::Leased => Self::Sent,
            StateWord::Submitted => Self::Acknowledged,
            StateWord::Uncertain => Self::Uncertain,
            StateWord::Posted if role == "reversal" => Self::Reversed,
            StateWord::Posted => Self::Accounted,
            StateWord::Rejected => Self::Rejected,
            StateWord::Parked => Self::Parked,
            StateWord::Resolved => Self::Resolved,
        })
    }
}

impl fmt::Display for DocumentWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which documents to list. Empty fields choose all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFilter {
    /// In one of these states.
    pub states: Vec<DocumentWord>,
    /// Of this entity.
    pub entity: Option<EntityId>,
    /// Of this kind.
    pub kind: Option<DocumentKind>,
    /// With this number.
    pub number: Option<String>,
    /// After this document, which ended the list before.
    pub after: Option<DocumentId>,
    /// At most so many.
    pub limit: usize,
}

impl Default for DocumentFilter {
    fn default() -> Self {
        Self {
            states: Vec::new(),
            entity: None,
            kind: None,
            number: None,
            after: None,
            limit: 100,
        }
    }
}

/// A document in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// Which.
    pub id: DocumentId,
    /// Its number for people.
    pub number: String,
    /// Its kind.
    pub kind: DocumentKind,
    /// Its entity, if it has one.
    pub entity: Option<EntityId>,
    /// Its accounting date, if it has one.
    pub accounting_date: Option<AccountingDate>,
    /// Where it stands.
    pub state: DocumentWord,
    /// Why it stands there; empty if the state says it all.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// When a worker looks at it again, if ever.
    pub next_at: Option<Timestamp>,
}

/// Everything about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentDetail {
    /// As in a list.
    pub row: DocumentRow,
    /// Where it stands in its source: system, company, natural key.
    pub origin: String,
    /// The flow that captured it.
    pub flow: FlowId,
    /// As captured; `None` if it never was well formed.
    pub envelope: Option<Envelope>,
    /// The revision captured last.
    pub revision: Option<Revision>,
    /// The revision that was dealt with last.
    pub settled_revision: Option<Revision>,
    /// True if the source no longer has it.
    pub is_deleted: bool,
    /// Why it is held, every gap at once.
    pub holds: Vec<HoldNotice>,
    /// Its deliveries in the order of their numbers.
    pub deliveries: Vec<StoredDelivery>,
    /// Other documents with the same number, if it was asked for by number.
    pub others: Vec<DocumentId>,
}

impl Store {
    /// Documents in the order of their first capture.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn documents(&self, filter: &DocumentFilter) -> Result<Vec<DocumentRow>, LoadError> {
        let filter = filter.clone();
        self.read("listing documents", move |connection| {
            list(connection, &filter)
        })
        .await
    }

    /// The document named by its id (32 hexadecimal digits), by a stamp of one of its deliveries, or by its number.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn document(&self, name: &str) -> Result<Option<DocumentDetail>, LoadError> {
        let name = name.to_owned();
        self.read("reading a document", move |connection| {
            let mut found = find(connection, &name)?.into_iter();
            let Some(first) = found.next() else {
                return Ok(None);
            };
            let detail = detail(connection, first)?;
            Ok(detail.map(|detail| DocumentDetail {
                others: found.collect(),
                ..detail
            }))
        })
        .await
    }
}

fn list(connection: &Link<'_>, filter: &DocumentFilter) -> Result<Vec<DocumentRow>, LoadError> {
    let is_short =
        !filter.states.is_empty() && !filter.states.iter().any(|state| state.is_common());
    let statement = match (&filter.number, is_short) {
        (Some(_), _) => LIST_NUMBER,
        (None, true) => LIST_OPEN,
        (None, false) => LIST,
    };
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = statement.query(params![
        filter.after.map(|id| *id.as_bytes()),
        filter.entity.as_ref().map(EntityId::as_str),
        filter.kind.map(DocumentKind::word),
        filter.number,
    ])?;
    let mut found = Vec::new();
    while found.len() < filter.limit
        && let Some(row) = rows.next()?
    {
        let row = read_row(row)?;
        if filter.states.is_empty() || filter.states.contains(&row.state) {
            found.push(row);
        }
    }
    Ok(found)
}

fn read_row(row: Row<'_>) -> Result<DocumentRow, LoadError> {
    let entity: Option<String> = row.get(4)?;
    let date: Option<String> = row.get(5)?;
    let state: String = row.get(6)?;
    let deleted_at: Option<i64> = row.get(7)?;
    let held_at: Option<i64> = row.get(9)?;
    let notice: Option<(String, String)> = row.get::<Option<String>>(10)?.zip(row.get(11)?);
    let body: Option<Vec<u8>> = row.get(12)?;
    let role: Option<String> = row.get(13)?;
    let moved_at: Option<i64> = row.get(14)?;
    let latest = body.map(|body| DeliveryState::decode(&body)).transpose()?;
    let names = latest.as_ref().map(|state| state.word().word());
    let word = DocumentWord::of(&state, deleted_at.is_some(), names.zip(role.as_deref()))?;
    let captured_at: i64 = row.get(8)?;
    let (reason, since, next_at) = match word {
        DocumentWord::Seen => (String::new(), deleted_at.unwrap_or(captured_at), None),
        DocumentWord::Held => {
            let reason = notice.map(|(code, summary)| format!("{code} {summary}"));
            (
                reason.unwrap_or_default(),
                held_at.unwrap_or(captured_at),
                None,
            )
        }
        DocumentWord::Mapped | DocumentWord::Superseded => {
            (String::new(), deleted_at.unwrap_or(captured_at), None)
        }
        DocumentWord::Queued
        | DocumentWord::Sent
        | DocumentWord::Acknowledged
        | DocumentWord::Accounted
        | DocumentWord::Rejected
        | DocumentWord::Uncertain
        | DocumentWord::Parked
        | DocumentWord::Resolved
        | DocumentWord::Reversed => (
            latest.as_ref().map(reason_of).unwrap_or_default(),
            moved_at.unwrap_or(captured_at),
            latest.as_ref().and_then(DeliveryState::due_at),
        ),
    };
    Ok(DocumentRow {
        id: row::document_id(row, 1)?,
        number: row.get(2)?,
        kind: row::kind(&row::text(row, 3)?)?,
        entity: entity.map(EntityId::new),
        accounting_date: date.as_deref().map(row::date).transpose()?,
        state: word,
        reason,
        since: Timestamp(since),
        next_at,
    })
}

fn reason_of(state: &DeliveryState) -> String {
    match state {
        DeliveryState::Rejected(rejection) => {
            let words = format!("{} {}", rejection.code, rejection.message);
            match rejection.remedy.as_str() {
                "" => words.trim().to_owned(),
                remedy => format!("{}; to do: {remedy}", words.trim()),
            }
        }
        DeliveryState::Parked(reason) => reason.clone(),
        DeliveryState::Resolved(how) => how.words(),
        DeliveryState::Uncertain { absences, .. } => {
            format!("it may have been done; looked for and not found {absences} times")
        }
        DeliveryState::Submitted { job, .. } if is_standing(job) => job.0.clone(),
        DeliveryState::Submitted { job, .. } => format!("job {}", job.0),
        DeliveryState::Leased { by, .. } => format!("by {by}"),
        DeliveryState::Queued { .. } | DeliveryState::Posted(_) => String::new(),
    }
}

/// The documents of a name, the first captured first.
fn find(connection: &Link<'_>, name: &str) -> Result<Vec<DocumentId>, LoadError> {
    if let Some(id) = read_id(name) {
        return Ok(vec![id]);
    }
    for statement in [BY_STAMP, BY_NUMBER] {
        let mut statement = connection.prepare_cached(statement)?;
        let mut rows = statement.query(params![name])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(row::document_id(row, 0)?);
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn read_id(name: &str) -> Option<DocumentId> {
    if name.len() != 32 || !name.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(name.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(DocumentId::from_bytes(bytes))
}

fn detail(
    connection: &Link<'_>,
    document: DocumentId,
) -> Result<Option<DocumentDetail>, LoadError> {
    let mut one = connection.prepare_cached(ONE)?;
    let mut rows = one.query(params![document.as_bytes()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let listed = read_row(row)?;
    let mut statement = connection.prepare_cached(DETAIL)?;
    let mut rows = statement.query(params![document.as_bytes()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let body: Option<Vec<u8>> = row.get(5)?;
    let revision: Option<String> = row.get(2)?;
    let settled: Option<String> = row.get(3)?;
    let deleted_at: Option<i64> = row.get(4)?;
    Ok(Some(DocumentDetail {
        row: listed,
        origin: row.get(0)?,
        flow: FlowId(row.get(1)?),
        envelope: body
            .map(|body| canonical::decode_envelope(&body))
            .transpose()?,
        revision: revision.map(Revision::new),
        settled_revision: settled.map(Revision::new),
        is_deleted: deleted_at.is_some(),
        holds: notices(connection, document)?,
        deliveries: of_document(connection, document)?,
        others: Vec::new(),
    }))
}

fn notices(connection: &Link<'_>, document: DocumentId) -> Result<Vec<HoldNotice>, LoadError> {
    let mut statement = connection.prepare_cached(NOTICES)?;
    let mut rows = statement.query(params![document.as_bytes()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(HoldNotice {
            code: row.get(0)?,
            summary: row.get(1)?,
            remedy: row.get(2)?,
        });
    }
    Ok(found)
}
