//! A supplier's bill or credit. Lines are debit positive; a credit's total is negative, as most ledgers expect it.

use crate::currency::Currency;
use crate::dimension::Coding;
use crate::document::{LineFact, Violation, Violations};
use crate::identifier::{AccountingDate, Code, EntityId};
use crate::money::{Amount, AmountFault, ExchangeRate};
use crate::placement::Placement;

/// One charge line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// Number inside the document, from 1.
    pub number: u32,
    /// How it is coded.
    pub coding: Coding,
    /// Amount in the document's currency, debit positive; may be negative inside a bill.
    pub amount: Amount,
    /// The same in functional currency, as the source booked it.
    pub functional: Amount,
    /// Text of the line.
    pub memo: String,
}

/// The parts of a bill or credit, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDraft {
    /// True for a credit.
    pub is_credit: bool,
    /// The entity that owes.
    pub entity: EntityId,
    /// That entity's functional currency.
    pub functional_currency: Currency,
    /// The party we owe.
    pub supplier: Code,
    /// Document number, unique in the source company.
    pub number: String,
    /// The supplier's own number or other reference; may repeat.
    pub reference: String,
    /// Date of the document.
    pub document_date: AccountingDate,
    /// The date that decides the period.
    pub accounting_date: AccountingDate,
    /// When it is due; carried, never recomputed from terms (domain dossier 1.3).
    pub due_date: Option<AccountingDate>,
    /// Document currency.
    pub currency: Currency,
    /// Rate from document to functional currency; `None` if they are the same.
    pub rate: Option<ExchangeRate>,
    /// Text of the document.
    pub description: String,
    /// How the control line (what we owe) is coded.
    pub control: Coding,
    /// Where it lives on the other side; set by translation.
    pub placement: Option<Placement>,
    /// Charge lines.
    pub lines: Vec<InvoiceLine>,
}

/// A bill or credit that is well formed. Its control line is the sum of its charges, so it balances by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierInvoice {
    draft: InvoiceDraft,
    total: Amount,
    functional_total: Amount,
}

impl SupplierInvoice {
    /// Checks a draft and reports every violation.
    ///
    /// # Errors
    /// [`Violations`]: no lines, zero total, a bill below zero or a credit above, too many decimals.
    pub fn try_new(draft: InvoiceDraft) -> Result<Self, Violations> {
        let mut wrong = Vec::new();
        if draft.lines.is_empty() {
            wrong.push(Violation::NoLines);
        }
        for line in &draft.lines {
            let money = [
                (line.amount, draft.currency),
                (line.functional, draft.functional_currency),
            ];
            for (amount, currency) in money {
                if amount.at_scale(currency.decimals()).is_none() {
                    wrong.push(Violation::TooPrecise {
                        line: line.number,
                        amount,
                        currency,
                    });
                }
            }
        }
        let total = sum_or(&mut wrong, draft.lines.iter().map(|line| line.amount));
        let functional_total = sum_or(&mut wrong, draft.lines.iter().map(|line| line.functional));
        if total.is_zero() && !draft.lines.is_empty() {
            wrong.push(Violation::ZeroTotal);
        } else if total.is_negative() != draft.is_credit && !draft.lines.is_empty() {
            let side = if draft.is_credit { "credit" } else { "debit" };
            wrong.push(Violation::NegativeLine {
                line: 0,
                side,
                amount: total,
            });
        }
        if wrong.is_empty() {
            Ok(Self {
                draft,
                total,
                functional_total,
            })
        } else {
            Err(Violations(wrong))
        }
    }

    /// Its parts.
    pub fn draft(&self) -> &InvoiceDraft {
        &self.draft
    }

    /// Its parts, to build another.
    pub fn into_draft(self) -> InvoiceDraft {
        self.draft
    }

    /// True for a credit.
    pub fn is_credit(&self) -> bool {
        self.draft.is_credit
    }

    /// Sum of the charges in document currency; negative for a credit.
    pub fn total(&self) -> Amount {
        self.total
    }

    /// Sum of the charges in functional currency; negative for a credit.
    pub fn functional_total(&self) -> Amount {
        self.functional_total
    }

    pub(crate) fn line_facts(&self) -> Result<Vec<LineFact>, AmountFault> {
        let fact = |number, coding: &Coding, amount, functional| LineFact {
            number,
            coding: coding.clone(),
            currency: self.draft.currency,
            amount,
            functional,
            rate: self.draft.rate.clone(),
        };
        let mut facts: Vec<LineFact> = self
            .draft
            .lines
            .iter()
            .map(|line| fact(line.number, &line.coding, line.amount, line.functional))
            .collect();
        let last = facts.iter().map(|line| line.number).max().unwrap_or(0);
        let number = last.checked_add(1).ok_or(AmountFault::OutOfRange)?;
        let (total, functional) = (self.total.negated(), self.functional_total.negated());
        facts.push(fact(number, &self.draft.control, total, functional));
        Ok(facts)
    }
}

fn sum_or(wrong: &mut Vec<Violation>, amounts: impl Iterator<Item = Amount>) -> Amount {
    Amount::sum(amounts).unwrap_or_else(|fault| {
        wrong.push(fault.into());
        Amount::ZERO
    })
}
