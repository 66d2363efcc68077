//! `ledgerBalances`: balances of posted journals as strings (fusion.md §9.7).

use super::query::finder;
use super::text::{push_name, push_string};
use super::{Answer, COLLECTION, Call};
use crate::fusion::FusionTwin;
use crate::fusion::amount::{decimals, full};
use crate::fusion::fault::Fault;
use crate::fusion::symbols::Symbol;

const ATTRIBUTES: [&str; 17] = [
    "LedgerSetName",
    "LedgerName",
    "AccountCombination",
    "DetailAccountCombination",
    "Currency",
    "CurrencyType",
    "Scenario",
    "CurrentAccountingPeriod",
    "PeriodName",
    "AmountType",
    "BeginningBalance",
    "PeriodActivity",
    "EndingBalance",
    "CurrentPeriodBalance",
    "ActualBalance",
    "BudgetBalance",
    "ErrorDetail",
];

/// What a finder asked for.
#[derive(Debug, Default)]
struct Asked {
    ledger: String,
    combination: String,
    period: String,
    currency: String,
    mode: String,
    amount_type: String,
}

/// Amounts of one answer row, in minor units.
#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    opening: i128,
    activity: i128,
}

impl FusionTwin {
    pub(super) fn ledger_balances(&mut self, call: &Call<'_>) -> Result<Answer, Fault> {
        let Some(text) = &call.query.finder else {
            return Err(Fault::bad(
                "The resource ledgerBalances needs a finder.",
                "/",
            ));
        };
        let fields = fields_of(call)?;
        let (name, variables) = finder(text)?;
        match name.as_str() {
            "AccountBalanceFinder" => {}
            "AccountGroupBalanceFinder" => {
                return Err(Fault::bad("No account group is defined.", "/"));
            }
            _ => return Err(Fault::bad(format!("The finder {name} doesn't exist."), "/")),
        }
        let asked = asked(variables)?;
        let rows = match self.balance_rows(&asked) {
            Ok(rows) => rows,
            Err(words) => vec![row_of(&asked, "", Sums::default(), 2, &words)],
        };
        Ok(Answer::ok(COLLECTION, page(self, call, &rows, &fields)))
    }

    /// Rows of attribute values, or the words of a business error.
    fn balance_rows(&mut self, asked: &Asked) -> Result<Vec<Vec<String>>, String> {
        let setup = &self.setup;
        let ledger = setup
            .ledger_named(&asked.ledger)
            .ok_or_else(|| format!("The ledger {} isn't valid.", asked.ledger))?;
        let period = setup
            .calendar
            .by_name(&asked.period)
            .ok_or_else(|| format!("The accounting period {} isn't valid.", asked.period))?;
        let decimals = decimals(&asked.currency)
            .ok_or_else(|| format!("The currency {} isn't valid.", asked.currency))?;
        let parts: Vec<&str> = asked.combination.split(setup.chart.delimiter).collect();
        if parts.len() != setup.chart.segments.len() {
            return Err(format!(
                "The account combination {} isn't valid.",
                asked.combination
            ));
        }
        for (segment, part) in parts.iter().enumerate() {
            if *part != "%" && setup.chart.value(segment, part).is_none() {
                return Err(format!(
                    "The value {part} of the segment {} isn't valid.",
                    setup.chart.segments[segment].name
                ));
            }
        }
        let pattern: Vec<Option<&str>> = parts.iter().map(|p| (*p != "%").then_some(*p)).collect();
        let currency = self.symbols.put(&asked.currency);
        let mut rows = Vec::new();
        let mut sum = Sums::default();
        for combination in self.setup.chart.matching(&pattern) {
            if !self
                .books
                .knows(&self.setup, ledger, combination, currency, period)
            {
                continue;
            }
            let one = self.sums(asked, ledger, combination, currency, period);
            if asked.mode.eq_ignore_ascii_case("Detail") {
                let text = self.setup.chart.at(combination).text.to_string();
                rows.push(row_of(asked, &text, one, decimals, ""));
            }
            sum.opening += one.opening;
            sum.activity += one.activity;
        }
        if !asked.mode.eq_ignore_ascii_case("Detail") {
            rows.push(row_of(asked, "", sum, decimals, ""));
        }
        Ok(rows)
    }

    fn sums(
        &self,
        asked: &Asked,
        ledger: usize,
        combination: u32,
        currency: Symbol,
        period: usize,
    ) -> Sums {
        let activity = self
            .books
            .activity(ledger, combination, currency, period)
            .net();
        let opening = self
            .books
            .opening(&self.setup, ledger, combination, currency, period);
        match asked.amount_type.as_str() {
            "PTD" => Sums {
                opening: 0,
                activity,
            },
            _ => Sums { opening, activity },
        }
    }
}

