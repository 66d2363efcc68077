//! Reading an answer in one pass over its bytes.
//!
//! Invariants: a document type declaration is refused at its first byte; nesting and size are bounded; only the five named entities and
//! numeric references exist; an answer that ends early is never mistaken for a short one.

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::xml::answer::{Answer, ErrorWords, FunctionResult, Place, Table};

/// Deepest nesting that is read.
pub(crate) const DEPTH_MAX: usize = 64;
/// Bytes of white space that may stand before an answer.
const BLANK_MAX: usize = 64 * 1024;
/// Largest answer that is read, in bytes.
pub(crate) const SIZE_MAX: usize = 64 * 1024 * 1024;

/// Why a body is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// No XML, another document (a web page), or XML that ends early.
    #[error("the body is no complete answer: {0}")]
    Broken(String),
    /// Something a well-meaning gateway never sends.
    #[error("the body is refused: {0}")]
    Hostile(String),
}

/// Reads an answer.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn answer(body: &Bytes) -> Result<Answer, Unreadable> {
    if body.len() > SIZE_MAX {
        return Err(hostile(format!("{} bytes are too many", body.len())));
    }
    let text = std::str::from_utf8(body)
        .map_err(|fault| broken(format!("not UTF-8 at byte {}", fault.valid_up_to())))?;
    let text = text.trim_start_matches('\u{feff}');
    let head = text
        .get(..text.floor_char_boundary(BLANK_MAX))
        .unwrap_or(text);
    if text.len() > BLANK_MAX && head.trim_start().is_empty() {
        return Err(broken("nothing but white space for long".to_owned()));
    }
    let text = text.trim_start();
    if !text.starts_with('<') {
        return Err(broken(format!("begins with {:?}", shortened(text))));
    }
    let mut reader = Reader::from_str(text);
    let mut state = State {
        body: body.clone(),
        ..State::default()
    };
    loop {
        let event = reader
            .read_event()
            .map_err(|fault| broken(fault.to_string()))?;
        match event {
            Event::Start(start) => state.start(&start)?,
            Event::Empty(start) => {
                state.start(&start)?;
                state.end()?;
            }
            Event::End(_) => state.end()?,
            Event::Text(text) => state.text(&text.xml10_content())?,
            Event::CData(text) => state.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => state.reference(&reference)?,
            Event::DocType(kind) => return Err(refused_type(&kind.xml10_content())),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => return state.finish(),
        }
    }
}

/// A document type declaration is never read on. One of a web page is the ordinary sign of a busy front; any other is an attack.
fn refused_type(declared: &str) -> Unreadable {
    let name = declared.trim_start().get(..4).unwrap_or_default();
    if name.eq_ignore_ascii_case("html") {
        broken("a web page".to_owned())
    } else {
        hostile("a document type declaration".to_owned())
    }
}

fn broken(what: String) -> Unreadable {
    Unreadable::Broken(what)
}

fn hostile(what: String) -> Unreadable {
    Unreadable::Hostile(what)
}

/// The beginning of a text, for messages.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Where the reading stands.
#[derive(Default)]
struct State {
    /// The whole answer.
    body: Bytes,
    /// Names of the open elements.
    open: Vec<String>,
    /// Number of open elements; `open` may be longer, its texts are reused.
    depth: usize,
    /// Depth of the open `data` element, 0 if none is open.
    data_depth: usize,
    /// True if the innermost open element has no child so far.
    is_leaf: bool,
    /// Text of the innermost element outside rows.
    text: String,
    /// Where the text of the innermost element inside a row stands, as far as it was read.
    cell: Place,
    /// True once the root was closed.
    is_done: bool,
    answer: Answer,
}

