//! Journal entries written through the API.

use super::fields::{self, JOURNAL, JOURNAL_LINE};
use super::voucher::{amount, day, dimensions, home, money, required, save};
use super::{Writer, place};
use crate::intacct::amount::currency_decimals;
use crate::intacct::books::Books;
use crate::intacct::books::document::{Document, Line, RULES, Rule, STATISTICAL, rule_of};
use crate::intacct::books::post::Place;
use crate::intacct::books::schema::{GLBATCH, GLENTRY, GLJOURNAL};
use crate::intacct::fault::Fault;
use crate::intacct::moment;
use crate::intacct::xml::Element;

/// Creates (`row` none) or replaces a journal entry; answers the row of its GLBATCH.
///
/// # Errors
/// A fault for missing fields, fewer than two lines, unknown values, a closed period or lines that do not balance.
pub(in crate::intacct) fn journal(
    books: &mut Books,
    element: &Element,
    row: Option<u32>,
    writer: Writer,
) -> Result<u32, Fault> {
    if row.is_some_and(|r| books.cell(GLBATCH, r, "PRBATCHKEY") != 0) {
        return Err(Fault::business(
            "The transaction belongs to a subledger and is changed there",
        ));
    }
    fields::only(books, element, JOURNAL)?;
    let kept = |books: &Books, name: &str| kept(books, element, row, name);
    let symbol = kept(books, "JOURNAL");
    let found = books.find(GLJOURNAL, "SYMBOL", &symbol);
    let found =
        found.ok_or_else(|| Fault::business(&format!("Invalid Journal '{symbol}' specified")))?;
    if !matches!(element.of("STATE"), "" | "Posted") {
        return Err(Fault::business("Only STATE Posted is kept by this tenant"));
    }
    let gl_date = batch_date(&kept(books, "BATCH_DATE"))?;
    let title = kept(books, "BATCH_TITLE");
    if title.is_empty() {
        return Err(Fault::business("Required field BATCH_TITLE is missing"));
    }
    let (entries, lines) = journal_lines(books, element, found, writer)?;
    let rule = rule_of_journal(books, found, &symbol);
    let reference = kept(books, "REFERENCENO");
    let doc = Document {
        id: books.word(&reference),
        rule,
        date: gl_date,
        gl_date,
        adjusting: books.text(GLJOURNAL, found, "ADJ") == "true",
        entity: lines.first().map_or(0, |l| l.entity),
        currency: lines.first().map_or(0, |l| l.currency),
        due: 0,
        party: 0,
        reference: 0,
        reverses: 0,
        description: books.word(&title),
        supdoc: books.word(element.of("SUPDOCID")),
        journal: books.word(&symbol),
        lines,
    };
    let made = save(books, &doc, row.map(|r| place(books, GLBATCH, r)), writer)?;
    let batch = made
        .batches
        .first()
        .copied()
        .ok_or_else(|| Fault::business("Nothing was posted"))?;
    name_lines(books, &made, &entries);
    let comment = books.word(element.of("HISTORY_COMMENT"));
    books.set(GLBATCH, batch, "HISTORY_COMMENT", comment);
    if let Some(on) = day(element, "REVERSEDATE")? {
        if on <= gl_date || row.is_some() {
            return Err(Fault::business(
                "REVERSEDATE must lie after BATCH_DATE, on create only",
            ));
        }
        let title = format!("Reversed -- {title}");
        books
            .reverse(&made, (&reference, on, &title), writer.stamp)
            .map_err(|e| Fault::business(&e))?;
    }
    Ok(batch)
}

fn batch_date(text: &str) -> Result<u32, Fault> {
    moment::day_from_us(text).ok_or_else(|| {
        Fault::business(&format!(
            "Invalid value '{text}' for BATCH_DATE: write MM/DD/YYYY"
        ))
    })
}

/// The element's text, or on an update without it what the entry has.
fn kept(books: &Books, element: &Element, row: Option<u32>, name: &str) -> String {
    let given = element.of(name).to_owned();
    if given.is_empty() {
        row.map_or(given, |r| books.text(GLBATCH, r, name))
    } else {
        given
    }
}

