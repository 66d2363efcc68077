//! The sheets as an Excel workbook, out and in.
//!
//! Every cell is written as text in a column formatted as text, so that a value typed later stays text too; one that begins like a formula
//! also carries the mark that keeps a spreadsheet from taking it for one. The same book gives the same bytes.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use rust_xlsxwriter::{
    DataValidation, DocProperties, ExcelDateTime, Format, Formula, Workbook, Worksheet, XlsxError,
};

use crate::book::{Book, Fault, Found, FoundCell, FoundSheet, Sheet};
use crate::packed;
use crate::write::Unwritable;

/// Longest text of a cell.
const CELL_LEN_MAX: usize = 32_767;

/// Rows that are read of a sheet.
const ROWS_MAX: usize = 200_000;
/// Columns that are read of a sheet.
const COLUMNS_MAX: usize = 256;

/// Rows beyond the last that still get the lists to choose from.
const ROOM: u32 = 1_000;

struct Looks {
    head: Format,
    text: Format,
    escaped: Format,
    note: Format,
}

/// The bytes of a workbook.
///
/// # Errors
/// [`Unwritable`] if a cell is too long for a spreadsheet.
pub fn write_workbook(book: &Book) -> Result<Vec<u8>, Unwritable> {
    for sheet in &book.sheets {
        for (r, row) in sheet.rows.iter().enumerate() {
            let long = row.iter().map(|cell| cell.encode_utf16().count()).max();
            if let Some(len) = long.filter(|len| *len > CELL_LEN_MAX) {
                return Err(Unwritable::TooLong {
                    place: format!("sheet {:?}, row {}", sheet.name, r.saturating_add(2)),
                    len,
                    max: CELL_LEN_MAX,
                });
            }
        }
    }
    written(book).map_err(|fault| Unwritable::Form(format!("the workbook ({fault})")))
}

fn written(book: &Book) -> Result<Vec<u8>, XlsxError> {
    let text = Format::new().set_num_format("@");
    let looks = Looks {
        head: text.clone().set_bold().set_background_color(0x00D9_E1F2),
        escaped: text.clone().set_quote_prefix(),
        note: text.clone().set_font_color(0x0080_8080),
        text,
    };
    let mut workbook = Workbook::new();
    let epoch = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let properties = DocProperties::new().set_creation_datetime(&epoch);
    workbook.set_properties(&properties);
    for sheet in &book.sheets {
        put(workbook.add_worksheet(), sheet, &looks)?;
    }
    workbook.save_to_buffer()
}

/// True if a spreadsheet might take the text for a formula.
pub(crate) fn is_dangerous(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '\''])
}

fn put(worksheet: &mut Worksheet, sheet: &Sheet, looks: &Looks) -> Result<(), XlsxError> {
    worksheet.set_name(&sheet.name)?;
    for (c, name) in sheet.columns.iter().enumerate() {
        let column = u16::try_from(c).unwrap_or(u16::MAX);
        let longest = sheet.rows.iter().filter_map(|row| row.get(c));
        let longest = longest.map(|cell| cell.chars().count()).max().unwrap_or(0);
        let width = u16::try_from(longest.clamp(8, 60)).unwrap_or(60);
        worksheet.set_column_width(column, width.saturating_add(2))?;
        worksheet.set_column_format(column, &looks.text)?;
        worksheet.write_string_with_format(0, column, *name, &looks.head)?;
    }
    worksheet.set_freeze_panes(1, 0)?;
    for (r, row) in sheet.rows.iter().enumerate() {
        let at = u32::try_from(r.saturating_add(1)).unwrap_or(u32::MAX);
        for (c, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let column = u16::try_from(c).unwrap_or(u16::MAX);
            let format = match (is_dangerous(cell), sheet.notes.contains(&c)) {
                (true, _) => &looks.escaped,
                (false, true) => &looks.note,
                (false, false) => &looks.text,
            };
            worksheet.write_string_with_format(at, column, cell, format)?;
        }
    }
    let last = u32::try_from(sheet.rows.len()).unwrap_or(u32::MAX);
    for (column, first_value, last_value) in &sheet.choices {
        let column = u16::try_from(*column).unwrap_or(u16::MAX);
        let (first, end) = (first_value.saturating_add(1), last_value.saturating_add(1));
        let list = Formula::new(format!("=Values!$C${first}:$C${end}"));
        let rule = DataValidation::new()
            .allow_list_formula(list)
            .set_error_title("Unknown value")?
            .set_error_message(
                "Choose a value of the sheet Values; a new value must exist in the system first.",
            )?;
        worksheet.add_data_validation(1, column, last.saturating_add(ROOM), column, &rule)?;
    }
    Ok(())
}

