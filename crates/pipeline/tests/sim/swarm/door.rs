//! The doors to both twins, where faults strike.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tieout_connector::{Transport, TransportFailure};
use tieout_twins::Twin;

use super::faults::{Class, Faults};
use super::sched::Sched;

/// How long a caller waits for an answer.
const PATIENCE_MS: i64 = 60_000;

/// How late a replica may be (the plan of the simulation: up to 15 minutes, absent and then present).
const REPLICA_LAG_MS: i64 = 15 * 60_000;

/// Called between two pages, so that rows appear and vanish while somebody reads.
pub(crate) type Meanwhile = Box<dyn Fn() + Send + Sync>;

/// Something on its way.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every letter is a request"
)]
pub(crate) enum Letter {
    /// A request whose caller gave up.
    Request(Request<Bytes>),
    /// A message of the source that something changed.
    Trigger,
}

/// What is on its way, with when it arrives.
#[derive(Default)]
pub(crate) struct Mail {
    queue: Mutex<Vec<(i64, Letter)>>,
    pub(crate) signal: Arc<AtomicBool>,
}

impl Mail {
    pub(crate) fn post(&self, sched: &Sched, arrives: i64, letter: Letter) {
        self.queue.lock().unwrap().push((arrives, letter));
        self.signal.store(true, Ordering::SeqCst);
        sched.wake_all();
    }

    pub(crate) fn next(&self) -> Option<i64> {
        self.queue.lock().unwrap().iter().map(|(at, _)| *at).min()
    }

    pub(crate) fn take(&self, now: i64) -> Option<Letter> {
        let mut queue = self.queue.lock().unwrap();
        let at = queue.iter().position(|(arrives, _)| *arrives <= now)?;
        Some(queue.remove(at).1)
    }
}

/// One simulated system with everything that can happen on the way to it.
pub(crate) struct Door<T> {
    pub(crate) twin: Mutex<T>,
    pub(crate) name: &'static str,
    sched: Arc<Sched>,
    faults: Arc<Faults>,
    /// Until when the system answers that it is busy or that the log-in is refused, with which status.
    pub(crate) away: Mutex<(i64, u16)>,
    pub(crate) meanwhile: Mutex<Option<Meanwhile>>,
    mail: Arc<Mail>,
    pub(crate) counts: Mutex<Counts>,
}

/// A door as one life of a worker sees it, so that what it does there counts for itself.
pub(crate) struct Caller<T> {
    pub(crate) door: Arc<Door<T>>,
    pub(crate) life: u64,
}

/// A write that was sent although its refusal had been heard.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    pub(crate) operation: String,
    pub(crate) sent_at: i64,
    /// Which life heard the refusal, and when.
    pub(crate) heard_by: u64,
    pub(crate) heard_at: i64,
}

/// What went through a door.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) writes: u64,
    /// Bodies whose refusal a life has heard last, and when.
    pub(crate) refused: BTreeMap<[u8; 32], (u64, i64)>,
    pub(crate) refused_again: Vec<Again>,
    pub(crate) by_operation: BTreeMap<String, u64>,
    /// Calls of one life at a time, and the most there ever were.
    inside: BTreeMap<u64, usize>,
    pub(crate) inside_most: usize,
    /// The longest filter, in terms, and the longest page asked for.
    pub(crate) terms_most: usize,
    pub(crate) page_most: u64,
}

/// Ends a call, also that of a life that died in it.
struct Inside<'a>(&'a Mutex<Counts>, u64);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut counts = self.0.lock().unwrap();
        *counts.inside.entry(self.1).or_default() -= 1;
    }
}

impl<T: Twin> Door<T> {
    pub(crate) fn new(
        name: &'static str,
        twin: T,
        sched: &Arc<Sched>,
        faults: &Arc<Faults>,
        mail: &Arc<Mail>,
    ) -> Self {
        Self {
            twin: Mutex::new(twin),
            name,
            sched: sched.clone(),
            faults: faults.clone(),
            away: Mutex::new((0, 0)),
            meanwhile: Mutex::new(None),
            mail: mail.clone(),
            counts: Mutex::new(Counts::default()),
        }
    }

    fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.twin
            .lock()
            .unwrap()
            .answer(self.sched.now_ms(), request)
    }

    fn strikes(&self, class: Class, operation: &str) -> bool {
        // The intensities are meant for writes; reads, of which there are many more, are struck less often.
        let is_write = operation.starts_with("POST");
        if !is_write && class != Class::Stale && self.faults.between(0, 9) > 0 {
            return false;
        }
        self.faults.strikes(
            class,
            self.sched.now_ms(),
            &format!("{} {operation}", self.name),
        )
    }

    /// Faults before the other side sees anything; an answer ends the call.
    async fn before(
        &self,
        request: &Request<Bytes>,
        operation: &str,
        is_write: bool,
    ) -> Option<Result<Response<Bytes>, TransportFailure>> {
        if is_write && self.strikes(Class::Pause, operation) {
            // A slow network, not a stopped worker: shorter than a lease.
            self.sched.sleep(self.faults.between(1_000, 20_000)).await;
        }
        if self.strikes(Class::Crash, operation) {
            self.faults.mark("died before a send");
            self.sched.die().await;
        }
        let (until, status) = *self.away.lock().unwrap();
        if self.sched.now_ms() < until {
            self.faults
                .count(Class::Throttled, self.sched.now_ms(), operation);
            return Some(Ok(self.page(status)));
        }
        if self.strikes(Class::Throttled, operation) {
            let until = self.sched.now_ms() + self.faults.between(5, 600) * 1_000;
            let status = if self.faults.between(0, 1) == 0 {
                429
            } else {
                503
            };
            *self.away.lock().unwrap() = (until, status);
            return Some(Ok(self.page(status)));
        }
        if self.strikes(Class::LostRequest, operation) {
            return Some(Err(TransportFailure::NoAnswer("reset".into())));
        }
        if self.strikes(Class::Hung, operation) {
            self.sched.sleep(PATIENCE_MS).await;
            if self.faults.between(0, 1) == 0 {
                self.faults.mark("hung after it was done");
                let _ = self.answer(copy(request));
            }
            return Some(Err(TransportFailure::NoAnswer(
                "no end of the answer".into(),
            )));
        }
        if is_write && self.strikes(Class::LateRequest, operation) {
            self.sched.sleep(PATIENCE_MS).await;
            let arrives = self.sched.now_ms() + self.faults.between(1, 50_000);
            self.mail
                .post(&self.sched, arrives, Letter::Request(copy(request)));
            return Some(Err(TransportFailure::NoAnswer("timed out".into())));
        }
        None
    }

    /// A request arrives whose caller gave up.
    pub(crate) fn arrive_late(&self, request: Request<Bytes>) {
        self.faults
            .mark("a request arrived after its caller gave up");
        let _ = self.answer(request);
    }

    fn page(&self, status: u16) -> Response<Bytes> {
        let text = "<html><title>Sign in</title><body>Please sign in</body></html>";
        let mut page = Response::new(Bytes::from_static(text.as_bytes()));
        *page.status_mut() = StatusCode::from_u16(status).unwrap();
        if status == 429 && self.faults.between(0, 1) == 0 {
            page.headers_mut()
                .insert("retry-after", "30".parse().unwrap());
        }
        page
    }

    fn damaged(&self, answer: Response<Bytes>) -> Response<Bytes> {
        let len = answer.body().len();
        match self.faults.between(0, 3) {
            0 => answer.map(|body| body.slice(..len / 2)),
            1 => answer.map(|body| {
                let mut bytes = body.to_vec();
                if let Some(byte) = bytes.get_mut(len / 3) {
                    *byte = 0xff;
                }
                Bytes::from(bytes)
            }),
            2 => self.page(200),
            _ => answer.map(|_| Bytes::new()),
        }
    }

    /// Faults of imports: the number of the job lost, the report missing.
    fn import_trouble(&self, operation: &str, answer: Response<Bytes>) -> Response<Bytes> {
        if !operation.contains("erpintegrations") || !self.strikes(Class::Import, operation) {
            return answer;
        }
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        if let Some(at) = text
            .find("\"ReqstId\"")
            .filter(|_| operation.starts_with("POST"))
        {
            self.faults.mark("job number lost");
            let end = text[at..].find(',').map_or(text.len() - 1, |n| at + n);
            let cut = format!("{}\"ReqstId\":\"-1\"{}", &text[..at], &text[end..]);
            return answer.map(|_| Bytes::from(cut));
        }
        self.faults.mark("state of an import not to be had");
        self.page(503)
    }

    /// The answer of a replica that lags: it has not seen the rows made lately, where it is asked for rows by a filter.
    fn by_replica(
        &self,
        operation: &str,
        is_filtered: bool,
        answer: Response<Bytes>,
    ) -> Response<Bytes> {
        let is_look_up =
            operation.starts_with("GET invoices") || operation.starts_with("GET journalBatches");
        if !is_look_up || !is_filtered || answer.status() != StatusCode::OK {
            return answer;
        }
        let lag_ms = self.faults.between(1, REPLICA_LAG_MS);
        let Some(older) = before(answer.body(), self.sched.now_ms() - lag_ms) else {
            return answer;
        };
        if !self.strikes(Class::Stale, operation) {
            return answer;
        }
        answer.map(|_| Bytes::from(older))
    }

    fn enter(&self, life: u64) -> Inside<'_> {
        let mut counts = self.counts.lock().unwrap();
        let inside = counts.inside.entry(life).or_default();
        *inside += 1;
        let inside = *inside;
        counts.inside_most = counts.inside_most.max(inside);
        Inside(&self.counts, life)
    }

    fn note(&self, operation: &str, request: &Request<Bytes>, is_write: bool) {
        let (terms, page) = sizes(request);
        let mut counts = self.counts.lock().unwrap();
        counts.calls += 1;
        counts.writes += u64::from(is_write);
        counts.terms_most = counts.terms_most.max(terms);
        counts.page_most = counts.page_most.max(page);
        *counts.by_operation.entry(operation.to_owned()).or_default() += 1;
        if !is_write || counts.refused.is_empty() {
            return;
        }
        let digest: [u8; 32] = Sha256::digest(request.body()).into();
        if let Some((heard_by, heard_at)) = counts.refused.get(&digest).copied() {
            counts.refused_again.push(Again {
                operation: operation.to_owned(),
                sent_at: self.sched.now_ms(),
                heard_by,
                heard_at,
            });
        }
    }
}

