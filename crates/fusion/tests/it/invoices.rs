//! Invoices: what is sent, and what becomes of it.

use serde_json::Value;
use tieout_connector::{ItemOutcome, Target as _, TransportFailure};
use tieout_model::{FaultClass, JobRef};

use crate::sample::{OTHER_STAMP, STAMP, batch, bill};
use crate::tenant::{Tenant, fixture};

const POST: &str = "POST invoices";
const READ: &str = "GET invoices";
const EMPTY: &str = r#"{"items":[],"count":0,"hasMore":false,"limit":499,"offset":0,"links":[]}"#;

#[tokio::test]
async fn a_bill_is_sent_with_everything_stated() {
    let tenant = Tenant::new();
    tenant.answer(POST, 201, r#"{"InvoiceId":300000203741093}"#);
    let batch = batch(vec![bill(STAMP, |_| {})]);
    let outcome = tenant.fusion(|_| {}).post(&batch).await.unwrap();
    let accepted = ItemOutcome::Accepted(JobRef("invoices".to_owned()));
    assert_eq!(outcome.items, [(batch.items[0].id, accepted)]);
    let sent = tenant.requests(POST).remove(0);
    let body: Value = serde_json::from_slice(sent.body()).unwrap();
    let expected: Value =
        serde_json::from_str(fixture!("supplier_invoice/foreign_currency.request.json")).unwrap();
    assert_eq!(body, expected, "{body}");
    assert!(
        sent.body().windows(8).any(|w| w == b"0.307125"),
        "the rate keeps its characters"
    );
    assert_eq!(
        sent.headers()["authorization"],
        "Basic aW50ZWdyYXRpb24udGllb3V0OnNlY3JldA=="
    );
}

async fn post_one(tenant: &std::sync::Arc<Tenant>) -> ItemOutcome {
    let batch = batch(vec![bill(STAMP, |_| {})]);
    let outcome = tenant.fusion(|_| {}).post(&batch).await.unwrap();
    outcome.items.into_iter().next().unwrap().1
}

#[tokio::test]
async fn answers_are_classed_by_whether_something_may_have_been_done() {
    let answers = [
        (201, "{\"InvoiceId\":3000", "unknown"),
        (500, "<html>oops</html>", "unknown"),
        (503, "<html>busy</html>", "unknown"),
        (504, "", "unknown"),
        (429, "", "not done throttled"),
        (401, "<html>login</html>", "not done unauthorised"),
        (403, "", "not done unauthorised"),
        (404, "", "not done incompatible"),
        (
            400,
            "The value of the attribute SupplierSite isn't valid.",
            "rejected",
        ),
    ];
    for (status, body, expected) in answers {
        let tenant = Tenant::new();
        tenant.answer(POST, status, body);
        let found = match post_one(&tenant).await {
            ItemOutcome::Unknown(fault) => {
                assert_eq!(fault.class, FaultClass::Indeterminate);
                "unknown".to_owned()
            }
            ItemOutcome::NotDone(fault) => format!("not done {}", fault.class.word()),
            ItemOutcome::Rejected(_) => "rejected".to_owned(),
            other @ (ItemOutcome::Accepted(_)
            | ItemOutcome::Pending
            | ItemOutcome::Posted(_)
            | ItemOutcome::Absent
            | ItemOutcome::Doubled(_)) => format!("{other:?}"),
        };
        assert_eq!(found, expected, "{status}");
        assert_eq!(tenant.requests(POST).len(), 1, "a write is never repeated");
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_an_unsent_request_is_not() {
    let tenant = Tenant::new();
    tenant.push(
        POST,
        Err(TransportFailure::NoAnswer("timed out".to_owned())),
    );
    assert!(matches!(post_one(&tenant).await, ItemOutcome::Unknown(_)));
    tenant.push(POST, Err(TransportFailure::NotSent("refused".to_owned())));
    assert!(matches!(post_one(&tenant).await, ItemOutcome::NotDone(_)));
}

#[tokio::test]
async fn a_number_that_exists_is_ours_or_a_refusal_that_names_who_has_it() {
    let tenant = Tenant::new();
    tenant.answer(POST, 400, fixture!("error/structured.response.json"));
    tenant.answer(
        READ,
        200,
        fixture!("supplier_invoice/read_back.response.json"),
    );
    assert!(matches!(post_one(&tenant).await, ItemOutcome::Accepted(_)));

    tenant.answer(POST, 400, fixture!("error/structured.response.json"));
    tenant.answer(
        READ,
        200,
        fixture!("supplier_invoice/read_back.response.json"),
    );
    let batch = batch(vec![bill(OTHER_STAMP, |_| {})]);
    let outcome = tenant.fusion(|_| {}).post(&batch).await.unwrap();
    let ItemOutcome::Rejected(rejection) = &outcome.items[0].1 else {
        panic!("{outcome:?}");
    };
    assert_eq!(rejection.code, "AP-810776");
    assert_eq!(rejection.place, "/InvoiceNumber");
    assert!(rejection.message.contains(STAMP) && rejection.message.contains("300000203741093"));
}

#[tokio::test]
async fn one_refused_invoice_refuses_no_other_and_nothing_is_sent_for_it() {
    let tenant = Tenant::new();
    tenant.answer(POST, 201, "{}");
    let long = bill(OTHER_STAMP, |draft| draft.number = "N".repeat(51));
    let batch = batch(vec![long, bill(STAMP, |_| {})]);
    let outcome = tenant.fusion(|_| {}).post(&batch).await.unwrap();
    let ItemOutcome::Rejected(rejection) = &outcome.items[0].1 else {
        panic!("{outcome:?}");
    };
    assert_eq!(rejection.place, "InvoiceNumber");
    assert!(matches!(outcome.items[1].1, ItemOutcome::Accepted(_)));
    assert_eq!(tenant.requests(POST).len(), 1);
}

#[tokio::test]
async fn an_invoice_is_found_by_its_stamp_with_the_lines_the_server_cut_off() {
    let tenant = Tenant::new();
    tenant.answer(
        READ,
        200,
        fixture!("supplier_invoice/read_back.response.json"),
    );
    tenant.answer(
        READ,
        200,
        fixture!("supplier_invoice/rest_of_lines.response.json"),
    );
    let batch = batch(vec![bill(STAMP, |_| {}), bill(OTHER_STAMP, |_| {})]);
    let found = tenant.fusion(|_| {}).find(&batch).await.unwrap();
    assert_eq!(found.len(), 2);
    let [row] = &found[0].rows[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        (row.reference.as_str(), row.number.as_str()),
        ("300000203741093", "BILL-7")
    );
    assert_eq!(
        (row.total_debit.to_string().as_str(), row.currency.code()),
        ("379.164", "KWD")
    );
    assert_eq!((row.period.as_str(), row.is_accounted), ("Dec-26", true));
    assert!(
        found[1].rows.is_empty(),
        "another stamp with the same number is not ours"
    );
    assert!(tenant.is_spent());
    let requests = tenant.requests(READ);
    let q = requests[0].uri().query().unwrap();
    assert!(
        q.starts_with("q=InvoiceNumber%3D%27BILL-7%27%20or%20InvoiceNumber"),
        "{q}"
    );
    assert!(requests[1].uri().path().ends_with("/child/invoiceLines"));
    assert!(requests[1].uri().query().unwrap().contains("offset=1"));
}

#[tokio::test]
async fn an_invoice_not_shown_yet_is_pending_never_absent() {
    let tenant = Tenant::new();
    tenant.answer(READ, 200, EMPTY);
    let batch = batch(vec![bill(STAMP, |_| {})]);
    let job = JobRef("invoices".to_owned());
    let outcome = tenant.fusion(|_| {}).poll(&job, &batch).await.unwrap();
    assert_eq!(outcome.items[0].1, ItemOutcome::Pending);
}

#[tokio::test]
async fn a_credit_keeps_its_negative_amounts() {
    let tenant = Tenant::new();
    tenant.answer(POST, 201, "{}");
    let credit = bill(STAMP, |draft| {
        draft.is_credit = true;
        for line in &mut draft.lines {
            line.amount = line.amount.negated();
            line.functional = line.functional.negated();
        }
    });
    tenant
        .fusion(|_| {})
        .post(&batch(vec![credit]))
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(tenant.requests(POST)[0].body()).unwrap();
    assert_eq!(body["InvoiceType"], "Credit memo");
    assert_eq!(body["InvoiceAmount"].to_string(), "-1234.56");
    assert_eq!(body["invoiceLines"][1]["BaseAmount"].to_string(), "-72.022");
}
