//! Which dimensions travel in descriptive flexfields, and where.
//!
//! The short form `"attribute1": "project"` is the line flexfield's attribute of that name, in the context the target's settings name. The
//! long form says more: `"project": {"dimension": "project", "level": "header", "context": "PROJECT", "attribute": "attribute1"}`.
//! A row of a flexfield has one context, so a version names at most one per level.

use std::collections::BTreeMap;

use tieout_model::{FLEXFIELD_CONTEXT, HEADER_ATTRIBUTE};

use crate::crosswalk::place::{FileFault, Place};

/// On which record of the target a flexfield stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlexfieldLevel {
    /// Once for the document: all its lines must agree. A journal import has no header flexfield, so journals carry it on every line.
    Header,
    /// On each line.
    Line,
}

impl FlexfieldLevel {
    /// The word used in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Line => "line",
        }
    }
}

/// One dimension that travels in a flexfield.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flexfield {
    /// The dimension.
    pub dimension: String,
    /// Header or line.
    pub level: FlexfieldLevel,
    /// The flexfield context; the one of the target's settings if absent.
    pub context: Option<String>,
    /// The attribute of the flexfield (`attribute1`).
    pub attribute: String,
}

impl Flexfield {
    /// The name under which a translated line carries it: the attribute, after [`HEADER_ATTRIBUTE`] if it belongs on the header.
    pub fn carried_as(&self) -> String {
        match self.level {
            FlexfieldLevel::Line => self.attribute.clone(),
            FlexfieldLevel::Header => format!("{HEADER_ATTRIBUTE}{}", self.attribute),
        }
    }

    /// The name under which a translated line carries its context.
    pub fn context_carried_as(&self) -> String {
        match self.level {
            FlexfieldLevel::Line => FLEXFIELD_CONTEXT.to_owned(),
            FlexfieldLevel::Header => format!("{HEADER_ATTRIBUTE}{FLEXFIELD_CONTEXT}"),
        }
    }
}

pub(super) fn read(place: &Place<'_>) -> Result<BTreeMap<String, Flexfield>, FileFault> {
    let mut found: BTreeMap<String, Flexfield> = BTreeMap::new();
    for (name, place) in place.entries()? {
        let flexfield = if place.is_object() {
            read_long(&place)?
        } else {
            Flexfield {
                dimension: place.word()?,
                level: FlexfieldLevel::Line,
                context: None,
                attribute: name.clone(),
            }
        };
        for other in found.values() {
            against(&flexfield, other).map_err(|what| place.fault(what))?;
        }
        found.insert(name, flexfield);
    }
    Ok(found)
}

fn read_long(place: &Place<'_>) -> Result<Flexfield, FileFault> {
    let m = place.members(&["dimension", "level", "attribute"], &["context"])?;
    let level = match m.get("level").word()?.as_str() {
        "header" => FlexfieldLevel::Header,
        "line" => FlexfieldLevel::Line,
        other => {
            let what = format!("{other:?} is neither header nor line");
            return Err(m.get("level").fault(what));
        }
    };
    let attribute = m.get("attribute").word()?;
    if attribute == FLEXFIELD_CONTEXT || attribute.contains(':') {
        let what = format!("{attribute:?} is no name of an attribute (attribute1)");
        return Err(m.get("attribute").fault(what));
    }
    Ok(Flexfield {
        dimension: m.get("dimension").word()?,
        level,
        context: m.maybe("context", Place::word)?,
        attribute,
    })
}

/// Journals carry header flexfields on their lines, so an attribute is used once whatever the level.
fn against(one: &Flexfield, other: &Flexfield) -> Result<(), String> {
    if one.attribute == other.attribute {
        return Err(format!(
            "attribute {} is taken by dimension {}; give one of them another attribute",
            one.attribute, other.dimension
        ));
    }
    if one.level == other.level && one.context != other.context {
        let words = |context: &Option<String>| context.clone().unwrap_or_else(|| "none".to_owned());
        return Err(format!(
            "context {} differs from context {} of dimension {}: a row has one context per level",
            words(&one.context),
            words(&other.context),
            other.dimension
        ));
    }
    Ok(())
}
