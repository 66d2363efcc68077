//! Points 9 and 10: how much the program asks of both systems, and that it heeds a refusal.

use super::door::{Again, Counts};
use super::world::{Diary, World};

/// Calls that a world may need after its last fault, as a multiple of all calls of the same world without faults.
pub(crate) const CALLS_TIMES: u64 = 5;
/// Rows asked for per page in the target, as configured by default.
const TARGET_PAGE: u64 = 499;
/// Calls of one process at a time that the source's configuration allows by default.
const SOURCE_IN_FLIGHT: usize = 1;

/// Never above the configured calls at a time, filter and page sizes; never a refused write again.
pub(crate) fn check(world: &World, add: &mut impl FnMut(u8, String)) {
    let shape = &world.shape;
    let target = world.fusion.counts.lock().unwrap();
    let source = world.intacct.counts.lock().unwrap();
    let mut bound = |what: &str, most: u64, allowed: u64| {
        if most > allowed {
            add(10, format!("{what}: {most}, configured {allowed}"));
        }
    };
    let in_flight = |counts: &Counts| counts.inside_most as u64;
    bound(
        "calls to the target at a time",
        in_flight(&target),
        shape.in_flight as u64,
    );
    bound(
        "calls to the source at a time",
        in_flight(&source),
        SOURCE_IN_FLIGHT as u64,
    );
    bound(
        "terms of a filter",
        target.terms_most as u64,
        shape.per_query as u64,
    );
    bound(
        "rows of a page of the target",
        target.page_most,
        TARGET_PAGE,
    );
    bound(
        "rows of a page of the source",
        source.page_most,
        u64::from(shape.page_size),
    );
    let diary = world.diary.lock().unwrap();
    for again in target
        .refused_again
        .iter()
        .filter(|again| !may_be_forgotten(&diary, again))
    {
        let (operation, at) = (&again.operation, again.sent_at);
        add(
            10,
            format!(
                "{operation} sent again at {at}, its refusal was heard at {} and nothing happened to who heard it",
                again.heard_at
            ),
        );
    }
}

/// A refusal is forgotten only if the life that heard it was stopped, died or lost its database before it had recorded what it heard.
fn may_be_forgotten(diary: &Diary, again: &Again) -> bool {
    let after = |list: Option<&Vec<i64>>| {
        let mut later = list.into_iter().flatten().copied();
        later.find(|at| *at >= again.heard_at)
    };
    let Some(recorded) = after(diary.recorded.get(&again.heard_by)) else {
        return true;
    };
    after(diary.troubles.get(&again.heard_by)).is_some_and(|trouble| trouble <= recorded)
}
