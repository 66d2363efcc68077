//! One worker: the passes of the pipeline in an order drawn from the seed, until it dies.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tieout_pipeline::{Context, PassError, Progress, confirm, deliver, extract, translate};

use super::planted;
use super::sched::{Idle, Rng};
use super::world::World;

/// The life of worker `n`, from its start after `pause_ms`.
pub(crate) async fn work(world: Arc<World>, n: usize, pause_ms: i64) {
    world.sched.sleep(pause_ms).await;
    let keys = *world.keys_away_until.lock().unwrap() - world.sched.now_ms();
    if keys > 0 {
        world.faults.mark("a start waited for the key service");
        world.sched.sleep(keys).await;
    }
    let context = world.context(n);
    // Lives begin one after the other, so this is the context's own.
    let life = *world.lives.lock().unwrap();
    let mut rng = Rng::of(world.seed + life, "order");
    loop {
        match round(&world, &context, life, &mut rng).await {
            Ok(true) => {}
            Ok(false) => rest(&world, &context, n).await,
            // The program ends when its database fails, and somebody starts it again.
            Err(_) => return,
        }
    }
}

async fn round(
    world: &World,
    context: &Context,
    life: u64,
    rng: &mut Rng,
) -> Result<bool, PassError> {
    let mut is_busy = false;
    let now = world.sched.now_ms();
    let is_due = {
        let mut next = world.next_poll.lock().unwrap();
        let is_due = *next <= now;
        if is_due {
            *next = now + world.poll_ms.load(Ordering::SeqCst);
        }
        is_due
    };
    if is_due {
        is_busy |= read(world, context).await?;
    }
    let mut stages = [0, 1, 2];
    if rng.chance(3_000) {
        stages.swap(rng.index(3), rng.index(3));
    }
    for stage in stages {
        let progress = match stage {
            0 => translate::pass(context).await?,
            1 => {
                let progress = deliver::pass(context).await?;
                let mut diary = world.diary.lock().unwrap();
                let recorded = diary.recorded.entry(life).or_default();
                recorded.push(world.sched.now_ms());
                progress
            }
            _ => confirm::pass(context).await?,
        };
        is_busy |= matches!(progress, Progress::Worked(_));
    }
    planted::after_round(world, context).await;
    Ok(is_busy)
}

async fn read(world: &World, context: &Context) -> Result<bool, PassError> {
    if let Some(answer) = planted::read(world, context).await {
        return answer;
    }
    // What was not read to the end is read on at once, as the program does.
    for _ in 0..200 {
        match extract::pass(context).await {
            Ok(Progress::Worked(_)) => {}
            Ok(Progress::Idle { .. }) => return Ok(true),
            Err(PassError::Source { .. }) => {
                let pause = world.faults.between(60_000, 1_200_000);
                *world.next_poll.lock().unwrap() = world.sched.now_ms() + pause;
                world.faults.mark("the source could not be read");
                return Ok(false);
            }
            Err(other) => return Err(other),
        }
    }
    Ok(true)
}

async fn rest(world: &World, context: &Context, n: usize) {
    let next = context.store.next_due().await.ok().flatten();
    let due = next.map_or(i64::MAX / 4, |at| at.millis() - context.now().millis());
    let poll = *world.next_poll.lock().unwrap() - world.sched.now_ms();
    let sleep = world.sched.sleep(due.min(poll).max(2_000));
    let signal = world.signals[n].clone();
    Idle { sleep, signal }.await;
    world.signals[n].store(false, Ordering::SeqCst);
}
