//! Payables invoices: everything that must be refused, and what an accepted one does.

use serde_json::{Value, json};
use tieout_twins::fusion::FusionOptions;

use crate::desk::{Desk, balance, bill};

const PAYABLES: &str = "200-0000-20000-0000-000";
const EXPENSE: &str = "200-1100-60300-0000-000";

#[test]
fn an_accepted_invoice_is_validated_and_accounted() {
    let mut desk = Desk::new();
    let reply = desk.post("invoices", &bill("SI-1", "120.50"));
    assert_eq!(reply.status, 201, "{}", reply.text);
    let item = reply.json();
    assert_eq!(item["ValidationStatus"], "Validated");
    assert_eq!(item["AccountingStatus"], "Accounted");
    assert_eq!(item["InvoiceAmount"].to_string(), "120.5");
    assert_eq!(item["SupplierNumber"], "FS-2001");
    assert_eq!(item["LegalEntity"], "LE_WUMBOLT_SERV");
    assert_eq!(item["InvoiceType"], "Standard");
    assert_eq!(
        item["invoiceLines"]["items"][0]["DistributionCombination"],
        EXPENSE
    );
    assert_eq!(item["invoiceDff"]["items"][0]["sourceStamp"], "stamp:SI-1");
    assert_eq!(
        item["invoiceInstallments"]["items"][0]["DueDate"],
        "2027-01-02"
    );
    let location = reply.location.unwrap();
    let again = desk
        .get(location.strip_prefix("http://pod.example").unwrap())
        .json();
    assert_eq!(again["InvoiceId"], item["InvoiceId"]);
    assert_eq!(
        balance(&desk, "P12-2026", EXPENSE).as_deref(),
        Some("120.50")
    );
    assert_eq!(
        balance(&desk, "P12-2026", PAYABLES).as_deref(),
        Some("-120.50")
    );
    assert_eq!(balance(&desk, "P11-2026", PAYABLES), None);
}

#[test]
fn the_same_number_is_taken_once_per_supplier_and_business_unit() {
    let mut desk = Desk::new();
    assert_eq!(desk.post("invoices", &bill("SI-1", "1.00")).status, 201);
    let again = desk.post("invoices", &bill("si-1", "2.00"));
    assert_eq!(again.status, 400);
    assert!(again.detail().ends_with("(AP-810776)"));
    assert_eq!(
        again.json()["o:errorDetails"][0]["o:errorCode"],
        "AP-810776"
    );
    let mut other = bill("SI-1", "3.00");
    other["Supplier"] = json!("Luftschloss Beratung (made up)");
    assert_eq!(desk.post("invoices", &other).status, 201);
    assert_eq!(desk.get("invoices").items().len(), 2);
}

/// Sets the member at a path like `invoiceLines/0/LineAmount`; null removes it.
fn with(mut body: Value, path: &str, value: Value) -> Value {
    let pointer = format!("/{path}");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let target = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        target.remove(name);
    } else {
        target.insert(name.to_owned(), value);
    }
    body
}

