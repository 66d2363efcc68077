//! Reading by condition in pages, and by key: `readByQuery`, `readMore`, `read`, `readByName` (intacct-xml.md §2.2, §2.3).

use std::collections::BTreeMap;

use super::{Eyes, View, all_fields, balance, field_list, language, object, print_row, row_of};
use crate::intacct::books::Books;
use crate::intacct::books::schema::{self, TableId};
use crate::intacct::books::table::INLINE;
use crate::intacct::fault::Fault;
use crate::intacct::xml::{Element, escape, tag};

/// Largest page of `readByQuery` (documented as 1000, 2000 observed as accepted, §8 [D][C]) and most keys of `read` (§8 [V]).
const MAX_PAGE: usize = 2000;
const MAX_KEYS: usize = 100;

/// What a cursor still has to give.
#[derive(Debug)]
enum Rows {
    Stored(TableId, Vec<String>, Vec<u32>),
    Made(Vec<String>),
}

/// The state of one `readByQuery`.
#[derive(Debug)]
struct Cursor {
    session: String,
    object: String,
    rows: Rows,
    at: usize,
    pagesize: usize,
}

/// All open cursors.
#[derive(Debug, Default)]
pub(in crate::intacct) struct Cursors {
    open: BTreeMap<String, Cursor>,
    made: u64,
}

/// Most cursors kept; the oldest go first. The vendor's lifetime is undocumented (§2.2 [R]).
const MAX_CURSORS: usize = 1000;

impl Cursors {
    /// Starts a scan; answers the first page and its row count.
    ///
    /// # Errors
    /// A fault naming what is wrong in the call.
    pub(in crate::intacct) fn read_by_query(
        &mut self,
        books: &Books,
        call: &Element,
        view: View,
        session: &str,
    ) -> Result<(String, usize), Fault> {
        let name = call.of("object");
        let size = call.of("pagesize");
        let size = if size.is_empty() {
            100
        } else {
            size.parse().unwrap_or(0)
        };
        if !(1..=MAX_PAGE).contains(&size) {
            return Err(Fault::processing(&format!(
                "pagesize must be a number from 1 to {MAX_PAGE}."
            )));
        }
        let rows = if name.eq_ignore_ascii_case("GLACCOUNTBALANCE") {
            Rows::Made(balance::account_balances(
                books,
                call.of("query"),
                call.of("fields"),
                view,
            )?)
        } else {
            stored_rows(books, call, name, view)?
        };
        self.made += 1;
        let id = format!(
            "{}{:016x}",
            7_765_623_338_u64 + self.made,
            scramble(books.options.seed ^ self.made)
        );
        let cursor = Cursor {
            session: session.to_owned(),
            object: name.to_lowercase(),
            rows,
            at: 0,
            pagesize: size,
        };
        self.open.insert(id.clone(), cursor);
        while self.open.len() > MAX_CURSORS {
            self.open.pop_first();
        }
        self.page(books, &id)
    }

    /// Continues a scan.
    ///
    /// # Errors
    /// A fault for a result id that is unknown or of another session.
    pub(in crate::intacct) fn read_more(
        &mut self,
        books: &Books,
        call: &Element,
        session: &str,
    ) -> Result<(String, usize), Fault> {
        let wanted = call.of("resultId");
        let by_object = call.of("object").to_lowercase();
        let found = self.open.iter().rev().find(|(id, cursor)| {
            cursor.session == session
                && (*id == wanted
                    || (wanted.is_empty() && !by_object.is_empty() && cursor.object == by_object))
        });
        match found.map(|(id, _)| id.clone()) {
            Some(id) => self.page(books, &id),
            None => Err(Fault::processing(&format!(
                "The result {wanted:?} does not exist or has expired."
            ))),
        }
    }

    fn page(&mut self, books: &Books, id: &str) -> Result<(String, usize), Fault> {
        let cursor = self
            .open
            .get_mut(id)
            .ok_or_else(|| Fault::processing("The result has expired."))?;
        let total = match &cursor.rows {
            Rows::Stored(_, _, rows) => rows.len(),
            Rows::Made(rows) => rows.len(),
        };
        let (from, to) = (
            cursor.at.min(total),
            (cursor.at + cursor.pagesize).min(total),
        );
        cursor.at = to;
        let mut out = format!(
            "<data listtype=\"{}\" count=\"{}\" totalcount=\"{total}\" numremaining=\"{}\" resultId=\"{id}\">",
            escape(&cursor.object),
            to - from,
            total - to
        );
        match &cursor.rows {
            Rows::Stored(table, fields, rows) => {
                for row in rows.get(from..to).unwrap_or_default() {
                    if books.table(Books::base(*table)).is_live(*row) {
                        print_row(books, *table, *row, &cursor.object, fields, &mut out);
                    }
                }
            }
            Rows::Made(rows) => out.extend(
                rows.get(from..to)
                    .unwrap_or_default()
                    .iter()
                    .map(String::as_str),
            ),
        }
        out.push_str("</data>");
        Ok((out, to - from))
    }
}

