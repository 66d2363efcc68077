//! Bills (APBILL + APBILLITEM) and supplier credits (APADJUSTMENT + APADJUSTMENTITEM): one shape, told apart by sign.
//!
//! Items are positive as the document reads. A bill's charge is a debit, a credit's charge is a credit, so a credit's items change sign
//! here. The posting is another record (GLBATCH) that shares the PRBATCHKEY; that key is kept as an alias.

use std::collections::BTreeSet;

use tieout_connector::Captured;
use tieout_model::{
    Code, Coding, Currency, Dimensional, Document, DocumentKind, EntityId, ExchangeRate,
    InvoiceDraft, InvoiceLine, NaturalKey, SupplierInvoice,
};

use crate::documents::{Flaw, Frame, LineColumns, Reading, Record, amount, currency, date, sorted};
use crate::xml::answer::{Column, Row, Table};

/// The columns of one page of headers.
pub(crate) struct HeaderColumns {
    record: Column,
    number: Column,
    reference: Column,
    supplier: Column,
    description: Column,
    created: Column,
    posted: Column,
    due: Column,
    currency: Column,
    base_currency: Column,
    rate: Column,
    posting_batch: Column,
    entity: Column,
    stamp: Column,
    made: Column,
    total: Column,
    base_total: Column,
}

/// Header fields without which there is no document.
pub(crate) const REQUIRED: [&str; 7] = [
    "RECORDNO",
    "RECORDID",
    "VENDORID",
    "STATE",
    "WHENCREATED",
    "CURRENCY",
    "WHENMODIFIED",
];
/// Header fields some companies lack.
pub(crate) const OPTIONAL: [&str; 11] = [
    "DOCNUMBER",
    "DESCRIPTION",
    "WHENPOSTED",
    "WHENDUE",
    "BASECURR",
    "EXCHANGE_RATE",
    "PRBATCHKEY",
    "MEGAENTITYID",
    "AUWHENCREATED",
    "TRX_TOTALENTERED",
    "TOTALENTERED",
];
/// Item fields without which there is no document, besides the parent's.
pub(crate) const ITEM_REQUIRED: [&str; 5] =
    ["RECORDNO", "LINE_NO", "ACCOUNTNO", "AMOUNT", "TRX_AMOUNT"];
/// Item fields some companies lack.
pub(crate) const ITEM_OPTIONAL: [&str; 3] =
    ["OFFSETGLACCOUNTNO", "ENTRYDESCRIPTION", "EXCHANGE_RATE"];

impl HeaderColumns {
    /// The columns of a page.
    pub(crate) fn of(table: &Table) -> Self {
        Self {
            record: table.column("RECORDNO"),
            number: table.column("RECORDID"),
            reference: table.column("DOCNUMBER"),
            supplier: table.column("VENDORID"),
            description: table.column("DESCRIPTION"),
            created: table.column("WHENCREATED"),
            posted: table.column("WHENPOSTED"),
            due: table.column("WHENDUE"),
            currency: table.column("CURRENCY"),
            base_currency: table.column("BASECURR"),
            rate: table.column("EXCHANGE_RATE"),
            posting_batch: table.column("PRBATCHKEY"),
            entity: table.column("MEGAENTITYID"),
            stamp: table.column("WHENMODIFIED"),
            made: table.column("AUWHENCREATED"),
            total: table.column("TRX_TOTALENTERED"),
            base_total: table.column("TOTALENTERED"),
        }
    }
}

/// The bill or credit of a record of `object`.
pub(crate) fn decode(
    reading: &Reading<'_>,
    columns: &HeaderColumns,
    kind: DocumentKind,
    object: &str,
    record: &Record<'_>,
) -> Captured {
    let header = record.header;
    let number = match header.get(columns.number) {
        "" => header.get(columns.record),
        number => number,
    };
    let entity = entity(reading, columns, record);
    let batch = header.get(columns.posting_batch);
    let made = [header.get(columns.made), header.get(columns.created)];
    let frame = Frame {
        kind,
        key: NaturalKey::new(format!("{object}/{}", header.get(columns.record))),
        number: number.to_owned(),
        entity: entity.clone(),
        modified: reading.modified(header.get(columns.stamp), &made),
        aliases: (!batch.is_empty())
            .then(|| NaturalKey::new(format!("PRBATCH/{batch}")))
            .into_iter()
            .collect(),
    };
    let document = entity
        .ok_or_else(|| Flaw::new("it names no entity of this company (MEGAENTITYID), nor do all its items name one and the same location"))
        .and_then(|entity| document(reading, columns, kind, entity, number, record));
    reading.captured(frame, document, record)
}

