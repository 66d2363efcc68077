//! The project's own commands: `cargo xtask <command>`.
//!
//! For: running every check with one command, taste included, and measuring. Not for: anything a user of tieout needs;
//! that lives in `crates/app`. Each command is one file. Nothing here is linked into the product.

mod bench;
mod conformance;
mod kill;
#[expect(
    dead_code,
    reason = "tests of other packages include this file and need more of it"
)]
mod postgres;
mod process;
mod sim;
mod test;
mod tidy;
mod tools;
mod tree;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  test           install what the tests need, then run every check and every test
  tidy           check the rules of the house that the compiler does not know
  sim [args]     simulate worlds from a seed: --seeds N [--from N] | --seed N | --planted | --long
  conformance    run the official Intacct SDKs against the simulated tenant
  kill [args]    kill the real program under load: [--kills N] [--seed N] [--database URL]
  bench [args]   measure: passes its arguments to `tieout bench` in a release build; `bench store` measures the store alone";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let root = tree::root()?;
    match arguments.split_first() {
        Some((command, [])) if command == "test" => test::run(&root),
        Some((command, [])) if command == "tidy" => tidy::run(&root),
        Some((command, [])) if command == "conformance" => conformance::run(&root),
        Some((command, rest)) if command == "sim" => sim::run(&root, rest),
        Some((command, rest)) if command == "kill" => kill::run(&root, rest),
        Some((command, rest)) if command == "bench" => bench::run(&root, rest),
        Some((command, _)) => bail!("no command `{}` of this form\n{USAGE}", command),
        None => bail!("no command given\n{USAGE}"),
    }
}
