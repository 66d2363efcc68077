//! Do both sides agree, to the cent, and if not: which document, why, and who must do what?
//!
//! Pure: the same request and evidence give the same result, in whatever order the evidence comes ([`digest`] proves it). It reads nothing,
//! keeps nothing and decides nothing about tolerances that grow with amounts. Documents are joined by mark, never by balances mapped a
//! second time; the segments of the source side are those recorded when the document was translated.
//!
//! Invariants: per snapshot and balance, target minus source equals the sum of the breaks' shares; a hole in the evidence is a [`Gap`],
//! never silence.

mod canonical;
mod census;
mod compare;
mod cross_check;
mod evidence;
mod finding;
mod ledger;
mod pairing;
mod strangers;
mod tally;
mod tie_out;
mod timeline;
mod verdict;

use std::collections::BTreeSet;

use tieout_model::{AmountFault, PeriodName};

use crate::reconcile::cross_check::cross_check;
use crate::reconcile::ledger::YearEnds;
use crate::reconcile::pairing::{Joined, join};
use crate::reconcile::tie_out::TieOut;
use crate::reconcile::timeline::Timeline;

pub use canonical::{canonical_bytes, digest};
pub use evidence::{
    Evidence, ExpectedDocument, IN_FLIGHT_WINDOW_MS, Progress, Request, SegmentPool, Segments,
    SourceBalance, SourceChart, SourceLine, SourceMember, TargetBalance, TargetChart, TargetLine,
    TargetMember,
};
pub use verdict::{
    Break, BreakClass, BreakStatus, Completeness, ControlTotal, Gap, KeyDifference, KeyResult,
    LedgerKey, Place, Reconciliation, Side, SnapshotResult,
};

/// Why a question can't be answered at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreconcilable {
    /// Snapshots must ascend by fiscal year and number, each once.
    #[error("the snapshots are not in order of fiscal year and number; sort them, each once")]
    SnapshotsOutOfOrder,
    /// A reported period is none of the snapshots.
    #[error("period {0:?} is to be reported, but is none of the snapshots; add it to the calendar")]
    ReportUnknown(PeriodName),
    /// The retained-earnings combination lacks the balancing segment or the natural account.
    #[error(
        "the retained-earnings combination has {segments} segments, too few for the balancing segment and the natural account; write it in full"
    )]
    RetainedEarningsTooShort {
        /// Segments given.
        segments: usize,
    },
    /// A sum left the range of exact amounts.
    #[error("{place}: {fault}")]
    Amount {
        /// Where.
        place: String,
        /// What.
        fault: AmountFault,
    },
}

/// Reconciles one entity in all asked snapshots.
///
/// Linear in documents and lines; only documents that differ are kept. Signs: debit positive; a difference is target minus source.
///
/// # Errors
/// [`Unreconcilable`] if the request contradicts itself or a sum leaves 38 digits. Holes in the evidence are [`Gap`]s of the result.
pub fn reconcile(request: &Request, evidence: &Evidence) -> Result<Reconciliation, Unreconcilable> {
    let timeline = Timeline::new(request)?;
    let year_ends = YearEnds::new(request)?;
    let is_reread = evidence.source_members.is_some();
    let mut joined = join(request, evidence, &timeline)?;
    let mut gaps = std::mem::take(&mut joined.gaps);
    gaps.extend(unclassed(&joined, &year_ends));

    let mut tie_out = TieOut::new(&joined, &timeline, &year_ends)?;
    let accounts = joined
        .source_accounts
        .rolled(&timeline, &|key| year_ends.source(key))?;
    gaps.extend(cross_check(
        request,
        evidence,
        &timeline,
        &accounts,
        &tie_out.target,
    )?);
    gaps.sort();
    gaps.dedup();

    tie_out.explain(std::mem::take(&mut joined.findings), &year_ends)?;
    let periods = timeline.reported().iter();
    let debits = periods
        .map(|period| joined.census.debits(*period, is_reread))
        .collect::<Result<Vec<_>, _>>()?;
    let (snapshots, breaks) = tie_out.finish(&debits, request.currency)?;
    Ok(Reconciliation {
        entity: request.entity.clone(),
        currency: request.currency,
        snapshots,
        breaks,
        completeness: joined.census.results(&timeline, is_reread)?,
        gaps,
    })
}

/// Accounts without a class: it can't be said whether they restart at year end.
fn unclassed(joined: &Joined<'_>, year_ends: &YearEnds<'_>) -> BTreeSet<Gap> {
    let sides = [
        (Side::Source, &joined.source_accounts),
        (Side::Source, &joined.source),
        (Side::Target, &joined.target),
    ];
    let mut gaps = BTreeSet::new();
    for (side, movements) in sides {
        for key in movements
            .keys()
            .filter(|key| year_ends.class(key).is_none())
        {
            let side = match key.place {
                Place::Segments(_) => Side::Target,
                Place::SourceAccount(_) => side,
            };
            if let Some(account) = year_ends.account(key).cloned() {
                gaps.insert(Gap::ClassUnknown { side, account });
            }
        }
    }
    gaps
}
