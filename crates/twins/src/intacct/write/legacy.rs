//! The legacy verbs: fixed element order, dates as year, month, day (intacct-xml.md §3.2 [V]).
//!
//! Each is turned into the generic element of its object and written the same way.

mod order;

use super::{Writer, Written, journal, place, voucher};
use crate::intacct::books::Books;
use crate::intacct::books::schema::{
    self, APADJUSTMENT, APBILL, ARINVOICE, GLACCOUNT, GLBATCH, STATACCOUNT, TableId, VENDOR,
};
use crate::intacct::books::table::INLINE;
use crate::intacct::fault::Fault;
use crate::intacct::moment;
use crate::intacct::read;
use crate::intacct::xml::{Element, tag};

pub(in crate::intacct) use order::check_order;

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

const HEADER_NAMES: [(&str, &str); 16] = [
    ("vendorid", "VENDORID"),
    ("customerid", "CUSTOMERID"),
    ("termname", "TERMNAME"),
    ("action", "ACTION"),
    ("billno", "RECORDID"),
    ("invoiceno", "RECORDID"),
    ("adjustmentno", "RECORDID"),
    ("ponumber", "DOCNUMBER"),
    ("onhold", "ONHOLD"),
    ("batchkey", "PRBATCHKEY"),
    ("description", "DESCRIPTION"),
    ("basecurr", "BASECURR"),
    ("currency", "CURRENCY"),
    ("exchrate", "EXCHANGE_RATE"),
    ("exchratetype", "EXCH_RATE_TYPE_ID"),
    ("supdocid", "SUPDOCID"),
];
const ITEM_NAMES: [(&str, &str); 16] = [
    ("glaccountno", "ACCOUNTNO"),
    ("accountlabel", "ACCOUNTLABEL"),
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
    ("warehouseid", "WAREHOUSEID"),
    ("allocationid", "ALLOCATION"),
];

/// Object of a legacy function, the list of its lines, and what one is called.
fn named(call: &Element) -> (TableId, &'static str, &'static str) {
    match call.name.rsplit('_').next() {
        Some("invoice") => (ARINVOICE, "ARINVOICEITEMS", "ARINVOICEITEM"),
        Some("apadjustment") => (APADJUSTMENT, "APADJUSTMENTITEMS", "APADJUSTMENTITEM"),
        _ => (APBILL, "APBILLITEMS", "APBILLITEM"),
    }
}

/// `create_bill`, `update_bill`, `create_invoice`, `update_invoice`, `create_apadjustment`. An update changes the lines it numbers, adds the
/// lines it brings, and leaves the others (§3.2: `updatelineitem line_num=` and `lineitem`).
///
/// # Errors
/// As [`voucher::payable`], with the wrapper "Could not create … record!".
pub(in crate::intacct) fn document(books: &mut Books, call: &Element, writer: Writer) -> Written {
    let (object, list, item) = named(call);
    let name = books.table(object).name.clone();
    let updating = call.name.starts_with("update_");
    let verb = if updating { "update" } else { "create" };
    let wrap = |e: Fault| vec![e, Fault::could_not(verb, &name)];
    let mut made = leaf(&name, "");
    renamed(call, &HEADER_NAMES, &mut made);
    for (old, new) in [
        ("datecreated", "WHENCREATED"),
        ("dateposted", "WHENPOSTED"),
        ("datedue", "WHENDUE"),
        ("exchratedate", "EXCH_RATE_DATE"),
    ] {
        let text = date(call, old).map_err(wrap)?;
        if !text.is_empty() {
            made.children.push(leaf(new, &text));
        }
    }
    let row = if updating {
        Some(keyed(books, object, call).map_err(wrap)?)
    } else {
        None
    };
    let lines: Vec<&Element> = (call.children.iter())
        .filter(|c| LISTS.contains(&c.name.as_str()))
        .flat_map(|c| &c.children)
        .collect();
    let mut items = leaf(list, "");
    if let Some(row) = row.filter(|_| !lines.is_empty()) {
        items.children = kept_lines(books, object, row, item);
    }
    for line in lines {
        take_line(line, item, &mut items).map_err(wrap)?;
    }
    made.children.push(items);
    let row = voucher::payable(books, object, &made, row, writer).map_err(wrap)?;
    Ok(key(row))
}

