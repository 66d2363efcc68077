//! Change control of crosswalk versions: who did what to a proposed version, and what may be done next (domain dossier 4.4, 10.1 CC8.1).
//!
//! A [`Register`] is the fold of [`RegisterStep`]s, in the order in which they were recorded. [`Register::take`] is the only way to change
//! one, and it is both the check before a step is recorded and the check when recorded steps are read again: what could not have been
//! done can't be loaded either. A refused step leaves the register as it was, so the version in force stays in force.
//!
//! Not here: signatures (`crosswalk::signature`), which documents a version moves (`crosswalk::trial`), storage.

mod content;
mod due;
mod proposal;
mod restatement;
mod step;

use std::collections::BTreeMap;

use tieout_model::{AccountingDate, Digest, Timestamp};

pub use content::{Content, ContentFault, PEOPLE};
pub use due::{FOLLOW_UP_BUSINESS_DAYS, business_days_after, day_of, effective_fault};
pub use proposal::{Proposal, Simulated, State};
pub use restatement::Restatement;
pub use step::{Act, RegisterStep};

/// Subject of the steps that add and revoke keys.
pub const KEYS: &str = "keys";

/// Subject of the steps that change how change control works.
pub const SETTINGS: &str = "settings";

/// What kind of refusal; each has a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refused {
    /// The step does not follow from the state.
    State,
    /// A person would check or sign his own work.
    Separation,
    /// A reason or a ticket is missing.
    Reason,
    /// The effective date is not in an open future period.
    Date,
    /// The clock stands before the last recorded step.
    Clock,
    /// The key is unknown, revoked, or belongs to another person.
    Key,
    /// The simulation is missing or belongs to other content.
    Simulation,
    /// The version overlaps another one or takes its name.
    Overlap,
    /// The restatement was not proposed as it would be carried out, or was carried out already.
    Restatement,
    /// Nothing of that name, or one too many.
    Name,
}

/// Subject of the steps that sign reference data.
pub const REFERENCE: &str = "reference";

/// Subject of the steps that approve superseding values for reversals.
pub const APPROVALS: &str = "approvals";

/// The approval of superseding values for that document among recorded steps, if there is one: its id, as it goes into the lineage.
pub fn approval_of(steps: &[RegisterStep], document: &str) -> Option<String> {
    let mut latest = steps.iter().rev();
    let found =
        latest.find(|step| step.act == Act::Supersede && step.fact("document") == document)?;
    Some(format!("approval {}", found.number.saturating_add(1)))
}

/// A step that is not allowed: nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {what}; {remedy}")]
pub struct ControlFault {
    /// What kind.
    pub kind: Refused,
    /// The proposal, key or setting.
    pub subject: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// A signing key with the person it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Whose it is.
    pub owner: String,
    /// Its public half as PEM.
    pub pem: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// When and why it was revoked. What it signed before stays signed.
    pub revoked: Option<(Timestamp, String)>,
}

/// Everything that change control knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Register {
    proposals: BTreeMap<String, Proposal>,
    keys: BTreeMap<String, KeyRow>,
    counts: BTreeMap<String, u32>,
    is_two_person: bool,
    last_at: Option<Timestamp>,
}

