//! Makes documents of every kind that travels, from chance alone.

use super::ledger::{Books, Entity, Line, SourceDocument, State, decimals};
use super::sched::Rng;

/// Kinds with their weights.
const KINDS: [(&str, i64); 14] = [
    ("ap_bill", 30),
    ("ap_credit", 8),
    ("gl_journal", 22),
    ("gl_statistical", 5),
    ("gl_adjusting", 3),
    ("ar_invoice", 7),
    ("ar_receipt", 4),
    ("ap_payment", 4),
    ("expense_report", 3),
    ("timesheet", 2),
    ("revenue_recognition", 4),
    ("ic_journal", 4),
    ("fx_revaluation", 2),
    ("ar_credit_memo", 2),
];

const EXPENSES: [&str; 6] = ["6000", "6100", "6200", "6300", "6400", "1500"];
const DEPARTMENTS: [&str; 6] = ["", "D000", "D100", "D200", "D300", "D500"];
const ITEMS: [&str; 3] = ["", "IT-SUB", "IT-IMPL"];
const SUPPLIERS: [&str; 5] = ["VE-01", "VE-02", "VE-03", "VE-04", "VE-05"];
/// A supplier that the mapping does not know: its bills are held.
pub(crate) const STRANGER: &str = "VE-09";
/// An account that the mapping does not know.
pub(crate) const UNMAPPED: &str = "7999";

/// Draws documents of one company.
pub(crate) struct Maker {
    pub(crate) rng: Rng,
    pub(crate) entities: Vec<usize>,
    pub(crate) first_day: i64,
    pub(crate) last_day: i64,
    pub(crate) adjusting_day: i64,
    dust: Rng,
    count: u32,
    twin: Option<SourceDocument>,
}

impl Maker {
    pub(crate) fn new(
        (rng, dust): (Rng, Rng),
        entities: Vec<usize>,
        days: (i64, i64),
        adjusting_day: i64,
    ) -> Self {
        Self {
            rng,
            entities,
            first_day: days.0,
            last_day: days.1,
            adjusting_day,
            dust,
            count: 0,
            twin: None,
        }
    }

    /// The next document: its number and what it is. Now and then one with the same content as the one before: two equal bills are real.
    pub(crate) fn next(&mut self, all: &[Entity], around: Option<i64>) -> (String, SourceDocument) {
        self.count += 1;
        if let Some(twin) = self.twin.take().filter(|_| self.rng.chance(600)) {
            let number = format!("{}-{:04}", short(twin.kind), self.count);
            return (number, twin);
        }
        let kind = self.kind();
        let entity = *self.rng.pick(&self.entities.clone());
        let home = all[entity].currency;
        let is_stat = kind == "gl_statistical";
        let can_be_foreign = matches!(kind, "ap_bill" | "ap_credit" | "gl_journal" | "ar_invoice");
        let (currency, rate) = if is_stat {
            ("STAT", "1".to_owned())
        } else if can_be_foreign && self.rng.chance(2_500) {
            self.foreign(home)
        } else {
            (home, "1".to_owned())
        };
        let party = match kind {
            "ap_bill" | "ap_credit" if self.rng.chance(150) => STRANGER,
            "ap_bill" | "ap_credit" | "ap_payment" => *self.rng.pick(&SUPPLIERS),
            "ar_invoice" | "ar_receipt" | "ar_credit_memo" => "CU-01",
            _ => "",
        };
        let is_adjusting = kind == "gl_adjusting";
        let day = if is_adjusting {
            self.adjusting_day
        } else {
            match around {
                Some(day) => (day - self.rng.between(0, 12)).max(self.first_day),
                None => self.rng.between(self.first_day, self.last_day),
            }
        };
        let mut document = SourceDocument {
            kind,
            entity,
            currency,
            rate,
            party,
            states: Vec::new(),
            reverses: None,
            is_reversed: false,
            // Those of the beginning come from a folder that knows no such digits.
            has_dust: around.is_some() && self.dust.chance(300) && is_plain(kind, currency, home),
        };
        let lines = self.lines(&document, all);
        document.states.push(Some(State {
            day,
            is_adjusting,
            lines,
            mapped_on: day,
        }));
        self.twin = Some(document.clone());
        (format!("{}-{:04}", short(kind), self.count), document)
    }

