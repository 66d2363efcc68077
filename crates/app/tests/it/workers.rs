//! Several workers on one server: one that dies or stalls is replaced, and a server that stops, restarts or hands over is waited for.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::judge::Typed;
use crate::program::{Running, Twin, golden};
use crate::server::{Throwaway, shared, sql};

/// What the lease of a worker and a look promise together.
const REPLACED_WITHIN: Duration = Duration::from_secs(10);

fn wait_until(twin: &Twin, limit: Duration, what: &str, mut is: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is() {
        assert!(
            since.elapsed() < limit,
            "{what} within {limit:?}\n{}",
            twin.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn ids(twin: &Twin, state: &str) -> Vec<String> {
    let listed = twin.documents(Some(state));
    let id = |row: &serde_json::Value| row["id"].as_str().unwrap().to_owned();
    listed.iter().map(id).collect()
}

/// Two workers, past their start.
fn two_workers(twin: &Twin) -> [Running; 2] {
    let workers = [twin.worker(), twin.worker()];
    wait_until(twin, Duration::from_secs(60), "both run", || {
        twin.log().matches("running; Ctrl-C").count() == 2
    });
    workers
}

/// Everything that was typed and everything of the golden company is posted.
fn is_done(twin: &Twin, typed: &Typed) -> bool {
    ids(twin, "accounted").len() == 97 + typed.made.len()
}

/// Simulators whose target answers every post only after half a minute, and a first worker that waits for such an answer, with what it sends.
fn first_worker_in_the_middle(database: &str) -> (Twin, Running, Vec<String>) {
    let twin = Twin::start(&golden());
    twin.use_database(database);
    twin.configure(|config| {
        // As it is when nobody sets it.
        config["delivery"]
            .as_table_mut()
            .unwrap()
            .remove("lease_ms");
    });
    let slow = json!([{"system": "fusion", "operation": "POST*", "fault": {"delay_ms": 30_000}}]);
    twin.faults(slow);
    let first = twin.worker();
    wait_until(&twin, Duration::from_secs(60), "a first post", || {
        !ids(&twin, "sent").is_empty()
    });
    let sent = ids(&twin, "sent");
    (twin, first, sent)
}

/// How long until nothing of `sent` is held by the worker that is gone.
fn replaced(twin: &Twin, sent: &[String]) -> Duration {
    let since = Instant::now();
    wait_until(twin, Duration::from_secs(30), "replaced", || {
        ids(twin, "sent").iter().all(|id| !sent.contains(id))
    });
    since.elapsed()
}

#[test]
fn a_killed_worker_is_replaced_within_ten_seconds() {
    let (twin, first, sent) = first_worker_in_the_middle(&shared().database());
    let second = twin.worker();
    std::thread::sleep(Duration::from_secs(2));
    first.kill();
    let took = replaced(&twin, &sent);
    eprintln!("{} deliveries taken over after {took:.1?}", sent.len());
    assert!(took < REPLACED_WITHIN, "{took:?}");
    second.kill();
    twin.delete("faults");
    twin.drain().expect(0);
    Typed::new().judge(&twin);
}

#[test]
fn a_stalled_worker_is_replaced_within_ten_seconds_and_turned_away_when_it_wakes() {
    let (twin, first, sent) = first_worker_in_the_middle(&shared().database());
    let second = twin.worker();
    std::thread::sleep(Duration::from_secs(2));
    first.signal("-STOP");
    let took = replaced(&twin, &sent);
    eprintln!("{} deliveries taken over after {took:.1?}", sent.len());
    assert!(took < REPLACED_WITHIN, "{took:?}");
    twin.delete("faults");
    first.signal("-CONT");
    let mut typed = Typed::new();
    (0..5).for_each(|_| typed.enter(&twin));
    wait_until(&twin, Duration::from_secs(120), "all posted", || {
        is_done(&twin, &typed)
    });
    // Neither of them took harm.
    for worker in [first, second] {
        assert_eq!(worker.terminate().0, 0, "{}", twin.log());
    }
    typed.judge(&twin);
}

#[test]
fn a_writer_that_stalls_inside_a_write_ends_nobody() {
    let twin = Twin::start(&golden());
    let url = shared().database();
    twin.use_database(&url);
    let mut typed = Typed::new();
    let mut worker = twin.worker();
    wait_until(&twin, Duration::from_secs(60), "all posted", || {
        is_done(&twin, &typed)
    });
    // The lock that every write takes, held for longer than a write waits for it.
    std::thread::scope(|scope| {
        let hold =
            "BEGIN; SELECT pg_advisory_xact_lock(127996022191476); SELECT pg_sleep(11); COMMIT";
        scope.spawn(|| sql(&url, hold));
        std::thread::sleep(Duration::from_millis(300));
        (0..3).for_each(|_| typed.enter(&twin));
    });
    assert_eq!(worker.ended_within(Duration::ZERO), None, "{}", twin.log());
    wait_until(&twin, Duration::from_secs(60), "all posted", || {
        is_done(&twin, &typed)
    });
    assert_eq!(worker.terminate().0, 0, "{}", twin.log());
    typed.judge(&twin);
}

#[test]
fn a_disk_that_is_full_for_a_while_is_waited_for() {
    let twin = Twin::start(&golden());
    let mut typed = Typed::new();
    let mut worker = Running::with_little_room(&twin, 900);
    wait_until(&twin, Duration::from_secs(60), "the disk is full", || {
        twin.log().contains("the database does not answer")
    });
    typed.enter(&twin);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(worker.ended_within(Duration::ZERO), None, "{}", twin.log());
    worker.give_room();
    wait_until(&twin, Duration::from_secs(60), "all posted", || {
        is_done(&twin, &typed)
    });
    assert_eq!(worker.terminate().0, 0, "{}", twin.log());
    typed.judge(&twin);
}

#[test]
fn a_server_that_stops_under_load_and_comes_back_is_waited_for() {
    let server = Throwaway::start();
    let twin = Twin::start(&golden());
    twin.use_database(&server.database());
    let mut typed = Typed::new();
    let mut workers = two_workers(&twin);
    for _ in 0..3 {
        for _ in 0..5 {
            typed.enter(&twin);
            std::thread::sleep(Duration::from_millis(50));
        }
        server.crash();
        std::thread::sleep(Duration::from_secs(2));
        server.restart();
    }
    wait_until(&twin, Duration::from_secs(90), "all posted", || {
        is_done(&twin, &typed)
    });
    for worker in &mut workers {
        let ended = worker.ended_within(Duration::ZERO);
        assert_eq!(ended, None, "{}", twin.log());
    }
    let said = twin.log();
    assert!(said.contains("the database does not answer"), "{said}");
    assert!(said.contains("the database answers again"), "{said}");
    for worker in workers {
        assert_eq!(worker.terminate().0, 0, "{}", twin.log());
    }
    typed.judge(&twin);
}

#[test]
fn a_synchronous_standby_takes_over_under_load_within_a_minute() {
    let first = Throwaway::start();
    let name = first.database();
    let name = name.rsplit('/').next().unwrap();
    let second = first.standby(true);
    let twin = Twin::start(&golden());
    twin.use_database(&format!(
        "postgres://tieout@127.0.0.1:{},127.0.0.1:{}/{name}",
        first.port(),
        second.port()
    ));
    let mut typed = Typed::new();
    let workers = two_workers(&twin);
    for _ in 0..10 {
        typed.enter(&twin);
        std::thread::sleep(Duration::from_millis(50));
    }
    first.crash();
    typed.enter(&twin);
    second.promote();
    wait_until(&twin, Duration::from_secs(60), "all posted", || {
        is_done(&twin, &typed)
    });
    for worker in workers {
        assert_eq!(worker.terminate().0, 0, "{}", twin.log());
    }
    typed.judge(&twin);
}

#[test]
fn an_asynchronous_standby_is_named_at_the_start() {
    let first = Throwaway::start();
    let database = first.database();
    let standby = first.standby(false);
    let twin = Twin::start(&golden());
    twin.use_database(&database);
    twin.drain().expect(0).says(&["P0309", "standby"]);
    drop(standby);
}

#[test]
fn a_server_that_comes_up_after_the_worker_is_waited_for() {
    let server = Throwaway::start();
    let database = server.database();
    let twin = Twin::start(&golden());
    twin.use_database(&database);
    server.crash();
    let mut worker = twin.worker();
    wait_until(&twin, Duration::from_secs(30), "it waits", || {
        twin.log().contains("does not answer yet")
    });
    assert_eq!(worker.ended_within(Duration::ZERO), None, "{}", twin.log());
    server.restart();
    wait_until(&twin, Duration::from_secs(90), "all posted", || {
        ids(&twin, "accounted").len() == 97
    });
    assert_eq!(worker.terminate().0, 0, "{}", twin.log());
}

#[test]
fn a_server_that_says_no_is_not_waited_for() {
    let twin = Twin::start(&golden());
    let address = shared().url("no_such_database");
    twin.use_database(&address);
    let since = Instant::now();
    let ended = twin.drain().expect(3);
    ended.says(&["P0301", "no_such_database"]);
    assert!(!ended.err.contains("does not answer yet"), "{}", ended.err);
    assert!(since.elapsed() < Duration::from_secs(30));
}
