//! What comes out: balances per key, breaks traced to documents, completeness, gaps in the evidence.

use std::fmt;
use std::sync::Arc;

use tieout_model::{
    Amount, Code, Currency, Digest, DocumentId, DocumentKind, EntityId, PeriodName, Stamp,
    Timestamp,
};

use crate::reconcile::evidence::Segments;

/// Where a balance stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// At a combination of the target.
    Segments(Segments),
    /// At an account of the source that translation has not placed (held, never captured, or edited since).
    SourceAccount(Code),
}

/// One balance: its place and currency (functional, or STAT).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerKey {
    /// Where it stands.
    pub place: Place,
    /// Functional currency of the entity, or STAT.
    pub currency: Currency,
}

impl LedgerKey {
    /// The segments, if translation placed it.
    pub fn segments(&self) -> &[Code] {
        match &self.place {
            Place::Segments(segments) => segments,
            Place::SourceAccount(_) => &[],
        }
    }

    /// The balance at a combination.
    pub fn at(segments: &Segments, currency: Currency) -> Self {
        Self {
            place: Place::Segments(segments.clone()),
            currency,
        }
    }

    /// The balance at a source account that translation has not placed.
    pub fn untranslated(account: &Code, currency: Currency) -> Self {
        Self {
            place: Place::SourceAccount(account.clone()),
            currency,
        }
    }
}

/// `200-0000-12000-0000-000 USD`, or `source account 6300 USD`.
impl fmt::Display for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Segments(segments) => {
                let values: Vec<&str> = segments.iter().map(Code::as_str).collect();
                write!(f, "{} {}", values.join("-"), self.currency)
            }
            Place::SourceAccount(account) => {
                write!(f, "source account {account} {}", self.currency)
            }
        }
    }
}

/// Why two sides differ, in order of test: the first that fits is the class (domain.md §6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakClass {
    /// More than one live target record of one document.
    Duplicate,
    /// The target carries a document that the source no longer has.
    MissingInSource,
    /// Somebody entered it in the target.
    ManualEntryInTarget,
    /// Entered in the source after the period was closed, and the target lacks it.
    PostedAfterClose,
    /// On its way, younger than the window.
    TimingInFlight,
    /// A reversal or void of a document that both sides have is on one side only.
    ReversedOnlyOnOneSide,
    /// The target lacks it.
    MissingInTarget,
    /// Same document, other period.
    PeriodDiffers,
    /// Same amounts, other segments.
    MappingDiffers,
    /// Same transaction amount, other rate.
    FxRateDiffers,
    /// Other transaction amount.
    AmountDiffers,
    /// Balances agree, applications differ (aging; not decided here).
    ApplicationDiffers,
    /// Attachments differ (not decided here).
    AttachmentMismatch,
    /// At most one minor unit per line at the same rate.
    Rounding,
    /// The rest; always a true break.
    Unexplained,
}

impl BreakClass {
    /// The word used in tables and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::MissingInSource => "missing_in_source",
            Self::ManualEntryInTarget => "manual_entry_in_target",
            Self::PostedAfterClose => "posted_after_close",
            Self::TimingInFlight => "timing_in_flight",
            Self::ReversedOnlyOnOneSide => "reversed_only_on_one_side",
            Self::MissingInTarget => "missing_in_target",
            Self::PeriodDiffers => "period_differs",
            Self::MappingDiffers => "mapping_differs",
            Self::FxRateDiffers => "fx_rate_differs",
            Self::AmountDiffers => "amount_differs",
            Self::ApplicationDiffers => "application_differs",
            Self::AttachmentMismatch => "attachment_mismatch",
            Self::Rounding => "rounding",
            Self::Unexplained => "unexplained",
        }
    }
}

/// What a break asks for (domain.md §6.3). A match is no break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakStatus {
    /// Class known and within policy; nothing to do.
    Explained,
    /// Clears by itself before it expires.
    Timing,
    /// Somebody must act.
    TrueBreak,
}

impl BreakStatus {
    /// The word used in tables and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Explained => "explained",
            Self::Timing => "timing",
            Self::TrueBreak => "true_break",
        }
    }
}

