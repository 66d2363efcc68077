//! Both simulators in a process of their own, and a pipeline configured for them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, anyhow, bail};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use tieout_connector::{Transport, TransportFailure};
use tieout_twins::company::CompanyFolder;

use super::process::{Process, argument};
use crate::company::{self, Endpoints};
use crate::config::Config;
use crate::problem::Failure;
use crate::systems::{Wired, wire_through};

/// Simulators of a company, served by another process.
pub(super) struct Twins {
    /// The process.
    pub(super) process: Process,
    /// Its ready line: addresses and logins.
    pub(super) ready: String,
    endpoints: Endpoints,
    control: String,
    http: reqwest::Client,
}

impl Twins {
    /// Starts them and waits until they are ready.
    pub(super) fn start(company: &Path) -> anyhow::Result<Self> {
        let mut process = Process::start(&["twin", "--company", argument(company)?])?;
        let ready = process
            .first_line()
            .context("the simulators do not start")?;
        let value: Value = serde_json::from_str(&ready)?;
        let text = |pointer: &str| -> anyhow::Result<String> {
            let found = value.pointer(pointer).and_then(Value::as_str);
            found
                .map(str::to_owned)
                .ok_or_else(|| anyhow!("the ready line has no {pointer}"))
        };
        let endpoints = Endpoints {
            intacct: text("/intacct")?,
            fusion: text("/fusion")?,
            company_id: text("/login/intacct/company_id")?,
            sender: (
                text("/login/intacct/sender_id")?,
                text("/login/intacct/sender_password")?,
            ),
            user: (
                text("/login/intacct/user_id")?,
                text("/login/intacct/user_password")?,
            ),
            fusion_login: (
                text("/login/fusion/username")?,
                text("/login/fusion/password")?,
            ),
        };
        Ok(Self {
            process,
            control: text("/control")?,
            ready,
            endpoints,
            http: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    /// Address of the target.
    pub(super) fn fusion(&self) -> &str {
        &self.endpoints.fusion
    }

    /// Writes keys, crosswalk and configuration for these simulators into `work`.
    pub(super) fn set_up(&self, company: &Path, work: &Path) -> anyhow::Result<PathBuf> {
        company::set_up(&CompanyFolder::new(company), work, &self.endpoints)
    }

    /// Asks the control port.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.http.get(format!("{}/control/{path}", self.control));
        let answer = answer.send().await?;
        if !answer.status().is_success() {
            bail!("the control port answers {} to {path}", answer.status());
        }
        Ok(answer.text().await?)
    }

    /// Tells the control port something.
    pub(super) async fn post(&self, path: &str, body: String) -> anyhow::Result<String> {
        let url = format!("{}/control/{path}", self.control);
        let answer = self.http.post(url).body(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("the control port answers {status} to {path}: {text}");
        }
        Ok(text)
    }

    /// What the call log says of one system: calls, metered transactions, records; of operations that begin with `start`.
    pub(super) async fn calls(&self, system: &str, start: &str) -> anyhow::Result<Calls> {
        let text = self.get("calls.csv").await?;
        let mut sum = Calls::default();
        for row in csv::Reader::from_reader(text.as_bytes()).into_records() {
            let row = row?;
            let cell = |i: usize| row.get(i).unwrap_or_default();
            if cell(0) == system && cell(1).starts_with(start) {
                sum.calls += cell(2).parse::<u64>()?;
                sum.metered += cell(3).parse::<u64>()?;
                sum.records += cell(4).parse::<u64>()?;
            }
        }
        Ok(sum)
    }
}

/// Sums of the call log.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Calls {
    /// Calls.
    pub(super) calls: u64,
    /// Transactions the vendor meters.
    pub(super) metered: u64,
    /// Records.
    pub(super) records: u64,
}

/// Loads a configuration, with words for its problems.
pub(super) fn load(file: &Path) -> anyhow::Result<Config> {
    Config::load(file).map_err(|problems| worded(&Failure::Usage(problems)))
}

/// Writes a configuration to `file`.
pub(super) fn save(config: &Config, file: &Path) -> anyhow::Result<()> {
    std::fs::write(file, toml::to_string(config)?)
        .with_context(|| format!("cannot write {}", file.display()))
}

/// A pipeline in this process; what is sent to `fusion` also goes to `tap`.
pub(super) async fn wired(config: Config, tap: &Arc<Tap>) -> anyhow::Result<Wired> {
    let tap = Arc::clone(tap);
    let through = move |system: &str, inner: Arc<dyn Transport>| -> Arc<dyn Transport> {
        if system == "fusion" {
            let tap = Arc::clone(&tap);
            Arc::new(Tapped { inner, tap })
        } else {
            inner
        }
    };
    wire_through(config, &through)
        .await
        .map_err(|failure| worded(&failure))
}

/// A failure as one error.
pub(super) fn worded(failure: &Failure) -> anyhow::Error {
    let words: Vec<String> = failure.problems().iter().map(ToString::to_string).collect();
    anyhow!("{}", words.join("; "))
}

/// Writes that passed: the headers of the first, which all have but for what this program keeps to itself, and where each went with what.
#[derive(Default)]
pub(super) struct Passed {
    pub(super) headers: http::HeaderMap,
    pub(super) requests: Vec<(http::Uri, Bytes)>,
}

/// Remembers the writes that pass, at next to no cost for them.
#[derive(Default)]
pub(super) struct Tap(Mutex<Passed>);

impl Tap {
    /// Takes what was remembered, and makes room for as many again.
    pub(super) fn take(&self, room: usize) -> Passed {
        let empty = Passed {
            headers: http::HeaderMap::new(),
            requests: Vec::with_capacity(room),
        };
        std::mem::replace(&mut *self.passed(), empty)
    }

    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Tapped {
    inner: Arc<dyn Transport>,
    tap: Arc<Tap>,
}

#[async_trait]
impl Transport for Tapped {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportFailure> {
        if request.method() == http::Method::POST {
            let mut passed = self.tap.passed();
            if passed.requests.is_empty() {
                passed.headers = request.headers().clone();
            }
            let sent = (request.uri().clone(), request.body().clone());
            passed.requests.push(sent);
        }
        self.inner.send(request).await
    }
}
