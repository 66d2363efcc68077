//! What we recorded: every captured document of an entity with the lines that were sent for it.

use std::collections::BTreeMap;

use tieout_engine::reconcile::{
    ExpectedDocument, Progress, SegmentPool, SourceLine, SourceMember, TargetLine,
};
use tieout_engine::{Delivery, DeliveryRole, DeliveryState};
use tieout_model::{Coding, Document, DocumentId, DocumentKind, Envelope, LineFact, Stamp};
use tieout_store::{RecordedDocument, StoredDelivery};

use crate::balances::OWN_SYSTEM;
use crate::context::{Context, PassError, decoded};
use crate::reconcile::Question;

/// Documents as recorded, with the names by which the source's books may call them.
#[derive(Default)]
pub(super) struct Recorded {
    pub(super) expected: Vec<ExpectedDocument>,
    /// Natural key or alias -> document.
    pub(super) by_key: BTreeMap<String, DocumentId>,
    /// Kind and number -> document.
    pub(super) by_number: BTreeMap<(DocumentKind, String), DocumentId>,
    /// Journals of our own, which no source knows: they stand in the source's population without a line in its accounts.
    pub(super) own: Vec<SourceMember>,
    /// Stamps of postings that were taken back, with the stamps of their reversals.
    pub(super) cancelled: Vec<(String, String)>,
}

