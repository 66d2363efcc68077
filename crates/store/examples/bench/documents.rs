//! Documents that go through the store as the pipeline takes them: captured, translated and queued, leased, submitted, posted.

use tieout_engine::{
    Actor, Change, Changeset, Delivery, DeliveryRole, DeliveryState, FlowId, OpenedDelivery, change,
};
use tieout_model::{
    Acknowledgement, Amount, Code, Coding, DeliveryId, Digest, Dimensional, Document, DocumentKind,
    EntityId, Envelope, JobRef, JournalDraft, JournalEntry, JournalLine, JournalPurpose, Marks,
    NaturalKey, Origin, PostingKind, Revision, Stamp, SystemId, Timestamp, canonical,
};
use tieout_store::{LeaseRequest, Store};

use crate::Failure;

/// What a worker asks for.
pub(crate) fn want(limit: usize) -> LeaseRequest {
    LeaseRequest {
        worker: "w1".to_owned(),
        now: Timestamp(2),
        lease_ms: 120_000,
        kind: None,
        target: None,
        limit,
    }
}

/// Captures, translates and queues documents, so many in one changeset.
pub(crate) async fn queue(
    store: &Store,
    numbers: std::ops::Range<u32>,
    group: usize,
) -> Result<(), Failure> {
    let numbers: Vec<u32> = numbers.collect();
    for chunk in numbers.chunks(group) {
        let mut changes = Vec::with_capacity(chunk.len() * 3);
        for number in chunk {
            changes.extend(queued(*number)?);
        }
        store.commit(set("queue", changes)).await?;
    }
    Ok(())
}

/// The changes that capture, translate and queue one document.
pub(crate) fn queued(number: u32) -> Result<Vec<Change>, Failure> {
    let captured = captured(number)?;
    let mut changes = Vec::with_capacity(3);
    if let Change::RecordEnvelope { envelope, .. } = &captured {
        changes.extend(translated(envelope));
    }
    changes.insert(0, captured);
    Ok(changes)
}

/// Leases, submits and posts whatever is due; says how many deliveries.
pub(crate) async fn deliver(store: &Store, group: usize) -> Result<usize, Failure> {
    let mut count = 0;
    loop {
        let leased = store.lease(&want(group)).await?;
        if leased.is_empty() {
            return Ok(count);
        }
        let sent = leased.iter().map(|found| {
            let state = DeliveryState::Submitted {
                job: JobRef("300100123456789".to_owned()),
                poll_at: Timestamp(3),
                polls: 0,
            };
            moved(&found.delivery, 0, state)
        });
        store.commit(set("deliver", sent.collect())).await?;
        let posted = leased.iter().map(|found| {
            let state = acknowledged(&found.delivery)?;
            Ok(moved(&found.delivery, 1, state))
        });
        store
            .commit(set("confirm", posted.collect::<Result<_, Failure>>()?))
            .await?;
        count += leased.len();
    }
}

pub(crate) fn set(why: &str, changes: Vec<Change>) -> Changeset {
    Changeset {
        by: Actor::Worker("w1".to_owned()),
        why: why.to_owned(),
        at: Timestamp(1),
        changes,
    }
}

pub(crate) fn moved(delivery: &Delivery, later: u64, next: DeliveryState) -> Change {
    Change::MoveDelivery {
        id: delivery.id,
        expected: delivery.version + later,
        next,
        attempts: delivery.attempts,
    }
}

