//! Flows that travel at times of the day, on virtual time; and flows that are given more to carry later.

use serde_json::json;
use tieout_engine::Cadence;
use tieout_model::{DocumentKind, EntityId, SystemId};
use tieout_pipeline::{Carrier, Flow, streams};

use crate::company::folder;
use crate::people::net_of;
use crate::world::World;

fn carry(world: &mut World, cadence: (&str, &str), kinds: &[DocumentKind], entities: &[&str]) {
    let is_wanted = |e: &&EntityId| entities.is_empty() || entities.contains(&e.as_str());
    let flows = kinds.iter().map(|kind| Flow {
        kind: *kind,
        carrier: Carrier::Native,
        entities: world.entities.iter().filter(is_wanted).cloned().collect(),
        source: SystemId::new("intacct"),
        target: SystemId::new("fusion"),
        cadence: Cadence::parse(cadence.0, cadence.1).unwrap(),
    });
    world.context.streams = streams(&flows.collect::<Vec<_>>()).unwrap();
}

const ALL: [DocumentKind; 3] = [
    DocumentKind::SupplierInvoice,
    DocumentKind::SupplierCredit,
    DocumentKind::JournalEntry,
];

fn enter_bill(world: &World, number: &str) {
    let bill = json!({
        "type": "ap_bill", "document_id": number, "entity_id": "E200", "currency": "USD",
        "document_date": "2027-01-15", "gl_date": "2027-01-15", "due_date": "2027-02-14",
        "party_id": "VE-01", "description": "late",
        "lines": [
            {"account": "6100", "txn_debit": "12.34", "department": "D100"},
            {"account": "2000", "txn_credit": "12.34"},
        ],
    });
    let now = world.time.now_ms();
    let mut twin = world.intacct.twin.lock().unwrap();
    twin.enter_document(now, &bill).unwrap();
}

/// Payables of E200 at the end of January, with the first or with both late bills.
const WITHOUT: &str = "-6173.33";
const WITH_ONE: &str = "-6185.67";
const WITH_TWO: &str = "-6198.01";

fn payables(world: &World) -> String {
    net_of(world, "20000", "200", "P01-2027")
}

fn move_to(world: &World, instant: &str) {
    let at: jiff::Timestamp = instant.parse().unwrap();
    world
        .time
        .advance(at.as_millisecond() - world.time.now_ms());
}

#[tokio::test]
async fn a_flow_at_six_in_new_york_waits_for_six_in_new_york() {
    let mut world = World::open(folder("golden"), 61).await;
    let at_six = ("0 18 * * *", "America/New_York");
    carry(&mut world, at_six, &ALL, &[]);
    // Never read before: the books catch up at once.
    world.drain().await;
    assert_eq!(payables(&world), WITHOUT);
    enter_bill(&world, "BILL-NEW-1");
    world.drain().await;
    assert_eq!(payables(&world), WITHOUT);
    move_to(&world, "2027-02-10T22:59:00Z");
    world.drain().await;
    assert_eq!(payables(&world), WITHOUT, "a minute before six");
    move_to(&world, "2027-02-10T23:00:00Z");
    world.drain().await;
    assert_eq!(payables(&world), WITH_ONE, "at six");

    // The time passes while the program is down: it is made up for at the next start.
    enter_bill(&world, "BILL-NEW-2");
    world.drain().await;
    assert_eq!(payables(&world), WITH_ONE);
    move_to(&world, "2027-02-12T09:00:00Z");
    world.restart().await;
    carry(&mut world, at_six, &ALL, &[]);
    world.drain().await;
    assert_eq!(payables(&world), WITH_TWO);
    // And once only: nothing is asked of the source until the next six o'clock.
    let calls = *world.intacct.count.lock().unwrap();
    world.drain().await;
    assert_eq!(*world.intacct.count.lock().unwrap(), calls);
}

#[tokio::test]
async fn flows_of_different_cadence_keep_their_own_places() {
    let mut world = World::open(folder("golden"), 63).await;
    let mut slow = Vec::new();
    carry(&mut world, ("hourly", "UTC"), &ALL[..1], &[]);
    slow.append(&mut world.context.streams);
    carry(&mut world, ("real_time", "UTC"), &ALL[1..], &[]);
    world.context.streams.append(&mut slow);
    world.drain().await;
    assert_eq!(payables(&world), WITHOUT);
    enter_bill(&world, "BILL-NEW-1");
    world.drain().await;
    assert_eq!(payables(&world), WITHOUT, "bills wait for the hour");
    world.time.advance(3_600_000);
    world.drain().await;
    assert_eq!(payables(&world), WITH_ONE);
}

#[tokio::test]
async fn an_entity_that_joins_a_flow_later_brings_its_earlier_documents() {
    let mut whole = World::open(folder("golden"), 64).await;
    carry(&mut whole, ("real_time", "UTC"), &ALL, &[]);
    whole.drain().await;

    let mut world = World::open(folder("golden"), 64).await;
    carry(&mut world, ("real_time", "UTC"), &ALL, &["E100"]);
    world.drain().await;
    assert_ne!(world.fusion_trial_balance(), whole.fusion_trial_balance());
    carry(&mut world, ("real_time", "UTC"), &ALL, &[]);
    world.drain().await;
    assert_eq!(world.fusion_trial_balance(), whole.fusion_trial_balance());

    // Nothing is read again once it was.
    let calls = *world.fusion.count.lock().unwrap();
    world.drain().await;
    assert_eq!(*world.fusion.count.lock().unwrap(), calls);
}
