//! Running other programs, and talking to the person at the terminal.
//!
//! Words go to standard error, so that data on standard output stays clean.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Says one line to the person at the terminal.
pub(crate) fn say(line: &str) {
    // A closed standard error leaves nobody to tell; the exit code still speaks.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints one line of data to standard output.
pub(crate) fn print(line: &str) {
    // As above: when standard output is closed, nobody reads the rest.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The command line as a person would type it, for messages.
fn spelled(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command with its output shown, in `folder`.
///
/// # Errors
/// When it cannot be started or does not end with exit code 0; the message names the whole command line.
pub(crate) fn run(command: &mut Command, folder: &Path) -> Result<()> {
    let line = spelled(command);
    say(&format!("+ {line}"));
    let status = command
        .current_dir(folder)
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command and answers its standard output; standard error is shown.
///
/// # Errors
/// When it cannot be started, fails, or writes something that is not UTF-8.
pub(crate) fn read(command: &mut Command, folder: &Path) -> Result<String> {
    let line = spelled(command);
    let output = command
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no UTF-8"))
}

/// True if a program of that name starts and answers `--version`.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The cargo that runs us, so that a pinned toolchain stays the same one.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `cargo run` sets these for us; inherited they would confuse a nested cargo's fingerprints.
    command.env_remove("CARGO_MANIFEST_DIR");
    command
}