const LISTS: [&str; 5] = [
    "billitems",
    "invoiceitems",
    "apadjustmentitems",
    "updatebillitems",
    "updateinvoiceitems",
];

/// Takes over a new line, or changes the one it numbers (from 1).
fn take_line(line: &Element, item: &str, items: &mut Element) -> Result<(), Fault> {
    let mut given = leaf(item, "");
    renamed(line, &ITEM_NAMES, &mut given);
    if line.name == "lineitem" {
        items.children.push(given);
        return Ok(());
    }
    let number = line.attribute("line_num").unwrap_or_default();
    let place = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let old = place.and_then(|p| items.children.get_mut(p));
    let old = old.ok_or_else(|| Fault::business(&format!("Line {number} does not exist")))?;
    for field in given.children {
        old.children.retain(|c| c.name != field.name);
        old.children.push(field);
    }
    Ok(())
}

/// The lines a document has, as elements a caller would write.
fn kept_lines(books: &Books, object: TableId, row: u32, item: &str) -> Vec<Element> {
    let Some((lines, link, _)) = schema::lines_of(object) else {
        return Vec::new();
    };
    let mut rows = books.rows_with(lines, link, INLINE | (row + 1));
    rows.sort_by_key(|r| books.cell(lines, *r, "LINE_NO"));
    let own = books.custom.iter().map(|(name, _)| format!("GLDIM{name}"));
    let names: Vec<String> = (ITEM_NAMES.iter())
        .map(|(_, new)| (*new).to_owned())
        .filter(|n| books.table(lines).stored(n).is_some() && n != "ACCOUNTLABEL")
        .chain(own)
        .collect();
    let one = |r: u32| {
        let mut made = leaf(item, "");
        for name in &names {
            made.children.push(leaf(name, &books.text(lines, r, name)));
        }
        made
    };
    rows.into_iter().map(one).collect()
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
            ("contractid", "CONTRACTID"),
            ("warehouseid", "WAREHOUSEID"),
            ("currency", "CURRENCY"),
            ("exchrate", "EXCHANGE_RATE"),
            ("exchratetype", "EXCH_RATE_TYPE_ID"),
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

/// `delete_bill`, `delete_invoice`, `delete_gltransaction`, `delete_apadjustment` by `key`; `delete_vendor` by `vendorid`,
/// `delete_glaccount` and `delete_statglaccount` by `glaccountno`, as the JavaScript SDK spells them [V].
///
/// # Errors
/// A fault for an unknown key or a record that cannot go.
pub(in crate::intacct) fn delete(books: &mut Books, call: &Element, writer: Writer) -> Written {
    let (object, natural) = match call.name.as_str() {
        "delete_bill" => (APBILL, None),
        "delete_invoice" => (ARINVOICE, None),
        "delete_apadjustment" => (APADJUSTMENT, None),
        "delete_vendor" => (VENDOR, Some("vendorid")),
        "delete_glaccount" => (GLACCOUNT, Some("glaccountno")),
        "delete_statglaccount" => (STATACCOUNT, Some("glaccountno")),
        _ => (GLBATCH, None),
    };
    let name = books.table(object).name.clone();
    let key = match natural {
        Some(attribute) => number_of(books, object, call.attribute(attribute))?,
        None => call.attribute("key").unwrap_or_default().to_owned(),
    };
    let mut generic = leaf("delete", "");
    generic.children.push(leaf("object", &name));
    generic.children.push(leaf("keys", &key));
    super::delete(books, &generic, writer)
}

/// RECORDNO of the record with this natural id.
fn number_of(books: &Books, object: TableId, id: Option<&str>) -> Result<String, Vec<Fault>> {
    let table = books.table(object);
    let id = id.unwrap_or_default();
    let row = books.find(object, &table.key, id).ok_or_else(|| {
        let cause = Fault::business(&format!("{} with key '{id}' does not exist", table.name));
        vec![cause, Fault::could_not("delete", &table.name)]
    })?;
    Ok(books.text(object, row, "RECORDNO"))
}
