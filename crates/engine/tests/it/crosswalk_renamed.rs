//! Values that are new, renamed, merged and split (domain dossier 4.3): what each does to lines dated before and after.

use serde_json::{Value, json};
use tieout_engine::crosswalk::{HoldReason, Lineage, Problem, VersionFile, problems};
use tieout_model::{AccountClass, Envelope};

use crate::crosswalk_company::{coding, entry, line, opened, reference, rules};

const AT: (&str, &str) = ("location", "E200");

fn spend(account: &str, date: &str, dimensions: &[(&str, &str)]) -> Envelope {
    let mut all = vec![AT];
    all.extend(dimensions);
    let first = coding(account, &all, "");
    let bank = coding("1010", &[AT], "");
    let lines = vec![line(1, "5.00", first, "USD"), line(2, "-5.00", bank, "USD")];
    entry(date, lines)
}

/// Combination, flexfields and named rules of the first line under `versions`.
fn coded(versions: &[Value], document: &Envelope) -> (String, Vec<String>, Vec<String>) {
    let mut reference = reference("golden");
    let class = AccountClass::Expense;
    reference.accounts.insert("6201".to_owned(), class);
    let crosswalk = opened(versions, &reference).unwrap();
    let done = crosswalk.translate(document, Lineage::None).unwrap();
    let lines = done.document.lines().unwrap();
    let combination = lines[0].coding.combination().unwrap();
    let carried = combination.attributes.values().cloned();
    let mine = done.rules.iter().filter(|rule| rule.line == 1);
    let via = mine.filter_map(|rule| {
        let old = rule.inherited_from.as_ref()?;
        Some(format!("{} via {old}", rule.by.rule))
    });
    (combination.joined("-"), carried.collect(), via.collect())
}

fn renamed(links: Value) -> Value {
    let mut version = rules("golden", "v2");
    version["same_as"] = links;
    version
}

#[test]
fn a_value_with_a_new_id_is_coded_as_before_and_the_lineage_says_why() {
    let date = "2027-01-20";
    let version = renamed(json!({
        "department": {"D301": "D300"}, "account": {"6201": "6200"}, "project": {"PJ-9": "PJ-01"},
    }));
    let versions = [version];
    let old = spend(
        "6200",
        date,
        &[("department", "D300"), ("project", "PJ-01")],
    );
    let (before, _, via) = coded(&versions, &old);
    assert!(via.is_empty(), "{via:?}");
    // Conditions count as well as rows: v2 leads 6200 of D300 elsewhere than that of other departments.
    assert!(before.contains("-62150-"), "{before}");
    let new = spend("6201", date, &[("department", "D301"), ("project", "PJ-9")]);
    let (after, carried, via) = coded(&versions, &new);
    assert_eq!(after, before);
    assert_eq!(via, ["CC-2 via D300"]);
    assert!(
        carried.contains(&"PJ-9".to_owned()),
        "people look for the id of today: {carried:?}"
    );
    let plain = spend("6201", date, &[("department", "D100")]);
    let (_, _, via) = coded(&versions, &plain);
    assert_eq!(via, ["AC-9 via 6200"]);
}

#[test]
fn a_new_id_inherits_where_the_old_one_did() {
    let mut reference = reference("golden");
    let parents = [("D310".to_owned(), "D300".to_owned())].into();
    reference
        .hierarchies
        .insert("department".to_owned(), parents);
    let mut version = renamed(json!({"department": {"D399": "D310"}}));
    version["rules"][2]["value"] = json!("lookup:department+inherit");
    let crosswalk = opened(&[version], &reference).unwrap();
    let document = spend("6100", "2027-01-20", &[("department", "D399")]);
    let done = crosswalk.translate(&document, Lineage::None).unwrap();
    let lines = done.document.lines().unwrap();
    let combination = lines[0].coding.combination().unwrap().joined("-");
    assert_eq!(combination, "200-3300-60200-0000-000");
}

#[test]
fn a_link_that_contradicts_the_version_is_refused_with_its_remedy() {
    let check = |version: &Value, words: &str| {
        let file = VersionFile::parse(version.to_string().as_bytes()).unwrap();
        let found = problems(&[file], &reference("golden"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].problem, Problem::ContradictoryId);
        assert!(found[0].detail.contains(words), "{found:?}");
    };
    let own_row = renamed(json!({"department": {"D200": "D300"}}));
    check(&own_row, "has a row of its own");
    let no_row = renamed(json!({"department": {"D301": "D999"}}));
    check(&no_row, "D999 has no row");
    let mut asked = renamed(json!({"department": {"D301": "D100"}}));
    let rule = json!({
        "id": "AC-3", "priority": 30, "segment": "account", "value": "62150",
        "when": [["account", "eq", "6100"], ["department", "eq", "D301"]],
    });
    asked["rules"].as_array_mut().unwrap().push(rule);
    check(&asked, "ask for D100");
    for (links, words) in [
        (json!({"department": {"D301": "D301"}}), "new id"),
        (json!({"department": {"": "D300"}}), "new id"),
        (
            json!({"department": {"D302": "D301", "D301": "D300"}}),
            "name D300",
        ),
        (
            json!({"entity": {"E201": "E200"}}),
            "neither account nor a dimension",
        ),
        (json!({"department": ["D301"]}), "department"),
    ] {
        let version = renamed(links);
        let fault = VersionFile::parse(version.to_string().as_bytes()).unwrap_err();
        assert!(fault.to_string().contains(words), "{fault}");
    }
}

#[test]
fn merged_values_keep_their_past_and_split_ones_need_what_tells_them_apart() {
    let v1 = rules("golden", "v1");
    let mut v2 = rules("golden", "v2");
    v2["lookups"]["department"]["D500"] = json!("1100");
    let split = json!({
        "id": "CC-0", "priority": 1, "segment": "cost_center", "value": "3300",
        "when": [["account", "eq", "6100"], ["department", "eq", "D100"], ["class", "eq", "CL-RND"]],
    });
    v2["rules"].as_array_mut().unwrap().push(split);
    let versions = [v1, v2];
    let of = |date: &str, dimensions: &[(&str, &str)]| {
        let (combination, _, _) = coded(&versions, &spend("6100", date, dimensions));
        combination.split('-').nth(1).unwrap().to_owned()
    };
    // Merged from 2027 on: two values, one cost centre; December keeps two.
    assert_eq!(of("2026-12-20", &[("department", "D500")]), "5500");
    assert_eq!(of("2027-01-20", &[("department", "D500")]), "1100");
    assert_eq!(of("2027-01-20", &[("department", "D100")]), "1100");
    // Split from 2027 on: the class tells apart; a blank one is what the version says blank means.
    let rnd = [("department", "D100"), ("class", "CL-RND")];
    assert_eq!(of("2026-12-20", &rnd), "1100");
    assert_eq!(of("2027-01-20", &rnd), "3300");
    // New in 2027: held before, coded after.
    let item = [("department", "D100"), ("item", "IT-PREM")];
    let crosswalk = opened(&versions, &reference("golden")).unwrap();
    let sale = |date: &str| crosswalk.translate(&spend("4000", date, &item), Lineage::None);
    let gaps = sale("2026-12-20").unwrap_err();
    assert!(
        gaps.iter()
            .any(|gap| gap.reason == HoldReason::UnmappedValue)
    );
    assert!(sale("2027-01-20").is_ok());
}
