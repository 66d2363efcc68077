//! One proposed version on its way: draft, in review, approved, signed; or rejected, or withdrawn.

use std::fmt;

use tieout_model::{AccountingDate, Digest, Timestamp};

use crate::crosswalk::control::restatement::{self, Restatement};
use crate::crosswalk::control::{
    Act, ControlFault, FOLLOW_UP_BUSINESS_DAYS, Refused, RegisterStep, business_days_after, day_of,
    fault,
};

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Proposed; nobody looks at it yet.
    Draft,
    /// A reviewer looks at it.
    InReview,
    /// The reviewer found it right.
    Approved,
    /// Signed; it applies to documents dated on or after its first day.
    Signed,
    /// Signed, and its first day has come. Derived from the day, never stored.
    Effective,
    /// A later version covers the day. Derived from the day, never stored.
    Superseded,
    /// Refused.
    Rejected,
    /// Taken back by its preparer.
    Withdrawn,
}

impl State {
    /// The word used in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Approved => "approved",
            Self::Signed => "signed",
            Self::Effective => "effective",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A computed effect on a closed period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// Digest of the report.
    pub digest: Digest,
    /// The period it was computed on.
    pub period: String,
}

/// A proposed version with all that was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id, `CW-3`.
    pub id: String,
    /// The name of the version.
    pub version: String,
    /// Digest of what is proposed: the file without the names of the people.
    pub content: Digest,
    /// First accounting date.
    pub effective_from: AccountingDate,
    /// Last accounting date; open if absent.
    pub effective_to: Option<AccountingDate>,
    /// The version that it cuts short, if it does.
    pub supersedes: Option<String>,
    /// True if it may begin inside the running period, at the price of a review after the fact.
    pub is_emergency: bool,
    /// Why.
    pub reason: String,
    /// The request it answers.
    pub ticket: String,
    /// Where it stands.
    pub state: State,
    /// Who wrote it.
    pub prepared_by: String,
    /// Who took it into review.
    pub reviewer: Option<String>,
    /// Who approved it.
    pub reviewed_by: Option<String>,
    /// Who signed it, when, and with which key.
    pub signed: Option<(String, Timestamp, String)>,
    /// Digest of the sealed file.
    pub sealed: Option<Digest>,
    /// Two persons did the work of three, by the setting of that day.
    pub is_by_two: bool,
    /// Its simulations, oldest first.
    pub simulations: Vec<Simulated>,
    /// Who reviewed an emergency after the fact.
    pub followed_up_by: Option<String>,
    /// How often balances were moved for it.
    pub migrations: u32,
    /// Corrections of earlier periods by its mapping, oldest first.
    pub restatements: Vec<Restatement>,
    /// True if signing it found balances to move on its first day.
    pub needs_migration: bool,
}

impl Proposal {
    pub(super) fn of(step: &RegisterStep) -> Result<Self, ControlFault> {
        let date = |name: &str| {
            let text = step.fact(name);
            let found = text.parse::<AccountingDate>();
            found.map_err(|_| {
                let what = format!("{name} {text:?} is no date");
                fault(step, Refused::Date, what, "write it as 2027-01-01")
            })
        };
        Ok(Self {
            id: step.subject.clone(),
            version: step.fact("version").to_owned(),
            content: step.digest,
            effective_from: date("effective_from")?,
            effective_to: match step.fact("effective_to") {
                "" => None,
                _ => Some(date("effective_to")?),
            },
            supersedes: match step.fact("supersedes") {
                "" => None,
                name => Some(name.to_owned()),
            },
            is_emergency: step.fact("emergency") == "true",
            reason: step.reason.clone(),
            ticket: step.fact("ticket").to_owned(),
            state: State::Draft,
            prepared_by: step.by.clone(),
            reviewer: None,
            reviewed_by: None,
            signed: None,
            sealed: None,
            is_by_two: false,
            simulations: Vec::new(),
            followed_up_by: None,
            migrations: 0,
            restatements: Vec::new(),
            needs_migration: false,
        })
    }

    /// The day by which an emergency must be reviewed after the fact; `None` if nothing is outstanding.
    pub fn follow_up_due(&self) -> Option<AccountingDate> {
        let (_, at, _) = self.signed.as_ref()?;
        let is_outstanding = self.is_emergency && self.followed_up_by.is_none();
        is_outstanding.then(|| business_days_after(day_of(*at), FOLLOW_UP_BUSINESS_DAYS))
    }

