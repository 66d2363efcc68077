//! Builds the set-up from a company folder.
//!
//! Rules: `docs/company-setup.md`, part "Oracle Fusion". Nothing of `expected/` or of the source's documents is read, except the newest
//! `created_at`, from which the business clock starts.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use super::chart::{Chart, Class, Value};
use super::periods::{Calendar, Period};
use super::suppliers::{Supplier, Suppliers};
use super::{ACCESS_SET_IDS, AccessSet, Entity, LEDGER_IDS, Ledger, Rate, Setup, Term, Unit, id};
use crate::company::{CompanyError, CompanyFolder, Row};
use crate::fusion::FusionOptions;
use crate::fusion::amount;
use crate::fusion::calendar::{Day, parse_day, parse_time};

/// Reads the set-up of the tenant.
pub(crate) fn load(folder: &CompanyFolder, options: &FusionOptions) -> Result<Setup, CompanyError> {
    let (ledgers, entities, units) = load_entities(folder)?;
    let calendar = Calendar::new(load_periods(folder)?, ledgers.len());
    let crosswalks = load_crosswalks(folder)?;
    let chart = load_chart(folder, &crosswalks, &ledgers)?;
    let (suppliers, terms) = load_suppliers(folder)?;
    let mut access_sets: Vec<AccessSet> = ledgers
        .iter()
        .enumerate()
        .map(|(i, l)| AccessSet {
            id: id(ACCESS_SET_IDS, i),
            name: l.name.clone(),
            ledgers: vec![i],
        })
        .collect();
    access_sets.push(AccessSet {
        id: id(ACCESS_SET_IDS, ledgers.len()),
        name: options.all_ledgers_access_set.clone(),
        ledgers: (0..ledgers.len()).collect(),
    });
    Ok(Setup {
        ledgers,
        entities,
        units,
        access_sets,
        chart,
        calendar,
        suppliers,
        terms,
        rates: load_rates(folder, &options.rate_type)?,
        sources: [
            options.journal_source.as_str(),
            "Payables",
            "Manual",
            "Spreadsheet",
        ]
        .map(str::to_owned)
        .to_vec(),
        categories: [
            "Intacct Journal",
            "Intacct Opening",
            "Intacct Reversal",
            "Intacct Statistical",
            "Purchase Invoices",
            "Adjustment",
        ]
        .map(str::to_owned)
        .to_vec(),
        newest_ms: newest_document(folder)?,
    })
}

fn bad_file(folder: &CompanyFolder, name: &str, what: String) -> CompanyError {
    CompanyError::Bad {
        path: folder.root().join(name),
        line: 0,
        what,
    }
}

fn date(row: &Row<'_>, column: &str) -> Result<Day, CompanyError> {
    let text = row.get(column)?;
    parse_day(text).ok_or_else(|| row.wrong(format!("{column} is no date YYYY-MM-DD: {text:?}")))
}

fn optional_date(row: &Row<'_>, column: &str) -> Result<Option<Day>, CompanyError> {
    match row.find(column) {
        None | Some("") => Ok(None),
        Some(_) => date(row, column).map(Some),
    }
}

fn number(row: &Row<'_>, column: &str) -> Result<i32, CompanyError> {
    let text = row.get(column)?;
    text.parse()
        .map_err(|_| row.wrong(format!("{column} is no whole number: {text:?}")))
}

type Organisation = (Vec<Ledger>, Vec<Entity>, Vec<Unit>);

fn load_entities(folder: &CompanyFolder) -> Result<Organisation, CompanyError> {
    let (mut ledgers, mut entities, mut units): Organisation = Default::default();
    let mut table = folder.table("master/entities.csv")?;
    while let Some(row) = table.next_row()? {
        let (name, currency) = (row.get("fusion_ledger")?, row.get("base_currency")?);
        let company = row.get("fusion_balancing_segment")?.to_owned();
        let decimals = amount::decimals(currency)
            .ok_or_else(|| row.wrong(format!("unknown currency {currency:?}")))?;
        let ledger = match ledgers.iter().position(|l| l.name == name) {
            Some(at) if ledgers[at].currency == currency => at,
            Some(at) => {
                let other = &ledgers[at].currency;
                return Err(row.wrong(format!(
                    "ledger {name} has currency {other} in an earlier row, {currency} here"
                )));
            }
            None => {
                let at = ledgers.len();
                let (name, currency) = (name.to_owned(), currency.to_owned());
                ledgers.push(Ledger {
                    id: id(LEDGER_IDS, at),
                    name,
                    currency,
                    decimals,
                    companies: Vec::new(),
                });
                at
            }
        };
        ledgers[ledger].companies.push(company.clone());
        let at = entities.len();
        entities.push(Entity {
            entity_id: row.get("entity_id")?.to_owned(),
            legal_entity: row.get("fusion_legal_entity")?.to_owned(),
            ledger,
            company,
        });
        let unit = row.get("fusion_business_unit")?;
        if !unit.is_empty() && !units.iter().any(|u| u.name == unit) {
            units.push(Unit {
                name: unit.to_owned(),
                ledger,
                entity: at,
            });
        }
    }
    Ok((ledgers, entities, units))
}