/// Where a bill is changed, to which JSON, and the words of the refusal.
const WRONG: [(&str, &str, &str); 43] = [
    (
        "InvoiceNumber",
        "null",
        "InvoiceNumber in InvoiceHeader is required",
    ),
    ("InvoiceNumber", "5", "must be a string"),
    (
        "InvoiceAmount",
        "null",
        "InvoiceAmount in InvoiceHeader is required",
    ),
    ("InvoiceAmount", r#""abc""#, "must be a number"),
    ("InvoiceAmount", "1.005", "more decimals"),
    ("InvoiceAmount", "11", "doesn't equal the invoice amount"),
    (
        "InvoiceAmount",
        "-10",
        "doesn't equal the invoice amount -10",
    ),
    ("InvoiceDate", r#""03.12.2026""#, "must be a date"),
    (
        "InvoiceDate",
        "null",
        "InvoiceDate in InvoiceHeader is required",
    ),
    ("AccountingDate", r#""2026-11-15""#, "open Payables period"),
    (
        "AccountingDate",
        r#""2027-01-15""#,
        "open General Ledger period",
    ),
    (
        "AccountingDate",
        r#""2031-01-15""#,
        "isn't in a defined accounting period",
    ),
    (
        "BusinessUnit",
        r#""Nowhere""#,
        "attribute BusinessUnit isn't valid",
    ),
    (
        "BusinessUnit",
        "null",
        "BusinessUnit in InvoiceHeader is required",
    ),
    (
        "Supplier",
        r#""PAPERCRANE HOSTING""#,
        "attribute Supplier isn't valid",
    ),
    ("Supplier", "null", "Supplier in InvoiceHeader is required"),
    (
        "SupplierNumber",
        r#""FS-2002""#,
        "attribute Supplier isn't valid",
    ),
    (
        "SupplierNumber",
        r#""FS-0""#,
        "attribute SupplierNumber isn't valid",
    ),
    (
        "SupplierSite",
        r#""OTHER""#,
        "attribute SupplierSite isn't valid",
    ),
    (
        "SupplierSite",
        "null",
        "SupplierSite in InvoiceHeader is required",
    ),
    (
        "InvoiceCurrency",
        r#""XXQ""#,
        "attribute InvoiceCurrency isn't valid",
    ),
    (
        "InvoiceCurrency",
        r#""STAT""#,
        "attribute InvoiceCurrency isn't valid",
    ),
    (
        "InvoiceCurrency",
        r#""EUR""#,
        "ConversionRateType in InvoiceHeader is required",
    ),
    (
        "ConversionRateType",
        r#""User""#,
        "can't enter conversion details",
    ),
    (
        "InvoiceType",
        r#""Debit memo""#,
        "attribute InvoiceType isn't valid",
    ),
    (
        "InvoiceType",
        r#""Credit memo""#,
        "credit memo must be negative",
    ),
    (
        "InvoiceSource",
        r#""Elsewhere""#,
        "attribute InvoiceSource isn't valid",
    ),
    (
        "PaymentTerms",
        r#""Net 999""#,
        "attribute PaymentTerms isn't valid",
    ),
    (
        "LegalEntity",
        r#""LE_WUMBOLT_EURO""#,
        "attribute LegalEntity isn't valid",
    ),
    (
        "LiabilityDistribution",
        "null",
        "LiabilityDistribution in InvoiceHeader is required",
    ),
    (
        "LiabilityDistribution",
        r#""300-0000-20000-0000-000""#,
        "isn't assigned to the ledger",
    ),
    (
        "LiabilityDistribution",
        r#""100-0000-20000-0000-000""#,
        "doesn't balance by balancing segment",
    ),
    (
        "InvoiceCurrencyCode",
        r#""USD""#,
        "Invalid attribute \"InvoiceCurrencyCode\"",
    ),
    (
        "invoiceLines/0/LineAmount",
        "null",
        "LineAmount in InvoiceLine is required",
    ),
    (
        "invoiceLines/0/LineType",
        r#""Gift""#,
        "attribute LineType isn't valid",
    ),
    (
        "invoiceLines/0/DistributionCombination",
        r#""200-1100-60300""#,
        "must have 5 segments but has 3",
    ),
    (
        "invoiceLines/0/DistributionCombination",
        r#""200-1100-99999-0000-000""#,
        "value 99999 of the segment account",
    ),
    (
        "invoiceLines/0/DistributionCombination",
        "null",
        "DistributionCombination in InvoiceLine is required",
    ),
    (
        "invoiceLines/0/Account",
        r#""x""#,
        "Invalid attribute \"Account\"",
    ),
    (
        "invoiceLines/0/invoiceLineDff/0/attribute9",
        r#""x""#,
        "Invalid attribute \"attribute9\"",
    ),
    (
        "invoiceDff/0/__FLEX_Context",
        r#""OTHER""#,
        "attribute __FLEX_Context isn't valid",
    ),
    (
        "invoiceDff/0/sourceUrl",
        r#""x""#,
        "Invalid attribute \"sourceUrl\"",
    ),
    (
        "invoiceInstallments",
        r#"[{"GrossAmount": 9}]"#,
        "installment amounts must add up",
    ),
];

#[test]
fn everything_wrong_is_refused_and_creates_nothing() {
    let mut desk = Desk::new();
    desk.twin
        .set_period(Some("WMB_US_USD"), Some("AP"), "Nov-26", "C")
        .unwrap();
    desk.twin
        .set_period(Some("WMB_US_USD"), Some("GL"), "Jan-27", "C")
        .unwrap();
    let too_long = [(50, "InvoiceNumber"), (240, "Description")].map(|(most, path)| {
        (
            path,
            json!("x".repeat(most + 1)),
            format!("maximum length of {most}"),
        )
    });
    let listed = WRONG
        .map(|(path, value, words)| (path, serde_json::from_str(value).unwrap(), words.to_owned()));
    for (path, value, words) in too_long.into_iter().chain(listed) {
        let reply = desk.post("invoices", &with(bill("BAD", "10.00"), path, value.clone()));
        assert_eq!(reply.status, 400, "{path} = {value}: {}", reply.text);
        assert!(
            reply.detail().contains(&words),
            "{path} = {value}: {}",
            reply.detail()
        );
    }
    assert_eq!(desk.get("invoices").items().len(), 0);
    assert_eq!(desk.twin.trial_balance_csv().lines().count(), 1);
}

#[test]
fn a_retired_value_ends_on_its_day() {
    let mut desk = Desk::new();
    let values = desk
        .get("valueSets/TIEOUT_COST_CENTER/child/values?q=Value='4400'")
        .items();
    assert_eq!(values[0]["EndDateActive"], "2027-06-30");
    let key = values[0]["ValueId"].to_string();
    let path = format!("valueSets/TIEOUT_COST_CENTER/child/values/{key}");
    assert_eq!(
        desk.patch(&path, &json!({"EndDateActive": "2026-12-02"}))
            .status,
        200
    );
    let body = with(
        bill("R-1", "1.00"),
        "invoiceLines/0/DistributionCombination",
        json!("200-4400-60300-0000-000"),
    );
    assert!(
        desk.post("invoices", &body)
            .detail()
            .contains("isn't valid on 2026-12-03")
    );
    assert_eq!(
        desk.patch(&path, &json!({"EndDateActive": null, "EnabledFlag": "N"}))
            .status,
        200
    );
    assert!(
        desk.post("invoices", &body)
            .detail()
            .contains("is disabled")
    );
}

fn foreign(number: &str, rate: Value) -> Value {
    let mut body = bill(number, "4000.00");
    body["BusinessUnit"] = json!("BU_WMB_EU");
    body["LiabilityDistribution"] = json!("300-0000-20000-0000-000");
    body["ConversionRateType"] = json!("User");
    body["ConversionRate"] = rate;
    body["invoiceLines"][0]["DistributionCombination"] = json!("300-3300-62100-0000-000");
    body
}

#[test]
fn foreign_invoices_convert_at_the_given_rate_half_away_from_zero() {
    let mut desk = Desk::new();
    assert!(
        desk.post("invoices", &foreign("F-0", json!(null)))
            .detail()
            .contains("ConversionRate in")
    );
    let reply = desk.post("invoices", &foreign("F-1", json!(0.919667)));
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.json()["BaseAmount"].to_string(), "3678.67");
    assert_eq!(reply.json()["ConversionRate"].to_string(), "0.919667");
    assert_eq!(
        balance(&desk, "P12-2026", "300-0000-20000-0000-000").as_deref(),
        Some("-3678.67")
    );
    let given = with(
        foreign("F-2", json!("0.9")),
        "invoiceLines/0/BaseAmount",
        json!(3600.01),
    );
    assert_eq!(
        desk.post("invoices", &given).json()["BaseAmount"].to_string(),
        "3600.01"
    );
    let mut listed = foreign("F-3", json!(null));
    listed["ConversionRateType"] = json!("Corporate");
    listed["ConversionDate"] = json!("2026-11-30");
    assert_eq!(
        desk.post("invoices", &listed).json()["ConversionRate"].to_string(),
        "0.9216589862"
    );
    listed["InvoiceNumber"] = json!("F-4");
    listed["ConversionDate"] = json!("2019-01-01");
    assert!(
        desk.post("invoices", &listed)
            .detail()
            .contains("No Corporate conversion rate")
    );
}

#[test]
fn a_credit_memo_is_negative() {
    let mut desk = Desk::new();
    let reply = desk.post("invoices", &bill("CM-1", "-75.00"));
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.json()["InvoiceType"], "Credit memo");
    assert_eq!(
        balance(&desk, "P12-2026", EXPENSE).as_deref(),
        Some("-75.00")
    );
}

#[test]
fn cancelling_reverses_on_the_business_date() {
    let mut desk = Desk::new();
    desk.now = 1_799_971_200_000;
    let id = desk.post("invoices", &bill("C-1", "10.00")).json()["InvoiceId"].clone();
    let reply = desk.act("invoices/action/cancelInvoice", &json!({"InvoiceId": id}));
    assert_eq!(
        (reply.status, reply.json()["result"].clone()),
        (200, json!("Canceled"))
    );
    let item = desk
        .get("invoices?expand=invoiceLines.invoiceDistributions")
        .items()
        .remove(0);
    assert_eq!(
        (
            item["ValidationStatus"].clone(),
            item["InvoiceAmount"].clone()
        ),
        (json!("Canceled"), json!(0))
    );
    assert_eq!(item["CanceledFlag"], true);
    assert_eq!(
        item["invoiceLines"]["items"][0]["invoiceDistributions"]["count"],
        2
    );
    assert_eq!(
        balance(&desk, "P12-2026", PAYABLES).as_deref(),
        Some("-10.00")
    );
    assert_eq!(balance(&desk, "P01-2027", PAYABLES), None);
    assert_eq!(
        desk.act("invoices/action/cancelInvoice", &json!({"InvoiceId": id}))
            .status,
        400
    );
    assert!(
        desk.post("invoices", &bill("C-1", "10.00"))
            .detail()
            .contains("AP-810776")
    );
    assert_eq!(
        desk.act("invoices/action/cancelInvoice", &json!({"InvoiceId": 1}))
            .status,
        400
    );
}

#[test]
fn patches_do_not_cascade_and_accounted_amounts_stay() {
    let mut desk = Desk::new();
    let reply = desk.post("invoices", &bill("P-1", "10.00"));
    let path = reply
        .location
        .unwrap()
        .strip_prefix("http://pod.example")
        .unwrap()
        .to_owned();
    desk.now += 5000;
    let patched = desk.patch(
        &path,
        &json!({"Description": "New words", "PayGroup": "PG"}),
    );
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(patched.json()["Description"], "New words");
    assert_eq!(patched.json()["PayGroup"], "PG");
    assert_ne!(
        patched.json()["LastUpdateDate"],
        patched.json()["CreationDate"]
    );
    assert!(
        desk.patch(&path, &json!({"InvoiceAmount": 11}))
            .detail()
            .contains("can't be updated")
    );
    assert!(
        desk.patch(&path, &json!({"Nope": 11}))
            .detail()
            .contains("Invalid attribute")
    );
    assert_eq!(desk.send("DELETE", &path, "", "").status, 400);
}

#[test]
fn scheduled_processes_can_lag() {
    let options = FusionOptions {
        process_delay_ms: 60_000,
        refuse_line_variance: false,
        ..FusionOptions::default()
    };
    let mut desk = Desk::with(options);
    let created = desk.post("invoices", &bill("D-1", "10.00"));
    assert_eq!(created.json()["ValidationStatus"], "Not validated");
    assert_eq!(desk.twin.trial_balance_csv().lines().count(), 1);
    let path = created
        .location
        .unwrap()
        .strip_prefix("http://pod.example")
        .unwrap()
        .to_owned();
    desk.now += 59_000;
    assert_eq!(desk.get(&path).json()["AccountingStatus"], "Unaccounted");
    desk.now += 2_000;
    assert_eq!(desk.get(&path).json()["AccountingStatus"], "Accounted");
    let odd = desk.post(
        "invoices",
        &with(bill("D-2", "10.00"), "InvoiceAmount", json!(12)),
    );
    assert_eq!(odd.json()["ValidationStatus"], "Needs revalidation");
    let path = odd
        .location
        .unwrap()
        .strip_prefix("http://pod.example")
        .unwrap()
        .to_owned();
    desk.now += 120_000;
    assert_eq!(desk.get(&path).json()["AccountingStatus"], "Unaccounted");
    assert_eq!(desk.send("DELETE", &path, "", "").status, 204);
    assert_eq!(desk.get(&path).status, 404);
}
