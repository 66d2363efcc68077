//! Sums per balance and period while whole populations are read: the one place that sees every line.
//!
//! Balances are numbered, so that a line costs a look-up of an address instead of comparing segment texts. Addresses decide nothing but the
//! number, and numbers reach no output. Sound because the evidence is borrowed: no combination is dropped while it is counted.

use std::collections::BTreeMap;

use tieout_model::{Amount, Code, Currency};

use crate::reconcile::Unreconcilable;
use crate::reconcile::evidence::{SourceLine, TargetLine};
use crate::reconcile::ledger::{Movements, add};
use crate::reconcile::verdict::LedgerKey;

/// Numbers every balance once.
pub(super) struct KeyIndex<'a> {
    currency: Currency,
    /// By address and length of the shared segments, and whether it is a quantity.
    by_address: BTreeMap<(usize, usize, bool), usize>,
    by_account: BTreeMap<(&'a Code, bool), usize>,
    numbers: BTreeMap<LedgerKey, usize>,
    keys: Vec<LedgerKey>,
}

impl<'a> KeyIndex<'a> {
    /// For an entity that keeps its books in `currency`.
    pub(super) fn new(currency: Currency) -> Self {
        Self {
            currency,
            by_address: BTreeMap::new(),
            by_account: BTreeMap::new(),
            numbers: BTreeMap::new(),
            keys: Vec::new(),
        }
    }

    /// The currency a balance is kept in: that of the entity, or STAT.
    pub(super) fn currency(&self, is_quantity: bool) -> Currency {
        if is_quantity {
            Currency::STAT
        } else {
            self.currency
        }
    }

    /// The balance a translated line adds to.
    pub(super) fn key_of(&self, line: &TargetLine) -> LedgerKey {
        let currency = self.currency(line.currency.is_statistical());
        LedgerKey::at(&line.segments, currency)
    }

    /// The balance a source line adds to.
    pub(super) fn key_of_account(&self, line: &SourceLine) -> LedgerKey {
        LedgerKey::untranslated(&line.account, self.currency(line.is_statistical))
    }

    fn number_of(&mut self, line: &'a TargetLine) -> usize {
        let address = line.segments.as_ptr().addr();
        let is_quantity = line.currency.is_statistical();
        let at = (address, line.segments.len(), is_quantity);
        if let Some(number) = self.by_address.get(&at) {
            return *number;
        }
        let number = self.number(self.key_of(line));
        self.by_address.insert(at, number);
        number
    }

    fn number_of_account(&mut self, line: &'a SourceLine) -> usize {
        let at = (&line.account, line.is_statistical);
        if let Some(number) = self.by_account.get(&at) {
            return *number;
        }
        let number = self.number(self.key_of_account(line));
        self.by_account.insert(at, number);
        number
    }

    fn number(&mut self, key: LedgerKey) -> usize {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.keys.len();
        self.keys.push(key.clone());
        self.numbers.insert(key, number);
        number
    }
}

/// Sums by number of balance and period.
#[derive(Default)]
pub(super) struct Tally {
    cells: Vec<BTreeMap<usize, Amount>>,
}

impl Tally {
    /// Adds translated lines.
    pub(super) fn add_lines<'a>(
        &mut self,
        keys: &mut KeyIndex<'a>,
        period: usize,
        lines: &'a [TargetLine],
    ) -> Result<(), Unreconcilable> {
        for line in lines {
            let number = keys.number_of(line);
            self.add(keys, number, period, line.measure())?;
        }
        Ok(())
    }

    /// Adds lines at source accounts.
    pub(super) fn add_accounts<'a>(
        &mut self,
        keys: &mut KeyIndex<'a>,
        period: usize,
        lines: &'a [SourceLine],
    ) -> Result<(), Unreconcilable> {
        for line in lines {
            let number = keys.number_of_account(line);
            self.add(keys, number, period, line.functional)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        keys: &KeyIndex<'_>,
        number: usize,
        period: usize,
        amount: Amount,
    ) -> Result<(), Unreconcilable> {
        if self.cells.len() <= number {
            self.cells
                .resize_with(number.saturating_add(1), BTreeMap::new);
        }
        match (self.cells.get_mut(number), keys.keys.get(number)) {
            (Some(cells), Some(key)) => add(cells.entry(period).or_default(), amount, key),
            _ => Ok(()),
        }
    }

    /// Adds all sums to `movements`.
    pub(super) fn pour(
        self,
        keys: &KeyIndex<'_>,
        movements: &mut Movements,
    ) -> Result<(), Unreconcilable> {
        for (key, cells) in keys.keys.iter().zip(self.cells) {
            for (period, amount) in cells {
                movements.add(period, key.clone(), amount)?;
            }
        }
        Ok(())
    }
}
