//! Questions that only a SOAP service answers. They change nothing, so they are repeated like any read.

use bytes::Bytes;
use tieout_connector::{Fault, FaultOrigin};
use tieout_model::FaultClass;

use crate::client::{Client, Media};
use crate::wire::error_body::read_error;

impl Client {
    /// Sends an envelope that asks and changes nothing; gives the answer's envelope.
    ///
    /// # Errors
    /// [`Fault`] of the last attempt.
    pub(crate) async fn ask(
        &self,
        operation: &str,
        path: &str,
        action: &'static str,
        envelope: &str,
    ) -> Result<Bytes, Fault> {
        let mut attempt = 1;
        loop {
            match self.ask_once(operation, path, action, envelope).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => attempt = self.next_attempt(attempt, fault).await?,
            }
        }
    }

    async fn ask_once(
        &self,
        operation: &str,
        path: &str,
        action: &'static str,
        envelope: &str,
    ) -> Result<Bytes, Fault> {
        let media = Media {
            name: "text/xml; charset=utf-8",
            soap_action: Some(action),
        };
        let body = (media, Bytes::from(envelope.to_owned()));
        let sent = self.exchange(operation, http::Method::POST, path, body);
        let raw = sent.await.map_err(|failure| {
            let (class, origin) = (FaultClass::Unavailable, FaultOrigin::Transport);
            Fault::new(class, origin, operation, failure.to_string())
        })?;
        if (200..300).contains(&raw.status) {
            return Ok(raw.body);
        }
        let words = read_error(&raw.body);
        let is_soap = String::from_utf8_lossy(&raw.body).contains("faultstring");
        let class = match raw.status {
            401 | 403 => FaultClass::Unauthorised,
            429 | 503 => FaultClass::Throttled,
            // SOAP 1.1 sends its refusals with this status.
            500 if is_soap => FaultClass::Rejected,
            300..=499 => FaultClass::Incompatible,
            _ => FaultClass::Unavailable,
        };
        Err(self.fault(class, operation, &raw, &words))
    }
}
