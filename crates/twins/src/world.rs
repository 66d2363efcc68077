//! Both twins together: fault rules before them, a call log behind them.
//!
//! In-process callers and the TCP server take the same way through [`World::answer`].

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::Twin;
use crate::company::{CompanyError, CompanyFolder};
use crate::fusion::{FusionOptions, FusionTwin};
use crate::intacct::{IntacctOptions, IntacctTwin};
use crate::limits::Load;
use crate::rule::{Fault, Rules, System, damage};
use crate::usage::Usage;

/// What came of one request.
#[derive(Debug)]
pub enum Reply {
    /// An answer, to be given after a delay.
    Answer {
        /// The answer.
        response: Response<Bytes>,
        /// Milliseconds to wait before giving it.
        delay_ms: u64,
    },
    /// The connection closes without an answer.
    Lost,
}

/// Counters of one operation.
#[derive(Debug, Default, Clone, Copy)]
struct Calls {
    calls: u64,
    metered: u64,
    records: u64,
    failures: u64,
}

/// Both simulated systems of one company.
pub struct World {
    /// Sage Intacct.
    pub intacct: IntacctTwin,
    /// Oracle Fusion Cloud ERP.
    pub fusion: FusionTwin,
    /// Fault rules.
    pub rules: Rules,
    /// Limits, and the load that was seen. Counted by the server, since only it knows how long a request takes.
    pub load: Load,
    calls: BTreeMap<(System, String), Calls>,
}

impl World {
    /// Loads both twins from a company folder; `seed` makes their passwords and chances.
    ///
    /// # Errors
    /// [`CompanyError`] with file and line.
    pub fn open(folder: &CompanyFolder, seed: u64) -> Result<Self, CompanyError> {
        let intacct = IntacctOptions {
            seed,
            ..IntacctOptions::default()
        };
        let fusion = FusionOptions {
            seed,
            ..FusionOptions::default()
        };
        Self::with_options(folder, intacct, fusion)
    }

    /// Loads both twins with settings of their own.
    ///
    /// # Errors
    /// [`CompanyError`] with file and line.
    pub fn with_options(
        folder: &CompanyFolder,
        intacct: IntacctOptions,
        fusion: FusionOptions,
    ) -> Result<Self, CompanyError> {
        let seed = intacct.seed;
        Ok(Self {
            intacct: IntacctTwin::open(folder, intacct)?,
            fusion: FusionTwin::open(folder, fusion)?,
            rules: Rules::new(seed),
            load: Load::default(),
            calls: BTreeMap::new(),
        })
    }

    /// Sends a request to one system at a time of the caller's clock, past the fault rules and into the call log.
    pub fn answer(&mut self, system: System, unix_ms: i64, request: Request<Bytes>) -> Reply {
        let fault = if self.rules.is_empty() {
            None
        } else {
            let operations = self.operations(system, &request);
            self.rules.verdict(system, &operations)
        };
        match fault {
            Some(Fault::LoseRequest) => return Reply::Lost,
            Some(Fault::Status(status)) => {
                return Reply::Answer {
                    response: page(status),
                    delay_ms: 0,
                };
            }
            Some(Fault::Busy(status, seconds)) => {
                let mut response = page(status);
                response
                    .headers_mut()
                    .insert(http::header::RETRY_AFTER, seconds.into());
                return Reply::Answer {
                    response,
                    delay_ms: 0,
                };
            }
            Some(Fault::Duplicate) => {
                let first = self.carry_out(system, unix_ms, copy(&request));
                self.carry_out(system, unix_ms, request);
                return Reply::Answer {
                    response: first,
                    delay_ms: 0,
                };
            }
            Some(Fault::LoseAnswer | Fault::DelayMs(_) | Fault::Truncate | Fault::Garble)
            | None => {}
        }
        let response = self.carry_out(system, unix_ms, request);
        match fault {
            Some(Fault::LoseAnswer) => Reply::Lost,
            Some(Fault::DelayMs(delay_ms)) => Reply::Answer { response, delay_ms },
            Some(kind @ (Fault::Truncate | Fault::Garble)) => {
                let mut response = response.map(|body| Bytes::from(damage(kind, &body)));
                response.headers_mut().remove(http::header::CONTENT_LENGTH);
                Reply::Answer {
                    response,
                    delay_ms: 0,
                }
            }
            Some(Fault::LoseRequest | Fault::Status(_) | Fault::Busy(..) | Fault::Duplicate)
            | None => Reply::Answer {
                response,
                delay_ms: 0,
            },
        }
    }