/// The header's entity; for a document at top level the one location all items share, if that is an entity.
fn entity(reading: &Reading<'_>, columns: &HeaderColumns, record: &Record<'_>) -> Option<EntityId> {
    let named = record.header.get(columns.entity);
    if !named.is_empty() {
        return reading.entity([named]);
    }
    let locations: BTreeSet<&str> = record
        .lines
        .iter()
        .map(|(row, columns)| {
            let mut dimensions = columns.dimensions.iter();
            let location = dimensions.find(|(name, _)| name == "location");
            location.map_or("", |(_, column)| row.get(*column))
        })
        .collect();
    let mut locations = locations.into_iter();
    match (locations.next(), locations.next()) {
        (Some(one), None) => reading.entity([one]),
        _ => None,
    }
}

fn document(
    reading: &Reading<'_>,
    columns: &HeaderColumns,
    kind: DocumentKind,
    entity: EntityId,
    number: &str,
    record: &Record<'_>,
) -> Result<Document, Flaw> {
    let header = record.header;
    let functional_currency = functional_currency(reading, columns, &entity, header)?;
    let currency = currency(header.get(columns.currency), functional_currency)?;
    let rate = (currency != functional_currency)
        .then(|| rate(columns, record, currency, functional_currency))
        .transpose()?;
    let supplier = header.get(columns.supplier);
    if supplier.is_empty() {
        return Err(Flaw::new("it has no supplier (VENDORID)"));
    }
    let document_date = date(header.get(columns.created), "WHENCREATED")?;
    let accounting_date = match header.get(columns.posted) {
        "" => document_date,
        posted => date(posted, "WHENPOSTED")?,
    };
    let due_date = match header.get(columns.due) {
        "" => None,
        due => Some(date(due, "WHENDUE")?),
    };
    let is_credit = kind == DocumentKind::SupplierCredit;
    let draft = InvoiceDraft {
        is_credit,
        control: control(reading, &entity, supplier, record)?,
        lines: lines(is_credit, currency, functional_currency, record)?,
        entity,
        functional_currency,
        supplier: Code::new(supplier),
        number: number.to_owned(),
        reference: header.get(columns.reference).to_owned(),
        document_date,
        accounting_date,
        due_date,
        currency,
        rate,
        description: header.get(columns.description).to_owned(),
        placement: None,
    };
    let invoice = SupplierInvoice::try_new(draft);
    let invoice = invoice.map_err(|violations| Flaw::new(violations.to_string()))?;
    if reading.config.checks_totals {
        check_totals(columns, header, &invoice)?;
    }
    Ok(Document::SupplierInvoice(invoice))
}

/// The header's own totals must be the sums of the items that were read: what an item does not show (a tax, say) would be lost.
fn check_totals(
    columns: &HeaderColumns,
    header: Row<'_>,
    invoice: &SupplierInvoice,
) -> Result<(), Flaw> {
    let draft = invoice.draft();
    let sums = [
        (
            columns.total,
            "TRX_TOTALENTERED",
            invoice.total(),
            draft.currency,
        ),
        (
            columns.base_total,
            "TOTALENTERED",
            invoice.functional_total(),
            draft.functional_currency,
        ),
    ];
    for (column, name, sum, currency) in sums {
        let text = header.get(column);
        if !text.is_empty() && amount(text, currency)?.abs() != sum.abs() {
            return Err(Flaw::new(format!(
                "{name} is {text} {currency}, but its items add up to {}",
                sum.abs()
            )));
        }
    }
    Ok(())
}

