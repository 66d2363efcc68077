//! A function fits one screen: at most 70 lines from its `fn` to its closing brace.

use super::{Finding, rust_text};
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "function-length";
/// Most lines of a function.
const LINES_MAX: usize = 70;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        let code = rust_text::code(text);
        for (name, line, lines) in functions(&code) {
            if lines > LINES_MAX {
                let message = format!(
                    "`{name}` has {lines} lines, at most {LINES_MAX}: \
                     let the parent branch and the children compute"
                );
                findings.push(Finding::new(CHECK, path, line, message));
            }
        }
    }
    findings
}

/// Name, first line and number of lines of every function with a body.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let words: Vec<(usize, &str)> = rust_text::words(code).collect();
    let mut found = Vec::new();
    for pair in words.windows(2) {
        let [(start, "fn"), (name_at, name)] = *pair else {
            continue;
        };
        // `fn` before a parenthesis is a pointer type, not a function.
        if !code[start + 2..name_at].trim().is_empty() {
            continue;
        }
        let Some(open) = body_start(code, name_at) else {
            continue;
        };
        let end = rust_text::closing_brace(code, open);
        let line = rust_text::line_of(code, start);
        let lines = rust_text::line_of(code, end.saturating_sub(1)) - line + 1;
        found.push((name.to_owned(), line, lines));
    }
    found
}

/// Offset of the brace that opens the body; none for a declaration without one.
fn body_start(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function_of(lines: usize) -> String {
        format!(
            "fn long(a: [u8; 2]) -> u8 {{\n{}}}\n",
            "    a();\n".repeat(lines - 2)
        )
    }

    #[test]
    fn a_function_of_seventy_lines_passes_and_one_more_does_not() {
        let of = |lines| check(&Tree::of(&[("crates/a/src/lib.rs", &function_of(lines))])).len();
        assert_eq!(of(70), 0);
        assert_eq!(of(71), 1);
    }

    #[test]
    fn declarations_and_function_pointers_have_no_body() {
        let code = "trait A { fn a(&self); } type B = fn(u8) -> u8; const C: &[u8] = &[];";
        assert!(functions(code).is_empty());
    }
}
