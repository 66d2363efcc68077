//! What a person reads about a document that can't be translated.

use tieout_engine::HoldNotice;
use tieout_engine::crosswalk::{HoldReason, Unmapped};

/// The notice of a gap in the mapping.
pub(crate) fn of_gap(gap: Unmapped) -> HoldNotice {
    HoldNotice {
        code: code(gap.reason).to_owned(),
        summary: gap.to_string(),
        remedy: gap.remedy,
    }
}

/// The code of a reason; each has a page.
const fn code(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::UnmappedValue => "P0110",
        HoldReason::RetiredValue => "P0111",
        HoldReason::NoVersionForDate => "P0112",
        HoldReason::InvalidCombination => "P0113",
        HoldReason::AmbiguousRule => "P0114",
        HoldReason::MissingAffiliate => "P0115",
        HoldReason::BlankRequiredDimension => "P0116",
        HoldReason::UnknownEntity => "P0117",
        HoldReason::UnmappedParty => "P0118",
        HoldReason::NoPeriod => "P0119",
        HoldReason::CurrencyMismatch => "P0120",
        HoldReason::UnknownVersion => "P0121",
        HoldReason::ReversalMismatch => "P0122",
        HoldReason::Malformed => "P0123",
    }
}
