//! The objects of the tenant: their fields with the vendor's names, keys, indexes, relations and lists of values.
//!
//! Field lists follow intacct-xml.md §4 [V][D]; fields no part of the books fills are left out, so a select of them is refused.

mod unfilled;

use super::table::{Column, Kind, Source, Table};

/// Position of an object in the books.
pub(in crate::intacct) type TableId = usize;

pub(in crate::intacct) const GLBATCH: TableId = 0;
pub(in crate::intacct) const GLENTRY: TableId = 1;
pub(in crate::intacct) const GLDETAIL: TableId = 2;
pub(in crate::intacct) const APBILL: TableId = 3;
pub(in crate::intacct) const APBILLITEM: TableId = 4;
pub(in crate::intacct) const APADJUSTMENT: TableId = 5;
pub(in crate::intacct) const APADJUSTMENTITEM: TableId = 6;
pub(in crate::intacct) const APPYMT: TableId = 7;
pub(in crate::intacct) const APPYMTDETAIL: TableId = 8;
pub(in crate::intacct) const ARINVOICE: TableId = 9;
pub(in crate::intacct) const ARINVOICEITEM: TableId = 10;
pub(in crate::intacct) const ARADJUSTMENT: TableId = 11;
pub(in crate::intacct) const ARADJUSTMENTITEM: TableId = 12;
pub(in crate::intacct) const ARPYMT: TableId = 13;
pub(in crate::intacct) const ARPYMTDETAIL: TableId = 14;
pub(in crate::intacct) const GLACCOUNT: TableId = 15;
pub(in crate::intacct) const STATACCOUNT: TableId = 16;
pub(in crate::intacct) const GLJOURNAL: TableId = 17;
pub(in crate::intacct) const REPORTINGPERIOD: TableId = 18;
pub(in crate::intacct) const VENDOR: TableId = 19;
pub(in crate::intacct) const CUSTOMER: TableId = 20;
pub(in crate::intacct) const LOCATION: TableId = 21;
pub(in crate::intacct) const LOCATIONENTITY: TableId = 22;
pub(in crate::intacct) const DEPARTMENT: TableId = 23;
pub(in crate::intacct) const CLASS: TableId = 24;
pub(in crate::intacct) const PROJECT: TableId = 25;
pub(in crate::intacct) const EMPLOYEE: TableId = 26;
pub(in crate::intacct) const ITEM: TableId = 27;
pub(in crate::intacct) const USERINFO: TableId = 28;
pub(in crate::intacct) const AUDITHISTORY: TableId = 29;
pub(in crate::intacct) const EXCHANGERATETYPES: TableId = 30;
/// Custom dimension objects follow from here on.
pub(in crate::intacct) const FIRST_CUSTOM: TableId = 31;

const STAMPS: &str = "WHENCREATED:T WHENMODIFIED:T* CREATEDBY:i MODIFIEDBY:i MEGAENTITYKEY@MEGAENTITY.RECORDNO:i \
    MEGAENTITYID:t MEGAENTITYNAME@MEGAENTITY.NAME";
const ITEM_DIMS: &str = "LOCATIONID:t LOCATIONNAME@LOCATION.NAME DEPARTMENTID:t DEPARTMENTNAME@DEPARTMENT.TITLE \
    PROJECTID:t PROJECTNAME@PROJECT.NAME CUSTOMERID:t CUSTOMERNAME@CUSTOMER.NAME VENDORID:t VENDORNAME@VENDOR.NAME \
    EMPLOYEEID:t ITEMID:t ITEMNAME@ITEM.NAME CLASSID:t CLASSNAME@CLASS.NAME {CUSTOM}";
