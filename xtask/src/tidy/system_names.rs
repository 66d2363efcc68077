//! No crate below the program names a system: symmetry is a fact of the sources, not a habit.

use super::{Finding, rust_text};
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "system-name";
/// Crates that must work the same for every system.
const CRATES: [&str; 6] = ["model", "engine", "connector", "store", "keys", "pipeline"];
/// Words that name a system or its maker.
const NAMES: [&str; 4] = ["intacct", "fusion", "oracle", "sage"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in CRATES {
        let folder = format!("crates/{name}/src/");
        for (path, text) in tree
            .rust_files()
            .filter(|(path, _)| path.starts_with(&folder))
        {
            if rust_text::is_test_file(path) {
                continue;
            }
            findings.extend(named(text).into_iter().map(|(line, word)| {
                let message = format!(
                    "`{word}` names a system; only its own crate, its twin and the program may"
                );
                Finding::new(CHECK, path, line, message)
            }));
        }
    }
    findings
}

/// Lines outside unit tests that name a system, comments included.
fn named(text: &str) -> Vec<(usize, String)> {
    let tests_from = rust_text::without_tests(&rust_text::code(text));
    let code = rust_text::code(text);
    rust_text::words(text)
        .filter(|(_, word)| {
            rust_text::word_parts(word)
                .iter()
                .any(|part| is_system(part))
        })
        .map(|(offset, word)| (rust_text::line_of(text, offset), word.to_owned()))
        .filter(|(line, _)| !is_test_line(&code, &tests_from, *line))
        .collect()
}

fn is_system(part: &str) -> bool {
    NAMES.contains(&part)
}

/// A line is a test's if it has code that vanishes without tests.
fn is_test_line(code: &str, without: &str, line: usize) -> bool {
    let at = |text: &str| {
        text.lines()
            .nth(line - 1)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    at(code) != at(without)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_system_is_found_in_code_strings_and_comments() {
        let path = "crates/engine/src/a.rs";
        assert_eq!(found(path, "fn to_fusion() {}"), 1);
        assert_eq!(found(path, "let a = \"Sage Intacct\";"), 2);
        assert_eq!(found(path, "//! As Oracle does."), 1);
        assert_eq!(found(path, "struct IntacctDate;"), 1);
    }

    #[test]
    fn other_words_other_crates_and_tests_pass() {
        let path = "crates/engine/src/a.rs";
        assert_eq!(found(path, "fn usage(message: Confusion) {}"), 0);
        assert_eq!(found("crates/fusion/src/a.rs", "struct Fusion;"), 0);
        assert_eq!(found("crates/engine/tests/it/a.rs", "fusion"), 0);
        assert_eq!(
            found(
                path,
                "#[cfg(test)]\nmod tests {\n    const A: &str = \"fusion\";\n}"
            ),
            0
        );
    }
}