    fn kind(&mut self) -> &'static str {
        let total: i64 = KINDS.iter().map(|(_, weight)| weight).sum();
        let mut at = self.rng.between(0, total - 1);
        for (kind, weight) in KINDS {
            if at < weight {
                return kind;
            }
            at -= weight;
        }
        "gl_journal"
    }

    fn foreign(&mut self, home: &'static str) -> (&'static str, String) {
        let others: Vec<&'static str> = ["USD", "EUR", "JPY", "KWD"]
            .into_iter()
            .filter(|c| *c != home)
            .collect();
        let currency = *self.rng.pick(&others);
        let value = |c: &str| match c {
            "JPY" => 65,
            "EUR" => 10_850,
            "KWD" => 32_500,
            _ => 10_000,
        };
        let rate = i128::from(value(currency)) * 1_000_000 / i128::from(value(home));
        let rate = rate + i128::from(self.rng.between(-1000, 1000)).min(rate / 10);
        (currency, super::ledger::plain(rate, 6))
    }

    /// New lines for a document of its kind.
    pub(crate) fn lines(&mut self, document: &SourceDocument, all: &[Entity]) -> Vec<Line> {
        let scale = match document.currency {
            "JPY" => 100,
            _ => 1,
        };
        if document.is_statistical() {
            let units = i128::from(self.rng.between(1, 900)) * 25;
            let line = self.line(document, "9100", units);
            return vec![line];
        }
        let (control, sign) = match document.kind {
            "ap_bill" => ("2000", 1),
            "ap_credit" => ("2000", -1),
            "ar_invoice" => ("1200", -1),
            "ar_credit_memo" => ("1200", 1),
            "ar_receipt" => ("1200", 1),
            "ap_payment" => ("1010", 1),
            "expense_report" => ("2200", 1),
            "timesheet" => ("2300", 1),
            "revenue_recognition" => ("2400", -1),
            "fx_revaluation" => ("2000", 1),
            "ic_journal" => return self.between_entities(document, all),
            _ => ("2100", 1),
        };
        let is_long = self.rng.chance(300);
        let count = self.rng.between(1, if is_long { 30 } else { 4 });
        let mut lines = Vec::new();
        for at in 0..count {
            let account = match document.kind {
                "ar_invoice" | "ar_credit_memo" | "revenue_recognition" => {
                    *self.rng.pick(&["4000", "4010", "4020"])
                }
                "ar_receipt" => "1010",
                "ap_payment" => "2000",
                "timesheet" => "5100",
                "fx_revaluation" => "7010",
                "gl_journal" if self.rng.chance(100) => UNMAPPED,
                _ => *self.rng.pick(&EXPENSES),
            };
            let mut amount = i128::from(self.rng.between(1, 900_000)) * sign / scale;
            if at > 0 && self.rng.chance(1_500) {
                amount = -amount / 3;
            }
            let amount = if amount == 0 { sign } else { amount };
            lines.push(self.line(document, account, amount));
        }
        balance(document, &mut lines, control, all);
        lines
    }

    fn line(&mut self, document: &SourceDocument, account: &'static str, txn: i128) -> Line {
        let is_result = account.starts_with(['4', '5', '6', '7', '9']);
        Line {
            entity: document.entity,
            account,
            affiliate: None,
            txn,
            base: 0,
            department: if is_result {
                self.rng.pick::<&str>(&DEPARTMENTS)
            } else {
                ""
            },
            item: if account.starts_with('4') {
                self.rng.pick::<&str>(&ITEMS)
            } else {
                ""
            },
            class: if self.rng.chance(1_500) { "CL-RND" } else { "" },
            party: ("", ""),
        }
    }

    fn between_entities(&mut self, document: &SourceDocument, all: &[Entity]) -> Vec<Line> {
        let same: Vec<usize> = self
            .entities
            .iter()
            .copied()
            .filter(|e| *e != document.entity && all[*e].currency == document.currency)
            .collect();
        let amount = i128::from(self.rng.between(100, 900_000));
        let Some(other) = same.first().copied() else {
            let mut lines = vec![self.line(document, "6100", amount)];
            balance(document, &mut lines, "2100", all);
            return lines;
        };
        let mut lines = Vec::new();
        for (entity, affiliate, account, txn) in [
            (document.entity, Some(other), "1700", amount),
            (document.entity, None, "6100", -amount),
            (other, None, "6100", amount),
            (other, Some(document.entity), "2700", -amount),
        ] {
            let mut line = self.line(document, account, txn);
            (line.entity, line.affiliate, line.base) = (entity, affiliate, txn);
            lines.push(line);
        }
        lines
    }
}

/// Fills base amounts and appends the line that balances, with its party.
fn balance(
    document: &SourceDocument,
    lines: &mut Vec<Line>,
    control: &'static str,
    all: &[Entity],
) {
    let (from, to) = (
        decimals(document.currency),
        decimals(all[document.entity].currency),
    );
    for line in lines.iter_mut() {
        line.base = converted(line.txn, &document.rate, from, to);
    }
    let mut line = Line {
        entity: document.entity,
        account: control,
        txn: -lines.iter().map(|l| l.txn).sum::<i128>(),
        base: -lines.iter().map(|l| l.base).sum::<i128>(),
        ..Line::default()
    };
    if !document.party.is_empty() {
        let column = if document.party.starts_with("VE") {
            "vendor"
        } else {
            "customer"
        };
        line.party = (column, document.party);
    }
    lines.push(line);
}

/// Minor units in another currency, rounded half away from zero.
pub(crate) fn converted(units: i128, rate: &str, from: usize, to: usize) -> i128 {
    let (whole, part) = rate.split_once('.').unwrap_or((rate, ""));
    let digits: i128 = format!("{whole}{part}").parse().unwrap();
    let mut numerator = units * digits * 10_i128.pow(to as u32);
    let denominator = 10_i128.pow((part.len() + from) as u32);
    let half = denominator / 2;
    numerator += if numerator < 0 { -half } else { half };
    numerator / denominator
}

/// True for journals in their entity's own currency.
fn is_plain(kind: &str, currency: &str, home: &str) -> bool {
    kind == "gl_journal" && currency == home
}

fn short(kind: &str) -> String {
    kind.chars()
        .filter(|c| c.is_ascii_alphabetic())
        .take(6)
        .collect::<String>()
        .to_uppercase()
}

/// True if people may still change it in the source.
pub(crate) fn may_change(books: &Books, number: &str) -> bool {
    books.get(number).is_some_and(|document| {
        document.latest().is_some() && !document.is_reversed && document.reverses.is_none()
    })
}
