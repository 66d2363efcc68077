//! Collections: every page, and every child the server cut off (fusion.md §1.4, §14.6).
//!
//! Pages advance by the number of rows received and end when the server says so; a page that repeats its predecessor is a fault, not a
//! loop. Children are asked to the end through the link the server gave, on our own host only.

use std::future::Future;
use std::pin::Pin;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use tieout_connector::Fault;
use tieout_model::Digest;

use crate::client::{Client, not_understood};
use crate::wire::attribute::{flag, text};
use crate::wire::query::Query;

/// A row and the digest of the page it was read from.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) value: Value,
    pub(crate) evidence: Digest,
}

/// One page of a collection.
#[derive(Debug, Clone)]
pub(crate) struct RowPage {
    pub(crate) rows: Vec<Row>,
    pub(crate) has_more: bool,
    evidence: Digest,
}

impl Client {
    /// One page of `path` from `offset`, as long as the configuration allows.
    ///
    /// # Errors
    /// [`Fault`] if it can't be read or is no collection.
    pub(crate) async fn page(
        &self,
        operation: &str,
        path: &str,
        query: &Query,
        offset: usize,
    ) -> Result<RowPage, Fault> {
        let limit = self.config.page_limit;
        self.page_of(operation, path, query, offset, limit).await
    }

    /// One page of `path` from `offset` of at most `limit` rows.
    ///
    /// # Errors
    /// [`Fault`] if it can't be read or is no collection.
    pub(crate) async fn page_of(
        &self,
        operation: &str,
        path: &str,
        query: &Query,
        offset: usize,
        limit: u32,
    ) -> Result<RowPage, Fault> {
        let query = query
            .clone()
            .with("limit", &limit.to_string())
            .with("offset", &offset.to_string());
        let answer = self.read(operation, path, &query).await?;
        let evidence = answer.evidence;
        let has_more = flag(&answer.value, "hasMore");
        let items = items_of(answer.value)
            .ok_or_else(|| not_understood(operation, "the answer has no items"))?;
        if has_more && items.is_empty() {
            let detail = "the page is empty but says that there is more";
            return Err(not_understood(operation, detail));
        }
        let rows = items
            .into_iter()
            .map(|value| Row { value, evidence })
            .collect();
        Ok(RowPage {
            rows,
            has_more,
            evidence,
        })
    }

    /// All rows of `path`.
    ///
    /// # Errors
    /// [`Fault`] if any page can't be read; never a part.
    pub(crate) async fn all(
        &self,
        operation: &str,
        path: &str,
        query: &Query,
    ) -> Result<Vec<Row>, Fault> {
        let mut rows: Vec<Row> = Vec::new();
        let mut before = None;
        for _ in 0..self.config.pages_max {
            let page = self.page(operation, path, query, rows.len()).await?;
            if page.has_more && before == Some(page.evidence) {
                return Err(not_understood(
                    operation,
                    "a page repeats the page before it",
                ));
            }
            before = Some(page.evidence);
            rows.extend(page.rows);
            if !page.has_more {
                return Ok(rows);
            }
        }
        Err(not_understood(
            operation,
            "more pages than the bound allows",
        ))
    }

