//! Worlds made from a seed: the real pipeline, store and clients against both simulated tenants, with faults at every door, people who
//! act, and a judge. One seed is one world, to the byte.

pub(crate) mod door;
pub(crate) mod faults;
pub(crate) mod folder;
pub(crate) mod judge;
mod judge_ledger;
mod judge_limits;
pub(crate) mod ledger;
pub(crate) mod make;
pub(crate) mod people;
pub(crate) mod planted;
pub(crate) mod sched;
pub(crate) mod worker;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use faults::Class;
use judge::{Fault, judge, now};
use planted::Bug;
use sched::{Rng, Task};
use world::World;

const DAY_MS: i64 = 86_400_000;

/// What came of one world.
pub(crate) struct Outcome {
    pub(crate) faults: Vec<Fault>,
    pub(crate) hits: BTreeMap<Class, u64>,
    pub(crate) marks: BTreeMap<&'static str, u64>,
    pub(crate) documents: usize,
    pub(crate) exceptions: BTreeMap<String, u64>,
    pub(crate) calls: u64,
    /// Of these, after the last fault.
    pub(crate) calls_after: u64,
    /// Of the same world without faults; 0 if it was not run.
    pub(crate) calls_calm: u64,
    pub(crate) operations: BTreeMap<String, u64>,
    pub(crate) lives: u64,
    /// Digest of the audit head, both twins' documents and the log of faults.
    pub(crate) digest: String,
    pub(crate) story: Vec<String>,
}

/// Runs the world of a seed to its end and judges it.
pub(crate) fn run(seed: u64, is_calm: bool, bug: Option<Bug>) -> Outcome {
    let world = World::open(seed, is_calm, bug);
    let agenda = world.people.agenda(&world);
    let (start, days) = {
        let company = world.people.company.lock().unwrap();
        (company.epoch_ms, company.days)
    };
    let mut rng = Rng::of(seed, "turns");
    let mut tasks: Vec<Task> = (0..world.workers + 2).map(|_| Task::new()).collect();
    let mut agenda = Some(agenda);
    let shared = world.clone();
    let mut spawn = move |n: usize, is_again: bool| -> Pin<Box<dyn Future<Output = ()>>> {
        let world = shared.clone();
        match n {
            0 => Box::pin(people::live(world, agenda.take().unwrap_or_default())),
            1 => Box::pin(world::carry_mail(world)),
            n => {
                let pause = if is_again {
                    world.faults.between(1_000, 120_000)
                } else {
                    0
                };
                Box::pin(worker::work(world, n - 2, pause))
            }
        }
    };
    world.people.company.lock().unwrap().maker.last_day += days;
    world
        .sched
        .run(start + days * DAY_MS + 1, &mut tasks, &mut rng, &mut spawn);
    world.faults.stop();
    let before = world.calls();
    world.set_clocks();
    world
        .poll_ms
        .store(3 * 3_600_000, std::sync::atomic::Ordering::SeqCst);
    *world.next_poll.lock().unwrap() = 0;
    world.people.repair(&world);
    // They may be asleep until a poll that was days away.
    world.wake_workers();
    // What a clock that was 26 h fast wrote down is due so much later.
    let is_off = world.faults.hits().contains_key(&Class::Clock);
    let calm = world.sched.now_ms()
        + if is_off {
            DAY_MS + 27 * 3_600_000
        } else {
            DAY_MS
        };
    world.sched.run(calm, &mut tasks, &mut rng, &mut spawn);
    let mut faults = judge(&world);
    let after = world.calls() - before;
    let writes = world.fusion.counts.lock().unwrap().writes;
    world
        .sched
        .run(calm + DAY_MS / 4, &mut tasks, &mut rng, &mut spawn);
    let again = world.fusion.counts.lock().unwrap().writes - writes;
    if again > 0 && !faults.iter().any(|f| f.point == 9) {
        let what = format!("{again} writes in a settled world");
        faults.push(Fault { point: 6, what });
    }
    if let Ok(number) = std::env::var("SIM_DOC") {
        tell(&world, &number);
    }
    let mut outcome = outcome(&world, faults);
    outcome.calls_after = after;
    outcome
}

