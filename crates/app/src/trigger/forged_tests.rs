//! Thirty calls that nobody with our secret made, as they come over the wire: none wakes anything.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;

use super::BODY_LEN_MAX;
use super::door::Haste;
use super::serve_within;
use super::tests::{signed, trigger};

/// A request as it is sent: line, headers, body.
struct Call {
    line: &'static str,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Call {
    fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        let pair = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_vec())
        };
        Self {
            line: "POST /trigger HTTP/1.1",
            headers: headers.iter().map(pair).collect(),
            body: body.to_vec(),
        }
    }

    /// The same with another value of a header; the value `None` takes it away.
    fn with(mut self, name: &str, value: Option<&[u8]>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        if let Some(value) = value {
            self.headers.push((name.to_owned(), value.to_vec()));
        }
        self
    }

    fn also(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_vec()));
        self
    }

    /// Sends it; the status of the answer, or 0 if the connection was closed without one.
    fn send(&self, at: SocketAddr) -> u16 {
        let mut stream = TcpStream::connect(at).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut bytes = format!("{}\r\nhost: t\r\nconnection: close\r\n", self.line).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", self.body.len()).as_bytes());
        bytes.extend_from_slice(&self.body);
        let _closed_early = stream.write_all(&bytes);
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer).into_owned();
        text.split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0)
    }
}

const SECRET: &str = "old";

fn good(id: &str) -> Call {
    let now = crate::ambient::unix_ms() / 1000;
    Call::of(&signed(id, now, b"{}", SECRET), b"{}")
}

/// A call signed for that time.
fn at(time: i64) -> Call {
    Call::of(&signed("time", time, b"{}", SECRET), b"{}")
}

fn signature(call: &Call) -> Vec<u8> {
    let found = call
        .headers
        .iter()
        .find(|(name, _)| name == "webhook-signature");
    found.unwrap().1.clone()
}

/// Calls without a signature, or with another one than ours.
fn wrongly_signed() -> Vec<(&'static str, Call)> {
    let now = crate::ambient::unix_ms() / 1000;
    let sign = |value: &[u8]| good("sign").with("webhook-signature", Some(value));
    let with_secret = |secret: &str| Call::of(&signed("s", now, b"{}", secret), b"{}");
    let cut = signature(&good("sign"));
    let of_digit = |digit: u8| [b"v1,".as_slice(), &[digit; 64]].concat();
    let many = [&b"v1,00 "[..]; 500].concat();
    let behind = [&[&b"v1,00 "[..]; 4].concat()[..], &cut].concat();
    vec![
        ("no id", good("a").with("webhook-id", None)),
        ("no time", good("a").with("webhook-timestamp", None)),
        ("no signature", good("a").with("webhook-signature", None)),
        ("nothing at all", Call::of(&HeaderMap::new(), b"{}")),
        ("empty signature", sign(b"")),
        ("no version", sign(&cut[3..])),
        ("another version", sign(&[&b"v2,"[..], &cut[3..]].concat())),
        ("signature cut", sign(&cut[..cut.len() - 2])),
        ("signature of odd length", sign(&cut[..cut.len() - 1])),
        ("signature lengthened", sign(&[&cut[..], b"00"].concat())),
        ("signature that is no hex", sign(&of_digit(b'Z'))),
        ("signature of zeros", sign(&of_digit(b'0'))),
        ("signature in other letters", sign("v1,ﬀﬀ".as_bytes())),
        ("five hundred signatures", sign(&many)),
        ("the right one behind four wrong ones", sign(&behind)),
        ("another secret", with_secret("other")),
        ("the empty secret", with_secret("")),
    ]
}

/// Calls that were signed for something else than they say.
fn otherwise_wrong() -> Vec<(&'static str, Call)> {
    let now = crate::ambient::unix_ms() / 1000;
    let other = |body: &'static [u8]| Call {
        body: body.to_vec(),
        ..good("body")
    };
    let line = |line: &'static str| Call {
        line,
        ..good("line")
    };
    let large = Call {
        body: vec![b'x'; BODY_LEN_MAX + 1],
        ..good("large")
    };
    // "a.1" and "2" sign the same bytes as "a" and "1.2".
    let moved = Call::of(&signed("a.1", now, b"{}", SECRET), b"{}")
        .with("webhook-id", Some(b"a"))
        .with("webhook-timestamp", Some(format!("1.{now}").as_bytes()));
    let soon = good("a").with("webhook-timestamp", Some(b"soon"));
    let elsewhere = line("POST /trigger/../admin HTTP/1.1");
    vec![
        ("body changed", other(b"{ }")),
        ("body lengthened", other(b"{}\n")),
        ("body taken away", other(b"")),
        ("id changed", good("a").with("webhook-id", Some(b"b"))),
        ("id moved into the time", moved),
        ("too old", at(now - 301)),
        ("too new", at(now + 330)),
        ("before all time", at(i64::MIN)),
        ("after all time", at(i64::MAX)),
        ("time that is no number", soon),
        ("a body beyond the bound", large),
        ("another method", line("GET /trigger HTTP/1.1")),
        (
            "another path",
            elsewhere.also("x-original-url", b"/trigger"),
        ),
    ]
}

/// The endpoint, served for as long as the runtime is kept, and where it listens.
fn opened(haste: Haste) -> (tokio::runtime::Runtime, SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let serving = runtime.block_on(serve_within(haste, trigger(), here));
    let (address, serving) = serving.unwrap();
    runtime.spawn(serving);
    (runtime, address)
}

#[test]
fn thirty_forged_calls_are_refused_and_wake_nothing() {
    let (_runtime, address) = opened(Haste::default());
    let mut calls = wrongly_signed();
    calls.extend(otherwise_wrong());
    assert_eq!(calls.len(), 30);
    for (name, call) in calls {
        let began = Instant::now();
        let status = call.send(address);
        assert!((400..500).contains(&status), "{name}: {status}");
        assert!(began.elapsed() < Duration::from_secs(1), "{name}");
    }
    // The door still works, once for each call.
    assert_eq!(good("good").send(address), 202);
    assert_eq!(good("good").send(address), 200);
}

/// What the endpoint answers to a call that stops in the middle.
fn answer_to(address: SocketAddr, beginning: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(5));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(beginning.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_caller_that_sends_slowly_is_cut_off() {
    let (_runtime, address) = opened(Haste {
        head: Duration::from_millis(50),
        call: Duration::from_millis(50),
        connection: Duration::from_secs(4),
    });
    let slow_body = "POST /trigger HTTP/1.1\r\nhost: t\r\ncontent-length: 9\r\n\r\n{";
    let answer = answer_to(address, slow_body);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.ends_with("did not arrive in time\n"), "{answer}");
    let slow_head = answer_to(address, "POST /trigger HTTP/1.1\r\nhost:");
    assert_eq!(
        (slow_head.as_str(), answer_to(address, "").as_str()),
        ("", "")
    );
}
