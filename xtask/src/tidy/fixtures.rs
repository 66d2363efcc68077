//! Wire bytes have a provenance: each file below `fixtures/` is covered by a line of `fixtures/SOURCES.md` that names it
//! or its folder and says *documented* (from a manual) or *recorded* (from a real system, secrets removed).

use super::Finding;
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "fixture";
/// The folder of wire bytes.
const FOLDER: &str = "fixtures/";
/// The page of provenance.
const PAGE: &str = "fixtures/SOURCES.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<String> = tree
        .texts
        .get(PAGE)
        .map_or("", String::as_str)
        .lines()
        .filter(|line| line.contains("documented") || line.contains("recorded"))
        .map(str::to_owned)
        .collect();
    tree.paths
        .iter()
        .filter(|path| path.starts_with(FOLDER) && *path != PAGE)
        .filter(|path| !is_covered(path.trim_start_matches(FOLDER), &sources))
        .map(|path| {
            let message = format!(
                "no line of {PAGE} says where these bytes come from (documented or recorded)"
            );
            Finding::new(CHECK, path, 0, message)
        })
        .collect()
}

/// True if a line names the file or one of its folders, in backticks.
fn is_covered(path: &str, sources: &[String]) -> bool {
    let mut names = vec![format!("`{path}`")];
    names.extend(
        path.match_indices('/')
            .map(|(end, _)| format!("`{}`", &path[..=end])),
    );
    sources
        .iter()
        .any(|line| names.iter().any(|name| line.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_without_a_source_are_found() {
        let file = ("fixtures/intacct/bill/plain.request.xml", "<request/>");
        let page = |line: &'static str| (PAGE, line);
        assert_eq!(check(&Tree::of(&[file])).len(), 1);
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