/// A collection without the rows made since `since_ms`; `None` if there are none of them.
fn before(body: &[u8], since_ms: i64) -> Option<String> {
    let mut page: serde_json::Value = serde_json::from_slice(body).ok()?;
    let rows = page.get_mut("items")?.as_array_mut()?;
    let len = rows.len();
    rows.retain(|row| {
        let made = row["CreationDate"].as_str().unwrap_or_default();
        let made = made.parse::<jiff::Timestamp>();
        made.is_ok_and(|made| made.as_millisecond() < since_ms)
    });
    let left = rows.len();
    if left == len {
        return None;
    }
    page["count"] = left.into();
    Some(page.to_string())
}

/// How many terms the filter of a request has, and how long a page it asks for. Filters of the scheduler name states, never documents.
fn sizes(request: &Request<Bytes>) -> (usize, u64) {
    let query = request.uri().query().unwrap_or_default();
    let is_business = request.uri().path().starts_with("/fscmRestApi/");
    let terms = query
        .split('&')
        .find(|part| is_business && part.starts_with("q="))
        .map_or(0, |filter| {
            filter.matches("%20or%20").count() + filter.matches("+or+").count() + 1
        });
    let digits = |rest: &str| -> u64 {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        rest[..end.unwrap_or(rest.len())].parse().unwrap_or(0)
    };
    let by_query = query
        .split('&')
        .find_map(|part| part.strip_prefix("limit="));
    let page = by_query.map_or_else(
        || {
            let body = std::str::from_utf8(request.body()).unwrap_or_default();
            let mut pages = body.split("<pagesize>").skip(1).map(digits);
            pages.by_ref().max().unwrap_or(0)
        },
        digits,
    );
    (terms, page)
}

#[async_trait]
impl<T: Twin> Transport for Caller<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportFailure> {
        let _inside = self.door.enter(self.life);
        self.door.send(self.life, request).await
    }
}

impl<T: Twin> Door<T> {
    async fn send(
        &self,
        life: u64,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportFailure> {
        let operation = request.headers_mut().remove("x-tieout-operation");
        let operation = operation
            .map(|o| o.to_str().unwrap().to_owned())
            .unwrap_or_default();
        request.headers_mut().remove("x-tieout-credential");
        let is_write = operation.starts_with("POST") || operation.starts_with("create");
        self.sched.sleep(self.faults.between(1, 120)).await;
        self.note(&operation, &request, is_write);
        if let Some(early) = self.before(&request, &operation, is_write).await {
            return early;
        }
        if !is_write
            && self.strikes(Class::Paging, &operation)
            && let Some(meanwhile) = &*self.meanwhile.lock().unwrap()
        {
            meanwhile();
        }
        let body = request.body().clone();
        let is_filtered = request.uri().query().is_some_and(|q| q.contains("q="));
        let answer = self.by_replica(&operation, is_filtered, self.answer(request));
        self.sched.sleep(self.faults.between(1, 200)).await;
        if self.strikes(Class::Crash, &operation) {
            self.faults.mark("died after a send");
            self.sched.die().await;
        }
        if self.strikes(Class::LostAnswer, &operation) {
            return Err(TransportFailure::NoAnswer("reset before the answer".into()));
        }
        if self.strikes(Class::Garbled, &operation) {
            return Ok(self.damaged(answer));
        }
        if is_write && answer.status() == StatusCode::BAD_REQUEST {
            let digest: [u8; 32] = Sha256::digest(&body).into();
            let heard = (life, self.sched.now_ms());
            self.counts.lock().unwrap().refused.insert(digest, heard);
        }
        Ok(self.import_trouble(&operation, answer))
    }
}

pub(crate) fn copy(request: &Request<Bytes>) -> Request<Bytes> {
    let mut made = Request::new(request.body().clone());
    *made.method_mut() = request.method().clone();
    *made.uri_mut() = request.uri().clone();
    *made.headers_mut() = request.headers().clone();
    made
}
