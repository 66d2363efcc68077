//! Reads that fail: what is repeated, for how long, and what is not.

use tieout_connector::{Fault, TransportFailure};
use tieout_model::FaultClass;

use crate::tenant::{Tenant, fixture, response};

const READ: &str = "GET ledgersLOV";

#[tokio::test]
async fn a_busy_tenant_is_asked_again_after_the_wait_it_asked_for() {
    let tenant = Tenant::new();
    let mut busy = response(429, "");
    busy.headers_mut()
        .insert("retry-after", "2".parse().unwrap());
    tenant.push(READ, Ok(busy));
    tenant.answer(READ, 503, "<html>busy</html>");
    tenant.push(
        READ,
        Err(TransportFailure::NoAnswer("timed out".to_owned())),
    );
    tenant.answer(READ, 200, "{\"items\":[{\"Ledg");
    tenant.answer(READ, 200, fixture!("setup/ledgers.response.json"));
    let ledgers = tenant.fusion(|_| {}).ledgers().await.unwrap();
    let ids: Vec<&str> = ledgers.iter().map(|l| l.id.as_str()).collect();
    assert_eq!(ids, ["300000046975971", "300000046975972"]);
    assert_eq!(tenant.waits(), [2007, 1008, 2009, 4010]);
}

async fn given_up(status: u16, body: &str, attempts: usize) -> Fault {
    let tenant = Tenant::new();
    for _ in 0..attempts {
        tenant.answer(READ, status, body);
    }
    let fault = tenant.fusion(|_| {}).ledgers().await.unwrap_err();
    assert!(tenant.is_spent(), "{status}");
    fault
}

#[tokio::test]
async fn reads_are_repeated_within_bounds_and_only_if_it_can_help() {
    for (status, body, attempts, class) in [
        (503, "", 5, FaultClass::Throttled),
        (502, "<html/>", 5, FaultClass::Unavailable),
        (200, "<html>login</html>", 5, FaultClass::Unavailable),
        (401, "<html/>", 1, FaultClass::Unauthorised),
        (400, "Invalid attribute", 1, FaultClass::Rejected),
        (404, "", 1, FaultClass::Incompatible),
        (200, r#"{"count":3}"#, 1, FaultClass::Incompatible),
        (
            200,
            r#"{"items":[],"hasMore":true}"#,
            1,
            FaultClass::Incompatible,
        ),
    ] {
        assert_eq!(
            given_up(status, body, attempts).await.class,
            class,
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn pages_advance_by_what_came_and_a_repeated_page_is_a_fault() {
    let tenant = Tenant::new();
    let page = |id: u8, more: bool| {
        format!(
            r#"{{"items":[{{"LedgerId":{id},"Name":"L{id}","CurrencyCode":"USD"}}],"count":1,"hasMore":{more}}}"#
        )
    };
    for (id, more) in [(1, true), (2, true), (3, false)] {
        tenant.answer(READ, 200, &page(id, more));
    }
    assert_eq!(tenant.fusion(|_| {}).ledgers().await.unwrap().len(), 3);
    let offsets: Vec<String> = tenant
        .requests(READ)
        .iter()
        .map(|r| r.uri().query().unwrap().to_owned())
        .collect();
    assert_eq!(
        offsets,
        [
            "limit=499&offset=0",
            "limit=499&offset=1",
            "limit=499&offset=2"
        ]
    );

    let stuck = Tenant::new();
    stuck.answer(READ, 200, &page(1, true));
    stuck.answer(READ, 200, &page(1, true));
    assert_eq!(
        stuck.fusion(|_| {}).ledgers().await.unwrap_err().class,
        FaultClass::Incompatible
    );
}
