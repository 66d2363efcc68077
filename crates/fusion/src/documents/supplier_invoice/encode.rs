//! A supplier invoice to the body of `POST /invoices` (fusion.md §6.1).
//!
//! Dates, rate, due date and coding are stated, never left to the target's defaults. Only descriptions are shortened; anything else that
//! does not fit is refused before it is sent.

use serde_json::Number;
use tieout_connector::BatchItem;
use tieout_model::{
    Coding, Combination, InvoiceDraft, InvoiceLine, Placement, Rejection, SupplierInvoice,
};

use crate::config::FusionConfig;
use crate::documents::flexfield::Flexfields;
use crate::documents::refusal::unsendable;
use crate::wire::attribute::{number_of, number_of_rate, shortened};
use crate::wire::members::Members;

/// About as many attributes as a header has.
const HEADER_LEN: usize = 20;
/// About as many attributes as a line has.
const LINE_LEN: usize = 8;
/// About as many segments as a flexfield has.
const FLEXFIELD_LEN: usize = 5;
const RETRANSLATE: &str = "translate the document with a signed crosswalk before sending it";

/// The body that creates `invoice`.
///
/// # Errors
/// A [`Rejection`] naming what can't be sent and who must change what.
pub(crate) fn encode<'a>(
    config: &'a FusionConfig,
    item: &'a BatchItem,
    invoice: &'a SupplierInvoice,
) -> Result<Members<'a>, Rejection> {
    let draft = invoice.draft();
    let placement = placement_of(draft)?;
    check_number(config, draft)?;
    let is_foreign = draft.currency != placement.currency;
    let mut body = Members::with_capacity(HEADER_LEN);
    body.put("InvoiceNumber", &draft.number);
    let invoice_type = if draft.is_credit {
        &config.invoice_type_credit
    } else {
        &config.invoice_type_standard
    };
    body.put("InvoiceType", invoice_type);
    body.put("InvoiceSource", &config.invoice_source);
    body.put("BusinessUnit", &placement.business_unit);
    body.put("LegalEntity", &placement.legal_entity);
    body.put("SupplierNumber", draft.supplier.as_str());
    body.put("SupplierSite", &config.supplier_site);
    body.put("InvoiceAmount", number_of(invoice.total()));
    body.put("InvoiceCurrency", draft.currency.code());
    body.put("InvoiceDate", draft.document_date.to_string());
    body.put("AccountingDate", draft.accounting_date.to_string());
    if is_foreign {
        let rate = draft.rate.as_ref().ok_or_else(|| {
            let message = format!(
                "currency {} differs from ledger currency {} but there is no rate",
                draft.currency, placement.currency
            );
            unsendable(
                "rate",
                message,
                "give the document its exchange rate in the source",
            )
        })?;
        body.put("ConversionRateType", &config.conversion_type);
        body.put("ConversionRate", number_of_rate(rate));
        body.put("ConversionDate", draft.accounting_date.to_string());
    }
    let control = joined(config, &draft.control, "control line")?;
    body.put("LiabilityDistribution", control);
    if !draft.description.is_empty() {
        let description = shortened(&draft.description, config.description_len_max);
        body.put("Description", description);
    }
    if let Some(due) = draft.due_date.filter(|_| config.sends_installments) {
        let mut installment = Members::with_capacity(3);
        installment.put("InstallmentNumber", Number::from(1));
        installment.put("DueDate", due.to_string());
        installment.put("GrossAmount", number_of(invoice.total()));
        body.put("invoiceInstallments", vec![installment]);
    }
    let flexfield = header_flexfield(config, item, draft)?;
    body.put(&config.flexfields.invoice, vec![flexfield]);
    let lines = draft.lines.iter();
    let lines = lines.map(|line| encode_line(config, draft, placement, line));
    body.put("invoiceLines", lines.collect::<Result<Vec<_>, _>>()?);
    Ok(body)
}

fn placement_of(draft: &InvoiceDraft) -> Result<&Placement, Rejection> {
    let placement = draft.placement.as_ref().ok_or_else(|| {
        unsendable(
            "placement",
            "the document has no business unit",
            RETRANSLATE,
        )
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
    Ok(placement)
}

fn check_number(config: &FusionConfig, draft: &InvoiceDraft) -> Result<(), Rejection> {
    let length = draft.number.chars().count();
    if length == 0 || length > config.invoice_number_len_max {
        let message = format!(
            "invoice number {:?} has {length} characters, Fusion takes 1 to {}",
            draft.number, config.invoice_number_len_max
        );
        let remedy = "give the document a shorter number in the source; it is never cut";
        return Err(unsendable("InvoiceNumber", message, remedy));
    }
    Ok(())
}

fn header_flexfield<'a>(
    config: &'a FusionConfig,
    item: &'a BatchItem,
    draft: &'a InvoiceDraft,
) -> Result<Members<'a>, Rejection> {
    let names = &config.flexfields;
    let mut segments = Members::with_capacity(FLEXFIELD_LEN);
    segments.put("__FLEX_Context", &names.context);
    segments.put(&names.stamp, item.marks.stamp.as_str());
    segments.put(&names.document, &item.number);
    segments.put(&names.crosswalk, &item.crosswalk_version);
    let codings = draft.lines.iter().map(|line| &line.coding);
    for coding in codings.chain([&draft.control]) {
        let carried = Flexfields::of(combination(coding, "header")?);
        let context = carried.header_context;
        if let Some(context) = context.filter(|own| *own != config.flexfields.context) {
            let message = format!(
                "the crosswalk puts header flexfields into context {context:?}, and our stamp stands in {:?}: a row has one context",
                config.flexfields.context
            );
            let remedy = "leave the context out for header flexfields in a new signed version, or set the same context in the settings";
            return Err(unsendable("header flexfield", message, remedy));
        }
        for (name, value) in carried.header {
            segments.put(name, value);
        }
    }
    Ok(segments)
}

