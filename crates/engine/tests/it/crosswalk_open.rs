//! What is refused before the first document.

use serde_json::{Value, json};
use tieout_engine::crosswalk::{
    CrosswalkError, Json, Problem, Reference, Validity, VersionFile, WhenBlank,
};

use crate::crosswalk_company::{columns, opened, reference, rules, table};

fn problems(versions: &[Value]) -> Vec<Problem> {
    problems_with(versions, &reference("golden"))
}

fn problems_with(versions: &[Value], reference: &Reference) -> Vec<Problem> {
    match opened(versions, reference) {
        Ok(_) => Vec::new(),
        Err(CrosswalkError::Refused(refusals)) => refusals.iter().map(|r| r.problem).collect(),
        Err(other) => panic!("{other}"),
    }
}

fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut version = rules("golden", "v1");
    change(&mut version);
    version
}

fn with_rule(rule: Value) -> Vec<Problem> {
    problems(&[changed(|v| v["rules"].as_array_mut().unwrap().push(rule))])
}

fn rule(id: &str, priority: u32, when: Value) -> Value {
    json!({"id": id, "priority": priority, "segment": "account", "when": when, "value": "1"})
}

#[test]
fn versions_must_not_overlap_or_share_a_name() {
    let v2 = rules("golden", "v2");
    let late = changed(|v| v["effective_to"] = json!("2027-01-01"));
    assert_eq!(
        problems(&[v2.clone(), late]),
        [Problem::OverlappingVersions]
    );
    let open_end = changed(|v| v["effective_to"] = Value::Null);
    assert_eq!(
        problems(&[open_end, v2.clone()]),
        [Problem::OverlappingVersions]
    );
    let same = changed(|v| v["version"] = json!("v2"));
    assert_eq!(problems(&[v2.clone(), same]), [Problem::DuplicateVersion]);
    let gap = changed(|v| v["effective_to"] = json!("2026-11-30"));
    assert_eq!(problems(&[v2, gap]), []);
}

#[test]
fn a_written_end_gives_way_only_to_the_version_that_supersedes_it() {
    let v1 = changed(|v| v["effective_to"] = json!("2027-03-31"));
    let v2 = |change: &[(&str, Value)]| {
        let mut version = rules("golden", "v2");
        for (name, value) in change {
            version[*name] = value.clone();
        }
        version
    };
    assert_eq!(
        problems(&[v1.clone(), v2(&[])]),
        [Problem::OverlappingVersions]
    );
    let cut = v2(&[
        ("supersedes", json!("v1")),
        ("effective_to", json!("2027-01-15")),
    ]);
    let crosswalk = opened(&[cut, v1.clone()], &reference("golden")).unwrap();
    let on = |day: &str| {
        let version = crosswalk.version_on(day.parse().unwrap());
        version.map(|version| version.version.clone())
    };
    assert_eq!(on("2026-12-31").as_deref(), Some("v1"));
    assert_eq!(on("2027-01-01").as_deref(), Some("v2"));
    assert_eq!(on("2027-01-15").as_deref(), Some("v2"));
    assert_eq!(
        on("2027-01-16"),
        None,
        "what was cut short does not come back"
    );
    let signed = VersionFile::parse(v1.to_string().as_bytes()).unwrap();
    assert_eq!(crosswalk.versions()[0].digest, signed.digest);

    let nothing = |names: &str| v2(&[("supersedes", json!(names))]);
    assert_eq!(problems(&[nothing("v1")]), [Problem::SupersedesNothing]);
    let ended = changed(|v| v["effective_to"] = json!("2026-11-30"));
    assert_eq!(
        problems(&[ended, nothing("v1")]),
        [Problem::SupersedesNothing]
    );
    assert!(fault(&nothing("v2")).contains("supersedes"));
    // A version is cut short once: the second one must name what is in force by then.
    let third = v2(&[
        ("version", json!("v3")),
        ("effective_from", json!("2027-02-01")),
        ("supersedes", json!("v1")),
    ]);
    let second = v2(&[
        ("supersedes", json!("v1")),
        ("effective_to", json!("2027-01-31")),
    ]);
    assert_eq!(problems(&[v1, second, third]), [Problem::SupersedesNothing]);
}

