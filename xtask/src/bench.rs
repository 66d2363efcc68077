//! `cargo xtask bench`: measure a release build.
//!
//! The measuring itself is the program's own command, because it needs the pipeline; this only builds it with
//! optimisation on and hands all arguments over.

use crate::process;
use anyhow::Result;
use std::path::Path;

/// Runs `tieout bench` from a release build with the given arguments.
///
/// # Errors
/// When the build or the measurement fails.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let mut command = process::cargo();
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
        .args(arguments);
    process::run(&mut command, root)
}
