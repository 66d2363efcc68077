//! Reads what changed in the sources and records it.
//!
//! The cursor and what was read become durable together, so a crash repeats a page and loses none. A document already recorded in the same
//! revision is left alone. A document that bears our own stamp is an echo and is not recorded. A record that is no well-formed document is
//! held under its own name; the others go on.
//!
//! A stream with a cadence is read once for every time of it: when it was read to its end is remembered beside its cursor. So is what its
//! reading covered: a flow that is given another entity is read from the beginning, or that entity's earlier documents would be lost.

use std::collections::BTreeMap;

use tieout_connector::{Captured, Cursor, Fault, FaultOrigin, Page, Scope, Source};
use tieout_engine::{Admission, Change, FlowId, HoldNotice, StateWord};
use tieout_model::{Document, DocumentId, Envelope, FaultClass, Revision, SystemId, Timestamp};
use tieout_store::KnownRevision;

use crate::context::{Context, PassError, Progress, Tally};
use crate::flow::Stream;

/// How soon the sources are looked at again after enough was queued.
const FULL_PAUSE_MS: i64 = 250;

/// Reads one page of every stream, all at once, unless enough is queued already.
///
/// # Errors
/// [`PassError`] if the store fails, or if a source can't be read (the other streams are read all the same).
pub async fn pass(context: &Context) -> Result<Progress, PassError> {
    let mut worked = 0;
    let mut failure = None;
    if is_full(context).await? {
        let wake_at = Some(context.now().plus_millis(FULL_PAUSE_MS));
        return Ok(Progress::Idle { wake_at });
    }
    let restored = context.store.restored().await?;
    // A restored database must see everything before it is believed again, whatever the hour.
    let is_catching_up = restored.is_some_and(|found| found.through.is_none());
    let mut due = Vec::new();
    for stream in &context.streams {
        let stood = Stood::read(context, stream).await?;
        if is_catching_up || stood.is_due(context, stream) {
            due.push((stream, stood));
        }
    }
    let pages = due
        .into_iter()
        .map(|(stream, stood)| read_page(context, stream, stood));
    for page in futures_util::future::join_all(pages).await {
        match page {
            Ok(count) => worked += count,
            Err(fault @ PassError::Source { .. }) => failure = Some(fault),
            Err(other) => return Err(other),
        }
    }
    match failure {
        Some(failure) => Err(failure),
        None if worked > 0 => Ok(Progress::Worked(worked)),
        None => {
            context.caught_up().await?;
            Ok(Progress::Idle { wake_at: None })
        }
    }
}

/// True if enough is in hand already: memory and database stay bounded, and the cursor remembers where to go on.
async fn is_full(context: &Context) -> Result<bool, PassError> {
    let counts = context.store.counts().await?;
    let waiting = counts
        .documents_in("captured")
        .saturating_add(counts.deliveries_in(StateWord::Queued));
    if waiting > context.bounds.queue_len_max {
        tracing::debug!(
            waiting,
            "enough is queued; the sources are read again later"
        );
        return Ok(true);
    }
    Ok(false)
}

/// When a stream that is not read in real time is read next.
///
/// # Errors
/// [`PassError`] if the store fails.
pub async fn next_read(context: &Context) -> Result<Option<Timestamp>, PassError> {
    let calendar = &context.crosswalk.reference().calendar;
    let mut next: Option<Timestamp> = None;
    for stream in &context.streams {
        if !stream.cadence.is_real_time() {
            let last = Stood::read(context, stream).await?.read_at();
            let time = last.and_then(|last| stream.cadence.next_after(last, calendar));
            next = next.into_iter().chain(time).min();
        }
    }
    Ok(next)
}

/// Where a stream stood before a page.
struct Stood {
    /// How far it has read.
    position: Option<String>,
    /// What that reading covers; `None` in a database of before this was remembered.
    coverage: Option<String>,
    /// When it was last read to its end, as text; kept for cadences other than real time only.
    read_at: Option<String>,
}

fn coverage_of(stream: &Stream) -> FlowId {
    FlowId(format!("{} covers", stream.cursor.0))
}

