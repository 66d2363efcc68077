//! The values of a segment, as its value set holds them: read to find out what a mapping must not target.

use tieout_connector::Fault;
use tieout_model::AccountingDate;

use crate::client::not_understood;
use crate::system::Fusion;
use crate::wire::attribute::{date, flag, text};
use crate::wire::query::{Query, quoted};

/// One value of a value set (fusion.md §9.8 [S]).
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
        let mut rows = self.client.all(operation, &path, &query).await?;
        let mut found = Vec::new();
        for row in &mut rows {
            if text(&row.value, "ValueSetCode") != value_set {
                continue;
            }
            self.client
                .complete(operation, &mut row.value, &["values"])
                .await?;
            let values = row
                .value
                .get("values")
                .and_then(serde_json::Value::as_array);
            let unreadable = |e| not_understood(operation, e);
            for value in values.into_iter().flatten() {
                found.push(SegmentValue {
                    value: text(value, "Value"),
                    description: text(value, "Description"),
                    is_enabled: flag(value, "EnabledFlag"),
                    from: date(value, "StartDateActive").map_err(unreadable)?,
                    to: date(value, "EndDateActive").map_err(unreadable)?,
                });
            }
        }
        Ok(found)
    }
}
