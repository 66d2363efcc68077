//! What a document costs when the store is nearly empty, and when it is full.

use std::time::Instant;

use crate::documents::{deliver, queue};
use crate::place::Place;
use crate::{Failure, ratio, say, verdict};

/// Documents when the store counts as nearly empty.
const FEW: u32 = 1_000;
/// Documents whose way through the store is timed; the quickest of several counts, so that a checkpoint or a neighbour counts once.
const SAMPLE: u32 = 2_000;
const ROUNDS: u32 = 5;
/// Documents per changeset.
const GROUP: usize = 200;
/// The goal, in hundredths.
const GOAL: u64 = 120;

pub(crate) async fn measure(place: &Place, many: u32) -> Result<(), Failure> {
    place.remove("few")?;
    let few = cost(place, "few", FEW).await?;
    let full = cost(place, "many", many).await?;
    let hundredths = full.saturating_mul(100) / few.max(1);
    let what = format!("{}: cost per document at {many} ÷ at {FEW}", place.name());
    let figure = format!("{} ({full} µs ÷ {few} µs)", ratio(full, few));
    let goal = format!("goal 1.20: {}", verdict(hundredths <= GOAL));
    say('b', &what, &figure, &goal);
    Ok(())
}

/// Microseconds per document from captured to posted, when that many documents are there. Fills the database up to that number first.
async fn cost(place: &Place, name: &str, fill: u32) -> Result<u64, Failure> {
    let store = place.open(name).await?;
    let mut count = u32::try_from(store.counts().await?.documents.values().sum::<u64>())?;
    while count < fill {
        let next = fill.min(count + 10_000);
        queue(&store, count..next, 1_000).await?;
        deliver(&store, 1_000).await?;
        count = next;
    }
    let mut best = u64::MAX;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        queue(&store, count..count + SAMPLE, GROUP).await?;
        deliver(&store, GROUP).await?;
        let micros = u64::try_from(begin.elapsed().as_micros())?;
        best = best.min(micros / u64::from(SAMPLE));
        count += SAMPLE;
    }
    Ok(best)
}
