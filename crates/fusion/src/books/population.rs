//! Every document of a period, whoever entered it: first the invoices, then the journals.
//!
//! Invoices stand for their own accounting, so journals of subledger sources are left out. An invoice belongs to the period of its accounting
//! date, and never to an adjusting period. Rows are read in order of their ids: a page that does not go on where the last one ended is a
//! fault, so nothing is counted twice or passed over without a word.

use tieout_connector::{
    BalanceKey, BooksScope, Cursor, Fault, Member, MemberLine, PopulationPage, SnapshotAt,
};
use tieout_model::DocumentKind;

use crate::client::{Row, not_understood};
use crate::documents::journal_entry::JournalRow;
use crate::documents::supplier_invoice::{InvoiceRow, read_invoice};
use crate::system::Fusion;
use crate::wire::attribute::text;
use crate::wire::query::{Query, quoted};

/// Where a reading stands: `invoices:offset:last id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    stage: Stage,
    offset: usize,
    last_id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Invoices,
    Journals,
}

impl Place {
    const fn start_of(stage: Stage) -> Self {
        Self {
            stage,
            offset: 0,
            last_id: 0,
        }
    }

    fn to_cursor(self) -> Cursor {
        let stage = match self.stage {
            Stage::Invoices => "invoices",
            Stage::Journals => "journals",
        };
        Cursor(format!("{stage}:{}:{}", self.offset, self.last_id))
    }

    fn of_cursor(cursor: &Cursor) -> Option<Self> {
        let mut parts = cursor.0.split(':');
        let stage = match parts.next()? {
            "invoices" => Stage::Invoices,
            "journals" => Stage::Journals,
            _ => return None,
        };
        Some(Self {
            stage,
            offset: parts.next()?.parse().ok()?,
            last_id: parts.next()?.parse().ok()?,
        })
    }
}

impl Fusion {
    pub(crate) async fn read_population(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
        after: Option<&Cursor>,
    ) -> Result<PopulationPage, Fault> {
        let place = match after {
            Some(cursor) => Place::of_cursor(cursor).ok_or_else(|| {
                not_understood("reading a population", format!("cursor {}", cursor.0))
            })?,
            None if at.period.is_adjusting => Place::start_of(Stage::Journals),
            None => Place::start_of(Stage::Invoices),
        };
        match place.stage {
            Stage::Invoices => self.invoice_members(scope, at, place).await,
            Stage::Journals => self.journal_members(scope, at, place).await,
        }
    }

    async fn invoice_members(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
        place: Place,
    ) -> Result<PopulationPage, Fault> {
        let operation = "GET invoices";
        let filter = format!(
            "BusinessUnit={} and AccountingDate >= '{}' and AccountingDate <= '{}'",
            quoted(&scope.placement.business_unit),
            at.period.start,
            at.period.end
        );
        let query = self.invoice_query(&filter, true);
        let (mut rows, next) = self
            .rows_from(operation, "invoices", "InvoiceId", &query, place)
            .await?;
        let mut members = Vec::with_capacity(rows.len());
        self.complete_invoices(&mut rows, true).await?;
        for row in &rows {
            let invoice = read_invoice(&self.client.config, scope.placement.currency, row)
                .map_err(|e| {
                    not_understood(format!("{operation} {}", text(&row.value, "InvoiceId")), e)
                })?;
            members.push(invoice_member(invoice, &at.period.name_there));
        }
        let next = next.unwrap_or(Place::start_of(Stage::Journals));
        Ok(PopulationPage {
            members,
            next: Some(next.to_cursor()),
        })
    }

