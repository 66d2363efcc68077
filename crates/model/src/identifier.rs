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

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.system, self.company, self.natural_key)
    }
}

/// A document's permanent identity with us: the first 16 bytes of the SHA-256 of its origin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId([u8; 16]);

impl DocumentId {
    /// The identity of the document born at `origin`.
    pub fn of(origin: &Origin) -> Self {
        Self(Digest::of(origin.to_string().as_bytes()).first_16())
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
