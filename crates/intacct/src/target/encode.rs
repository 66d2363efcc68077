//! From documents to the `create` of their objects (intacct-xml.md §3.1, §4.1, §4.2). Pure.

use tieout_connector::BatchItem;
use tieout_model::{
    Amount, Coding, Document, InvoiceDraft, JournalDraft, JournalLine, JournalPurpose, Rejection,
    Stamp,
};

use crate::civil_time::date_text;
use crate::config::IntacctConfig;
use crate::documents::{ENTRY_OBJECT, dimension_field};
use crate::xml::write::Element;

/// The `create` of an item.
///
/// # Errors
/// [`Rejection`] if this company can't take the document as it is; nothing was sent.
pub(super) fn create(config: &IntacctConfig, item: &BatchItem) -> Result<Element, Rejection> {
    let mut inside = Element::new();
    match &item.document {
        Document::JournalEntry(entry) => journal(config, item, entry.draft(), &mut inside)?,
        Document::SupplierInvoice(invoice) => {
            bill(config, &item.marks.stamp, invoice.draft(), &mut inside)?;
        }
        Document::Supplier(supplier) => {
            return Err(rejection(
                "",
                format!("supplier {} can't be created from here", supplier.code),
                "create the supplier in Sage Intacct",
            ));
        }
    }
    let mut body = Element::new();
    body.nest("create", |create| {
        create.append(&inside);
    });
    Ok(body)
}