    pub(super) fn take(
        &mut self,
        step: &RegisterStep,
        is_two_person: bool,
    ) -> Result<(), ControlFault> {
        match step.act {
            Act::Review => {
                self.expect(step, &[State::Draft])?;
                self.other_than(step, &[Some(&self.prepared_by)], "reviews")?;
                self.reviewer = Some(step.by.clone());
                self.state = State::InReview;
            }
            Act::Approve => {
                self.expect(step, &[State::InReview])?;
                self.other_than(step, &[Some(&self.prepared_by)], "reviews")?;
                self.reviewed_by = Some(step.by.clone());
                self.state = State::Approved;
            }
            Act::Reject => {
                self.expect(step, &[State::InReview, State::Approved])?;
                self.other_than(step, &[Some(&self.prepared_by)], "rejects")?;
                self.state = State::Rejected;
            }
            Act::Withdraw => {
                self.expect(step, &[State::Draft, State::InReview, State::Approved])?;
                if step.by != self.prepared_by {
                    let what = format!(
                        "only {}, who prepared it, may withdraw it",
                        self.prepared_by
                    );
                    return Err(fault(step, Refused::Separation, what, "reject it instead"));
                }
                self.state = State::Withdrawn;
            }
            Act::Simulate => {
                self.check_content(step)?;
                self.simulations.push(Simulated {
                    digest: step.digest,
                    period: step.fact("period").to_owned(),
                });
            }
            Act::Sign => self.sign(step, is_two_person)?,
            Act::FollowUp => self.follow_up(step)?,
            Act::Migrate => {
                self.expect(step, &[State::Signed])?;
                self.migrations = self.migrations.saturating_add(1);
            }
            Act::ProposeRestatement => {
                self.expect(step, &[State::Signed])?;
                self.restatements.push(Restatement::of(step));
            }
            Act::Restate => {
                self.expect(step, &[State::Signed])?;
                restatement::approve(&mut self.restatements, step)?;
            }
            Act::Propose
            | Act::Supersede
            | Act::SignReference
            | Act::AddKey
            | Act::RevokeKey
            | Act::Separation => {
                let what = format!("{} is no step of a proposed version", step.act.word());
                return Err(fault(step, Refused::State, what, "see its history"));
            }
        }
        Ok(())
    }

    /// State and person of a signature, which need no key.
    pub(super) fn check_signer(
        &self,
        step: &RegisterStep,
        is_two_person: bool,
    ) -> Result<(), ControlFault> {
        self.expect(step, &[State::Approved])?;
        let mut others = vec![Some(self.prepared_by.as_str())];
        if !is_two_person {
            others.push(self.reviewed_by.as_deref());
        }
        self.other_than(step, &others, "signs")
    }

    fn sign(&mut self, step: &RegisterStep, is_two_person: bool) -> Result<(), ControlFault> {
        self.check_signer(step, is_two_person)?;
        self.check_content(step)?;
        let reviewer = self.reviewed_by.clone();
        let wanted = step.fact("simulation");
        let known = |s: &Simulated| s.digest.to_string() == wanted;
        if !self.simulations.iter().any(known) {
            let what = if wanted.is_empty() {
                "the signer names no simulation".to_owned()
            } else {
                format!("simulation {wanted} is not among those stored for it")
            };
            let remedy = format!(
                "look at `tieout crosswalk simulate --version {} --period P` and sign with the --simulation it prints",
                self.id
            );
            return Err(fault(step, Refused::Simulation, what, remedy));
        }
        self.is_by_two = reviewer.as_deref() == Some(&step.by);
        self.needs_migration = step.fact("migration") == "true";
        self.signed = Some((step.by.clone(), step.at, step.fact("key").to_owned()));
        self.sealed = Some(step.digest);
        self.state = State::Signed;
        Ok(())
    }

    fn follow_up(&mut self, step: &RegisterStep) -> Result<(), ControlFault> {
        if self.follow_up_due().is_none() {
            let what = "no review after the fact is outstanding".to_owned();
            let remedy = "only a signed emergency change needs one, once";
            return Err(fault(step, Refused::State, what, remedy));
        }
        let signer = self.signed.as_ref().map(|(by, _, _)| by.as_str());
        self.other_than(
            step,
            &[Some(&self.prepared_by), signer],
            "reviews after the fact",
        )?;
        self.followed_up_by = Some(step.by.clone());
        Ok(())
    }

    fn expect(&self, step: &RegisterStep, states: &[State]) -> Result<(), ControlFault> {
        if states.contains(&self.state) {
            return Ok(());
        }
        let words: Vec<&str> = states.iter().map(|state| state.word()).collect();
        let what = format!("it is {}, so it cannot be {}", self.state, step.act.word());
        let remedy = format!("this step needs the state {}", words.join(" or "));
        Err(fault(step, Refused::State, what, remedy))
    }

    /// Simulations and signatures name the content they were made for.
    fn check_content(&self, step: &RegisterStep) -> Result<(), ControlFault> {
        if step.fact("content") == self.content.to_string() {
            return Ok(());
        }
        let what = "it was made over other content than the one proposed".to_owned();
        Err(fault(
            step,
            Refused::Simulation,
            what,
            "make it again from the register",
        ))
    }

    fn other_than(
        &self,
        step: &RegisterStep,
        others: &[Option<&str>],
        verb: &str,
    ) -> Result<(), ControlFault> {
        let same = |other: &Option<&str>| other.is_some_and(|other| is_same(other, &step.by));
        if !others.iter().any(same) {
            return Ok(());
        }
        let what = format!(
            "{} has already worked on version {}, and whoever {verb} must be another person",
            step.by, self.version
        );
        let remedy = "preparer, reviewer and signer are three persons; ask a colleague";
        Err(fault(step, Refused::Separation, what, remedy))
    }
}

/// Names are compared without regard to case and surrounding blanks, so that `Ann` is not another person than `ann`.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}
