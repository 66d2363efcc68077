use std::collections::{BTreeMap, BTreeSet};

use tieout_connector::Captured;
use tieout_model::{
    Amount, Document, DocumentKind, EntityId, JournalPurpose, NaturalKey, PostingKind,
};
use tieout_twins::intacct::IntacctOptions;

use crate::company::{NOW_MS, all, csv, documents, drain, golden, other_postings};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// Account, signed transaction amount, signed base amount of every line of the golden company, by document.
fn golden_lines() -> BTreeMap<String, Vec<(String, Amount, Amount)>> {
    let mut lines: BTreeMap<String, Vec<(String, Amount, Amount)>> = BTreeMap::new();
    for row in csv("inputs/document_lines.csv") {
        let net = |side: &str| {
            let debit = amount(&row[&format!("{side}_debit")]);
            debit
                .minus(amount(&row[&format!("{side}_credit")]))
                .unwrap()
        };
        let line = (row["account"].clone(), net("txn"), net("base"));
        lines
            .entry(row["document_id"].clone())
            .or_default()
            .push(line);
    }
    lines
}

#[test]
fn all_bills_come_with_their_items_control_and_amounts() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let (captured, _) = drain(&intacct, &all(DocumentKind::SupplierInvoice), None, 1_000).unwrap();
    let bills = documents(&captured);
    assert_eq!(bills.len(), 8);
    let expected = golden_lines();
    let headers: BTreeMap<String, BTreeMap<String, String>> = csv("inputs/documents.csv")
        .into_iter()
        .map(|row| (row["document_id"].clone(), row))
        .collect();
    for bill in bills.values() {
        let header = &headers[&bill.number];
        assert_eq!(header["type"], "ap_bill");
        let Document::SupplierInvoice(invoice) = &bill.document else {
            panic!("no bill");
        };
        let draft = invoice.draft();
        assert_eq!(draft.entity.as_str(), header["entity_id"]);
        assert_eq!(draft.supplier.as_str(), header["party_id"]);
        assert_eq!(draft.currency.code(), header["currency"]);
        assert_eq!(draft.accounting_date.to_string(), header["gl_date"]);
        assert_eq!(draft.document_date.to_string(), header["document_date"]);
        assert_eq!(draft.due_date.unwrap().to_string(), header["due_date"]);
        assert_eq!(draft.reference, header["reference"]);
        assert_eq!(draft.description, header["description"]);
        let found: BTreeSet<(String, Amount, Amount)> = bill
            .document
            .lines()
            .unwrap()
            .into_iter()
            .map(|line| {
                let coding = line.coding.dimensional().unwrap();
                (
                    coding.account.as_str().to_owned(),
                    line.amount,
                    line.functional,
                )
            })
            .collect();
        let lines: BTreeSet<_> = expected[&bill.number].iter().cloned().collect();
        assert_eq!(found, lines, "{}", bill.number);
    }
}

#[test]
fn every_posting_balances_and_every_line_of_the_company_is_there() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let (captured, _) = drain(&intacct, &all(DocumentKind::JournalEntry), None, 1_000).unwrap();
    let entries = documents(&captured);
    let mut found: BTreeMap<String, Vec<(String, Amount, Amount)>> = BTreeMap::new();
    for entry in entries.values() {
        let Document::JournalEntry(_) = &entry.document else {
            panic!("no entry");
        };
        for line in entry.document.lines().unwrap() {
            let account = line.coding.dimensional().unwrap().account.clone();
            let line = (account.as_str().to_owned(), line.amount, line.functional);
            found.entry(entry.number.clone()).or_default().push(line);
        }
    }
    for (document, mut lines) in golden_lines() {
        let mut seen = found.remove(&document).unwrap_or_default();
        lines.sort();
        seen.sort();
        assert_eq!(seen, lines, "{document}");
    }
    assert!(
        found.keys().all(|number| number.starts_with("OPENING-")),
        "{found:?}"
    );
    assert_eq!(found.len(), 5);
}

#[test]
fn purposes_reversals_and_adjustments_are_told_apart() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let (bills, _) = drain(&intacct, &all(DocumentKind::SupplierInvoice), None, 1_000).unwrap();
    let (captured, _) = drain(&intacct, &other_postings(), None, 1_000).unwrap();
    let entries = documents(&captured);
    let entry = |number: &str| {
        let found = entries.values().find(|e| e.number == number);
        match &found.unwrap_or_else(|| panic!("no {number}")).document {
            Document::JournalEntry(entry) => entry.draft().clone(),
            other => panic!("{other:?}"),
        }
    };
    assert!(
        entries
            .values()
            .all(|e| !e.number.starts_with("BILL-") || e.number.ends_with("-V"))
    );
    let void = entry("BILL-E100-1-V");
    assert_eq!(void.posting_kind, PostingKind::SupplierReversal);
    assert_eq!(void.purpose, JournalPurpose::Reversal);
    let bills = documents(&bills);
    let bill = bills.values().find(|b| b.number == "BILL-E100-1").unwrap();
    let alias: &NaturalKey = &bill.aliases[0];
    assert!(
        void.reverses.contains(alias),
        "{:?} {alias:?}",
        void.reverses
    );
    let adjusting = entry("JE-ADJ-E200-1");
    assert!(adjusting.is_adjusting);
    assert_eq!(entry("STAT-E100-12").purpose, JournalPurpose::Statistical);
    assert_eq!(entry("OPENING-E400").purpose, JournalPurpose::Opening);
    let reversal = entry("JE-ACC-E200-1-R");
    assert_eq!(reversal.purpose, JournalPurpose::Reversal);
    let reversed = entries
        .values()
        .find(|e| e.number == "JE-ACC-E200-1")
        .unwrap();
    assert!(reversal.reverses.contains(&reversed.origin.natural_key));
}