    /// The answer to a request above a limit.
    pub(crate) fn above_limit() -> Reply {
        let mut response = page(429);
        let headers = response.headers_mut();
        headers.insert(http::header::RETRY_AFTER, 1.into());
        Reply::Answer {
            response,
            delay_ms: 0,
        }
    }

    /// Names of the operations in a request, as rules and call log know them.
    pub fn operations(&self, system: System, request: &Request<Bytes>) -> Vec<String> {
        match system {
            System::Intacct => IntacctTwin::operations(request.body()),
            System::Fusion => {
                let path = request
                    .uri()
                    .path_and_query()
                    .map_or("/", http::uri::PathAndQuery::as_str);
                vec![
                    self.fusion
                        .operation(request.method().as_str(), path, request.body()),
                ]
            }
        }
    }

    fn carry_out(
        &mut self,
        system: System,
        unix_ms: i64,
        request: Request<Bytes>,
    ) -> Response<Bytes> {
        match system {
            System::Intacct => {
                let response = self.intacct.answer(unix_ms, request);
                for usage in self.intacct.take_usage() {
                    self.log(system, usage);
                }
                response
            }
            System::Fusion => {
                let operation = self.operations(system, &request).pop().unwrap_or_default();
                let response = self.fusion.answer(unix_ms, request);
                let failed = response.status().as_u16() >= 400;
                let records = if failed { 0 } else { counted(response.body()) };
                let usage = Usage {
                    operation,
                    metered: 1,
                    records,
                    failed,
                };
                self.log(system, usage);
                response
            }
        }
    }

    fn log(&mut self, system: System, usage: Usage) {
        let place = self.calls.entry((system, usage.operation)).or_default();
        place.calls += 1;
        place.metered += usage.metered;
        place.records += usage.records;
        place.failures += u64::from(usage.failed);
    }

    /// The call log since start: `system,operation,calls,metered,records,failures`.
    pub fn calls_csv(&self) -> String {
        let mut csv = String::from("system,operation,calls,metered,records,failures\n");
        for ((system, operation), c) in &self.calls {
            let name = if operation.contains([',', '"']) {
                format!("\"{}\"", operation.replace('"', "\"\""))
            } else {
                operation.clone()
            };
            csv.push_str(&format!(
                "{},{name},{},{},{},{}\n",
                system.name(),
                c.calls,
                c.metered,
                c.records,
                c.failures
            ));
        }
        csv
    }

    /// Lets the Fusion twin's clock catch up before a person works in it: its clock moves with requests only, so one outside its API is
    /// sent, past rules and log.
    pub(crate) fn wake_fusion(&mut self, unix_ms: i64) {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = http::Uri::from_static("/");
        let _ = self.fusion.answer(unix_ms, request);
    }
}

/// Rows of a collection answer, by its closing `"count"`; 1 for a single resource, 0 for none.
fn counted(body: &[u8]) -> u64 {
    let tail = body
        .get(body.len().saturating_sub(400)..)
        .unwrap_or_default();
    let text = String::from_utf8_lossy(tail);
    match text.rfind("\"count\"") {
        Some(at) => {
            let digits = text
                .get(at + 7..)
                .unwrap_or_default()
                .trim_start_matches([' ', ':']);
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            digits.get(..end).and_then(|d| d.parse().ok()).unwrap_or(0)
        }
        None => u64::from(!body.is_empty()),
    }
}

fn copy(request: &Request<Bytes>) -> Request<Bytes> {
    let mut made = Request::new(request.body().clone());
    *made.method_mut() = request.method().clone();
    *made.uri_mut() = request.uri().clone();
    *made.headers_mut() = request.headers().clone();
    made
}

/// What a proxy in front answers: a page, not XML or JSON.
fn page(status: u16) -> Response<Bytes> {
    let body =
        format!("<html><body><div id=\"cf-error-details\">Error {status}</div></body></html>");
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let html = http::HeaderValue::from_static("text/html; charset=UTF-8");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, html);
    response
}
