//! The population: invoices, then journals, own lines only, own company only.

use tieout_connector::{Books as _, BooksScope, Cursor};
use tieout_model::{DocumentKind, FaultClass};

use crate::balances::{december, scope};
use crate::sample::placement;
use crate::tenant::{Tenant, fixture};

#[tokio::test]
async fn invoices_show_their_liability_and_journals_only_lines_of_the_entity() {
    let tenant = Tenant::new();
    let fusion = tenant.fusion(|_| {});
    tenant.answer(
        "GET invoices",
        200,
        fixture!("supplier_invoice/read_back.response.json"),
    );
    tenant.answer(
        "GET invoices",
        200,
        fixture!("supplier_invoice/rest_of_lines.response.json"),
    );
    let kuwait = BooksScope {
        placement: placement("WMB_KW_KWD", "500", "KWD"),
        ..scope()
    };
    let page = fusion.population(&kuwait, &december(), None).await.unwrap();
    let [ours, theirs] = &page.members[..] else {
        panic!("{page:?}");
    };
    assert_eq!(
        (ours.kind, ours.lines.len(), ours.is_accounted),
        (DocumentKind::SupplierInvoice, 3, true)
    );
    let liability = &ours.lines[2];
    assert_eq!(
        (
            liability.amount.to_string(),
            liability.functional.to_string()
        ),
        ("-1234.56".to_owned(), "-379.164".to_owned())
    );
    assert_eq!((theirs.stamp.clone(), theirs.is_accounted), (None, false));
    let query = tenant.requests("GET invoices")[0]
        .uri()
        .query()
        .unwrap()
        .to_owned();
    assert!(
        query.contains(
            "BusinessUnit%3D%27BU_KW%27%20and%20AccountingDate%20%3E%3D%20%272026-12-01%27"
        ),
        "{query}"
    );

    tenant.answer(
        "GET journalBatches",
        200,
        fixture!("journal_entry/read_back.response.json"),
    );
    let page = fusion
        .population(&scope(), &december(), page.next.as_ref())
        .await
        .unwrap();
    assert_eq!(page.next, None);
    let lines: Vec<usize> = page.members.iter().map(|m| m.lines.len()).collect();
    assert_eq!(
        lines,
        [2, 1],
        "the line of company 200 is not in the books of 100"
    );
    assert!(page.members[0].is_accounted && !page.members[1].is_accounted);
    assert_eq!(page.members[0].rate.as_ref().unwrap().text(), "1.094000");
}

#[tokio::test]
async fn an_adjusting_period_has_no_invoices() {
    let tenant = Tenant::new();
    let mut at = december();
    at.period.is_adjusting = true;
    at.period.name_there = "Adj-26".to_owned();
    tenant.answer(
        "GET journalBatches",
        200,
        r#"{"items":[],"count":0,"hasMore":false}"#,
    );
    let page = tenant
        .fusion(|_| {})
        .population(&scope(), &at, None)
        .await
        .unwrap();
    assert_eq!((page.members.len(), page.next), (0, None));
}

#[tokio::test]
async fn rows_that_moved_between_pages_are_a_fault_not_a_gap() {
    let tenant = Tenant::new();
    tenant.answer(
        "GET invoices",
        200,
        fixture!("supplier_invoice/read_back.response.json"),
    );
    let cursor = Cursor("invoices:2:300000203741093".to_owned());
    let fault = tenant
        .fusion(|_| {})
        .population(&scope(), &december(), Some(&cursor))
        .await
        .unwrap_err();
    assert_eq!(fault.class, FaultClass::Incompatible);
}
