//! What a pass may touch.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tieout_connector::{Books, CallRecord, CallSink, Source, Target, Waiter};
use tieout_engine::crosswalk::Crosswalk;
use tieout_engine::{Actor, CallFact, Change, Changeset, CircuitPolicy, DeliveryPolicy, Moment};
use tieout_model::{Ambient, Document, SystemId, Timestamp, canonical};
use tieout_store::{CommitError, Committed, LoadError, Store, StoreFailure, StoredDelivery};

use crate::circuits::Circuits;
use crate::flow::Stream;

/// One system with its roles.
#[derive(Clone)]
pub struct System {
    /// Tells what changed.
    pub source: Option<Arc<dyn Source>>,
    /// Takes documents.
    pub target: Option<Arc<dyn Target>>,
    /// Shows what its ledger holds.
    pub books: Arc<dyn Books>,
}

/// The bounds of one pass.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Documents asked for in one page.
    pub page_len_max: u32,
    /// Documents translated in one changeset.
    pub translate_len_max: usize,
    /// Documents that wait for another one, looked at in one pass.
    pub waiting_len_max: usize,
    /// Deliveries leased at a time, at most: fewer while their system is slow.
    pub lease_len_max: usize,
    /// Deliveries asked about at a time.
    pub confirm_len_max: usize,
    /// Nothing more is read from the sources while so many documents wait to be translated or sent.
    pub queue_len_max: u64,
    /// When a system that does not answer is left alone.
    pub circuit: CircuitPolicy,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            page_len_max: 2_000,
            translate_len_max: 500,
            waiting_len_max: 5_000,
            lease_len_max: 400,
            confirm_len_max: 400,
            queue_len_max: 100_000,
            circuit: CircuitPolicy::default(),
        }
    }
}

/// Everything a pass may touch.
pub struct Context {
    /// Where all that is durable goes.
    pub store: Store,
    /// The systems by name.
    pub systems: BTreeMap<SystemId, System>,
    /// The signed mapping.
    pub crosswalk: Arc<Crosswalk>,
    /// What is extracted.
    pub streams: Vec<Stream>,
    /// The figures of delivery.
    pub policy: DeliveryPolicy,
    /// The bounds of one pass.
    pub bounds: Bounds,
    /// Time and chance.
    pub ambient: Ambient,
    /// Waits, in real or virtual time.
    pub waiter: Arc<dyn Waiter>,
    /// This process.
    pub worker: String,
    /// Calls that are not yet in the audit log.
    pub calls: Arc<CallBuffer>,
    /// What was done so far, for people who watch.
    pub tally: Arc<Tally>,
    /// Which systems are away.
    pub circuits: Circuits,
}

/// Why a pass ended early. A system's fault is no reason: it is an event of a delivery.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// The store could not be read.
    #[error("reading what is due failed")]
    Load(#[from] LoadError),
    /// The store could not be written.
    #[error("recording the {stage} pass failed")]
    Commit {
        /// Which pass.
        stage: &'static str,
        /// Why.
        #[source]
        cause: CommitError,
    },
    /// A row in the store is not what we wrote.
    #[error("a stored row cannot be read back: {0}")]
    Damaged(String),
    /// The evidence can't be judged.
    #[error("the evidence cannot be judged")]
    Evidence(#[from] tieout_engine::reconcile::Unreconcilable),
    /// The source could not be read.
    #[error("reading from {system} failed: {detail}")]
    Source {
        /// Which system.
        system: SystemId,
        /// The fault.
        detail: tieout_connector::Fault,
    },
}

impl PassError {
    /// What the store said if it could not answer now, and may later.
    pub(crate) const fn outage(&self) -> Option<&StoreFailure> {
        match self {
            Self::Load(LoadError::Unavailable(failure))
            | Self::Commit {
                cause: CommitError::Unavailable(failure),
                ..
            } => Some(failure),
            Self::Load(LoadError::Corrupt(_))
            | Self::Commit {
                cause: CommitError::Corrupt(_) | CommitError::Conflict(_),
                ..
            }
            | Self::Damaged(_)
            | Self::Evidence(_)
            | Self::Source { .. } => None,
        }
    }
}

/// What a pass achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many things were done; there may be more.
    Worked(u32),
    /// Nothing is to be done before that instant (`None`: until something happens).
    Idle {
        /// When something becomes due.
        wake_at: Option<Timestamp>,
    },
}

