//! The golden company, untouched: everything ties, and both trial balances are those of the expected file.

use std::collections::BTreeMap;

use tieout_engine::reconcile::{KeyResult, digest, reconcile};
use tieout_model::{Amount, Code};

use crate::golden::{SEGMENTS, SNAPSHOTS, amount, company, rows};

const ALL: [&str; 4] = ["P11-2026", "P12-2026", "ADJ-2026", "P01-2027"];

fn trial_balance(entity: &str, golden_snapshot: &str) -> BTreeMap<Vec<Code>, Amount> {
    let entities = rows("master/entities.csv");
    let row = entities.iter().find(|r| r["entity_id"] == entity).unwrap();
    rows("expected/tb_fusion.csv")
        .into_iter()
        .filter(|r| {
            r["company"] == row["fusion_balancing_segment"] && r["snapshot"] == golden_snapshot
        })
        .map(|r| {
            let segments = SEGMENTS.map(|name| Code::new(&r[name])).to_vec();
            (segments, amount(&r["balance"]))
        })
        .filter(|(_, balance)| !balance.is_zero())
        .collect()
}

#[test]
fn every_entity_ties_in_every_snapshot_to_the_expected_trial_balance() {
    for entity in ["E100", "E200", "E300", "E400", "E500"] {
        let company = company(entity, &ALL);
        let result = reconcile(&company.request, &company.evidence).unwrap();
        assert_eq!(result.gaps, [], "{entity}");
        assert_eq!(result.breaks, [], "{entity}");
        assert!(result.is_tied_out());
        assert_eq!(result.snapshots.len(), 4);
        for (snapshot, (period, label, golden)) in result.snapshots.iter().zip(SNAPSHOTS) {
            assert_eq!(
                (snapshot.period.as_str(), &*snapshot.label),
                (period, label)
            );
            let side = |pick: fn(&KeyResult) -> Amount| {
                let keys = snapshot.keys.iter();
                let pairs = keys.map(|key| (key.key.segments().to_vec(), pick(key)));
                pairs.collect::<BTreeMap<_, _>>()
            };
            let expected = trial_balance(entity, golden);
            assert!(!expected.is_empty());
            assert_eq!(snapshot.keys_total, expected.len());
            assert_eq!(side(|key| key.source), expected, "{entity} {label} source");
            assert_eq!(side(|key| key.target), expected, "{entity} {label} target");
            assert_eq!(snapshot.source_debit_balance, snapshot.target_debit_balance);
            assert_eq!(snapshot.source_total_debit, snapshot.target_total_debit);
        }
        assert!(result.completeness.iter().all(|row| row.is_complete()));
    }
}

#[test]
fn quantities_are_kept_apart_and_carry_over_the_year_end() {
    for row in rows("expected/statistical.csv") {
        let company = company(&row["entity_id"], &ALL);
        let result = reconcile(&company.request, &company.evidence).unwrap();
        let (_, label, _) = SNAPSHOTS
            .into_iter()
            .find(|s| s.2 == row["snapshot"])
            .unwrap();
        let snapshot = result
            .snapshots
            .iter()
            .find(|s| &*s.label == label)
            .unwrap();
        let account = format!("{}0", row["account"]);
        let held: Vec<Amount> = snapshot
            .quantities
            .iter()
            .filter(|q| q.key.segments()[2].as_str() == account)
            .map(|q| q.target)
            .collect();
        assert_eq!(
            Amount::sum(held).unwrap(),
            amount(&row["quantity_since_2026_12_01"])
        );
        let is_money = |key: &KeyResult| !key.key.currency.is_statistical();
        assert!(snapshot.keys.iter().all(is_money));
    }
}

#[test]
fn a_second_run_on_the_same_evidence_proves_the_same_result() {
    let (one, two) = (company("E300", &ALL), company("E300", &ALL));
    let run = |c: &crate::golden::Company| digest(&reconcile(&c.request, &c.evidence).unwrap());
    assert_eq!(run(&one), run(&two));
    let fewer = company("E300", &["P12-2026"]);
    assert_ne!(run(&one), run(&fewer));
}
