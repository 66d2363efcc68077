//! What people entered in the source: every document with all its states, in minor units, kept apart from any program's code.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// One line; amounts in minor units, debit positive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pub(crate) entity: usize,
    pub(crate) account: &'static str,
    pub(crate) affiliate: Option<usize>,
    pub(crate) txn: i128,
    pub(crate) base: i128,
    pub(crate) department: &'static str,
    pub(crate) item: &'static str,
    pub(crate) class: &'static str,
    pub(crate) party: (&'static str, &'static str),
}

/// One state of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Days since 1970.
    pub(crate) day: i64,
    pub(crate) is_adjusting: bool,
    pub(crate) lines: Vec<Line>,
    /// The day that decides the mapping, if it is another document's.
    pub(crate) mapped_on: i64,
}

/// One document.
#[derive(Debug, Clone)]
pub(crate) struct SourceDocument {
    pub(crate) kind: &'static str,
    pub(crate) entity: usize,
    pub(crate) currency: &'static str,
    pub(crate) rate: String,
    pub(crate) party: &'static str,
    /// Every state it ever had; `None` once it is deleted.
    pub(crate) states: Vec<Option<State>>,
    pub(crate) reverses: Option<String>,
    pub(crate) is_reversed: bool,
    /// True if somebody typed one digit more than the currency has into its first and last line: no ledger may drop it silently.
    pub(crate) has_dust: bool,
}

impl SourceDocument {
    pub(crate) fn latest(&self) -> Option<&State> {
        self.states.last().and_then(Option::as_ref)
    }

    pub(crate) fn is_statistical(&self) -> bool {
        self.currency == "STAT"
    }

    /// True if it goes out as an invoice or a credit of its own.
    pub(crate) fn is_invoice(&self) -> bool {
        matches!(self.kind, "ap_bill" | "ap_credit")
    }
}

/// All documents by number.
pub(crate) type Books = BTreeMap<String, SourceDocument>;

/// An entity of the company.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entity {
    pub(crate) id: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) ledger: &'static str,
    pub(crate) balancing: &'static str,
}

pub(crate) const ENTITIES: [Entity; 6] = [
    Entity {
        id: "E100",
        currency: "USD",
        ledger: "WMB_US_USD",
        balancing: "100",
    },
    Entity {
        id: "E300",
        currency: "EUR",
        ledger: "WMB_EU_EUR",
        balancing: "300",
    },
    Entity {
        id: "E400",
        currency: "JPY",
        ledger: "WMB_JP_JPY",
        balancing: "400",
    },
    Entity {
        id: "E600",
        currency: "KWD",
        ledger: "WMB_KW_KWD",
        balancing: "600",
    },
    Entity {
        id: "E200",
        currency: "USD",
        ledger: "WMB_US_USD",
        balancing: "200",
    },
    Entity {
        id: "E500",
        currency: "EUR",
        ledger: "WMB_EU_EUR",
        balancing: "500",
    },
];

pub(crate) fn decimals(currency: &str) -> usize {
    match currency {
        "JPY" => 0,
        "KWD" => 3,
        _ => 2,
    }
}

/// Minor units as a decimal.
pub(crate) fn plain(units: i128, decimals: usize) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!(
        "{:0>width$}",
        units.unsigned_abs().to_string(),
        width = decimals + 1
    );
    let (whole, part) = digits.split_at(digits.len() - decimals);
    if decimals == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part}")
    }
}

/// `2027-01-31` of days since 1970.
pub(crate) fn iso(day: i64) -> String {
    let date = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(day);
    date.to_string()
}

/// Days since 1970 of a civil date.
pub(crate) fn day_of(year: i16, month: i8, day: i8) -> i64 {
    let span = jiff::civil::date(year, month, day) - jiff::civil::date(1970, 1, 1);
    i64::from(span.get_days())
}

/// The lines as a person types them.
pub(crate) fn typed_lines(document: &SourceDocument, lines: &[Line]) -> Value {
    let last = lines.len().saturating_sub(1);
    let row = |(at, line): (usize, &Line)| {
        let home = ENTITIES[line.entity];
        let is_stat = document.is_statistical();
        let is_dusty = document.has_dust && (at == 0 || at == last);
        let dusty = |units: i128, decimals: usize| {
            if is_dusty {
                plain(units * 10 + 7, decimals + 1)
            } else {
                plain(units, decimals)
            }
        };
        let (txn, base) = (
            dusty(
                line.txn.abs(),
                if is_stat {
                    2
                } else {
                    decimals(document.currency)
                },
            ),
            dusty(
                line.base.abs(),
                if is_stat { 2 } else { decimals(home.currency) },
            ),
        );
        let side = if line.txn < 0 || (line.txn == 0 && line.base < 0) {
            "credit"
        } else {
            "debit"
        };
        let mut value = json!({
            "entity_id": home.id, "account": line.account, "txn_currency": document.currency,
            "department": line.department, "item": line.item, "class": line.class,
            "affiliate_entity": line.affiliate.map_or("", |a| ENTITIES[a].id), "exchange_rate": document.rate,
        });
        value[format!("txn_{side}")] = json!(txn);
        value[format!("base_{side}")] = json!(base);
        if !line.party.1.is_empty() {
            value[line.party.0] = json!(line.party.1);
        }
        value
    };
    Value::Array(lines.iter().enumerate().map(row).collect())
}

/// A whole document as a person types it.
pub(crate) fn typed(number: &str, document: &SourceDocument, state: &State) -> Value {
    json!({
        "type": document.kind, "document_id": number, "entity_id": ENTITIES[document.entity].id,
        "currency": if document.is_statistical() { "STAT" } else { document.currency },
        "document_date": iso(state.day), "gl_date": iso(state.day),
        "party_id": document.party, "description": format!("{} & <{number}> 'é'", document.kind),
        "lines": typed_lines(document, &state.lines),
    })
}
