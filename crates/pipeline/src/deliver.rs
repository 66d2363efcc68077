//! Sends what is queued.
//!
//! A delivery is leased before it is sent, and its marks were durable before that. If the worker dies while sending, the lease runs out and
//! the delivery becomes uncertain: it is looked up, never blindly sent again.

use std::collections::BTreeMap;

use tieout_connector::{Batch, BatchItem, Fault, ItemOutcome};
use tieout_engine::plan::difference;
use tieout_engine::{Admission, Change, Delivery, DeliveryEvent, DeliveryState, settle};
use tieout_model::{DeliveryId, Document, DocumentKind, FaultClass, SystemId};
use tieout_store::{LeaseRequest, StoredDelivery};

use crate::context::{Context, PassError, Progress, Tally, decoded};
use crate::lease::Leases;

/// Leases and sends one lot of deliveries.
///
/// # Errors
/// [`PassError`] if the store fails.
pub async fn pass(context: &Context) -> Result<Progress, PassError> {
    let mut count = 0_usize;
    for (target, limit) in targets(context).await? {
        let want = LeaseRequest {
            worker: context.worker.clone(),
            now: context.now(),
            lease_ms: context.policy.lease_ms,
            limit,
            kind: None,
            target: target.clone(),
        };
        let leased = context.store.lease(&want).await?;
        if let Some(target) = target.filter(|_| leased.is_empty()) {
            context.not_called(&target);
        }
        let (len, began) = (leased.len(), context.now());
        count += len;
        send_all(context, leased).await?;
        if len > 1 && len == limit {
            let took_ms = context.now().millis().saturating_sub(began.millis());
            let len_max = context.bounds.lease_len_max;
            context.circuits.pace.took(len, took_ms, len_max);
        }
    }
    if count == 0 {
        return Ok(Progress::Idle {
            wake_at: context.next_due().await?,
        });
    }
    Ok(Progress::Worked(u32::try_from(count).unwrap_or(u32::MAX)))
}

/// Sends what was leased, and keeps it meanwhile.
async fn send_all(context: &Context, leased: Vec<StoredDelivery>) -> Result<(), PassError> {
    let leases = Leases::of(&leased);
    let sending = async {
        for ((target, kind), lot) in grouped(leased)? {
            send(context, &leases, &target, kind, lot).await?;
        }
        Ok(())
    };
    tokio::select! {
        biased;
        done = sending => done,
        never = leases.keep(context) => match never {},
    }
}

/// What may be leased: everything while all systems answer, else only what is for those that do, and one delivery as a probe for one
/// whose pause is over.
async fn targets(context: &Context) -> Result<Vec<(Option<SystemId>, usize)>, PassError> {
    let all = context.circuits.pace.len(context.bounds.lease_len_max);
    if context.circuits.away(context.now()).is_empty() {
        return Ok(vec![(None, all)]);
    }
    let systems = context.systems.iter();
    let names = systems.filter(|(_, system)| system.target.is_some());
    let admitted = names.filter_map(|(name, _)| match context.admit(name) {
        Admission::Free => Some((Some(name.clone()), all)),
        Admission::Probe => Some((Some(name.clone()), 1)),
        Admission::NotBefore(_) => None,
    });
    Ok(admitted.collect())
}

/// Deliveries of one kind to one target, with what is to be sent.
pub(crate) type Lot = Vec<(Delivery, BatchItem)>;

/// Groups rows by target and kind, and decodes their payloads.
pub(crate) fn grouped(
    rows: Vec<StoredDelivery>,
) -> Result<BTreeMap<(SystemId, DocumentKind), Lot>, PassError> {
    let mut lots: BTreeMap<_, Lot> = BTreeMap::new();
    // Nearly always there is one lot. It is large, so it must not grow in steps.
    let mut room = rows.len();
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
            .or_insert_with(|| Lot::with_capacity(std::mem::take(&mut room)));
        lot.push((delivery, item));
    }
    Ok(lots)
}

async fn send(
    context: &Context,
    leases: &Leases,
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
        let (deliveries, items) = apart(lot);
        let events = deliveries.iter().map(|d| (d.id, not_done(&fault)));
        let events = events.collect();
        return leases.settle(context, (deliveries, &items), &events).await;
    };
    let size = usize::try_from(batch_max).unwrap_or(usize::MAX).max(1);
    let mut rest = lot;
    while !rest.is_empty() {
        let tail = if size < rest.len() {
            rest.split_off(size)
        } else {
            Lot::new()
        };
        let (part, items) = apart(still_ours(context, std::mem::replace(&mut rest, tail)));
        if part.is_empty() {
            continue;
        }
        let batch = Batch { kind, items };
        let answer = client.post(&batch).await;
        context.heard_outcome(target, &answer);
        Tally::add(&context.tally.sent, part.len());
        let events = match answer {
            Ok(outcome) => outcome
                .items
                .into_iter()
                .map(|(id, o)| (id, event(o)))
                .collect(),
            Err(fault) => part.iter().map(|d| (d.id, failed(&fault))).collect(),
        };
        leases
            .settle(context, (part, &batch.items), &events)
            .await?;
    }
    Ok(())
}

