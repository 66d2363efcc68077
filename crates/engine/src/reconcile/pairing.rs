//! The full outer join of both populations by mark, in one pass.
//!
//! Adds every line to the movements of its side, counts every document, and keeps only documents that differ. A document that translation
//! has not placed (held, never captured, or edited since capture) stands at its source accounts, so that the source side stays whole.

mod judgement;

use std::collections::{BTreeMap, BTreeSet};

use tieout_model::{AccountingDate, Amount, DocumentId, Stamp};

use crate::reconcile::Unreconcilable;
use crate::reconcile::census::{Census, Population};
use crate::reconcile::evidence::{
    Evidence, ExpectedDocument, Request, SourceLine, SourceMember, TargetLine, TargetMember,
};
use crate::reconcile::finding::{Finding, total_debit};
use crate::reconcile::ledger::Movements;
use crate::reconcile::strangers::Strangers;
use crate::reconcile::tally::{KeyIndex, Tally};
use crate::reconcile::timeline::Timeline;
use crate::reconcile::verdict::{BreakClass, BreakStatus, Gap, Side};

/// What one pass over the evidence leaves.
pub(super) struct Joined<'a> {
    /// Source side of the comparison.
    pub(super) source: Movements,
    /// Target side: everything the target's ledger holds.
    pub(super) target: Movements,
    /// The source by its own accounts, to check against its balances.
    pub(super) source_accounts: Movements,
    pub(super) census: Census<'a>,
    pub(super) findings: Vec<Finding<'a>>,
    pub(super) gaps: Vec<Gap>,
}

/// Joins the populations.
pub(super) fn join<'a>(
    request: &'a Request,
    evidence: &'a Evidence,
    timeline: &Timeline<'a>,
) -> Result<Joined<'a>, Unreconcilable> {
    let mut join = Join::new(request, evidence, timeline);
    join.take_members()?;
    join.take_source_members()?;
    join.take_documents(evidence)?;
    join.take_orphans(evidence)?;
    join.pour()
}

struct Join<'a, 't> {
    request: &'a Request,
    timeline: &'t Timeline<'a>,
    marks: Marks<'a>,
    unmarked: Vec<&'a TargetMember>,
    source: Option<BTreeMap<DocumentId, &'a SourceMember>>,
    /// Reversed documents whose record the target has.
    arrived: BTreeSet<DocumentId>,
    keys: KeyIndex<'a>,
    source_tally: Tally,
    target_tally: Tally,
    account_tally: Tally,
    out: Joined<'a>,
}

impl<'a, 't> Join<'a, 't> {
    fn new(request: &'a Request, evidence: &'a Evidence, timeline: &'t Timeline<'a>) -> Self {
        let mut gaps = Vec::new();
        let marks = marks(evidence, &mut gaps);
        let unmarked = evidence.members.iter().filter(|m| m.stamp.is_none());
        let mut unmarked: Vec<&TargetMember> = unmarked.collect();
        unmarked.sort_by_key(|m| (m.reference.as_str(), m.kind));
        let mut source = evidence.source_members.as_ref().map(|_| BTreeMap::new());
        for member in evidence.source_members.iter().flatten() {
            let known = source
                .as_mut()
                .and_then(|s| s.insert(member.document, member));
            if known.is_some() {
                gaps.push(repeated(Side::Source, &member.number));
            }
        }
        if source.is_none() {
            gaps.push(Gap::SourceNotReread);
        }
        let expected = evidence.expected.iter();
        let reversed: BTreeSet<DocumentId> = expected.filter_map(|e| e.reverses).collect();
        let with_record = marks.values().filter(|mark| !mark.members.is_empty());
        let arrived = with_record
            .filter_map(|mark| mark.expected.map(|expected| expected.document))
            .filter(|document| reversed.contains(document))
            .collect();
        let out = Joined {
            source: Movements::default(),
            target: Movements::default(),
            source_accounts: Movements::default(),
            census: Census::new(request.currency),
            findings: Vec::new(),
            gaps,
        };
        Self {
            request,
            timeline,
            marks,
            unmarked,
            source,
            arrived,
            keys: KeyIndex::new(request.currency),
            source_tally: Tally::default(),
            target_tally: Tally::default(),
            account_tally: Tally::default(),
            out,
        }
    }

