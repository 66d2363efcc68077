//! The trigger endpoint: what a platform trigger of the source would call to say "look". It only wakes a pass.
//!
//! The body is a hint and is never believed. A call is accepted if its signature covers id, time and the raw body with a secret we share, if
//! its time is within 300 s of ours, and if its id was not seen before (Standard Webhooks; reliability dossier 7). Two secrets are accepted
//! while they are rotated. A lost call costs time only: polling stands beside it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tieout_connector::Secret;
use tieout_model::Ambient;
use tieout_pipeline::Wake;

use crate::problem::Problem;
use crate::trigger::door::Haste;

mod door;

/// How far a caller's clock may be off.
const TOLERANCE_S: u64 = 300;
/// How long ids are remembered; longer than any replay inside the tolerance.
const REMEMBERED_S: i64 = 86_400;
/// Ids remembered at most; with more than that in a day, further calls are refused until the first are forgotten. Polling goes on.
const IDS_MAX: usize = 200_000;
/// Shortest secret that is taken.
const SECRET_LEN_MIN: usize = 16;
/// Longest id that is remembered.
const ID_LEN_MAX: usize = 256;
/// Largest body.
const BODY_LEN_MAX: usize = 1 << 20;

/// What the endpoint needs.
pub(crate) struct Trigger {
    secrets: Vec<Secret>,
    ambient: Ambient,
    wake: Arc<Wake>,
    seen: Mutex<BTreeMap<String, i64>>,
}

/// Why a call is refused.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    MissingHeader(&'static str),
    BadTime,
    BadSignature,
    BadId,
    Replayed,
    Full,
}

impl Trigger {
    pub(crate) fn new(secrets: Vec<Secret>, ambient: Ambient, wake: Arc<Wake>) -> Self {
        Self {
            secrets,
            ambient,
            wake,
            seen: Mutex::new(BTreeMap::new()),
        }
    }

    fn accept(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let id = text_of(headers, "webhook-id")?;
        if id.is_empty() || id.len() > ID_LEN_MAX {
            return Err(Refusal::BadId);
        }
        let time = text_of(headers, "webhook-timestamp")?;
        let signatures = text_of(headers, "webhook-signature")?;
        let now = self.ambient.clock.now().millis().div_euclid(1000);
        let sent: i64 = time.parse().map_err(|_| Refusal::BadTime)?;
        if now.abs_diff(sent) > TOLERANCE_S {
            return Err(Refusal::BadTime);
        }
        let offered = signatures.split(' ').filter_map(|s| s.strip_prefix("v1,"));
        let mut is_signed = false;
        for signature in offered.take(4) {
            let Some(signature) = unhex(signature) else {
                continue;
            };
            for secret in &self.secrets {
                is_signed |= is_signature(secret, id, time, body, &signature);
            }
        }
        if !is_signed {
            return Err(Refusal::BadSignature);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= IDS_MAX {
            seen.retain(|_, at| now - *at < REMEMBERED_S);
        }
        if seen.len() >= IDS_MAX && !seen.contains_key(id) {
            return Err(Refusal::Full);
        }
        match seen.insert(id.to_owned(), now) {
            Some(at) if now - at < REMEMBERED_S => Err(Refusal::Replayed),
            _ => Ok(()),
        }
    }
}

/// Refuses secrets that anybody could guess.
///
/// # Errors
/// [`Problem`] if one is shorter than [`SECRET_LEN_MIN`] bytes, or there is none.
pub(crate) fn check(secrets: &[Secret]) -> Result<(), Problem> {
    let what = if secrets.is_empty() {
        "[trigger] secrets is empty, so no call could ever be accepted".to_owned()
    } else if secrets
        .iter()
        .any(|secret| secret.reveal().len() < SECRET_LEN_MIN)
    {
        format!("a secret of [trigger] is shorter than {SECRET_LEN_MIN} bytes")
    } else {
        return Ok(());
    };
    Err(Problem::new("P0014", what).hint("make one with `openssl rand -hex 32` and share it"))
}

fn text_of<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .ok_or(Refusal::MissingHeader(name))
}

