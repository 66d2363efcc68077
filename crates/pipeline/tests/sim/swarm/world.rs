//! One world: the company, both twins behind their doors, one store, and the workers' contexts.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use tieout_connector::Secret;
use tieout_engine::DeliveryPolicy;
use tieout_engine::crosswalk::Crosswalk;
use tieout_fusion::{Fusion, FusionConfig};
use tieout_intacct::{Intacct, IntacctConfig, UserZone};
use tieout_model::{Ambient, DocumentKind, EntityId, SystemId};
use tieout_pipeline::context::Bounds;
use tieout_pipeline::{CallBuffer, Carrier, Circuits, Context, Flow, System, Tally, streams};
use tieout_store::{DatabaseUrl, ExecutionMode, Gate, GateSide, Store};
use tieout_twins::company::CompanyFolder;
use tieout_twins::fusion::{FusionOptions, FusionTwin};
use tieout_twins::intacct::{IntacctOptions, IntacctTwin};

use super::door::{Caller, Door, Letter, Mail};
use super::faults::{Class, Faults};
use super::folder::Company;
use super::ledger::ENTITIES;
use super::make::STRANGER;
use super::people::People;
use super::planted::Bug;
use super::sched::{Chance, Idle, Rng, Sched, SkewedClock, Waits};
use crate::company::{crosswalk_by, table};

/// Everything in one seed.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) bug: Option<Bug>,
    pub(crate) sched: Arc<Sched>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) people: People,
    pub(crate) intacct: Arc<Door<IntacctTwin>>,
    pub(crate) fusion: Arc<Door<FusionTwin>>,
    pub(crate) mail: Arc<Mail>,
    pub(crate) store: Store,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) workers: usize,
    clocks: Vec<Arc<SkewedClock>>,
    /// The most that a clock ever was ahead of true time.
    pub(crate) clock_ahead_ms: AtomicI64,
    pub(crate) signals: Vec<Arc<AtomicBool>>,
    crosswalks: [Arc<Crosswalk>; 2],
    is_rotated: AtomicBool,
    pub(crate) keys_away_until: Mutex<i64>,
    pub(crate) shape: Shape,
    pub(crate) diary: Arc<Mutex<Diary>>,
    pub(crate) lives: Mutex<u64>,
    pub(crate) next_poll: Mutex<i64>,
    pub(crate) poll_ms: AtomicI64,
    pub(crate) refusals: Mutex<BTreeMap<String, u64>>,
}

/// Sizes of this world's tenant and program.
pub(crate) struct Shape {
    pub(crate) page_size: u32,
    pub(crate) per_query: usize,
    pub(crate) in_flight: usize,
    lease_len: usize,
}

/// Stands at the store: dies, waits, or says the disk is full.
struct StoreGate {
    sched: Arc<Sched>,
    faults: Arc<Faults>,
    life: u64,
    diary: Arc<Mutex<Diary>>,
}

/// What the judge may know of each life of a worker.
#[derive(Default)]
pub(crate) struct Diary {
    /// When it was stopped, or its database failed.
    pub(crate) troubles: BTreeMap<u64, Vec<i64>>,
    /// When it had sent a lot and recorded what came of it.
    pub(crate) recorded: BTreeMap<u64, Vec<i64>>,
}

impl StoreGate {
    fn note_trouble(&self) {
        let mut diary = self.diary.lock().unwrap();
        let troubles = diary.troubles.entry(self.life).or_default();
        troubles.push(self.sched.now_ms());
    }
}

impl Gate for StoreGate {
    fn pass<'a>(
        &'a self,
        side: GateSide,
        attempted: &'static str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let place = format!("{side:?} {attempted}");
            if self
                .faults
                .strikes(Class::Crash, self.sched.now_ms(), &place)
            {
                self.faults.mark(match side {
                    GateSide::Before => "died before a commit",
                    GateSide::After => "died after a commit",
                });
                self.sched.die().await;
            }
            if self
                .faults
                .strikes(Class::Pause, self.sched.now_ms(), &place)
            {
                self.note_trouble();
                let short = self.faults.between(0, 1) == 0;
                let most = if short { 30_000 } else { 10_800_000 };
                self.sched.sleep(self.faults.between(1_000, most)).await;
            }
            if self
                .faults
                .strikes(Class::Disk, self.sched.now_ms(), &place)
            {
                self.faults.mark(match side {
                    GateSide::Before => "disk full before a commit",
                    GateSide::After => "commit durable but reported as failed",
                });
                self.note_trouble();
                return Err("disk I/O error: no space left on device".into());
            }
            // Two workers come here in any order.
            self.sched.sleep(self.faults.between(0, 3)).await;
            Ok(())
        })
    }
}

