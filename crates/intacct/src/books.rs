//! What the ledger holds: balances from the gateway's own report, and every posting of a period.

mod balances;
mod population;

use async_trait::async_trait;
use tieout_connector::{
    AccountBalance, Books, BooksScope, Cursor, Fault, FaultOrigin, PopulationPage, SnapshotAt,
};
use tieout_model::{Currency, EntityId, FaultClass};

use crate::Intacct;
use crate::config::BalanceFunction;

#[async_trait]
impl Books for Intacct {
    async fn balances(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
    ) -> Result<Vec<AccountBalance>, Fault> {
        let currency = self.functional(&scope.entity).await?;
        match self.client.config.balances.function {
            BalanceFunction::TrialBalance => {
                balances::trial_balance(self, &scope.entity, currency, at).await
            }
            BalanceFunction::AccountBalance => {
                balances::account_balance(self, &scope.entity, currency, at).await
            }
        }
    }

    async fn population(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
        after: Option<&Cursor>,
    ) -> Result<PopulationPage, Fault> {
        population::page(self, &scope.entity, at, after).await
    }
}

impl Intacct {
    /// Functional currency of an entity; entities are read anew if it is not known.
    async fn functional(&self, entity: &EntityId) -> Result<Currency, Fault> {
        let known = self.tenant.entities(&self.client).await?;
        if let Some(currency) = known.currency(entity) {
            return Ok(currency);
        }
        let renewed = self.tenant.entities_after(&self.client, &known).await?;
        renewed.currency(entity).ok_or_else(|| {
            Fault::new(
                FaultClass::Incompatible,
                FaultOrigin::Application,
                "query LOCATIONENTITY",
                format!("company {} has no entity {entity}; correct the configured entities, or give the user access to it", self.client.config.company_id),
            )
        })
    }
}
