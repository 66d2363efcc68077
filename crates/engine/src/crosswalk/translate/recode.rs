//! Takes a document apart into its codings and puts it together with others. Nothing else of it changes.

use tieout_model::{
    Code, Coding, Combination, Document, InvoiceLine, JournalDraft, JournalEntry, JournalLine,
    Placement, SupplierInvoice, Violations,
};

use crate::crosswalk::hold::Unmapped;
use crate::crosswalk::translate::malformed;

pub(crate) fn supplier_of(document: &Document) -> Option<&Code> {
    match document {
        Document::SupplierInvoice(invoice) => Some(&invoice.draft().supplier),
        Document::JournalEntry(_) | Document::Supplier(_) => None,
    }
}

/// Line numbers and codings in the order of [`Document::lines`]: a bill's control line comes last.
pub(crate) fn source_lines(document: &Document) -> Result<Vec<(u32, &Coding)>, Unmapped> {
    match document {
        Document::JournalEntry(entry) => {
            let lines = entry.draft().lines.iter();
            Ok(lines.map(|line| (line.number, &line.coding)).collect())
        }
        Document::SupplierInvoice(invoice) => {
            let draft = invoice.draft();
            let lines = draft.lines.iter();
            let mut all: Vec<_> = lines.map(|line| (line.number, &line.coding)).collect();
            let last = all.iter().map(|(number, _)| *number).max().unwrap_or(0);
            let control = last.checked_add(1).ok_or_else(|| {
                malformed(
                    document.kind(),
                    "no line number is left for the control line",
                )
            })?;
            all.push((control, &draft.control));
            Ok(all)
        }
        Document::Supplier(_) => Ok(Vec::new()),
    }
}

/// The document with other codings, in the order of [`Document::lines`].
pub(crate) fn recoded(
    document: &Document,
    codings: Vec<Combination>,
    placement: Placement,
    supplier: Option<Code>,
) -> Result<Document, Violations> {
    let mut codings = codings.into_iter().map(Coding::Segmented);
    let mut next = || {
        codings
            .next()
            .unwrap_or_else(|| Coding::Segmented(Combination::default()))
    };
    match document {
        Document::JournalEntry(entry) => {
            let old = entry.draft();
            let lines = old.lines.iter().map(|line| JournalLine {
                coding: next(),
                memo: line.memo.clone(),
                rate: line.rate.clone(),
                number: line.number,
                currency: line.currency,
                amount: line.amount,
                functional: line.functional,
            });
            let draft = JournalDraft {
                lines: lines.collect(),
                placement: Some(placement),
                entity: old.entity.clone(),
                functional_currency: old.functional_currency,
                accounting_date: old.accounting_date,
                is_adjusting: old.is_adjusting,
                purpose: old.purpose,
                posting_kind: old.posting_kind,
                journal: old.journal.clone(),
                reference: old.reference.clone(),
                description: old.description.clone(),
                reverses: old.reverses.clone(),
            };
            JournalEntry::try_new(draft).map(Document::JournalEntry)
        }
        Document::SupplierInvoice(invoice) => {
            let mut draft = invoice.draft().clone();
            let lines = invoice.draft().lines.iter().map(|line| InvoiceLine {
                coding: next(),
                memo: line.memo.clone(),
                number: line.number,
                amount: line.amount,
                functional: line.functional,
            });
            draft.lines = lines.collect();
            draft.control = next();
            draft.placement = Some(placement);
            if let Some(supplier) = supplier {
                draft.supplier = supplier;
            }
            SupplierInvoice::try_new(draft).map(Document::SupplierInvoice)
        }
        Document::Supplier(supplier) => Ok(Document::Supplier(supplier.clone())),
    }
}