#[test]
fn voids_stay_at_home_if_they_are_left_out() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let mut scope = other_postings();
    scope
        .postings_excluded
        .insert(PostingKind::SupplierReversal);
    let (captured, _) = drain(&intacct, &scope, None, 1_000).unwrap();
    let entries = documents(&captured);
    assert!(entries.values().all(|e| !e.number.starts_with("BILL-")));
    assert!(entries.values().any(|e| e.number == "JE-ACC-E200-1-R"));
}

#[test]
fn pages_of_three_and_ties_lose_nothing() {
    for kind in [DocumentKind::SupplierInvoice, DocumentKind::JournalEntry] {
        let (whole, _) = golden(IntacctOptions::default(), |_| {});
        let (small, _) = golden(IntacctOptions::default(), |config| {
            config.bounds.page_size = 3;
            config.bounds.key_list_max = 2;
        });
        let (expected, _) = drain(&whole, &all(kind), None, 2_000).unwrap();
        let (found, _) = drain(&small, &all(kind), None, 3).unwrap();
        assert!(expected.len() >= 8);
        assert_eq!(documents(&found), documents(&expected), "{kind}");
    }
}

#[test]
fn rows_without_a_stamp_come_by_their_own_stream() {
    let options = IntacctOptions {
        null_whenmodified_every: 3,
        ..IntacctOptions::default()
    };
    let (intacct, _) = golden(options, |_| {});
    let scope = all(DocumentKind::SupplierInvoice);
    let (captured, next) = drain(&intacct, &scope, None, 2).unwrap();
    assert_eq!(documents(&captured).len(), 8);
    let (again, _) = drain(&intacct, &scope, Some(next), 2).unwrap();
    assert!(
        again.len() < 8,
        "unstamped rows are not read again each time"
    );
}

#[test]
fn one_entitys_bills_come_alone() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let mut scope = all(DocumentKind::SupplierInvoice);
    scope.entities = BTreeSet::from([EntityId::new("E300")]);
    let (captured, _) = drain(&intacct, &scope, None, 1_000).unwrap();
    let bills = documents(&captured);
    let numbers: BTreeSet<&str> = bills.values().map(|b| b.number.as_str()).collect();
    assert_eq!(numbers, BTreeSet::from(["BILL-E300-1", "BILL-E300-2"]));
}

#[test]
fn a_users_zone_moves_no_document() {
    let options = IntacctOptions {
        user_offset_minutes: -480,
        ..IntacctOptions::default()
    };
    let scope = all(DocumentKind::SupplierInvoice);
    let (there, _) = golden(options, |_| {});
    let (here, _) = golden(IntacctOptions::default(), |_| {});
    let (found, _) = drain(&there, &scope, None, 3).unwrap();
    let (expected, _) = drain(&here, &scope, None, 3).unwrap();
    let stamps = |captured: &[Captured]| -> Vec<(String, i64)> {
        let documents = documents(captured);
        let stamps = documents.values().map(|d| (d.number.clone(), d.modified.0));
        stamps.collect()
    };
    assert_eq!(stamps(&found), stamps(&expected));
}