/// The sheets of a workbook.
///
/// # Errors
/// Faults that make a workbook unreadable as a table: not a workbook, merged cells.
pub fn read_workbook(bytes: &[u8]) -> Result<Found, Vec<Fault>> {
    let unreadable = |what: String| {
        let remedy = "save it as an Excel workbook (.xlsx) without password";
        vec![Fault::book(
            format!("this is no readable workbook: {what}"),
            remedy,
        )]
    };
    packed::check(bytes).map_err(unreadable)?;
    let mut workbook: Xlsx<_> =
        Xlsx::new(Cursor::new(bytes)).map_err(|fault| unreadable(fault.to_string()))?;
    let mut found = Found::default();
    let mut faults = Vec::new();
    for name in workbook.sheet_names() {
        let merged = workbook.merge_cells_by_sheet_name(&name);
        for area in merged.unwrap_or_default() {
            let (row, column) = area.start;
            let place = (usize_of(row), usize_of(column));
            let fault = Fault::sheet(
                &name,
                "cells are merged here",
                "unmerge the cells and give every row its own values",
            );
            faults.push(fault.at(place.0, Some(place.1)));
        }
        match cells(&mut workbook, &name) {
            Ok(rows) => found.sheets.push(FoundSheet { name, rows }),
            Err(Unfit::Unreadable(what)) => {
                return Err(unreadable(format!("sheet {name:?}: {what}")));
            }
            Err(Unfit::TooFar(row, column)) => {
                let fault = Fault::sheet(
                    &name,
                    "a cell stands here, too far from the others to belong to a mapping",
                    "delete it, with its row and column",
                );
                faults.push(fault.at(row, Some(column)));
            }
        }
    }
    if faults.is_empty() {
        Ok(found)
    } else {
        Err(faults)
    }
}

/// Why the cells of a sheet can't be taken.
enum Unfit {
    Unreadable(String),
    /// A cell at this row and column, from 0.
    TooFar(usize, usize),
}

/// The cells of a sheet, one after another: a table with room for every cell between the first and the last could fill any memory.
fn cells(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Vec<Vec<FoundCell>>, Unfit> {
    let unreadable = |fault: calamine::XlsxError| Unfit::Unreadable(fault.to_string());
    let mut reader = workbook.worksheet_cells_reader(name).map_err(unreadable)?;
    let mut rows: Vec<Vec<FoundCell>> = Vec::new();
    while let Some(found) = reader.next_cell_with_formula().map_err(unreadable)? {
        let place = (usize_of(found.pos.0), usize_of(found.pos.1));
        let content = match found.formula {
            Some(formula) if !formula.is_empty() => FoundCell::Formula(formula),
            Some(_) | None => cell(&Data::from(found.value)),
        };
        if content == FoundCell::Empty {
            continue;
        }
        if place.0 >= ROWS_MAX || place.1 >= COLUMNS_MAX {
            return Err(Unfit::TooFar(place.0, place.1));
        }
        set(&mut rows, place, content);
    }
    Ok(rows)
}

fn usize_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn set(rows: &mut Vec<Vec<FoundCell>>, (row, column): (usize, usize), cell: FoundCell) {
    if rows.len() <= row {
        rows.resize(row.saturating_add(1), Vec::new());
    }
    let Some(cells) = rows.get_mut(row) else {
        return;
    };
    if cells.len() <= column {
        cells.resize(column.saturating_add(1), FoundCell::Empty);
    }
    if let Some(place) = cells.get_mut(column) {
        *place = cell;
    }
}

/// A number is only ever turned into the words of a refusal.
fn cell(data: &Data) -> FoundCell {
    match data {
        Data::Empty => FoundCell::Empty,
        Data::String(text) if text.is_empty() => FoundCell::Empty,
        Data::String(text) => FoundCell::Text(text.clone()),
        Data::Int(number) => FoundCell::Number(number.to_string()),
        Data::Float(number) => FoundCell::Number(number.to_string()),
        Data::Bool(flag) => FoundCell::Flag(*flag),
        Data::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            FoundCell::Date(format!("{year:04}-{month:02}-{day:02}"))
        }
        Data::DateTimeIso(text) | Data::DurationIso(text) => FoundCell::Date(text.clone()),
        Data::Error(error) => FoundCell::Broken(error.to_string()),
    }
}