fn functional_currency(
    reading: &Reading<'_>,
    columns: &HeaderColumns,
    entity: &EntityId,
    header: Row<'_>,
) -> Result<Currency, Flaw> {
    let of_entity = reading.functional(entity)?;
    let named = currency(header.get(columns.base_currency), of_entity)?;
    if named == of_entity {
        return Ok(named);
    }
    Err(Flaw::new(format!(
        "its base currency is {named}, but entity {entity} keeps its books in {of_entity}"
    )))
}

/// The rate of the header, else the one rate all items share.
fn rate(
    columns: &HeaderColumns,
    record: &Record<'_>,
    from: Currency,
    to: Currency,
) -> Result<ExchangeRate, Flaw> {
    let mut rates: BTreeSet<&str> = BTreeSet::new();
    match record.header.get(columns.rate) {
        "" => rates.extend(record.lines.iter().map(|(row, line)| row.get(line.rate))),
        rate => {
            rates.insert(rate);
        }
    }
    rates.remove("");
    let mut rates = rates.into_iter();
    match (rates.next(), rates.next()) {
        (Some(rate), None) => rate
            .parse()
            .map_err(|fault| Flaw::new(format!("the rate {fault}"))),
        (None, _) => Err(Flaw::new(format!("it has no rate from {from} to {to}"))),
        (Some(one), Some(other)) => Err(Flaw::new(format!(
            "its items have different rates from {from} to {to}: {one} and {other}"
        ))),
    }
}

/// The control line: the items' one offset account, at the entity, with the supplier.
fn control(
    reading: &Reading<'_>,
    entity: &EntityId,
    supplier: &str,
    record: &Record<'_>,
) -> Result<Coding, Flaw> {
    let named = record
        .lines
        .iter()
        .map(|(row, columns)| (row.get(columns.offset_account), row.get(columns.line_no)));
    let configured = reading.config.control_account.as_deref();
    let named: Vec<(&str, &str)> = named
        .map(|(account, line)| match account {
            "" => (configured.unwrap_or_default(), line),
            account => (account, line),
        })
        .collect();
    let blank: Vec<&str> = named
        .iter()
        .filter(|(account, _)| account.is_empty())
        .map(|(_, line)| *line)
        .collect();
    if !blank.is_empty() {
        return Err(Flaw::new(format!(
            "no control account (OFFSETGLACCOUNTNO) on line {}; set control_account if the company keeps one",
            blank.join(", ")
        )));
    }
    let accounts: BTreeSet<&str> = named.iter().map(|(account, _)| *account).collect();
    if accounts.len() > 1 {
        let each: Vec<String> = named
            .iter()
            .map(|(account, line)| format!("line {line} on {account}"))
            .collect();
        return Err(Flaw::new(format!(
            "more than one control account: {}",
            each.join(", ")
        )));
    }
    let account = accounts.first().copied();
    let account = account.ok_or_else(|| Flaw::new("it has no lines"))?;
    let dimensions = [
        ("location".to_owned(), Code::new(entity.as_str())),
        ("vendor".to_owned(), Code::new(supplier)),
    ];
    Ok(Coding::Dimensional(Dimensional {
        account: Code::new(account),
        dimensions: dimensions.into_iter().collect(),
        affiliate: None,
    }))
}

fn lines(
    is_credit: bool,
    currency: Currency,
    functional_currency: Currency,
    record: &Record<'_>,
) -> Result<Vec<InvoiceLine>, Flaw> {
    let line = |(number, row, columns): &(u32, Row<'_>, &LineColumns)| {
        let signed = |text: &str, currency| {
            let amount = amount(text, currency)?;
            Ok(if is_credit { amount.negated() } else { amount })
        };
        let read = || {
            Ok(InvoiceLine {
                number: *number,
                coding: columns.coding(*row)?,
                amount: signed(row.get(columns.transaction_amount), currency)?,
                functional: signed(row.get(columns.amount), functional_currency)?,
                memo: row.get(columns.memo).to_owned(),
            })
        };
        read().map_err(|flaw: Flaw| flaw.in_line(&number.to_string()))
    };
    sorted(&record.lines)?.iter().map(line).collect()
}
