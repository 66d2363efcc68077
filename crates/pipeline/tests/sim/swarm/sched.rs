//! Virtual time, seeded chance, and an executor that lets one of the ready tasks go on, chosen by the seed.
//!
//! Single-threaded. Time moves only when no task is ready. A task may die at any point where it waits: its future is dropped.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use async_trait::async_trait;
use tieout_connector::Waiter;
use tieout_model::{Clock, Entropy, Timestamp};

/// SplitMix64; one per purpose, so that a new draw does not shift the others.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn of(seed: u64, purpose: &str) -> Self {
        let mut state = seed ^ 0x5851_f42d_4c95_7f2d;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut rng = Self(state);
        rng.draw();
        rng
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap() + 1;
        low + i64::try_from(self.draw() % span).unwrap()
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        (self.draw() % len as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let at = self.index(list.len());
        &list[at]
    }

    /// True `n` times in 10,000.
    pub(crate) fn chance(&mut self, n: i64) -> bool {
        self.between(0, 9_999) < n
    }
}

struct Inner {
    now_ms: i64,
    timers: BTreeMap<(i64, u64), Waker>,
    sequence: u64,
    current: usize,
    dead: Option<usize>,
    tasks: Vec<Waker>,
}

/// The scheduler, shared by everything in one world.
pub(crate) struct Sched(Mutex<Inner>);

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One thing that runs beside the others; made anew after it died or ended.
pub(crate) struct Task {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    flag: Arc<Flag>,
}

impl Sched {
    pub(crate) fn new(epoch_ms: i64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Inner {
            now_ms: epoch_ms,
            timers: BTreeMap::new(),
            sequence: 0,
            current: 0,
            dead: None,
            tasks: Vec::new(),
        })))
    }

    /// True time of this world, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.0.lock().unwrap().now_ms
    }

    pub(crate) fn sleep(self: &Arc<Self>, ms: i64) -> Sleep {
        Sleep {
            deadline: self.now_ms() + ms.max(0),
            sched: self.clone(),
        }
    }

    /// Lets every sleeping task look again.
    pub(crate) fn wake_all(&self) {
        let tasks = self.0.lock().unwrap().tasks.clone();
        tasks.iter().for_each(Waker::wake_by_ref);
    }

    /// The running task dies here.
    pub(crate) async fn die(&self) {
        {
            let mut inner = self.0.lock().unwrap();
            inner.dead = Some(inner.current);
        }
        std::future::pending::<()>().await;
    }

    fn at(&self, deadline: i64, waker: &Waker) {
        let mut inner = self.0.lock().unwrap();
        inner.sequence += 1;
        let key = (deadline, inner.sequence);
        inner.timers.insert(key, waker.clone());
    }

    /// Wakes what is due; moves time on if `is_idle`. False if nothing is left before `until`.
    fn turn(&self, is_idle: bool, until: i64) -> bool {
        let mut due = Vec::new();
        {
            let mut inner = self.0.lock().unwrap();
            if is_idle {
                let next = inner.timers.keys().next().map_or(i64::MAX, |(at, _)| *at);
                if next > until {
                    inner.now_ms = inner.now_ms.max(until);
                    return false;
                }
                inner.now_ms = inner.now_ms.max(next);
            }
            let now = inner.now_ms;
            let later = inner.timers.split_off(&(now + 1, 0));
            due.extend(std::mem::replace(&mut inner.timers, later).into_values());
        }
        due.into_iter().for_each(Waker::wake);
        true
    }

    /// Runs the tasks until `until`; `spawn(n)` makes task `n` anew when it died or ended, after the pause that it answers.
    pub(crate) fn run(
        self: &Arc<Self>,
        until: i64,
        tasks: &mut [Task],
        rng: &mut Rng,
        mut spawn: impl FnMut(usize, bool) -> Pin<Box<dyn Future<Output = ()>>>,
    ) {
        self.0.lock().unwrap().tasks = tasks.iter().map(|t| t.flag.clone().into()).collect();
        loop {
            let ready: Vec<usize> = (0..tasks.len())
                .filter(|n| tasks[*n].flag.0.load(Ordering::SeqCst))
                .collect();
            if !self.turn(ready.is_empty(), until) {
                return;
            }
            if ready.is_empty() {
                continue;
            }
            let n = *rng.pick(&ready);
            let task = &mut tasks[n];
            task.flag.0.store(false, Ordering::SeqCst);
            let future = task.future.get_or_insert_with(|| spawn(n, false));
            self.0.lock().unwrap().current = n;
            let waker: Waker = task.flag.clone().into();
            let is_over = future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready();
            let is_dead = self.0.lock().unwrap().dead.take().is_some();
            if is_over || is_dead {
                task.future = None;
                task.future = Some(spawn(n, true));
                task.flag.0.store(true, Ordering::SeqCst);
            }
        }
    }
}

impl Task {
    pub(crate) fn new() -> Self {
        Self {
            future: None,
            flag: Arc::new(Flag(AtomicBool::new(true))),
        }
    }
}

/// Ends at an instant of true time.
pub(crate) struct Sleep {
    deadline: i64,
    sched: Arc<Sched>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.sched.now_ms() >= self.deadline {
            return Poll::Ready(());
        }
        self.sched.at(self.deadline, cx.waker());
        Poll::Pending
    }
}

/// Ends at an instant, or when `signal` is raised.
pub(crate) struct Idle {
    pub(crate) sleep: Sleep,
    pub(crate) signal: Arc<AtomicBool>,
}

impl Future for Idle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.signal.swap(false, Ordering::SeqCst) {
            return Poll::Ready(());
        }
        Pin::new(&mut self.sleep).poll(cx)
    }
}

/// What one worker takes for the time: true time, off by what jumps made of it.
pub(crate) struct SkewedClock {
    pub(crate) sched: Arc<Sched>,
    pub(crate) skew_ms: Mutex<i64>,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.sched.now_ms() + *self.skew_ms.lock().unwrap())
    }
}

/// Chance of one worker.
pub(crate) struct Chance(pub(crate) Mutex<Rng>);

impl Entropy for Chance {
    fn draw(&self) -> u64 {
        self.0.lock().unwrap().draw()
    }
}

/// Waiting in true time.
pub(crate) struct Waits(pub(crate) Arc<Sched>);

#[async_trait]
impl Waiter for Waits {
    async fn wait(&self, ms: u64) {
        self.0.sleep(i64::try_from(ms).unwrap_or(i64::MAX)).await;
    }
}
