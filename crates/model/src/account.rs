//! Ledger accounts.

use std::fmt;
use std::str::FromStr;

use crate::identifier::Code;

/// What kind of account it is; decides the sign it grows with and whether it rolls at year end (domain dossier 0.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountClass {
    /// Grows with debits, carries forward.
    Asset,
    /// Grows with credits, carries forward.
    Liability,
    /// Grows with credits, carries forward.
    Equity,
    /// Grows with credits, restarts each fiscal year.
    Revenue,
    /// Grows with debits, restarts each fiscal year.
    Expense,
    /// Holds quantities, no money.
    Statistical,
}

impl AccountClass {
    /// True if the balance carries forward for ever.
    pub const fn is_balance_sheet(self) -> bool {
        matches!(self, Self::Asset | Self::Liability | Self::Equity)
    }

    /// The word used in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Liability => "liability",
            Self::Equity => "equity",
            Self::Revenue => "revenue",
            Self::Expense => "expense",
            Self::Statistical => "statistical",
        }
    }
}

/// The word is no account class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an account class (asset, liability, equity, revenue, expense, statistical)")]
pub struct NotAccountClass(pub String);

impl FromStr for AccountClass {
    type Err = NotAccountClass;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [
            Self::Asset,
            Self::Liability,
            Self::Equity,
            Self::Revenue,
            Self::Expense,
            Self::Statistical,
        ]
        .into_iter()
        .find(|class| class.word() == text)
        .ok_or_else(|| NotAccountClass(text.to_owned()))
    }
}

impl fmt::Display for AccountClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One account of a chart of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerAccount {
    /// Its number.
    pub code: Code,
    /// Its title.
    pub name: String,
    /// Its class.
    pub class: AccountClass,
}
