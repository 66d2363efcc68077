//! Any company folder with `expected/fusion_lines.csv`, named by `TIEOUT_COMPANY`: bills and credits as invoices, the rest as journals,
//! must give `expected/tb_fusion.csv`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use tieout_twins::company::CompanyFolder;
use tieout_twins::fusion::FusionOptions;

use crate::desk::{Desk, Gl, file};

type Rows = Vec<BTreeMap<String, String>>;

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

#[test]
#[ignore = "needs a company folder"]
fn a_company_ties_out() {
    let folder = CompanyFolder::new(PathBuf::from(std::env::var("TIEOUT_COMPANY").unwrap()));
    let mut desk = Desk::of(&folder, FusionOptions::default());
    let documents = rows(
        &folder,
        "inputs/documents.csv",
        &[
            "document_id",
            "type",
            "document_date",
            "gl_date",
            "entity_id",
            "party_id",
        ],
    );
    let lines = rows(
        &folder,
        "expected/fusion_lines.csv",
        &[
            &SEGMENTS[..],
            &[
                "document_id",
                "ledger",
                "accounting_date",
                "currency",
                "accounted_debit",
                "accounted_credit",
            ],
        ]
        .concat(),
    );
    let entities = rows(
        &folder,
        "master/entities.csv",
        &["entity_id", "fusion_business_unit"],
    );
    let suppliers = rows(
        &folder,
        "master/vendors.csv",
        &["id", "fusion_supplier_number"],
    );
    let numbers: BTreeMap<String, String> = suppliers
        .into_iter()
        .map(|s| (s["id"].clone(), s["fusion_supplier_number"].clone()))
        .collect();
    let mut by_document: BTreeMap<&str, Vec<&BTreeMap<String, String>>> = BTreeMap::new();
    for line in &lines {
        by_document
            .entry(&line["document_id"])
            .or_default()
            .push(line);
    }
    let mut journals: BTreeMap<String, Vec<Gl>> = BTreeMap::new();
    for document in &documents {
        let Some(lines) = by_document.get(document["document_id"].as_str()) else {
            continue;
        };
        if document["type"].starts_with("ap_") {
            let unit = &entities
                .iter()
                .find(|e| e["entity_id"] == document["entity_id"])
                .unwrap()["fusion_business_unit"];
            let (control, rest) = lines.split_last().unwrap();
            let value = |l: &BTreeMap<String, String>, sign: i64| {
                let cents = sign * (minor(&l["accounted_debit"]) - minor(&l["accounted_credit"]));
                format!(
                    "{}{}.{:02}",
                    if cents < 0 { "-" } else { "" },
                    cents.abs() / 100,
                    cents.abs() % 100
                )
            };
            let items: Vec<Value> = rest
                .iter()
                .map(|l| json!({"LineAmount": value(l, 1), "DistributionCombination": code(l)}))
                .collect();
            let body = json!({
                "InvoiceNumber": document["document_id"], "BusinessUnit": unit, "SupplierNumber": numbers[&document["party_id"]], "SupplierSite": "MAIN",
                "InvoiceAmount": value(control, -1), "InvoiceCurrency": control["currency"], "InvoiceDate": document["document_date"],
                "AccountingDate": document["gl_date"], "LiabilityDistribution": code(control), "invoiceLines": items,
            });
            let reply = desk.post("invoices", &body);
            assert_eq!(reply.status, 201, "{body} {}", reply.text);
            continue;
        }
        for line in lines {
            let date = line["accounting_date"].replace('-', "/");
            let id = &line["document_id"];
            let gl = Gl::new(&line["ledger"], &date, &code(line), "1")
                .set(6, &line["currency"])
                .set(43, id)
                .set(46, id)
                .set(48, id);
            let gl = gl
                .debit(&line["accounted_debit"])
                .credit(&line["accounted_credit"]);
            journals.entry(line["ledger"].clone()).or_default().push(gl);
        }
    }
    for (ledger, rows) in journals {
        let id = desk.import(&file(&rows), &ledger, "1");
        assert!(
            desk.tree(&id).iter().all(|(_, s)| s == "SUCCEEDED"),
            "{}",
            desk.logs(&id).chars().take(2000).collect::<String>()
        );
    }
    let expected = rows(
        &folder,
        "expected/tb_fusion.csv",
        &[&["snapshot", "ledger"], &SEGMENTS[..], &["balance"]].concat(),
    );
    let text = |r: &BTreeMap<String, String>| {
        format!(
            "{},{},{},{}",
            r["snapshot"],
            r["ledger"],
            code(r),
            r["balance"]
        )
    };
    let mut expected: Vec<String> = expected.iter().map(text).collect();
    let mut actual: Vec<String> = crate::desk::table(&desk.twin.trial_balance_csv())
        .iter()
        .map(text)
        .collect();
    let last = expected
        .iter()
        .map(|r| r.split(',').next().unwrap().to_owned())
        .collect::<std::collections::BTreeSet<String>>();
    actual.retain(|r| last.contains(r.split(',').next().unwrap()));
    expected.sort();
    actual.sort();
    let missing: Vec<&String> = expected
        .iter()
        .filter(|r| !actual.contains(r))
        .take(5)
        .collect();
    let extra: Vec<&String> = actual
        .iter()
        .filter(|r| !expected.contains(r))
        .take(5)
        .collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:#?} extra {extra:#?}"
    );
    assert_eq!(
        desk.twin.documents_csv().lines().count() - 1,
        by_document.len()
    );
}
