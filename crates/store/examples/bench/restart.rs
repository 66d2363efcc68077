//! How long a restart takes until work goes on, with much open work.

use std::time::Instant;

use tieout_engine::{DeliveryState, StateWord};
use tieout_model::Timestamp;

use crate::documents::{moved, queue, set, want};
use crate::place::Place;
use crate::{Failure, say, verdict};

/// Every so many deliveries are leased to a worker that died, every so many uncertain.
const EACH: usize = 3;

pub(crate) async fn measure(place: &Place, open: u32) -> Result<(), Failure> {
    place.remove("open")?;
    let store = place.open("open").await?;
    queue(&store, 0..open, 1_000).await?;
    let mut left = usize::try_from(open)? / EACH;
    while left > 0 {
        let leased = store.lease(&want(left.min(1_000))).await?;
        left -= leased.len();
        let doubts = leased.iter().step_by(2).map(|found| {
            let state = DeliveryState::Uncertain {
                probe_at: Timestamp(3),
                absences: 0,
            };
            moved(&found.delivery, 0, state)
        });
        store.commit(set("doubt", doubts.collect())).await?;
    }
    drop(store);
    let begin = Instant::now();
    let store = place.open("open").await?;
    let counts = store.counts().await?;
    let now = Timestamp(i64::MAX / 2);
    let mut found = 0;
    for word in [
        StateWord::Uncertain,
        StateWord::Leased,
        StateWord::Submitted,
    ] {
        found += store.due(now, word, 400).await?.len();
    }
    let leased = store.lease(&want(200)).await?.len();
    let elapsed = begin.elapsed();
    if leased != 200 || found != 800 {
        return Err(format!("{leased} leased, {found} due of {counts:?}").into());
    }
    let what = format!(
        "{}: restart with {open} open until the first 200 are leased",
        place.name()
    );
    let goal = format!("goal 10 s: {}", verdict(elapsed.as_secs() < 10));
    say('c', &what, &format!("{} ms", elapsed.as_millis()), &goal);
    drop(store);
    place.remove("open")
}
