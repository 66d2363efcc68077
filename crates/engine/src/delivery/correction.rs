//! A later revision of a posted document becomes a reversal plus a new posting, never an edit.

use tieout_model::{
    Amount, Document, InvoiceDraft, JournalDraft, JournalEntry, JournalPurpose, SupplierInvoice,
    Violations,
};

/// The document that takes `posted` back: the same lines with opposite signs, on `on` (the original's date if its period is open).
///
/// A bill is taken back by a credit and a credit by a bill, under a number of its own, since the target keeps numbers unique.
///
/// # Errors
/// [`Violations`] only if `posted` itself was not well formed.
pub fn reversal_of(posted: &Document, number: u32) -> Result<Document, Violations> {
    match posted {
        Document::JournalEntry(entry) => {
            let draft = entry.draft();
            let mut lines = draft.lines.clone();
            for line in &mut lines {
                line.amount = line.amount.negated();
                line.functional = line.functional.negated();
            }
            let purpose = match draft.purpose {
                JournalPurpose::Statistical => JournalPurpose::Statistical,
                JournalPurpose::Standard | JournalPurpose::Reversal | JournalPurpose::Opening => {
                    JournalPurpose::Reversal
                }
            };
            let reference = corrected_number(&draft.reference, number, true);
            let draft = JournalDraft {
                lines,
                purpose,
                reference,
                ..draft.clone()
            };
            JournalEntry::try_new(draft).map(Document::JournalEntry)
        }
        Document::SupplierInvoice(invoice) => {
            let draft = invoice.draft();
            let mut lines = draft.lines.clone();
            for line in &mut lines {
                line.amount = line.amount.negated();
                line.functional = line.functional.negated();
            }
            let is_credit = !draft.is_credit;
            let number = corrected_number(&draft.number, number, true);
            let draft = InvoiceDraft {
                lines,
                is_credit,
                number,
                ..draft.clone()
            };
            SupplierInvoice::try_new(draft).map(Document::SupplierInvoice)
        }
        Document::Supplier(supplier) => Ok(Document::Supplier(supplier.clone())),
    }
}

/// The document under the number of its `number`-th delivery, so that the target does not mistake it for the first.
///
/// # Errors
/// [`Violations`] only if the document itself was not well formed.
pub fn renumbered(document: Document, number: u32) -> Result<Document, Violations> {
    match document {
        Document::SupplierInvoice(invoice) => {
            let mut draft = invoice.into_draft();
            draft.number = corrected_number(&draft.number, number, false);
            SupplierInvoice::try_new(draft).map(Document::SupplierInvoice)
        }
        Document::JournalEntry(_) | Document::Supplier(_) => Ok(document),
    }
}

fn corrected_number(number: &str, n: u32, is_reversal: bool) -> String {
    match (n, is_reversal) {
        (0, _) => number.to_owned(),
        (n, true) => format!("{number}/R{n}"),
        (n, false) => format!("{number}/{n}"),
    }
}

/// The net effect of a document and its reversal is zero on every line.
pub fn cancels(posted: &Document, reversal: &Document) -> bool {
    let (Ok(posted), Ok(reversal)) = (posted.lines(), reversal.lines()) else {
        return false;
    };
    posted.len() == reversal.len()
        && posted.iter().zip(&reversal).all(|(p, r)| {
            p.coding == r.coding
                && p.functional.plus(r.functional).is_ok_and(Amount::is_zero)
                && p.amount.plus(r.amount).is_ok_and(Amount::is_zero)
        })
}