const HEADER: &str = "RECORDTYPE:t RECORDID:t* {PARTY} STATE:e RAWSTATE=STATE WHENCREATED:D* WHENPOSTED:D WHENDUE:D WHENPAID:D \
    DOCNUMBER:t DESCRIPTION:t TERMNAME:t CURRENCY:t BASECURR:t EXCH_RATE_DATE:D EXCH_RATE_TYPE_ID:t EXCHANGE_RATE:d \
    TOTALENTERED:d TOTALPAID:d TOTALDUE:d TRX_TOTALENTERED:d TRX_TOTALPAID:d TRX_TOTALDUE:d \
    PRBATCHKEY:i* PRBATCH:t MODULEKEY:t ONHOLD:b SUPDOCID:t SYSTEMGENERATED:b AUWHENCREATED:T WHENMODIFIED:T* CREATEDBY:i \
    MODIFIEDBY:i MEGAENTITYKEY@MEGAENTITY.RECORDNO:i MEGAENTITYID:t MEGAENTITYNAME@MEGAENTITY.NAME";
const LINE: &str = "RECORDKEY:i* LINE_NO:i ACCOUNTNO:t ACCOUNTKEY@GLACCOUNT.RECORDNO:i ACCOUNTTITLE@GLACCOUNT.TITLE ACCOUNTLABEL:t \
    OFFSETGLACCOUNTNO:t AMOUNT:d TRX_AMOUNT:d ENTRYDESCRIPTION:t ENTRY_DATE:D CURRENCY:t BASECURR:t EXCHANGE_RATE:d EXCH_RATE_DATE:D \
    EXCH_RATE_TYPE_ID:t STATE@{PARENT}.STATE WHENCREATED:T WHENMODIFIED:T* MEGAENTITYID:t {DIMS}";
const VENDOR_PARTY: &str = "VENDORID:t* VENDORNAME@VENDOR.NAME";
const CUSTOMER_PARTY: &str = "CUSTOMERID:t* CUSTOMERNAME@CUSTOMER.NAME";
const PAYMENT: &str = "FINANCIALENTITY:t PAYMENTMETHOD:t";
const DETAIL: &str = "PAYMENTKEY:i* RECORDKEY:i* PAYMENTAMOUNT:d TRX_PAYMENTAMOUNT:d CURRENCY:t PAYMENTDATE:D STATE:e \
    WHENCREATED:T WHENMODIFIED:T* MEGAENTITYID:t";
const MASTER: &str = "NAME:t STATUS:e";

/// What an account demands of a line (§4.1 [V]).
const REQUIRE: &str = "REQUIREDEPT:b REQUIRELOC:b REQUIREPROJECT:b REQUIRECUSTOMER:b REQUIREVENDOR:b REQUIREEMPLOYEE:b REQUIREITEM:b \
    REQUIRECLASS:b REQUIRECONTRACT:b REQUIREWAREHOUSE:b";
/// Further fields of a vendor that the official SDKs write (§4.2 [V]).
const VENDOR_WRITTEN: &str = "ONETIME:b HIDEDISPLAYCONTACT:b GLGROUP:t NAME1099:t FORM1099TYPE:t FORM1099BOX:t SUPDOCID:t OFFSETGLACCOUNT:t \
    CREDITLIMIT:d DONOTCUTCHECK:b MERGEPAYMENTREQ:b PAYMENTNOTIFY:b BILLINGTYPE:t PAYMENTPRIORITY:t DISPLAYTERMDISCOUNT:b ACHENABLED:b \
    ACHBANKROUTINGNUMBER:t ACHACCOUNTTYPE:t ACHREMITTANCETYPE:t VENDORACCOUNTNO:t DISPLAYACCTNOCHECK:b OBJECTRESTRICTION:t \
    RESTRICTEDLOCATIONS:t RESTRICTEDDEPARTMENTS:t ACCOUNTLABEL:t CONTACTINFO.CONTACTNAME:t PAYTO.CONTACTNAME:t RETURNTO.CONTACTNAME:t";
