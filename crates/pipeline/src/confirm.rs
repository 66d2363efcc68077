//! Asks what became of what was sent.
//!
//! A delivery counts as posted only after a business row was read back. An uncertain one leaves that state only by a look-up. A lease that
//! ran out makes its delivery uncertain.

use std::collections::BTreeMap;

use tieout_connector::Batch;
use tieout_engine::delivery::is_standing;
use tieout_engine::{Admission, DeliveryEvent, DeliveryState, StateWord};
use tieout_model::{DeliveryId, DocumentKind, JobRef, SystemId};

use crate::context::{Context, PassError, Progress};
use crate::deliver::{Lot, apart, commit_events, event, failed, grouped};

/// Asks about what is due.
///
/// # Errors
/// [`PassError`] if the store fails.
pub async fn pass(context: &Context) -> Result<Progress, PassError> {
    let limit = context.bounds.confirm_len_max;
    let mut worked = 0_usize;
    let expired = context
        .store
        .due(context.now(), StateWord::Leased, limit)
        .await?;
    worked += expired.len();
    for (_, lot) in grouped(expired)? {
        let (deliveries, items) = apart(lot);
        let events = deliveries
            .iter()
            .map(|d| (d.id, DeliveryEvent::LeaseExpired))
            .collect();
        commit_events(context, "confirm", (&deliveries, &items), &events).await?;
    }
    let submitted = context
        .store
        .due(context.now(), StateWord::Submitted, limit)
        .await?;
    for ((target, kind), lot) in grouped(submitted)? {
        for (job, lot) in by_job(lot) {
            let lot = admitted(context, &target, lot);
            worked += lot.len();
            if lot.is_empty() {
                continue;
            }
            if is_standing(&job) {
                look_up(context, &target, kind, lot).await?;
            } else {
                ask_about(context, &target, kind, &job, lot).await?;
            }
        }
    }
    let uncertain = context
        .store
        .due(context.now(), StateWord::Uncertain, limit)
        .await?;
    for ((target, kind), lot) in grouped(uncertain)? {
        let lot = admitted(context, &target, lot);
        worked += lot.len();
        if !lot.is_empty() {
            look_up(context, &target, kind, lot).await?;
        }
    }
    if worked > 0 {
        return Ok(Progress::Worked(u32::try_from(worked).unwrap_or(u32::MAX)));
    }
    Ok(Progress::Idle {
        wake_at: context.next_due().await?,
    })
}

/// What of a lot may be asked about now: all of it, one as a probe, or nothing because the system is away.
fn admitted(context: &Context, target: &SystemId, mut lot: Lot) -> Lot {
    match context.admit(target) {
        Admission::Free => {}
        Admission::Probe => lot.truncate(1),
        Admission::NotBefore(_) => lot.clear(),
    }
    lot
}

fn by_job(lot: Lot) -> BTreeMap<JobRef, Lot> {
    let mut jobs: BTreeMap<JobRef, Lot> = BTreeMap::new();
    for (delivery, item) in lot {
        let DeliveryState::Submitted { job, .. } = &delivery.state else {
            continue;
        };
        jobs.entry(job.clone()).or_default().push((delivery, item));
    }
    jobs
}

async fn ask_about(
    context: &Context,
    target: &SystemId,
    kind: DocumentKind,
    job: &JobRef,
    lot: Lot,
) -> Result<(), PassError> {
    let Some(client) = context
        .systems
        .get(target)
        .and_then(|system| system.target.as_ref())
    else {
        return Ok(());
    };
    let (deliveries, items) = apart(lot);
    let batch = Batch { kind, items };
    let answer = client.poll(job, &batch).await;
    context.heard_outcome(target, &answer);
    let events: BTreeMap<DeliveryId, DeliveryEvent> = match answer {
        Ok(outcome) => outcome
            .items
            .into_iter()
            .map(|(id, o)| (id, event(o)))
            .collect(),
        Err(fault) => deliveries.iter().map(|d| (d.id, failed(&fault))).collect(),
    };
    commit_events(context, "confirm", (&deliveries, &batch.items), &events).await
}

async fn look_up(
    context: &Context,
    target: &SystemId,
    kind: DocumentKind,
    lot: Lot,
) -> Result<(), PassError> {
    let Some(client) = context
        .systems
        .get(target)
        .and_then(|system| system.target.as_ref())
    else {
        return Ok(());
    };
    let (deliveries, items) = apart(lot);
    let batch = Batch { kind, items };
    let answer = client.find(&batch).await;
    context.heard(target, answer.as_ref().err());
    let events: BTreeMap<DeliveryId, DeliveryEvent> = match answer {
        Ok(found) => found
            .into_iter()
            .map(|f| (f.id, DeliveryEvent::Found(f.rows)))
            .collect(),
        Err(fault) => deliveries.iter().map(|d| (d.id, failed(&fault))).collect(),
    };
    commit_events(context, "confirm", (&deliveries, &batch.items), &events).await
}
