//! Yesterday's backup against today's tenants: nothing is posted twice, and the gap is named.

use serde_json::json;
use tieout_engine::Actor;
use tieout_pipeline::{deliver, extract, translate};
use tieout_store::{DatabaseUrl, ExecutionMode, LeaseRequest, Store};

use crate::company::folder;
use crate::golden::check_balances;
use crate::people::{carried, net_of};
use crate::world::{Mishap, World};

async fn open(folder: &tempfile::TempDir) -> Store {
    let url = DatabaseUrl::file(folder.path().join("tieout.db"));
    Store::open(&url, ExecutionMode::Inline).await.unwrap()
}

/// A backup of the world's database as it is now.
async fn backup(world: &World) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copy = open(&folder).await;
    world.context.store.copy_to(&copy).await.unwrap();
    folder
}

/// Puts the backup in place of the world's database, and starts a worker on it.
async fn restore(world: &mut World, backup: &tempfile::TempDir) {
    world.time.advance(60_000);
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    open(backup).await.copy_to(&store).await.unwrap();
    let by = Actor::Operator("ann".to_owned());
    store.mark_restored(by, world.context.now()).await.unwrap();
    world.database = folder;
    world.restart().await;
}

/// Carries on, and expects that the lost time was found again: at least so many postings that this database never sent.
async fn carry_on(world: &World, found_min: u64) {
    world.drain().await;
    let store = &world.context.store;
    let restored = store.restored().await.unwrap().unwrap();
    assert!(restored.through.is_some(), "every source was read again");
    assert!(restored.from <= restored.at);
    let found = store.found_again(&restored).await.unwrap();
    assert!(found >= found_min, "only {found} postings were found again");
    store.verify_audit(None).await.unwrap();
}

/// What was posted is counted by the target, whatever our records say.
fn rows_of(world: &World) -> usize {
    world
        .fusion
        .twin
        .lock()
        .unwrap()
        .documents_csv()
        .lines()
        .count()
}

/// The golden company carried whole after `prepare`, whose end is what the backup knows; then the backup comes back.
async fn golden(seed: u64, found_min: u64, prepare: impl AsyncFn(&World)) -> World {
    let mut world = World::open(folder("golden"), seed).await;
    prepare(&world).await;
    let yesterday = backup(&world).await;
    world.drain().await;
    check_balances(&world);
    let rows = rows_of(&world);
    restore(&mut world, &yesterday).await;
    carry_on(&world, found_min).await;
    check_balances(&world);
    assert_eq!(rows_of(&world), rows, "something was posted twice");
    world
}

async fn captured(world: &World) {
    while !matches!(
        extract::pass(&world.context).await.unwrap(),
        tieout_pipeline::Progress::Idle { .. }
    ) {}
}

async fn translated(world: &World) {
    captured(world).await;
    while !matches!(
        translate::pass(&world.context).await.unwrap(),
        tieout_pipeline::Progress::Idle { .. }
    ) {}
}

#[tokio::test]
async fn a_backup_made_before_anything_was_done() {
    golden(31, 20, async |_: &World| {}).await;
}

#[tokio::test]
async fn a_backup_of_captured_documents() {
    golden(32, 20, captured).await;
}

#[tokio::test]
async fn a_backup_of_queued_deliveries() {
    golden(33, 20, translated).await;
}

#[tokio::test]
async fn a_backup_of_leased_deliveries() {
    let lease = async |world: &World| {
        translated(world).await;
        let want = LeaseRequest {
            worker: "worker-0".into(),
            now: world.context.now(),
            lease_ms: 10_000,
            kind: None,
            target: None,
            limit: 7,
        };
        assert_eq!(world.context.store.lease(&want).await.unwrap().len(), 7);
    };
    golden(34, 20, lease).await;
}

#[tokio::test]
async fn a_backup_of_uncertain_deliveries() {
    let lose = async |world: &World| {
        translated(world).await;
        *world.fusion.mischief.lock().unwrap() = Box::new(|_, is_write, _| {
            if is_write {
                Mishap::LoseAnswer
            } else {
                Mishap::None
            }
        });
        deliver::pass(&world.context).await.unwrap();
        *world.fusion.mischief.lock().unwrap() = Box::new(|_, _, _| Mishap::None);
    };
    golden(35, 20, lose).await;
}

#[tokio::test]
async fn a_backup_of_submitted_and_posted_deliveries() {
    let begin = async |world: &World| {
        translated(world).await;
        deliver::pass(&world.context).await.unwrap();
    };
    golden(36, 0, begin).await;
}

#[tokio::test]
async fn a_backup_restored_twice() {
    let mut world = golden(37, 20, captured).await;
    let again = backup(&world).await;
    let rows = rows_of(&world);
    restore(&mut world, &again).await;
    carry_on(&world, 0).await;
    check_balances(&world);
    assert_eq!(rows_of(&world), rows);
}

fn bill(id: &str, amount: &str) -> serde_json::Value {
    json!({
        "type": "ap_bill", "document_id": id, "entity_id": "E200", "currency": "USD",
        "document_date": "2027-01-15", "gl_date": "2027-01-15", "due_date": "2027-02-14",
        "party_id": "VE-01", "description": "paper",
        "lines": [
            {"account": "6100", "txn_debit": amount, "department": "D100"},
            {"account": "2000", "txn_credit": amount},
        ],
    })
}

#[tokio::test]
async fn a_bill_of_the_lost_time_and_one_entered_after_it() {
    let mut world = carried(38).await;
    let yesterday = backup(&world).await;
    let enter = |world: &World, id: &str| {
        let now = world.time.now_ms();
        let mut twin = world.intacct.twin.lock().unwrap();
        twin.enter_document(now, &bill(id, "12.34")).unwrap();
    };
    enter(&world, "BILL-LOST-1");
    world.drain().await;
    restore(&mut world, &yesterday).await;
    enter(&world, "BILL-NEW-1");
    carry_on(&world, 1).await;
    assert_eq!(net_of(&world, "20000", "200", "P01-2027"), "-6198.01");
}

#[tokio::test]
async fn a_bill_deleted_in_the_lost_time() {
    let mut world = carried(39).await;
    let yesterday = backup(&world).await;
    let now = world.time.now_ms();
    let deleted = world
        .intacct
        .twin
        .lock()
        .unwrap()
        .delete_document(now, "BILL-E200-5");
    deleted.unwrap();
    world.time.advance(10_800_000);
    world.drain().await;
    assert_eq!(net_of(&world, "20000", "200", "P01-2027"), "-3733.33");
    restore(&mut world, &yesterday).await;
    carry_on(&world, 1).await;
    assert_eq!(net_of(&world, "20000", "200", "P01-2027"), "-3733.33");
}

#[tokio::test]
async fn a_bill_edited_in_the_lost_time() {
    let mut world = carried(40).await;
    let yesterday = backup(&world).await;
    let now = world.time.now_ms();
    let change = json!({"lines": [
        {"account": "6100", "txn_debit": "1000.00", "department": "D100"},
        {"account": "2000", "txn_credit": "1000.00"},
    ]});
    let edited = world
        .intacct
        .twin
        .lock()
        .unwrap()
        .edit_document(now, "BILL-E200-5", &change);
    edited.unwrap();
    world.drain().await;
    assert_eq!(net_of(&world, "20000", "200", "P01-2027"), "-4733.33");
    restore(&mut world, &yesterday).await;
    carry_on(&world, 2).await;
    assert_eq!(net_of(&world, "20000", "200", "P01-2027"), "-4733.33");
}
