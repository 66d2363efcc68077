//! The values of a segment, as its value set holds them: read to find out what a mapping must not target.

use tieout_connector::Fault;
use tieout_model::AccountingDate;

use crate::client::not_understood;
use crate::system::Fusion;
use crate::wire::attribute::{date, flag, text};
use crate::wire::query::{Query, encoded, quoted};

/// One value of a value set (fusion.md §8.4 [S-live]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentValue {
    /// The value.
    pub value: String,
    /// Its description.
    pub description: String,
    /// False if nothing may be coded to it.
    pub is_enabled: bool,
    /// First day it may be used; unlimited if absent.
    pub from: Option<AccountingDate>,
    /// Last day it may be used; unlimited if absent.
    pub to: Option<AccountingDate>,
}

impl Fusion {
    /// Every value of the value set with that code; empty if the integration user sees no such set.
    ///
    /// # Errors
    /// [`Fault`] if they can't be read completely.
    pub async fn segment_values(&self, value_set: &str) -> Result<Vec<SegmentValue>, Fault> {
        let operation = "GET valueSets";
        let query = Query::default().with("q", &format!("ValueSetCode={}", quoted(value_set)));
        let path = self.client.resource("valueSets");
        let sets = self.client.all(operation, &path, &query).await?;
        let mut sets = sets.iter();
        if !sets.any(|row| text(&row.value, "ValueSetCode") == value_set) {
            return Ok(Vec::new());
        }
        // The values are a child of their own: a set does not carry them (fusion.md §8.4 [S-live]).
        let operation = "GET valueSets/child/values";
        let path = format!("{path}/{}/child/values", encoded(value_set));
        let rows = self.client.all(operation, &path, &Query::default()).await?;
        let unreadable = |e| not_understood(operation, e);
        let mut found = Vec::new();
        for row in &rows {
            let value = &row.value;
            found.push(SegmentValue {
                value: text(value, "Value"),
                description: text(value, "Description"),
                is_enabled: flag(value, "EnabledFlag"),
                from: date(value, "StartDateActive").map_err(unreadable)?,
                to: date(value, "EndDateActive").map_err(unreadable)?,
            });
        }
        Ok(found)
    }
}
