//! Library code reads no clock, no randomness and no environment; the driver sleeps, and who waits for it.

use super::{Finding, rust_text};
use crate::tree::Tree;

/// Name of this check.
const CHECK: &str = "ambient";

/// What is banned, who may do it all the same, and what to do instead.
struct Ban {
    text: &'static str,
    allowed_below: &'static [&'static str],
    instead: &'static str,
}

/// Folders where reading the surroundings is the job.
const OUTER: &[&str] = &["crates/app/", "xtask/"];
/// The driver waits between passes; the program's own waiter does it in real time; the twins' server simulates that an ERP
/// takes its time; a measurement paces its load and samples processes;
/// a transaction that lost against another is begun again after a moment, on a thread for blocking work.
const SLEEPERS: &[&str] = &[
    "crates/pipeline/src/drive.rs",
    "crates/app/src/ambient.rs",
    "crates/twins/src/serve.rs",
    "crates/app/src/cli/bench/",
    "crates/store/src/server.rs",
];
/// The clock is an argument everywhere else.
const CLOCK: &str = "take `now` as an argument or the `Clock` of the context";

const BANS: [Ban; 15] = [
    Ban {
        text: "SystemTime::now",
        allowed_below: OUTER,
        instead: CLOCK,
    },
    Ban {
        text: "Instant::now",
        allowed_below: OUTER,
        instead: CLOCK,
    },
    Ban {
        text: "Timestamp::now",
        allowed_below: OUTER,
        instead: CLOCK,
    },
    Ban {
        text: "Zoned::now",
        allowed_below: OUTER,
        instead: CLOCK,
    },
    Ban {
        text: "rand::",
        allowed_below: OUTER,
        instead: "take the `Entropy` of the context",
    },
    Ban {
        text: "thread_rng",
        allowed_below: OUTER,
        instead: "take the `Entropy` of the context",
    },
    Ban {
        text: "RandomState",
        allowed_below: OUTER,
        instead: "use an ordered map",
    },
    // Making key material is what `keys` is for; everything else asks it.
    Ban {
        text: "getrandom::",
        allowed_below: &["crates/app/", "crates/keys/", "xtask/"],
        instead: "take the `Entropy` of the context, or a key service for key material",
    },
    Ban {
        text: "Uuid::new_v4",
        allowed_below: OUTER,
        instead: "derive the identifier",
    },
    Ban {
        text: "std::env::",
        allowed_below: OUTER,
        instead: "take the value as an argument",
    },
    Ban {
        text: "use std::env",
        allowed_below: OUTER,
        instead: "take the value as an argument",
    },
    Ban {
        text: "env::var",
        allowed_below: OUTER,
        instead: "take the value as an argument",
    },
    Ban {
        text: "time::sleep",
        allowed_below: SLEEPERS,
        instead: SLEEP,
    },
    Ban {
        text: "thread::sleep",
        allowed_below: SLEEPERS,
        instead: SLEEP,
    },
    Ban {
        text: "time::interval",
        allowed_below: SLEEPERS,
        instead: SLEEP,
    },
];
/// Waiting is the driver's business.
const SLEEP: &str = "answer when to look again and let `pipeline/src/drive.rs` sleep";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree
        .rust_files()
        .filter(|(path, _)| !rust_text::is_test_file(path))
    {
        let code = rust_text::without_tests(&rust_text::code(text));
        for ban in &BANS {
            if ban
                .allowed_below
                .iter()
                .any(|folder| path.starts_with(folder))
            {
                continue;
            }
            for offset in whole_words(&code, ban.text) {
                let message = format!("`{}`: {}", ban.text, ban.instead);
                findings.push(Finding::new(
                    CHECK,
                    path,
                    rust_text::line_of(&code, offset),
                    message,
                ));
            }
        }
    }
    findings
}

/// Places of `text` that are not the end of a longer word.
fn whole_words(code: &str, text: &str) -> Vec<usize> {
    let continues = |offset: usize| {
        offset > 0
            && code
                .as_bytes()
                .get(offset - 1)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    code.match_indices(text)
        .map(|(offset, _)| offset)
        .filter(|offset| !continues(*offset))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn clock_chance_environment_and_sleep_are_found_in_library_code() {
        let path = "crates/engine/src/a.rs";
        assert_eq!(found(path, "let now = SystemTime::now();"), 1);
        assert_eq!(found(path, "let a = rand::random::<u8>();"), 1);
        assert_eq!(found(path, "use std::env;"), 1);
        assert_eq!(found(path, "tokio::time::sleep(a).await"), 1);
    }

    #[test]
    fn the_program_the_driver_and_tests_may() {
        assert_eq!(found("crates/app/src/main.rs", "SystemTime::now()"), 0);
        assert_eq!(
            found("crates/pipeline/src/drive.rs", "tokio::time::sleep(a)"),
            0
        );
        assert_eq!(found("crates/twins/src/serve.rs", "time::sleep(a)"), 0);
        assert_eq!(found("crates/twins/src/world.rs", "time::sleep(a)"), 1);
        assert_eq!(
            found("crates/store/tests/it/main.rs", "std::env::var(\"A\")"),
            0
        );
        assert_eq!(
            found(
                "crates/engine/src/a.rs",
                "#[cfg(test)]\nmod t { fn a() { Instant::now(); } }"
            ),
            0
        );
        assert_eq!(
            found(
                "crates/engine/src/a.rs",
                "// SystemTime::now\nlet operand::A = b;"
            ),
            0
        );
    }
}
