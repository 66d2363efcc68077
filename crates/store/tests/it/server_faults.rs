//! What a server can do to us: stop at once, lose the answer to a commit, ask for repetition, run out of connections, promise too little.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tieout_engine::{DeliveryState, StateWord};
use tieout_store::{
    AuditHead, CommitError, Conflict, DatabaseUrl, ExecutionMode, OpenError, Store, StoreWarning,
};

use crate::server::{Throwaway, shared, sql};
use crate::world::{
    at, fill, moved, must, on_each, opened, posted, queued, run, set, store_at, want,
};

/// A store as the program opens it.
async fn blocking(url: &str) -> Result<Store, OpenError> {
    let url: DatabaseUrl = url.parse().unwrap();
    Store::open(&url, ExecutionMode::Blocking).await
}

/// Tasks of several threads' worth of work, as in the program.
fn run_many<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(future)
}

#[test]
fn what_commit_answered_is_there_after_the_server_stopped_at_once() {
    let server = Throwaway::start();
    let url = server.database();
    run_many(async {
        let store = blocking(&url).await.unwrap();
        let mut confirmed: Vec<AuditHead> = Vec::new();
        for round in 0..5_i64 {
            let writers = (0..4).map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut heads = Vec::new();
                    for i in 0..1000 {
                        let key = format!("r{round}w{writer}i{i}");
                        match store.commit(queued(&key, "E100", round + 1)).await {
                            Ok(done) => heads.push(AuditHead {
                                sequence: done.sequence,
                                digest: done.head,
                            }),
                            Err(CommitError::Unavailable(_)) => break,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    heads
                })
            });
            let writers: Vec<_> = writers.collect();
            let stop = tokio::task::spawn_blocking({
                let pause = std::time::Duration::from_millis(150 + 40 * round.unsigned_abs());
                move || std::thread::sleep(pause)
            });
            stop.await.unwrap();
            server.crash();
            for writer in writers {
                confirmed.extend(writer.await.unwrap());
            }
            server.restart();
            assert!(!confirmed.is_empty());
            store
                .verify_audit_through(None, confirmed.clone())
                .await
                .unwrap();
        }
        must(&store, queued("after", "E100", 9)).await;
    });
}

/// A proxy that ends the connection around a commit: 0 never, 1 before it reaches the server, 2 after the server did it.
fn proxy(port: u16, cut: Arc<AtomicU8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let cut = Arc::clone(&cut);
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let (mut answers, mut back) = (server, client);
            let is_dead = Arc::new(AtomicU8::new(0));
            let dead = Arc::clone(&is_dead);
            std::thread::spawn(move || {
                let mut bytes = [0; 65_536];
                while let Ok(count @ 1..) = answers.read(&mut bytes) {
                    if dead.load(Ordering::SeqCst) == 1 || back.write_all(&bytes[..count]).is_err()
                    {
                        break;
                    }
                }
                let _ = back.shutdown(Shutdown::Both);
            });
            std::thread::spawn(move || {
                let mut bytes = [0; 65_536];
                while let Ok(count @ 1..) = from.read(&mut bytes) {
                    let part = &bytes[..count];
                    let is_commit = part.windows(7).any(|word| word == b"COMMIT\0");
                    match cut.load(Ordering::SeqCst) {
                        1 if is_commit => break,
                        2 if is_commit => {
                            is_dead.store(1, Ordering::SeqCst);
                            let _ = to.write_all(part);
                            // The answer comes, and nobody hears it.
                            continue;
                        }
                        _ => {}
                    }
                    if to.write_all(part).is_err() {
                        break;
                    }
                }
                let _ = to.shutdown(Shutdown::Both);
                let _ = from.shutdown(Shutdown::Both);
            });
        }
    });
    own
}

