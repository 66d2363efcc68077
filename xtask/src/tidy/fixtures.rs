//! Wire bytes have a provenance: each file below a folder `fixtures/` is covered by a line of that folder's `SOURCES.md`
//! that names it or its folder and says *documented* (from a manual) or *recorded* (from a real system, secrets removed).

use super::Finding;
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "fixture";
/// Name of a folder of wire bytes, at the root or inside a crate.
const FOLDER: &str = "fixtures/";
/// The page of provenance in such a folder.
const PAGE: &str = "SOURCES.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in &tree.paths {
        let Some((folder, file)) = split(path) else {
            continue;
        };
        let page = format!("{folder}{PAGE}");
        let sources = tree.texts.get(&page).map_or("", String::as_str);
        if file != PAGE && !is_covered(file, sources) {
            let message = format!(
                "no line of {page} says where these bytes come from (documented or recorded)"
            );
            findings.push(Finding::new(CHECK, path, 0, message));
        }
    }
    findings
}

/// The folder of wire bytes a path is in, and the rest of the path.
fn split(path: &str) -> Option<(&str, &str)> {
    let start = path
        .match_indices(FOLDER)
        .map(|(at, _)| at)
        .find(|at| *at == 0 || path[..*at].ends_with('/'))?;
    Some(path.split_at(start + FOLDER.len()))
}

/// True if a line names the file or one of its folders, in backticks.
fn is_covered(path: &str, sources: &str) -> bool {
    let mut names = vec![format!("`{path}`")];
    names.extend(
        path.match_indices('/')
            .map(|(end, _)| format!("`{}`", &path[..=end])),
    );
    let says_source = |line: &&str| line.contains("documented") || line.contains("recorded");
    sources
        .lines()
        .filter(says_source)
        .any(|line| names.iter().any(|name| line.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_without_a_source_are_found() {
        let file = ("fixtures/intacct/bill/plain.request.xml", "<request/>");
        let page = |line: &'static str| ("fixtures/SOURCES.md", line);
        assert_eq!(check(&Tree::of(&[file])).len(), 1);
        assert_eq!(
            check(&Tree::of(&[("crates/fusion/fixtures/a.json", "{}")])).len(),
            1
        );
        assert_eq!(check(&Tree::of(&[("src/tidy/fixtures.rs", "")])), []);
        assert_eq!(
            check(&Tree::of(&[
                file,
                page("| `intacct/bill/` | documented | manual |")
            ])),
            []
        );
        assert_eq!(
            check(&Tree::of(&[
                file,
                page("`intacct/bill/plain.request.xml` recorded")
            ])),
            []
        );
        assert_eq!(
            check(&Tree::of(&[file, page("| `intacct/bill/` | somewhere |")])).len(),
            1
        );
    }
}
