//! Gathers what both systems' books hold and what we recorded, asks the pure judgement, and records its result.
//!
//! Nothing is corrected here: differences are named, a person decides. All evidence of an entity is read before anything is judged, and a
//! part that can't be read fails the pass: a reconciliation of half the books would be worse than none.

mod expected;
pub mod question;

use std::collections::{BTreeMap, BTreeSet};

use tieout_connector::{BalanceKey, Books, BooksScope, Member, SnapshotAt};
use tieout_engine::reconcile::{
    Evidence, Reconciliation, Request, SegmentPool, SourceBalance, SourceLine, SourceMember,
    TargetBalance, TargetLine, TargetMember, digest, reconcile,
};
use tieout_engine::{BreakRecord, BreakTrace, Change};
use tieout_model::{
    Amount, Calendar, Code, DocumentKind, EntityId, Origin, Period, Placement, SystemId,
};

use crate::context::{Context, PassError};
use expected::{Recorded, recorded};

/// What is to be reconciled.
pub struct Question {
    /// The entity.
    pub entity: EntityId,
    /// Its place in the target (the period in it is not used).
    pub placement: Placement,
    /// The system of record.
    pub source: SystemId,
    /// The company inside it.
    pub company: String,
    /// The other system.
    pub target: SystemId,
    /// All periods.
    pub calendar: Calendar,
    /// Everything else that the judgement needs; its evidence-independent parts are filled in already.
    pub request: Request,
}

/// Reconciles one entity.
///
/// # Errors
/// [`PassError`] if the store or a system can't be read completely.
pub async fn pass(context: &Context, question: &Question) -> Result<Reconciliation, PassError> {
    let mut pool = SegmentPool::default();
    let recorded = recorded(context, question, &mut pool).await?;
    let mut evidence = Evidence::default();
    let scope = BooksScope {
        entity: question.entity.clone(),
        placement: question.placement.clone(),
    };
    read_target(context, question, &scope, &mut pool, &mut evidence).await?;
    read_source(context, question, &scope, &recorded, &mut evidence).await?;
    drop_cancelled(&recorded, &mut evidence);
    evidence.expected = recorded.expected;
    let result = reconcile(&question.request, &evidence)?;
    record(context, question, &result).await?;
    Ok(result)
}

fn books<'a>(context: &'a Context, system: &SystemId) -> Result<&'a dyn Books, PassError> {
    let found = context
        .systems
        .get(system)
        .map(|system| system.books.as_ref());
    found.ok_or_else(|| PassError::Damaged(format!("no system is called {system}")))
}

fn is_reported(question: &Question, period: &Period) -> bool {
    question.request.report.contains(&period.name)
}

async fn read_target(
    context: &Context,
    question: &Question,
    scope: &BooksScope,
    pool: &mut SegmentPool,
    evidence: &mut Evidence,
) -> Result<(), PassError> {
    let books = books(context, &question.target)?;
    let system = &question.target;
    for period in &question.request.snapshots {
        let at = SnapshotAt {
            period: period.clone(),
        };
        for member in population(books, scope, &at, system).await? {
            evidence.members.push(target_member(member, pool));
        }
        if is_reported(question, period) {
            let read = books.balances(scope, &at).await;
            let read = read.map_err(|detail| PassError::Source {
                system: system.clone(),
                detail,
            })?;
            let balances = read.into_iter().filter_map(|balance| match balance.key {
                BalanceKey::Segments(combination) => Some(TargetBalance {
                    segments: pool.share(&combination.segments),
                    currency: balance.currency,
                    ending: balance.ending,
                }),
                BalanceKey::Account(_) => None,
            });
            let balances = balances.collect();
            evidence
                .target_balances
                .insert(period.name.clone(), balances);
        }
    }
    Ok(())
}

async fn read_source(
    context: &Context,
    question: &Question,
    scope: &BooksScope,
    recorded: &Recorded,
    evidence: &mut Evidence,
) -> Result<(), PassError> {
    let books = books(context, &question.source)?;
    let system = &question.source;
    let mut members = Vec::new();
    for period in &question.request.snapshots {
        let at = SnapshotAt {
            period: period.clone(),
        };
        for member in population(books, scope, &at, system).await? {
            members.push(source_member(question, recorded, period, member)?);
        }
        if is_reported(question, period) {
            let read = books.balances(scope, &at).await;
            let read = read.map_err(|detail| PassError::Source {
                system: system.clone(),
                detail,
            })?;
            let balances = read.into_iter().filter_map(|balance| match balance.key {
                BalanceKey::Account(account) => Some(SourceBalance {
                    account,
                    currency: balance.currency,
                    ending: balance.ending,
                }),
                BalanceKey::Segments(_) => None,
            });
            evidence
                .source_balances
                .insert(period.name.clone(), balances.collect());
        }
    }
    members.extend(recorded.own.iter().cloned());
    evidence.source_members = Some(members);
    Ok(())
}

async fn population(
    books: &dyn Books,
    scope: &BooksScope,
    at: &SnapshotAt,
    system: &SystemId,
) -> Result<Vec<Member>, PassError> {
    let mut members = Vec::new();
    let mut after = None;
    loop {
        let page = books.population(scope, at, after.as_ref()).await;
        let page = page.map_err(|detail| PassError::Source {
            system: system.clone(),
            detail,
        })?;
        members.extend(page.members);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(members),
        }
    }
}

