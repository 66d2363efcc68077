//! A configuration that is wrong is refused before anything is started, with its code and its place; tampering is noticed.

use std::time::{Duration, Instant};

use crate::program::{Twin, golden, tieout};

fn small() -> Twin {
    Twin::start(&golden())
}

fn check(twin: &Twin, code: &str, parts: &[&str]) {
    for command in [&["config", "check"][..], &["run", "--drain"][..]] {
        let ended = twin.tieout(command).expect(2);
        ended.says(&[code]);
        ended.says(parts);
    }
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() {
    let twin = small();
    twin.tieout(&["config", "check"]).expect(0);
    let right = std::fs::read_to_string(twin.config()).unwrap();
    let with = |text: String| std::fs::write(twin.config(), text).unwrap();

    with(right.replace("[worker]", "[worker]\ncolour = \"blue\""));
    check(&twin, "P0002", &["colour", "line"]);
    with(right.replace("\"file:keys/fusion.secret\"", "\"hunter2\""));
    check(&twin, "P0002", &["by reference only"]);
    assert!(!twin.tieout(&["config", "check"]).err.contains("hunter2"));
    with(right.replace("file:keys/fusion.secret", "file:keys/nowhere.secret"));
    check(&twin, "P0004", &["keys/nowhere.secret"]);
    with(right.clone());
    twin.configure(|config| {
        let flows = config["flow"].as_array_mut().unwrap();
        flows.push(flows[2].clone());
    });
    check(&twin, "P0005", &["flows 3 and 4", "entity"]);
    with(right.replacen("\"E100\"", "\"E777\"", 1));
    twin.tieout(&["run", "--drain"])
        .expect(2)
        .says(&["P0010", "E777", "flow 1"]);
    with(right);
    twin.tieout(&["config", "check"]).expect(0);
    tieout(&["run", "--config", "/nowhere/tieout.toml"])
        .expect(2)
        .says(&["P0001", "/nowhere/tieout.toml"]);
}

#[test]
fn an_altered_or_unsigned_crosswalk_cannot_be_opened() {
    let twin = small();
    let file = twin.path("crosswalk/v2.sealed.json");
    let sealed = std::fs::read(&file).unwrap();
    let text = String::from_utf8(sealed.clone()).unwrap();
    let at = text.find("payload").unwrap() + 60;
    let mut altered = sealed.clone();
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&file, altered).unwrap();
    check(&twin, "P0403", &["crosswalk"]);
    let unsigned = std::fs::read(golden().join("crosswalk/v2.json")).unwrap();
    std::fs::write(&file, unsigned).unwrap();
    check(&twin, "P0403", &["crosswalk"]);
    std::fs::write(&file, sealed).unwrap();
    twin.tieout(&["config", "check"]).expect(0);
}

