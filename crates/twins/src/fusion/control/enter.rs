//! A person enters a document at the keyboard.

use serde_json::{Map, Value as Json, json};

use super::edit::day_of;
use crate::fusion::FusionTwin;
use crate::fusion::amount;
use crate::fusion::ledger::{Header, Line};

fn text<'a>(value: &'a Json, name: &str) -> &'a str {
    value.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn needed<'a>(value: &'a Json, name: &str) -> Result<&'a str, String> {
    let found = text(value, name);
    if found.is_empty() {
        Err(format!("{name} is missing"))
    } else {
        Ok(found)
    }
}

fn decimal(value: &Json, name: &str) -> Option<String> {
    let value = value.get(name)?;
    value
        .as_str()
        .map(str::to_owned)
        .or_else(|| value.as_number().map(ToString::to_string))
        .filter(|t| !t.is_empty())
}

/// A side of a line in minor units; zero counts as none.
fn side_of(line: &Json, name: &str, decimals: u32) -> Result<Option<i64>, String> {
    let Some(digits) = decimal(line, name) else {
        return Ok(None);
    };
    let found = amount::parse(&digits, decimals).map_err(|e| format!("{name} {digits}: {e:?}"))?;
    Ok(Some(found).filter(|v| *v != 0))
}

impl FusionTwin {
    /// Enters a document: the columns of `documents.csv` and `lines`, each with `combination` (or `segments`) and, for a journal, `debit` or
    /// `credit` in document currency, for an invoice `amount`. A foreign document gives `rate`; an invoice also `supplier_number` and
    /// `liability`. Invoices pass all checks of `POST /invoices`; journals must balance in ledger currency per company. Gives the number.
    ///
    /// # Errors
    /// A sentence naming what is wrong; nothing is entered then.
    pub fn enter_document(&mut self, document: &Json) -> Result<String, String> {
        let number = needed(document, "number")?.to_owned();
        match needed(document, "kind")? {
            "payables_invoice" | "payables_credit_memo" => {
                let body = self.invoice_body(document)?;
                let words = |f: crate::fusion::fault::Fault| {
                    f.details
                        .into_iter()
                        .map(|d| d.text)
                        .collect::<Vec<String>>()
                        .join("; ")
                };
                self.create_invoice(&body).map_err(words)?;
            }
            "gl_journal" => {
                let header = self.journal_of(document)?;
                self.add_posted(header);
                self.changed();
            }
            other => {
                return Err(format!(
                    "{other} is no kind; use payables_invoice, payables_credit_memo or gl_journal"
                ));
            }
        }
        Ok(number)
    }

    fn combination_text(&self, line: &Json) -> Result<String, String> {
        if let Some(combination) = line.get("combination").and_then(Json::as_str) {
            return Ok(combination.to_owned());
        }
        let segments = line
            .get("segments")
            .and_then(Json::as_object)
            .ok_or("a line needs combination or segments")?;
        let zero = crate::fusion::setup::load::zero_of;
        let code = |name: &str| {
            segments
                .get(name)
                .and_then(Json::as_str)
                .unwrap_or_else(|| zero(name))
                .to_owned()
        };
        let codes: Vec<String> = self
            .setup
            .chart
            .segments
            .iter()
            .map(|s| code(&s.name))
            .collect();
        Ok(codes.join(&self.setup.chart.delimiter.to_string()))
    }