    fn pour(self) -> Result<Joined<'a>, Unreconcilable> {
        let (keys, mut out) = (self.keys, self.out);
        self.source_tally.pour(&keys, &mut out.source)?;
        self.target_tally.pour(&keys, &mut out.target)?;
        self.account_tally.pour(&keys, &mut out.source_accounts)?;
        Ok(out)
    }

    /// The target's ledger, and who is in it.
    fn take_members(&mut self) -> Result<(), Unreconcilable> {
        let marks = std::mem::take(&mut self.marks);
        for mark in marks.values() {
            for member in &mark.members {
                self.take_member(mark.expected, member)?;
            }
        }
        self.marks = marks;
        let unmarked = std::mem::take(&mut self.unmarked);
        for member in &unmarked {
            self.take_member(None, member)?;
        }
        self.unmarked = unmarked;
        Ok(())
    }

    fn take_member(
        &mut self,
        expected: Option<&'a ExpectedDocument>,
        member: &'a TargetMember,
    ) -> Result<(), Unreconcilable> {
        let at = self.target_period(member);
        if at.is_none() {
            self.out.gaps.push(Gap::PeriodUnknown {
                side: Side::Target,
                number: member.number.clone(),
                period: member.period.clone(),
            });
        }
        if !member.is_accounted {
            return Ok(());
        }
        let at = at.unwrap_or(self.timeline.count());
        let own = (member.number.as_str(), member.kind);
        let (number, kind) = expected.map_or(own, |e| (e.number.as_str(), e.kind));
        let debit = total_debit(&member.lines, &member.number)?;
        let census = &mut self.out.census;
        census.count(Population::Target, (at, kind), number, debit)?;
        self.target_tally
            .add_lines(&mut self.keys, at, &member.lines)
    }

    /// The source's own population and accounts.
    fn take_source_members(&mut self) -> Result<(), Unreconcilable> {
        let members: Vec<&'a SourceMember> = self
            .source
            .iter()
            .flat_map(BTreeMap::values)
            .copied()
            .collect();
        for member in members {
            let at = self.reread_period(member);
            self.out.census.count(
                Population::Source,
                (at, member.kind),
                &member.number,
                member.total_debit,
            )?;
            self.add_source_accounts(at, &member.lines)?;
        }
        Ok(())
    }

    /// Every captured document with its deliveries, in order of identity.
    fn take_documents(&mut self, evidence: &'a Evidence) -> Result<(), Unreconcilable> {
        let mut documents: Vec<&'a ExpectedDocument> = evidence.expected.iter().collect();
        documents.sort_by(|a, b| (a.document, &a.stamp).cmp(&(b.document, &b.stamp)));
        for deliveries in documents.chunk_by(|a, b| a.document == b.document) {
            let Some(first) = deliveries.first() else {
                continue;
            };
            let source = self.source.as_mut();
            let reread = source.map(|source| source.remove(&first.document));
            let mut edit = match reread {
                Some(Some(member)) => self.edit(deliveries, member)?,
                Some(None) | None => None,
            };
            let is_gone = matches!(reread, Some(None));
            if let Some(edit) = &edit {
                self.out.source.take_in(&edit.moves)?;
            }
            for expected in deliveries {
                let at = self.source_period(expected);
                let debit = source_debit(&expected.source_lines, &expected.number)?;
                self.out.census.count(
                    Population::Captured,
                    (at, expected.kind),
                    &expected.number,
                    debit,
                )?;
                if !is_gone {
                    self.add_source_side(expected, at)?;
                }
                if self.source.is_none() {
                    self.add_source_accounts(at, &expected.source_lines)?;
                }
                let pair = Pair {
                    expected,
                    at,
                    is_gone,
                    edit: edit.take(),
                };
                self.judge(pair)?;
            }
        }
        Ok(())
    }

    /// Records without a document, and source documents never captured.
    fn take_orphans(&mut self, evidence: &'a Evidence) -> Result<(), Unreconcilable> {
        let marks = std::mem::take(&mut self.marks);
        for mark in marks.values().filter(|mark| mark.expected.is_none()) {
            for (i, member) in mark.members.iter().enumerate() {
                if i > 0 {
                    self.surplus(None, member, "bears the same mark as another record")?;
                    continue;
                }
                let note = "bears our mark, but we know no such document";
                self.foreign(None, member, BreakClass::MissingInSource, note)?;
            }
        }
        let unmarked = std::mem::take(&mut self.unmarked);
        if !unmarked.is_empty() {
            let strangers = Strangers::new(&evidence.members, &marks)?;
            for member in unmarked {
                let Some(twin) = strangers.twin(member)? else {
                    self.foreign(None, member, BreakClass::ManualEntryInTarget, "")?;
                    continue;
                };
                let (name, reference) = (&twin.member.number, &twin.member.reference);
                let note = format!("same party, number, date and amount as {name} ({reference})");
                self.surplus(twin.expected, member, &note)?;
            }
        }
        let uncaptured = self.source.take().unwrap_or_default();
        for member in uncaptured.into_values() {
            let at = self.reread_period(member);
            let mut moves = Movements::default();
            self.add_untranslated(&mut moves, at, &member.lines, true)?;
            self.out.source.take_off(&moves)?;
            self.out.findings.push(Finding {
                class: BreakClass::MissingInTarget,
                status: BreakStatus::TrueBreak,
                expected: None,
                reread: Some(member),
                member: None,
                periods: vec![at],
                moves,
                expires_at: None,
                note: String::new(),
            });
        }
        Ok(())
    }
}

