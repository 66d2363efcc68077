//! Writing functions: generic `create`/`update`/`delete` and the legacy verbs (intacct-xml.md §3).

mod fields;
pub(in crate::intacct) mod journal;
pub(in crate::intacct) mod keyboard;
pub(in crate::intacct) mod legacy;
pub(in crate::intacct) mod master;
pub(in crate::intacct) mod voucher;

use super::books::document::{DIMENSIONS, Document};
use super::books::post::Place;
use super::books::schema::{
    self, APBILL, APPYMT, ARPYMT, CLASS, CUSTOMER, DEPARTMENT, EMPLOYEE, FIRST_CUSTOM, GLBATCH,
    GLDETAIL, GLENTRY, ITEM, LOCATION, PROJECT, TableId, VENDOR,
};
use super::books::{Books, Stamp};
use super::fault::{Fault, Faults};
use super::read;
use super::xml::{Element, tag};

/// Who writes: the stamp and the entity the session is limited to.
#[derive(Debug, Clone, Copy)]
pub(in crate::intacct) struct Writer {
    pub(in crate::intacct) stamp: Stamp,
    pub(in crate::intacct) entity: Option<u32>,
}

/// What a writing function answers: its payload and how many objects it wrote.
pub(in crate::intacct) type Written = Result<(String, usize), Faults>;

/// The masters behind the standard dimensions, in the order of [`DIMENSIONS`], with the name used in errors.
const MASTERS: [(TableId, &str); 8] = [
    (LOCATION, "Location"),
    (DEPARTMENT, "Department"),
    (PROJECT, "Project"),
    (CUSTOMER, "Customer"),
    (VENDOR, "Vendor"),
    (EMPLOYEE, "Employee"),
    (ITEM, "Item"),
    (CLASS, "Class"),
];

/// Checks that every dimension and the party of a document exist.
///
/// # Errors
/// "Invalid Project 'x' specified" (§1.8 [D][C]).
pub(in crate::intacct) fn references(books: &Books, doc: &Document) -> Result<(), String> {
    let exists = |id: TableId, cell: u32| {
        let table = books.table(id);
        cell == 0
            || table
                .stored(&table.key)
                .is_some_and(|slot| table.first(slot, cell).is_some())
    };
    let invalid = |label: &str, cell: u32| {
        Err(format!(
            "Invalid {label} '{}' specified",
            books.pool.get(cell)
        ))
    };
    for line in &doc.lines {
        for (at, (id, label)) in MASTERS.iter().enumerate().take(DIMENSIONS.len()) {
            if !exists(*id, line.dims[at]) {
                return invalid(label, line.dims[at]);
            }
        }
        for (at, cell) in line.custom.iter().enumerate() {
            if !exists(FIRST_CUSTOM + at, *cell) {
                return invalid(&books.table(FIRST_CUSTOM + at).name, *cell);
            }
        }
    }
    match doc.rule.object {
        Some(object) if object <= APPYMT && !exists(VENDOR, doc.party) => {
            invalid("Vendor", doc.party)
        }
        Some(object) if object > APPYMT && !exists(CUSTOMER, doc.party) => {
            invalid("Customer", doc.party)
        }
        Some(_) if doc.party == 0 => {
            Err("party_id: a payables or receivables document needs one".to_owned())
        }
        _ => Ok(()),
    }
}

/// Generic `create`: one or more objects.
///
/// # Errors
/// The cause and the wrapper "Could not create … record!".
pub(in crate::intacct) fn create(books: &mut Books, call: &Element, writer: Writer) -> Written {
    each_object(books, call, "create", |books, id, element| match id {
        GLBATCH => journal::journal(books, element, None, writer),
        // A term alone is enough for the legacy function only (§3.2, §4.2).
        APBILL if element.of("WHENDUE").is_empty() => {
            Err(Fault::business("Required field WHENDUE is missing"))
        }
        schema::APBILL | schema::APADJUSTMENT => voucher::payable(books, id, element, None, writer),
        _ => master::create(books, id, element, writer),
    })
}

/// Generic `update`: one or more objects with RECORDNO or their natural key.
///
/// # Errors
/// The cause and the wrapper "Could not update … record!".
pub(in crate::intacct) fn update(books: &mut Books, call: &Element, writer: Writer) -> Written {
    each_object(books, call, "update", |books, id, element| {
        let row = named_row(books, id, element)?;
        match id {
            GLBATCH => journal::journal(books, element, Some(row), writer),
            schema::APBILL | schema::APADJUSTMENT => {
                voucher::payable(books, id, element, Some(row), writer)
            }
            _ => master::update(books, id, row, element, writer),
        }
    })
}

