//! The clean company ties in every snapshot; defects made in the target's books are found with exactly the differences listed elsewhere.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tieout_engine::reconcile::{BreakStatus, Reconciliation};
use tieout_pipeline::reconcile::pass;
use tieout_pipeline::reconcile::question::{Terms, Wanted, questions};

use crate::company::folder;
use crate::world::World;

pub(crate) async fn reconciled(world: &World) -> Vec<Reconciliation> {
    let terms = Terms {
        company: world.company_id.clone(),
        natural_account: 2,
        balancing: 0,
        retained_earnings_account: "3100".into(),
        in_flight_window_ms: 86_400_000,
        excluded_sources: BTreeSet::new(),
    };
    let wanted = Wanted {
        period: "all".into(),
        entity: None,
    };
    let mut results = Vec::new();
    for question in questions(&world.context, &terms, &wanted).unwrap() {
        results.push(pass(&world.context, &question).await.unwrap());
    }
    results
}

/// Asserts that nothing differs and no evidence is missing.
pub(crate) fn check_tied(results: &[Reconciliation]) {
    for result in results {
        assert!(
            result.gaps.is_empty(),
            "{}: {:#?}",
            result.entity,
            &result.gaps
        );
        assert!(
            result.breaks.is_empty(),
            "{}: {:#?}",
            result.entity,
            &result.breaks
        );
        for line in &result.completeness {
            assert!(line.is_complete(), "{}: {line:#?}", result.entity);
        }
    }
}

async fn carried() -> World {
    let world = World::open(folder("golden"), 5).await;
    world.drain().await;
    world
}

#[tokio::test]
async fn the_clean_company_ties_in_every_snapshot_on_both_sides() {
    let world = carried().await;
    let results = reconciled(&world).await;
    check_tied(&results);
    assert_eq!(results.len(), 5);
    assert!(results.iter().all(|result| result.snapshots.len() == 4));
}

fn scenario(id: &str) -> Value {
    let text = std::fs::read_to_string(folder("golden/breaks/scenarios.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let found = all["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["id"] == id);
    found.unwrap().clone()
}

/// (snapshot, segments, source, target, difference)
type Difference = (String, String, String, String, String);

fn expected_differences(scenario: &Value) -> BTreeSet<Difference> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let one = |row: &Value| {
        let names = [
            "company",
            "cost_center",
            "account",
            "product",
            "intercompany",
        ];
        let segments: Vec<String> = names.iter().map(|name| text(row, name)).collect();
        let snapshot = text(row, "snapshot").split('@').next().unwrap().to_owned();
        let amounts = ["source", "target", "difference"].map(|name| plain(&text(row, name)));
        let [source, target, difference] = amounts;
        (snapshot, segments.join("-"), source, target, difference)
    };
    scenario["tb_differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect()
}

fn plain(amount: &str) -> String {
    let amount: tieout_model::Amount = amount.parse().unwrap();
    let text = amount.to_string();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn shown_differences(results: &[Reconciliation], snapshots: &[&str]) -> BTreeSet<Difference> {
    let mut out = BTreeSet::new();
    for result in results {
        for snapshot in result
            .snapshots
            .iter()
            .filter(|s| snapshots.contains(&&*s.label))
        {
            for key in snapshot.keys.iter().filter(|key| !key.difference.is_zero()) {
                let segments: Vec<&str> = key.key.segments().iter().map(|s| s.as_str()).collect();
                let amounts = [key.source, key.target, key.difference];
                let [source, target, difference] = amounts.map(|a| plain(&a.to_string()));
                out.insert((
                    snapshot.label.to_string(),
                    segments.join("-"),
                    source,
                    target,
                    difference,
                ));
            }
        }
    }
    out
}

/// Makes the defect in the target's books, reconciles, and compares with the scenario.
async fn check(id: &str, defect: impl FnOnce(&World)) {
    let scenario = scenario(id);
    let world = carried().await;
    defect(&world);
    let results = reconciled(&world).await;
    let breaks: Vec<_> = results.iter().flat_map(|result| &result.breaks).collect();
    assert_eq!(breaks.len(), 1, "{breaks:#?}");
    assert_eq!(
        breaks[0].class.word(),
        scenario["expected_class"].as_str().unwrap()
    );
    assert_eq!(breaks[0].status, BreakStatus::TrueBreak);
    assert_eq!(breaks[0].number, scenario["document"].as_str().unwrap());
    let shown = shown_differences(&results, &["P12-2026", "P01-2027"]);
    assert_eq!(shown, expected_differences(&scenario));
    assert!(
        results.iter().all(|result| result.gaps.is_empty()),
        "{:#?}",
        results[0].gaps
    );
}

#[tokio::test]
async fn a_bill_missing_in_the_target_is_found() {
    check("B01", |world| {
        world
            .fusion
            .twin
            .lock()
            .unwrap()
            .delete_document("BILL-E300-1")
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_bill_posted_twice_is_found() {
    check("B02", |world| {
        world
            .fusion
            .twin
            .lock()
            .unwrap()
            .duplicate_document("BILL-E400-1")
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn transposed_digits_are_found() {
    check("B03", |world| {
        let stamp = world.journal_stamp("INV-E200-1");
        let mut twin = world.fusion.twin.lock().unwrap();
        twin.edit_document(&stamp, &json!({"amount": "9060.00"}))
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_moved_accounting_date_is_found() {
    check("B04", |world| {
        let stamp = world.journal_stamp("JE-DEP-E300-12");
        let mut twin = world.fusion.twin.lock().unwrap();
        twin.edit_document(&stamp, &json!({"accounting_date": "2027-01-01"}))
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn another_exchange_rate_is_found() {
    check("B06", |world| {
        let mut twin = world.fusion.twin.lock().unwrap();
        twin.edit_document("BILL-E300-2", &json!({"rate": "0.9200000000"}))
            .unwrap();
    })
    .await;
}
