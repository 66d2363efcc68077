//! One world: both twins, the real clients, the real store, virtual time, and faults at the door to the outside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use tieout_connector::{Secret, Transport, TransportFailure, Waiter};
use tieout_engine::DeliveryPolicy;
use tieout_fusion::{Fusion, FusionConfig};
use tieout_intacct::{Intacct, IntacctConfig, UserZone};
use tieout_model::{Ambient, Clock, DocumentKind, EntityId, Entropy, SystemId, Timestamp};
use tieout_pipeline::context::Bounds;
use tieout_pipeline::{
    CallBuffer, Carrier, Circuits, Context, Drained, Flow, System, Tally, drain, streams,
};
use tieout_store::{DatabaseUrl, ExecutionMode, Store};
use tieout_twins::Twin;
use tieout_twins::company::CompanyFolder;
use tieout_twins::fusion::{FusionOptions, FusionTwin};
use tieout_twins::intacct::{IntacctOptions, IntacctTwin};

use crate::company::{crosswalk, table};
use crate::killed_anywhere::Fate;

/// 2027-02-10T00:00:00Z: after everything in the golden company.
const EPOCH_MS: i64 = 1_802_217_600_000;

/// Virtual time and seeded chance.
pub(crate) struct Virtual {
    now_ms: Mutex<i64>,
    state: Mutex<u64>,
}

impl Virtual {
    fn new(seed: u64) -> Self {
        Self {
            now_ms: Mutex::new(EPOCH_MS),
            state: Mutex::new(seed),
        }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        *self.now_ms.lock().unwrap()
    }

    pub(crate) fn advance(&self, ms: i64) {
        *self.now_ms.lock().unwrap() += ms;
    }
}

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms())
    }
}

/// SplitMix64.
impl Entropy for Virtual {
    fn draw(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[async_trait]
impl Waiter for Virtual {
    async fn wait(&self, ms: u64) {
        // Who has something to do goes first: time passes only if all wait.
        tokio::task::yield_now().await;
        self.advance(i64::try_from(ms).unwrap());
    }
}

/// What happens to a request, decided by a test: a function of its running number, whether it writes, and its operation.
pub(crate) type Mischief = Box<dyn FnMut(u64, bool, &str) -> Mishap + Send>;

/// One mishap at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    None,
    /// The connection could not even be made.
    NotSent,
    /// The request never arrives.
    LoseRequest,
    /// The other side acts, its answer is lost.
    LoseAnswer,
    /// The other side acts, its answer is cut in half.
    Truncate,
    /// The other side acts and answers with an error page.
    FailAfterwards,
    /// The other side does not act and answers with an error page.
    Unavailable,
    /// The request arrives twice; the first answer is seen.
    Twice,
}

/// A twin behind the door.
pub(crate) struct Door<T> {
    pub(crate) twin: Mutex<T>,
    time: Arc<Virtual>,
    pub(crate) mischief: Mutex<Mischief>,
    pub(crate) count: Mutex<u64>,
    /// Bodies of writes, by operation.
    written: Mutex<Vec<(String, Bytes)>>,
    /// Where a worker may be killed.
    fate: Mutex<Option<Arc<Fate>>>,
}

impl<T: Twin> Door<T> {
    fn new(twin: T, time: Arc<Virtual>) -> Self {
        let mischief: Mischief = Box::new(|_, _, _| Mishap::None);
        Self {
            twin: Mutex::new(twin),
            time,
            mischief: Mutex::new(mischief),
            count: Mutex::new(0),
            written: Mutex::default(),
            fate: Mutex::default(),
        }
    }

    /// From now on calls pass points at which their worker may be killed, or no more.
    pub(crate) fn meet(&self, fate: Option<Arc<Fate>>) {
        *self.fate.lock().unwrap() = fate;
    }