/// One delivery under judgement.
struct Pair<'a> {
    expected: &'a ExpectedDocument,
    at: usize,
    is_gone: bool,
    /// What the source changed since capture.
    edit: Option<Edit>,
}

/// A change in the source that we did not capture.
struct Edit {
    is_other_period: bool,
    /// Re-read minus captured, at source accounts.
    moves: Movements,
}

/// Places and adds lines.
impl<'a> Join<'a, '_> {
    fn target_period(&self, member: &TargetMember) -> Option<usize> {
        self.timeline
            .of_target(&member.period, member.accounting_date)
    }

    fn source_period(&mut self, expected: &ExpectedDocument) -> usize {
        let (name, date) = (&expected.period, expected.accounting_date);
        self.period_or_gap(name, Some(date), &expected.number)
    }

    fn reread_period(&mut self, member: &SourceMember) -> usize {
        self.period_or_gap(&member.period, None, &member.number)
    }

    fn period_or_gap(&mut self, name: &str, date: Option<AccountingDate>, number: &str) -> usize {
        let known = match date {
            Some(date) => self.timeline.of_source(name, date),
            None => self.timeline.named(name),
        };
        known.unwrap_or_else(|| {
            self.out.gaps.push(Gap::PeriodUnknown {
                side: Side::Source,
                number: number.to_owned(),
                period: name.to_owned(),
            });
            self.timeline.count()
        })
    }

    fn add_source_side(
        &mut self,
        expected: &'a ExpectedDocument,
        at: usize,
    ) -> Result<(), Unreconcilable> {
        let (tally, keys) = (&mut self.source_tally, &mut self.keys);
        tally.add_lines(keys, at, &expected.target_lines)?;
        if expected.target_lines.is_empty() {
            tally.add_accounts(keys, at, &expected.source_lines)?;
        }
        Ok(())
    }

    fn add_source_accounts(
        &mut self,
        at: usize,
        lines: &'a [SourceLine],
    ) -> Result<(), Unreconcilable> {
        self.account_tally.add_accounts(&mut self.keys, at, lines)
    }

    fn add_target_lines(
        &self,
        moves: &mut Movements,
        at: usize,
        lines: &[TargetLine],
        is_negated: bool,
    ) -> Result<(), Unreconcilable> {
        for line in lines {
            let amount = signed(line.measure(), is_negated);
            moves.add(at, self.keys.key_of(line), amount)?;
        }
        Ok(())
    }

    fn add_untranslated(
        &self,
        moves: &mut Movements,
        at: usize,
        lines: &[SourceLine],
        is_negated: bool,
    ) -> Result<(), Unreconcilable> {
        for line in lines {
            let key = self.keys.key_of_account(line);
            moves.add(at, key, signed(line.functional, is_negated))?;
        }
        Ok(())
    }

    /// What the source booked differently from what was captured.
    fn edit(
        &mut self,
        deliveries: &[&ExpectedDocument],
        member: &SourceMember,
    ) -> Result<Option<Edit>, Unreconcilable> {
        let is_other_period = deliveries.iter().all(|e| e.period != member.period);
        if let [only] = deliveries
            && !is_other_period
            && only.source_lines == member.lines
        {
            return Ok(None);
        }
        let mut moves = Movements::default();
        let at = self.reread_period(member);
        self.add_untranslated(&mut moves, at, &member.lines, false)?;
        for expected in deliveries {
            let at = self.source_period(expected);
            self.add_untranslated(&mut moves, at, &expected.source_lines, true)?;
        }
        let edit = Edit {
            is_other_period,
            moves,
        };
        Ok(Some(edit).filter(|edit| !edit.moves.is_zero()))
    }
}