/// One document's share in one balance's difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDifference {
    /// Label of the snapshot.
    pub snapshot: Arc<str>,
    /// The balance.
    pub key: LedgerKey,
    /// The whole balance by the source.
    pub source: Amount,
    /// The whole balance by the target.
    pub target: Amount,
    /// What this document adds to target minus source. The shares of all breaks sum to target minus source exactly.
    pub difference: Amount,
}

/// One difference, traced to one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Why.
    pub class: BreakClass,
    /// What it asks for.
    pub status: BreakStatus,
    /// Identity of the document, if we know it.
    pub document: Option<DocumentId>,
    /// Number for people; of the source document where there is one.
    pub number: String,
    /// Kind, unknown only for an unexplained remainder.
    pub kind: Option<DocumentKind>,
    /// Source name of the period it belongs to; of the target's record if there is no source document. Empty for a remainder.
    pub period: PeriodName,
    /// Our mark.
    pub stamp: Option<Stamp>,
    /// The target's key of its record.
    pub reference: Option<String>,
    /// What the source and its translation say.
    pub expected: String,
    /// What the target says.
    pub found: String,
    /// Shares per snapshot and balance, rolled forward through year ends; empty if balances agree.
    pub differences: Vec<KeyDifference>,
    /// When a timing break stops being one.
    pub expires_at: Option<Timestamp>,
    /// Who must do what.
    pub remedy: String,
}

/// One balance in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyResult {
    /// The balance.
    pub key: LedgerKey,
    /// By the source's lines, translated as recorded.
    pub source: Amount,
    /// By the target's lines.
    pub target: Amount,
    /// Target minus source.
    pub difference: Amount,
}

/// One snapshot: a period to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotResult {
    /// `P12-2026`, or `P12-2026+ADJ` with the adjusting period on top.
    pub label: Arc<str>,
    /// Source name of the period.
    pub period: PeriodName,
    /// Money balances that are not zero on both sides.
    pub keys: Vec<KeyResult>,
    /// Number of money balances compared.
    pub keys_total: usize,
    /// Quantities, kept out of money.
    pub quantities: Vec<KeyResult>,
    /// Indexes into [`Reconciliation::breaks`] of those that show here.
    pub breaks: Vec<usize>,
    /// Sum of the debit lines the source booked in this period, functional currency.
    pub source_total_debit: Amount,
    /// Sum of the debit lines the target booked in this period, ledger currency.
    pub target_total_debit: Amount,
    /// Sum of the debit balances of the trial balance by the source.
    pub source_debit_balance: Amount,
    /// Sum of the debit balances of the trial balance by the target.
    pub target_debit_balance: Amount,
}

/// Control totals of one population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlTotal {
    /// Number of documents.
    pub documents: usize,
    /// Sum of debit lines in functional currency, quantities left out.
    pub total_debit: Amount,
    /// SHA-256 over the sorted document numbers, each followed by a line feed.
    pub numbers: Digest,
}

/// Completeness of one kind in one period (R8, domain.md §6.1). Target documents count under the number and kind of the document whose mark
/// they bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completeness {
    /// Source name of the period.
    pub period: PeriodName,
    /// The kind; `None` is all kinds together.
    pub kind: Option<DocumentKind>,
    /// Re-read from the source; `None` if it was not re-read.
    pub source: Option<ControlTotal>,
    /// Captured by us.
    pub captured: ControlTotal,
    /// In the target's ledger.
    pub target: ControlTotal,
    /// Numbers that the source (or, not re-read, the capture) has and the target lacks.
    pub missing_in_target: Vec<String>,
    /// Numbers that the target has and the source lacks.
    pub extra_in_target: Vec<String>,
    /// Numbers that the source has and we never captured.
    pub not_captured: Vec<String>,
    /// Numbers that we captured and the source no longer has.
    pub gone_from_source: Vec<String>,
}