impl World {
    /// The world of a seed.
    pub(crate) fn open(seed: u64, is_calm: bool, bug: Option<Bug>) -> Arc<Self> {
        let company = Company::of(seed);
        let folder = tempfile::Builder::new().prefix("world").tempdir().unwrap();
        let root = folder.path().join("sim");
        company.write(&root);
        let sched = Sched::new(company.epoch_ms);
        let faults = Arc::new(Faults::new(seed, is_calm));
        let mail = Arc::new(Mail::default());
        let mut rng = Rng::of(seed, "tenant");
        let (source, target) = twins(seed, &root, &mut rng);
        let workers = rng.between(1, 3) as usize;
        let clock = |_| {
            Arc::new(SkewedClock {
                sched: sched.clone(),
                skew_ms: Mutex::new(0),
            })
        };
        let url = DatabaseUrl::memory();
        let store =
            futures_util::future::FutureExt::now_or_never(Store::open(&url, ExecutionMode::Inline));
        let poll_ms = company.days * 86_400_000 / 16;
        Arc::new(Self {
            seed,
            bug,
            intacct: Arc::new(Door::new("source", source, &sched, &faults, &mail)),
            fusion: Arc::new(Door::new("target", target, &sched, &faults, &mail)),
            store: store.unwrap().unwrap(),
            workers,
            clocks: (0..workers).map(clock).collect(),
            clock_ahead_ms: AtomicI64::new(0),
            signals: (0..workers).map(|_| Arc::default()).collect(),
            crosswalks: [7, 8].map(|k| Arc::new(crosswalk_by(&root, [k; 32], STRANGER))),
            is_rotated: AtomicBool::new(false),
            keys_away_until: Mutex::new(0),
            shape: Shape {
                page_size: rng.between(3, 60) as u32,
                per_query: rng.between(2, 50) as usize,
                in_flight: rng.between(1, 3) as usize,
                lease_len: rng.between(3, 200) as usize,
            },
            people: People::new(seed, company),
            diary: Arc::default(),
            lives: Mutex::new(0),
            next_poll: Mutex::new(0),
            poll_ms: AtomicI64::new(poll_ms),
            refusals: Mutex::new(BTreeMap::new()),
            folder,
            mail,
            sched,
            faults,
        })
    }

    /// A new context for worker `n`, as after a start of the program.
    pub(crate) fn context(self: &Arc<Self>, n: usize) -> Context {
        let life = {
            let mut lives = self.lives.lock().unwrap();
            *lives += 1;
            *lives
        };
        let chance = Chance(Mutex::new(Rng::of(self.seed + life, "worker")));
        let ambient = Ambient {
            clock: self.clocks[n].clone(),
            entropy: Arc::new(chance),
        };
        let gate = Arc::new(StoreGate {
            sched: self.sched.clone(),
            faults: self.faults.clone(),
            life,
            diary: self.diary.clone(),
        });
        let crosswalk = usize::from(self.is_rotated.load(Ordering::SeqCst));
        let context = Context {
            store: self.store.gated(gate),
            systems: self.systems(&ambient, life),
            crosswalk: self.crosswalks[crosswalk].clone(),
            streams: streams(&self.flows()).unwrap(),
            // Its six look-ups of a journal reach back more than an hour, further than the replicas of these worlds lag.
            policy: DeliveryPolicy::default(),
            bounds: Bounds {
                lease_len_max: self.shape.lease_len,
                page_len_max: 50,
                ..Bounds::default()
            },
            ambient,
            waiter: Arc::new(Waits(self.sched.clone())),
            worker: format!("worker-{n}.{life}"),
            calls: Arc::new(CallBuffer::default()),
            tally: Arc::new(Tally::default()),
            circuits: Circuits::default(),
        };
        super::planted::plant(self, context)
    }

    fn systems(&self, ambient: &Ambient, life: u64) -> BTreeMap<SystemId, System> {
        let waiter = Arc::new(Waits(self.sched.clone()));
        let source = Arc::new(Intacct::new(
            self.source_config(),
            Arc::new(Caller {
                door: self.intacct.clone(),
                life,
            }),
            ambient.clone(),
            waiter.clone(),
        ));
        let login = self.fusion.twin.lock().unwrap().login();
        let system = SystemId::new("fusion");
        let mut config =
            FusionConfig::new("http://127.0.0.1:1", login.0, Secret::new(login.1), system);
        config.in_flight_max = self.shape.in_flight;
        config.invoices_per_query = self.shape.per_query;
        config.journals_per_query = self.shape.per_query;
        let target = Arc::new(Fusion::new(
            config,
            Arc::new(Caller {
                door: self.fusion.clone(),
                life,
            }),
            ambient.clone(),
            waiter,
        ));
        BTreeMap::from([
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
        ])
    }

    fn source_config(&self) -> IntacctConfig {
        let login = self.intacct.twin.lock().unwrap().login();
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
        config.bounds.page_size = self.shape.page_size;
        for row in table(&self.folder.path().join("sim"), "master/dimensions.csv") {
            if row["kind"] == "custom" {
                let field = format!("GLDIM{}", row["dimension"].to_uppercase());
                config = config.with_custom_dimension(&row["dimension"], &field);
            }
        }
        config
    }

