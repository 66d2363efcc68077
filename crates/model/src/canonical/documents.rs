//! Canonical bytes of documents and envelopes.

use std::collections::BTreeMap;

use crate::ambient::Timestamp;
use crate::canonical::{Digest, Reader, Undecodable, Writer};
use crate::currency::Currency;
use crate::dimension::{Coding, Combination, Dimensional};
use crate::document::journal_entry::{
    JournalDraft, JournalEntry, JournalLine, JournalPurpose, PostingKind,
};
use crate::document::supplier::Supplier;
use crate::document::supplier_invoice::{InvoiceDraft, InvoiceLine, SupplierInvoice};
use crate::document::{Document, Envelope};
use crate::identifier::{AccountingDate, Code, EntityId, NaturalKey, Origin, Revision, SystemId};
use crate::money::ExchangeRate;
use crate::placement::Placement;

/// Version of this encoding, the first byte of every document.
const ENCODING_VERSION: u128 = 1;

/// The canonical bytes of a document.
pub fn encode_document(document: &Document) -> Vec<u8> {
    let mut w = Writer::new();
    w.number(ENCODING_VERSION);
    write_document(&mut w, document);
    w.finish()
}

/// The document of canonical bytes.
///
/// # Errors
/// [`Undecodable`] for anything [`encode_document`] would not write.
pub fn decode_document(bytes: &[u8]) -> Result<Document, Undecodable> {
    let mut r = Reader::new(bytes);
    version(&mut r)?;
    let document = read_document(&mut r)?;
    r.end()?;
    Ok(document)
}

/// The canonical bytes of an envelope.
pub fn encode_envelope(envelope: &Envelope) -> Vec<u8> {
    let mut w = Writer::new();
    w.number(ENCODING_VERSION);
    w.text(envelope.origin.system.as_str());
    w.text(&envelope.origin.company);
    w.text(envelope.origin.natural_key.as_str());
    w.text(&envelope.number);
    w.text(envelope.revision.as_str());
    w.signed(i128::from(envelope.modified.0));
    w.list(envelope.aliases.iter(), |w, alias| w.text(alias.as_str()));
    w.bytes(envelope.evidence.as_bytes());
    write_document(&mut w, &envelope.document);
    w.finish()
}

/// The envelope of canonical bytes.
///
/// # Errors
/// [`Undecodable`] for anything [`encode_envelope`] would not write.
pub fn decode_envelope(bytes: &[u8]) -> Result<Envelope, Undecodable> {
    let mut r = Reader::new(bytes);
    version(&mut r)?;
    let origin = Origin {
        system: SystemId::new(r.text()?),
        company: r.text()?,
        natural_key: NaturalKey::new(r.text()?),
    };
    let number = r.text()?;
    let revision = Revision::new(r.text()?);
    let modified = i64::try_from(r.signed()?).map_err(|_| r.expected("a timestamp"))?;
    let aliases = r.list(|r| Ok(NaturalKey::new(r.text()?)))?;
    let evidence = r.bytes()?.try_into().map_err(|_| r.expected("a digest"))?;
    let document = read_document(&mut r)?;
    r.end()?;
    Ok(Envelope {
        origin,
        number,
        revision,
        modified: Timestamp(modified),
        aliases,
        document,
        evidence: Digest::from_bytes(evidence),
    })
}

fn version(r: &mut Reader<'_>) -> Result<(), Undecodable> {
    let known = r.number()? == ENCODING_VERSION;
    if known {
        Ok(())
    } else {
        Err(r.expected("encoding version 1"))
    }
}

fn write_document(w: &mut Writer, document: &Document) {
    match document {
        Document::JournalEntry(entry) => {
            w.number(1);
            write_journal(w, entry.draft());
        }
        Document::SupplierInvoice(invoice) => {
            w.number(2);
            write_invoice(w, invoice.draft());
        }
        Document::Supplier(supplier) => {
            w.number(3);
            w.text(supplier.code.as_str());
            w.text(&supplier.name);
            w.option(supplier.currency.as_ref(), |w, c| w.text(c.code()));
            w.flag(supplier.is_active);
        }
    }
}

