//! Real documents of real companies, whole, through the real protocols.

use crate::newcomer::demo_ties;
use crate::program::root;

#[test]
fn three_councils_month_of_bills_ties() {
    demo_ties(&root().join("companies/uk_councils_month"), 6_862);
}

#[test]
fn a_retailers_two_months_tie_as_their_ledger_postings() {
    demo_ties(&root().join("companies/online_retail_month"), 3_231);
}
