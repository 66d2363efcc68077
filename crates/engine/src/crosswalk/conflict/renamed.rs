//! Whether what is said about renamed values agrees with the rest of the version.

use std::collections::BTreeMap;

use crate::crosswalk::conflict::{Checks, Problem};
use crate::crosswalk::file::{Attribute, Test};

impl Checks<'_> {
    /// A new id must not count by itself anywhere, and the old one must have a row where there is a table.
    pub(super) fn renamed(&mut self) {
        let file = self.file;
        for (attribute, ids) in &file.same_as {
            let rows = file.lookups.get(attribute);
            for (id, old) in ids {
                if rows.is_some_and(|rows| rows.contains_key(id)) {
                    let detail = format!(
                        "{attribute} {id} is said to be {old} under a new id, yet has a row of its own, which would never count; take one of both away"
                    );
                    self.refuse(Problem::ContradictoryId, None, detail);
                }
                if rows.is_some_and(|rows| !self.has_row(attribute, rows, old)) {
                    let detail = format!(
                        "{attribute} {id} is said to be {old} under a new id, and {old} has no row; keep the row of the old id"
                    );
                    self.refuse(Problem::ContradictoryId, None, detail);
                }
            }
            self.conditions(attribute, ids);
        }
    }

    /// The value has a row, or an ancestor it may inherit one from.
    fn has_row(&self, attribute: &Attribute, rows: &BTreeMap<String, String>, id: &str) -> bool {
        let hierarchies = &self.reference.hierarchies;
        let parents = attribute.dimension().and_then(|name| hierarchies.get(name));
        rows.contains_key(id) || parents.is_some_and(|parents| parents.contains_key(id))
    }

    fn conditions(&mut self, attribute: &Attribute, ids: &BTreeMap<String, String>) {
        let file = self.file;
        for rule in &file.rules {
            for condition in rule.when.iter().filter(|one| one.attribute == *attribute) {
                let (Test::OneOf(values) | Test::NoneOf(values)) = &condition.test;
                for (id, old) in ids.iter().filter(|(id, _)| values.contains(*id)) {
                    let detail = format!(
                        "it asks for {attribute} {id}, which is read as {old}; ask for {old}"
                    );
                    self.refuse(Problem::ContradictoryId, Some(rule), detail);
                }
            }
        }
    }
}
