//! Programs in processes of their own, watched for the memory they take.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::ambient::pause;

/// How often a process is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// How long a process may take to end after it was asked to.
const END_PATIENCE: Duration = Duration::from_secs(60);

/// This program with other arguments; killed when dropped.
pub(super) struct Process(Child);

/// How a process ended.
pub(super) struct Ended {
    /// Its exit code; `None` if it was killed.
    pub(super) code: Option<i32>,
    /// What it printed.
    pub(super) output: String,
    /// Wall time.
    pub(super) micros: u128,
    /// Largest resident memory, KiB.
    pub(super) peak_kib: u64,
}

impl Process {
    /// Starts this program.
    pub(super) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's own file is unknown")?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start tieout {}", arguments.join(" ")))?;
        Ok(Self(child))
    }

    /// The first line it prints.
    pub(super) fn first_line(&mut self) -> anyhow::Result<String> {
        let stdout = self
            .0
            .stdout
            .take()
            .context("its output is taken already")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            bail!("the process ended before it was ready");
        }
        Ok(line)
    }

    /// Largest resident memory so far, KiB.
    pub(super) fn peak_kib(&self) -> u64 {
        memory_kib(&format!("/proc/{}/status", self.0.id()), "VmHWM:")
    }

    /// Asks it to end, and waits.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status()
            .context("cannot ask a process to end")?;
        let asked = Instant::now();
        while self.0.try_wait()?.is_none() {
            if asked.elapsed() > END_PATIENCE {
                bail!("a process does not end");
            }
            pause(LOOK_INTERVAL).await;
        }
        Ok(())
    }

    /// Waits for its end, or kills it once `until` has passed.
    pub(super) async fn wait(mut self, until: Option<Duration>) -> anyhow::Result<Ended> {
        let stdout = self.0.stdout.take();
        let reading = std::thread::spawn(move || {
            let mut lines = Vec::new();
            if let Some(stdout) = stdout {
                lines.extend(BufReader::new(stdout).lines().map_while(Result::ok));
            }
            lines.join("\n")
        });
        let started = Instant::now();
        let mut peak_kib = 0;
        let mut is_killed = false;
        let status = loop {
            peak_kib = peak_kib.max(self.peak_kib());
            if let Some(status) = self.0.try_wait()? {
                break status;
            }
            if !is_killed && until.is_some_and(|until| started.elapsed() >= until) {
                self.0.kill()?;
                is_killed = true;
            }
            pause(LOOK_INTERVAL).await;
        };
        let micros = started.elapsed().as_micros();
        let output = reading.join().unwrap_or_default();
        Ok(Ended {
            code: status.code(),
            output,
            micros,
            peak_kib,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn memory_kib(status: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

/// A path as an argument.
pub(super) fn argument(path: &Path) -> anyhow::Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is no text", path.display()))
}
