//! The golden company arrives, ties to the cent with figures computed elsewhere, and does so the same way every time.

use std::collections::BTreeMap;

use tieout_model::{Amount, Coding, LineFact, canonical};
use tieout_store::DocumentFilter;

use crate::company::{Row, folder, table};
use crate::world::World;

/// Expected trial balance of the target by snapshot (its label up to the `@`) and key.
fn expected_balances(folder: &std::path::Path) -> BTreeMap<Vec<String>, String> {
    let mut out = BTreeMap::new();
    for row in table(folder, "expected/tb_fusion.csv") {
        let snapshot = row["snapshot"].split('@').next().unwrap().to_owned();
        let key = [
            "ledger",
            "currency",
            "company",
            "cost_center",
            "account",
            "product",
            "intercompany",
        ];
        let mut key: Vec<String> = key.iter().map(|name| row[*name].clone()).collect();
        key.insert(0, snapshot);
        out.insert(key, row["balance"].clone());
    }
    out
}

fn shown_balances(csv_text: &str) -> BTreeMap<Vec<String>, String> {
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    reader
        .records()
        .map(|record| {
            let cells: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
            let (balance, key) = cells.split_last().unwrap();
            (key.to_vec(), balance.clone())
        })
        .collect()
}

/// Compares only snapshots that are expected: the twin also shows adjusting variants that nobody computed.
pub(crate) fn check_balances(world: &World) {
    let expected = expected_balances(&world.folder);
    let snapshots: std::collections::BTreeSet<&String> =
        expected.keys().map(|key| &key[0]).collect();
    let shown: BTreeMap<Vec<String>, String> = shown_balances(&world.fusion_trial_balance())
        .into_iter()
        .filter(|(key, _)| snapshots.contains(&key[0]))
        .collect();
    let missing: Vec<_> = expected
        .iter()
        .filter(|(k, v)| shown.get(*k) != Some(v))
        .collect();
    let extra: Vec<_> = shown
        .iter()
        .filter(|(k, v)| expected.get(*k) != Some(v))
        .collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:#?}\nextra {extra:#?}"
    );
}

/// Every line as it was sent, beside `expected/fusion_lines.csv`: (document, version, ledger, period, date, segments, amounts).
async fn check_lines(world: &World) {
    let mut expected: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for row in table(&world.folder, "expected/fusion_lines.csv") {
        expected
            .entry(row["document_id"].clone())
            .or_default()
            .push(expected_line(&row));
    }
    let mut sent: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let filter = DocumentFilter {
        limit: 1_000_000,
        ..DocumentFilter::default()
    };
    for row in world.context.store.documents(&filter).await.unwrap() {
        let detail = world
            .context
            .store
            .document(&row.id.to_string())
            .await
            .unwrap()
            .unwrap();
        for stored in detail.deliveries {
            let document = canonical::decode_document(&stored.payload).unwrap();
            let placement = document.placement().unwrap().clone();
            for line in document.lines().unwrap() {
                let mut cells = vec![
                    stored.delivery.crosswalk_version.clone(),
                    placement.ledger.clone(),
                    placement.period.clone(),
                    document.accounting_date().unwrap().to_string(),
                ];
                cells.extend(sent_line(&line));
                sent.entry(row.number.clone()).or_default().push(cells);
            }
        }
    }
    sent.retain(|number, _| !number.starts_with("OPENING-"));
    for lines in expected.values_mut().chain(sent.values_mut()) {
        lines.sort();
    }
    for (number, lines) in &expected {
        assert_eq!(sent.get(number), Some(lines), "{number}");
    }
    assert_eq!(expected.len(), sent.len());
}

fn expected_line(row: &Row) -> Vec<String> {
    let names = [
        "crosswalk_version",
        "ledger",
        "period",
        "accounting_date",
        "company",
        "cost_center",
        "account",
        "product",
        "intercompany",
        "accounted_debit",
        "accounted_credit",
        "attribute1_project",
        "attribute2_customer",
        "attribute3_vendor",
        "attribute4_region",
    ];
    let cell = |name: &&str| {
        let text = row[*name].clone();
        if name.starts_with("accounted") {
            plain(text.parse().unwrap())
        } else {
            text
        }
    };
    names.iter().map(cell).collect()
}

/// An amount as a decimal without regard to trailing zeros (the source trims them); blank for zero.
fn plain(amount: Amount) -> String {
    let text = amount.to_string();
    let short = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text.contains('.') { short } else { &text };
    if amount.is_zero() {
        String::new()
    } else {
        text.to_owned()
    }
}

fn sent_line(line: &LineFact) -> Vec<String> {
    let Coding::Segmented(combination) = &line.coding else {
        panic!("not translated")
    };
    let mut cells: Vec<String> = combination
        .segments
        .iter()
        .map(|value| value.as_str().to_owned())
        .collect();
    let amount = if line.currency.is_statistical() {
        line.amount
    } else {
        line.functional
    };
    let (debit, credit) = if amount.is_negative() {
        (Amount::ZERO, amount.negated())
    } else {
        (amount, Amount::ZERO)
    };
    cells.extend([plain(debit), plain(credit)]);
    for name in ["attribute1", "attribute2", "attribute3", "attribute4"] {
        cells.push(
            combination
                .attributes
                .get(name)
                .cloned()
                .unwrap_or_default(),
        );
    }
    cells
}

async fn carried(seed: u64) -> World {
    let world = World::open(folder("golden"), seed).await;
    world.drain().await;
    world
}

#[tokio::test]
async fn every_snapshot_of_the_target_equals_the_expected_trial_balance() {
    check_balances(&carried(1).await);
}

#[tokio::test]
async fn every_line_has_the_expected_segments_version_period_and_amounts() {
    check_lines(&carried(1).await).await;
}

#[tokio::test]
async fn one_seed_is_one_world_to_the_byte() {
    let (one, two) = (carried(42).await, carried(42).await);
    let heads = (
        one.context.store.audit_head().await.unwrap(),
        two.context.store.audit_head().await.unwrap(),
    );
    assert_eq!(heads.0, heads.1);
    assert_eq!(one.fusion_trial_balance(), two.fusion_trial_balance());
    assert_eq!(
        one.fusion.twin.lock().unwrap().documents_csv(),
        two.fusion.twin.lock().unwrap().documents_csv()
    );
}

#[tokio::test]
async fn running_again_changes_nothing() {
    let mut world = carried(3).await;
    let documents = world.fusion.twin.lock().unwrap().documents_csv();
    for _ in 0..2 {
        world.restart().await;
        world.drain().await;
    }
    assert_eq!(world.fusion.twin.lock().unwrap().documents_csv(), documents);
    check_balances(&world);
}

#[tokio::test]
async fn the_audit_log_explains_every_row() {
    let world = carried(4).await;
    let verified = world.context.store.verify_audit(None).await.unwrap();
    assert!(verified.entries > 0);
}