fn read_document(r: &mut Reader<'_>) -> Result<Document, Undecodable> {
    match r.number()? {
        1 => {
            let draft = read_journal(r)?;
            let entry = JournalEntry::try_new(draft);
            Ok(Document::JournalEntry(
                entry.map_err(|_| r.expected("a balanced entry"))?,
            ))
        }
        2 => {
            let draft = read_invoice(r)?;
            let invoice = SupplierInvoice::try_new(draft);
            Ok(Document::SupplierInvoice(
                invoice.map_err(|_| r.expected("a sound invoice"))?,
            ))
        }
        3 => Ok(Document::Supplier(Supplier {
            code: Code::new(r.text()?),
            name: r.text()?,
            currency: r.option(read_currency)?,
            is_active: r.flag()?,
        })),
        _ => Err(r.expected("a known kind of document")),
    }
}

fn write_journal(w: &mut Writer, draft: &JournalDraft) {
    w.text(draft.entity.as_str());
    w.text(draft.functional_currency.code());
    write_date(w, draft.accounting_date);
    w.flag(draft.is_adjusting);
    w.text(draft.purpose.word());
    w.text(draft.posting_kind.word());
    w.text(draft.journal.as_str());
    w.text(&draft.reference);
    w.text(&draft.description);
    w.list(draft.reverses.iter(), |w, key| w.text(key.as_str()));
    w.option(draft.placement.as_ref(), write_placement);
    w.list(draft.lines.iter(), |w, line| {
        w.number(u128::from(line.number));
        write_coding(w, &line.coding);
        w.text(line.currency.code());
        w.amount(line.amount);
        w.amount(line.functional);
        w.option(line.rate.as_ref(), |w, rate| w.text(rate.text()));
        w.text(&line.memo);
    });
}

fn read_journal(r: &mut Reader<'_>) -> Result<JournalDraft, Undecodable> {
    Ok(JournalDraft {
        entity: EntityId::new(r.text()?),
        functional_currency: read_currency(r)?,
        accounting_date: read_date(r)?,
        is_adjusting: r.flag()?,
        purpose: read_purpose(r)?,
        posting_kind: read_posting_kind(r)?,
        journal: Code::new(r.text()?),
        reference: r.text()?,
        description: r.text()?,
        reverses: r.list(|r| Ok(NaturalKey::new(r.text()?)))?,
        placement: r.option(read_placement)?,
        lines: r.list(|r| {
            Ok(JournalLine {
                number: r.small()?,
                coding: read_coding(r)?,
                currency: read_currency(r)?,
                amount: r.amount()?,
                functional: r.amount()?,
                rate: r.option(read_rate)?,
                memo: r.text()?,
            })
        })?,
    })
}

fn write_invoice(w: &mut Writer, draft: &InvoiceDraft) {
    w.flag(draft.is_credit);
    w.text(draft.entity.as_str());
    w.text(draft.functional_currency.code());
    w.text(draft.supplier.as_str());
    w.text(&draft.number);
    w.text(&draft.reference);
    write_date(w, draft.document_date);
    write_date(w, draft.accounting_date);
    w.option(draft.due_date.as_ref(), |w, date| write_date(w, *date));
    w.text(draft.currency.code());
    w.option(draft.rate.as_ref(), |w, rate| w.text(rate.text()));
    w.text(&draft.description);
    write_coding(w, &draft.control);
    w.option(draft.placement.as_ref(), write_placement);
    w.list(draft.lines.iter(), |w, line| {
        w.number(u128::from(line.number));
        write_coding(w, &line.coding);
        w.amount(line.amount);
        w.amount(line.functional);
        w.text(&line.memo);
    });
}

fn read_invoice(r: &mut Reader<'_>) -> Result<InvoiceDraft, Undecodable> {
    Ok(InvoiceDraft {
        is_credit: r.flag()?,
        entity: EntityId::new(r.text()?),
        functional_currency: read_currency(r)?,
        supplier: Code::new(r.text()?),
        number: r.text()?,
        reference: r.text()?,
        document_date: read_date(r)?,
        accounting_date: read_date(r)?,
        due_date: r.option(read_date)?,
        currency: read_currency(r)?,
        rate: r.option(read_rate)?,
        description: r.text()?,
        control: read_coding(r)?,
        placement: r.option(read_placement)?,
        lines: r.list(|r| {
            Ok(InvoiceLine {
                number: r.small()?,
                coding: read_coding(r)?,
                amount: r.amount()?,
                functional: r.amount()?,
                memo: r.text()?,
            })
        })?,
    })
}

