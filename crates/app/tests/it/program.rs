//! Starts the program and talks to it: commands that end, simulators that stay, workers that get killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::exchange;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

pub(crate) fn golden() -> PathBuf {
    root().join("golden")
}

/// The program that was just built, or the one that `TIEOUT_PROGRAM` names.
fn command(arguments: &[&str]) -> Command {
    let built = env!("CARGO_BIN_EXE_tieout");
    let program = std::env::var("TIEOUT_PROGRAM").unwrap_or_else(|_| built.to_owned());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env("USER", "tester")
        .env_remove("TIEOUT_CONFIG")
        .env_remove("TIEOUT_LOG");
    command
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The last line of stdout as JSON.
    pub(crate) fn json(&self) -> Value {
        let line = self
            .out
            .lines()
            .last()
            .unwrap_or_else(|| panic!("no output: {self:?}"));
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout {}\nstderr {}", self.out, self.err);
        self
    }

    /// The code must be in the words of the message, and all of `parts` as well.
    pub(crate) fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(
                self.err.contains(part),
                "{part:?} is not said in\n{}",
                self.err
            );
        }
    }
}

/// Runs a command to its end.
pub(crate) fn tieout(arguments: &[&str]) -> Ended {
    let output = command(arguments).output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A process that stays until it is stopped; dropped, it is killed.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn start(arguments: &[&str], log: &Path) -> Self {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let child = command(arguments)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child }
    }

    /// Starts a worker that can write no file beyond so many blocks of 512 bytes: the write fails as it does when a disk is full.
    pub(crate) fn with_little_room(twin: &Twin, blocks: u32) -> Self {
        let worker = command(&["run", "--config", &twin.config()]);
        let words = std::iter::once(worker.get_program()).chain(worker.get_args());
        let words: Vec<_> = words.map(|word| format!("'{}'", word.display())).collect();
        let log = twin.path("run.log");
        let limited = format!(
            "trap '' XFSZ; ulimit -S -f {blocks}; exec {} >>'{}' 2>&1",
            words.join(" "),
            log.display()
        );
        let mut command = Command::new("sh");
        command.args(["-c", &limited]).stdin(Stdio::null());
        command.env("USER", "tester").env_remove("TIEOUT_LOG");
        Self {
            child: command.spawn().unwrap(),
        }
    }

    /// There is room again.
    pub(crate) fn give_room(&self) {
        let id = self.child.id().to_string();
        let mut command = Command::new("prlimit");
        command.args(["--fsize=unlimited", "--pid", &id]);
        assert!(command.status().unwrap().success());
    }

    /// SIGKILL: the process gets no chance to do anything.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; answers its exit code and how long it took.
    pub(crate) fn terminate(mut self) -> (i32, Duration) {
        let since = Instant::now();
        self.signal("-TERM");
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        (code, since.elapsed())
    }

    /// SIGSTOP, or SIGCONT: the process notices nothing and does nothing, then goes on.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(status.success());
    }

    /// Its exit code if it ended by itself within `limit`.
    pub(crate) fn ended_within(&mut self, limit: Duration) -> Option<i32> {
        let since = Instant::now();
        while since.elapsed() < limit {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status.code().unwrap_or(-1));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both simulators with a configuration beside them.
pub(crate) struct Twin {
    _running: Running,
    pub(crate) ready: Value,
    pub(crate) folder: tempfile::TempDir,
}

impl Twin {
    /// Serves `company`; the worker's configuration is quick to look again, as tests have no patience.
    pub(crate) fn start(company: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().to_str().unwrap();
        let mut child = command(&[
            "twin",
            "--company",
            company.to_str().unwrap(),
            "--setup",
            work,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready =
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: the twin said {line:?}"));
        let twin = Self {
            _running: Running { child },
            ready,
            folder,
        };
        twin.configure(|config| {
            config["worker"]["poll_interval_ms"] = toml::Value::Integer(100);
            let delivery = config["delivery"].as_table_mut().unwrap();
            for (key, value) in [
                ("lease_ms", 1_500),
                ("probe_spacing_ms", 150),
                ("absences_needed", 2),
                ("absences_needed_unguarded", 3),
                ("backoff_first_ms", 50),
                ("backoff_max_ms", 500),
                ("poll_max_ms", 500),
            ] {
                delivery.insert(key.into(), toml::Value::Integer(value));
            }
        });
        twin
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn config(&self) -> String {
        self.path("tieout.toml").to_str().unwrap().to_owned()
    }

    /// Changes the configuration file.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut toml::Table)) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let mut table: toml::Table = text.parse().unwrap();
        change(&mut table);
        std::fs::write(self.config(), toml::to_string(&table).unwrap()).unwrap();
    }

    /// Keeps the books in another database.
    pub(crate) fn use_database(&self, address: &str) {
        self.configure(|config| {
            config["store"]["database"] = toml::Value::String(address.to_owned());
        });
    }

    /// Runs a command of the program with this configuration.
    pub(crate) fn tieout(&self, arguments: &[&str]) -> Ended {
        let config = self.config();
        let mut all = arguments.to_vec();
        all.extend(["--config", &config]);
        tieout(&all)
    }

    pub(crate) fn drain(&self) -> Ended {
        self.tieout(&["run", "--drain", "--json"])
    }

    /// What the worker has written so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("run.log")).unwrap_or_default()
    }

    /// Starts a worker.
    pub(crate) fn worker(&self) -> Running {
        Running::start(&["run", "--config", &self.config()], &self.path("run.log"))
    }

    pub(crate) fn get(&self, path: &str) -> String {
        let url = format!("{}/control/{path}", self.ready["control"].as_str().unwrap());
        let answer = exchange("GET", &url, &[], b"").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// A call to the control port that is expected to be done.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let (status, value) = self.try_post(path, body);
        assert_eq!(status, 200, "{path} {body}: {value}");
        value
    }

    pub(crate) fn try_post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/control/{path}", self.ready["control"].as_str().unwrap());
        let answer = exchange("POST", &url, &[], body.to_string().as_bytes()).unwrap();
        (answer.status, answer.json())
    }

    pub(crate) fn delete(&self, path: &str) {
        let url = format!("{}/control/{path}", self.ready["control"].as_str().unwrap());
        assert_eq!(exchange("DELETE", &url, &[], b"").unwrap().status, 200);
    }

    pub(crate) fn faults(&self, rules: Value) {
        self.post("faults", &rules);
    }

    /// `document list --json`, all of it.
    pub(crate) fn documents(&self, state: Option<&str>) -> Vec<Value> {
        let mut arguments = vec!["document", "list", "--json", "--limit", "1000000"];
        arguments.extend(state.iter().flat_map(|state| ["--state", *state]));
        let listed = self.tieout(&arguments).expect(0).json();
        listed.as_array().unwrap().clone()
    }

    /// The one document with that number.
    pub(crate) fn document(&self, number: &str) -> Value {
        let shown = self
            .tieout(&["document", "show", number, "--json"])
            .expect(0);
        shown.json()
    }

    /// A bill as a person types it: one line of cost, its control line by the system.
    pub(crate) fn bill(&self, number: &str, amount: &str) -> Value {
        json!({
            "type": "ap_bill", "document_id": number, "entity_id": "E200", "document_date": "2027-01-15",
            "gl_date": "2027-01-15", "due_date": "2027-02-14", "currency": "USD", "party_id": "VE-01",
            "description": "typed", "lines": [{"account": "6100", "txn_debit": amount, "department": "D100"}],
        })
    }
}
