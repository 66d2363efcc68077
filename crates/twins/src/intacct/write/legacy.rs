//! The legacy verbs: fixed element order, dates as year, month, day (intacct-xml.md §3.2 [V]).
//!
//! Each is turned into the generic element of its object and written the same way.

use super::{Writer, Written, journal, place, voucher};
use crate::intacct::books::Books;
use crate::intacct::books::schema::{APADJUSTMENT, APBILL, ARINVOICE, GLBATCH, TableId, VENDOR};
use crate::intacct::fault::Fault;
use crate::intacct::moment;
use crate::intacct::read;
use crate::intacct::xml::{Element, tag};

const BILL: &str = "vendorid datecreated dateposted datedue termname action batchkey billno ponumber onhold description \
    externalid payto returnto basecurr currency exchratedate exchratetype exchrate nogl supdocid customfields billitems \
    updatebillitems";
const BILL_LINE: &str = "accountlabel glaccountno offsetglaccountno amount allocationid memo locationid departmentid item1099 \
    form1099type form1099box key totalpaid totaldue customfields projectid customerid vendorid employeeid itemid classid \
    contractid warehouseid billable";
const INVOICE: &str = "customerid datecreated dateposted datedue termname action batchkey invoiceno ponumber onhold description \
    externalid billto shipto basecurr currency exchratedate exchratetype exchrate nogl supdocid customfields invoiceitems \
    updateinvoiceitems";
const INVOICE_LINE: &str = "accountlabel glaccountno offsetglaccountno amount allocationid memo locationid departmentid key totalpaid \
    totaldue customfields revrectemplate defrevaccount revrecstartdate revrecenddate projectid customerid vendorid employeeid \
    itemid classid contractid warehouseid";
const JOURNAL: &str = "journalid datecreated reversedate description referenceno sourceentity customfields gltransactionentries";
const ENTRY: &str = "trtype amount glaccountno document datecreated memo locationid departmentid customerid vendorid employeeid \
    projectid itemid classid contractid warehouseid customfields recon_date currency exchratedate exchratetype exchrate";
const REVERSAL: &str = "datereversed description";

/// Checks the element order of a legacy function, as the gateway's schema does for the whole request.
///
/// # Errors
/// Words naming the first element out of place or unknown.
pub(in crate::intacct) fn check_order(call: &Element) -> Result<(), String> {
    let (order, list, line) = match call.name.as_str() {
        "create_bill" | "update_bill" => (BILL, ["billitems", "updatebillitems"], BILL_LINE),
        "create_invoice" | "update_invoice" => (
            INVOICE,
            ["invoiceitems", "updateinvoiceitems"],
            INVOICE_LINE,
        ),
        "create_gltransaction" => (JOURNAL, ["gltransactionentries", ""], ENTRY),
        "reverse_bill" | "reverse_invoice" => (REVERSAL, ["", ""], ""),
        _ => return Ok(()),
    };
    in_order(call, order)?;
    for item in call
        .children
        .iter()
        .filter(|c| list.contains(&c.name.as_str()))
    {
        for row in &item.children {
            in_order(row, line)?;
        }
    }
    Ok(())
}

/// `action` and `batchkey` may change places: the reference and the SDKs disagree (§3.2 [D-xsd][V]).
fn in_order(element: &Element, order: &str) -> Result<(), String> {
    let rank = |name: &str| order.split_whitespace().position(|n| n == name);
    let mut last = 0;
    for child in &element.children {
        let at = rank(&child.name).ok_or_else(|| {
            format!(
                "Element '{}' is not expected in '{}'",
                child.name, element.name
            )
        })?;
        let swapped = child.name == "action" && rank("batchkey") == Some(last);
        if at < last && !swapped {
            return Err(format!(
                "Element '{}' is out of order in '{}'",
                child.name, element.name
            ));
        }
        last = last.max(at);
    }
    Ok(())
}

fn leaf(name: &str, text: &str) -> Element {
    Element {
        name: name.to_owned(),
        text: text.to_owned(),
        ..Element::default()
    }
}

/// `year`, `month`, `day` as MM/DD/YYYY.
fn date(call: &Element, name: &str) -> Result<String, Fault> {
    let Some(part) = call.child(name) else {
        return Ok(String::new());
    };
    let made = || {
        moment::day(
            part.of("year").parse().ok()?,
            part.of("month").parse().ok()?,
            part.of("day").parse().ok()?,
        )
    };
    made().map(moment::day_to_us).ok_or_else(|| {
        Fault::business(&format!("Invalid date in {name}: give year, month and day"))
    })
}