fn target_member(member: Member, pool: &mut SegmentPool) -> TargetMember {
    let lines = member.lines.iter().filter_map(|line| match &line.key {
        BalanceKey::Segments(combination) => Some(TargetLine {
            segments: pool.share(&combination.segments),
            currency: line.currency,
            amount: line.amount,
            functional: line.functional,
        }),
        BalanceKey::Account(_) => None,
    });
    let lines = lines.collect();
    TargetMember {
        reference: member.reference,
        number: member.number,
        stamp: member.stamp,
        kind: member.kind,
        party: member.party,
        source: member.source,
        accounting_date: member.accounting_date,
        period: member.period,
        currency: member.currency,
        rate: member.rate,
        is_accounted: member.is_accounted,
        lines,
    }
}

/// The source's ledger names a bill's posting, not the bill: the posting of a document that travels natively stands for that document.
fn source_member(
    question: &Question,
    recorded: &Recorded,
    period: &Period,
    member: Member,
) -> Result<SourceMember, PassError> {
    let natural_key = tieout_model::NaturalKey::new(&member.reference);
    let origin = Origin {
        system: question.source.clone(),
        company: question.company.clone(),
        natural_key,
    };
    let named = recorded
        .by_number
        .get(&(member.kind, member.number.clone()))
        .copied();
    let is_native = member.kind != DocumentKind::JournalEntry;
    let document = recorded
        .by_key
        .get(member.reference.as_str())
        .copied()
        .or(if is_native { named } else { None })
        .unwrap_or_else(|| tieout_model::DocumentId::of(&origin));
    let lines: Vec<SourceLine> = member
        .lines
        .iter()
        .filter_map(|line| match &line.key {
            BalanceKey::Account(account) => Some(SourceLine {
                account: account.clone(),
                is_statistical: line.currency.is_statistical(),
                functional: if line.currency.is_statistical() {
                    line.amount
                } else {
                    line.functional
                },
            }),
            BalanceKey::Segments(_) => None,
        })
        .collect();
    let debits = lines
        .iter()
        .filter(|l| !l.is_statistical && !l.functional.is_negative());
    let total_debit = Amount::sum(debits.map(|line| line.functional))
        .map_err(|e| PassError::Damaged(format!("{}: {e}", member.number)))?;
    Ok(SourceMember {
        document,
        number: member.number,
        kind: member.kind,
        period: period.name.clone(),
        total_debit,
        lines,
    })
}

/// A posting and its own reversal, both in the target and cancelling each other line by line, have no net effect and are no documents of
/// the source any more.
fn drop_cancelled(recorded: &Recorded, evidence: &mut Evidence) {
    let mut drop: BTreeSet<&str> = BTreeSet::new();
    for (posting, reversal) in &recorded.cancelled {
        let rows = |stamp: &str| -> Vec<&TargetMember> {
            let bears = |m: &&TargetMember| m.stamp.as_ref().is_some_and(|s| s.as_str() == stamp);
            evidence.members.iter().filter(bears).collect()
        };
        let (postings, reversals) = (rows(posting), rows(reversal));
        if let ([one], [other]) = (postings.as_slice(), reversals.as_slice())
            && one.period == other.period
            && is_net_zero(one.lines.iter().chain(&other.lines))
        {
            drop.insert(posting);
            drop.insert(reversal);
        }
    }
    let is_dropped = |member: &TargetMember| {
        member
            .stamp
            .as_ref()
            .is_some_and(|stamp| drop.contains(stamp.as_str()))
    };
    evidence.members.retain(|member| !is_dropped(member));
}

fn is_net_zero<'a>(lines: impl Iterator<Item = &'a TargetLine>) -> bool {
    let mut sums: BTreeMap<(&[Code], bool), Amount> = BTreeMap::new();
    for line in lines {
        let slot = (&*line.segments, line.currency.is_statistical());
        let sum = sums.entry(slot).or_default();
        match sum.plus(line.measure()) {
            Ok(next) => *sum = next,
            Err(_) => return false,
        }
    }
    sums.values().all(|sum| sum.is_zero())
}

async fn record(
    context: &Context,
    question: &Question,
    result: &Reconciliation,
) -> Result<(), PassError> {
    let mut changes = Vec::new();
    for snapshot in &result.snapshots {
        let breaks: Vec<_> = result.breaks_of(snapshot).collect();
        changes.push(Change::RecordReconciliation {
            entity: question.entity.clone(),
            snapshot: snapshot.label.to_string(),
            breaks: u32::try_from(breaks.len()).unwrap_or(u32::MAX),
            digest: digest(result),
        });
        for found in breaks {
            changes.push(Change::OpenBreak(Box::new(BreakRecord {
                entity: question.entity.clone(),
                snapshot: snapshot.label.to_string(),
                class: found.class.word().to_owned(),
                status: found.status.word().to_owned(),
                document: found.number.clone(),
                summary: found.found.clone(),
                trace: BreakTrace::of(found, &snapshot.label).encode(),
            })));
        }
    }
    context.commit("reconcile", changes).await?;
    Ok(())
}