    async fn journal_members(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
        place: Place,
    ) -> Result<PopulationPage, Fault> {
        let config = &self.client.config;
        let mut filter = format!("DefaultPeriodName={}", quoted(&at.period.name_there));
        for source in &config.subledger_sources {
            filter.push_str(&format!(" and UserJeSourceName!={}", quoted(source)));
        }
        let query = self.journal_query(&filter);
        let operation = "GET journalBatches";
        let (mut rows, next) = self
            .rows_from(operation, "journalBatches", "JeBatchId", &query, place)
            .await?;
        let mut members = Vec::with_capacity(rows.len());
        rows.retain(|row| {
            let source = text(&row.value, "UserJeSourceName");
            !config.subledger_sources.contains(&source)
        });
        self.complete_journals(&mut rows).await?;
        for row in &rows {
            let journals = self.read_journals(row)?;
            let is_single = journals.len() == 1;
            for journal in journals {
                if journal.ledger == scope.placement.ledger
                    && journal.period == at.period.name_there
                {
                    members.extend(self.journal_member(scope, journal, is_single));
                }
            }
        }
        Ok(PopulationPage {
            members,
            next: next.map(Place::to_cursor),
        })
    }

    /// The rows of one page, and where to go on.
    async fn rows_from(
        &self,
        operation: &str,
        resource: &str,
        id: &str,
        query: &Query,
        place: Place,
    ) -> Result<(Vec<Row>, Option<Place>), Fault> {
        let path = self.client.resource(resource);
        let page = self
            .client
            .page(operation, &path, query, place.offset)
            .await?;
        let mut last_id = place.last_id;
        for row in &page.rows {
            let found = text(&row.value, id);
            let number: u64 = found
                .parse()
                .map_err(|_| not_understood(operation, format!("{id} {found:?} is no number")))?;
            if number <= last_id {
                let detail = format!(
                    "{id} {number} comes after {last_id}: rows moved while they were read, read again"
                );
                return Err(not_understood(operation, detail));
            }
            last_id = number;
        }
        let next = page.has_more.then_some(Place {
            stage: place.stage,
            offset: place.offset + page.rows.len(),
            last_id,
        });
        Ok((page.rows, next))
    }

    /// The member of a journal: only lines of this entity's balancing segment; none if it has no such line.
    fn journal_member(
        &self,
        scope: &BooksScope,
        journal: JournalRow,
        is_single: bool,
    ) -> Option<Member> {
        let index = self.client.config.balancing_segment_index;
        let is_own = |line: &MemberLine| match &line.key {
            BalanceKey::Segments(combination) => {
                combination.segments.get(index) == Some(&scope.placement.balancing_segment)
            }
            BalanceKey::Account(_) => false,
        };
        let lines: Vec<MemberLine> = journal.lines.into_iter().filter(is_own).collect();
        if lines.is_empty() {
            return None;
        }
        let reference = if is_single {
            journal.batch_id
        } else {
            format!("{}/{}", journal.batch_id, journal.name)
        };
        Some(Member {
            kind: DocumentKind::JournalEntry,
            reference,
            number: journal.name,
            stamp: journal.stamp,
            party: String::new(),
            source: journal.source,
            accounting_date: journal.accounting_date,
            period: journal.period,
            currency: journal.currency,
            rate: journal.rate,
            is_accounted: journal.is_posted,
            lines,
        })
    }
}

fn invoice_member(invoice: InvoiceRow, period: &str) -> Member {
    let kind = if invoice.is_credit {
        DocumentKind::SupplierCredit
    } else {
        DocumentKind::SupplierInvoice
    };
    Member {
        kind,
        reference: invoice.id,
        number: invoice.number,
        stamp: invoice.stamp,
        party: invoice.supplier,
        source: invoice.source,
        accounting_date: invoice.accounting_date,
        period: period.to_owned(),
        currency: invoice.currency,
        rate: invoice.rate,
        is_accounted: invoice.is_accounted,
        lines: invoice.lines,
    }
}

#[cfg(test)]
mod tests {
    use tieout_connector::Cursor;

    use super::{Place, Stage};

    #[test]
    fn a_place_survives_being_a_cursor_and_other_text_is_refused() {
        let place = Place {
            stage: Stage::Journals,
            offset: 499,
            last_id: 300_000_203_741_093,
        };
        assert_eq!(Place::of_cursor(&place.to_cursor()), Some(place));
        assert_eq!(Place::of_cursor(&Cursor("rows:1:2".to_owned())), None);
        assert_eq!(Place::of_cursor(&Cursor("invoices:x:2".to_owned())), None);
    }
}
