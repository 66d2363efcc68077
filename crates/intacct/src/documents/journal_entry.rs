//! Journal entries and postings (GLBATCH + GLENTRY).
//!
//! A line's sign is its TR_TYPE (1 debit, -1 credit) times its amount. What an entry is for and whose posting it is follows from its
//! journal, its lines and REVERSEDFROM; see `docs/company-setup.md`.

use std::collections::BTreeMap;

use tieout_connector::Captured;
use tieout_model::{
    Amount, Code, Currency, Document, DocumentKind, EntityId, JournalDraft, JournalEntry,
    JournalLine, JournalPurpose, NaturalKey, PostingKind,
};

use crate::config::IntacctConfig;
use crate::documents::{
    Flaw, Frame, LineColumns, Reading, Record, amount, currency, date, is_yes, sorted,
};
use crate::xml::answer::{Column, Row, Table};

/// The columns of one page of headers.
pub(crate) struct HeaderColumns {
    pub(crate) record: Column,
    pub(crate) journal: Column,
    pub(crate) date: Column,
    pub(crate) title: Column,
    pub(crate) reference: Column,
    pub(crate) adjusting: Column,
    pub(crate) reversed_from: Column,
    pub(crate) stamp: Column,
    made: Column,
    entities: Vec<Column>,
}

/// Header fields without which there is no document, besides the stamp's.
pub(crate) const REQUIRED: [&str; 6] = [
    "RECORDNO",
    "JOURNAL",
    "BATCH_DATE",
    "BATCH_TITLE",
    "STATE",
    "REVERSEDFROM",
];
/// Header fields some companies lack, besides the entity's.
pub(crate) const OPTIONAL: [&str; 4] = ["REFERENCENO", "ADJ", "PRBATCHKEY", "WHENCREATED"];
/// Line fields without which there is no document.
pub(crate) const ENTRY_REQUIRED: [&str; 7] = [
    "RECORDNO",
    "BATCHNO",
    "LINE_NO",
    "ACCOUNTNO",
    "TR_TYPE",
    "AMOUNT",
    "TRX_AMOUNT",
];
/// Line fields some companies lack.
pub(crate) const ENTRY_OPTIONAL: [&str; 4] =
    ["CURRENCY", "EXCHANGE_RATE", "DESCRIPTION", "STATISTICAL"];

impl HeaderColumns {
    /// The columns of a page.
    pub(crate) fn of(table: &Table, config: &IntacctConfig) -> Self {
        let entities = config.journal_entity_fields.iter();
        Self {
            record: table.column("RECORDNO"),
            journal: table.column("JOURNAL"),
            date: table.column("BATCH_DATE"),
            title: table.column("BATCH_TITLE"),
            reference: table.column("REFERENCENO"),
            adjusting: table.column("ADJ"),
            reversed_from: table.column("REVERSEDFROM"),
            stamp: table.column(&config.journal_stamp_field),
            made: table.column("WHENCREATED"),
            entities: entities.map(|field| table.column(field)).collect(),
        }
    }

    /// The entity in whose books the entry stands.
    pub(crate) fn entity(&self, reading: &Reading<'_>, header: Row<'_>) -> Option<EntityId> {
        reading.entity(self.entities.iter().map(|column| header.get(*column)))
    }
}

/// Whose posting stands in `journal`; a reversing one in a journal of bills or credits is the posting of a void.
pub(crate) fn posting_kind(
    config: &IntacctConfig,
    journal: &str,
    is_reversing: bool,
) -> Option<PostingKind> {
    match (config.journals.get(journal)?, is_reversing) {
        (PostingKind::SupplierInvoice | PostingKind::SupplierCredit, true) => {
            Some(PostingKind::SupplierReversal)
        }
        (kind, _) => Some(*kind),
    }
}

/// The entry of a record. `posting_batches` names, for reversed batches, the posting batch of each.
pub(crate) fn decode(
    reading: &Reading<'_>,
    columns: &HeaderColumns,
    posting_batches: &BTreeMap<String, String>,
    record: &Record<'_>,
) -> Captured {
    let header = record.header;
    let entity = columns.entity(reading, header);
    let key = header.get(columns.record);
    let number = match header.get(columns.reference) {
        "" => format!("{}/{key}", header.get(columns.journal)),
        reference => reference.to_owned(),
    };
    let frame = Frame {
        kind: DocumentKind::JournalEntry,
        key: NaturalKey::new(format!("GLBATCH/{key}")),
        number,
        entity: entity.clone(),
        modified: reading.modified(header.get(columns.stamp), &[header.get(columns.made)]),
        aliases: Vec::new(),
    };
    let document = entity
        .ok_or_else(|| Flaw::new("it names no entity of this company (journal_entity_fields)"))
        .and_then(|entity| document(reading, columns, posting_batches, entity, record));
    reading.captured(frame, document, record)
}

