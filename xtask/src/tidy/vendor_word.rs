//! The word `vendor` means two things: the party we owe is a supplier, an ERP is a system.

use super::{Finding, rust_text};
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "vendor-word";
/// Crates that speak our own language. In the system crates and twins it is the wire's own word.
const CRATES: [&str; 6] = ["model", "engine", "connector", "store", "pipeline", "app"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in CRATES {
        let folder = format!("crates/{name}/src/");
        for (path, text) in tree
            .rust_files()
            .filter(|(path, _)| path.starts_with(&folder))
        {
            let code = rust_text::code(text);
            for (offset, word) in rust_text::words(&code) {
                let parts = rust_text::word_parts(word);
                if parts
                    .iter()
                    .any(|part| part == "vendor" || part == "vendors")
                {
                    let message =
                        format!("`{word}`: say `supplier` for the party, `system` for an ERP");
                    findings.push(Finding::new(
                        CHECK,
                        path,
                        rust_text::line_of(&code, offset),
                        message,
                    ));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn the_word_is_found_as_an_identifier_only() {
        assert_eq!(found("crates/model/src/a.rs", "struct VendorId(u8);"), 1);
        assert_eq!(
            found("crates/app/src/a.rs", "let vendor = 1; let by_vendors = 2;"),
            2
        );
        assert_eq!(
            found(
                "crates/app/src/a.rs",
                "open(\"master/vendors.csv\") // vendor"
            ),
            0
        );
        assert_eq!(found("crates/intacct/src/a.rs", "struct Vendor;"), 0);
    }
}
