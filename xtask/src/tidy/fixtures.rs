//! Wire bytes have a provenance: each file below a folder `fixtures/` is named by a row of the nearest `SOURCES.md`.
//!
//! A row's first cell names files in backticks, relative to the page's folder: `*` stands for anything, `bill/` for a
//! whole folder; endings may be left out, and a name without a folder takes the folder of the name before it. The row's
//! other cells say which facts the bytes follow and how sure they are (documented, recorded, from memory); none is empty.

use super::Finding;
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "fixture";
/// Name of a folder of wire bytes, at the root or inside a crate.
const FOLDER: &str = "fixtures/";
/// The page of provenance in such a folder or below it.
const PAGE: &str = "SOURCES.md";
/// Fewest cells of a row: files, facts, mark.
const CELLS_MIN: usize = 3;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let fixtures = tree.paths.iter().filter(|path| is_fixture(path));
    fixtures
        .filter(|path| !is_covered(tree, path))
        .map(|path| finding(path))
        .collect()
}

fn finding(path: &str) -> Finding {
    let message = format!(
        "no row of a {PAGE} above it says which facts these bytes follow and how sure they are"
    );
    Finding::new(CHECK, path, 0, message)
}

fn is_fixture(path: &str) -> bool {
    let is_inside = path.starts_with(FOLDER) || path.contains(&format!("/{FOLDER}"));
    is_inside && !path.ends_with(PAGE)
}

/// True if a page in one of the folders above the file, up to `fixtures/`, has a row for it.
fn is_covered(tree: &Tree, path: &str) -> bool {
    path.match_indices('/').any(|(end, _)| {
        let (folder, file) = path.split_at(end + 1);
        let page = tree.texts.get(&format!("{folder}{PAGE}"));
        page.is_some_and(|page| named_files(page).iter().any(|name| matches(name, file)))
    })
}

/// Names in the first cells of complete rows.
fn named_files(page: &str) -> Vec<String> {
    let mut names = Vec::new();
    for row in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row
            .trim()
            .trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        if cells.len() < CELLS_MIN || cells.iter().any(|cell| cell.is_empty()) {
            continue;
        }
        let mut folder = "";
        for name in cells[0].split('`').skip(1).step_by(2) {
            match name.rfind('/') {
                Some(end) => {
                    folder = &name[..=end];
                    names.push(name.to_owned());
                }
                None => names.push(format!("{folder}{name}")),
            }
        }
    }
    names
}

fn matches(name: &str, file: &str) -> bool {
    let has_no_ending = !name.contains('.') && !name.ends_with(['/', '*']);
    if name.ends_with('/') {
        return file.starts_with(name);
    }
    if let Some((before, after)) = name.split_once('*') {
        return file.len() >= before.len() + after.len()
            && file.starts_with(before)
            && file.ends_with(after);
    }
    file == name
        || (has_no_ending
            && file
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: (&str, &str) = ("fixtures/intacct/bill/plain.request.xml", "<request/>");

    fn found(row: &str) -> usize {
        check(&Tree::of(&[FILE, ("fixtures/intacct/SOURCES.md", row)])).len()
    }

    #[test]
    fn bytes_that_a_complete_row_names_pass() {
        assert_eq!(found("| `bill/plain.request.xml` | manual 1.2 | [D] |"), 0);
        assert_eq!(found("| `bill/` | manual 1.2 | [D] |"), 0);
        assert_eq!(found("| `bill/*.xml` | manual 1.2 | [D] |"), 0);
        assert_eq!(found("| `bill/page`, `plain` | manual 1.2 | [D] |"), 0);
        let above = (
            "fixtures/SOURCES.md",
            "| `intacct/bill/plain.*` | manual | [D] |",
        );
        assert_eq!(check(&Tree::of(&[FILE, above])), []);
    }

    #[test]
    fn bytes_without_a_row_or_with_half_a_row_are_found() {
        assert_eq!(found("| `bill/page.*` | manual 1.2 | [D] |"), 1);
        assert_eq!(found("| `bill/plain.request.xml` | manual 1.2 | |"), 1);
        assert_eq!(found("`bill/plain.request.xml` is from somewhere"), 1);
        assert_eq!(
            check(&Tree::of(&[("crates/fusion/fixtures/a.json", "{}")])).len(),
            1
        );
        assert_eq!(check(&Tree::of(&[("xtask/src/tidy/fixtures.rs", "")])), []);
    }
}
