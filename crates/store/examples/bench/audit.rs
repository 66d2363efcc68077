//! The audit log: durable entries per second in groups, and how long a long one takes to verify.

use std::time::Instant;

use tieout_engine::{Change, Changeset, Delivery, DeliveryState, StateWord};
use tieout_model::Timestamp;
use tieout_store::Store;

use crate::documents::{queue, set};
use crate::place::Place;
use crate::{Failure, per_second, say, tell, verdict};

/// Changesets in one group.
const GROUP: u64 = 500;
/// Entries appended for the first figure.
const APPENDED: u64 = 50_000;
/// Deliveries that move to and fro.
const DELIVERIES: u32 = 1_000;
/// Entries per second.
const APPEND_GOAL: u64 = 5_000;
/// Seconds for so many entries.
const VERIFY_GOAL: u64 = 30;
const VERIFY_ENTRIES: u64 = 10_000_000;

/// Entries of one delivery that moved each, in groups of which each is one durable transaction.
pub(crate) async fn appended(place: &Place) -> Result<(), Failure> {
    place.remove("log")?;
    let store = place.open("log").await?;
    let begin = Instant::now();
    append(&store, APPENDED).await?;
    let speed = per_second(APPENDED, begin);
    let what = format!(
        "{}: durable audit entries/s in groups of {GROUP}",
        place.name()
    );
    let goal = format!("goal {APPEND_GOAL}: {}", verdict(speed >= APPEND_GOAL));
    say('d', &what, &speed.to_string(), &goal);
    drop(store);
    place.remove("log")
}

/// How long a long log takes to verify. It is made in the first place only and copied to the others, since that takes a fraction of the time.
pub(crate) async fn verified(places: &[Place], entries: u64) -> Result<(), Failure> {
    let Some((first, others)) = places.split_first() else {
        return Ok(());
    };
    let made = first.open("long").await?;
    tell(&format!(
        "{}: appending up to {entries} entries",
        first.name()
    ));
    append(&made, entries).await?;
    time(first, &made, entries).await?;
    for other in others {
        let copy = other.open("long").await?;
        if copy.audit_head().await? != made.audit_head().await? {
            drop(copy);
            tell(&format!("{}: copying them there", other.name()));
            other.remove("long")?;
            made.copy_to(&other.open("long").await?).await?;
        }
        time(other, &other.open("long").await?, entries).await?;
    }
    Ok(())
}

async fn time(place: &Place, store: &Store, entries: u64) -> Result<(), Failure> {
    let begin = Instant::now();
    let verified = store.verify_audit(None).await?;
    let elapsed = begin.elapsed();
    let what = format!(
        "{}: {} audit entries verified",
        place.name(),
        verified.entries
    );
    let seconds = format!("{}.{} s", elapsed.as_secs(), elapsed.subsec_millis() / 100);
    let goal = if entries < VERIFY_ENTRIES {
        format!("goal {VERIFY_GOAL} s is for {VERIFY_ENTRIES}: not measured")
    } else {
        let is_reached = elapsed.as_secs() < VERIFY_GOAL;
        format!("goal {VERIFY_GOAL} s: {}", verdict(is_reached))
    };
    say('d', &what, &seconds, &goal);
    Ok(())
}

/// Makes the log that long; goes on where an earlier run stopped.
async fn append(store: &Store, entries: u64) -> Result<(), Failure> {
    let mut count = store.audit_head().await?.sequence;
    if count == 0 {
        queue(store, 0..DELIVERIES, 1_000).await?;
        count = store.audit_head().await?.sequence;
    }
    let now = Timestamp(i64::MAX / 2);
    let limit = usize::try_from(DELIVERIES)?;
    let found = store.due(now, StateWord::Queued, limit).await?;
    let mut deliveries: Vec<Delivery> = found.into_iter().map(|one| one.delivery).collect();
    while count < entries {
        let length = GROUP.min(entries - count);
        let index = |i: u64| usize::try_from((count + i) % u64::from(DELIVERIES)).unwrap_or(0);
        let sets: Vec<Changeset> = (0..length)
            .map(|i| moved_on(&mut deliveries[index(i)]))
            .collect();
        for answer in store.commit_many(sets).await {
            answer?;
        }
        count += length;
        if count.is_multiple_of(1_000_000) {
            tell(&format!("  {count} entries"));
        }
    }
    Ok(())
}

/// A delivery that waits a little longer.
fn moved_on(delivery: &mut Delivery) -> Changeset {
    let next = DeliveryState::Queued {
        not_before: Timestamp(i64::from(u32::try_from(delivery.version).unwrap_or(0))),
    };
    let change = Change::MoveDelivery {
        id: delivery.id,
        expected: delivery.version,
        next,
        attempts: 0,
    };
    delivery.version += 1;
    set("wait", vec![change])
}
