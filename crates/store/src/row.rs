//! Rows as values: the columns of a delivery, and the numbers and digests in all tables.

use crate::link::Row;
use tieout_engine::{Delivery, DeliveryRole, DeliveryState, FlowId};
use tieout_model::{
    AccountingDate, DeliveryId, Digest, DocumentId, DocumentKind, EntityId, IdempotencyKey, Marks,
    Revision, Stamp, SystemId, Timestamp,
};

use crate::failure::LoadError;

/// The columns that [`delivery`] reads, from its row under the name `d` and its facts under the name `p`, in its order.
macro_rules! delivery_columns {
    () => {
        "(SELECT id FROM document WHERE sequence = d.document), d.number, p.flow, d.role, d.kind, d.entity, d.target, p.stamp, p.idempotency_key, \
         p.document_number, p.party, p.accounting_date, p.period, p.revision, p.crosswalk_version, p.crosswalk, \
         d.state_body, d.version, d.attempts, p.opened_at, d.moved_at"
    };
}
pub(crate) use delivery_columns;

/// How many columns [`delivery`] reads.
pub(crate) const DELIVERY_COLUMNS: usize = 21;

/// The delivery in the first columns of a row.
pub(crate) fn delivery(row: Row<'_>) -> Result<Delivery, LoadError> {
    Ok(Delivery {
        id: DeliveryId {
            document: document_id(row, 0)?,
            number: row.get(1)?,
        },
        flow: FlowId(row.get(2)?),
        role: role(&text(row, 3)?)?,
        kind: kind(&text(row, 4)?)?,
        entity: EntityId::new(text(row, 5)?),
        target: SystemId::new(text(row, 6)?),
        marks: Marks {
            stamp: stamp(&text(row, 7)?)?,
            key: IdempotencyKey::from_text(text(row, 8)?),
        },
        number: row.get(9)?,
        party: row.get(10)?,
        accounting_date: date(&text(row, 11)?)?,
        period: row.get(12)?,
        revision: Revision::new(text(row, 13)?),
        crosswalk_version: row.get(14)?,
        crosswalk: digest(row, 15)?,
        state: DeliveryState::decode(&row.get::<Vec<u8>>(16)?)?,
        version: count(row, 17)?,
        attempts: row.get(18)?,
        opened_at: Timestamp(row.get(19)?),
        moved_at: Timestamp(row.get(20)?),
    })
}

/// A text column.
pub(crate) fn text(row: Row<'_>, column: usize) -> Result<String, LoadError> {
    Ok(row.get(column)?)
}

/// A count; stored numbers are signed.
pub(crate) fn count(row: Row<'_>, column: usize) -> Result<u64, LoadError> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| LoadError::corrupt(format!("{number} is no count")))
}

/// A count as it is stored.
pub(crate) fn stored(count: u64) -> Result<i64, LoadError> {
    i64::try_from(count).map_err(|_| LoadError::corrupt(format!("{count} is too large a count")))
}

/// A limit as it is stored.
pub(crate) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A document's id.
pub(crate) fn document_id(row: Row<'_>, column: usize) -> Result<DocumentId, LoadError> {
    Ok(DocumentId::from_bytes(row.get(column)?))
}

/// A digest.
pub(crate) fn digest(row: Row<'_>, column: usize) -> Result<Digest, LoadError> {
    Ok(Digest::from_bytes(row.get(column)?))
}

/// A kind of document.
pub(crate) fn kind(word: &str) -> Result<DocumentKind, LoadError> {
    DocumentKind::of_word(word)
        .ok_or_else(|| LoadError::corrupt(format!("{word:?} is no kind of document")))
}

/// An accounting date.
pub(crate) fn date(text: &str) -> Result<AccountingDate, LoadError> {
    text.parse()
        .map_err(|_| LoadError::corrupt(format!("{text:?} is no date")))
}

fn role(word: &str) -> Result<DeliveryRole, LoadError> {
    DeliveryRole::of_word(word)
        .ok_or_else(|| LoadError::corrupt(format!("{word:?} is no role of a delivery")))
}

fn stamp(text: &str) -> Result<Stamp, LoadError> {
    Stamp::read(text).ok_or_else(|| LoadError::corrupt(format!("{text:?} is no stamp")))
}
