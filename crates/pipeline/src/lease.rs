//! Keeping what a worker is sending.
//!
//! A lease is short, so that a worker that died is replaced quickly. While a worker sends, it renews what it holds; so a slow target costs
//! nothing. A renewal names the version it knows: a delivery that somebody else took meanwhile is not renewed, and its late outcome is turned
//! away by the version too.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tieout_connector::BatchItem;
use tieout_engine::{Change, Delivery, DeliveryEvent, DeliveryState};
use tieout_model::{DeliveryId, Timestamp};
use tieout_store::StoredDelivery;
use tokio::sync::Mutex;

use crate::context::{Context, PassError};
use crate::deliver::commit_events;

/// What this pass holds of a delivery, in the version that it made.
#[derive(Debug, Clone, Copy)]
struct Held {
    version: u64,
    attempts: u32,
    /// How long, once it was renewed.
    until: Option<Timestamp>,
}

/// The deliveries that this pass holds.
pub(crate) struct Leases(Mutex<BTreeMap<DeliveryId, Held>>);

impl Leases {
    /// Those just leased.
    pub(crate) fn of(leased: &[StoredDelivery]) -> Self {
        let held = leased.iter().map(|found| {
            let held = Held {
                version: found.delivery.version,
                attempts: found.delivery.attempts,
                until: None,
            };
            (found.delivery.id, held)
        });
        Self(Mutex::new(held.collect()))
    }

    /// Renews what is held, at half the length of a lease, until it is dropped. A renewal that fails is tried again; at worst the lease runs
    /// out, and the delivery is looked up.
    pub(crate) async fn keep(&self, context: &Context) -> Infallible {
        let pause = u64::try_from(context.policy.lease_ms / 2).unwrap_or(1);
        loop {
            context.waiter.wait(pause.max(1)).await;
            let mut held = self.0.lock().await;
            if let Err(failure) = renew(context, &mut held).await {
                tracing::warn!(%failure, "leases could not be renewed");
            }
        }
    }

    /// Commits the outcome of a part, which is no longer held then.
    pub(crate) async fn settle(
        &self,
        context: &Context,
        (mut deliveries, items): (Vec<Delivery>, &[BatchItem]),
        events: &BTreeMap<DeliveryId, DeliveryEvent>,
    ) -> Result<(), PassError> {
        let mut held = self.0.lock().await;
        for delivery in &mut deliveries {
            let Some(held) = held.remove(&delivery.id) else {
                continue;
            };
            delivery.version = held.version;
            if let Some(until) = held.until {
                delivery.state = leased(context, until);
            }
        }
        commit_events(context, "deliver", (&deliveries, items), events).await
    }
}

async fn renew(context: &Context, held: &mut BTreeMap<DeliveryId, Held>) -> Result<(), PassError> {
    let until = context.now().plus_millis(context.policy.lease_ms);
    let renewed = |held: &mut Held| {
        held.version = held.version.saturating_add(1);
        held.until = Some(until);
    };
    let change = |(id, held): (&DeliveryId, &Held)| Change::MoveDelivery {
        id: *id,
        expected: held.version,
        next: leased(context, until),
        attempts: held.attempts,
    };
    let changes = held.iter().map(change).collect();
    if held.is_empty() || context.commit("renew", changes).await?.is_some() {
        held.values_mut().for_each(renewed);
        return Ok(());
    }
    // One of them was taken over: the others stay ours.
    let each: Vec<DeliveryId> = held.keys().copied().collect();
    for id in each {
        let changes = held.get(&id).map(|known| change((&id, known)));
        let changes = changes.into_iter().collect();
        if context.commit("renew", changes).await?.is_some() {
            held.get_mut(&id).into_iter().for_each(renewed);
        } else {
            held.remove(&id);
        }
    }
    Ok(())
}

fn leased(context: &Context, until: Timestamp) -> DeliveryState {
    DeliveryState::Leased {
        by: context.worker.clone(),
        until,
    }
}