/// Reads the records of one entity.
pub(super) async fn recorded(
    context: &Context,
    question: &Question,
    pool: &mut SegmentPool,
) -> Result<Recorded, PassError> {
    let mut out = Recorded::default();
    let mut reversals: Vec<(usize, Envelope)> = Vec::new();
    let mut failure = None;
    let mut take = |row: RecordedDocument| {
        if failure.is_none() {
            match add(question, &mut out, pool, &row) {
                Ok(Some(index)) if !row.envelope.document.reverses().is_empty() => {
                    reversals.push((index, row.envelope));
                }
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
    };
    context
        .store
        .recorded_of(&question.entity, &mut take)
        .await?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    for (index, envelope) in reversals {
        let keys = envelope.document.reverses();
        let original = keys
            .iter()
            .find_map(|key| out.by_key.get(key.as_str()).copied());
        if let Some(document) = out.expected.get_mut(index) {
            document.reverses = original;
        }
    }
    Ok(out)
}

impl Recorded {
    /// Remembers every name by which the source's books may call the document.
    fn remember(&mut self, envelope: &Envelope) {
        let id = envelope.id();
        let names = std::iter::once(&envelope.origin.natural_key).chain(&envelope.aliases);
        for name in names {
            self.by_key.insert(name.as_str().to_owned(), id);
        }
        let number = (envelope.document.kind(), envelope.number.clone());
        self.by_number.insert(number, id);
    }
}

fn target_lines(document: &Document, pool: &mut SegmentPool) -> Result<Vec<TargetLine>, PassError> {
    let facts = lines(document)?;
    Ok(facts
        .iter()
        .filter_map(|fact| target_line(fact, pool))
        .collect())
}

fn add(
    question: &Question,
    out: &mut Recorded,
    pool: &mut SegmentPool,
    row: &RecordedDocument,
) -> Result<Option<usize>, PassError> {
    let envelope = &row.envelope;
    let id = envelope.id();
    out.cancelled.extend(cancelled(row));
    let last = row
        .deliveries
        .last()
        .filter(|stored| stored.delivery.role == DeliveryRole::Posting);
    if row.is_deleted && last.is_none() {
        return Ok(None);
    }
    let Some(date) = envelope.document.accounting_date() else {
        return Ok(None);
    };
    let period = question
        .calendar
        .period_of(date, envelope.document.is_adjusting());
    let source_facts = lines(&envelope.document)?;
    let target_lines = match last {
        Some(stored) => target_lines(&decoded(stored)?, pool)?,
        None => Vec::new(),
    };
    let kind = envelope.document.kind();
    out.remember(envelope);
    let delivery = last.map(|stored| &stored.delivery);
    let period_name = period.map(|p| p.name.clone()).unwrap_or_default();
    if envelope.origin.system.as_str() == OWN_SYSTEM {
        out.own.push(own_member(envelope, &period_name)?);
    }
    out.expected.push(ExpectedDocument {
        document: id,
        number: envelope.number.clone(),
        kind,
        party: delivery.map(|d| d.party.clone()).unwrap_or_default(),
        origin: envelope.origin.to_string(),
        stamp: delivery.map_or_else(
            || Stamp::of(&envelope.origin, &question.target),
            |d| d.marks.stamp.clone(),
        ),
        progress: progress(row, delivery),
        since: delivery.map_or(row.captured_at, |d| d.opened_at),
        accounting_date: date,
        period: period_name,
        crosswalk_version: delivery
            .map(|d| d.crosswalk_version.clone())
            .unwrap_or_default(),
        created_at: envelope.modified,
        reverses: None,
        rate: source_facts
            .iter()
            .find_map(|fact| fact.rate.clone().filter(|r| !r.is_one())),
        target_lines,
        source_lines: source_facts.iter().filter_map(source_line).collect(),
    });
    Ok(Some(out.expected.len().saturating_sub(1)))
}

/// Stamps of a posting and of the reversal that took it back, for every such pair of a document.
fn cancelled(row: &RecordedDocument) -> impl Iterator<Item = (String, String)> {
    let pairs = row.deliveries.iter().zip(row.deliveries.iter().skip(1));
    pairs
        .filter(|(_, later)| later.delivery.role == DeliveryRole::Reversal)
        .map(|(before, later)| {
            let stamp = |stored: &StoredDelivery| stored.delivery.marks.stamp.as_str().to_owned();
            (stamp(before), stamp(later))
        })
}

/// A journal of our own as the source's population would show it.
fn own_member(envelope: &Envelope, period: &str) -> Result<SourceMember, PassError> {
    let debit = envelope.document.total_debit();
    Ok(SourceMember {
        document: envelope.id(),
        number: envelope.number.clone(),
        kind: envelope.document.kind(),
        period: period.to_owned(),
        total_debit: debit.map_err(|e| PassError::Damaged(e.to_string()))?,
        lines: Vec::new(),
    })
}

fn progress(row: &RecordedDocument, delivery: Option<&Delivery>) -> Progress {
    let Some(delivery) = delivery else {
        return if row.is_held {
            Progress::Held
        } else {
            Progress::Queued
        };
    };
    match &delivery.state {
        DeliveryState::Queued { .. } => Progress::Queued,
        DeliveryState::Leased { .. } | DeliveryState::Submitted { .. } => Progress::Sent,
        DeliveryState::Uncertain { .. } => Progress::Uncertain,
        DeliveryState::Posted(_) => Progress::Posted,
        DeliveryState::Rejected(_) => Progress::Rejected,
        DeliveryState::Parked(_) => Progress::Parked,
        DeliveryState::Resolved(_) => Progress::Resolved,
    }
}

fn lines(document: &Document) -> Result<Vec<LineFact>, PassError> {
    document
        .lines()
        .map_err(|e| PassError::Damaged(e.to_string()))
}

fn target_line(fact: &LineFact, pool: &mut SegmentPool) -> Option<TargetLine> {
    match &fact.coding {
        Coding::Segmented(combination) => Some(TargetLine {
            segments: pool.share(&combination.segments),
            currency: fact.currency,
            amount: fact.amount,
            functional: fact.functional,
        }),
        Coding::Dimensional(_) => None,
    }
}

fn source_line(fact: &LineFact) -> Option<SourceLine> {
    let is_statistical = fact.currency.is_statistical();
    fact.coding.dimensional().map(|coding| SourceLine {
        account: coding.account.clone(),
        is_statistical,
        functional: if is_statistical {
            fact.amount
        } else {
            fact.functional
        },
    })
}
