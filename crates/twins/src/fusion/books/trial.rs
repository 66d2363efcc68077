//! The trial balance of every period as CSV, in the columns of `expected/tb_fusion.csv`.
//!
//! For tests and auditors; the vendor has no such call. Statistical quantities are not in it.

use std::collections::BTreeMap;

use super::{Books, retained_text, small};
use crate::fusion::amount;
use crate::fusion::setup::Setup;
use crate::fusion::symbols::Symbols;

/// Per ledger, combination text: turnover per period.
type Movements<'a> = BTreeMap<(usize, String), (bool, &'a [(u16, super::Turnover)])>;

impl Books {
    /// All snapshots, in calendar order: each regular period, and `<period>+ADJ` where an adjusting period ends on the same day.
    pub(crate) fn trial_balance_csv(&self, setup: &Setup, symbols: &Symbols) -> String {
        let mut out = String::from("snapshot,ledger,currency");
        for segment in &setup.chart.segments {
            out.push(',');
            out.push_str(&segment.name);
        }
        out.push_str(",balance\n");
        let movements = self.movements(setup, symbols);
        let first = self.first_period();
        for (at, period) in setup.calendar.periods.iter().enumerate() {
            if first.is_none_or(|f| at < usize::from(f)) {
                continue;
            }
            if period.adjusting {
                let day = |p: &&crate::fusion::setup::periods::Period| {
                    !p.adjusting && p.end == period.end
                };
                if let Some(regular) = setup.calendar.periods.iter().find(day) {
                    self.snapshot(
                        setup,
                        symbols,
                        &movements,
                        at,
                        &format!("{}+ADJ", regular.code),
                        &mut out,
                    );
                }
            } else {
                self.snapshot(setup, symbols, &movements, at, &period.code, &mut out);
            }
        }
        out
    }

    fn first_period(&self) -> Option<u16> {
        self.accounts
            .values()
            .filter_map(|cells| cells.first().map(|(p, _)| *p))
            .min()
    }

    fn movements(&self, setup: &Setup, symbols: &Symbols) -> Movements<'_> {
        let mut movements = Movements::new();
        for (key, cells) in &self.accounts {
            let ledger = usize::from(key.ledger);
            if symbols.text(key.currency) != setup.ledgers[ledger].currency {
                continue;
            }
            let text = setup.chart.at(key.combination).text.to_string();
            let result = setup.chart.class_of(key.combination).is_result();
            movements.insert((ledger, text), (result, cells));
        }
        movements
    }

    fn snapshot(
        &self,
        setup: &Setup,
        symbols: &Symbols,
        movements: &Movements<'_>,
        at: usize,
        name: &str,
        out: &mut String,
    ) {
        let periods = &setup.calendar.periods;
        let year = periods[at].year;
        let mut balances: BTreeMap<(&str, String), (usize, i128)> = BTreeMap::new();
        for ((ledger, text), (result, cells)) in movements {
            let until = cells.iter().take_while(|(p, _)| *p <= small(at));
            let counted = until.filter(|(p, _)| !result || periods[usize::from(*p)].year == year);
            let sum: i128 = counted.map(|(_, t)| t.net()).sum();
            let cell = balances
                .entry((setup.ledgers[*ledger].name.as_str(), text.clone()))
                .or_insert((*ledger, 0));
            cell.1 += sum;
        }
        for key in self.results.keys() {
            let ledger = &setup.ledgers[usize::from(key.0)];
            if symbols.text(key.2) == ledger.currency {
                let rolled = self.rolled(setup, key, year);
                let cell = balances
                    .entry((ledger.name.as_str(), retained_text(setup, &key.1)))
                    .or_insert((usize::from(key.0), 0));
                cell.1 += rolled;
            }
        }
        for ((_, text), (ledger, balance)) in balances {
            if balance == 0 {
                continue;
            }
            let ledger = &setup.ledgers[ledger];
            out.push_str(name);
            for part in [ledger.name.as_str(), ledger.currency.as_str()]
                .into_iter()
                .chain(text.split(setup.chart.delimiter))
            {
                out.push(',');
                out.push_str(part);
            }
            out.push(',');
            amount::push_full(out, balance, ledger.decimals);
            out.push('\n');
        }
    }
}
