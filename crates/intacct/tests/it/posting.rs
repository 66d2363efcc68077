use tieout_connector::{Batch, BatchItem, ItemOutcome, Target};
use tieout_model::{
    Acknowledgement, DeliveryId, Document, DocumentKind, Envelope, IdempotencyKey, InvoiceDraft,
    JournalDraft, JournalEntry, Marks, Stamp, SupplierInvoice, SystemId,
};
use tieout_twins::intacct::IntacctOptions;

use crate::company::{Trouble, all, documents, drain, golden, run};

/// A copy of a golden document under another number, as if it came from elsewhere.
fn item(envelope: &Envelope, document: Document) -> BatchItem {
    let mut origin = envelope.origin.clone();
    origin.system = SystemId::new("elsewhere");
    let stamp = Stamp::of(&origin, &SystemId::new("intacct"));
    let key = IdempotencyKey::of(&stamp, &envelope.revision, &envelope.evidence);
    let number = match &document {
        Document::SupplierInvoice(invoice) => invoice.draft().number.clone(),
        _ => envelope.number.clone(),
    };
    BatchItem {
        id: DeliveryId {
            document: tieout_model::DocumentId::of(&origin),
            number: 0,
        },
        marks: Marks { stamp, key },
        number,
        crosswalk_version: "v1".to_owned(),
        document,
    }
}

fn entry(number: &str) -> BatchItem {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let (captured, _) = drain(&intacct, &all(DocumentKind::JournalEntry), None, 1_000).unwrap();
    let documents = documents(&captured);
    let envelope = documents.values().find(|e| e.number == number).unwrap();
    let Document::JournalEntry(entry) = &envelope.document else {
        panic!()
    };
    let draft = JournalDraft {
        accounting_date: jiff::civil::date(2027, 1, 15),
        ..entry.draft().clone()
    };
    let document = Document::JournalEntry(JournalEntry::try_new(draft).unwrap());
    item(envelope, document)
}

fn bill(number: &str) -> BatchItem {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let (captured, _) = drain(&intacct, &all(DocumentKind::SupplierInvoice), None, 1_000).unwrap();
    let documents = documents(&captured);
    let envelope = documents.values().find(|e| e.number == number).unwrap();
    let Document::SupplierInvoice(bill) = &envelope.document else {
        panic!()
    };
    let draft = InvoiceDraft {
        number: format!("{number}-COPY"),
        ..bill.draft().clone()
    };
    item(
        envelope,
        Document::SupplierInvoice(SupplierInvoice::try_new(draft).unwrap()),
    )
}

fn posted(outcome: &ItemOutcome) -> &Acknowledgement {
    match outcome {
        ItemOutcome::Posted(row) => row,
        other => panic!("{other:?}"),
    }
}

fn batch(kind: DocumentKind, items: Vec<BatchItem>) -> Batch {
    Batch { kind, items }
}

#[test]
fn an_entry_is_posted_once_however_often_it_is_sent() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let batch = batch(DocumentKind::JournalEntry, vec![entry("JE-ACC-E200-1")]);
    let first = run(intacct.post(&batch)).unwrap();
    let row = posted(&first.items[0].1);
    assert_eq!(
        row.total_debit,
        batch.items[0].document.total_debit().unwrap()
    );
    assert!(row.is_accounted);
    assert_eq!(row.accounting_date, jiff::civil::date(2027, 1, 15));
    let again = run(intacct.post(&batch)).unwrap();
    assert_eq!(posted(&again.items[0].1).reference, row.reference);
    let found = run(intacct.find(&batch)).unwrap();
    assert_eq!(found[0].rows.len(), 1);
}

#[test]
fn a_lost_answer_leaves_the_outcome_open_and_the_look_up_closes_it() {
    for (trouble, rows) in [
        (Trouble::Lost, 1),
        (Trouble::Cut, 1),
        (Trouble::Instead(502, ""), 0),
    ] {
        let (intacct, gateway) = golden(IntacctOptions::default(), |_| {});
        let batch = batch(DocumentKind::JournalEntry, vec![entry("JE-ACC-E200-1")]);
        *gateway.mishap.lock().unwrap() = Some(Box::new(move |called| {
            (called == "create GLBATCH").then(|| trouble.clone())
        }));
        let outcome = run(intacct.post(&batch)).unwrap();
        assert!(matches!(outcome.items[0].1, ItemOutcome::Unknown(_)));
        let creates = |operations: &[String]| {
            let creates = operations.iter().filter(|o| *o == "create GLBATCH");
            creates.count()
        };
        assert_eq!(
            creates(&gateway.operations.lock().unwrap()),
            1,
            "never sent twice"
        );
        assert_eq!(run(intacct.find(&batch)).unwrap()[0].rows.len(), rows);
    }
}

#[test]
fn a_bill_is_posted_and_read_back() {
    for number in ["BILL-E200-1", "BILL-E300-2"] {
        let (intacct, _) = golden(IntacctOptions::default(), |_| {});
        let mut item = bill(number);
        if let Document::SupplierInvoice(invoice) = &item.document {
            let mut draft = invoice.draft().clone();
            draft.accounting_date = jiff::civil::date(2027, 1, 15);
            draft.document_date = draft.accounting_date;
            let invoice = SupplierInvoice::try_new(draft).unwrap();
            item.document = Document::SupplierInvoice(invoice);
        }
        let batch = batch(DocumentKind::SupplierInvoice, vec![item]);
        let outcome = run(intacct.post(&batch)).unwrap();
        let row = posted(&outcome.items[0].1);
        assert_eq!(
            row.total_debit,
            batch.items[0].document.total_debit().unwrap()
        );
        assert_eq!(row.number, format!("{number}-COPY"));
    }
}

#[test]
fn one_refused_document_refuses_no_other() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let (good, mut bad) = (entry("JE-ACC-E200-1"), entry("STAT-E100-12"));
    if let Document::JournalEntry(entry) = &bad.document {
        let mut draft = entry.draft().clone();
        if let tieout_model::Coding::Dimensional(coding) = &mut draft.lines[0].coding {
            coding.account = tieout_model::Code::new("0000-NOT-THERE");
        }
        bad.document = Document::JournalEntry(JournalEntry::try_new(draft).unwrap());
    }
    let batch = batch(DocumentKind::JournalEntry, vec![bad, good]);
    let outcome = run(intacct.post(&batch)).unwrap();
    let ItemOutcome::Rejected(rejection) = &outcome.items[0].1 else {
        panic!("{:?}", outcome.items[0].1)
    };
    assert!(
        rejection.message.contains("0000-NOT-THERE"),
        "{rejection:?}"
    );
    posted(&outcome.items[1].1);
}

#[test]
fn a_bill_whose_number_is_taken_is_refused() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let mut item = bill("BILL-E200-5");
    if let Document::SupplierInvoice(invoice) = &item.document {
        let draft = InvoiceDraft {
            number: "BILL-E200-5".to_owned(),
            ..invoice.draft().clone()
        };
        item.document = Document::SupplierInvoice(SupplierInvoice::try_new(draft).unwrap());
    }
    let batch = batch(DocumentKind::SupplierInvoice, vec![item]);
    let outcome = run(intacct.post(&batch)).unwrap();
    let ItemOutcome::Rejected(rejection) = &outcome.items[0].1 else {
        panic!("{:?}", outcome.items[0].1)
    };
    assert!(!rejection.message.is_empty());
}