/// Both sides of one mark.
#[derive(Default)]
pub(super) struct Mark<'a> {
    pub(super) expected: Option<&'a ExpectedDocument>,
    /// In order of their keys.
    members: Vec<&'a TargetMember>,
}

pub(super) type Marks<'a> = BTreeMap<&'a Stamp, Mark<'a>>;

fn marks<'a>(evidence: &'a Evidence, gaps: &mut Vec<Gap>) -> Marks<'a> {
    let mut keys: Vec<_> = evidence.members.iter().collect();
    keys.sort_unstable_by_key(|m| (m.reference.as_str(), m.kind));
    for pair in keys.windows(2) {
        if let [a, b] = pair
            && (&a.reference, a.kind) == (&b.reference, b.kind)
        {
            gaps.push(repeated(Side::Target, &b.number));
        }
    }
    let mut documents: Vec<_> = evidence.expected.iter().collect();
    documents.sort_unstable_by_key(|e| (&e.stamp, e.document));
    for pair in documents.windows(2) {
        if let [a, b] = pair
            && a.stamp == b.stamp
        {
            gaps.push(repeated(Side::Source, &b.number));
        }
    }
    let marks = documents.into_iter().map(|expected| {
        let mark = Mark {
            expected: Some(expected),
            members: Vec::new(),
        };
        (&expected.stamp, mark)
    });
    let mut marks: Marks<'a> = marks.collect();
    for member in keys {
        if let Some(stamp) = &member.stamp {
            marks.entry(stamp).or_default().members.push(member);
        }
    }
    marks
}

fn signed(amount: Amount, is_negated: bool) -> Amount {
    if is_negated { amount.negated() } else { amount }
}

fn source_debit(lines: &[SourceLine], place: &str) -> Result<Amount, Unreconcilable> {
    let money = lines.iter().filter(|line| !line.is_statistical);
    let debits = money.map(|line| line.functional);
    Amount::sum(debits.filter(|amount| !amount.is_negative())).map_err(|fault| {
        Unreconcilable::Amount {
            place: place.to_owned(),
            fault,
        }
    })
}

fn repeated(side: Side, number: &str) -> Gap {
    Gap::EvidenceRepeated {
        side,
        number: number.to_owned(),
    }
}
