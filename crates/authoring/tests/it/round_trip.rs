//! Out and in without loss.

use proptest::prelude::*;
use tieout_authoring::{
    Book, LiveValues, book_of, checked, pretty, read_folder, read_workbook, skeleton, version_of,
    write_folder, write_workbook,
};
use tieout_engine::crosswalk::{Json, VersionFile};

use crate::samples::{ALL, live, reference, version};

fn digest(bytes: &[u8]) -> String {
    VersionFile::parse(bytes).unwrap().digest.to_string()
}

fn company(path: &str) -> &str {
    path.split_once("/crosswalk").unwrap().0
}

fn through_excel(book: &Book) -> Vec<u8> {
    let workbook = write_workbook(book).unwrap();
    let found = read_workbook(&workbook).unwrap();
    pretty(&version_of(&found).unwrap().json).into_bytes()
}

#[test]
fn every_version_comes_back_from_a_workbook_with_its_digest() {
    for path in ALL {
        let bytes = version(path);
        let book = book_of(&bytes, &live(company(path))).unwrap();
        assert_eq!(digest(&through_excel(&book)), digest(&bytes), "{path}");
    }
}

#[test]
fn every_version_comes_back_from_csv_with_its_digest() {
    for path in ALL {
        let bytes = version(path);
        let book = book_of(&bytes, &live(company(path))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_folder(&book, folder.path()).unwrap();
        let back = version_of(&read_folder(folder.path()).unwrap()).unwrap();
        assert_eq!(digest(&back.json.canonical()), digest(&bytes), "{path}");
    }
}

#[test]
fn the_same_version_makes_the_same_workbook() {
    let bytes = version("golden/crosswalk/v2.json");
    let write = || write_workbook(&book_of(&bytes, &live("golden")).unwrap()).unwrap();
    assert_eq!(write(), write());
}

#[test]
fn what_comes_back_can_be_signed() {
    for path in ALL {
        let book = book_of(&version(path), &LiveValues::default()).unwrap();
        let found = read_workbook(&write_workbook(&book).unwrap()).unwrap();
        let authored = version_of(&found).unwrap();
        assert_eq!(checked(&authored, &[], &reference(company(path))), []);
    }
}

fn rich() -> Json {
    let text = String::from_utf8(version("golden/crosswalk/v2.json")).unwrap();
    let text = text
        .replace("\"attribute1\": \"project\"", "\"attribute1\": \"project\", \"hdr\": {\"dimension\": \"item\", \"level\": \"header\", \"context\": \"=SUM(A1)\", \"attribute\": \"attribute9\"}")
        .replace("\"lookup:department\"", "\"lookup:department+inherit\"")
        .replace("\"analytic\": {", "\"dropped\": [], \"reason\": \"+1 \\\" (none)\", \"ticket\": null, \"compensating_control\": null, \"supersedes\": \"v1\", \"same_as\": {\"department\": {\"D101\": \"D100\", \"=x\": \"D200\"}, \"item\": {}}, \"analytic\": { \"empty\": [],")
        .replace("\"D100\": \"1100\"", "\"D100\": \"1100\", \"@x\": \"-1\", \"(none)\": \"(null)\", \"'q\": \"=2\"");
    Json::parse(text.as_bytes()).unwrap()
}

#[test]
fn awkward_texts_and_every_member_come_back() {
    let bytes = rich().canonical();
    let book = book_of(&bytes, &LiveValues::default()).unwrap();
    assert_eq!(digest(&through_excel(&book)), digest(&bytes));
    let folder = tempfile::tempdir().unwrap();
    write_folder(&book, folder.path()).unwrap();
    let rows = std::fs::read_to_string(folder.path().join("Table department.csv")).unwrap();
    assert!(rows.contains("\n'@x,") && rows.contains(",'=2,"), "{rows}");
    let back = version_of(&read_folder(folder.path()).unwrap()).unwrap();
    assert_eq!(digest(&back.json.canonical()), digest(&bytes));
}

#[test]
fn names_a_sheet_cannot_have_are_numbered() {
    let text = String::from_utf8(version("golden/crosswalk/v1.json")).unwrap();
    let text = text.replace(
        "\"product\"",
        "\"a product: [very] long name / of a segment\"",
    );
    let book = book_of(text.as_bytes(), &LiveValues::default()).unwrap();
    assert!(book.sheets.iter().any(|sheet| sheet.name == "Rules #1"));
    assert_eq!(digest(&through_excel(&book)), digest(text.as_bytes()));
}

#[test]
fn unmapped_values_are_marked_with_a_suggestion_that_is_not_applied() {
    let text = String::from_utf8(version("golden/crosswalk/v2.json")).unwrap();
    let text = text.replace("\"1200\": \"12000\",", "");
    let mut live = live("golden");
    let key = ("account".to_owned(), "1200".to_owned());
    live.at_stake.insert(key, "1,234.50 USD".to_owned());
    let book = book_of(text.as_bytes(), &live).unwrap();
    let sheet = book.sheets.iter().find(|s| s.name == "Table account");
    let row = sheet.unwrap().rows.iter().find(|row| row[0] == "1200");
    let row = row.unwrap();
    assert_eq!((row[2].as_str(), row[5].as_str()), ("", "UNMAPPED"));
    assert_eq!(row[4], "1,234.50 USD");
    assert!(
        row[6].starts_with("12000 (suggestion: similar name"),
        "{row:?}"
    );
    let found = read_workbook(&write_workbook(&book).unwrap()).unwrap();
    let back = version_of(&found).unwrap();
    assert_eq!(digest(&back.json.canonical()), digest(text.as_bytes()));
    assert!(back.left_out.iter().any(|left| left.what.contains("1200")));
}

#[test]
fn a_skeleton_can_be_read_and_filled_in() {
    let reference = reference("golden");
    let from = "2028-01-01".parse().unwrap();
    let segments = ["company".to_owned(), "account".to_owned()];
    let bare = skeleton("v3", from, "p.rep", &segments, None, &reference);
    let book = book_of(&bare.canonical(), &live("golden")).unwrap();
    let sheet = book.sheets.iter().find(|s| s.name == "Table department");
    assert_eq!(sheet.unwrap().rows.len(), 6);
    let copy = skeleton("v3", from, "p.rep", &[], Some(&rich()), &reference);
    let copy = VersionFile::parse(&copy.canonical()).unwrap();
    let ends = (copy.effective_to, copy.supersedes);
    assert_eq!((copy.rules.len(), ends), (10, (None, None)));
}

fn word() -> impl Strategy<Value = String> {
    "[ -~\u{a0}ü\t]{1,12}".prop_filter("blank", |word| !word.trim().is_empty())
}

proptest! {
    #[test]
    fn any_ids_and_conditions_come_back(
        keys in proptest::collection::btree_map("[!-~]{1,8}", "[!-~]{1,8}", 0..8),
        values in proptest::collection::btree_set(word(), 1..5),
    ) {
        let mut json = Json::parse(&version("golden/crosswalk/v1.json")).unwrap();
        let Json::Object(members) = &mut json else { panic!() };
        let Some(Json::Object(tables)) = members.get_mut("lookups") else { panic!() };
        let rows = keys.iter().map(|(key, value)| (key.clone(), Json::text(value)));
        tables.insert("item".to_owned(), Json::Object(rows.collect()));
        let list = values.iter().map(|value| Json::text(value)).collect();
        let condition = vec![Json::text("item"), Json::text("not_in"), Json::List(list)];
        let Some(Json::List(rules)) = members.get_mut("rules") else { panic!() };
        let Json::Object(rule) = &mut rules[0] else { panic!() };
        rule.insert("when".to_owned(), Json::List(vec![Json::List(condition)]));
        let bytes = json.canonical();
        // Two words that differ only in white space are refused as one word twice.
        if VersionFile::parse(&bytes).is_ok() {
            let book = book_of(&bytes, &LiveValues::default()).unwrap();
            prop_assert_eq!(through_excel(&book), pretty(&json).into_bytes());
        }
    }
}

#[test]
fn every_dimension_has_a_sheet_that_says_where_its_values_go() {
    let bytes = version("golden/crosswalk/v2.json");
    let mut live = live("golden");
    live.add_reference(&reference("golden"));
    let stake = ("employee".to_owned(), "EM-01".to_owned());
    live.at_stake.insert(stake, "12.50 USD".to_owned());
    let book = book_of(&bytes, &live).unwrap();
    let names: Vec<&str> = book.sheets.iter().map(|sheet| &*sheet.name).collect();
    for dimension in reference("golden").dimensions.keys() {
        let wanted = ["Table", "Dimension"].map(|kind| format!("{kind} {dimension}"));
        let found = wanted.iter().filter(|name| names.contains(&name.as_str()));
        assert_eq!(found.count(), 1, "{dimension}: {names:?}");
    }
    let sheet = |name: &str| book.sheets.iter().find(|sheet| sheet.name == name).unwrap();
    let blank = &sheet("Dimension class").rows[0];
    assert_eq!(blank[2], "blank counts as CL-GEN");
    let employee = &sheet("Dimension employee").rows[1];
    assert_eq!(employee[0], "EM-01");
    assert_eq!(employee[2..4], ["report otbi", "12.50 USD"]);
    // For people only: what comes back is the same.
    assert_eq!(digest(&through_excel(&book)), digest(&bytes));
}
