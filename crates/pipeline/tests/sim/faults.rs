//! Whatever happens at the door, everything posts once.

use crate::company::folder;
use crate::golden::check_balances;
use crate::world::{Mishap, World};

/// Carries the golden company while `mischief` acts at the target's door, and expects the same books as without it.
async fn check(seed: u64, mischief: impl FnMut(u64, bool, &str) -> Mishap + Send + 'static) {
    let world = World::open(folder("golden"), seed).await;
    *world.fusion.mischief.lock().unwrap() = Box::new(mischief);
    world.drain().await;
    check_balances(&world);
    let counts = world.context.store.counts().await.unwrap();
    let not_posted: u64 = counts
        .deliveries
        .iter()
        .filter(|(state, _)| state.word() != "posted")
        .map(|(_, count)| count)
        .sum();
    assert_eq!(not_posted, 0, "{counts:?}");
}

#[tokio::test]
async fn the_answer_of_every_first_write_is_lost() {
    let mut seen = std::collections::BTreeSet::new();
    let mut writes = 0;
    check(11, move |_, is_write, operation| {
        // Every other write loses its answer, so each document's first attempt does and its repetition, if any, would show as a double.
        writes += u64::from(is_write);
        seen.insert(operation.to_owned());
        if is_write && writes % 2 == 1 {
            Mishap::LoseAnswer
        } else {
            Mishap::None
        }
    })
    .await;
}

#[tokio::test]
async fn the_answer_of_every_write_is_lost() {
    check(12, |_, is_write, _| {
        if is_write {
            Mishap::LoseAnswer
        } else {
            Mishap::None
        }
    })
    .await;
}

#[tokio::test]
async fn a_third_of_the_requests_never_arrives() {
    // Spread without a period: a fixed third would hit the same step of every attempt.
    check(13, |n, _, _| {
        if (n * 7919 + n * n / 11) % 13 < 4 {
            Mishap::LoseRequest
        } else {
            Mishap::None
        }
    })
    .await;
}

#[tokio::test]
async fn every_fourth_answer_is_cut_and_every_fifth_is_an_error_page() {
    check(14, |n, _, _| match n {
        n if n % 4 == 0 => Mishap::Truncate,
        n if n % 5 == 0 => Mishap::Unavailable,
        _ => Mishap::None,
    })
    .await;
}

#[tokio::test]
async fn while_the_target_is_away_no_more_is_read_than_the_queue_takes() {
    let mut world = World::open(folder("golden"), 15).await;
    world.context.bounds.queue_len_max = 20;
    world.context.bounds.page_len_max = 10;
    *world.fusion.mischief.lock().unwrap() = Box::new(|_, _, _| Mishap::Unavailable);
    for _ in 0..40 {
        tieout_pipeline::extract::pass(&world.context)
            .await
            .unwrap();
        while let tieout_pipeline::Progress::Worked(_) =
            tieout_pipeline::translate::pass(&world.context)
                .await
                .unwrap()
        {}
        tieout_pipeline::deliver::pass(&world.context)
            .await
            .unwrap();
        world.time.advance(1_000);
    }
    let waiting = world.context.store.counts().await.unwrap();
    let waiting: u64 = waiting.deliveries.values().sum();
    // A page is read whole, for each kind.
    assert!((20..=50).contains(&waiting), "{waiting} wait");
    *world.fusion.mischief.lock().unwrap() = Box::new(|_, _, _| Mishap::None);
    world.drain().await;
    check_balances(&world);
}
