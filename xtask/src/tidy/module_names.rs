//! Module names that refuse nothing are refused: `utils`, `common` and their like, and every `mod.rs`.

use super::Finding;
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "module-name";
/// Names without a door policy: everything moves in.
const BANNED: [&str; 10] = [
    "util",
    "utils",
    "common",
    "shared",
    "types",
    "misc",
    "prelude",
    "helper",
    "helpers",
    "lib_utils",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, _) in tree.rust_files() {
        let Some(stem) = path
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_suffix(".rs"))
        else {
            continue;
        };
        // The one place where cargo's own convention for integration tests would need it is not used either.
        if stem == "mod" {
            let message = "use `name.rs` with a folder `name/` beside it, never `mod.rs`";
            findings.push(Finding::new(CHECK, path, 0, message));
        }
        let folders = path.split('/').filter(|part| BANNED.contains(part));
        for name in folders.chain(BANNED.contains(&stem).then_some(stem)) {
            let message = format!("`{name}` says nothing: name the noun the module answers for");
            findings.push(Finding::new(CHECK, path, 0, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_a_door_policy_are_found() {
        let bad = [
            "a/src/mod.rs",
            "a/src/utils.rs",
            "a/src/common/money.rs",
            "a/src/helpers.rs",
        ];
        for path in bad {
            assert_eq!(check(&Tree::of(&[(path, "")])).len(), 1, "{path}");
        }
        assert!(check(&Tree::of(&[("a/src/money.rs", ""), ("a/src/model.rs", "")])).is_empty());
    }
}
