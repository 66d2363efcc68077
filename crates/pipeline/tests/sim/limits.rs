//! Two workers, each with a database connection and clients of its own, keep to one tenant's limits together.
//!
//! Time runs ten times as fast as in the world; calls, sleeps and the database are real.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tieout_connector::{Transport, TransportFailure, Waiter};
use tieout_engine::budget::Pace;
use tieout_model::{Ambient, Clock, Entropy, Timestamp};
use tieout_pipeline::budget::{Limits, Membership, SharedDoor};
use tieout_store::{DatabaseUrl, ExecutionMode, Store};
use tieout_twins::limits::{Limits as Tenant, Load};
use tieout_twins::rule::System;

const SPEED: u32 = 10;

/// Fast time.
struct Fast(Instant);

impl Clock for Fast {
    fn now(&self) -> Timestamp {
        let passed = self.0.elapsed() * SPEED;
        Timestamp(1_000_000_000_000_000 + i64::try_from(passed.as_micros()).unwrap())
    }
}

impl Entropy for Fast {
    fn draw(&self) -> u64 {
        7
    }
}

#[async_trait]
impl Waiter for Fast {
    async fn wait(&self, ms: u64) {
        tokio::time::sleep(Duration::from_micros(ms * 1000 / u64::from(SPEED))).await;
    }
}

/// The simulators' own meter behind a door: counts, refuses what is above its limits, takes its time.
struct Metered {
    load: Mutex<Load>,
    time: Arc<Fast>,
    takes_ms: u64,
    refused: Mutex<u32>,
}

#[async_trait]
impl Transport for Metered {
    async fn send(
        &self,
        _request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportFailure> {
        let now = self.time.now().millis();
        let may_pass = self.load.lock().unwrap().enter(System::Fusion, now);
        *self.refused.lock().unwrap() += u32::from(!may_pass);
        self.time.wait(self.takes_ms).await;
        self.load.lock().unwrap().leave(System::Fusion);
        Ok(http::Response::new(Bytes::new()))
    }
}

struct Bench {
    time: Arc<Fast>,
    tenant: Arc<Metered>,
    _folder: tempfile::TempDir,
    url: DatabaseUrl,
}

impl Bench {
    fn new(limits: Tenant, takes_ms: u64) -> Self {
        #[expect(clippy::disallowed_methods, reason = "real time")]
        let time = Arc::new(Fast(Instant::now()));
        let mut load = Load::default();
        load.limit(System::Fusion, limits).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::file(folder.path().join("tieout.db"));
        Self {
            tenant: Arc::new(Metered {
                load: Mutex::new(load),
                time: time.clone(),
                takes_ms,
                refused: Mutex::default(),
            }),
            time,
            _folder: folder,
            url,
        }
    }

    async fn door(&self, holder: &str, limits: Limits) -> Arc<SharedDoor> {
        let member = Membership {
            store: Store::open(&self.url, ExecutionMode::Blocking)
                .await
                .unwrap(),
            system: "fusion".to_owned(),
            holder: holder.to_owned(),
            is_gone: Arc::new(|holder| holder.starts_with("dead")),
            ambient: Ambient {
                clock: self.time.clone(),
                entropy: self.time.clone(),
            },
            waiter: self.time.clone(),
        };
        Arc::new(SharedDoor::new(self.tenant.clone(), member, limits))
    }

