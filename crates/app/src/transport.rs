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
        if announced > RESPONSE_LEN_MAX {
            return Err(too_large());
        }
        let first = answer.chunk().await.map_err(unreadable)?;
        let mut whole = first.unwrap_or_default();
        let mut body = BytesMut::new();
        while let Some(part) = answer.chunk().await.map_err(unreadable)? {
            // One part is the whole answer most of the time, and is then never copied.
            if body.is_empty() {
                body.reserve(announced);
                body.extend_from_slice(&whole);
            }
            if body.len() + part.len() > RESPONSE_LEN_MAX {
                return Err(too_large());
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

/// It is not read on; whether the other side did what was asked is unknown.
fn too_large() -> TransportFailure {
    TransportFailure::NoAnswer(format!(
        "the answer is larger than {RESPONSE_LEN_MAX} bytes"
    ))
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::sync::Arc;

    use bytes::Bytes;
    use http::Request;
    use tieout_connector::{Transport as _, TransportFailure};
    use tieout_pipeline::CallBuffer;

    use super::HttpTransport;
    use crate::ambient::real;

    /// Answers one request with 200 MB, their length announced or not, and says how many bytes the client took.
    fn endless(head: &'static str) -> (String, std::thread::JoinHandle<usize>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            let block = vec![b' '; 1 << 20];
            let mut taken = 0;
            while taken < 200 << 20 && stream.write_all(&block).is_ok() {
                taken += block.len();
            }
            taken
        });
        (format!("http://{address}/"), served)
    }

    fn refused(head: &'static str) -> usize {
        let (address, served) = endless(head);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let calls = Arc::new(CallBuffer::default());
        let transport =
            HttpTransport::new(("intacct", &address), 60_000, real(), calls.clone()).unwrap();
        let request = Request::post(address.as_str()).body(Bytes::new()).unwrap();
        let answer = runtime.block_on(transport.send(request));
        drop((transport, runtime));
        let Err(TransportFailure::NoAnswer(why)) = answer else {
            panic!("an answer of 200 MB was taken");
        };
        assert!(why.contains("larger than 67108864 bytes"), "{why}");
        assert_eq!(calls.take().len(), 1);
        served.join().unwrap()
    }

    #[test]
    fn an_answer_of_two_hundred_megabytes_is_refused_while_it_arrives() {
        let taken = refused("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        assert!(taken < 100 << 20, "{taken}");
    }

    #[test]
    fn an_answer_that_announces_too_much_is_not_read_at_all() {
        let taken = refused("HTTP/1.1 200 OK\r\ncontent-length: 209715200\r\n\r\n");
        assert!(taken < 30 << 20, "{taken}");
    }
}
