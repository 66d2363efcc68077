//! Changes out of turn: an emergency that cuts a version short inside the running period, and a reversal of lines whose value is gone.

use serde_json::{Value, json};

use crate::bad_input::{append, copy, replace};
use crate::crosswalk_life::Desk;
use crate::crosswalk_rules::{ROWS, refresh, sign_reference};
use crate::program::golden;

/// A day in the period that is running, on whatever day this runs, and the version in force on it.
struct Running {
    day: String,
    version: &'static str,
    /// A row of the calendar, if the golden company has no period of that day.
    period: Option<String>,
}

fn running() -> Running {
    let seconds = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let now = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
    let today = jiff::tz::Offset::UTC.to_datetime(now).date();
    // A version cannot be cut short on its own first day.
    let is_first_day = today.to_string() == "2027-01-01";
    let day = if is_first_day {
        today.tomorrow().unwrap()
    } else {
        today
    };
    let (first, last) = (day.first_of_month(), day.last_of_month());
    let golden = "2026-11-01"..="2027-01-31";
    let text = day.to_string();
    let period = (!golden.contains(&text.as_str())).then(|| {
        let (year, month) = (day.year(), day.month());
        format!("RUN,{year},{month},{first},{last},regular,Run-{month},,")
    });
    let version = if *text < *"2027-01-01" { "v1" } else { "v2" };
    Running {
        day: text,
        version,
        period,
    }
}

/// The golden company with a version in force whose end is written.
fn desk(running: &Running) -> Desk {
    Desk::of(copy(|folder| {
        if let Some(row) = &running.period {
            append(folder.join("master/periods.csv"), row);
        }
        replace(
            folder.join("crosswalk/v2.json"),
            "\"effective_to\": null",
            "\"effective_to\": \"2098-12-31\"",
        );
    }))
}

/// A copy of the version in force with another cost centre, from the running day on.
fn write(desk: &Desk, running: &Running, more: &[&str]) -> String {
    write_with(desk, running, &[("D400", "5500")], more)
}

fn write_with(desk: &Desk, running: &Running, rows: &[(&str, &str)], more: &[&str]) -> String {
    let out = desk.path("hot.json");
    let base = golden().join(format!("crosswalk/{}.json", running.version));
    let mut new = vec!["new", "--base", base.to_str().unwrap(), "--out", &out];
    new.extend(["--name", "hot", "--effective-from", &running.day]);
    new.extend(["--prepared-by", "pia"]);
    new.extend(more);
    desk.crosswalk(&new).expect(0);
    let text = std::fs::read_to_string(&out).unwrap();
    let mut version: Value = serde_json::from_str(&text).unwrap();
    for (department, cost_center) in rows {
        version["lookups"]["department"][*department] = json!(cost_center);
    }
    std::fs::write(&out, version.to_string()).unwrap();
    out
}

fn propose(desk: &Desk, file: &str, more: &[&str]) -> crate::program::Ended {
    let propose = ["propose", file, "--operator", "pia", "--reason", "wrong"];
    desk.crosswalk(&[&propose[..], &["--ticket", "INC-1"], more].concat())
}

/// Through the hands of three persons; the last step is left to the caller.
fn approve(desk: &Desk, id: &str, running: &Running) -> String {
    // A period that is over, so that what is entered here does not lie in it.
    let is_december = running.day.starts_with("2026-12");
    let period = if is_december { "P11-2026" } else { "P12-2026" };
    let simulate = ["simulate", "--version", "draft", "--period", period];
    let simulated = desk.crosswalk(&simulate).expect(0);
    for step in ["review", "approve"] {
        let by_rob = [step, id, "--reason", "because", "--operator", "rob"];
        desk.crosswalk(&by_rob).expect(0);
    }
    Desk::hash(&simulated, "simulation ")
}

fn sign(desk: &Desk, id: &str, simulation: &str) -> crate::program::Ended {
    let sign = ["sign", id, "--reason", "because", "--operator", "sara"];
    desk.crosswalk(&[&sign[..], &["--simulation", simulation]].concat())
}