#[test]
fn rules_that_can_both_be_true_need_different_priorities() {
    let ambiguous = [Problem::AmbiguousRules];
    let same = json!([
        ["account", "in", ["6000", "6100"]],
        ["class", "in", ["CL-X", "CL-RND"]]
    ]);
    assert_eq!(with_rule(rule("N", 10, same)), ambiguous);
    let other_class = json!([["account", "eq", "6000"], ["class", "ne", "CL-RND"]]);
    assert_eq!(with_rule(rule("N", 10, other_class)), []);
    let other_account = json!([["account", "not_in", ["6000"]], ["class", "eq", "CL-RND"]]);
    assert_eq!(with_rule(rule("N", 10, other_account)), []);
    // 6000 is an expense, so a rule for assets never meets it; one for expenses does.
    assert_eq!(
        with_rule(rule("N", 10, json!([["account.class", "eq", "asset"]]))),
        []
    );
    let expenses = json!([["account.class", "eq", "expense"]]);
    assert_eq!(with_rule(rule("N", 10, expenses)), ambiguous);
    assert_eq!(
        with_rule(rule("N", 10, json!([["region", "ne", "RG-1"]]))),
        ambiguous
    );
    // A blank class is replaced by the default, so it is never seen as blank.
    let blank = json!([["class", "eq", ""]]);
    assert_eq!(with_rule(rule("N", 10, blank)), []);
}

#[test]
fn entity_conditions_are_decided_over_the_entity_table() {
    let two = |first: Value, second: Value| {
        problems(&[changed(|v| {
            let rules = v["rules"].as_array_mut().unwrap();
            rules.push(rule("N1", 30, first));
            rules.push(rule("N2", 30, second));
        })])
    };
    let e300 = json!([["entity", "eq", "E300"]]);
    let eur = json!([["entity.base_currency", "eq", "EUR"]]);
    let jpy = json!([["entity.base_currency", "eq", "JPY"]]);
    assert_eq!(two(e300.clone(), eur), [Problem::AmbiguousRules]);
    assert_eq!(two(e300, jpy), []);
    let none = json!([["affiliate", "eq", ""]]);
    let some = json!([["affiliate.base_currency", "eq", "EUR"]]);
    assert_eq!(two(none.clone(), some), []);
    assert_eq!(
        two(none, json!([["affiliate", "ne", "E100"]])),
        [Problem::AmbiguousRules]
    );
}

#[test]
fn a_rule_that_can_never_win_is_refused() {
    let unreachable = [Problem::UnreachableRule];
    assert_eq!(
        with_rule(rule("N", 91, json!([["account", "eq", "6000"]]))),
        unreachable
    );
    let narrower = json!([
        ["account", "eq", "6000"],
        ["class", "eq", "CL-RND"],
        ["region", "eq", "RG-1"]
    ]);
    assert_eq!(with_rule(rule("N", 11, narrower)), unreachable);
}

#[test]
fn ids_tables_columns_and_dimensions_must_exist() {
    let twice = rule("AC-9", 30, json!([["account", "eq", "6000"]]));
    assert_eq!(with_rule(twice), [Problem::DuplicateRule]);
    let no_table = changed(|v| {
        v["lookups"].as_object_mut().unwrap().remove("item");
    });
    assert_eq!(problems(&[no_table]), [Problem::MissingTable]);
    let column = changed(|v| v["rules"][0]["value"] = json!("entity.fusion_balancing_sgment"));
    assert_eq!(problems(&[column]), [Problem::UnknownColumn]);
    let typo = rule("N", 30, json!([["departement", "eq", "D100"]]));
    assert_eq!(with_rule(typo), [Problem::UnknownDimension]);
    let dff = changed(|v| v["dff"]["attribute5"] = json!("warehouse"));
    assert_eq!(problems(&[dff]), [Problem::UnknownDimension]);
}