/// What may still be sent: half of the lease at least is left. A worker that was stopped for long must not send what another one may be
/// looking up already; it leaves the rest to its lease, which runs out.
fn still_ours(context: &Context, mut lot: Lot) -> Lot {
    let latest = context.now().plus_millis(context.policy.lease_ms / 2);
    let before = lot.len();
    lot.retain(|(delivery, _)| {
        matches!(&delivery.state, DeliveryState::Leased { until, .. } if *until >= latest)
    });
    let late = before.saturating_sub(lot.len());
    if late > 0 {
        tracing::info!(count = late, "lease too old to send");
    }
    lot
}

/// What is known of the deliveries, and what is sent of them.
pub(crate) fn apart(lot: Lot) -> (Vec<Delivery>, Vec<BatchItem>) {
    let (mut deliveries, mut items) =
        (Vec::with_capacity(lot.len()), Vec::with_capacity(lot.len()));
    for (delivery, item) in lot {
        deliveries.push(delivery);
        items.push(item);
    }
    (deliveries, items)
}

/// Decides on each delivery what its event means, and commits that. `items` are what was sent of `deliveries`, in the same order.
pub(crate) async fn commit_events(
    context: &Context,
    stage: &'static str,
    (deliveries, items): (&[Delivery], &[BatchItem]),
    events: &BTreeMap<DeliveryId, DeliveryEvent>,
) -> Result<(), PassError> {
    // A target that is silent about an item leaves it unknown, never done or undone.
    let heard = |(delivery, item): (&Delivery, &BatchItem)| {
        let event = events
            .get(&delivery.id)
            .cloned()
            .unwrap_or(DeliveryEvent::Unknown);
        compared(event, delivery, &item.document)
    };
    let heard: Vec<DeliveryEvent> = deliveries.iter().zip(items).map(heard).collect();
    heard.iter().for_each(|event| count(context, event));
    let change = |(delivery, event): (&Delivery, &DeliveryEvent)| {
        let settled = settle(delivery, event.clone(), context.moment(), &context.policy);
        settled
            .inspect_err(|illegal| tracing::warn!(%illegal, "event ignored"))
            .ok()
    };
    let changes: Vec<Change> = deliveries.iter().zip(&heard).filter_map(change).collect();
    if changes.is_empty() || context.commit(stage, changes).await?.is_some() {
        return Ok(());
    }
    // One delivery was moved by somebody else: the others' outcomes must not be lost with it.
    for change in deliveries.iter().zip(&heard).filter_map(change) {
        context.commit(stage, vec![change]).await?;
    }
    Ok(())
}

/// A row that was read back counts only if it is what was sent.
fn compared(event: DeliveryEvent, delivery: &Delivery, sent: &Document) -> DeliveryEvent {
    let rows = match &event {
        DeliveryEvent::ReadBack(ack) => std::slice::from_ref(ack),
        DeliveryEvent::Found(rows) => rows,
        DeliveryEvent::Taken { .. }
        | DeliveryEvent::Accepted(_)
        | DeliveryEvent::Pending
        | DeliveryEvent::ReadBackOther(_)
        | DeliveryEvent::Refused(_)
        | DeliveryEvent::NotDone { .. }
        | DeliveryEvent::Unknown
        | DeliveryEvent::Absent
        | DeliveryEvent::LeaseExpired
        | DeliveryEvent::Released
        | DeliveryEvent::Resolved(_) => &[],
    };
    let row = match rows {
        [row] => Some(row),
        [] | [_, ..] => None,
    };
    let accounted = row.filter(|ack| ack.is_accounted);
    match accounted.and_then(|ack| difference(ack, delivery, sent)) {
        Some(why) => DeliveryEvent::ReadBackOther(why),
        None => event,
    }
}

fn count(context: &Context, event: &DeliveryEvent) {
    if matches!(event, DeliveryEvent::ReadBack(ack) if ack.is_accounted) {
        Tally::add(&context.tally.posted, 1);
    }
    if matches!(event, DeliveryEvent::Refused(_)) {
        Tally::add(&context.tally.rejected, 1);
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
        ItemOutcome::Doubled(rows) => DeliveryEvent::Found(rows),
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