fn write_coding(w: &mut Writer, coding: &Coding) {
    match coding {
        Coding::Dimensional(d) => {
            w.number(1);
            w.text(d.account.as_str());
            w.list(
                d.dimensions.iter().collect::<Vec<_>>().iter(),
                |w, (name, value)| {
                    w.text(name);
                    w.text(value.as_str());
                },
            );
            w.option(d.affiliate.as_ref(), |w, entity| w.text(entity.as_str()));
        }
        Coding::Segmented(c) => {
            w.number(2);
            w.list(c.segments.iter(), |w, value| w.text(value.as_str()));
            w.list(
                c.attributes.iter().collect::<Vec<_>>().iter(),
                |w, (name, value)| {
                    w.text(name);
                    w.text(value);
                },
            );
        }
    }
}

fn read_coding(r: &mut Reader<'_>) -> Result<Coding, Undecodable> {
    match r.number()? {
        1 => Ok(Coding::Dimensional(Dimensional {
            account: Code::new(r.text()?),
            dimensions: r
                .list(|r| Ok((r.text()?, Code::new(r.text()?))))?
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            affiliate: r.option(|r| Ok(EntityId::new(r.text()?)))?,
        })),
        2 => Ok(Coding::Segmented(Combination {
            segments: r.list(|r| Ok(Code::new(r.text()?)))?,
            attributes: r
                .list(|r| Ok((r.text()?, r.text()?)))?
                .into_iter()
                .collect(),
        })),
        _ => Err(r.expected("a known coding")),
    }
}

fn write_placement(w: &mut Writer, placement: &Placement) {
    w.text(&placement.ledger);
    w.text(&placement.legal_entity);
    w.text(&placement.business_unit);
    w.text(placement.balancing_segment.as_str());
    w.text(placement.currency.code());
    w.text(&placement.period);
}

fn read_placement(r: &mut Reader<'_>) -> Result<Placement, Undecodable> {
    Ok(Placement {
        ledger: r.text()?,
        legal_entity: r.text()?,
        business_unit: r.text()?,
        balancing_segment: Code::new(r.text()?),
        currency: read_currency(r)?,
        period: r.text()?,
    })
}

fn write_date(w: &mut Writer, date: AccountingDate) {
    let number = i128::from(date.year()) * 10_000 + i128::from(date.month()) * 100;
    w.signed(number + i128::from(date.day()));
}

fn read_date(r: &mut Reader<'_>) -> Result<AccountingDate, Undecodable> {
    let number = r.signed()?;
    let part = |value: i128| i8::try_from(value).ok();
    let date = part(number.rem_euclid(100)).zip(part(number.div_euclid(100).rem_euclid(100)));
    let year = i16::try_from(number.div_euclid(10_000)).ok();
    year.zip(date)
        .and_then(|(year, (day, month))| AccountingDate::new(year, month, day).ok())
        .ok_or_else(|| r.expected("a date"))
}

fn read_currency(r: &mut Reader<'_>) -> Result<Currency, Undecodable> {
    r.text()?.parse().map_err(|_| r.expected("a currency"))
}

fn read_rate(r: &mut Reader<'_>) -> Result<ExchangeRate, Undecodable> {
    r.text()?.parse().map_err(|_| r.expected("a rate"))
}

fn read_purpose(r: &mut Reader<'_>) -> Result<JournalPurpose, Undecodable> {
    let word = r.text()?;
    let all = [
        JournalPurpose::Standard,
        JournalPurpose::Reversal,
        JournalPurpose::Statistical,
        JournalPurpose::Opening,
    ];
    all.into_iter()
        .find(|p| p.word() == word)
        .ok_or_else(|| r.expected("a purpose"))
}

fn read_posting_kind(r: &mut Reader<'_>) -> Result<PostingKind, Undecodable> {
    let word = r.text()?;
    let all = [
        PostingKind::Journal,
        PostingKind::SupplierInvoice,
        PostingKind::SupplierCredit,
        PostingKind::SupplierReversal,
        PostingKind::Other,
    ];
    all.into_iter()
        .find(|k| k.word() == word)
        .ok_or_else(|| r.expected("a posting kind"))
}
