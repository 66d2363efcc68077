//! Turns the body of `POST /invoices` into an invoice, refusing everything the vendor would refuse.
//!
//! Sources: fusion.md §1.6, §4, §6.1, §14. Where the dossier is silent the twin refuses (see [`super::super::FusionOptions`]).

use serde_json::{Map, Value as Json};

use super::accounting::open_period;
use super::{Booked, Invoice, Invoices, Kind, Line, State, base_of};
use crate::fusion::FusionOptions;
use crate::fusion::amount::{self, AmountError};
use crate::fusion::calendar::{Day, parse_day};
use crate::fusion::fault::Fault;
use crate::fusion::setup::Setup;
use crate::fusion::setup::chart::{Chart, CombinationError};
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
const LINE: [&str; 13] = [
    "LineNumber",
    "LineType",
    "LineAmount",
    "BaseAmount",
    "Description",
    "AccountingDate",
    "DistributionCombination",
    "BudgetDate",
    "ItemDescription",
    "Quantity",
    "UnitPrice",
    "UOM",
    "invoiceLineDff",
];

/// What reading a body needs.
pub(crate) struct Reader<'a> {
    pub setup: &'a mut Setup,
    pub symbols: &'a mut Symbols,
    pub options: &'a FusionOptions,
    pub now: i64,
}

fn given<'a>(body: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    body.get(name).filter(|v| !v.is_null())
}

/// A text attribute within its length.
pub(crate) fn text<'a>(
    body: &'a Map<String, Json>,
    name: &str,
    limit: usize,
    path: &str,
) -> Result<Option<&'a str>, Fault> {
    let Some(value) = given(body, name) else {
        return Ok(None);
    };
    let value = value
        .as_str()
        .ok_or_else(|| Fault::wrong_type(name, "a string", path))?;
    if value.chars().count() > limit {
        return Err(Fault::too_long(name, limit, path));
    }
    Ok(Some(value).filter(|v| !v.is_empty()))
}

/// A date attribute.
pub(crate) fn date(body: &Map<String, Json>, name: &str, path: &str) -> Result<Option<Day>, Fault> {
    let Some(value) = given(body, name) else {
        return Ok(None);
    };
    let day = value.as_str().and_then(parse_day);
    day.map(Some)
        .ok_or_else(|| Fault::wrong_type(name, "a date YYYY-MM-DD", path))
}

/// The digits of a number attribute; a string of digits counts as a number.
pub(crate) fn number(
    body: &Map<String, Json>,
    name: &str,
    path: &str,
) -> Result<Option<String>, Fault> {
    let Some(value) = given(body, name) else {
        return Ok(None);
    };
    let digits = value
        .as_number()
        .map(ToString::to_string)
        .or_else(|| value.as_str().map(str::to_owned));
    let digits = digits.filter(|d| amount::scan(d).is_ok());
    digits
        .map(Some)
        .ok_or_else(|| Fault::wrong_type(name, "a number", path))
}

/// An amount attribute in minor units.
pub(crate) fn money(
    body: &Map<String, Json>,
    name: &str,
    decimals: u32,
    path: &str,
) -> Result<Option<i64>, Fault> {
    let Some(digits) = number(body, name, path)? else {
        return Ok(None);
    };
    amount::parse(&digits, decimals)
        .map(Some)
        .map_err(|e| match e {
            AmountError::NotNumber => Fault::wrong_type(name, "a number", path),
            AmountError::TooPrecise => Fault::bad(
                format!("The attribute {name} has more decimals than its currency ({decimals})."),
                path,
            ),
            AmountError::TooLarge => {
                Fault::bad(format!("The attribute {name} is too large."), path)
            }
        })
}

