//! Defects that somebody makes in the target are found with exactly the differences that were computed elsewhere.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::judge::{milli, rows};
use crate::program::{Twin, golden};

/// Snapshot, segments, source, target and difference in thousandths.
type Difference = (String, String, i128, i128, i128);

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {value}"))
}

fn scenario(id: &str) -> Value {
    let all = std::fs::read_to_string(golden().join("breaks/scenarios.json")).unwrap();
    let all: Value = serde_json::from_str(&all).unwrap();
    let mut found = all["scenarios"].as_array().unwrap().iter();
    found.find(|one| one["id"] == id).unwrap().clone()
}

fn expected(scenario: &Value) -> BTreeSet<Difference> {
    let names = [
        "company",
        "cost_center",
        "account",
        "product",
        "intercompany",
    ];
    let one = |row: &Value| {
        let snapshot = text(row, "snapshot").split('@').next().unwrap();
        (
            snapshot.to_owned(),
            names.map(|name| text(row, name)).join("-"),
            milli(text(row, "source")),
            milli(text(row, "target")),
            milli(text(row, "difference")),
        )
    };
    let rows = scenario["tb_differences"].as_array().unwrap();
    rows.iter().map(one).collect()
}

fn shown(found: &Value) -> BTreeSet<Difference> {
    let one = |row: &Value| {
        let segments = row["segments"].as_array().unwrap();
        let segments: Vec<&str> = segments.iter().map(|s| s.as_str().unwrap()).collect();
        (
            text(row, "snapshot").to_owned(),
            segments.join("-"),
            milli(text(row, "source")),
            milli(text(row, "target")),
            milli(text(row, "difference")),
        )
    };
    let all = found["differences"].as_array().unwrap().iter().map(one);
    all.filter(|(snapshot, ..)| !snapshot.contains('+'))
        .collect()
}

/// The stamp under which the target shows the journal of a document.
fn stamp_of(twin: &Twin, number: &str) -> String {
    let rows = rows(&twin.get("fusion/documents.csv"));
    let row = rows.iter().find(|row| row["number"].contains(number));
    row.unwrap_or_else(|| panic!("{number}"))["stamp"].clone()
}

#[test]
fn each_defect_in_the_target_is_found_with_exactly_its_differences() {
    for id in ["B01", "B02", "B03", "B04", "B06"] {
        let twin = Twin::start(&golden());
        twin.drain().expect(0);
        let scenario = scenario(id);
        let number = text(&scenario, "document");
        let (call, body) = match id {
            "B01" => (format!("{number}/delete"), json!({})),
            "B02" => (format!("{number}/duplicate"), json!({})),
            "B03" => (
                format!("{}/edit", stamp_of(&twin, number)),
                json!({"amount": "9060.00"}),
            ),
            "B04" => (
                format!("{}/edit", stamp_of(&twin, number)),
                json!({"accounting_date": "2027-01-01"}),
            ),
            _ => (format!("{number}/edit"), json!({"rate": "0.9200000000"})),
        };
        let mut body = body;
        body["system"] = Value::from("fusion");
        twin.post(&format!("documents/{call}"), &body);
        let json = twin
            .tieout(&["reconcile", "--period", "all", "--json"])
            .expect(1)
            .json();
        let breaks = json["breaks"].as_array().unwrap();
        assert_eq!(breaks.len(), 1, "{id}: {breaks:#?}");
        assert_eq!(breaks[0]["class"], scenario["expected_class"], "{id}");
        assert_eq!(breaks[0]["status"], scenario["expected_status"], "{id}");
        assert_eq!(breaks[0]["document"], scenario["document"], "{id}");
        assert_eq!(shown(&breaks[0]), expected(&scenario), "{id}");
        let listed = twin.tieout(&["break", "list", "--json"]).expect(1).json();
        assert!(
            listed
                .as_array()
                .unwrap()
                .iter()
                .any(|row| row["document"] == scenario["document"])
        );
    }
}
