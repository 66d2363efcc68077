//! Currencies, credits and texts against the simulated tenant: what arrives is what was sent.

use tieout_connector::{Batch, BatchItem, Books as _, ItemOutcome, Member, Target as _};
use tieout_fusion::Fusion;
use tieout_model::{
    Code, Coding, Combination, Document, DocumentKind, JournalEntry, SupplierInvoice,
};

use crate::sample::item;
use crate::simulated::{golden, open, period, scope, settled, stamp};

fn only(item: BatchItem) -> Batch {
    Batch {
        kind: item.document.kind(),
        items: vec![item],
    }
}

/// The one member of a company's population in `name_there` that bears the stamp of `item`.
async fn member(fusion: &Fusion, company: &str, name_there: &str, item: &BatchItem) -> Member {
    let (scope, at) = (scope(company), period(name_there));
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = fusion
            .population(&scope, &at, after.as_ref())
            .await
            .unwrap();
        let bears = |m: &Member| m.stamp.as_ref() == Some(&item.marks.stamp);
        found.extend(page.members.into_iter().filter(bears));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn combination_of(coding: &Coding) -> Combination {
    Combination {
        attributes: std::collections::BTreeMap::new(),
        ..coding.combination().unwrap().clone()
    }
}

/// Posts `document`, reads it back, and compares line by line in functional currency.
async fn check(document: Document) -> Member {
    let (fusion, loopback) = open(|_| {});
    let sent = item(&stamp(4711), "DOC-4711", document);
    let batch = only(sent.clone());
    let outcomes = settled(&fusion, &loopback, &batch).await;
    assert!(
        matches!(outcomes[0], ItemOutcome::Posted(_)),
        "{outcomes:?}"
    );
    let found = fusion.find(&batch).await.unwrap().remove(0).rows.remove(0);
    assert!(found.is_accounted);
    assert_eq!(found.total_debit, sent.document.total_debit().unwrap());
    let placement = sent.document.placement().unwrap();
    let company = placement.balancing_segment.as_str().to_owned();
    let member = member(&fusion, &company, &placement.period, &sent).await;
    assert_eq!(member.kind, sent.document.kind());
    let mut expected: Vec<_> = sent
        .document
        .lines()
        .unwrap()
        .into_iter()
        .map(|line| (combination_of(&line.coding), line.functional))
        .collect();
    let mut read: Vec<_> = member
        .lines
        .iter()
        .map(|line| match &line.key {
            tieout_connector::BalanceKey::Segments(c) => (c.clone(), line.functional),
            tieout_connector::BalanceKey::Account(code) => panic!("{code}"),
        })
        .collect();
    expected.sort();
    read.sort();
    assert_eq!(read, expected);
    member
}

/// A golden journal of company 300 (euros) with two lines, entered in another currency.
fn euro_ledger_entry(lines: [(&str, &str, &str, &str); 2]) -> Document {
    let (journals, _) = golden();
    let is_fit = |item: &&BatchItem| {
        item.document
            .placement()
            .is_some_and(|p| p.balancing_segment == Code::new("300") && p.period == "Dec-26")
            && item
                .document
                .lines()
                .is_ok_and(|lines| lines.len() >= 2 && !lines[0].currency.is_statistical())
    };
    let template = journals.items.iter().find(is_fit).unwrap();
    let Document::JournalEntry(entry) = template.document.clone() else {
        panic!();
    };
    let mut draft = entry.into_draft();
    draft.lines.truncate(2);
    for (line, (currency, amount, functional, rate)) in draft.lines.iter_mut().zip(lines) {
        line.currency = currency.parse().unwrap();
        line.amount = amount.parse().unwrap();
        line.functional = functional.parse().unwrap();
        line.rate = rate.parse().ok();
        line.memo = "=1+1, \"quoted\"\nсчёт № 5 — 請求書 \u{0}".to_owned();
    }
    draft.description = "-5 % discount; 'half' \"off\"\r\nsecond line ".repeat(10);
    Document::JournalEntry(JournalEntry::try_new(draft).unwrap())
}

#[tokio::test]
async fn a_journal_in_one_foreign_currency_keeps_currency_and_rate() {
    let usd = "0.9196670805";
    let member = check(euro_ledger_entry([
        ("USD", "4000.00", "3678.67", usd),
        ("USD", "-4000.00", "-3678.67", usd),
    ]))
    .await;
    assert_eq!(
        (
            member.currency.code(),
            member.rate.unwrap().value().to_string().as_str()
        ),
        ("USD", usd)
    );
}

#[tokio::test]
async fn a_journal_whose_entered_amounts_do_not_balance_goes_in_ledger_currency() {
    let member = check(euro_ledger_entry([
        ("USD", "4000.00", "3678.67", "0.9196670805"),
        ("EUR", "-3678.67", "-3678.67", ""),
    ]))
    .await;
    assert_eq!((member.currency.code(), member.rate), ("EUR", None));
    let member = check(euro_ledger_entry([
        ("USD", "4000.00", "3678.67", "0.9196670805"),
        ("USD", "-4001.00", "-3678.67", "0.9196670805"),
    ]))
    .await;
    assert_eq!(member.currency.code(), "EUR");
}

/// A golden bill, changed.
fn bill(change: impl FnOnce(&mut tieout_model::InvoiceDraft)) -> Document {
    let (_, invoices) = golden();
    let is_foreign = |item: &&BatchItem| match &item.document {
        Document::SupplierInvoice(invoice) => invoice.draft().rate.is_some(),
        Document::JournalEntry(_) | Document::Supplier(_) => false,
    };
    let template = invoices.items.iter().find(is_foreign).unwrap();
    let Document::SupplierInvoice(invoice) = template.document.clone() else {
        panic!();
    };
    let mut draft = invoice.into_draft();
    change(&mut draft);
    Document::SupplierInvoice(SupplierInvoice::try_new(draft).unwrap())
}

#[tokio::test]
async fn a_functional_amount_off_the_rate_arrives_as_the_source_booked_it() {
    let one = "1".parse().unwrap();
    check(bill(|draft| {
        for line in &mut draft.lines {
            line.functional = line.functional.plus(one).unwrap();
        }
    }))
    .await;
}

#[tokio::test]
async fn a_credit_in_foreign_currency_arrives_negative() {
    let document = bill(|draft| {
        draft.is_credit = true;
        for line in &mut draft.lines {
            line.amount = line.amount.negated();
            line.functional = line.functional.negated();
        }
    });
    let member = check(document).await;
    assert_eq!(member.kind, DocumentKind::SupplierCredit);
}

#[tokio::test]
async fn a_negative_line_inside_a_bill_and_odd_texts_arrive() {
    let document = bill(|draft| {
        let mut discount = draft.lines[0].clone();
        discount.number = draft.lines.iter().map(|line| line.number).max().unwrap() + 1;
        discount.amount = "-1".parse().unwrap();
        discount.functional = discount
            .amount
            .times(
                draft.rate.as_ref().unwrap(),
                draft.functional_currency.decimals(),
            )
            .unwrap();
        discount.memo = "=cmd|' /C calc'!A0, \"quoted\" — 請求書".to_owned();
        draft.lines.push(discount);
        draft.number = "O'Brien & Söhne/100% #1".to_owned();
        draft.description = "x".repeat(400);
    });
    let member = check(document).await;
    assert_eq!(member.number, "O'Brien & Söhne/100% #1");
}
