//! The sheets as a folder of CSV files, one per sheet, out and in. UTF-8, comma, quotes where needed, lines end with a line feed.
//!
//! A cell that a spreadsheet would take for a formula begins with an apostrophe; reading takes one apostrophe away.

use std::path::Path;

use crate::book::{Book, Fault, Found, FoundCell, FoundSheet};
use crate::workbook::is_dangerous;

/// Writes one file per sheet into `folder`, which is made if it is missing.
///
/// # Errors
/// When the folder can't be made or a file can't be written.
pub fn write_folder(book: &Book, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for sheet in &book.sheets {
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(Vec::new());
        writer.write_record(&sheet.columns)?;
        for row in &sheet.rows {
            writer.write_record(row.iter().map(|cell| guarded(cell)))?;
        }
        let bytes = writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        std::fs::write(folder.join(format!("{}.csv", sheet.name)), bytes)?;
    }
    Ok(())
}

/// A text as a cell of CSV that no spreadsheet takes for a formula: an apostrophe goes before one that begins like it.
pub fn guarded(cell: &str) -> String {
    if is_dangerous(cell) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// The sheets of a folder: every `.csv` file in it, in the order of names.
///
/// # Errors
/// Faults of files that can't be read as CSV.
pub fn read_folder(folder: &Path) -> Result<Found, Vec<Fault>> {
    let unreadable = |what: String| {
        let remedy = "name the folder `tieout crosswalk export` wrote";
        vec![Fault::book(what, remedy)]
    };
    let listed = std::fs::read_dir(folder)
        .map_err(|fault| unreadable(format!("{}: {fault}", folder.display())))?;
    let mut names = Vec::new();
    for entry in listed {
        let entry = entry.map_err(|fault| unreadable(fault.to_string()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(sheet) = name.strip_suffix(".csv") {
            names.push(sheet.to_owned());
        }
    }
    names.sort();
    let mut found = Found::default();
    let mut faults = Vec::new();
    for name in names {
        match read_file(&folder.join(format!("{name}.csv"))) {
            Ok(rows) => found.sheets.push(FoundSheet { name, rows }),
            Err(what) => faults.push(Fault::sheet(&name, what, "save it as CSV in UTF-8")),
        }
    }
    if faults.is_empty() {
        Ok(found)
    } else {
        Err(faults)
    }
}

fn read_file(file: &Path) -> Result<Vec<Vec<FoundCell>>, String> {
    let bytes = std::fs::read(file).map_err(|fault| fault.to_string())?;
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut rows: Vec<Vec<FoundCell>> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|fault| fault.to_string())?;
        rows.push(record.iter().map(cell).collect());
    }
    Ok(rows)
}

fn cell(text: &str) -> FoundCell {
    let plain = text.strip_prefix('\'').unwrap_or(text);
    if text.is_empty() {
        FoundCell::Empty
    } else if text.starts_with('=') {
        FoundCell::Formula(text.to_owned())
    } else {
        FoundCell::Text(plain.to_owned())
    }
}
