//! What is asked and what it is judged on.
//!
//! Everything here is read by somebody else and handed in whole; nothing is fetched. Signs: debit positive, credit negative. A line in
//! [`Currency::STAT`] holds a quantity in `amount` and no money.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tieout_model::{
    AccountClass, AccountingDate, Amount, Code, Currency, DocumentId, DocumentKind, EntityId,
    ExchangeRate, Period, PeriodName, Stamp, Timestamp,
};

/// Segment values in the order of the target's chart of accounts. Shared: a million lines use some thousand combinations.
pub type Segments = Arc<[Code]>;

/// Hands out one shared copy of each combination, so that evidence stays small.
#[derive(Debug, Clone, Default)]
pub struct SegmentPool {
    known: BTreeSet<Segments>,
}

impl SegmentPool {
    /// The shared copy of `segments`.
    pub fn share(&mut self, segments: &[Code]) -> Segments {
        if let Some(known) = self.known.get(segments) {
            return known.clone();
        }
        let fresh: Segments = Arc::from(segments);
        self.known.insert(fresh.clone());
        fresh
    }
}

/// The question: one entity, many snapshots at once (balances are cumulative).
#[derive(Debug, Clone)]
pub struct Request {
    /// The entity, as the source spells it.
    pub entity: EntityId,
    /// Its balancing segment value in the target. Never tie out by ledger, always by this (domain.md §12).
    pub balancing_segment: Code,
    /// Functional currency of the entity and ledger currency of its books in the target.
    pub currency: Currency,
    /// All periods from the first document on, in order of year and number, adjusting periods included.
    pub snapshots: Vec<Period>,
    /// Source names of the periods whose snapshots are wanted.
    pub report: Vec<PeriodName>,
    /// How the target's accounts behave.
    pub target_chart: TargetChart,
    /// How the source's accounts behave.
    pub source_chart: SourceChart,
    /// The instant of judgement; decides what is still in flight.
    pub now: Timestamp,
    /// How long a document may be on its way before it counts as missing, in milliseconds (domain.md §6.3: 24 h, at close 1 h).
    pub in_flight_window_ms: i64,
    /// When the source closed each period, by source name; an adjusting period without an entry has that of the period it overlaps.
    pub closed_at: BTreeMap<PeriodName, Timestamp>,
    /// Target source names whose unstamped records are expected (the target's own revaluation, for instance): shown, but explained.
    pub excluded_sources: BTreeSet<String>,
    /// True if the balances read from the books hold quantities too; if not, quantities are checked by document only.
    pub are_quantities_in_balances: bool,
}

/// The default window of [`Request::in_flight_window_ms`]: 24 hours (domain.md §6.3).
pub const IN_FLIGHT_WINDOW_MS: i64 = 24 * 60 * 60 * 1000;

/// The target's chart of accounts, as far as it decides balances.
#[derive(Debug, Clone)]
pub struct TargetChart {
    /// Index of the natural account among the segments.
    pub natural_account: usize,
    /// Index of the balancing segment among the segments.
    pub balancing: usize,
    /// Class by natural account. Income and expense restart each fiscal year (domain.md §8.5).
    pub classes: BTreeMap<Code, AccountClass>,
    /// The combination that takes up results of closed years; its balancing value is replaced by that of the rolled line.
    pub retained_earnings: Vec<Code>,
}

/// The source's chart of accounts, as far as it decides balances.
#[derive(Debug, Clone)]
pub struct SourceChart {
    /// Class by account.
    pub classes: BTreeMap<Code, AccountClass>,
    /// The account that takes up results of closed years in the balances read; `None` if those balances do not show them anywhere.
    pub retained_earnings: Option<Code>,
}

/// All that was read, of one entity.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What was captured from the source, with what translation made of it (recorded lineage, never recomputed).
    pub expected: Vec<ExpectedDocument>,
    /// Every document in the target's books of this balancing segment, whoever entered it.
    pub members: Vec<TargetMember>,
    /// Balances read from the target at the end of each period, by source period name.
    pub target_balances: BTreeMap<PeriodName, Vec<TargetBalance>>,
    /// Every posted document re-read from the source, carried ones only once; `None` if it was not re-read.
    pub source_members: Option<Vec<SourceMember>>,
    /// Balances read from the source at the end of each period, by source period name.
    pub source_balances: BTreeMap<PeriodName, Vec<SourceBalance>>,
}

/// How far a captured document has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Translation could not place it.
    Held,
    /// The target refused it.
    Rejected,
    /// Waits to be sent.
    Queued,
    /// Sent, outcome outstanding.
    Sent,
    /// It may have arrived; a look-up will tell.
    Uncertain,
    /// A business row was read back.
    Posted,
    /// Stopped for a person.
    Parked,
    /// A person settled it by hand.
    Resolved,
}

