//! What the control port asks of the twin: its books as CSV, its clock and periods. No part of the vendor's API.

mod edit;
mod enter;

use super::FusionTwin;
use super::amount;
use super::calendar::{push_day, push_time};
use super::payables::{Booked, Invoice, Kind, State};
use super::setup::periods::{Application, Status};
use super::setup::{position, validation};

/// One side of the tenant's records that a person can point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// Position of an invoice.
    Invoice(u32),
    /// Position of a journal header.
    Journal(usize),
}

fn push_cell(out: &mut String, text: &str) {
    if text.contains(['"', ',', '\n', '\r']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
    out.push(',');
}

impl FusionTwin {
    /// The trial balance of every period as the twin's own books have it: `snapshot,ledger,currency,<segments>,balance`, debit positive,
    /// in ledger currency. A snapshot is named like its period; `<period>+ADJ` includes the adjusting period that ends on the same day.
    pub fn trial_balance_csv(&self) -> String {
        self.books.trial_balance_csv(&self.setup, &self.symbols)
    }

    /// Every live invoice and journal: `kind,number,stamp,entity,accounting_date,currency,amount,status,created_at`.
    ///
    /// The amount is in document currency: the invoice amount (negative for a credit memo), or the entered debits of a journal. A
    /// journal's number is its name, its stamp the external reference.
    pub fn documents_csv(&self) -> String {
        let mut out = String::from(
            "kind,number,stamp,entity,accounting_date,currency,amount,status,created_at\n",
        );
        for invoice in self
            .invoices
            .list
            .iter()
            .filter(|i| i.state != State::Deleted)
        {
            let kind = if invoice.kind == Kind::CreditMemo {
                "payables_credit_memo"
            } else {
                "payables_invoice"
            };
            let unit = &self.setup.units[usize::from(invoice.unit)];
            for text in [kind, &invoice.number, &invoice.stamp] {
                push_cell(&mut out, text);
            }
            push_cell(
                &mut out,
                self.setup
                    .entity_of(unit.ledger, self.setup.chart.company_of(invoice.liability)),
            );
            push_day(&mut out, invoice.day);
            out.push(',');
            push_cell(&mut out, self.symbols.text(invoice.currency));
            amount::push_full(&mut out, invoice.amount.into(), invoice.decimals.into());
            out.push(',');
            push_cell(&mut out, invoice.state.validation());
            push_time(&mut out, invoice.created_ms, "Z");
            out.push('\n');
        }
        self.push_journals(&mut out);
        out
    }

    fn push_journals(&self, out: &mut String) {
        for batch in self.journals.batches.iter().filter(|b| !b.deleted) {
            for header in batch.headers.iter().map(|h| &self.journals.headers[*h]) {
                let company = header
                    .lines
                    .first()
                    .map_or("", |l| self.setup.chart.company_of(l.combination));
                let currency = self.symbols.text(header.currency);
                for text in [
                    "gl_journal",
                    &header.name,
                    &header.external_reference,
                    self.setup.entity_of(header.ledger, company),
                ] {
                    push_cell(out, text);
                }
                push_day(out, header.date);
                out.push(',');
                push_cell(out, currency);
                let total: i128 = header
                    .lines
                    .iter()
                    .filter_map(|l| l.entered_debit)
                    .map(i128::from)
                    .sum();
                amount::push_full(out, total, amount::decimals(currency).unwrap_or(2));
                out.push(',');
                push_cell(
                    out,
                    if batch.posted_ms.is_some() {
                        "Posted"
                    } else {
                        "Unposted"
                    },
                );
                push_time(out, batch.created_ms, "Z");
                out.push('\n');
            }
        }
    }

    /// Opens or closes a period. `ledger` is a name or id, `application` is `GL` or `AP`; `None` means all. `period` is a Fusion period name
    /// or the folder's own code; `status` one of N, F, O, C, P or its English word. Opening a General Ledger period lets AutoPost run.
    ///
    /// # Errors
    /// A sentence naming what does not exist.
    pub fn set_period(
        &mut self,
        ledger: Option<&str>,
        application: Option<&str>,
        period: &str,
        status: &str,
    ) -> Result<(), String> {
        let place = self
            .setup
            .calendar
            .named(period)
            .ok_or_else(|| format!("there is no period {period}"))?;
        let status = Status::parse(status)
            .ok_or_else(|| format!("{status} is no period status; use N, F, O, C or P"))?;
        let ledgers = match ledger {
            None => (0..self.setup.ledgers.len()).collect(),
            Some(text) => vec![
                self.setup
                    .ledger_ref(text)
                    .ok_or_else(|| format!("there is no ledger {text}"))?,
            ],
        };
        let applications = match application.map(str::to_ascii_uppercase).as_deref() {
            None => vec![Application::Gl, Application::Ap],
            Some("GL") => vec![Application::Gl],
            Some("AP") => vec![Application::Ap],
            Some(other) => return Err(format!("{other} is no application; use GL or AP")),
        };
        for ledger in ledgers {
            for application in &applications {
                self.setup.calendar.set(ledger, place, *application, status);
            }
        }
        if status == Status::Open {
            let ours = self.symbols.put(&self.options.journal_source);
            let waiting = |b: &usize| {
                self.journals.batches[*b].posted_ms.is_none()
                    && self.journals.batches[*b].source == ours
            };
            let waiting: Vec<usize> = (0..self.journals.batches.len()).filter(waiting).collect();
            for batch in waiting {
                self.auto_post(batch);
            }
            let places = 0..u32::try_from(self.invoices.list.len()).unwrap_or(u32::MAX);
            let waits = |at: &u32| {
                self.invoices.at(*at).state == State::Validated
                    && self.invoices.at(*at).booked == Booked::No
            };
            let waiting: Vec<u32> = places.filter(waits).collect();
            for at in waiting {
                self.process_invoice(at);
            }
        }
        self.changed();
        Ok(())
    }

    /// A person enters cross-validation rules as rows of the interface table; a rule takes the place of the one of the same code. Gives the
    /// number of rules.
    ///
    /// # Errors
    /// A sentence naming the row.
    pub fn insert_validation_rules(&mut self, rows: &[serde_json::Value]) -> Result<usize, String> {
        let chart = &mut self.setup.chart;
        let names: Vec<String> = chart.segments.iter().map(|own| own.name.clone()).collect();
        let made = validation::typed(rows, &names)?;
        chart
            .rules
            .retain(|old| made.iter().all(|new| new.code != old.code));
        chart.rules.extend(made);
        Ok(chart.rules.len())
    }

    /// A person deletes a cross-validation rule. Gives the number of rules left.
    ///
    /// # Errors
    /// A sentence if there is no such rule.
    pub fn delete_validation_rule(&mut self, code: &str) -> Result<usize, String> {
        let rules = &mut self.setup.chart.rules;
        let before = rules.len();
        rules.retain(|rule| rule.code != code);
        if rules.len() == before {
            return Err(format!("there is no rule {code}"));
        }
        Ok(rules.len())
    }

    /// Moves the business clock forward; work due by then is finished.
    pub fn advance_clock(&mut self, ms: i64) {
        let ms = ms.max(0);
        self.clock.added = self.clock.added.saturating_add(ms);
        self.clock.now = self.clock.now.saturating_add(ms);
        self.run_due();
    }

    /// The business time in milliseconds since 1970-01-01 UTC.
    pub fn business_ms(&self) -> i64 {
        self.clock.now
    }

    /// The id of the simulated company.
    pub fn company_id(&self) -> &str {
        &self.company_id
    }

    /// A short name of a request for call logs and fault rules: method and resource with keys as `{id}`; for `erpintegrations` the
    /// operation or finder follows.
    pub fn operation(&self, method: &str, path: &str, body: &[u8]) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let parts = match parts.as_slice() {
            ["fscmRestApi", "resources", _, rest @ ..] => rest.to_vec(),
            ["ess", "rest", "scheduler", _, rest @ ..] => [&["scheduler"], rest].concat(),
            other => other.to_vec(),
        };
        let mut name = format!("{method} ");
        for (place, part) in parts.iter().enumerate() {
            let previous = place.checked_sub(1).map(|p| parts[p]);
            let fixed = place == 0
                || previous == Some("child")
                || previous == Some("action")
                || ["child", "action", "describe"].contains(part);
            let fixed = fixed || (place == 1 && parts[0] == "scheduler");
            if place > 0 {
                name.push('/');
            }
            name.push_str(if fixed { part } else { "{id}" });
        }
        if parts.first() == Some(&"erpintegrations") {
            let given = serde_json::from_slice::<serde_json::Value>(body).ok();
            let operation = given.as_ref().and_then(|v| v["OperationName"].as_str());
            let finder = query
                .split('&')
                .find_map(|p| p.strip_prefix("finder="))
                .and_then(|f| f.split([';', '%']).next());
            if let Some(which) = operation.or(finder) {
                name.push('/');
                name.push_str(which);
            }
        }
        name
    }

    /// Finds a document by invoice number, stamp, external reference, source document, line reference, name or internal id; the newest
    /// wins. Failing that, by a part of its stamp or reference between separators.
    pub(crate) fn document(&self, id: &str) -> Result<Document, String> {
        let named = self
            .invoices
            .numbered(id)
            .into_iter()
            .chain(self.invoices.stamped(id))
            .next();
        let number = id.parse::<i64>().ok();
        let numbered = || {
            let len = self.invoices.list.len();
            let place = position(super::payables::INVOICE_IDS, number?, len)?;
            u32::try_from(place)
                .ok()
                .filter(|at| self.invoices.is_live(*at))
        };
        if let Some(at) = named.or_else(numbered) {
            return Ok(Document::Invoice(at));
        }
        if let Some(place) = self.journal(id, number) {
            return Ok(Document::Journal(place));
        }
        let live = |(_, i): &(usize, &Invoice)| i.state != State::Deleted;
        let mut invoices = self.invoices.list.iter().enumerate().rev().filter(live);
        let found = invoices.find(|(_, i)| *i.document == *id || holds(&i.stamp, id));
        let found = found.and_then(|(p, _)| u32::try_from(p).ok());
        found
            .map(Document::Invoice)
            .ok_or_else(|| format!("there is no invoice or journal {id}"))
    }

    fn journal(&self, id: &str, number: Option<i64>) -> Option<usize> {
        let journals = &self.journals;
        let batch =
            number.and_then(|n| position(super::ledger::BATCH_IDS, n, journals.batches.len()));
        let own =
            number.and_then(|n| position(super::ledger::HEADER_IDS, n, journals.headers.len()));
        let live = journals.batches.iter().rev().filter(|b| !b.deleted);
        let headers: Vec<usize> = live.flat_map(|b| b.headers.iter().copied()).collect();
        let find = |fits: &dyn Fn(usize) -> bool| headers.iter().copied().find(|h| fits(*h));
        let exact = |h: usize| {
            let header = &journals.headers[h];
            let names = [
                &header.external_reference,
                &header.name,
                &journals.batches[header.batch].name,
            ];
            names.into_iter().any(|n| n == id) || batch == Some(header.batch) || own == Some(h)
        };
        let referenced = |h: usize| {
            let references = journals.headers[h].lines.iter().flat_map(|l| &l.references);
            references.into_iter().any(|s| self.symbols.text(*s) == id)
        };
        let partly = |h: usize| {
            let header = &journals.headers[h];
            let names = [
                &header.external_reference,
                &header.name,
                &journals.batches[header.batch].name,
            ];
            names.into_iter().any(|n| holds(n, id))
        };
        find(&exact)
            .or_else(|| find(&referenced))
            .or_else(|| find(&partly))
    }
}

/// True if `id` is one of the parts of `text` between separators.
fn holds(text: &str, id: &str) -> bool {
    text.split([':', '/', '|', ' ', '#', ';', ','])
        .any(|part| part == id)
}
