//! Every fault of the control port as an HTTP client sees it from outside.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Answer, exchange};
use crate::program::{Twin, golden};

const SUPPLIERS: &str = "/fscmRestApi/resources/11.13.18.05/suppliers?onlyData=true&limit=5";

fn get(twin: &Twin, path: &str) -> Option<Answer> {
    let url = format!("{}{path}", twin.ready["fusion"].as_str().unwrap());
    let login = &twin.ready["login"]["fusion"];
    let pair = format!(
        "{}:{}",
        login["username"].as_str().unwrap(),
        login["password"].as_str().unwrap()
    );
    let basic = format!("Basic {}", base64(pair.as_bytes()));
    exchange("GET", &url, &[("authorization", &basic)], b"")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |n: u32, at: usize| char::from(DIGITS[(n >> (18 - 6 * at)) as usize & 63]);
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let n = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.extend((0..=chunk.len()).map(|at| digit(n, at)));
        out.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    out
}

fn counted(twin: &Twin) -> u64 {
    let text = twin.get("calls.csv");
    let row = text
        .lines()
        .find(|line| line.starts_with("fusion,GET suppliers"));
    row.map_or(0, |row| row.split(',').nth(2).unwrap().parse().unwrap())
}

fn rule(fault: Value) -> Value {
    json!([{"system": "fusion", "operation": "GET suppliers", "fault": fault}])
}

#[test]
fn each_fault_is_what_it_says_and_ends_when_it_is_cleared() {
    let twin = Twin::start(&golden());
    let clean = get(&twin, SUPPLIERS).unwrap();
    assert_eq!(clean.status, 200, "{}", clean.text());
    assert_eq!(counted(&twin), 1);

    twin.faults(rule(json!("lose_request")));
    assert_eq!(get(&twin, SUPPLIERS), None);
    assert_eq!(counted(&twin), 1, "a lost request is not carried out");

    twin.faults(rule(json!("lose_answer")));
    assert_eq!(get(&twin, SUPPLIERS), None);
    assert_eq!(counted(&twin), 2, "a lost answer was carried out");

    twin.faults(rule(json!({"delay_ms": 400})));
    let since = Instant::now();
    assert_eq!(get(&twin, SUPPLIERS).unwrap().body, clean.body);
    assert!(since.elapsed() >= Duration::from_millis(400));

    twin.faults(rule(json!({"status": 503})));
    let away = get(&twin, SUPPLIERS).unwrap();
    assert_eq!((away.status, counted(&twin)), (503, 3));
    assert!(away.text().starts_with("<html>"));

    twin.faults(rule(json!({"status": 429, "retry_after": 7})));
    let busy = get(&twin, SUPPLIERS).unwrap();
    assert_eq!(busy.status, 429);
    assert!(busy.head.to_lowercase().contains("retry-after: 7"));

    twin.faults(rule(json!("truncate")));
    let cut = get(&twin, SUPPLIERS).unwrap();
    assert_eq!(cut.body, clean.body[..clean.body.len() / 2]);

    twin.faults(rule(json!("garble")));
    let garbled = get(&twin, SUPPLIERS).unwrap();
    assert_eq!(garbled.body.len(), clean.body.len());
    assert_ne!(garbled.body, clean.body);

    let before = counted(&twin);
    twin.faults(rule(json!("duplicate")));
    assert_eq!(get(&twin, SUPPLIERS).unwrap().status, 200);
    assert_eq!(counted(&twin), before + 2, "it arrives twice");

    twin.delete("faults");
    assert_eq!(get(&twin, SUPPLIERS).unwrap().body, clean.body);
    assert_eq!(twin.get("faults").trim(), "[]");
}

fn statuses(twin: &Twin, calls: usize) -> Vec<u16> {
    (0..calls)
        .map(|_| get(twin, SUPPLIERS).unwrap().status)
        .collect()
}

#[test]
fn rules_fire_when_they_say_in_their_order_and_no_more_often() {
    let twin = Twin::start(&golden());
    let one = |when: Value, times: Value| json!({"system": "fusion", "operation": "GET suppliers", "when": when, "fault": {"status": 503}, "times": times});
    twin.faults(json!([one(json!({"nth": 2}), Value::Null)]));
    assert_eq!(statuses(&twin, 5), [200, 503, 200, 200, 200]);
    twin.faults(json!([one(json!({"every": 3}), json!(1))]));
    assert_eq!(statuses(&twin, 7), [200, 200, 503, 200, 200, 200, 200]);
    twin.faults(json!([one(Value::Null, json!(2))]));
    assert_eq!(statuses(&twin, 4), [503, 503, 200, 200]);
    twin.faults(json!([one(json!({"probability": 0.5}), Value::Null)]));
    let hit = statuses(&twin, 60).iter().filter(|s| **s == 503).count();
    assert!((15..=45).contains(&hit), "{hit} of 60");
    twin.faults(json!([
        {"system": "intacct", "fault": {"status": 500}},
        {"operation": "GET sup*", "fault": {"status": 502}, "times": 1},
        {"system": "fusion", "fault": {"status": 504}, "times": 1},
    ]));
    assert_eq!(statuses(&twin, 3), [502, 504, 200]);
    let fired = serde_json::from_str::<Value>(&twin.get("faults")).unwrap();
    let fired: Vec<_> = fired
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["fired"])
        .collect();
    assert_eq!(fired, [0, 1, 1]);
}

#[test]
fn a_rule_that_makes_no_sense_is_refused_by_its_number_and_member() {
    let twin = Twin::start(&golden());
    for (rules, words) in [
        (json!([{"fault": "explode"}]), "rule 1: fault"),
        (
            json!([{"fault": "garble"}, {"fault": {"status": 200}}]),
            "rule 2: fault: status",
        ),
        (json!([{"fault": "garble", "when": {"nth": 0}}]), "when"),
        (
            json!([{"fault": "garble", "when": {"probability": 1.5}}]),
            "probability",
        ),
        (json!([{"fault": "garble", "how_often": 3}]), "how_often"),
        (json!([{"fault": "garble", "system": "sap"}]), "system"),
    ] {
        let (status, answer) = twin.try_post("faults", &rules);
        assert_eq!(status, 400);
        assert!(
            answer["error"].as_str().unwrap().contains(words),
            "{answer}"
        );
    }
    assert_eq!(twin.get("faults").trim(), "[]");
}
