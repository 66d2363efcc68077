//! Flexfields, inheritance along hierarchies, and what is dropped on purpose.

use serde_json::{Value, json};
use tieout_engine::crosswalk::{HoldReason, Lineage, Problem, Reference, VersionFile, problems};
use tieout_model::Envelope;

use crate::crosswalk_company::{coding, entry, line, opened, reference, rules};

const AT: (&str, &str) = ("location", "E200");

fn spend(dimensions: &[(&str, &str)]) -> Envelope {
    let mut all = vec![AT];
    all.extend(dimensions);
    let first = coding("6100", &all, "");
    let bank = coding("1010", &[AT], "");
    entry(
        "2027-01-20",
        vec![line(1, "5.00", first, "USD"), line(2, "-5.00", bank, "USD")],
    )
}

fn attributes(version: &Value, dimensions: &[(&str, &str)]) -> Vec<(String, String)> {
    let crosswalk = opened(std::slice::from_ref(version), &reference("golden")).unwrap();
    let done = crosswalk
        .translate(&spend(dimensions), Lineage::None)
        .unwrap();
    let lines = done.document.lines().unwrap();
    let combination = lines[0].coding.combination().unwrap();
    combination.attributes.clone().into_iter().collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_flexfield_stands_on_header_or_line_with_its_context() {
    let mut version = rules("golden", "v2");
    version["dff"] = json!({
        "project": {"dimension": "project", "level": "header", "context": "PRJ", "attribute": "attribute1"},
        "attribute2": "customer",
        "attribute3": "vendor",
        "attribute4": "region",
    });
    assert_eq!(
        attributes(&version, &[("department", "D100"), ("project", "PJ-1")]),
        [
            pair("attribute4", "RG-NONE"),
            pair("header:attribute1", "PJ-1"),
            pair("header:context", "PRJ"),
        ]
    );
    version["dff"]["project"]["level"] = json!("line");
    version["dff"]["project"]["context"] = json!(null);
    assert_eq!(
        attributes(&version, &[("department", "D100"), ("project", "PJ-1")]),
        [pair("attribute1", "PJ-1"), pair("attribute4", "RG-NONE")]
    );
}

#[test]
fn a_header_flexfield_has_one_value() {
    let mut version = rules("golden", "v2");
    version["dff"]["attribute1"] =
        json!({"dimension": "project", "level": "header", "attribute": "attribute1"});
    let crosswalk = opened(&[version], &reference("golden")).unwrap();
    let of = |project| {
        coding(
            "6100",
            &[AT, ("department", "D100"), ("project", project)],
            "",
        )
    };
    let two = entry(
        "2027-01-20",
        vec![
            line(1, "5.00", of("PJ-1"), "USD"),
            line(2, "-5.00", of("PJ-2"), "USD"),
        ],
    );
    let gaps = crosswalk.translate(&two, Lineage::None).unwrap_err();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].reason, HoldReason::InvalidCombination);
    assert!(gaps[0].detail.contains("PJ-1"), "{gaps:?}");
}

#[test]
fn flexfields_that_collide_are_refused() {
    for (one, words) in [
        (
            json!({"dimension": "item", "level": "line", "attribute": "attribute1"}),
            "attribute1 is taken",
        ),
        (
            json!({"dimension": "item", "level": "row", "attribute": "a"}),
            "neither header nor line",
        ),
        (
            json!({"dimension": "item", "level": "line", "context": "X", "attribute": "a"}),
            "one context per level",
        ),
        (
            json!({"dimension": "item", "level": "line", "attribute": "header:a"}),
            "no name of an attribute",
        ),
    ] {
        let mut version = rules("golden", "v2");
        version["dff"]["extra"] = one;
        let fault = VersionFile::parse(version.to_string().as_bytes()).unwrap_err();
        assert!(fault.to_string().contains(words), "{fault}");
    }
}

