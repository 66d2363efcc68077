//! Changed invoices as supplier bills and credits.

use serde_json::Value;
use tieout_connector::{BalanceKey, Captured, Fault, MemberLine, Page, Scope};
use tieout_model::{
    Code, Coding, Currency, Document, DocumentKind, EntityId, InvoiceDraft, InvoiceLine,
    SupplierInvoice,
};

use crate::client::{Row, children, not_understood};
use crate::documents::supplier_invoice::{InvoiceRow, read_invoice};
use crate::source::{Mark, Record, instant};
use crate::system::Fusion;
use crate::wire::attribute::{date, required, text};

const OPERATION: &str = "GET invoices";

impl Fusion {
    pub(super) async fn changed_invoices(
        &self,
        scope: &Scope,
        mark: Mark,
        limit: u32,
    ) -> Result<Page, Fault> {
        let query = self.changed_invoice_query(&mark);
        let mut changes = self
            .changes_of(OPERATION, "invoices", "InvoiceId", &query, &mark, limit)
            .await?;
        let mut captured = Vec::new();
        let rows = &mut changes.rows;
        self.complete_invoices(rows, true).await?;
        self.client
            .complete_all(OPERATION, rows, &["invoiceInstallments"])
            .await?;
        for row in &changes.rows {
            captured.extend(self.capture_invoice(scope, row).await?);
        }
        Ok(Page {
            captured,
            next: changes.next,
            has_more: changes.has_more,
        })
    }

    fn changed_invoice_query(&self, mark: &Mark) -> crate::wire::query::Query {
        let flexfield = &self.client.config.flexfields.invoice;
        let lines = crate::documents::supplier_invoice::LINES.join(".");
        crate::wire::query::Query::default()
            .with("q", &mark.filter("InvoiceId"))
            .with(
                "expand",
                &format!("{flexfield},invoiceInstallments,{lines}"),
            )
            .with("orderBy", "LastUpdateDate,InvoiceId")
    }

    async fn capture_invoice(&self, scope: &Scope, row: &Row) -> Result<Option<Captured>, Fault> {
        let value = &row.value;
        let number = text(value, "InvoiceNumber");
        let natural_key = format!("invoices/{}", text(value, "InvoiceId"));
        let updated = text(value, "LastUpdateDate");
        let modified = instant(&updated)
            .ok_or_else(|| not_understood(OPERATION, format!("LastUpdateDate {updated:?}")))?;
        let mut record = Record {
            natural_key,
            number,
            kind: scope.kind,
            entity: None,
            modified,
            evidence: row.evidence,
        };
        let unit = text(value, "BusinessUnit");
        let Some(currency) = self.currency_of_unit(&unit).await? else {
            let problem = format!(
                "business unit {unit:?} has no ledger in the configuration, so its currency is unknown"
            );
            return Ok(Some(self.captured(Err(problem), record)));
        };
        let invoice = match read_invoice(&self.client.config, currency, row) {
            Ok(invoice) => invoice,
            Err(unreadable) => return Ok(Some(self.captured(Err(unreadable.to_string()), record))),
        };
        if invoice.stamp.is_some()
            || invoice.is_credit != (scope.kind == DocumentKind::SupplierCredit)
        {
            return Ok(None);
        }
        if invoice.is_cancelled {
            let origin = self.origin(record.natural_key);
            return Ok(Some(Captured::Deleted {
                origin,
                at: record.modified,
            }));
        }
        if !invoice.is_accounted {
            return Ok(None);
        }
        record.entity = self.entity_of(invoice.lines.last());
        let is_wanted =
            |entity: &EntityId| scope.entities.is_empty() || scope.entities.contains(entity);
        if record
            .entity
            .as_ref()
            .is_some_and(|entity| !is_wanted(entity))
        {
            return Ok(None);
        }
        let entity = record.entity.clone().unwrap_or_default();
        let found = document_of(value, &invoice, currency, entity);
        Ok(Some(self.captured(found, record)))
    }

    async fn currency_of_unit(&self, unit: &str) -> Result<Option<Currency>, Fault> {
        let Some(name) = self.client.config.business_unit_ledgers.get(unit) else {
            return Ok(None);
        };
        Ok(self.ledger(name).await?.map(|ledger| ledger.currency))
    }

    pub(super) fn entity_of(&self, line: Option<&MemberLine>) -> Option<EntityId> {
        let BalanceKey::Segments(combination) = &line?.key else {
            return None;
        };
        let index = self.client.config.balancing_segment_index;
        combination
            .segments
            .get(index)
            .map(|value| EntityId::new(value.as_str()))
    }
}

fn document_of(
    value: &Value,
    invoice: &InvoiceRow,
    functional_currency: Currency,
    entity: EntityId,
) -> Result<Document, String> {
    let (control, charges) = invoice.lines.split_last().ok_or("it has no lines")?;
    let coding = |line: &MemberLine| match &line.key {
        BalanceKey::Segments(combination) => Coding::Segmented(combination.clone()),
        BalanceKey::Account(account) => Coding::Dimensional(tieout_model::Dimensional {
            account: account.clone(),
            ..tieout_model::Dimensional::default()
        }),
    };
    let invoice_date = date(value, "InvoiceDate").and_then(|day| required("InvoiceDate", day));
    let installment = children(value, "invoiceInstallments").first();
    let due_date = installment.map_or(Ok(None), |row| date(row, "DueDate"));
    let lines = (1_u32..)
        .zip(charges)
        .zip(&invoice.memos)
        .map(|((number, line), memo)| InvoiceLine {
            number,
            coding: coding(line),
            amount: line.amount,
            functional: line.functional,
            memo: memo.clone(),
        });
    let draft = InvoiceDraft {
        is_credit: invoice.is_credit,
        entity,
        functional_currency,
        supplier: Code::new(invoice.supplier.clone()),
        number: invoice.number.clone(),
        reference: String::new(),
        document_date: invoice_date.map_err(|e| e.to_string())?,
        accounting_date: invoice.accounting_date,
        due_date: due_date.map_err(|e| e.to_string())?,
        currency: invoice.currency,
        rate: invoice
            .rate
            .clone()
            .filter(|_| invoice.currency != functional_currency),
        description: text(value, "Description"),
        control: coding(control),
        placement: None,
        lines: lines.collect(),
    };
    let invoice = SupplierInvoice::try_new(draft).map_err(|violations| violations.to_string())?;
    Ok(Document::SupplierInvoice(invoice))
}
