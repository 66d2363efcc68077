//! Payables and receivables written through the API: bills, vendor credits, invoices; and what every written document shares.

use super::fields::{self, VOUCHER, VOUCHER_LINE};
use super::{Writer, place, references};
use crate::intacct::amount::{Amount, currency_decimals};
use crate::intacct::books::Books;
use crate::intacct::books::document::{DIMENSIONS, Document, Line, rule_of};
use crate::intacct::books::post::Place;
use crate::intacct::books::schema::{APADJUSTMENT, APBILL, ARINVOICE, LOCATION, TableId};
use crate::intacct::books::table::INLINE;
use crate::intacct::fault::Fault;
use crate::intacct::moment;
use crate::intacct::xml::Element;

/// Characters an invoice number may not hold (§3.3 [C]).
const FORBIDDEN: [char; 7] = ['&', '<', '>', '#', '?', '"', '\''];

pub(super) fn required<'a>(element: &'a Element, name: &str) -> Result<&'a str, Fault> {
    let text = element.of(name);
    if text.is_empty() {
        return Err(Fault::business(&format!(
            "Required field {name} is missing"
        )));
    }
    Ok(text)
}

pub(super) fn day(element: &Element, name: &str) -> Result<Option<u32>, Fault> {
    let text = element.of(name);
    if text.is_empty() {
        return Ok(None);
    }
    let day = moment::day_from_us(text);
    day.map(Some).ok_or_else(|| {
        Fault::business(&format!(
            "Invalid value '{text}' for {name}: write MM/DD/YYYY"
        ))
    })
}

pub(super) fn amount(element: &Element, name: &str) -> Result<Amount, Fault> {
    let text = required(element, name)?;
    Amount::parse_long(text).ok_or_else(|| {
        Fault::business(&format!(
            "Invalid value '{text}' for {name}: write a plain decimal"
        ))
    })
}

/// The entity a location belongs to.
pub(in crate::intacct) fn entity_of_location(books: &Books, location: &str) -> Option<u32> {
    let mut at = location.to_owned();
    for _ in 0..16 {
        if let Some(entity) = books.entity(&at) {
            return Some(entity.cell);
        }
        let row = books.find(LOCATION, "LOCATIONID", &at)?;
        at = books.text(LOCATION, row, "PARENTID");
    }
    None
}

/// Entity and location of a line.
pub(super) fn home(books: &mut Books, location: &str, writer: Writer) -> Result<(u32, u32), Fault> {
    if location.is_empty() {
        let only = if books.entities.len() == 1 {
            books.entities.first().map(|e| e.cell)
        } else {
            None
        };
        return match writer.entity.or(only) {
            Some(entity) => Ok((entity, entity)),
            None => Err(Fault::business(
                "Location is required at the top level of a multi-entity company",
            )),
        };
    }
    let entity = entity_of_location(books, location)
        .ok_or_else(|| Fault::business(&format!("Invalid Location '{location}' specified")))?;
    if writer.entity.is_some_and(|e| e != entity) {
        return Err(Fault::business(&format!(
            "Location '{location}' is outside the entity of this session"
        )));
    }
    Ok((entity, books.word(location)))
}

/// Fills the dimensions of a line from its element.
pub(super) fn dimensions(
    books: &mut Books,
    element: &Element,
    location: u32,
    journal: bool,
) -> ([u32; 8], Vec<u32>) {
    let mut dims = [location, 0, 0, 0, 0, 0, 0, 0];
    for (at, (_, entry, item)) in DIMENSIONS.iter().enumerate().skip(1) {
        dims[at] = books.word(element.of(if journal { entry } else { item }));
    }
    let mut custom = Vec::new();
    for at in 0..books.custom.len() {
        let name = format!("GLDIM{}", books.custom[at].0);
        custom.push(books.word(element.of(&name)));
    }
    (dims, custom)
}

