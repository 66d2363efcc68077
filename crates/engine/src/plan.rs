//! What a captured document means for its deliveries: open one, replace one that was not sent, take a posted one back, or wait.
//!
//! Pure: the caller translates, this module decides. A posted delivery is never edited (see [`crate::delivery::correction`]).

use tieout_model::{
    AccountingDate, Acknowledgement, DeliveryId, Digest, Document, Envelope, Marks, Stamp,
    SystemId, Timestamp, Violations, canonical,
};

use crate::change::{Change, FlowId, HoldNotice, OpenedDelivery, key_of};
use crate::delivery::correction::{renumbered, reversal_of};
use crate::delivery::{Delivery, DeliveryRole, DeliveryState, Resolution};

/// A document that waits to be dealt with, with what was delivered of it so far.
#[derive(Debug, Clone)]
pub struct Waiting<'a> {
    /// The document as captured.
    pub envelope: &'a Envelope,
    /// The flow that captured it.
    pub flow: FlowId,
    /// Where it goes.
    pub target: SystemId,
    /// True if the source no longer has it.
    pub is_deleted: bool,
    /// Its deliveries in order, each with the document that was (or will be) sent.
    pub deliveries: &'a [(Delivery, Document)],
}

/// A document as the target will see it, and the mapping that made it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// The translated document.
    pub document: Document,
    /// Name of the crosswalk version.
    pub version: String,
    /// Digest of the signed crosswalk.
    pub crosswalk: Digest,
    /// Which rule decided what, as [`crate::lineage::encode`] writes it; empty if no rule was asked.
    pub lineage: Vec<u8>,
}

/// What is to be done about a waiting document, before anything is translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Translate it and open its next posting.
    Post,
    /// Translate it and replace the payload of the delivery that was not sent.
    Replace(DeliveryId),
    /// Take the posted delivery back, and post the present state if there is one.
    Correct,
    /// Stop the delivery that was not sent: the source deleted the document.
    Withdraw(DeliveryId),
    /// Nothing.
    Nothing,
    /// A delivery of it is on its way; look again when that is settled.
    Wait,
    /// A person settled it by hand, so its newer state is a person's as well.
    ByHand,
}

/// What is to be done about `waiting`.
pub fn intent(waiting: &Waiting<'_>) -> Intent {
    let Some((last, _)) = waiting.deliveries.last() else {
        return if waiting.is_deleted {
            Intent::Nothing
        } else {
            Intent::Post
        };
    };
    match (&last.state, last.role) {
        (DeliveryState::Posted(_), DeliveryRole::Posting) => Intent::Correct,
        (DeliveryState::Posted(_), DeliveryRole::Reversal) if waiting.is_deleted => Intent::Nothing,
        (DeliveryState::Posted(_), DeliveryRole::Reversal) => Intent::Post,
        (state, DeliveryRole::Posting) if state.is_untouched() && waiting.is_deleted => {
            Intent::Withdraw(last.id)
        }
        (state, DeliveryRole::Posting) if state.is_untouched() => Intent::Replace(last.id),
        (DeliveryState::Parked(_), _) if waiting.is_deleted && last.attempts == 0 => {
            Intent::Nothing
        }
        (DeliveryState::Resolved(Resolution::NeverSent { .. }), _) if waiting.is_deleted => {
            Intent::Nothing
        }
        (DeliveryState::Resolved(_), _) => Intent::ByHand,
        _ => Intent::Wait,
    }
}

