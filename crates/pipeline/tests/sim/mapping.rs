//! The mapping on its way through the whole program: versions by date, rules kept with every delivery, balances moved at the cut, and the
//! same bytes whatever the order of work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tieout_engine::crosswalk::trial::{Simulation, TrialDocument, carried, migration_draft};
use tieout_engine::crosswalk::{Attribute, Crosswalk, VersionFile};
use tieout_engine::{Change, DeliveryRole, DeliveryState, lineage};
use tieout_model::{AccountingDate, EntityId, JournalEntry, SystemId, canonical};
use tieout_pipeline::balances::{self, BalanceJournal};
use tieout_pipeline::{Context, translate};
use tieout_store::RecordedDocument;

use crate::company::folder;
use crate::reconciliation::{check_tied, reconciled};
use crate::world::World;

fn cut() -> AccountingDate {
    "2027-01-01".parse().unwrap()
}

async fn recorded(world: &World) -> Vec<RecordedDocument> {
    let mut all = Vec::new();
    for entity in &world.entities {
        let mut take = |row| all.push(row);
        world
            .context
            .store
            .recorded_of(entity, &mut take)
            .await
            .unwrap();
    }
    all
}

fn file(name: &str) -> VersionFile {
    let path = folder("golden").join(format!("crosswalk/{name}.json"));
    VersionFile::parse(&std::fs::read(path).unwrap()).unwrap()
}

/// Every posting by document number: version, payload, rules.
async fn postings(world: &World) -> BTreeMap<String, (String, Vec<u8>, Option<Vec<u8>>)> {
    let mut found = BTreeMap::new();
    for row in recorded(world).await {
        for stored in row.deliveries {
            let delivery = &stored.delivery;
            if delivery.role == DeliveryRole::Posting {
                let rules = world.context.store.lineage(delivery.id).await.unwrap();
                let key = format!("{} {}", row.envelope.origin, delivery.id.number);
                found.insert(
                    key,
                    (delivery.crosswalk_version.clone(), stored.payload, rules),
                );
            }
        }
    }
    found
}

#[tokio::test]
async fn the_accounting_date_decides_the_version_and_every_line_keeps_its_rules() {
    // The clock of this world stands in February 2027: version 2 has been effective for weeks.
    let world = World::open(folder("golden"), 11).await;
    world.drain().await;
    let rows = recorded(&world).await;
    let mut versions = BTreeSet::new();
    for row in &rows {
        let date = row.envelope.document.accounting_date().unwrap();
        let is_reversal = !row.envelope.document.reverses().is_empty();
        for stored in row
            .deliveries
            .iter()
            .filter(|d| d.delivery.role == DeliveryRole::Posting)
        {
            let delivery = &stored.delivery;
            if !is_reversal {
                let wanted = if date < cut() { "v1" } else { "v2" };
                assert_eq!(delivery.crosswalk_version, wanted, "{}", delivery.number);
            }
            versions.insert(delivery.crosswalk_version.clone());
            let body = world
                .context
                .store
                .lineage(delivery.id)
                .await
                .unwrap()
                .unwrap();
            let by_line = lineage::decode(&body).unwrap();
            let sent = canonical::decode_document(&stored.payload).unwrap();
            let lines = sent.lines().unwrap();
            assert_eq!(by_line.len(), lines.len(), "{}", delivery.number);
            for line in lines {
                let segments = &line.coding.combination().unwrap().segments;
                assert_eq!(by_line[&line.number].len(), segments.len());
            }
        }
    }
    assert_eq!(versions.len(), 2);
    let late = rows
        .iter()
        .find(|row| row.envelope.number.contains("BILL-E200-4"));
    let late = late.expect("the back-dated bill was not captured");
    assert_eq!(late.deliveries[0].delivery.crosswalk_version, "v1");
    world.context.store.verify_audit(None).await.unwrap();
}

/// A second worker on the same store and systems.
fn second(first: &Context) -> Context {
    Context {
        store: first.store.clone(),
        systems: first.systems.clone(),
        crosswalk: first.crosswalk.clone(),
        streams: first.streams.clone(),
        policy: first.policy.clone(),
        bounds: first.bounds.clone(),
        ambient: first.ambient.clone(),
        waiter: first.waiter.clone(),
        worker: "worker-2".into(),
        calls: first.calls.clone(),
        tally: first.tally.clone(),
        circuits: tieout_pipeline::Circuits::default(),
    }
}

#[tokio::test]
async fn order_of_work_and_number_of_workers_decide_no_byte() {
    let plain = World::open(folder("golden"), 3).await;
    plain.drain().await;
    let wanted = postings(&plain).await;
    for (translate_len, page_len) in [(1, 2_000), (7, 3), (500, 11)] {
        let mut world = World::open(folder("golden"), 4).await;
        world.context.bounds.translate_len_max = translate_len;
        world.context.bounds.page_len_max = page_len;
        let other = second(&world.context);
        for round in 0..40 {
            let _ = tieout_pipeline::extract::pass(&world.context)
                .await
                .unwrap();
            let worker = if round % 2 == 0 {
                &other
            } else {
                &world.context
            };
            let _ = translate::pass(worker).await.unwrap();
        }
        world.drain().await;
        assert_eq!(postings(&world).await, wanted, "{translate_len} {page_len}");
    }
}