/// Currency, rate and base amount of a line; without a rate only the entity's own currency is taken.
pub(super) fn money(
    books: &mut Books,
    element: &Element,
    (entity, currency): (u32, &str),
    trx: Amount,
) -> Result<(u32, u32, Amount), Fault> {
    let base = books
        .entity_of(entity)
        .map_or(String::new(), |e| e.currency.clone());
    let currency = if currency.is_empty() {
        base.clone()
    } else {
        currency.to_owned()
    };
    let given = element.of("EXCHANGE_RATE");
    fields::one_rate(element)?;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(Fault::business(&format!(
            "Invalid Currency '{currency}' specified"
        )));
    }
    if currency == base {
        return Ok((
            books.word(&currency),
            books.word("1"),
            trx.rounded(currency_decimals(&base)),
        ));
    }
    if given.is_empty() {
        return Err(Fault::business(&format!(
            "EXCHANGE_RATE is required: {currency} is not the base currency {base}, and no rate table is readable"
        )));
    }
    let rate = Amount::parse(given)
        .filter(|r| !r.is_zero() && !r.is_negative())
        .ok_or_else(|| Fault::business(&format!("Invalid value '{given}' for EXCHANGE_RATE")))?;
    let amount = trx
        .times(rate, currency_decimals(&base))
        .ok_or_else(|| Fault::business("The amount is too large"))?;
    Ok((books.word(&currency), books.word(given), amount))
}

pub(super) fn save(
    books: &mut Books,
    doc: &Document,
    old: Option<Place>,
    writer: Writer,
) -> Result<Place, Fault> {
    references(books, doc).map_err(|e| Fault::business(&e))?;
    let made = match old {
        Some(place) => books.replace(&place, doc, writer.stamp),
        None => books.write(doc, &Place::default(), writer.stamp),
    };
    made.map_err(|e| Fault::business(&e))
}

/// Creates (`row` none) or changes a bill, vendor credit or invoice; answers its row. Without items an update changes the header only.
///
/// # Errors
/// A fault for missing fields, unknown values, a number in use, a closed period.
pub(in crate::intacct) fn payable(
    books: &mut Books,
    object: TableId,
    element: &Element,
    row: Option<u32>,
    writer: Writer,
) -> Result<u32, Fault> {
    let (kind, list, item) = match object {
        APBILL => ("ap_bill", "APBILLITEMS", "APBILLITEM"),
        APADJUSTMENT => ("ap_credit", "APADJUSTMENTITEMS", "APADJUSTMENTITEM"),
        _ => ("ar_invoice", "ARINVOICEITEMS", "ARINVOICEITEM"),
    };
    if !matches!(element.of("ACTION"), "" | "Submit") {
        return Err(Fault::business("Only ACTION Submit is kept by this tenant"));
    }
    fields::only(books, element, VOUCHER)?;
    let old = row.map(|r| place(books, object, r));
    let before = match &old {
        Some(place) => Some(
            books
                .read_back(place)
                .ok_or_else(|| Fault::business("The document has no posting"))?,
        ),
        None => None,
    };
    let items: Vec<&Element> = element
        .child(list)
        .into_iter()
        .flat_map(|l| l.all(item))
        .collect();
    let mut doc = header(books, object, element, (kind, before.as_ref()))?;
    if items.is_empty() {
        doc.lines = before.map(|b| b.lines).unwrap_or_default();
        if doc.lines.is_empty() {
            return Err(Fault::business(&format!("{list} needs at least one line")));
        }
    } else {
        doc.lines = item_lines(books, object, &doc, element, &items, writer)?;
        doc.entity = doc.lines.first().map_or(doc.entity, |l| l.entity);
        if doc.lines.iter().any(|l| l.entity != doc.entity) {
            return Err(Fault::business("All lines must belong to one entity"));
        }
        doc.currency = doc.lines.first().map_or(0, |l| l.currency);
    }
    number_is_free(books, object, row, &doc)?;
    let held = row.map_or(0, |r| books.cell(object, r, "ONHOLD"));
    let made = save(books, &doc, old, writer)?;
    let (_, row) = made
        .header
        .ok_or_else(|| Fault::business("Nothing was written"))?;
    if held != 0 {
        books.set(object, row, "ONHOLD", held);
    }
    remarks(books, object, row, element)?;
    Ok(row)
}