/// A journal entry of four lines with three dimensions each.
pub(crate) fn captured(i: u32) -> Result<Change, Failure> {
    let line = |number: u32| {
        let sign = if number.is_multiple_of(2) { -1 } else { 1 };
        let dimensions = [
            ("location", "E100"),
            ("department", "D-200"),
            ("class", "CL-GEN"),
        ];
        let named = |(name, value): (&str, &str)| (name.to_owned(), Code::new(value));
        let amount = Amount::from_units(sign * (12_345 + i128::from(i)), 2);
        Ok(JournalLine {
            number,
            coding: Coding::Dimensional(Dimensional {
                account: Code::new(format!("{}", 6000 + number)),
                dimensions: dimensions.into_iter().map(named).collect(),
                affiliate: None,
            }),
            currency: "USD".parse()?,
            amount,
            functional: amount,
            rate: None,
            memo: "office supplies".to_owned(),
        })
    };
    let draft = JournalDraft {
        entity: EntityId::new(format!("E{}00", i % 6)),
        functional_currency: "USD".parse()?,
        accounting_date: format!("2026-01-{:02}", 1 + i % 28).parse()?,
        is_adjusting: false,
        purpose: JournalPurpose::Standard,
        posting_kind: PostingKind::Journal,
        journal: Code::new("GJ"),
        reference: format!("REF-{i}"),
        description: "monthly entry".to_owned(),
        reverses: Vec::new(),
        placement: None,
        lines: (1..=4).map(line).collect::<Result<_, Failure>>()?,
    };
    let envelope = Envelope {
        origin: Origin {
            system: SystemId::new("intacct"),
            company: "ACME-PROD".to_owned(),
            natural_key: NaturalKey::new(format!("GLBATCH/{i}")),
        },
        number: format!("GJ-{i}"),
        revision: Revision::new("2026-01-15T08:00:00Z"),
        modified: Timestamp(1),
        aliases: Vec::new(),
        document: Document::JournalEntry(JournalEntry::try_new(draft)?),
        evidence: Digest::of(&i.to_be_bytes()),
    };
    Ok(Change::RecordEnvelope {
        flow: FlowId("intacct-journals".to_owned()),
        expected: None,
        envelope: Box::new(envelope),
    })
}

pub(crate) fn translated(envelope: &Envelope) -> Vec<Change> {
    let target = SystemId::new("fusion");
    let stamp = Stamp::of(&envelope.origin, &target);
    let payload = canonical::encode_document(&envelope.document);
    let document = envelope.id();
    let date = envelope.document.accounting_date().unwrap_or_default();
    let delivery = Delivery {
        id: DeliveryId {
            document,
            number: 0,
        },
        flow: FlowId("intacct-journals".to_owned()),
        role: DeliveryRole::Posting,
        kind: DocumentKind::JournalEntry,
        entity: envelope.document.entity().cloned().unwrap_or_default(),
        target,
        marks: Marks {
            key: change::key_of(&stamp, &envelope.revision, &payload),
            stamp,
        },
        number: envelope.number.clone(),
        party: String::new(),
        accounting_date: date,
        period: "Jan-26".to_owned(),
        revision: envelope.revision.clone(),
        crosswalk_version: "2026-01".to_owned(),
        crosswalk: Digest::of(b"crosswalk"),
        state: DeliveryState::Queued {
            not_before: Timestamp(1),
        },
        version: 0,
        attempts: 0,
        opened_at: Timestamp(1),
        moved_at: Timestamp(1),
    };
    let revision = envelope.revision.clone();
    vec![
        Change::OpenDelivery(Box::new(OpenedDelivery { delivery, payload })),
        Change::SettleTranslation {
            document,
            revision,
            is_deleted: false,
        },
    ]
}

pub(crate) fn acknowledged(delivery: &Delivery) -> Result<DeliveryState, Failure> {
    Ok(DeliveryState::Posted(Acknowledgement {
        stamp: delivery.marks.stamp.clone(),
        reference: "300100123456789".to_owned(),
        number: delivery.number.clone(),
        period: delivery.period.clone(),
        accounting_date: delivery.accounting_date,
        currency: "USD".parse()?,
        total_debit: Amount::from_units(24_690, 2),
        is_accounted: true,
        read_at: Timestamp(4),
        evidence: Digest::of(b"row"),
    }))
}
