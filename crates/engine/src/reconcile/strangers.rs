//! Target records without our mark: entered by somebody, or a second copy of a record that is already there.
//!
//! A copy has the same party, date and amount, and the same number, bare or with a suffix (domain.md §6.4, `duplicate`).

use std::collections::BTreeMap;

use tieout_model::{AccountingDate, Amount};

use crate::reconcile::Unreconcilable;
use crate::reconcile::evidence::{ExpectedDocument, TargetMember};
use crate::reconcile::finding::total_debit;
use crate::reconcile::pairing::Marks;

/// The most characters that a suffix may have.
const SUFFIX_MAX: usize = 8;

/// The record that another one copies.
#[derive(Clone, Copy)]
pub(super) struct Twin<'a> {
    pub(super) member: &'a TargetMember,
    pub(super) expected: Option<&'a ExpectedDocument>,
}

type Trait<'a> = (&'a str, AccountingDate, Amount);

/// All target records by what a copy has in common with its original.
pub(super) struct Strangers<'a> {
    by_trait: BTreeMap<Trait<'a>, Vec<Twin<'a>>>,
}

impl<'a> Strangers<'a> {
    pub(super) fn new(
        members: &'a [TargetMember],
        marks: &Marks<'a>,
    ) -> Result<Self, Unreconcilable> {
        let mut by_trait = BTreeMap::<_, Vec<Twin<'a>>>::new();
        for member in members {
            let mark = member.stamp.as_ref();
            let expected = mark.and_then(|mark| marks.get(mark)?.expected);
            let twin = Twin { member, expected };
            by_trait.entry(trait_of(member)?).or_default().push(twin);
        }
        // Marked records first: they are the originals. Then by key, so that the order of reading decides nothing.
        let order = |twin: &Twin<'a>| (twin.member.stamp.is_none(), twin.member.reference.as_str());
        for twins in by_trait.values_mut() {
            twins.sort_by(|a, b| order(a).cmp(&order(b)));
        }
        Ok(Self { by_trait })
    }

    /// The original that unmarked `member` copies, if there is one.
    pub(super) fn twin(&self, member: &TargetMember) -> Result<Option<Twin<'a>>, Unreconcilable> {
        let twins = self.by_trait.get(&trait_of(member)?);
        for twin in twins.into_iter().flatten() {
            if std::ptr::eq(twin.member, member) {
                return Ok(None);
            }
            let own = is_copied_number(&twin.member.number, &member.number);
            let known = |e: &ExpectedDocument| is_copied_number(&e.number, &member.number);
            if own || twin.expected.is_some_and(known) {
                return Ok(Some(*twin));
            }
        }
        Ok(None)
    }
}

fn trait_of(member: &TargetMember) -> Result<Trait<'_>, Unreconcilable> {
    let amount = total_debit(&member.lines, &member.number)?;
    Ok((&member.party, member.accounting_date, amount))
}

/// True for the same number, bare or with a suffix that begins with no digit: `B-1` is copied by `B-1-2`, not by `B-12`.
fn is_copied_number(original: &str, copy: &str) -> bool {
    let Some(suffix) = copy.strip_prefix(original).filter(|_| !original.is_empty()) else {
        return false;
    };
    suffix.chars().count() <= SUFFIX_MAX && !suffix.starts_with(|c: char| c.is_ascii_digit())
}
