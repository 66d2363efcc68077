//! People change their minds: edits, deletions, reversals and copies of documents, with their accounting done again.
//!
//! These go past the vendor's rules on purpose (closed periods, accounted invoices): they make the differences a reconciliation must find.

use serde_json::Value as Json;

use super::Document;
use crate::fusion::FusionTwin;
use crate::fusion::amount;
use crate::fusion::calendar::{Day, parse_day};
use crate::fusion::ledger::{Batch, Header, Line};
use crate::fusion::payables::{Booked, State, base_of};

/// What an edit asks for.
#[derive(Debug, Default)]
struct Change {
    amount: Option<String>,
    rate: Option<String>,
    day: Option<Day>,
    segments: Vec<(usize, String)>,
    line: Option<usize>,
}

fn word(value: &Json) -> Option<String> {
    value
        .as_str()
        .map(str::to_owned)
        .or_else(|| value.as_number().map(ToString::to_string))
}

/// A day given as `YYYY-MM-DD`.
pub(super) fn day_of(change: &Json, name: &str) -> Result<Option<Day>, String> {
    match change.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => {
            let day = value.as_str().and_then(parse_day);
            day.map(Some)
                .ok_or_else(|| format!("{name} must be a date YYYY-MM-DD, not {value}"))
        }
    }
}

fn other_segment(twin: &FusionTwin, name: &str) -> Result<usize, String> {
    let found = twin
        .setup
        .chart
        .segments
        .iter()
        .position(|s| s.name == name);
    found.ok_or_else(|| format!("there is no segment {name}"))
}

impl FusionTwin {
    fn change(&self, change: &Json) -> Result<Change, String> {
        let members = change.as_object().ok_or("an edit must be an object")?;
        let known = ["amount", "rate", "accounting_date", "segments", "line"];
        if let Some(name) = members.keys().find(|k| !known.contains(&k.as_str())) {
            return Err(format!(
                "{name} can't be edited; known: {}",
                known.join(", ")
            ));
        }
        let mut out = Change {
            day: day_of(change, "accounting_date")?,
            ..Change::default()
        };
        for (name, place) in [("amount", &mut out.amount), ("rate", &mut out.rate)] {
            if let Some(value) = members.get(name) {
                let text = word(value).filter(|t| amount::scan(t).is_ok());
                *place =
                    Some(text.ok_or_else(|| format!("{name} must be a decimal, not {value}"))?);
            }
        }
        if let Some(value) = members.get("line") {
            let number = word(value)
                .and_then(|t| t.parse::<usize>().ok())
                .and_then(|n| n.checked_sub(1));
            out.line =
                Some(number.ok_or_else(|| format!("line must be a number from 1, not {value}"))?);
        }
        if let Some(segments) = members.get("segments") {
            let segments = segments
                .as_object()
                .ok_or("segments must be an object of segment and value")?;
            for (name, value) in segments {
                let value = value
                    .as_str()
                    .ok_or_else(|| format!("segment {name} must be a text"))?;
                out.segments
                    .push((other_segment(self, name)?, value.to_owned()));
            }
        }
        Ok(out)
    }

    /// Edits a document: `{"amount","rate","accounting_date","segments":{name:value},"line"}`, each optional.
    ///
    /// `amount` is the new total in document currency; the difference falls on the first line (of a journal: the first debit and the first
    /// credit). `segments` change every line whose value is not the segment's zero, or only `line` (from 1).
    ///
    /// # Errors
    /// A sentence naming what is wrong; nothing is changed then.
    pub fn edit_document(&mut self, id: &str, change: &Json) -> Result<(), String> {
        let document = self.document(id)?;
        let change = self.change(change)?;
        match document {
            Document::Invoice(at) => self.edit_invoice(at, &change),
            Document::Journal(place) => self.edit_journal(place, &change),
        }?;
        self.changed();
        Ok(())
    }

    fn recombine(&mut self, combination: u32, change: &Change, all: bool) -> Result<u32, String> {
        let chart = &self.setup.chart;
        let mut codes: Vec<String> = (0..chart.segments.len())
            .map(|s| chart.code(combination, s).to_owned())
            .collect();
        for (segment, value) in &change.segments {
            let zero = crate::fusion::setup::load::zero_of(&chart.segments[*segment].name);
            if all || codes[*segment] != zero {
                codes[*segment].clone_from(value);
            }
        }
        let text = codes.join(&chart.delimiter.to_string());
        let known = chart.find(&text);
        let day = |c: &str, s: usize| chart.value(s, c).and_then(|v| v.from);
        let valid = codes
            .iter()
            .enumerate()
            .filter_map(|(s, c)| day(c, s))
            .max()
            .unwrap_or_default();
        match known {
            Some(at) => Ok(at),
            None => self
                .setup
                .chart
                .combination(&text, valid)
                .map_err(|e| format!("{text} is no account combination: {e:?}")),
        }
    }

