//! A tenant that plays answers: one queue per operation, so that calls in flight at once still get their own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tieout_connector::{Secret, Transport, TransportFailure, Waiter};
use tieout_fusion::{Fusion, FusionConfig};
use tieout_model::{Ambient, Clock, Entropy, SystemId, Timestamp};

type Answer = Result<http::Response<Bytes>, TransportFailure>;

#[derive(Default)]
pub(crate) struct Tenant {
    answers: Mutex<BTreeMap<String, VecDeque<Answer>>>,
    requests: Mutex<Vec<http::Request<Bytes>>>,
    waits: Mutex<Vec<u64>>,
    pub(crate) now_ms: AtomicU64,
    drawn: AtomicU64,
}

impl Tenant {
    pub(crate) fn new() -> Arc<Self> {
        let tenant = Self::default();
        tenant.now_ms.store(1_798_761_600_000, Ordering::Relaxed);
        Arc::new(tenant)
    }

    pub(crate) fn answer(&self, operation: &str, status: u16, body: &str) {
        self.push(operation, Ok(response(status, body)));
    }

    pub(crate) fn push(&self, operation: &str, answer: Answer) {
        let mut answers = self.answers.lock().unwrap();
        answers
            .entry(operation.to_owned())
            .or_default()
            .push_back(answer);
    }

    pub(crate) fn fusion(self: &Arc<Self>, change: impl FnOnce(&mut FusionConfig)) -> Fusion {
        let password = Secret::new("secret");
        let system = SystemId::new("fusion");
        let base_url = "https://pod.example.invalid";
        let mut config = FusionConfig::new(base_url, "integration.tieout", password, system);
        change(&mut config);
        let ambient = Ambient {
            clock: Arc::<Self>::clone(self),
            entropy: Arc::<Self>::clone(self),
        };
        Fusion::new(
            config,
            Arc::<Self>::clone(self),
            ambient,
            Arc::<Self>::clone(self),
        )
    }

    pub(crate) fn requests(&self, operation: &str) -> Vec<http::Request<Bytes>> {
        let requests = self.requests.lock().unwrap();
        let of =
            |request: &&http::Request<Bytes>| request.headers()["x-tieout-operation"] == operation;
        requests.iter().filter(of).cloned().collect()
    }

    pub(crate) fn waits(&self) -> Vec<u64> {
        self.waits.lock().unwrap().clone()
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.answers
            .lock()
            .unwrap()
            .values()
            .all(VecDeque::is_empty)
    }
}

pub(crate) fn response(status: u16, body: &str) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(body.to_owned()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

#[async_trait]
impl Transport for Tenant {
    async fn send(&self, request: http::Request<Bytes>) -> Answer {
        let operation = request.headers()["x-tieout-operation"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(request.headers()["x-tieout-credential"], "fusion");
        assert_eq!(request.headers()["rest-framework-version"], "4");
        let target = request.uri().to_string();
        self.requests.lock().unwrap().push(request);
        let mut answers = self.answers.lock().unwrap();
        let next = answers.get_mut(&operation).and_then(VecDeque::pop_front);
        next.unwrap_or_else(|| panic!("no answer left for {operation} {target}"))
    }
}

#[async_trait]
impl Waiter for Tenant {
    async fn wait(&self, ms: u64) {
        self.waits.lock().unwrap().push(ms);
    }
}

impl Clock for Tenant {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed).try_into().unwrap())
    }
}

impl Entropy for Tenant {
    fn draw(&self) -> u64 {
        7 + self.drawn.fetch_add(1, Ordering::Relaxed)
    }
}

/// The text of a fixture.
macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!("../../../../fixtures/fusion/", $path))
    };
}
pub(crate) use fixture;