fn read_at_of(stream: &Stream) -> FlowId {
    FlowId(format!("{} read at", stream.cursor.0))
}

impl Stood {
    async fn read(context: &Context, stream: &Stream) -> Result<Self, PassError> {
        let flows = [
            stream.cursor.clone(),
            coverage_of(stream),
            read_at_of(stream),
        ];
        let [position, coverage, read_at] = context.store.cursors(flows).await?;
        Ok(Self {
            position,
            coverage,
            read_at,
        })
    }

    fn read_at(&self) -> Option<Timestamp> {
        let micros = self.read_at.as_deref()?.parse().ok()?;
        Some(Timestamp(micros))
    }

    fn covers(&self, stream: &Stream) -> bool {
        let coverage = self.coverage.as_deref();
        coverage.is_none_or(|before| stream.is_covered_by(before))
    }

    fn is_due(&self, context: &Context, stream: &Stream) -> bool {
        let calendar = &context.crosswalk.reference().calendar;
        let is_time = stream
            .cadence
            .is_due(self.read_at(), context.now(), calendar);
        is_time || !self.covers(stream)
    }

    /// The changes that remember a page which ends at `next`; none if nothing moved.
    fn moved(self, stream: &Stream, next: String, read_at: Option<Timestamp>) -> Vec<Change> {
        let read_at = read_at.map(|at| at.0.to_string());
        let steps = [
            (stream.cursor.clone(), self.position, Some(next)),
            (coverage_of(stream), self.coverage, Some(stream.coverage())),
            (read_at_of(stream), self.read_at, read_at),
        ];
        let moved = steps.into_iter().filter_map(|(flow, expected, next)| {
            let next = next.filter(|next| expected.as_ref() != Some(next))?;
            Some(Change::AdvanceCursor {
                flow,
                expected,
                next,
            })
        });
        moved.collect()
    }
}

async fn read_page(context: &Context, stream: &Stream, stood: Stood) -> Result<u32, PassError> {
    let Some(source) = context
        .systems
        .get(&stream.source)
        .and_then(|s| s.source.as_ref())
    else {
        return Ok(0);
    };
    let began = context.now();
    let position = stood.position.as_deref().filter(|_| stood.covers(stream));
    let page = ask(context, stream, source.as_ref(), position).await?;
    let found = page.captured.len();
    let mut changes = changes_of(context, stream, page.captured).await?;
    Tally::add(&context.tally.captured, changes.len());
    let news = changes.len();
    let is_kept = !page.has_more && !stream.cadence.is_real_time();
    changes.extend(stood.moved(stream, page.next.0, is_kept.then_some(began)));
    if changes.is_empty() {
        return Ok(0);
    }
    context.commit("extract", changes).await?;
    tracing::debug!(stream = %stream.id.0, found, news, "page read");
    Ok(u32::try_from(news)
        .unwrap_or(u32::MAX)
        .max(u32::from(page.has_more)))
}

async fn ask(
    context: &Context,
    stream: &Stream,
    source: &dyn Source,
    position: Option<&str>,
) -> Result<Page, PassError> {
    let scope = Scope {
        kind: stream.kind,
        entities: stream.targets.keys().cloned().collect(),
        postings_excluded: stream.postings_excluded(),
    };
    let cursor = position.map(|text| Cursor(text.to_owned()));
    let limit = context.bounds.page_len_max;
    if let Admission::NotBefore(until) = context.admit(&stream.source) {
        return Err(still_away(context, &stream.source, until));
    }
    let answer = source.changes(&scope, cursor.as_ref(), limit).await;
    context.heard(&stream.source, answer.as_ref().err());
    answer.map_err(|detail| PassError::Source {
        system: stream.source.clone(),
        detail,
    })
}

