//! Keeping what a worker is sending.
//!
//! A lease is short, so that a worker that died is replaced quickly. While a worker sends, it renews what it holds; so a slow target costs
//! nothing. A renewal names the version it knows: a delivery that somebody else took meanwhile is not renewed, and its late outcome is turned
//! away by the version too.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tieout_connector::BatchItem;
use tieout_engine::{Change, Delivery, DeliveryEvent, DeliveryState};
use tieout_model::DeliveryId;
use tieout_store::StoredDelivery;
use tokio::sync::Mutex;

use crate::context::{Context, PassError};
use crate::deliver::commit_events;

/// The deliveries that this pass holds, in the versions that it made.
pub(crate) struct Leases(Mutex<BTreeMap<DeliveryId, Delivery>>);

impl Leases {
    /// Those just leased.
    pub(crate) fn of(leased: &[StoredDelivery]) -> Self {
        let held = leased
            .iter()
            .map(|found| (found.delivery.id, found.delivery.clone()));
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
        (deliveries, items): (&[Delivery], &[BatchItem]),
        events: &BTreeMap<DeliveryId, DeliveryEvent>,
    ) -> Result<(), PassError> {
        let mut held = self.0.lock().await;
        let current = |sent: &Delivery| held.remove(&sent.id).unwrap_or_else(|| sent.clone());
        let current: Vec<Delivery> = deliveries.iter().map(current).collect();
        commit_events(context, "deliver", (&current, items), events).await
    }
}

async fn renew(
    context: &Context,
    held: &mut BTreeMap<DeliveryId, Delivery>,
) -> Result<(), PassError> {
    let until = context.now().plus_millis(context.policy.lease_ms);
    let renewed = |delivery: &Delivery| {
        let mut next = delivery.clone();
        next.version = next.version.saturating_add(1);
        next.state = DeliveryState::Leased {
            by: context.worker.clone(),
            until,
        };
        next
    };
    let changes = held
        .values()
        .map(|delivery| change(delivery, until, context));
    if held.is_empty() || context.commit("renew", changes.collect()).await?.is_some() {
        held.values_mut()
            .for_each(|delivery| *delivery = renewed(delivery));
        return Ok(());
    }
    // One of them was taken over: the others stay ours.
    let each: Vec<Delivery> = held.values().cloned().collect();
    for delivery in each {
        let changes = vec![change(&delivery, until, context)];
        if context.commit("renew", changes).await?.is_some() {
            held.insert(delivery.id, renewed(&delivery));
        } else {
            held.remove(&delivery.id);
        }
    }
    Ok(())
}

fn change(delivery: &Delivery, until: tieout_model::Timestamp, context: &Context) -> Change {
    Change::MoveDelivery {
        id: delivery.id,
        expected: delivery.version,
        next: DeliveryState::Leased {
            by: context.worker.clone(),
            until,
        },
        attempts: delivery.attempts,
    }
}
