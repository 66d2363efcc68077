//! Fusion as the source of documents: posted journals and accounted invoices that people entered there.
//!
//! Reading goes by `LastUpdateDate` and id together, so that equal stamps neither repeat for ever nor get lost, and steps back by the
//! configured overlap at the end, since rows become visible late. Whatever bears one of our stamps is our own posting and left out, so
//! that documents do not travel in circles. The entity of a document is its balancing segment value.
//!
//! Deleted rows can't be seen this way; a cancelled invoice is reported as deleted.

mod invoices;
mod journals;

use async_trait::async_trait;
use tieout_connector::{Captured, Cursor, Fault, Page, Scope, Source};
use tieout_model::{
    Digest, Document, DocumentKind, EntityId, Envelope, NaturalKey, Origin, Revision, Timestamp,
    canonical,
};

use crate::client::{Row, not_understood};
use crate::system::Fusion;
use crate::wire::attribute::text;
use crate::wire::query::{Query, quoted};

const BEGINNING: &str = "1970-01-01T00:00:00+00:00";

/// Where a reading stands: the last row's stamp as the server wrote it, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    updated: String,
    id: u64,
}

impl Mark {
    fn of_cursor(cursor: Option<&Cursor>) -> Option<Self> {
        let Some(cursor) = cursor else {
            return Some(Self {
                updated: BEGINNING.to_owned(),
                id: 0,
            });
        };
        let (updated, id) = cursor.0.split_once('|')?;
        Some(Self {
            updated: updated.to_owned(),
            id: id.parse().ok()?,
        })
    }

    fn to_cursor(&self) -> Cursor {
        Cursor(format!("{}|{}", self.updated, self.id))
    }

    fn filter(&self, id: &str) -> String {
        let updated = quoted(&self.updated);
        format!(
            "(LastUpdateDate > {updated} or (LastUpdateDate = {updated} and {id} > {}))",
            self.id
        )
    }
}

#[async_trait]
impl Source for Fusion {
    async fn changes(
        &self,
        scope: &Scope,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page, Fault> {
        let mark = Mark::of_cursor(after)
            .ok_or_else(|| not_understood("reading changes", "the cursor is not one of ours"))?;
        match scope.kind {
            DocumentKind::JournalEntry => self.changed_journals(scope, mark, limit).await,
            DocumentKind::SupplierInvoice | DocumentKind::SupplierCredit => {
                self.changed_invoices(scope, mark, limit).await
            }
            DocumentKind::Supplier => {
                let detail = "suppliers are not read from Fusion by this client";
                Err(not_understood("reading changes", detail))
            }
        }
    }
}

/// Rows of one page of changes, and where to go on.
struct Changes {
    rows: Vec<Row>,
    next: Cursor,
    has_more: bool,
}

impl Fusion {
    async fn changes_of(
        &self,
        operation: &str,
        resource: &str,
        id: &str,
        query: &Query,
        mark: &Mark,
        limit: u32,
    ) -> Result<Changes, Fault> {
        let path = self.client.resource(resource);
        let limit = limit.clamp(1, self.client.config.page_limit);
        let page = self
            .client
            .page_of(operation, &path, query, 0, limit)
            .await?;
        let mut next = mark.clone();
        if let Some(last) = page.rows.last() {
            let found = text(&last.value, id);
            let unreadable = |_| not_understood(operation, format!("{id} {found:?} is no number"));
            let last = Mark {
                updated: text(&last.value, "LastUpdateDate"),
                id: found.parse().map_err(unreadable)?,
            };
            if page.has_more && last == next {
                return Err(not_understood(operation, "a page ends where it began"));
            }
            next = if page.has_more {
                last
            } else {
                self.stepped_back(operation, &last)?
            };
        }
        Ok(Changes {
            rows: page.rows,
            next: next.to_cursor(),
            has_more: page.has_more,
        })
    }

    fn stepped_back(&self, operation: &str, last: &Mark) -> Result<Mark, Fault> {
        let at = instant(&last.updated).ok_or_else(|| {
            not_understood(
                operation,
                format!("LastUpdateDate {:?} is no instant", last.updated),
            )
        })?;
        let back = at.plus_millis(-self.client.config.overlap_ms);
        let back = jiff::Timestamp::from_second(back.millis().div_euclid(1000)).unwrap_or_default();
        Ok(Mark {
            updated: back.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
            id: 0,
        })
    }

    fn origin(&self, natural_key: String) -> Origin {
        Origin {
            system: self.client.config.system.clone(),
            company: self.client.config.company.clone(),
            natural_key: NaturalKey::new(natural_key),
        }
    }

    fn captured(&self, found: Result<Document, String>, record: Record) -> Captured {
        let origin = self.origin(record.natural_key);
        match found {
            Ok(document) => {
                let content = Digest::of(&canonical::encode_document(&document));
                Captured::Document(Box::new(Envelope {
                    origin,
                    number: record.number,
                    revision: Revision::new(content.to_string()),
                    modified: record.modified,
                    aliases: Vec::new(),
                    document,
                    evidence: record.evidence,
                }))
            }
            Err(problem) => Captured::Malformed {
                origin,
                number: record.number,
                kind: record.kind,
                entity: record.entity,
                problem,
            },
        }
    }
}

/// What is known of a record whether or not it is well formed.
struct Record {
    natural_key: String,
    number: String,
    kind: DocumentKind,
    entity: Option<EntityId>,
    modified: Timestamp,
    evidence: Digest,
}

/// The instant of a stamp with offset; `None` if it is none.
fn instant(written: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = written.parse().ok()?;
    Some(Timestamp(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use tieout_connector::Cursor;

    use super::{Mark, instant};

    #[test]
    fn rows_of_equal_stamps_go_on_by_id() {
        let mark =
            Mark::of_cursor(Some(&Cursor("2026-12-06T10:00:00+00:00|7".to_owned()))).unwrap();
        let stamp = "'2026-12-06T10:00:00+00:00'";
        let expected =
            format!("(LastUpdateDate > {stamp} or (LastUpdateDate = {stamp} and InvoiceId > 7))");
        assert_eq!(mark.filter("InvoiceId"), expected);
        assert_eq!(Mark::of_cursor(Some(&mark.to_cursor())), Some(mark));
        assert_eq!(Mark::of_cursor(Some(&Cursor("x".to_owned()))), None);
    }

    #[test]
    fn stamps_keep_their_fractions_and_offsets() {
        let at = instant("2026-12-06T11:00:00.250+01:00").unwrap();
        assert_eq!(at, instant("2026-12-06T10:00:00.25Z").unwrap());
        assert!(instant("yesterday").is_none());
    }
}
