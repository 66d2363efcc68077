//! Correcting a period that was coded by a mapping found wrong (domain dossier 4.3): drawn up by one person, approved by another.
//!
//! A signed version is never edited and never reaches back. What a later version would have done to an earlier period is moved by journals
//! in the target; the documents, their versions and their rules stay as they were recorded.

use tieout_model::Digest;

use crate::crosswalk::control::proposal::is_same;
use crate::crosswalk::control::{ControlFault, Refused, RegisterStep, fault};

/// A restatement on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restatement {
    /// Digest of what moves and of the documents concerned: what the approver names.
    pub digest: Digest,
    /// The period that is restated.
    pub period: String,
    /// Accounting date of the journals.
    pub on: String,
    /// Who drew it up.
    pub by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
}

impl Restatement {
    pub(super) fn of(step: &RegisterStep) -> Self {
        Self {
            digest: step.digest,
            period: step.fact("period").to_owned(),
            on: step.fact("on").to_owned(),
            by: step.by.clone(),
            approved_by: None,
        }
    }
}

/// Approves the restatement that the step names, the latest of that digest.
pub(super) fn approve(all: &mut [Restatement], step: &RegisterStep) -> Result<(), ControlFault> {
    let wanted = step.fact("restatement");
    let found = all
        .iter_mut()
        .rev()
        .find(|one| one.digest.to_string() == wanted);
    let Some(one) = found else {
        let what =
            format!("restatement {wanted} was not proposed, or the books have moved on since");
        let remedy =
            "propose it again without --approve, look at it, and approve the hash it prints";
        return Err(fault(step, Refused::Restatement, what, remedy));
    };
    if let Some(by) = &one.approved_by {
        let what = format!("restatement {wanted} was approved by {by} already");
        return Err(fault(
            step,
            Refused::Restatement,
            what,
            "nothing is left to do",
        ));
    }
    if is_same(&one.by, &step.by) {
        let what = format!("{} drew restatement {wanted} up", step.by);
        let remedy = "a controller other than the one who drew it up approves it";
        return Err(fault(step, Refused::Separation, what, remedy));
    }
    one.approved_by = Some(step.by.clone());
    Ok(())
}
