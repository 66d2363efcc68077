//! The project speaks of itself only: no path of somebody's machine, no host of a package registry.
//!
//! Registries are reached through their ordinary clients, which know their hosts; a host written here would tie the
//! project to one of them. `Cargo.lock` is cargo's own file and left alone.

use super::{Finding, rust_text};
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "private-word";
/// A folder of a build machine. Written in two pieces so that this file does not break its own rule.
const MACHINE_FOLDER: &str = concat!("/", "work");
/// Hosts of package registries, in pieces for the same reason.
const HOSTS: [&str; 8] = [
    concat!("crates", ".io"),
    concat!("registry.", "npmjs"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("proxy.", "golang.org"),
    concat!("deb.", "debian.org"),
    concat!("ruby", "gems.org"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts.iter().filter(|(path, _)| *path != "Cargo.lock") {
        for host in HOSTS {
            for (offset, _) in text.match_indices(host) {
                let message =
                    format!("`{host}` is a registry's host: leave it to the registry's client");
                findings.push(Finding::new(
                    CHECK,
                    path,
                    rust_text::line_of(text, offset),
                    message,
                ));
            }
        }
        for (offset, _) in text.match_indices(MACHINE_FOLDER) {
            if is_machine_path(text.as_bytes(), offset) {
                let message = "a path of one machine: write paths relative to the project";
                findings.push(Finding::new(
                    CHECK,
                    path,
                    rust_text::line_of(text, offset),
                    message,
                ));
            }
        }
    }
    findings
}

/// True if a path starts there: no word before it, and a folder's end after it.
fn is_machine_path(text: &[u8], offset: usize) -> bool {
    let before = offset.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(offset + MACHINE_FOLDER.len());
    let is_path_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./}>)\"'`".contains(byte);
    let is_name_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let starts_fresh = before.is_none_or(|byte| !is_path_part(byte) || b"\"'`(>".contains(byte));
    starts_fresh && !after.is_some_and(is_name_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Tree::of(&[("docs/a.md", text)])).len()
    }

    #[test]
    fn machine_paths_are_found_and_other_paths_pass() {
        assert_eq!(found(&format!("see {MACHINE_FOLDER}/shared")), 1);
        assert_eq!(found(&format!("\"{MACHINE_FOLDER}\"")), 1);
        assert_eq!(
            found(&format!(
                "see docs{MACHINE_FOLDER}/a and {MACHINE_FOLDER}space"
            )),
            0
        );
    }

    #[test]
    fn registry_hosts_are_found() {
        for host in HOSTS {
            assert_eq!(found(&format!("https://{host}/a")), 1, "{host}");
        }
    }
}
