//! Takes documents: journal entries as GLBATCH, bills as APBILL, supplier credits as APADJUSTMENT.
//!
//! Each document is one `create` with `uniqueid` true and the delivery's key as the function's control id, so the gateway itself refuses a
//! second run (intacct-xml.md §1.4). Such a refusal proves that it was done, but not as what: the stamp, kept in REFERENCENO or DOCNUMBER,
//! is looked up, and an acknowledgement is made from the row that is read back and from nothing else.

mod encode;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use tieout_connector::{
    Batch, BatchItem, BatchOutcome, Captured, Fault, FaultOrigin, Found, ItemOutcome, Scope, Target,
};
use tieout_model::{
    Acknowledgement, DeliveryId, Document, DocumentKind, Envelope, FaultClass, JobRef, Rejection,
    Stamp,
};

use crate::Intacct;
use crate::classify::Failure;
use crate::client::incompatible;
use crate::config::IntacctConfig;
use crate::query::{Filter, Function, Nature};
use crate::source::Step;
use crate::source::feed::Feed;

/// What is known right after a document was sent.
enum Sent {
    /// It ran, now or before: the row decides.
    Ran(JobRef),
    /// A record with its number exists: ours if it bears our stamp, else another's and this one is refused.
    Exists(Fault, Rejection),
    /// The final outcome.
    Settled(ItemOutcome),
}

#[async_trait]
impl Target for Intacct {
    fn batch_max(&self, kind: DocumentKind) -> u32 {
        match kind {
            DocumentKind::JournalEntry
            | DocumentKind::SupplierInvoice
            | DocumentKind::SupplierCredit => self.client.config.posting.batch_max,
            DocumentKind::Supplier => 0,
        }
    }

    async fn post(&self, batch: &Batch) -> Result<BatchOutcome, Fault> {
        let mut sent: Vec<(DeliveryId, Sent)> = Vec::new();
        let mut stopped: Option<Fault> = None;
        for item in &batch.items {
            let outcome = match &stopped {
                Some(fault) => Sent::Settled(ItemOutcome::NotDone(fault.clone())),
                None => self.send(batch.kind, item).await,
            };
            if let Sent::Settled(ItemOutcome::NotDone(fault)) = &outcome {
                stopped = Some(fault.clone());
            }
            sent.push((item.id, outcome));
        }
        let ran: BTreeSet<DeliveryId> = sent
            .iter()
            .filter(|(_, sent)| matches!(sent, Sent::Ran(_) | Sent::Exists(..)))
            .map(|(id, _)| *id)
            .collect();
        let found = self.look_up(batch, &ran).await;
        let settle = |(id, sent): (DeliveryId, Sent)| {
            let rows = found.as_ref().map(|found| found.get(&id));
            let row = rows.map(|rows| rows.and_then(|rows| ItemOutcome::of_rows(rows.clone())));
            let outcome = match (sent, row) {
                (Sent::Settled(outcome), _) => outcome,
                (Sent::Ran(_) | Sent::Exists(..), Ok(Some(outcome))) => outcome,
                (Sent::Ran(job), Ok(None) | Err(_)) => ItemOutcome::Accepted(job),
                (Sent::Exists(_, rejection), Ok(None)) => ItemOutcome::Rejected(rejection),
                (Sent::Exists(fault, _), Err(_)) => ItemOutcome::Unknown(fault),
            };
            (id, outcome)
        };
        Ok(BatchOutcome {
            items: sent.into_iter().map(settle).collect(),
        })
    }

    async fn poll(&self, _job: &JobRef, batch: &Batch) -> Result<BatchOutcome, Fault> {
        let found = self.find(batch).await?;
        let outcome = |found: Found| {
            let outcome = ItemOutcome::of_rows(found.rows);
            (found.id, outcome.unwrap_or(ItemOutcome::Pending))
        };
        Ok(BatchOutcome {
            items: found.into_iter().map(outcome).collect(),
        })
    }

