//! Fourteen ways an import of journals ends, and what must come of each: every document once, or open with a reason that a person can act on.
//!
//! Three journals of one entity, in three periods, travel in one file. Periods decide which rows are refused; the rest befalls the import on
//! the tenant (the control port's `imports`). After a stop a person does what the reason says.

use serde_json::json;
use tieout_engine::{
    Actor, Change, Changeset, DeliveryEvent, DeliveryPolicy, DeliveryState, settle,
};
use tieout_pipeline::{Progress, deliver, extract, translate};
use tieout_store::StoredDelivery;
use tieout_twins::fusion::{FusionOptions, ImportTrouble};

use crate::company::folder;
use crate::reconciliation::reconciled;
use crate::world::{Mishap, World};

/// Number and date: first, middle and last rows of the file.
const JOURNALS: [(&str, &str, &str); 3] = [
    ("FILE-1", "2026-11-20", "P11-2026"),
    ("FILE-2", "2026-12-20", "P12-2026"),
    ("FILE-3", "2027-01-20", "P01-2027"),
];
const NUMBERS: [&str; 3] = [JOURNALS[0].0, JOURNALS[1].0, JOURNALS[2].0];

/// The cases of the plan.
const CASES: [&str; 14] = [
    "all rows refused",
    "first row refused",
    "last row refused",
    "header refused",
    "none selected",
    "same load twice",
    "two jobs for one file",
    "warning",
    "purge failed",
    "rows left in the interface",
    "zip cut",
    "call-back twice or never",
    "job cancelled",
    "job done after our time-out",
];

/// The company carried, and three journals typed.
async fn prepared(options: FusionOptions) -> World {
    let world = World::open_with(folder("golden"), 91, options).await;
    world.drain().await;
    for (number, date, _) in JOURNALS {
        let journal = json!({
            "type": "gl_journal", "document_id": number, "entity_id": "E200", "currency": "USD",
            "document_date": date, "gl_date": date, "description": "a case",
            "lines": [
                {"account": "6300", "txn_debit": "12.34", "department": "D100"},
                {"account": "2100", "txn_credit": "12.34"},
            ],
        });
        let now = world.time.now_ms();
        let mut twin = world.intacct.twin.lock().unwrap();
        twin.enter_document(now, &journal).unwrap();
    }
    world
}

/// Closes or opens the periods of these journals in the target.
fn set_periods(world: &World, numbers: &[&str], status: &str) {
    let mut twin = world.fusion.twin.lock().unwrap();
    for (_, _, period) in JOURNALS
        .iter()
        .filter(|(number, ..)| numbers.contains(number))
    {
        twin.set_period(None, Some("GL"), period, status).unwrap();
    }
}

fn trouble(world: &World, trouble: ImportTrouble) {
    world
        .fusion
        .twin
        .lock()
        .unwrap()
        .trouble_imports(trouble, 1);
}

fn interface_rows(world: &World) -> usize {
    world.fusion.twin.lock().unwrap().interface_rows()
}

/// How many journals stand in the target for that number.
fn standing(world: &World, number: &str) -> usize {
    let text = world.fusion.twin.lock().unwrap().documents_csv();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.filter(|row| row[1].split([' ', '/']).any(|part| part == number))
        .count()
}

async fn delivery(world: &World, number: &str) -> StoredDelivery {
    let found = world.context.store.document(number).await.unwrap().unwrap();
    found.deliveries.into_iter().next_back().unwrap()
}

async fn state(world: &World, number: &str) -> DeliveryState {
    delivery(world, number).await.delivery.state
}

/// All three stand exactly once, and are known to.
async fn check_once(world: &World) {
    for number in NUMBERS {
        let state = state(world, number).await;
        assert!(
            matches!(state, DeliveryState::Posted(_)),
            "{number}: {state:?}"
        );
        assert_eq!(standing(world, number), 1, "{number}");
    }
    world.context.store.verify_audit(None).await.unwrap();
}

/// These are refused with a reason that says `words`, nothing of them stands there, and the others are posted.
async fn check_refused(world: &World, refused: &[&str], words: &str) {
    for number in NUMBERS {
        let state = state(world, number).await;
        if !refused.contains(&number) {
            assert!(
                matches!(state, DeliveryState::Posted(_)),
                "{number}: {state:?}"
            );
            continue;
        }
        let DeliveryState::Rejected(rejection) = state else {
            panic!("{number}: {state:?}");
        };
        let said = format!("{} {}", rejection.code, rejection.message);
        assert!(said.contains(words), "{number}: {said}");
        assert!(!rejection.remedy.is_empty(), "{number}");
        assert_eq!(standing(world, number), 0, "{number}");
    }
}

