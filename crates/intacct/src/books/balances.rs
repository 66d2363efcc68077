//! Balances by account, independent of any document: `get_trialbalance`, or GLACCOUNTBALANCE (intacct-xml.md §4.1 Balances).
//!
//! Adjusting books are always included, so that an opening carries the adjustments of earlier periods on; the adjustments of the period
//! itself are shown apart by the gateway and belong to the adjusting snapshot alone. So for a regular snapshot
//! `ending = opening + debits - credits`, and for an adjusting one the regular ending is the opening and the adjustments are the movement.

use std::collections::BTreeMap;

use tieout_connector::{AccountBalance, BalanceKey, Fault, SnapshotAt};
use tieout_model::{AccountingDate, Amount, Code, Currency, EntityId};

use crate::Intacct;
use crate::client::incompatible;
use crate::documents;
use crate::query::Function;
use crate::xml::answer::{Row, Table};
use crate::xml::write::Element;

/// The sums of one account.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    start: Amount,
    regular: Amount,
    adjusting: Amount,
}

/// Names of the columns of one way to read balances.
struct Columns {
    account: &'static str,
    currency: &'static str,
    start: &'static str,
    regular: [&'static str; 2],
    adjusting: [&'static str; 2],
    end: &'static str,
}

const TRIAL_BALANCE: Columns = Columns {
    account: "glaccountno",
    currency: "currency",
    start: "startbalance",
    regular: ["debits", "credits"],
    adjusting: ["adjdebits", "adjcredits"],
    end: "endbalance",
};

const ACCOUNT_BALANCE: Columns = Columns {
    account: "ACCOUNTNO",
    currency: "CURRENCY",
    start: "OPENBAL",
    regular: ["TOTDEBIT", "TOTCREDIT"],
    adjusting: ["TOTADJDEBIT", "TOTADJCREDIT"],
    end: "ENDBAL",
};

/// Balances by `get_trialbalance` with the period's dates; an adjusting period shares its dates with a regular one, so it alone is asked
/// for by the name of its reporting period.
pub(super) async fn trial_balance(
    intacct: &Intacct,
    entity: &EntityId,
    currency: Currency,
    at: &SnapshotAt,
) -> Result<Vec<AccountBalance>, Fault> {
    let reading = &intacct.client.config.balances;
    let mut body = Element::new();
    body.nest("get_trialbalance", |report| {
        if at.period.is_adjusting {
            report.leaf("reportingperiodname", &at.period.name);
        } else {
            report.nest("startdate", |date| legacy_date(date, at.period.start));
            report.nest("enddate", |date| legacy_date(date, at.period.end));
        }
        report
            .leaf("showzerobalances", "false")
            .leaf("showdeptdetail", "false")
            .leaf("showlocdetail", "false")
            .leaf("reportingbook", &reading.reporting_book);
        if !reading.adjusting_books.is_empty() {
            report.nest("adjbooks", |books| {
                for book in &reading.adjusting_books {
                    books.leaf("adjbook", book);
                }
            });
            report.leaf("includereportingbook", "true");
        }
        report
            .leaf("statistical", "exclude")
            .leaf("locationid", entity.as_str());
    });
    let function = Function::read("get_trialbalance", body);
    let table = intacct.client.call(&function).await?.data;
    let mut sums = BTreeMap::new();
    add(
        &mut sums,
        &table,
        &TRIAL_BALANCE,
        currency,
        "get_trialbalance",
    )?;
    Ok(balances(sums, currency, at))
}

/// Balances by `readByQuery` of GLACCOUNTBALANCE for the reporting period of the same name.
pub(super) async fn account_balance(
    intacct: &Intacct,
    entity: &EntityId,
    currency: Currency,
    at: &SnapshotAt,
) -> Result<Vec<AccountBalance>, Fault> {
    let attempted = "readByQuery GLACCOUNTBALANCE";
    let reading = &intacct.client.config.balances;
    let columns = &ACCOUNT_BALANCE;
    let [debit, credit] = columns.regular;
    let [more_debit, more_credit] = columns.adjusting;
    let fields = [
        columns.account,
        columns.currency,
        columns.start,
        debit,
        credit,
        more_debit,
        more_credit,
        columns.end,
    ];
    let mut sums = BTreeMap::new();
    let books = std::iter::once(&reading.reporting_book).chain(&reading.adjusting_books);
    for book in books {
        let conditions = format!(
            "PERIOD = {} AND LOCATIONID = {} AND BOOKID = {}",
            quoted(&at.period.name),
            quoted(entity.as_str()),
            quoted(book)
        );
        let mut body = Element::new();
        body.nest("readByQuery", |read| {
            read.leaf("object", "GLACCOUNTBALANCE")
                .leaf("fields", &fields.join(","))
                .leaf("query", &conditions)
                .leaf("pagesize", "1000");
        });
        let mut function = Function::read(attempted, body);
        loop {
            let table = intacct.client.query_function(&function).await?;
            add(&mut sums, &table, columns, currency, attempted)?;
            if table.remaining == Some(0) || table.len() == 0 {
                break;
            }
            function = more(&table)?;
        }
    }
    Ok(balances(sums, currency, at))
}

/// The call for the rest of a legacy read.
fn more(table: &Table) -> Result<Function, Fault> {
    let attempted = "readMore GLACCOUNTBALANCE";
    if table.result_id.is_empty() {
        let detail = "more rows remain, but the answer names no result to go on with";
        return Err(incompatible(attempted, detail));
    }
    let mut body = Element::new();
    body.nest("readMore", |more| {
        more.leaf("resultId", &table.result_id);
    });
    Ok(Function::read(attempted, body))
}

fn legacy_date(out: &mut Element, date: AccountingDate) {
    out.leaf("year", &date.year().to_string())
        .leaf("month", &format!("{:02}", date.month()))
        .leaf("day", &format!("{:02}", date.day()));
}

/// A text in a `readByQuery` condition (intacct-xml.md §2.2 [D]).
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{escaped}'")
}

/// Adds the rows of a page, checking each row against its own end.
fn add(
    sums: &mut BTreeMap<String, Sums>,
    table: &Table,
    columns: &Columns,
    currency: Currency,
    attempted: &str,
) -> Result<(), Fault> {
    for row in table.rows() {
        let account = row.named(columns.account);
        let wrong = |what: String| incompatible(attempted, format!("account {account:?}: {what}"));
        let named = row.named(columns.currency);
        if !named.is_empty() && named != currency.code() {
            return Err(wrong(format!("it is in {named}, the entity in {currency}")));
        }
        let read = |name: &str| value(row, name, currency).map_err(&wrong);
        let difference = |[debit, credit]: [&str; 2]| {
            let difference = read(debit)?.minus(read(credit)?);
            difference.map_err(|fault| wrong(fault.to_string()))
        };
        let found = Sums {
            start: read(columns.start)?,
            regular: difference(columns.regular)?,
            adjusting: difference(columns.adjusting)?,
        };
        let end = Amount::sum([found.start, found.regular, found.adjusting]);
        let end = end.map_err(|fault| wrong(fault.to_string()))?;
        let stated = read(columns.end)?;
        if end != stated {
            return Err(wrong(format!(
                "start {} with movement {} and adjustments {} is {end}, but the report ends with {stated}",
                found.start, found.regular, found.adjusting
            )));
        }
        let sum = sums.entry(account.to_owned()).or_default();
        *sum = plus(*sum, found).map_err(|fault| wrong(fault.to_string()))?;
    }
    Ok(())
}

fn plus(a: Sums, b: Sums) -> Result<Sums, tieout_model::AmountFault> {
    Ok(Sums {
        start: a.start.plus(b.start)?,
        regular: a.regular.plus(b.regular)?,
        adjusting: a.adjusting.plus(b.adjusting)?,
    })
}

/// An amount of a report; empty reads as zero.
fn value(row: Row<'_>, name: &str, currency: Currency) -> Result<Amount, String> {
    match row.named(name) {
        "" => Ok(Amount::ZERO),
        text => documents::amount(text, currency).map_err(|flaw| format!("{name}: {}", flaw.0)),
    }
}

fn balances(
    sums: BTreeMap<String, Sums>,
    currency: Currency,
    at: &SnapshotAt,
) -> Vec<AccountBalance> {
    let balance = |(account, sums): (String, Sums)| {
        // Both sums were formed before, together with the end, so neither leaves the range.
        let regular_end = sums.start.plus(sums.regular).ok()?;
        let (opening, movement) = if at.period.is_adjusting {
            (regular_end, sums.adjusting)
        } else {
            (sums.start, sums.regular)
        };
        let ending = opening.plus(movement).ok()?;
        let is_zero = opening.is_zero() && movement.is_zero() && ending.is_zero();
        (!is_zero).then(|| AccountBalance {
            key: BalanceKey::Account(Code::new(account)),
            currency,
            opening,
            movement,
            ending,
        })
    };
    sums.into_iter().filter_map(balance).collect()
}