fn stored_rows(books: &Books, call: &Element, name: &str, view: View) -> Result<Rows, Fault> {
    let id = object(books, name)?;
    let fields = field_list(books, id, call.of("fields"))?;
    let condition = language::parse(books, id, call.of("query"))?;
    let view = View {
        private: books.options.read_by_query_shows_private,
        ..view
    };
    let eyes = Eyes::on(books, id, view);
    let found = condition.filter.candidates(books, id, None);
    let mut rows: Vec<u32> = found
        .rows
        .filter(|row| eyes.see(*row) && condition.filter.holds(books, id, *row))
        .collect();
    if !books.options.read_by_query_in_key_order {
        let seed = books.options.seed;
        rows.sort_by_key(|row| scramble(seed ^ u64::from(*row)));
    }
    if let Some(limit) = condition.limit {
        rows.truncate(limit);
    }
    Ok(Rows::Stored(id, fields, rows))
}

/// A fixed shuffle of numbers (splitmix64): the disorder of scans.
pub(in crate::intacct) fn scramble(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `read` (keys are RECORDNO) and `readByName` (keys are natural ids); lines come inline with `*`.
///
/// # Errors
/// A fault for an unknown object or field, or more than 100 keys.
pub(in crate::intacct) fn read(
    books: &Books,
    call: &Element,
    view: View,
) -> Result<(String, usize), Fault> {
    let name = call.of("object");
    let id = object(books, name)?;
    let fields = field_list(books, id, call.of("fields"))?;
    let with_lines = matches!(call.of("fields").trim(), "" | "*");
    let keys: Vec<&str> = call
        .of("keys")
        .split(',')
        .map(str::trim)
        .filter(|k| !k.is_empty())
        .collect();
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(Fault::processing(&format!(
            "keys takes 1 to {MAX_KEYS} keys."
        )));
    }
    let natural = call.name == "readByName";
    let view = View {
        private: true,
        ..view
    };
    let mut body = String::new();
    let mut count = 0;
    for key in keys {
        let row = if natural {
            by_name(books, id, key)
        } else {
            row_of(books, id, key)
        };
        let Some(row) = row.filter(|r| Eyes::on(books, id, view).see(*r)) else {
            continue;
        };
        count += 1;
        if with_lines {
            print_owned(books, id, row, name, &fields, &mut body);
        } else {
            print_row(books, id, row, name, &fields, &mut body);
        }
    }
    let data = format!(
        "<data listtype=\"{}\" count=\"{count}\">{body}</data>",
        escape(&name.to_lowercase())
    );
    Ok((data, count))
}

/// The row users know by this name.
pub(in crate::intacct) fn by_name(books: &Books, id: TableId, key: &str) -> Option<u32> {
    let table = books.table(id);
    match table.key.as_str() {
        "RECORDNO" | "ID" => row_of(books, id, key).or_else(|| books.find(id, "RECORDID", key)),
        natural => books.find(id, natural, key),
    }
}

/// Prints a row with the lines it owns.
pub(in crate::intacct) fn print_owned(
    books: &Books,
    id: TableId,
    row: u32,
    element: &str,
    fields: &[String],
    out: &mut String,
) {
    out.push_str(&format!("<{element}>"));
    for name in fields {
        tag(out, name, &books.text(id, row, name));
    }
    if let Some((lines, link, list)) = schema::lines_of(id) {
        let line_fields = all_fields(books, lines);
        let line_name = books.table(lines).name.to_lowercase();
        let mut rows = books.rows_with(lines, link, INLINE | (row + 1));
        rows.sort_by_key(|r| books.cell(lines, *r, "LINE_NO"));
        out.push_str(&format!("<{list}>"));
        for line in rows {
            print_row(books, lines, line, &line_name, &line_fields, out);
        }
        out.push_str(&format!("</{list}>"));
    }
    out.push_str(&format!("</{element}>"));
}