/// Words for a wrong combination.
pub(crate) fn combination_words(chart: &Chart, error: &CombinationError) -> String {
    let name = |segment: &usize| chart.segments[*segment].name.as_str();
    match error {
        CombinationError::Segments { expected, found } => {
            format!("The account combination must have {expected} segments but has {found}.")
        }
        CombinationError::Unknown { segment, value } => {
            let set = &chart.segments[*segment].value_set;
            format!(
                "The value {value} of the segment {} doesn't exist in the value set {set}.",
                name(segment)
            )
        }
        CombinationError::Disabled { segment, value } => format!(
            "The value {value} of the segment {} is disabled.",
            name(segment)
        ),
        CombinationError::Expired {
            segment,
            value,
            day,
        } => {
            let date = crate::fusion::calendar::day_text(*day);
            format!(
                "The value {value} of the segment {} isn't valid on {date}.",
                name(segment)
            )
        }
    }
}

/// Refuses attributes that the object does not have.
pub(crate) fn only(
    body: &Map<String, Json>,
    known: impl Fn(&str) -> bool,
    path: &str,
) -> Result<(), Fault> {
    match body.keys().find(|k| !known(k)) {
        Some(name) => Err(Fault::unknown_attribute(name, path)),
        None => Ok(()),
    }
}

