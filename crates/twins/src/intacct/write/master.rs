//! Creates, changes and deletes records that are no documents: vendors, projects, accounts, …

use super::Writer;
use crate::intacct::amount::Amount;
use crate::intacct::books::schema::{
    self, APBILL, ARINVOICE, AUDITHISTORY, CUSTOMER, GLACCOUNT, LOCATIONENTITY, REPORTINGPERIOD,
    STATACCOUNT, TableId, USERINFO, VENDOR,
};
use crate::intacct::books::table::{INLINE, Kind};
use crate::intacct::books::{Account, Books};
use crate::intacct::fault::Fault;
use crate::intacct::moment;
use crate::intacct::xml::Element;

const CONTACT_NAME: &str = "DISPLAYCONTACT.CONTACTNAME";
/// Fields a caller may not set (§3.4 [C]).
const READ_ONLY: [&str; 7] = [
    "RECORDNO",
    "WHENCREATED",
    "WHENMODIFIED",
    "CREATEDBY",
    "MODIFIEDBY",
    "MEGAENTITYID",
    "AUWHENCREATED",
];

/// What a record must be given besides its key (§4.1, §4.2 [V]: the SDKs write these always).
const NAMED_BY: [(TableId, &str); 4] = [
    (VENDOR, "NAME"),
    (CUSTOMER, "NAME"),
    (GLACCOUNT, "TITLE"),
    (STATACCOUNT, "TITLE"),
];

fn writable(books: &Books, id: TableId) -> Result<(), Fault> {
    let fixed = [LOCATIONENTITY, REPORTINGPERIOD, USERINFO, AUDITHISTORY];
    if fixed.contains(&id)
        || super::is_line(id)
        || (schema::APBILL..=schema::ARPYMTDETAIL).contains(&id)
    {
        let name = &books.table(id).name;
        return Err(Fault::business(&format!(
            "{name} cannot be written with this function"
        )));
    }
    Ok(())
}

/// Creates a record; answers its row.
///
/// # Errors
/// A fault for an unknown field, a missing key, a bad value, or a key that exists (BL34000061).
pub(in crate::intacct) fn create(
    books: &mut Books,
    id: TableId,
    element: &Element,
    writer: Writer,
) -> Result<u32, Fault> {
    writable(books, id)?;
    let key = books.table(id).key.clone();
    let natural = element.of(&key).to_owned();
    if natural.is_empty() {
        return Err(Fault::business(&format!("Required field {key} is missing")));
    }
    if books.find(id, &key, &natural).is_some() {
        return Err(Fault::exists(&element.name, &natural));
    }
    let cells = cells(books, id, element)?;
    for name in NAMED_BY.iter().filter(|(i, _)| *i == id).map(|(_, n)| n) {
        if element.of(name).is_empty() {
            return Err(Fault::business(&format!(
                "Required field {name} is missing"
            )));
        }
    }
    let fields: Vec<(&str, u32)> = cells.iter().map(|(n, c)| (n.as_str(), *c)).collect();
    let row = books.insert(id, &fields);
    if books.cell(id, row, "STATUS") == 0 {
        let active = books.word("active");
        books.set(id, row, "STATUS", active);
    }
    // The display contact is made with the vendor and named after it (§4.2).
    if id == VENDOR && books.cell(id, row, CONTACT_NAME) == 0 {
        let contact = format!("{}(V{natural})", element.of("NAME"));
        let contact = books.word(&contact);
        books.set(id, row, CONTACT_NAME, contact);
    }
    books.set(id, row, "WHENCREATED", INLINE | writer.stamp.moment);
    books.set(id, row, "CREATEDBY", INLINE | writer.stamp.user);
    if let Some(entity) = writer.entity {
        books.set(id, row, "MEGAENTITYID", entity);
    }
    books.touch(id, row, writer.stamp);
    books.audit(id, row, "C", writer.stamp);
    if id == GLACCOUNT || id == STATACCOUNT {
        let number = books.word(&natural);
        let closes = books.text(id, row, "CLOSINGTYPE") == "closing account"
            || books.text(id, row, "ACCOUNTTYPE") == "incomestatement";
        books.accounts.insert(
            number,
            Account {
                closes,
                statistical: id == STATACCOUNT,
            },
        );
    }
    Ok(row)
}

/// Changes a record.
///
/// # Errors
/// As [`create`].
pub(in crate::intacct) fn update(
    books: &mut Books,
    id: TableId,
    row: u32,
    element: &Element,
    writer: Writer,
) -> Result<u32, Fault> {
    writable(books, id)?;
    for (name, cell) in cells(books, id, element)? {
        books.set(id, row, &name, cell);
    }
    books.touch(id, row, writer.stamp);
    books.audit(id, row, "M", writer.stamp);
    Ok(row)
}

