//! File-based import of payables invoices.

use serde_json::json;

use crate::desk::{Desk, archive, balance};

fn cells(count: usize, filled: &[(usize, &str)]) -> String {
    let mut row = vec![""; count];
    for (column, text) in filled {
        row[column - 1] = text;
    }
    row.join(",") + "\n"
}

fn header(id: &str, number: &str, supplier: &str) -> String {
    cells(
        135,
        &[
            (1, id),
            (2, "BU_WMB_US_OPS"),
            (3, "Sage Intacct"),
            (4, number),
            (5, "10.50"),
            (6, "2026/12/03"),
            (8, supplier),
            (9, "MAIN"),
            (10, "USD"),
            (13, "SET-1"),
            (14, "STANDARD"),
            (24, "2026/12/03"),
            (37, "200-0000-20000-0000-000"),
            (74, "INTACCT"),
            (75, "stamp:F"),
            (76, number),
            (77, "v1"),
        ],
    )
}

fn line(id: &str) -> String {
    cells(
        164,
        &[
            (1, id),
            (2, "1"),
            (3, "ITEM"),
            (4, "10.50"),
            (22, "200-1100-60300-0000-000"),
            (66, "INTACCT"),
            (67, "PJ-01"),
        ],
    )
}

fn send(desk: &mut Desk, headers: &str, lines: &str, import_set: &str) -> String {
    let parameters = format!(
        "#NULL,BU_WMB_US_OPS,N,2026-12-03,#NULL,#NULL,1000,Sage Intacct,{import_set},N,Y,1,#NULL,1"
    );
    let body = json!({
        "OperationName": "importBulkData", "ContentType": "zip", "FileName": "P.zip", "DocumentAccount": "fin$/payables$/import$",
        "DocumentContent": archive(&[("ApInvoicesInterface.csv", headers), ("ApInvoiceLinesInterface.csv", lines)]),
        "JobName": "/oracle/apps/ess/financials/payables/invoices/transactions,APXIIMPT", "ParameterList": parameters,
        "JobOptions": "InterfaceDetails=1,ImportOption=Y,PurgeOption=N",
    });
    let reply = desk.post("erpintegrations", &body);
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()["ReqstId"].as_str().unwrap().to_owned()
}

#[test]
fn good_invoices_come_in_and_bad_ones_stay_out() {
    let mut desk = Desk::new();
    let headers = header("1", "F-1", "FS-2001")
        + &header("2", "F-2", "FS-NONE")
        + &header("3", "f-1", "FS-2001");
    let id = send(
        &mut desk,
        &headers,
        &(line("1") + &line("2") + &line("3")),
        "SET-1",
    );
    let tree: Vec<String> = desk.tree(&id).into_iter().map(|(_, s)| s).collect();
    assert_eq!(tree, ["SUCCEEDED", "SUCCEEDED", "WARNING", "WARNING"]);
    let log = desk.logs(&id);
    assert!(
        log.contains("Invoice F-2: INVALID SUPPLIER")
            && log.contains("Invoice f-1: DUPLICATE INVOICE NUMBER"),
        "{log}"
    );
    let item = desk.get("invoices?expand=invoiceDff").items().remove(0);
    assert_eq!(
        (
            item["InvoiceNumber"].clone(),
            item["AccountingStatus"].clone()
        ),
        (json!("F-1"), json!("Accounted"))
    );
    assert_eq!(item["invoiceDff"]["items"][0]["sourceStamp"], "stamp:F");
    assert_eq!(
        balance(&desk, "P12-2026", "200-1100-60300-0000-000").as_deref(),
        Some("10.50")
    );
}

#[test]
fn a_wrong_import_set_selects_nothing_and_wrong_columns_load_nothing() {
    let mut desk = Desk::new();
    let id = send(
        &mut desk,
        &header("1", "F-1", "FS-2001"),
        &line("1"),
        "SET-2",
    );
    assert!(desk.tree(&id).iter().all(|(_, s)| s == "SUCCEEDED"));
    assert!(desk.logs(&id).contains("Invoices selected: 0"));
    let short = send(
        &mut desk,
        &cells(134, &[(1, "1"), (3, "x"), (4, "y")]),
        &line("1"),
        "SET-1",
    );
    assert_eq!(desk.tree(&short)[0].1, "ERROR");
    let orphan = send(
        &mut desk,
        &header("1", "F-1", "FS-2001"),
        &line("9"),
        "SET-1",
    );
    assert!(desk.logs(&orphan).contains("names the invoice 9"));
    assert_eq!(desk.get("invoices").items().len(), 0);
}
