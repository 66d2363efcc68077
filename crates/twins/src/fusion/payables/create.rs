//! Turns the body of `POST /invoices` into an invoice, refusing everything the vendor would refuse.
//!
//! Sources: fusion.md §1.6, §4, §6.1, §14. Where the dossier is silent the twin refuses (see [`super::super::FusionOptions`]).

mod lines;

use serde_json::{Map, Value as Json};

use super::accounting::open_period;
use super::{Booked, Invoice, Invoices, Kind, Line, State};
use crate::fusion::FusionOptions;
use crate::fusion::amount;
use crate::fusion::body::{date, flexfield, given, money, number, only, text};
use crate::fusion::calendar::Day;
use crate::fusion::fault::Fault;
use crate::fusion::setup::Setup;
use crate::fusion::symbols::{Symbol, Symbols};

/// Header attributes that are kept and shown again, with their greatest length. Lengths are [R].
pub(crate) const EXTRAS: [(&str, usize); 14] = [
    ("InvoiceGroup", 50),
    ("PayGroup", 30),
    ("PaymentMethod", 80),
    ("PaymentMethodCode", 30),
    ("RemittanceMessageOne", 150),
    ("RemittanceMessageTwo", 150),
    ("RemittanceMessageThree", 150),
    ("PurchaseOrderNumber", 30),
    ("Requester", 240),
    ("ReferenceKeyOne", 150),
    ("ReferenceKeyTwo", 150),
    ("VoucherNumber", 30),
    ("DocumentCategory", 30),
    ("SupplierTaxInvoiceNumber", 50),
];

const HEADER: [&str; 27] = [
    "InvoiceNumber",
    "InvoiceAmount",
    "InvoiceCurrency",
    "PaymentCurrency",
    "InvoiceDate",
    "AccountingDate",
    "BusinessUnit",
    "Supplier",
    "SupplierNumber",
    "SupplierSite",
    "ProcurementBU",
    "LegalEntity",
    "InvoiceType",
    "InvoiceSource",
    "Description",
    "TermsDate",
    "PaymentTerms",
    "ConversionRateType",
    "ConversionRate",
    "ConversionDate",
    "LiabilityDistribution",
    "InvoiceReceivedDate",
    "invoiceLines",
    "invoiceInstallments",
    "invoiceDff",
    "BudgetDate",
    "GoodsReceivedDate",
];

/// What reading a body needs.
pub(crate) struct Reader<'a> {
    pub setup: &'a mut Setup,
    pub symbols: &'a mut Symbols,
    pub options: &'a FusionOptions,
    pub now: i64,
}

struct Party {
    unit: usize,
    ledger: usize,
    supplier: usize,
    site: Symbol,
}

struct Money {
    currency: Symbol,
    decimals: u32,
    rate_type: Symbol,
    rate: Symbol,
    rate_date: Option<Day>,
}

