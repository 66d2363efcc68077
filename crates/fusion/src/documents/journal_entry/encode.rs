//! A journal entry to rows of `GlInterface.csv`: 149 columns by position, optionally `END` (fusion.md §9.3).
//!
//! Currency. If all lines share one foreign currency, one rate, and balance in it, the journal is in that currency with entered and accounted
//! amounts and conversion type User. Otherwise it is in the ledger's currency with entered = accounted = functional amount, since Fusion
//! balances entered amounts per currency; the transaction's currency, amount and rate then stand in the line references.

use tieout_connector::BatchItem;
use tieout_model::{
    AccountingDate, Amount, Currency, ExchangeRate, JournalDraft, JournalLine, Placement, Rejection,
};

use crate::config::FusionConfig;
use crate::documents::flexfield::Flexfields;
use crate::documents::refusal::unsendable;
use crate::documents::supplier_invoice::{check_segments, combination, unknown_attribute};
use crate::wire::attribute::shortened;

/// Data columns of a row.
pub(crate) const COLUMNS: usize = 149;
/// Segment columns, 9 to 38.
const SEGMENTS_MAX: usize = 30;
/// Line flexfield columns, 69 to 78.
const ATTRIBUTES_MAX: usize = 10;

/// What all rows of one file share.
#[derive(Debug, Clone)]
pub(crate) struct FileMarks {
    /// Group id, digits.
    pub(crate) group: String,
    /// Day the file is made on.
    pub(crate) created: AccountingDate,
}

/// One row under construction; columns count from 1 as in the dossier.
struct Record(Vec<String>);

impl Record {
    fn put(&mut self, position: usize, text: impl Into<String>) {
        if let Some(cell) = position.checked_sub(1).and_then(|i| self.0.get_mut(i)) {
            *cell = text.into();
        }
    }
}

/// In which currency a journal is entered.
enum Entered<'a> {
    Ledger(Currency),
    Foreign(Currency, &'a ExchangeRate),
}

/// The rows of one entry.
///
/// # Errors
/// A [`Rejection`] naming what can't be sent and who must change what.
pub(crate) fn encode(
    config: &FusionConfig,
    marks: &FileMarks,
    item: &BatchItem,
    draft: &JournalDraft,
) -> Result<Vec<Vec<String>>, Rejection> {
    let placement = draft.placement.as_ref().ok_or_else(|| {
        let remedy = "translate the document with a signed crosswalk before sending it";
        unsendable("placement", "the document has no ledger", remedy)
    })?;
    if placement.currency != draft.functional_currency {
        let message = format!(
            "ledger {} is kept in {}, the entity in {}",
            placement.ledger, placement.currency, draft.functional_currency
        );
        let remedy =
            "correct the placement of the entity: its ledger must have its functional currency";
        return Err(unsendable("placement", message, remedy));
    }
    if placement.period.is_empty() {
        let remedy = "map the period of the accounting date to the ledger's calendar";
        return Err(unsendable(
            "period",
            "the document has no period of the ledger",
            remedy,
        ));
    }
    if item.number.chars().count() > config.reference_len_max {
        let message = format!(
            "number {:?} is longer than {}",
            item.number, config.reference_len_max
        );
        return Err(unsendable(
            "number",
            message,
            "give it a shorter number in the source; it is never cut",
        ));
    }
    let entered = entered_in(draft, placement);
    let rows = draft.lines.iter().map(|line| {
        let mut record = Record(vec![String::new(); COLUMNS]);
        put_header(&mut record, config, marks, item, draft, placement);
        put_coding(&mut record, config, line)?;
        put_amounts(&mut record, config, &entered, draft, line);
        put_references(&mut record, config, item, line);
        if config.import.has_end_column {
            record.0.push("END".to_owned());
        }
        Ok(record.0)
    });
    rows.collect()
}

fn entered_in<'a>(draft: &'a JournalDraft, placement: &Placement) -> Entered<'a> {
    let ledger = placement.currency;
    let Some(first) = draft.lines.first() else {
        return Entered::Ledger(ledger);
    };
    if first.currency.is_statistical() {
        return Entered::Ledger(Currency::STAT);
    }
    let Some(rate) = first.rate.as_ref().filter(|_| first.currency != ledger) else {
        return Entered::Ledger(ledger);
    };
    let is_alike = draft.lines.iter().all(|line| {
        line.currency == first.currency && line.rate.as_ref() == Some(rate) && is_one_sided(line)
    });
    let sum = Amount::sum(draft.lines.iter().map(|line| line.amount));
    if is_alike && sum.is_ok_and(Amount::is_zero) {
        Entered::Foreign(first.currency, rate)
    } else {
        Entered::Ledger(ledger)
    }
}

