//! A system's books: balances, and the population of documents behind them.

use async_trait::async_trait;
use tieout_model::{
    AccountingDate, Amount, Code, Combination, Currency, DocumentKind, EntityId, ExchangeRate,
    Period, Placement, Stamp,
};

use crate::fault::Fault;
use crate::source::Cursor;

/// Whose books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BooksScope {
    /// The entity, as the system of record spells it.
    pub entity: EntityId,
    /// Where that entity lives in a ledger system (its `period` is not used here).
    pub placement: Placement,
}

/// At which point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotAt {
    /// The period. An adjusting period is a snapshot of its own, on top of the regular one it overlaps.
    pub period: Period,
}

/// What a balance is kept by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BalanceKey {
    /// By account.
    Account(Code),
    /// By combination of segments (attributes empty).
    Segments(Combination),
}

/// One balance, read independently of any document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountBalance {
    /// What it is the balance of.
    pub key: BalanceKey,
    /// Its currency (functional currency of the entity), or STAT.
    pub currency: Currency,
    /// Balance before the period: balance-sheet accounts since ever, income and expense since the fiscal year began. Debit positive.
    pub opening: Amount,
    /// Movement of the period, debit positive.
    pub movement: Amount,
    /// Opening plus movement.
    pub ending: Amount,
}

/// One line of a member, as the system's books hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberLine {
    /// What it posts to.
    pub key: BalanceKey,
    /// Transaction currency.
    pub currency: Currency,
    /// Transaction amount, debit positive.
    pub amount: Amount,
    /// Functional amount, debit positive.
    pub functional: Amount,
}

/// One document in a system's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its kind.
    pub kind: DocumentKind,
    /// The system's own key of it.
    pub reference: String,
    /// Its number for people.
    pub number: String,
    /// Our stamp, if it bears one.
    pub stamp: Option<Stamp>,
    /// The party on it, if any.
    pub party: String,
    /// Who or what brought it in (source name), for documents that are not ours.
    pub source: String,
    /// Its accounting date.
    pub accounting_date: AccountingDate,
    /// The system's period name.
    pub period: String,
    /// Its document currency.
    pub currency: Currency,
    /// Its rate, if it has one.
    pub rate: Option<ExchangeRate>,
    /// False while it is in a subledger or unposted.
    pub is_accounted: bool,
    /// Its lines.
    pub lines: Vec<MemberLine>,
}

/// One page of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationPage {
    /// Documents.
    pub members: Vec<Member>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// Shows what the ledger holds.
#[async_trait]
pub trait Books: Send + Sync {
    /// All non-zero balances of `scope` at the end of `at`, posted entries only.
    ///
    /// # Errors
    /// [`Fault`] if they can't be read completely; never a part.
    async fn balances(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
    ) -> Result<Vec<AccountBalance>, Fault>;

    /// Every document posted in the period of `at`, whoever entered it.
    ///
    /// # Errors
    /// [`Fault`] if the page can't be read.
    async fn population(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
        after: Option<&Cursor>,
    ) -> Result<PopulationPage, Fault>;
}
