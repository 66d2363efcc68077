//! A row of `journalBatches` to the journals it holds (fusion.md §9.1 attributes [S]).

use serde_json::Value;
use tieout_connector::{BalanceKey, MemberLine};
use tieout_model::delivery::STAMP_PREFIX;
use tieout_model::{AccountingDate, Amount, Currency, ExchangeRate, Stamp};

use crate::client::{Row, children};
use crate::config::{FusionConfig, StatusWords};
use crate::documents::journal_entry::BATCH_LINES;
use crate::documents::supplier_invoice::read_combination;
use crate::wire::attribute::{self, Unreadable, amount, date, required, text};

/// Letters and digits of a stamp after its prefix.
const STAMP_BODY_LEN: usize = 19;

/// One journal (header) of a batch.
#[derive(Debug, Clone)]
pub(crate) struct JournalRow {
    pub(crate) batch_id: String,
    /// Name of the journal.
    pub(crate) name: String,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) source: String,
    pub(crate) category: String,
    pub(crate) description: String,
    pub(crate) ledger: String,
    pub(crate) ledger_currency: Currency,
    pub(crate) currency: Currency,
    pub(crate) rate: Option<ExchangeRate>,
    pub(crate) period: String,
    pub(crate) accounting_date: AccountingDate,
    pub(crate) is_posted: bool,
    /// Text of each line.
    pub(crate) memos: Vec<String>,
    pub(crate) lines: Vec<MemberLine>,
}

impl JournalRow {
    /// Functional debits; quantities are no money and count nothing.
    pub(crate) fn debits(&self) -> impl Iterator<Item = Amount> + '_ {
        let lines = self
            .lines
            .iter()
            .filter(|line| !line.currency.is_statistical());
        lines
            .map(|line| line.functional)
            .filter(|amount| !amount.is_negative())
    }
}

/// The journals of a batch whose children are complete.
///
/// # Errors
/// [`Unreadable`] naming the attribute.
pub(crate) fn read_batch(config: &FusionConfig, row: &Row) -> Result<Vec<JournalRow>, Unreadable> {
    let batch = &row.value;
    let posted = &config.status_words.posted;
    let is_posted = ["Status", "StatusMeaning"]
        .iter()
        .any(|attribute| StatusWords::has(posted, &text(batch, attribute)));
    let headers = children(batch, BATCH_LINES[0]).iter();
    headers
        .map(|header| read_journal(config, batch, header, is_posted))
        .collect()
}

fn read_journal(
    config: &FusionConfig,
    batch: &Value,
    header: &Value,
    is_posted: bool,
) -> Result<JournalRow, Unreadable> {
    let currency = currency_of(header, "CurrencyCode")?;
    let ledger_currency = currency_of(header, "LedgerCurrencyCode")?;
    let header_period = text(header, "PeriodName");
    let date = date(header, "DefaultEffectiveDate")?;
    let by_reference = Stamp::read(&text(header, "ExternalReference"));
    let lines = children(header, BATCH_LINES[1]).iter();
    let memos = lines.clone().map(|line| text(line, "Description"));
    let line_of = |line| read_line(config, line, currency, ledger_currency, is_posted);
    Ok(JournalRow {
        batch_id: text(batch, "JeBatchId"),
        name: text(header, "JournalName"),
        stamp: by_reference.or_else(|| stamp_in(&text(batch, "BatchName"))),
        source: text(batch, "UserJeSourceName"),
        category: text(header, "UserJeCategoryName"),
        description: text(header, "JournalDescription"),
        ledger: text(header, "LedgerName"),
        ledger_currency,
        currency,
        rate: attribute::rate(header, "CurrencyConversionRate")?
            .filter(|_| currency != ledger_currency),
        period: if header_period.is_empty() {
            text(batch, "DefaultPeriodName")
        } else {
            header_period
        },
        accounting_date: required("DefaultEffectiveDate", date)?,
        is_posted,
        memos: memos.collect(),
        lines: lines.map(line_of).collect::<Result<_, _>>()?,
    })
}

fn read_line(
    config: &FusionConfig,
    line: &Value,
    currency: Currency,
    ledger_currency: Currency,
    is_posted: bool,
) -> Result<MemberLine, Unreadable> {
    let entered = net(line, "EnteredDr", "EnteredCr")?;
    let accounted = net(line, "AccountedDr", "AccountedCr")?;
    let is_own = currency == ledger_currency || currency.is_statistical();
    let functional = match (accounted, entered) {
        (Some(accounted), _) => accounted,
        (None, Some(entered)) if is_own => entered,
        // Somebody's unposted draft has no functional amount yet.
        (None, _) if !is_posted => Amount::ZERO,
        (None, _) => {
            return Err(Unreadable::new(
                "AccountedDr",
                "absent",
                "an accounted amount",
            ));
        }
    };
    Ok(MemberLine {
        key: BalanceKey::Segments(read_combination(config, &text(line, "AccountCombination"))),
        currency,
        amount: entered.unwrap_or(functional),
        functional,
    })
}

/// Debit minus credit; `None` if neither is given.
fn net(line: &Value, debit: &str, credit: &str) -> Result<Option<Amount>, Unreadable> {
    let (debit_amount, credit_amount) = (amount(line, debit)?, amount(line, credit)?);
    if debit_amount.is_none() && credit_amount.is_none() {
        return Ok(None);
    }
    debit_amount
        .unwrap_or_default()
        .minus(credit_amount.unwrap_or_default())
        .map(Some)
        .map_err(|e| Unreadable::new(debit, e, "an amount in range"))
}

fn currency_of(row: &Value, attribute: &str) -> Result<Currency, Unreadable> {
    let written = text(row, attribute);
    let parsed = written.parse();
    parsed.map_err(|_| Unreadable::new(attribute, &written, "a currency"))
}

/// The stamp a text begins with: prefix, body and the number of a correction if a boundary follows it.
pub(crate) fn stamp_in(name: &str) -> Option<Stamp> {
    let rest = name.strip_prefix(STAMP_PREFIX)?;
    let body = rest.get(..STAMP_BODY_LEN)?;
    if !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let after = rest.get(STAMP_BODY_LEN..)?;
    let digits = after.strip_prefix('-').map_or(0, |tail| {
        tail.bytes().take_while(u8::is_ascii_digit).count()
    });
    let number_len = if digits == 0 { 0 } else { digits + 1 };
    let number = after.get(..number_len)?;
    let boundary = after.get(number_len..)?;
    let is_ended = !boundary.starts_with(|c: char| c.is_ascii_alphanumeric());
    is_ended
        .then(|| Stamp::read(&format!("{STAMP_PREFIX}{body}{number}")))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::stamp_in;

    fn check(name: &str, expected: Option<&str>) {
        let found = stamp_in(name);
        assert_eq!(found.as_ref().map(|s| s.as_str()), expected, "{name}");
    }

    #[test]
    fn a_stamp_is_read_from_the_name_without_the_suffix_of_the_target() {
        let stamp = "TIEOUT-0123456789ABCDEF012";
        check(stamp, Some(stamp));
        check(&format!("{stamp} Sage Intacct 1234 A 5678"), Some(stamp));
        check(
            &format!("{stamp}-2 Sage Intacct"),
            Some("TIEOUT-0123456789ABCDEF012-2"),
        );
        check(&format!("{stamp}3 Sage"), None);
        check("Manual batch of December", None);
        check("TIEOUT-short", None);
    }
}
