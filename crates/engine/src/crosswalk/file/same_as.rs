//! Values that got another id: `"same_as": {"department": {"D401": "D400"}}` says that D401 is D400 under a new id (domain dossier 4.3).
//!
//! The old id keeps its rows and conditions, for documents that are dated back and for reversals; the new one needs none of its own. Only ids
//! that lines carry can change like that: accounts and dimensions.

use std::collections::BTreeMap;

use crate::crosswalk::file::Attribute;
use crate::crosswalk::place::{FileFault, Place};

/// Old id by new id, by attribute.
type Links = BTreeMap<Attribute, BTreeMap<String, String>>;

pub(super) fn read(place: &Place<'_>) -> Result<Links, FileFault> {
    let mut links = Links::new();
    for (name, table) in place.entries()? {
        let attribute = Attribute::of_name(&name);
        let attribute =
            attribute.filter(|a| matches!(a, Attribute::Account | Attribute::Dimension(_)));
        let attribute = attribute
            .ok_or_else(|| table.fault("is named after neither account nor a dimension"))?;
        let ids = table.map(Place::word)?;
        for (id, old) in &ids {
            if id.is_empty() || id == old {
                return Err(table.fault(format!("{id:?} cannot be the new id of {old:?}")));
            }
            if let Some(older) = ids.get(old) {
                return Err(table.fault(format!(
                    "{id} is said to be {old}, which is itself said to be {older}; name {older}"
                )));
            }
        }
        links.insert(attribute, ids);
    }
    Ok(links)
}
