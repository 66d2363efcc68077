//! Documents, changesets and stores for the tests.

use std::path::Path;

use tieout_engine::{
    Actor, Change, Changeset, Delivery, DeliveryPolicy, DeliveryRole, DeliveryState, FlowId,
    HoldNotice, OpenedDelivery, change,
};
use tieout_model::{
    Acknowledgement, Amount, Code, Coding, DeliveryId, Digest, Dimensional, Document, DocumentId,
    DocumentKind, EntityId, Envelope, JobRef, JournalDraft, JournalEntry, JournalLine,
    JournalPurpose, Marks, NaturalKey, Origin, PostingKind, Revision, Stamp, SystemId, Timestamp,
    canonical,
};
use tieout_store::{Committed, DatabaseUrl, ExecutionMode, LeaseRequest, Store};

use crate::server;

pub(crate) const SOURCE: &str = "intacct";
pub(crate) const TARGET: &str = "fusion";

/// Runs a future on a runtime of its own.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(future)
}

/// Runs a test on each kind of database, a fresh one each.
pub(crate) fn on_each(test: impl AsyncFn(Store)) {
    run(async { test(memory().await).await });
    run(async { test(served().await).await });
}

/// A fresh database on the server.
pub(crate) async fn served() -> Store {
    store_at(&server::shared().database()).await
}

pub(crate) async fn store_at(url: &str) -> Store {
    let url: DatabaseUrl = url.parse().unwrap();
    Store::open(&url, ExecutionMode::Inline).await.unwrap()
}

pub(crate) async fn memory() -> Store {
    let url = DatabaseUrl::memory();
    Store::open(&url, ExecutionMode::Inline).await.unwrap()
}

pub(crate) async fn file(path: &Path) -> Store {
    let url = DatabaseUrl::file(path);
    Store::open(&url, ExecutionMode::Inline).await.unwrap()
}

