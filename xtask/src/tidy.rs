//! `cargo xtask tidy`: the rules of the house that the compiler does not know, as a failing check.
//!
//! Each check is one file with one function from the project's text to [`Finding`]s, tried on small good and bad
//! inputs beside it. A finding names the file, the line, the rule and what to do instead. What must stay for now stands
//! in `xtask/tidy-exceptions.txt` with a date and a reason; an exception nobody needs any more is itself a finding, so
//! the list can only shrink.

mod ambient;
mod edges;
mod exceptions;
mod file_length;
mod fixtures;
mod function_length;
mod glossary;
mod imports;
mod manifests;
mod markdown;
mod module_names;
mod private_words;
mod problem_codes;
mod reachable;
mod rust_text;
mod system_names;
mod vendor_word;

use crate::{process, tree};
use anyhow::{Result, bail};
use std::path::Path;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// File, relative to the project's root.
    path: String,
    /// Line, counted from 1; 0 if the whole file is meant.
    line: usize,
    /// Name of the check, as exceptions spell it.
    check: &'static str,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn new(check: &'static str, path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            check,
            message: message.into(),
        }
    }
}

/// Runs every check and prints what is found.
///
/// # Errors
/// When the project cannot be read, or anything is found.
pub(crate) fn run(root: &Path) -> Result<()> {
    let findings = check(root)?;
    for finding in &findings {
        let Finding {
            path,
            line,
            check,
            message,
        } = finding;
        process::print(&format!("{path}:{line}: [{check}] {message}"));
    }
    if findings.is_empty() {
        process::say("tidy: nothing found");
        return Ok(());
    }
    bail!("tidy found {} broken rule(s)", findings.len())
}

/// All findings that no exception covers, sorted by file and line.
fn check(root: &Path) -> Result<Vec<Finding>> {
    let tree = tree::Tree::read(root)?;
    let metadata = tree::metadata(root)?;
    let mut findings = Vec::new();
    findings.extend(file_length::check(&tree));
    findings.extend(function_length::check(&tree));
    findings.extend(module_names::check(&tree));
    findings.extend(imports::check(&tree));
    findings.extend(reachable::check(&tree, &metadata, root));
    findings.extend(edges::check(&tree, &metadata));
    findings.extend(system_names::check(&tree));
    findings.extend(ambient::check(&tree));
    findings.extend(vendor_word::check(&tree));
    findings.extend(problem_codes::check(&tree));
    findings.extend(glossary::check(&tree));
    findings.extend(fixtures::check(&tree));
    findings.extend(manifests::check(&tree, root));
    findings.extend(markdown::check(&tree));
    findings.extend(private_words::check(&tree));
    let mut findings = exceptions::apply(&tree, findings);
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_project_is_tidy() {
        let root = crate::tree::root().unwrap();
        let findings = super::check(&root).unwrap();
        assert!(findings.is_empty(), "{findings:#?}");
    }
}
