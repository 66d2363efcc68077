//! Bugs on purpose: does the net catch fish? Each wraps a seam of the real program; nothing of this is in the product.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tieout_connector::{
    Batch, BatchItem, BatchOutcome, Captured, Cursor, Fault, Found, ItemOutcome, Page, Scope,
    Source, Target,
};
use tieout_engine::{Actor, Change, Changeset, DeliveryState, StateWord};
use tieout_model::{
    Amount, Document, DocumentKind, Envelope, FaultClass, JobRef, JournalEntry, Origin, Stamp,
    SupplierInvoice, SystemId, Timestamp,
};
use tieout_pipeline::{Context, PassError};

use super::sched::Sched;
use super::world::World;

/// The planted bugs, in the order of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    RetryWithoutLookUp,
    OneLookUp,
    NewMarkPerAttempt,
    CursorBeforeCommit,
    AfterInsteadOfFrom,
    PageEndByCount,
    LeaseWithoutFence,
    WebhookBelieved,
    SameContentDropped,
    SentInTwoFiles,
    RoundingMixed,
    ExceptionClosedEarly,
    LateAnswerIgnored,
    ReversalIntoClosedPeriod,
}

/// All of them with their names.
pub(crate) const BUGS: [(Bug, &str); 14] = [
    (Bug::RetryWithoutLookUp, "retry without look-up"),
    (Bug::OneLookUp, "one look-up under replica lag"),
    (Bug::NewMarkPerAttempt, "new key per attempt"),
    (Bug::CursorBeforeCommit, "cursor saved before commit"),
    (Bug::AfterInsteadOfFrom, "`>` for `>=` at a cursor"),
    (Bug::PageEndByCount, "page end by count"),
    (Bug::LeaseWithoutFence, "lease without fencing"),
    (Bug::WebhookBelieved, "webhook body believed"),
    (Bug::SameContentDropped, "duplicates removed by content"),
    (Bug::SentInTwoFiles, "duplicates kept across files"),
    (
        Bug::RoundingMixed,
        "rounding per line and per document mixed",
    ),
    (
        Bug::ExceptionClosedEarly,
        "exception closed when the retry starts",
    ),
    (Bug::LateAnswerIgnored, "late answer ignored"),
    (
        Bug::ReversalIntoClosedPeriod,
        "reversal into a closed period",
    ),
];

/// The context with this world's bug in it.
pub(crate) fn plant(world: &Arc<World>, mut context: Context) -> Context {
    let Some(bug) = world.bug else {
        return context;
    };
    if bug == Bug::OneLookUp {
        context.policy.absences_needed = 1;
        context.policy.absences_needed_unguarded = 1;
    }
    for system in context.systems.values_mut() {
        if let Some(real) = system.target.take() {
            system.target = Some(Arc::new(BadTarget {
                bug,
                real,
                world: Arc::downgrade(world),
                sched: world.sched.clone(),
                last: Mutex::new(None),
                attempts: Mutex::new(0),
            }));
        }
        if let Some(real) = system.source.take() {
            system.source = Some(Arc::new(BadSource {
                bug,
                real,
                boundary: Mutex::new(BTreeMap::new()),
                first: Mutex::new(BTreeMap::new()),
                contents: Mutex::new(BTreeMap::new()),
            }));
        }
    }
    context
}

struct BadTarget {
    bug: Bug,
    real: Arc<dyn Target>,
    world: std::sync::Weak<World>,
    sched: Arc<Sched>,
    last: Mutex<Option<BatchItem>>,
    attempts: Mutex<u32>,
}

impl BadTarget {
    fn changed(&self, batch: &Batch) -> Batch {
        let mut batch = batch.clone();
        match self.bug {
            Bug::NewMarkPerAttempt => {
                let mut attempts = self.attempts.lock().unwrap();
                *attempts += 1;
                for item in &mut batch.items {
                    let text = format!("{}X{attempts}", &item.marks.stamp.as_str()[..24]);
                    item.marks.stamp = Stamp::read(&text).unwrap();
                }
            }
            Bug::SentInTwoFiles => {
                let mut last = self.last.lock().unwrap();
                let again = last
                    .take()
                    .filter(|item| item.document.kind() == batch.kind);
                *last = batch.items.last().cloned();
                batch.items.extend(again);
            }
            Bug::RoundingMixed => {
                for item in &mut batch.items {
                    item.document = rounded_otherwise(item.document.clone());
                }
            }
            _ => {}
        }
        batch
    }

    fn may_stray(&self) -> bool {
        self.bug == Bug::ReversalIntoClosedPeriod
    }

