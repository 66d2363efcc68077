//! Several workers on one PostgreSQL database: everything is posted once, whoever does it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tieout_connector::Waiter;
use tieout_engine::StateWord;
use tieout_pipeline::{CallBuffer, Circuits, Context, drain};
use tieout_store::{DatabaseUrl, ExecutionMode, LeaseRequest, Store};

use crate::company::folder;
use crate::golden::check_balances;
use crate::server;
use crate::world::{Virtual, World};

/// A hundred times faster than the world, and both workers' waits move the same clock.
struct Hasty(Arc<Virtual>);

#[async_trait]
impl Waiter for Hasty {
    async fn wait(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(1 + ms / 100)).await;
        self.0.advance(i64::try_from(ms).unwrap());
    }
}

/// A worker with connections of its own.
async fn worker(world: &World, url: &DatabaseUrl, name: &str) -> Context {
    let first = &world.context;
    Context {
        store: Store::open(url, ExecutionMode::Blocking).await.unwrap(),
        systems: first.systems.clone(),
        crosswalk: first.crosswalk.clone(),
        streams: first.streams.clone(),
        policy: first.policy.clone(),
        bounds: tieout_pipeline::context::Bounds {
            lease_len_max: 5,
            ..first.bounds.clone()
        },
        ambient: first.ambient.clone(),
        waiter: Arc::new(Hasty(world.time.clone())),
        worker: name.to_owned(),
        calls: Arc::new(CallBuffer::default()),
        tally: first.tally.clone(),
        circuits: Circuits::default(),
    }
}

#[tokio::test]
async fn two_workers_share_one_database_and_replace_a_third_that_died() {
    let world = World::open(folder("golden"), 41).await;
    let url: DatabaseUrl = server::shared().database().parse().unwrap();
    let (first, second) = (
        worker(&world, &url, "first").await,
        worker(&world, &url, "second").await,
    );
    // A third took some of the work and was never heard of again.
    tieout_pipeline::extract::pass(&first).await.unwrap();
    tieout_pipeline::translate::pass(&first).await.unwrap();
    let want = LeaseRequest {
        worker: "third".into(),
        now: first.now(),
        lease_ms: first.policy.lease_ms,
        kind: None,
        target: None,
        limit: 4,
    };
    let taken = first.store.lease(&want).await.unwrap();
    assert!(!taken.is_empty());
    let patience_ms = 86_400_000;
    let both = futures_util::future::join(
        drain(&first, patience_ms, 50),
        drain(&second, patience_ms, 50),
    );
    let (one, other) = both.await;
    one.unwrap();
    other.unwrap();
    check_balances(&world);
    let counts = first.store.counts().await.unwrap();
    let posted = counts.deliveries_in(StateWord::Posted);
    assert_eq!(
        counts.deliveries.values().sum::<u64>(),
        posted,
        "{counts:?}"
    );
    first.store.verify_audit(None).await.unwrap();
    // Both did some of it.
    let entries = first.store.audit_entries(1, 100_000).await.unwrap();
    for name in ["worker:first", "worker:second"] {
        let is_by = |body: &[u8]| body.windows(name.len()).any(|part| part == name.as_bytes());
        assert!(entries.iter().any(|entry| is_by(&entry.body)), "{name}");
    }
}
