//! POST, PATCH and DELETE of invoices (fusion.md §6.1).

use serde_json::{Map, Value as Json};

use super::cell::at;
use super::schema::{self, Kind, Row};
use crate::fusion::FusionTwin;
use crate::fusion::body::{date, money, text};
use crate::fusion::fault::Fault;
use crate::fusion::jobs::Work;
use crate::fusion::payables::accounting::open_period;
use crate::fusion::payables::create::{EXTRAS, Reader};
use crate::fusion::payables::{Booked, State};

/// Attributes a PATCH may change on any live invoice; others only before accounting.
const ALWAYS: [&str; 9] = [
    "Description",
    "PaymentTerms",
    "PayGroup",
    "InvoiceGroup",
    "PaymentMethod",
    "PaymentMethodCode",
    "RemittanceMessageOne",
    "RemittanceMessageTwo",
    "RemittanceMessageThree",
];
const UNACCOUNTED: [&str; 3] = ["InvoiceDate", "InvoiceAmount", "AccountingDate"];

/// Refuses attributes that a PATCH of an invoice may not change.
fn may_update(body: &Map<String, Json>, unaccounted: bool) -> Result<(), Fault> {
    let allowed =
        |name: &str| ALWAYS.contains(&name) || (unaccounted && UNACCOUNTED.contains(&name));
    match body.keys().find(|name| !allowed(name)) {
        None => Ok(()),
        Some(name) if schema::of(Kind::Invoice).attribute(name).is_some() => Err(Fault::bad(
            format!("The attribute {name} can't be updated."),
            "/",
        )),
        Some(name) => Err(Fault::unknown_attribute(name, "/")),
    }
}

impl FusionTwin {
    pub(crate) fn create_invoice(&mut self, body: &Map<String, Json>) -> Result<Row, Fault> {
        let now = self.clock.now;
        let mut reader = Reader {
            setup: &mut self.setup,
            symbols: &mut self.symbols,
            options: &self.options,
            now,
        };
        let invoice = reader.invoice(body, &self.invoices)?;
        let place = self.invoices.add(invoice);
        self.changed();
        if self.options.process_delay_ms == 0 {
            self.process_invoice(place);
        } else {
            self.jobs.later(
                now.saturating_add(self.options.process_delay_ms),
                Work::ProcessInvoice(place),
            );
        }
        Ok(Row::root(Kind::Invoice, place))
    }

    pub(super) fn update_invoice(
        &mut self,
        row: Row,
        body: &Map<String, Json>,
    ) -> Result<(), Fault> {
        let invoice = self.invoices.at(row.a);
        let free = invoice.booked == Booked::No;
        let decimals = u32::from(invoice.decimals);
        if invoice.state == State::Canceled {
            return Err(Fault::bad("You can't update a canceled invoice.", "/"));
        }
        may_update(body, free)?;
        let description = text(body, "Description", 240, "/")?;
        let term = match text(body, "PaymentTerms", 50, "/")? {
            Some(name) => {
                let found = self.setup.terms.iter().position(|t| t.name == name);
                Some(found.ok_or_else(|| Fault::not_listed("PaymentTerms", "/"))?)
            }
            None => None,
        };
        let mut extras = Vec::new();
        for (name, limit) in EXTRAS {
            if body.contains_key(name) {
                let value = text(body, name, limit, "/")?.unwrap_or_default();
                extras.push((name, self.symbols.put(value)));
            }
        }
        let amount = money(body, "InvoiceAmount", decimals, "/")?;
        let (invoice_date, day) = (
            date(body, "InvoiceDate", "/")?,
            date(body, "AccountingDate", "/")?,
        );
        if let Some(day) = day {
            let ledger = self.setup.units[usize::from(self.invoices.at(row.a).unit)].ledger;
            open_period(&self.setup, ledger, day).map_err(|words| Fault::bad(words, "/"))?;
            self.invoices.move_day(row.a, day);
        }
        let description = description.map(|d| self.symbols.put(d));
        let invoice = self.invoices.at_mut(row.a);
        invoice.description = if body.contains_key("Description") {
            description.unwrap_or_default()
        } else {
            invoice.description
        };
        if let Some(term) = term {
            invoice.term = u16::try_from(term).unwrap_or(0);
        }
        invoice.date = invoice_date.unwrap_or(invoice.date);
        if let Some(amount) = amount {
            invoice.amount = amount;
            invoice.state = State::NeedsRevalidation;
        }
        let kept = &mut invoice.extras;
        for (name, symbol) in extras {
            kept.retain(|(n, _)| *n != name);
            kept.push((name, symbol));
        }
        self.invoices.touch(row.a, self.clock.now);
        self.changed();
        Ok(())
    }

