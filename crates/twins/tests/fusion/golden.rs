//! The golden company's documents, entered as a client would, must give the expected trial balances to the cent.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::desk::{Desk, Gl, file, golden, table};

fn read(name: &str) -> Vec<BTreeMap<String, String>> {
    table(&std::fs::read_to_string(golden().join(name)).unwrap())
}

fn combination(row: &BTreeMap<String, String>) -> String {
    [
        "company",
        "cost_center",
        "account",
        "product",
        "intercompany",
    ]
    .map(|c| row[c].as_str())
    .join("-")
}

fn signed(row: Gl, amount: &str) -> Gl {
    match amount.strip_prefix('-') {
        Some(positive) => row.credit(positive),
        None => row.debit(amount),
    }
}

fn opening_rows() -> Vec<(String, Gl)> {
    let rows = read("expected/tb_fusion.csv")
        .into_iter()
        .filter(|r| r["snapshot"] == "P11-2026");
    let row = |r: BTreeMap<String, String>| {
        let ledger = r["ledger"].clone();
        let gl = Gl::new(&ledger, "2026/11/30", &combination(&r), "1")
            .set(5, "Intacct Opening")
            .set(6, &r["currency"]);
        (
            ledger.clone(),
            signed(gl.set(43, &format!("OPENING-{ledger}")), &r["balance"]),
        )
    };
    rows.map(row).collect()
}

fn document_rows(skip: &dyn Fn(&str) -> bool) -> Vec<(String, Gl)> {
    let mut out = Vec::new();
    for r in read("expected/fusion_lines.csv")
        .into_iter()
        .filter(|r| !skip(&r["document_id"]))
    {
        let (ledger, id) = (r["ledger"].clone(), r["document_id"].clone());
        let date = r["accounting_date"].replace('-', "/");
        let mut gl = Gl::new(&ledger, &date, &combination(&r), "1")
            .set(6, &r["currency"])
            .set(43, &id)
            .set(46, &id)
            .set(48, &id);
        if r["period"].starts_with("Adj") {
            gl = gl.set(95, &r["period"]);
        }
        let side = |c: &str| {
            if r[c].trim_matches(['0', '.']).is_empty() {
                String::new()
            } else {
                r[c].clone()
            }
        };
        out.push((
            ledger,
            gl.debit(&side("accounted_debit"))
                .credit(&side("accounted_credit")),
        ));
    }
    out
}

fn import_all(desk: &mut Desk, rows: Vec<(String, Gl)>) {
    let mut ledgers: BTreeMap<String, Vec<Gl>> = BTreeMap::new();
    for (ledger, row) in rows {
        ledgers.entry(ledger).or_default().push(row);
    }
    for (ledger, rows) in ledgers {
        let id = desk.import(&file(&rows), &ledger, "1");
        let tree = desk.tree(&id);
        assert!(
            tree.iter().all(|(_, s)| s == "SUCCEEDED"),
            "{tree:?}\n{}",
            desk.logs(&id)
        );
    }
}

fn expected() -> Vec<String> {
    let text = std::fs::read_to_string(golden().join("expected/tb_fusion.csv")).unwrap();
    let cut = |line: &str| {
        let (snapshot, rest) = line.split_once(',').unwrap();
        let zero = rest
            .rsplit(',')
            .next()
            .unwrap()
            .trim_matches(['0', '.'])
            .is_empty();
        (!zero).then(|| format!("{},{rest}", snapshot.split('@').next().unwrap()))
    };
    let mut rows: Vec<String> = text.lines().skip(1).filter_map(cut).collect();
    rows.sort();
    rows
}

fn actual(desk: &Desk) -> Vec<String> {
    let text = desk.twin.trial_balance_csv();
    let mut rows: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    rows.sort();
    rows
}

fn compare(desk: &Desk) {
    let (expected, actual) = (expected(), actual(desk));
    let missing: Vec<&String> = expected.iter().filter(|r| !actual.contains(r)).collect();
    let extra: Vec<&String> = actual.iter().filter(|r| !expected.contains(r)).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:#?}\nextra {extra:#?}"
    );
    assert!(actual.len() > 300);
}

#[test]
fn journals_alone_give_every_expected_snapshot() {
    let mut desk = Desk::new();
    import_all(&mut desk, opening_rows());
    import_all(&mut desk, document_rows(&|_| false));
    compare(&desk);
}

