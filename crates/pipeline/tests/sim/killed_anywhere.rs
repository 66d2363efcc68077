//! Killed before and after every commit and every call: one bill, one journal, one reversal and one correction, on SQLite.
//!
//! The worker is a future that is dropped where it stands; what it had committed and what the other sides had done stays. Another one starts
//! on the same database. Whatever the point, each document has one net effect.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tieout_store::{Gate, GateSide};
use tokio::sync::Notify;

use crate::company::folder;
use crate::unknown_outcome::{change, standing, typed};
use crate::world::World;

/// The n-th point is the last one.
pub(crate) struct Fate {
    at: u64,
    count: AtomicU64,
    met: Notify,
    /// Where it was.
    place: Mutex<String>,
}

impl Fate {
    fn at(at: u64) -> Arc<Self> {
        Arc::new(Self {
            at,
            count: AtomicU64::new(0),
            met: Notify::new(),
            place: Mutex::default(),
        })
    }

    /// Passes a point, or never returns.
    pub(crate) async fn pass(&self, place: &str) {
        if self.count.fetch_add(1, Ordering::SeqCst) + 1 != self.at {
            return;
        }
        place.clone_into(&mut self.place.lock().unwrap());
        self.met.notify_one();
        std::future::pending::<()>().await;
    }
}

impl Gate for Fate {
    fn pass<'a>(
        &'a self,
        side: GateSide,
        attempted: &'static str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            Fate::pass(self, &format!("{side:?} {attempted}")).await;
            Ok(())
        })
    }
}

/// Carries what waits until it is done or killed at point `at`; where it was killed.
async fn carried_until(world: &mut World, at: u64) -> Option<String> {
    let fate = Fate::at(at);
    world.context.store = world.context.store.gated(fate.clone());
    world.intacct.meet(Some(fate.clone()));
    world.fusion.meet(Some(fate.clone()));
    let is_dead = tokio::select! {
        biased;
        () = fate.met.notified() => true,
        // Within the runtime's budget per turn: whoever is kept waiting renews its leases without end in virtual time.
        _ = tieout_pipeline::drain(&world.context, 86_400_000, 50) => false,
    };
    world.intacct.meet(None);
    world.fusion.meet(None);
    world.restart().await;
    is_dead.then(|| fate.place.lock().unwrap().clone())
}

/// Kills at every point of one kind of document, a fresh document each; gives the points by place.
async fn every_point(kind: &str) -> BTreeMap<String, u32> {
    let mut world = World::open(folder("golden"), 55).await;
    world.drain().await;
    let mut points: BTreeMap<String, u32> = BTreeMap::new();
    for at in 1.. {
        let number = format!("KILL-{}-{at}", kind.to_uppercase().replace('_', ""));
        let now = world.time.now_ms();
        {
            let mut twin = world.intacct.twin.lock().unwrap();
            twin.enter_document(now, &typed(kind, &number)).unwrap();
        }
        let mut looked_for = number.clone();
        if matches!(kind, "reversal" | "correction") {
            world.drain().await;
            looked_for = change(&world, kind, &number);
        }
        let killed = carried_until(&mut world, at).await;
        world.drain().await;
        let found = standing(&world, &looked_for);
        assert_eq!(found, (1, 0), "{kind} killed at point {at}: {killed:?}");
        let Some(place) = killed else {
            world.context.store.verify_audit(None).await.unwrap();
            return points;
        };
        *points.entry(place).or_default() += 1;
    }
    unreachable!("there are finitely many points")
}

async fn check(kind: &str) {
    let points = every_point(kind).await;
    let all: u32 = points.values().sum();
    println!("{kind}: killed at {all} points, one net effect each: {points:?}");
    for side in ["Before", "After", "before", "after"] {
        let of_side = points.keys().filter(|place| place.starts_with(side));
        assert!(of_side.count() > 0, "no point {side}: {points:?}");
    }
    assert!(all >= 20, "only {all} points: {points:?}");
}

#[tokio::test]
async fn a_bill_has_one_net_effect_wherever_its_worker_is_killed() {
    check("ap_bill").await;
}

#[tokio::test]
async fn a_journal_has_one_net_effect_wherever_its_worker_is_killed() {
    check("gl_journal").await;
}

#[tokio::test]
async fn a_reversal_has_one_net_effect_wherever_its_worker_is_killed() {
    check("reversal").await;
}

#[tokio::test]
async fn a_correction_has_one_net_effect_wherever_its_worker_is_killed() {
    check("correction").await;
}