fn with_hierarchy(parents: &[(&str, &str)]) -> Reference {
    let mut reference = reference("golden");
    let parents = parents.iter();
    let parents = parents.map(|(child, parent)| ((*child).to_owned(), (*parent).to_owned()));
    reference
        .hierarchies
        .insert("department".to_owned(), parents.collect());
    reference
}

#[test]
fn a_value_inherits_from_its_nearest_mapped_ancestor_and_says_so() {
    let reference = with_hierarchy(&[("D311", "D310"), ("D310", "D300"), ("D300", "D100")]);
    let mut version = rules("golden", "v2");
    let plain = opened(std::slice::from_ref(&version), &reference).unwrap();
    let document = spend(&[("department", "D311")]);
    let gaps = plain.translate(&document, Lineage::None).unwrap_err();
    assert_eq!(gaps[0].reason, HoldReason::UnmappedValue);
    version["rules"][2]["value"] = json!("lookup:department+inherit");
    let crosswalk = opened(&[version], &reference).unwrap();
    let used = |department| {
        let document = spend(&[("department", department)]);
        let done = crosswalk.translate(&document, Lineage::None).unwrap();
        let lines = done.document.lines().unwrap();
        let combination = lines[0].coding.combination().unwrap().joined("-");
        let mut rules = done.rules.into_iter();
        let rule = rules.find(|rule| rule.by.rule == "CC-2").unwrap();
        (combination, rule.inherited_from)
    };
    assert_eq!(
        used("D311"),
        (
            "200-3300-60200-0000-000".to_owned(),
            Some("D300".to_owned())
        )
    );
    assert_eq!(used("D300"), ("200-3300-60200-0000-000".to_owned(), None));
    let stranger = spend(&[("department", "D999")]);
    assert!(crosswalk.translate(&stranger, Lineage::None).is_err());
}

#[test]
fn a_hierarchy_is_signed_free_of_circles_and_needed() {
    let reference = with_hierarchy(&[("D310", "D300")]);
    assert_eq!(
        Reference::parse(&reference.canonical_bytes()).unwrap(),
        reference
    );
    let circle = with_hierarchy(&[("D1", "D2"), ("D2", "D1"), ("D3", "D1")]);
    let found: Vec<String> = circle
        .contradictions()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "D1 of dimension department is its own ancestor",
            "D2 of dimension department is its own ancestor"
        ]
    );
    let mut version = rules("golden", "v2");
    version["rules"][2]["value"] = json!("lookup:department+inherit");
    let file = VersionFile::parse(version.to_string().as_bytes()).unwrap();
    let found = problems(&[file], &crate::crosswalk_company::reference("golden"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].problem, Problem::NoHierarchy);
    version["rules"][2]["value"] = json!("lookup:account+inherit");
    let fault = VersionFile::parse(version.to_string().as_bytes()).unwrap_err();
    assert!(
        fault.to_string().contains("only dimensions have ancestors"),
        "{fault}"
    );
}

#[test]
fn a_value_nothing_uses_holds_unless_it_is_dropped_by_name() {
    let mut version = rules("golden", "v2");
    version["analytic"]["otbi"] = json!([]);
    let held = opened(std::slice::from_ref(&version), &reference("golden")).unwrap();
    let document = spend(&[("department", "D100"), ("employee", "EM-1")]);
    let gaps = held.translate(&document, Lineage::None).unwrap_err();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(
        (gaps[0].dimension.as_str(), gaps[0].value.as_str()),
        ("employee", "EM-1")
    );
    assert!(gaps[0].remedy.contains("dropped"), "{gaps:?}");
    version["dropped"] = json!(["employee"]);
    let dropped = opened(std::slice::from_ref(&version), &reference("golden")).unwrap();
    assert!(dropped.translate(&document, Lineage::None).is_ok());
    version["analytic"]["otbi"] = json!(["employee"]);
    let file = VersionFile::parse(version.to_string().as_bytes()).unwrap();
    let found = problems(&[file], &reference("golden"));
    assert_eq!(found[0].problem, Problem::DroppedButUsed);
}