    fn flows(&self) -> Vec<Flow> {
        let company = self.people.company.lock().unwrap();
        let entities: BTreeSet<EntityId> = company
            .entities
            .iter()
            .map(|e| EntityId::new(ENTITIES[*e].id))
            .collect();
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

    /// The source says that something changed; the message may be lost, late, doubled or out of order.
    pub(crate) fn announce(&self, now: i64, number: &str) {
        let deliver = |at| self.mail.post(&self.sched, at, Letter::Trigger);
        if !self.faults.strikes(Class::Webhook, now, number) {
            if self.faults.between(0, 3) == 0 {
                deliver(now + 500);
            }
            return;
        }
        match self.faults.between(0, 2) {
            0 => self.faults.mark("a trigger was lost"),
            1 => deliver(now + self.faults.between(1_000, 72 * 3_600_000)),
            _ => {
                for _ in 0..self.faults.between(2, 20) {
                    deliver(now + self.faults.between(0, 60_000));
                    self.faults.count(Class::Webhook, now, "doubled");
                }
            }
        }
    }

    /// Calls to both systems so far.
    pub(crate) fn calls(&self) -> u64 {
        self.fusion.counts.lock().unwrap().calls + self.intacct.counts.lock().unwrap().calls
    }

    /// Every worker that rests looks again.
    pub(crate) fn wake_workers(&self) {
        for signal in &self.signals {
            signal.store(true, Ordering::SeqCst);
        }
        self.sched.wake_all();
    }

    /// One worker's clock jumps.
    pub(crate) fn jump(&self, now: i64) {
        let n = self.faults.between(0, self.workers as i64 - 1) as usize;
        let by = [300_000, -300_000, 93_600_000, -93_600_000, 600_000];
        let by = by[self.faults.between(0, 4) as usize];
        let mut skew = self.clocks[n].skew_ms.lock().unwrap();
        *skew += by;
        self.clock_ahead_ms.fetch_max(*skew, Ordering::SeqCst);
        self.faults
            .count(Class::Clock, now, &format!("worker {n} by {by} ms"));
    }

    /// Clocks are set right.
    pub(crate) fn set_clocks(&self) {
        for clock in &self.clocks {
            *clock.skew_ms.lock().unwrap() = 0;
        }
    }

    /// The mapping is sealed with another key from now on, and the keys are not to be had for a while.
    pub(crate) fn rotate_key(&self, now: i64) {
        self.is_rotated.fetch_xor(true, Ordering::SeqCst);
        let away = self.faults.between(0, 3_600_000);
        *self.keys_away_until.lock().unwrap() = now + away;
        self.faults.count(Class::Keys, now, "rotated");
    }

    pub(crate) fn note_refused(&self, why: &str) {
        let why = why.split(|c: char| c.is_ascii_digit()).next().unwrap_or("");
        let mut refusals = self.refusals.lock().unwrap();
        *refusals.entry(why.to_owned()).or_default() += 1;
    }
}

fn twins(seed: u64, root: &std::path::Path, rng: &mut Rng) -> (IntacctTwin, FusionTwin) {
    let company = CompanyFolder::new(root);
    let source = IntacctOptions {
        seed,
        session_minutes: *rng.pick(&[30, 480]),
        visibility_delay_ms: *rng.pick(&[0, 0, 60_000, 1_800_000]),
        null_whenmodified_every: *rng.pick(&[0, 0, 3]),
        ..IntacctOptions::default()
    };
    let target = FusionOptions {
        seed,
        job_ms: *rng.pick(&[0, 5_000, 5_000, 60_000, 600_000, 5_400_000]),
        process_delay_ms: *rng.pick(&[0, 0, 0, 60_000, 60_000, 1_800_000]),
        separate_import_request: rng.chance(3_000),
        ..FusionOptions::default()
    };
    (
        IntacctTwin::open(&company, source).unwrap(),
        FusionTwin::open(&company, target).unwrap(),
    )
}

/// A task that lets arrive what is on its way.
pub(crate) async fn carry_mail(world: Arc<World>) {
    loop {
        while let Some(letter) = world.mail.take(world.sched.now_ms()) {
            match letter {
                Letter::Request(request) => world.fusion.arrive_late(request),
                Letter::Trigger => {
                    *world.next_poll.lock().unwrap() = 0;
                    world.wake_workers();
                }
            }
        }
        let wait = world
            .mail
            .next()
            .map_or(i64::MAX / 2, |at| at - world.sched.now_ms());
        let sleep = world.sched.sleep(wait.min(400 * 86_400_000));
        let signal = world.mail.signal.clone();
        Idle { sleep, signal }.await;
    }
}