/// The changes that carry out [`Intent::Post`] or [`Intent::Replace`].
///
/// # Errors
/// [`Violations`] if the renumbered document is not well formed.
pub fn post(
    waiting: &Waiting<'_>,
    coded: Coded,
    now: Timestamp,
    replaces: Option<DeliveryId>,
) -> Result<Vec<Change>, Violations> {
    let number = replaces.map_or_else(|| next_number(waiting), |id| id.number);
    let lineage = lineage_of(waiting, number, &coded);
    let opened = opened(waiting, coded, DeliveryRole::Posting, number, now)?;
    let change = match replaces {
        Some(id) => {
            let version = waiting
                .deliveries
                .last()
                .map_or(0, |(last, _)| last.version);
            Change::RefreshDelivery {
                id,
                expected: version,
                payload: Box::new(opened),
            }
        }
        None => Change::OpenDelivery(Box::new(opened)),
    };
    let settled = settled(waiting);
    Ok([change]
        .into_iter()
        .chain(lineage)
        .chain([settled])
        .collect())
}

fn lineage_of(waiting: &Waiting<'_>, number: u32, coded: &Coded) -> Option<Change> {
    let id = DeliveryId {
        document: waiting.envelope.id(),
        number,
    };
    (!coded.lineage.is_empty()).then(|| Change::RecordLineage {
        id,
        body: coded.lineage.clone(),
    })
}

/// The changes that carry out [`Intent::Correct`]: none but the note if the present state is what was posted.
///
/// # Errors
/// [`Violations`] if a reversal is not well formed.
pub fn correct(
    waiting: &Waiting<'_>,
    coded: Option<Coded>,
    now: Timestamp,
) -> Result<Vec<Change>, Violations> {
    let Some((posted, sent)) = waiting.deliveries.last() else {
        return Ok(vec![settled(waiting)]);
    };
    if let Some(coded) = &coded {
        let again = renumbered(coded.document.clone(), posted.id.number)?;
        if canonical::encode_document(&again) == canonical::encode_document(sent) {
            return Ok(vec![settled(waiting)]);
        }
    }
    let number = next_number(waiting);
    let back = Coded {
        document: reversal_of(sent, number)?,
        version: posted.crosswalk_version.clone(),
        crosswalk: posted.crosswalk,
        lineage: Vec::new(),
    };
    let reversal = build(waiting, back, DeliveryRole::Reversal, number, now);
    let mut changes = vec![Change::OpenDelivery(Box::new(reversal))];
    if let Some(coded) = coded {
        let number = number.saturating_add(1);
        let lineage = lineage_of(waiting, number, &coded);
        let next = opened(waiting, coded, DeliveryRole::Posting, number, now)?;
        changes.push(Change::OpenDelivery(Box::new(next)));
        changes.extend(lineage);
    }
    changes.push(settled(waiting));
    Ok(changes)
}

/// The changes that carry out [`Intent::Withdraw`].
pub fn withdraw(waiting: &Waiting<'_>) -> Vec<Change> {
    let mut changes: Vec<Change> = waiting
        .deliveries
        .last()
        .map(|(last, _)| Change::MoveDelivery {
            id: last.id,
            expected: last.version,
            next: DeliveryState::Parked(
                "the source deleted the document before it was sent; nothing is to be done".into(),
            ),
            attempts: 0,
        })
        .into_iter()
        .collect();
    changes.push(settled(waiting));
    changes
}

/// The same changes, but every delivery that they open or refresh is looked up before it is sent: something may have been done for the
/// document that the database does not know (it was restored from a backup).
pub fn look_up_first(changes: Vec<Change>, now: Timestamp) -> Vec<Change> {
    let doubt = |mut opened: Box<OpenedDelivery>| {
        opened.delivery.state = DeliveryState::Uncertain {
            probe_at: now,
            absences: 0,
        };
        opened
    };
    let mut changes = changes;
    for change in &mut changes {
        if let Change::OpenDelivery(opened)
        | Change::RefreshDelivery {
            payload: opened, ..
        } = change
        {
            *opened = doubt(opened.clone());
        }
    }
    changes
}

/// The note that the present revision is dealt with.
pub fn settled(waiting: &Waiting<'_>) -> Change {
    Change::SettleTranslation {
        document: waiting.envelope.id(),
        revision: waiting.envelope.revision.clone(),
        is_deleted: waiting.is_deleted,
    }
}

