//! Reference data is what it was: every file of a company folder stands in its `MANIFEST.sha256` with its digest.
//!
//! So an edited expectation cannot pass unnoticed. Files beside the list are findings too, except pages and the lists.

use super::Finding;
use crate::tree::Tree;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Name of this check.
const CHECK: &str = "manifest";
/// Name of the list inside a company folder.
const LIST: &str = "MANIFEST.sha256";

pub(super) fn check(tree: &Tree, root: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for list in tree.paths.iter().filter(|path| path.ends_with(LIST)) {
        let folder = list.trim_end_matches(LIST);
        let read = |path: &str| fs::read(root.join(path)).ok();
        let text = tree.texts.get(list).map_or("", String::as_str);
        findings.extend(check_folder(&tree.paths, folder, text, &read));
    }
    findings
}

fn check_folder(
    paths: &[String],
    folder: &str,
    list: &str,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listed: BTreeMap<&str, &str> = list
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, path)| (path, digest))
        .collect();
    for (path, digest) in &listed {
        let path = format!("{folder}{path}");
        let message = match read(&path) {
            None => "is listed but missing",
            Some(bytes) if hex_digest(&bytes) != *digest => {
                "differs from the listed digest: reference data is not edited to make a test pass"
            }
            Some(_) => continue,
        };
        findings.push(Finding::new(CHECK, &path, 0, message));
    }
    for path in paths.iter().filter_map(|path| path.strip_prefix(folder)) {
        let is_about_data = path.ends_with(".md") || path.starts_with("MANIFEST");
        if !is_about_data && !listed.contains_key(path) {
            let message = format!("stands in no line of {folder}{LIST}");
            findings.push(Finding::new(CHECK, &format!("{folder}{path}"), 0, message));
        }
    }
    findings
}

fn hex_digest(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn found(paths: &[&str], list: &str) -> usize {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let read = |path: &str| match path {
            "golden/a.csv" => Some(Vec::new()),
            "golden/b.csv" => Some(b"edited".to_vec()),
            _ => None,
        };
        check_folder(&paths, "golden/", list, &read).len()
    }

    #[test]
    fn unchanged_data_passes() {
        assert_eq!(
            found(
                &["golden/a.csv", "golden/README.md"],
                &format!("{EMPTY}  a.csv\n")
            ),
            0
        );
    }

    #[test]
    fn edited_missing_and_unlisted_files_are_found() {
        assert_eq!(found(&["golden/b.csv"], &format!("{EMPTY}  b.csv\n")), 1);
        assert_eq!(found(&[], &format!("{EMPTY}  c.csv\n")), 1);
        assert_eq!(found(&["golden/a.csv"], ""), 1);
    }
}
