//! Every problem an operator can meet has a code and a page: `P####` in the sources, `docs/problems/P####.md`.

use super::{Finding, rust_text};
use crate::tree::Tree;
use std::collections::BTreeMap;

/// Name of this check.
const CHECK: &str = "problem-code";
/// Where the pages are.
const PAGES: &str = "docs/problems/";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut codes: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for (path, text) in tree.rust_files() {
        if !path.starts_with("crates/") || rust_text::is_test_file(path) {
            continue;
        }
        let code = rust_text::without_tests(&rust_text::code_and_strings(text));
        for (offset, word) in rust_text::words(&code).filter(|(_, word)| is_code(word)) {
            let place = (path.to_owned(), rust_text::line_of(&code, offset));
            codes.entry(word.to_owned()).or_insert(place);
        }
    }
    let mut findings = Vec::new();
    for (code, (path, line)) in &codes {
        if !tree.texts.contains_key(&format!("{PAGES}{code}.md")) {
            let message = format!(
                "`{code}` has no page {PAGES}{code}.md (what it means, what we did, what to do)"
            );
            findings.push(Finding::new(CHECK, path, *line, message));
        }
    }
    for (path, _) in tree.markdown_files() {
        let Some(code) = path
            .strip_prefix(PAGES)
            .and_then(|name| name.strip_suffix(".md"))
        else {
            continue;
        };
        if is_code(code) && !codes.contains_key(code) {
            let message = "no source file uses this code: delete the page or use the code";
            findings.push(Finding::new(CHECK, path, 0, message));
        }
    }
    findings
}

/// `P` and four digits.
fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with('P') && word[1..].bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_pages_must_match() {
        let source = (
            "crates/app/src/problem.rs",
            "const A: &str = \"P0101\"; // P9999",
        );
        assert_eq!(
            check(&Tree::of(&[source, ("docs/problems/P0101.md", "# P0101")])),
            []
        );
        assert_eq!(check(&Tree::of(&[source])).len(), 1);
        assert_eq!(
            check(&Tree::of(&[("docs/problems/P0202.md", "# P0202")])).len(),
            1
        );
        assert_eq!(
            check(&Tree::of(&[("crates/app/src/a.rs", "\"P12-2026\"")])),
            []
        );
    }
}
