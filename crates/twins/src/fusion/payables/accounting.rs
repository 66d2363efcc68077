//! Puts invoices into the ledger and takes them out again.
//!
//! Each line's combination is debited by its base amount and the liability credited by it on the line's accounting day
//! (`docs/company-setup.md`); foreign amounts go to the entered balances of their currency.

use super::{Booked, Invoices, State};
use crate::fusion::books::{Books, Entry};
use crate::fusion::calendar::Day;
use crate::fusion::setup::Setup;
use crate::fusion::setup::periods::{Application, Status};
use crate::fusion::symbols::Symbols;

/// What accounting needs beside the invoices.
pub(crate) struct Ground<'a> {
    pub setup: &'a Setup,
    pub symbols: &'a mut Symbols,
    pub books: &'a mut Books,
}

/// The period of a day in a ledger if it is open in both Payables and General Ledger, or why not.
pub(crate) fn open_period(setup: &Setup, ledger: usize, day: Day) -> Result<usize, String> {
    let date = crate::fusion::calendar::day_text(day);
    let Some(period) = setup.calendar.on(day) else {
        return Err(format!(
            "The accounting date {date} isn't in a defined accounting period of ledger {}.",
            setup.ledgers[ledger].name
        ));
    };
    for (application, name) in [
        (Application::Ap, "Payables"),
        (Application::Gl, "General Ledger"),
    ] {
        if setup.calendar.status(ledger, period, application) != Status::Open {
            let period = &setup.calendar.periods[period].name;
            return Err(format!(
                "The accounting date {date} isn't in an open {name} period. Period {period} must be open."
            ));
        }
    }
    Ok(period)
}

impl Invoices {
    /// Enters an invoice into the books once; gives `false` if a period is missing.
    pub(crate) fn account(&mut self, at: u32, ground: &mut Ground<'_>) -> bool {
        let invoice = self.at(at);
        if invoice
            .lines
            .iter()
            .any(|l| ground.setup.calendar.on(l.day).is_none())
        {
            return false;
        }
        self.enter(at, ground, 1, None);
        let invoice = self.at_mut(at);
        invoice.booked = Booked::Once;
        invoice.state = State::Accounted;
        true
    }

    /// Reverses an invoice on `day` and marks it cancelled.
    pub(crate) fn cancel(&mut self, at: u32, day: Day, now: i64, ground: &mut Ground<'_>) {
        if self.at(at).booked == Booked::Once {
            self.enter(at, ground, -1, Some(day));
            self.at_mut(at).booked = Booked::Reversed;
        }
        let invoice = self.at_mut(at);
        invoice.state = State::Canceled;
        invoice.cancel_day = Some(day);
        self.touch(at, now);
    }

    /// Takes everything of an invoice out of the books (people's edits; the vendor never does this to an accounted invoice).
    pub(crate) fn take_out(&mut self, at: u32, ground: &mut Ground<'_>) {
        let (booked, cancel_day) = (self.at(at).booked, self.at(at).cancel_day);
        if booked != Booked::No {
            self.enter(at, ground, -1, None);
        }
        if booked == Booked::Reversed {
            self.enter(at, ground, 1, cancel_day);
        }
        self.at_mut(at).booked = Booked::No;
    }

    fn enter(&self, at: u32, ground: &mut Ground<'_>, sign: i64, on: Option<Day>) {
        let invoice = self.at(at);
        let ledger = ground.setup.units[usize::from(invoice.unit)].ledger;
        let own = ground.symbols.put(&ground.setup.ledgers[ledger].currency);
        for line in &invoice.lines {
            let Some(period) = ground.setup.calendar.on(on.unwrap_or(line.day)) else {
                continue;
            };
            let count = if invoice.currency == own { 1 } else { 2 };
            for part in line.parts() {
                let pairs = [(own, part.base), (invoice.currency, part.amount)];
                for (currency, amount) in pairs.into_iter().take(count) {
                    let amount = sign * amount;
                    for (combination, debit, credit) in [
                        (part.combination, amount, 0),
                        (invoice.liability, 0, amount),
                    ] {
                        let entry = Entry {
                            ledger,
                            period,
                            combination,
                            currency,
                            debit,
                            credit,
                        };
                        ground.books.post(ground.setup, entry);
                    }
                }
            }
        }
    }
}