#[test]
fn a_changed_byte_in_the_database_is_evidence() {
    let twin = small();
    twin.drain().expect(0);
    let head = twin.tieout(&["audit", "verify", "--json"]).expect(0).json();
    let head = head["head"].as_str().unwrap().to_owned();
    twin.tieout(&["audit", "verify", "--head", &head]).expect(0);
    let file = twin.path("tieout.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let word = b"Rent and hosting (v2 mapping)";
    let mut changed = 0;
    for at in 0..bytes.len() - word.len() {
        if &bytes[at..at + word.len()] == word {
            bytes[at] = b'B';
            changed += 1;
        }
    }
    assert!(changed > 0);
    std::fs::write(&file, bytes).unwrap();
    twin.tieout(&["audit", "verify"]).expect(4).says(&["P0404"]);
}

#[test]
fn a_system_or_a_store_that_cannot_be_reached_is_exit_3_and_later_all_is_well() {
    let twin = small();
    // A pause longer than a drain's patience, so that the test has not to wait for it.
    // A lease that outlasts the retries: a document whose lease ran out is uncertain, and rightly so.
    twin.configure(|config| {
        config["worker"]["circuit_pause_first_ms"] = 80_000.into();
        config["delivery"]["lease_ms"] = 120_000.into();
    });
    let right = std::fs::read_to_string(twin.config()).unwrap();
    twin.configure(|config| {
        config["intacct"]["endpoint"] = "http://127.0.0.1:9/ia/xml/xmlgw.phtml".into();
    });
    twin.drain().expect(3).says(&["P0303", "intacct"]);
    std::fs::write(twin.config(), &right).unwrap();
    twin.configure(|config| config["fusion"]["base_url"] = "http://127.0.0.1:9".into());
    let ended = twin.drain();
    ended.expect(3).says(&["P0306", "fusion"]);
    // What waits in the queue, and behind it the reversals and voids that wait for their originals: all 97.
    let behind = twin.documents(Some("held"));
    let waits = |row: &serde_json::Value| {
        let reason = row["reason"].as_str().unwrap();
        reason.contains("P0211") && reason.contains("not in the target yet")
    };
    assert!(behind.iter().all(waits), "{behind:#?}");
    assert_eq!(twin.documents(Some("queued")).len() + behind.len(), 97);
    assert_eq!(behind.len(), 6);
    std::fs::write(twin.config(), &right).unwrap();
    twin.configure(|config| {
        config["store"]["database"] = "sqlite:/nowhere/at/all/tieout.db".into();
    });
    twin.drain().expect(3).says(&["P0301", "/nowhere/at/all"]);
    std::fs::write(twin.config(), &right).unwrap();
    twin.drain().expect(0);
}

#[test]
fn a_check_names_the_entities_of_the_source_that_no_flow_carries() {
    let twin = small();
    let found = |expected: &str| {
        let said = twin.tieout(&["check", "--json"]).expect(0).json();
        let probes = said.as_array().unwrap();
        let probe = probes.iter().find(|p| p["probe"] == "entities in no flow");
        let found = probe.unwrap()["found"].as_str().unwrap();
        assert!(found.starts_with(expected), "{found}");
    };
    // The elimination entity has no documents.
    found("E900; add them to a flow");
    twin.configure(|config| {
        for flow in config["flow"].as_array_mut().unwrap() {
            let entities = flow["entities"].as_array_mut().unwrap();
            entities.retain(|entity| entity.as_str() != Some("E200"));
        }
    });
    found("E200, E900; add them to a flow");
}

/// Nothing listens at port 9: the server is waited for, and whoever tells the program to end is heard meanwhile.
#[test]
fn who_waits_for_a_database_can_be_told_to_end() {
    let twin = small();
    twin.configure(|config| {
        config["store"]["database"] = "postgres://tieout@127.0.0.1:9/tieout".into();
    });
    let worker = twin.worker();
    let since = Instant::now();
    while !twin.log().contains("does not answer yet") {
        assert!(since.elapsed() < Duration::from_secs(30), "{}", twin.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let (code, took) = worker.terminate();
    assert_eq!(code, 0, "{}", twin.log());
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(twin.log().contains("before anything began"));
}

#[test]
fn wrong_passwords_stop_the_work_not_the_documents() {
    let twin = small();
    twin.configure(|config| config["worker"]["circuit_pause_first_ms"] = 80_000.into());
    let secret = |name: &str| twin.path(&format!("keys/{name}.secret"));
    let fusion = std::fs::read_to_string(secret("fusion")).unwrap();
    twin.tieout(&["check"]).expect(0);
    std::fs::write(secret("fusion"), "wrong").unwrap();
    twin.tieout(&["check"])
        .expect(3)
        .says(&["P0306", "fusion", "user and password"]);
    let ended = twin.drain().expect(3);
    ended.says(&["P0306", "fusion", "unauthorised"]);
    assert!(!ended.err.contains(&fusion));
    assert!(twin.documents(Some("parked")).is_empty());
    let intacct = std::fs::read_to_string(secret("intacct")).unwrap();
    std::fs::write(secret("intacct"), "wrong").unwrap();
    twin.drain()
        .expect(3)
        .says(&["P0303", "intacct", "unauthorised"]);
    std::fs::write(secret("fusion"), fusion).unwrap();
    std::fs::write(secret("intacct"), intacct).unwrap();
    twin.drain().expect(0);
}

#[test]
fn a_flow_travels_by_its_cadence_and_says_when_it_is_read_next() {
    let twin = small();
    let with = |cadence: &str, zone: &str| {
        twin.configure(|config| {
            for flow in config["flow"].as_array_mut().unwrap() {
                let flow = flow.as_table_mut().unwrap();
                flow.insert("cadence".into(), cadence.into());
                flow.insert("time_zone".into(), zone.into());
            }
        });
    };
    with("fortnightly", "UTC");
    check(&twin, "P0006", &["flow 1", "fortnightly", "real_time"]);
    with("0 25 * * *", "UTC");
    check(&twin, "P0006", &["flow 1", "hour \"25\"", "0 to 23"]);
    with("daily", "Europe/Lundon");
    check(&twin, "P0006", &["flow 1", "Europe/Lundon", "IANA"]);
    // 29 February: it may be years until then, but never-read flows are read at once.
    with("0 0 29 2 *", "Europe/London");
    let first = twin.drain().expect(0);
    assert_eq!(first.json()["documents"]["posted"], 97);
    first.says(&["read next at", "-02-29T00:00:00"]);
    twin.post("documents", &twin.bill("LATER-1", "5.00"));
    assert_eq!(twin.drain().expect(0).json()["documents"]["captured"], 97);
    with("real_time", "UTC");
    assert_eq!(twin.drain().expect(0).json()["documents"]["captured"], 98);
}
