//! Sends requests and reads answers: headers, classes of fault, repeated reads, single writes.
//!
//! The theory: a read may be repeated freely, within bounds. A write is sent once; whatever leaves open whether it was done becomes
//! [`FaultClass::Indeterminate`], and the caller looks it up.

mod collection;
mod soap;

use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use tieout_connector::{Fault, FaultOrigin, Secret, Throttle, Transport, TransportFailure, Waiter};
use tieout_model::{Ambient, Digest, FaultClass};

use crate::config::FusionConfig;
use crate::wire::attribute::shortened;
use crate::wire::error_body::{ErrorBody, read_error};
use crate::wire::query::Query;

pub(crate) use collection::{Row, children};

const FRAMEWORK_VERSION: HeaderName = HeaderName::from_static("rest-framework-version");
/// Says what is asked and with whose credential, for the log of calls; taken off before sending.
const OPERATION: HeaderName = HeaderName::from_static("x-tieout-operation");
const CREDENTIAL: HeaderName = HeaderName::from_static("x-tieout-credential");

/// Characters of the other side's words kept in a fault.
const DETAIL_LEN_MAX: usize = 500;

/// The sender of all requests to one tenant.
pub(crate) struct Client {
    pub(crate) config: FusionConfig,
    pub(crate) ambient: Ambient,
    transport: Arc<dyn Transport>,
    waiter: Arc<dyn Waiter>,
    throttle: Throttle,
    /// The value of the header that says who asks.
    login: Secret,
}

/// A JSON answer and the digest of its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) value: Value,
    pub(crate) evidence: Digest,
}

/// What became of a write that was answered.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// Done; what the target answered, which begins and ends as JSON. It is parsed by those who need it: a business row is read back anyway.
    Done(Bytes),
    /// Refused by the application; nothing was done.
    Refused(ErrorBody),
}

/// In what a request is written.
#[derive(Debug, Clone, Copy)]
struct Media {
    name: &'static str,
    soap_action: Option<&'static str>,
}

const JSON: Media = Media {
    name: "application/json",
    soap_action: None,
};

struct Raw {
    status: u16,
    retry_after: String,
    body: Bytes,
}

impl Client {
    pub(crate) fn new(
        config: FusionConfig,
        transport: Arc<dyn Transport>,
        ambient: Ambient,
        waiter: Arc<dyn Waiter>,
    ) -> Self {
        let throttle = Throttle::new(config.in_flight_max);
        let login = format!("{}:{}", config.username, config.password.reveal());
        let login = base64::engine::general_purpose::STANDARD.encode(login);
        Self {
            login: Secret::new(format!("Basic {login}")),
            config,
            ambient,
            transport,
            waiter,
            throttle,
        }
    }

    /// Path of a REST resource below the version.
    pub(crate) fn resource(&self, path: &str) -> String {
        format!("/fscmRestApi/resources/{}/{path}", self.config.rest_version)
    }

    /// Reads JSON, again and again within bounds while the tenant is busy or away.
    ///
    /// # Errors
    /// [`Fault`] of the last attempt.
    pub(crate) async fn read(
        &self,
        operation: &str,
        path: &str,
        query: &Query,
    ) -> Result<Answer, Fault> {
        let mut attempt = 1;
        loop {
            let fault = match self.read_once(operation, path, query).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            attempt = self.next_attempt(attempt, fault).await?;
        }
    }

    /// Waits after a read that failed, and gives the number of the next attempt.
    ///
    /// # Errors
    /// The fault again if it does not pass or there were enough attempts.
    async fn next_attempt(&self, attempt: u32, fault: Fault) -> Result<u32, Fault> {
        let is_passing = matches!(fault.class, FaultClass::Throttled | FaultClass::Unavailable);
        if !is_passing || attempt >= self.config.read_retry.attempts_max {
            return Err(fault);
        }
        self.waiter.wait(self.pause_ms(attempt, &fault)).await;
        Ok(attempt.saturating_add(1))
    }

