//! How fast documents go through the store, and how much room they take: `cargo run --release -p tieout-store --example throughput`.
//!
//! Arguments: number of documents (20000), documents per changeset (200), folder (the system's temporary one).
//! Each document is captured, translated and queued in one changeset, then leased, submitted and posted in others.
#![expect(clippy::print_stdout, reason = "its figures are its output")]

use std::time::Instant;

use tieout_engine::{
    Actor, Change, Changeset, Delivery, DeliveryRole, DeliveryState, FlowId, OpenedDelivery,
    StateWord, change,
};
use tieout_model::{
    Acknowledgement, Amount, Code, Coding, DeliveryId, Digest, Dimensional, Document, DocumentKind,
    EntityId, Envelope, JobRef, JournalDraft, JournalEntry, JournalLine, JournalPurpose, Marks,
    NaturalKey, Origin, PostingKind, Revision, Stamp, SystemId, Timestamp, canonical,
};
use tieout_store::{DatabaseUrl, DocumentFilter, DocumentWord, ExecutionMode, LeaseRequest, Store};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let group: usize = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let folder = arguments.next().map(std::path::PathBuf::from);
    let folder = folder.unwrap_or_else(std::env::temp_dir);
    let path = folder.join(format!("throughput-{}.db", std::process::id()));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let answer = runtime.block_on(measure(&path, count, group));
    for end in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(end);
        if let Ok(size) = std::fs::metadata(&name).map(|file| file.len()) {
            println!(
                "file{end:<4} {size:>12} bytes {:>8} per document",
                size / u64::from(count)
            );
            std::fs::remove_file(&name)?;
        }
    }
    answer
}

async fn measure(path: &std::path::Path, count: u32, group: usize) -> Result<(), Failure> {
    let store = Store::open(&DatabaseUrl::file(path), ExecutionMode::Blocking).await?;
    let numbers: Vec<u32> = (0..count).collect();
    let begin = Instant::now();
    for chunk in numbers.chunks(group) {
        let changes = chunk.iter().copied().map(captured);
        store
            .commit(set("extract", changes.collect::<Result<_, _>>()?))
            .await?;
    }
    report("capture", begin, count, group);
    let begin = Instant::now();
    loop {
        let waiting = store.to_translate(group, false).await?;
        if waiting.is_empty() {
            break;
        }
        let changes = waiting.iter().flat_map(|found| translated(&found.envelope));
        store.commit(set("translate", changes.collect())).await?;
    }
    report("translate", begin, count, group);
    let begin = Instant::now();
    deliver(&store, group).await?;
    report("deliver (3 moves)", begin, count, group);
    let begin = Instant::now();
    let mut posted = 0_u32;
    let through = "2030-01-01".parse()?;
    let mut each = |_| posted += 1;
    for entity in 0..6 {
        let entity = EntityId::new(format!("E{entity}00"));
        store.posted_of(&entity, through, &mut each).await?;
    }
    report("read posted", begin, posted, group);
    let begin = Instant::now();
    let open = DocumentFilter {
        states: vec![DocumentWord::Held, DocumentWord::Rejected],
        ..DocumentFilter::default()
    };
    let found = store.documents(&open).await?.len();
    let counts = store.counts().await?;
    let posted = counts.deliveries_in(StateWord::Posted);
    println!(
        "list and count    {:>9} ms; {found} need a person, {posted} posted",
        ms(begin)
    );
    let begin = Instant::now();
    let entries = store.verify_audit(None).await?.entries;
    println!(
        "verify            {:>9} ms for {entries} entries",
        ms(begin)
    );
    Ok(())
}

async fn deliver(store: &Store, group: usize) -> Result<(), Failure> {
    let want = LeaseRequest {
        worker: "w1".to_owned(),
        now: Timestamp(2),
        lease_ms: 120_000,
        kind: None,
        target: None,
        limit: group,
    };
    loop {
        let leased = store.lease(&want).await?;
        if leased.is_empty() {
            return Ok(());
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
    }
}

fn set(why: &str, changes: Vec<Change>) -> Changeset {
    Changeset {
        by: Actor::Worker("w1".to_owned()),
        why: why.to_owned(),
        at: Timestamp(1),
        changes,
    }
}

fn moved(delivery: &Delivery, later: u64, next: DeliveryState) -> Change {
    Change::MoveDelivery {
        id: delivery.id,
        expected: delivery.version + later,
        next,
        attempts: delivery.attempts,
    }
}

/// A journal entry of four lines with three dimensions each.
fn captured(i: u32) -> Result<Change, Failure> {
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

fn translated(envelope: &Envelope) -> Vec<Change> {
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

fn acknowledged(delivery: &Delivery) -> Result<DeliveryState, Failure> {
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

fn ms(begin: Instant) -> u128 {
    begin.elapsed().as_millis()
}

fn report(what: &str, begin: Instant, count: u32, group: usize) {
    let speed = u128::from(count) * 1000 / ms(begin).max(1);
    println!(
        "{what:<17} {:>9} ms {speed:>9} documents/s in groups of {group}",
        ms(begin)
    );
}