    async fn find(&self, batch: &Batch) -> Result<Vec<Found>, Fault> {
        let all: BTreeSet<DeliveryId> = batch.items.iter().map(|item| item.id).collect();
        let mut found = self.look_up(batch, &all).await?;
        let found = batch.items.iter().map(|item| Found {
            id: item.id,
            rows: found.remove(&item.id).unwrap_or_default(),
        });
        Ok(found.collect())
    }
}

impl Intacct {
    async fn send(&self, kind: DocumentKind, item: &BatchItem) -> Sent {
        let config = &self.client.config;
        let body = match encode::create(config, item) {
            Ok(body) => body,
            Err(rejection) => return Sent::Settled(ItemOutcome::Rejected(rejection)),
        };
        let function = Function {
            operation: format!("create {}", object(kind)),
            body,
            nature: Nature::Write,
            control_id: Some(item.marks.key.as_str().to_owned()),
        };
        match self.client.try_call(&function).await {
            Ok(result) => {
                let row = result.data.row(0);
                let record = row.map_or("", |row| row.named("RECORDNO"));
                Sent::Ran(JobRef(format!("{}/{record}", object(kind))))
            }
            Err(failure) => refused(config, kind, failure),
        }
    }

    /// Rows that bear the stamps of the chosen items, by item.
    async fn look_up(
        &self,
        batch: &Batch,
        chosen: &BTreeSet<DeliveryId>,
    ) -> Result<BTreeMap<DeliveryId, Vec<Acknowledgement>>, Fault> {
        let items: BTreeMap<&str, &BatchItem> = batch
            .items
            .iter()
            .filter(|item| chosen.contains(&item.id))
            .map(|item| (item.marks.stamp.as_str(), item))
            .collect();
        let mut found: BTreeMap<DeliveryId, Vec<Acknowledgement>> = BTreeMap::new();
        if items.is_empty() {
            return Ok(found);
        }
        let scope = Scope {
            kind: batch.kind,
            entities: BTreeSet::new(),
            postings_excluded: BTreeSet::new(),
        };
        let mut feed = Feed::of(&scope, &self.client.config)?;
        feed.rows = vec![Filter::within(
            stamp_field(batch.kind),
            items.keys().copied(),
        )];
        let step = Step {
            intacct: self,
            feed,
            scope: &scope,
            page_size: self.client.config.bounds.page_size,
            zone: self.tenant.zone(&self.client).await?,
        };
        let mut after = 0;
        loop {
            let headers = step.by_record(after).await?;
            let table = &headers.table;
            let states: BTreeMap<String, &str> = table
                .rows()
                .map(|row| {
                    let key = format!("{}/{}", object(batch.kind), row.named("RECORDNO"));
                    (key, row.named("STATE"))
                })
                .collect();
            for one in step.documents(&headers).await? {
                let (stamp, row) = self.acknowledged(batch.kind, one, &states, &items)?;
                if let Some(item) = items.get(stamp.as_str()) {
                    found.entry(item.id).or_default().push(row);
                }
            }
            after = match headers.last {
                Some((_, record)) if headers.is_full => record,
                _ => return Ok(found),
            };
        }
    }

