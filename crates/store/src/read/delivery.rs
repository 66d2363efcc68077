//! Deliveries with their payloads: of a document, due, next due, posted.

use crate::link::value::{Bind, Value};
use crate::link::{Link, Row, params};
use tieout_engine::{Delivery, StateWord};
use tieout_model::{
    AccountingDate, DeliveryId, DocumentId, EntityId, Envelope, Stamp, Timestamp, canonical,
};

use crate::failure::LoadError;
use crate::row::{self, DELIVERY_COLUMNS, delivery_columns};
use crate::store::Store;

const BY_SEQUENCE: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", p.body FROM delivery d JOIN payload p ON p.delivery = d.sequence WHERE d.sequence = ?1"
);
const OF_DOCUMENT: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", p.body FROM delivery d JOIN payload p ON p.delivery = d.sequence WHERE d.document = (SELECT sequence FROM document WHERE id = ?1) ORDER BY d.number"
);
const BY_STAMP: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", p.body FROM delivery d JOIN payload p ON p.delivery = d.sequence WHERE d.sequence = (SELECT delivery FROM stamp WHERE stamp = ?1)"
);
const DUE: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", p.body FROM delivery d JOIN payload p ON p.delivery = d.sequence \
     WHERE d.state <> 'posted' AND d.state = ?1 AND d.due_at <= ?2 ORDER BY d.due_at, d.sequence LIMIT ?3"
);
const NEXT_DUE: &str = "SELECT d.due_at FROM delivery d WHERE d.state <> 'posted' AND d.state = ?1 AND d.due_at IS NOT NULL \
     AND (d.state <> 'queued' OR d.number = 0 OR NOT EXISTS (SELECT 1 FROM delivery p WHERE p.document = d.document \
     AND p.number < d.number AND p.state NOT IN ('posted', 'resolved'))) ORDER BY d.due_at LIMIT 1";
const POSTED: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", p.body, e.body, d.sequence FROM delivery d JOIN payload p ON p.delivery = d.sequence \
     JOIN document m ON m.sequence = d.document JOIN envelope e ON e.document = m.sequence \
     WHERE d.sequence > ?3 AND d.state = 'posted' AND d.entity = ?1 AND p.accounting_date <= ?2 \
     ORDER BY d.sequence LIMIT ?4"
);

/// Rows read at once for [`Store::posted_of`]: some megabytes with the largest documents.
const POSTED_PAGE_LEN: usize = 500;

/// A delivery and the canonical bytes of its translated document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// The facts.
    pub delivery: Delivery,
    /// The translated document, see `tieout_model::canonical::decode_document`.
    pub payload: Vec<u8>,
}

/// A delivery that was claimed: its state is leased, in the version that the claim made.
pub type LeasedDelivery = StoredDelivery;

/// A posted delivery with its document as it is captured now (its revision may be newer than the delivery's).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedDelivery {
    /// The facts; its state holds the acknowledgement.
    pub delivery: Delivery,
    /// The translated document that was posted.
    pub payload: Vec<u8>,
    /// The document as captured.
    pub envelope: Envelope,
}

