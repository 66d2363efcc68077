//! The words of delivery: marks, acknowledgements, refusals and classes of fault.

use std::fmt;

use crate::ambient::Timestamp;
use crate::canonical::Digest;
use crate::currency::Currency;
use crate::identifier::{AccountingDate, DocumentId, Origin, Revision, SystemId, number_in};
use crate::money::Amount;

/// Our searchable mark in the target. Stable for one source document and target, whatever happens to its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(String);

/// Every stamp begins with this, so that our own postings are known on sight.
pub const STAMP_PREFIX: &str = "TIEOUT-";

/// Characters of a stamp without a correction's number.
const STAMP_LEN: usize = 26;

/// Crockford's digits of five bits each; their order is that of their bytes.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Stamp {
    /// The stamp of the document born at `origin` for `target`: 26 characters, so that it fits the shortest searchable field we use (50).
    ///
    /// The first 8 of the 19 digits after the prefix are the number in the origin (modulo 2^40), so that stamps of documents born together
    /// lie together in a database (decision 0008); the other 11 are the beginning of a digest (55 bits).
    pub fn of(origin: &Origin, target: &SystemId) -> Self {
        let origin = origin.to_string();
        let digest = Digest::of(format!("{origin}>{target}").as_bytes());
        let (head, _) = digest.as_bytes().split_at(8);
        let tail = head
            .iter()
            .fold(0, |bits, byte| (bits << 8) | u64::from(*byte));
        let mut text = String::with_capacity(STAMP_LEN);
        text.push_str(STAMP_PREFIX);
        push_digits(&mut text, number_in(&origin), 8);
        push_digits(&mut text, tail, 11);
        Self(text)
    }

    /// The stamp of the `n`-th correction of a document (0 is the document itself).
    #[must_use]
    pub fn numbered(&self, n: u32) -> Self {
        if n == 0 {
            self.clone()
        } else {
            Self(format!("{}-{n}", self.0))
        }
    }

    /// A stamp read back from a target; `None` if the text is not one of ours.
    pub fn read(text: &str) -> Option<Self> {
        text.starts_with(STAMP_PREFIX)
            .then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The lowest `count` digits of `bits`, highest first.
fn push_digits(text: &mut String, bits: u64, count: u32) {
    for place in (0..count).rev() {
        let digit = usize::try_from((bits >> (5 * place)) & 31).unwrap_or(0);
        text.push(char::from(DIGITS[digit]));
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Travels with one request: a corrected payload has a new one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key of posting `payload` of `revision` under `stamp`.
    pub fn of(stamp: &Stamp, revision: &Revision, payload: &Digest) -> Self {
        let digest = Digest::of(format!("{stamp}|{revision}|{payload}").as_bytes());
        Self(digest.to_string().get(..32).unwrap_or_default().to_owned())
    }

    /// From stored text.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The two marks of a delivery, durable before its first attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Written where the target can search.
    pub stamp: Stamp,
    /// Sent with the request.
    pub key: IdempotencyKey,
}

/// One delivery: a document (or its correction number n) on its way to one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId {
    /// The document.
    pub document: DocumentId,
    /// 0 for the document itself, then one for each correction.
    pub number: u32,
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.document, self.number)
    }
}

/// Names something the target works on by itself; opaque to all but the system's own client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobRef(pub String);

/// What was read back from a business row of the target. Made from nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Our mark on the row.
    pub stamp: Stamp,
    /// The target's own key of the row.
    pub reference: String,
    /// The row's number for people.
    pub number: String,
    /// The target's period name.
    pub period: String,
    /// The target's accounting date.
    pub accounting_date: AccountingDate,
    /// Currency of `total_debit`.
    pub currency: Currency,
    /// Sum of the row's debits in ledger currency.
    pub total_debit: Amount,
    /// True once the target's ledger holds it (posted), not only its interface or subledger.
    pub is_accounted: bool,
    /// When it was read.
    pub read_at: Timestamp,
    /// Digest of the bytes it was read from.
    pub evidence: Digest,
}

/// The target's refusal of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The target's code, empty if it gave none.
    pub code: String,
    /// The target's words, kept as they are.
    pub message: String,
    /// Which line or field, empty if it did not say.
    pub place: String,
    /// Who must change what.
    pub remedy: String,
}

/// What a fault means for the next step; the only thing retry policy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultClass {
    /// Asked to slow down; nothing was done.
    Throttled,
    /// Not reachable; nothing was done.
    Unavailable,
    /// It may have been done. Never followed by a second post, only by a look-up.
    Indeterminate,
    /// Refused; nothing was done.
    Rejected,
    /// The credentials were refused; nothing was done.
    Unauthorised,
    /// The other side answers something this client does not understand.
    Incompatible,
}

impl FaultClass {
    /// The word used in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Indeterminate => "indeterminate",
            Self::Rejected => "rejected",
            Self::Unauthorised => "unauthorised",
            Self::Incompatible => "incompatible",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;
    use crate::identifier::{NaturalKey, Origin, SystemId};

    fn stamp(key: &str, target: &str) -> String {
        let origin = Origin {
            system: SystemId::new("intacct"),
            company: "ACME".to_owned(),
            natural_key: NaturalKey::new(key),
        };
        Stamp::of(&origin, &SystemId::new(target)).to_string()
    }

    #[test]
    fn a_stamp_has_26_characters_and_the_order_of_its_records_numbers() {
        let bill = stamp("APBILL/4711", "fusion");
        assert_eq!((bill.len(), &bill[..15]), (26, "TIEOUT-000004K7"));
        assert!(bill < stamp("APBILL/4712", "fusion"));
        assert_ne!(bill, stamp("APBILL/4711", "fusion-2"));
        assert_ne!(bill, stamp("GLBATCH/4711", "fusion"));
        let without = stamp("VENDOR/Main", "fusion 7");
        assert_eq!(&without[..15], "TIEOUT-00000000");
    }
}
