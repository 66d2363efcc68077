//! What a person types: documents in the columns of the company folder, as JSON.

use serde_json::Value;

use super::references;
use crate::intacct::amount::{Amount, currency_decimals};
use crate::intacct::books::document::{DIMENSIONS, Document, Line, Rule, STATISTICAL, rule_of};
use crate::intacct::books::post::Place;
use crate::intacct::books::schema::{APBILL, APPYMT, ARINVOICE, GLBATCH};
use crate::intacct::books::{Books, Stamp};
use crate::intacct::moment;

/// A column as text; numbers keep their digits.
fn text(value: &Value, column: &str) -> Result<Option<String>, String> {
    match value.get(column) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.trim().to_owned())),
        Some(Value::Number(n)) => Ok(Some(n.to_string())),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Err(format!("{column}: write text or a number"))
        }
    }
}

fn day(value: &Value, column: &str) -> Result<Option<u32>, String> {
    match text(value, column)? {
        None => Ok(None),
        Some(s) if s.is_empty() => Ok(None),
        Some(s) => moment::day_from_iso(&s)
            .map(Some)
            .ok_or_else(|| format!("{column}: {s:?} is no date, write YYYY-MM-DD")),
    }
}

fn amount(value: &Value, column: &str) -> Result<Option<Amount>, String> {
    match text(value, column)? {
        None => Ok(None),
        Some(s) if s.is_empty() => Ok(None),
        Some(s) => Amount::parse(&s)
            .map(Some)
            .ok_or_else(|| format!("{column}: {s:?} is no plain decimal number")),
    }
}

/// Enters a document; answers its number.
///
/// # Errors
/// Words naming the column that is wrong or missing.
pub(in crate::intacct) fn enter(
    books: &mut Books,
    value: &Value,
    stamp: Stamp,
) -> Result<String, String> {
    let doc = document(books, value, None, stamp)?;
    let number = books.pool.get(doc.id).to_owned();
    if books.locate(&number).is_some() {
        return Err(format!("document_id: {number} exists already"));
    }
    references(books, &doc)?;
    books.write(&doc, &Place::default(), stamp)?;
    Ok(number)
}

/// Changes a document: columns given replace the old ones, `lines` replaces all lines.
///
/// # Errors
/// Words naming the column, or why the document cannot be changed.
pub(in crate::intacct) fn edit(
    books: &mut Books,
    id: &str,
    value: &Value,
    stamp: Stamp,
) -> Result<(), String> {
    let place = books
        .locate(id)
        .ok_or_else(|| format!("document_id: no document {id}"))?;
    let old = books
        .read_back(&place)
        .ok_or_else(|| format!("{id} has no posting to change"))?;
    let doc = document(books, value, Some(old), stamp)?;
    references(books, &doc)?;
    books.replace(&place, &doc, stamp)?;
    Ok(())
}

/// Deletes a document.
///
/// # Errors
/// Words saying why it cannot be deleted.
pub(in crate::intacct) fn delete(books: &mut Books, id: &str, stamp: Stamp) -> Result<(), String> {
    let place = books
        .locate(id)
        .ok_or_else(|| format!("document_id: no document {id}"))?;
    books.delete(&place, stamp)
}

/// Reverses a document on `gl_date` (default: today); answers the number of the reversal.
///
/// # Errors
/// Words saying why it cannot be reversed.
pub(in crate::intacct) fn reverse(
    books: &mut Books,
    id: &str,
    value: &Value,
    stamp: Stamp,
) -> Result<String, String> {
    let place = books
        .locate(id)
        .ok_or_else(|| format!("document_id: no document {id}"))?;
    let today = moment::day_of_moment(stamp.moment);
    let on = day(value, "gl_date")?
        .or(day(value, "date")?)
        .unwrap_or(today);
    let ending = if place.header.is_some_and(|(object, _)| object == APBILL) {
        "V"
    } else {
        "R"
    };
    let number = text(value, "document_id")?.unwrap_or_else(|| format!("{id}-{ending}"));
    let description = text(value, "description")?.unwrap_or_else(|| format!("Reversal of {id}"));
    books.reverse(&place, (&number, on, &description), stamp)?;
    Ok(number)
}

