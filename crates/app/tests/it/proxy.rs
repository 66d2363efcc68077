//! A proxy before a simulator that gives some answers of its own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::http::exchange;

/// An answer given once instead of the simulator's, to the first call of that method whose path contains that part.
#[derive(Debug, Clone)]
pub(crate) struct Spoiled {
    method: &'static str,
    path: &'static str,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Spoiled {
    pub(crate) fn new(method: &'static str, path: &'static str, status: u16, body: String) -> Self {
        Self {
            method,
            path,
            status,
            headers: Vec::new(),
            body,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

struct Shared {
    /// Base address of the simulator.
    to: String,
    own: String,
    spoiled: Mutex<Vec<Spoiled>>,
    sessions: Mutex<Vec<String>>,
}

/// Serves until the test ends.
pub(crate) struct Proxy {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Stands before the simulator at `address` (its path does not count).
    pub(crate) fn before(address: &str, spoiled: Vec<Spoiled>) -> Self {
        let rest = address.strip_prefix("http://").unwrap();
        let to = rest.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            to,
            own: own.clone(),
            spoiled: Mutex::new(spoiled),
            sessions: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        Self {
            url: format!("http://{own}"),
            shared,
        }
    }

    /// Spoiled answers that were not given yet.
    pub(crate) fn left(&self) -> usize {
        self.shared.spoiled.lock().unwrap().len()
    }

    /// Ids of sessions that passed.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let mut sessions = self.shared.sessions.lock().unwrap().clone();
        sessions.sort();
        sessions.dedup();
        sessions
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let Some((head, body)) = request(&mut stream) else {
            return;
        };
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap().split(' ');
        let (method, path) = (first.next().unwrap(), first.next().unwrap());
        let headers: Vec<(&str, &str)> = lines
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _)| {
                let hop = ["host", "connection", "content-length", "transfer-encoding"];
                !hop.contains(&name.to_ascii_lowercase().as_str())
            })
            .collect();
        let spoiled = {
            let mut all = self.spoiled.lock().unwrap();
            let fits = |one: &Spoiled| one.method == method && path.contains(one.path);
            let place = all.iter().position(fits);
            place.map(|place| all.remove(place))
        };
        let (status, headers, body) = match spoiled {
            Some(answer) => (answer.status, answer.headers, answer.body.into_bytes()),
            None => {
                let url = format!("http://{}{path}", self.to);
                let Some(answer) = exchange(method, &url, &headers, &body) else {
                    return;
                };
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                self.note_sessions(&text);
                // Addresses in answers lead back here.
                let text = text.replace(&self.to, &self.own);
                (answer.status, Vec::new(), text.into_bytes())
            }
        };
        let mut out = format!(
            "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str("\r\n");
        let _gone = stream.write_all(out.as_bytes());
        let _gone = stream.write_all(&body);
    }

    fn note_sessions(&self, text: &str) {
        let mut sessions = self.sessions.lock().unwrap();
        for part in text.split("<sessionid>").skip(1) {
            let id = part.split('<').next().unwrap_or_default();
            if id.len() >= 8 {
                sessions.push(id.to_owned());
            }
        }
    }
}

/// Head and body of one request.
fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        let count = stream.read(&mut buffer).ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&buffer[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length.unwrap_or(0) {
        let count = stream.read(&mut buffer).ok()?;
        if count == 0 {
            return None;
        }
        body.extend_from_slice(&buffer[..count]);
    }
    Some((head, body))
}
