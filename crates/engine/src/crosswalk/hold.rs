//! Why a document can't be re-coded, in words a controller can act on.

use std::fmt;

/// The reason a document is held (domain dossier 4.2; the last six are ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldReason {
    /// A value has no row, no rule applies, or the value is not declared at all.
    UnmappedValue,
    /// The target value is disabled on the date that counts.
    RetiredValue,
    /// No signed version covers the accounting date.
    NoVersionForDate,
    /// The target refuses this combination of segments.
    InvalidCombination,
    /// Two rules of the same priority apply.
    AmbiguousRule,
    /// A rule needs the other entity of an inter-entity line and the line names none.
    MissingAffiliate,
    /// A dimension that every line must carry is blank.
    BlankRequiredDimension,
    /// The entity is not in the signed reference data.
    UnknownEntity,
    /// The party has no number on the other side.
    UnmappedParty,
    /// No period on the other side covers the accounting date.
    NoPeriod,
    /// Functional currency and ledger currency differ.
    CurrencyMismatch,
    /// The version recorded for the document is not among the signed ones.
    UnknownVersion,
    /// A reversal does not mirror the recorded document.
    ReversalMismatch,
    /// The document is not in the form of the system of record, or its sums do not hold.
    Malformed,
}

impl HoldReason {
    /// All reasons, in the order of their names above.
    pub const ALL: [Self; 14] = [
        Self::UnmappedValue,
        Self::RetiredValue,
        Self::NoVersionForDate,
        Self::InvalidCombination,
        Self::AmbiguousRule,
        Self::MissingAffiliate,
        Self::BlankRequiredDimension,
        Self::UnknownEntity,
        Self::UnmappedParty,
        Self::NoPeriod,
        Self::CurrencyMismatch,
        Self::UnknownVersion,
        Self::ReversalMismatch,
        Self::Malformed,
    ];

    /// The word used in tables and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::UnmappedValue => "unmapped_value",
            Self::RetiredValue => "retired_value",
            Self::NoVersionForDate => "no_version_for_date",
            Self::InvalidCombination => "invalid_combination",
            Self::AmbiguousRule => "ambiguous_rule",
            Self::MissingAffiliate => "missing_affiliate",
            Self::BlankRequiredDimension => "blank_required_dimension",
            Self::UnknownEntity => "unknown_entity",
            Self::UnmappedParty => "unmapped_party",
            Self::NoPeriod => "no_period",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::UnknownVersion => "unknown_version",
            Self::ReversalMismatch => "reversal_mismatch",
            Self::Malformed => "malformed",
        }
    }

    /// The reason of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One gap that holds a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Unmapped {
    /// The reason.
    pub reason: HoldReason,
    /// The line, if it is one line's gap.
    pub line: Option<u32>,
    /// Which dimension, segment or part of the document.
    pub dimension: String,
    /// Its value as the document has it; empty if it is blank.
    pub value: String,
    /// What is wrong, in words.
    pub detail: String,
    /// Who must change what.
    pub remedy: String,
}

impl Unmapped {
    pub(crate) fn new(
        reason: HoldReason,
        dimension: impl Into<String>,
        value: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            reason,
            line: None,
            dimension: dimension.into(),
            value: value.into(),
            detail: detail.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn on_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for Unmapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        let value = if self.value.is_empty() {
            "(blank)"
        } else {
            &self.value
        };
        write!(
            f,
            "{} {value}: {} [{}]. To do: {}",
            self.dimension, self.detail, self.reason, self.remedy
        )
    }
}