    /// Opens the closed period behind everybody's back for one batch of reversals.
    fn set_period(&self, status: &str) {
        let Some(world) = self.world.upgrade() else {
            return;
        };
        if world.people.closed_at.lock().unwrap().is_none() {
            return;
        }
        let name = world.people.company.lock().unwrap().months[1].name.clone();
        let mut twin = world.fusion.twin.lock().unwrap();
        twin.set_period(None, None, &name, status).unwrap();
    }
}

#[async_trait]
impl Target for BadTarget {
    fn batch_max(&self, kind: DocumentKind) -> u32 {
        self.real.batch_max(kind)
    }

    async fn post(&self, batch: &Batch) -> Result<BatchOutcome, Fault> {
        if self.bug == Bug::LeaseWithoutFence {
            // The worker is stopped for three hours between its lease and its first request, and does not notice.
            self.sched.sleep(3 * 3_600_000).await;
        }
        let sent = self.changed(batch);
        let is_reversal = batch.items.iter().any(|item| item.id.number % 2 == 1);
        if self.may_stray() && is_reversal {
            self.set_period("O");
        }
        let mut answer = self.real.post(&sent).await?;
        if self.may_stray() && is_reversal {
            self.set_period("C");
        }
        answer.items.truncate(batch.items.len());
        let is_unknown = |o: &(_, ItemOutcome)| matches!(o.1, ItemOutcome::Unknown(_));
        if self.bug == Bug::RetryWithoutLookUp && answer.items.iter().any(is_unknown) {
            return self.real.post(batch).await;
        }
        if self.bug == Bug::LateAnswerIgnored {
            for (_, outcome) in &mut answer.items {
                if let ItemOutcome::Unknown(fault) = outcome {
                    fault.class = FaultClass::Unavailable;
                    *outcome = ItemOutcome::NotDone(fault.clone());
                }
            }
        }
        Ok(answer)
    }

    async fn poll(&self, job: &JobRef, batch: &Batch) -> Result<BatchOutcome, Fault> {
        self.real.poll(job, batch).await
    }

    async fn find(&self, batch: &Batch) -> Result<Vec<Found>, Fault> {
        let mut found = self.real.find(batch).await?;
        if self.bug == Bug::PageEndByCount {
            // The page came back shorter than asked for, so it was taken for the last one.
            for late in found.iter_mut().skip(1) {
                late.rows.clear();
            }
        }
        Ok(found)
    }
}

/// The last line takes what the rounding of the total differs from that of the lines.
fn rounded_otherwise(document: Document) -> Document {
    let cent = |scale: u8| Amount::from_units(1, scale);
    match document {
        Document::JournalEntry(entry) => {
            let mut draft = entry.draft().clone();
            let is_foreign = draft.lines.iter().any(|l| l.rate.is_some());
            if is_foreign && draft.lines.len() > 2 {
                let scale = draft.lines[0].functional.scale();
                let first = draft.lines[0].functional.plus(cent(scale)).unwrap();
                let second = draft.lines[1].functional.minus(cent(scale)).unwrap();
                (draft.lines[0].functional, draft.lines[1].functional) = (first, second);
            }
            JournalEntry::try_new(draft)
                .map_or(Document::JournalEntry(entry), Document::JournalEntry)
        }
        Document::SupplierInvoice(invoice) => {
            let mut draft = invoice.draft().clone();
            if draft.rate.is_some() && draft.lines.len() > 1 {
                let scale = draft.lines[0].functional.scale();
                draft.lines[0].functional = draft.lines[0].functional.plus(cent(scale)).unwrap();
            }
            SupplierInvoice::try_new(draft).map_or(
                Document::SupplierInvoice(invoice),
                Document::SupplierInvoice,
            )
        }
        Document::Supplier(supplier) => Document::Supplier(supplier),
    }
}

struct BadSource {
    bug: Bug,
    real: Arc<dyn Source>,
    boundary: Mutex<BTreeMap<DocumentKind, Timestamp>>,
    first: Mutex<BTreeMap<Origin, Envelope>>,
    contents: Mutex<BTreeMap<String, Origin>>,
}