/// A party's document numbers are unique (BL34000061, §1.8).
fn number_is_free(
    books: &Books,
    object: TableId,
    row: Option<u32>,
    doc: &Document,
) -> Result<(), Fault> {
    let number = books.pool.get(doc.id);
    let party = if object == ARINVOICE {
        "CUSTOMERID"
    } else {
        "VENDORID"
    };
    let others = books.rows_with(object, "RECORDID", doc.id);
    let taken = others
        .into_iter()
        .any(|other| Some(other) != row && books.cell(object, other, party) == doc.party);
    if taken && !number.is_empty() {
        return Err(Fault::exists(&books.table(object).name, number));
    }
    Ok(())
}

/// What a document keeps beside its accounting.
fn remarks(books: &mut Books, object: TableId, row: u32, element: &Element) -> Result<(), Fault> {
    if element.child("RECPAYMENTDATE").is_some() && object == APBILL {
        let on = day(element, "RECPAYMENTDATE")?;
        books.set(object, row, "RECPAYMENTDATE", on.map_or(0, |d| INLINE | d));
    }
    if element.child("PAYMENTPRIORITY").is_some() && object == APBILL {
        let word = books.word(element.of("PAYMENTPRIORITY"));
        books.set(object, row, "PAYMENTPRIORITY", word);
    }
    match element.of("ONHOLD") {
        "" => {}
        text @ ("true" | "false") => {
            let word = books.word(text);
            books.set(object, row, "ONHOLD", word);
        }
        other => {
            return Err(Fault::business(&format!(
                "Invalid value '{other}' for ONHOLD: write true or false"
            )));
        }
    }
    Ok(())
}

fn header(
    books: &mut Books,
    object: TableId,
    element: &Element,
    (kind, before): (&str, Option<&Document>),
) -> Result<Document, Fault> {
    let number = element.of("RECORDID");
    if number.contains(FORBIDDEN) {
        return Err(Fault::business(&format!(
            "Invalid value '{number}' for RECORDID"
        )));
    }
    let party_field = if object == ARINVOICE {
        "CUSTOMERID"
    } else {
        "VENDORID"
    };
    let party_text = element.of(party_field);
    let party = match before {
        Some(b) if party_text.is_empty() => b.party,
        _ => {
            let text = required(element, party_field)?.to_owned();
            books.word(&text)
        }
    };
    let created = day(element, "WHENCREATED")?.or(before.map(|b| b.date));
    let date = created.ok_or_else(|| Fault::business("Required field WHENCREATED is missing"))?;
    let gl_date = day(element, "WHENPOSTED")?
        .or(before.map(|b| b.gl_date))
        .unwrap_or(date);
    let due = day(element, "WHENDUE")?.or_else(|| due_by_term(element.of("TERMNAME"), date));
    let due = due.or(before
        .map(|b| b.due)
        .filter(|_| element.of("WHENDUE").is_empty()));
    let rule = rule_of(kind).ok_or_else(|| Fault::business("No rule for this document"))?;
    // An empty element clears a field (§3.3), but for what a document cannot be without.
    let mut text = |name: &str, old: u32| match element.child(name) {
        Some(given) if !given.text.is_empty() => books.word(&given.text),
        Some(_) if !matches!(name, "RECORDID" | "CURRENCY") => 0,
        Some(_) | None => old,
    };
    Ok(Document {
        id: text("RECORDID", before.map_or(0, |b| b.id)),
        rule,
        date,
        gl_date,
        adjusting: false,
        entity: before.map_or(0, |b| b.entity),
        currency: text("CURRENCY", before.map_or(0, |b| b.currency)),
        due: match due {
            Some(due) => due,
            None if object == APADJUSTMENT => 0,
            None => return Err(Fault::business("Required field WHENDUE is missing")),
        },
        party,
        reference: text("DOCNUMBER", before.map_or(0, |b| b.reference)),
        reverses: 0,
        description: text("DESCRIPTION", before.map_or(0, |b| b.description)),
        supdoc: text("SUPDOCID", before.map_or(0, |b| b.supdoc)),
        journal: 0,
        lines: Vec::new(),
    })
}

