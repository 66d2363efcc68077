//! Fusion as the target of documents.

use async_trait::async_trait;
use tieout_connector::{Batch, BatchOutcome, Fault, Found, Target};
use tieout_model::{DocumentKind, JobRef};

use crate::client::not_understood;
use crate::documents::supplier_invoice::JOB;
use crate::system::Fusion;

#[async_trait]
impl Target for Fusion {
    fn batch_max(&self, kind: DocumentKind) -> u32 {
        match kind {
            DocumentKind::JournalEntry => self.config().journals_per_batch,
            DocumentKind::SupplierInvoice | DocumentKind::SupplierCredit => {
                self.config().invoices_per_batch
            }
            DocumentKind::Supplier => 0,
        }
    }

    async fn post(&self, batch: &Batch) -> Result<BatchOutcome, Fault> {
        match batch.kind {
            DocumentKind::JournalEntry => Ok(self.post_journals(batch).await),
            DocumentKind::SupplierInvoice | DocumentKind::SupplierCredit => {
                Ok(self.post_invoices(batch).await)
            }
            DocumentKind::Supplier => Err(not_offered()),
        }
    }

    async fn poll(&self, job: &JobRef, batch: &Batch) -> Result<BatchOutcome, Fault> {
        if job.0 == JOB {
            self.poll_invoices(batch).await
        } else {
            self.poll_journals(job, batch).await
        }
    }

    async fn find(&self, batch: &Batch) -> Result<Vec<Found>, Fault> {
        match batch.kind {
            DocumentKind::JournalEntry => self.find_journals(batch).await,
            DocumentKind::SupplierInvoice | DocumentKind::SupplierCredit => {
                self.find_invoices(batch).await
            }
            DocumentKind::Supplier => Err(not_offered()),
        }
    }
}

fn not_offered() -> Fault {
    not_understood(
        "posting suppliers",
        "suppliers are not posted to Fusion by this client",
    )
}
