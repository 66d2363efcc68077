//! `cargo xtask kill`: the real program killed many times under load, over loopback, and judged at the end.
//!
//! The test itself is `crates/app/tests/it/kill.rs`; this only makes it longer. Each world is ten kills.

use crate::process;
use anyhow::{Context, Result, bail};
use std::path::Path;

const USAGE: &str = "usage: cargo xtask kill [--kills N] [--seed N] [--database URL]";

/// Kills of a long run.
const KILLS: &str = "1000";

/// Runs the kill test as the arguments say.
///
/// # Errors
/// An unknown argument; a kill after which something was lost or doubled.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let mut command = process::cargo();
    command.args(["test", "-p", "tieout", "--test", "it", "--locked", "--"]);
    command.args(["--nocapture", "--exact"]);
    command.arg("kill::killed_at_any_moment_nothing_is_lost_and_nothing_doubled");
    command.env("TIEOUT_KILLS", KILLS);
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest
            .next()
            .with_context(|| format!("{name} needs a value\n{USAGE}"))?;
        match name.as_str() {
            "--kills" => command.env("TIEOUT_KILLS", value),
            "--seed" => command.env("TIEOUT_KILL_SEED", value),
            "--database" => command.env("TIEOUT_KILL_DATABASE", value),
            other => bail!("no argument `{other}`\n{USAGE}"),
        };
    }
    process::run(&mut command, root)
}
