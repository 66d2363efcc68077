//! People change their minds: edits, deletions, closed periods.

use serde_json::json;

use crate::company::folder;
use crate::world::World;

pub(crate) async fn carried(seed: u64) -> World {
    let world = World::open(folder("golden"), seed).await;
    world.drain().await;
    world
}

pub(crate) fn net_of(world: &World, account: &str, company: &str, snapshot: &str) -> String {
    let text = world.fusion_trial_balance();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let found: Vec<String> = rows
        .iter()
        .filter(|row| &row[0] == snapshot && &row[3] == company && &row[5] == account)
        .map(|row| row[8].to_owned())
        .collect();
    found.join(" ")
}

#[tokio::test]
async fn a_bill_entered_by_a_person_arrives() {
    let world = carried(21).await;
    let before = net_of(&world, "20000", "200", "P01-2027");
    let bill = json!({
        "type": "ap_bill", "document_id": "BILL-NEW-1", "entity_id": "E200", "currency": "USD",
        "document_date": "2027-01-15", "gl_date": "2027-01-15", "due_date": "2027-02-14",
        "party_id": "VE-01", "description": "R&D <\"quoted\"> 'é' 🙂",
        "lines": [
            {"account": "6100", "txn_debit": "12.34", "department": "D100"},
            {"account": "2000", "txn_credit": "12.34"},
        ],
    });
    let now = world.time.now_ms();
    world
        .intacct
        .twin
        .lock()
        .unwrap()
        .enter_document(now, &bill)
        .unwrap();
    world.drain().await;
    assert_eq!(before, "-6173.33");
    assert_eq!(net_of(&world, "20000", "200", "P01-2027"), "-6185.67");
}

#[tokio::test]
async fn a_deleted_bill_is_taken_back() {
    let world = carried(22).await;
    let now = world.time.now_ms();
    world
        .intacct
        .twin
        .lock()
        .unwrap()
        .delete_document(now, "BILL-E200-5")
        .unwrap();
    world.time.advance(10_800_000);
    world.drain().await;
    assert_eq!(net_of(&world, "20000", "200", "P01-2027"), "-3733.33");
}

#[tokio::test]
async fn an_edited_bill_is_taken_back_and_posted_anew() {
    let world = carried(23).await;
    let now = world.time.now_ms();
    let change = json!({"lines": [
        {"account": "6100", "txn_debit": "1000.00", "department": "D100"},
        {"account": "2000", "txn_credit": "1000.00"},
    ]});
    world
        .intacct
        .twin
        .lock()
        .unwrap()
        .edit_document(now, "BILL-E200-5", &change)
        .unwrap();
    world.drain().await;
    assert_eq!(net_of(&world, "20000", "200", "P01-2027"), "-4733.33");
}