impl State {
    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Unreadable> {
        if self.is_done {
            return Err(broken("more than one document".to_owned()));
        }
        if self.depth >= DEPTH_MAX {
            return Err(hostile(format!("nested deeper than {DEPTH_MAX}")));
        }
        let name = start.name();
        let name = name.as_ref();
        if self.depth == 0 && name != "response" {
            return Err(broken(format!("the document is <{}>", shortened(name))));
        }
        match self.open.get_mut(self.depth) {
            Some(slot) => name.clone_into(slot),
            None => self.open.push(name.to_owned()),
        }
        self.depth += 1;
        self.is_leaf = true;
        self.text.clear();
        if self.data_depth > 0 {
            let is_row = self.depth == self.data_depth + 1;
            if is_row {
                self.table()?.begin_row(name).ok_or_else(too_large)?;
            }
            self.cell = Place::Nowhere;
            return Ok(());
        }
        match (self.depth, name) {
            (3, "result") => self.answer.results.push(FunctionResult::default()),
            (4, "data") if self.is_open(2, "result") => {
                self.data_depth = self.depth;
                // Room once at most: an answer may hold any number of results.
                let table = if self.answer.results.len() == 1 {
                    Table::within(self.body.clone())
                } else {
                    Table::among(self.body.clone())
                };
                self.result()?.data = attributes(start, table)?;
            }
            (_, "error") => {
                let errors = self.errors()?;
                errors.push(ErrorWords::default());
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        if self.depth == 0 {
            return Err(broken("an element ends that never began".to_owned()));
        }
        if self.data_depth > 0 {
            self.end_in_data()?;
        } else if self.is_leaf {
            self.end_leaf()?;
        }
        self.depth -= 1;
        self.is_leaf = false;
        self.is_done = self.depth == 0;
        Ok(())
    }

    fn end_in_data(&mut self) -> Result<(), Unreadable> {
        if self.depth == self.data_depth {
            self.data_depth = 0;
        } else if self.is_leaf && self.depth > self.data_depth + 1 {
            let first = self.data_depth + 1;
            let place = self.cell;
            let path: Option<String> = (self.depth > first + 1).then(|| {
                let names = self.open.get(first..self.depth).unwrap_or_default();
                names.join(".")
            });
            let name = match path {
                Some(path) => path,
                None => std::mem::take(self.open.get_mut(self.depth - 1).ok_or_else(too_large)?),
            };
            let pushed = self.table()?.push_cell(&name, place);
            if let Some(slot) = self.open.get_mut(self.depth - 1) {
                *slot = name;
            }
            pushed.ok_or_else(too_large)?;
        }
        Ok(())
    }

    fn end_leaf(&mut self) -> Result<(), Unreadable> {
        let text = std::mem::take(&mut self.text);
        let name = self.open.get(self.depth - 1).map_or("", String::as_str);
        let parent = match self.depth {
            0 | 1 => "",
            depth => self.open.get(depth - 2).map_or("", String::as_str),
        };
        match (self.depth, parent, name) {
            (3, "control", "status") => self.answer.control_status = text,
            (4, "authentication", "status") => self.answer.authentication_status = text,
            (4, "authentication", "sessiontimestamp") => self.answer.session_stamp = text,
            (4, "authentication", "sessiontimeout") => self.answer.session_timeout = text,
            (4, "result", "status") => self.result()?.status = text,
            (4, "result", "controlid") => self.result()?.control_id = text,
            (4, "result", "key") => self.result()?.key = text,
            (_, "error", "errorno") => self.error()?.number = text,
            (_, "error", "description") => self.error()?.description = text,
            (_, "error", "description2") => self.error()?.description2 = text,
            (_, "error", "correction") => self.error()?.correction = text,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Unreadable> {
        if self.depth == 0 {
            return if text.trim().is_empty() {
                Ok(())
            } else {
                Err(broken("text outside the document".to_owned()))
            };
        }
        if self.data_depth > 0 {
            if self.is_leaf && self.depth > self.data_depth {
                self.cell_text(text)?;
            }
        } else if self.is_leaf {
            self.text.push_str(text);
        }
        Ok(())
    }

    /// The first text of a cell stands in the answer, unless it was changed while it was read.
    fn cell_text(&mut self, text: &str) -> Result<(), Unreadable> {
        if text.is_empty() {
            return Ok(());
        }
        let there = match self.cell {
            Place::Nowhere => place_in(&self.body, text),
            Place::There(..) | Place::Made(..) => None,
        };
        self.cell = match there {
            Some(place) => place,
            None => {
                let before = self.cell;
                let extended = self.table()?.extended(before, text);
                extended.ok_or_else(too_large)?
            }
        };
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Unreadable> {
        let number = reference
            .resolve_char_ref()
            .map_err(|fault| hostile(fault.to_string()))?;
        if let Some(c) = number {
            let mut buffer = [0; 4];
            return self.text(c.encode_utf8(&mut buffer));
        }
        match reference.xml10_content().as_ref() {
            "amp" => self.text("&"),
            "lt" => self.text("<"),
            "gt" => self.text(">"),
            "quot" => self.text("\""),
            "apos" => self.text("'"),
            other => Err(hostile(format!("the entity {:?}", shortened(other)))),
        }
    }

    fn finish(self) -> Result<Answer, Unreadable> {
        if self.is_done {
            Ok(self.answer)
        } else {
            let inside = self.open.get(..self.depth).unwrap_or_default().join("/");
            Err(broken(format!("it ends inside {inside:?}")))
        }
    }

    fn is_open(&self, index: usize, name: &str) -> bool {
        self.open.get(index).is_some_and(|open| open == name)
    }

    fn result(&mut self) -> Result<&mut FunctionResult, Unreadable> {
        let last = self.answer.results.last_mut();
        last.ok_or_else(|| broken("a value outside a result".to_owned()))
    }

    fn table(&mut self) -> Result<&mut Table, Unreadable> {
        Ok(&mut self.result()?.data)
    }

    fn errors(&mut self) -> Result<&mut Vec<ErrorWords>, Unreadable> {
        if self.is_open(2, "result") && self.depth > 3 {
            Ok(&mut self.result()?.errors)
        } else {
            Ok(&mut self.answer.errors)
        }
    }

    fn error(&mut self) -> Result<&mut ErrorWords, Unreadable> {
        let last = self.errors()?.last_mut();
        last.ok_or_else(|| broken("error words outside an error".to_owned()))
    }
}

fn too_large() -> Unreadable {
    hostile("a table beyond every bound".to_owned())
}

/// Where in `body` a text stands that was borrowed from it.
fn place_in(body: &Bytes, text: &str) -> Option<Place> {
    let from = text.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
    let to = from.checked_add(text.len())?;
    if to > body.len() {
        return None;
    }
    Some(Place::There(
        u32::try_from(from).ok()?,
        u32::try_from(to).ok()?,
    ))
}

fn attributes(start: &BytesStart<'_>, mut table: Table) -> Result<Table, Unreadable> {
    // Whether a name stands twice is not asked: that would compare each with all.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|fault| broken(fault.to_string()))?;
        let value: &str = attribute.value.as_ref();
        let number = || {
            let parsed = value.parse::<u64>();
            parsed.map_err(|_| broken(format!("the count {:?}", shortened(value))))
        };
        match attribute.key.as_ref() {
            "listtype" => value.clone_into(&mut table.list_type),
            "resultId" => value.clone_into(&mut table.result_id),
            "totalcount" => table.total = Some(number()?),
            "count" => table.count = Some(number()?),
            "numremaining" => table.remaining = Some(number()?),
            _ => {}
        }
    }
    Ok(table)
}
