//! The one door to the outside.

use async_trait::async_trait;
use bytes::Bytes;
use tieout_model::Timestamp;

/// Sends one request to one system.
///
/// Implementations reuse connections, bound every body and every wait, follow no redirects and record each call.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request` and waits for the whole answer.
    ///
    /// # Errors
    /// [`TransportFailure`]; the theory of retries hangs on which of the two.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportFailure>;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportFailure {
    /// The request surely never reached the other side: nothing was done.
    #[error("the request was not sent: {0}")]
    NotSent(String),
    /// The request may have reached the other side: it may have been done.
    #[error("no answer came: {0}")]
    NoAnswer(String),
}

/// Waits, in real or virtual time; handed in so that library code never sleeps by itself.
#[async_trait]
pub trait Waiter: Send + Sync {
    /// Returns after `ms` milliseconds.
    async fn wait(&self, ms: u64);
}

/// One call to a system, as the audit log records it. Never holds a secret or a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// When the call began.
    pub at: Timestamp,
    /// Which system.
    pub system: String,
    /// What was asked, in the system's words: function or method and resource.
    pub operation: String,
    /// The name of the credential that was used; never its secret.
    pub credential: String,
    /// Digest of the request body.
    pub request_digest: tieout_model::Digest,
    /// Status code, or 0 without an answer.
    pub status: u16,
    /// Digest of the answer's body.
    pub response_digest: tieout_model::Digest,
    /// Size of the answer's body in bytes.
    pub response_bytes: u64,
    /// How long it took.
    pub duration_ms: u64,
}

/// Takes call records; the program commits them to the audit log in groups.
pub trait CallSink: Send + Sync {
    /// Takes one record.
    fn record(&self, call: CallRecord);
}