impl Completeness {
    /// True if the sums of debits agree, too. They may differ legitimately where a target reverses by sign instead of by side.
    pub fn are_debits_equal(&self) -> bool {
        let same = |total: &ControlTotal| total.total_debit == self.captured.total_debit;
        same(&self.target) && self.source.as_ref().is_none_or(same)
    }

    /// True if all populations hold the same documents.
    pub fn is_complete(&self) -> bool {
        let same = |total: &ControlTotal| {
            total.documents == self.captured.documents && total.numbers == self.captured.numbers
        };
        same(&self.target) && self.source.as_ref().is_none_or(same)
    }
}

/// Which side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The system of record.
    Source,
    /// The system that is kept in step.
    Target,
}

impl Side {
    /// The word used in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

/// A hole in the evidence: severity 1, since nothing can be proven across it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Summed lines and the independently read balance differ (domain.md §6.2 step 8).
    ExtractionIncomplete {
        /// On which side.
        side: Side,
        /// Label of the snapshot.
        snapshot: String,
        /// Which balance.
        key: LedgerKey,
        /// Sum of the lines.
        summed: Amount,
        /// The balance as read.
        read: Amount,
    },
    /// No balances of a reported snapshot were handed in.
    BalancesNotRead {
        /// On which side.
        side: Side,
        /// Source name of the period.
        period: PeriodName,
    },
    /// The source's documents were not re-read, so a deletion or edit there can't be seen.
    SourceNotReread,
    /// A document's period is none of the snapshots and its date is not after them.
    PeriodUnknown {
        /// On which side.
        side: Side,
        /// The document's number.
        number: String,
        /// The period as given.
        period: String,
    },
    /// An account has no class, so it can't be said whether it restarts at year end.
    ClassUnknown {
        /// On which side.
        side: Side,
        /// The account.
        account: Code,
    },
    /// The same document or mark was handed in twice on one side.
    EvidenceRepeated {
        /// On which side.
        side: Side,
        /// The document's number.
        number: String,
    },
}

/// Names the place and the remedy.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExtractionIncomplete {
                side,
                snapshot,
                key,
                summed,
                read,
            } => write!(
                f,
                "{} {snapshot}: lines of {key} sum to {summed}, its balance reads {read}; read the documents of that key again",
                side.word()
            ),
            Self::BalancesNotRead { side, period } => write!(
                f,
                "{} {period}: no balances were read; read them, or the sums stay unproven",
                side.word()
            ),
            Self::SourceNotReread => f.write_str(
                "source: documents were not re-read; read them, or deletions and edits stay unseen",
            ),
            Self::PeriodUnknown {
                side,
                number,
                period,
            } => write!(
                f,
                "{} document {number}: period {period:?} is none of the company's; add it to the calendar",
                side.word()
            ),
            Self::ClassUnknown { side, account } => write!(
                f,
                "{} account {account} has no class; add it to the chart of accounts",
                side.word()
            ),
            Self::EvidenceRepeated { side, number } => write!(
                f,
                "{} document {number} was handed in twice; each must come once",
                side.word()
            ),
        }
    }
}

/// The whole result for one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The entity.
    pub entity: EntityId,
    /// Functional currency.
    pub currency: Currency,
    /// Reported snapshots, in order.
    pub snapshots: Vec<SnapshotResult>,
    /// All breaks that show in a reported snapshot, each once, in stable order.
    pub breaks: Vec<Break>,
    /// Completeness per reported period and kind.
    pub completeness: Vec<Completeness>,
    /// Holes in the evidence.
    pub gaps: Vec<Gap>,
}

impl Reconciliation {
    /// The breaks that show in `snapshot`.
    pub fn breaks_of<'a>(
        &'a self,
        snapshot: &'a SnapshotResult,
    ) -> impl Iterator<Item = &'a Break> {
        snapshot.breaks.iter().filter_map(|i| self.breaks.get(*i))
    }

    /// True if nobody has to do anything: no true break, nothing in flight, no hole in the evidence.
    pub fn is_tied_out(&self) -> bool {
        let is_explained = |b: &Break| b.status == BreakStatus::Explained;
        self.gaps.is_empty() && self.breaks.iter().all(is_explained)
    }
}