    /// What was written under that operation.
    pub(crate) fn bodies(&self, operation: &str) -> Vec<String> {
        let written = self.written.lock().unwrap();
        let own = written.iter().filter(|(name, _)| name == operation);
        own.map(|(_, body)| String::from_utf8_lossy(body).into_owned())
            .collect()
    }
}

#[async_trait]
impl<T: Twin> Transport for Door<T> {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportFailure> {
        let operation = request.headers_mut().remove("x-tieout-operation");
        let operation = operation
            .map(|o| o.to_str().unwrap().to_owned())
            .unwrap_or_default();
        request.headers_mut().remove("x-tieout-credential");
        let is_write = operation.starts_with("POST") || operation.starts_with("create");
        let number = {
            let mut count = self.count.lock().unwrap();
            *count += 1;
            *count
        };
        let fate = self.fate.lock().unwrap().clone();
        if let Some(fate) = &fate {
            fate.pass(&format!("before {operation}")).await;
        }
        let done = format!("after {operation}");
        let mishap = (self.mischief.lock().unwrap())(number, is_write, &operation);
        if is_write {
            let mut written = self.written.lock().unwrap();
            written.push((operation, request.body().clone()));
        }
        self.time.advance(1);
        match mishap {
            Mishap::NotSent => return Err(TransportFailure::NotSent("refused".into())),
            Mishap::LoseRequest => return Err(TransportFailure::NoAnswer("reset".into())),
            Mishap::Unavailable => {
                let mut page = Response::new(Bytes::from_static(b"<html>try later</html>"));
                *page.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
                return Ok(page);
            }
            Mishap::None
            | Mishap::LoseAnswer
            | Mishap::Truncate
            | Mishap::FailAfterwards
            | Mishap::Twice => {}
        }
        let again = (mishap == Mishap::Twice).then(|| copy(&request));
        let answer = {
            let mut twin = self.twin.lock().unwrap();
            let answer = twin.answer(self.time.now_ms(), request);
            if let Some(again) = again {
                twin.answer(self.time.now_ms(), again);
            }
            answer
        };
        if let Some(fate) = &fate {
            fate.pass(&done).await;
        }
        match mishap {
            Mishap::LoseAnswer => Err(TransportFailure::NoAnswer("timed out".into())),
            Mishap::FailAfterwards => {
                let mut page = Response::new(Bytes::from_static(b"<html>bad gateway</html>"));
                *page.status_mut() = http::StatusCode::BAD_GATEWAY;
                Ok(page)
            }
            Mishap::Truncate => Ok(answer.map(|body| body.slice(..body.len() / 2))),
            _ => Ok(answer),
        }
    }
}

fn copy(request: &Request<Bytes>) -> Request<Bytes> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// Everything.
pub(crate) struct World {
    pub(crate) time: Arc<Virtual>,
    pub(crate) intacct: Arc<Door<IntacctTwin>>,
    pub(crate) fusion: Arc<Door<FusionTwin>>,
    pub(crate) folder: PathBuf,
    pub(crate) entities: BTreeSet<EntityId>,
    pub(crate) database: tempfile::TempDir,
    pub(crate) company_id: String,
    pub(crate) context: Context,
}

impl World {
    /// A fresh world of a company folder.
    pub(crate) async fn open(folder: PathBuf, seed: u64) -> Self {
        let options = FusionOptions {
            seed,
            ..FusionOptions::default()
        };
        Self::open_with(folder, seed, options).await
    }

    /// A fresh world of a company folder whose target behaves in its own way.
    pub(crate) async fn open_with(folder: PathBuf, seed: u64, target: FusionOptions) -> Self {
        let company = CompanyFolder::new(&folder);
        let time = Arc::new(Virtual::new(seed));
        let options = IntacctOptions {
            seed,
            ..IntacctOptions::default()
        };
        let intacct = IntacctTwin::open(&company, options).unwrap();
        let fusion = FusionTwin::open(&company, target).unwrap();
        let intacct = Arc::new(Door::new(intacct, time.clone()));
        let fusion = Arc::new(Door::new(fusion, time.clone()));
        let database = tempfile::tempdir().unwrap();
        let entities: BTreeSet<EntityId> = table(&folder, "master/entities.csv")
            .iter()
            .filter(|row| !row["fusion_business_unit"].is_empty())
            .map(|row| EntityId::new(&row["entity_id"]))
            .collect();
        let context = context(&folder, &time, &intacct, &fusion, &entities, &database).await;
        Self {
            time,
            intacct,
            fusion,
            folder,
            entities,
            database,
            company_id: company.company_id(),
            context,
        }
    }

    /// The worker dies and another one starts on the same database.
    pub(crate) async fn restart(&mut self) {
        self.context = context(
            &self.folder,
            &self.time,
            &self.intacct,
            &self.fusion,
            &self.entities,
            &self.database,
        )
        .await;
    }

    /// From now on the system of record takes documents, and nothing is read.
    pub(crate) fn send_to_intacct(&mut self) {
        let ambient = self.context.ambient.clone();
        let client = source(&self.folder, &self.time, &self.intacct, &ambient);
        let name = SystemId::new("intacct");
        let system = self.context.systems.get_mut(&name).unwrap();
        system.target = Some(Arc::new(client));
        system.source = None;
        self.context.streams.clear();
    }

    /// Another worker goes on, on the same open database.
    pub(crate) fn hand_over(&mut self, worker: &str) {
        worker.clone_into(&mut self.context.worker);
    }

