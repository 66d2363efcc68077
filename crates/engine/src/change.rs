//! Everything that may become durable, as values.
//!
//! A [`Changeset`] applies whole or not at all; each change says what it expects to find. Its canonical bytes are what the audit log
//! chains, so what was done and what was recorded can't differ. Large payloads are represented in those bytes by their digests.

use tieout_model::canonical::Writer;
use tieout_model::{
    AccountingDate, DeliveryId, Digest, DocumentId, DocumentKind, EntityId, Envelope,
    IdempotencyKey, Origin, Revision, Timestamp, canonical,
};

use crate::crosswalk::control::RegisterStep;
use crate::delivery::{Delivery, DeliveryState};

/// Who acts: a worker, or a person by login name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// A worker process.
    Worker(String),
    /// A person.
    Operator(String),
}

impl Actor {
    /// How the actor is written in the audit log.
    pub fn text(&self) -> String {
        match self {
            Self::Worker(name) => format!("worker:{name}"),
            Self::Operator(name) => format!("operator:{name}"),
        }
    }
}

/// A stream of documents of one kind from one system to another, as configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub String);

/// Changes that become durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset {
    /// Who.
    pub by: Actor,
    /// Why, in a few words: the stage, or a person's reason.
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A flow has read up to `next`.
    AdvanceCursor {
        /// The flow.
        flow: FlowId,
        /// Where it stood.
        expected: Option<String>,
        /// Where it stands.
        next: String,
    },
    /// A document was captured, or captured again in another state. It then waits for translation.
    RecordEnvelope {
        /// The flow that captured it.
        flow: FlowId,
        /// The revision we had; `None` if it is new.
        expected: Option<Revision>,
        /// The document.
        envelope: Box<Envelope>,
    },
    /// A record that is no well-formed document: it is held under its own name.
    RecordMalformed {
        /// The flow that found it.
        flow: FlowId,
        /// Where it stands.
        origin: Origin,
        /// Its number for people.
        number: String,
        /// Its kind.
        kind: DocumentKind,
        /// Its entity, if that can be read.
        entity: Option<EntityId>,
        /// What is wrong and who must change what.
        notice: HoldNotice,
    },
    /// The source no longer has the document.
    MarkDeleted {
        /// Which.
        document: DocumentId,
    },
    /// The document's present revision is dealt with: deliveries were opened, or nothing is to be done.
    SettleTranslation {
        /// Which document.
        document: DocumentId,
        /// The revision that was dealt with.
        revision: Revision,
        /// True if what was dealt with is that the source no longer has it.
        is_deleted: bool,
    },
    /// The document can't be translated; it waits for people (or for another document).
    Hold {
        /// Which document.
        document: DocumentId,
        /// The revision that was decided on; another one captured meanwhile must not be hidden by this hold.
        revision: Revision,
        /// Why, every gap at once.
        notices: Vec<HoldNotice>,
        /// True if a pass may look at it again by itself (it waits for another document).
        is_transient: bool,
    },
    /// A person wants a held document looked at again.
    Release {
        /// Which document.
        document: DocumentId,
    },
    /// A delivery begins.
    OpenDelivery(Box<OpenedDelivery>),
    /// A delivery moves to another state.
    MoveDelivery {
        /// Which delivery.
        id: DeliveryId,
        /// The version we decided on.
        expected: u64,
        /// The next state.
        next: DeliveryState,
        /// Attempts after this move.
        attempts: u32,
    },
    /// A delivery of which nothing was done gets another payload and is queued again.
    RefreshDelivery {
        /// Which delivery.
        id: DeliveryId,
        /// The version we decided on.
        expected: u64,
        /// What replaces it.
        payload: Box<OpenedDelivery>,
    },
    /// A signed crosswalk came into force.
    AdoptCrosswalk {
        /// Digest over all its versions and reference data.
        digest: Digest,
        /// What it contains, for people.
        summary: String,
    },
    /// A step of change control. It names its position, so that two persons can't take the same one.
    RecordStep(Box<RegisterStep>),
    /// Which rule decided which segment of which line of a delivery.
    RecordLineage {
        /// Which delivery.
        id: DeliveryId,
        /// The rules, as [`crate::lineage::encode`] writes them.
        body: Vec<u8>,
    },
    /// A reconciliation was made.
    RecordReconciliation {
        /// Which entity.
        entity: EntityId,
        /// Which snapshot.
        snapshot: String,
        /// Number of breaks.
        breaks: u32,
        /// Digest of the whole result.
        digest: Digest,
    },
    /// A difference was found.
    OpenBreak(Box<BreakRecord>),
    /// Calls to a system.
    RecordCalls(Vec<CallFact>),
}