/// The fault that made the source count as away, to be tried again when its pause is over.
fn still_away(context: &Context, system: &SystemId, until: Timestamp) -> PassError {
    let fault = context.last_fault(system).unwrap_or_else(|| {
        let attempted = format!("reading from {system}");
        let detail = "it is being tried by another stage";
        Fault::new(
            FaultClass::Unavailable,
            FaultOrigin::Transport,
            attempted,
            detail,
        )
    });
    let wait_ms = until.millis().saturating_sub(context.now().millis());
    PassError::Source {
        system: system.clone(),
        detail: Fault {
            retry_after_ms: u64::try_from(wait_ms).ok(),
            ..fault
        },
    }
}

async fn changes_of(
    context: &Context,
    stream: &Stream,
    captured: Vec<Captured>,
) -> Result<Vec<Change>, PassError> {
    let ids: Vec<DocumentId> = captured
        .iter()
        .map(|item| match item {
            Captured::Document(envelope) => envelope.id(),
            Captured::Deleted { origin, .. } | Captured::Malformed { origin, .. } => {
                DocumentId::of(origin)
            }
        })
        .collect();
    let mut known = context.store.revisions(&ids).await?;
    let changes = captured.into_iter().zip(ids);
    Ok(changes
        .filter_map(|(item, id)| change_of(stream, &mut known, item, id))
        .collect())
}

/// What a captured record changes, if anything; `known` is brought up to it, so that a record seen twice in a page counts once.
fn change_of(
    stream: &Stream,
    known: &mut BTreeMap<DocumentId, KnownRevision>,
    item: Captured,
    id: DocumentId,
) -> Option<Change> {
    match item {
        Captured::Document(envelope) => {
            if !is_in_scope(stream, &envelope) {
                return None;
            }
            let before = remember(known, id, envelope.revision.clone());
            let is_same = before
                .as_ref()
                .is_some_and(|before| before.revision == envelope.revision && !before.is_deleted);
            (!is_same).then(|| Change::RecordEnvelope {
                flow: stream.id.clone(),
                expected: before.map(|before| before.revision),
                envelope,
            })
        }
        Captured::Deleted { .. } => {
            let is_news = known.get(&id).is_some_and(|known| !known.is_deleted);
            mark_deleted(known, id);
            is_news.then_some(Change::MarkDeleted { document: id })
        }
        Captured::Malformed {
            origin,
            number,
            kind,
            entity,
            problem,
        } => {
            let notice = HoldNotice {
                code: "P0101".into(),
                summary: problem,
                remedy: "correct the record in the source system; it is read again by itself"
                    .into(),
            };
            let revision = Revision::new(format!("malformed:{}", notice.summary));
            if known.get(&id).map(|known| &known.revision) == Some(&revision) {
                return None;
            }
            remember(known, id, revision);
            Some(Change::RecordMalformed {
                flow: stream.id.clone(),
                origin,
                number,
                kind,
                entity,
                notice,
            })
        }
    }
}

/// Puts the revision in place of the one known before, which is the answer.
fn remember(
    known: &mut BTreeMap<DocumentId, KnownRevision>,
    id: DocumentId,
    revision: Revision,
) -> Option<KnownRevision> {
    let is_deleted = false;
    known.insert(
        id,
        KnownRevision {
            revision,
            is_deleted,
        },
    )
}

fn mark_deleted(known: &mut BTreeMap<DocumentId, KnownRevision>, id: DocumentId) {
    if let Some(entry) = known.get_mut(&id) {
        entry.is_deleted = true;
    }
}

/// True if the configuration lets this document travel in this stream, and it is not our own echo.
pub fn is_in_scope(stream: &Stream, envelope: &Envelope) -> bool {
    let Some(entity) = envelope.document.entity() else {
        return true;
    };
    if !stream.targets.contains_key(entity) {
        return false;
    }
    match &envelope.document {
        Document::JournalEntry(entry) => {
            let draft = entry.draft();
            let is_echo = draft
                .reference
                .starts_with(tieout_model::delivery::STAMP_PREFIX);
            !is_echo && stream.carries(entity, draft.posting_kind)
        }
        Document::SupplierInvoice(invoice) => !invoice
            .draft()
            .reference
            .starts_with(tieout_model::delivery::STAMP_PREFIX),
        Document::Supplier(_) => true,
    }
}