#[test]
fn deletions_are_told() {
    for audit_key_suffix in [true, false] {
        let options = IntacctOptions {
            audit_key_suffix,
            ..IntacctOptions::default()
        };
        let (intacct, gateway) = golden(options, |_| {});
        let scope = all(DocumentKind::SupplierInvoice);
        let (captured, next) = drain(&intacct, &scope, None, 1_000).unwrap();
        let bills = documents(&captured);
        let gone = bills.values().find(|b| b.number == "BILL-E200-5").unwrap();
        *gateway.now_ms.lock().unwrap() = NOW_MS + 60_000;
        let mut twin = gateway.twin.lock().unwrap();
        twin.delete_document(NOW_MS + 60_000, "BILL-E200-5")
            .unwrap();
        drop(twin);
        *gateway.now_ms.lock().unwrap() = NOW_MS + 120_000;
        let (captured, _) = drain(&intacct, &scope, Some(next), 1_000).unwrap();
        let deleted: Vec<_> = captured
            .iter()
            .filter_map(|one| match one {
                Captured::Deleted { origin, .. } => Some(origin.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(deleted, [gone.origin.clone()]);
    }
}

#[test]
fn nothing_is_read_twice_once_its_second_is_over() {
    let (intacct, gateway) = golden(IntacctOptions::default(), |_| {});
    let scope = all(DocumentKind::SupplierInvoice);
    let (_, mut next) = drain(&intacct, &scope, None, 1_000).unwrap();
    for _ in 0..2 {
        *gateway.now_ms.lock().unwrap() += 5_000;
        next = drain(&intacct, &scope, Some(next), 1_000).unwrap().1;
    }
    gateway.operations.lock().unwrap().clear();
    *gateway.now_ms.lock().unwrap() += 5_000;
    let (captured, _) = drain(&intacct, &scope, Some(next), 1_000).unwrap();
    assert_eq!(captured, []);
    let operations = gateway.operations.lock().unwrap();
    assert_eq!(
        *operations,
        ["query APBILL", "query APBILL", "query AUDITHISTORY"]
    );
}

#[test]
fn the_window_of_the_look_back_is_read_again_every_half_hour() {
    let (intacct, gateway) = golden(IntacctOptions::default(), |_| {});
    let scope = all(DocumentKind::SupplierInvoice);
    let (_, next) = drain(&intacct, &scope, None, 1_000).unwrap();
    *gateway.now_ms.lock().unwrap() += 31 * 60_000;
    let (captured, next) = drain(&intacct, &scope, Some(next), 1_000).unwrap();
    assert!(!captured.is_empty());
    *gateway.now_ms.lock().unwrap() += 60_000;
    let (captured, _) = drain(&intacct, &scope, Some(next), 1_000).unwrap();
    assert_eq!(captured, []);
}

fn new_bill(id: &str) -> serde_json::Value {
    let line = |account: &str, debit: &str, credit: &str| {
        serde_json::json!({
            "entity_id": "E200", "account": account, "txn_currency": "USD", "txn_debit": debit, "txn_credit": credit,
            "exchange_rate": "1", "base_currency": "USD", "base_debit": debit, "base_credit": credit, "location": "E200",
            "department": "D200", "vendor": "VE-01"
        })
    };
    serde_json::json!({
        "document_id": id, "type": "ap_bill", "document_date": "2027-01-20", "gl_date": "2027-01-20", "period": "P01-2027",
        "entity_id": "E200", "currency": "USD", "due_date": "2027-02-20", "party_id": "VE-01", "reference": "", "description": "late",
        "lines": [line("6100", "10.00", "0.00"), line("2000", "0.00", "10.00")]
    })
}

fn numbers(captured: &[Captured]) -> BTreeSet<String> {
    let documents = documents(captured);
    documents.values().map(|d| d.number.clone()).collect()
}

#[test]
fn a_row_that_becomes_visible_late_is_found_by_the_look_back() {
    let (intacct, gateway) = golden(IntacctOptions::default(), |_| {});
    let scope = all(DocumentKind::SupplierInvoice);
    let (_, next) = drain(&intacct, &scope, None, 1_000).unwrap();
    let at = |seconds: i64| {
        *gateway.now_ms.lock().unwrap() = NOW_MS + seconds * 1_000;
        NOW_MS + seconds * 1_000
    };
    let enter = |id: &str, seconds: i64, delay_ms: i64| {
        let now = at(seconds);
        let mut twin = gateway.twin.lock().unwrap();
        twin.options_mut().visibility_delay_ms = delay_ms;
        twin.enter_document(now, &new_bill(id)).unwrap();
    };
    enter("LATE", 10, 60_000);
    enter("PROMPT", 20, 0);
    at(30);
    let (captured, next) = drain(&intacct, &scope, Some(next), 1_000).unwrap();
    assert!(numbers(&captured).contains("PROMPT"));
    assert!(!numbers(&captured).contains("LATE"), "not visible yet");
    at(100);
    let (captured, next) = drain(&intacct, &scope, Some(next), 1_000).unwrap();
    assert!(!numbers(&captured).contains("LATE"), "its second is passed");
    at(1_900);
    let (captured, _) = drain(&intacct, &scope, Some(next), 1_000).unwrap();
    assert!(numbers(&captured).contains("LATE"));
}

#[test]
fn an_edited_bill_comes_again_as_another_revision_of_itself() {
    let (intacct, gateway) = golden(IntacctOptions::default(), |_| {});
    let scope = all(DocumentKind::SupplierInvoice);
    let (captured, next) = drain(&intacct, &scope, None, 1_000).unwrap();
    let before = documents(&captured);
    let before = before.values().find(|d| d.number == "BILL-E200-5").unwrap();
    *gateway.now_ms.lock().unwrap() += 60_000;
    let changes = serde_json::json!({"description": "Rent, corrected"});
    let mut twin = gateway.twin.lock().unwrap();
    twin.edit_document(NOW_MS + 60_000, "BILL-E200-5", &changes)
        .unwrap();
    drop(twin);
    *gateway.now_ms.lock().unwrap() += 60_000;
    let (captured, _) = drain(&intacct, &scope, Some(next), 1_000).unwrap();
    let after = documents(&captured);
    let after = after.values().find(|d| d.number == "BILL-E200-5").unwrap();
    assert_eq!(after.origin, before.origin);
    assert_ne!(after.revision, before.revision);
    assert!(after.modified > before.modified);
}