/// A person's decision, as the commands record it.
async fn decide(world: &World, change: Change) {
    let set = Changeset {
        by: Actor::Operator("ann".to_owned()),
        why: "a case".to_owned(),
        at: world.context.now(),
        changes: vec![change],
    };
    world.context.store.commit(set).await.unwrap();
}

/// `tieout document retry` of each.
async fn retry(world: &World, numbers: &[&str]) {
    for number in numbers {
        let document = world.context.store.document(number).await.unwrap().unwrap();
        decide(
            world,
            Change::Release {
                document: document.row.id,
            },
        )
        .await;
    }
    world.drain().await;
}

/// `tieout document release` of each.
async fn release(world: &World, numbers: &[&str]) {
    for number in numbers {
        let delivery = delivery(world, number).await.delivery;
        let (event, policy) = (DeliveryEvent::Released, DeliveryPolicy::default());
        let change = settle(&delivery, event, world.context.moment(), &policy).unwrap();
        decide(world, change).await;
    }
    world.drain().await;
}

/// Periods of `refused` are closed: their rows are refused; opened again and sent again, everything stands once.
async fn rows_refused(refused: &[&str]) {
    let world = prepared(FusionOptions::default()).await;
    set_periods(&world, refused, "C");
    world.drain().await;
    check_refused(&world, refused, "EP0").await;
    assert_eq!(
        interface_rows(&world),
        2 * refused.len(),
        "rejected rows stay"
    );
    set_periods(&world, refused, "O");
    retry(&world, refused).await;
    check_once(&world).await;
}

/// The load ends in error: nothing was done, and a person sends it again.
async fn load_refused(case: ImportTrouble) {
    let world = prepared(FusionOptions::default()).await;
    trouble(&world, case);
    world.drain().await;
    check_refused(&world, &NUMBERS, "file was discarded").await;
    assert_eq!(interface_rows(&world), 0);
    retry(&world, &NUMBERS).await;
    check_once(&world).await;
}

/// The import says this or that, but the rows decide: nobody has to do anything.
async fn settles_by_itself(case: ImportTrouble, is_separate: bool) {
    let world = prepared(FusionOptions {
        separate_import_request: is_separate,
        ..FusionOptions::default()
    })
    .await;
    trouble(&world, case);
    world.drain().await;
    check_once(&world).await;
}

/// The file arrives twice, and the tenant takes both: never counted as posted, and a person can end it.
async fn same_load_twice() {
    let world = prepared(FusionOptions::default()).await;
    let mut is_first = true;
    *world.fusion.mischief.lock().unwrap() = Box::new(move |_, is_write, _| {
        if is_write && std::mem::take(&mut is_first) {
            Mishap::Twice
        } else {
            Mishap::None
        }
    });
    world.drain().await;
    for number in NUMBERS {
        assert_eq!(standing(&world, number), 2, "{number}");
        let DeliveryState::Parked(why) = state(&world, number).await else {
            panic!("{number} was taken for posted");
        };
        assert!(why.contains("2 documents with this stamp"), "{why}");
        let mut twin = world.fusion.twin.lock().unwrap();
        let stamp = delivery_stamp(&twin.documents_csv(), number);
        twin.delete_document(&stamp).unwrap();
    }
    release(&world, &NUMBERS).await;
    check_once(&world).await;
}

fn delivery_stamp(text: &str, number: &str) -> String {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row = reader
        .records()
        .map(Result::unwrap)
        .find(|row| row[1].split([' ', '/']).any(|part| part == number));
    row.unwrap()[2].to_owned()
}

/// Rows of a refused file stay in the interface. The next file does not pick them up; if a person imports everything there is, the double is
/// named by the reconciliation.
async fn rows_left_in_the_interface() {
    let world = prepared(FusionOptions::default()).await;
    set_periods(&world, &NUMBERS, "C");
    world.drain().await;
    check_refused(&world, &NUMBERS, "EP0").await;
    assert_eq!(interface_rows(&world), 6);
    set_periods(&world, &NUMBERS, "O");
    retry(&world, &NUMBERS).await;
    check_once(&world).await;
    assert_eq!(interface_rows(&world), 6, "rows of the first file");
    world.fusion.twin.lock().unwrap().import_everything();
    let results = reconciled(&world).await;
    let open = results.iter().flat_map(|result| &result.breaks);
    let doubled: Vec<String> = open
        .map(|found| format!("{found:?}"))
        .filter(|found| found.contains("Duplicate"))
        .collect();
    for number in NUMBERS {
        assert!(
            doubled.iter().any(|found| found.contains(number)),
            "{number}: {doubled:#?}"
        );
    }
}