/// A delivery as it is opened or refreshed: the facts and its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedDelivery {
    /// The facts.
    pub delivery: Delivery,
    /// Canonical bytes of the translated document.
    pub payload: Vec<u8>,
}

/// One reason why a document is held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldNotice {
    /// Problem code with a page in the docs, `P0103`.
    pub code: String,
    /// What is wrong, with line and value.
    pub summary: String,
    /// Who must change what.
    pub remedy: String,
}

/// One difference between the two systems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakRecord {
    /// Which entity.
    pub entity: EntityId,
    /// Which snapshot.
    pub snapshot: String,
    /// Its class (domain dossier 6.4).
    pub class: String,
    /// Its status (domain dossier 6.3).
    pub status: String,
    /// The document, for people.
    pub document: String,
    /// What differs, for people.
    pub summary: String,
    /// What it was traced to, as [`crate::BreakTrace::encode`] writes it; empty in records of before it was kept.
    pub trace: Vec<u8>,
}

/// One call to a system, as the audit log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFact {
    /// When it began.
    pub at: Timestamp,
    /// Which system.
    pub system: String,
    /// What was asked.
    pub operation: String,
    /// Name of the credential, never its secret.
    pub credential: String,
    /// Digest of the request body.
    pub request: Digest,
    /// Status code, or 0 without an answer.
    pub status: u16,
    /// Digest of the answer's body.
    pub response: Digest,
    /// Bytes of the answer's body.
    pub response_bytes: u64,
    /// How long it took.
    pub duration_ms: u64,
}

impl Changeset {
    /// The canonical bytes that the audit log chains.
    pub fn canonical(&self) -> Vec<u8> {
        let len: usize = self.changes.iter().map(length_of).sum();
        let mut w = Writer::with_capacity(len);
        w.number(1);
        w.text(&self.by.text());
        w.text(&self.why);
        w.signed(i128::from(self.at.0));
        w.list(self.changes.iter(), write_change);
        w.finish()
    }
}

/// About how many bytes a change takes, so that those of a large set are not moved while they are written.
fn length_of(change: &Change) -> usize {
    match change {
        Change::RecordEnvelope { .. } => 256,
        Change::OpenDelivery(_) | Change::RefreshDelivery { .. } => 512,
        Change::RecordCalls(calls) => calls.len().saturating_mul(192),
        Change::OpenBreak(_) => 1_024,
        Change::RecordStep(step) => step.body.len().saturating_add(256),
        Change::RecordLineage { body, .. } => body.len().saturating_add(64),
        Change::AdvanceCursor { .. }
        | Change::RecordMalformed { .. }
        | Change::MarkDeleted { .. }
        | Change::SettleTranslation { .. }
        | Change::Hold { .. }
        | Change::Release { .. }
        | Change::MoveDelivery { .. }
        | Change::AdoptCrosswalk { .. }
        | Change::RecordReconciliation { .. } => 128,
    }
}

