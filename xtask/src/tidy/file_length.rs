//! A file answers one question: at most 600 lines, 900 for tests.

use super::{Finding, rust_text};
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "file-length";
/// Most lines of a source file, its unit tests included.
const LINES_MAX: usize = 600;
/// Most lines of a file that only holds tests.
const TEST_LINES_MAX: usize = 900;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        let max = if rust_text::is_test_file(path) {
            TEST_LINES_MAX
        } else {
            LINES_MAX
        };
        let lines = text.lines().count();
        if lines > max {
            let message =
                format!("{lines} lines, at most {max}: split it by the questions it answers");
            findings.push(Finding::new(CHECK, path, max + 1, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, lines: usize) -> usize {
        check(&Tree::of(&[(path, &"\n".repeat(lines))])).len()
    }

    #[test]
    fn long_files_are_found_and_tests_may_be_longer() {
        assert_eq!(found("crates/model/src/money.rs", 600), 0);
        assert_eq!(found("crates/model/src/money.rs", 601), 1);
        assert_eq!(found("crates/model/tests/it/money.rs", 900), 0);
        assert_eq!(found("crates/model/tests/it/money.rs", 901), 1);
    }
}