    pub(super) fn delete_invoice(&mut self, row: Row) -> Result<(), Fault> {
        if self.invoices.at(row.a).booked != Booked::No
            || self.invoices.at(row.a).state == State::Validated
        {
            return Err(Fault::bad(
                "You can't delete an invoice that is validated. Cancel it instead.",
                "/",
            ));
        }
        self.invoices.at_mut(row.a).state = State::Deleted;
        self.changed();
        Ok(())
    }

    /// PATCH of a batch: completion status and reversal attributes only (fusion.md §9.1 [D]).
    pub(super) fn update_batch(&mut self, row: Row, body: &Map<String, Json>) -> Result<(), Fault> {
        let allowed = [
            "ReversalFlag",
            "ReversalDate",
            "ReversalMethodMeaning",
            "ReversalPeriod",
            "Status",
            "CompletionStatusMeaning",
        ];
        if let Some(name) = body.keys().find(|k| !allowed.contains(&k.as_str())) {
            let known = schema::of(Kind::Batch).attribute(name).is_some();
            let refused = Fault::bad(format!("The attribute {name} can't be updated."), "/");
            return Err(if known {
                refused
            } else {
                Fault::unknown_attribute(name, "/")
            });
        }
        let flag = match body.get("ReversalFlag") {
            None | Some(Json::Null) => None,
            Some(Json::Bool(flag)) => Some(*flag),
            Some(other) => match other.as_str() {
                Some("Y") => Some(true),
                Some("N") => Some(false),
                _ => {
                    return Err(Fault::wrong_type(
                        "ReversalFlag",
                        "true, false, Y or N",
                        "/",
                    ));
                }
            },
        };
        let method = text(body, "ReversalMethodMeaning", 80, "/")?;
        if method.is_some_and(|m| m != "Change sign" && m != "Switch debit or credit") {
            return Err(Fault::not_listed("ReversalMethodMeaning", "/"));
        }
        let period = text(body, "ReversalPeriod", 15, "/")?;
        if period.is_some_and(|p| self.setup.calendar.by_name(p).is_none()) {
            return Err(Fault::not_listed("ReversalPeriod", "/"));
        }
        let day = date(body, "ReversalDate", "/")?;
        if text(body, "Status", 1, "/")?.is_some_and(|s| s != "U" && s != "P") {
            return Err(Fault::not_listed("Status", "/"));
        }
        let (method, period) = (
            method.map(|m| self.symbols.put(m)),
            period.map(|p| self.symbols.put(p)),
        );
        let now = self.clock.now;
        let batch = &mut self.journals.batches[at(row.a)];
        let reversal = &mut batch.reversal;
        reversal.flag = flag.unwrap_or(reversal.flag);
        reversal.method = method.unwrap_or(reversal.method);
        reversal.period = period.unwrap_or(reversal.period);
        reversal.date = day.or(reversal.date);
        batch.updated_ms = now;
        self.changed();
        Ok(())
    }

    /// DELETE of a batch: unposted ones only (fusion.md §9.1).
    pub(super) fn delete_batch(&mut self, row: Row) -> Result<(), Fault> {
        let batch = &mut self.journals.batches[at(row.a)];
        if batch.posted_ms.is_some() {
            return Err(Fault::bad("You can't delete a posted journal batch.", "/"));
        }
        batch.deleted = true;
        self.changed();
        Ok(())
    }
}