fn key(desk: &Desk) {
    let key = ["key", "new", "--owner", "sara", "--operator", "admin"];
    desk.twin.tieout(&key).expect(0);
}

/// What the evidence of a reconciliation says about the version `hot`, and what is owed.
fn packed(desk: &Desk) -> (serde_json::Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    desk.twin
        .tieout(&["reconcile", "--period", "all", "--out", out])
        .says(&["evidence in"]);
    let text = std::fs::read_to_string(folder.path().join("mapping.json")).unwrap();
    let pack: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut versions = pack["versions"].as_array().unwrap().iter();
    let hot = versions.find(|row| row["version"] == "hot").unwrap();
    (hot.clone(), pack["owed"].to_string())
}

#[test]
fn an_emergency_cuts_a_written_end_short_and_is_chased_until_another_person_reviewed_it() {
    let running = running();
    let desk = desk(&running);
    desk.bill("BEFORE-1", &running.day);
    desk.twin.drain().expect(0);
    let alone = write(&desk, &running, &[]);
    propose(&desk, &alone, &[])
        .expect(2)
        .says(&["P0423", "has begun", "--emergency"]);
    propose(&desk, &alone, &["--emergency"])
        .expect(2)
        .says(&["overlaps version", "supersedes"]);
    let file = write(&desk, &running, &["--supersedes", running.version]);
    propose(&desk, &file, &["--emergency"]).expect(0);
    let simulation = approve(&desk, "CW-1", &running);
    key(&desk);
    sign(&desk, "CW-1", &simulation)
        .expect(0)
        .says(&["the review after the fact is due by", "ends on"]);
    let status = desk.crosswalk(&["status", "--json"]).expect(0);
    status.says(&["emergency version hot", "is due by"]);
    let rows = status.json();
    let mut rows = rows.as_array().unwrap().iter();
    let row = rows.find(|row| row["version"] == "hot").unwrap();
    assert_eq!(row["state"], "effective");
    assert_eq!(row["supersedes"], running.version);

    desk.bill("AFTER-1", &running.day);
    let drained = desk.twin.drain().expect(0);
    drained.says(&["emergency version hot", "is due by"]);
    let (version, line) = desk.coded("AFTER-1");
    assert_eq!(version, "hot");
    assert!(line.contains("5500"), "{line}");
    let (version, line) = desk.coded("BEFORE-1");
    assert_eq!(version, running.version, "what was sent keeps its version");
    assert!(!line.contains("5500"), "{line}");
    desk.crosswalk(&["replay"]).expect(0).says(&[" 0 differ"]);

    let (emergency, owed) = packed(&desk);
    assert_eq!(emergency["emergency"], true);
    assert_eq!(emergency["signed_by"], "sara");
    assert!(emergency["review_due"].is_string(), "{emergency}");
    assert!(owed.contains("is due by"), "{owed}");
    for by in ["pia", "Sara "] {
        desk.step("review", by, &[])
            .expect(2)
            .says(&["P0421", "another person"]);
    }
    desk.step("review", "rob", &[]).expect(0);
    let (emergency, owed) = packed(&desk);
    assert_eq!(emergency["emergency"], true);
    assert!(emergency["review_due"].is_null(), "{emergency}");
    assert_eq!(owed, "[]");
    let status = desk.crosswalk(&["status"]).expect(0);
    assert!(!status.err.contains("emergency"), "{status:?}");
    desk.step("review", "rob", &[])
        .expect(2)
        .says(&["P0420", "no review after the fact"]);
    desk.twin.tieout(&["audit", "verify"]).expect(0);
}

