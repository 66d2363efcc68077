//! One differing document: its class, its words, and what it moves. Class and status follow domain.md §6.3 and §6.4.

use tieout_model::{Amount, Timestamp};

use crate::reconcile::Unreconcilable;
use crate::reconcile::evidence::{
    ExpectedDocument, Progress, Request, SourceMember, TargetLine, TargetMember,
};
use crate::reconcile::ledger::Movements;
use crate::reconcile::verdict::{BreakClass, BreakStatus};

/// A document that differs, before it is rolled forward into snapshots.
pub(super) struct Finding<'a> {
    pub(super) class: BreakClass,
    pub(super) status: BreakStatus,
    pub(super) expected: Option<&'a ExpectedDocument>,
    pub(super) reread: Option<&'a SourceMember>,
    pub(super) member: Option<&'a TargetMember>,
    /// Indexes of the periods it belongs to, on either side.
    pub(super) periods: Vec<usize>,
    /// Target minus source.
    pub(super) moves: Movements,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) note: String,
}

/// The instant until which a document counts as on its way.
pub(super) fn expiry(expected: &ExpectedDocument, request: &Request) -> Timestamp {
    expected.since.plus_millis(request.in_flight_window_ms)
}

/// True while a document is on its way and younger than the window.
pub(super) fn is_in_flight(expected: &ExpectedDocument, request: &Request) -> bool {
    expected.progress.is_in_flight() && request.now < expiry(expected, request)
}

/// Sum of the debit lines, quantities left out.
pub(super) fn total_debit(lines: &[TargetLine], place: &str) -> Result<Amount, Unreconcilable> {
    let money = lines.iter().filter(|line| !line.currency.is_statistical());
    let debits = money.map(|line| line.functional);
    Amount::sum(debits.filter(|amount| !amount.is_negative())).map_err(|fault| {
        Unreconcilable::Amount {
            place: place.to_owned(),
            fault,
        }
    })
}

impl Finding<'_> {
    /// What the source and its translation say.
    pub(super) fn expected_text(&self) -> String {
        if let Some(expected) = self.expected {
            let version = match expected.crosswalk_version.as_str() {
                "" => "untranslated".to_owned(),
                version => format!("crosswalk {version}"),
            };
            let rate = expected.rate.as_ref();
            let rate = rate.map_or(String::new(), |rate| format!(", rate {rate}"));
            let gone = if self.class == BreakClass::MissingInSource {
                "gone from the source; was "
            } else if self.class == BreakClass::Duplicate {
                "one record of "
            } else {
                ""
            };
            return format!(
                "{gone}{} in {} dated {}, {} lines{rate}, {version}, {}",
                expected.number,
                expected.period,
                expected.accounting_date,
                expected.target_lines.len().max(expected.source_lines.len()),
                expected.progress.word(),
            );
        }
        match self.reread {
            Some(member) => format!(
                "{} in {}, total debit {}, never captured",
                member.number, member.period, member.total_debit
            ),
            None => "no such document".to_owned(),
        }
    }

    /// What the target says.
    pub(super) fn found_text(&self) -> String {
        let note = match self.note.as_str() {
            "" => String::new(),
            note => format!("; {note}"),
        };
        let Some(member) = self.member else {
            let mark = self.expected.map(|expected| expected.stamp.as_str());
            return format!("no record bears {}{note}", mark.unwrap_or("its mark"));
        };
        let rate = member.rate.as_ref();
        let rate = rate.map_or(String::new(), |rate| format!(", rate {rate}"));
        let mark = member.stamp.as_ref().map_or("no mark", |s| s.as_str());
        let accounted = match member.is_accounted {
            true => "",
            false => ", not in the ledger yet",
        };
        format!(
            "{} ({}) in {} dated {}, {} lines{rate}, {mark}, by {}{accounted}{note}",
            member.number,
            member.reference,
            member.period,
            member.accounting_date,
            member.lines.len(),
            member.source,
        )
    }

    /// Who must do what.
    pub(super) fn remedy(&self) -> String {
        let text = match self.class {
            _ if self.status == BreakStatus::Explained => "nobody: within policy",
            BreakClass::Duplicate => {
                "the target's accountant reverses or cancels the surplus record, never the one that bears the mark"
            }
            BreakClass::MissingInSource => {
                "the controller decides: restore the source document, or reverse its record in the target"
            }
            BreakClass::ManualEntryInTarget => {
                "the person who entered it explains it: reverse it in the target, or enter it in the source"
            }
            BreakClass::PostedAfterClose => {
                "the controller decides: re-open the period in the target or use its adjusting period, then restate the snapshot"
            }
            BreakClass::TimingInFlight => "nobody yet: it clears by itself or expires",
            BreakClass::ReversedOnlyOnOneSide => {
                "the operator delivers the reversal to the target, or the source takes it back"
            }
            BreakClass::MissingInTarget => return self.missing_remedy().to_owned(),
            BreakClass::PeriodDiffers => {
                "the target's accountant moves the record to the expected period, or the controller approves the roll"
            }
            BreakClass::MappingDiffers => {
                "the target's accountant recodes the record to the expected combinations; find out who coded it otherwise"
            }
            BreakClass::FxRateDiffers => {
                "the operator makes the target take the supplied rate and amounts, and corrects the record"
            }
            BreakClass::AmountDiffers => {
                "the accountant compares both documents and corrects the wrong one; an edit in the source is delivered as a correction"
            }
            BreakClass::ApplicationDiffers
            | BreakClass::AttachmentMismatch
            | BreakClass::Rounding
            | BreakClass::Unexplained => {
                "the controller has both systems' documents of the key read again and traces the rest by hand"
            }
        };
        text.to_owned()
    }

    fn missing_remedy(&self) -> &'static str {
        let Some(expected) = self.expected else {
            return "the operator has the document captured: it is in the source and never reached us";
        };
        if self.member.is_some() {
            return "the target's accountant has the record accounted and posted to the ledger";
        }
        match expected.progress {
            Progress::Held => {
                "the crosswalk's owner adds the missing mapping, then the document is released"
            }
            Progress::Rejected => {
                "the owner of the refused value corrects it as the target's refusal says, then the document is retried"
            }
            Progress::Parked => "the operator decides on the parked document: release or resolve",
            Progress::Resolved => {
                "a person settled it by hand, `tieout document show` says how and why: the target's accountant checks that the books have it so"
            }
            Progress::Queued | Progress::Sent | Progress::Uncertain => {
                "the operator finds out why delivery outlasts its window"
            }
            Progress::Posted => {
                "it was posted once and is gone: find out who removed it in the target, then deliver it again"
            }
        }
    }
}
