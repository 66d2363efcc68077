//! Imports say what they bring: no globs outside unit tests, no `super::super`.

use super::{Finding, rust_text};
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "import";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        let code = rust_text::code(text);
        for (offset, _) in code.match_indices("super::super") {
            let message = "write `crate::` and the path from there instead of `super::super`";
            findings.push(Finding::new(
                CHECK,
                path,
                rust_text::line_of(&code, offset),
                message,
            ));
        }
        if rust_text::is_test_file(path) {
            continue;
        }
        for line in globs(&rust_text::without_tests(&code)) {
            let message = "name what is imported instead of `*`";
            findings.push(Finding::new(CHECK, path, line, message));
        }
    }
    findings
}

/// Lines with a `use` that ends in `*`.
fn globs(code: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    for (offset, word) in rust_text::words(code) {
        if word != "use" {
            continue;
        }
        let item = code[offset..].split(';').next().unwrap_or_default();
        if item.contains("::*") || item.contains("*,") || item.contains("*}") {
            lines.push(rust_text::line_of(code, offset));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> usize {
        check(&Tree::of(&[("crates/a/src/lib.rs", source)])).len()
    }

    #[test]
    fn globs_and_climbing_twice_are_found() {
        assert_eq!(found("use std::fmt::*;"), 1);
        assert_eq!(found("use super::super::Money;"), 1);
        assert_eq!(
            found("use std::fmt::{Debug, Display};\nfn a() { b * c; }"),
            0
        );
        assert_eq!(found("#[cfg(test)]\nmod tests { use super::*; }"), 0);
    }
}
