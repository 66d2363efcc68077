//! Reports as workbooks: amounts people can add up, texts that do nothing.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use tieout_authoring::{ReportCell, ReportSheet, write_report};

fn amount(text: &str) -> ReportCell {
    ReportCell::Amount(text.parse().unwrap())
}

fn written(cells: &[ReportCell]) -> (Vec<u8>, Vec<Data>) {
    let sheet = ReportSheet {
        name: "Moves",
        columns: vec!["what"],
        rows: cells.iter().map(|cell| vec![cell.clone()]).collect(),
    };
    let bytes = write_report(&[sheet]).unwrap();
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(&bytes)).unwrap();
    let formulas = workbook.worksheet_formula("Moves").unwrap();
    assert!(
        formulas
            .used_cells()
            .all(|(_, _, formula)| formula.is_empty())
    );
    let range = workbook.worksheet_range("Moves").unwrap();
    let cells = range.rows().skip(1).map(|row| row[0].clone());
    (bytes.clone(), cells.collect())
}

#[test]
fn amounts_keep_every_digit_as_numbers_or_else_as_text() {
    let texts = ["-1234567.89", "0.10", "976517", "99999999999999999.99"];
    let (_, cells) = written(&texts.map(amount));
    let digits: Vec<String> = cells.iter().map(ToString::to_string).collect();
    assert_eq!(
        digits,
        ["-1234567.89", "0.1", "976517", "99999999999999999.99"]
    );
    let is_number = |cell: &&Data| matches!(cell, Data::Float(_) | Data::Int(_));
    let numbers = cells.iter().filter(is_number);
    assert_eq!(numbers.count(), 3, "{cells:?}");
}

#[test]
fn a_text_that_begins_like_a_formula_stays_a_text() {
    let texts = ["=1+1", "+44 20", "-5", "@cmd", "plain"];
    let (_, cells) = written(&texts.map(ReportCell::text));
    for (cell, text) in cells.iter().zip(texts) {
        assert_eq!(cell, &Data::String(text.to_owned()));
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let cells = [amount("1.00"), ReportCell::text("x"), ReportCell::Count(3)];
    assert_eq!(written(&cells).0, written(&cells).0);
}
