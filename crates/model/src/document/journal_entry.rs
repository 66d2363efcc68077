//! A journal entry: debit and credit lines of one legal entity that sum to zero.

use crate::currency::Currency;
use crate::dimension::Coding;
use crate::document::{LineFact, Violation, Violations};
use crate::identifier::{AccountingDate, Code, EntityId, NaturalKey};
use crate::money::{Amount, ExchangeRate};
use crate::placement::Placement;

/// What a journal entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JournalPurpose {
    /// An ordinary entry.
    Standard,
    /// Mirrors another entry.
    Reversal,
    /// Quantities on statistical accounts; need not balance (domain dossier 1.1).
    Statistical,
    /// The opening position of an entity.
    Opening,
}

impl JournalPurpose {
    /// The word used in tables and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Reversal => "reversal",
            Self::Statistical => "statistical",
            Self::Opening => "opening",
        }
    }
}

/// Whose ledger posting a journal entry is: decides whether it travels at all when its document travels natively.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PostingKind {
    /// Entered as a journal entry.
    Journal,
    /// The posting of a supplier bill.
    SupplierInvoice,
    /// The posting of a supplier credit.
    SupplierCredit,
    /// The posting of the void of a supplier document.
    SupplierReversal,
    /// The posting of any other document.
    Other,
}

impl PostingKind {
    /// The word used in configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::SupplierInvoice => "supplier_invoice",
            Self::SupplierCredit => "supplier_credit",
            Self::SupplierReversal => "supplier_reversal",
            Self::Other => "other",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    /// Number inside the entry, from 1.
    pub number: u32,
    /// How it is coded.
    pub coding: Coding,
    /// Transaction currency, or STAT.
    pub currency: Currency,
    /// Transaction amount, debit positive.
    pub amount: Amount,
    /// Functional amount, debit positive.
    pub functional: Amount,
    /// Rate from transaction to functional currency as the source gave it.
    pub rate: Option<ExchangeRate>,
    /// Text of the line.
    pub memo: String,
}

/// The parts of a journal entry, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalDraft {
    /// The entity whose books it posts in.
    pub entity: EntityId,
    /// That entity's functional currency.
    pub functional_currency: Currency,
    /// The date that decides the period.
    pub accounting_date: AccountingDate,
    /// True if it belongs into the adjusting period of that date.
    pub is_adjusting: bool,
    /// What it is for.
    pub purpose: JournalPurpose,
    /// Whose posting it is.
    pub posting_kind: PostingKind,
    /// The journal it stands in, as the source spells it.
    pub journal: Code,
    /// Reference number.
    pub reference: String,
    /// Title.
    pub description: String,
    /// The records it reverses, by any name.
    pub reverses: Vec<NaturalKey>,
    /// Where it lives on the other side; set by translation.
    pub placement: Option<Placement>,
    /// Its lines.
    pub lines: Vec<JournalLine>,
}

/// A journal entry that balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry(JournalDraft);

impl JournalEntry {
    /// Checks a draft and reports every violation, not the first.
    ///
    /// # Errors
    /// [`Violations`]: no lines, out of balance, too many decimals, money mixed with quantities.
    pub fn try_new(draft: JournalDraft) -> Result<Self, Violations> {
        let mut wrong = Vec::new();
        let is_statistical = draft.purpose == JournalPurpose::Statistical;
        if draft.lines.is_empty() {
            wrong.push(Violation::NoLines);
        }
        for line in &draft.lines {
            if line.currency.is_statistical() != is_statistical {
                wrong.push(Violation::ForeignKind {
                    line: line.number,
                    currency: line.currency,
                });
                continue;
            }
            let money = [
                (line.amount, line.currency),
                (line.functional, draft.functional_currency),
            ];
            for (amount, currency) in money {
                if !is_statistical && amount.at_scale(currency.decimals()).is_none() {
                    wrong.push(Violation::TooPrecise {
                        line: line.number,
                        amount,
                        currency,
                    });
                }
            }
        }
        if !is_statistical {
            match Amount::sum(draft.lines.iter().map(|line| line.functional)) {
                Ok(sum) if sum.is_zero() => {}
                Ok(difference) => wrong.push(Violation::OutOfBalance {
                    entity: draft.entity.clone(),
                    difference,
                    currency: draft.functional_currency,
                }),
                Err(fault) => wrong.push(fault.into()),
            }
        }
        if wrong.is_empty() {
            Ok(Self(draft))
        } else {
            Err(Violations(wrong))
        }
    }

    /// Its parts.
    pub fn draft(&self) -> &JournalDraft {
        &self.0
    }

    /// Its parts, to build another.
    pub fn into_draft(self) -> JournalDraft {
        self.0
    }

    pub(crate) fn line_facts(&self) -> Vec<LineFact> {
        self.0
            .lines
            .iter()
            .map(|line| LineFact {
                number: line.number,
                coding: line.coding.clone(),
                currency: line.currency,
                amount: line.amount,
                functional: line.functional,
                rate: line.rate.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Coding, JournalDraft, JournalEntry, JournalLine, JournalPurpose};
    use crate::dimension::Dimensional;
    use crate::document::Violation;
    use crate::document::journal_entry::PostingKind;
    use crate::identifier::{Code, EntityId};

    fn draft(amounts: &[&str], currency: &str, purpose: JournalPurpose) -> JournalDraft {
        let line = |(i, text): (usize, &&str)| {
            let amount: Amount = text.parse().unwrap();
            JournalLine {
                number: u32::try_from(i + 1).unwrap(),
                coding: Coding::Dimensional(Dimensional::default()),
                currency: currency.parse().unwrap(),
                amount,
                functional: amount,
                rate: None,
                memo: String::new(),
            }
        };
        JournalDraft {
            entity: EntityId::new("E100"),
            functional_currency: "JPY".parse().unwrap(),
            accounting_date: jiff::civil::date(2026, 12, 31),
            is_adjusting: false,
            purpose,
            posting_kind: PostingKind::Journal,
            journal: Code::new("GJ"),
            reference: String::new(),
            description: String::new(),
            reverses: Vec::new(),
            placement: None,
            lines: amounts.iter().enumerate().map(line).collect(),
        }
    }

    #[test]
    fn an_entry_that_does_not_balance_cannot_exist() {
        let found = JournalEntry::try_new(draft(&["100", "-99"], "JPY", JournalPurpose::Standard));
        assert!(matches!(
            found.unwrap_err().0[..],
            [Violation::OutOfBalance { .. }]
        ));
    }

    #[test]
    fn every_violation_is_reported_at_once() {
        let found = JournalEntry::try_new(draft(&["1.5", "2"], "JPY", JournalPurpose::Standard));
        assert_eq!(found.unwrap_err().0.len(), 3);
    }

    #[test]
    fn quantities_need_not_balance_but_do_not_mix_with_money() {
        let quantities = draft(&["4.00"], "STAT", JournalPurpose::Statistical);
        assert!(JournalEntry::try_new(quantities).is_ok());
        let mixed = draft(&["4.00"], "STAT", JournalPurpose::Standard);
        assert!(JournalEntry::try_new(mixed).is_err());
    }
}
