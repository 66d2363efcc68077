//! Balances of one balancing segment (fusion.md §9.7): amounts come as text, errors come with status 200.

use tieout_connector::{AccountBalance, BalanceKey, BooksScope, Fault, FaultOrigin, SnapshotAt};
use tieout_model::{Combination, FaultClass};

use crate::client::{Row, not_understood};
use crate::documents::supplier_invoice::read_combination;
use crate::system::Fusion;
use crate::wire::attribute::{amount, required, text};
use crate::wire::query::Query;

const OPERATION: &str = "GET ledgerBalances";

impl Fusion {
    pub(crate) async fn read_balances(
        &self,
        scope: &BooksScope,
        at: &SnapshotAt,
    ) -> Result<Vec<AccountBalance>, Fault> {
        let placement = &scope.placement;
        let config = &self.client.config;
        let finder = format!(
            "AccountBalanceFinder;accountCombination={},mode={},accountingPeriod={},currency={},ledgerName={}",
            self.combination_pattern(placement.balancing_segment.as_str()),
            config.balances_mode,
            at.period.name_there,
            placement.currency,
            placement.ledger,
        );
        let query = Query::default().with("finder", &finder);
        let path = self.client.resource("ledgerBalances");
        let rows = self.client.all(OPERATION, &path, &query).await?;
        let mut balances = Vec::with_capacity(rows.len());
        for row in &rows {
            let balance = self.read_balance(scope, row)?;
            let is_zero = [balance.opening, balance.movement, balance.ending]
                .iter()
                .all(|amount| amount.is_zero());
            if !is_zero {
                balances.push(balance);
            }
        }
        balances.sort_by(|one, other| one.key.cmp(&other.key));
        if let Some(twice) = balances.windows(2).find(|pair| pair[0].key == pair[1].key) {
            let detail = format!("{:?} is given twice", twice[0].key);
            return Err(not_understood(OPERATION, detail));
        }
        Ok(balances)
    }

    fn combination_pattern(&self, balancing_segment: &str) -> String {
        let config = &self.client.config;
        let segment = |i| {
            if i == config.balancing_segment_index {
                balancing_segment
            } else {
                "%"
            }
        };
        let segments: Vec<&str> = (0..config.segments.len()).map(segment).collect();
        segments.join(&config.delimiter)
    }

    fn read_balance(&self, scope: &BooksScope, row: &Row) -> Result<AccountBalance, Fault> {
        let value = &row.value;
        let problem = text(value, "ErrorDetail");
        if !problem.is_empty() {
            let (class, origin) = (FaultClass::Rejected, FaultOrigin::Application);
            return Err(Fault::new(class, origin, OPERATION, problem));
        }
        let detail = text(value, "DetailAccountCombination");
        let joined = if detail.is_empty() {
            text(value, "AccountCombination")
        } else {
            detail
        };
        let place = || format!("{OPERATION} of {joined}");
        let read = |attribute| {
            amount(value, attribute)
                .and_then(|amount| required(attribute, amount))
                .map_err(|e| not_understood(place(), e))
        };
        let (opening, movement, ending) = (
            read("BeginningBalance")?,
            read("PeriodActivity")?,
            read("EndingBalance")?,
        );
        let sum = opening
            .plus(movement)
            .map_err(|e| not_understood(place(), e))?;
        if sum != ending {
            let detail =
                format!("beginning {opening} and activity {movement} do not make ending {ending}");
            return Err(not_understood(place(), detail));
        }
        let combination = read_combination(&self.client.config, &joined);
        self.check_own(scope, &combination, &joined)?;
        Ok(AccountBalance {
            key: BalanceKey::Segments(combination),
            currency: scope.placement.currency,
            opening,
            movement,
            ending,
        })
    }

    /// A summary row, or one of another company, would be counted into the wrong books.
    fn check_own(
        &self,
        scope: &BooksScope,
        found: &Combination,
        joined: &str,
    ) -> Result<(), Fault> {
        let config = &self.client.config;
        let own = found.segments.get(config.balancing_segment_index);
        let is_summary = joined.contains('%');
        if !is_summary
            && found.segments.len() == config.segments.len()
            && own == Some(&scope.placement.balancing_segment)
        {
            return Ok(());
        }
        let detail = format!(
            "combination {joined:?} is none of balancing segment {}",
            scope.placement.balancing_segment
        );
        Err(not_understood(OPERATION, detail))
    }
}
