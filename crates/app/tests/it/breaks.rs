//! A difference is traced to its document, its lines, its mapping, and to who must act.

use serde_json::{Value, json};

use crate::judge::rows;
use crate::program::{Twin, golden};

fn reconcile(twin: &Twin, code: i32) -> Value {
    let asked = ["reconcile", "--period", "all", "--json"];
    twin.tieout(&asked).expect(code).json()
}

fn listed(twin: &Twin, code: i32) -> Vec<Value> {
    let found = twin.tieout(&["break", "list", "--json"]).expect(code);
    found.json().as_array().unwrap().clone()
}

fn assert_traced(explained: &Value, told: &Value, number: &str) {
    // Its shares are those of its snapshot, to the cent.
    let shares = explained["differences"].as_array().unwrap();
    let all = told["differences"].as_array().unwrap().iter();
    let here: Vec<&Value> = all
        .filter(|d| d["snapshot"] == explained["snapshot"])
        .collect();
    assert_eq!(shares.len(), here.len());
    for (share, difference) in shares.iter().zip(here) {
        assert_eq!(share["balance"], difference["key"]);
        for name in ["source", "target", "difference"] {
            assert_eq!(share[name], difference[name]);
        }
    }
    let document = &explained["traced_document"];
    assert_eq!(document["document"]["number"], number);
    assert!(!document["lines"].as_array().unwrap().is_empty());
    assert!(!document["rules"].as_array().unwrap().is_empty());
    let delivery = &document["deliveries"][0];
    assert_eq!(delivery["stamp"], explained["stamp"]);
    assert!(
        delivery["crosswalk_version"]
            .as_str()
            .unwrap()
            .starts_with('v')
    );
}

/// Number of the journal of scenario B03, and the stamp under which the target has it.
fn changed_journal(twin: &Twin) -> (String, String) {
    let scenarios = std::fs::read_to_string(golden().join("breaks/scenarios.json")).unwrap();
    let scenarios: Value = serde_json::from_str(&scenarios).unwrap();
    let scenarios = scenarios["scenarios"].as_array().unwrap();
    let changed = scenarios.iter().find(|one| one["id"] == "B03").unwrap();
    let number = changed["document"].as_str().unwrap();
    let documents = rows(&twin.get("fusion/documents.csv"));
    let row = documents.iter().find(|row| row["number"].contains(number));
    (number.to_owned(), row.unwrap()["stamp"].clone())
}

#[test]
fn a_changed_journal_is_explained_down_to_its_lines_and_rules() {
    let twin = Twin::start(&golden());
    twin.tieout(&["break", "list"])
        .expect(0)
        .says(&["nothing was reconciled yet"]);
    twin.drain().expect(0);
    reconcile(&twin, 0);
    assert!(listed(&twin, 0).is_empty());
    twin.tieout(&["break", "explain", "1"])
        .expect(2)
        .says(&["P0024", "tieout break list"]);

    let (number, stamp) = changed_journal(&twin);
    let number = number.as_str();
    let edit = json!({"system": "fusion", "amount": "9060.00"});
    twin.post(&format!("documents/{stamp}/edit"), &edit);
    let told = reconcile(&twin, 1);
    let told = &told["breaks"][0];

    let found = listed(&twin, 1);
    let first = found[0]["number"].as_u64().unwrap().to_string();
    let explained = twin.tieout(&["break", "explain", &first, "--json"]);
    let explained = explained.expect(0).json();
    assert_eq!(explained["class"], told["class"]);
    assert_eq!(explained["expected"], told["expected"]);
    assert_eq!(explained["found"], told["found"]);
    assert_eq!(explained["next_step"], told["remedy"]);
    assert_eq!(explained["stamp"], stamp);
    assert_traced(&explained, told, number);

    // In words, by the document's number: once for every snapshot it shows in.
    let words = twin.tieout(&["break", "explain", number]).expect(0).out;
    for part in [
        "amount_differs",
        "share of this document",
        "crosswalk v",
        "next step",
        &stamp,
    ] {
        assert!(words.contains(part), "{part:?} is not in\n{words}");
    }
    let shown = twin.tieout(&["break", "show", number, "--json"]).expect(0);
    let shown = shown.json();
    let count = shown.as_array().map_or(1, Vec::len);
    assert_eq!(count, found.len());

    // Put right and reconciled again, it is history, and says so.
    let edit = json!({"system": "fusion", "amount": "9600.00"});
    twin.post(&format!("documents/{stamp}/edit"), &edit);
    reconcile(&twin, 0);
    let old = twin.tieout(&["break", "explain", &first, "--json"]);
    let old = old.expect(0).json();
    assert_eq!(old["is_latest"], false);
    let next = old["next_step"].as_str().unwrap();
    assert!(next.contains("a later reconciliation"), "{next}");
    twin.tieout(&["audit", "verify"]).expect(0);
}

#[test]
fn a_stranger_in_the_target_is_explained_without_a_document() {
    let twin = Twin::start(&golden());
    twin.drain().expect(0);
    let journal = json!({
        "system": "fusion", "kind": "gl_journal", "number": "TYPED-1", "stamp": "", "entity": "E200",
        "accounting_date": "2027-01-20", "currency": "USD",
        "lines": [
            {"segments": {"company": "200", "account": "62100"}, "debit": "5.00"},
            {"segments": {"company": "200", "account": "10100"}, "credit": "5.00"},
        ],
    });
    twin.post("documents", &journal);
    reconcile(&twin, 1);
    let found = listed(&twin, 1);
    let first = found[0]["number"].as_u64().unwrap().to_string();
    let explained = twin.tieout(&["break", "explain", &first, "--json"]);
    let explained = explained.expect(0).json();
    assert_eq!(explained["class"], "manual_entry_in_target");
    assert!(explained["traced_document"].is_null());
    let words = twin.tieout(&["break", "explain", &first]).expect(0).out;
    assert!(words.contains("in the target only"), "{words}");
    assert!(
        words.contains("the person who entered it explains it"),
        "{words}"
    );
}
