//! What must stay for now: `xtask/tidy-exceptions.txt`, one line each: check, path, date, reason.
//!
//! An exception covers all findings of one check in one file. One that covers nothing is a finding, so the list can
//! only shrink.

use super::Finding;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// Name of this check.
const CHECK: &str = "exception";
/// The list.
const PAGE: &str = "xtask/tidy-exceptions.txt";

struct Exception {
    line: usize,
    check: String,
    path: String,
}

/// The findings that no exception covers, and those about the exceptions themselves.
pub(super) fn apply(tree: &Tree, findings: Vec<Finding>) -> Vec<Finding> {
    let text = tree.texts.get(PAGE).map_or("", String::as_str);
    let mut exceptions = Vec::new();
    let mut left = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match read(line, index + 1) {
            Ok(exception) => exceptions.push(exception),
            Err(message) => left.push(Finding::new(CHECK, PAGE, index + 1, message)),
        }
    }
    let mut used = BTreeSet::new();
    for finding in findings {
        let covering = exceptions
            .iter()
            .position(|e| e.check == finding.check && e.path == finding.path);
        match covering {
            Some(index) => {
                used.insert(index);
            }
            None => left.push(finding),
        }
    }
    for (index, exception) in exceptions.iter().enumerate() {
        if !used.contains(&index) {
            let Exception { line, check, path } = exception;
            let message = format!("nothing breaks `{check}` in {path} any more: delete this line");
            left.push(Finding::new(CHECK, PAGE, *line, message));
        }
    }
    left
}

fn read(line: &str, number: usize) -> Result<Exception, String> {
    let mut words = line.split_whitespace();
    let (Some(check), Some(path), Some(date)) = (words.next(), words.next(), words.next()) else {
        return Err("needs: check, path, date (YYYY-MM-DD), reason".to_owned());
    };
    if !is_date(date) {
        return Err(format!("`{date}` is no date of the form YYYY-MM-DD"));
    }
    if words.next().is_none() {
        return Err("gives no reason".to_owned());
    }
    Ok(Exception {
        line: number,
        check: check.to_owned(),
        path: path.to_owned(),
    })
}

fn is_date(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [4, 2, 2]
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(list: &str) -> Vec<Finding> {
        let finding = Finding::new("file-length", "crates/a/src/b.rs", 601, "long");
        apply(&Tree::of(&[(PAGE, list)]), vec![finding])
    }

    #[test]
    fn an_exception_covers_its_check_in_its_file() {
        assert_eq!(
            left("# list\nfile-length crates/a/src/b.rs 2026-11-25 a table of codes\n"),
            []
        );
        assert_eq!(left("").len(), 1);
    }

    #[test]
    fn an_exception_without_date_reason_or_use_is_found() {
        assert_eq!(left("file-length crates/a/src/b.rs soon a reason").len(), 2);
        assert_eq!(left("file-length crates/a/src/b.rs 2026-11-25").len(), 2);
        let both =
            "file-length crates/a/src/b.rs 2026-11-25 why\nimport crates/c.rs 2026-11-25 why";
        assert_eq!(left(both).len(), 1);
    }
}
