//! People at the control port: entering, editing, deleting, reversing and copying documents.

use serde_json::json;

use crate::desk::{Desk, Gl, balance, bill, file, table};

const PAYABLES: &str = "200-0000-20000-0000-000";
const EXPENSE: &str = "200-1100-60300-0000-000";
const CASH: &str = "200-0000-10100-0000-000";

fn with_journal() -> Desk {
    let mut desk = Desk::new();
    let row = |code: &str| {
        Gl::new("WMB_US_USD", "2026/12/31", code, "9")
            .set(48, "stamp:JE-1")
            .set(53, "JE-1")
    };
    desk.import(
        &file(&[row(EXPENSE).debit("900.00"), row(CASH).credit("900.00")]),
        "WMB_US_USD",
        "9",
    );
    desk
}

#[test]
fn invoices_are_edited_deleted_and_copied() {
    let mut desk = Desk::new();
    assert_eq!(desk.post("invoices", &bill("B-1", "100.00")).status, 201);
    desk.twin
        .edit_document("b-1", &json!({"amount": "90.60"}))
        .unwrap();
    assert_eq!(
        balance(&desk, "P12-2026", PAYABLES).as_deref(),
        Some("-90.60")
    );
    assert_eq!(
        desk.get("invoices").items()[0]["InvoiceAmount"].to_string(),
        "90.6"
    );
    desk.twin
        .edit_document("stamp:B-1", &json!({"accounting_date": "2027-01-01"}))
        .unwrap();
    assert_eq!(balance(&desk, "P12-2026", PAYABLES), None);
    assert_eq!(
        balance(&desk, "P01-2027", EXPENSE).as_deref(),
        Some("90.60")
    );
    assert_eq!(
        desk.get("invoices?q=AccountingDate='2027-01-01'")
            .items()
            .len(),
        1
    );
    desk.twin
        .edit_document("B-1", &json!({"segments": {"cost_center": "1200"}}))
        .unwrap();
    assert_eq!(
        balance(&desk, "P01-2027", "200-1200-60300-0000-000").as_deref(),
        Some("90.60")
    );
    assert_eq!(balance(&desk, "P01-2027", EXPENSE), None);
    assert_eq!(desk.twin.duplicate_document("B-1").unwrap(), "B-1-DUP");
    assert_eq!(
        balance(&desk, "P01-2027", PAYABLES).as_deref(),
        Some("-181.20")
    );
    desk.twin.delete_document("B-1").unwrap();
    assert_eq!(
        balance(&desk, "P01-2027", PAYABLES).as_deref(),
        Some("-90.60")
    );
    assert_eq!(
        desk.get("invoices?fields=InvoiceNumber&onlyData=true")
            .items(),
        [json!({"InvoiceNumber": "B-1-DUP"})]
    );
    assert!(
        desk.twin
            .edit_document("B-9", &json!({"amount": "1"}))
            .is_err()
    );
    assert!(
        desk.twin
            .edit_document("B-1-DUP", &json!({"colour": "red"}))
            .is_err()
    );
}

#[test]
fn a_rate_is_changed_as_in_the_break_scenario() {
    let mut desk = Desk::new();
    let mut body = bill("BILL-E300-2", "4000.00");
    for (name, value) in [
        ("BusinessUnit", "BU_WMB_EU"),
        ("LiabilityDistribution", "300-0000-20000-0000-000"),
        ("ConversionRateType", "User"),
        ("ConversionRate", "0.919667"),
    ] {
        body[name] = json!(value);
    }
    body["invoiceLines"][0]["DistributionCombination"] = json!("300-3300-62100-0000-000");
    assert_eq!(desk.post("invoices", &body).status, 201);
    desk.twin
        .edit_document("BILL-E300-2", &json!({"rate": "0.92"}))
        .unwrap();
    assert_eq!(
        balance(&desk, "P12-2026", "300-3300-62100-0000-000").as_deref(),
        Some("3680.00")
    );
    assert_eq!(
        desk.get("invoices").items()[0]["BaseAmount"].to_string(),
        "3680"
    );
}

