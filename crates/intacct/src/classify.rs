//! What an answer that is no success means: one place that turns the gateway's words into a class of fault (intacct-xml.md §1.8).

use tieout_connector::{Fault, FaultOrigin, TransportFailure};
use tieout_model::FaultClass;

use crate::query::Nature;
use crate::xml::answer::{Answer, ErrorWords};
use crate::xml::read::{self, Unreadable};

/// Most characters of the other side's words that are kept.
const WORDS_MAX: usize = 500;

/// Where an answer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Gateway,
    Authentication,
    Function,
}

/// A failure with what a caller needs to know beyond the fault.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The fault.
    pub(crate) fault: Fault,
    /// True if the authentication block was refused, so that a new session may help.
    pub(crate) is_authentication: bool,
    /// True if the one function was refused by the application; its words decide.
    pub(crate) is_function: bool,
    /// The errors as they came.
    pub(crate) errors: Vec<ErrorWords>,
}

impl Failure {
    fn plain(fault: Fault) -> Self {
        Self {
            fault,
            is_authentication: false,
            is_function: false,
            errors: Vec::new(),
        }
    }
}

/// No answer at all.
pub(crate) fn transport(failure: &TransportFailure, attempted: &str, nature: Nature) -> Failure {
    let class = match failure {
        TransportFailure::NotSent(_) => FaultClass::Unavailable,
        TransportFailure::NoAnswer(_) => lost(nature),
    };
    let words = failure.to_string();
    Failure::plain(Fault::new(class, FaultOrigin::Transport, attempted, words))
}

/// What it means that it is unknown whether the function ran.
fn lost(nature: Nature) -> FaultClass {
    if nature.is_read() {
        FaultClass::Unavailable
    } else {
        FaultClass::Indeterminate
    }
}

/// Reads an HTTP answer and checks its three levels of status in order.
///
/// # Errors
/// [`Failure`] for everything but a success of all functions.
pub(crate) fn response(
    response: &http::Response<bytes::Bytes>,
    attempted: &str,
    nature: Nature,
) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let wait = retry_after_ms(response);
    let answer = match read::answer(response.body()) {
        Ok(answer) => answer,
        Err(fault) => return Err(unreadable(status, &fault, attempted, nature, wait)),
    };
    let (level, errors) = match failed_level(&answer, status) {
        None => return Ok(answer),
        Some(level) => {
            let failed = answer
                .results
                .into_iter()
                .find(|result| result.status != "success");
            let errors = match (level, failed) {
                (Level::Function, Some(result)) => result.errors,
                _ => answer.errors,
            };
            (level, errors)
        }
    };
    let class = class_of(status, level, &errors, nature);
    let origin = match level {
        Level::Gateway => FaultOrigin::Gateway,
        Level::Authentication | Level::Function => FaultOrigin::Application,
    };
    let fault = Fault::new(class, origin, attempted, words_of(status, &errors));
    Err(Failure {
        fault: fault.retry_after(wait),
        is_authentication: level == Level::Authentication && class == FaultClass::Unauthorised,
        is_function: level == Level::Function,
        errors,
    })
}

fn failed_level(answer: &Answer, status: u16) -> Option<Level> {
    if answer.control_status != "success" || !(200..300).contains(&status) {
        return Some(Level::Gateway);
    }
    if answer.authentication_status != "success" {
        return Some(Level::Authentication);
    }
    let all_succeeded = answer
        .results
        .iter()
        .all(|result| result.status == "success");
    (answer.results.is_empty() || !all_succeeded).then_some(Level::Function)
}

fn unreadable(
    status: u16,
    fault: &Unreadable,
    attempted: &str,
    nature: Nature,
    wait: Option<u64>,
) -> Failure {
    let class = match (status, fault) {
        (429, _) => FaultClass::Throttled,
        (401 | 403, _) => FaultClass::Unauthorised,
        (300..=499, _) => FaultClass::Incompatible,
        (200..=299, Unreadable::Hostile(_)) if nature.is_read() => FaultClass::Incompatible,
        (_, Unreadable::Hostile(_) | Unreadable::Broken(_)) => lost(nature),
    };
    let words = format!("HTTP {status}: {fault}");
    let fault = Fault::new(class, FaultOrigin::Gateway, attempted, words);
    Failure::plain(fault.retry_after(wait))
}

fn class_of(status: u16, level: Level, errors: &[ErrorWords], nature: Nature) -> FaultClass {
    let has_number = |numbers: &[&str]| {
        errors
            .iter()
            .any(|error| numbers.contains(&error.number.trim()))
    };
    let says = |words: &[&str]| {
        errors.iter().any(|error| {
            let said = error.joined().to_lowercase();
            words.iter().any(|word| said.contains(word))
        })
    };
    if status == 429 || has_number(&["GW-0010"]) || says(&["rate limit"]) {
        return FaultClass::Throttled;
    }
    if says(&["temporarily off-line", "temporarily offline"])
        || matches!(status, 500 | 502 | 503 | 504 | 524)
    {
        return lost(nature);
    }
    if status == 401
        || has_number(&["XMLGW_JPP0002", "XL03000006", "PL04000005", "PL04000055"])
        || says(&["you do not have permission", "sign-in information"])
        || level == Level::Authentication
    {
        return FaultClass::Unauthorised;
    }
    if nature == Nature::SporadicRead && has_number(&["DL02000001"]) {
        return FaultClass::Unavailable;
    }
    let is_ours = has_number(&["XL03000003", "DL02000001", "GW-0011", "Query Failed"]);
    if nature.is_read() || is_ours || level == Level::Gateway {
        return FaultClass::Incompatible;
    }
    FaultClass::Rejected
}

/// The first error is the cause; the rest wraps it, but may hold the only words.
fn words_of(status: u16, errors: &[ErrorWords]) -> String {
    let mut said: Vec<String> = errors.iter().map(ErrorWords::joined).collect();
    said.retain(|words| !words.is_empty());
    if said.is_empty() {
        return format!("HTTP {status} without an error text");
    }
    said.join(" | ").chars().take(WORDS_MAX).collect()
}

/// `Retry-After` in seconds; whether the gateway sends it is open (intacct-xml.md §9.5).
fn retry_after_ms(response: &http::Response<bytes::Bytes>) -> Option<u64> {
    let value = response.headers().get(http::header::RETRY_AFTER)?;
    let seconds: u64 = value.to_str().ok()?.trim().parse().ok()?;
    seconds.checked_mul(1000)
}