    /// `in_flight_most,calls_in_window_most,window_ms,refused`
    fn seen(&self) -> Vec<u64> {
        let csv = self.tenant.load.lock().unwrap().csv();
        let row = csv.lines().nth(1).unwrap();
        let cells = row.split(',').skip(1);
        cells.map(|cell| cell.parse().unwrap()).collect()
    }
}

fn request() -> http::Request<Bytes> {
    http::Request::new(Bytes::new())
}

/// Sends for `ms` of fast time, `lanes` calls at a time; how many went.
async fn send_for(door: Arc<SharedDoor>, time: Arc<Fast>, lanes: usize, ms: i64) -> u32 {
    let end = time.now().plus_millis(ms);
    let lanes = (0..lanes).map(|_| {
        let (door, time) = (door.clone(), time.clone());
        tokio::spawn(async move {
            let mut sent = 0;
            while time.now() < end {
                door.send(request()).await.unwrap();
                sent += 1;
            }
            sent
        })
    });
    let mut sum = 0;
    for lane in lanes.collect::<Vec<_>>() {
        sum += lane.await.unwrap();
    }
    sum
}

fn at_a_time(in_flight_max: u32) -> Limits {
    Limits {
        in_flight_max,
        pace: None,
    }
}

#[tokio::test]
async fn two_workers_never_have_more_calls_under_way_than_the_tenant_takes() {
    let limits = Tenant {
        in_flight_max: Some(4),
        ..Tenant::default()
    };
    let bench = Bench::new(limits, 200);
    let first = bench.door("first", at_a_time(4)).await;
    let second = bench.door("second", at_a_time(4)).await;
    let one = tokio::spawn(send_for(first.clone(), bench.time.clone(), 6, 20_000));
    bench.time.wait(4_000).await;
    let other = tokio::spawn(send_for(second, bench.time.clone(), 6, 16_000));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let seen = bench.seen();
    println!("{one} and {other} calls; {seen:?}");
    assert_eq!(seen[0], 4, "the limit is used and kept");
    assert_eq!(*bench.tenant.refused.lock().unwrap(), 0);
    assert!(other > 40 && one > other / 2, "{one} and {other}");
}

#[tokio::test]
async fn one_place_goes_round_between_two_workers() {
    let limits = Tenant {
        in_flight_max: Some(1),
        ..Tenant::default()
    };
    let bench = Bench::new(limits, 100);
    let first = bench.door("first", at_a_time(1)).await;
    let second = bench.door("second", at_a_time(1)).await;
    let one = tokio::spawn(send_for(first, bench.time.clone(), 2, 48_000));
    let other = tokio::spawn(send_for(second, bench.time.clone(), 2, 48_000));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    println!("{one} and {other} calls; {:?}", bench.seen());
    assert_eq!(*bench.tenant.refused.lock().unwrap(), 0);
    assert!(one > 50 && other > 50, "{one} and {other}: one is starved");
    assert!(
        one + other > 250,
        "{one} and {other}: the place stands empty"
    );
}

#[tokio::test]
async fn two_workers_together_call_no_faster_than_the_tenant_takes() {
    let (calls_max, window_ms) = (30, 5_000);
    let limits = Tenant {
        calls_max: Some(30),
        window_ms,
        ..Tenant::default()
    };
    let bench = Bench::new(limits, 10);
    let limits = Limits {
        in_flight_max: 8,
        pace: Some(Pace {
            calls_max,
            window_ms,
        }),
    };
    let first = bench.door("first", limits).await;
    let second = bench.door("second", limits).await;
    let one = tokio::spawn(send_for(first, bench.time.clone(), 4, 40_000));
    let other = tokio::spawn(send_for(second, bench.time.clone(), 4, 40_000));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let seen = bench.seen();
    println!("{one} and {other} calls; {seen:?}");
    assert_eq!(*bench.tenant.refused.lock().unwrap(), 0, "{seen:?}");
    // Eight windows: most of what is allowed is used, by both.
    assert!(one + other > 8 * calls_max / 2, "{one} and {other}");
    assert!(one > 20 && other > 20, "{one} and {other}");
}

#[tokio::test]
async fn places_of_a_worker_that_is_known_to_be_dead_are_taken_at_once_and_of_others_when_they_lapse()
 {
    let bench = Bench::new(Tenant::default(), 1);
    for (holder, waits_ms) in [("dead", 0..1_500), ("silent", 1_000..8_000)] {
        let silent = bench.door(holder, at_a_time(2)).await;
        silent.send(request()).await.unwrap();
        let next = bench.door(&format!("after {holder}"), at_a_time(2)).await;
        let since = bench.time.now().millis();
        next.send(request()).await.unwrap();
        let waited = bench.time.now().millis() - since;
        assert!(waits_ms.contains(&waited), "{holder}: {waited} ms");
        next.leave().await;
    }
}
