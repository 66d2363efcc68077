//! Every line of three companies gets exactly the coding their books expect.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::{Crosswalk, Lineage, RECORDED_RULE, Translation};
use tieout_model::{Amount, Document, LineFact};

use crate::crosswalk_company::{Piece, Row, bill, crosswalk, pieces, table};

type Translated = BTreeMap<(String, (String, bool)), Translation>;

fn translate_all(crosswalk: &Crosswalk, pieces: &[Piece]) -> Translated {
    let mut done = Translated::new();
    for piece in pieces {
        let original = done.get(&(piece.reverses.clone(), piece.key.clone()));
        let lineage = original.map_or(Lineage::None, |original| Lineage::Reverses {
            original: &original.document,
            version: &original.version,
            on: piece.envelope.document.accounting_date().unwrap(),
        });
        assert_eq!(
            original.is_some(),
            !piece.reverses.is_empty(),
            "{}",
            piece.id
        );
        let translation = crosswalk
            .translate(&piece.envelope, lineage)
            .unwrap_or_else(|gaps| panic!("{}: {gaps:?}", piece.id));
        done.insert((piece.id.clone(), piece.key.clone()), translation);
    }
    done
}

fn side(amount: Amount, is_debit: bool) -> Amount {
    if amount.is_negative() == is_debit {
        Amount::ZERO
    } else {
        amount.abs()
    }
}

fn compare(row: &Row, translation: &Translation, line: &LineFact) {
    let place = format!("{} line {}", row["document_id"], row["line_no"]);
    let document = &translation.document;
    let placement = document.placement().unwrap();
    let combination = line.coding.combination().unwrap();
    let names = [
        "company",
        "cost_center",
        "account",
        "product",
        "intercompany",
    ];
    let wanted: Vec<&str> = names.iter().map(|name| row[*name].as_str()).collect();
    let segments: Vec<&str> = combination.segments.iter().map(|s| s.as_str()).collect();
    assert_eq!(segments, wanted, "{place}");
    assert_eq!(translation.version, row["crosswalk_version"], "{place}");
    assert_eq!(placement.ledger, row["ledger"], "{place}");
    assert_eq!(placement.period, row["period"], "{place}");
    assert_eq!(
        placement.balancing_segment.as_str(),
        row["company"],
        "{place}"
    );
    let date = document.accounting_date().unwrap();
    assert_eq!(date.to_string(), row["accounting_date"], "{place}");
    let currency = if line.currency.is_statistical() {
        line.currency
    } else {
        placement.currency
    };
    assert_eq!(currency.code(), row["currency"], "{place}");
    let debit: Amount = row["accounted_debit"].parse().unwrap();
    let credit: Amount = row["accounted_credit"].parse().unwrap();
    assert_eq!(side(line.functional, true), debit, "{place}");
    assert_eq!(side(line.functional, false), credit, "{place}");
    let mut attributes = BTreeMap::new();
    for (name, value) in row {
        if let Some((attribute, _)) = name.split_once('_')
            && attribute.starts_with("attribute")
            && !value.is_empty()
        {
            attributes.insert(attribute.to_owned(), value.clone());
        }
    }
    assert_eq!(combination.attributes, attributes, "{place}");
}

fn compare_company(company: &str, wanted_rows: usize) {
    let crosswalk = crosswalk(company);
    let pieces = pieces(company);
    let done = translate_all(&crosswalk, &pieces);
    let mut lines: BTreeMap<(String, u32), (&Translation, LineFact)> = BTreeMap::new();
    for ((id, _), translation) in &done {
        for line in translation.document.lines().unwrap() {
            lines.insert((id.clone(), line.number), (translation, line));
        }
    }
    let expected = table(company, "expected/fusion_lines.csv");
    assert_eq!(expected.len(), wanted_rows);
    assert_eq!(lines.len(), wanted_rows);
    for row in &expected {
        let key = (row["document_id"].clone(), row["line_no"].parse().unwrap());
        let (translation, line) = &lines[&key];
        compare(row, translation, line);
    }
}

#[test]
fn the_golden_company_is_coded_as_expected() {
    compare_company("golden", 195);
}

#[test]
fn a_month_of_three_councils_is_coded_as_expected() {
    compare_company("companies/uk_councils_month", 14_604);
}

#[test]
fn two_months_of_a_retailer_are_coded_as_expected() {
    compare_company("companies/online_retail_month", 80_446);
}

#[test]
fn a_bill_is_coded_like_its_posting_and_owed_to_the_supplier_over_there() {
    let company = "companies/uk_councils_month";
    let crosswalk = crosswalk(company);
    let documents = table(company, "inputs/documents.csv");
    let suppliers: BTreeMap<&String, &String> = documents
        .iter()
        .map(|row| (&row["document_id"], &row["party_id"]))
        .collect();
    let mut seen = 0;
    for piece in pieces(company) {
        let supplier = suppliers[&piece.id];
        let posting = crosswalk.translate(&piece.envelope, Lineage::None).unwrap();
        let bill = bill(&piece, supplier).unwrap();
        let translated = crosswalk.translate(&bill, Lineage::None).unwrap();
        let codings = |translation: &Translation| {
            let lines = translation.document.lines().unwrap();
            let coded = |line: LineFact| (line.number, line.coding, line.functional);
            lines.into_iter().map(coded).collect::<Vec<_>>()
        };
        assert_eq!(codings(&translated), codings(&posting), "{}", piece.id);
        let Document::SupplierInvoice(invoice) = &translated.document else {
            panic!("{} is no bill any more", piece.id);
        };
        let number = supplier.replace("VE-", "FS-");
        assert_eq!(invoice.draft().supplier.as_str(), number);
        let place = translated.document.placement().unwrap();
        assert!(place.business_unit.starts_with("BU_"));
        seen += 1;
    }
    assert_eq!(seen, 6_862);
}

#[test]
fn every_segment_of_every_line_names_the_rule_that_decided_it() {
    let crosswalk = crosswalk("golden");
    let pieces = pieces("golden");
    let done = translate_all(&crosswalk, &pieces);
    for piece in &pieces {
        let translation = &done[&(piece.id.clone(), piece.key.clone())];
        let lines = translation.document.lines().unwrap().len();
        assert_eq!(translation.rules.len(), lines * 5, "{}", piece.id);
        let is_recorded = translation.rules.iter().all(|r| r.by.rule == RECORDED_RULE);
        assert_eq!(is_recorded, !piece.reverses.is_empty(), "{}", piece.id);
    }
    let bill = &done[&("BILL-E200-1".to_owned(), ("E200".to_owned(), false))];
    let first: Vec<(&str, &str)> = bill.rules[..5]
        .iter()
        .map(|used| (used.by.segment.as_str(), used.by.rule.as_str()))
        .collect();
    let wanted = [
        ("company", "CO-1"),
        ("cost_center", "CC-2"),
        ("account", "AC-9"),
        ("product", "PR-2"),
        ("intercompany", "IC-2"),
    ];
    assert_eq!(first, wanted);
}

#[test]
fn a_replay_under_the_recorded_version_gives_the_same_bytes() {
    let crosswalk = crosswalk("golden");
    let pieces = pieces("golden");
    let done = translate_all(&crosswalk, &pieces);
    for piece in pieces.iter().filter(|piece| piece.reverses.is_empty()) {
        let first = &done[&(piece.id.clone(), piece.key.clone())];
        let version = &first.version;
        let again = crosswalk.translate(&piece.envelope, Lineage::Recorded { version });
        assert_eq!(again.as_ref(), Ok(first), "{} ({})", piece.id, piece.kind);
    }
}
