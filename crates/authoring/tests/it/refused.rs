//! Every way a workbook can be bad, with the place and the remedy.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use tieout_authoring::{
    Fault, LiveValues, book_of, checked, read_folder, read_workbook, version_of, write_folder,
};
use tieout_engine::crosswalk::VersionFile;

use crate::samples::{live, reference, version};

/// The workbook of golden v2, written cell by cell, then spoiled.
fn spoiled(spoil: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let book = book_of(&version("golden/crosswalk/v2.json"), &live("golden")).unwrap();
    let mut workbook = Workbook::new();
    for sheet in &book.sheets {
        let worksheet = workbook.add_worksheet();
        worksheet.set_name(&sheet.name).unwrap();
        for (c, name) in sheet.columns.iter().enumerate() {
            worksheet
                .write_string(0, u16::try_from(c).unwrap(), *name)
                .unwrap();
        }
        for (r, row) in sheet.rows.iter().enumerate() {
            for (c, cell) in row.iter().enumerate() {
                let (r, c) = (u32::try_from(r + 1).unwrap(), u16::try_from(c).unwrap());
                worksheet.write_string(r, c, cell).unwrap();
            }
        }
    }
    spoil(&mut workbook);
    workbook.save_to_buffer().unwrap()
}

fn faults(bytes: &[u8]) -> Vec<Fault> {
    match read_workbook(bytes) {
        Err(faults) => faults,
        Ok(found) => match version_of(&found) {
            Err(faults) => faults,
            Ok(authored) => checked(&authored, &[], &reference("golden")),
        },
    }
}

/// The only fault, which must be at that cell and say these words.
fn refused(sheet: &str, cell: &str, words: &str, spoil: impl FnOnce(&mut Worksheet)) {
    let bytes = spoiled(|workbook| spoil(workbook.worksheet_from_name(sheet).unwrap()));
    let found = faults(&bytes);
    assert_eq!(found.len(), 1, "{found:?}");
    let fault = &found[0];
    assert_eq!(
        (fault.sheet.as_str(), fault.cell().as_str()),
        (sheet, cell),
        "{fault}"
    );
    assert!(fault.to_string().contains(words), "{fault}");
    assert!(!fault.remedy.is_empty(), "{fault}");
}

/// Row of the key in `Table department`: the blank key is first.
const D100: u32 = 3;

#[test]
fn the_workbook_itself_is_good() {
    assert_eq!(faults(&spoiled(|_| {})), []);
}

#[test]
fn merged_cells() {
    refused("Table department", "C3", "merged", |sheet| {
        let format = Format::new();
        sheet.merge_range(2, 2, 3, 2, "1100", &format).unwrap();
    });
}

#[test]
fn formulas_also_in_notes() {
    refused("Table department", "C4", "formula", |sheet| {
        sheet
            .write_formula(D100, 2, Formula::new("=1100+0"))
            .unwrap();
    });
    refused("Table department", "E4", "formula", |sheet| {
        sheet
            .write_formula(D100, 4, Formula::new("=SUM(A1:A2)"))
            .unwrap();
    });
}

#[test]
fn numbers_that_lost_their_leading_zeros() {
    refused("Table department", "C2", "it was probably 0000", |sheet| {
        sheet.write_number(1, 2, 0).unwrap();
    });
    refused(
        "Rules intercompany",
        "E3",
        "the number 0, not text",
        |sheet| {
            sheet.write_number(2, 4, 0).unwrap();
        },
    );
    // Typed as text by then, as CSV would have it.
    refused(
        "Table department",
        "C2",
        "0 has lost its leading zeros; it was probably 0000",
        |sheet| {
            sheet.write_string(1, 2, "0").unwrap();
        },
    );
    refused("Rules cost_center", "E2", "it was probably 0000", |sheet| {
        sheet.write_string(1, 4, "00").unwrap();
    });
}

#[test]
fn dates_and_truth_values_where_text_is_needed() {
    let date = || ExcelDateTime::from_ymd(2027, 1, 1).unwrap();
    refused("Version", "B3", "a date (2027-01-01), not text", |sheet| {
        let format = Format::new().set_num_format("yyyy-mm-dd");
        sheet
            .write_datetime_with_format(2, 1, date(), &format)
            .unwrap();
    });
    refused(
        "Retired",
        "C2",
        "type the value again; a date as 2027-01-01",
        |sheet| {
            let format = Format::new().set_num_format("yyyy-mm-dd");
            sheet
                .write_datetime_with_format(1, 2, date(), &format)
                .unwrap();
        },
    );
    refused("Table department", "C4", "the truth value true", |sheet| {
        sheet.write_boolean(D100, 2, true).unwrap();
    });
}

