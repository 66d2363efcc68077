//! Every page has exactly one title, and every relative link leads to a file of the project.

use super::Finding;
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "markdown";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.markdown_files() {
        let lines = prose(text);
        let titles = lines
            .iter()
            .filter(|(_, line)| line.starts_with("# "))
            .count();
        if titles != 1 {
            let message = format!("{titles} titles (`# `), a page has exactly one");
            findings.push(Finding::new(CHECK, path, 0, message));
        }
        for (number, line) in &lines {
            for target in links(line) {
                if is_dead(tree, path, target) {
                    let message = format!("link to `{target}` leads nowhere");
                    findings.push(Finding::new(CHECK, path, *number, message));
                }
            }
        }
    }
    findings
}

/// Lines outside code blocks, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// Targets of `[text](target)`, code spans left out.
fn links(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for (offset, _) in line.match_indices("](") {
        if line[..offset].matches('`').count().is_multiple_of(2) {
            targets.extend(line[offset + 2..].split([')', ' ']).next());
        }
    }
    targets
}

fn is_dead(tree: &Tree, page: &str, target: &str) -> bool {
    let file = target.split('#').next().unwrap_or_default();
    if file.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return false;
    }
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        if part != ".." {
            parts.push(part);
        } else if parts.pop().is_none() {
            return true; // leaves the project
        }
    }
    file.starts_with('/') || !tree.has(&parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> usize {
        check(&Tree::of(&[
            ("docs/a.md", page),
            ("docs/b.md", "# B"),
            ("README.md", "# R"),
        ]))
        .len()
    }

    #[test]
    fn a_page_has_one_title() {
        assert_eq!(found("# A\n```\n# not a title\n```"), 0);
        assert_eq!(found("no title"), 1);
        assert_eq!(found("# A\n# B"), 1);
    }

    #[test]
    fn dead_links_are_found() {
        assert_eq!(
            found("# A\n[b](b.md#part) [r](../README.md) [w](https://example.org) [d](../docs)"),
            0
        );
        assert_eq!(found("# A\n[c](c.md)"), 1);
        assert_eq!(found("# A\n[c](../../outside.md)"), 1);
        assert_eq!(found("# A\n`[c](c.md)`"), 0);
    }
}
