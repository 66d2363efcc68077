//! `docs/glossary.md`: one word, one meaning. Every row is complete, no term stands twice, every type it names in its
//! column "in code" exists in the sources, and every table of the store is named by a term.

use super::{Finding, rust_text};
use crate::tree::Tree;
use std::collections::BTreeSet;

/// Name of this check.
const CHECK: &str = "glossary";
/// The page.
const PAGE: &str = "docs/glossary.md";
/// Term, meaning, in code, and the two local spellings.
const CELLS: usize = 5;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.texts.get(PAGE) else {
        return vec![Finding::new(CHECK, PAGE, 0, "there is no glossary")];
    };
    let known = type_names(tree);
    let mut terms = BTreeSet::new();
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let is_row =
            line.starts_with('|') && !line.starts_with("|--") && !line.starts_with("| term");
        if !is_row {
            continue;
        }
        for message in judge(line, &known, &mut terms) {
            findings.push(Finding::new(CHECK, PAGE, number + 1, message));
        }
    }
    for (path, line, table) in table_names(tree) {
        if !names_a_term(&table, &terms) {
            let message =
                format!("table `{table}` is no term of {PAGE}: add a row or take its word");
            findings.push(Finding::new(CHECK, &path, line, message));
        }
    }
    if terms.is_empty() {
        findings.push(Finding::new(CHECK, PAGE, 0, "the glossary holds no term"));
    }
    findings
}

fn judge(line: &str, known: &BTreeSet<String>, terms: &mut BTreeSet<String>) -> Vec<String> {
    let cells: Vec<&str> = line
        .trim()
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect();
    if cells.len() != CELLS || cells.iter().any(|cell| cell.is_empty()) {
        return vec![format!("needs {CELLS} filled cells (a dash for nothing)")];
    }
    let mut messages = Vec::new();
    if !terms.insert(cells[0].to_lowercase()) {
        messages.push(format!("`{}` stands here twice", cells[0]));
    }
    for name in cells[2].split('`').skip(1).step_by(2) {
        if !known.contains(name) {
            messages.push(format!("no type `{name}` is defined below crates/"));
        }
    }
    messages
}

/// Names of every struct, enum, trait and type alias of our crates.
fn type_names(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (path, text) in tree
        .rust_files()
        .filter(|(path, _)| path.starts_with("crates/"))
    {
        if rust_text::is_test_file(path) {
            continue;
        }
        let code = rust_text::code(text);
        let words: Vec<&str> = rust_text::words(&code).map(|(_, word)| word).collect();
        for pair in words.windows(2) {
            if matches!(pair[0], "struct" | "enum" | "trait" | "type") {
                names.insert(pair[1].to_owned());
            }
        }
        // Newtype identifiers are made by one macro call with the name as an argument.
        names.extend(
            words
                .iter()
                .filter(|word| is_camel(word))
                .map(|word| (*word).to_owned()),
        );
    }
    names
}

/// File, line and name of every table the store creates.
fn table_names(tree: &Tree) -> Vec<(String, usize, String)> {
    let mut tables = Vec::new();
    let product = |path: &str| path.starts_with("crates/store/") && !rust_text::is_test_file(path);
    for (path, text) in tree.texts.iter().filter(|(path, _)| product(path)) {
        for (offset, found) in text.match_indices("CREATE TABLE ") {
            let mut words = rust_text::words(&text[offset + found.len()..])
                .map(|(_, word)| word)
                .skip_while(|word| matches!(*word, "IF" | "NOT" | "EXISTS"));
            if let Some(name) = words.next() {
                tables.push((
                    path.clone(),
                    rust_text::line_of(text, offset),
                    name.to_owned(),
                ));
            }
        }
    }
    tables
}

/// True if a table is named by a term, in the singular or the plural.
fn names_a_term(table: &str, terms: &BTreeSet<String>) -> bool {
    let name = table.replace('_', " ").to_lowercase();
    let singular = match name.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => name.trim_end_matches('s').to_owned(),
    };
    terms.contains(&name) || terms.contains(&singular)
}

fn is_camel(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.contains(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "# Glossary\n\n| term | meaning | in code | Intacct | Fusion |\n|---|---|---|---|---|\n";
    const SOURCE: (&str, &str) = ("crates/model/src/lib.rs", "pub struct Money;");

    fn found(rows: &str) -> Vec<String> {
        let page = format!("{HEAD}{rows}");
        let findings = check(&Tree::of(&[(PAGE, &page), SOURCE]));
        findings
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn complete_rows_with_existing_types_pass() {
        assert!(found("| money | an exact amount | `Money` | amount | amount |\n").is_empty());
    }

    #[test]
    fn a_table_bears_the_word_of_a_term() {
        let page = format!(
            "{HEAD}| audit entry | a link | - | - | - |\n| delivery | a way | - | - | - |\n"
        );
        let sql = |text: &'static str| ("crates/store/migrations/0001.sql", text);
        let found = |text| check(&Tree::of(&[(PAGE, page.as_str()), SOURCE, sql(text)])).len();
        assert_eq!(
            found(
                "CREATE TABLE audit_entry (a TEXT);\nCREATE TABLE IF NOT EXISTS deliveries (a TEXT);"
            ),
            0
        );
        assert_eq!(found("CREATE TABLE stuff (a TEXT);"), 1);
    }

    #[test]
    fn a_missing_type_a_repeated_term_and_an_empty_cell_are_found() {
        assert_eq!(found("| money | an amount | `Cash` | - | - |\n").len(), 1);
        assert_eq!(
            found("| a | b | - | - | - |\n| A | c | - | - | - |\n").len(),
            1
        );
        assert_eq!(found("| a | | - | - | - |\n").len(), 2);
    }
}