/// No call-back is asked for, so none can be missed or come twice: the outcome is asked for. Looking again, by two workers, changes nothing.
async fn call_back() {
    let world = prepared(FusionOptions {
        job_ms: 60_000,
        ..FusionOptions::default()
    })
    .await;
    let bodies = world.fusion.bodies("POST erpintegrations");
    assert!(!bodies.is_empty());
    for body in bodies {
        assert!(body.contains("\"CallbackURL\":\"#NULL\""), "{body}");
    }
    for worker in ["worker-1", "worker-2", "worker-1"] {
        let mut context = tieout_pipeline::Context {
            store: world.context.store.clone(),
            systems: world.context.systems.clone(),
            crosswalk: world.context.crosswalk.clone(),
            streams: world.context.streams.clone(),
            policy: world.context.policy.clone(),
            bounds: world.context.bounds.clone(),
            ambient: world.context.ambient.clone(),
            waiter: world.context.waiter.clone(),
            worker: worker.to_owned(),
            calls: world.context.calls.clone(),
            tally: world.context.tally.clone(),
            circuits: tieout_pipeline::Circuits::default(),
        };
        context.bounds.lease_len_max = 100;
        extract::pass(&context).await.unwrap();
        while let Progress::Worked(_) = translate::pass(&context).await.unwrap() {}
        deliver::pass(&context).await.unwrap();
    }
    world.drain().await;
    check_once(&world).await;
}

/// The import runs for ten days. It is asked about until a person is told; when it is done after all, the person's release finds it.
async fn done_after_our_time_out() {
    let ten_days_ms = 864_000_000;
    let options = FusionOptions {
        job_ms: 0,
        ..FusionOptions::default()
    };
    let mut world = prepared(options).await;
    // Fewer questions than the default: each takes as long.
    world.context.policy.polls_max = 20;
    world.fusion.twin.lock().unwrap().slow_jobs(ten_days_ms);
    world.drain().await;
    for number in NUMBERS {
        let DeliveryState::Parked(why) = state(&world, number).await else {
            panic!("{number}: {:?}", state(&world, number).await);
        };
        assert!(why.contains("without an end"), "{why}");
        assert_eq!(standing(&world, number), 0);
    }
    world.time.advance(3 * ten_days_ms);
    release(&world, &NUMBERS).await;
    check_once(&world).await;
}

async fn case(name: &str) {
    let [first, .., last] = NUMBERS;
    match name {
        "all rows refused" => rows_refused(&NUMBERS).await,
        "first row refused" => rows_refused(&[first]).await,
        "last row refused" => rows_refused(&[last]).await,
        "header refused" => load_refused(ImportTrouble::LoadRefused).await,
        "none selected" => settles_by_itself(ImportTrouble::SelectNone, false).await,
        "same load twice" => same_load_twice().await,
        "two jobs for one file" => settles_by_itself(ImportTrouble::ImportTwice, false).await,
        "warning" => settles_by_itself(ImportTrouble::Warning, false).await,
        "purge failed" => settles_by_itself(ImportTrouble::PurgeFailed, false).await,
        "rows left in the interface" => rows_left_in_the_interface().await,
        "zip cut" => load_refused(ImportTrouble::CutZip).await,
        "call-back twice or never" => call_back().await,
        "job cancelled" => {
            settles_by_itself(ImportTrouble::Cancelled, false).await;
            settles_by_itself(ImportTrouble::Cancelled, true).await;
        }
        "job done after our time-out" => done_after_our_time_out().await,
        other => panic!("{other} has no case"),
    }
}

async fn cases(from: usize, to: usize) {
    for name in &CASES[from..to] {
        case(name).await;
        println!("{name}: every document once, or open with its reason");
    }
    println!("{} of {} cases", to - from, CASES.len());
}

#[tokio::test]
async fn every_end_of_an_import_is_told_apart_1() {
    cases(0, 5).await;
}

#[tokio::test]
async fn every_end_of_an_import_is_told_apart_2() {
    cases(5, 10).await;
}

#[tokio::test]
async fn every_end_of_an_import_is_told_apart_3() {
    cases(10, 14).await;
}