/// Compares in constant time.
fn is_signature(secret: &Secret, id: &str, time: &str, body: &[u8], offered: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
        return false;
    };
    for part in [id.as_bytes(), b".", time.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.verify_slice(offered).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok())
        .collect()
}

/// Serves the endpoint until the process ends; returns the address it listens on.
pub(crate) async fn serve(
    trigger: Trigger,
    at: SocketAddr,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()>)> {
    serve_within(Haste::default(), trigger, at).await
}

async fn serve_within(
    haste: Haste,
    trigger: Trigger,
    at: SocketAddr,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let router = Router::new()
        .route("/trigger", post(receive))
        .layer(from_fn_with_state(haste, hurry))
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
        .with_state(Arc::new(trigger));
    door::open(haste, router, at).await
}

/// A caller that lets its body wait is told so and cut off.
async fn hurry(State(haste): State<Haste>, call: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(haste.call, next.run(call)).await;
    answer.unwrap_or_else(|_| {
        let words = "the call did not arrive in time\n";
        let close = [(header::CONNECTION, "close")];
        (StatusCode::REQUEST_TIMEOUT, close, words).into_response()
    })
}

async fn receive(
    State(trigger): State<Arc<Trigger>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    match trigger.accept(&headers, &body) {
        Ok(()) => {
            trigger.wake.trigger();
            (StatusCode::ACCEPTED, "looking\n")
        }
        // A repeat was already acted on: say yes, so that the caller stops, and do nothing.
        Err(Refusal::Replayed) => (StatusCode::OK, "already seen\n"),
        Err(Refusal::MissingHeader(_)) => (
            StatusCode::BAD_REQUEST,
            "send webhook-id, webhook-timestamp and webhook-signature\n",
        ),
        Err(Refusal::BadTime) => (
            StatusCode::UNAUTHORIZED,
            "webhook-timestamp is more than 300 s off\n",
        ),
        Err(Refusal::BadSignature) => (StatusCode::UNAUTHORIZED, "signature does not fit\n"),
        Err(Refusal::BadId) => (
            StatusCode::BAD_REQUEST,
            "webhook-id is empty or longer than 256 characters\n",
        ),
        Err(Refusal::Full) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "too many calls today; polling goes on\n",
        ),
    }
}

#[cfg(test)]
mod forged_tests;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::HeaderMap;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;
    use tieout_connector::Secret;
    use tieout_pipeline::Wake;

    use super::{Refusal, Trigger};

    pub(super) fn signed(id: &str, time: i64, body: &[u8], secret: &str) -> HeaderMap {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(body);
        let hex: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", time.to_string().parse().unwrap());
        headers.insert("webhook-signature", format!("v1,{hex}").parse().unwrap());
        headers
    }

    fn check(headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        trigger().accept(headers, body)
    }

    pub(super) fn trigger() -> Trigger {
        let secrets = vec![Secret::new("new"), Secret::new("old")];
        Trigger::new(secrets, crate::ambient::real(), Arc::new(Wake::default()))
    }

    #[test]
    fn a_signed_call_is_accepted_once_and_under_both_secrets() {
        let now = crate::ambient::unix_ms() / 1000;
        let trigger = trigger();
        let call = signed("m1", now, b"{}", "old");
        assert_eq!(trigger.accept(&call, b"{}"), Ok(()));
        assert_eq!(trigger.accept(&call, b"{}"), Err(Refusal::Replayed));
        assert_eq!(trigger.accept(&signed("m2", now, b"", "new"), b""), Ok(()));
    }

    #[test]
    fn forged_old_and_bare_calls_are_refused() {
        let now = crate::ambient::unix_ms() / 1000;
        assert_eq!(
            check(&signed("m", now, b"{}", "old"), b"{ }"),
            Err(Refusal::BadSignature)
        );
        assert_eq!(
            check(&signed("m", now, b"", "other"), b""),
            Err(Refusal::BadSignature)
        );
        assert_eq!(
            check(&signed("m", now - 301, b"", "old"), b""),
            Err(Refusal::BadTime)
        );
        assert_eq!(
            check(&HeaderMap::new(), b""),
            Err(Refusal::MissingHeader("webhook-id"))
        );
    }
}
