//! What a document costs when the store is nearly empty, and when it is full.
//!
//! Both are timed in turns, so that a busy neighbour slows both; checkpoints count where they fall. On a busy machine wall time says little,
//! so for SQLite, whose work is this process's own, the processor's time is said too.

use std::time::{Duration, Instant};

use tieout_store::Store;

use crate::documents::{deliver, queue};
use crate::place::Place;
use crate::{Failure, ratio, say, tell, verdict};

/// Documents when the store counts as nearly empty.
const FEW: u32 = 1_000;
/// Documents whose way through the store is timed in one turn, and how many turns.
const SAMPLE: u32 = 2_000;
const TURNS: u32 = 8;
/// Documents per changeset.
const GROUP: usize = 200;
/// The goal, in hundredths.
const GOAL: u64 = 120;

/// Time that a number of documents took.
#[derive(Default)]
struct Cost {
    wall: Duration,
    processor: Duration,
    documents: u32,
}

impl Cost {
    fn micros(&self, time: Duration) -> u64 {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        micros / u64::from(self.documents.max(1))
    }
}

pub(crate) async fn measure(place: &Place, many: u32) -> Result<(), Failure> {
    let full = place.open("many").await?;
    tell(&format!("{}: filling up to {many} documents", place.name()));
    let mut count = u32::try_from(full.counts().await?.documents.values().sum::<u64>())?;
    fill(&full, &mut count, many).await?;
    let (mut at_few, mut at_many) = (Cost::default(), Cost::default());
    for _ in 0..TURNS {
        place.remove("few")?;
        let few = place.open("few").await?;
        let mut there = 0;
        fill(&few, &mut there, FEW).await?;
        sample(&few, &mut there, &mut at_few).await?;
        drop(few);
        sample(&full, &mut count, &mut at_many).await?;
    }
    place.remove("few")?;
    let (few, full) = (at_few.micros(at_few.wall), at_many.micros(at_many.wall));
    let what = format!("{}: cost per document at {many} ÷ at {FEW}", place.name());
    let figure = format!("{} ({full} µs ÷ {few} µs)", ratio(full, few));
    let hundredths = full.saturating_mul(100) / few.max(1);
    let goal = format!("goal 1.20: {}", verdict(hundredths <= GOAL));
    say('b', &what, &figure, &goal);
    if !place.is_server() {
        let few = at_few.micros(at_few.processor);
        let full = at_many.micros(at_many.processor);
        let what = format!("{}: the same in processor time", place.name());
        let figure = format!("{} ({full} µs ÷ {few} µs)", ratio(full, few));
        say('b', &what, &figure, "");
    }
    Ok(())
}

/// Takes documents through the store until there are `fill`.
async fn fill(store: &Store, count: &mut u32, fill: u32) -> Result<(), Failure> {
    while *count < fill {
        let next = fill.min(*count + 10_000);
        queue(store, *count..next, 1_000).await?;
        deliver(store, 1_000).await?;
        *count = next;
        if next.is_multiple_of(100_000) {
            tell(&format!("  {next} documents"));
        }
    }
    Ok(())
}

/// Times documents from captured to posted.
async fn sample(store: &Store, count: &mut u32, cost: &mut Cost) -> Result<(), Failure> {
    let (begin, worked) = (Instant::now(), processor_time());
    queue(store, *count..*count + SAMPLE, GROUP).await?;
    deliver(store, GROUP).await?;
    cost.wall += begin.elapsed();
    cost.processor += processor_time().saturating_sub(worked);
    cost.documents += SAMPLE;
    *count += SAMPLE;
    Ok(())
}

/// Time this process has spent on processors, kernel included; nothing where the system does not say it in this way.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|tick| tick.parse::<u64>().ok()).sum();
    // Linux counts for programs in hundredths of a second on every machine.
    Duration::from_millis(ticks * 10)
}