/// The contact a vendor is made with (§4.2 [V]).
const CONTACT: &str = "DISPLAYCONTACT.CONTACTNAME:t DISPLAYCONTACT.COMPANYNAME:t DISPLAYCONTACT.TAXABLE:b DISPLAYCONTACT.TAXGROUP:t \
    DISPLAYCONTACT.PREFIX:t DISPLAYCONTACT.FIRSTNAME:t DISPLAYCONTACT.LASTNAME:t DISPLAYCONTACT.INITIAL:t DISPLAYCONTACT.PHONE1:t \
    DISPLAYCONTACT.PHONE2:t DISPLAYCONTACT.CELLPHONE:t DISPLAYCONTACT.PAGER:t DISPLAYCONTACT.FAX:t DISPLAYCONTACT.EMAIL1:t \
    DISPLAYCONTACT.EMAIL2:t DISPLAYCONTACT.URL1:t DISPLAYCONTACT.URL2:t DISPLAYCONTACT.MAILADDRESS.ADDRESS1:t \
    DISPLAYCONTACT.MAILADDRESS.ADDRESS2:t DISPLAYCONTACT.MAILADDRESS.CITY:t DISPLAYCONTACT.MAILADDRESS.STATE:t \
    DISPLAYCONTACT.MAILADDRESS.ZIP:t DISPLAYCONTACT.MAILADDRESS.COUNTRY:t DISPLAYCONTACT.MAILADDRESS.COUNTRYCODE:t";

