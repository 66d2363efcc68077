//! What changed, oldest first: stamped rows, rows without a stamp, deletions, and a look-back over what may have become visible late.
//!
//! Invariants: the cursor only ever passes a second once that second is over and was read to its end; a page is complete with its lines or
//! is not returned; a row that is no document is reported, never left out.

mod deletions;
pub(crate) mod feed;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tieout_connector::{Captured, Cursor, Fault, Page, Scope, Source};
use tieout_model::{DocumentKind, EntityId};

use crate::Intacct;
use crate::cursor::{Position, Stamped};
use crate::documents::{Reading, Record, journal_entry, supplier_invoice};
use crate::lines::{self, LineQuery};
use crate::query::{Filter, Query};
use crate::source::feed::{Feed, Headers};
use crate::tenant::Entities;
use crate::xml::answer::{Row, Table};

pub(crate) use crate::source::feed::line_fields;

#[async_trait]
impl Source for Intacct {
    async fn changes(
        &self,
        scope: &Scope,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page, Fault> {
        let feed = Feed::of(scope, &self.client.config)?;
        let mut position = after.map_or(Ok(Position::START), Position::read)?;
        let zone = self.tenant.zone(&self.client).await?;
        let step = Step {
            intacct: self,
            feed,
            scope,
            page_size: limit.clamp(1, self.client.config.bounds.page_size),
            zone,
        };
        if position.deleted == Stamped::Start {
            position.deleted = step.deletions_start().await?;
        }
        let mut captured = Vec::new();
        let has_more = step.take(&mut position, &mut captured).await?;
        Ok(Page {
            captured,
            next: position.write(),
            has_more,
        })
    }
}

/// What is read beside the stamped rows.
#[derive(Default)]
struct Side {
    unstamped: Vec<Captured>,
    last_unstamped: Option<i64>,
    is_unstamped_full: bool,
    deleted: Vec<Captured>,
    next_deleted: Option<Stamped>,
}

/// One call of [`Source::changes`].
pub(crate) struct Step<'a> {
    pub(crate) intacct: &'a Intacct,
    pub(crate) feed: Feed,
    pub(crate) scope: &'a Scope,
    pub(crate) page_size: u32,
    pub(crate) zone: crate::civil_time::Zone,
}