    fn invoice_body(&self, document: &Json) -> Result<Map<String, Json>, String> {
        let entity = needed(document, "entity")?;
        let place = self
            .setup
            .entities
            .iter()
            .position(|e| e.entity_id == entity);
        let place = place.ok_or_else(|| format!("there is no entity {entity}"))?;
        let unit = self
            .setup
            .units
            .iter()
            .find(|u| u.entity == place)
            .ok_or_else(|| format!("{entity} has no business unit"))?;
        let mut lines = Vec::new();
        for (at, line) in document
            .get("lines")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let amount = decimal(line, "amount").ok_or("an invoice line needs amount")?;
            lines.push(json!({"LineNumber": at + 1, "LineAmount": amount, "DistributionCombination": self.combination_text(line)?}));
        }
        let date = needed(document, "accounting_date")?;
        let mut body = json!({
            "InvoiceNumber": needed(document, "number")?, "BusinessUnit": unit.name, "SupplierNumber": needed(document, "supplier_number")?,
            "SupplierSite": "MAIN", "InvoiceAmount": decimal(document, "amount").ok_or("amount is missing")?,
            "InvoiceCurrency": needed(document, "currency")?, "InvoiceDate": date, "AccountingDate": date,
            "Description": text(document, "description"), "LiabilityDistribution": needed(document, "liability")?, "invoiceLines": lines,
        });
        if let Some(rate) = decimal(document, "rate") {
            body["ConversionRateType"] = json!("User");
            body["ConversionRate"] = json!(rate);
        }
        if !text(document, "stamp").is_empty() {
            let context = &self.options.flexfield_context;
            body["invoiceDff"] =
                json!([{"__FLEX_Context": context, "sourceStamp": text(document, "stamp")}]);
        }
        if let Json::Object(map) = body {
            Ok(map)
        } else {
            Err("the document is no object".into())
        }
    }

    fn journal_of(&mut self, document: &Json) -> Result<Header, String> {
        let entity = needed(document, "entity")?;
        let owner = self.setup.entities.iter().find(|e| e.entity_id == entity);
        let ledger = owner
            .ok_or_else(|| format!("there is no entity {entity}"))?
            .ledger;
        let day = day_of(document, "accounting_date")?.ok_or("accounting_date is missing")?;
        let period = self
            .setup
            .calendar
            .on(day)
            .ok_or("no accounting period holds the date")?;
        let currency = needed(document, "currency")?.to_owned();
        let decimals =
            amount::decimals(&currency).ok_or_else(|| format!("{currency} is no currency"))?;
        let own = &self.setup.ledgers[ledger];
        let own = (own.currency.clone(), own.decimals);
        let foreign = currency != "STAT" && currency != own.0;
        let rate = decimal(document, "rate").unwrap_or_default();
        if foreign && rate.is_empty() {
            return Err("a document in foreign currency needs rate".into());
        }
        let mut lines = Vec::new();
        for line in document
            .get("lines")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            let code = self.combination_text(line)?;
            let combination = self
                .setup
                .chart
                .combination(&code, day)
                .map_err(|e| format!("{code}: {e:?}"))?;
            let side = |name: &str| side_of(line, name, decimals);
            let base = |side: Option<i64>| match side {
                Some(value) if foreign => amount::convert(value, decimals, &rate, own.1)
                    .map(Some)
                    .map_err(|e| format!("{e:?}")),
                other => Ok(other),
            };
            let (entered_debit, entered_credit) = (side("debit")?, side("credit")?);
            let (accounted_debit, accounted_credit) = (base(entered_debit)?, base(entered_credit)?);
            lines.push(Line {
                combination,
                entered_debit,
                entered_credit,
                accounted_debit,
                accounted_credit,
                ..Line::default()
            });
        }
        self.check_balanced(&lines, &currency)?;
        Ok(Header {
            name: needed(document, "number")?.to_owned(),
            description: text(document, "description").to_owned(),
            ledger,
            category: self.symbols.put("Adjustment"),
            currency: self.symbols.put(&currency),
            period,
            date: day,
            conversion_type: self.symbols.put(if foreign { "User" } else { "" }),
            conversion_rate: self.symbols.put(if foreign { &rate } else { "" }),
            external_reference: text(document, "stamp").to_owned(),
            lines,
            ..Header::default()
        })
    }

    fn check_balanced(&self, lines: &[Line], currency: &str) -> Result<(), String> {
        let mut sums: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
        for line in lines {
            let company = self.setup.chart.company_of(line.combination);
            *sums.entry(company).or_default() +=
                line.accounted_debit.unwrap_or(0) - line.accounted_credit.unwrap_or(0);
        }
        match sums
            .into_iter()
            .find(|(_, sum)| *sum != 0 && currency != "STAT")
        {
            Some((company, _)) => Err(format!("the journal doesn't balance for company {company}")),
            None if lines.is_empty() => Err("lines are missing".into()),
            None => Ok(()),
        }
    }
}
