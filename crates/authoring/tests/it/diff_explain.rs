//! The difference of two versions, and why a line is coded as it is.

use std::collections::BTreeMap;

use tieout_authoring::{Question, Verdict, differences, explain};
use tieout_engine::crosswalk::VersionFile;

use crate::samples::{reference, version};

fn golden(name: &str) -> VersionFile {
    VersionFile::parse(&version(&format!("golden/crosswalk/{name}.json"))).unwrap()
}

#[test]
fn the_golden_versions_differ_in_these_rows() {
    let found = differences(&golden("v1"), &golden("v2"));
    let rows: Vec<String> = found
        .iter()
        .filter(|row| row.part != "version")
        .map(|row| {
            let (part, of, key, kind) = (row.part, &row.of, &row.key, row.kind.word());
            format!("{part} {of} {key} {kind}: {} -> {}", row.before, row.after)
        })
        .collect();
    assert_eq!(
        rows,
        [
            "rule account AC-2 added:  -> priority 20, if account = 6200 and department = D300: 62150",
            "lookup department D400 changed: 4400 -> 4450",
            "lookup item IT-PREM added:  -> 1030",
            "retired cost_center 4400 added:  -> disabled from 2027-07-01, superseded by 4450",
        ]
    );
    assert_eq!(differences(&golden("v1"), &golden("v1")), []);
}

fn question(account: &str, dimensions: &[(&str, &str)], date: &str) -> Question {
    let dimensions = dimensions.iter();
    Question {
        account: account.to_owned(),
        entity: "E200".to_owned(),
        affiliate: String::new(),
        dimensions: dimensions
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        date: date.parse().unwrap(),
    }
}

#[test]
fn every_rule_says_why_it_did_or_did_not_decide() {
    let versions = [golden("v1"), golden("v2")];
    let asked = question("6200", &[("department", "D300")], "2027-01-01");
    let said = explain(&versions, &reference("golden"), &asked);
    assert_eq!(said.version.as_deref(), Some("v2"));
    let values: Vec<&str> = said
        .segments
        .iter()
        .map(|segment| segment.value.as_deref().unwrap())
        .collect();
    assert_eq!(values, ["200", "3300", "62150", "0000", "000"]);
    let verdicts: Vec<(&str, &Verdict)> = said.segments[2]
        .tried
        .iter()
        .map(|tried| (tried.rule.as_str(), &tried.verdict))
        .collect();
    let fails = Verdict::Fails {
        condition: "account = 6000".to_owned(),
        found: "6200".to_owned(),
    };
    assert_eq!(
        verdicts,
        [
            ("AC-1", &fails),
            ("AC-2", &Verdict::Decides),
            ("AC-9", &Verdict::ComesLater)
        ]
    );
}

#[test]
fn gaps_are_told_as_gaps() {
    let versions = [golden("v1"), golden("v2")];
    let reference = reference("golden");
    let premium = |date| {
        explain(
            &versions,
            &reference,
            &question("4000", &[("item", "IT-PREM")], date),
        )
    };
    let early = premium("2026-12-31");
    let product = early.segments[3].value.as_ref().unwrap_err();
    assert!(product.contains("no row for \"IT-PREM\""), "{product}");
    assert_eq!(
        premium("2027-01-01").segments[3].value.as_deref(),
        Ok("1030")
    );
    assert_eq!(premium("2025-01-01").version, None);
}

#[test]
fn an_ancestor_stands_in_only_where_the_rule_inherits() {
    let text = String::from_utf8(version("golden/crosswalk/v2.json")).unwrap();
    let inherits = text.replace("\"lookup:department\"", "\"lookup:department+inherit\"");
    let mut reference = reference("golden");
    let parents = [("D310", "D305"), ("D305", "D300")];
    let parents = parents.map(|(child, parent)| (child.to_owned(), parent.to_owned()));
    reference
        .hierarchies
        .insert("department".to_owned(), parents.into());
    let asked = question("6100", &[("department", "D310")], "2027-02-01");
    let plain = explain(&[golden("v2")], &reference, &asked);
    assert!(plain.segments[1].value.is_err());
    let version = VersionFile::parse(inherits.as_bytes()).unwrap();
    let said = explain(&[version], &reference, &asked);
    assert_eq!(said.segments[1].value.as_deref(), Ok("3300"));
    assert_eq!(said.segments[1].inherited_from.as_deref(), Some("D300"));
}

#[test]
fn a_renamed_value_is_explained_by_the_row_of_its_old_id() {
    let text = String::from_utf8(version("golden/crosswalk/v2.json")).unwrap();
    let links = "\"same_as\": {\"department\": {\"D301\": \"D300\"}}, \"retired\"";
    let renamed = VersionFile::parse(text.replace("\"retired\"", links).as_bytes()).unwrap();
    let asked = question("6200", &[("department", "D301")], "2027-02-01");
    let reference = reference("golden");
    let plain = explain(&[golden("v2")], &reference, &asked);
    assert!(plain.segments[1].value.is_err());
    let said = explain(std::slice::from_ref(&renamed), &reference, &asked);
    assert_eq!(said.segments[1].value.as_deref(), Ok("3300"));
    assert_eq!(said.segments[1].inherited_from.as_deref(), Some("D300"));
    assert_eq!(said.segments[2].value.as_deref(), Ok("62150"));
    let found = differences(&golden("v2"), &renamed);
    let row = found.iter().find(|row| row.part == "same_as").unwrap();
    assert_eq!(
        (row.key.as_str(), row.after.as_str()),
        ("D301", "same as D300")
    );
}
