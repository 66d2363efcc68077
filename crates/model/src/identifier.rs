//! Names of things: systems, entities, documents.

use std::fmt;

use crate::canonical::Digest;

/// A civil date that decides the period; it has no time zone (domain dossier 1.3).
pub type AccountingDate = jiff::civil::Date;

macro_rules! text_identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_identifier! {
    /// An ERP taking part, as the configuration names it.
    SystemId
}
text_identifier! {
    /// A legal entity, as the system of record spells it.
    EntityId
}
text_identifier! {
    /// How one system spells an account, a dimension value, a segment value or a party.
    Code
}
text_identifier! {
    /// One process that works on the queue.
    WorkerId
}
text_identifier! {
    /// What a system calls one record: object type and record number, `APBILL/4711`.
    NaturalKey
}
text_identifier! {
    /// Distinguishes the states of one source document over time: the digest of its content.
    Revision
}

/// Where a document was born.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The system of record.
    pub system: SystemId,
    /// The company (tenant) inside that system.
    pub company: String,
    /// The record inside that company.
    pub natural_key: NaturalKey,
}

/// The first number after system and company in the text of an origin, modulo 2^64; 0 if there is none. Systems number their records
/// upwards, so it says roughly when the record was made; it identifies nothing by itself.
pub(crate) fn number_in(origin: &str) -> u64 {
    let key = origin.splitn(3, '/').nth(2).unwrap_or_default();
    key.bytes()
        .skip_while(|byte| !byte.is_ascii_digit())
        .map_while(|byte| byte.is_ascii_digit().then(|| byte - b'0'))
        .fold(0, |number: u64, digit| {
            number.wrapping_mul(10).wrapping_add(u64::from(digit))
        })
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.system, self.company, self.natural_key)
    }
}

/// A document's permanent identity with us: the number in its origin (6 bytes) and the beginning of the SHA-256 of its origin (10 bytes).
///
/// The number makes documents that were born together lie together in a database (decision 0008); the digest makes the identity unique.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId([u8; 16]);

impl DocumentId {
    /// The identity of the document born at `origin`.
    pub fn of(origin: &Origin) -> Self {
        Self::of_text(&origin.to_string())
    }

    /// The same, of an origin as it is written in audit entries.
    pub fn of_text(origin: &str) -> Self {
        let mut id = Digest::of(origin.as_bytes()).first_16();
        id.copy_within(..10, 6);
        let [_, _, number @ ..] = number_in(origin).to_be_bytes();
        id[..6].copy_from_slice(&number);
        Self(id)
    }

    /// From stored bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocumentId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{DocumentId, number_in};

    #[test]
    fn an_identity_begins_with_the_number_of_the_record() {
        let id = |origin| DocumentId::of_text(origin).to_string();
        let bill = id("intacct/ACME-2/APBILL/4711");
        assert_eq!(bill[..12], format!("{:012x}", 4711));
        assert!(bill < id("intacct/ACME-2/APBILL/4712"));
        assert_ne!(bill, id("intacct/ACME-3/APBILL/4711"));
        assert_ne!(bill, id("intacct/ACME-2/GLBATCH/4711"));
        assert_eq!(id("intacct/ACME-2/VENDOR/Main")[..12], *"000000000000");
    }

    #[test]
    fn the_number_is_the_first_after_system_and_company() {
        let batch = "fusion2/pod 3/journalBatches/300100123456789/GL 12/E100";
        assert_eq!(number_in(batch), 300_100_123_456_789);
        assert_eq!(number_in("intacct/ACME/VENDOR/V-0042-7"), 42);
        assert_eq!(number_in("intacct/ACME 9"), 0);
        // More digits than fit turn over: 10^32 - 1 modulo 2^64.
        let long = "a/b/c/99999999999999999999999999999999";
        assert_eq!(number_in(long), 9_632_337_040_368_467_967);
    }
}
