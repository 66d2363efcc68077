//! The order in which evidence was read decides nothing.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, proptest};
use tieout_engine::reconcile::{Evidence, canonical_bytes, digest, reconcile};

use crate::random_books::{DEFECTS, books, documents, spoil};

fn rotate<T>(items: &mut [T], by: usize, is_reversed: bool) {
    if !items.is_empty() {
        items.rotate_left(by % items.len());
    }
    if is_reversed {
        items.reverse();
    }
}

fn shuffle(evidence: &mut Evidence, by: [usize; 3], is_reversed: bool) {
    rotate(&mut evidence.expected, by[0], is_reversed);
    rotate(&mut evidence.members, by[1], !is_reversed);
    rotate(
        evidence.source_members.as_mut().unwrap(),
        by[2],
        is_reversed,
    );
    for balances in evidence.target_balances.values_mut() {
        rotate(balances, by[0], is_reversed);
    }
    for member in &mut evidence.members {
        rotate(&mut member.lines, by[1], is_reversed);
    }
}

proptest! {
    #[test]
    fn the_result_is_the_same_in_any_order(
        (specs, index) in documents().prop_flat_map(|specs| {
            let index = 0..specs.len();
            (Just(specs), index)
        }),
        defect in prop::sample::select(&DEFECTS[..]),
        by in any::<[usize; 3]>(),
        is_reversed in any::<bool>(),
    ) {
        let mut company = books(&specs);
        spoil(&mut company, index, defect);
        let one = reconcile(&company.request, &company.evidence).unwrap();
        shuffle(&mut company.evidence, by, is_reversed);
        let two = reconcile(&company.request, &company.evidence).unwrap();
        prop_assert_eq!(&one, &two);
        prop_assert_eq!(canonical_bytes(&one), canonical_bytes(&two));
        prop_assert_eq!(digest(&one), digest(&two));
    }
}
