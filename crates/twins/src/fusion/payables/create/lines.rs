//! The lines of an invoice body.

use serde_json::{Map, Value as Json};

use super::{Money, Party, Reader};
use crate::fusion::body::{date, flexfield, given, money, number, only, text};
use crate::fusion::calendar::Day;
use crate::fusion::fault::Fault;
use crate::fusion::payables::accounting::open_period;
use crate::fusion::payables::{Line, Split, base_of};
use crate::fusion::symbols::Symbol;

/// What a distribution takes; the first three describe it, all but the amount and the account are the line's.
const SPLIT: [&str; 6] = [
    "DistributionLineNumber",
    "DistributionLineType",
    "DistributionAmount",
    "Description",
    "AccountingDate",
    "DistributionCombination",
];

const LINE: [&str; 14] = [
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
    "invoiceDistributions",
];

impl Reader<'_> {
    pub(super) fn lines(
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
            let owner = chart.company_of(liability);
            let odd = line
                .parts()
                .find(|p| chart.company_of(p.combination) != owner);
            if let (Some(odd), true) = (odd, self.options.refuse_unbalanced_invoice) {
                let company = chart.company_of(odd.combination);
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
        let base = self.base(row, amount, terms, party, path)?;
        let splits = self.splits(row, (amount, base), party, terms, day, path)?;
        let combination = match (
            splits.first(),
            text(row, "DistributionCombination", 250, path)?,
        ) {
            (Some(first), None) => first.combination,
            (None, Some(code)) => {
                self.combination(code, day, party, "DistributionCombination", path)?
            }
            (None, None) => return Err(required("DistributionCombination")),
            (Some(_), Some(_)) => {
                let words = "Give the line a distribution combination or distributions, not both.";
                return Err(Fault::bad(words, path));
            }
        };
        let (context, attributes) = self.line_flexfield(row, path)?;
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
            splits,
        })
    }

    /// Context and attributes of the line's flexfield; empty if it is not given.
    fn line_flexfield(
        &mut self,
        row: &Map<String, Json>,
        path: &str,
    ) -> Result<(Symbol, [Symbol; 4]), Fault> {
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
        Ok((context, attributes))
    }

    /// The distributions of a line (fusion.md §6.1 [S]): they add up to the line, in base amounts too, the last one taking what rounding leaves.
    fn splits(
        &mut self,
        row: &Map<String, Json>,
        (amount, base): (i64, i64),
        party: &Party,
        terms: &Money,
        day: Day,
        path: &str,
    ) -> Result<Box<[Split]>, Fault> {
        let Some(value) = given(row, "invoiceDistributions") else {
            return Ok(Box::default());
        };
        let wrong = || Fault::wrong_type("invoiceDistributions", "an array of objects", path);
        let own = self.setup.ledgers[party.ledger].decimals;
        let mut splits: Vec<Split> = Vec::new();
        for (at, item) in value.as_array().ok_or_else(wrong)?.iter().enumerate() {
            let path = format!("{path}/invoiceDistributions/{at}");
            let item = item.as_object().ok_or_else(wrong)?;
            only(item, |k| SPLIT.contains(&k), &path)?;
            let required = |name: &str| Fault::required(name, "InvoiceDistribution", &path);
            let kind = text(item, "DistributionLineType", 25, &path)?.unwrap_or("Item");
            if !["Item", "Freight", "Miscellaneous"].contains(&kind) {
                return Err(Fault::not_listed("DistributionLineType", &path));
            }
            number(item, "DistributionLineNumber", &path)?;
            text(item, "Description", 240, &path)?;
            if date(item, "AccountingDate", &path)?.is_some_and(|d| d != day) {
                let words = "The accounting date of a distribution must be that of its line.";
                return Err(Fault::bad(words, path));
            }
            let amount = money(item, "DistributionAmount", terms.decimals, &path)?
                .ok_or_else(|| required("DistributionAmount"))?;
            let code = text(item, "DistributionCombination", 250, &path)?
                .ok_or_else(|| required("DistributionCombination"))?;
            let combination =
                self.combination(code, day, party, "DistributionCombination", &path)?;
            let rate = self.symbols.text(terms.rate);
            let base = base_of(amount, terms.decimals, rate, own)
                .ok_or_else(|| Fault::bad("The converted amount is too large.", &path))?;
            splits.push(Split {
                amount,
                base,
                combination,
            });
        }
        let sum = |of: fn(&Split) -> i64| splits.iter().map(of).map(i128::from).sum::<i128>();
        if !splits.is_empty() && sum(|s| s.amount) != i128::from(amount) {
            let words = "The sum of the distributions doesn't equal the line amount.";
            return Err(Fault::bad(words, path));
        }
        let left = i128::from(base) - sum(|s| s.base);
        if let (Some(last), Ok(left)) = (splits.last_mut(), i64::try_from(left)) {
            last.base = last.base.saturating_add(left);
        }
        Ok(splits.into_boxed_slice())
    }

    /// The base amount as given, or converted.
    fn base(
        &self,
        row: &Map<String, Json>,
        amount: i64,
        terms: &Money,
        party: &Party,
        path: &str,
    ) -> Result<i64, Fault> {
        let own = self.setup.ledgers[party.ledger].decimals;
        if let Some(base) = money(row, "BaseAmount", own, path)? {
            return Ok(base);
        }
        let found = base_of(amount, terms.decimals, self.symbols.text(terms.rate), own);
        found.ok_or_else(|| Fault::bad("The converted amount is too large.", path))
    }
}