/// Members of a flexfield object with the context `INTACCT`; gives the texts of `segments`.
pub(crate) fn flexfield<'a, const N: usize>(
    body: &'a Map<String, Json>,
    accessor: &str,
    context: &str,
    segments: [&str; N],
    limits: [usize; N],
    path: &str,
) -> Result<Option<[&'a str; N]>, Fault> {
    let Some(value) = given(body, accessor) else {
        return Ok(None);
    };
    let rows = value
        .as_array()
        .ok_or_else(|| Fault::wrong_type(accessor, "an array", path))?;
    let path = &format!("{path}/{accessor}/0");
    let row = match rows.as_slice() {
        [] => return Ok(None),
        [row] => row
            .as_object()
            .ok_or_else(|| Fault::wrong_type(accessor, "an array of one object", path))?,
        _ => return Err(Fault::bad(format!("{accessor} takes one row."), path)),
    };
    only(
        row,
        |k| segments.contains(&k) || k == "__FLEX_Context" || k == "__FLEX_Context_DisplayValue",
        path,
    )?;
    if text(row, "__FLEX_Context", 80, path)? != Some(context) {
        return Err(Fault::not_listed("__FLEX_Context", path));
    }
    let mut out = [""; N];
    for (place, (segment, limit)) in out.iter_mut().zip(segments.iter().zip(limits)) {
        *place = text(row, segment, limit, path)?.unwrap_or_default();
    }
    Ok(Some(out))
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
        let number =
            text(body, "InvoiceNumber", 50, "/")?.ok_or_else(|| required("InvoiceNumber"))?;
        let party = self.party(body)?;
        if self.is_duplicate(invoices, number, &party) {
            return Err(Fault::new(
                400,
                "AP-810776",
                "This invoice number already exists. You must provide a unique invoice number. (AP-810776)",
                "/",
            ));
        }
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
        let sum = lines.iter().map(|l| i128::from(l.amount)).sum::<i128>();
        let mut state = State::NotValidated;
        if sum != i128::from(total) {
            if self.options.refuse_line_variance {
                let (sum, total) = (
                    amount::short(sum, money_terms.decimals),
                    amount::short(total.into(), money_terms.decimals),
                );
                return Err(Fault::bad(
                    format!(
                        "The sum of the invoice lines {sum} doesn't equal the invoice amount {total}."
                    ),
                    "/",
                ));
            }
            state = State::NeedsRevalidation;
        }
        let (term, terms_date, due) =
            self.terms(body, &party, invoice_date, total, money_terms.decimals)?;
        let names = ["sourceStamp", "sourceDocument", "crosswalkVersion"];
        let flex = flexfield(
            body,
            "invoiceDff",
            &self.options.flexfield_context,
            names,
            [150; 3],
            "",
        )?;
        let [stamp, document, version] = flex.unwrap_or([""; 3]);
        let context = if flex.is_some() {
            self.symbols.put(&self.options.flexfield_context)
        } else {
            Symbol::default()
        };
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
        let at = found.map_err(|e| {
            Fault::bad(
                format!("{name}: {}", combination_words(&self.setup.chart, &e)),
                path,
            )
        })?;
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

    fn lines(
        &mut self,
        body: &Map<String, Json>,
        party: &Party,
        terms: &Money,
        day: Day,
        liability: u32,
    ) -> Result<Vec<Line>, Fault> {
        let rows = match given(body, "invoiceLines") {
            Some(value) => value
                .as_array()
                .ok_or_else(|| Fault::wrong_type("invoiceLines", "an array", "/"))?
                .as_slice(),
            None => &[],
        };
        let mut lines: Vec<Line> = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let path = format!("/invoiceLines/{at}");
            let row = row
                .as_object()
                .ok_or_else(|| Fault::wrong_type("invoiceLines", "an array of objects", &path))?;
            let line = self.line(row, at, party, terms, day, &path)?;
            if lines.iter().any(|l| l.number == line.number) {
                return Err(Fault::bad(
                    format!("The line number {} stands twice.", line.number),
                    path,
                ));
            }
            let chart = &self.setup.chart;
            let (company, owner) = (
                chart.company_of(line.combination),
                chart.company_of(liability),
            );
            if company != owner && self.options.refuse_unbalanced_invoice {
                let words = format!(
                    "The invoice doesn't balance by balancing segment value: line {company}, liability {owner}."
                );
                return Err(Fault::bad(words, path));
            }
            lines.push(line);
        }
        Ok(lines)
    }

    fn line(
        &mut self,
        row: &Map<String, Json>,
        at: usize,
        party: &Party,
        terms: &Money,
        header_day: Day,
        path: &str,
    ) -> Result<Line, Fault> {
        only(row, |k| LINE.contains(&k), path)?;
        let required = |name: &str| Fault::required(name, "InvoiceLine", path);
        let number = match number(row, "LineNumber", path)? {
            Some(digits) => digits
                .parse()
                .map_err(|_| Fault::wrong_type("LineNumber", "a whole number", path))?,
            None => u32::try_from(at + 1).unwrap_or(u32::MAX),
        };
        let kind = text(row, "LineType", 25, path)?.unwrap_or("Item");
        if !["Item", "Freight", "Miscellaneous"].contains(&kind) {
            return Err(Fault::not_listed("LineType", path));
        }
        let amount = money(row, "LineAmount", terms.decimals, path)?
            .ok_or_else(|| required("LineAmount"))?;
        let day = date(row, "AccountingDate", path)?.unwrap_or(header_day);
        if day != header_day {
            open_period(self.setup, party.ledger, day).map_err(|words| Fault::bad(words, path))?;
        }
        let code = text(row, "DistributionCombination", 250, path)?
            .ok_or_else(|| required("DistributionCombination"))?;
        let combination = self.combination(code, day, party, "DistributionCombination", path)?;
        let ledger_decimals = self.setup.ledgers[party.ledger].decimals;
        let base = match money(row, "BaseAmount", ledger_decimals, path)? {
            Some(base) => base,
            None => {
                let found = base_of(
                    amount,
                    terms.decimals,
                    self.symbols.text(terms.rate),
                    ledger_decimals,
                );
                found.ok_or_else(|| Fault::bad("The converted amount is too large.", path))?
            }
        };
        let names = ["attribute1", "attribute2", "attribute3", "attribute4"];
        let flex = flexfield(
            row,
            "invoiceLineDff",
            &self.options.flexfield_context,
            names,
            [150; 4],
            path,
        )?;
        let context = if flex.is_some() {
            self.symbols.put(&self.options.flexfield_context)
        } else {
            Symbol::default()
        };
        let mut attributes = [Symbol::default(); 4];
        for (place, value) in attributes.iter_mut().zip(flex.unwrap_or([""; 4])) {
            *place = self.symbols.put(value);
        }
        let description = text(row, "Description", 240, path)?.unwrap_or_default();
        let (kind, description) = (self.symbols.put(kind), self.symbols.put(description));
        Ok(Line {
            number,
            amount,
            base,
            combination,
            day,
            kind,
            description,
            context,
            attributes,
        })
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

    fn extras(
        &mut self,
        body: &Map<String, Json>,
    ) -> Result<Option<Box<Vec<(&'static str, Symbol)>>>, Fault> {
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
        Ok(if extras.is_empty() {
            None
        } else {
            Some(Box::new(extras))
        })
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
