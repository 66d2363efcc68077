//! A simulated company, the client in front of it, and what may go wrong between the two.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tieout_connector::{
    Captured, Cursor, Fault, Page, Scope, Secret, Source, Transport, TransportFailure, Waiter,
};
use tieout_intacct::{CREDENTIAL_HEADER, Intacct, IntacctConfig, OPERATION_HEADER};
use tieout_model::{
    Ambient, Clock, DocumentKind, Entropy, Envelope, PostingKind, SystemId, Timestamp,
};
use tieout_twins::Twin;
use tieout_twins::company::CompanyFolder;
use tieout_twins::intacct::{IntacctOptions, IntacctTwin};

/// What becomes of an answer on its way.
pub(crate) type Mishap = Box<dyn FnMut(&str) -> Option<Trouble> + Send>;

/// One way to lose or spoil an answer.
#[derive(Clone)]
pub(crate) enum Trouble {
    /// Another answer instead, the request unseen.
    Instead(u16, &'static str),
    /// The second half is missing.
    Cut,
    /// The request was seen, the answer is lost.
    Lost,
    /// All sessions end before the request is seen.
    Expired,
}

/// The gateway.
pub(crate) struct Gateway {
    pub(crate) twin: Mutex<IntacctTwin>,
    pub(crate) now_ms: Mutex<i64>,
    pub(crate) mishap: Mutex<Option<Mishap>>,
    pub(crate) operations: Mutex<Vec<String>>,
    pub(crate) waits: Mutex<u32>,
}

#[async_trait]
impl Transport for Gateway {
    async fn send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportFailure> {
        let headers = request.headers_mut();
        let operation = headers.remove(OPERATION_HEADER).unwrap();
        assert_eq!(headers.remove(CREDENTIAL_HEADER).unwrap(), "main");
        let operation = operation.to_str().unwrap().to_owned();
        self.operations.lock().unwrap().push(operation.clone());
        let trouble = match self.mishap.lock().unwrap().as_mut() {
            Some(mishap) => mishap(&operation),
            None => None,
        };
        let mut twin = self.twin.lock().unwrap();
        let now = self.now();
        match trouble {
            Some(Trouble::Instead(status, text)) => {
                let response = http::Response::builder().status(status);
                return Ok(response.body(Bytes::from_static(text.as_bytes())).unwrap());
            }
            Some(Trouble::Expired) => twin.end_sessions(),
            _ => {}
        }
        let response = twin.answer(now, request);
        match trouble {
            Some(Trouble::Lost) => Err(TransportFailure::NoAnswer("connection reset".to_owned())),
            Some(Trouble::Cut) => Ok(response.map(|body| body.slice(..body.len() / 2))),
            _ => Ok(response),
        }
    }
}

#[async_trait]
impl Waiter for Gateway {
    async fn wait(&self, _ms: u64) {
        *self.waits.lock().unwrap() += 1;
    }
}

impl Clock for Gateway {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(*self.now_ms.lock().unwrap())
    }
}

impl Gateway {
    fn now(&self) -> i64 {
        *self.now_ms.lock().unwrap()
    }
}

struct Zero;

impl Entropy for Zero {
    fn draw(&self) -> u64 {
        0
    }
}

/// 2027-02-01 00:00:00 UTC: after everything in the golden company.
pub(crate) const NOW_MS: i64 = 1_801_440_000_000;

/// The folder of the golden company.
pub(crate) fn folder() -> CompanyFolder {
    CompanyFolder::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden"))
}

/// A client in front of a freshly opened golden company.
pub(crate) fn golden(
    options: IntacctOptions,
    change: impl FnOnce(&mut IntacctConfig),
) -> (Intacct, Arc<Gateway>) {
    open(&folder(), options, change)
}

/// A client in front of a freshly opened company.
pub(crate) fn open(
    folder: &CompanyFolder,
    options: IntacctOptions,
    change: impl FnOnce(&mut IntacctConfig),
) -> (Intacct, Arc<Gateway>) {
    let twin = IntacctTwin::open(folder, options).unwrap();
    let login = twin.login();
    let endpoint = "http://127.0.0.1:8080/ia/xml/xmlgw.phtml";
    let system = SystemId::new("intacct");
    let mut config = IntacctConfig::new(system, endpoint, login.company_id)
        .with_custom_dimension("region", "GLDIMREGION")
        .with_custom_dimension("channel", "GLDIMCHANNEL");
    config.sender_id = login.sender_id;
    config.sender_password = Secret::new(login.sender_password);
    config.user_id = login.user_id;
    config.user_password = Secret::new(login.user_password);
    config.credential_name = "main".to_owned();
    change(&mut config);
    let gateway = Arc::new(Gateway {
        twin: Mutex::new(twin),
        now_ms: Mutex::new(NOW_MS),
        mishap: Mutex::new(None),
        operations: Mutex::new(Vec::new()),
        waits: Mutex::new(0),
    });
    let ambient = Ambient {
        clock: gateway.clone(),
        entropy: Arc::new(Zero),
    };
    let intacct = Intacct::new(config, gateway.clone(), ambient, gateway.clone());
    (intacct, gateway)
}

/// Runs a future to its end.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.build().unwrap().block_on(future)
}

/// All of one kind, everywhere.
pub(crate) fn all(kind: DocumentKind) -> Scope {
    Scope {
        kind,
        entities: BTreeSet::new(),
        postings_excluded: BTreeSet::new(),
    }
}

/// Journal entries whose documents do not travel natively.
pub(crate) fn other_postings() -> Scope {
    Scope {
        postings_excluded: BTreeSet::from([
            PostingKind::SupplierInvoice,
            PostingKind::SupplierCredit,
        ]),
        ..all(DocumentKind::JournalEntry)
    }
}

/// Reads until there is no more; every page's cursor is used by a client that may be another one.
pub(crate) fn drain(
    intacct: &Intacct,
    scope: &Scope,
    after: Option<Cursor>,
    limit: u32,
) -> Result<(Vec<Captured>, Cursor), Fault> {
    let mut captured = Vec::new();
    let mut cursor = after;
    for _ in 0..1_000 {
        let page: Page = run(intacct.changes(scope, cursor.as_ref(), limit))?;
        captured.extend(page.captured);
        if !page.has_more {
            return Ok((captured, page.next));
        }
        cursor = Some(page.next);
    }
    panic!("no end after 1,000 pages");
}

/// Documents by number, without repeats; anything else is a failure of the test.
pub(crate) fn documents(captured: &[Captured]) -> BTreeMap<String, Envelope> {
    let mut documents = BTreeMap::new();
    for one in captured {
        match one {
            Captured::Document(envelope) => {
                let key = envelope.origin.natural_key.as_str().to_owned();
                documents.insert(key, (**envelope).clone());
            }
            other => panic!("{other:?}"),
        }
    }
    documents
}

/// The rows of a CSV file of the golden company, by column. Fields of these files hold no line ends.
pub(crate) fn csv(name: &str) -> Vec<BTreeMap<String, String>> {
    let path = folder().root().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let mut lines = text.lines().map(split);
    let header = lines.next().unwrap();
    lines
        .map(|row| header.iter().cloned().zip(row).collect())
        .collect()
}

fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}