    fn edit_invoice(&mut self, at: u32, change: &Change) -> Result<(), String> {
        let mut invoice = self.invoices.at(at).clone();
        let ledger = self.setup.units[usize::from(invoice.unit)].ledger;
        let (decimals, own) = (
            u32::from(invoice.decimals),
            self.setup.ledgers[ledger].decimals,
        );
        if let Some(rate) = &change.rate {
            if invoice.rate.is_empty() {
                return Err("the invoice is in ledger currency and has no rate".into());
            }
            invoice.rate = self.symbols.put(rate);
        }
        if let Some(total) = &change.amount {
            let total =
                amount::parse(total, decimals).map_err(|e| format!("amount {total}: {e:?}"))?;
            let difference = total - invoice.amount;
            let line = invoice
                .lines
                .get_mut(change.line.unwrap_or(0))
                .ok_or("the invoice has no such line")?;
            line.amount += difference;
            invoice.amount = total;
        }
        if change.rate.is_some() || change.amount.is_some() {
            let rate = self.symbols.text(invoice.rate).to_owned();
            for line in &mut invoice.lines {
                line.base =
                    base_of(line.amount, decimals, &rate, own).ok_or("the amount is too large")?;
            }
            invoice.base = invoice.lines.iter().map(|l| l.base).sum();
        }
        if !change.segments.is_empty() {
            let mut lines = invoice.lines.clone();
            for (place, line) in lines.iter_mut().enumerate() {
                if change.line.is_none_or(|l| l == place) {
                    line.combination =
                        self.recombine(line.combination, change, change.line.is_some())?;
                }
            }
            invoice.lines = lines;
        }
        if change
            .day
            .is_some_and(|day| self.setup.calendar.on(day).is_none())
        {
            return Err("no accounting period holds the date".into());
        }
        let now = self.clock.now;
        let booked = invoice.booked;
        let (invoices, mut ground) = self.ground();
        invoices.take_out(at, &mut ground);
        invoice.booked = Booked::No;
        *invoices.at_mut(at) = invoice;
        if let Some(day) = change.day {
            invoices.move_day(at, day);
        }
        let (state, cancel_day) = (invoices.at(at).state, invoices.at(at).cancel_day);
        if booked != Booked::No {
            invoices.account(at, &mut ground);
        }
        if let (Booked::Reversed, Some(day)) = (booked, cancel_day) {
            invoices.cancel(at, day, now, &mut ground);
        }
        invoices.at_mut(at).state = state;
        invoices.touch(at, now);
        Ok(())
    }

    /// Takes a batch out, lets `edit` change it, and puts it back if it was posted.
    fn rework<T>(&mut self, batch: usize, edit: impl FnOnce(&mut Self) -> T) -> T {
        let posted = self.journals.batches[batch].posted_ms;
        self.journals
            .unpost(batch, &self.setup, &mut self.symbols, &mut self.books);
        let result = edit(self);
        self.journals.batches[batch].updated_ms = self.clock.now;
        if let Some(ms) = posted.filter(|_| !self.journals.batches[batch].deleted) {
            self.journals
                .repost(batch, ms, &self.setup, &mut self.symbols, &mut self.books);
        }
        result
    }

    fn edit_journal(&mut self, place: usize, change: &Change) -> Result<(), String> {
        let mut header = self.journals.headers[place].clone();
        let own = self.setup.ledgers[header.ledger].decimals;
        let currency = self.symbols.text(header.currency).to_owned();
        let decimals = amount::decimals(&currency).unwrap_or(2);
        let foreign = currency != "STAT" && currency != self.setup.ledgers[header.ledger].currency;
        if let Some(rate) = &change.rate {
            if !foreign {
                return Err("the journal is in ledger currency and has no rate".into());
            }
            header.conversion_rate = self.symbols.put(rate);
        }
        if let Some(total) = &change.amount {
            let total =
                amount::parse(total, decimals).map_err(|e| format!("amount {total}: {e:?}"))?;
            let before: i64 = header.lines.iter().filter_map(|l| l.entered_debit).sum();
            shift(&mut header.lines, total - before)?;
        }
        if change.amount.is_some() || change.rate.is_some() {
            let rate = if foreign {
                self.symbols.text(header.conversion_rate).to_owned()
            } else {
                String::new()
            };
            for line in &mut header.lines {
                let base = |side: Option<i64>| {
                    side.map(|v| base_of(v, decimals, &rate, own).ok_or("the amount is too large"))
                        .transpose()
                };
                line.accounted_debit = base(line.entered_debit)?;
                line.accounted_credit = base(line.entered_credit)?;
            }
        }
        for (at, line) in header.lines.iter_mut().enumerate() {
            if !change.segments.is_empty() && change.line.is_none_or(|l| l == at) {
                line.combination =
                    self.recombine(line.combination, change, change.line.is_some())?;
            }
        }
        if let Some(day) = change.day {
            header.period = self
                .setup
                .calendar
                .on(day)
                .ok_or("no accounting period holds the date")?;
            header.date = day;
        }
        let (batch, period) = (header.batch, header.period);
        self.rework(batch, |twin| {
            twin.journals.headers[place] = header;
            if twin.journals.batches[batch].headers.len() == 1 {
                twin.journals.batches[batch].period = period;
            }
        });
        Ok(())
    }

