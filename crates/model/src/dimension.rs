//! How a line is coded: an account with dimensions on one side, one combination of segments on the other.

use std::collections::BTreeMap;

use crate::identifier::{Code, EntityId};

/// The name of a dimension: `department`, `region`. Standard and custom dimensions are treated alike.
pub type Dimension = String;

/// The coding of one line. Account and dimensions are one unit, since one system writes an account with dimensions and the other one
/// combination of segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// An account with dimension values.
    Dimensional(Dimensional),
    /// A combination of segments.
    Segmented(Combination),
}

/// An account with dimension values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Dimensional {
    /// The account.
    pub account: Code,
    /// Value per dimension; a blank dimension is absent.
    pub dimensions: BTreeMap<Dimension, Code>,
    /// The other entity of an inter-entity line.
    pub affiliate: Option<EntityId>,
}

/// Name under which a line carries the context of its flexfield, where the crosswalk names one.
pub const FLEXFIELD_CONTEXT: &str = "context";

/// Before the names of attributes that belong on the header of a document.
pub const HEADER_ATTRIBUTE: &str = "header:";

/// One combination of segments with the flexfield values that travel on the line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Combination {
    /// Segment values in the order of the chart of accounts.
    pub segments: Vec<Code>,
    /// Flexfield values by attribute name, [`HEADER_ATTRIBUTE`] before those of the header; a blank one is absent. [`FLEXFIELD_CONTEXT`]
    /// is the context, where the crosswalk names one.
    pub attributes: BTreeMap<String, String>,
}

impl Combination {
    /// The segments joined by `delimiter`, as people write a combination.
    pub fn joined(&self, delimiter: &str) -> String {
        let values: Vec<&str> = self.segments.iter().map(Code::as_str).collect();
        values.join(delimiter)
    }
}

impl Coding {
    /// The dimensional form, if it is one.
    pub fn dimensional(&self) -> Option<&Dimensional> {
        match self {
            Self::Dimensional(coding) => Some(coding),
            Self::Segmented(_) => None,
        }
    }

    /// The segmented form, if it is one.
    pub fn combination(&self) -> Option<&Combination> {
        match self {
            Self::Segmented(combination) => Some(combination),
            Self::Dimensional(_) => None,
        }
    }
}