impl Context {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.ambient.clock.now()
    }

    /// Now, with chance.
    pub fn moment(&self) -> Moment {
        Moment {
            now: self.now(),
            jitter: self.ambient.entropy.draw(),
        }
    }

    /// Commits changes of this worker. A conflict means that somebody else was faster: nothing was done, the next pass looks again.
    ///
    /// # Errors
    /// [`PassError::Commit`] if the store fails.
    pub async fn commit(
        &self,
        stage: &'static str,
        changes: Vec<Change>,
    ) -> Result<Option<Committed>, PassError> {
        let mut changes = changes;
        let calls = self.calls.take();
        if !calls.is_empty() {
            changes.push(Change::RecordCalls(calls));
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let by = Actor::Worker(self.worker.clone());
        let set = Arc::new(Changeset {
            by,
            why: stage.to_owned(),
            at: self.now(),
            changes,
        });
        match self.store.commit(Arc::clone(&set)).await {
            Ok(committed) => Ok(Some(committed)),
            Err(CommitError::Conflict(conflict)) => {
                tracing::debug!(stage, %conflict, "somebody else was faster");
                if let Some(Change::RecordCalls(calls)) = set.changes.last() {
                    self.calls.put_back(calls.clone());
                }
                Ok(None)
            }
            Err(cause) => Err(PassError::Commit { stage, cause }),
        }
    }

    /// Every source was read to its end: a restored database has seen all that the lost time may have done.
    pub(crate) async fn caught_up(&self) -> Result<(), PassError> {
        let restored = self.store.restored().await?;
        if restored.is_none_or(|found| found.through.is_some()) {
            return Ok(());
        }
        let by = Actor::Worker(self.worker.clone());
        let noted = self.store.caught_up(by, self.now()).await;
        noted.map_err(|cause| PassError::Commit {
            stage: "extract",
            cause,
        })
    }
}

/// The document a delivery carries.
pub(crate) fn decoded(stored: &StoredDelivery) -> Result<Document, PassError> {
    canonical::decode_document(&stored.payload)
        .map_err(|e| PassError::Damaged(format!("delivery {}: {e}", stored.delivery.id)))
}

/// Calls waiting to be recorded with the next changeset.
#[derive(Default)]
pub struct CallBuffer(Mutex<Vec<CallFact>>);

impl CallBuffer {
    /// Takes what is waiting.
    pub fn take(&self) -> Vec<CallFact> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what was not recorded, before what came since.
    fn put_back(&self, mut calls: Vec<CallFact>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.append(&mut waiting);
        *waiting = calls;
    }
}

impl CallSink for CallBuffer {
    fn record(&self, call: CallRecord) {
        let fact = CallFact {
            at: call.at,
            system: call.system,
            operation: call.operation,
            credential: call.credential,
            request: call.request_digest,
            status: call.status,
            response: call.response_digest,
            response_bytes: call.response_bytes,
            duration_ms: call.duration_ms,
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fact);
    }
}

/// Counts what was done, for progress bars. Never read by a decision.
#[derive(Debug, Default)]
pub struct Tally {
    /// Documents captured (new or changed).
    pub captured: AtomicU64,
    /// Documents translated.
    pub translated: AtomicU64,
    /// Documents held.
    pub held: AtomicU64,
    /// Deliveries sent.
    pub sent: AtomicU64,
    /// Deliveries read back as posted.
    pub posted: AtomicU64,
    /// Deliveries refused.
    pub rejected: AtomicU64,
}

impl Tally {
    /// Adds to one counter.
    pub fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
