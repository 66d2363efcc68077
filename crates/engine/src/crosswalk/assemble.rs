//! A crosswalk from versions whose signatures were checked by change control, and one for trials.

use tieout_model::AccountingDate;

use crate::crosswalk::conflict::Refusal;
use crate::crosswalk::{Crosswalk, CrosswalkError, Reference, VersionFile, conflict};

impl Crosswalk {
    /// From versions that the register vouches for. An open end ends the day before the next version begins.
    ///
    /// # Errors
    /// [`CrosswalkError`]: contradictions, all of them at once.
    pub fn of_register(
        files: Vec<VersionFile>,
        reference: Reference,
    ) -> Result<Self, CrosswalkError> {
        Self::of(closed_by_successor(files), reference)
    }

    /// From versions nobody signed: for checks and trials only. What it makes must never be delivered.
    ///
    /// # Errors
    /// [`CrosswalkError`]: contradictions, all of them at once.
    pub fn for_trial(
        files: Vec<VersionFile>,
        reference: Reference,
    ) -> Result<Self, CrosswalkError> {
        Self::of(closed_by_successor(files), reference)
    }

    /// The same, contradictions included, so that their effect on documents can be weighed; `None` without any version. What it makes must
    /// never be delivered.
    pub fn with_faults(
        files: Vec<VersionFile>,
        reference: Reference,
    ) -> Option<(Self, Vec<Refusal>)> {
        let files = closed_by_successor(files);
        let refusals = conflict::refusals(&files, &reference);
        (!files.is_empty()).then(|| (Self::assembled(files, reference), refusals))
    }
}

/// A version that another one supersedes ends the day before that one begins, whatever end it was signed with; in order of their first
/// days, so that a version is cut short once.
pub fn cut_short(mut files: Vec<VersionFile>) -> Vec<VersionFile> {
    files.sort_by(|a, b| (a.effective_from, &a.version).cmp(&(b.effective_from, &b.version)));
    let cuts: Vec<(String, AccountingDate)> = files
        .iter()
        .filter_map(|file| Some((file.supersedes.clone()?, file.effective_from)))
        .collect();
    for (name, from) in cuts {
        let cut = files.iter_mut().find(|file| file.version == name);
        if let Some(cut) = cut.filter(|cut| cut.effective_from < from && cut.covers(from)) {
            cut.effective_to = from.yesterday().ok();
        }
    }
    files
}

/// An open end ends the day before the next version begins; a written one, if that version supersedes it.
pub(crate) fn closed_by_successor(files: Vec<VersionFile>) -> Vec<VersionFile> {
    let mut files = cut_short(files);
    let starts: Vec<AccountingDate> = files.iter().map(|file| file.effective_from).collect();
    for (file, next) in files.iter_mut().zip(starts.iter().skip(1)) {
        if file.effective_to.is_none() && file.effective_from < *next {
            file.effective_to = next.yesterday().ok();
        }
    }
    files
}
