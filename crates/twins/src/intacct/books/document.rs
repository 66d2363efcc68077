//! A document as the company folder and a person at the keyboard know it, and what each kind becomes in the books.
//!
//! The table of kinds is the set-up of the tenant (`docs/company-setup.md`, "Sage Intacct").

use super::schema::{APADJUSTMENT, APBILL, APPYMT, ARADJUSTMENT, ARINVOICE, ARPYMT, TableId};
use crate::intacct::amount::Amount;

/// Currency of lines that count units instead of money.
pub(in crate::intacct) const STATISTICAL: &str = "STAT";

/// Standard dimensions: column of the company folder, field on GLENTRY, field on items.
pub(in crate::intacct) const DIMENSIONS: [(&str, &str, &str); 8] = [
    ("location", "LOCATION", "LOCATIONID"),
    ("department", "DEPARTMENT", "DEPARTMENTID"),
    ("project", "PROJECTID", "PROJECTID"),
    ("customer", "CUSTOMERID", "CUSTOMERID"),
    ("vendor", "VENDORID", "VENDORID"),
    ("employee", "EMPLOYEEID", "EMPLOYEEID"),
    ("item", "ITEMID", "ITEMID"),
    ("class", "CLASSID", "CLASSID"),
];

/// What a kind of document becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::intacct) struct Rule {
    /// Kind, as in the column `type` of `documents.csv`.
    pub(in crate::intacct) kind: &'static str,
    /// Symbol of the journal it posts to.
    pub(in crate::intacct) journal: &'static str,
    /// Module it belongs to.
    pub(in crate::intacct) module: &'static str,
    /// Object of its own beside the posting.
    pub(in crate::intacct) object: Option<TableId>,
}

const fn rule(
    kind: &'static str,
    journal: &'static str,
    module: &'static str,
    object: Option<TableId>,
) -> Rule {
    Rule {
        kind,
        journal,
        module,
        object,
    }
}

/// All kinds, most general first for each journal (used when a posting is read back).
pub(in crate::intacct) const RULES: [Rule; 28] = [
    rule("gl_journal", "GJ", "2.GL", None),
    rule("gl_reversal", "GJ", "2.GL", None),
    rule("gl_adjusting", "ADJJ", "2.GL", None),
    rule("gl_statistical", "STJ", "2.GL", None),
    rule("opening", "OBJ", "2.GL", None),
    rule("ap_bill", "APJ", "3.AP", Some(APBILL)),
    rule("ap_bill_void", "APJ", "3.AP", None),
    rule("ap_credit", "APADJ", "3.AP", Some(APADJUSTMENT)),
    rule("ap_payment", "CDJ", "3.AP", Some(APPYMT)),
    rule("ar_invoice", "ARJ", "4.AR", Some(ARINVOICE)),
    rule("contract_invoice", "ARJ", "55.CONTRACT", Some(ARINVOICE)),
    rule("so_invoice", "ARJ", "8.SO", Some(ARINVOICE)),
    rule("ar_credit_memo", "ARADJ", "4.AR", Some(ARADJUSTMENT)),
    rule("ar_receipt", "CRJ", "4.AR", Some(ARPYMT)),
    rule("expense_report", "EEJ", "6.EE", None),
    rule("timesheet", "TSJ", "48.PROJACCT", None),
    rule("revenue_recognition", "CNJ", "55.CONTRACT", None),
    rule("contract_booking", "CNJ", "55.CONTRACT", None),
    rule("contract_modification", "CNJ", "55.CONTRACT", None),
    rule("revenue_catch_up", "CNJ", "55.CONTRACT", None),
    rule("ic_journal", "ICJ", "2.GL", None),
    rule("ic_invoice_bill", "ICJ", "2.GL", None),
    rule("ic_settlement", "ICJ", "2.GL", None),
    rule("fx_revaluation", "RVJ", "2.GL", None),
    rule("fx_revaluation_reversal", "RVJ", "2.GL", None),
    rule("so_shipper", "INJ", "7.INV", None),
    rule("so_order", "", "8.SO", None),
    rule("gl_statistical_reversal", "STJ", "2.GL", None),
];

/// The rule of a kind.
pub(in crate::intacct) fn rule_of(kind: &str) -> Option<Rule> {
    RULES.iter().find(|r| r.kind == kind).copied()
}

/// +1 where an item reads like its posting (debit positive), -1 where it reads the other way round.
pub(in crate::intacct) fn item_sign(object: TableId) -> i8 {
    if object == APBILL || object == ARADJUSTMENT {
        1
    } else {
        -1
    }
}

/// Code in RECORDTYPE; `pi` is documented (§4.2 [C]), the others are recollection [R].
pub(in crate::intacct) fn record_type(object: TableId) -> &'static str {
    match object {
        APBILL => "pi",
        APADJUSTMENT => "pa",
        APPYMT => "pp",
        ARINVOICE => "ri",
        ARADJUSTMENT => "ra",
        _ => "rp",
    }
}

/// One line of a document. Text fields are cells of the pool; amounts are signed, debit positive.
#[derive(Debug, Clone, Default)]
pub(in crate::intacct) struct Line {
    pub(in crate::intacct) entity: u32,
    pub(in crate::intacct) account: u32,
    pub(in crate::intacct) affiliate: u32,
    pub(in crate::intacct) currency: u32,
    /// In the line's currency.
    pub(in crate::intacct) trx: Amount,
    pub(in crate::intacct) rate: u32,
    /// In the entity's base currency.
    pub(in crate::intacct) base: Amount,
    pub(in crate::intacct) statistical: bool,
    /// In the order of [`DIMENSIONS`].
    pub(in crate::intacct) dims: [u32; 8],
    /// In the order of the books' custom dimensions.
    pub(in crate::intacct) custom: Vec<u32>,
    pub(in crate::intacct) memo: u32,
}

/// A whole document. Text fields are cells of the pool; 0 is empty.
#[derive(Debug, Clone)]
pub(in crate::intacct) struct Document {
    pub(in crate::intacct) id: u32,
    pub(in crate::intacct) rule: Rule,
    /// Day of the document.
    pub(in crate::intacct) date: u32,
    /// Day of the posting.
    pub(in crate::intacct) gl_date: u32,
    /// Whether it posts into an adjusting period.
    pub(in crate::intacct) adjusting: bool,
    pub(in crate::intacct) entity: u32,
    pub(in crate::intacct) currency: u32,
    /// Day it is due; 0 for none.
    pub(in crate::intacct) due: u32,
    pub(in crate::intacct) party: u32,
    pub(in crate::intacct) reference: u32,
    pub(in crate::intacct) reverses: u32,
    pub(in crate::intacct) description: u32,
    pub(in crate::intacct) supdoc: u32,
    /// Symbol of the journal where it is not the rule's; 0 otherwise.
    pub(in crate::intacct) journal: u32,
    pub(in crate::intacct) lines: Vec<Line>,
}