fn load_periods(folder: &CompanyFolder) -> Result<Vec<Period>, CompanyError> {
    let mut periods = Vec::new();
    let mut table = folder.table("master/periods.csv")?;
    while let Some(row) = table.next_row()? {
        let adjusting = match row.get("kind")? {
            "regular" => false,
            "adjusting" => true,
            other => {
                return Err(row.wrong(format!("kind is neither regular nor adjusting: {other:?}")));
            }
        };
        periods.push(Period {
            code: row.get("period")?.to_owned(),
            name: row.get("fusion_period_name")?.to_owned(),
            year: number(&row, "fiscal_year")?,
            number: number(&row, "period_no")?,
            start: date(&row, "start_date")?,
            end: date(&row, "end_date")?,
            adjusting,
        });
    }
    Ok(periods)
}

fn load_crosswalks(folder: &CompanyFolder) -> Result<Vec<Json>, CompanyError> {
    let path = folder.root().join("crosswalk");
    let unreadable = |cause| CompanyError::Unreadable {
        path: path.clone(),
        cause,
    };
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(&path).map_err(unreadable)? {
        let name = entry
            .map_err(unreadable)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        if Path::new(&name).extension().is_some_and(|e| e == "json") {
            names.insert(format!("crosswalk/{name}"));
        }
    }
    let mut found = Vec::new();
    for name in &names {
        let text = folder.text(name)?;
        found.push(serde_json::from_str(&text).map_err(|e| bad_file(folder, name, e.to_string()))?);
    }
    if found.is_empty() {
        return Err(CompanyError::Missing {
            path: path.join("v1.json"),
        });
    }
    Ok(found)
}

fn load_chart(
    folder: &CompanyFolder,
    crosswalks: &[Json],
    ledgers: &[Ledger],
) -> Result<Chart, CompanyError> {
    let first = "crosswalk/v1.json";
    let listed = crosswalks[0]["segments"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let names: Vec<String> = listed
        .iter()
        .filter_map(Json::as_str)
        .map(str::to_owned)
        .collect();
    let place = |name: &str| names.iter().position(|n| n == name);
    let (Some(company), Some(account)) = (place("company"), place("account")) else {
        return Err(bad_file(
            folder,
            first,
            "segments must name at least company and account".into(),
        ));
    };
    let mut chart = Chart::new(
        format!("{} Chart", folder.company_id()),
        &names,
        company,
        account,
    );
    fill_segments(folder, crosswalks, ledgers, &names, &mut chart)?;
    chart.rules = super::validation::load(folder, &names)?;
    let retained = crosswalks[0]["lookups"]["account"]["3100"].as_str();
    let retained = retained.ok_or_else(|| {
        bad_file(
            folder,
            first,
            "lookups.account has no target for 3100 (retained earnings)".into(),
        )
    })?;
    chart.retained = retained.to_owned();
    if chart.value(account, retained).is_none() {
        return Err(bad_file(
            folder,
            "master/accounts_fusion.csv",
            format!("no account {retained} (retained earnings)"),
        ));
    }
    Ok(chart)
}

fn fill_segments(
    folder: &CompanyFolder,
    crosswalks: &[Json],
    ledgers: &[Ledger],
    names: &[String],
    chart: &mut Chart,
) -> Result<(), CompanyError> {
    let (company, account) = (chart.company, chart.account);
    for (at, name) in names.iter().enumerate() {
        match name.as_str() {
            "company" | "intercompany" => {
                for code in ledgers.iter().flat_map(|l| &l.companies) {
                    chart.add_value(at, plain(code));
                }
            }
            "account" => load_values(folder, "master/accounts_fusion.csv", "account", at, chart)?,
            other => {
                let file = format!("master/{other}s_fusion.csv");
                if folder.has(&file) {
                    load_values(folder, &file, other, at, chart)?;
                } else {
                    crosswalk_values(crosswalks, other, at, chart);
                }
            }
        }
        apply_retired(crosswalks, name, at, chart);
        if at != company && at != account {
            chart.add_value(at, plain(zero_of(name)));
        }
    }
    Ok(())
}

/// The value that stands for "none" in a segment.
pub(crate) fn zero_of(segment: &str) -> &'static str {
    if segment == "intercompany" {
        "000"
    } else {
        "0000"
    }
}

fn plain(code: &str) -> Value {
    Value {
        code: code.to_owned(),
        description: code.to_owned(),
        enabled: true,
        from: None,
        to: None,
        class: None,
    }
}

