use bytes::Bytes;
use tieout_connector::TransportFailure;
use tieout_model::FaultClass::{
    self, Incompatible, Indeterminate, Rejected, Throttled, Unauthorised, Unavailable,
};

use super::fixture;
use crate::classify::{response, transport};
use crate::query::Nature;

fn class(status: u16, body: &str, nature: Nature) -> FaultClass {
    let answer = http::Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    response(&answer, "query APBILL", nature)
        .unwrap_err()
        .fault
        .class
}

/// HTTP status, body, class for a read, class for a write.
type Expected = (u16, &'static str, FaultClass, FaultClass);

/// A web page of the front before the gateway.
const HTML: &str = fixture!("failure/page.response.html");

const SPOKEN: [Expected; 11] = [
    (
        200,
        fixture!("failure/control.response.xml"),
        Unauthorised,
        Unauthorised,
    ),
    (
        200,
        fixture!("failure/schema.response.xml"),
        Incompatible,
        Incompatible,
    ),
    (
        401,
        fixture!("failure/signin.response.xml"),
        Unauthorised,
        Unauthorised,
    ),
    (
        429,
        fixture!("failure/rate.response.xml"),
        Throttled,
        Throttled,
    ),
    (
        200,
        fixture!("failure/authentication.response.xml"),
        Unauthorised,
        Unauthorised,
    ),
    (
        200,
        fixture!("failure/permission.response.xml"),
        Unauthorised,
        Unauthorised,
    ),
    (
        200,
        fixture!("failure/object.response.xml"),
        Incompatible,
        Incompatible,
    ),
    (
        200,
        fixture!("failure/offline.response.xml"),
        Unavailable,
        Indeterminate,
    ),
    (
        200,
        fixture!("failure/processing.response.xml"),
        Incompatible,
        Incompatible,
    ),
    (
        200,
        fixture!("failure/exists.response.xml"),
        Incompatible,
        Rejected,
    ),
    (
        200,
        fixture!("failure/aborted.response.xml"),
        Incompatible,
        Rejected,
    ),
];

const SPEECHLESS: [Expected; 11] = [
    (429, HTML, Throttled, Throttled),
    (502, HTML, Unavailable, Indeterminate),
    (503, "", Unavailable, Indeterminate),
    (504, "<html>", Unavailable, Indeterminate),
    (524, "error code: 524", Unavailable, Indeterminate),
    (
        200,
        "<html><body>busy</body></html>",
        Unavailable,
        Indeterminate,
    ),
    (200, HTML, Unavailable, Indeterminate),
    (200, "", Unavailable, Indeterminate),
    (302, "", Incompatible, Incompatible),
    (400, "bad", Incompatible, Incompatible),
    (403, HTML, Unauthorised, Unauthorised),
];

#[test]
fn every_failure_has_its_class_for_reads_and_for_writes() {
    let whole = fixture!("bill/page.response.xml");
    let cut = (200, &whole[..whole.len() / 2], Unavailable, Indeterminate);
    let table = SPOKEN.iter().chain(&SPEECHLESS).chain([&cut]);
    for (status, body, read, write) in table {
        let shown = &body[..body.len().min(400)];
        assert_eq!(
            class(*status, body, Nature::Read),
            *read,
            "read, HTTP {status}: {shown}"
        );
        assert_eq!(
            class(*status, body, Nature::Write),
            *write,
            "write, HTTP {status}: {shown}"
        );
    }
}

#[test]
fn passing_trouble_of_the_audit_history_is_tried_again() {
    let body = fixture!("failure/processing.response.xml");
    assert_eq!(class(200, body, Nature::SporadicRead), Unavailable);
}

#[test]
fn a_request_that_was_not_sent_did_nothing() {
    let classes = |failure: &TransportFailure| {
        let class = |nature| transport(failure, "create", nature).fault.class;
        (class(Nature::Read), class(Nature::Write))
    };
    let not_sent = TransportFailure::NotSent("refused".to_owned());
    let no_answer = TransportFailure::NoAnswer("reset".to_owned());
    assert_eq!(classes(&not_sent), (Unavailable, Unavailable));
    assert_eq!(classes(&no_answer), (Unavailable, Indeterminate));
}

#[test]
fn the_wait_the_gateway_asks_for_is_kept() {
    let answer = http::Response::builder()
        .status(429)
        .header("retry-after", "7")
        .body(Bytes::from_static(
            fixture!("failure/rate.response.xml").as_bytes(),
        ))
        .unwrap();
    let failure = response(&answer, "query APBILL", Nature::Read).unwrap_err();
    assert_eq!(failure.fault.retry_after_ms, Some(7_000));
    assert!(failure.fault.to_string().contains("GW-0010"));
}

#[test]
fn the_object_without_permission_is_named() {
    let answer = http::Response::new(Bytes::from_static(
        fixture!("failure/permission.response.xml").as_bytes(),
    ));
    let failure = response(&answer, "query APBILL", Nature::Read).unwrap_err();
    assert!(!failure.is_authentication, "no new login helps");
    assert!(
        failure
            .fault
            .to_string()
            .starts_with("query APBILL failed (unauthorised)")
    );
}