impl Reader<'_> {
    /// Reads and checks a body. Nothing is stored.
    pub(crate) fn invoice(
        &mut self,
        body: &Map<String, Json>,
        invoices: &Invoices,
    ) -> Result<Invoice, Fault> {
        only(
            body,
            |k| HEADER.contains(&k) || EXTRAS.iter().any(|(n, _)| *n == k),
            "/",
        )?;
        let object = "InvoiceHeader";
        let required = |name: &str| Fault::required(name, object, "/");
        let party = self.party(body)?;
        let number = self.number(body, invoices, &party)?;
        let invoice_date =
            date(body, "InvoiceDate", "/")?.ok_or_else(|| required("InvoiceDate"))?;
        let day = date(body, "AccountingDate", "/")?.unwrap_or(invoice_date);
        open_period(self.setup, party.ledger, day).map_err(|words| Fault::bad(words, "/"))?;
        let money_terms = self.currency(body, &party, day)?;
        let total = money(body, "InvoiceAmount", money_terms.decimals, "/")?
            .ok_or_else(|| required("InvoiceAmount"))?;
        let kind = self.kind(body, total)?;
        let liability = match text(body, "LiabilityDistribution", 250, "/")? {
            Some(code) => self.combination(code, day, &party, "LiabilityDistribution", "/")?,
            None => return Err(required("LiabilityDistribution")),
        };
        let lines = self.lines(body, &party, &money_terms, day, liability)?;
        let state = self.variance(&lines, total, money_terms.decimals)?;
        let (term, terms_date, due) =
            self.terms(body, &party, invoice_date, total, money_terms.decimals)?;
        let (context, [stamp, document, version]) = self.header_flexfield(body)?;
        let description = text(body, "Description", 240, "/")?.unwrap_or_default();
        let extras = self.extras(body)?;
        let source = self.source(body)?;
        let base = lines.iter().map(|l| l.base).sum();
        Ok(Invoice {
            number: number.into(),
            kind,
            state,
            supplier: u32::try_from(party.supplier).unwrap_or(u32::MAX),
            unit: u16::try_from(party.unit).unwrap_or(u16::MAX),
            site: party.site,
            currency: money_terms.currency,
            decimals: u8::try_from(money_terms.decimals).unwrap_or(2),
            amount: total,
            base,
            date: invoice_date,
            day,
            terms_date,
            term,
            due,
            liability,
            rate_type: money_terms.rate_type,
            rate: money_terms.rate,
            rate_date: money_terms.rate_date,
            source,
            description: self.symbols.put(description),
            context,
            stamp: stamp.into(),
            document: document.into(),
            version: self.symbols.put(version),
            cancel_day: None,
            created_ms: self.now,
            updated_ms: self.now,
            lines: lines.into_boxed_slice(),
            extras,
            booked: Booked::No,
        })
    }

    fn number<'b>(
        &self,
        body: &'b Map<String, Json>,
        invoices: &Invoices,
        party: &Party,
    ) -> Result<&'b str, Fault> {
        let number = text(body, "InvoiceNumber", 50, "/")?;
        let number =
            number.ok_or_else(|| Fault::required("InvoiceNumber", "InvoiceHeader", "/"))?;
        if self.is_duplicate(invoices, number, party) {
            let words = "This invoice number already exists. You must provide a unique invoice number. (AP-810776)";
            return Err(Fault::new(400, "AP-810776", words, "/"));
        }
        Ok(number)
    }

    /// The state that the sum of the lines allows.
    fn variance(&self, lines: &[Line], total: i64, decimals: u32) -> Result<State, Fault> {
        let sum = lines.iter().map(|l| i128::from(l.amount)).sum::<i128>();
        if sum == i128::from(total) {
            return Ok(State::NotValidated);
        }
        if !self.options.refuse_line_variance {
            return Ok(State::NeedsRevalidation);
        }
        let (sum, total) = (
            amount::short(sum, decimals),
            amount::short(total.into(), decimals),
        );
        let words =
            format!("The sum of the invoice lines {sum} doesn't equal the invoice amount {total}.");
        Err(Fault::bad(words, "/"))
    }

    /// Context and segments of `invoiceDff`.
    fn header_flexfield<'b>(
        &mut self,
        body: &'b Map<String, Json>,
    ) -> Result<(Symbol, [&'b str; 3]), Fault> {
        let names = ["sourceStamp", "sourceDocument", "crosswalkVersion"];
        let code = &self.options.flexfield_context;
        let flex = flexfield(body, "invoiceDff", code, names, [150; 3], "")?;
        let context = if flex.is_some() {
            self.symbols.put(code)
        } else {
            Symbol::default()
        };
        Ok((context, flex.unwrap_or([""; 3])))
    }

    fn is_duplicate(&self, invoices: &Invoices, number: &str, party: &Party) -> bool {
        invoices.numbered(number).into_iter().any(|at| {
            let other = invoices.at(at);
            usize::try_from(other.supplier) == Ok(party.supplier)
                && usize::from(other.unit) == party.unit
        })
    }

    fn party(&mut self, body: &Map<String, Json>) -> Result<Party, Fault> {
        let required = |name: &str| Fault::required(name, "InvoiceHeader", "/");
        let name = text(body, "BusinessUnit", 240, "/")?.ok_or_else(|| required("BusinessUnit"))?;
        let found = self.setup.units.iter().position(|u| u.name == name);
        let unit = found.ok_or_else(|| Fault::not_listed("BusinessUnit", "/"))?;
        let (name, number) = (
            text(body, "Supplier", 360, "/")?,
            text(body, "SupplierNumber", 30, "/")?,
        );
        let supplier = match (name, number) {
            (None, None) => return Err(required("Supplier")),
            (Some(name), None) => self
                .setup
                .suppliers
                .named(name)
                .ok_or_else(|| Fault::not_listed("Supplier", "/"))?,
            (name, Some(number)) => {
                let found = self.setup.suppliers.numbered(number);
                let at = found.ok_or_else(|| Fault::not_listed("SupplierNumber", "/"))?;
                if name.is_some_and(|n| n != self.setup.suppliers.list[at].name) {
                    return Err(Fault::not_listed("Supplier", "/"));
                }
                at
            }
        };
        let record = &self.setup.suppliers.list[supplier];
        if record
            .inactive
            .is_some_and(|day| crate::fusion::calendar::day_of(self.now) >= day)
        {
            return Err(Fault::bad(
                format!("The supplier {} is inactive.", record.name),
                "/",
            ));
        }
        let site = text(body, "SupplierSite", 240, "/")?.ok_or_else(|| required("SupplierSite"))?;
        if site != "MAIN"
            && !record
                .sites
                .iter()
                .any(|s| s.unit == unit && s.name == site && s.inactive.is_none())
        {
            return Err(Fault::not_listed("SupplierSite", "/"));
        }
        let ledger = self.setup.units[unit].ledger;
        let legal = text(body, "LegalEntity", 240, "/")?;
        let listed = |name: &str| {
            self.setup
                .entities
                .iter()
                .any(|e| e.ledger == ledger && e.legal_entity == name)
        };
        if legal.is_some_and(|name| !listed(name)) {
            return Err(Fault::not_listed("LegalEntity", "/"));
        }
        if text(body, "ProcurementBU", 240, "/")?
            .is_some_and(|n| !self.setup.units.iter().any(|u| u.name == n))
        {
            return Err(Fault::not_listed("ProcurementBU", "/"));
        }
        Ok(Party {
            unit,
            ledger,
            supplier,
            site: self.symbols.put(site),
        })
    }

    fn currency(
        &mut self,
        body: &Map<String, Json>,
        party: &Party,
        day: Day,
    ) -> Result<Money, Fault> {
        let own = self.setup.ledgers[party.ledger].currency.clone();
        let code = text(body, "InvoiceCurrency", 15, "/")?.unwrap_or(&own);
        let found = amount::decimals(code).filter(|_| code != "STAT");
        let decimals = found.ok_or_else(|| Fault::not_listed("InvoiceCurrency", "/"))?;
        if text(body, "PaymentCurrency", 15, "/")?
            .is_some_and(|c| c == "STAT" || amount::decimals(c).is_none())
        {
            return Err(Fault::not_listed("PaymentCurrency", "/"));
        }
        let kind = text(body, "ConversionRateType", 30, "/")?;
        let rate = number(body, "ConversionRate", "/")?;
        let rate_date = date(body, "ConversionDate", "/")?;
        let currency = self.symbols.put(code);
        if code == own {
            if kind.is_some() || rate.is_some() {
                let words = "You can't enter conversion details when the invoice currency is the ledger currency.";
                return Err(Fault::bad(words, "/"));
            }
            return Ok(Money {
                currency,
                decimals,
                rate_type: Symbol::default(),
                rate: Symbol::default(),
                rate_date: None,
            });
        }
        let kind =
            kind.ok_or_else(|| Fault::required("ConversionRateType", "InvoiceHeader", "/"))?;
        let rate_date = rate_date.unwrap_or(day);
        let rate = if kind == "User" {
            rate.ok_or_else(|| Fault::required("ConversionRate", "InvoiceHeader", "/"))?
        } else if kind == self.options.rate_type {
            let found = self
                .setup
                .rate(code, &own, kind, rate_date)
                .map(str::to_owned);
            found.ok_or_else(|| {
                Fault::bad(
                    format!("No {kind} conversion rate from {code} to {own} exists for the date."),
                    "/",
                )
            })?
        } else {
            return Err(Fault::not_listed("ConversionRateType", "/"));
        };
        if amount::scan(&rate).is_ok_and(|(value, _)| value <= 0) {
            return Err(Fault::bad(
                "The conversion rate must be greater than zero.",
                "/",
            ));
        }
        let (rate_type, rate) = (self.symbols.put(kind), self.symbols.put(&rate));
        Ok(Money {
            currency,
            decimals,
            rate_type,
            rate,
            rate_date: Some(rate_date),
        })
    }

    fn kind(&self, body: &Map<String, Json>, total: i64) -> Result<Kind, Fault> {
        let default = if total < 0 { "Credit memo" } else { "Standard" };
        match text(body, "InvoiceType", 25, "/")?.unwrap_or(default) {
            "Standard" if total < 0 => Err(Fault::bad(
                "The amount of a standard invoice can't be negative.",
                "/",
            )),
            "Standard" => Ok(Kind::Standard),
            "Credit memo" if total > 0 => Err(Fault::bad(
                "The amount of a credit memo must be negative.",
                "/",
            )),
            "Credit memo" => Ok(Kind::CreditMemo),
            _ => Err(Fault::not_listed("InvoiceType", "/")),
        }
    }

    fn combination(
        &mut self,
        code: &str,
        day: Day,
        party: &Party,
        name: &str,
        path: &str,
    ) -> Result<u32, Fault> {
        let found = self.setup.chart.combination(code, day);
        let at = found
            .map_err(|e| Fault::bad(format!("{name}: {}", self.setup.chart.words(&e)), path))?;
        let company = self.setup.chart.company_of(at);
        let ledger = &self.setup.ledgers[party.ledger];
        if !ledger.companies.iter().any(|c| c == company) {
            let words = format!(
                "{name}: the balancing segment value {company} isn't assigned to the ledger {}.",
                ledger.name
            );
            return Err(Fault::bad(words, path));
        }
        Ok(at)
    }

    fn terms(
        &self,
        body: &Map<String, Json>,
        party: &Party,
        start: Day,
        total: i64,
        decimals: u32,
    ) -> Result<(u16, Day, Day), Fault> {
        let term = match text(body, "PaymentTerms", 50, "/")? {
            Some(name) => {
                let found = self.setup.terms.iter().position(|t| t.name == name);
                found.ok_or_else(|| Fault::not_listed("PaymentTerms", "/"))?
            }
            None => self.setup.suppliers.list[party.supplier].term,
        };
        let terms_date = date(body, "TermsDate", "/")?.unwrap_or(start);
        let mut due = terms_date.saturating_add(self.setup.terms[term].days);
        if let Some(value) = given(body, "invoiceInstallments") {
            let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let [row] = rows else {
                return Err(Fault::bad(
                    "This tenant takes exactly one installment per invoice.",
                    "/invoiceInstallments",
                ));
            };
            let path = "/invoiceInstallments/0";
            let row = row.as_object().ok_or_else(|| {
                Fault::wrong_type("invoiceInstallments", "an array of objects", path)
            })?;
            only(
                row,
                |k| {
                    [
                        "InstallmentNumber",
                        "DueDate",
                        "GrossAmount",
                        "PaymentMethod",
                        "PaymentPriority",
                    ]
                    .contains(&k)
                },
                path,
            )?;
            if money(row, "GrossAmount", decimals, path)?.is_some_and(|gross| gross != total) {
                return Err(Fault::bad(
                    "The installment amounts must add up to the invoice amount.",
                    path,
                ));
            }
            due = date(row, "DueDate", path)?.unwrap_or(due);
        }
        Ok((u16::try_from(term).unwrap_or(0), terms_date, due))
    }

    fn extras(&mut self, body: &Map<String, Json>) -> Result<Vec<(&'static str, Symbol)>, Fault> {
        let mut extras = Vec::new();
        for (name, limit) in EXTRAS {
            if let Some(value) = text(body, name, limit, "/")? {
                extras.push((name, self.symbols.put(value)));
            }
        }
        for name in ["InvoiceReceivedDate", "BudgetDate", "GoodsReceivedDate"] {
            if let Some(day) = date(body, name, "/")? {
                extras.push((
                    name,
                    self.symbols.put(&crate::fusion::calendar::day_text(day)),
                ));
            }
        }
        Ok(extras)
    }

    fn source(&mut self, body: &Map<String, Json>) -> Result<Symbol, Fault> {
        let manual = "Manual invoice entry";
        let source = text(body, "InvoiceSource", 80, "/")?.unwrap_or(manual);
        if source != manual && source != self.options.invoice_source {
            return Err(Fault::not_listed("InvoiceSource", "/"));
        }
        Ok(self.symbols.put(source))
    }
}