fn renamed(call: &Element, names: &[(&str, &str)], made: &mut Element) {
    for (old, new) in names {
        if call.child(old).is_some() {
            made.children.push(leaf(new, call.of(old)));
        }
    }
    for custom in call
        .child("customfields")
        .into_iter()
        .flat_map(|c| c.all("customfield"))
    {
        made.children.push(leaf(
            custom.of("customfieldname"),
            custom.of("customfieldvalue"),
        ));
    }
}

const HEADER_NAMES: [(&str, &str); 12] = [
    ("vendorid", "VENDORID"),
    ("customerid", "CUSTOMERID"),
    ("termname", "TERMNAME"),
    ("action", "ACTION"),
    ("billno", "RECORDID"),
    ("invoiceno", "RECORDID"),
    ("ponumber", "DOCNUMBER"),
    ("description", "DESCRIPTION"),
    ("basecurr", "BASECURR"),
    ("currency", "CURRENCY"),
    ("exchrate", "EXCHANGE_RATE"),
    ("supdocid", "SUPDOCID"),
];
const ITEM_NAMES: [(&str, &str); 14] = [
    ("glaccountno", "ACCOUNTNO"),
    ("accountlabel", "ACCOUNTNO"),
    ("offsetglaccountno", "OFFSETGLACCOUNTNO"),
    ("amount", "TRX_AMOUNT"),
    ("memo", "ENTRYDESCRIPTION"),
    ("locationid", "LOCATIONID"),
    ("departmentid", "DEPARTMENTID"),
    ("projectid", "PROJECTID"),
    ("customerid", "CUSTOMERID"),
    ("vendorid", "VENDORID"),
    ("employeeid", "EMPLOYEEID"),
    ("itemid", "ITEMID"),
    ("classid", "CLASSID"),
    ("contractid", "CONTRACTID"),
];

/// `create_bill`, `update_bill`, `create_invoice`, `update_invoice`.
///
/// # Errors
/// As [`voucher::payable`], with the wrapper "Could not create … record!".
pub(in crate::intacct) fn document(books: &mut Books, call: &Element, writer: Writer) -> Written {
    let invoice = call.name.ends_with("invoice");
    let (object, name, list, item) = if invoice {
        (ARINVOICE, "ARINVOICE", "ARINVOICEITEMS", "ARINVOICEITEM")
    } else {
        (APBILL, "APBILL", "APBILLITEMS", "APBILLITEM")
    };
    let updating = call.name.starts_with("update_");
    let wrap = |e: Fault| {
        vec![
            e,
            Fault::could_not(if updating { "update" } else { "create" }, name),
        ]
    };
    let mut made = leaf(name, "");
    renamed(call, &HEADER_NAMES, &mut made);
    for (old, new) in [
        ("datecreated", "WHENCREATED"),
        ("dateposted", "WHENPOSTED"),
        ("datedue", "WHENDUE"),
    ] {
        let text = date(call, old).map_err(wrap)?;
        if !text.is_empty() {
            made.children.push(leaf(new, &text));
        }
    }
    let mut items = leaf(list, "");
    let lists = [
        "billitems",
        "invoiceitems",
        "updatebillitems",
        "updateinvoiceitems",
    ];
    for lines in call
        .children
        .iter()
        .filter(|c| lists.contains(&c.name.as_str()))
    {
        for line in &lines.children {
            if line.name == "updatelineitem" {
                let what = "updatelineitem is not kept by this tenant; give all lines as lineitem";
                return Err(wrap(Fault::business(what)));
            }
            let mut row = leaf(item, "");
            renamed(line, &ITEM_NAMES, &mut row);
            items.children.push(row);
        }
    }
    made.children.push(items);
    let row = if updating {
        Some(keyed(books, object, call).map_err(wrap)?)
    } else {
        None
    };
    let row = voucher::payable(books, object, &made, row, writer).map_err(wrap)?;
    Ok(key(row))
}

fn key(row: u32) -> (String, usize) {
    let mut out = String::new();
    tag(&mut out, "key", &(row + 1).to_string());
    (out, 1)
}

fn keyed(books: &Books, object: TableId, call: &Element) -> Result<u32, Fault> {
    let key = call.attribute("key").unwrap_or_default();
    let row = read::row_of(books, object, key);
    row.ok_or_else(|| {
        Fault::business(&format!(
            "{} with key '{key}' does not exist",
            books.table(object).name
        ))
    })
}

