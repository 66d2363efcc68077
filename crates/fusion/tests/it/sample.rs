//! Documents to send.

use std::collections::BTreeMap;

use tieout_connector::{Batch, BatchItem};
use tieout_model::{
    AccountingDate, Code, Coding, Combination, DeliveryId, Document, DocumentId, DocumentKind,
    EntityId, IdempotencyKey, InvoiceDraft, InvoiceLine, JournalDraft, JournalEntry, JournalLine,
    JournalPurpose, Marks, Placement, PostingKind, Stamp, SupplierInvoice,
};

pub(crate) const STAMP: &str = "TIEOUT-0123456789ABCDEF012";
pub(crate) const OTHER_STAMP: &str = "TIEOUT-FFFFFFFFFFFFFFFFFFF";

pub(crate) fn day(text: &str) -> AccountingDate {
    text.parse().unwrap()
}

pub(crate) fn coding(segments: &str) -> Coding {
    Coding::Segmented(combination(segments))
}

pub(crate) fn combination(segments: &str) -> Combination {
    Combination {
        segments: segments.split('-').map(Code::new).collect(),
        attributes: BTreeMap::new(),
    }
}

pub(crate) fn placement(ledger: &str, company: &str, currency: &str) -> Placement {
    Placement {
        ledger: ledger.to_owned(),
        legal_entity: "LE_KW".to_owned(),
        business_unit: "BU_KW".to_owned(),
        balancing_segment: Code::new(company),
        currency: currency.parse().unwrap(),
        period: "Dec-26".to_owned(),
    }
}

pub(crate) fn item(stamp: &str, number: &str, document: Document) -> BatchItem {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&stamp.as_bytes()[7..11]);
    BatchItem {
        id: DeliveryId {
            document: DocumentId::from_bytes(id),
            number: 0,
        },
        marks: Marks {
            stamp: Stamp::read(stamp).unwrap(),
            key: IdempotencyKey::from_text("key"),
        },
        number: number.to_owned(),
        crosswalk_version: "v1".to_owned(),
        document,
    }
}

pub(crate) fn batch(items: Vec<BatchItem>) -> Batch {
    Batch {
        kind: items
            .first()
            .map_or(DocumentKind::JournalEntry, |item| item.document.kind()),
        items,
    }
}

/// A bill in dollars of an entity that keeps its books in dinars; line 2 was booked one fils off the rate.
pub(crate) fn bill_draft() -> InvoiceDraft {
    let line = |number, segments: &str, amount: &str, functional: &str, memo: &str| InvoiceLine {
        number,
        coding: coding(segments),
        amount: amount.parse().unwrap(),
        functional: functional.parse().unwrap(),
        memo: memo.to_owned(),
    };
    let mut lines = vec![
        line(
            1,
            "500-1200-60100-000-000",
            "1000.06",
            "307.143",
            "Chairs \"round\", 3\nпять",
        ),
        line(2, "500-1300-60200-000-000", "234.50", "72.022", ""),
    ];
    if let Coding::Segmented(combination) = &mut lines[0].coding {
        combination
            .attributes
            .insert("attribute1".to_owned(), "P-7".to_owned());
    }
    InvoiceDraft {
        is_credit: false,
        entity: EntityId::new("E500"),
        functional_currency: "KWD".parse().unwrap(),
        supplier: Code::new("1252"),
        number: "BILL-7".to_owned(),
        reference: "SI-88".to_owned(),
        document_date: day("2026-12-05"),
        accounting_date: day("2026-12-06"),
        due_date: Some(day("2027-01-04")),
        currency: "USD".parse().unwrap(),
        rate: Some("0.307125".parse().unwrap()),
        description: "Furniture".to_owned(),
        control: coding("500-0000-20000-000-000"),
        placement: Some(placement("WMB_KW_KWD", "500", "KWD")),
        lines,
    }
}

pub(crate) fn bill(stamp: &str, change: impl FnOnce(&mut InvoiceDraft)) -> BatchItem {
    let mut draft = bill_draft();
    change(&mut draft);
    let number = draft.number.clone();
    let invoice = SupplierInvoice::try_new(draft).unwrap();
    item(stamp, &number, Document::SupplierInvoice(invoice))
}

/// Lines as (segments, currency, amount, functional, rate).
pub(crate) fn entry(
    stamp: &str,
    number: &str,
    lines: &[(&str, &str, &str, &str, &str)],
) -> BatchItem {
    let line = |(i, &(segments, currency, amount, functional, rate)): (
        usize,
        &(&str, &str, &str, &str, &str),
    )| JournalLine {
        number: u32::try_from(i + 1).unwrap(),
        coding: coding(segments),
        currency: currency.parse().unwrap(),
        amount: amount.parse().unwrap(),
        functional: functional.parse().unwrap(),
        rate: rate.parse().ok(),
        memo: "=SUM(A1)".to_owned(),
    };
    let lines: Vec<JournalLine> = lines.iter().enumerate().map(line).collect();
    let is_statistical = lines[0].currency.is_statistical();
    let draft = JournalDraft {
        entity: EntityId::new("E100"),
        functional_currency: "USD".parse().unwrap(),
        accounting_date: day("2026-12-31"),
        is_adjusting: false,
        purpose: if is_statistical {
            JournalPurpose::Statistical
        } else {
            JournalPurpose::Standard
        },
        posting_kind: PostingKind::Journal,
        journal: Code::new("GJ"),
        reference: String::new(),
        description: "Accrual, \"rent\"\nDecember".to_owned(),
        reverses: Vec::new(),
        placement: Some(placement("WMB_US_USD", "100", "USD")),
        lines,
    };
    item(
        stamp,
        number,
        Document::JournalEntry(JournalEntry::try_new(draft).unwrap()),
    )
}

pub(crate) fn euro_entry(stamp: &str) -> BatchItem {
    let lines = [
        (
            "100-1200-60100-000-000",
            "EUR",
            "100.00",
            "109.40",
            "1.0940",
        ),
        (
            "100-0000-10100-000-000",
            "EUR",
            "-100.00",
            "-109.40",
            "1.094000",
        ),
    ];
    entry(stamp, "JE-9", &lines)
}
