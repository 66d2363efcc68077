//! What must hold for any books: identical sides tie; any single defect is found, classed, and explains the balances to the last unit.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;
use tieout_engine::reconcile::{LedgerKey, Reconciliation, reconcile};
use tieout_model::Amount;

use crate::random_books::{DEFECTS, Defect, books, documents, spoil};

type Shares = BTreeMap<(Arc<str>, LedgerKey), Amount>;

/// Per snapshot and balance, target minus source is the sum of the shares of all breaks.
fn shares_explain_balances(result: &Reconciliation) -> Result<(), TestCaseError> {
    let mut shares = Shares::new();
    for difference in result.breaks.iter().flat_map(|b| &b.differences) {
        let key = (difference.snapshot.clone(), difference.key.clone());
        let share = shares.entry(key).or_default();
        *share = share.plus(difference.difference).unwrap();
    }
    shares.retain(|_, share| !share.is_zero());
    let mut differing = Shares::new();
    for snapshot in &result.snapshots {
        for key in snapshot.keys.iter().chain(&snapshot.quantities) {
            prop_assert_eq!(key.target.minus(key.source).unwrap(), key.difference);
            if !key.difference.is_zero() {
                differing.insert((snapshot.label.clone(), key.key.clone()), key.difference);
            }
        }
    }
    prop_assert_eq!(shares, differing);
    Ok(())
}

proptest! {
    #[test]
    fn identical_sides_tie(specs in documents()) {
        let company = books(&specs);
        let result = reconcile(&company.request, &company.evidence).unwrap();
        prop_assert_eq!(&result.breaks, &[]);
        prop_assert_eq!(&result.gaps, &[]);
        prop_assert!(result.completeness.iter().all(|c| c.is_complete() && c.are_debits_equal()));
    }

    #[test]
    fn a_single_defect_is_found_and_explains_every_balance(
        (specs, index) in documents().prop_flat_map(|specs| {
            let index = 0..specs.len();
            (Just(specs), index)
        }),
        defect in prop::sample::select(&DEFECTS[..]),
    ) {
        let mut company = books(&specs);
        let classes = spoil(&mut company, index, defect);
        let result = reconcile(&company.request, &company.evidence).unwrap();
        prop_assert_eq!(&result.gaps, &[]);
        let found: Vec<_> = result.breaks.iter().map(|b| b.class).collect();
        prop_assert_eq!(found, classes);
        shares_explain_balances(&result)?;
        let is_whole = matches!(defect, Defect::Missing | Defect::Manual | Defect::NeverCaptured);
        if is_whole {
            prop_assert!(!result.completeness.iter().all(|row| row.is_complete()));
        }
    }

    #[test]
    fn many_defects_explain_every_balance(
        specs in documents(),
        defects in prop::collection::vec(prop::sample::select(&DEFECTS[..]), 1..4),
    ) {
        let mut company = books(&specs);
        let mut wanted = 0;
        // From the end, so that removals do not move what is spoilt next; only defects that keep all lists aligned are repeated.
        for (i, defect) in defects.iter().enumerate().take(specs.len()) {
            wanted += spoil(&mut company, specs.len() - 1 - i, *defect).len();
        }
        let result = reconcile(&company.request, &company.evidence).unwrap();
        prop_assert_eq!(&result.gaps, &[]);
        prop_assert_eq!(result.breaks.len(), wanted);
        shares_explain_balances(&result)?;
    }
}
