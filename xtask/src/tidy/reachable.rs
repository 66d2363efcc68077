//! Every `.rs` file is reached by `mod` declarations from a crate root; a file nothing compiles is a false friend.

use super::{Finding, rust_text};
use crate::tree::Tree;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Name of this check.
const CHECK: &str = "reachable";

pub(super) fn check(tree: &Tree, metadata: &Value, root: &Path) -> Vec<Finding> {
    let roots = crate_roots(metadata, root);
    unreached(tree, &roots)
        .into_iter()
        .map(|path| {
            let message = "no crate root reaches this file: add its `mod` line or delete it";
            Finding::new(CHECK, &path, 0, message)
        })
        .collect()
}

/// The root file of every target cargo knows, relative to the project.
fn crate_roots(metadata: &Value, root: &Path) -> Vec<String> {
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let targets = packages
        .filter_map(|package| package.get("targets")?.as_array())
        .flatten();
    targets
        .filter_map(|target| target.get("src_path")?.as_str())
        .filter_map(|path| Path::new(path).strip_prefix(root).ok())
        .map(|path| path.to_string_lossy().replace('\\', "/"))
        .collect()
}

fn unreached(tree: &Tree, roots: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<(String, String)> = roots
        .iter()
        .map(|path| (path.clone(), parent(path).to_owned()))
        .collect();
    while let Some((path, folder)) = waiting.pop() {
        let Some(text) = tree.texts.get(&path) else {
            continue;
        };
        if !seen.insert(path.clone()) {
            continue;
        }
        for (name, place) in declared_modules(text) {
            for candidate in candidates(&path, &folder, &name, place.as_deref()) {
                let below = candidate
                    .trim_end_matches(".rs")
                    .trim_end_matches("/mod")
                    .to_owned();
                waiting.push((candidate, below));
            }
        }
    }
    tree.rust_files()
        .map(|(path, _)| path.to_owned())
        .filter(|path| !seen.contains(path))
        .collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn candidates(path: &str, folder: &str, name: &str, place: Option<&str>) -> Vec<String> {
    match place {
        Some(place) => vec![format!("{}/{place}", parent(path))],
        None => vec![
            format!("{folder}/{name}.rs"),
            format!("{folder}/{name}/mod.rs"),
        ],
    }
}

/// Names of `mod name;` lines, with the file a `#[path]` before them names.
fn declared_modules(text: &str) -> Vec<(String, Option<String>)> {
    let code = rust_text::code(text);
    let mut modules = Vec::new();
    let words: Vec<(usize, &str)> = rust_text::words(&code).collect();
    for pair in words.windows(2) {
        let [(start, "mod"), (name_at, name)] = *pair else {
            continue;
        };
        if code[name_at + name.len()..].trim_start().starts_with(';') {
            modules.push((name.to_owned(), path_before(text, start)));
        }
    }
    modules
}

/// The value of `#[path = "…"]` on the line or lines right before an offset.
fn path_before(text: &str, offset: usize) -> Option<String> {
    let before = text[..offset].rsplit([';', '}']).next()?;
    let value = before.split("#[path").nth(1)?;
    value.split('"').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        unreached(&Tree::of(files), &["a/src/lib.rs".to_owned()])
    }

    #[test]
    fn a_file_without_a_mod_line_is_found() {
        let files = [
            ("a/src/lib.rs", "mod money;\npub mod party { }"),
            ("a/src/money.rs", "mod round;"),
            ("a/src/money/round.rs", ""),
            ("a/src/old.rs", ""),
        ];
        assert_eq!(found(&files), ["a/src/old.rs"]);
    }

    #[test]
    fn a_mod_line_in_a_comment_reaches_nothing_and_a_path_does() {
        let files = [
            (
                "a/src/lib.rs",
                "// mod money;\n#[path = \"other/party.rs\"]\nmod party;",
            ),
            ("a/src/money.rs", ""),
            ("a/src/other/party.rs", ""),
        ];
        assert_eq!(found(&files), ["a/src/money.rs"]);
    }
}
