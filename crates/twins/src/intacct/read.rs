//! What all reading functions have in common: who sees which row, how literals are read, how rows are printed.

pub(in crate::intacct) mod balance;
pub(in crate::intacct) mod describe;
pub(in crate::intacct) mod format;
pub(in crate::intacct) mod keys;
pub(in crate::intacct) mod language;
pub(in crate::intacct) mod list;
pub(in crate::intacct) mod query;

use super::amount::Amount;
use super::books::schema::{self, AUDITHISTORY, TableId};
use super::books::table::{INLINE, Kind};
use super::books::{Books, Value};
use super::fault::Fault;
use super::filter::Key;
use super::moment;
use super::xml::tag;

/// The eyes of a session.
#[derive(Debug, Clone, Copy)]
pub(in crate::intacct) struct View {
    /// Cell of the entity the session is limited to; `None` at the top level.
    pub(in crate::intacct) entity: Option<u32>,
    /// Whether the top level sees records of entities.
    pub(in crate::intacct) private: bool,
    /// Now, Unix milliseconds of the business clock.
    pub(in crate::intacct) now: i64,
}

/// Which spelling of values a function takes (intacct-xml.md §2.1, §2.2 [D]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::intacct) enum Spelling {
    /// `query`: labels of enums, `true`/`false`.
    Label,
    /// `readByQuery`: codes of enums, `T`/`F`.
    Code,
}

/// The object of this name.
///
/// # Errors
/// `Query Failed` if there is none, PL04000005 if the user may not read it.
pub(in crate::intacct) fn object(books: &Books, name: &str) -> Result<TableId, Fault> {
    if books
        .options
        .denied_objects
        .iter()
        .any(|d| d.eq_ignore_ascii_case(name))
    {
        return Err(Fault::denied(name));
    }
    books.object(name).ok_or_else(|| Fault::no_object(name))
}

/// The kind of a field a reader may name.
///
/// # Errors
/// DL02000001 naming object and field (its `<object>: [FIELD]` part is what clients look for, §2.1 [V]).
pub(in crate::intacct) fn field(books: &Books, id: TableId, name: &str) -> Result<Kind, Fault> {
    let hidden = name.split('.').any(|part| part.starts_with('_'));
    books.kind_of(id, name).filter(|_| !hidden).ok_or_else(|| {
        Fault::processing(&format!(
            "One or more fields were not found for {}: [{name}]",
            books.table(id).name.to_lowercase()
        ))
    })
}

/// Reads a literal for a field.
///
/// # Errors
/// DL02000001 for a spelling the gateway does not take: ISO dates, exponents, text where a number belongs.
pub(in crate::intacct) fn literal(
    books: &Books,
    id: TableId,
    name: &str,
    text: &str,
    spelling: Spelling,
) -> Result<Key, Fault> {
    let wrong = |what: &str| Fault::processing(&format!("Field {name}: {text:?} is not {what}."));
    Ok(match field(books, id, name)? {
        Kind::Date => {
            let day = moment::day_from_us(text.split(' ').next().unwrap_or_default());
            Key::Number(i128::from(day.ok_or_else(|| wrong("a date MM/DD/YYYY"))?))
        }
        Kind::Timestamp => {
            let moment = moment::moment_from_us(text, books.options.user_offset_minutes);
            Key::Number(i128::from(
                moment.ok_or_else(|| wrong("a timestamp MM/DD/YYYY HH:MM:SS"))?,
            ))
        }
        Kind::Integer => Key::Number(text.parse().map_err(|_| wrong("a whole number"))?),
        Kind::Decimal => Key::Number(
            Amount::parse(text)
                .ok_or_else(|| wrong("a plain decimal"))?
                .order(),
        ),
        Kind::Boolean => {
            let letters = name.ends_with("SYSTEMGENERATED");
            let on = match (text, spelling) {
                ("true", Spelling::Label) | ("T", _) => true,
                ("false", Spelling::Label) | ("F", _) => false,
                _ => return Err(wrong("a truth value")),
            };
            let word = match (letters, on) {
                (true, true) => "T",
                (true, false) => "F",
                (false, true) => "true",
                (false, false) => "false",
            };
            Key::Text(word.to_owned())
        }
        Kind::Enum => {
            let labels = schema::labels(id, name.rsplit('.').next().unwrap_or(name));
            let by_code = labels
                .iter()
                .find(|(_, code)| *code == text)
                .map(|(label, _)| *label);
            Key::Text(match (spelling, by_code) {
                (Spelling::Code, Some(label)) => label.to_owned(),
                // A label where a code belongs finds nothing.
                (Spelling::Code, None) => format!("\u{0}{text}"),
                (Spelling::Label, _) => text.to_owned(),
            })
        }
        Kind::Text if spelling == Spelling::Code && is_access(id, name) => {
            let code = ACCESS.iter().find(|(_, word)| *word == text);
            // A code where a word belongs finds nothing.
            Key::Text(code.map_or_else(|| format!("\u{0}{text}"), |(code, _)| (*code).to_owned()))
        }
        Kind::Text => Key::Text(text.to_owned()),
    })
}

