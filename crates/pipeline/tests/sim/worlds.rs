//! A few worlds from a seed; many of them run with `cargo xtask sim`.

use crate::swarm::planted::Bug;
use crate::swarm::run;

#[test]
fn a_world_is_the_same_to_the_byte_whenever_it_is_run() {
    let (one, two) = (run(3, false, None), run(3, false, None));
    assert_eq!(one.digest, two.digest);
    assert_eq!(one.story, two.story);
}

#[test]
fn worlds_lose_and_double_nothing() {
    for seed in [3, 6, 14] {
        let outcome = run(seed, false, None);
        assert!(
            outcome.faults.is_empty(),
            "seed {seed}: {:#?}",
            outcome.faults
        );
        assert!(outcome.documents >= 40);
    }
}

#[test]
fn the_judge_sees_a_document_sent_in_two_files() {
    let outcome = run(2, false, Some(Bug::SentInTwoFiles));
    assert!(outcome.faults.iter().any(|fault| fault.point == 1));
}
