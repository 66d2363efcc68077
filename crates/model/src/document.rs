//! The documents that travel, and the envelope they travel in.

pub mod journal_entry;
pub mod supplier;
pub mod supplier_invoice;

use std::fmt;

use crate::ambient::Timestamp;
use crate::canonical::Digest;
use crate::currency::Currency;
use crate::dimension::Coding;
use crate::document::journal_entry::JournalEntry;
use crate::document::supplier::Supplier;
use crate::document::supplier_invoice::SupplierInvoice;
use crate::identifier::{AccountingDate, DocumentId, EntityId, NaturalKey, Origin, Revision};
use crate::money::{Amount, AmountFault, ExchangeRate};
use crate::placement::Placement;

/// The kinds of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// A journal entry, or the ledger posting of a document that travels as its posting.
    JournalEntry,
    /// A bill of a supplier.
    SupplierInvoice,
    /// A credit of a supplier.
    SupplierCredit,
    /// The master record of a supplier.
    Supplier,
}

impl DocumentKind {
    /// All kinds, in the order in which they are named to people.
    pub const ALL: [Self; 4] = [
        Self::JournalEntry,
        Self::SupplierInvoice,
        Self::SupplierCredit,
        Self::Supplier,
    ];

    /// The word used in configuration, tables and URLs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::JournalEntry => "journal_entry",
            Self::SupplierInvoice => "supplier_invoice",
            Self::SupplierCredit => "supplier_credit",
            Self::Supplier => "supplier",
        }
    }

    /// The kind of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "documents are handled one at a time and live in the heap with their lines; a box would only cost a second look"
)]
pub enum Document {
    /// See [`JournalEntry`].
    JournalEntry(JournalEntry),
    /// See [`SupplierInvoice`]; bill or credit.
    SupplierInvoice(SupplierInvoice),
    /// See [`Supplier`].
    Supplier(Supplier),
}

/// One posted line of a document, whatever its kind: what the ledger sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFact {
    /// Line number inside the document, from 1.
    pub number: u32,
    /// How the line is coded.
    pub coding: Coding,
    /// Transaction currency.
    pub currency: Currency,
    /// Amount in transaction currency, debit positive.
    pub amount: Amount,
    /// Amount in the entity's functional currency, debit positive.
    pub functional: Amount,
    /// Rate from transaction to functional currency, if the currencies differ.
    pub rate: Option<ExchangeRate>,
}

impl Document {
    /// Its kind.
    pub fn kind(&self) -> DocumentKind {
        match self {
            Self::JournalEntry(_) => DocumentKind::JournalEntry,
            Self::SupplierInvoice(invoice) if invoice.is_credit() => DocumentKind::SupplierCredit,
            Self::SupplierInvoice(_) => DocumentKind::SupplierInvoice,
            Self::Supplier(_) => DocumentKind::Supplier,
        }
    }

    /// The entity in whose books it posts.
    pub fn entity(&self) -> Option<&EntityId> {
        match self {
            Self::JournalEntry(entry) => Some(&entry.draft().entity),
            Self::SupplierInvoice(invoice) => Some(&invoice.draft().entity),
            Self::Supplier(_) => None,
        }
    }

    /// The date that decides the period.
    pub fn accounting_date(&self) -> Option<AccountingDate> {
        match self {
            Self::JournalEntry(entry) => Some(entry.draft().accounting_date),
            Self::SupplierInvoice(invoice) => Some(invoice.draft().accounting_date),
            Self::Supplier(_) => None,
        }
    }

    /// True if it belongs into an adjusting period.
    pub fn is_adjusting(&self) -> bool {
        match self {
            Self::JournalEntry(entry) => entry.draft().is_adjusting,
            Self::SupplierInvoice(_) | Self::Supplier(_) => false,
        }
    }

