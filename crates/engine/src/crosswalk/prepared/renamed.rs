//! Values that got another id: before any rule looks, the new id is read as the one it had, so that rows and conditions of the old id go on
//! to count. The lineage names the old id where its row was taken, as it names an ancestor.

use std::borrow::Cow;

use crate::crosswalk::prepared::Prepared;

/// A value of a line that was read under its old id.
pub(super) struct Renamed<'l> {
    pub(super) slot: usize,
    /// The id it had, which the rules see.
    pub(super) old: &'l str,
    /// The id it has.
    pub(super) id: Cow<'l, str>,
}

impl Prepared {
    /// Puts old ids in the place of new ones.
    pub(super) fn read_as_before<'l>(&'l self, values: &mut [Cow<'l, str>]) -> Vec<Renamed<'l>> {
        let mut found = Vec::new();
        for (slot, ids) in &self.renamed {
            let Some(value) = values.get_mut(*slot) else {
                continue;
            };
            if let Some(old) = ids.get(&**value) {
                let id = std::mem::replace(value, Cow::Borrowed(old));
                found.push(Renamed {
                    slot: *slot,
                    old,
                    id,
                });
            }
        }
        found
    }
}