/// Name, key field and columns of one object. `:kind` is t text, i integer, d decimal, D date, T timestamp, b boolean, e enum; `*` has an
/// index; `@` is another field, maybe of a related row; `=` is the code of a label.
fn objects() -> Vec<(&'static str, &'static str, String)> {
    let header = |party: &str, more: &str| format!("{} {more}", HEADER.replace("{PARTY}", party));
    let line = |parent: &str| {
        LINE.replace("{PARENT}", parent)
            .replace("{DIMS}", ITEM_DIMS)
    };
    let master = |columns: &str| format!("{columns} {STAMPS}");
    let entry = "BATCHNO:i* BATCH_NUMBER@GLBATCH.BATCHNO:i LINE_NO:i ENTRY_DATE:D* TR_TYPE:i ACCOUNTNO:t \
        ACCOUNTKEY@GLACCOUNT.RECORDNO:i AMOUNT:d TRX_AMOUNT:d CURRENCY:t BASECURR:t EXCHANGE_RATE:d EXCH_RATE_DATE:D \
        EXCH_RATE_TYPE_ID:t DOCUMENT:t DESCRIPTION:t STATISTICAL:b STATE@GLBATCH.STATE LOCATION:t DEPARTMENT:t PROJECTID:t \
        CUSTOMERID:t VENDORID:t EMPLOYEEID:t ITEMID:t CLASSID:t AFFILIATEENTITY:t {CUSTOM} _ENTITY:t WHENCREATED:T WHENMODIFIED:T* \
        CREATEDBY:i MODIFIEDBY:i MEGAENTITYID:t"
        .to_owned();
    let detail = "BATCHKEY@BATCHNO:i BATCH_DATE@GLBATCH.BATCH_DATE:D BATCH_TITLE@GLBATCH.BATCH_TITLE SYMBOL@GLBATCH.JOURNAL \
        BATCH_NO@GLBATCH.BATCHNO:i BOOKID@GLBATCH._BOOK CHILDENTITY@GLBATCH.BASELOCATION_NO MODIFIED@GLBATCH.WHENMODIFIED:T \
        WHENMODIFIED@WHENMODIFIED:T REFERENCENO@GLBATCH.REFERENCENO ADJ@GLBATCH.ADJ:b MODULEKEY@GLBATCH.MODULE BATCH_STATE@GLBATCH.STATE:e \
        PRBATCHKEY@GLBATCH.PRBATCHKEY:i LINE_NO@LINE_NO:i ENTRY_DATE@ENTRY_DATE:D TR_TYPE@TR_TYPE:i DOCUMENT@DOCUMENT \
        ACCOUNTNO@ACCOUNTNO ACCOUNTTITLE@GLACCOUNT.TITLE STATISTICAL@STATISTICAL:b DEPARTMENTID@DEPARTMENT LOCATIONID@LOCATION \
        PROJECTID@PROJECTID CUSTOMERID@CUSTOMERID VENDORID@VENDORID EMPLOYEEID@EMPLOYEEID ITEMID@ITEMID CLASSID@CLASSID {CUSTOMVIEW} \
        CURRENCY@CURRENCY BASECURR@BASECURR DESCRIPTION@DESCRIPTION DEBITAMOUNT+ CREDITAMOUNT- AMOUNT~ TRX_AMOUNT@TRX_AMOUNT:d \
        MEGAENTITYID@MEGAENTITYID"
        .to_owned();
    let batch = "BATCHNO:i BATCH_TITLE:t BATCH_DATE:D* JOURNAL:t* JOURNALKEY@GLJOURNAL.RECORDNO:i MODULE:t MODULEKEY@MODULE ADJ:b \
        STATE:e REFERENCENO:t* BASELOCATION@BASELOC.RECORDNO:i BASELOCATION_NO:t BASELOCATION_NAME@BASELOC.NAME CHILDENTITY@BASELOCATION_NO \
        BALANCE:d REVERSED:D REVERSEDKEY:i* REVERSEDFROM:i* REVERSEDATE:D TEMPLATEKEY:i PRBATCHKEY:i* SUPDOCID:t HISTORY_COMMENT:t \
        TRANSACTIONSOURCE:t USERKEY@CREATEDBY:i MODIFIED@WHENMODIFIED:T _PERIOD:i _BOOK:t";
    vec![
        ("GLBATCH", "RECORDNO", master(batch)),
        ("GLENTRY", "RECORDNO", entry),
        ("GLDETAIL", "RECORDNO", detail),
        ("APBILL", "RECORDNO", header(VENDOR_PARTY, "RECPAYMENTDATE:D PAYMENTPRIORITY:t")),
        ("APBILLITEM", "RECORDNO", line("APBILL")),
        ("APADJUSTMENT", "RECORDNO", header(VENDOR_PARTY, "")),
        ("APADJUSTMENTITEM", "RECORDNO", line("APADJUSTMENT")),
        ("APPYMT", "RECORDNO", header(VENDOR_PARTY, PAYMENT)),
        ("APPYMTDETAIL", "RECORDNO", DETAIL.to_owned()),
        ("ARINVOICE", "RECORDNO", header(CUSTOMER_PARTY, "")),
        ("ARINVOICEITEM", "RECORDNO", line("ARINVOICE")),
        ("ARADJUSTMENT", "RECORDNO", header(CUSTOMER_PARTY, "")),
        ("ARADJUSTMENTITEM", "RECORDNO", line("ARADJUSTMENT")),
        ("ARPYMT", "RECORDNO", header(CUSTOMER_PARTY, &format!("{PAYMENT} RECEIPTDATE:D"))),
        ("ARPYMTDETAIL", "RECORDNO", DETAIL.to_owned()),
        ("GLACCOUNT", "ACCOUNTNO", master(&format!("ACCOUNTNO:t* TITLE:t ACCOUNTTYPE:e NORMALBALANCE:e CLOSINGTYPE:e CLOSINGACCOUNTNO:t CATEGORY:t ALTERNATIVEACCOUNT:t STATUS:e _CLASS:t TAXABLE:b TAXCODE:t MRCCODE:t {REQUIRE}"))),
        ("STATACCOUNT", "ACCOUNTNO", master(&format!("ACCOUNTNO:t* TITLE:t ACCOUNTTYPE:t CATEGORY:t STATUS:e {REQUIRE}"))),
        ("GLJOURNAL", "SYMBOL", master("SYMBOL:t* TITLE:t BOOKID:t ADJ:b STATISTICAL:b STATUS:e _MODULE:t")),
        ("REPORTINGPERIOD", "NAME", master("NAME:t* HEADER1:t HEADER2:t START_DATE:D END_DATE:D BUDGETING:b STATUS:e")),
        ("VENDOR", "VENDORID", master(&format!("VENDORID:t* {MASTER} PRINTAS:t PARENTID:t VENDTYPE:t TERMNAME:t CURRENCY:t TAXID:t APACCOUNT:t ONHOLD:b PAYMETHODKEY:t ACHACCOUNTNUMBER:t COMMENTS:t {VENDOR_WRITTEN} {CONTACT}"))),
        ("CUSTOMER", "CUSTOMERID", master(&format!("CUSTOMERID:t* {MASTER} PARENTID:t CUSTTYPE:t TERMNAME:t CURRENCY:t TAXID:t ARACCOUNT:t ONHOLD:b CREDITLIMIT:d COMMENTS:t"))),
        ("LOCATION", "LOCATIONID", master(&format!("LOCATIONID:t* {MASTER} PARENTID:t STARTDATE:D ENDDATE:D CURRENCY:t"))),
        ("LOCATIONENTITY", "LOCATIONID", master(&format!("LOCATIONID:t* {MASTER} CURRENCY:t OPCOUNTRY:t FIRSTMONTH:i FEDERALID:t TAXID:t CUSTOMERID:t VENDORID:t HAS_IE_RELATION:b LEGALNAME:t PARENTID:t"))),
        ("DEPARTMENT", "DEPARTMENTID", master("DEPARTMENTID:t* TITLE:t PARENTID:t STATUS:e CUSTTITLE:t")),
        ("CLASS", "CLASSID", master(&format!("CLASSID:t* {MASTER} PARENTID:t DESCRIPTION:t"))),
        ("PROJECT", "PROJECTID", master(&format!("PROJECTID:t* {MASTER} PROJECTCATEGORY:t PROJECTTYPE:t PROJECTSTATUS:t PARENTID:t CUSTOMERID:t BEGINDATE:D ENDDATE:D CURRENCY:t LOCATIONID:t DEPARTMENTID:t CLASSID:t DESCRIPTION:t"))),
        ("EMPLOYEE", "EMPLOYEEID", master("EMPLOYEEID:t* PERSONALINFO.CONTACTNAME:t NAME@PERSONALINFO.CONTACTNAME SUPERVISORID:t STARTDATE:D ENDDATE:D CURRENCY:t LOCATIONID:t DEPARTMENTID:t STATUS:e")),
        ("ITEM", "ITEMID", master(&format!("ITEMID:t* {MASTER} ITEMTYPE:t PRODUCTLINEID:t COST_METHOD:t GLGROUP:t STANDARD_COST:d BASEPRICE:d TAXABLE:b"))),
        ("USERINFO", "LOGINID", master("LOGINID:t* USERTYPE:e DESCRIPTION:t LOGINDISABLED:b ADMIN:t STATUS:e")),
        ("AUDITHISTORY", "ID", "ID:i OBJECTTYPE:t* OBJECTKEY:t* OBJECTDESC:t ACCESSTIME:T* ACCESSMODE:t USERID:t SOURCE:t WORKFLOWACTION:t IPADDRESS:t".to_owned()),
        ("EXCHANGERATETYPES", "NAME", master("NAME:t* ISDEFAULT:b STATUS:e")),
    ]
}