fn encode_line<'a>(
    config: &'a FusionConfig,
    draft: &'a InvoiceDraft,
    placement: &Placement,
    line: &'a InvoiceLine,
) -> Result<Members<'a>, Rejection> {
    let place = format!("line {}", line.number);
    let mut body = Members::with_capacity(LINE_LEN);
    body.put("LineNumber", Number::from(line.number));
    body.put("LineType", "Item");
    body.put("LineAmount", number_of(line.amount));
    body.put("AccountingDate", draft.accounting_date.to_string());
    let coding = joined(config, &line.coding, &place)?;
    body.put("DistributionCombination", coding);
    if !line.memo.is_empty() {
        let memo = shortened(&line.memo, config.description_len_max);
        body.put("Description", memo);
    }
    if !is_functional_derived(draft, placement, line, &place)? {
        body.put("BaseAmount", number_of(line.functional));
    }
    let carried = combination(&line.coding, &place).map(Flexfields::of)?;
    if !carried.line.is_empty() {
        let mut segments = Members::with_capacity(FLEXFIELD_LEN);
        let context = carried.line_context;
        let context = context.unwrap_or(&config.flexfields.context);
        segments.put("__FLEX_Context", context);
        for (name, value) in carried.line {
            let known = config
                .flexfields
                .line_attributes
                .iter()
                .find(|known| known.eq_ignore_ascii_case(name));
            let known = known.ok_or_else(|| unknown_attribute(&place, name))?;
            segments.put(known, value);
        }
        body.put(&config.flexfields.invoice_line, vec![segments]);
    }
    Ok(body)
}

/// True if Fusion derives the functional amount itself: same currency, or amount x rate rounded half away from zero.
fn is_functional_derived(
    draft: &InvoiceDraft,
    placement: &Placement,
    line: &InvoiceLine,
    place: &str,
) -> Result<bool, Rejection> {
    let Some(rate) = draft
        .rate
        .as_ref()
        .filter(|_| draft.currency != placement.currency)
    else {
        if line.amount == line.functional {
            return Ok(true);
        }
        let message = format!(
            "functional amount {} differs from {} in the same currency",
            line.functional, line.amount
        );
        return Err(unsendable(place, message, "correct the line in the source"));
    };
    let derived = line.amount.times(rate, placement.currency.decimals());
    Ok(derived.is_ok_and(|derived| derived == line.functional))
}

pub(crate) fn unknown_attribute(place: &str, name: &str) -> Rejection {
    let message = format!("flexfield attribute {name:?} is not set up for lines");
    unsendable(
        place,
        message,
        "name it in the configuration of the Fusion system or drop it from the crosswalk",
    )
}

pub(crate) fn combination<'a>(
    coding: &'a Coding,
    place: &str,
) -> Result<&'a Combination, Rejection> {
    coding.combination().ok_or_else(|| {
        unsendable(
            place,
            "it is coded with dimensions, not with segments",
            RETRANSLATE,
        )
    })
}

fn joined(config: &FusionConfig, coding: &Coding, place: &str) -> Result<String, Rejection> {
    let combination = combination(coding, place)?;
    check_segments(config, combination, place)?;
    Ok(combination.joined(&config.delimiter))
}

/// Checks number and characters of segment values.
///
/// # Errors
/// A [`Rejection`] naming the segment.
pub(crate) fn check_segments(
    config: &FusionConfig,
    combination: &Combination,
    place: &str,
) -> Result<(), Rejection> {
    let (found, wanted) = (combination.segments.len(), config.segments.len());
    if found != wanted {
        let message = format!("{found} segments, the chart of accounts has {wanted}");
        return Err(unsendable(
            place,
            message,
            "compare the segments of crosswalk and configuration",
        ));
    }
    for (name, value) in config.segments.iter().zip(&combination.segments) {
        let text = value.as_str();
        if text.is_empty() || text.contains(&config.delimiter) || text.contains(char::is_control) {
            let message = format!(
                "segment {name} has the value {text:?}, which can't stand in a combination"
            );
            return Err(unsendable(place, message, "correct the crosswalk"));
        }
    }
    Ok(())
}