    fn acknowledged(
        &self,
        kind: DocumentKind,
        one: Captured,
        states: &BTreeMap<String, &str>,
        items: &BTreeMap<&str, &BatchItem>,
    ) -> Result<(Stamp, Acknowledgement), Fault> {
        let attempted = format!("looking up {}", object(kind));
        let envelope = match one {
            Captured::Document(envelope) => envelope,
            Captured::Malformed {
                origin, problem, ..
            } => {
                return Err(incompatible(&attempted, format!("{origin}: {problem}")));
            }
            Captured::Deleted { origin, .. } => {
                return Err(incompatible(&attempted, format!("{origin} is gone")));
            }
        };
        let wrong = |what: &str| incompatible(&attempted, format!("{}: {what}", envelope.origin));
        let stamp = reference(&envelope).and_then(Stamp::read);
        let stamp = stamp.ok_or_else(|| wrong("its reference is none of our stamps"))?;
        let document = &envelope.document;
        let date = document.accounting_date();
        let date = date.ok_or_else(|| wrong("it has no accounting date"))?;
        let total = document.total_debit();
        let total_debit = total.map_err(|fault| wrong(&fault.to_string()))?;
        let currency = document.functional_currency();
        let key = envelope.origin.natural_key.as_str();
        let state = states.get(key).copied().unwrap_or_default();
        let posted = match kind {
            DocumentKind::SupplierInvoice => &self.client.config.bill_states,
            DocumentKind::SupplierCredit => &self.client.config.credit_states,
            DocumentKind::JournalEntry | DocumentKind::Supplier => {
                &self.client.config.journal_states
            }
        };
        // The period is known by its name only as the document names it; a row on another date is in a period of another name.
        let sent = items.get(stamp.as_str()).map(|item| &item.document);
        let same_date = sent.filter(|sent| sent.accounting_date() == Some(date));
        let period = same_date.and_then(|sent| sent.placement());
        let row = Acknowledgement {
            stamp: stamp.clone(),
            reference: key.to_owned(),
            number: envelope.number.clone(),
            period: period.map_or_else(String::new, |placement| placement.period.clone()),
            accounting_date: date,
            currency: currency.ok_or_else(|| wrong("it has no currency"))?,
            total_debit,
            is_accounted: posted.iter().any(|label| label == state),
            read_at: self.client.ambient.clock.now(),
            evidence: envelope.evidence,
        };
        Ok((stamp, row))
    }
}

fn object(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::JournalEntry => "GLBATCH",
        DocumentKind::SupplierInvoice => "APBILL",
        DocumentKind::SupplierCredit => "APADJUSTMENT",
        DocumentKind::Supplier => "VENDOR",
    }
}

/// Where the stamp stands.
fn stamp_field(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::JournalEntry => "REFERENCENO",
        DocumentKind::SupplierInvoice | DocumentKind::SupplierCredit | DocumentKind::Supplier => {
            "DOCNUMBER"
        }
    }
}

fn reference(envelope: &Envelope) -> Option<&str> {
    match &envelope.document {
        Document::JournalEntry(entry) => Some(&entry.draft().reference),
        Document::SupplierInvoice(invoice) => Some(&invoice.draft().reference),
        Document::Supplier(_) => None,
    }
}

/// What a failed `create` means for its document.
fn refused(config: &IntacctConfig, kind: DocumentKind, failure: Failure) -> Sent {
    let fault = failure.fault;
    match fault.class {
        FaultClass::Indeterminate => Sent::Settled(ItemOutcome::Unknown(fault)),
        FaultClass::Throttled | FaultClass::Unavailable | FaultClass::Unauthorised => {
            Sent::Settled(ItemOutcome::NotDone(fault))
        }
        FaultClass::Rejected | FaultClass::Incompatible => {
            let said = fault.detail.to_lowercase();
            let words = &config.posting.replay_words;
            if failure.is_function && words.iter().any(|word| said.contains(word.as_str())) {
                return Sent::Ran(JobRef(object(kind).to_owned()));
            }
            let exists = failure
                .errors
                .iter()
                .any(|error| config.posting.exists_numbers.contains(error.number.trim()));
            let first = failure.errors.into_iter().next().unwrap_or_default();
            let rejection = Rejection {
                code: first.number,
                message: fault.detail.clone(),
                place: String::new(),
                remedy: first.correction,
            };
            if exists {
                let class = FaultClass::Indeterminate;
                let (attempted, detail) = (fault.attempted, fault.detail);
                let fault = Fault::new(class, FaultOrigin::Application, attempted, detail);
                return Sent::Exists(fault, rejection);
            }
            Sent::Settled(ItemOutcome::Rejected(rejection))
        }
    }
}