fn write_change(w: &mut Writer, change: &Change) {
    match change {
        Change::AdvanceCursor {
            flow,
            expected,
            next,
        } => write_cursor(w, flow, expected.as_deref(), next),
        Change::RecordEnvelope {
            flow,
            expected,
            envelope,
        } => write_envelope(w, flow, expected.as_ref(), envelope),
        Change::RecordMalformed {
            flow,
            origin,
            number,
            kind,
            entity,
            notice,
        } => {
            let place = (origin, number.as_str(), *kind);
            write_malformed(w, flow, place, entity.as_ref(), notice);
        }
        Change::MarkDeleted { document } => write_document(w, "deleted", *document),
        Change::SettleTranslation {
            document,
            revision,
            is_deleted,
        } => write_translated(w, (*document, revision), *is_deleted),
        Change::Hold {
            document,
            revision,
            notices,
            is_transient,
        } => write_hold(w, (*document, revision), notices, *is_transient),
        Change::Release { document } => write_document(w, "release", *document),
        Change::OpenDelivery(opened) => write_open(w, opened),
        Change::MoveDelivery {
            id,
            expected,
            next,
            attempts,
        } => write_move(w, (*id, *expected), next, *attempts),
        Change::RefreshDelivery {
            id,
            expected,
            payload,
        } => write_refresh(w, (*id, *expected), payload),
        Change::AdoptCrosswalk { digest, summary } => write_crosswalk(w, digest, summary),
        Change::RecordStep(step) => write_step(w, step),
        Change::RecordLineage { id, body } => write_lineage(w, *id, body),
        Change::RecordReconciliation {
            entity,
            snapshot,
            breaks,
            digest,
        } => write_reconciliation(w, (entity, snapshot), *breaks, digest),
        Change::OpenBreak(found) => write_break(w, found),
        Change::RecordCalls(calls) => {
            w.text("calls");
            w.list(calls.iter(), write_call);
        }
    }
}

fn write_crosswalk(w: &mut Writer, digest: &Digest, summary: &str) {
    w.text("crosswalk");
    w.bytes(digest.as_bytes());
    w.text(summary);
}

fn write_lineage(w: &mut Writer, id: DeliveryId, body: &[u8]) {
    w.text("lineage");
    write_id(w, id);
    w.bytes(Digest::of(body).as_bytes());
}

fn write_document(w: &mut Writer, verb: &str, document: DocumentId) {
    w.text(verb);
    w.bytes(document.as_bytes());
}

fn write_cursor(w: &mut Writer, flow: &FlowId, expected: Option<&str>, next: &str) {
    w.text("cursor");
    w.text(&flow.0);
    w.option(expected.as_ref(), |w, text| w.text(text));
    w.text(next);
}

fn write_envelope(w: &mut Writer, flow: &FlowId, expected: Option<&Revision>, envelope: &Envelope) {
    w.text("envelope");
    w.text(&flow.0);
    w.option(expected.as_ref(), |w, revision| w.text(revision.as_str()));
    w.text(&envelope.origin.to_string());
    w.text(&envelope.number);
    w.text(envelope.revision.as_str());
    w.bytes(Digest::of(&canonical::encode_envelope(envelope)).as_bytes());
}

fn write_malformed(
    w: &mut Writer,
    flow: &FlowId,
    (origin, number, kind): (&Origin, &str, DocumentKind),
    entity: Option<&EntityId>,
    notice: &HoldNotice,
) {
    w.text("malformed");
    w.text(&flow.0);
    w.text(&origin.to_string());
    w.text(number);
    w.text(kind.word());
    w.option(entity.as_ref(), |w, entity| w.text(entity.as_str()));
    write_notice(w, notice);
}

fn write_translated(
    w: &mut Writer,
    (document, revision): (DocumentId, &Revision),
    is_deleted: bool,
) {
    w.text("translated");
    w.bytes(document.as_bytes());
    w.text(revision.as_str());
    w.flag(is_deleted);
}

fn write_hold(
    w: &mut Writer,
    (document, revision): (DocumentId, &Revision),
    notices: &[HoldNotice],
    is_transient: bool,
) {
    w.text("hold");
    w.bytes(document.as_bytes());
    w.text(revision.as_str());
    w.list(notices.iter(), write_notice);
    w.flag(is_transient);
}

fn write_move(
    w: &mut Writer,
    (id, expected): (DeliveryId, u64),
    next: &DeliveryState,
    attempts: u32,
) {
    w.text("move");
    write_id(w, id);
    w.number(u128::from(expected));
    next.write(w);
    w.number(u128::from(attempts));
}

