//! `cargo xtask kill`: the real program killed many times under load, over loopback, and judged at the end.
//!
//! The tests themselves are in `crates/app/tests/it/kill.rs`; this only makes them longer. Each world is ten kills.

use crate::{process, tools};
use anyhow::{Context, Result, bail};
use std::path::Path;

const USAGE: &str = "usage: cargo xtask kill [--kills N] [--seed N] [--database URL]";

/// Kills of a long run.
const KILLS: u64 = 1_000;

const ON_SQLITE: &str = "kill::killed_at_any_moment_nothing_is_lost_and_nothing_doubled";
const ON_SERVER: &str =
    "kill::killed_at_any_moment_workers_on_one_server_lose_nothing_and_double_nothing";

/// Runs the kill tests as the arguments say: half of the kills on each database, or all of them on the named one.
///
/// # Errors
/// An unknown argument; a kill after which something was lost or doubled.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let mut command = process::cargo();
    command.args(["test", "-p", "tieout", "--test", "it", "--locked", "--"]);
    command.args(["--nocapture", "--exact", ON_SERVER]);
    let (mut kills, mut is_named) = (KILLS, false);
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest
            .next()
            .with_context(|| format!("{name} needs a value\n{USAGE}"))?;
        match name.as_str() {
            "--kills" => {
                kills = value
                    .parse()
                    .with_context(|| format!("--kills {value}\n{USAGE}"))?;
            }
            "--seed" => {
                command.env("TIEOUT_KILL_SEED", value);
            }
            "--database" => {
                is_named = true;
                command.env("TIEOUT_KILL_DATABASE", value);
            }
            other => bail!("no argument `{other}`\n{USAGE}"),
        }
    }
    if !is_named {
        tools::postgres()?;
        command.arg(ON_SQLITE);
        kills = kills.div_ceil(2);
    }
    command.env("TIEOUT_KILLS", kills.to_string());
    process::run(&mut command, root)
}
