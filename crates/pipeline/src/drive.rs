//! The one file that waits.
//!
//! [`run`] drives the four stages side by side until told to stop, each woken by the one before it, by a trigger or by what falls due;
//! polling stands beside every trigger, so a lost wake-up costs time and nothing else. [`drain`] drives them in turn until nothing is due,
//! which is also the order in which a simulation sees them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use tieout_model::Timestamp;
use tokio::sync::Notify;

use crate::context::{Context, PassError, Progress};
use crate::{confirm, deliver, extract, translate};

/// Longest wait before a stage looks by itself, whatever it was told.
const LOOK_INTERVAL_MS: u64 = 1_000;
/// How long a stage waits for a store that does not answer (a server that restarts, a standby that takes over, a disk that is full) before
/// the program ends: whoever watches it must then be told.
const STORE_PATIENCE_MS: i64 = 60_000;

/// Wakes the stages, and stops them.
#[derive(Debug, Default)]
pub struct Wake {
    extract: Notify,
    translate: Notify,
    deliver: Notify,
    confirm: Notify,
    is_stopping: AtomicBool,
}

impl Wake {
    /// Says: look at the sources.
    pub fn trigger(&self) {
        self.extract.notify_one();
    }

    /// Says: look at everything, a person has changed something.
    pub fn all(&self) {
        for stage in [&self.extract, &self.translate, &self.deliver, &self.confirm] {
            stage.notify_one();
        }
    }

    /// Says: finish what is in hand and end.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.all();
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Rounds that did something.
    pub rounds: u64,
}

/// Drives all stages side by side until [`Wake::stop`]. `poll_interval_ms` is how often sources are read without a trigger; flows with a
/// cadence are read at its times, which no trigger hurries.
///
/// # Errors
/// [`PassError`] if the store is damaged or does not answer for a minute; a source that can't be read is tried again.
pub async fn run(
    context: Arc<Context>,
    wake: Arc<Wake>,
    poll_interval_ms: u64,
) -> Result<(), PassError> {
    let waiting = Waiting::default();
    let translate = async {
        let mut outage = waiting.outage();
        while !wake.is_stopping() {
            let done = translate::pass(&context).await;
            match outage.sit_out(&context, done).await? {
                Some(Progress::Worked(_)) => wake.deliver.notify_one(),
                Some(Progress::Idle { .. }) => {
                    rest(&context, &wake.translate, LOOK_INTERVAL_MS).await;
                }
                None => {}
            }
        }
        Ok(())
    };
    let confirm = async {
        let mut outage = waiting.outage();
        while !wake.is_stopping() {
            let done = confirm::pass(&context).await;
            match outage.sit_out(&context, done).await? {
                // A settled delivery may let the next one of its document go.
                Some(Progress::Worked(_)) => wake.deliver.notify_one(),
                Some(Progress::Idle { wake_at }) => {
                    let wait = wait_ms(&context, wake_at);
                    rest(&context, &wake.confirm, wait).await;
                }
                None => {}
            }
        }
        Ok(())
    };
    let lanes = async {
        let lanes = (0..LANES).map(|_| deliver_lane(&context, &wake, waiting.outage()));
        futures_util::future::try_join_all(lanes).await.map(|_| ())
    };
    let extract = read_sources(&context, &wake, poll_interval_ms, waiting.outage());
    futures_util::future::try_join4(extract, translate, lanes, confirm)
        .await
        .map(|_| ())
}

