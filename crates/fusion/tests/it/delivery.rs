//! Faults of every kind at random, driven as a pipeline would: nothing is lost, nothing is there twice, and the books tie.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use tieout_connector::{Batch, ItemOutcome, Target as _};
use tieout_fusion::Fusion;
use tieout_model::JobRef;
use tieout_twins::fusion::FusionOptions;

use crate::simulated::{Loopback, check_balances, check_population, golden, open_with};

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Queued,
    Accepted(JobRef),
    Unknown,
    Posted,
}

fn part(batch: &Batch, states: &[State], wanted: &State) -> (Vec<usize>, Batch) {
    let indices: Vec<usize> = (0..states.len())
        .filter(|&i| states[i] == *wanted)
        .collect();
    let items = indices.iter().map(|&i| batch.items[i].clone()).collect();
    (
        indices,
        Batch {
            kind: batch.kind,
            items,
        },
    )
}

fn next(outcome: ItemOutcome, state: &State) -> State {
    match outcome {
        ItemOutcome::Accepted(job) => State::Accepted(job),
        ItemOutcome::Pending => state.clone(),
        ItemOutcome::Posted(_) => State::Posted,
        ItemOutcome::Rejected(rejection) => panic!("{rejection:?}"),
        ItemOutcome::NotDone(_) | ItemOutcome::Absent => State::Queued,
        ItemOutcome::Unknown(_) => State::Unknown,
        ItemOutcome::Doubled(rows) => panic!("doubled: {rows:?}"),
    }
}

async fn deliver(fusion: &Fusion, loopback: &Loopback, batch: &Batch) {
    let mut states = vec![State::Queued; batch.items.len()];
    for _ in 0..2000 {
        let (indices, queued) = part(batch, &states, &State::Queued);
        if !indices.is_empty() {
            let posted = fusion.post(&queued).await.unwrap();
            for (i, (_, outcome)) in indices.into_iter().zip(posted.items) {
                states[i] = next(outcome, &State::Queued);
            }
        }
        let (indices, unknown) = part(batch, &states, &State::Unknown);
        if let Ok(found) = fusion.find(&unknown).await {
            for (i, found) in indices.into_iter().zip(found) {
                states[i] = if found.rows.is_empty() {
                    State::Queued
                } else {
                    State::Posted
                };
            }
        }
        let jobs: BTreeMap<JobRef, ()> = states
            .iter()
            .filter_map(|s| match s {
                State::Accepted(job) => Some((job.clone(), ())),
                State::Queued | State::Unknown | State::Posted => None,
            })
            .collect();
        for job in jobs.into_keys() {
            let state = State::Accepted(job.clone());
            let (indices, accepted) = part(batch, &states, &state);
            if let Ok(polled) = fusion.poll(&job, &accepted).await {
                for (i, (_, outcome)) in indices.into_iter().zip(polled.items) {
                    states[i] = next(outcome, &state);
                }
            }
        }
        if states.iter().all(|state| *state == State::Posted) {
            return;
        }
        loopback.now_ms.fetch_add(30_000, Ordering::Relaxed);
    }
    panic!("not settled: {states:?}");
}

async fn check(seed: u64, fault_percent: u64) {
    let options = FusionOptions {
        job_ms: 45_000,
        separate_import_request: seed.is_multiple_of(2),
        ..FusionOptions::default()
    };
    let (fusion, loopback) = open_with(options, |config| {
        config.invoices_per_query = 3;
        // Two jobs of 45 s follow one another.
        config.import.lost_answer_settle_ms = 120_000;
    });
    let (journals, invoices) = golden();
    loopback.seed.store(seed, Ordering::Relaxed);
    loopback
        .fault_percent
        .store(fault_percent, Ordering::Relaxed);
    for batch in [&journals, &invoices] {
        // Small batches, so that there are many calls for the faults to hit.
        for items in batch.items.chunks(7) {
            let batch = Batch {
                kind: batch.kind,
                items: items.to_vec(),
            };
            deliver(&fusion, &loopback, &batch).await;
        }
    }
    loopback.fault_percent.store(0, Ordering::Relaxed);
    loopback.now_ms.fetch_add(3_600_000, Ordering::Relaxed);
    for batch in [&journals, &invoices] {
        for found in fusion.find(batch).await.unwrap() {
            assert_eq!(found.rows.len(), 1, "seed {seed}: {found:?}");
        }
    }
    check_balances(&fusion, "Jan-27", "P01-2027@close2").await;
    check_population(&fusion, "Jan-27").await;
}

#[tokio::test]
async fn random_faults_lose_nothing_and_double_nothing() {
    for seed in 1..=12 {
        check(seed, 15).await;
    }
}

#[tokio::test]
async fn heavy_faults_are_only_slower() {
    for seed in 100..=103 {
        check(seed, 40).await;
    }
}