/// Due date out of a term `N<days>`.
fn due_by_term(term: &str, date: u32) -> Option<u32> {
    let days = term.strip_prefix('N')?.parse::<u32>().ok();
    days.map(|days| date + days)
}

fn item_lines(
    books: &mut Books,
    object: TableId,
    doc: &Document,
    element: &Element,
    items: &[&Element],
    writer: Writer,
) -> Result<Vec<Line>, Fault> {
    let side = if object == ARINVOICE {
        ARINVOICE
    } else {
        APBILL
    };
    let turn = object != APBILL;
    let mut lines = Vec::new();
    let mut offset = 0;
    let party_at = if side == ARINVOICE { 3 } else { 4 };
    for item in items {
        fields::only(books, item, VOUCHER_LINE)?;
        let label = item.of("ACCOUNTLABEL");
        if !label.is_empty() {
            return Err(Fault::business(&format!(
                "Invalid Account Label '{label}' specified"
            )));
        }
        let account = money_account(books, item)?;
        let given = item.of("OFFSETGLACCOUNTNO");
        if !given.is_empty() {
            offset = books.word(given);
        }
        // Two decimals on payables and receivables, whatever the currency (§3.3 [D]).
        let trx = amount(item, "TRX_AMOUNT")?.rounded(2);
        let trx = if turn { -trx } else { trx };
        let (entity, location) = home(books, item.of("LOCATIONID"), writer)?;
        let (mut dims, custom) = dimensions(books, item, location, false);
        if dims[party_at] == 0 {
            dims[party_at] = doc.party;
        }
        let header_currency = books.pool.get(doc.currency).to_owned();
        let (currency, rate, base) = money(books, element, (entity, &header_currency), trx)?;
        let memo = books.word(item.of("ENTRYDESCRIPTION"));
        lines.push(Line {
            entity,
            account,
            currency,
            trx,
            rate,
            base,
            dims,
            custom,
            memo,
            ..Line::default()
        });
    }
    if offset == 0 {
        let known = books
            .control_accounts
            .get(&side)
            .and_then(|k| k.first())
            .copied();
        offset = known.ok_or_else(|| Fault::business("No control account is set up"))?;
    }
    books
        .control_accounts
        .entry(side)
        .or_default()
        .insert(offset);
    lines.push(control_line(&lines, offset, (party_at, doc.party)));
    Ok(lines)
}

/// An account that holds money.
fn money_account(books: &mut Books, item: &Element) -> Result<u32, Fault> {
    let number = required(item, "ACCOUNTNO")?;
    let account = books.word(number);
    if books.accounts.get(&account).is_none_or(|a| a.statistical) {
        return Err(Fault::business(&format!(
            "Invalid GL Account '{number}' specified"
        )));
    }
    Ok(account)
}

/// The line on the control account that balances the items.
fn control_line(lines: &[Line], account: u32, (party_at, party): (usize, u32)) -> Line {
    let control = Line {
        account,
        trx: -lines.iter().map(|l| l.trx).sum::<Amount>(),
        base: -lines.iter().map(|l| l.base).sum::<Amount>(),
        custom: Vec::new(),
        memo: 0,
        ..lines.first().cloned().unwrap_or_default()
    };
    let mut dims = [0; 8];
    dims[0] = control.dims[0];
    dims[party_at] = party;
    Line { dims, ..control }
}
