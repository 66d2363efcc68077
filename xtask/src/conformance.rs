//! `cargo xtask conformance`: clients made by others, unmodified but for the address, against the simulated tenants.
//!
//! The program's own `tieout twin` serves the golden company on a free port; each suite gets the ready line it printed
//! in the environment variable `TIEOUT_TWIN` and must end with exit code 0. The twin is stopped whatever happens.

use crate::tools::Kit;
use crate::{process, tools, tree};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How long the twin may take to load the golden company, in seconds. Loading takes well under one; a debug build on a
/// busy machine gets room.
const READY_WITHIN_SECONDS: u64 = 60;

/// Makes the command line of one suite.
type Suite = fn(&Path, &Kit) -> Command;

/// Runs all suites, installing their packages first if needed.
///
/// # Errors
/// When a package cannot be installed, the twin does not start, or a call of a suite fails.
pub(crate) fn run(root: &Path) -> Result<()> {
    let kit = tools::install(root)?;
    run_with(root, &kit)
}

/// Runs all suites with packages already installed.
///
/// # Errors
/// As [`run`]. Every suite runs even if an earlier one fails, so that one run shows all failures.
pub(crate) fn run_with(root: &Path, kit: &Kit) -> Result<()> {
    process::run(
        process::cargo().args(["build", "-p", "tieout", "--locked"]),
        root,
    )?;
    let program = tree::target_folder(root)?.join("debug/tieout");
    let suites: [(&str, Suite); 4] = [
        ("JavaScript SDK", suite_in_javascript),
        ("Python SDK", |root, kit| {
            suite_in_python(root, &kit.python, "python")
        }),
        ("pyintacct", |root, kit| {
            suite_in_python(root, &kit.pyintacct, "pyintacct")
        }),
        ("Fusion client", |root, kit| {
            suite_in_python(root, &kit.fusion, "fusion")
        }),
    ];
    let mut failures = Vec::new();
    for (name, suite) in suites {
        // A fresh tenant for each: what one suite writes must not change what the other counts.
        let mut twin = Twin::start(&program, root)?;
        let mut command = suite(root, kit);
        command.env("TIEOUT_TWIN", &twin.ready_line);
        let outcome = process::run(&mut command, root);
        twin.stop();
        if let Err(error) = outcome {
            failures.push(format!("{name}: {error:#}"));
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        bail!("conformance failed\n{}", failures.join("\n"))
    }
}

fn suite_in_javascript(root: &Path, kit: &Kit) -> Command {
    let mut command = Command::new("node");
    command
        .arg(root.join("conformance/javascript/suite.cjs"))
        .env("NODE_PATH", &kit.node_modules);
    command
}

fn suite_in_python(root: &Path, python: &Path, suite: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg("-B")
        .arg(root.join(format!("conformance/{suite}/suite.py")));
    command
}

/// A running `tieout twin`; dropping it stops it.
struct Twin {
    child: Child,
    ready_line: String,
}

impl Twin {
    fn start(program: &Path, root: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["twin", "--company", "golden", "--seed", "1"])
            .args([
                "--intacct",
                "127.0.0.1:0",
                "--fusion",
                "127.0.0.1:0",
                "--control",
                "127.0.0.1:0",
            ])
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {} twin", program.display()))?;
        let output = child
            .stdout
            .take()
            .context("the twin has no standard output")?;
        let (sender, receiver) = mpsc::channel();
        // Reads on after the first line too, so that a talkative twin never blocks on a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // The receiver is gone after the ready line; further lines are nobody's.
                let _ = sender.send(line);
            }
        });
        let mut twin = Self {
            child,
            ready_line: String::new(),
        };
        twin.ready_line = match receiver.recv_timeout(Duration::from_secs(READY_WITHIN_SECONDS)) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                bail!("`tieout twin` printed no ready line in {READY_WITHIN_SECONDS} s")
            }
            Err(RecvTimeoutError::Disconnected) => {
                bail!("`tieout twin` ended before it printed its ready line; its words stand above")
            }
        };
        let ready: serde_json::Value = serde_json::from_str(&twin.ready_line)
            .with_context(|| format!("the twin's ready line is no JSON: {}", twin.ready_line))?;
        if ready
            .get("intacct")
            .and_then(serde_json::Value::as_str)
            .is_none()
        {
            bail!(
                "the twin's ready line has no address `intacct`: {}",
                twin.ready_line
            );
        }
        Ok(twin)
    }

    fn stop(&mut self) {
        // An already ended twin is what we want; there is nothing to report.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        self.stop();
    }
}