#[test]
fn a_commit_whose_answer_was_lost_is_looked_up_not_repeated() {
    let direct = shared().database();
    let cut = Arc::new(AtomicU8::new(0));
    let port = proxy(shared().port(), Arc::clone(&cut));
    let name = direct.rsplit('/').next().unwrap();
    let url = format!("postgres://tieout@127.0.0.1:{port}/{name}?connections=1");
    run(async {
        let store = store_at(&url).await;
        for round in 0..40_u8 {
            let before = store.audit_head().await.unwrap();
            let key = format!("d{round}");
            let how = 1 + round % 2;
            cut.store(how, Ordering::SeqCst);
            let answer = store.commit(queued(&key, "E100", 1)).await;
            cut.store(0, Ordering::SeqCst);
            assert!(
                matches!(answer, Err(CommitError::Unavailable(_))),
                "{answer:?}"
            );
            let after = store.audit_head().await.unwrap();
            let again = store.commit(queued(&key, "E100", 1)).await;
            if how == 2 {
                assert_eq!(after.sequence, before.sequence + 1);
                let known = matches!(again, Err(CommitError::Conflict(Conflict::Revision { .. })));
                assert!(known, "{again:?}");
            } else {
                assert_eq!(after, before);
                again.unwrap();
            }
        }
        assert_eq!(store.verify_audit(None).await.unwrap().entries, 40);
    });
}

const TRIP: &str = "CREATE SEQUENCE trips;
CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('trips') % 3 <> 0 THEN
        RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trip BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION trip();";

#[test]
fn two_hundred_serialisation_failures_pass_unnoticed() {
    let url = shared().database();
    run(async {
        let store = store_at(&url).await;
        sql(&url, TRIP);
        for i in 0..100 {
            must(&store, queued(&format!("d{i}"), "E100", 1)).await;
        }
        assert_eq!(store.verify_audit(None).await.unwrap().entries, 100);
        sql(&url, "ALTER SEQUENCE trips INCREMENT 3 RESTART 301");
        let never = store.commit(queued("never", "E100", 2)).await;
        assert!(
            matches!(never, Err(CommitError::Unavailable(_))),
            "{never:?}"
        );
        sql(&url, "DROP TRIGGER trip ON audit");
        assert_eq!(store.document("JE-never").await.unwrap(), None);
        must(&store, queued("never", "E100", 2)).await;
    });
}

#[test]
fn ordinary_work_is_never_undone_and_done_again() {
    let url = shared().database();
    run(async { fill(&store_at(&url).await).await });
    let name = url.rsplit('/').next().unwrap();
    // The server counts when a connection ends.
    let counted = format!("FROM pg_stat_database WHERE datname = '{name}' AND xact_commit > 10");
    shared().wait_for(&format!("SELECT 1 / COUNT(*) {counted}"));
    shared().sql(
        "postgres",
        &format!("SELECT 1 / COUNT(*) {counted} AND xact_rollback = 0"),
    );
}

#[test]
fn one_connection_is_enough_for_many_tasks() {
    let url = format!("{}?connections=1", shared().database());
    run_many(async {
        let store = blocking(&url).await.unwrap();
        let tasks = (0..12).map(|i| {
            let store = store.clone();
            tokio::spawn(async move {
                must(&store, queued(&format!("d{i}"), "E100", 1)).await;
                store.counts().await.unwrap();
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(store.verify_audit(None).await.unwrap().entries, 12);
    });
}

#[test]
fn stores_that_lease_at_once_never_share_a_delivery() {
    let url = shared().database();
    run_many(async {
        let stores = [blocking(&url).await.unwrap(), blocking(&url).await.unwrap()];
        for i in 0..60 {
            must(&stores[0], queued(&format!("d{i:02}"), "E100", 1)).await;
        }
        let workers = (0..8).map(|i| {
            let store = stores[i % 2].clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let leased = store.lease(&want(2, 3)).await.unwrap();
                    if leased.is_empty() {
                        return taken;
                    }
                    taken.extend(leased.into_iter().map(|found| found.delivery.id));
                }
            })
        });
        let mut taken = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            taken.extend(worker.await.unwrap());
        }
        let count = taken.len();
        taken.sort_unstable();
        taken.dedup();
        assert_eq!((count, taken.len()), (60, 60));
        stores[1].verify_audit(None).await.unwrap();
    });
}

#[test]
fn a_lease_that_ran_out_is_taken_over_and_the_late_worker_is_turned_away() {
    on_each(async |store: Store| {
        must(&store, queued("a", "E100", 1)).await;
        let leased = store.lease(&want(1, 1)).await.unwrap();
        let until = leased[0].delivery.state.due_at().unwrap();
        assert!(
            store
                .due(at(2), StateWord::Leased, 9)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            store.due(until, StateWord::Leased, 9).await.unwrap().len(),
            1
        );
        let uncertain = DeliveryState::Uncertain {
            probe_at: until,
            absences: 0,
        };
        must(&store, set(500, vec![moved("a", 0, 1, uncertain)])).await;
        let late = store
            .commit(set(501, vec![moved("a", 0, 1, posted("a", 0))]))
            .await;
        let id = opened("a", "E100", 0, 1).delivery.id;
        assert_eq!(
            late,
            Err(CommitError::Conflict(Conflict::Delivery {
                id,
                expected: 1,
                found: Some(2),
            }))
        );
    });
}

