//! Balances out of the ledger's totals: year to date, with the result of older years in retained earnings.

use std::collections::BTreeMap;

use super::Books;
use crate::intacct::amount::{Amount, currency_decimals};

/// Debits and credits of one entity, account and period; both never negative unless taken out again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::intacct) struct Totals {
    pub(in crate::intacct) debit: Amount,
    pub(in crate::intacct) credit: Amount,
}

/// One account of one entity over a span of periods. Balances are debit positive, in the entity's base currency.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::intacct) struct Movement {
    pub(in crate::intacct) start: Amount,
    pub(in crate::intacct) debit: Amount,
    pub(in crate::intacct) credit: Amount,
    pub(in crate::intacct) adjusting_debit: Amount,
    pub(in crate::intacct) adjusting_credit: Amount,
}

impl Movement {
    /// What stands on the account at the end.
    pub(in crate::intacct) fn end(&self) -> Amount {
        self.start + self.debit - self.credit + self.adjusting_debit - self.adjusting_credit
    }
}

/// What moved on one (entity, account), debit positive.
type Line = ((u32, u32), Amount);

impl Books {
    /// Movements of every (entity, account) from period `from` to period `to` (positions, both included). An adjusting period that ends
    /// with `to` is included as adjusting if `to` is regular.
    pub(in crate::intacct) fn movements(
        &self,
        from: usize,
        to: usize,
    ) -> BTreeMap<(u32, u32), Movement> {
        let mut result: BTreeMap<(u32, u32), Movement> = BTreeMap::new();
        let Some(first) = self.periods.get(from) else {
            return result;
        };
        let year = first.fiscal_year;
        let retained = self.pool.find(&self.options.retained_earnings_account);
        let last = self.adjusting_after(to).unwrap_or(to).max(to);
        for ((entity, account, period), totals) in &self.totals {
            let period = usize::from(*period);
            if period > last || self.accounts.get(account).is_some_and(|a| a.statistical) {
                continue;
            }
            let net = totals.debit - totals.credit;
            let meta = &self.periods[period];
            if period < from {
                let closes = self.accounts.get(account).is_some_and(|a| a.closes);
                let target = match retained {
                    Some(cell) if closes && meta.fiscal_year != year => cell,
                    _ => *account,
                };
                let place = result.entry((*entity, target)).or_default();
                place.start = place.start + net;
                continue;
            }
            let place = result.entry((*entity, *account)).or_default();
            if meta.adjusting {
                place.adjusting_debit = place.adjusting_debit + totals.debit;
                place.adjusting_credit = place.adjusting_credit + totals.credit;
            } else {
                place.debit = place.debit + totals.debit;
                place.credit = place.credit + totals.credit;
            }
        }
        result
    }

    /// The trial balance of every period as CSV: `period,entity_id,account,currency,balance`.
    ///
    /// Regular periods leave adjusting periods of their own end date out; those stand beside as `<period>+ADJ`. Zero balances and
    /// statistical accounts are not listed. Debit positive.
    pub(in crate::intacct) fn trial_balance_csv(&self) -> String {
        let mut csv = String::from("period,entity_id,account,currency,balance\n");
        let retained = self
            .pool
            .find(&self.options.retained_earnings_account)
            .unwrap_or(0);
        let mut by_period: BTreeMap<usize, Vec<Line>> = BTreeMap::new();
        for ((entity, account, period), totals) in &self.totals {
            if self.accounts.get(account).is_some_and(|a| a.statistical) {
                continue;
            }
            let line = ((*entity, *account), totals.debit - totals.credit);
            by_period
                .entry(usize::from(*period))
                .or_default()
                .push(line);
        }
        let mut running: BTreeMap<(u32, u32), Amount> = BTreeMap::new();
        let mut year = None;
        for (index, period) in self.periods.iter().enumerate() {
            if year.is_some_and(|y| y != period.fiscal_year) {
                self.roll(&mut running, retained);
            }
            year = Some(period.fiscal_year);
            for (key, net) in by_period.get(&index).into_iter().flatten() {
                let place = running.entry(*key).or_default();
                *place = *place + *net;
            }
            let regular = (0..index)
                .rev()
                .find(|i| !self.periods[*i].adjusting && self.periods[*i].end == period.end);
            let label = match regular {
                Some(i) if period.adjusting => format!("{}+ADJ", self.periods[i].name),
                _ => period.name.clone(),
            };
            self.balance_rows(&label, &running, &mut csv);
        }
        csv
    }

    fn roll(&self, running: &mut BTreeMap<(u32, u32), Amount>, retained: u32) {
        let closing: Vec<(u32, u32)> = running
            .keys()
            .filter(|(_, account)| self.accounts.get(account).is_some_and(|a| a.closes))
            .copied()
            .collect();
        for key in closing {
            let result = running.remove(&key).unwrap_or_default();
            let place = running.entry((key.0, retained)).or_default();
            *place = *place + result;
        }
    }

    fn balance_rows(&self, label: &str, running: &BTreeMap<(u32, u32), Amount>, csv: &mut String) {
        let mut rows: Vec<(&str, &str, &str, Amount)> = Vec::new();
        for ((entity, account), balance) in running {
            if balance.is_zero() {
                continue;
            }
            let currency = self.entity_of(*entity).map_or("", |e| e.currency.as_str());
            rows.push((
                self.pool.get(*entity),
                self.pool.get(*account),
                currency,
                *balance,
            ));
        }
        rows.sort();
        for (entity, account, currency, balance) in rows {
            let amount = balance.fixed(currency_decimals(currency).max(balance.decimals()));
            csv.push_str(&format!("{label},{entity},{account},{currency},{amount}\n"));
        }
    }
}
