//! What the decisions must do, seen from outside.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its data must fail on the spot"
)]

mod crosswalk_companies;
mod crosswalk_company;
mod crosswalk_control;
mod crosswalk_holds;
mod crosswalk_open;
mod crosswalk_properties;
mod crosswalk_renamed;
mod crosswalk_signature;
mod crosswalk_tiers;
mod crosswalk_trial;
mod crosswalk_versions;
mod delivery;
mod feed;
