//! Looks journal batches up by stamp: the stored name is our prefix plus a suffix of Fusion's (fusion.md §9.3, §14.3).

use futures_util::{StreamExt as _, stream};
use tieout_connector::{Batch, BatchItem, Fault, Found};
use tieout_model::{Acknowledgement, Amount};

use crate::client::{Row, not_understood};
use crate::documents::journal_entry::read::{JournalRow, read_batch};
use crate::system::Fusion;
use crate::wire::attribute::text;
use crate::wire::query::{Query, any_begins, runs_of};

const READ: &str = "GET journalBatches";

/// Accessors that are expanded to see the lines of a batch.
pub(crate) const BATCH_LINES: [&str; 2] = ["journalHeaders", "journalLines"];

impl Fusion {
    /// See [`tieout_connector::Target::find`]. Nothing is said of an absent journal while its import may still run, right after a lost
    /// answer or because the scheduler shows one of ours: an import sent twice makes two journals (fusion.md §4).
    pub(crate) async fn find_journals(&self, batch: &Batch) -> Result<Vec<Found>, Fault> {
        // Asked before the rows: what has ended by then shows its rows.
        let is_importing = self.is_importing().await?;
        let found = self.journals_now(batch).await?;
        let now_ms = self.client.ambient.clock.now().millis();
        let answers = batch.items.iter().zip(found);
        let told = answers.filter(|(item, found)| {
            let may_appear = is_importing || self.imports.is_lost(&item.marks.stamp, now_ms);
            !found.rows.is_empty() || !may_appear
        });
        Ok(told.map(|(_, found)| found).collect())
    }

    /// What the tenant shows right now.
    pub(crate) async fn journals_now(&self, batch: &Batch) -> Result<Vec<Found>, Fault> {
        let config = &self.client.config;
        let term = |item: &BatchItem| any_begins("BatchName", [item.marks.stamp.as_str()]);
        let runs = runs_of(
            &batch.items,
            config.journals_per_query,
            config.filter_len_max,
            term,
        );
        let readings: Vec<_> = runs
            .into_iter()
            .map(|items| self.find_some_journals(items))
            .collect();
        let mut readings = stream::iter(readings).buffered(self.client.config.in_flight_max.max(1));
        let mut found = Vec::with_capacity(batch.items.len());
        while let Some(some) = readings.next().await {
            found.extend(some?);
        }
        Ok(found)
    }

    async fn find_some_journals(&self, items: &[BatchItem]) -> Result<Vec<Found>, Fault> {
        let stamps = items.iter().map(|item| item.marks.stamp.as_str());
        let path = self.client.resource("journalBatches");
        let query = self.journal_query(&any_begins("BatchName", stamps));
        let mut rows = self.client.all(READ, &path, &query).await?;
        let mut batches = Vec::with_capacity(rows.len());
        self.complete_journals(&mut rows).await?;
        for row in &rows {
            batches.push((self.read_journals(row)?, row));
        }
        items
            .iter()
            .map(|item| {
                let mine = batches.iter().filter_map(|(journals, row)| {
                    let is_mine =
                        |journal: &&JournalRow| journal.stamp.as_ref() == Some(&item.marks.stamp);
                    let mine: Vec<&JournalRow> = journals.iter().filter(is_mine).collect();
                    (!mine.is_empty()).then(|| self.acknowledge_batch(item, &mine, row))
                });
                Ok(Found {
                    id: item.id,
                    rows: mine.collect::<Result<_, Fault>>()?,
                })
            })
            .collect()
    }

    pub(crate) fn journal_query(&self, filter: &str) -> Query {
        Query::default()
            .with("q", filter)
            .with("expand", &BATCH_LINES.join("."))
            .with("orderBy", "JeBatchId")
    }

    /// Completes headers and lines of all `rows`.
    pub(crate) async fn complete_journals(&self, rows: &mut [Row]) -> Result<(), Fault> {
        self.client.complete_all(READ, rows, &BATCH_LINES).await
    }

    /// The journals of a completed batch.
    pub(crate) fn read_journals(&self, row: &Row) -> Result<Vec<JournalRow>, Fault> {
        read_batch(&self.client.config, row).map_err(|e| {
            let id = text(&row.value, "JeBatchId");
            not_understood(format!("reading journal batch {id}"), e)
        })
    }

    fn acknowledge_batch(
        &self,
        item: &BatchItem,
        journals: &[&JournalRow],
        row: &Row,
    ) -> Result<Acknowledgement, Fault> {
        let attempted = || {
            format!(
                "reading journal batch {} back",
                text(&row.value, "JeBatchId")
            )
        };
        let first = journals
            .first()
            .ok_or_else(|| not_understood(attempted(), "it has no journals"))?;
        let debits = journals.iter().flat_map(|journal| journal.debits());
        let total_debit = Amount::sum(debits).map_err(|e| not_understood(attempted(), e))?;
        Ok(Acknowledgement {
            stamp: item.marks.stamp.clone(),
            reference: first.batch_id.clone(),
            number: first.name.clone(),
            period: first.period.clone(),
            accounting_date: first.accounting_date,
            currency: first.ledger_currency,
            total_debit,
            is_accounted: first.is_posted,
            read_at: self.client.ambient.clock.now(),
            evidence: row.evidence,
        })
    }
}
