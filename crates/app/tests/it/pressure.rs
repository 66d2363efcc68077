//! A system that is away is left alone, a full disk and a request to end are survived, and nothing is lost by any of it.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::judge::Typed;
use crate::program::{Twin, golden};
use crate::server::shared;

/// How often the one rule fired.
fn fired(twin: &Twin) -> u64 {
    let rules: Value = serde_json::from_str(&twin.get("faults")).unwrap();
    rules[0]["fired"].as_u64().unwrap()
}

fn wait_until(limit: Duration, what: &str, mut is: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is() {
        assert!(since.elapsed() < limit, "{what} within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_dead_target_is_not_hammered_is_said_once_and_comes_back() {
    let twin = Twin::start(&golden());
    twin.configure(|config| {
        config["worker"]["circuit_pause_first_ms"] = toml::Value::Integer(200);
        config["worker"]["circuit_pause_max_ms"] = toml::Value::Integer(800);
    });
    twin.faults(json!([{"system": "fusion", "fault": {"status": 503}}]));
    let worker = twin.worker();
    wait_until(Duration::from_secs(60), "the circuit opens", || {
        twin.log().contains("does not answer")
    });
    let before = fired(&twin);
    std::thread::sleep(Duration::from_secs(5));
    let calls = fired(&twin) - before;
    // 97 documents, each with retries of its own, would be hundreds in that time.
    assert!(calls < 40, "{calls} calls to a dead system in 5 s");
    assert_eq!(
        twin.log().matches("does not answer").count(),
        1,
        "{}",
        twin.log()
    );
    twin.delete("faults");
    wait_until(Duration::from_secs(30), "all posted", || {
        twin.documents(Some("accounted")).len() == 97
    });
    assert_eq!(
        twin.log().matches("answers again").count(),
        1,
        "{}",
        twin.log()
    );
    worker.kill();
    Typed::new().judge(&twin);
}

#[test]
fn a_target_that_asks_to_wait_is_given_the_time() {
    let twin = Twin::start(&golden());
    twin.configure(|config| {
        config["worker"]["circuit_faults_max"] = toml::Value::Integer(1);
        config["fusion"]["in_flight_max"] = toml::Value::Integer(1);
    });
    let rule = json!([{"system": "fusion", "operation": "POST invoices", "fault": {"status": 429, "retry_after": 3}}]);
    twin.faults(rule);
    let worker = twin.worker();
    wait_until(Duration::from_secs(20), "a first refusal", || {
        fired(&twin) > 0
    });
    std::thread::sleep(Duration::from_millis(500));
    let first = fired(&twin);
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(fired(&twin), first, "called again before the time was over");
    twin.delete("faults");
    wait_until(Duration::from_secs(30), "all posted", || {
        twin.documents(Some("accounted")).len() == 97
    });
    worker.kill();
    Typed::new().judge(&twin);
}

#[test]
fn told_to_end_under_load_it_finishes_what_is_in_flight() {
    let twin = Twin::start(&golden());
    twin.configure(|config| {
        config["delivery"]["lease_ms"] = toml::Value::Integer(120_000);
    });
    let rule = json!([{"system": "fusion", "operation": "POST*", "fault": {"delay_ms": 100}}]);
    twin.faults(rule);
    let mut typed = Typed::new();
    let worker = twin.worker();
    for _ in 0..25 {
        typed.enter(&twin);
        std::thread::sleep(Duration::from_millis(30));
    }
    let (code, took) = worker.terminate();
    assert_eq!(code, 0, "{}", twin.log());
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert!(twin.documents(Some("sent")).is_empty(), "left leased");
    twin.delete("faults");
    twin.drain().expect(0);
    typed.judge(&twin);
}

/// `in_flight_most` and `refused` of a system.
fn load(twin: &Twin, system: &str) -> (u64, u64) {
    let csv = twin.get("load.csv");
    let row = csv.lines().find(|row| row.starts_with(system)).unwrap();
    let cells: Vec<u64> = row
        .split(',')
        .skip(1)
        .map(|cell| cell.parse().unwrap())
        .collect();
    (cells[0], cells[3])
}

#[test]
fn two_workers_on_one_file_keep_to_the_limits_of_the_tenant() {
    keep_to_the_limits(&Twin::start(&golden()));
}

#[test]
fn two_workers_on_one_server_keep_to_the_limits_of_the_tenant() {
    let twin = Twin::start(&golden());
    twin.use_database(&shared().database());
    keep_to_the_limits(&twin);
}

fn keep_to_the_limits(twin: &Twin) {
    twin.configure(|config| {
        config["fusion"]["in_flight_max"] = toml::Value::Integer(3);
        config["intacct"]["in_flight_max"] = toml::Value::Integer(1);
    });
    for (system, limit) in [("fusion", 3), ("intacct", 1)] {
        twin.post("limits", &json!({"system": system, "in_flight_max": limit}));
    }
    twin.faults(json!([{"fault": {"delay_ms": 40}}]));
    let workers = [twin.worker(), twin.worker()];
    wait_until(Duration::from_secs(120), "all posted", || {
        twin.documents(Some("accounted")).len() == 97
    });
    workers.into_iter().for_each(crate::program::Running::kill);
    let (fusion, intacct) = (load(twin, "fusion"), load(twin, "intacct"));
    println!("most at a time and refused: fusion {fusion:?}, intacct {intacct:?}");
    assert_eq!((fusion.1, intacct.1), (0, 0), "{}", twin.get("load.csv"));
    assert_eq!((fusion.0, intacct.0), (3, 1), "{}", twin.get("load.csv"));
    twin.delete("faults");
    Typed::new().judge(twin);
}

#[test]
fn a_full_disk_stops_cleanly_and_work_goes_on_once_there_is_room() {
    let twin = Twin::start(&golden());
    let program =
        std::env::var("TIEOUT_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tieout").to_owned());
    // No file may grow beyond so many blocks of 512 bytes; the write fails as it does when a disk is full.
    let mut stopped = 0;
    for blocks in [400, 900, 1_400, 1_900] {
        let limited = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec \"{program}\" run --drain --config \"{}\"",
            twin.config()
        );
        let ended = Command::new("sh").args(["-c", &limited]).output().unwrap();
        let words = String::from_utf8_lossy(&ended.stderr).into_owned();
        match ended.status.code() {
            Some(0) => {}
            Some(3) => {
                assert!(words.contains("P0301"), "{words}");
                stopped += 1;
            }
            other => panic!("{other:?}: {words}"),
        }
    }
    assert!(stopped > 0, "the disk was never full");
    twin.drain().expect(0);
    Typed::new().judge(&twin);
}