    /// Completes the children of `row` along `accessors`, one level per name, so that each is a plain array with every member.
    ///
    /// # Errors
    /// [`Fault`] if a child was cut off and can't be read to its end.
    pub(crate) fn complete<'a>(
        &'a self,
        operation: &'a str,
        row: &'a mut Value,
        accessors: &'a [&'a str],
    ) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>> {
        Box::pin(async move {
            let Some((accessor, below)) = accessors.split_first() else {
                return Ok(());
            };
            let mut members = self.members(operation, row, accessor, below).await?;
            for member in &mut members {
                self.complete(operation, member, below).await?;
            }
            if let Value::Object(object) = row {
                object.insert((*accessor).to_owned(), Value::Array(members));
            }
            Ok(())
        })
    }

    /// Completes the children of many rows, several at a time; see [`Client::complete`].
    ///
    /// # Errors
    /// [`Fault`] of the first row that can't be completed.
    pub(crate) async fn complete_all(
        &self,
        operation: &str,
        rows: &mut [Row],
        accessors: &[&str],
    ) -> Result<(), Fault> {
        let completions: Vec<_> = rows
            .iter_mut()
            .map(|row| self.complete(operation, &mut row.value, accessors))
            .collect();
        let in_flight = self.config.in_flight_max.max(1);
        let mut completed = stream::iter(completions).buffer_unordered(in_flight);
        while let Some(result) = completed.next().await {
            result?;
        }
        Ok(())
    }

    async fn members(
        &self,
        operation: &str,
        row: &mut Value,
        accessor: &str,
        below: &[&str],
    ) -> Result<Vec<Value>, Fault> {
        let child = row.get_mut(accessor).map(Value::take).unwrap_or_default();
        let has_more = flag(&child, "hasMore");
        let link = link_of(&child, "self", "").or_else(|| link_of(row, "child", accessor));
        let mut members = items_of(child).unwrap_or_default();
        if !has_more {
            return Ok(members);
        }
        let path = link.and_then(|href| own_path(&href)).ok_or_else(|| {
            not_understood(
                operation,
                format!("child {accessor} is cut off and has no link"),
            )
        })?;
        let mut query = Query::default();
        if !below.is_empty() {
            query = query.with("expand", &below.join("."));
        }
        for _ in 0..self.config.pages_max {
            let page = self.page(operation, &path, &query, members.len()).await?;
            members.extend(page.rows.into_iter().map(|row| row.value));
            if !page.has_more {
                return Ok(members);
            }
        }
        Err(not_understood(
            operation,
            "more pages than the bound allows",
        ))
    }
}

/// The items of a collection object (framework 3 and later), of a bare array (1 and 2), or of an empty answer without them.
fn items_of(collection: Value) -> Option<Vec<Value>> {
    match collection {
        Value::Array(items) => Some(items),
        Value::Object(mut object) => match object.remove("items") {
            Some(Value::Array(items)) => Some(items),
            Some(_) => None,
            None => (text(&Value::Object(object), "count") == "0").then(Vec::new),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn link_of(row: &Value, rel: &str, name: &str) -> Option<String> {
    let links = row.get("links")?.as_array()?;
    let found = links
        .iter()
        .find(|link| text(link, "rel") == rel && (name.is_empty() || text(link, "name") == name))?;
    let href = text(found, "href");
    (!href.is_empty()).then_some(href)
}

/// Path of a link, without host and query: links are followed on our own host only.
fn own_path(href: &str) -> Option<String> {
    let start = href.find("/fscmRestApi/")?;
    let path = href.get(start..)?;
    Some(path.split('?').next().unwrap_or(path).to_owned())
}

/// Array of a completed child; empty if the child is absent.
pub(crate) fn children<'a>(row: &'a Value, accessor: &str) -> &'a [Value] {
    match row.get(accessor) {
        Some(Value::Array(items)) => items,
        Some(Value::Object(collection)) => collection
            .get("items")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice),
        Some(_) | None => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{children, items_of, link_of, own_path};

    #[test]
    fn children_are_read_as_array_or_collection() {
        assert_eq!(children(&json!({"c":[1,2]}), "c").len(), 2);
        assert_eq!(children(&json!({"c":{"items":[1]}}), "c").len(), 1);
        assert_eq!(children(&json!({"c":null}), "c").len(), 0);
    }

    #[test]
    fn an_empty_answer_may_lack_its_items_but_nothing_else_may() {
        assert_eq!(items_of(json!({"count":0})), Some(Vec::new()));
        assert_eq!(items_of(json!({"count":3})), None);
        assert_eq!(items_of(Value::Null), None);
    }

    #[test]
    fn links_are_followed_on_our_own_host_only() {
        let row = json!({"links":[{"rel":"child","name":"invoiceLines","href":"https://evil/fscmRestApi/resources/v/invoices/1/child/invoiceLines?x=1"}]});
        let href = link_of(&row, "child", "invoiceLines").unwrap();
        assert_eq!(
            own_path(&href).unwrap(),
            "/fscmRestApi/resources/v/invoices/1/child/invoiceLines"
        );
        assert_eq!(own_path("https://evil/other"), None);
    }
}