    /// Sends a write once.
    ///
    /// # Errors
    /// [`Fault`]: indeterminate whenever it may have been done.
    pub(crate) async fn write(
        &self,
        operation: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Written, Fault> {
        let bytes = serde_json::to_vec(body).map_err(|e| {
            let (class, origin) = (FaultClass::Incompatible, FaultOrigin::Transport);
            Fault::new(
                class,
                origin,
                operation,
                format!("the body can't be written: {e}"),
            )
        })?;
        let bytes = Bytes::from(bytes);
        let sent = self
            .exchange(operation, http::Method::POST, path, (JSON, bytes))
            .await;
        let raw = match sent {
            Ok(raw) => raw,
            Err(TransportFailure::NotSent(why)) => {
                let class = FaultClass::Unavailable;
                return Err(Fault::new(class, FaultOrigin::Transport, operation, why));
            }
            Err(TransportFailure::NoAnswer(why)) => {
                let class = FaultClass::Indeterminate;
                return Err(Fault::new(class, FaultOrigin::Transport, operation, why));
            }
        };
        if (200..300).contains(&raw.status) {
            if is_whole(&raw.body) {
                return Ok(Written::Done(raw.body));
            }
            let detail = format!("status {} with a body that is no whole JSON", raw.status);
            let (class, origin) = (FaultClass::Indeterminate, FaultOrigin::Gateway);
            return Err(Fault::new(class, origin, operation, detail));
        }
        let words = read_error(&raw.body);
        if matches!(raw.status, 400 | 409 | 412 | 422) && !words.message.is_empty() {
            return Ok(Written::Refused(words));
        }
        let class = match raw.status {
            401 | 403 => FaultClass::Unauthorised,
            429 => FaultClass::Throttled,
            300..=499 => FaultClass::Incompatible,
            _ => FaultClass::Indeterminate,
        };
        Err(self.fault(class, operation, &raw, &words))
    }

    async fn read_once(&self, operation: &str, path: &str, query: &Query) -> Result<Answer, Fault> {
        let target = format!("{path}{}", query.as_str());
        let sent = self
            .exchange(operation, http::Method::GET, &target, (JSON, Bytes::new()))
            .await;
        let raw = sent.map_err(|failure| {
            let (class, origin) = (FaultClass::Unavailable, FaultOrigin::Transport);
            Fault::new(class, origin, operation, failure.to_string())
        })?;
        if (200..300).contains(&raw.status) {
            let value = serde_json::from_slice(&raw.body).map_err(|e| {
                let detail = format!("the answer is no complete JSON: {e}");
                Fault::new(
                    FaultClass::Unavailable,
                    FaultOrigin::Gateway,
                    operation,
                    detail,
                )
            })?;
            let evidence = Digest::of(&raw.body);
            return Ok(Answer { value, evidence });
        }
        let words = read_error(&raw.body);
        let class = match raw.status {
            401 | 403 => FaultClass::Unauthorised,
            429 | 503 => FaultClass::Throttled,
            400 | 409 | 412 | 422 => FaultClass::Rejected,
            300..=499 => FaultClass::Incompatible,
            _ => FaultClass::Unavailable,
        };
        Err(self.fault(class, operation, &raw, &words))
    }

    fn fault(&self, class: FaultClass, operation: &str, raw: &Raw, words: &ErrorBody) -> Fault {
        let origin = if words.is_application {
            FaultOrigin::Application
        } else {
            FaultOrigin::Gateway
        };
        let message = shortened(&words.message, DETAIL_LEN_MAX);
        let detail = format!("status {}: {message}", raw.status);
        Fault::new(class, origin, operation, detail).retry_after(self.asked_wait_ms(raw))
    }

    /// `Retry-After` in seconds or as a date (fusion.md §13.3: honour it when present).
    fn asked_wait_ms(&self, raw: &Raw) -> Option<u64> {
        let asked = raw.retry_after.trim();
        if let Ok(seconds) = asked.parse::<u64>() {
            return Some(seconds.saturating_mul(1000));
        }
        let until = jiff::fmt::rfc2822::parse(asked).ok()?;
        let wait = until.timestamp().as_millisecond() - self.ambient.clock.now().millis();
        Some(u64::try_from(wait).unwrap_or(0))
    }

    fn pause_ms(&self, attempt: u32, fault: &Fault) -> u64 {
        let retry = &self.config.read_retry;
        let doubled = retry
            .pause_ms
            .saturating_mul(1 << attempt.saturating_sub(1).min(20));
        let pause = fault
            .retry_after_ms
            .unwrap_or(doubled)
            .min(retry.pause_max_ms);
        pause + self.ambient.entropy.draw() % (pause / 2 + 1)
    }

    async fn exchange(
        &self,
        operation: &str,
        method: http::Method,
        target: &str,
        (media, body): (Media, Bytes),
    ) -> Result<Raw, TransportFailure> {
        let config = &self.config;
        let is_write = method == http::Method::POST;
        let mut builder = http::Request::builder()
            .method(method)
            .uri(format!("{}{target}", config.base_url))
            .header(AUTHORIZATION, self.login.reveal())
            .header(ACCEPT, HeaderValue::from_static(media.name))
            .header(FRAMEWORK_VERSION, config.framework_version)
            .header(OPERATION, operation)
            .header(CREDENTIAL, &config.credential_name);
        if is_write {
            builder = builder.header(CONTENT_TYPE, HeaderValue::from_static(media.name));
        }
        if let Some(action) = media.soap_action {
            builder = builder.header("soapaction", action);
        }
        let request = builder
            .body(body)
            .map_err(|e| TransportFailure::NotSent(format!("the request can't be built: {e}")))?;
        let _place = self.throttle.enter().await;
        let response = self.transport.send(request).await?;
        let retry_after = response.headers().get("retry-after");
        Ok(Raw {
            status: response.status().as_u16(),
            retry_after: retry_after
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            body: response.into_body(),
        })
    }
}

/// True if a body begins and ends as a JSON object or array. No more is asked of the answer to a write: what it says is read back anyway, and
/// whoever needs it parses it.
fn is_whole(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    matches!(
        (body.first(), body.last()),
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']'))
    )
}

/// A fault for an answer this client does not understand.
pub(crate) fn not_understood(attempted: impl Into<String>, detail: impl ToString) -> Fault {
    let (class, origin) = (FaultClass::Incompatible, FaultOrigin::Application);
    Fault::new(class, origin, attempted, detail.to_string())
}