/// The elements of the entries with the lines they mean.
fn journal_lines<'a>(
    books: &mut Books,
    element: &'a Element,
    symbol: u32,
    writer: Writer,
) -> Result<(Vec<&'a Element>, Vec<Line>), Fault> {
    let entries: Vec<&Element> = element
        .child("ENTRIES")
        .into_iter()
        .flat_map(|e| e.all("GLENTRY"))
        .collect();
    let statistical = books.text(GLJOURNAL, symbol, "STATISTICAL") == "true";
    if entries.len() < if statistical { 1 } else { 2 } {
        return Err(Fault::business("ENTRIES needs at least two GLENTRY"));
    }
    let mut lines = Vec::new();
    for entry in &entries {
        lines.push(journal_line(books, entry, writer)?);
    }
    Ok((entries, lines))
}

fn rule_of_journal(books: &Books, row: u32, symbol: &str) -> Rule {
    let module = books.text(GLJOURNAL, row, "_MODULE");
    let rule = RULES
        .iter()
        .find(|r| r.object.is_none() && r.journal == symbol)
        .copied();
    let rule = rule.or_else(|| rule_of("gl_journal")).unwrap_or(RULES[0]);
    Rule {
        module: module_of(&module),
        ..rule
    }
}

fn module_of(module: &str) -> &'static str {
    RULES
        .iter()
        .map(|r| r.module)
        .find(|m| *m == module)
        .unwrap_or("2.GL")
}

fn name_lines(books: &mut Books, made: &Place, entries: &[&Element]) {
    let mut rows: Vec<u32> = made
        .batches
        .iter()
        .flat_map(|b| books.entries(*b))
        .collect();
    rows.sort_unstable();
    if rows.len() != entries.len() || made.batches.len() != 1 {
        return;
    }
    for (row, entry) in rows.into_iter().zip(entries) {
        let text = entry.of("DOCUMENT");
        if !text.is_empty() {
            let cell = books.word(text);
            books.set(GLENTRY, row, "DOCUMENT", cell);
        }
    }
}

fn journal_line(books: &mut Books, entry: &Element, writer: Writer) -> Result<Line, Fault> {
    fields::only(books, entry, JOURNAL_LINE)?;
    let number = required(entry, "ACCOUNTNO")?;
    let account = books.word(number);
    let known = books.accounts.get(&account).copied();
    let known = known
        .ok_or_else(|| Fault::business(&format!("Invalid GL Account '{number}' specified")))?;
    let trx = amount(entry, "TRX_AMOUNT")?;
    if trx.is_negative() {
        return Err(Fault::business(
            "TRX_AMOUNT must not be negative; TR_TYPE tells the side",
        ));
    }
    let trx = match required(entry, "TR_TYPE")? {
        "1" => trx,
        "-1" => -trx,
        other => {
            return Err(Fault::business(&format!(
                "Invalid value '{other}' for TR_TYPE: 1 or -1"
            )));
        }
    };
    let (entity, location) = home(books, entry.of("LOCATION"), writer)?;
    let (dims, custom) = dimensions(books, entry, location, true);
    let (currency, rate, trx, base) = if known.statistical {
        (books.word(STATISTICAL), books.word("1"), trx, trx)
    } else {
        let named = entry.of("CURRENCY").to_owned();
        let base_currency = books.entity_of(entity).map(|e| e.currency.clone());
        let own = if named.is_empty() {
            base_currency.unwrap_or_default()
        } else {
            named.clone()
        };
        let trx = trx.rounded(currency_decimals(&own));
        let (currency, rate, base) = money(books, entry, (entity, &named), trx)?;
        (currency, rate, trx, base)
    };
    Ok(Line {
        entity,
        account,
        affiliate: books.word(entry.of("AFFILIATEENTITY")),
        currency,
        trx,
        rate,
        base,
        statistical: known.statistical,
        dims,
        custom,
        memo: books.word(entry.of("DESCRIPTION")),
    })
}