fn each_object(
    books: &mut Books,
    call: &Element,
    verb: &str,
    mut f: impl FnMut(&mut Books, TableId, &Element) -> Result<u32, Fault>,
) -> Written {
    if call.children.is_empty() {
        return Err(vec![Fault::business(&format!("{verb} names no object"))]);
    }
    let mut body = String::new();
    for element in &call.children {
        let id = read::object(books, &element.name).map_err(|e| vec![e])?;
        let row =
            f(books, id, element).map_err(|e| vec![e, Fault::could_not(verb, &element.name)])?;
        let name = element.name.to_lowercase();
        body.push_str(&format!("<{name}>"));
        tag(&mut body, "RECORDNO", &(row + 1).to_string());
        let key = books.table(id).key.clone();
        if key != "RECORDNO" {
            tag(&mut body, &key, &books.text(id, row, &key));
        }
        body.push_str(&format!("</{name}>"));
    }
    let count = call.children.len();
    Ok((
        format!("<data listtype=\"objects\" count=\"{count}\">{body}</data>"),
        count,
    ))
}

fn named_row(books: &Books, id: TableId, element: &Element) -> Result<u32, Fault> {
    let number = element.of("RECORDNO");
    let key = books.table(id).key.clone();
    let row = if number.is_empty() {
        books.find(id, &key, element.of(&key))
    } else {
        read::row_of(books, id, number)
    };
    row.ok_or_else(|| {
        let shown = if number.is_empty() {
            element.of(&key)
        } else {
            number
        };
        Fault::business(&format!(
            "{} with key '{shown}' does not exist",
            element.name
        ))
    })
}

/// Where the document behind a row stands.
pub(in crate::intacct) fn place(books: &Books, id: TableId, row: u32) -> Place {
    if id == GLBATCH {
        Place {
            header: None,
            batches: vec![row],
        }
    } else {
        books.place_of(id, row)
    }
}

/// Generic `delete`: `object` and a comma-separated list of RECORDNO.
///
/// # Errors
/// The cause and the wrapper "Could not delete … record!".
pub(in crate::intacct) fn delete(books: &mut Books, call: &Element, writer: Writer) -> Written {
    let name = call.of("object").to_owned();
    let id = read::object(books, &name).map_err(|e| vec![e])?;
    let keys: Vec<&str> = call
        .of("keys")
        .split(',')
        .map(str::trim)
        .filter(|k| !k.is_empty())
        .collect();
    if keys.is_empty() {
        return Err(vec![Fault::business("delete names no keys")]);
    }
    for key in &keys {
        let gone = read::row_of(books, id, key)
            .ok_or_else(|| Fault::business(&format!("{name} with key '{key}' does not exist")))
            .and_then(|row| delete_row(books, id, row, writer));
        gone.map_err(|e| vec![e, Fault::could_not("delete", &name)])?;
    }
    Ok((String::new(), keys.len()))
}

fn delete_row(books: &mut Books, id: TableId, row: u32, writer: Writer) -> Result<(), Fault> {
    match id {
        GLBATCH if books.cell(GLBATCH, row, "PRBATCHKEY") != 0 => Err(Fault::business(
            "The transaction belongs to a subledger and is deleted there",
        )),
        GLBATCH | APBILL..=ARPYMT if !is_line(id) => {
            let place = place(books, id, row);
            books
                .delete(&place, writer.stamp)
                .map_err(|e| Fault::business(&e))
        }
        GLENTRY | GLDETAIL => Err(Fault::business("Lines are changed with their transaction")),
        _ => master::delete(books, id, row, writer),
    }
}

/// True for objects that are lines of another.
pub(in crate::intacct) fn is_line(id: TableId) -> bool {
    id == GLDETAIL
        || [
            schema::GLENTRY,
            schema::APBILLITEM,
            schema::APADJUSTMENTITEM,
            schema::APPYMTDETAIL,
            schema::ARINVOICEITEM,
            schema::ARADJUSTMENTITEM,
            schema::ARPYMTDETAIL,
        ]
        .contains(&id)
}
