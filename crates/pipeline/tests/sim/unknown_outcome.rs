//! Whatever is unknown about a write, its document has one net effect: twelve documents, five moments, three next steps.
//!
//! The twelve are what travels today. Suppliers, customers and attachments are not written yet, so they are not among them; a customer's
//! invoice or receipt travels as the posting that the source's ledger made of it.

use serde_json::{Value, json};

use crate::company::folder;
use crate::world::{Mishap, World};

const MOMENTS: [Mishap; 5] = [
    Mishap::NotSent,
    Mishap::LoseRequest,
    Mishap::LoseAnswer,
    Mishap::Truncate,
    Mishap::FailAfterwards,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    SameWorker,
    OtherWorker,
    Restart,
}

const WRITES: [&str; 12] = [
    "ap_bill",
    "ap_credit",
    "gl_journal",
    "gl_statistical",
    "gl_adjusting",
    "opening",
    "ar_invoice",
    "ar_receipt",
    "ap_payment",
    "reversal",
    "void",
    "correction",
];

/// The document as a person types it; debit and credit accounts, or a quantity.
fn typed(kind: &str, number: &str) -> Value {
    let (kind, debit, credit, party) = match kind {
        "ap_bill" | "void" | "correction" => ("ap_bill", "6100", "2000", "VE-01"),
        "ap_credit" => ("ap_credit", "2000", "6100", "VE-01"),
        "ar_invoice" => ("ar_invoice", "1200", "4010", "CU-01"),
        "ar_receipt" => ("ar_receipt", "1010", "1200", "CU-01"),
        "ap_payment" => ("ap_payment", "2000", "1010", "VE-01"),
        "opening" => ("opening", "1010", "3000", ""),
        "gl_adjusting" => ("gl_adjusting", "6300", "2100", ""),
        "gl_statistical" => ("gl_statistical", "9200", "", ""),
        _ => ("gl_journal", "6300", "2100", ""),
    };
    let day = if kind == "gl_adjusting" {
        "2026-12-31"
    } else {
        "2027-01-20"
    };
    let mut lines = vec![json!({"account": debit, "txn_debit": "12.34", "department": "D100"})];
    if !credit.is_empty() {
        lines.push(json!({"account": credit, "txn_credit": "12.34"}));
    }
    json!({
        "type": kind, "document_id": number, "entity_id": "E200", "currency": "USD", "document_date": day, "gl_date": day,
        "party_id": party, "description": "a case", "lines": lines,
    })
}

/// Postings less reversals of a document in the target, and how many stamps stand there twice.
fn standing(world: &World, number: &str) -> (i64, usize) {
    let text = world.fusion.twin.lock().unwrap().documents_csv();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut stamps = Vec::new();
    for row in reader.records().map(Result::unwrap) {
        let is_ours = row[1] == *number
            || row[1].starts_with(&format!("{number}/"))
            || row[1].split(' ').nth(1) == Some(number);
        if is_ours {
            stamps.push(row[2].to_owned());
        }
    }
    let delivery = |stamp: &String| -> u32 {
        let parts: Vec<&str> = stamp.split('-').collect();
        parts.get(2).map_or(0, |n| n.parse().unwrap())
    };
    let net = stamps
        .iter()
        .map(|s| if delivery(s) % 2 == 0 { 1 } else { -1 });
    let net = net.sum();
    let count = stamps.len();
    stamps.sort();
    stamps.dedup();
    (net, count - stamps.len())
}

/// One case in a world that goes on: prepares, lets the first write go wrong, takes the next step, and looks.
async fn case(world: &mut World, write: &str, moment: Mishap, next: Next, number: &str) {
    let now = world.time.now_ms();
    let entered = world
        .intacct
        .twin
        .lock()
        .unwrap()
        .enter_document(now, &typed(write, number));
    entered.unwrap_or_else(|why| panic!("{write}: {why}"));
    let mut looked_for = number.to_owned();
    if matches!(write, "reversal" | "void" | "correction") {
        world.drain().await;
        looked_for = change(world, write, number);
    }
    let mut is_first = true;
    *world.fusion.mischief.lock().unwrap() = Box::new(move |_, is_write, _| {
        if is_write && std::mem::take(&mut is_first) {
            moment
        } else {
            Mishap::None
        }
    });
    // The stages once, then the next step, then everything to the end.
    tieout_pipeline::extract::pass(&world.context)
        .await
        .unwrap();
    while let tieout_pipeline::Progress::Worked(_) =
        tieout_pipeline::translate::pass(&world.context)
            .await
            .unwrap()
    {}
    tieout_pipeline::deliver::pass(&world.context)
        .await
        .unwrap();
    match next {
        Next::SameWorker => {}
        Next::OtherWorker => world.hand_over("worker-2"),
        Next::Restart => world.restart().await,
    }
    world.drain().await;
    let found = standing(world, &looked_for);
    assert_eq!(found, (1, 0), "{write} {moment:?} {next:?} {looked_for}");
}

/// What a person does to a document that was carried already; the number of the document that is sent then.
fn change(world: &World, write: &str, number: &str) -> String {
    let now = world.time.now_ms();
    let mut twin = world.intacct.twin.lock().unwrap();
    if write == "correction" {
        let lines = json!({"lines": [
            {"account": "6100", "txn_debit": "99.00", "department": "D100"},
            {"account": "2000", "txn_credit": "99.00"},
        ]});
        twin.edit_document(now, number, &lines).unwrap();
        return number.to_owned();
    }
    let made = twin.reverse_document(now, number, &json!({"gl_date": "2027-01-25"}));
    made.unwrap()["document_id"].as_str().unwrap().to_owned()
}

async fn all_moments(write: &str) {
    let mut world = World::open(folder("golden"), 77).await;
    world.drain().await;
    let mut cases = 0;
    for moment in MOMENTS {
        for next in [Next::SameWorker, Next::OtherWorker, Next::Restart] {
            cases += 1;
            let number = format!("CASE-{}-{cases}", write.to_uppercase().replace('_', ""));
            case(&mut world, write, moment, next, &number).await;
        }
    }
    assert_eq!(cases, 15);
}

#[tokio::test]
async fn every_write_has_one_net_effect_whatever_is_unknown_about_it() {
    for write in WRITES {
        all_moments(write).await;
    }
}