#[test]
fn a_server_that_may_forget_is_refused() {
    let url = shared().database();
    let name = url.rsplit('/').next().unwrap();
    shared().sql(
        "postgres",
        &format!("ALTER DATABASE {name} SET synchronous_commit = off"),
    );
    let refused = run(async { blocking(&url).await.err() });
    let found = refused.unwrap().to_string();
    assert!(found.contains("synchronous_commit = off"), "{found}");
    let server = Throwaway::start();
    server.set("fsync = off");
    server.crash();
    server.restart();
    let refused = run(async { blocking(&server.database()).await.err() });
    let found = refused.unwrap().to_string();
    assert!(found.contains("fsync = off"), "{found}");
}

#[test]
fn a_foreign_database_is_refused() {
    let url = shared().database();
    sql(&url, "CREATE TABLE contacts (name TEXT)");
    let refused = run(async { blocking(&url).await.err() });
    assert_eq!(refused, Some(OpenError::Foreign));
}

/// What opening a database answers when it is refused.
fn refusal(url: &str) -> OpenError {
    run(async { blocking(url).await.err().unwrap() })
}

#[test]
fn a_server_that_is_not_there_yet_is_told_from_one_that_says_no() {
    let nowhere = "postgres://tieout@127.0.0.1:1/tieout";
    for away in [nowhere, "postgres://tieout@nowhere.invalid/tieout"] {
        let refused = refusal(away);
        assert!(matches!(refused, OpenError::Away(_)), "{refused:?}");
    }
    let server = Throwaway::start();
    let unknown = server.url("no_such_database");
    let stranger = unknown.replace("tieout@", "stranger@");
    for never in [unknown, stranger] {
        let refused = refusal(&never);
        assert!(matches!(refused, OpenError::Unavailable(_)), "{refused:?}");
    }
    let url = server.database();
    server.set("max_connections = 8");
    server.sql("postgres", "CREATE ROLE worker LOGIN");
    server.crash();
    server.restart();
    let worker = url.replace("tieout@", "worker@");
    let taken: Vec<_> = (0..5).map(|_| run(store_at(&url))).collect();
    let refused = refusal(&worker);
    assert!(matches!(refused, OpenError::Away(_)), "{refused:?}");
    drop(taken);
    server.crash();
    let refused = refusal(&url);
    assert!(matches!(refused, OpenError::Away(_)), "{refused:?}");
}

#[test]
fn a_standby_that_commits_do_not_wait_for_is_named() {
    let server = Throwaway::start();
    let url = server.database();
    let warnings = || run(async { blocking(&url).await.unwrap().warnings() });
    assert_eq!(warnings(), []);
    let standby = server.standby(false);
    assert_eq!(
        warnings(),
        [StoreWarning::AsynchronousStandby { standbys: 1 }]
    );
    drop(standby);
}

#[test]
fn a_synchronous_standby_takes_over_and_nothing_is_lost() {
    for _ in 0..2 {
        let first = Throwaway::start();
        let name = first.database();
        let name = name.rsplit('/').next().unwrap();
        let second = first.standby(true);
        let ports = (first.port(), second.port());
        let url = format!(
            "postgres://tieout@127.0.0.1:{},127.0.0.1:{}/{name}",
            ports.0, ports.1
        );
        run(async {
            let store = store_at(&url).await;
            assert_eq!(store.warnings(), []);
            fill(&store).await;
            let head = store.audit_head().await.unwrap();
            first.crash();
            let lost = store.commit(queued("x", "E100", 20)).await;
            assert!(matches!(lost, Err(CommitError::Unavailable(_))), "{lost:?}");
            second.promote();
            assert_eq!(store.audit_head().await.unwrap(), head);
            must(&store, queued("x", "E100", 20)).await;
            store.verify_audit_through(None, vec![head]).await.unwrap();
        });
    }
}