#[test]
fn a_reversal_of_a_value_that_is_gone_waits_for_a_controller_and_names_the_approval() {
    let desk = Desk::of(copy(|folder| {
        let period = "P07-2027,2027,7,2027-07-01,2027-07-31,regular,Jul-27,,";
        append(folder.join("master/periods.csv"), period);
    }));
    desk.bill("OLD-1", "2026-12-20");
    desk.twin.drain().expect(0);
    let (_, line) = desk.coded("OLD-1");
    assert!(line.contains("4400"), "{line}");
    let day = json!({"gl_date": "2027-07-15"});
    desk.twin.post("documents/OLD-1/reverse", &day);
    desk.twin.drain().expect(1);
    let held = desk.twin.document("OLD-1-V");
    let why = held["document"]["reason"].as_str().unwrap();
    for part in [
        "P0111",
        "cost_center 4400",
        "superseded by 4450",
        "tieout document supersede",
    ] {
        assert!(why.contains(part), "{why}");
    }
    let approve = |number: &str, reason: &str| {
        let supersede = ["document", "supersede", number, "--operator", "cora"];
        desk.twin
            .tieout(&[&supersede[..], &["--reason", reason]].concat())
    };
    approve("OLD-1", "gone").expect(2).says(&["P0021"]);
    approve("OLD-1-V", " ").expect(2).says(&["reason"]);
    // Looking again alone changes nothing: nobody has approved it.
    let retry = ["document", "retry", "OLD-1-V", "--reason", "again"];
    desk.twin
        .tieout(&[&retry[..], &["--operator", "cora"]].concat())
        .expect(0);
    desk.twin.drain().expect(1);
    approve("OLD-1-V", "4400 is gone").expect(0);
    desk.twin.drain().expect(0);
    let (version, line) = desk.coded("OLD-1-V");
    assert_eq!(
        version, "v1",
        "a reversal keeps the version of its original"
    );
    assert!(line.contains("superseded by approval 1"), "{line}");
    assert!(line.contains("4450"), "{line}");
    approve("OLD-1-V", "twice").expect(2).says(&["P0021"]);
    let history = desk.crosswalk(&["history"]).expect(0).out;
    assert!(history.contains("4400 is gone"), "{history}");
    desk.crosswalk(&["replay"]).expect(0).says(&[" 0 differ"]);
    let reconcile = ["reconcile", "--period", "P07-2027", "--entity", "E200"];
    desk.twin.tieout(&reconcile).expect(0);
    desk.twin.tieout(&["audit", "verify"]).expect(0);
}

#[test]
fn a_version_that_leads_documents_to_a_forbidden_combination_is_not_signed() {
    let running = running();
    let desk = desk(&running);
    let twin = &desk.twin;
    sign_reference(twin, &refresh(twin, ROWS), "pia").expect(0);
    let mut bill = twin.bill("SHOP-1", "120.00");
    for name in ["document_date", "gl_date", "due_date"] {
        bill[name] = json!(running.day);
    }
    bill["lines"][0]["department"] = json!("D500");
    twin.post("documents", &bill);
    twin.drain().expect(1);
    let why = twin.document("SHOP-1")["document"]["reason"].to_string();
    assert!(why.contains("P0113"), "{why}");
    key(&desk);
    let over = ["--supersedes", running.version];
    let still = write(&desk, &running, &over);
    propose(&desk, &still, &["--emergency"]).expect(0);
    let simulation = approve(&desk, "CW-1", &running);
    sign(&desk, "CW-1", &simulation)
        .expect(2)
        .says(&["P0428", "200-5500-60200-0000-000"]);
    let reject = ["reject", "CW-1", "--reason", "leads to 5500"];
    desk.crosswalk(&[&reject[..], &["--operator", "rob"]].concat())
        .expect(0);
    // Led elsewhere it is signed, and the document that waited goes.
    let elsewhere = write_with(&desk, &running, &[("D500", "1100")], &over);
    propose(&desk, &elsewhere, &["--emergency"]).expect(0);
    let simulation = approve(&desk, "CW-2", &running);
    sign(&desk, "CW-2", &simulation)
        .expect(0)
        .says(&["document retry --held"]);
    let retry = ["document", "retry", "--held", "--reason", "signed"];
    twin.tieout(&[&retry[..], &["--operator", "cora"]].concat())
        .expect(0);
    twin.drain().expect(0);
    let (version, line) = desk.coded("SHOP-1");
    assert_eq!(version, "hot");
    assert!(line.contains("1100"), "{line}");
}
