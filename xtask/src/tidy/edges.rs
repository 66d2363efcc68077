//! Which crate may use which: the table in `ARCHITECTURE.md` and the manifests say the same.
//!
//! The table stands between `<!-- edges:begin -->` and `<!-- edges:end -->`: crate, what it uses, what only its tests
//! use in addition; `none` for nothing. Names lack the product's prefix. A new edge is a rare change: table, manifest
//! and decision record together.

use super::Finding;
use crate::tree::Tree;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Name of this check.
const CHECK: &str = "edges";
/// Where the table stands.
const PAGE: &str = "ARCHITECTURE.md";

/// What one crate uses of ours.
#[derive(Debug, Default, PartialEq, Eq)]
struct Uses {
    always: BTreeSet<String>,
    in_tests: BTreeSet<String>,
}

pub(super) fn check(tree: &Tree, metadata: &Value) -> Vec<Finding> {
    let text = tree.texts.get(PAGE).map_or("", String::as_str);
    let written = match table(text) {
        Ok(written) => written,
        Err(message) => return vec![Finding::new(CHECK, PAGE, 0, message)],
    };
    compare(&written, &manifests(metadata))
}

fn compare(written: &BTreeMap<String, Uses>, real: &BTreeMap<String, Uses>) -> Vec<Finding> {
    let names: BTreeSet<&String> = written.keys().chain(real.keys()).collect();
    let mut findings = Vec::new();
    for name in names {
        let message = match (written.get(name), real.get(name)) {
            (Some(table), Some(manifest)) if table != manifest => format!(
                "`{name}`: the table says {table}, its manifest says {manifest}",
                table = spelled(table),
                manifest = spelled(manifest)
            ),
            (Some(_), None) => format!("`{name}` stands in the table but is no crate"),
            (None, Some(_)) => format!("crate `{name}` has no row in the table of edges"),
            _ => continue,
        };
        findings.push(Finding::new(CHECK, PAGE, 0, message));
    }
    findings
}

fn spelled(uses: &Uses) -> String {
    let list = |names: &BTreeSet<String>| {
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.iter().cloned().collect::<Vec<_>>().join(", ")
        }
    };
    format!(
        "[{}] and in tests [{}]",
        list(&uses.always),
        list(&uses.in_tests)
    )
}

fn table(text: &str) -> Result<BTreeMap<String, Uses>, String> {
    let inside = text
        .split_once("<!-- edges:begin -->")
        .and_then(|(_, rest)| rest.split_once("<!-- edges:end -->"))
        .map(|(inside, _)| inside)
        .ok_or("no table between `<!-- edges:begin -->` and `<!-- edges:end -->`")?;
    let mut rows = BTreeMap::new();
    for row in inside.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, always, in_tests] = cells[..] else {
            return Err(format!(
                "row `{row}` needs three cells: crate, uses, in tests also"
            ));
        };
        let uses = Uses {
            always: names(always),
            in_tests: names(in_tests),
        };
        rows.insert(name.trim_matches('`').to_owned(), uses);
    }
    Ok(rows)
}

fn names(cell: &str) -> BTreeSet<String> {
    cell.split(',')
        .map(|name| name.trim().trim_matches('`').to_owned())
        .filter(|name| !name.is_empty() && name != "none")
        .collect()
}

/// Our name of a package: without the product's prefix; the program itself is `app`.
fn short_name(package: &str) -> Option<String> {
    if package == "tieout" {
        return Some("app".to_owned());
    }
    package.strip_prefix("tieout-").map(str::to_owned)
}

fn manifests(metadata: &Value) -> BTreeMap<String, Uses> {
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut crates = BTreeMap::new();
    for package in packages {
        let Some(name) = package.get("name").and_then(Value::as_str) else {
            continue;
        };
        let Some(name) = short_name(name) else {
            continue;
        };
        let mut uses = Uses::default();
        for dependency in package
            .get("dependencies")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let used = dependency
                .get("name")
                .and_then(Value::as_str)
                .and_then(short_name);
            let Some(used) = used else { continue };
            let kind = dependency.get("kind").and_then(Value::as_str);
            if kind == Some("dev") {
                uses.in_tests.insert(used);
            } else {
                uses.always.insert(used);
            }
        }
        uses.in_tests = uses.in_tests.difference(&uses.always).cloned().collect();
        crates.insert(name, uses);
    }
    crates
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TABLE: &str = "<!-- edges:begin -->\n| crate | uses | in tests also |\n|---|---|---|\n\
        | `model` | none | none |\n| `engine` | `model` | none |\n| `intacct` | `model` | `twins` |\n\
        <!-- edges:end -->";

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Value {
        let list: Vec<Value> = uses
            .iter()
            .map(|(name, kind)| json!({"name": name, "kind": kind}))
            .collect();
        json!({"name": name, "dependencies": list})
    }

    fn found(packages: Vec<Value>) -> Vec<Finding> {
        check(
            &Tree::of(&[(PAGE, TABLE)]),
            &json!({ "packages": packages }),
        )
    }

    #[test]
    fn equal_edges_pass() {
        let packages = vec![
            package("tieout-model", &[("thiserror", None)]),
            package("tieout-engine", &[("tieout-model", None)]),
            package(
                "tieout-intacct",
                &[("tieout-model", None), ("tieout-twins", Some("dev"))],
            ),
        ];
        assert_eq!(found(packages), []);
    }

    #[test]
    fn a_forbidden_edge_a_missing_crate_and_a_missing_row_are_found() {
        let packages = vec![
            package("tieout-model", &[("tieout-engine", None)]),
            package("tieout-engine", &[("tieout-model", None)]),
            package("tieout-store", &[]),
        ];
        let messages: Vec<String> = found(packages).into_iter().map(|f| f.message).collect();
        assert_eq!(messages.len(), 3, "{messages:?}");
        assert!(messages[1].starts_with("`model`: the table says [none]"));
    }

    #[test]
    fn a_page_without_the_table_is_found() {
        assert_eq!(check(&Tree::of(&[(PAGE, "# A")]), &json!({})).len(), 1);
    }
}