impl Store {
    /// All deliveries of a document, in the order of their numbers.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn deliveries_of(
        &self,
        document: DocumentId,
    ) -> Result<Vec<StoredDelivery>, LoadError> {
        self.read("reading a document's deliveries", move |connection| {
            of_document(connection, document)
        })
        .await
    }

    /// One delivery.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<StoredDelivery>, LoadError> {
        let all = self.deliveries_of(id.document).await?;
        Ok(all.into_iter().find(|found| found.delivery.id == id))
    }

    /// The delivery that bears a stamp.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn delivery_by_stamp(
        &self,
        stamp: &Stamp,
    ) -> Result<Option<StoredDelivery>, LoadError> {
        let stamp = stamp.clone();
        self.read("reading a delivery by its stamp", move |connection| {
            Ok(all(connection, BY_STAMP, params![stamp.as_str()])?.pop())
        })
        .await
    }

    /// Deliveries in a state whose time has come: jobs to ask about, uncertain ones to look up, leases that ran out. Longest due first.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn due(
        &self,
        now: Timestamp,
        state: StateWord,
        limit: usize,
    ) -> Result<Vec<StoredDelivery>, LoadError> {
        self.read("reading what is due", move |connection| {
            all(
                connection,
                DUE,
                params![state.word(), now.0, row::limit(limit)],
            )
        })
        .await
    }

    /// When the next delivery is due, in whichever state; may be past. Deliveries that wait for an earlier one of their document don't
    /// count. `None` if nothing moves by itself.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, LoadError> {
        self.read("reading when something is due", |connection| {
            let mut statement = connection.prepare_cached(NEXT_DUE)?;
            let mut earliest: Option<i64> = None;
            for state in StateWord::ALL {
                let next = statement.query_opt(params![state.word()], |row| row.get(0));
                let next: Option<i64> = next?;
                earliest = earliest.into_iter().chain(next).min();
            }
            Ok(earliest.map(Timestamp))
        })
        .await
    }

    /// Every posted delivery of an entity with an accounting date up to `through`, in the order in which they were opened, one after the
    /// other: memory stays bounded, and `each` may take its time. Deliveries that are posted meanwhile may or may not be among them.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn posted_of(
        &self,
        entity: &EntityId,
        through: AccountingDate,
        each: &mut (dyn FnMut(PostedDelivery) + Send),
    ) -> Result<(), LoadError> {
        let mut after = 0_i64;
        loop {
            let entity = entity.clone();
            let page = self.read("reading posted deliveries", move |connection| {
                posted_page(connection, &entity, through, after)
            });
            let (page, last) = page.await?;
            page.into_iter().for_each(&mut *each);
            match last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }
}

/// One page after the row `after`, and the row it ends with if more may follow.
fn posted_page(
    connection: &Link<'_>,
    entity: &EntityId,
    through: AccountingDate,
    after: i64,
) -> Result<(Vec<PostedDelivery>, Option<i64>), LoadError> {
    let mut statement = connection.prepare_cached(POSTED)?;
    let mut rows = statement.query(params![
        entity.as_str(),
        through.to_string(),
        after,
        row::limit(POSTED_PAGE_LEN)
    ])?;
    let mut page = Vec::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let delivery = row::delivery(row)?;
        let payload = row.get(DELIVERY_COLUMNS)?;
        let envelope: Vec<u8> = row.get(DELIVERY_COLUMNS + 1)?;
        let envelope = canonical::decode_envelope(&envelope)?;
        last = Some(row.get(DELIVERY_COLUMNS + 2)?);
        page.push(PostedDelivery {
            delivery,
            payload,
            envelope,
        });
    }
    let is_full = page.len() == POSTED_PAGE_LEN;
    Ok((page, last.filter(|_| is_full)))
}

/// The deliveries of a document, in the order of their numbers.
pub(crate) fn of_document(
    connection: &Link<'_>,
    document: DocumentId,
) -> Result<Vec<StoredDelivery>, LoadError> {
    all(connection, OF_DOCUMENT, params![document.as_bytes()])
}

/// The deliveries in rows, in the order asked for.
pub(crate) fn by_sequence(
    connection: &Link<'_>,
    sequences: &[i64],
) -> Result<Vec<StoredDelivery>, LoadError> {
    let asked: Vec<_> = sequences.iter().map(|one| vec![one.bind()]).collect();
    let found = connection.query_each(BY_SEQUENCE, &asked, stored)?;
    let mut all = Vec::with_capacity(sequences.len());
    for (sequence, found) in sequences.iter().zip(found) {
        let missing = || LoadError::corrupt(format!("delivery row {sequence} has no payload"));
        all.push(found.ok_or_else(missing)?);
    }
    Ok(all)
}

fn all(
    connection: &Link<'_>,
    statement: &str,
    values: &[Value<'_>],
) -> Result<Vec<StoredDelivery>, LoadError> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(stored(row)?);
    }
    Ok(found)
}

fn stored(row: Row<'_>) -> Result<StoredDelivery, LoadError> {
    Ok(StoredDelivery {
        delivery: row::delivery(row)?,
        payload: row.get(DELIVERY_COLUMNS)?,
    })
}
