//! Changed journals as journal entries: one per journal and balancing segment, since an entry belongs to one legal entity.

use std::collections::{BTreeMap, BTreeSet};

use tieout_connector::{BalanceKey, Captured, Fault, MemberLine, Page, Scope};
use tieout_model::{
    Code, Coding, Document, DocumentKind, EntityId, JournalDraft, JournalEntry, JournalLine,
    JournalPurpose, PostingKind,
};

use crate::client::{Row, not_understood};
use crate::config::FusionConfig;
use crate::documents::journal_entry::JournalRow;
use crate::source::{Mark, Record, instant};
use crate::system::Fusion;
use crate::wire::attribute::text;

const OPERATION: &str = "GET journalBatches";

impl Fusion {
    pub(super) async fn changed_journals(
        &self,
        scope: &Scope,
        mark: Mark,
        limit: u32,
    ) -> Result<Page, Fault> {
        let posted = self.client.config.status_words.posted.first();
        let posted = posted.map(String::as_str).unwrap_or_default();
        let status = crate::wire::query::any_equal("Status", [posted]);
        let query =
            self.changed_journal_query(&format!("{status} and {}", mark.filter("JeBatchId")));
        let mut changes = self
            .changes_of(
                OPERATION,
                "journalBatches",
                "JeBatchId",
                &query,
                &mark,
                limit,
            )
            .await?;
        let mut captured = Vec::new();
        let mut adjusting: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        self.complete_journals(&mut changes.rows).await?;
        for row in &changes.rows {
            let journals = match self.read_journals(row) {
                Ok(journals) => journals,
                Err(unreadable) => {
                    captured.push(self.unreadable_batch(row, unreadable.detail));
                    continue;
                }
            };
            for journal in journals {
                if !is_wanted(&self.client.config, scope, &journal) {
                    continue;
                }
                if !adjusting.contains_key(&journal.ledger) {
                    let periods = self.adjusting_periods(&journal.ledger).await?;
                    adjusting.insert(journal.ledger.clone(), periods);
                }
                let periods = adjusting.get(&journal.ledger);
                let is_adjusting = periods.is_some_and(|names| names.contains(&journal.period));
                captured.extend(self.capture_journal(scope, row, &journal, is_adjusting)?);
            }
        }
        Ok(Page {
            captured,
            next: changes.next,
            has_more: changes.has_more,
        })
    }

    /// A batch that can't be read is held by name; the others go on.
    fn unreadable_batch(&self, row: &Row, problem: String) -> Captured {
        Captured::Malformed {
            origin: self.origin(format!("journalBatches/{}", text(&row.value, "JeBatchId"))),
            number: text(&row.value, "BatchName"),
            kind: DocumentKind::JournalEntry,
            entity: None,
            problem,
        }
    }

    fn changed_journal_query(&self, filter: &str) -> crate::wire::query::Query {
        crate::wire::query::Query::default()
            .with("q", filter)
            .with(
                "expand",
                &crate::documents::journal_entry::BATCH_LINES.join("."),
            )
            .with("orderBy", "LastUpdateDate,JeBatchId")
    }

    fn capture_journal(
        &self,
        scope: &Scope,
        row: &Row,
        journal: &JournalRow,
        is_adjusting: bool,
    ) -> Result<Vec<Captured>, Fault> {
        let updated = text(&row.value, "LastUpdateDate");
        let modified = instant(&updated)
            .ok_or_else(|| not_understood(OPERATION, format!("LastUpdateDate {updated:?}")))?;
        let mut by_entity: BTreeMap<EntityId, Vec<(&MemberLine, &str)>> = BTreeMap::new();
        for (line, memo) in journal.lines.iter().zip(&journal.memos) {
            let entity = self.entity_of(Some(line)).unwrap_or_default();
            by_entity.entry(entity).or_default().push((line, memo));
        }
        let mut captured = Vec::new();
        for (entity, lines) in by_entity {
            if !scope.entities.is_empty() && !scope.entities.contains(&entity) {
                continue;
            }
            let record = Record {
                natural_key: format!(
                    "journalBatches/{}/{}/{entity}",
                    journal.batch_id, journal.name
                ),
                number: journal.name.clone(),
                kind: DocumentKind::JournalEntry,
                entity: Some(entity.clone()),
                modified,
                evidence: row.evidence,
            };
            let draft = draft_of(&self.client.config, journal, entity, &lines, is_adjusting);
            let found = JournalEntry::try_new(draft)
                .map(Document::JournalEntry)
                .map_err(|violations| violations.to_string());
            captured.push(self.captured(found, record));
        }
        Ok(captured)
    }
}

/// Posted, not ours, and not the posting of a document that travels by itself.
fn is_wanted(config: &FusionConfig, scope: &Scope, journal: &JournalRow) -> bool {
    let kind = posting_kind(config, journal);
    journal.is_posted && journal.stamp.is_none() && !scope.postings_excluded.contains(&kind)
}

fn posting_kind(config: &FusionConfig, journal: &JournalRow) -> PostingKind {
    if !config.subledger_sources.contains(&journal.source) {
        PostingKind::Journal
    } else if config
        .invoice_journal_categories
        .contains(&journal.category)
    {
        PostingKind::SupplierInvoice
    } else {
        PostingKind::Other
    }
}

fn draft_of(
    config: &FusionConfig,
    journal: &JournalRow,
    entity: EntityId,
    lines: &[(&MemberLine, &str)],
    is_adjusting: bool,
) -> JournalDraft {
    let line = |(number, (line, memo)): (u32, &(&MemberLine, &str))| JournalLine {
        number,
        coding: match &line.key {
            BalanceKey::Segments(combination) => Coding::Segmented(combination.clone()),
            BalanceKey::Account(account) => Coding::Dimensional(tieout_model::Dimensional {
                account: account.clone(),
                ..tieout_model::Dimensional::default()
            }),
        },
        currency: line.currency,
        amount: line.amount,
        functional: line.functional,
        rate: journal.rate.clone(),
        memo: (*memo).to_owned(),
    };
    let purpose = if journal.currency.is_statistical() {
        JournalPurpose::Statistical
    } else {
        JournalPurpose::Standard
    };
    JournalDraft {
        entity,
        functional_currency: journal.ledger_currency,
        accounting_date: journal.accounting_date,
        is_adjusting,
        purpose,
        posting_kind: posting_kind(config, journal),
        journal: Code::new(journal.category.clone()),
        reference: journal.batch_id.clone(),
        description: journal.description.clone(),
        reverses: Vec::new(),
        placement: None,
        lines: (1_u32..).zip(lines).map(line).collect(),
    }
}