/// The first stage.
async fn read_sources(
    context: &Context,
    wake: &Wake,
    poll_interval_ms: u64,
    mut outage: Outage<'_>,
) -> Result<(), PassError> {
    while !wake.is_stopping() {
        match outage.sit_out(context, read(context).await).await {
            Ok(Some(Progress::Worked(_))) => wake.translate.notify_one(),
            Ok(Some(Progress::Idle { wake_at })) => {
                let pause = wake_at.map_or(poll_interval_ms, |at| until_ms(context, at));
                rest(context, &wake.extract, pause.min(poll_interval_ms)).await;
            }
            Ok(None) => {}
            Err(PassError::Source { system, detail }) => {
                // Said once, by the circuit.
                tracing::debug!(%system, %detail, "source cannot be read, will try again");
                let pause = detail.retry_after_ms.unwrap_or(LOOK_INTERVAL_MS).max(100);
                rest(context, &wake.extract, pause.min(60_000)).await;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Reads once; when idle, until something is due or a cadence's next time.
async fn read(context: &Context) -> Result<Progress, PassError> {
    match extract::pass(context).await? {
        Progress::Idle { wake_at } => {
            let next_read = extract::next_read(context).await?;
            let wake_at = wake_at.into_iter().chain(next_read).min();
            Ok(Progress::Idle { wake_at })
        }
        worked @ Progress::Worked(_) => Ok(worked),
    }
}

/// One lane of delivery; several of them overlap sending with recording.
async fn deliver_lane(
    context: &Context,
    wake: &Wake,
    mut outage: Outage<'_>,
) -> Result<(), PassError> {
    while !wake.is_stopping() {
        let done = deliver::pass(context).await;
        match outage.sit_out(context, done).await? {
            Some(Progress::Worked(_)) => wake.confirm.notify_one(),
            Some(Progress::Idle { wake_at }) => {
                let wait = wait_ms(context, wake_at);
                rest(context, &wake.deliver, wait).await;
            }
            None => {}
        }
    }
    Ok(())
}

/// How many stages wait for the store: the first says so, and the last that goes on.
#[derive(Debug, Default)]
struct Waiting(AtomicU32);

impl Waiting {
    const fn outage(&self) -> Outage<'_> {
        Outage {
            all: self,
            since: None,
        }
    }
}

/// One stage's outage of the store.
struct Outage<'a> {
    all: &'a Waiting,
    since: Option<Timestamp>,
}

impl Outage<'_> {
    /// The answer of a pass; `None` after a wait if the store did not answer. A pass that failed may be run again like any other: whether its
    /// last write became durable, the next one sees.
    async fn sit_out(
        &mut self,
        context: &Context,
        done: Result<Progress, PassError>,
    ) -> Result<Option<Progress>, PassError> {
        let ended = match done {
            Ok(progress) => {
                if self.since.take().is_some() && self.all.0.fetch_sub(1, Ordering::SeqCst) == 1 {
                    tracing::warn!("the database answers again");
                }
                return Ok(Some(progress));
            }
            Err(ended) => ended,
        };
        let Some(failure) = ended.outage() else {
            return Err(ended);
        };
        let now = context.now();
        if self.since.is_none() && self.all.0.fetch_add(1, Ordering::SeqCst) == 0 {
            tracing::warn!(%failure, "the database does not answer, will look again");
        }
        let since = *self.since.get_or_insert(now);
        if now.millis().saturating_sub(since.millis()) >= STORE_PATIENCE_MS {
            return Err(ended);
        }
        context.waiter.wait(LOOK_INTERVAL_MS).await;
        Ok(None)
    }
}

/// Drives the stages in turn until nothing is due within `patience_ms`.
///
/// # Errors
/// [`PassError`] if the store fails, or a source stays unreadable for `source_failures_max` rounds in a row.
pub async fn drain(
    context: &Context,
    patience_ms: i64,
    source_failures_max: u32,
) -> Result<Drained, PassError> {
    let mut drained = Drained { rounds: 0 };
    let mut source_failures = 0;
    loop {
        let (mut is_busy, mut is_waiting) = (false, false);
        match extract::pass(context).await {
            Ok(progress) => {
                source_failures = 0;
                is_busy |= matches!(progress, Progress::Worked(_));
            }
            Err(fault @ PassError::Source { .. }) => {
                source_failures += 1;
                if source_failures >= source_failures_max {
                    return Err(fault);
                }
                context.waiter.wait(LOOK_INTERVAL_MS).await;
                is_waiting = true;
            }
            Err(other) => return Err(other),
        }
        while matches!(translate::pass(context).await?, Progress::Worked(_)) {
            is_busy = true;
        }
        is_busy |= matches!(deliver::pass(context).await?, Progress::Worked(_));
        is_busy |= matches!(confirm::pass(context).await?, Progress::Worked(_));
        if is_busy {
            drained.rounds += 1;
        }
        if is_busy || is_waiting {
            continue;
        }
        let Some(next) = context.next_due().await? else {
            break;
        };
        let wait = next.millis().saturating_sub(context.now().millis());
        if wait > patience_ms {
            break;
        }
        context
            .waiter
            .wait(u64::try_from(wait.max(1)).unwrap_or(1))
            .await;
    }
    context.commit("drain", Vec::new()).await?;
    Ok(drained)
}

/// Like [`drain`], with the stages side by side on the runtime's threads: for much work in real time.
///
/// # Errors
/// As for [`drain`].
pub async fn drain_side_by_side(
    context: &Arc<Context>,
    patience_ms: i64,
    source_failures_max: u32,
) -> Result<Drained, PassError> {
    let mut drained = Drained { rounds: 0 };
    loop {
        if catch_up(context, source_failures_max).await? {
            drained.rounds += 1;
            continue;
        }
        let Some(next) = context.next_due().await? else {
            break;
        };
        let wait = next.millis().saturating_sub(context.now().millis());
        if wait > patience_ms {
            break;
        }
        let wait = u64::try_from(wait.max(1)).unwrap_or(1);
        context.waiter.wait(wait).await;
    }
    context.commit("drain", Vec::new()).await?;
    Ok(drained)
}

/// How many lanes deliver at a time: one records what it leased and one what was answered, while another sends.
pub const LANES: u32 = 3;
/// Longest wait of a stage for a word of the one before it.
const WORD_INTERVAL_MS: u64 = 50;
/// Looks at a full queue that does not move before reading ends: the target may be away.
const STILL_MAX: u32 = 100;

/// Runs every stage until it and all stages before it find nothing; true if any found something.
async fn catch_up(context: &Arc<Context>, source_failures_max: u32) -> Result<bool, PassError> {
    let river = Arc::new(River::default());
    let mut stages = tokio::task::JoinSet::new();
    let (at, down) = (Arc::clone(context), Arc::clone(&river));
    stages.spawn(async move { down.read_all(&at, source_failures_max).await });
    let mut workers = vec![Stage::Translate, Stage::Confirm];
    workers.extend((0..LANES).map(|_| Stage::Deliver));
    for stage in workers {
        let (at, down) = (Arc::clone(context), Arc::clone(&river));
        stages.spawn(async move { down.run(&at, stage).await });
    }
    while let Some(ended) = stages.join_next().await {
        match ended {
            Ok(done) => done?,
            Err(stopped) => return Err(PassError::Damaged(format!("a stage stopped: {stopped}"))),
        }
    }
    Ok(river.passes.load(Ordering::SeqCst) > 0)
}

/// What a stage says to the next one.
#[derive(Debug, Default)]
struct Said {
    news: Notify,
    /// How many of its workers have ended.
    ended: AtomicU32,
}

/// The stages' words to each other while they run side by side.
#[derive(Debug, Default)]
struct River {
    read: Said,
    translated: Said,
    delivered: Said,
    confirmed: Said,
    /// Passes that did something.
    passes: AtomicU64,
}

impl River {
    /// True while the stages behind still take something off a full queue: then it is worth waiting to read more.
    fn moves(&self, seen: &mut u64, still: &mut u32) -> bool {
        let passes = self.passes.load(Ordering::SeqCst);
        *still = if passes == *seen { *still + 1 } else { 0 };
        *seen = passes;
        *still < STILL_MAX
    }

    /// Reads until nothing is new.
    async fn read_all(&self, context: &Context, failures_max: u32) -> Result<(), PassError> {
        let mut failures = 0;
        let (mut seen, mut still) = (0, 0);
        loop {
            match extract::pass(context).await {
                Ok(Progress::Worked(_)) => {
                    failures = 0;
                    self.passes.fetch_add(1, Ordering::SeqCst);
                    self.read.news.notify_one();
                }
                Ok(Progress::Idle { wake_at: Some(_) }) if self.moves(&mut seen, &mut still) => {
                    context.waiter.wait(WORD_INTERVAL_MS).await;
                }
                Ok(Progress::Idle { .. }) => break,
                Err(fault @ PassError::Source { .. }) => {
                    failures += 1;
                    if failures >= failures_max {
                        return Err(fault);
                    }
                    context.waiter.wait(LOOK_INTERVAL_MS).await;
                }
                Err(other) => return Err(other),
            }
        }
        self.read.ended.fetch_add(1, Ordering::SeqCst);
        self.read.news.notify_waiters();
        Ok(())
    }

    /// Passes until there is nothing to do and all workers of the stage before have ended.
    async fn run(&self, context: &Context, stage: Stage) -> Result<(), PassError> {
        let (before, workers, after) = match stage {
            Stage::Translate => (&self.read, 1, &self.translated),
            Stage::Deliver => (&self.translated, 1, &self.delivered),
            Stage::Confirm => (&self.delivered, LANES, &self.confirmed),
        };
        loop {
            // Asked before the pass, which then sees everything that came until the end.
            let is_last = before.ended.load(Ordering::SeqCst) >= workers;
            let progress = match stage {
                Stage::Translate => translate::pass(context).await?,
                Stage::Deliver => deliver::pass(context).await?,
                Stage::Confirm => confirm::pass(context).await?,
            };
            match progress {
                Progress::Worked(_) => {
                    self.passes.fetch_add(1, Ordering::SeqCst);
                    after.news.notify_one();
                }
                Progress::Idle { .. } if is_last => break,
                Progress::Idle { .. } => rest(context, &before.news, WORD_INTERVAL_MS).await,
            }
        }
        after.ended.fetch_add(1, Ordering::SeqCst);
        after.news.notify_waiters();
        Ok(())
    }
}

/// A stage after reading.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Translate,
    Deliver,
    Confirm,
}

fn wait_ms(context: &Context, wake_at: Option<Timestamp>) -> u64 {
    wake_at.map_or(LOOK_INTERVAL_MS, |at| {
        until_ms(context, at).min(LOOK_INTERVAL_MS)
    })
}

/// Milliseconds until `at`, at least one.
fn until_ms(context: &Context, at: Timestamp) -> u64 {
    let wait = at.millis().saturating_sub(context.now().millis());
    u64::try_from(wait).unwrap_or(0).max(1)
}

/// Waits until woken, at most `ms`.
async fn rest(context: &Context, woken: &Notify, ms: u64) {
    tokio::select! {
        biased;
        () = woken.notified() => {}
        () = context.waiter.wait(ms) => {}
    }
}
