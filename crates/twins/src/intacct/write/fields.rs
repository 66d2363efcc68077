//! Which fields a document and its lines may be given (intacct-xml.md §3.3, §3.5, §4.1, §4.2 [V][D]); another one with a value is refused, so
//! that nothing a caller says is dropped silently.

use crate::intacct::books::Books;
use crate::intacct::fault::Fault;
use crate::intacct::xml::Element;

/// Fields of bills, vendor credits and invoices.
pub(super) const VOUCHER: &str = "RECORDNO WHENCREATED WHENPOSTED VENDORID CUSTOMERID RECORDID DOCNUMBER DESCRIPTION TERMNAME WHENDUE \
    RECPAYMENTDATE PAYMENTPRIORITY ONHOLD PRBATCH PRBATCHKEY CURRENCY BASECURR EXCH_RATE_DATE EXCH_RATE_TYPE_ID EXCHANGE_RATE SUPDOCID \
    ACTION BILLTOPAYTOCONTACTNAME SHIPTORETURNTOCONTACTNAME APBILLITEMS APADJUSTMENTITEMS ARINVOICEITEMS";
/// Fields of their lines.
pub(super) const VOUCHER_LINE: &str = "RECORDNO LINE_NO ACCOUNTNO ACCOUNTLABEL OFFSETGLACCOUNTNO TRX_AMOUNT ENTRYDESCRIPTION FORM1099 \
    FORM1099TYPE FORM1099BOX BILLABLE LOCATIONID DEPARTMENTID PROJECTID CUSTOMERID VENDORID EMPLOYEEID ITEMID CLASSID";
/// Fields of journal entries.
pub(super) const JOURNAL: &str = "RECORDNO JOURNAL BATCH_DATE BATCH_TITLE REVERSEDATE HISTORY_COMMENT REFERENCENO BASELOCATION_NO SUPDOCID \
    STATE TRANSACTIONSOURCE ENTRIES";
/// Fields of their lines: LOCATION and DEPARTMENT without the suffix (§3.5 [V][D]).
pub(super) const JOURNAL_LINE: &str = "RECORDNO LINE_NO DOCUMENT ACCOUNTNO TR_TYPE TRX_AMOUNT CURRENCY EXCH_RATE_DATE EXCH_RATE_TYPE_ID \
    EXCHANGE_RATE LOCATION DEPARTMENT PROJECTID CUSTOMERID VENDORID EMPLOYEEID ITEMID CLASSID AFFILIATEENTITY DESCRIPTION BILLABLE";

/// Checks that an element has no child with a value beside the fields of `known` and the custom dimensions of the tenant.
///
/// # Errors
/// "Invalid field X for Y".
pub(super) fn only(books: &Books, element: &Element, known: &str) -> Result<(), Fault> {
    let custom = |name: &str| {
        name.strip_prefix("GLDIM")
            .is_some_and(|own| books.custom.iter().any(|(n, _)| n == own))
    };
    let odd = element.children.iter().find(|c| {
        let empty = c.text.is_empty() && c.children.is_empty();
        !empty && !known.split_whitespace().any(|n| n == c.name) && !custom(&c.name)
    });
    match odd {
        None => Ok(()),
        Some(odd) => Err(Fault::business(&format!(
            "Invalid field {} for {}",
            odd.name, element.name
        ))),
    }
}

/// Either a rate or the name of a rate table, never both (§4.8 [D]).
///
/// # Errors
/// Words naming both fields.
pub(super) fn one_rate(element: &Element) -> Result<(), Fault> {
    if element.of("EXCHANGE_RATE").is_empty() || element.of("EXCH_RATE_TYPE_ID").is_empty() {
        return Ok(());
    }
    Err(Fault::business(
        "Give EXCHANGE_RATE or EXCH_RATE_TYPE_ID, not both",
    ))
}