fn write_refresh(w: &mut Writer, (id, expected): (DeliveryId, u64), payload: &OpenedDelivery) {
    w.text("refresh");
    write_id(w, id);
    w.number(u128::from(expected));
    write_opened(w, payload);
}

fn write_reconciliation(
    w: &mut Writer,
    (entity, snapshot): (&EntityId, &str),
    breaks: u32,
    digest: &Digest,
) {
    w.text("reconciliation");
    w.text(entity.as_str());
    w.text(snapshot);
    w.number(u128::from(breaks));
    w.bytes(digest.as_bytes());
}

fn write_break(w: &mut Writer, found: &BreakRecord) {
    let is_traced = !found.trace.is_empty();
    w.text(if is_traced { "traced break" } else { "break" });
    w.text(found.entity.as_str());
    let texts = [
        &found.snapshot,
        &found.class,
        &found.status,
        &found.document,
        &found.summary,
    ];
    texts.into_iter().for_each(|text| w.text(text));
    if is_traced {
        w.bytes(Digest::of(&found.trace).as_bytes());
    }
}

fn write_open(w: &mut Writer, opened: &OpenedDelivery) {
    w.text("open");
    write_opened(w, opened);
}

fn write_step(w: &mut Writer, step: &RegisterStep) {
    w.text("step");
    w.text(&step.subject);
    w.number(u128::from(step.number));
    w.text(step.act.word());
    w.text(&step.by);
    w.signed(i128::from(step.at.0));
    w.text(&step.reason);
    w.bytes(&step.encode_facts());
    w.bytes(Digest::of(&step.body).as_bytes());
}

fn write_notice(w: &mut Writer, notice: &HoldNotice) {
    w.text(&notice.code);
    w.text(&notice.summary);
    w.text(&notice.remedy);
}

fn write_id(w: &mut Writer, id: DeliveryId) {
    w.bytes(id.document.as_bytes());
    w.number(u128::from(id.number));
}

fn write_opened(w: &mut Writer, opened: &OpenedDelivery) {
    let delivery = &opened.delivery;
    write_id(w, delivery.id);
    w.text(&delivery.flow.0);
    w.text(delivery.role.word());
    w.text(delivery.marks.stamp.as_str());
    w.text(delivery.marks.key.as_str());
    w.text(delivery.revision.as_str());
    w.text(&delivery.crosswalk_version);
    w.bytes(delivery.crosswalk.as_bytes());
    w.text(delivery.kind.word());
    w.text(delivery.entity.as_str());
    w.text(delivery.target.as_str());
    w.text(&delivery.number);
    w.text(&delivery.party);
    w.text(&date_text(delivery.accounting_date));
    w.text(&delivery.period);
    w.number(u128::from(delivery.version));
    w.number(u128::from(delivery.attempts));
    w.signed(i128::from(delivery.opened_at.0));
    w.signed(i128::from(delivery.moved_at.0));
    delivery.state.write(w);
    w.bytes(Digest::of(&opened.payload).as_bytes());
}

fn write_call(w: &mut Writer, call: &CallFact) {
    w.signed(i128::from(call.at.0));
    w.text(&call.system);
    w.text(&call.operation);
    w.text(&call.credential);
    w.bytes(call.request.as_bytes());
    w.number(u128::from(call.status));
    w.bytes(call.response.as_bytes());
    w.number(u128::from(call.response_bytes));
    w.number(u128::from(call.duration_ms));
}

/// The marks of a delivery that is opened or refreshed: the key follows the payload, the stamp does not.
pub fn key_of(stamp: &tieout_model::Stamp, revision: &Revision, payload: &[u8]) -> IdempotencyKey {
    IdempotencyKey::of(stamp, revision, &Digest::of(payload))
}

/// The accounting date in the form in which stores order it: `YYYY-MM-DD`.
pub fn date_text(date: AccountingDate) -> String {
    date.to_string()
}
