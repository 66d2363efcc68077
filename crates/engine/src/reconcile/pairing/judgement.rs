//! Which class a document or record gets: the order of test of domain.md §6.4, first match wins.

use crate::reconcile::Unreconcilable;
use crate::reconcile::compare::{LineVerdict, compare};
use crate::reconcile::evidence::{ExpectedDocument, TargetMember};
use crate::reconcile::finding::{Finding, expiry, is_in_flight};
use crate::reconcile::ledger::Movements;
use crate::reconcile::pairing::{Join, Pair};
use crate::reconcile::verdict::{BreakClass, BreakStatus};

impl<'a> Join<'a, '_> {
    /// Judges one delivery against the records that bear its mark.
    pub(super) fn judge(&mut self, pair: Pair<'a>) -> Result<(), Unreconcilable> {
        let mark = self.marks.get_mut(&pair.expected.stamp);
        let members = mark.map(|mark| std::mem::take(&mut mark.members));
        let members = members.unwrap_or_default();
        let chosen = self.choose(&pair, &members)?;
        for &member in &members {
            let is_chosen = chosen.is_some_and(|chosen| std::ptr::eq(chosen, member));
            if !is_chosen {
                self.surplus(
                    Some(pair.expected),
                    member,
                    "bears the same mark as another record",
                )?;
            }
        }
        let class = match chosen {
            None if pair.is_gone => return Ok(()),
            None => Some(self.absent_class(&pair)),
            Some(member) => self.present_class(&pair, member)?,
        };
        let edited = pair.edit.as_ref().map(|edit| match edit.is_other_period {
            true => BreakClass::PeriodDiffers,
            false => BreakClass::AmountDiffers,
        });
        match class.or(edited) {
            Some(class) => self.record(pair, chosen, class),
            None => Ok(()),
        }
    }

    /// The record to judge, of all that bear one mark: the faithful one, else one that is in the ledger, else the first.
    fn choose(
        &self,
        pair: &Pair<'_>,
        members: &[&'a TargetMember],
    ) -> Result<Option<&'a TargetMember>, Unreconcilable> {
        if let [] | [_] = members {
            return Ok(members.first().copied());
        }
        for &member in members.iter().filter(|member| member.is_accounted) {
            let is_there = self.target_period(member) == Some(pair.at);
            let verdict = compare(pair.expected, member, self.request.currency)?;
            if is_there && verdict == LineVerdict::Same {
                return Ok(Some(member));
            }
        }
        let accounted = members.iter().find(|member| member.is_accounted);
        Ok(accounted.or(members.first()).copied())
    }

    fn absent_class(&self, pair: &Pair<'_>) -> BreakClass {
        let expected = pair.expected;
        let closed_at = self.timeline.closed_at(self.request, pair.at);
        let is_reversal_of_pair = expected
            .reverses
            .is_some_and(|original| self.arrived.contains(&original));
        if closed_at.is_some_and(|closed_at| expected.created_at > closed_at) {
            BreakClass::PostedAfterClose
        } else if is_in_flight(expected, self.request) {
            BreakClass::TimingInFlight
        } else if is_reversal_of_pair {
            BreakClass::ReversedOnlyOnOneSide
        } else {
            BreakClass::MissingInTarget
        }
    }

    fn present_class(
        &self,
        pair: &Pair<'_>,
        member: &TargetMember,
    ) -> Result<Option<BreakClass>, Unreconcilable> {
        if pair.is_gone {
            return Ok(Some(BreakClass::MissingInSource));
        }
        if !member.is_accounted {
            let is_young = self.request.now < expiry(pair.expected, self.request);
            return Ok(Some(if is_young {
                BreakClass::TimingInFlight
            } else {
                BreakClass::MissingInTarget
            }));
        }
        if self.target_period(member) != Some(pair.at) {
            return Ok(Some(BreakClass::PeriodDiffers));
        }
        let verdict = compare(pair.expected, member, self.request.currency)?;
        Ok(match verdict {
            LineVerdict::Same => None,
            LineVerdict::Mapping => Some(BreakClass::MappingDiffers),
            LineVerdict::FxRate => Some(BreakClass::FxRateDiffers),
            LineVerdict::Amount => Some(BreakClass::AmountDiffers),
            LineVerdict::Rounding => Some(BreakClass::Rounding),
            LineVerdict::Unexplained => Some(BreakClass::Unexplained),
        })
    }

    fn record(
        &mut self,
        pair: Pair<'a>,
        member: Option<&'a TargetMember>,
        class: BreakClass,
    ) -> Result<(), Unreconcilable> {
        let expected = pair.expected;
        let mut moves = Movements::default();
        let mut periods = vec![pair.at];
        if let Some(member) = member {
            let at = self.target_period(member).unwrap_or(self.timeline.count());
            periods.push(at);
            if member.is_accounted {
                self.add_target_lines(&mut moves, at, &member.lines, false)?;
            }
        }
        if !pair.is_gone {
            self.add_target_lines(&mut moves, pair.at, &expected.target_lines, true)?;
            if expected.target_lines.is_empty() {
                self.add_untranslated(&mut moves, pair.at, &expected.source_lines, true)?;
            }
        }
        let note = match &pair.edit {
            Some(_) => "the source was edited after capture".to_owned(),
            None => String::new(),
        };
        if let Some(edit) = &pair.edit {
            moves.take_off(&edit.moves)?;
        }
        let is_timing = class == BreakClass::TimingInFlight;
        self.out.findings.push(Finding {
            class,
            status: if is_timing {
                BreakStatus::Timing
            } else if class == BreakClass::Rounding && pair.edit.is_none() {
                BreakStatus::Explained
            } else {
                BreakStatus::TrueBreak
            },
            expected: Some(expected),
            reread: None,
            member,
            periods,
            moves,
            expires_at: is_timing.then(|| expiry(expected, self.request)),
            note,
        });
        Ok(())
    }

    /// A second copy of a record that is already there.
    pub(super) fn surplus(
        &mut self,
        expected: Option<&'a ExpectedDocument>,
        member: &'a TargetMember,
        note: &str,
    ) -> Result<(), Unreconcilable> {
        self.foreign(expected, member, BreakClass::Duplicate, note)
    }

    /// A record that the target has beyond what was expected.
    pub(super) fn foreign(
        &mut self,
        expected: Option<&'a ExpectedDocument>,
        member: &'a TargetMember,
        class: BreakClass,
        note: &str,
    ) -> Result<(), Unreconcilable> {
        let at = self.target_period(member).unwrap_or(self.timeline.count());
        let mut moves = Movements::default();
        if member.is_accounted {
            self.add_target_lines(&mut moves, at, &member.lines, false)?;
        }
        let is_excluded = class == BreakClass::ManualEntryInTarget
            && self.request.excluded_sources.contains(&member.source);
        self.out.findings.push(Finding {
            class,
            status: if is_excluded {
                BreakStatus::Explained
            } else {
                BreakStatus::TrueBreak
            },
            expected,
            reread: None,
            member: Some(member),
            periods: vec![at],
            moves,
            expires_at: None,
            note: note.to_owned(),
        });
        Ok(())
    }
}