/// True if entered and functional amount stand on the same side.
fn is_one_sided(line: &JournalLine) -> bool {
    line.amount.is_zero()
        || line.functional.is_zero()
        || line.amount.is_negative() == line.functional.is_negative()
}

fn put_header(
    record: &mut Record,
    config: &FusionConfig,
    marks: &FileMarks,
    item: &BatchItem,
    draft: &JournalDraft,
    placement: &Placement,
) {
    let stamp = item.marks.stamp.as_str();
    let name = shortened(
        &format!("{stamp} {}", plain(&item.number)),
        config.name_prefix_len_max,
    );
    let described = if draft.description.is_empty() {
        &item.number
    } else {
        &draft.description
    };
    let description = shortened(&safe(described), config.description_len_max);
    record.put(1, "NEW");
    record.put(3, draft.accounting_date.strftime("%Y/%m/%d").to_string());
    record.put(4, &config.journal_source);
    record.put(5, config.journal_categories.of(draft.purpose));
    record.put(7, marks.created.strftime("%Y/%m/%d").to_string());
    record.put(8, "A");
    record.put(43, stamp);
    record.put(44, &description);
    record.put(46, name.trim_end());
    record.put(47, &description);
    record.put(48, stamp);
    record.put(67, &marks.group);
    record.put(92, &placement.ledger);
    record.put(95, &placement.period);
}

fn put_coding(
    record: &mut Record,
    config: &FusionConfig,
    line: &JournalLine,
) -> Result<(), Rejection> {
    let place = format!("line {}", line.number);
    let combination = combination(&line.coding, &place)?;
    check_segments(config, combination, &place)?;
    for (i, value) in combination.segments.iter().take(SEGMENTS_MAX).enumerate() {
        record.put(9 + i, value.as_str());
    }
    // The import file has no header flexfield: what belongs there stands in the attribute columns of every line.
    let carried = Flexfields::of(combination);
    if !combination.attributes.is_empty() {
        let context = carried.line_context.or(carried.header_context);
        record.put(68, context.unwrap_or(&config.flexfields.context));
    }
    for (name, value) in carried.line.into_iter().chain(carried.header) {
        let mut known = config
            .flexfields
            .line_attributes
            .iter()
            .take(ATTRIBUTES_MAX);
        let index = known.position(|known| known.eq_ignore_ascii_case(name));
        let index = index.ok_or_else(|| unknown_attribute(&place, name))?;
        record.put(69 + index, safe(value));
    }
    Ok(())
}

fn put_amounts(
    record: &mut Record,
    config: &FusionConfig,
    entered: &Entered<'_>,
    draft: &JournalDraft,
    line: &JournalLine,
) {
    let (currency, amount, functional) = match entered {
        Entered::Ledger(currency) if currency.is_statistical() => {
            (currency, line.amount, line.amount)
        }
        Entered::Ledger(currency) => (currency, line.functional, line.functional),
        Entered::Foreign(currency, rate) => {
            record.put(64, &config.conversion_type);
            record.put(65, draft.accounting_date.strftime("%Y/%m/%d").to_string());
            record.put(66, rate.text());
            (currency, line.amount, line.functional)
        }
    };
    let is_credit = amount.is_negative() || (amount.is_zero() && functional.is_negative());
    let side = usize::from(is_credit);
    record.put(6, currency.code());
    record.put(39 + side, amount.abs().to_string());
    record.put(41 + side, functional.abs().to_string());
}

fn put_references(
    record: &mut Record,
    config: &FusionConfig,
    item: &BatchItem,
    line: &JournalLine,
) {
    record.put(52, shortened(&safe(&line.memo), config.description_len_max));
    record.put(53, safe(&item.number));
    record.put(54, line.number.to_string());
    record.put(55, line.currency.code());
    record.put(56, line.amount.to_string());
    record.put(
        57,
        line.rate
            .as_ref()
            .map(ExchangeRate::text)
            .unwrap_or_default(),
    );
    record.put(58, safe(&item.crosswalk_version));
}

/// Text without control characters: a line break inside a cell can cost the whole file (fusion.md §5.4: one bad row discards all).
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Text that no spreadsheet takes for a formula: such a cell gets a leading quote.
fn safe(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quote = if is_formula { "'" } else { "" };
    format!("{quote}{}", plain(text))
}

/// The file of `rows`.
///
/// # Errors
/// The writer's words.
pub(crate) fn file_of(rows: &[Vec<String>]) -> Result<Vec<u8>, String> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|e| e.to_string())?;
    }
    writer.into_inner().map_err(|e| e.to_string())
}