pub(crate) fn flow() -> FlowId {
    FlowId("intacct-journals".to_owned())
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

pub(crate) fn set(second: i64, changes: Vec<Change>) -> Changeset {
    Changeset {
        by: Actor::Worker("w1".to_owned()),
        why: "test".to_owned(),
        at: at(second),
        changes,
    }
}

pub(crate) fn origin(key: &str) -> Origin {
    Origin {
        system: SystemId::new(SOURCE),
        company: "ACME".to_owned(),
        natural_key: NaturalKey::new(key),
    }
}

pub(crate) fn id(key: &str) -> DocumentId {
    DocumentId::of(&origin(key))
}

fn line(number: u32, units: i128) -> JournalLine {
    JournalLine {
        number,
        coding: Coding::Dimensional(Dimensional {
            account: Code::new("6000"),
            ..Dimensional::default()
        }),
        currency: "USD".parse().unwrap(),
        amount: Amount::from_units(units, 2),
        functional: Amount::from_units(units, 2),
        rate: None,
        memo: "rent of the office in Springfield".to_owned(),
    }
}

pub(crate) fn entry(entity: &str, day: u32, units: i128) -> Document {
    let draft = JournalDraft {
        entity: EntityId::new(entity),
        functional_currency: "USD".parse().unwrap(),
        accounting_date: format!("2026-01-{day:02}").parse().unwrap(),
        is_adjusting: false,
        purpose: JournalPurpose::Standard,
        posting_kind: PostingKind::Journal,
        journal: Code::new("GJ"),
        reference: "R-1".to_owned(),
        description: "January".to_owned(),
        reverses: Vec::new(),
        placement: None,
        lines: vec![line(1, units), line(2, -units)],
    };
    Document::JournalEntry(JournalEntry::try_new(draft).unwrap())
}

pub(crate) fn envelope(key: &str, entity: &str, revision: &str) -> Envelope {
    Envelope {
        origin: origin(key),
        number: format!("JE-{key}"),
        revision: Revision::new(revision),
        modified: at(1),
        aliases: vec![NaturalKey::new(format!("alias-{key}"))],
        document: self::entry(entity, 15, 12_345),
        evidence: Digest::of(key.as_bytes()),
    }
}

pub(crate) fn capture(key: &str, entity: &str, expected: Option<&str>, revision: &str) -> Change {
    Change::RecordEnvelope {
        flow: flow(),
        expected: expected.map(Revision::new),
        envelope: Box::new(envelope(key, entity, revision)),
    }
}

pub(crate) fn settle(key: &str, revision: &str) -> Change {
    Change::SettleTranslation {
        document: id(key),
        revision: Revision::new(revision),
        is_deleted: false,
    }
}

/// The settlement of a pass that saw that the source no longer has the document.
pub(crate) fn settle_deletion(key: &str, revision: &str) -> Change {
    Change::SettleTranslation {
        document: id(key),
        revision: Revision::new(revision),
        is_deleted: true,
    }
}

pub(crate) fn notice(code: &str) -> HoldNotice {
    HoldNotice {
        code: code.to_owned(),
        summary: "line 2: account 4711 is not mapped".to_owned(),
        remedy: "map account 4711".to_owned(),
    }
}

pub(crate) fn hold(key: &str, is_transient: bool) -> Change {
    hold_of(key, "1", is_transient)
}

pub(crate) fn hold_of(key: &str, revision: &str, is_transient: bool) -> Change {
    Change::Hold {
        document: id(key),
        revision: Revision::new(revision),
        notices: vec![notice("P0103"), notice("P0104")],
        is_transient,
    }
}

pub(crate) fn malformed(key: &str) -> Change {
    Change::RecordMalformed {
        flow: flow(),
        origin: origin(key),
        number: format!("JE-{key}"),
        kind: DocumentKind::JournalEntry,
        entity: Some(EntityId::new("E100")),
        notice: notice("P0101"),
    }
}

pub(crate) fn stamp(key: &str, number: u32) -> Stamp {
    Stamp::of(&origin(key), &SystemId::new(TARGET)).numbered(number)
}

/// Delivery `number` of the document, queued from `second` on.
pub(crate) fn opened(key: &str, entity: &str, number: u32, second: i64) -> OpenedDelivery {
    let payload = canonical::encode_document(&self::entry(entity, 15, 12_345));
    let stamp = stamp(key, number);
    let revision = Revision::new("1");
    let delivery = Delivery {
        id: DeliveryId {
            document: id(key),
            number,
        },
        flow: flow(),
        role: match number % 2 {
            0 => DeliveryRole::Posting,
            _ => DeliveryRole::Reversal,
        },
        kind: DocumentKind::JournalEntry,
        entity: EntityId::new(entity),
        target: SystemId::new(TARGET),
        marks: Marks {
            key: change::key_of(&stamp, &revision, &payload),
            stamp,
        },
        number: format!("JE-{key}"),
        party: String::new(),
        accounting_date: "2026-01-15".parse().unwrap(),
        period: "Jan-26".to_owned(),
        revision,
        crosswalk_version: "v1".to_owned(),
        crosswalk: Digest::of(b"crosswalk"),
        state: DeliveryState::Queued {
            not_before: at(second),
        },
        version: 0,
        attempts: 0,
        opened_at: at(second),
        moved_at: at(second),
    };
    OpenedDelivery { delivery, payload }
}

pub(crate) fn open(key: &str, entity: &str, number: u32, second: i64) -> Change {
    Change::OpenDelivery(Box::new(opened(key, entity, number, second)))
}

/// A document captured, translated and queued, in one changeset.
pub(crate) fn queued(key: &str, entity: &str, second: i64) -> Changeset {
    let changes = vec![
        capture(key, entity, None, "1"),
        open(key, entity, 0, second),
        settle(key, "1"),
    ];
    set(second, changes)
}

pub(crate) fn moved(key: &str, number: u32, expected: u64, next: DeliveryState) -> Change {
    Change::MoveDelivery {
        id: DeliveryId {
            document: id(key),
            number,
        },
        expected,
        next,
        attempts: 1,
    }
}

pub(crate) fn posted(key: &str, number: u32) -> DeliveryState {
    DeliveryState::Posted(Acknowledgement {
        stamp: stamp(key, number),
        reference: "300100177".to_owned(),
        number: "17".to_owned(),
        period: "Jan-26".to_owned(),
        accounting_date: "2026-01-15".parse().unwrap(),
        currency: "USD".parse().unwrap(),
        total_debit: Amount::from_units(12_345, 2),
        is_accounted: true,
        read_at: at(50),
        evidence: Digest::of(b"row"),
    })
}

pub(crate) fn submitted(second: i64) -> DeliveryState {
    DeliveryState::Submitted {
        job: JobRef("4711".to_owned()),
        poll_at: at(second),
        polls: 0,
    }
}

pub(crate) fn want(second: i64, limit: usize) -> LeaseRequest {
    LeaseRequest {
        worker: "w1".to_owned(),
        now: at(second),
        lease_ms: DeliveryPolicy::default().lease_ms,
        kind: None,
        target: None,
        limit,
    }
}

/// Commits and expects success.
pub(crate) async fn must(store: &Store, set: Changeset) -> Committed {
    store.commit(set).await.unwrap()
}

/// What the break of [`findings`] was traced to.
pub(crate) fn trace() -> tieout_engine::BreakTrace {
    tieout_engine::BreakTrace {
        document: Some("JE-a".to_owned()),
        kind: None,
        period: "2026-01".to_owned(),
        stamp: None,
        reference: Some("4711".to_owned()),
        expected: "100.00 USD".to_owned(),
        remedy: "the accountant compares both".to_owned(),
        expires_at: Some(at(9)),
        shares: Vec::new(),
    }
}

/// What a round of work leaves besides documents.
fn findings() -> Vec<Change> {
    let calls = [200, 0, 503].map(|status| tieout_engine::CallFact {
        at: at(4),
        system: SOURCE.to_owned(),
        operation: "readByQuery".to_owned(),
        credential: "integration".to_owned(),
        request: Digest::of(b"question"),
        status,
        response: Digest::of(b"answer"),
        response_bytes: 1000,
        duration_ms: 20,
    });
    let found = tieout_engine::BreakRecord {
        entity: EntityId::new("E100"),
        snapshot: "2026-01".to_owned(),
        class: "amount_differs".to_owned(),
        status: "open".to_owned(),
        document: "JE-a".to_owned(),
        summary: "0.01 USD".to_owned(),
        trace: trace().encode(),
    };
    vec![
        Change::AdvanceCursor {
            flow: flow(),
            expected: None,
            next: "2026-01-15T00:00:00Z".to_owned(),
        },
        Change::AdoptCrosswalk {
            digest: Digest::of(b"crosswalk"),
            summary: "v1: 40 rules".to_owned(),
        },
        Change::RecordReconciliation {
            entity: EntityId::new("E100"),
            snapshot: "2026-01".to_owned(),
            breaks: 1,
            digest: Digest::of(b"result"),
        },
        Change::OpenBreak(Box::new(found)),
        Change::RecordCalls(calls.to_vec()),
    ]
}

/// Every kind of change, in a legal order, a few changesets.
pub(crate) async fn fill(store: &Store) {
    for (second, key) in (1..).zip(["a", "b", "c", "d"]) {
        must(store, queued(key, "E100", second)).await;
    }
    must(store, set(5, findings())).await;
    let leased = store.lease(&want(6, 2)).await.unwrap();
    assert_eq!(leased.len(), 2);
    let moves = vec![
        moved("a", 0, 1, submitted(8)),
        moved("a", 0, 2, posted("a", 0)),
    ];
    must(store, set(7, moves)).await;
    let refreshed = Change::RefreshDelivery {
        id: opened("c", "E100", 0, 8).delivery.id,
        expected: 0,
        payload: Box::new(opened("c", "E100", 0, 8)),
    };
    let held = vec![
        refreshed,
        capture("e", "E200", None, "1"),
        hold("e", false),
        capture("f", "E200", None, "1"),
        hold("f", true),
        malformed("g"),
        capture("h", "E200", None, "1"),
        hold("h", false),
        Change::Release { document: id("h") },
    ];
    must(store, set(8, held)).await;
    let later = vec![
        capture("b", "E100", Some("1"), "2"),
        Change::MarkDeleted { document: id("a") },
        malformed("d"),
    ];
    must(store, set(9, later)).await;
    must(
        store,
        set(
            10,
            vec![open("a", "E100", 1, 10), settle_deletion("a", "1")],
        ),
    )
    .await;
}