#[tokio::test]
async fn no_line_of_a_held_document_is_posted() {
    let mut world = World::open(folder("golden"), 6).await;
    let reference = world.context.crosswalk.reference().clone();
    let mut open_end = file("v1");
    open_end.effective_to = None;
    // Version 1 knows no item IT-PREM: whatever carries it must stay away altogether.
    world.context.crosswalk = Arc::new(Crosswalk::for_trial(vec![open_end], reference).unwrap());
    world.drain().await;
    let held: Vec<String> = recorded(&world)
        .await
        .into_iter()
        .filter(|row| row.is_held)
        .map(|row| {
            assert!(row.deliveries.is_empty(), "{}", row.envelope.number);
            row.envelope.number
        })
        .collect();
    assert!(!held.is_empty());
    let there = world.fusion.twin.lock().unwrap().documents_csv();
    for number in held {
        assert!(
            !there.contains(&format!("{number},")),
            "{number} is in the target:\n{there}"
        );
    }
}

/// The golden company after everything travelled, with the journals committed that move what version 2 codes otherwise.
async fn moved_at_the_cut() -> World {
    let mut world = World::open(folder("golden"), 8).await;
    let reference = world.context.crosswalk.reference().clone();
    let mut later = file("v2");
    // From version 2 on, prepaid expenses share the account of bank balances.
    let table = later.lookups.get_mut(&Attribute::Account).unwrap();
    let bank = table["1010"].clone();
    let moved = table.insert("1200".into(), bank).unwrap();
    let versions = vec![file("v1"), later];
    world.context.crosswalk = Arc::new(Crosswalk::for_trial(versions, reference.clone()).unwrap());
    world.drain().await;
    let journals = journals(&world, &reference).await;
    assert!(!journals.is_empty(), "nothing to move from {moved}");
    let now = world.context.now();
    for journal in journals {
        commit(&world, balances::changes(journal, now).unwrap()).await;
    }
    world
}

async fn commit(world: &World, changes: Vec<Change>) {
    let done = world.context.commit("balances", changes).await.unwrap();
    assert!(done.is_some(), "somebody else moved them");
}

/// The journals of our own, with their deliveries.
async fn own(world: &World) -> Vec<RecordedDocument> {
    let all = recorded(world).await.into_iter();
    let is_own =
        |row: &RecordedDocument| row.envelope.origin.system.as_str() == balances::OWN_SYSTEM;
    all.filter(is_own).collect()
}

#[tokio::test]
async fn balances_moved_at_the_cut_tie_out() {
    let world = moved_at_the_cut().await;
    world.drain().await;
    for row in own(&world).await {
        let state = &row.deliveries[0].delivery.state;
        assert!(matches!(state, DeliveryState::Posted(_)), "{state:?}");
    }
    check_tied(&reconciled(&world).await);
    world.context.store.verify_audit(None).await.unwrap();
}

#[tokio::test]
async fn a_journal_of_our_own_that_was_refused_goes_when_it_is_retried() {
    let world = moved_at_the_cut().await;
    let periods = |world: &World, status| {
        let mut twin = world.fusion.twin.lock().unwrap();
        twin.set_period(None, None, "P01-2027", status).unwrap();
    };
    periods(&world, "C");
    world.drain().await;
    let refused = own(&world).await;
    for row in &refused {
        let state = &row.deliveries[0].delivery.state;
        assert!(matches!(state, DeliveryState::Rejected(_)), "{state:?}");
    }
    periods(&world, "O");
    let release = |row: &RecordedDocument| Change::Release {
        document: row.envelope.id(),
    };
    commit(&world, refused.iter().map(release).collect()).await;
    world.drain().await;
    for row in own(&world).await {
        let state = &row.deliveries[0].delivery.state;
        assert!(
            !row.is_held && matches!(state, DeliveryState::Posted(_)),
            "{state:?}"
        );
        assert_eq!(row.deliveries.len(), 1);
    }
    check_tied(&reconciled(&world).await);
}

async fn journals(
    world: &World,
    reference: &tieout_engine::crosswalk::Reference,
) -> Vec<BalanceJournal> {
    let crosswalk = world.context.crosswalk.clone();
    let mut simulation = Simulation::new(&crosswalk, &crosswalk, "v2").unwrap();
    for row in recorded(world).await {
        let document = &row.envelope.document;
        let date = document.accounting_date().unwrap();
        let sent = row.deliveries.last();
        if date >= cut() {
            continue;
        }
        let source = document.lines().unwrap();
        let sent = sent.map(|d| {
            canonical::decode_document(&d.payload)
                .unwrap()
                .lines()
                .unwrap()
        });
        simulation
            .add(&TrialDocument {
                number: &row.envelope.number,
                kind: document.kind(),
                entity: document.entity().unwrap().as_str(),
                currency: document.functional_currency().unwrap(),
                date,
                source: &source,
                recorded: sent.as_deref(),
            })
            .unwrap();
    }
    let all = carried(&simulation);
    let mut found = Vec::new();
    for entity in world.entities.iter().map(EntityId::as_str) {
        let draft =
            migration_draft(entity, &all, "v2", cut(), &BTreeMap::new(), reference).unwrap();
        let Some(draft) = draft else { continue };
        found.push(BalanceJournal {
            version: "v2".into(),
            restates: None,
            crosswalk: crosswalk.digest(),
            number: 1,
            target: SystemId::new("fusion"),
            entry: JournalEntry::try_new(draft).unwrap(),
        });
    }
    found
}
