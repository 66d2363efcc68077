//! Movements per balance and period, and how they roll forward into snapshots.
//!
//! Balance-sheet accounts carry for ever. Income and expense restart each fiscal year; what closed years left stands at retained earnings of
//! the same company and currency. No system posts that move, so it is derived here for both sides alike (domain.md §8.5).

use std::collections::BTreeMap;

use tieout_model::{AccountClass, Amount, Code, Currency};

use crate::reconcile::Unreconcilable;
use crate::reconcile::evidence::{Request, Segments};
use crate::reconcile::timeline::Timeline;
use crate::reconcile::verdict::{LedgerKey, Place};

/// Movement per balance and period index.
#[derive(Debug, Default)]
pub(super) struct Movements {
    cells: BTreeMap<LedgerKey, BTreeMap<usize, Amount>>,
}

/// Balances of one snapshot.
pub(super) type Balances = BTreeMap<LedgerKey, Amount>;

/// What becomes of a balance when the fiscal year ends.
pub(super) enum YearEnd {
    /// It stays.
    Carries,
    /// It moves there.
    MovesTo(LedgerKey),
    /// It disappears from the balances.
    Vanishes,
}

/// Adds, and names the place where a sum leaves the range.
pub(super) fn add(total: &mut Amount, more: Amount, at: &LedgerKey) -> Result<(), Unreconcilable> {
    *total = total.plus(more).map_err(|fault| Unreconcilable::Amount {
        place: at.to_string(),
        fault,
    })?;
    Ok(())
}

impl Movements {
    pub(super) fn add(
        &mut self,
        period: usize,
        key: LedgerKey,
        amount: Amount,
    ) -> Result<(), Unreconcilable> {
        if let Some(cells) = self.cells.get_mut(&key) {
            return add(cells.entry(period).or_default(), amount, &key);
        }
        self.cells.insert(key, BTreeMap::from([(period, amount)]));
        Ok(())
    }

    /// Adds all of `other`.
    pub(super) fn take_in(&mut self, other: &Self) -> Result<(), Unreconcilable> {
        self.merge(other, |amount| amount)
    }

    /// Subtracts all of `other`.
    pub(super) fn take_off(&mut self, other: &Self) -> Result<(), Unreconcilable> {
        self.merge(other, Amount::negated)
    }

    fn merge(&mut self, other: &Self, signed: fn(Amount) -> Amount) -> Result<(), Unreconcilable> {
        for (key, cells) in &other.cells {
            for (&period, &amount) in cells {
                self.add(period, key.clone(), signed(amount))?;
            }
        }
        Ok(())
    }

    /// All balances that ever moved.
    pub(super) fn keys(&self) -> impl Iterator<Item = &LedgerKey> {
        self.cells.keys()
    }

    /// True if every movement is zero.
    pub(super) fn is_zero(&self) -> bool {
        let mut all = self.cells.values().flat_map(BTreeMap::values);
        all.all(|amount| amount.is_zero())
    }

    /// Balances at each reported snapshot, zeros left out.
    pub(super) fn rolled(
        &self,
        timeline: &Timeline<'_>,
        year_end: &dyn Fn(&LedgerKey) -> YearEnd,
    ) -> Result<Vec<Balances>, Unreconcilable> {
        let mut snapshots = vec![Balances::new(); timeline.reported().len()];
        for (key, cells) in &self.cells {
            let end = year_end(key);
            for (&period, &amount) in cells {
                let slots = timeline.reported().iter().zip(&mut snapshots);
                for (&at, balances) in slots.filter(|(at, _)| period <= **at) {
                    let is_closed = timeline.year(period) < timeline.year(at);
                    let to = match &end {
                        YearEnd::Carries => key,
                        YearEnd::MovesTo(_) | YearEnd::Vanishes if !is_closed => key,
                        YearEnd::MovesTo(to) => to,
                        YearEnd::Vanishes => continue,
                    };
                    post(balances, to, amount)?;
                }
            }
        }
        for balances in &mut snapshots {
            balances.retain(|_, amount| !amount.is_zero());
        }
        Ok(snapshots)
    }
}

/// Adds `amount` to the balance of `key`.
pub(super) fn post(
    balances: &mut Balances,
    key: &LedgerKey,
    amount: Amount,
) -> Result<(), Unreconcilable> {
    if let Some(total) = balances.get_mut(key) {
        return add(total, amount, key);
    }
    balances.insert(key.clone(), amount);
    Ok(())
}

/// The year-end rule of both charts.
pub(super) struct YearEnds<'a> {
    request: &'a Request,
}

impl<'a> YearEnds<'a> {
    pub(super) fn new(request: &'a Request) -> Result<Self, Unreconcilable> {
        let chart = &request.target_chart;
        let width = chart.retained_earnings.len();
        if chart.natural_account >= width || chart.balancing >= width {
            return Err(Unreconcilable::RetainedEarningsTooShort { segments: width });
        }
        Ok(Self { request })
    }

    /// Class of the account a key stands at; `None` if the chart does not know it.
    pub(super) fn class(&self, key: &LedgerKey) -> Option<AccountClass> {
        match &key.place {
            Place::Segments(segments) => {
                let account = segments.get(self.request.target_chart.natural_account)?;
                self.request.target_chart.classes.get(account).copied()
            }
            Place::SourceAccount(account) => {
                self.request.source_chart.classes.get(account).copied()
            }
        }
    }

    /// The account of a key that has no class.
    pub(super) fn account<'k>(&self, key: &'k LedgerKey) -> Option<&'k Code> {
        match &key.place {
            Place::Segments(segments) => segments.get(self.request.target_chart.natural_account),
            Place::SourceAccount(account) => Some(account),
        }
    }

    fn restarts(&self, key: &LedgerKey) -> bool {
        matches!(
            self.class(key),
            Some(AccountClass::Revenue | AccountClass::Expense)
        )
    }

    /// In the comparison: everything ends up at the target's retained earnings.
    pub(super) fn compared(&self, key: &LedgerKey) -> YearEnd {
        if !self.restarts(key) {
            return YearEnd::Carries;
        }
        let company = match &key.place {
            Place::Segments(segments) => segments.get(self.request.target_chart.balancing),
            Place::SourceAccount(_) => None,
        };
        let company = company.unwrap_or(&self.request.balancing_segment);
        YearEnd::MovesTo(LedgerKey::at(
            &self.retained_earnings(company),
            key.currency,
        ))
    }

    /// In the source's own balances.
    pub(super) fn source(&self, key: &LedgerKey) -> YearEnd {
        match &self.request.source_chart.retained_earnings {
            _ if !self.restarts(key) => YearEnd::Carries,
            Some(account) => YearEnd::MovesTo(LedgerKey::untranslated(account, key.currency)),
            None => YearEnd::Vanishes,
        }
    }

    fn retained_earnings(&self, company: &Code) -> Segments {
        let chart = &self.request.target_chart;
        let values = chart.retained_earnings.iter().enumerate();
        values
            .map(|(i, value)| if i == chart.balancing { company } else { value })
            .cloned()
            .collect()
    }
}

/// The amount with the decimals of its currency, quantities as they are.
pub(super) fn written(amount: Amount, currency: Currency) -> Amount {
    if currency.is_statistical() {
        return amount;
    }
    amount.at_scale(currency.decimals()).unwrap_or(amount)
}