fn rejection(place: &str, message: String, remedy: &str) -> Rejection {
    Rejection {
        code: String::new(),
        message,
        place: place.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn journal(
    config: &IntacctConfig,
    item: &BatchItem,
    draft: &JournalDraft,
    out: &mut Element,
) -> Result<(), Rejection> {
    let mut entries = Element::new();
    for line in &draft.lines {
        let mut entry = Element::new();
        journal_line(config, draft, line, &mut entry)?;
        entries.nest(ENTRY_OBJECT, |inside| {
            inside.append(&entry);
        });
    }
    let journals = &config.posting;
    let journal = match draft.purpose {
        JournalPurpose::Statistical => &journals.statistical_journal,
        JournalPurpose::Opening => &journals.opening_journal,
        JournalPurpose::Standard | JournalPurpose::Reversal if draft.is_adjusting => {
            &journals.adjusting_journal
        }
        JournalPurpose::Standard | JournalPurpose::Reversal => &journals.journal,
    };
    let title = match draft.description.as_str() {
        "" => item.number.as_str(),
        description => description,
    };
    out.nest("GLBATCH", |batch| {
        batch
            .leaf("JOURNAL", journal)
            .leaf("BATCH_DATE", &date_text(draft.accounting_date))
            .leaf("BATCH_TITLE", title)
            .leaf("REFERENCENO", item.marks.stamp.as_str())
            .leaf("HISTORY_COMMENT", &item.number)
            .leaf("BASELOCATION_NO", draft.entity.as_str())
            .leaf("STATE", "Posted")
            .nest("ENTRIES", |inside| {
                inside.append(&entries);
            });
    });
    Ok(())
}

fn journal_line(
    config: &IntacctConfig,
    draft: &JournalDraft,
    line: &JournalLine,
    out: &mut Element,
) -> Result<(), Rejection> {
    let place = format!("line {}", line.number);
    let is_quantity = line.currency.is_statistical();
    let side = if line.amount.is_negative() || line.functional.is_negative() {
        "-1"
    } else {
        "1"
    };
    out.leaf("TR_TYPE", side)
        .leaf("TRX_AMOUNT", &line.amount.abs().to_string());
    if !is_quantity {
        out.leaf("CURRENCY", line.currency.code());
    }
    if !is_quantity && line.currency != draft.functional_currency {
        let rate = line.rate.as_ref().ok_or_else(|| {
            let message = format!(
                "no rate from {} to {}",
                line.currency, draft.functional_currency
            );
            rejection(&place, message, "give the line a rate")
        })?;
        let decimals = draft.functional_currency.decimals();
        if line.amount.times(rate, decimals).ok() != Some(line.functional) {
            let message = format!(
                "{} {} at {rate} is not the booked {} {}, and Sage Intacct computes it anew",
                line.amount, line.currency, line.functional, draft.functional_currency
            );
            let remedy = "post the line in functional currency";
            return Err(rejection(&place, message, remedy));
        }
        out.leaf("EXCHANGE_RATE", rate.text());
    }
    coding(config, &line.coding, ENTRY_OBJECT, &place, out)?;
    out.leaf("DESCRIPTION", &line.memo);
    Ok(())
}

fn bill(
    config: &IntacctConfig,
    stamp: &Stamp,
    draft: &InvoiceDraft,
    out: &mut Element,
) -> Result<(), Rejection> {
    let (object, items_name, item_object) = if draft.is_credit {
        ("APADJUSTMENT", "APADJUSTMENTITEMS", "APADJUSTMENTITEM")
    } else {
        ("APBILL", "APBILLITEMS", "APBILLITEM")
    };
    let control = draft
        .control
        .dimensional()
        .ok_or_else(|| untranslated("control line"))?;
    let signed = |amount: Amount| {
        if draft.is_credit {
            amount.negated()
        } else {
            amount
        }
    };
    let mut items = Element::new();
    for line in &draft.lines {
        let mut item = Element::new();
        let place = format!("line {}", line.number);
        coding(config, &line.coding, item_object, &place, &mut item)?;
        item.leaf("OFFSETGLACCOUNTNO", control.account.as_str())
            .leaf("TRX_AMOUNT", &signed(line.amount).to_string())
            .leaf("ENTRYDESCRIPTION", &line.memo);
        items.nest(item_object, |inside| {
            inside.append(&item);
        });
    }
    let description = match (draft.reference.as_str(), draft.description.as_str()) {
        ("", text) | (text, "") => text.to_owned(),
        (reference, text) => format!("{reference}: {text}"),
    };
    out.nest(object, |bill| {
        bill.leaf("WHENCREATED", &date_text(draft.document_date))
            .leaf("WHENPOSTED", &date_text(draft.accounting_date))
            .leaf("VENDORID", draft.supplier.as_str())
            .leaf("RECORDID", &draft.number)
            .leaf("DOCNUMBER", stamp.as_str())
            .leaf("DESCRIPTION", &description);
        if let Some(due) = draft.due_date {
            bill.leaf("WHENDUE", &date_text(due));
        }
        bill.leaf("CURRENCY", draft.currency.code())
            .leaf("BASECURR", draft.functional_currency.code());
        if let Some(rate) = &draft.rate {
            bill.leaf("EXCHANGE_RATE", rate.text());
        }
        bill.leaf("ACTION", "Submit").nest(items_name, |inside| {
            inside.append(&items);
        });
    });
    Ok(())
}

fn untranslated(place: &str) -> Rejection {
    let message = "it is coded by segments, not by account and dimensions".to_owned();
    rejection(place, message, "translate the document for Sage Intacct")
}

fn coding(
    config: &IntacctConfig,
    coding: &Coding,
    object: &str,
    place: &str,
    out: &mut Element,
) -> Result<(), Rejection> {
    let coding = coding.dimensional().ok_or_else(|| untranslated(place))?;
    out.leaf("ACCOUNTNO", coding.account.as_str());
    for (name, value) in &coding.dimensions {
        let field = config.dimensions.get(name).ok_or_else(|| {
            let known: Vec<&str> = config.dimensions.keys().map(String::as_str).collect();
            let message = format!("dimension {name:?} is not one of {}", known.join(", "));
            rejection(place, message, "configure the field of this dimension")
        })?;
        out.leaf(dimension_field(field, object), value.as_str());
    }
    if let (Some(field), Some(affiliate)) = (&config.affiliate_field, &coding.affiliate) {
        out.leaf(field, affiliate.as_str());
    }
    Ok(())
}
