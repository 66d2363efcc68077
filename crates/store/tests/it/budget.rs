//! Claims: the places and turns of a system are shared by all workers on a database, and never more than there are.

use std::collections::BTreeMap;

use tieout_engine::budget::{Pace, Turns};
use tieout_model::Timestamp;
use tieout_store::{DatabaseUrl, ExecutionMode, PlaceRequest, Places, Store};

use crate::server::shared;
use crate::world::{at, on_each, queued, run};

const KEEP_MS: i64 = 3_000;

fn ask(holder: &str, second: i64, total: u32, busy: u32) -> PlaceRequest {
    PlaceRequest {
        system: "fusion".to_owned(),
        holder: holder.to_owned(),
        now: at(second),
        keep_ms: KEEP_MS,
        total,
        busy,
        gone: Vec::new(),
    }
}

async fn places(store: &Store, want: PlaceRequest) -> Places {
    store.share_places(want).await.unwrap()
}

async fn turns(store: &Store, second: i64, pace: Pace) -> Turns {
    let turns = store.take_turns("fusion".to_owned(), at(second), pace);
    turns.await.unwrap()
}

#[test]
fn all_workers_together_never_hold_more_places_than_there_are() {
    on_each(async |store: Store| {
        for total in [1, 2, 5, 8] {
            let mut held: BTreeMap<&str, (u32, Timestamp)> = BTreeMap::new();
            for second in 0..40 {
                let now = second + 1_000 * i64::from(total);
                for holder in ["a", "b", "c"] {
                    // One comes late, one goes away in between.
                    let is_away = (holder == "b" && second < 7)
                        || (holder == "c" && (15..25).contains(&second));
                    if is_away {
                        continue;
                    }
                    let given = places(&store, ask(holder, now, total, 0)).await;
                    held.insert(holder, (given.count, given.until));
                    let kept = held.values().filter(|(_, until)| *until > at(now));
                    let sum: u32 = kept.map(|(count, _)| count).sum();
                    assert!(sum <= total, "{sum} of {total} at {second}: {held:?}");
                }
            }
            let shares: Vec<u32> = held.values().map(|(count, _)| *count).collect();
            assert!(
                shares.iter().all(|share| *share <= total.div_ceil(3)),
                "{held:?}"
            );
            assert!(shares.iter().sum::<u32>() > 0, "nobody may call");
        }
    });
}

#[test]
fn places_come_free_when_their_holder_is_late_known_to_be_gone_or_leaves() {
    on_each(async |store: Store| {
        assert_eq!(places(&store, ask("a", 1, 4, 0)).await.count, 4);
        let beside = places(&store, ask("b", 2, 4, 0)).await;
        assert_eq!((beside.count, beside.others), (0, vec!["a".to_owned()]));
        assert_eq!(places(&store, ask("b", 4, 4, 0)).await.count, 4, "late");
        let gone = PlaceRequest {
            gone: vec!["b".to_owned()],
            ..ask("c", 5, 4, 0)
        };
        let alone = places(&store, gone).await;
        assert_eq!((alone.count, alone.others), (4, Vec::new()), "gone");
        let left = store.leave_places("fusion".to_owned(), "c".to_owned());
        left.await.unwrap();
        assert_eq!(places(&store, ask("d", 6, 4, 0)).await.count, 4, "left");
    });
}

#[test]
fn places_of_calls_under_way_are_kept_whatever_is_fair() {
    on_each(async |store: Store| {
        assert_eq!(places(&store, ask("a", 1, 4, 0)).await.count, 4);
        assert_eq!(places(&store, ask("b", 2, 4, 0)).await.count, 0);
        // It may begin two calls, but three are under way: only one place is free.
        assert_eq!(places(&store, ask("a", 3, 4, 3)).await.count, 2);
        assert_eq!(places(&store, ask("b", 3, 4, 0)).await.count, 1);
        assert_eq!(places(&store, ask("a", 4, 4, 2)).await.count, 2);
        assert_eq!(places(&store, ask("b", 4, 4, 1)).await.count, 2);
    });
}

#[test]
fn every_turn_is_given_once_and_one_that_passed_is_lost() {
    let pace = Pace {
        calls_max: 120,
        window_ms: 60_000,
    };
    on_each(async |store: Store| {
        let first = turns(&store, 10, pace).await;
        let second = turns(&store, 10, pace).await;
        assert_eq!(first.first, at(10));
        let after_first = first.first.0 + first.left * pace.interval_us();
        assert_eq!(second.first.0, after_first);
        assert_eq!(turns(&store, 100, pace).await.first, at(100));
    });
}

#[test]
fn workers_that_ask_at_the_same_moment_share_what_there_is() {
    let url: DatabaseUrl = shared().database().parse().unwrap();
    let pace = Pace {
        calls_max: 600,
        window_ms: 60_000,
    };
    run(async {
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..6 {
            let store = Store::open(&url, ExecutionMode::Blocking).await.unwrap();
            tasks.spawn(async move {
                let mut taken = Vec::new();
                for round in 0..20 {
                    taken.push(turns(&store, 1, pace).await.first.0);
                    // Others write meanwhile.
                    let set = queued(&format!("w{worker}r{round}"), "E100", 1);
                    store.commit(set).await.unwrap();
                }
                let name = format!("w{worker}");
                (taken, places(&store, ask(&name, 1, 9, 0)).await.count)
            });
        }
        let (mut taken, mut sum) = (Vec::new(), 0);
        while let Some(done) = tasks.join_next().await {
            let (turns, count) = done.unwrap();
            taken.extend(turns);
            sum += count;
        }
        taken.sort_unstable();
        let lot = pace.lot_len() * pace.interval_us();
        let expected = (0..120).map(|i| at(1).0 + i * lot);
        assert_eq!(taken, expected.collect::<Vec<_>>());
        assert!((1..=9).contains(&sum), "{sum} places of 9");
    });
}
