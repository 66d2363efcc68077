//! Refusals: the target's, with who must change what; and our own, before anything is sent.

use tieout_model::{Document, Rejection};

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
    if is_about_combination(code, message) {
        "enable the segment value or change the cross-validation rule in Fusion, or correct the crosswalk, then retry (a rule that stays belongs into the reference data: then such documents are held before they are sent)"
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

/// Combinations named in a refusal that names none.
const NAMED_MAX: usize = 5;

/// True if the refusal is about an account combination as a whole or one of its values.
fn is_about_combination(code: &str, message: &str) -> bool {
    let lower = message.to_lowercase();
    code.starts_with("EF") || lower.contains("distribution") || lower.contains("combination")
}

/// The refusal with the combinations it may be about: the target tells the field or its own words for a rule, never what was sent.
pub(crate) fn with_combinations(
    mut rejection: Rejection,
    document: &Document,
    delimiter: &str,
) -> Rejection {
    let is_known = rejection.place.starts_with("SEGMENT=");
    if is_known || !is_about_combination(&rejection.code, &rejection.message) {
        return rejection;
    }
    let mut sent = sent(document, &rejection, delimiter);
    if sent.is_empty() || sent.iter().any(|own| rejection.message.contains(own)) {
        return rejection;
    }
    let more = sent.len().saturating_sub(NAMED_MAX);
    sent.truncate(NAMED_MAX);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    rejection.message = format!("{} (sent: {}{more})", rejection.message, sent.join(", "));
    rejection
}

/// The combinations of a document that a refusal may be about, each once: those of the line it points at, else all.
fn sent(document: &Document, rejection: &Rejection, delimiter: &str) -> Vec<String> {
    let codings: Vec<_> = match document {
        Document::SupplierInvoice(invoice) => {
            let draft = invoice.draft();
            let lines = draft.lines.iter().map(|line| &line.coding);
            let pointed = rejection
                .place
                .strip_prefix("/invoiceLines/")
                .and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
            match pointed {
                Some(at) => lines.skip(at).take(1).collect(),
                None if rejection.message.contains("LiabilityDistribution") => {
                    vec![&draft.control]
                }
                None => std::iter::once(&draft.control).chain(lines).collect(),
            }
        }
        Document::JournalEntry(entry) => entry.draft().lines.iter().map(|l| &l.coding).collect(),
        Document::Supplier(_) => Vec::new(),
    };
    let mut sent = Vec::new();
    for combination in codings
        .into_iter()
        .filter_map(tieout_model::Coding::combination)
    {
        let joined = combination.joined(delimiter);
        if !sent.contains(&joined) {
            sent.push(joined);
        }
    }
    sent
}