impl Progress {
    /// The word used in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Uncertain => "uncertain",
            Self::Posted => "posted",
            Self::Parked => "parked",
            Self::Resolved => "settled by hand",
        }
    }

    /// True while it moves by itself.
    pub const fn is_in_flight(self) -> bool {
        matches!(self, Self::Queued | Self::Sent | Self::Uncertain)
    }
}

/// One document as captured and translated.
#[derive(Debug, Clone)]
pub struct ExpectedDocument {
    /// Its permanent identity.
    pub document: DocumentId,
    /// Its number for people.
    pub number: String,
    /// Its kind, as carried.
    pub kind: DocumentKind,
    /// The party on it, if any.
    pub party: String,
    /// Where it was born, as text.
    pub origin: String,
    /// The mark its record in the target bears.
    pub stamp: Stamp,
    /// How far it has come.
    pub progress: Progress,
    /// When it first became due for delivery, not its last attempt: otherwise retries would keep it in flight for ever.
    pub since: Timestamp,
    /// The date that decides the period.
    pub accounting_date: AccountingDate,
    /// Source name of its period.
    pub period: PeriodName,
    /// The crosswalk version that was used; empty if held.
    pub crosswalk_version: String,
    /// When it was entered in the source.
    pub created_at: Timestamp,
    /// The document it reverses or voids.
    pub reverses: Option<DocumentId>,
    /// Rate of its lines in foreign currency (of the first, if they differ).
    pub rate: Option<ExchangeRate>,
    /// Its lines as translated; empty if it is held.
    pub target_lines: Vec<TargetLine>,
    /// Its lines as the source booked them.
    pub source_lines: Vec<SourceLine>,
}

/// A line at a combination of segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetLine {
    /// Where it posts.
    pub segments: Segments,
    /// Transaction currency, or STAT.
    pub currency: Currency,
    /// Transaction amount, or the quantity; debit positive.
    pub amount: Amount,
    /// Functional amount, debit positive; ignored for quantities.
    pub functional: Amount,
}

impl TargetLine {
    /// What it adds to a balance: functional amount, or the quantity.
    pub fn measure(&self) -> Amount {
        if self.currency.is_statistical() {
            self.amount
        } else {
            self.functional
        }
    }
}

/// A line at an account of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// The account.
    pub account: Code,
    /// True if `functional` is a quantity.
    pub is_statistical: bool,
    /// Functional amount, or the quantity; debit positive.
    pub functional: Amount,
}

/// A document read from the target's books.
#[derive(Debug, Clone)]
pub struct TargetMember {
    /// The target's own key of it.
    pub reference: String,
    /// Its number for people.
    pub number: String,
    /// Our mark, if it bears one.
    pub stamp: Option<Stamp>,
    /// Its kind.
    pub kind: DocumentKind,
    /// The party on it, if any.
    pub party: String,
    /// Who or what brought it in.
    pub source: String,
    /// Its accounting date.
    pub accounting_date: AccountingDate,
    /// The target's name of its period.
    pub period: String,
    /// Its document currency.
    pub currency: Currency,
    /// Its rate, if it has one.
    pub rate: Option<ExchangeRate>,
    /// True once the target's ledger holds it.
    pub is_accounted: bool,
    /// Its lines.
    pub lines: Vec<TargetLine>,
}

/// A document re-read from the source's books.
#[derive(Debug, Clone)]
pub struct SourceMember {
    /// Its permanent identity: the same as that of the captured document, also where the books name the posting and not the document.
    pub document: DocumentId,
    /// Its number for people.
    pub number: String,
    /// Its kind, as carried.
    pub kind: DocumentKind,
    /// Source name of its period.
    pub period: PeriodName,
    /// Sum of its debit lines in functional currency, quantities left out.
    pub total_debit: Amount,
    /// Its lines, one or more per account.
    pub lines: Vec<SourceLine>,
}

/// One balance read from the target, as it stood at the end of a period: balance sheet since ever, income and expense since the fiscal year
/// began, results of closed years in retained earnings.
#[derive(Debug, Clone)]
pub struct TargetBalance {
    /// Its combination.
    pub segments: Segments,
    /// Ledger currency, or STAT.
    pub currency: Currency,
    /// Debit positive.
    pub ending: Amount,
}

/// One balance read from the source, in the same sense.
#[derive(Debug, Clone)]
pub struct SourceBalance {
    /// Its account.
    pub account: Code,
    /// Functional currency, or STAT.
    pub currency: Currency,
    /// Debit positive.
    pub ending: Amount,
}