#[test]
fn blanks_and_no_break_spaces_at_the_ends() {
    refused(
        "Table department",
        "C4",
        "a blank at its beginning or end",
        |sheet| {
            sheet.write_string(D100, 2, "1100 ").unwrap();
        },
    );
    refused("Table department", "A4", "a no-break space", |sheet| {
        sheet.write_string(D100, 0, "D100\u{a0}").unwrap();
    });
    refused("Table department", "C4", "line break", |sheet| {
        sheet.write_string(D100, 2, "11\n00").unwrap();
    });
}

#[test]
fn duplicate_rows() {
    refused(
        "Table department",
        "A4",
        "\"D000\" stands on row 3 too",
        |sheet| {
            sheet.write_string(D100, 0, "D000").unwrap();
        },
    );
    refused(
        "Rules account",
        "B3",
        "the rule id AC-1 stands on",
        |sheet| {
            sheet.write_string(2, 1, "AC-1").unwrap();
        },
    );
    refused("Retired", "A3", "the same as row 2", |sheet| {
        for (c, text) in ["cost_center", "4400", "2027-07-01", "4450"]
            .iter()
            .enumerate()
        {
            sheet
                .write_string(2, u16::try_from(c).unwrap(), *text)
                .unwrap();
        }
    });
    refused(
        "Version",
        "A10",
        "the field version stands twice",
        |sheet| {
            sheet.write_string(9, 0, "version").unwrap();
        },
    );
}

#[test]
fn unknown_sheets_columns_and_fields() {
    let found = faults(&spoiled(|workbook| {
        let sheet = workbook.add_worksheet();
        sheet.set_name("My notes").unwrap();
        sheet.write_string(0, 0, "x").unwrap();
    }));
    assert!(
        found[0]
            .to_string()
            .contains("sheet \"My notes\": no such sheet is known")
    );
    refused(
        "Table department",
        "H1",
        "no column \"remark\" is known",
        |sheet| {
            sheet.write_string(0, 7, "remark").unwrap();
        },
    );
    refused(
        "Table department",
        "I4",
        "stands under no column",
        |sheet| {
            sheet.write_string(D100, 8, "see mail").unwrap();
        },
    );
    refused(
        "Version",
        "A10",
        "no field \"approved_by\" is known",
        |sheet| {
            sheet.write_string(9, 0, "approved_by").unwrap();
        },
    );
}

