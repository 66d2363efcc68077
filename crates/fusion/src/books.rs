//! Fusion's books: balances from `ledgerBalances`, documents from `invoices` and `journalBatches`.

mod balances;
mod population;

use async_trait::async_trait;
use tieout_connector::{
    AccountBalance, Books, BooksScope, Cursor, Fault, PopulationPage, SnapshotAt,
};

use crate::system::Fusion;

#[async_trait]
impl Books for Fusion {
    async fn balances(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
    ) -> Result<Vec<AccountBalance>, Fault> {
        self.read_balances(scope, at).await
    }

    async fn population(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
        after: Option<&Cursor>,
    ) -> Result<PopulationPage, Fault> {
        self.read_population(scope, at, after).await
    }
}