/// `create_gltransaction`.
///
/// # Errors
/// As [`journal::journal`], with the wrapper "Could not create … record!".
pub(in crate::intacct) fn gltransaction(
    books: &mut Books,
    call: &Element,
    writer: Writer,
) -> Written {
    let wrap = |e: Fault| vec![e, Fault::could_not("create", "GLBATCH")];
    let mut made = leaf("GLBATCH", "");
    let names = [
        ("journalid", "JOURNAL"),
        ("description", "BATCH_TITLE"),
        ("referenceno", "REFERENCENO"),
        ("sourceentity", "BASELOCATION_NO"),
    ];
    renamed(call, &names, &mut made);
    for (old, new) in [
        ("datecreated", "BATCH_DATE"),
        ("reversedate", "REVERSEDATE"),
    ] {
        let text = date(call, old).map_err(wrap)?;
        if !text.is_empty() {
            made.children.push(leaf(new, &text));
        }
    }
    let mut entries = leaf("ENTRIES", "");
    for entry in call
        .child("gltransactionentries")
        .into_iter()
        .flat_map(|e| e.all("glentry"))
    {
        let mut row = leaf("GLENTRY", "");
        let side = match entry.of("trtype") {
            "debit" | "1" => "1",
            "credit" | "-1" => "-1",
            other => {
                return Err(wrap(Fault::business(&format!(
                    "Invalid value '{other}' for trtype"
                ))));
            }
        };
        row.children.push(leaf("TR_TYPE", side));
        let names = [
            ("amount", "TRX_AMOUNT"),
            ("glaccountno", "ACCOUNTNO"),
            ("document", "DOCUMENT"),
            ("memo", "DESCRIPTION"),
            ("locationid", "LOCATION"),
            ("departmentid", "DEPARTMENT"),
            ("customerid", "CUSTOMERID"),
            ("vendorid", "VENDORID"),
            ("employeeid", "EMPLOYEEID"),
            ("projectid", "PROJECTID"),
            ("itemid", "ITEMID"),
            ("classid", "CLASSID"),
            ("currency", "CURRENCY"),
            ("exchrate", "EXCHANGE_RATE"),
        ];
        renamed(entry, &names, &mut row);
        entries.children.push(row);
    }
    made.children.push(entries);
    journal::journal(books, &made, None, writer)
        .map(key)
        .map_err(wrap)
}

/// `reverse_bill`, `reverse_invoice`: `key`, `datereversed`, `description`. The reversing posting is numbered `<number>-V`.
///
/// # Errors
/// A fault for an unknown key, a closed period, or a document that is paid or reversed.
pub(in crate::intacct) fn reverse(books: &mut Books, call: &Element, writer: Writer) -> Written {
    let object = if call.name.ends_with("invoice") {
        ARINVOICE
    } else {
        APBILL
    };
    let name = books.table(object).name.clone();
    let wrap = |e: Fault| vec![e, Fault::could_not("reverse", &name)];
    let row = keyed(books, object, call).map_err(wrap)?;
    let text = date(call, "datereversed").map_err(wrap)?;
    let on = moment::day_from_us(&text)
        .ok_or_else(|| wrap(Fault::business("Required field datereversed is missing")))?;
    let number = format!("{}-V", books.text(object, row, "RECORDID"));
    let place = place(books, object, row);
    books
        .reverse(&place, (&number, on, call.of("description")), writer.stamp)
        .map_err(|e| wrap(Fault::business(&e)))?;
    Ok(key(row))
}

/// `delete_bill`, `delete_invoice`, `delete_gltransaction`, `delete_apadjustment` by `key`; `delete_vendor` by `vendorid`.
///
/// # Errors
/// A fault for an unknown key or a document that cannot go.
pub(in crate::intacct) fn delete(books: &mut Books, call: &Element, writer: Writer) -> Written {
    let (object, key) = match call.name.as_str() {
        "delete_bill" => (APBILL, None),
        "delete_invoice" => (ARINVOICE, None),
        "delete_apadjustment" => (APADJUSTMENT, None),
        "delete_vendor" => (VENDOR, Some(vendor_number(books, call)?)),
        _ => (GLBATCH, None),
    };
    let key = key.unwrap_or_else(|| call.attribute("key").unwrap_or_default().to_owned());
    let name = books.table(object).name.clone();
    let mut generic = leaf("delete", "");
    generic.children.push(leaf("object", &name));
    generic.children.push(leaf("keys", &key));
    super::delete(books, &generic, writer)
}

/// RECORDNO of the vendor an attribute `vendorid` names, as the JavaScript SDK spells its deletion [V].
fn vendor_number(books: &Books, call: &Element) -> Result<String, Vec<Fault>> {
    let id = call.attribute("vendorid").unwrap_or_default();
    let unknown = || {
        let cause = Fault::business(&format!("VENDOR with key '{id}' does not exist"));
        vec![cause, Fault::could_not("delete", "VENDOR")]
    };
    let row = books.find(VENDOR, "VENDORID", id).ok_or_else(unknown)?;
    Ok(books.text(VENDOR, row, "RECORDNO"))
}
