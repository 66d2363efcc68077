//! Custom actions: `POST {resource}/action/{name}` (fusion.md §1.7, §6.1).

use bytes::Bytes;
use http::Request;

use super::schema::{self, Kind};
use super::{ACTION, Answer, media_of, object_of};
use crate::fusion::FusionTwin;
use crate::fusion::body::only;
use crate::fusion::calendar::{Day, day_of};
use crate::fusion::fault::Fault;
use crate::fusion::payables::State;
use crate::fusion::payables::accounting::open_period;

const RESULT: &str = "application/vnd.oracle.adf.actionresult+json";

impl FusionTwin {
    pub(super) fn action(
        &mut self,
        request: &Request<Bytes>,
        kind: Kind,
        name: &str,
    ) -> Result<Answer, Fault> {
        if !schema::of(kind).actions.contains(&name) {
            return Err(Fault::not_found());
        }
        if media_of(request) != ACTION {
            return Err(Fault {
                status: 415,
                details: Vec::new(),
            });
        }
        let body = object_of(request)?;
        only(&body, |k| k == "InvoiceId" || k == "ActionReason", "/")?;
        let id = body
            .get("InvoiceId")
            .ok_or_else(|| Fault::required("InvoiceId", name, "/"))?;
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let row = self
            .find_by_key_of_id(&id)
            .ok_or_else(|| Fault::not_listed("InvoiceId", "/"))?;
        let result = match name {
            "validateInvoice" => self.validate(row),
            _ => self.cancel_invoice(row)?,
        };
        self.changed();
        Ok(Answer::ok(RESULT, format!("{{\"result\":\"{result}\"}}")))
    }

    fn find_by_key_of_id(&self, id: &str) -> Option<u32> {
        let number = id.parse().ok()?;
        let place = crate::fusion::setup::position(
            crate::fusion::payables::INVOICE_IDS,
            number,
            self.invoices.list.len(),
        )?;
        let at = u32::try_from(place).ok()?;
        self.invoices.is_live(at).then_some(at)
    }

    /// Validates again; what did not add up still does not.
    fn validate(&mut self, at: u32) -> &'static str {
        let invoice = self.invoices.at(at);
        let sum: i128 = invoice.lines.iter().map(|l| i128::from(l.amount)).sum();
        if invoice.state == State::NeedsRevalidation && sum == i128::from(invoice.amount) {
            self.invoices.at_mut(at).state = State::NotValidated;
        }
        self.process_invoice(at);
        self.invoices.at(at).state.validation()
    }

    /// Cancels on the business date if its period is open, else on the last day of the newest open period ([R]: the dossier is silent).
    pub(crate) fn cancel_invoice(&mut self, at: u32) -> Result<&'static str, Fault> {
        let invoice = self.invoices.at(at);
        if invoice.state == State::Canceled {
            return Err(Fault::bad("The invoice is already canceled.", "/"));
        }
        let ledger = self.setup.units[usize::from(invoice.unit)].ledger;
        let day = self.cancel_day(ledger, invoice.day)?;
        let now = self.clock.now;
        let (invoices, mut ground) = self.ground();
        invoices.cancel(at, day, now, &mut ground);
        self.changed();
        Ok("Canceled")
    }

    fn cancel_day(&self, ledger: usize, invoice_day: Day) -> Result<Day, Fault> {
        let open = |day: &Day| open_period(&self.setup, ledger, *day).is_ok();
        let today = day_of(self.clock.now);
        let wanted = if self.options.cancel_on_invoice_date {
            invoice_day
        } else {
            today
        };
        let beyond = self.setup.calendar.periods.iter().all(|p| p.end < today);
        let last = self.setup.calendar.last_open_day(ledger).filter(|_| beyond);
        let found = [Some(wanted), last, Some(invoice_day)]
            .into_iter()
            .flatten()
            .find(open);
        found.ok_or_else(|| {
            Fault::bad(
                "The invoice can't be canceled because no accounting period is open for it.",
                "/",
            )
        })
    }
}