/// The hold that waits for a delivery on its way.
pub fn wait(envelope: &Envelope) -> Change {
    Change::Hold {
        document: envelope.id(),
        revision: envelope.revision.clone(),
        notices: vec![HoldNotice {
            code: "P0210".into(),
            summary: "an earlier state of this document is still on its way to the target".into(),
            remedy: "nothing: it goes on by itself once that delivery is settled".into(),
        }],
        is_transient: true,
    }
}

/// The hold of a document that changed after a person settled it by hand.
pub fn by_hand(envelope: &Envelope) -> Change {
    Change::Hold {
        document: envelope.id(),
        revision: envelope.revision.clone(),
        notices: vec![HoldNotice {
            code: "P0212".into(),
            summary: "it changed in the source after it was settled by hand, so nothing is sent by itself".into(),
            remedy: "settle the change by hand in the target, then `tieout document resolve` it again".into(),
        }],
        is_transient: false,
    }
}

fn opened(
    waiting: &Waiting<'_>,
    coded: Coded,
    role: DeliveryRole,
    number: u32,
    now: Timestamp,
) -> Result<OpenedDelivery, Violations> {
    let document = renumbered(coded.document, number)?;
    Ok(build(
        waiting,
        Coded { document, ..coded },
        role,
        number,
        now,
    ))
}

fn build(
    waiting: &Waiting<'_>,
    coded: Coded,
    role: DeliveryRole,
    number: u32,
    now: Timestamp,
) -> OpenedDelivery {
    let envelope = waiting.envelope;
    let payload = canonical::encode_document(&coded.document);
    let stamp = Stamp::of(&envelope.origin, &waiting.target).numbered(number);
    let key = key_of(&stamp, &envelope.revision, &payload);
    let placement = coded.document.placement();
    let delivery = Delivery {
        id: DeliveryId {
            document: envelope.id(),
            number,
        },
        flow: waiting.flow.clone(),
        role,
        kind: coded.document.kind(),
        entity: coded.document.entity().cloned().unwrap_or_default(),
        target: waiting.target.clone(),
        marks: Marks { stamp, key },
        number: envelope.number.clone(),
        party: party_of(&coded.document),
        accounting_date: coded
            .document
            .accounting_date()
            .unwrap_or(AccountingDate::ZERO),
        period: placement.map(|p| p.period.clone()).unwrap_or_default(),
        revision: envelope.revision.clone(),
        crosswalk_version: coded.version,
        crosswalk: coded.crosswalk,
        state: DeliveryState::Queued { not_before: now },
        version: 0,
        attempts: 0,
        opened_at: now,
        moved_at: now,
    };
    OpenedDelivery { delivery, payload }
}

fn party_of(document: &Document) -> String {
    match document {
        Document::SupplierInvoice(invoice) => invoice.draft().supplier.as_str().to_owned(),
        Document::JournalEntry(_) | Document::Supplier(_) => String::new(),
    }
}

fn next_number(waiting: &Waiting<'_>) -> u32 {
    waiting
        .deliveries
        .last()
        .map_or(0, |(last, _)| last.id.number.saturating_add(1))
}

/// How a business row differs from what was sent, in words; `None` if it is what was sent. Only a row that equals what was sent counts as
/// posted (domain dossier 1.2: verified = read back and equal).
pub fn difference(ack: &Acknowledgement, delivery: &Delivery, sent: &Document) -> Option<String> {
    let total = sent.total_debit().ok()?;
    let row = format!("the target shows {} ({})", ack.number, ack.reference);
    if ack.total_debit != total {
        let (shown, currency) = (ack.total_debit, ack.currency);
        return Some(format!(
            "{row} with debits of {shown} {currency}, but {total} were sent"
        ));
    }
    if ack.accounting_date != delivery.accounting_date {
        let (shown, sent) = (ack.accounting_date, delivery.accounting_date);
        return Some(format!("{row} on {shown}, but it was sent for {sent}"));
    }
    None
}