#[test]
fn journals_are_edited_moved_reversed_copied_and_deleted() {
    let mut desk = with_journal();
    desk.twin
        .edit_document("JE-1", &json!({"amount": "906.00"}))
        .unwrap();
    assert_eq!(balance(&desk, "P12-2026", CASH).as_deref(), Some("-906.00"));
    desk.twin
        .edit_document("stamp:JE-1", &json!({"accounting_date": "2027-01-01"}))
        .unwrap();
    assert_eq!(balance(&desk, "P12-2026", CASH), None);
    assert_eq!(
        balance(&desk, "P01-2027", EXPENSE).as_deref(),
        Some("906.00")
    );
    let header =
        desk.get("journalBatches?expand=journalHeaders").items()[0]["journalHeaders"]["items"][0]
            .clone();
    assert_eq!(
        (
            header["PeriodName"].clone(),
            header["DefaultEffectiveDate"].clone()
        ),
        (json!("Jan-27"), json!("2027-01-01"))
    );
    desk.twin.duplicate_document("JE-1").unwrap();
    assert_eq!(
        balance(&desk, "P01-2027", CASH).as_deref(),
        Some("-1812.00")
    );
    desk.twin
        .reverse_document("stamp:JE-1", &json!({"accounting_date": "2027-01-02"}))
        .unwrap();
    assert_eq!(balance(&desk, "P01-2027", CASH).as_deref(), Some("-906.00"));
    desk.twin.delete_document("stamp:JE-1").unwrap();
    assert_eq!(balance(&desk, "P01-2027", CASH), None);
    desk.twin.delete_document("stamp:JE-1").unwrap();
    assert_eq!(balance(&desk, "P01-2027", CASH).as_deref(), Some("906.00"));
}

#[test]
fn documents_are_entered_by_hand() {
    let mut desk = Desk::new();
    let journal = json!({"kind": "gl_journal", "number": "HAND-1", "stamp": "", "entity": "E200", "accounting_date": "2026-12-31", "currency": "USD",
        "lines": [{"combination": EXPENSE, "debit": "12.00"}, {"segments": {"company": "200", "account": "10100"}, "credit": "12.00"}]});
    assert_eq!(desk.twin.enter_document(&journal).unwrap(), "HAND-1");
    let mut wrong = journal.clone();
    wrong["lines"][0]["debit"] = json!("13.00");
    assert!(
        desk.twin
            .enter_document(&wrong)
            .unwrap_err()
            .contains("doesn't balance")
    );
    let invoice = json!({"kind": "payables_invoice", "number": "HAND-2", "stamp": "S", "entity": "E200", "accounting_date": "2026-12-31",
        "currency": "USD", "amount": "5.00", "supplier_number": "FS-2001", "liability": PAYABLES,
        "lines": [{"combination": EXPENSE, "amount": "5.00"}]});
    assert_eq!(desk.twin.enter_document(&invoice).unwrap(), "HAND-2");
    assert!(
        desk.twin
            .enter_document(&invoice)
            .unwrap_err()
            .contains("AP-810776")
    );
    assert_eq!(
        balance(&desk, "P12-2026", EXPENSE).as_deref(),
        Some("17.00")
    );
    let rows = table(&desk.twin.documents_csv());
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (
            rows[0]["kind"].as_str(),
            rows[0]["amount"].as_str(),
            rows[0]["entity"].as_str()
        ),
        ("payables_invoice", "5.00", "E200")
    );
    assert_eq!(
        (
            rows[1]["number"].as_str(),
            rows[1]["status"].as_str(),
            rows[1]["amount"].as_str()
        ),
        ("HAND-1", "Posted", "12.00")
    );
}

#[test]
fn the_clock_starts_after_the_newest_document_and_can_be_moved() {
    let mut desk = Desk::new();
    desk.now = 0;
    let at = |desk: &mut Desk, number: &str| {
        desk.post("invoices", &bill(number, "1.00")).json()["CreationDate"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(at(&mut desk, "1"), "2027-01-31T09:00:01.000+00:00");
    desk.now = 1500;
    assert_eq!(at(&mut desk, "2"), "2027-01-31T09:00:02.500+00:00");
    desk.twin.advance_clock(60_000);
    assert_eq!(at(&mut desk, "3"), "2027-01-31T09:01:02.500+00:00");
}

#[test]
fn requests_have_short_names() {
    let desk = Desk::new();
    let name =
        |method: &str, path: &str, body: &str| desk.twin.operation(method, path, body.as_bytes());
    let root = "/fscmRestApi/resources/11.13.18.05";
    assert_eq!(
        name("POST", &format!("{root}/invoices"), "{}"),
        "POST invoices"
    );
    assert_eq!(
        name(
            "GET",
            &format!("{root}/invoices/000200/child/invoiceLines?limit=5"),
            ""
        ),
        "GET invoices/{id}/child/invoiceLines"
    );
    assert_eq!(
        name(
            "POST",
            &format!("{root}/invoices/action/cancelInvoice"),
            "{}"
        ),
        "POST invoices/action/cancelInvoice"
    );
    assert_eq!(
        name(
            "POST",
            &format!("{root}/erpintegrations"),
            "{\"OperationName\":\"importBulkData\"}"
        ),
        "POST erpintegrations/importBulkData"
    );
    assert_eq!(
        name(
            "GET",
            &format!("{root}/erpintegrations?finder=ESSJobStatusRF;requestId=1"),
            ""
        ),
        "GET erpintegrations/ESSJobStatusRF"
    );
    assert_eq!(
        name("GET", "/ess/rest/scheduler/v1/requests/5", ""),
        "GET scheduler/requests/{id}"
    );
}
