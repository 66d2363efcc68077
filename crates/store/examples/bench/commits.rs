//! Durable commits per second, beside a loop that does nothing but insert a unique key into the same database.

use std::time::{Duration, Instant};

use crate::documents::{queued, set};
use crate::place::{Place, Plain, on_server};
use crate::{Failure, per_second, ratio, say};

/// How long each loop runs in one turn, and how many turns both take: a busy disk then slows both.
const SPAN: Duration = Duration::from_secs(1);
const TURNS: u64 = 4;

pub(crate) async fn measure(place: &Place) -> Result<(), Failure> {
    for workers in [1, 4, 16] {
        let (mut bare, mut whole) = (0, 0);
        for _ in 0..TURNS {
            bare += plain(place, workers)? / TURNS;
            whole += commits(place, workers).await? / TURNS;
        }
        let what = format!(
            "{}, {workers} worker(s): durable commits/s ÷ plain inserts/s",
            place.name()
        );
        let figure = format!("{} ({whole} ÷ {bare})", ratio(whole, bare));
        say('a', &what, &figure, "");
    }
    Ok(())
}

/// One document captured, translated and queued per commit: on a server by workers with connections of their own, as several programs have;
/// on a file by those of one program.
async fn commits(place: &Place, workers: u32) -> Result<u64, Failure> {
    place.remove("commits")?;
    let mut tasks = tokio::task::JoinSet::new();
    let first = place.open("commits").await?;
    let mut stores = Vec::new();
    for _ in 0..workers {
        stores.push(if place.is_server() {
            place.open("commits").await?
        } else {
            first.clone()
        });
    }
    let begin = Instant::now();
    for (worker, store) in (0..).zip(stores) {
        tasks.spawn(async move {
            let mut done = 0_u32;
            while begin.elapsed() < SPAN {
                let changes = queued(worker * 1_000_000 + done)?;
                store.commit(set("queue", changes)).await?;
                done += 1;
            }
            Ok::<u32, Failure>(done)
        });
    }
    let mut all = 0;
    while let Some(done) = tasks.join_next().await {
        all += u64::from(done??);
    }
    let speed = per_second(all, begin);
    drop(first);
    place.remove("commits")?;
    Ok(speed)
}

/// As many connections that insert a unique key each, one by one, durably.
fn plain(place: &Place, workers: u32) -> Result<u64, Failure> {
    place.remove("plain")?;
    let address = place.address("plain")?;
    let create = "CREATE TABLE plain (key TEXT PRIMARY KEY)";
    if place.is_server() {
        on_server(&address, &[create])?;
    } else {
        let file = rusqlite::Connection::open(&address)?;
        file.execute_batch("PRAGMA journal_mode = WAL")?;
        file.execute_batch(create)?;
    }
    let begin = Instant::now();
    let done = std::thread::scope(|scope| {
        let loops = (0..workers).map(|worker| {
            let address = &address;
            scope.spawn(move || insert(address, place.is_server(), worker, begin))
        });
        let loops: Vec<_> = loops.collect();
        let mut all = 0;
        for one in loops {
            all += one.join().map_err(|_| "a thread panicked")??;
        }
        Ok::<u64, Failure>(all)
    });
    let speed = per_second(done?, begin);
    place.remove("plain")?;
    Ok(speed)
}

fn insert(address: &str, is_server: bool, worker: u32, begin: Instant) -> Result<u64, Failure> {
    let key = |done: u64| format!("worker {worker} document {done}");
    let mut done = 0;
    if is_server {
        let client = Plain::connect(address)?;
        return client.repeat("INSERT INTO plain (key) VALUES ($1)", |done| {
            (begin.elapsed() < SPAN).then(|| key(done))
        });
    }
    let file = rusqlite::Connection::open(address)?;
    file.execute_batch("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 60000")?;
    let mut statement = file.prepare("INSERT INTO plain (key) VALUES (?1)")?;
    while begin.elapsed() < SPAN {
        statement.execute([key(done)])?;
        done += 1;
    }
    Ok(done)
}
