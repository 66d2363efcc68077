//! A company of real public documents: bills and credits as invoices, the rest as journals, must give `expected/tb_fusion.csv`.
//!
//! `TIEOUT_COMPANY` names another company folder with `expected/fusion_lines.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};
use tieout_twins::company::CompanyFolder;
use tieout_twins::fusion::FusionOptions;

use crate::desk::{Desk, Gl, file, table};

type Row = BTreeMap<String, String>;
type Rows = Vec<Row>;

fn rows(folder: &CompanyFolder, name: &str, columns: &[&str]) -> Rows {
    let mut table = folder.table(name).unwrap();
    let mut out = Vec::new();
    while let Some(row) = table.next_row().unwrap() {
        out.push(
            columns
                .iter()
                .map(|c| ((*c).to_owned(), row.get(c).unwrap().to_owned()))
                .collect(),
        );
    }
    out
}

fn minor(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap()
}

const SEGMENTS: [&str; 5] = [
    "company",
    "cost_center",
    "account",
    "product",
    "intercompany",
];

fn code(row: &BTreeMap<String, String>) -> String {
    SEGMENTS.map(|c| row[c].as_str()).join("-")
}

fn folder() -> CompanyFolder {
    let own = || {
        let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        project.join("companies/uk_councils_month")
    };
    CompanyFolder::new(std::env::var("TIEOUT_COMPANY").map_or_else(|_| own(), PathBuf::from))
}

/// Debit less credit of a line times `sign`, as text.
fn value(line: &Row, sign: i64) -> String {
    let cents = sign * (minor(&line["accounted_debit"]) - minor(&line["accounted_credit"]));
    let minus = if cents < 0 { "-" } else { "" };
    format!("{minus}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

fn invoice(document: &Row, lines: &[&Row], unit: &str, supplier: &str) -> Value {
    let (control, rest) = lines.split_last().unwrap();
    let items: Vec<Value> = rest
        .iter()
        .map(|l| json!({"LineAmount": value(l, 1), "DistributionCombination": code(l)}))
        .collect();
    json!({
        "InvoiceNumber": document["document_id"], "BusinessUnit": unit, "SupplierNumber": supplier, "SupplierSite": "MAIN",
        "InvoiceAmount": value(control, -1), "InvoiceCurrency": control["currency"], "InvoiceDate": document["document_date"],
        "AccountingDate": document["gl_date"], "LiabilityDistribution": code(control), "invoiceLines": items,
    })
}

fn journal(line: &Row) -> Gl {
    let date = line["accounting_date"].replace('-', "/");
    let id = &line["document_id"];
    Gl::new(&line["ledger"], &date, &code(line), "1")
        .set(6, &line["currency"])
        .set(43, id)
        .set(46, id)
        .set(48, id)
        .debit(&line["accounted_debit"])
        .credit(&line["accounted_credit"])
}

/// Pairs of two columns of a table.
fn index(folder: &CompanyFolder, name: &str, [key, value]: [&str; 2]) -> Row {
    rows(folder, name, &[key, value])
        .into_iter()
        .map(|row| (row[key].clone(), row[value].clone()))
        .collect()
}

/// Enters every document; answers how many.
fn enter(desk: &mut Desk, folder: &CompanyFolder) -> usize {
    let columns = [
        "document_id",
        "type",
        "document_date",
        "gl_date",
        "entity_id",
        "party_id",
    ];
    let documents = rows(folder, "inputs/documents.csv", &columns);
    let columns = [
        "document_id",
        "ledger",
        "accounting_date",
        "currency",
        "accounted_debit",
        "accounted_credit",
    ];
    let columns = [&SEGMENTS[..], &columns[..]].concat();
    let lines = rows(folder, "expected/fusion_lines.csv", &columns);
    let units = ["entity_id", "fusion_business_unit"];
    let units = index(folder, "master/entities.csv", units);
    let numbers = ["id", "fusion_supplier_number"];
    let numbers = index(folder, "master/vendors.csv", numbers);
    let mut by_document: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for line in &lines {
        let of_document = by_document.entry(&line["document_id"]).or_default();
        of_document.push(line);
    }
    let mut journals: BTreeMap<String, Vec<Gl>> = BTreeMap::new();
    for document in &documents {
        let Some(lines) = by_document.get(document["document_id"].as_str()) else {
            continue;
        };
        if document["type"].starts_with("ap_") {
            let unit = &units[&document["entity_id"]];
            let body = invoice(document, lines, unit, &numbers[&document["party_id"]]);
            let reply = desk.post("invoices", &body);
            assert_eq!(reply.status, 201, "{body} {}", reply.text);
            continue;
        }
        for line in lines {
            let of_ledger = journals.entry(line["ledger"].clone()).or_default();
            of_ledger.push(journal(line));
        }
    }
    for (ledger, rows) in journals {
        let id = desk.import(&file(&rows), &ledger, "1");
        let is_good = desk.tree(&id).iter().all(|(_, s)| s == "SUCCEEDED");
        assert!(is_good, "{:.2000}", desk.logs(&id));
    }
    by_document.len()
}

#[test]
fn a_company_ties_out() {
    let folder = folder();
    let mut desk = Desk::of(&folder, FusionOptions::default());
    let entered = enter(&mut desk, &folder);
    let columns = [&["snapshot", "ledger"], &SEGMENTS[..], &["balance"]].concat();
    let text = |r: &Row| {
        let key = format!("{},{}", r["snapshot"], r["ledger"]);
        format!("{key},{},{}", code(r), r["balance"])
    };
    let expected: BTreeSet<String> = rows(&folder, "expected/tb_fusion.csv", &columns)
        .iter()
        .map(text)
        .collect();
    let snapshots: BTreeSet<&str> = expected
        .iter()
        .filter_map(|r| r.split(',').next())
        .collect();
    let actual: BTreeSet<String> = table(&desk.twin.trial_balance_csv())
        .iter()
        .filter(|r| snapshots.contains(r["snapshot"].as_str()))
        .map(text)
        .collect();
    let missing: Vec<&String> = expected.difference(&actual).take(5).collect();
    let extra: Vec<&String> = actual.difference(&expected).take(5).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:#?} extra {extra:#?}"
    );
    assert_eq!(desk.twin.documents_csv().lines().count() - 1, entered);
}
