//! Tables for reading, as an Excel workbook: what a report says, with amounts people can add up.
//!
//! A text is always text, also one that begins like a formula: such a cell carries the mark that keeps a spreadsheet from running it.
//! A spreadsheet keeps numbers in binary, so an amount becomes a number only if its digits come back unchanged; any other stands as text.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};
use tieout_model::Amount;

use crate::workbook::is_dangerous;
use crate::write::Unwritable;

/// Rows a sheet of a spreadsheet takes, the header row among them.
const ROWS_MAX: usize = 1_048_576;

/// Widest column, in characters.
const WIDTH_MAX: usize = 60;

/// A cell of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportCell {
    /// A text.
    Text(String),
    /// An amount; debit positive.
    Amount(Amount),
    /// How many.
    Count(u64),
}

impl ReportCell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn digits(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Amount(amount) => amount.to_string(),
            Self::Count(count) => count.to_string(),
        }
    }
}

/// A sheet of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSheet {
    /// Its name.
    pub name: &'static str,
    /// The header row.
    pub columns: Vec<&'static str>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<ReportCell>>,
}

struct Looks {
    head: Format,
    text: Format,
    escaped: Format,
    /// Amounts with that many decimals, 0 to 9.
    amounts: Vec<Format>,
    digits: Format,
}

impl Looks {
    fn new() -> Self {
        let text = Format::new().set_num_format("@");
        let amounts = (0..10_usize).map(|decimals| {
            let tail = if decimals == 0 {
                String::new()
            } else {
                format!(".{}", "0".repeat(decimals))
            };
            Format::new().set_num_format(format!("#,##0{tail}"))
        });
        Self {
            head: text.clone().set_bold().set_background_color(0x00D9_E1F2),
            escaped: text.clone().set_quote_prefix(),
            digits: text.clone().set_align(FormatAlign::Right),
            amounts: amounts.collect(),
            text,
        }
    }
}

/// The bytes of a workbook with these sheets. The same sheets give the same bytes.
///
/// # Errors
/// [`Unwritable`]: more rows or a longer cell than a spreadsheet takes.
pub fn write_report(sheets: &[ReportSheet]) -> Result<Vec<u8>, Unwritable> {
    for sheet in sheets {
        if sheet.rows.len() >= ROWS_MAX {
            return Err(Unwritable::TooMany {
                sheet: sheet.name.to_owned(),
                rows: sheet.rows.len(),
            });
        }
    }
    written(sheets).map_err(|fault| Unwritable::Form(format!("the workbook ({fault})")))
}

fn written(sheets: &[ReportSheet]) -> Result<Vec<u8>, XlsxError> {
    let looks = Looks::new();
    let mut workbook = Workbook::new();
    let epoch = ExcelDateTime::from_ymd(2000, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&epoch));
    for sheet in sheets {
        put(workbook.add_worksheet(), sheet, &looks)?;
    }
    workbook.save_to_buffer()
}

fn put(worksheet: &mut Worksheet, sheet: &ReportSheet, looks: &Looks) -> Result<(), XlsxError> {
    worksheet.set_name(sheet.name)?;
    for (c, name) in (0_u16..).zip(&sheet.columns) {
        let cells = sheet.rows.iter().filter_map(|row| row.get(usize::from(c)));
        let longest = cells.map(|cell| cell.digits().chars().count()).max();
        let longest = longest.unwrap_or(0).max(name.len()).min(WIDTH_MAX);
        let width = u16::try_from(longest).unwrap_or(8).saturating_add(3);
        worksheet.set_column_width(c, width)?;
        worksheet.write_string_with_format(0, c, *name, &looks.head)?;
    }
    worksheet.set_freeze_panes(1, 0)?;
    for (r, row) in (1_u32..).zip(&sheet.rows) {
        for (c, cell) in (0_u16..).zip(row) {
            put_cell(worksheet, (r, c), cell, looks)?;
        }
    }
    Ok(())
}

fn put_cell(
    worksheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &ReportCell,
    looks: &Looks,
) -> Result<(), XlsxError> {
    let digits = cell.digits();
    let look = match cell {
        ReportCell::Text(text) => {
            let look = if is_dangerous(text) {
                &looks.escaped
            } else {
                &looks.text
            };
            worksheet.write_string_with_format(row, column, text, look)?;
            return Ok(());
        }
        ReportCell::Amount(_) | ReportCell::Count(_) => {
            let decimals = digits.split_once('.').map_or(0, |(_, tail)| tail.len());
            looks.amounts.get(decimals)
        }
    };
    match (look, same_digits(&digits)) {
        (Some(look), Some(number)) => {
            worksheet.write_number_with_format(row, column, number, look)?;
        }
        _ => {
            worksheet.write_string_with_format(row, column, &digits, &looks.digits)?;
        }
    }
    Ok(())
}

/// The number a spreadsheet keeps for these digits, if it shows the same value again: it keeps fifteen significant digits, and this is
/// checked by writing them down anew. Nothing is ever calculated with it.
fn same_digits(digits: &str) -> Option<f64> {
    let significant = digits.chars().filter(char::is_ascii_digit).count();
    if significant > 15 {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    let again = format!("{number}");
    let trimmed = match digits.split_once('.') {
        Some(_) => digits.trim_end_matches('0').trim_end_matches('.'),
        None => digits,
    };
    (again == trimmed || (again == "0" && trimmed.trim_start_matches('-') == "0")).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::same_digits;

    #[test]
    fn only_digits_that_come_back_unchanged_become_numbers() {
        for digits in [
            "0.00",
            "0.01",
            "-1234567.89",
            "123456789012.345",
            "100",
            "-0.10",
        ] {
            assert!(same_digits(digits).is_some(), "{digits}");
        }
        for digits in [
            "1234567890123456",
            "12345678901234567.01",
            "99999999999999.99",
            "",
        ] {
            assert!(same_digits(digits).is_none(), "{digits}");
        }
    }
}
