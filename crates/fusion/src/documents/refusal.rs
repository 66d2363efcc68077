//! Refusals: the target's, with who must change what; and our own, before anything is sent.

use tieout_model::Rejection;

use crate::wire::error_body::ErrorBody;

/// A refusal of our own: nothing was sent.
pub(crate) fn unsendable(place: &str, message: impl Into<String>, remedy: &str) -> Rejection {
    Rejection {
        code: String::new(),
        message: message.into(),
        place: place.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// The target's refusal.
pub(crate) fn refused(words: ErrorBody) -> Rejection {
    let remedy = remedy_of(&words.code, &words.message).to_owned();
    Rejection {
        code: words.code,
        message: words.message,
        place: words.place,
        remedy,
    }
}

/// Who must change what, by code and words. Families of import codes: fusion.md §9.5 [R].
pub(crate) fn remedy_of(code: &str, message: &str) -> &'static str {
    let lower = message.to_lowercase();
    if code.starts_with("EF") || lower.contains("distribution") || lower.contains("combination") {
        "enable the segment value or combination in Fusion, or correct the crosswalk, then retry"
    } else if code.starts_with("EP") || lower.contains("period") {
        "open the period in Fusion, or let the signed rule for closed periods decide, then retry"
    } else if code.starts_with("EU") || code.starts_with("EB") {
        "the journal does not balance per balancing segment in Fusion: check its coding"
    } else if code.starts_with("EC") || lower.contains("currency") || lower.contains("conversion") {
        "check currency and rate of the document and the currencies enabled in Fusion, then retry"
    } else if lower.contains("supplier") {
        "create or correct the supplier and its site in Fusion, or correct the crosswalk, then retry"
    } else {
        "correct the document in its source or the set-up in Fusion, then retry"
    }
}
