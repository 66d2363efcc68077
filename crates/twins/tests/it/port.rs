//! The control port, fault rules, and serving over TCP.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tieout_twins::control;
use tieout_twins::rule::{Fault, Rule, Rules, System, When};
use tieout_twins::serve::serve;
use tieout_twins::world::{Reply, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::books::golden;
use crate::desk::{NOW, post, text};

fn world() -> World {
    World::open(&golden(), 7).unwrap()
}

fn call(world: &mut World, method: &str, path: &str, body: Option<Value>) -> Response<Bytes> {
    let body = body.map_or_else(Bytes::new, |b| Bytes::from(b.to_string()));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(body)
        .unwrap();
    control::answer(world, NOW, &request)
}

fn ok(world: &mut World, method: &str, path: &str, body: Option<Value>) -> String {
    let response = call(world, method, path, body);
    assert_eq!(response.status(), 200, "{}", text(&response));
    text(&response)
}

fn refused(world: &mut World, path: &str, body: Value, words: &str) {
    let response = call(world, "POST", path, Some(body));
    assert_eq!(response.status(), 400, "{}", text(&response));
    assert!(text(&response).contains(words), "{}", text(&response));
}

fn typed_bill(id: &str, amount: &str) -> Value {
    json!({
        "document_id": id, "type": "ap_bill", "gl_date": "2027-01-25", "entity_id": "E200", "party_id": "VE-01",
        "description": "typed", "lines": [
            {"account": "6200", "txn_debit": amount, "department": "D300", "region": "RG-AMER"},
            {"account": "2000", "txn_credit": amount},
        ],
    })
}

#[test]
fn what_a_call_does_not_know_is_refused_and_head_answers_like_get() {
    let mut w = world();
    refused(
        &mut w,
        "/control/periods",
        json!({"period": "P12-2026", "status": "open", "foo": 1}),
        "foo",
    );
    refused(
        &mut w,
        "/control/clock",
        json!({"advance_days": 1, "days": 2}),
        "days",
    );
    refused(
        &mut w,
        "/control/faults",
        json!({"system": 7, "fault": "lose_answer"}),
        "system: 7 is no text",
    );
    refused(
        &mut w,
        "/control/faults",
        json!({"operation": ["query"], "fault": "lose_answer"}),
        "operation",
    );
    refused(
        &mut w,
        "/control/faults",
        json!({"when": {"nth": 1, "every": 2}, "fault": "lose_answer"}),
        "exactly one",
    );
    ok(&mut w, "HEAD", "/control/calls.csv", None);
}

#[test]
fn people_enter_change_reverse_and_delete() {
    let mut w = world();
    let before = ok(&mut w, "GET", "/control/intacct/trial-balance.csv", None);
    assert!(
        ok(
            &mut w,
            "POST",
            "/control/documents",
            Some(typed_bill("MAN-1", "10.50"))
        )
        .contains("MAN-1")
    );
    let documents = ok(&mut w, "GET", "/control/intacct/documents.csv", None);
    assert!(
        documents.contains("APBILL,MAN-1,,E200,2027-01-25,USD,10.5,Posted,2027-01-31T09:00:01Z"),
        "{documents}"
    );
    ok(
        &mut w,
        "POST",
        "/control/documents/MAN-1/edit",
        Some(json!({"lines": [{"account": "6200", "txn_debit": 11.25, "department": "D300"}]})),
    );
    assert!(
        ok(&mut w, "GET", "/control/intacct/documents.csv", None)
            .contains("MAN-1,,E200,2027-01-25,USD,11.25,")
    );
    let reversed = ok(
        &mut w,
        "POST",
        "/control/documents/MAN-1/reverse",
        Some(json!({"gl_date": "2027-01-26"})),
    );
    assert!(reversed.contains("MAN-1-V"), "{reversed}");
    assert_eq!(
        ok(&mut w, "GET", "/control/intacct/trial-balance.csv", None),
        before
    );
    refused(
        &mut w,
        "/control/documents/MAN-1/delete",
        json!({}),
        "Reversed",
    );
    ok(
        &mut w,
        "POST",
        "/control/documents",
        Some(typed_bill("MAN-2", "1")),
    );
    ok(&mut w, "POST", "/control/documents/MAN-2/delete", None);
    assert_eq!(
        ok(&mut w, "GET", "/control/intacct/trial-balance.csv", None),
        before
    );
}

#[test]
fn refusals_name_the_column() {
    let mut w = world();
    let with = |key: &str, value: Value| {
        let mut bill = typed_bill("MAN-3", "10");
        bill[key] = value;
        bill
    };
    let unbalanced =
        json!([{"account": "6200", "txn_debit": "1"}, {"account": "2000", "txn_credit": "2"}]);
    for (column, value, words) in [
        ("type", json!("nope"), "type:"),
        ("gl_date", json!("25.01.2027"), "gl_date:"),
        ("entity_id", json!("E1"), "entity_id:"),
        ("party_id", json!("V1"), "Invalid Vendor"),
        (
            "lines",
            json!([{"account": "6200", "txn_debit": "1e2"}]),
            "line 1: txn_debit:",
        ),
        ("document_id", json!("BILL-E200-1"), "exists already"),
        ("lines", unbalanced, "do not balance"),
    ] {
        refused(&mut w, "/control/documents", with(column, value), words);
    }
    ok(
        &mut w,
        "POST",
        "/control/periods",
        Some(
            json!({"period": "P01-2027", "status": "closed", "system": "intacct", "application": "AP"}),
        ),
    );
    refused(
        &mut w,
        "/control/documents",
        typed_bill("MAN-3", "10"),
        "closed",
    );
    ok(
        &mut w,
        "POST",
        "/control/periods",
        Some(json!({"period": "P01-2027", "status": "open", "entity": "E200"})),
    );
    refused(
        &mut w,
        "/control/periods",
        json!({"period": "P99", "status": "open", "entity": "E200"}),
        "period:",
    );
    refused(
        &mut w,
        "/control/documents",
        json!({"system": "sap"}),
        "system:",
    );
    assert_eq!(call(&mut w, "GET", "/elsewhere", None).status(), 404);
}

#[test]
fn the_clock_moves_forward_only() {
    let mut w = world();
    let clock = ok(&mut w, "GET", "/control/clock", None);
    assert!(
        clock.contains("\"intacct\":\"2027-01-31T09:00:01Z\""),
        "{clock}"
    );
    let clock = ok(
        &mut w,
        "POST",
        "/control/clock",
        Some(json!({"set": "2027-02-05"})),
    );
    assert!(
        clock.contains("\"intacct\":\"2027-02-05T00:00:00Z\"")
            && clock.contains("\"fusion\":\"2027-02-05T00:00:00Z\""),
        "{clock}"
    );
    ok(
        &mut w,
        "POST",
        "/control/clock",
        Some(json!({"advance_days": 1})),
    );
    refused(
        &mut w,
        "/control/clock",
        json!({"set": "2026-01-01"}),
        "before the clock",
    );
    refused(
        &mut w,
        "/control/clock",
        json!({"advance_ms": -1}),
        "advance_ms",
    );
}

fn ping(world: &World) -> String {
    let login = world.intacct.login();
    format!(
        "<request><control><senderid>{}</senderid><password>{}</password><controlid>c</controlid><uniqueid>false</uniqueid>\
         <dtdversion>3.0</dtdversion></control><operation><authentication><login><userid>{}</userid><companyid>{}</companyid>\
         <password>{}</password></login></authentication><content><function controlid=\"f\"><query><object>VENDOR</object><select>\
         <field>NAME</field></select></query></function></content></operation></request>",
        login.sender_id,
        login.sender_password,
        login.user_id,
        login.company_id,
        login.user_password
    )
}

#[test]
fn rules_decide_by_order_and_count() {
    let rule = |operation: Option<&str>, when, fault, times| Rule {
        system: Some(System::Intacct),
        operation: operation.map(ToOwned::to_owned),
        when,
        fault,
        times,
    };
    let mut rules = Rules::new(1);
    rules.set(vec![
        rule(Some("create"), When::Nth(2), Fault::LoseAnswer, None),
        rule(Some("query*"), When::Every(2), Fault::Garble, Some(1)),
        rule(None, When::Always, Fault::DelayMs(5), Some(2)),
    ]);
    let mut ask = |op: &str| rules.verdict(System::Intacct, &[op.to_owned()]);
    assert_eq!(ask("create APBILL"), Some(Fault::DelayMs(5)));
    assert_eq!(ask("create APBILL"), Some(Fault::LoseAnswer));
    assert_eq!(ask("createX"), Some(Fault::DelayMs(5)));
    assert_eq!(ask("query VENDOR"), None);
    assert_eq!(ask("query VENDOR"), Some(Fault::Garble));
    assert_eq!(ask("query VENDOR"), None);
    assert_eq!(rules.verdict(System::Fusion, &["create".to_owned()]), None);
    let mut chance = Rules::new(3);
    chance.set(vec![
        Rule::from_json(&json!({"when": {"probability": 0.25}, "fault": "lose_request"})).unwrap(),
    ]);
    let hits = (0..4000)
        .filter(|_| chance.verdict(System::Fusion, &[]).is_some())
        .count();
    assert!((800..1200).contains(&hits), "{hits}");
    for bad in [
        json!({"fault": "x"}),
        json!({}),
        json!({"fault": "status"}),
        json!({"fault": {"status": 200}}),
        json!({"fault": "garble", "when": {"nth": 0}}),
        json!({"fault": "garble", "odd": 1}),
        json!({"fault": "garble", "when": {"probability": 2}}),
    ] {
        assert!(Rule::from_json(&bad).is_err(), "{bad}");
    }
}

#[test]
fn faults_hit_requests_and_the_log_counts() {
    let mut w = world();
    let body = ping(&w);
    ok(
        &mut w,
        "POST",
        "/control/faults",
        Some(json!([
            {"system": "intacct", "operation": "query", "when": {"nth": 1}, "fault": "lose_request"},
            {"system": "intacct", "operation": "query", "when": {"nth": 1}, "fault": "lose_answer"},
            {"system": "intacct", "when": {"nth": 1}, "fault": {"status": 503}},
            {"system": "intacct", "when": {"nth": 1}, "fault": "truncate"},
            {"system": "intacct", "when": {"nth": 1}, "fault": {"delay_ms": 9}},
            {"system": "intacct", "when": {"nth": 1}, "fault": "duplicate"},
        ])),
    );
    let mut send = || w.answer(System::Intacct, NOW, post(&body));
    assert!(matches!(send(), Reply::Lost));
    assert!(matches!(send(), Reply::Lost));
    let Reply::Answer { response, .. } = send() else {
        panic!()
    };
    assert_eq!(response.status(), 503);
    let Reply::Answer { response, .. } = send() else {
        panic!()
    };
    assert!(!text(&response).contains("</response>"));
    let Reply::Answer { delay_ms, .. } = send() else {
        panic!()
    };
    assert_eq!(delay_ms, 9);
    let Reply::Answer { response, .. } = send() else {
        panic!()
    };
    assert!(text(&response).contains("</response>"));
    let log = ok(&mut w, "GET", "/control/calls.csv", None);
    assert_eq!(
        log,
        "system,operation,calls,metered,records,failures\nintacct,query VENDOR,5,5,25,0\n"
    );
    ok(&mut w, "DELETE", "/control/faults", None);
    assert!(w.rules.is_empty());
}

#[test]
fn everything_is_served_over_tcp() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = Arc::new(Mutex::new(world()));
        let body = ping(&world.lock().unwrap());
        let any = "127.0.0.1:0".parse().unwrap();
        let served = serve(Arc::clone(&world), any, any, any, Arc::new(|| NOW))
            .await
            .unwrap();
        let head = format!(
            "POST /ia/xml/xmlgw.phtml HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(served.intacct)
            .await
            .unwrap();
        for _ in 0..2 {
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut got = Vec::new();
            while !String::from_utf8_lossy(&got).contains("</response>") {
                let mut piece = [0; 4096];
                let n = stream.read(&mut piece).await.unwrap();
                assert!(n > 0, "the connection stays open");
                got.extend_from_slice(&piece[..n]);
            }
        }
        world.lock().unwrap().rules.set(vec![
            Rule::from_json(&json!({"fault": "lose_answer"})).unwrap(),
        ]);
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "closed without an answer");
        let mut control = tokio::net::TcpStream::connect(served.control)
            .await
            .unwrap();
        control
            .write_all(b"GET /control/calls.csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut log = String::new();
        control.read_to_string(&mut log).await.unwrap();
        assert!(log.contains("intacct,query VENDOR,3,3,15,0"), "{log}");
        served.stop();
    });
}