/// What happened to a record: the code `query` has and the word the older functions have (§2.1 [D]; the words are community source [C]).
const ACCESS: [(&str, &str); 3] = [("C", "Created"), ("M", "Modified"), ("D", "Deleted")];

fn is_access(id: TableId, name: &str) -> bool {
    id == AUDITHISTORY && name == "ACCESSMODE"
}

/// What a session sees of one object.
pub(in crate::intacct) struct Eyes<'a> {
    books: &'a Books,
    base: TableId,
    owner: Option<usize>,
    view: View,
    late: bool,
}

impl<'a> Eyes<'a> {
    /// The session's eyes on an object.
    pub(in crate::intacct) fn on(books: &'a Books, id: TableId, view: View) -> Self {
        let base = Books::base(id);
        let owner = books.table(base).stored("MEGAENTITYID");
        let owner = owner.filter(|_| view.entity.is_some() || !view.private);
        Self {
            books,
            base,
            owner,
            view,
            late: !books.late.is_empty(),
        }
    }

    /// Whether the session sees a row.
    pub(in crate::intacct) fn see(&self, row: u32) -> bool {
        if self.late {
            let from = self.books.late.get(&(self.base, row));
            if from.is_some_and(|from| self.view.now < *from) {
                return false;
            }
        }
        let Some(slot) = self.owner else { return true };
        let owner = self.books.table(self.base).cell(row, slot);
        owner == 0 || self.view.entity == Some(owner)
    }
}

/// All fields `*` stands for.
pub(in crate::intacct) fn all_fields(books: &Books, id: TableId) -> Vec<String> {
    let columns = books.table(id).columns.iter();
    columns
        .filter(|c| !c.name.starts_with('_'))
        .map(|c| c.name.clone())
        .collect()
}

/// The fields a comma-separated list names.
///
/// # Errors
/// As [`field`].
pub(in crate::intacct) fn field_list(
    books: &Books,
    id: TableId,
    list: &str,
) -> Result<Vec<String>, Fault> {
    if list.trim().is_empty() || list.trim() == "*" {
        return Ok(all_fields(books, id));
    }
    let names: Vec<String> = list
        .split(',')
        .map(|n| n.trim().to_owned())
        .filter(|n| !n.is_empty())
        .collect();
    for name in &names {
        field(books, id, name)?;
    }
    Ok(names)
}

/// Prints one row as an element.
pub(in crate::intacct) fn print_row(
    books: &Books,
    id: TableId,
    row: u32,
    element: &str,
    fields: &[String],
    out: &mut String,
) {
    out.push_str(&format!("<{element}>"));
    for name in fields {
        let text = books.text(id, row, name);
        let word = ACCESS
            .iter()
            .find(|(c, _)| *c == text && is_access(id, name));
        tag(out, name, word.map_or(text.as_str(), |(_, word)| word));
    }
    out.push_str(&format!("</{element}>"));
}

/// A value's ordering key for sorting; empty values come first.
pub(in crate::intacct) fn sort_key(
    books: &Books,
    id: TableId,
    row: u32,
    name: &str,
) -> Option<Key> {
    let value: Option<Value> = books.value(id, row, name);
    value.and_then(|v| super::filter::key_of(books, &v))
}

/// The row of a RECORDNO.
pub(in crate::intacct) fn row_of(books: &Books, id: TableId, number: &str) -> Option<u32> {
    let row = number
        .trim()
        .parse::<u32>()
        .ok()
        .filter(|n| n & INLINE == 0)?
        .checked_sub(1)?;
    books.table(Books::base(id)).is_live(row).then_some(row)
}