#[test]
fn targets_must_be_usable_when_the_version_begins() {
    let retired = json!([{"segment": "cost_center", "value": "4400",
        "disabled_from": "2026-01-01", "superseded_by": null}]);
    let version = changed(|v| v["retired"] = retired);
    assert_eq!(problems(&[version]), [Problem::RetiredTarget]);
    let mut data = reference("golden");
    let values = [("000".to_owned(), Validity::default())];
    data.segment_values.insert("product".into(), values.into());
    let found = problems_with(&[rules("golden", "v1")], &data);
    // PR-1 yields 0000, PR-2 that and three products.
    assert_eq!(found, [Problem::UnknownTarget; 5]);
    let mut data = reference("golden");
    data.segment_values.insert("colour".into(), [].into());
    assert_eq!(
        problems_with(&[rules("golden", "v1")], &data),
        [Problem::UnknownSegment]
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let version = changed(|v| {
        v["rules"][0]["value"] = json!("entity.nothing");
        v["lookups"].as_object_mut().unwrap().remove("item");
    });
    let found = problems(&[version, rules("golden", "v2"), rules("golden", "v2")]);
    assert_eq!(found.len(), 4, "{found:?}");
}

type Change = fn(&mut Value);

fn fault(version: &Value) -> String {
    VersionFile::parse(version.to_string().as_bytes())
        .unwrap_err()
        .to_string()
}

/// What makes a version unreadable, and the words that say so.
const UNKNOWN: [(Change, &str); 16] = [
    (
        |v| v["rules"][1]["when"][0][2] = json!(["assets"]),
        "crosswalk.rules[1].when[0][2]: \"assets\" is not an account class",
    ),
    (
        |v| v["rulez"] = json!([]),
        "crosswalk: unknown member \"rulez\"",
    ),
    (
        |v| v["rules"][3]["then"] = json!(1),
        "crosswalk.rules[3]: unknown member \"then\"",
    ),
    (
        |v| v["rules"][1]["when"][0][1] = json!("like"),
        "crosswalk.rules[1].when[0][1]: \"like\" is no operator",
    ),
    (
        |v| v["rules"][1]["when"][0][2] = json!([]),
        "crosswalk.rules[1].when[0][2]: is an empty list",
    ),
    (
        |v| v["rules"][1]["when"][0] = json!(["account"]),
        "crosswalk.rules[1].when[0]: is not [attribute",
    ),
    (
        |v| v["rules"][1]["when"][0][0] = json!("account.size"),
        "crosswalk.rules[1].when[0][0]: \"account.size\" is no attribute",
    ),
    (
        |v| v["rules"][2]["value"] = json!("lokup:item"),
        "crosswalk.rules[2].value: \"lokup:item\" is neither",
    ),
    (
        |v| v["rules"][2]["value"] = json!(""),
        "crosswalk.rules[2].value: is blank",
    ),
    (
        |v| v["rules"][2]["segment"] = json!("acount"),
        "crosswalk.rules[2].segment: \"acount\" is no segment",
    ),
    (
        |v| v["rules"][2]["priority"] = json!(1.5),
        "crosswalk: 1.5 is no whole number",
    ),
    (
        |v| v["rules"][2]["priority"] = json!(-1),
        "crosswalk.rules[2].priority: -1 is out of range",
    ),
    (
        |v| v["effective_from"] = json!("2026-1-1"),
        "crosswalk.effective_from: \"2026-1-1\" is no date",
    ),
    (
        |v| v["effective_to"] = json!("2025-12-31"),
        "crosswalk.effective_to: is before effective_from",
    ),
    (
        |v| v["lookups"]["item"][" IT-SUB"] = json!("1"),
        "stands twice",
    ),
    (
        |v| v["signed_by"] = Value::Null,
        "crosswalk.signed_by: expected a text, found null",
    ),
];

#[test]
fn whatever_the_rule_language_does_not_know_is_refused_with_its_place() {
    let place = |change: Change| fault(&changed(change));
    for (change, wanted) in UNKNOWN {
        let found = place(change);
        assert!(found.contains(wanted), "{found} instead of {wanted}");
    }
    let text = rules("golden", "v1").to_string();
    let doubled = text.replacen(
        "\"IT-SUB\":\"1010\"",
        "\"IT-SUB\":\"1010\",\"IT-SUB\":\"9\"",
        1,
    );
    assert_ne!(text, doubled);
    let found = VersionFile::parse(doubled.as_bytes())
        .unwrap_err()
        .to_string();
    assert!(found.contains("\"IT-SUB\" stands twice"), "{found}");
}

#[test]
fn three_persons_stand_behind_a_version_or_two_with_a_reason() {
    let one_less = changed(|v| v["signed_by"] = json!("u.prep"));
    assert!(fault(&one_less).contains("three persons"));
    let mut excused = one_less;
    excused["compensating_control"] = json!("the board reviews monthly");
    assert_eq!(problems(&[excused.clone()]), []);
    excused["reviewed_by"] = json!("u.prep");
    assert!(fault(&excused).contains("three persons"));
}

#[test]
fn reference_data_survives_its_own_form() {
    for company in ["golden", "companies/uk_councils_month"] {
        let mut data = reference(company);
        let dates = Validity {
            from: Some("2026-01-01".parse().unwrap()),
            to: None,
        };
        let values = [("100".to_owned(), dates)];
        data.segment_values.insert("company".into(), values.into());
        let again = Reference::parse(&data.canonical_bytes()).unwrap();
        assert_eq!(again, data);
        assert_eq!(again.canonical_bytes(), data.canonical_bytes());
    }
}

#[test]
fn reference_data_must_not_contradict_itself() {
    let parse = |data: &Reference| Reference::parse(&data.canonical_bytes());
    let mut data = reference("golden");
    data.entities.get_mut("E500").unwrap().currency = "USD".parse().unwrap();
    let found = parse(&data).unwrap_err().to_string();
    assert!(found.contains("WMB_EU_EUR"), "{found}");
    let mut data = reference("golden");
    data.entities.get_mut("E500").unwrap().balancing_segment = "300".into();
    assert!(
        parse(&data)
            .unwrap_err()
            .to_string()
            .contains("share balancing segment")
    );
    let mut rows = table("golden", "master/entities.csv");
    rows[2].insert("fusion_ledger".into(), " ".into());
    let found = Reference::default()
        .add_entities(&rows, &columns())
        .unwrap_err();
    assert_eq!(
        found.to_string(),
        "entity row 3: column \"fusion_ledger\" is missing or blank"
    );
}

#[test]
fn cells_of_a_dimension_table() {
    assert_eq!(WhenBlank::from_cell("(reject)"), WhenBlank::Required);
    assert_eq!(WhenBlank::from_cell("(0000)"), WhenBlank::Empty);
    assert_eq!(WhenBlank::from_cell(""), WhenBlank::Empty);
    assert_eq!(
        WhenBlank::from_cell(" D000 "),
        WhenBlank::Default("D000".into())
    );
}

#[test]
fn the_canonical_form_is_spelled_in_one_way() {
    let text = "{\"b\": [1, -2, true, null], \"a\": \"E\u{301}\\u0001\\n\\\"\\\\/\", \"\": {}}";
    let json = Json::parse(text.as_bytes()).unwrap();
    let wanted = "{\"\":{},\"a\":\"É\\u0001\\n\\\"\\\\/\",\"b\":[1,-2,true,null]}";
    assert_eq!(String::from_utf8(json.canonical()).unwrap(), wanted);
    assert_eq!(Json::parse(&json.canonical()), Ok(json));
    for bad in [
        "1.0",
        "1e3",
        "-0",
        "99999999999999999999",
        "{\"É\":1,\"E\u{301}\":1}",
        "1 2",
        "{",
    ] {
        assert!(Json::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}
