//! Set-up records by REST.

use serde_json::json;

use crate::desk::{Desk, bill};

#[test]
fn lists_of_values_show_the_set_up() {
    let mut desk = Desk::new();
    let ledgers = desk.get("ledgersLOV").items();
    assert_eq!(ledgers.len(), 4);
    assert_eq!(
        (
            ledgers[0]["Name"].clone(),
            ledgers[0]["CurrencyCode"].clone()
        ),
        (json!("WMB_US_USD"), json!("USD"))
    );
    assert_eq!(ledgers[0]["LedgerId"].to_string().len(), 15);
    assert_eq!(
        desk.get("journalCategoriesLOV?q=UserJeCategoryName='Intacct Statistical'")
            .items()
            .len(),
        1
    );
    assert_eq!(desk.get("chartOfAccountsLOV").items()[0]["Delimiter"], "-");
    let id = ledgers[0]["LedgerId"].clone();
    let periods = desk.get(&format!("accountingPeriodStatusLOV?q=LedgerId={id} and ApplicationId=101 and AdjustmentPeriodFlag=false")).items();
    let names: Vec<&str> = periods
        .iter()
        .map(|p| p["PeriodName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Nov-26", "Dec-26", "Jan-27"]);
    let own = periods[0]["links"][0]["href"]
        .as_str()
        .unwrap()
        .strip_prefix("http://pod.example")
        .unwrap()
        .to_owned();
    assert_eq!(desk.get(&own).json()["PeriodName"], "Nov-26");
    let rates = desk
        .get("currencyRates?finder=CurrencyRatesFinder;fromCurrency=EUR,toCurrency=USD,userConversionType=Corporate,startDate=2026-11-30,endDate=2026-11-30")
        .items();
    assert_eq!(rates[0]["ConversionRate"].to_string(), "1.085");
    assert_eq!(desk.get("currencyRates").status, 400);
    assert_eq!(
        desk.get("payablesPaymentTerms?q=name='Net 30'").items()[0]["enabledFlag"],
        "Y"
    );
}

#[test]
fn suppliers_are_made_found_and_end_dated() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.get("suppliers?q=SupplierNumber='FS-2001'").items()[0]["Supplier"],
        "Papercrane Hosting (made up)"
    );
    let reply = desk.post(
        "suppliers",
        &json!({"Supplier": "NEW ONE", "SupplierNumber": "N-1"}),
    );
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(
        desk.post("suppliers", &json!({"Supplier": "NEW ONE"}))
            .status,
        400
    );
    assert_eq!(desk.post("suppliers", &json!({"Vendor": "X"})).status, 400);
    let id = reply.json()["SupplierId"].to_string();
    let sites = desk.get(&format!("suppliers/{id}/child/sites")).items();
    assert!(sites.iter().all(|s| s["SupplierSite"] == "MAIN"));
    let made = desk.post(
        &format!("suppliers/{id}/child/sites"),
        &json!({"SupplierSite": "EAST", "ProcurementBU": "BU_WMB_US_OPS"}),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let mut body = bill("S-1", "1.00");
    body["Supplier"] = json!("NEW ONE");
    body["SupplierSite"] = json!("EAST");
    assert_eq!(desk.post("invoices", &body).status, 201);
    let site = made.json()["SupplierSiteId"].to_string();
    let ended = desk.patch(
        &format!("suppliers/{id}/child/sites/{site}"),
        &json!({"InactiveDate": "2027-01-01"}),
    );
    assert_eq!(ended.status, 200, "{}", ended.text);
    body["InvoiceNumber"] = json!("S-2");
    assert!(
        desk.post("invoices", &body)
            .detail()
            .contains("SupplierSite")
    );
    assert_eq!(
        desk.patch(
            &format!("suppliers/{id}"),
            &json!({"InactiveDate": "2027-01-01"})
        )
        .status,
        200
    );
    body["SupplierSite"] = json!("MAIN");
    assert!(desk.post("invoices", &body).detail().contains("inactive"));
}

#[test]
fn value_sets_grow() {
    let mut desk = Desk::new();
    let path = "valueSets/TIEOUT_PRODUCT/child/values";
    let reply = desk.post(
        path,
        &json!({"Value": "9999", "EnabledFlag": "Y", "Description": "New"}),
    );
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert!(reply.json()["ValueId"].is_number());
    assert_eq!(desk.post(path, &json!({"Value": "9999"})).status, 400);
    let mut body = bill("V-1", "1.00");
    body["invoiceLines"][0]["DistributionCombination"] = json!("200-1100-60300-9999-000");
    assert_eq!(desk.post("invoices", &body).status, 201);
    assert_eq!(
        desk.get("accountCombinationsLOV?q=AccountCombination='200-1100-60300-9999-000'")
            .items()
            .len(),
        1
    );
}
