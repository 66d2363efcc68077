//! The real door to the outside: HTTP with kept connections, bounded bodies and waits, no redirects, and a record of every call.

mod address;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use tieout_connector::{CallRecord, CallSink, Transport, TransportFailure};
use tieout_model::{Ambient, Digest};

use self::address::{Configured, Guarded};

/// Largest answer that is read. Larger ones are refused while they arrive (reliability dossier 7).
const RESPONSE_LEN_MAX: usize = 64 << 20;
/// Header by which a client says what it asks, for the record; never sent.
const OPERATION: &str = "x-tieout-operation";
/// Header by which a client says whose credential it uses, for the record; never sent.
const CREDENTIAL: &str = "x-tieout-credential";

/// HTTP to one system.
pub(crate) struct HttpTransport {
    client: reqwest::Client,
    configured: Arc<Configured>,
    system: String,
    ambient: Ambient,
    calls: Arc<dyn CallSink>,
}

impl HttpTransport {
    /// Opens a pool of connections to `system`, which is at `address`; `timeout_ms` bounds every call.
    pub(crate) fn new(
        (system, address): (&str, &str),
        timeout_ms: u64,
        ambient: Ambient,
        calls: Arc<dyn CallSink>,
    ) -> anyhow::Result<Self> {
        let configured = Arc::new(Configured::of(address));
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(Guarded(Arc::clone(&configured))))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_millis(timeout_ms))
            .connect_timeout(Duration::from_secs(10))
            .tcp_nodelay(true)
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            configured,
            system: system.to_owned(),
            ambient,
            calls,
        })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportFailure> {
        if let Some(why) = self.configured.refuses(request.uri()) {
            return Err(TransportFailure::NotSent(why));
        }
        let request = reqwest::Request::try_from(request)
            .map_err(|e| TransportFailure::NotSent(words(&e)))?;
        let mut answer = self.client.execute(request).await.map_err(|e| {
            // Only a connection that was never made is proof that nothing was sent.
            if e.is_connect() || e.is_builder() {
                TransportFailure::NotSent(words(&e))
            } else {
                TransportFailure::NoAnswer(words(&e))
            }
        })?;
        let unreadable = |e: reqwest::Error| TransportFailure::NoAnswer(words(&e));
        let announced = answer.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        let first = answer.chunk().await.map_err(unreadable)?;
        let mut whole = first.unwrap_or_default();
        let mut body = BytesMut::new();
        while let Some(part) = answer.chunk().await.map_err(unreadable)? {
            // One part is the whole answer most of the time, and is then never copied.
            if body.is_empty() {
                body.reserve(announced.min(RESPONSE_LEN_MAX));
                body.extend_from_slice(&whole);
            }
            if body.len() + part.len() > RESPONSE_LEN_MAX {
                let why = format!("the answer is larger than {RESPONSE_LEN_MAX} bytes");
                return Err(TransportFailure::NoAnswer(why));
            }
            body.extend_from_slice(&part);
        }
        if !body.is_empty() {
            whole = body.freeze();
        }
        let mut response = Response::new(whole);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }
}

/// The error and its causes, without the address (it may hold a name that is nobody's business).
fn words(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.is_empty() {
        error.to_string()
    } else {
        text
    }
}

fn take_header(headers: &mut HeaderMap, name: &str) -> Option<String> {
    headers
        .remove(name)
        .and_then(|value| value.to_str().ok().map(str::to_owned))
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportFailure> {
        let operation = take_header(request.headers_mut(), OPERATION)
            .unwrap_or_else(|| format!("{} {}", request.method(), request.uri().path()));
        let credential = take_header(request.headers_mut(), CREDENTIAL).unwrap_or_default();
        let request_digest = Digest::of(request.body());
        let at = self.ambient.clock.now();
        let answer = self.exchange(request).await;
        let duration = self
            .ambient
            .clock
            .now()
            .millis()
            .saturating_sub(at.millis());
        let (status, response_digest, response_bytes) = match &answer {
            Ok(response) => {
                let length = u64::try_from(response.body().len()).unwrap_or(u64::MAX);
                (
                    response.status().as_u16(),
                    Digest::of(response.body()),
                    length,
                )
            }
            Err(_) => (0, Digest::default(), 0),
        };
        self.calls.record(CallRecord {
            at,
            system: self.system.clone(),
            operation,
            credential,
            request_digest,
            status,
            response_digest,
            response_bytes,
            duration_ms: u64::try_from(duration).unwrap_or(0),
        });
        answer
    }
}