impl Register {
    /// The register that recorded steps make.
    ///
    /// # Errors
    /// [`ControlFault`] of the first step that could not have been taken.
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a RegisterStep>) -> Result<Self, ControlFault> {
        let mut register = Self::default();
        for step in steps {
            register.take(step)?;
        }
        Ok(register)
    }

    /// Every proposal by id.
    pub fn proposals(&self) -> &BTreeMap<String, Proposal> {
        &self.proposals
    }

    /// A proposal by its id or by the name of its version (the one not rejected or withdrawn, if several bear it).
    pub fn find(&self, name: &str) -> Option<&Proposal> {
        let dead = |p: &Proposal| matches!(p.state, State::Rejected | State::Withdrawn);
        let named = |p: &&Proposal| p.version == name;
        let mut all = self.proposals.values();
        self.proposals
            .get(name)
            .or_else(|| all.find(|p| named(p) && !dead(p)))
            .or_else(|| self.proposals.values().find(named))
    }

    /// Every key by its name.
    pub fn keys(&self) -> &BTreeMap<String, KeyRow> {
        &self.keys
    }

    /// True if two persons suffice, with the third one's work done by the reviewer or signer.
    pub fn is_two_person(&self) -> bool {
        self.is_two_person
    }

    /// When the last step was recorded.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// How many steps a subject has: the number of its next one.
    pub fn count(&self, subject: &str) -> u32 {
        self.counts.get(subject).copied().unwrap_or(0)
    }

    /// An id no proposal has.
    pub fn next_id(&self) -> String {
        format!("CW-{}", self.proposals.len().saturating_add(1))
    }

    /// The signed versions, oldest first.
    pub fn signed(&self) -> Vec<&Proposal> {
        let all = self.proposals.values();
        let mut found: Vec<&Proposal> = all.filter(|p| p.state == State::Signed).collect();
        found.sort_by(|a, b| (a.effective_from, &a.version).cmp(&(b.effective_from, &b.version)));
        found
    }

    /// The state people see on a day: a signed version is effective from its first day, and superseded once a later one covers the day.
    pub fn state_on(&self, proposal: &Proposal, today: AccountingDate) -> State {
        if proposal.state != State::Signed || today < proposal.effective_from {
            return proposal.state;
        }
        let later = self.signed().into_iter().any(|other| {
            proposal.effective_from < other.effective_from && other.effective_from <= today
        });
        if later || proposal.effective_to.is_some_and(|to| to < today) {
            State::Superseded
        } else {
            State::Effective
        }
    }

    /// Emergency changes whose review after the fact is outstanding, with the day it is due.
    pub fn follow_ups(&self) -> Vec<(&Proposal, AccountingDate)> {
        let all = self.proposals.values();
        all.filter_map(|p| Some((p, p.follow_up_due()?))).collect()
    }

    /// Takes one step, or refuses it and stays as it was.
    ///
    /// # Errors
    /// [`ControlFault`] with the remedy.
    pub fn take(&mut self, step: &RegisterStep) -> Result<(), ControlFault> {
        let refuse = |kind, what: String, remedy: &str| Err(fault(step, kind, what, remedy));
        if step.number != self.count(&step.subject) {
            let what = format!("step {} is not the next one", step.number);
            return refuse(Refused::State, what, "look at its history and try again");
        }
        if let Some(last) = self.last_at.filter(|last| step.at < *last) {
            let what = format!("the clock says {}, before the last step at {last}", step.at);
            return refuse(Refused::Clock, what, "set the clock of this machine right");
        }
        if step.by.trim().is_empty() || step.reason.trim().is_empty() {
            let what = "a name or a reason is missing".to_owned();
            return refuse(
                Refused::Reason,
                what,
                "say who and why; an auditor will ask",
            );
        }
        match step.act {
            Act::AddKey => self.add_key(step)?,
            Act::RevokeKey => self.revoke_key(step)?,
            Act::Separation => self.is_two_person = step.fact("two_person") == "true",
            Act::SignReference => check_reference(step)?,
            // The document decides whether it is held for this; the step only keeps who said so and why.
            Act::Supersede => {}
            Act::Propose => self.propose(step)?,
            Act::Sign => self.sign(step)?,
            Act::Review
            | Act::Approve
            | Act::Reject
            | Act::Withdraw
            | Act::Simulate
            | Act::FollowUp
            | Act::Migrate
            | Act::ProposeRestatement
            | Act::Restate => {
                let is_two_person = self.is_two_person;
                self.proposal_of(step)?.take(step, is_two_person)?;
            }
        }
        let count = self.count(&step.subject).saturating_add(1);
        self.counts.insert(step.subject.clone(), count);
        self.last_at = Some(step.at);
        Ok(())
    }

    fn proposal_of(&mut self, step: &RegisterStep) -> Result<&mut Proposal, ControlFault> {
        let found = self.proposals.get_mut(&step.subject);
        found.ok_or_else(|| unknown(step))
    }

    fn propose(&mut self, step: &RegisterStep) -> Result<(), ControlFault> {
        let proposal = Proposal::of(step)?;
        if proposal.ticket.trim().is_empty() {
            let what = "the change has no ticket".to_owned();
            let remedy = "name the request it answers with --ticket";
            return Err(fault(step, Refused::Reason, what, remedy));
        }
        self.check_place(step, &proposal)?;
        self.proposals.insert(step.subject.clone(), proposal);
        Ok(())
    }

    /// A version must leave the name and the days of every other signed version alone. An open end ends with the next version, a written one
    /// with the version that says it supersedes it; the days after that stay with the new one.
    fn check_place(&self, step: &RegisterStep, new: &Proposal) -> Result<(), ControlFault> {
        for other in self.signed() {
            if other.version == new.version {
                let what = format!("version {} is signed already", new.version);
                let remedy = "give the change a version name of its own";
                return Err(fault(step, Refused::Overlap, what, remedy));
            }
            let (first, second) = if other.effective_from <= new.effective_from {
                (other, new)
            } else {
                (new, other)
            };
            let is_cut = self.cut_of(first).or_else(|| cut_by(first, second));
            let until = is_cut.or(first.effective_to);
            let is_apart = first.effective_from < second.effective_from
                && until.is_none_or(|to| to < second.effective_from);
            if !is_apart {
                let what = format!(
                    "overlaps version {} on {}",
                    other.version, second.effective_from
                );
                let remedy = format!(
                    "begin the day after that version ends, or end before it begins; to cut version {} short, write \"supersedes\": {:?} into {}",
                    first.version, first.version, second.version
                );
                return Err(fault(step, Refused::Overlap, what, remedy));
            }
        }
        Ok(())
    }

    /// The last day that a signed version leaves to one it supersedes.
    fn cut_of(&self, cut: &Proposal) -> Option<AccountingDate> {
        let signed = self.signed();
        signed.into_iter().find_map(|other| cut_by(cut, other))
    }

    /// Whether that person may sign that proposal now, as far as it can be told before there is a signature.
    ///
    /// # Errors
    /// [`ControlFault`] of state or separation.
    pub fn may_sign(&self, step: &RegisterStep) -> Result<(), ControlFault> {
        let found = self.proposals.get(&step.subject);
        let found = found.ok_or_else(|| unknown(step))?;
        found.check_signer(step, self.is_two_person)
    }

    fn sign(&mut self, step: &RegisterStep) -> Result<(), ControlFault> {
        let id = step.fact("key");
        let remedy = "sign with your own key; `tieout key list` shows all keys";
        let key = self.keys.get(id);
        let what = match key {
            None => Some(format!("key {id} is not in the register")),
            Some(key) if key.owner != step.by => Some(format!(
                "key {id} belongs to {}, not to {}",
                key.owner, step.by
            )),
            Some(key) => key
                .revoked
                .as_ref()
                .map(|(at, why)| format!("key {id} was revoked on {} ({why})", day_of(*at))),
        };
        if let Some(what) = what {
            return Err(fault(step, Refused::Key, what, remedy));
        }
        let proposal = self.proposal_of(step)?.clone();
        self.check_place(step, &proposal)?;
        let is_two_person = self.is_two_person;
        self.proposal_of(step)?.take(step, is_two_person)
    }

    fn add_key(&mut self, step: &RegisterStep) -> Result<(), ControlFault> {
        let id = step.fact("key").to_owned();
        if id.is_empty() || step.fact("pem").is_empty() || step.fact("owner").is_empty() {
            let what = "the key has no name, owner or public half".to_owned();
            return Err(fault(
                step,
                Refused::Key,
                what,
                "make it with `tieout key new`",
            ));
        }
        if self.keys.contains_key(&id) {
            let what = format!("key {id} is in the register already");
            return Err(fault(step, Refused::Key, what, "make a new key"));
        }
        let row = KeyRow {
            owner: step.fact("owner").to_owned(),
            pem: step.fact("pem").to_owned(),
            added_at: step.at,
            revoked: None,
        };
        self.keys.insert(id, row);
        Ok(())
    }

    fn revoke_key(&mut self, step: &RegisterStep) -> Result<(), ControlFault> {
        let id = step.fact("key");
        match self.keys.get_mut(id) {
            Some(key) if key.revoked.is_none() => {
                key.revoked = Some((step.at, step.reason.clone()));
                Ok(())
            }
            found => {
                let word = if found.is_some() {
                    "revoked already"
                } else {
                    "not in the register"
                };
                let remedy = "`tieout key list` shows all keys";
                Err(fault(
                    step,
                    Refused::Key,
                    format!("key {id} is {word}"),
                    remedy,
                ))
            }
        }
    }

    /// The keys that count for a version signed at `at`: added before, and not revoked before.
    pub fn keys_at(&self, at: Timestamp) -> impl Iterator<Item = (&str, &KeyRow)> {
        self.keys.iter().filter_map(move |(id, key)| {
            let is_good =
                key.added_at <= at && key.revoked.as_ref().is_none_or(|(when, _)| at < *when);
            is_good.then_some((id.as_str(), key))
        })
    }
}