/// All tables of a tenant with these custom dimensions (names in upper case).
pub(in crate::intacct) fn tables(custom: &[String]) -> Vec<Table> {
    let fields: Vec<String> = custom.iter().map(|n| format!("GLDIM{n}:t")).collect();
    let view: Vec<String> = custom
        .iter()
        .map(|n| format!("GLDIM{n}@GLDIM{n}"))
        .collect();
    let mut tables: Vec<Table> = objects()
        .into_iter()
        .map(|(name, key, columns)| {
            let columns = columns
                .replace("{CUSTOMVIEW}", &view.join(" "))
                .replace("{CUSTOM}", &fields.join(" "));
            build(name, key, &columns)
        })
        .collect();
    for name in custom {
        let columns = "id:t* name:t createdBy:i updatedBy:i createdAt:T updatedAt:T*";
        tables.push(build(name, "id", columns));
    }
    tables
}

fn build(name: &str, key: &str, columns: &str) -> Table {
    let mut made = vec![Column {
        name: "RECORDNO".to_owned(),
        kind: Kind::Integer,
        source: Source::RecordNo,
    }];
    let mut indexed = Vec::new();
    for word in columns.split_whitespace() {
        let column = column(word);
        if word.ends_with('*') {
            indexed.push(column.name.clone());
        }
        made.push(column);
    }
    for word in unfilled::fields(name).split_whitespace() {
        let mut extra = column(word);
        if let Source::Stored(_) = extra.source {
            extra.source = Source::Empty;
        }
        if made.iter().all(|c| c.name != extra.name) {
            made.push(extra);
        }
    }
    Table::new(name, key, made, &indexed)
}