fn with_bills() -> Desk {
    let mut desk = Desk::new();
    let documents: BTreeMap<String, BTreeMap<String, String>> = read("inputs/documents.csv")
        .into_iter()
        .map(|d| (d["document_id"].clone(), d))
        .collect();
    let is_bill = |id: &str| ["ap_bill", "ap_bill_void"].contains(&documents[id]["type"].as_str());
    import_all(&mut desk, opening_rows());
    import_all(&mut desk, document_rows(&is_bill));
    let sources = read("inputs/document_lines.csv");
    let targets = read("expected/fusion_lines.csv");
    let entities = read("master/entities.csv");
    let suppliers = read("master/vendors.csv");
    let mut void = None;
    for (id, document) in documents.iter().filter(|(id, _)| is_bill(id)) {
        if document["type"] == "ap_bill_void" {
            void = Some(document["reverses_document_id"].clone());
            continue;
        }
        let entity = entities
            .iter()
            .find(|e| e["entity_id"] == document["entity_id"])
            .unwrap();
        let supplier = suppliers
            .iter()
            .find(|s| s["id"] == document["party_id"])
            .unwrap();
        let pairs = sources
            .iter()
            .zip(&targets)
            .filter(|(s, _)| s["document_id"] == *id);
        let (mut lines, mut body) = (Vec::new(), json!({}));
        for (source, target) in pairs {
            assert_eq!(source["line_no"], target["line_no"]);
            if source["account"] == "2000" {
                body["LiabilityDistribution"] = json!(combination(target));
                body["InvoiceAmount"] = json!(source["txn_credit"]);
            } else {
                lines.push(json!({"LineAmount": source["txn_debit"], "DistributionCombination": combination(target)}));
            }
            if source["txn_currency"] != source["base_currency"] {
                body["ConversionRateType"] = json!("User");
                body["ConversionRate"] = json!(source["exchange_rate"]);
            }
        }
        for (name, value) in [
            ("InvoiceNumber", id),
            ("BusinessUnit", &entity["fusion_business_unit"]),
            ("SupplierNumber", &supplier["fusion_supplier_number"]),
            ("SupplierSite", &"MAIN".to_owned()),
            ("InvoiceCurrency", &document["currency"]),
            ("InvoiceDate", &document["document_date"]),
            ("AccountingDate", &document["gl_date"]),
        ] {
            body[name] = json!(value);
        }
        body["invoiceLines"] = Value::Array(lines);
        let reply = desk.post("invoices", &body);
        assert_eq!(reply.status, 201, "{id}: {}", reply.text);
    }
    desk.twin
        .reverse_document(&void.unwrap(), &json!({"accounting_date": "2027-01-07"}))
        .unwrap();
    desk
}

#[test]
fn bills_as_invoices_give_every_expected_snapshot() {
    compare(&with_bills());
}

#[test]
fn edits_by_people_make_the_expected_breaks() {
    let text = std::fs::read_to_string(golden().join("breaks/scenarios.json")).unwrap();
    let scenarios: Value = serde_json::from_str(&text).unwrap();
    for (id, edit) in [
        ("B01", json!("delete")),
        ("B02", json!("duplicate")),
        ("B03", json!({"amount": "9060.00"})),
        ("B04", json!({"accounting_date": "2027-01-01"})),
        ("B05", json!({"segments": {"cost_center": "4450"}})),
        ("B06", json!({"rate": "0.9200000000"})),
    ] {
        let scenario = scenarios["scenarios"]
            .as_array()
            .unwrap()
            .iter()
            .find(|s| s["id"] == id)
            .unwrap();
        let document = scenario["document"].as_str().unwrap();
        let mut desk = with_bills();
        match edit.as_str() {
            Some("delete") => desk.twin.delete_document(document).unwrap(),
            Some(_) => drop(desk.twin.duplicate_document(document).unwrap()),
            None => desk.twin.edit_document(document, &edit).unwrap(),
        }
        let (mut wanted, after) = (expected(), actual(&desk));
        for difference in scenario["tb_differences"].as_array().unwrap() {
            let text = |name: &str| difference[name].as_str().unwrap();
            let snapshot = text("snapshot").split('@').next().unwrap();
            let code = [
                "company",
                "cost_center",
                "account",
                "product",
                "intercompany",
            ]
            .map(text)
            .join(",");
            let at = wanted.iter().position(|r| {
                r.starts_with(&format!("{snapshot},"))
                    && r.contains(&format!(",{},{code},", text("currency")))
            });
            let own = at.map(|at| wanted.remove(at));
            assert!(own.is_none_or(|r| r.ends_with(text("source"))), "{id}");
            if !text("target").trim_matches(['0', '.']).is_empty() {
                let row = |r: &&String| {
                    r.starts_with(&format!("{snapshot},"))
                        && r.ends_with(&format!(",{code},{}", text("target")))
                };
                assert_eq!(
                    after.iter().filter(row).count(),
                    1,
                    "{id} {snapshot} {code} {}",
                    text("target")
                );
            }
        }
        let listed = |r: &&String| !r.starts_with("P12-2026+ADJ");
        let lost: Vec<&String> = wanted
            .iter()
            .filter(listed)
            .filter(|r| !after.contains(r))
            .collect();
        assert!(
            lost.is_empty(),
            "{id} changed more than it should: {lost:#?}"
        );
    }
}

#[test]
fn statistical_quantities_stay_apart_from_money() {
    let mut desk = Desk::new();
    import_all(&mut desk, document_rows(&|_| false));
    let mut quantity = |currency: &str| {
        let finder = "AccountBalanceFinder;accountCombination=200-%25-91000-%25-%25,accountingPeriod=Dec-26,ledgerName=WMB_US_USD";
        let items = desk
            .get(&format!(
                "ledgerBalances?finder={finder},currency={currency}"
            ))
            .items();
        items[0]["EndingBalance"].as_str().unwrap().to_owned()
    };
    assert_eq!(quantity("STAT"), "32.000000");
    assert_eq!(quantity("USD"), "0.00");
    assert!(!desk.twin.trial_balance_csv().contains("91000"));
}
