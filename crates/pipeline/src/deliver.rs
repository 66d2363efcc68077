//! Sends what is queued.
//!
//! A delivery is leased before it is sent, and its marks were durable before that. If the worker dies while sending, the lease runs out and
//! the delivery becomes uncertain: it is looked up, never blindly sent again.

use std::collections::BTreeMap;

use tieout_connector::{Batch, BatchItem, Fault, ItemOutcome};
use tieout_engine::plan::difference;
use tieout_engine::{Change, Delivery, DeliveryEvent, settle};
use tieout_model::{DeliveryId, Document, DocumentKind, FaultClass, SystemId};
use tieout_store::{LeaseRequest, StoredDelivery};

use crate::context::{Context, PassError, Progress, Tally, decoded};

/// Leases and sends one lot of deliveries.
///
/// # Errors
/// [`PassError`] if the store fails.
pub async fn pass(context: &Context) -> Result<Progress, PassError> {
    let want = LeaseRequest {
        worker: context.worker.clone(),
        now: context.now(),
        lease_ms: context.policy.lease_ms,
        limit: context.bounds.lease_len_max,
        kind: None,
        target: None,
    };
    let leased = context.store.lease(&want).await?;
    if leased.is_empty() {
        return Ok(Progress::Idle {
            wake_at: context.store.next_due().await?,
        });
    }
    let count = u32::try_from(leased.len()).unwrap_or(u32::MAX);
    for ((target, kind), lot) in grouped(leased)? {
        send(context, &target, kind, lot).await?;
    }
    Ok(Progress::Worked(count))
}

/// Deliveries of one kind to one target, with what is to be sent.
pub(crate) type Lot = Vec<(Delivery, BatchItem)>;

/// Groups rows by target and kind, and decodes their payloads.
pub(crate) fn grouped(
    rows: Vec<StoredDelivery>,
) -> Result<BTreeMap<(SystemId, DocumentKind), Lot>, PassError> {
    let mut lots: BTreeMap<_, Lot> = BTreeMap::new();
    for stored in rows {
        let document = decoded(&stored)?;
        let delivery = stored.delivery;
        let item = BatchItem {
            id: delivery.id,
            marks: delivery.marks.clone(),
            number: delivery.number.clone(),
            crosswalk_version: delivery.crosswalk_version.clone(),
            document,
        };
        let lot = lots
            .entry((delivery.target.clone(), delivery.kind))
            .or_default();
        lot.push((delivery, item));
    }
    Ok(lots)
}

async fn send(
    context: &Context,
    target: &SystemId,
    kind: DocumentKind,
    lot: Lot,
) -> Result<(), PassError> {
    let client = context
        .systems
        .get(target)
        .and_then(|system| system.target.as_ref());
    let batch_max = client.map_or(0, |client| client.batch_max(kind));
    let Some(client) = client.filter(|_| batch_max > 0) else {
        let fault = Fault::new(
            FaultClass::Incompatible,
            tieout_connector::FaultOrigin::Transport,
            format!("sending {kind} to {target}"),
            "this system does not take that kind of document",
        );
        let events = lot.iter().map(|(d, _)| (d.id, not_done(&fault))).collect();
        return commit_events(context, "deliver", lot, events).await;
    };
    let size = usize::try_from(batch_max).unwrap_or(usize::MAX).max(1);
    let mut rest = lot;
    while !rest.is_empty() {
        let tail = rest.split_off(size.min(rest.len()));
        let part = std::mem::replace(&mut rest, tail);
        let items = part.iter().map(|(_, item)| item.clone()).collect();
        let answer = client.post(&Batch { kind, items }).await;
        Tally::add(&context.tally.sent, part.len());
        let events = match answer {
            Ok(outcome) => outcome
                .items
                .into_iter()
                .map(|(id, o)| (id, event(o)))
                .collect(),
            Err(fault) => part.iter().map(|(d, _)| (d.id, failed(&fault))).collect(),
        };
        commit_events(context, "deliver", part, events).await?;
    }
    Ok(())
}

/// Decides on each delivery what its event means, and commits that.
pub(crate) async fn commit_events(
    context: &Context,
    stage: &'static str,
    lot: Lot,
    events: BTreeMap<DeliveryId, DeliveryEvent>,
) -> Result<(), PassError> {
    let mut changes = Vec::new();
    for (delivery, item) in lot {
        // A target that is silent about an item leaves it unknown, never done or undone.
        let event = events
            .get(&delivery.id)
            .cloned()
            .unwrap_or(DeliveryEvent::Unknown);
        let event = compared(event, &delivery, &item.document);
        count(context, &event);
        match settle(&delivery, event, context.moment(), &context.policy) {
            Ok(change) => changes.push(change),
            Err(illegal) => tracing::warn!(%illegal, "event ignored"),
        }
    }
    commit_moves(context, stage, changes).await
}

/// A row that was read back counts only if it is what was sent.
fn compared(event: DeliveryEvent, delivery: &Delivery, sent: &Document) -> DeliveryEvent {
    let row = match &event {
        DeliveryEvent::ReadBack(ack) => Some(ack),
        DeliveryEvent::Found(rows) if rows.len() == 1 => rows.first(),
        _ => None,
    };
    let accounted = row.filter(|ack| ack.is_accounted);
    match accounted.and_then(|ack| difference(ack, delivery, sent)) {
        Some(why) => DeliveryEvent::ReadBackOther(why),
        None => event,
    }
}

async fn commit_moves(
    context: &Context,
    stage: &'static str,
    changes: Vec<Change>,
) -> Result<(), PassError> {
    if changes.is_empty() || context.commit(stage, changes.clone()).await?.is_some() {
        return Ok(());
    }
    // One delivery was moved by somebody else: the others' outcomes must not be lost with it.
    for change in changes {
        context.commit(stage, vec![change]).await?;
    }
    Ok(())
}

fn count(context: &Context, event: &DeliveryEvent) {
    match event {
        DeliveryEvent::ReadBack(ack) if ack.is_accounted => Tally::add(&context.tally.posted, 1),
        DeliveryEvent::Refused(_) => Tally::add(&context.tally.rejected, 1),
        _ => {}
    }
}

/// The event of an outcome.
pub(crate) fn event(outcome: ItemOutcome) -> DeliveryEvent {
    match outcome {
        ItemOutcome::Accepted(job) => DeliveryEvent::Accepted(job),
        ItemOutcome::Pending => DeliveryEvent::Pending,
        ItemOutcome::Posted(ack) => DeliveryEvent::ReadBack(ack),
        ItemOutcome::Rejected(rejection) => DeliveryEvent::Refused(rejection),
        ItemOutcome::NotDone(fault) => not_done(&fault),
        ItemOutcome::Unknown(fault) => {
            tracing::info!(%fault, "outcome unknown: will be looked up");
            DeliveryEvent::Unknown
        }
        ItemOutcome::Absent => DeliveryEvent::Absent,
    }
}

/// The event of a fault of the whole call.
pub(crate) fn failed(fault: &Fault) -> DeliveryEvent {
    tracing::info!(%fault, "call failed");
    match fault.class {
        FaultClass::Indeterminate => DeliveryEvent::Unknown,
        FaultClass::Throttled
        | FaultClass::Unavailable
        | FaultClass::Rejected
        | FaultClass::Unauthorised
        | FaultClass::Incompatible => not_done(fault),
    }
}

fn not_done(fault: &Fault) -> DeliveryEvent {
    DeliveryEvent::NotDone {
        class: fault.class,
        retry_after_ms: fault.retry_after_ms,
    }
}
