//! Workbooks that would fill any memory: refused soon, with words.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use rust_xlsxwriter::Workbook;
use tieout_authoring::read_workbook;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A good workbook whose part is replaced, or joined by another one.
fn with_part(name: &str, content: &[u8]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_string(0, 0, "key").unwrap();
    let good = workbook.save_to_buffer().unwrap();
    let mut archive = ZipArchive::new(Cursor::new(good)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let own = part.name().unwrap().into_owned();
        if own != name {
            writer.start_file(own, options).unwrap();
            std::io::copy(&mut part, &mut writer).unwrap();
        }
    }
    writer.start_file(name, options).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

fn sheet(cells: &str) -> Vec<u8> {
    let text = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{cells}</sheetData></worksheet>"
    );
    with_part("xl/worksheets/sheet1.xml", text.as_bytes())
}

#[test]
fn workbooks_that_would_fill_any_memory_are_refused_soon() {
    let zeros = vec![b' '; 8 * 1024 * 1024];
    let far = "<row r=\"1048576\"><c r=\"XFD1048576\" t=\"str\"><v>x</v></c></row>";
    let wide = "<row r=\"1\"><c r=\"XFD1\" t=\"str\"><v>x</v></c></row>";
    let cases = [
        (
            "a bomb of strings",
            with_part("xl/sharedStrings.xml", &zeros),
            "unpacked from",
        ),
        (
            "a bomb beside",
            with_part("xl/media/image1.png", &zeros),
            "unpacked from",
        ),
        ("a cell in the last corner", sheet(far), "too far"),
        ("a cell in the last column", sheet(wide), "too far"),
        ("no zip", b"not a workbook".to_vec(), "no readable workbook"),
        ("cut", sheet("")[..200].to_vec(), "no readable workbook"),
    ];
    for (name, bytes, words) in cases {
        let began = Instant::now();
        let faults = read_workbook(&bytes).unwrap_err();
        assert!(
            faults[0].to_string().contains(words),
            "{name}: {}",
            faults[0]
        );
        assert!(began.elapsed() < Duration::from_secs(1), "{name}");
    }
}
