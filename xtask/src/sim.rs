//! `cargo xtask sim`: worlds from a seed, in a release build.

use crate::process;
use anyhow::Result;
use std::path::Path;

/// Passes its arguments to the simulator.
///
/// # Errors
/// The simulator found something, or could not be built.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let mut simulator = process::cargo();
    simulator.args([
        "test",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "tieout-pipeline",
        "--test",
        "swarm",
        "--",
    ]);
    process::run(simulator.args(arguments), root)
}
