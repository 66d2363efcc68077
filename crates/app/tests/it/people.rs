//! People decide about documents that stopped; every decision is audited with name and reason.

use serde_json::{Value, json};

use crate::program::{Twin, golden};

fn decide(twin: &Twin, arguments: &[&str]) -> crate::program::Ended {
    let mut all = vec!["document"];
    all.extend(arguments);
    all.extend(["--operator", "carla.controller"]);
    twin.tieout(&all)
}

fn state(twin: &Twin, number: &str) -> String {
    let shown = twin.document(number);
    shown["document"]["state"].as_str().unwrap().to_owned()
}

/// True if the log names the words, as canonical bytes.
fn is_audited(twin: &Twin, words: &str) -> bool {
    let hex: String = words.bytes().map(|byte| format!("{byte:02x}")).collect();
    let log = twin.tieout(&["audit", "export"]).expect(0).out;
    log.lines().any(|line| line.contains(&hex))
}

#[test]
fn a_refused_document_is_settled_by_hand_and_the_books_still_name_it() {
    let twin = Twin::start(&golden());
    twin.drain().expect(0);
    let closed = json!({"system": "fusion", "period": "P01-2027", "status": "closed"});
    twin.post("periods", &closed);
    twin.post("documents", &twin.bill("HAND-1", "77.00"));
    twin.drain().expect(1);
    assert_eq!(state(&twin, "HAND-1"), "rejected");

    decide(&twin, &["resolve", "HAND-1", "--reason", "no how"]).expect(2);
    decide(
        &twin,
        &["resolve", "HAND-1", "--never-sent", "--reason", " "],
    )
    .expect(2)
    .says(&["P0021"]);
    let why = "paid from the parent's books";
    decide(
        &twin,
        &[
            "resolve",
            "HAND-1",
            "--posted-as",
            "MAN-77",
            "--reason",
            why,
        ],
    )
    .expect(0);
    let row = twin.documents(Some("resolved"));
    assert_eq!(row.len(), 1);
    let reason = row[0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("MAN-77") && reason.contains(why),
        "{reason}"
    );
    assert!(is_audited(&twin, why) && is_audited(&twin, "carla.controller"));
    decide(&twin, &["retry", "HAND-1", "--reason", "again"])
        .expect(2)
        .says(&["P0021", "resolved"]);
    twin.drain().expect(0);
    assert!(!twin.get("fusion/documents.csv").contains("HAND-1"));
    let json = twin
        .tieout(&["reconcile", "--period", "P01-2027", "--json"])
        .expect(1)
        .json();
    let named = json["breaks"].as_array().unwrap().iter();
    let named = named
        .filter(|b| b["document"] == "HAND-1")
        .collect::<Vec<_>>();
    assert_eq!(named.len(), 1, "{json}");
    assert!(
        named[0]["expected"]
            .as_str()
            .unwrap()
            .contains("settled by hand")
    );
    twin.tieout(&["audit", "verify"]).expect(0);
    changed_afterwards(&twin);
}

/// A document that changes after it was settled by hand is nobody's to send, but it must not be forgotten.
fn changed_afterwards(twin: &Twin) {
    let edit = json!({"lines": [{"account": "6100", "txn_debit": "78.00", "department": "D100"}]});
    twin.post("documents/HAND-1/edit", &edit);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    twin.drain().expect(1);
    let shown = twin.document("HAND-1");
    assert_eq!(shown["holds"][0]["code"], "P0212", "{shown}");
    let again = [
        "resolve",
        "HAND-1",
        "--never-sent",
        "--reason",
        "changed there too",
    ];
    decide(twin, &again).expect(0);
    twin.drain().expect(0);
    assert_eq!(state(twin, "HAND-1"), "resolved");
    twin.tieout(&["audit", "verify"]).expect(0);
}

#[test]
fn an_uncertain_document_shows_why_how_long_and_what_next_and_may_be_settled_by_hand() {
    let twin = Twin::start(&golden());
    twin.drain().expect(0);
    twin.faults(json!([
        {"system": "fusion", "operation": "POST invoices", "fault": "lose_answer"},
        {"system": "fusion", "operation": "GET invoices", "fault": {"status": 503}},
    ]));
    for number in ["MAYBE-1", "MAYBE-2"] {
        twin.post("documents", &twin.bill(number, "9.00"));
    }
    twin.configure(|config| {
        config["worker"]["circuit_pause_first_ms"] = toml::Value::Integer(80_000);
        config["fusion"]["in_flight_max"] = toml::Value::Integer(1);
    });
    twin.drain().expect(3).says(&["P0306"]);
    let rows = twin.documents(Some("uncertain"));
    assert_eq!(rows.len(), 2, "{rows:?}");
    for row in &rows {
        for name in ["reason", "since", "next_at", "next_step"] {
            assert!(row[name].as_str().is_some_and(|t| !t.is_empty()), "{row}");
        }
    }
    let why = "the target's accountant showed it to me";
    let how = [
        "resolve",
        "MAYBE-1",
        "--posted-as",
        "MAYBE-1",
        "--reason",
        why,
    ];
    decide(&twin, &how).expect(0);
    twin.delete("faults");
    twin.drain().expect(0);
    assert_eq!(state(&twin, "MAYBE-1"), "resolved");
    assert_eq!(state(&twin, "MAYBE-2"), "accounted");
    let books = twin.get("fusion/documents.csv");
    for number in ["MAYBE-1", "MAYBE-2"] {
        let there = books.lines().filter(|line| line.contains(number)).count();
        assert_eq!(there, 1, "{number}");
    }
    assert!(twin.documents(Some("uncertain")).is_empty());
    let shown: Value = twin.document("MAYBE-1");
    let words = shown["deliveries"][0]["state_words"].as_str().unwrap();
    assert!(words.contains(why), "{words}");
}