fn load_values(
    folder: &CompanyFolder,
    file: &str,
    column: &str,
    at: usize,
    chart: &mut Chart,
) -> Result<(), CompanyError> {
    let mut table = folder.table(file)?;
    while let Some(row) = table.next_row()? {
        let class = match row.find("class") {
            None => None,
            Some(text) => Some(
                Class::parse(text).ok_or_else(|| row.wrong(format!("unknown class {text:?}")))?,
            ),
        };
        let value = Value {
            code: row.get(column)?.to_owned(),
            description: row.find("name").unwrap_or_default().to_owned(),
            enabled: true,
            from: optional_date(&row, "valid_from")?,
            to: optional_date(&row, "valid_to")?,
            class,
        };
        let code = value.code.clone();
        if !chart.add_value(at, value) {
            return Err(row.wrong(format!("value {code} stands twice")));
        }
    }
    Ok(())
}

fn crosswalk_values(crosswalks: &[Json], segment: &str, at: usize, chart: &mut Chart) {
    let mut codes = BTreeSet::new();
    for crosswalk in crosswalks {
        for rule in crosswalk["rules"].as_array().into_iter().flatten() {
            if rule["segment"].as_str() != Some(segment) {
                continue;
            }
            let value = rule["value"].as_str().unwrap_or_default();
            if let Some(table) = value.strip_prefix("lookup:") {
                let entries = crosswalk["lookups"][table].as_object();
                codes.extend(
                    entries
                        .into_iter()
                        .flatten()
                        .filter_map(|(_, v)| v.as_str()),
                );
            } else if !value.is_empty() && !value.contains('.') {
                codes.insert(value);
            }
        }
    }
    for code in codes {
        chart.add_value(at, plain(code));
    }
}

fn apply_retired(crosswalks: &[Json], segment: &str, at: usize, chart: &mut Chart) {
    let retired = crosswalks
        .iter()
        .filter_map(|c| c["retired"].as_array())
        .flatten();
    for row in retired.filter(|r| r["segment"].as_str() == Some(segment)) {
        let from = row["disabled_from"].as_str().and_then(parse_day);
        let (Some(code), Some(from)) = (row["value"].as_str(), from) else {
            continue;
        };
        if let Some(value) = chart.value_mut(at, code) {
            value.to = value.to.or(Some(from - 1));
        }
    }
}

fn load_suppliers(folder: &CompanyFolder) -> Result<(Suppliers, Vec<Term>), CompanyError> {
    let mut days = BTreeSet::from([0, 30]);
    let mut rows = Vec::new();
    let mut table = folder.table("master/vendors.csv")?;
    while let Some(row) = table.next_row()? {
        let term = number(&row, "terms_days")?;
        days.insert(term);
        let id_text = row.get("fusion_supplier_id")?;
        let id = id_text
            .parse()
            .map_err(|_| row.wrong(format!("fusion_supplier_id is no number: {id_text:?}")))?;
        let tax = row.find("tax_id").unwrap_or_default().to_owned();
        rows.push((
            id,
            row.get("name")?.to_owned(),
            row.get("fusion_supplier_number")?.to_owned(),
            term,
            tax,
        ));
    }
    let days: Vec<i32> = days.into_iter().collect();
    let mut suppliers = Suppliers::default();
    for (id, name, number, term, taxpayer_id) in rows {
        suppliers.add(Supplier {
            id,
            name,
            number,
            term: days.binary_search(&term).unwrap_or(0),
            inactive: None,
            sites: Vec::new(),
            addresses: Vec::new(),
            alias: String::new(),
            taxpayer_id,
            extras: Vec::new(),
            created_ms: 0,
            updated_ms: 0,
        });
    }
    let name = |days: i32| {
        if days == 0 {
            "Immediate".to_owned()
        } else {
            format!("Net {days}")
        }
    };
    Ok((
        suppliers,
        days.into_iter()
            .map(|days| Term {
                name: name(days),
                days,
            })
            .collect(),
    ))
}

fn load_rates(folder: &CompanyFolder, kind: &str) -> Result<Vec<Rate>, CompanyError> {
    let mut rates = Vec::new();
    if !folder.has("inputs/rates.csv") {
        return Ok(rates);
    }
    let mut table = folder.table("inputs/rates.csv")?;
    while let Some(row) = table.next_row()? {
        if row.get("rate_type")? != "spot" {
            continue;
        }
        rates.push(Rate {
            from: row.get("from_currency")?.to_owned(),
            to: row.get("to_currency")?.to_owned(),
            kind: kind.to_owned(),
            date: date(&row, "rate_date")?,
            rate: row.get("rate")?.to_owned(),
        });
    }
    Ok(rates)
}

fn newest_document(folder: &CompanyFolder) -> Result<i64, CompanyError> {
    let name = "inputs/documents.csv";
    if !folder.has(name) {
        return Ok(0);
    }
    let mut newest = String::new();
    let mut table = folder.table(name)?;
    while let Some(row) = table.next_row()? {
        let text = row.get("created_at")?;
        if text > newest.as_str() {
            newest.clear();
            newest.push_str(text);
        }
    }
    if newest.is_empty() {
        return Ok(0);
    }
    parse_time(&newest).ok_or_else(|| {
        bad_file(
            folder,
            name,
            format!("created_at is no instant: {newest:?}"),
        )
    })
}