fn column(word: &str) -> Column {
    let word = word.trim_end_matches('*');
    let (head, kind) = match word.rsplit_once(':') {
        Some((head, letter)) => (head, kind(letter)),
        None => (word, Kind::Text),
    };
    let (name, kind, source) = if let Some((name, path)) = head.split_once('@') {
        (name, kind, Source::Path(path.to_owned()))
    } else if head.strip_suffix("=STATE").is_some() {
        ("RAWSTATE", Kind::Text, Source::CodeOf("STATE"))
    } else if let Some(name) = head.strip_suffix('+') {
        (name, Kind::Decimal, Source::Side(1))
    } else if let Some(name) = head.strip_suffix('-') {
        (name, Kind::Decimal, Source::Side(-1))
    } else if let Some(name) = head.strip_suffix('~') {
        (name, Kind::Decimal, Source::Signed)
    } else {
        (head, kind, Source::Stored(0))
    };
    Column {
        name: name.to_owned(),
        kind,
        source,
    }
}

fn kind(letter: &str) -> Kind {
    match letter {
        "i" => Kind::Integer,
        "d" => Kind::Decimal,
        "D" => Kind::Date,
        "T" => Kind::Timestamp,
        "b" => Kind::Boolean,
        "e" => Kind::Enum,
        _ => Kind::Text,
    }
}

/// Many-to-one relation `name` of an object: the local field, the object it leads to, and the field it meets there.
pub(in crate::intacct) fn relation(
    object: TableId,
    name: &str,
) -> Option<(&'static str, TableId, &'static str)> {
    let by_record = |local, target| Some((local, target, "RECORDNO"));
    match (object, name) {
        (GLENTRY, "GLBATCH") => by_record("BATCHNO", GLBATCH),
        (APBILLITEM, "APBILL") => by_record("RECORDKEY", APBILL),
        (APADJUSTMENTITEM, "APADJUSTMENT") => by_record("RECORDKEY", APADJUSTMENT),
        (ARINVOICEITEM, "ARINVOICE") => by_record("RECORDKEY", ARINVOICE),
        (ARADJUSTMENTITEM, "ARADJUSTMENT") => by_record("RECORDKEY", ARADJUSTMENT),
        (APPYMTDETAIL, "APPYMT") => by_record("PAYMENTKEY", APPYMT),
        (APPYMTDETAIL, "APBILL") => by_record("RECORDKEY", APBILL),
        (ARPYMTDETAIL, "ARPYMT") => by_record("PAYMENTKEY", ARPYMT),
        (ARPYMTDETAIL, "ARINVOICE") => by_record("RECORDKEY", ARINVOICE),
        (GLBATCH, "GLJOURNAL" | "JOURNAL") => Some(("JOURNAL", GLJOURNAL, "SYMBOL")),
        (GLBATCH, "BASELOC") => Some(("BASELOCATION_NO", LOCATIONENTITY, "LOCATIONID")),
        (GLENTRY, "LOCATION") => Some(("LOCATION", LOCATION, "LOCATIONID")),
        (GLENTRY, "DEPARTMENT") => Some(("DEPARTMENT", DEPARTMENT, "DEPARTMENTID")),
        (_, "PARENT") => parent(object),
        (_, "VENDOR") => Some(("VENDORID", VENDOR, "VENDORID")),
        (_, "CUSTOMER") => Some(("CUSTOMERID", CUSTOMER, "CUSTOMERID")),
        (_, "LOCATION") => Some(("LOCATIONID", LOCATION, "LOCATIONID")),
        (_, "DEPARTMENT") => Some(("DEPARTMENTID", DEPARTMENT, "DEPARTMENTID")),
        (_, "PROJECT") => Some(("PROJECTID", PROJECT, "PROJECTID")),
        (_, "EMPLOYEE") => Some(("EMPLOYEEID", EMPLOYEE, "EMPLOYEEID")),
        (_, "ITEM") => Some(("ITEMID", ITEM, "ITEMID")),
        (_, "CLASS") => Some(("CLASSID", CLASS, "CLASSID")),
        (_, "GLACCOUNT") => Some(("ACCOUNTNO", GLACCOUNT, "ACCOUNTNO")),
        (_, "MEGAENTITY") => Some(("MEGAENTITYID", LOCATIONENTITY, "LOCATIONID")),
        _ => None,
    }
}

