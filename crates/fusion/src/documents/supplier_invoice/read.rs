//! A row of `invoices` to what the books hold.
//!
//! The charge side is each distribution (or the line, where Fusion has not distributed it yet), the liability side is the header's
//! liability account with the opposite sum, as Create Accounting books it (company set-up).

use serde_json::Value;
use tieout_connector::{BalanceKey, MemberLine};
use tieout_model::{
    AccountingDate, Amount, Code, Combination, Currency, Digest, ExchangeRate, Stamp,
};

use crate::client::{Row, children};
use crate::config::{FusionConfig, StatusWords};
use crate::documents::supplier_invoice::LINES;
use crate::wire::attribute::{self, Unreadable, amount, date, flag, required, text};

/// An invoice as read back.
#[derive(Debug, Clone)]
pub(crate) struct InvoiceRow {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) supplier: String,
    pub(crate) source: String,
    pub(crate) accounting_date: AccountingDate,
    pub(crate) currency: Currency,
    pub(crate) rate: Option<ExchangeRate>,
    pub(crate) is_credit: bool,
    pub(crate) is_accounted: bool,
    pub(crate) is_cancelled: bool,
    /// Text of each charge, in the order of `lines`; the liability has none.
    pub(crate) memos: Vec<String>,
    pub(crate) lines: Vec<MemberLine>,
    pub(crate) evidence: Digest,
}

impl InvoiceRow {
    /// Sum of the debits in ledger currency.
    pub(crate) fn total_debit(&self) -> Result<Amount, Unreadable> {
        let debits = self.lines.iter().map(|line| line.functional);
        sum(
            "invoiceLines",
            debits.filter(|amount| !amount.is_negative()),
        )
    }
}

/// Reads a row whose lines were expanded and completed.
///
/// # Errors
/// [`Unreadable`] naming the attribute.
pub(crate) fn read_invoice(
    config: &FusionConfig,
    ledger_currency: Currency,
    row: &Row,
) -> Result<InvoiceRow, Unreadable> {
    let value = &row.value;
    let written = text(value, "InvoiceCurrency");
    let currency: Currency = written
        .parse()
        .map_err(|_| Unreadable::new("InvoiceCurrency", &written, "a currency"))?;
    let flexfield = children(value, &config.flexfields.invoice).first();
    let stamp =
        flexfield.and_then(|segments| Stamp::read(&text(segments, &config.flexfields.stamp)));
    let words = &config.status_words;
    let is_cancelled = flag(value, "CanceledFlag")
        || StatusWords::has(&words.cancelled, &text(value, "ValidationStatus"));
    let is_accounted =
        !is_cancelled && StatusWords::has(&words.accounted, &text(value, "AccountingStatus"));
    let mut invoice = InvoiceRow {
        id: text(value, "InvoiceId"),
        number: text(value, "InvoiceNumber"),
        stamp,
        supplier: text(value, "SupplierNumber"),
        source: text(value, "InvoiceSource"),
        accounting_date: required("AccountingDate", date(value, "AccountingDate")?)?,
        currency,
        rate: attribute::rate(value, "ConversionRate")?,
        is_credit: amount(value, "InvoiceAmount")?.is_some_and(Amount::is_negative),
        is_accounted,
        is_cancelled,
        memos: Vec::new(),
        lines: Vec::new(),
        evidence: row.evidence,
    };
    for line in children(value, LINES[0]) {
        let distributions = children(line, LINES[1]);
        if distributions.is_empty() {
            let charge = charge(config, ledger_currency, &invoice, line, "LineAmount")?;
            invoice.lines.push(charge);
            invoice.memos.push(text(line, "Description"));
        }
        for distribution in distributions {
            let charge = charge(
                config,
                ledger_currency,
                &invoice,
                distribution,
                "DistributionAmount",
            )?;
            invoice.lines.push(charge);
            invoice.memos.push(text(line, "Description"));
        }
    }
    if !invoice.lines.is_empty() {
        let liability = liability(config, value, &invoice)?;
        invoice.lines.push(liability);
    }
    Ok(invoice)
}

fn charge(
    config: &FusionConfig,
    ledger_currency: Currency,
    invoice: &InvoiceRow,
    row: &Value,
    amount_attribute: &str,
) -> Result<MemberLine, Unreadable> {
    let entered = required(amount_attribute, amount(row, amount_attribute)?)?;
    let base = amount(row, "BaseAmount")?;
    let is_foreign = invoice.currency != ledger_currency;
    let functional = match (base, &invoice.rate) {
        _ if !is_foreign => entered,
        (Some(base), _) => base,
        (None, Some(rate)) => entered
            .times(rate, ledger_currency.decimals())
            .map_err(|e| Unreadable::new(amount_attribute, e, "an amount in range"))?,
        // Somebody's draft without a rate has no functional amount yet; the ledger does not hold it either.
        (None, None) if !invoice.is_accounted => Amount::ZERO,
        (None, None) => {
            return Err(Unreadable::new(
                "BaseAmount",
                "absent",
                "a base amount or a rate",
            ));
        }
    };
    Ok(MemberLine {
        key: BalanceKey::Segments(read_combination(
            config,
            &text(row, "DistributionCombination"),
        )),
        currency: invoice.currency,
        amount: entered,
        functional,
    })
}

fn liability(
    config: &FusionConfig,
    row: &Value,
    invoice: &InvoiceRow,
) -> Result<MemberLine, Unreadable> {
    let charges = &invoice.lines;
    let account = read_combination(config, &text(row, "LiabilityDistribution"));
    Ok(MemberLine {
        key: BalanceKey::Segments(account),
        currency: invoice.currency,
        amount: sum("invoiceLines", charges.iter().map(|line| line.amount))?.negated(),
        functional: sum("invoiceLines", charges.iter().map(|line| line.functional))?.negated(),
    })
}

fn sum(attribute: &str, amounts: impl Iterator<Item = Amount>) -> Result<Amount, Unreadable> {
    Amount::sum(amounts).map_err(|e| Unreadable::new(attribute, e, "a sum in range"))
}

/// The segments of a concatenated combination, attributes empty; none for a blank one.
pub(crate) fn read_combination(config: &FusionConfig, joined: &str) -> Combination {
    let values = joined
        .split(&config.delimiter)
        .filter(|_| !joined.is_empty());
    Combination {
        segments: values.map(Code::new).collect(),
        ..Combination::default()
    }
}
