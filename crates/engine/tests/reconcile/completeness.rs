//! Control totals and the populations they compare.

use tieout_engine::reconcile::{BreakClass, reconcile};
use tieout_model::DocumentKind;

use crate::golden::{Company, amount, company, rows};

const PERIOD: [&str; 1] = ["P12-2026"];

/// `printf 'BILL-E300-1\nBILL-E300-2\n' | sha256sum`
const BILLS_OF_E300: &str = "263893ca1f899c6206c7ac622f2f28077adcab4f3e7c2d0a4c605bc9203f64e1";

#[test]
fn documents_debits_and_numbers_are_totalled_per_kind() {
    let company = company("E300", &PERIOD);
    let result = reconcile(&company.request, &company.evidence).unwrap();
    let bills = result
        .completeness
        .iter()
        .find(|row| row.kind == Some(DocumentKind::SupplierInvoice));
    let bills = bills.unwrap();
    let source = bills.source.as_ref().unwrap();
    for total in [source, &bills.captured, &bills.target] {
        assert_eq!(total.documents, 2);
        assert_eq!(total.total_debit, amount("9628.67"));
        assert_eq!(total.numbers.to_string(), BILLS_OF_E300);
    }
    let all = result
        .completeness
        .iter()
        .find(|row| row.kind.is_none())
        .unwrap();
    let in_period = |row: &&crate::golden::Row| row["period"] == "P12-2026";
    let documents = rows("inputs/documents.csv");
    let in_period: Vec<&str> = documents
        .iter()
        .filter(in_period)
        .map(|row| row["document_id"].as_str())
        .collect();
    let mut of_entity: Vec<String> = rows("inputs/document_lines.csv")
        .into_iter()
        .filter(|row| row["entity_id"] == "E300")
        .map(|row| row["document_id"].clone())
        .filter(|id| in_period.contains(&id.as_str()))
        .collect();
    of_entity.dedup();
    assert_eq!(all.captured.documents, of_entity.len());
    assert!(all.is_complete() && all.are_debits_equal());
}

fn run(company: &Company) -> (Vec<BreakClass>, [Vec<String>; 4]) {
    let result = reconcile(&company.request, &company.evidence).unwrap();
    let all = result
        .completeness
        .iter()
        .find(|row| row.kind.is_none())
        .unwrap();
    assert!(!all.is_complete());
    let lists = [
        &all.missing_in_target,
        &all.extra_in_target,
        &all.not_captured,
        &all.gone_from_source,
    ];
    let classes = result.breaks.iter().map(|b| b.class).collect();
    (classes, lists.map(Clone::clone))
}

#[test]
fn a_swap_that_leaves_count_and_sum_alone_is_seen() {
    let mut company = company("E300", &PERIOD);
    let mut copy = company.member("BILL-E300-1").clone();
    company.remove_member("BILL-E300-1");
    copy.stamp = None;
    copy.number = "SWAPPED".to_owned();
    company.evidence.members.push(copy);
    let (classes, [missing, extra, ..]) = run(&company);
    assert_eq!(
        classes,
        [BreakClass::MissingInTarget, BreakClass::ManualEntryInTarget]
    );
    assert_eq!(
        (missing, extra),
        (vec!["BILL-E300-1".to_owned()], vec!["SWAPPED".to_owned()])
    );
}

#[test]
fn a_document_never_captured_is_named_and_stands_at_its_source_accounts() {
    let mut company = company("E300", &PERIOD);
    company.remove_member("BILL-E300-1");
    company
        .evidence
        .expected
        .retain(|d| d.number != "BILL-E300-1");
    let (classes, [missing, _, not_captured, _]) = run(&company);
    assert_eq!(classes, [BreakClass::MissingInTarget]);
    assert_eq!(
        (missing.len(), not_captured),
        (1, vec!["BILL-E300-1".to_owned()])
    );
    let result = reconcile(&company.request, &company.evidence).unwrap();
    let differences = &result.breaks[0].differences;
    let shown: Vec<String> = differences
        .iter()
        .map(|d| format!("{}: {}", d.key, d.difference))
        .collect();
    assert_eq!(
        shown,
        [
            "source account 2000 EUR: 5950.00",
            "source account 6300 EUR: -5950.00"
        ]
    );
    assert!(result.breaks[0].remedy.contains("captured"));
}

#[test]
fn repeated_numbers_count_as_often_as_they_occur() {
    let mut company = company("E300", &PERIOD);
    let mut copy = company.member("BILL-E300-1").clone();
    copy.reference = "301".to_owned();
    company.evidence.members.push(copy);
    let (classes, [missing, extra, ..]) = run(&company);
    assert_eq!(classes, [BreakClass::Duplicate]);
    assert_eq!((missing.len(), extra), (0, vec!["BILL-E300-1".to_owned()]));
}
