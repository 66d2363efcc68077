//! `cargo xtask bench`: measure a release build.
//!
//! The measuring itself is the program's own command, because it needs the pipeline; this only builds it with
//! optimisation on and hands all arguments over. For the comparison with the official JavaScript SDK it installs that SDK
//! and says in the environment where it is: `NODE_PATH`, and `TIEOUT_BENCH_READER` for the script that reads with it.

use crate::{postgres, process, tools, tree};
use anyhow::{Context, Result};
use std::path::Path;

/// Runs `tieout bench` from a release build with the given arguments; `store` measures the store alone, by its example `bench`.
///
/// # Errors
/// When the build or the measurement fails.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    if let Some((first, rest)) = arguments.split_first()
        && first == "store"
    {
        return store(root, rest);
    }
    let kit = tools::install(root)?;
    let mut command = process::cargo();
    command.env("NODE_PATH", &kit.node_modules);
    command.env(
        "TIEOUT_BENCH_READER",
        root.join("conformance/javascript/read_rows.cjs"),
    );
    command
        .args([
            "run",
            "--release",
            "--locked",
            "-p",
            "tieout",
            "--",
            "bench",
        ])
        .args(company(root, arguments))
        .args(arguments);
    process::run(&mut command, root)
}

/// Measures the store alone, on files and on a server of its own, both on the disk of the build folder. What it fills stays there for the next
/// run unless it is removed: ten million entries take minutes.
fn store(root: &Path, arguments: &[String]) -> Result<()> {
    tools::postgres()?;
    let folder = tree::target_folder(root)?.join("bench-store");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let server = postgres::Postgres::start(&std::env::temp_dir(), None)?;
    let mut command = process::cargo();
    command.args(["run", "--release", "--locked", "-p", "tieout-store"]);
    command
        .args(["--example", "bench", "--", "--folder"])
        .arg(folder);
    command.arg("--postgres");
    command.arg(postgres::address(server.port(), "postgres"));
    command.args(arguments);
    process::run(&mut command, root)
}

/// The company whose bills are delivered and read, unless the caller names one or asks for a part that has its own.
fn company(root: &Path, arguments: &[String]) -> Vec<std::ffi::OsString> {
    let is_named = arguments
        .iter()
        .any(|a| a.starts_with("--company") || a == "full" || a == "verify");
    if is_named {
        return Vec::new();
    }
    let folder = root.join("companies/uk_councils_month");
    vec!["--company".into(), folder.into()]
}
