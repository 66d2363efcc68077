//! `cargo xtask test`: every check, every test, in the order that fails soonest.
//!
//! What is missing on the machine is installed first, saying so (see [`crate::tools`]). Nothing is skipped without a
//! line that says what and why.

use crate::{conformance, postgres, process, sim, tidy, tools};
use anyhow::{Context, Result};
use std::path::Path;

/// Worlds from a seed that every run makes, beside the kept ones.
const WORLDS: &str = "1000";

/// Lints that hold for the product but not for its tests, where a panic is the report.
const ALLOWED_IN_TESTS: [&str; 9] = [
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::as_conversions",
    "clippy::print_stdout",
    "clippy::print_stderr",
    "clippy::wildcard_enum_match_arm",
    "clippy::float_arithmetic",
    "clippy::disallowed_methods",
    "missing_docs",
];

/// Runs everything.
///
/// # Errors
/// The first step that fails, by its command line.
pub(crate) fn run(root: &Path) -> Result<()> {
    let kit = tools::install(root)?;
    step("format");
    process::run(process::cargo().args(["fmt", "--all", "--check"]), root)?;
    step("tidy");
    tidy::run(root)?;
    step("lints");
    lint(root)?;
    step("licences and duplicates of a job");
    deny(root)?;
    step("tests");
    // One server for all tests that share one: a server per test process would cost seconds each.
    let server = postgres::Postgres::start(&postgres::place(), None)
        .context("the tests need a PostgreSQL server of their own")?;
    process::say(&format!(
        "PostgreSQL for the tests: a throw-away server on port {} of this machine",
        server.port()
    ));
    tests(root, &server)?;
    drop(server);
    step("worlds from seeds");
    worlds(root)?;
    step("conformance with the official SDKs");
    conformance::run_with(root, &kit)?;
    process::say("all checks and tests passed");
    Ok(())
}

/// The worlds, and then whether bugs planted on purpose are found in them.
fn worlds(root: &Path) -> Result<()> {
    sim::run(root, &["--seeds".to_owned(), WORLDS.to_owned()])?;
    sim::run(root, &["--planted".to_owned()])
}

fn step(name: &str) {
    process::say(&format!("\n== {name}"));
}

fn lint(root: &Path) -> Result<()> {
    let mut product = process::cargo();
    product.args(["clippy", "--workspace", "--locked", "--", "-D", "warnings"]);
    process::run(&mut product, root)?;
    let mut tests = process::cargo();
    tests.args([
        "clippy",
        "--workspace",
        "--tests",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]);
    for lint in ALLOWED_IN_TESTS {
        tests.args(["-A", lint]);
    }
    process::run(&mut tests, root)
}

fn deny(root: &Path) -> Result<()> {
    if !process::is_installed("cargo-deny") {
        process::say("skipped: cargo-deny is not installed (building it takes minutes);");
        process::say("         `cargo install --locked cargo-deny` turns this check on");
        return Ok(());
    }
    process::run(
        process::cargo().args(["deny", "check", "bans", "licenses", "sources"]),
        root,
    )
}

fn tests(root: &Path, server: &postgres::Postgres) -> Result<()> {
    let port = server.port().to_string();
    let cargo = || {
        let mut command = process::cargo();
        command.env("TIEOUT_TEST_POSTGRES_PORT", &port);
        command
    };
    if !process::is_installed("cargo-nextest") {
        process::say(
            "cargo-nextest is not installed; `cargo test` runs the same tests, one crate at a time",
        );
        let arguments = ["test", "--workspace", "--locked", "--no-fail-fast"];
        return process::run(cargo().args(arguments), root);
    }
    let arguments = [
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--no-fail-fast",
    ];
    process::run(cargo().args(arguments), root)?;
    // Examples in documentation are tests too; the faster runner leaves them out.
    process::run(
        cargo().args(["test", "--workspace", "--doc", "--locked"]),
        root,
    )
}