    /// Deletes a document and everything it did to the books.
    ///
    /// # Errors
    /// A sentence when there is no such document.
    pub fn delete_document(&mut self, id: &str) -> Result<(), String> {
        match self.document(id)? {
            Document::Invoice(at) => {
                let (invoices, mut ground) = self.ground();
                invoices.take_out(at, &mut ground);
                invoices.at_mut(at).state = State::Deleted;
            }
            Document::Journal(place) => {
                let batch = self.journals.headers[place].batch;
                self.rework(batch, |twin| {
                    let batch = &mut twin.journals.batches[batch];
                    batch.headers.retain(|h| *h != place);
                    batch.deleted = batch.headers.is_empty();
                });
            }
        }
        self.changed();
        Ok(())
    }

    /// Reverses a document on `accounting_date`: an invoice is cancelled (default: the cancel rules of the tenant), a journal gets a
    /// posted counter journal (default: its own date).
    ///
    /// # Errors
    /// A sentence when there is no such document or no period for the date.
    pub fn reverse_document(&mut self, id: &str, change: &Json) -> Result<(), String> {
        let day = day_of(change, "accounting_date")?;
        match self.document(id)? {
            Document::Invoice(at) => {
                let Some(day) = day else {
                    return self
                        .cancel_invoice(at)
                        .map(|_| ())
                        .map_err(|f| f.details.into_iter().map(|d| d.text).collect());
                };
                if self.setup.calendar.on(day).is_none()
                    || self.invoices.at(at).state == State::Canceled
                {
                    return Err(
                        "no accounting period holds the date, or the invoice is canceled already"
                            .into(),
                    );
                }
                let now = self.clock.now;
                let (invoices, mut ground) = self.ground();
                invoices.cancel(at, day, now, &mut ground);
            }
            Document::Journal(place) => {
                let mut header = self.journals.headers[place].clone();
                if let Some(day) = day {
                    header.period = self
                        .setup
                        .calendar
                        .on(day)
                        .ok_or("no accounting period holds the date")?;
                    header.date = day;
                }
                for line in &mut header.lines {
                    std::mem::swap(&mut line.entered_debit, &mut line.entered_credit);
                    std::mem::swap(&mut line.accounted_debit, &mut line.accounted_credit);
                }
                header.name = format!("Reverses {}", header.name);
                header.external_reference.clear();
                self.add_posted(header);
            }
        }
        self.changed();
        Ok(())
    }

    /// Enters a document a second time, as a retry without a look-up would: the invoice with `-DUP` after its number, the journal in a
    /// batch of its own. Gives the number or name of the copy.
    ///
    /// # Errors
    /// A sentence when there is no such document.
    pub fn duplicate_document(&mut self, id: &str) -> Result<String, String> {
        let name = match self.document(id)? {
            Document::Invoice(at) => {
                let mut copy = self.invoices.at(at).clone();
                copy.number = format!("{}-DUP", copy.number).into();
                (copy.created_ms, copy.updated_ms) = (self.clock.now, self.clock.now);
                copy.booked = Booked::No;
                copy.state = State::NotValidated;
                copy.cancel_day = None;
                let name = copy.number.to_string();
                let at = self.invoices.add(copy);
                self.process_invoice(at);
                name
            }
            Document::Journal(place) => {
                let header = self.journals.headers[place].clone();
                let name = header.name.clone();
                self.add_posted(header);
                name
            }
        };
        self.changed();
        Ok(name)
    }

    /// Adds a journal in a posted batch of its own.
    pub(super) fn add_posted(&mut self, header: Header) -> usize {
        let now = self.clock.now;
        let mut name = format!("{} Manual", header.name);
        while self.journals.is_taken(&name) {
            name.push_str(" 2");
        }
        let source = self.symbols.put("Manual");
        let batch = Batch {
            name,
            period: header.period,
            source,
            created_ms: now,
            updated_ms: now,
            ..Batch::default()
        };
        let at = self.journals.add(batch, vec![header]);
        self.journals
            .repost(at, now, &self.setup, &mut self.symbols, &mut self.books);
        at
    }
}

/// Adds `difference` to the first debit and the first credit.
fn shift(lines: &mut [Line], difference: i64) -> Result<(), String> {
    let debit = lines
        .iter()
        .position(|l| l.entered_debit.is_some())
        .ok_or("the journal has no debit")?;
    lines[debit].entered_debit = lines[debit].entered_debit.map(|v| v + difference);
    if let Some(credit) = lines.iter().position(|l| l.entered_credit.is_some()) {
        lines[credit].entered_credit = lines[credit].entered_credit.map(|v| v + difference);
    }
    Ok(())
}