/// The day before `by` begins, if it supersedes `cut`.
fn cut_by(cut: &Proposal, by: &Proposal) -> Option<AccountingDate> {
    let is_it = by.supersedes.as_ref() == Some(&cut.version);
    is_it.then(|| by.effective_from.yesterday().ok()).flatten()
}

/// Reference data is signed by another person than the one who prepared it.
fn check_reference(step: &RegisterStep) -> Result<(), ControlFault> {
    let preparer = step.fact("prepared_by");
    if preparer.trim().is_empty() {
        let what = "nobody is named who prepared the reference data";
        return Err(fault(
            step,
            Refused::Reason,
            what,
            "name the person with --prepared-by",
        ));
    }
    if proposal::is_same(preparer, &step.by) {
        let what = format!(
            "{} prepared the reference data, and whoever signs must be another person",
            step.by
        );
        return Err(fault(step, Refused::Separation, what, "ask a colleague"));
    }
    Ok(())
}

fn unknown(step: &RegisterStep) -> ControlFault {
    let what = "no version was proposed under this id";
    let remedy = "`tieout crosswalk list` shows all ids";
    fault(step, Refused::Name, what, remedy)
}

pub(crate) fn fault(
    step: &RegisterStep,
    kind: Refused,
    what: impl Into<String>,
    remedy: impl Into<String>,
) -> ControlFault {
    ControlFault {
        kind,
        subject: step.subject.clone(),
        what: what.into(),
        remedy: remedy.into(),
    }
}

/// Digest of a step's body; of nothing if it has none.
pub fn body_digest(body: &[u8]) -> Digest {
    Digest::of(body)
}