    /// Functional currency of its entity.
    pub fn functional_currency(&self) -> Option<Currency> {
        match self {
            Self::JournalEntry(entry) => Some(entry.draft().functional_currency),
            Self::SupplierInvoice(invoice) => Some(invoice.draft().functional_currency),
            Self::Supplier(_) => None,
        }
    }

    /// Where it lives on the other side, once translated.
    pub fn placement(&self) -> Option<&Placement> {
        match self {
            Self::JournalEntry(entry) => entry.draft().placement.as_ref(),
            Self::SupplierInvoice(invoice) => invoice.draft().placement.as_ref(),
            Self::Supplier(_) => None,
        }
    }

    /// Records this document is the reversal of, by any name the source gives them; empty if it reverses nothing.
    pub fn reverses(&self) -> &[NaturalKey] {
        match self {
            Self::JournalEntry(entry) => &entry.draft().reverses,
            Self::SupplierInvoice(_) | Self::Supplier(_) => &[],
        }
    }

    /// Every posted line, control line included.
    ///
    /// # Errors
    /// [`AmountFault`] if a sum leaves the range of 38 digits.
    pub fn lines(&self) -> Result<Vec<LineFact>, AmountFault> {
        match self {
            Self::JournalEntry(entry) => Ok(entry.line_facts()),
            Self::SupplierInvoice(invoice) => invoice.line_facts(),
            Self::Supplier(_) => Ok(Vec::new()),
        }
    }

    /// Sum of the functional debits; for control totals. Statistical lines count zero.
    ///
    /// # Errors
    /// [`AmountFault`] if a sum leaves the range of 38 digits.
    pub fn total_debit(&self) -> Result<Amount, AmountFault> {
        let lines = self.lines()?;
        let debits = lines.iter().filter(|line| !line.currency.is_statistical());
        Amount::sum(
            debits
                .map(|line| line.functional)
                .filter(|amount| !amount.is_negative()),
        )
    }
}

/// A document as captured, with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Where it was born.
    pub origin: Origin,
    /// Its number for people.
    pub number: String,
    /// Which state of it this is.
    pub revision: Revision,
    /// When the source says it last changed.
    pub modified: Timestamp,
    /// Other names the source uses for it, for instance the posting batch of a bill.
    pub aliases: Vec<NaturalKey>,
    /// The document.
    pub document: Document,
    /// Digest of the bytes it was decoded from.
    pub evidence: Digest,
}

impl Envelope {
    /// Its permanent identity.
    pub fn id(&self) -> DocumentId {
        DocumentId::of(&self.origin)
    }
}

/// One thing that keeps a document from being well formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The lines of one entity do not sum to zero (invariant I1).
    #[error("out of balance by {difference} {currency} in entity {entity}")]
    OutOfBalance {
        /// The entity.
        entity: EntityId,
        /// Debits minus credits.
        difference: Amount,
        /// Functional currency.
        currency: Currency,
    },
    /// It has no lines.
    #[error("has no lines")]
    NoLines,
    /// A debit or credit is written as a negative amount on the wrong side.
    #[error("line {line} has the negative {side} {amount}")]
    NegativeLine {
        /// Line number.
        line: u32,
        /// `debit` or `credit`.
        side: &'static str,
        /// The amount as written.
        amount: Amount,
    },
    /// An amount has more decimals than its currency.
    #[error("line {line}: {amount} has more decimals than {currency} allows")]
    TooPrecise {
        /// Line number.
        line: u32,
        /// The amount.
        amount: Amount,
        /// Its currency.
        currency: Currency,
    },
    /// Money and quantities are mixed in one document.
    #[error("line {line} is in {currency}, which does not belong into this document")]
    ForeignKind {
        /// Line number.
        line: u32,
        /// The line's currency.
        currency: Currency,
    },
    /// Its total is zero, so it states no debt.
    #[error("total is zero")]
    ZeroTotal,
    /// A sum left the range of 38 digits.
    #[error("{0}")]
    Amount(#[from] AmountFault),
}

/// Everything that is wrong with a draft; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations(pub Vec<Violation>);

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}