    /// Until nothing is due. The runtime's budget per turn is lifted: it would let virtual time pass at places that depend on what ran
    /// before in the same test.
    pub(crate) async fn drain(&self) -> Drained {
        let drained = drain(&self.context, 86_400_000, 50);
        tokio::task::unconstrained(drained).await.unwrap()
    }

    /// The stamp of the journal entry with that number, as the target shows it.
    pub(crate) fn journal_stamp(&self, number: &str) -> String {
        let origin = self.intacct.twin.lock().unwrap().documents_csv();
        let mut reader = csv::Reader::from_reader(origin.as_bytes());
        let _ = reader.headers().unwrap();
        let stamps = self.fusion.twin.lock().unwrap().documents_csv();
        let mut found = csv::Reader::from_reader(stamps.as_bytes());
        let row = found
            .records()
            .map(Result::unwrap)
            .find(|row| row[1].contains(number));
        row.unwrap_or_else(|| panic!("{number} is not in the target:\n{stamps}"))[2].to_owned()
    }

    pub(crate) fn fusion_trial_balance(&self) -> String {
        self.fusion.twin.lock().unwrap().trial_balance_csv()
    }
}

async fn context(
    folder: &std::path::Path,
    time: &Arc<Virtual>,
    intacct: &Arc<Door<IntacctTwin>>,
    fusion: &Arc<Door<FusionTwin>>,
    entities: &BTreeSet<EntityId>,
    database: &tempfile::TempDir,
) -> Context {
    let ambient = Ambient {
        clock: time.clone(),
        entropy: time.clone(),
    };
    let source = Arc::new(source(folder, time, intacct, &ambient));
    let login = fusion.twin.lock().unwrap().login();
    let mut config = FusionConfig::new(
        "http://127.0.0.1:1",
        login.0,
        Secret::new(login.1),
        SystemId::new("fusion"),
    );
    config.in_flight_max = 1;
    let target = Arc::new(Fusion::new(
        config,
        fusion.clone(),
        ambient.clone(),
        time.clone(),
    ));
    let url: DatabaseUrl = format!("sqlite:{}", database.path().join("tieout.db").display())
        .parse()
        .unwrap();
    Context {
        store: Store::open(&url, ExecutionMode::Inline).await.unwrap(),
        systems: BTreeMap::from([
            (
                SystemId::new("intacct"),
                System {
                    source: Some(source.clone()),
                    target: None,
                    books: source,
                },
            ),
            (
                SystemId::new("fusion"),
                System {
                    source: None,
                    target: Some(target.clone()),
                    books: target,
                },
            ),
        ]),
        crosswalk: Arc::new(crosswalk(folder)),
        streams: streams(&flows(entities)).unwrap(),
        policy: DeliveryPolicy::default(),
        bounds: Bounds::default(),
        ambient,
        waiter: time.clone(),
        worker: "worker-1".into(),
        calls: Arc::new(CallBuffer::default()),
        tally: Arc::new(Tally::default()),
        circuits: Circuits::default(),
    }
}

fn source(
    folder: &std::path::Path,
    time: &Arc<Virtual>,
    intacct: &Arc<Door<IntacctTwin>>,
    ambient: &Ambient,
) -> Intacct {
    let login = intacct.twin.lock().unwrap().login();
    let mut config = IntacctConfig::new(
        SystemId::new("intacct"),
        "http://127.0.0.1:1/ia/xml/xmlgw.phtml",
        login.company_id,
    );
    config.sender_id = login.sender_id;
    config.sender_password = Secret::new(login.sender_password);
    config.user_id = login.user_id;
    config.user_password = Secret::new(login.user_password);
    config.zone = UserZone::Fixed { offset_minutes: 0 };
    config.capture.settle_ms = 0;
    for row in table(folder, "master/dimensions.csv") {
        if row["kind"] == "custom" {
            let field = format!("GLDIM{}", row["dimension"].to_uppercase());
            config = config.with_custom_dimension(&row["dimension"], &field);
        }
    }
    Intacct::new(config, intacct.clone(), ambient.clone(), time.clone())
}

fn flows(entities: &BTreeSet<EntityId>) -> Vec<Flow> {
    [
        DocumentKind::SupplierInvoice,
        DocumentKind::SupplierCredit,
        DocumentKind::JournalEntry,
    ]
    .into_iter()
    .map(|kind| Flow {
        kind,
        carrier: Carrier::Native,
        entities: entities.clone(),
        source: SystemId::new("intacct"),
        target: SystemId::new("fusion"),
        cadence: tieout_engine::Cadence::real_time(),
    })
    .collect()
}