fn parent(object: TableId) -> Option<(&'static str, TableId, &'static str)> {
    let key = match object {
        VENDOR => "VENDORID",
        CUSTOMER => "CUSTOMERID",
        LOCATION => "LOCATIONID",
        DEPARTMENT => "DEPARTMENTID",
        CLASS => "CLASSID",
        PROJECT => "PROJECTID",
        _ => return None,
    };
    Some(("PARENTID", object, key))
}

/// Labels and codes of an enum field (§4.1, §4.2 [D]; labels beyond the documented five states of a bill are [R]).
pub(in crate::intacct) fn labels(
    object: TableId,
    field: &str,
) -> &'static [(&'static str, &'static str)] {
    match (object, field) {
        (GLBATCH, "STATE") | (GLDETAIL, "BATCH_STATE") => &[
            ("Draft", "I"),
            ("Submitted", "S"),
            ("Partially Approved", "X"),
            ("Approved", "A"),
            ("Posted", "P"),
            ("Declined", "R"),
            ("Reversal pending", "L"),
            ("Reversed", "Z"),
        ],
        (APPYMT | ARPYMT | APPYMTDETAIL | ARPYMTDETAIL, "STATE") => &[
            ("Draft", "D"),
            ("Submitted", "S"),
            ("Approved", "A"),
            ("Posted", "C"),
            ("Voided", "V"),
        ],
        (_, "STATE") => &[
            ("Draft", "D"),
            ("Submitted", "S"),
            ("Partially approved", "PA"),
            ("Declined", "U"),
            ("Posted", "A"),
            ("Partially Paid", "PP"),
            ("Paid", "P"),
            ("Selected", "SE"),
            ("Reversed", "V"),
            ("Reversal", "RV"),
        ],
        (_, "STATUS") => &[("active", "T"), ("inactive", "F")],
        (_, "ACCOUNTTYPE") => &[("balancesheet", "N"), ("incomestatement", "I")],
        (_, "NORMALBALANCE") => &[("debit", "1"), ("credit", "-1")],
        (_, "CLOSINGTYPE") => &[("non-closing account", "N"), ("closing account", "C")],
        (_, "USERTYPE") => &[("business user", "B"), ("employee user", "E")],
        _ => &[],
    }
}

/// The parent of an object of lines: its header object and the field that leads there.
pub(in crate::intacct) fn lines_of(
    header: TableId,
) -> Option<(TableId, &'static str, &'static str)> {
    match header {
        GLBATCH => Some((GLENTRY, "BATCHNO", "ENTRIES")),
        APBILL => Some((APBILLITEM, "RECORDKEY", "APBILLITEMS")),
        APADJUSTMENT => Some((APADJUSTMENTITEM, "RECORDKEY", "APADJUSTMENTITEMS")),
        ARINVOICE => Some((ARINVOICEITEM, "RECORDKEY", "ARINVOICEITEMS")),
        ARADJUSTMENT => Some((ARADJUSTMENTITEM, "RECORDKEY", "ARADJUSTMENTITEMS")),
        APPYMT => Some((APPYMTDETAIL, "PAYMENTKEY", "APPYMTDETAILS")),
        ARPYMT => Some((ARPYMTDETAIL, "PAYMENTKEY", "ARPYMTDETAILS")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn constants_name_their_tables() {
        let tables = super::tables(&["REGION".to_owned()]);
        let name = |id: usize| tables[id].name.as_str();
        assert_eq!(name(super::GLDETAIL), "GLDETAIL");
        assert_eq!(name(super::ARPYMTDETAIL), "ARPYMTDETAIL");
        assert_eq!(name(super::LOCATIONENTITY), "LOCATIONENTITY");
        assert_eq!(name(super::EXCHANGERATETYPES), "EXCHANGERATETYPES");
        assert_eq!(name(super::FIRST_CUSTOM), "REGION");
        assert_eq!(super::column("RAWSTATE=STATE").name, "RAWSTATE");
    }
}
