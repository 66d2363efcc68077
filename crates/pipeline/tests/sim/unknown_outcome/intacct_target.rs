//! The same question of the client of the system of record, which can take documents too: bills, credits and journals.
//!
//! No flow of the product goes that way yet, so the deliveries are opened here, from copies of documents of the company; they are sent and
//! looked up by the real stages.

use std::collections::BTreeSet;

use jiff::civil::date;
use tieout_connector::{Captured, Scope, Source};
use tieout_engine::plan::{Coded, Waiting, post};
use tieout_engine::{Actor, Change, Changeset, FlowId};
use tieout_model::{
    Digest, Document, DocumentKind, Envelope, InvoiceDraft, JournalDraft, JournalEntry, NaturalKey,
    Revision, SupplierInvoice, SystemId,
};

use super::{MOMENTS, NEXTS, Next, typed};
use crate::company::folder;
use crate::world::{Mishap, World};

/// What this client sends, and the document that is copied for it.
pub(super) const KINDS: [(DocumentKind, &str); 3] = [
    (DocumentKind::SupplierInvoice, "BILL-E200-1"),
    (DocumentKind::SupplierCredit, "CRED-E200-1"),
    (DocumentKind::JournalEntry, "JE-ACC-E200-1"),
];

/// The document of the company with that number.
async fn sample(source: &dyn Source, kind: DocumentKind, number: &str) -> Envelope {
    let scope = Scope {
        kind,
        entities: BTreeSet::new(),
        postings_excluded: BTreeSet::new(),
    };
    let page = source.changes(&scope, None, 2_000).await.unwrap();
    let mut seen = Vec::new();
    for one in page.captured {
        let Captured::Document(envelope) = one else {
            continue;
        };
        if envelope.number == number {
            return *envelope;
        }
        seen.push(envelope.number);
    }
    panic!("{number} is not among {seen:?}")
}

/// A copy under another number, on a day of an open period, as if it came from elsewhere.
fn copy(sample: &Envelope, number: &str) -> Envelope {
    let day = date(2027, 1, 15);
    let document = match &sample.document {
        Document::JournalEntry(entry) => {
            let draft = JournalDraft {
                accounting_date: day,
                ..entry.draft().clone()
            };
            Document::JournalEntry(JournalEntry::try_new(draft).unwrap())
        }
        Document::SupplierInvoice(invoice) => {
            let draft = InvoiceDraft {
                number: number.to_owned(),
                accounting_date: day,
                document_date: day,
                ..invoice.draft().clone()
            };
            Document::SupplierInvoice(SupplierInvoice::try_new(draft).unwrap())
        }
        Document::Supplier(_) => panic!("suppliers are not sent"),
    };
    let mut envelope = sample.clone();
    envelope.origin.system = SystemId::new("elsewhere");
    envelope.origin.natural_key = NaturalKey::new(number);
    envelope.revision = Revision::new("1");
    number.clone_into(&mut envelope.number);
    envelope.aliases.clear();
    envelope.document = document;
    envelope
}

/// Opens the delivery of `envelope` to the simulated tenant.
async fn open(world: &World, envelope: Envelope) {
    let flow = FlowId("elsewhere-intacct".to_owned());
    let waiting = Waiting {
        envelope: &envelope,
        flow: flow.clone(),
        target: SystemId::new("intacct"),
        is_deleted: false,
        deliveries: &[],
    };
    let coded = Coded {
        document: envelope.document.clone(),
        version: "none".to_owned(),
        crosswalk: Digest::default(),
        lineage: Vec::new(),
    };
    let mut changes = vec![Change::RecordEnvelope {
        flow,
        expected: None,
        envelope: Box::new(envelope.clone()),
    }];
    changes.extend(post(&waiting, coded, world.context.now(), None).unwrap());
    let set = Changeset {
        by: Actor::Operator("a test".to_owned()),
        why: "a copy of a document".to_owned(),
        at: world.context.now(),
        changes,
    };
    world.context.store.commit(set).await.unwrap();
}

/// Live records with that number, or that stamp for a journal, as the tenant's own books list them.
fn standing(world: &World, number: &str, stamp: &str) -> usize {
    let text = world.intacct.twin.lock().unwrap().documents_csv();
    let rows = text.lines();
    rows.filter(|row| row.split(',').any(|cell| cell == number || cell == stamp))
        .count()
}

async fn case(world: &mut World, envelope: Envelope, moment: Mishap, next: Next) {
    let number = envelope.number.clone();
    let document = envelope.id();
    open(world, envelope).await;
    let mut is_first = true;
    *world.intacct.mischief.lock().unwrap() = Box::new(move |_, is_write, _| {
        if is_write && std::mem::take(&mut is_first) {
            moment
        } else {
            Mishap::None
        }
    });
    tieout_pipeline::deliver::pass(&world.context)
        .await
        .unwrap();
    match next {
        Next::SameWorker => {}
        Next::OtherWorker => world.hand_over("worker-2"),
        Next::Restart => {
            world.restart().await;
            world.send_to_intacct();
        }
    }
    world.drain().await;
    let deliveries = world.context.store.deliveries_of(document).await.unwrap();
    let states: Vec<&str> = deliveries
        .iter()
        .map(|d| d.delivery.state.word().word())
        .collect();
    assert_eq!(states, ["posted"], "{number} {moment:?} {next:?}");
    let stamp = deliveries[0].delivery.marks.stamp.as_str().to_owned();
    let found = standing(world, &number, &stamp);
    assert_eq!(found, 1, "{number} {moment:?} {next:?}");
}

#[tokio::test]
async fn every_write_to_intacct_has_one_net_effect_whatever_is_unknown_about_it() {
    let mut cases = 0;
    for (kind, number) in KINDS {
        let mut world = World::open(folder("golden"), 78).await;
        if kind == DocumentKind::SupplierCredit {
            let now = world.time.now_ms();
            let mut twin = world.intacct.twin.lock().unwrap();
            twin.enter_document(now, &typed("ap_credit", number))
                .unwrap();
        }
        let system = &world.context.systems[&SystemId::new("intacct")];
        let source = system.source.clone().unwrap();
        let sample = sample(&*source, kind, number).await;
        world.send_to_intacct();
        for moment in MOMENTS {
            for next in NEXTS {
                cases += 1;
                let envelope = copy(&sample, &format!("COPY-{}-{cases}", kind.word().len()));
                case(&mut world, envelope, moment, next).await;
            }
        }
    }
    println!("{cases} cases with Intacct as the target");
    assert_eq!(cases, KINDS.len() * MOMENTS.len() * NEXTS.len());
}