/// Of so many worlds one is also run without faults, which costs as much again.
const COMPARED_EVERY: u64 = 8;

/// Runs the world of a seed; some also without faults, as [`run_compared`] does.
pub(crate) fn run_now_and_then_compared(seed: u64) -> Outcome {
    if seed.is_multiple_of(COMPARED_EVERY) {
        run_compared(seed)
    } else {
        run(seed, false, None)
    }
}

/// Runs the world of a seed, and the same without faults, which must be as good and tells how many calls are needed.
pub(crate) fn run_compared(seed: u64) -> Outcome {
    let calm = run(seed, true, None);
    let mut outcome = run(seed, false, None);
    for Fault { point, what } in calm.faults {
        let what = format!("without any fault: {what}");
        outcome.faults.push(Fault { point, what });
    }
    outcome.calls_calm = calm.calls;
    let allowed = calm.calls * judge_limits::CALLS_TIMES;
    if outcome.calls_after > allowed {
        let what = format!(
            "{} calls after the last fault, {} in all without faults",
            outcome.calls_after, calm.calls
        );
        outcome.faults.push(Fault { point: 9, what });
    }
    outcome
}

/// Prints everything about one document, for whoever looks for the cause of a finding.
fn tell(world: &World, number: &str) {
    let company = world.people.company.lock().unwrap();
    println!("source: {:#?}", company.books.get(number));
    let there = world.intacct.twin.lock().unwrap().documents_csv();
    for row in there.lines().filter(|row| row.contains(number)) {
        println!("there: {row}");
    }
    for flow in ["supplier_invoice", "supplier_credit", "journal_entry"] {
        let flow = tieout_engine::FlowId(format!("intacct/{flow}"));
        println!("cursor {}: {:?}", flow.0, now(world.store.cursor(&flow)));
    }
    for row in judge::gather(world).rows {
        if row.number.contains(number) {
            println!("target: {row:?}");
        }
    }
    if let Ok(Some(detail)) = now(world.store.document(number)) {
        println!(
            "{:?} {:?} captured {:?} settled {:?}",
            detail.row, detail.holds, detail.revision, detail.settled_revision
        );
        for delivery in detail.deliveries {
            println!("{:?} {:?}", delivery.delivery.role, delivery.delivery);
        }
    }
}

fn outcome(world: &Arc<World>, faults: Vec<Fault>) -> Outcome {
    let evidence = judge::gather(world);
    let mut exceptions = BTreeMap::new();
    for (number, open) in &evidence.exceptions {
        for exception in open {
            let short: String = exception.reason.chars().take(100).collect();
            let line = format!("{number} {}: {short}", exception.word);
            *exceptions.entry(line).or_default() += 1;
        }
    }
    let head = now(world.store.audit_head()).unwrap();
    let log = world.faults.log();
    let mut hasher = Sha256::new();
    hasher.update(head.digest.as_bytes());
    hasher.update(world.fusion.twin.lock().unwrap().documents_csv());
    hasher.update(world.intacct.twin.lock().unwrap().documents_csv());
    hasher.update(log.join("\n"));
    let digest: String = hasher
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let mut operations = world.fusion.counts.lock().unwrap().by_operation.clone();
    operations.extend(world.intacct.counts.lock().unwrap().by_operation.clone());
    Outcome {
        faults,
        hits: world.faults.hits(),
        marks: world.faults.marks(),
        documents: judge::count(&world.people.company.lock().unwrap().books),
        exceptions,
        calls: world.calls(),
        calls_after: 0,
        calls_calm: 0,
        operations,
        lives: *world.lives.lock().unwrap(),
        digest,
        story: log,
    }
}