#[async_trait]
impl Source for BadSource {
    async fn changes(
        &self,
        scope: &Scope,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page, Fault> {
        let mut page = self.real.changes(scope, after, limit).await?;
        match self.bug {
            Bug::AfterInsteadOfFrom => {
                let mut boundary = self.boundary.lock().unwrap();
                let passed = boundary.get(&scope.kind).copied();
                page.captured.retain(|captured| match captured {
                    Captured::Document(e) => passed.is_none_or(|at| e.modified > at),
                    _ => true,
                });
                let newest = page.captured.iter().filter_map(|c| match c {
                    Captured::Document(e) => Some(e.modified),
                    _ => None,
                });
                if let Some(newest) = newest.max() {
                    boundary.insert(scope.kind, newest);
                }
            }
            Bug::WebhookBelieved => {
                // A late message carries the first state; it is taken for the present one.
                let mut first = self.first.lock().unwrap();
                for captured in &mut page.captured {
                    if let Captured::Document(envelope) = captured {
                        let old = first
                            .entry(envelope.origin.clone())
                            .or_insert_with(|| (**envelope).clone());
                        **envelope = old.clone();
                    }
                }
            }
            Bug::SameContentDropped => {
                let mut contents = self.contents.lock().unwrap();
                page.captured.retain(|captured| match captured {
                    Captured::Document(e) => {
                        let known = contents
                            .entry(content(e))
                            .or_insert_with(|| e.origin.clone());
                        *known == e.origin
                    }
                    _ => true,
                });
            }
            _ => {}
        }
        Ok(page)
    }
}

fn content(envelope: &Envelope) -> String {
    let document = &envelope.document;
    let lines: BTreeSet<String> = document
        .lines()
        .into_iter()
        .flatten()
        .map(|l| format!("{:?}{}{}", l.coding, l.amount, l.functional))
        .collect();
    format!(
        "{:?}{:?}{lines:?}",
        document.entity(),
        document.accounting_date()
    )
}

/// What a worker with a bug does between two rounds.
pub(crate) async fn after_round(world: &World, context: &Context) {
    if world.bug != Some(Bug::ExceptionClosedEarly) {
        return;
    }
    let far = Timestamp::from_millis(world.sched.now_ms() + 4_000_000_000_000);
    let far_off = Timestamp::from_millis(far.millis() + 1);
    // Rejected deliveries are never due, so they are found through the list of documents.
    let filter = tieout_store::DocumentFilter {
        states: vec![tieout_store::DocumentWord::Rejected],
        limit: 100,
        ..tieout_store::DocumentFilter::default()
    };
    let Ok(rows) = context.store.documents(&filter).await else {
        return;
    };
    for row in rows {
        let Ok(deliveries) = context.store.deliveries_of(row.id).await else {
            return;
        };
        for stored in deliveries {
            let delivery = stored.delivery;
            if delivery.state.word() != StateWord::Rejected {
                continue;
            }
            let change = Change::MoveDelivery {
                id: delivery.id,
                expected: delivery.version,
                next: DeliveryState::Queued {
                    not_before: far_off,
                },
                attempts: delivery.attempts,
            };
            let _ = commit(context, vec![change]).await;
        }
    }
}

async fn commit(context: &Context, changes: Vec<Change>) -> Result<(), PassError> {
    let set = Changeset {
        by: Actor::Worker(context.worker.clone()),
        why: "planted".into(),
        at: context.now(),
        changes,
    };
    let done = context.store.commit(set).await;
    done.map(|_| ()).map_err(|cause| PassError::Commit {
        stage: "planted",
        cause,
    })
}

/// Reading by a worker that saves its cursor first; `None` without that bug.
pub(crate) async fn read(world: &World, context: &Context) -> Option<Result<bool, PassError>> {
    if world.bug != Some(Bug::CursorBeforeCommit) {
        return None;
    }
    for stream in &context.streams {
        let Ok(position) = context.store.cursor(&stream.id).await else {
            return Some(Ok(false));
        };
        let source = context.systems[&SystemId::new("intacct")].source.clone()?;
        let scope = Scope {
            kind: stream.kind,
            entities: stream.targets.keys().cloned().collect(),
            postings_excluded: stream.postings_excluded(),
        };
        let cursor = position.clone().map(Cursor);
        let Ok(page) = source.changes(&scope, cursor.as_ref(), 50).await else {
            return Some(Ok(false));
        };
        let advance = Change::AdvanceCursor {
            flow: stream.id.clone(),
            expected: position,
            next: page.next.0,
        };
        if let Err(error) = commit(context, vec![advance]).await {
            return Some(Err(error));
        }
        for captured in page.captured {
            let Captured::Document(envelope) = captured else {
                continue;
            };
            let known = context.store.revisions(&[envelope.id()]).await;
            let before = known.ok().and_then(|k| k.get(&envelope.id()).cloned());
            let is_same = before
                .as_ref()
                .is_some_and(|k| k.revision == envelope.revision);
            let carried = match &envelope.document {
                Document::JournalEntry(entry) => stream.carries(
                    envelope.document.entity().unwrap(),
                    entry.draft().posting_kind,
                ),
                _ => true,
            };
            if is_same || !carried {
                continue;
            }
            let change = Change::RecordEnvelope {
                flow: stream.id.clone(),
                expected: before.map(|k| k.revision),
                envelope,
            };
            if let Err(error) = commit(context, vec![change]).await {
                return Some(Err(error));
            }
        }
    }
    Some(Ok(true))
}