/// Deletes a record nothing refers to.
///
/// # Errors
/// A fault if documents use it.
pub(in crate::intacct) fn delete(
    books: &mut Books,
    id: TableId,
    row: u32,
    writer: Writer,
) -> Result<(), Fault> {
    writable(books, id)?;
    let used = match id {
        VENDOR => used_by(books, APBILL, "VENDORID", books.cell(id, row, "VENDORID")),
        CUSTOMER => used_by(
            books,
            ARINVOICE,
            "CUSTOMERID",
            books.cell(id, row, "CUSTOMERID"),
        ),
        GLACCOUNT | STATACCOUNT => {
            let account = books.cell(id, row, "ACCOUNTNO");
            books.totals.keys().any(|(_, a, _)| *a == account)
        }
        _ => false,
    };
    if used {
        return Err(Fault::business(
            "The record is used by transactions and cannot be deleted",
        ));
    }
    books.remove(id, row);
    books.audit(id, row, "D", writer.stamp);
    Ok(())
}

fn used_by(books: &Books, id: TableId, field: &str, cell: u32) -> bool {
    !books.rows_with(id, field, cell).is_empty()
}

fn cells(books: &mut Books, id: TableId, element: &Element) -> Result<Vec<(String, u32)>, Fault> {
    let mut made = Vec::new();
    for child in &element.children {
        if READ_ONLY.contains(&child.name.as_str()) {
            continue;
        }
        if !child.children.is_empty() {
            nested(books, id, &child.name, child, &mut made)?;
            continue;
        }
        if child.text.is_empty() && books.table(id).column(&child.name).is_none() {
            continue;
        }
        let hidden = child.name.starts_with('_');
        if hidden || books.table(id).stored(&child.name).is_none() {
            let name = &books.table(id).name;
            return Err(Fault::business(&format!(
                "Invalid field {} for {name}",
                child.name
            )));
        }
        let cell = cell(books, id, child)?;
        made.push((child.name.clone(), cell));
    }
    Ok(made)
}

/// Fields of a group such as DISPLAYCONTACT, under their dotted names.
fn nested(
    books: &mut Books,
    id: TableId,
    path: &str,
    group: &Element,
    made: &mut Vec<(String, u32)>,
) -> Result<(), Fault> {
    for inner in &group.children {
        let dotted = format!("{path}.{}", inner.name);
        if !inner.children.is_empty() {
            nested(books, id, &dotted, inner, made)?;
        } else if dotted == "DISPLAYCONTACT.PRINTAS" {
            made.push(("PRINTAS".to_owned(), books.word(&inner.text)));
        } else if books.table(id).stored(&dotted).is_some() {
            made.push((dotted, books.word(&inner.text)));
        } else if !inner.text.is_empty() {
            let name = &books.table(id).name;
            return Err(Fault::business(&format!(
                "Invalid field {dotted} for {name}"
            )));
        }
    }
    Ok(())
}

fn cell(books: &mut Books, id: TableId, child: &Element) -> Result<u32, Fault> {
    let text = child.text.as_str();
    if text.is_empty() {
        return Ok(0);
    }
    let wrong = |what: &str| {
        Fault::business(&format!(
            "Invalid value '{text}' for {}: {what}",
            child.name
        ))
    };
    Ok(match books.kind_of(id, &child.name) {
        Some(Kind::Date) => {
            INLINE | moment::day_from_us(text).ok_or_else(|| wrong("write MM/DD/YYYY"))?
        }
        Some(Kind::Timestamp) => {
            let moment = moment::moment_from_us(text, books.options.user_offset_minutes);
            INLINE | moment.ok_or_else(|| wrong("write MM/DD/YYYY HH:MM:SS"))?
        }
        Some(Kind::Integer) => {
            let number: u32 = text.parse().map_err(|_| wrong("write a whole number"))?;
            INLINE | (number & !INLINE)
        }
        Some(Kind::Decimal) => {
            let amount = Amount::parse(text).ok_or_else(|| wrong("write a plain decimal"))?;
            books.decimal(amount)
        }
        Some(Kind::Boolean) if !matches!(text, "true" | "false" | "T" | "F") => {
            return Err(wrong("write true or false"));
        }
        Some(Kind::Enum) => {
            let labels = schema::labels(id, &child.name);
            let label = labels
                .iter()
                .find(|(l, c)| *l == text || *c == text)
                .map(|(l, _)| *l);
            let label = label.ok_or_else(|| wrong("not in the list of values"))?;
            books.word(label)
        }
        Some(Kind::Boolean | Kind::Text) | None => books.word(text),
    })
}