impl Step<'_> {
    /// Reads the next page of whatever is due; true if there is surely more.
    async fn take(
        &self,
        position: &mut Position,
        captured: &mut Vec<Captured>,
    ) -> Result<bool, Fault> {
        let now_ms = self.intacct.client.now_ms();
        let settle_ms = self.settle_ms();
        // While much is waiting, only the stamped rows are read; once caught up, all three are asked for at once.
        let is_catching_up = matches!(position.stamped, Stamped::Start | Stamped::Inside { .. });
        let stamped = async {
            let headers = self.stamped(position.stamped).await?;
            let documents = self.documents(&headers).await?;
            Ok::<_, Fault>((headers, documents))
        };
        let (headers, documents, side) = if is_catching_up {
            let (headers, documents) = stamped.await?;
            let is_full = headers.is_full;
            let side = if is_full {
                Side::default()
            } else {
                self.side(*position, now_ms).await?
            };
            (headers, documents, side)
        } else {
            let both = futures_util::future::try_join(stamped, self.side(*position, now_ms));
            let ((headers, documents), side) = both.await?;
            (headers, documents, side)
        };
        captured.extend(documents);
        let (last, is_full) = (headers.last, headers.is_full);
        position.stamped = position.stamped.advanced(now_ms, settle_ms, last, is_full);
        if is_full {
            // What was read beside it is read again once caught up: its place in the cursor did not move.
            return Ok(true);
        }
        captured.extend(side.unstamped);
        if let Some(record) = side.last_unstamped {
            position.unstamped = record;
        }
        if side.is_unstamped_full {
            return Ok(true);
        }
        captured.extend(side.deleted);
        if let Some(next) = side.next_deleted {
            position.deleted = next;
        }
        self.look_back(position, now_ms, captured).await
    }

    /// How long after a second was over everything in it is surely visible. That it may still go on when it is first met is the cursor's
    /// knowledge.
    pub(crate) fn settle_ms(&self) -> i64 {
        let capture = &self.intacct.client.config.capture;
        i64::try_from(capture.settle_ms).unwrap_or(i64::MAX)
    }

    /// Reads rows without a stamp, and deletions.
    async fn side(&self, position: Position, now_ms: i64) -> Result<Side, Fault> {
        let capture = &self.intacct.client.config.capture;
        let unstamped = async {
            if !(capture.reads_unstamped && self.feed.may_be_unstamped) {
                return Ok(None);
            }
            let headers = self.unstamped(position.unstamped).await?;
            let documents = self.documents(&headers).await?;
            Ok::<_, Fault>(Some((headers, documents)))
        };
        let deletions = async {
            if !capture.reads_deletions {
                return Ok(None);
            }
            let read = self.deletions(position.deleted, now_ms).await?;
            Ok::<_, Fault>(Some(read))
        };
        let (unstamped, deletions) = futures_util::future::try_join(unstamped, deletions).await?;
        let mut side = Side::default();
        if let Some((headers, documents)) = unstamped {
            side.unstamped = documents;
            side.last_unstamped = headers.last.map(|(_, record)| record);
            side.is_unstamped_full = headers.is_full;
        }
        if let Some((deleted, next)) = deletions {
            side.deleted = deleted;
            side.next_deleted = Some(next);
        }
        Ok(side)
    }

    /// Reads a page of the window before the newest row again, if that is due.
    async fn look_back(
        &self,
        position: &mut Position,
        now_ms: i64,
        captured: &mut Vec<Captured>,
    ) -> Result<bool, Fault> {
        let capture = &self.intacct.client.config.capture;
        let ms = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let look_back = &mut position.look_back;
        let Some(newest) = position.stamped.second() else {
            look_back.began_ms = now_ms;
            return Ok(false);
        };
        if look_back.inside.is_none() {
            let due_ms = look_back
                .began_ms
                .saturating_add(ms(capture.look_back_every_ms));
            if look_back.began_ms == 0 {
                look_back.began_ms = now_ms;
                return Ok(false);
            }
            if now_ms < due_ms {
                return Ok(false);
            }
            look_back.began_ms = now_ms;
            position.unstamped = position
                .unstamped
                .saturating_sub(capture.unstamped_look_back)
                .max(0);
            position.deleted = position
                .deleted
                .moved_back(ms(capture.deletion_look_back_ms));
            let from = newest.saturating_sub(ms(capture.look_back_ms) / 1000);
            look_back.inside = Some((from, 0));
        }
        let headers = self.window(look_back.inside, newest).await?;
        captured.extend(self.documents(&headers).await?);
        look_back.inside = headers.last.filter(|_| headers.is_full);
        Ok(look_back.inside.is_some())
    }

    /// The documents of a page of headers.
    pub(crate) async fn documents(&self, headers: &Headers) -> Result<Vec<Captured>, Fault> {
        let mut entities = self.intacct.tenant.entities(&self.intacct.client).await?;
        let table = &headers.table;
        if table.len() == 0 {
            return Ok(Vec::new());
        }
        if self.names_unknown_entity(table, &entities) {
            let tenant = &self.intacct.tenant;
            entities = tenant
                .entities_after(&self.intacct.client, &entities)
                .await?;
        }
        let reading = Reading {
            config: &self.intacct.client.config,
            entities: &entities,
            zone: self.zone,
        };
        let rows = self.wanted(&reading, table);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let record = table.column("RECORDNO");
        let keys: Vec<&str> = rows.iter().map(|row| row.get(record)).collect();
        let line_fields = self.feed.line_fields(self.intacct).await?;
        let line_query = LineQuery {
            object: self.feed.line_object,
            parent_field: self.feed.parent_field,
            fields: &line_fields,
        };
        let lines = lines::read(&self.intacct.client, &line_query, &keys).await?;
        let records = rows.iter().map(|row| Record {
            header: *row,
            lines: lines.of(row.get(record)),
        });
        if self.feed.kind == DocumentKind::JournalEntry {
            let columns = journal_entry::HeaderColumns::of(table, reading.config);
            let batches = self.posting_batches(&columns, &rows).await?;
            let decode =
                |record: Record<'_>| journal_entry::decode(&reading, &columns, &batches, &record);
            return Ok(self.in_scope(records.map(decode)));
        }
        let columns = supplier_invoice::HeaderColumns::of(table);
        let (kind, object) = (self.feed.kind, self.feed.object);
        let decode = |record: Record<'_>| {
            supplier_invoice::decode(&reading, &columns, kind, object, &record)
        };
        Ok(self.in_scope(records.map(decode)))
    }

    /// Drops what surely belongs to an entity outside the scope.
    fn in_scope(&self, captured: impl Iterator<Item = Captured>) -> Vec<Captured> {
        let wanted = &self.scope.entities;
        let is_in = |entity: Option<&EntityId>| {
            wanted.is_empty() || entity.is_none_or(|entity| wanted.contains(entity))
        };
        captured
            .filter(|one| match one {
                Captured::Document(envelope) => is_in(envelope.document.entity()),
                Captured::Malformed { entity, .. } => is_in(entity.as_ref()),
                Captured::Deleted { .. } => true,
            })
            .collect()
    }

    /// The headers whose lines are worth reading.
    fn wanted<'t>(&self, reading: &Reading<'_>, table: &'t Table) -> Vec<Row<'t>> {
        let wanted = &self.scope.entities;
        let is_in = |entity: Option<EntityId>| {
            wanted.is_empty() || entity.is_none_or(|entity| wanted.contains(&entity))
        };
        if self.feed.kind != DocumentKind::JournalEntry {
            let entity = table.column("MEGAENTITYID");
            let rows = table.rows();
            return rows
                .filter(|row| is_in(reading.entity([row.get(entity)])))
                .collect();
        }
        let columns = journal_entry::HeaderColumns::of(table, reading.config);
        let is_left_out = |row: Row<'_>| {
            let journal = row.get(columns.journal);
            let is_reversing = !row.get(columns.reversed_from).is_empty();
            let kind = journal_entry::posting_kind(reading.config, journal, is_reversing);
            kind.is_some_and(|kind| self.scope.postings_excluded.contains(&kind))
        };
        table
            .rows()
            .filter(|row| !is_left_out(*row) && is_in(columns.entity(reading, *row)))
            .collect()
    }

    fn names_unknown_entity(&self, table: &Table, entities: &Arc<Entities>) -> bool {
        let fields = self.feed.entity_fields.iter();
        let columns: Vec<_> = fields.map(|field| table.column(field)).collect();
        table.rows().any(|row| {
            let named = columns.iter().map(|column| row.get(*column));
            let mut filled = named.filter(|text| !text.is_empty()).peekable();
            filled.peek().is_some() && filled.all(|text| entities.resolve(text).is_none())
        })
    }

    /// The posting batches of the batches that these rows reverse.
    async fn posting_batches(
        &self,
        columns: &journal_entry::HeaderColumns,
        rows: &[Row<'_>],
    ) -> Result<BTreeMap<String, String>, Fault> {
        let client = &self.intacct.client;
        let mut reversed: Vec<&str> = rows
            .iter()
            .map(|row| row.get(columns.reversed_from))
            .filter(|key| !key.is_empty())
            .collect();
        reversed.sort_unstable();
        reversed.dedup();
        let mut found = BTreeMap::new();
        let fields = ["RECORDNO", "PRBATCHKEY"].map(str::to_owned);
        for chunk in reversed.chunks(client.config.bounds.key_list_max.max(1)) {
            let mut after = None;
            loop {
                let mut filters = vec![Filter::within("RECORDNO", chunk.iter().copied())];
                if let Some(record) = after {
                    filters.push(Filter::above("RECORDNO", i64::to_string(&record)));
                }
                let query = Query {
                    object: self.feed.object,
                    fields: &fields,
                    filter: Filter::And(filters),
                    order: &["RECORDNO"],
                    page_size: client.config.bounds.page_size,
                    offset: 0,
                    shows_private: client.config.shows_private,
                };
                let table = client.query(&query).await?;
                for row in table.rows() {
                    let pair = (row.named("RECORDNO"), row.named("PRBATCHKEY"));
                    found.insert(pair.0.to_owned(), pair.1.to_owned());
                }
                if table.remaining == Some(0) || table.len() == 0 {
                    break;
                }
                after = Some(lines::last_record(&table, self.feed.object, after)?);
            }
        }
        Ok(found)
    }
}