fn document(
    reading: &Reading<'_>,
    columns: &HeaderColumns,
    posting_batches: &BTreeMap<String, String>,
    entity: EntityId,
    record: &Record<'_>,
) -> Result<Document, Flaw> {
    let header = record.header;
    let functional_currency = reading.functional(&entity)?;
    let journal = header.get(columns.journal);
    let reversed = header.get(columns.reversed_from);
    let posting_kind = posting_kind(reading.config, journal, !reversed.is_empty());
    let posting_kind = posting_kind.ok_or_else(|| {
        Flaw::new(format!(
            "journal {journal:?} is not configured; name it under journals"
        ))
    })?;
    let lines = sorted(&record.lines)?;
    let lines: Vec<JournalLine> = lines
        .iter()
        .map(|(number, row, line_columns)| {
            let read = line(*number, *row, line_columns, functional_currency);
            read.map_err(|flaw| flaw.in_line(&number.to_string()))
        })
        .collect::<Result<_, Flaw>>()?;
    let draft = JournalDraft {
        purpose: purpose(reading.config, journal, !reversed.is_empty(), &lines),
        entity,
        functional_currency,
        accounting_date: date(header.get(columns.date), "BATCH_DATE")?,
        is_adjusting: is_yes(header.get(columns.adjusting)),
        posting_kind,
        journal: Code::new(journal),
        reference: header.get(columns.reference).to_owned(),
        description: header.get(columns.title).to_owned(),
        reverses: reverses(reversed, posting_batches),
        placement: None,
        lines,
    };
    let entry = JournalEntry::try_new(draft);
    let entry = entry.map_err(|violations| Flaw::new(violations.to_string()))?;
    Ok(Document::JournalEntry(entry))
}

fn reverses(reversed: &str, posting_batches: &BTreeMap<String, String>) -> Vec<NaturalKey> {
    if reversed.is_empty() {
        return Vec::new();
    }
    let batch = posting_batches.get(reversed).filter(|key| !key.is_empty());
    let batch = batch.map(|key| NaturalKey::new(format!("PRBATCH/{key}")));
    std::iter::once(NaturalKey::new(format!("GLBATCH/{reversed}")))
        .chain(batch)
        .collect()
}

fn purpose(
    config: &IntacctConfig,
    journal: &str,
    is_reversing: bool,
    lines: &[JournalLine],
) -> JournalPurpose {
    let all_quantities = !lines.is_empty() && lines.iter().all(|l| l.currency.is_statistical());
    if config.statistical_journals.contains(journal) || all_quantities {
        JournalPurpose::Statistical
    } else if config.opening_journals.contains(journal) {
        JournalPurpose::Opening
    } else if is_reversing {
        JournalPurpose::Reversal
    } else {
        JournalPurpose::Standard
    }
}

/// A line's amounts, debit positive: currency, transaction amount, functional amount.
pub(crate) fn amounts(
    row: Row<'_>,
    columns: &LineColumns,
    functional_currency: Currency,
) -> Result<(Currency, Amount, Amount), Flaw> {
    let line_currency = if is_yes(row.get(columns.statistical)) {
        Currency::STAT
    } else {
        currency(row.get(columns.currency), functional_currency)?
    };
    let is_credit = match row.get(columns.side) {
        "1" => false,
        "-1" => true,
        other => {
            return Err(Flaw::new(format!(
                "TR_TYPE is {other:?}, neither 1 (debit) nor -1 (credit)"
            )));
        }
    };
    let base = if line_currency.is_statistical() {
        Currency::STAT
    } else {
        functional_currency
    };
    let signed = |text: &str, currency| {
        let amount = amount(text, currency)?;
        Ok(if is_credit { amount.negated() } else { amount })
    };
    let (in_base, in_transaction) = (row.get(columns.amount), row.get(columns.transaction_amount));
    // Where both are of one currency, one may be left empty.
    let (in_base, in_transaction) = match (in_base, in_transaction, line_currency == base) {
        ("", text, true) | (text, "", true) => (text, text),
        (in_base, in_transaction, _) => (in_base, in_transaction),
    };
    let functional = signed(in_base, base)?;
    let transaction = signed(in_transaction, line_currency)?;
    Ok((line_currency, transaction, functional))
}

fn line(
    number: u32,
    row: Row<'_>,
    columns: &LineColumns,
    functional_currency: Currency,
) -> Result<JournalLine, Flaw> {
    let (currency, amount, functional) = amounts(row, columns, functional_currency)?;
    let is_foreign = currency != functional_currency && !currency.is_statistical();
    let rate = match (is_foreign, row.get(columns.rate)) {
        (true, text) if !text.is_empty() => {
            let rate = text.parse();
            Some(rate.map_err(|fault| Flaw::new(format!("the rate {fault}")))?)
        }
        _ => None,
    };
    Ok(JournalLine {
        number,
        coding: columns.coding(row)?,
        currency,
        amount,
        functional,
        rate,
        memo: row.get(columns.memo).to_owned(),
    })
}