#[test]
fn a_missing_sheet_and_a_missing_column() {
    let book = book_of(&version("golden/crosswalk/v2.json"), &LiveValues::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    write_folder(&book, folder.path()).unwrap();
    std::fs::remove_file(folder.path().join("Retired.csv")).unwrap();
    std::fs::write(folder.path().join("Dropped.csv"), "").unwrap();
    let faults = version_of(&read_folder(folder.path()).unwrap()).unwrap_err();
    let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(
        words[0].contains("the sheet \"Retired\" is missing"),
        "{words:?}"
    );
    assert!(
        words[1].contains("sheet \"Dropped\": the column \"dimension\" is missing"),
        "{words:?}"
    );
}

#[test]
fn csv_that_lost_its_zeros_in_a_spreadsheet() {
    let book = book_of(&version("golden/crosswalk/v2.json"), &LiveValues::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    write_folder(&book, folder.path()).unwrap();
    let file = folder.path().join("Table item.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("0000", "0")).unwrap();
    let faults = version_of(&read_folder(folder.path()).unwrap()).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].to_string().contains("it was probably 0000"),
        "{faults:?}"
    );
}

#[test]
fn conditions_and_values_that_cannot_be_read() {
    refused(
        "Rules account",
        "D2",
        "\"and\" is expected before or",
        |sheet| {
            sheet
                .write_string(1, 3, "account = 6000 or class = CL-RND")
                .unwrap();
        },
    );
    refused(
        "Rules account",
        "E4",
        "is neither lookup:<table>",
        |sheet| {
            sheet.write_string(3, 4, "lokup:account").unwrap();
        },
    );
    refused("Rules account", "C2", "is no whole number", |sheet| {
        sheet.write_string(1, 2, "first").unwrap();
    });
    refused("Version", "B3", "is no date", |sheet| {
        sheet.write_string(2, 1, "01.01.2027").unwrap();
    });
    refused(
        "Table department",
        "C4",
        "is blank, and it was mapped",
        |sheet| {
            sheet
                .write_blank(D100, 2, &Format::new().set_bold())
                .unwrap();
        },
    );
}

#[test]
fn two_rules_that_can_both_be_true() {
    refused(
        "Rules account",
        "C3",
        "has priority 10 like rule AC-1",
        |sheet| {
            sheet.write_string(2, 2, "10").unwrap();
            sheet.write_string(2, 3, "account = 6000").unwrap();
        },
    );
    refused("Rules account", "D4", "can never win", |sheet| {
        sheet.write_string(1, 3, "always").unwrap();
        sheet.write_string(2, 2, "5").unwrap();
    });
}

#[test]
fn a_renamed_value_that_contradicts_its_rows_or_is_not_filled_in() {
    let row = |sheet: &mut Worksheet, row: u32, cells: [&str; 3]| {
        for (c, text) in (0..).zip(cells) {
            sheet.write_string(row, c, text).unwrap();
        }
    };
    refused("Same", "", "has a row of its own", |sheet| {
        row(sheet, 1, ["department", "D200", "D300"]);
    });
    refused("Same", "B2", "neither account nor a dimension", |sheet| {
        row(sheet, 1, ["entity", "E201", "E200"]);
    });
    refused("Same", "C2", "is blank", |sheet| {
        row(sheet, 1, ["department", "D301", ""]);
    });
    refused("Same", "B3", "stands twice", |sheet| {
        row(sheet, 1, ["department", "D301", "D300"]);
        row(sheet, 2, ["department", "D301", "D200"]);
    });
    let good = faults(&spoiled(|workbook| {
        let sheet = workbook.worksheet_from_name("Same").unwrap();
        row(sheet, 1, ["department", "D301", "D300"]);
    }));
    assert_eq!(good, []);
}

#[test]
fn a_row_that_leads_to_a_disabled_value() {
    // D400 stands on row 7: the blank key, D000, D100, D200, D300 come first.
    let bytes = spoiled(|workbook| {
        let sheet = workbook.worksheet_from_name("Retired").unwrap();
        sheet.write_string(1, 1, "4450").unwrap();
        sheet.write_string(1, 2, "2026-12-01").unwrap();
    });
    let found = faults(&bytes);
    assert_eq!(found.len(), 1, "{found:?}");
    let words = found[0].to_string();
    let place = "sheet \"Table department\", cell C7: \"D400\" leads to 4450, which is disabled from 2026-12-01";
    assert!(words.starts_with(place), "{words}");
}

fn refused_value(value: &str, words: &str) {
    refused("Table account", "C2", words, |sheet| {
        sheet.write_string(1, 2, value).unwrap();
    });
}

#[test]
fn a_row_that_leads_nowhere() {
    refused_value("99999", "leads to 99999, which segment account lacks");
}

#[test]
fn versions_that_overlap() {
    let book = book_of(&version("golden/crosswalk/v2.json"), &LiveValues::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    write_folder(&book, folder.path()).unwrap();
    let file = folder.path().join("Version.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("2027-01-01", "2026-12-31")).unwrap();
    let authored = version_of(&read_folder(folder.path()).unwrap()).unwrap();
    let v1 = VersionFile::parse(&version("golden/crosswalk/v1.json")).unwrap();
    let found = checked(&authored, &[v1], &reference("golden"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].to_string().contains("overlaps version v1"),
        "{found:?}"
    );
    // Row 3 of the sheet: the field effective_from, its value.
    assert_eq!((&*found[0].sheet, &*found[0].cell()), ("Version", "B3"));
}

#[test]
fn a_formula_on_a_sheet_for_people_only() {
    let bytes = spoiled(|workbook| {
        let sheet = workbook.add_worksheet();
        sheet.set_name("Dimension project").unwrap();
        sheet.write_formula(1, 0, Formula::new("=1+1")).unwrap();
    });
    let found = faults(&bytes);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&*found[0].sheet, &*found[0].cell()),
        ("Dimension project", "A2")
    );
}

#[test]
fn what_is_no_workbook() {
    let found = read_workbook(b"version,v1").unwrap_err();
    assert!(found[0].to_string().contains("no readable workbook"));
}