fn fields_of(call: &Call<'_>) -> Result<Vec<&'static str>, Fault> {
    let Some(fields) = call
        .query
        .fields
        .as_deref()
        .filter(|f| !f.trim().is_empty())
    else {
        return Ok(ATTRIBUTES.to_vec());
    };
    let mut out = Vec::new();
    for name in fields.split(',').map(str::trim) {
        let found = ATTRIBUTES.into_iter().find(|a| *a == name);
        out.push(found.ok_or_else(|| {
            Fault::bad(
                format!("URL request parameter fields with value {name} is not valid."),
                "/",
            )
        })?);
    }
    Ok(out)
}

fn asked(variables: Vec<(String, String)>) -> Result<Asked, Fault> {
    let mut asked = Asked {
        mode: "Summary".into(),
        amount_type: "YTD".into(),
        ..Asked::default()
    };
    for (name, value) in variables {
        match name.as_str() {
            "ledgerName" => asked.ledger = value,
            "accountCombination" => asked.combination = value,
            "accountingPeriod" => asked.period = value,
            "currency" => asked.currency = value,
            "mode" if ["detail", "summary"].contains(&value.to_ascii_lowercase().as_str()) => {
                asked.mode = value
            }
            "amountType" if ["PTD", "YTD"].contains(&value.as_str()) => asked.amount_type = value,
            "currencyType" if ["Total", "Entered"].contains(&value.as_str()) => {}
            "scenario" if value == "Actual" => {}
            "mode" | "amountType" | "currencyType" | "scenario" => {
                return Err(Fault::bad(
                    format!("The value {value} of the finder variable {name} isn't valid."),
                    "/",
                ));
            }
            _ => {
                return Err(Fault::bad(
                    format!("The finder variable {name} doesn't exist."),
                    "/",
                ));
            }
        }
    }
    let needed = [
        ("ledgerName", &asked.ledger),
        ("accountCombination", &asked.combination),
        ("accountingPeriod", &asked.period),
        ("currency", &asked.currency),
    ];
    if let Some((name, _)) = needed.into_iter().find(|(_, value)| value.is_empty()) {
        return Err(Fault::bad(
            format!("The finder variable {name} is required."),
            "/",
        ));
    }
    Ok(asked)
}

/// The values of [`ATTRIBUTES`], in order.
fn row_of(asked: &Asked, detail: &str, sums: Sums, decimals: u32, error: &str) -> Vec<String> {
    let amount = |value: i128| {
        if error.is_empty() {
            full(value, decimals)
        } else {
            String::new()
        }
    };
    let ending = amount(sums.opening + sums.activity);
    vec![
        String::new(),
        asked.ledger.clone(),
        asked.combination.clone(),
        detail.to_owned(),
        asked.currency.clone(),
        "Total".to_owned(),
        "Actual".to_owned(),
        asked.period.clone(),
        asked.period.clone(),
        asked.amount_type.clone(),
        amount(sums.opening),
        amount(sums.activity),
        ending.clone(),
        amount(sums.activity),
        ending,
        String::new(),
        error.to_owned(),
    ]
}

fn page(
    twin: &FusionTwin,
    call: &Call<'_>,
    rows: &[Vec<String>],
    fields: &[&'static str],
) -> String {
    let asked = call
        .query
        .limit
        .unwrap_or(twin.options.default_page)
        .min(twin.options.max_page);
    let limit = if twin.options.page_trap_499 && asked == 500 {
        499
    } else {
        asked
    };
    let offset = call.query.offset;
    let shown: Vec<&Vec<String>> = rows.iter().skip(offset).take(limit).collect();
    let more = !shown.is_empty() && offset + shown.len() < rows.len();
    let mut out = String::from("{\"items\":[");
    for (place, row) in shown.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push('{');
        for name in fields {
            let value = ATTRIBUTES
                .iter()
                .position(|a| a == name)
                .map_or("", |i| row[i].as_str());
            push_name(&mut out, name);
            if value.is_empty() {
                out.push_str("null")
            } else {
                push_string(&mut out, value)
            }
        }
        if !call.query.only_data {
            push_name(&mut out, "links");
            out.push_str("[]");
        }
        out.push('}');
    }
    out.push_str(&format!(
        "],\"count\":{},\"hasMore\":{more},\"limit\":{limit},\"offset\":{offset}",
        shown.len()
    ));
    if call.query.total_results {
        out.push_str(&format!(",\"totalResults\":{}", rows.len()));
    }
    out.push_str(",\"links\":[]}");
    out
}