fn document(
    books: &mut Books,
    value: &Value,
    old: Option<Document>,
    stamp: Stamp,
) -> Result<Document, String> {
    if !value.is_object() {
        return Err("write one JSON object with the columns of documents.csv".to_owned());
    }
    let rule = rule(value, old.as_ref())?;
    let (date, gl_date) = dates(value, old.as_ref(), stamp)?;
    let adjusting = given_period(books, value, gl_date)?
        .or(old.as_ref().map(|o| o.adjusting))
        .unwrap_or(rule.kind == "gl_adjusting");
    let mut cell = |column: &str, before: Option<u32>| -> Result<u32, String> {
        Ok(match text(value, column)? {
            Some(text) => books.word(&text),
            None => before.unwrap_or(0),
        })
    };
    let mut id = cell("document_id", old.as_ref().map(|o| o.id))?;
    let mut entity = cell("entity_id", old.as_ref().map(|o| o.entity))?;
    let mut currency = cell("currency", old.as_ref().map(|o| o.currency))?;
    let party = cell("party_id", old.as_ref().map(|o| o.party))?;
    let reference = cell("reference", old.as_ref().map(|o| o.reference))?;
    let reverses = cell("reverses_document_id", None)?;
    let description = cell("description", old.as_ref().map(|o| o.description))?;
    if id == 0 {
        let number = format!("KEYED-{}", books.table(GLBATCH).rows() + 1);
        id = books.word(&number);
    }
    let list = value.get("lines").and_then(Value::as_array);
    if entity == 0 {
        entity = entity_of_lines(books, list)?;
    }
    let Some(home) = books.entity_of(entity).cloned() else {
        return Err(format!("entity_id: no entity {}", books.pool.get(entity)));
    };
    if currency == 0 {
        currency = books.word(&home.currency);
    }
    let due = day(value, "due_date")?.or(old.as_ref().map(|o| o.due));
    let billed = matches!(rule.object, Some(APBILL | ARINVOICE));
    let mut doc = Document {
        id,
        rule,
        date,
        gl_date,
        adjusting,
        entity,
        currency,
        due: due.unwrap_or(if billed { date + 30 } else { 0 }),
        party,
        reference,
        reverses,
        description,
        supdoc: old.as_ref().map_or(0, |o| o.supdoc),
        journal: 0,
        lines: Vec::new(),
    };
    match (list, old) {
        (Some(list), _) => type_lines(books, &mut doc, list)?,
        (None, Some(old)) => doc.lines = old.lines,
        (None, None) => return Err("lines: missing".to_owned()),
    }
    Ok(doc)
}

/// Document date and posting date: as typed, else as before, else each like the other, else today.
fn dates(value: &Value, old: Option<&Document>, stamp: Stamp) -> Result<(u32, u32), String> {
    let (given_gl, given_date) = (day(value, "gl_date")?, day(value, "document_date")?);
    let gl_date = given_gl
        .or(old.map(|o| o.gl_date))
        .or(given_date)
        .unwrap_or_else(|| moment::day_of_moment(stamp.moment));
    let date = given_date.or(old.map(|o| o.date)).unwrap_or(gl_date);
    Ok((date, gl_date))
}

fn rule(value: &Value, old: Option<&Document>) -> Result<Rule, String> {
    match (text(value, "type")?, old) {
        (Some(kind), _) => {
            rule_of(&kind).ok_or_else(|| format!("type: {kind:?} is no kind of document"))
        }
        (None, Some(old)) => Ok(old.rule),
        (None, None) => rule_of("gl_journal").ok_or_else(|| "type: missing".to_owned()),
    }
}

/// Whether the period typed is an adjusting one; none if none was typed.
fn given_period(books: &Books, value: &Value, gl_date: u32) -> Result<Option<bool>, String> {
    let Some(name) = text(value, "period")? else {
        return Ok(None);
    };
    let at = books
        .period(&name)
        .ok_or_else(|| format!("period: no period {name}"))?;
    let period = &books.periods[at];
    if gl_date < period.start || gl_date > period.end {
        return Err(format!(
            "gl_date: {} is not in period {name}",
            moment::day_to_iso(gl_date)
        ));
    }
    Ok(Some(period.adjusting))
}

/// The entity of the first line, or the only one there is.
fn entity_of_lines(books: &mut Books, list: Option<&Vec<Value>>) -> Result<u32, String> {
    let first = list
        .and_then(|l| l.first())
        .map(|l| text(l, "entity_id"))
        .transpose()?
        .flatten();
    match first {
        Some(name) => Ok(books.word(&name)),
        None if books.entities.len() == 1 => Ok(books.entities[0].cell),
        None => Err("entity_id: missing".to_owned()),
    }
}

fn type_lines(books: &mut Books, doc: &mut Document, list: &[Value]) -> Result<(), String> {
    for (at, item) in list.iter().enumerate() {
        let made = line(books, doc, item).map_err(|e| format!("line {}: {e}", at + 1))?;
        doc.lines.push(made);
    }
    add_control(books, doc);
    Ok(())
}

