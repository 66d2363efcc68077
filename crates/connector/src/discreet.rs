//! A system whose words are kept from telling secrets: what it says is looked through before anybody stores or shows it.
//!
//! An error text may repeat what was sent to it, passwords and log-in headers included. Documents are never touched, only words about them.

use std::sync::Arc;

use async_trait::async_trait;
use tieout_model::{JobRef, Rejection};

use crate::books::{AccountBalance, Books, BooksScope, PopulationPage, SnapshotAt};
use crate::fault::Fault;
use crate::redact::Redactor;
use crate::source::{Captured, Cursor, Page, Scope, Source};
use crate::target::{Batch, BatchOutcome, Found, ItemOutcome, Target};

/// The roles of `T`, with its words looked through.
#[derive(Debug, Clone)]
pub struct Discreet<T> {
    inner: Arc<T>,
    redactor: Redactor,
}

impl<T> Discreet<T> {
    /// Stands before `inner`, whose secrets `redactor` knows.
    pub const fn new(inner: Arc<T>, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }

    fn fault(&self, fault: Fault) -> Fault {
        Fault {
            attempted: self.redactor.words(&fault.attempted),
            detail: self.redactor.words(&fault.detail),
            ..fault
        }
    }

    fn rejection(&self, rejection: &Rejection) -> Rejection {
        Rejection {
            code: self.redactor.words(&rejection.code),
            message: self.redactor.words(&rejection.message),
            place: self.redactor.words(&rejection.place),
            remedy: self.redactor.words(&rejection.remedy),
        }
    }

    fn outcome(&self, outcome: BatchOutcome) -> BatchOutcome {
        let one = |outcome: ItemOutcome| match outcome {
            ItemOutcome::Rejected(rejection) => ItemOutcome::Rejected(self.rejection(&rejection)),
            ItemOutcome::NotDone(fault) => ItemOutcome::NotDone(self.fault(fault)),
            ItemOutcome::Unknown(fault) => ItemOutcome::Unknown(self.fault(fault)),
            silent @ (ItemOutcome::Accepted(_)
            | ItemOutcome::Pending
            | ItemOutcome::Posted(_)
            | ItemOutcome::Absent
            | ItemOutcome::Doubled(_)) => silent,
        };
        let items = outcome.items.into_iter();
        BatchOutcome {
            items: items.map(|(id, outcome)| (id, one(outcome))).collect(),
        }
    }

    fn captured(&self, captured: Captured) -> Captured {
        match captured {
            Captured::Malformed {
                origin,
                number,
                kind,
                entity,
                problem,
            } => Captured::Malformed {
                origin,
                number,
                kind,
                entity,
                problem: self.redactor.words(&problem),
            },
            silent @ (Captured::Document(_) | Captured::Deleted { .. }) => silent,
        }
    }
}

#[async_trait]
impl<T: Source> Source for Discreet<T> {
    async fn changes(
        &self,
        scope: &Scope,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page, Fault> {
        let page = self.inner.changes(scope, after, limit).await;
        let mut page = page.map_err(|fault| self.fault(fault))?;
        page.captured = page
            .captured
            .into_iter()
            .map(|one| self.captured(one))
            .collect();
        Ok(page)
    }
}

#[async_trait]
impl<T: Target> Target for Discreet<T> {
    fn batch_max(&self, kind: tieout_model::DocumentKind) -> u32 {
        self.inner.batch_max(kind)
    }

    async fn post(&self, batch: &Batch) -> Result<BatchOutcome, Fault> {
        let answer = self.inner.post(batch).await;
        answer
            .map(|outcome| self.outcome(outcome))
            .map_err(|fault| self.fault(fault))
    }

    async fn poll(&self, job: &JobRef, batch: &Batch) -> Result<BatchOutcome, Fault> {
        let answer = self.inner.poll(job, batch).await;
        answer
            .map(|outcome| self.outcome(outcome))
            .map_err(|fault| self.fault(fault))
    }

    async fn find(&self, batch: &Batch) -> Result<Vec<Found>, Fault> {
        let answer = self.inner.find(batch).await;
        answer.map_err(|fault| self.fault(fault))
    }
}

#[async_trait]
impl<T: Books> Books for Discreet<T> {
    async fn balances(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
    ) -> Result<Vec<AccountBalance>, Fault> {
        let answer = self.inner.balances(scope, at).await;
        answer.map_err(|fault| self.fault(fault))
    }

    async fn population(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
        after: Option<&Cursor>,
    ) -> Result<PopulationPage, Fault> {
        let answer = self.inner.population(scope, at, after).await;
        answer.map_err(|fault| self.fault(fault))
    }
}
