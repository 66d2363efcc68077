//! The Intacct twin's ledger against the golden company's expected figures.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tieout_twins::company::CompanyFolder;
use tieout_twins::intacct::{IntacctOptions, IntacctTwin};

/// The golden company of the repository.
pub(crate) fn golden() -> CompanyFolder {
    CompanyFolder::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden"))
}

type Balances = BTreeMap<(String, String, String), String>;

fn expected(folder: &CompanyFolder) -> Balances {
    let mut cents: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    let mut places = BTreeMap::new();
    let mut table = folder.table("expected/tb_entity.csv").unwrap();
    while let Some(row) = table.next_row().unwrap() {
        let label = row
            .get("snapshot")
            .unwrap()
            .split('@')
            .next()
            .unwrap()
            .to_owned();
        let key = (
            label,
            row.get("entity_id").unwrap().to_owned(),
            row.get("account").unwrap().to_owned(),
        );
        let text = row.get("balance_base").unwrap();
        places.insert(
            key.clone(),
            text.split_once('.').map_or(0, |(_, f)| f.len()),
        );
        *cents.entry(key).or_default() += text.replace('.', "").parse::<i64>().unwrap();
    }
    let print = |units: i64, places: usize| {
        let digits = format!("{:0>width$}", units.abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let dot = if places > 0 { "." } else { "" };
        format!("{}{whole}{dot}{fraction}", if units < 0 { "-" } else { "" })
    };
    let keep = cents.into_iter().filter(|(_, units)| *units != 0);
    keep.map(|(k, units)| (k.clone(), print(units, places[&k])))
        .collect()
}

pub(crate) fn balances(csv: &str) -> Balances {
    let mut found = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let key = (
            cells[0].to_owned(),
            cells[1].to_owned(),
            cells[2].to_owned(),
        );
        assert!(
            found.insert(key, cells[4].to_owned()).is_none(),
            "twice: {line}"
        );
    }
    found
}

#[test]
fn golden_trial_balance_equals_every_expected_snapshot() {
    let folder = golden();
    let twin = IntacctTwin::open(&folder, IntacctOptions::default()).unwrap();
    let mut wanted = expected(&folder);
    wanted.retain(|_, balance| balance.trim_start_matches('-') != "0");
    let found = balances(&twin.trial_balance_csv());
    assert!(wanted.len() > 200);
    assert_eq!(found, wanted);
}

#[test]
fn documents_list_names_every_loaded_document() {
    let twin = IntacctTwin::open(&golden(), IntacctOptions::default()).unwrap();
    let csv = twin.documents_csv();
    for wanted in [
        "APBILL,BILL-E200-1,,E200,2026-12-03,USD,2400,Partially Paid,2026-12-03T09:00:00Z",
        "APBILL,BILL-E100-1,,E100,2026-12-23,USD,1111,Reversed,2026-12-23T09:00:00Z",
        "ARINVOICE,CINV-C002-2,,E300,2026-12-20,EUR,30000,Posted,2026-12-20T09:00:00Z",
        "GLBATCH,JE-ADJ-E200-1,,E200,2026-12-31,USD,5000,Posted,2027-01-20T15:00:00Z",
    ] {
        assert!(csv.lines().any(|l| l == wanted), "{wanted}\n{csv}");
    }
}