fn line(books: &mut Books, doc: &Document, value: &Value) -> Result<Line, String> {
    let word = |books: &mut Books, column: &str| word(books, value, column);
    let entity = match word(books, "entity_id")? {
        0 => doc.entity,
        given => given,
    };
    let Some(home) = books.entity_of(entity).cloned() else {
        return Err(format!("entity_id: no entity {}", books.pool.get(entity)));
    };
    let account = word(books, "account")?;
    if account == 0 {
        return Err("account: missing".to_owned());
    }
    let statistical = books.accounts.get(&account).is_some_and(|a| a.statistical);
    let currency = match text(value, "txn_currency")? {
        Some(given) if !given.is_empty() => given,
        _ if statistical => STATISTICAL.to_owned(),
        _ => books.pool.get(doc.currency).to_owned(),
    };
    let same = currency == home.currency || statistical;
    let rate_text = text(value, "exchange_rate")?.filter(|r| !r.is_empty());
    let rate = match &rate_text {
        Some(rate) => Amount::parse(rate)
            .ok_or_else(|| format!("exchange_rate: {rate:?} is no plain decimal number"))?,
        None if same => Amount::parse("1").unwrap_or_default(),
        None => {
            return Err(format!(
                "exchange_rate: missing, {currency} is not {}",
                home.currency
            ));
        }
    };
    let decimals = currency_decimals(&home.currency);
    let (trx, base) = match sides(value)? {
        (Some(trx), Some(base)) => (trx, base),
        (Some(trx), None) if statistical => (trx, trx),
        (Some(trx), None) => (
            trx,
            trx.times(rate, decimals).ok_or("txn_debit: too large")?,
        ),
        (None, Some(base)) if same => (base, base),
        (None, Some(_) | None) => return Err("txn_debit or txn_credit: missing".to_owned()),
    };
    let (dims, custom) = dimensions(books, doc, value, entity)?;
    Ok(Line {
        entity,
        account,
        affiliate: word(books, "affiliate_entity")?,
        currency: books.word(&currency),
        trx,
        rate: books.word(rate_text.as_deref().unwrap_or("1")),
        base,
        statistical,
        dims,
        custom,
        memo: word(books, "memo")?,
    })
}

fn word(books: &mut Books, value: &Value, column: &str) -> Result<u32, String> {
    Ok(text(value, column)?.map_or(0, |t| books.word(&t)))
}

/// Debit less credit in transaction and in base currency, as far as typed.
fn sides(value: &Value) -> Result<(Option<Amount>, Option<Amount>), String> {
    let side = |debit: &str, credit: &str| -> Result<Option<Amount>, String> {
        match (amount(value, debit)?, amount(value, credit)?) {
            (None, None) => Ok(None),
            (d, c) => Ok(Some(d.unwrap_or_default() - c.unwrap_or_default())),
        }
    };
    Ok((
        side("txn_debit", "txn_credit")?,
        side("base_debit", "base_credit")?,
    ))
}

/// Dimensions of a line; location and party follow the document where none is typed.
fn dimensions(
    books: &mut Books,
    doc: &Document,
    value: &Value,
    entity: u32,
) -> Result<([u32; 8], Vec<u32>), String> {
    let mut dims = [0; 8];
    for (at, (column, _, _)) in DIMENSIONS.iter().enumerate() {
        dims[at] = word(books, value, column)?;
    }
    if dims[0] == 0 {
        dims[0] = entity;
    }
    let party_at = match doc.rule.object {
        Some(object) if object <= APPYMT => Some(4),
        Some(_) => Some(3),
        None => None,
    };
    if let Some(at) = party_at.filter(|at| dims[*at] == 0) {
        dims[at] = doc.party;
    }
    let mut custom = Vec::new();
    for at in 0..books.custom.len() {
        let column = books.custom[at].1.clone();
        custom.push(word(books, value, &column)?);
    }
    Ok((dims, custom))
}

/// A bill or invoice typed without its control line gets it, as the entry screen does.
fn add_control(books: &mut Books, doc: &mut Document) {
    let side = match doc.rule.object {
        Some(object) if object <= APPYMT => APBILL,
        Some(_) => ARINVOICE,
        None => return,
    };
    let left: Amount = doc.lines.iter().map(|l| l.base).sum();
    let known = books
        .control_accounts
        .get(&side)
        .cloned()
        .unwrap_or_default();
    let Some(account) = known.first().copied() else {
        return;
    };
    if left.is_zero() || doc.lines.iter().any(|l| known.contains(&l.account)) {
        return;
    }
    let mut control = Line {
        account,
        trx: -doc.lines.iter().map(|l| l.trx).sum::<Amount>(),
        base: -left,
        custom: Vec::new(),
        memo: 0,
        ..doc.lines.first().cloned().unwrap_or_default()
    };
    control.dims = [0; 8];
    control.dims[0] = doc.entity;
    control.dims[if side == APBILL { 4 } else { 3 }] = doc.party;
    doc.lines.push(control);
}
