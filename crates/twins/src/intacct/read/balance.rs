//! Balances: `get_trialbalance`, `get_accountbalances`, and GLACCOUNTBALANCE (intacct-xml.md §4.1 [D][C]).
//!
//! Balances are debit positive, in the base currency of each entity; what adjusting journals moved stands apart and counts at the end.

use std::collections::BTreeMap;

use super::{View, language};
use crate::intacct::books::Books;
use crate::intacct::books::ledger::Movement;
use crate::intacct::books::schema::GLACCOUNT;
use crate::intacct::fault::Fault;
use crate::intacct::moment;
use crate::intacct::xml::{Element, tag};

/// Positions of the first and last period a call asks for.
fn span(books: &Books, call: &Element) -> Result<(usize, usize), Fault> {
    let name = call.of("reportingperiodname");
    if !name.is_empty() {
        let at = books.period(name).ok_or_else(|| {
            Fault::business(&format!("Invalid reporting period '{name}' specified"))
        })?;
        return Ok((at, at));
    }
    let day = |field: &str| {
        let date = call.child(field);
        date.and_then(|d| {
            if d.children.is_empty() {
                moment::day_from_us(&d.text)
            } else {
                moment::day(
                    d.of("year").parse().ok()?,
                    d.of("month").parse().ok()?,
                    d.of("day").parse().ok()?,
                )
            }
        })
        .ok_or_else(|| Fault::business(&format!("Give reportingperiodname, or {field} as a date")))
    };
    let (from, to) = (day("startdate")?, day("enddate")?);
    let first = books
        .periods
        .iter()
        .position(|p| !p.adjusting && p.start == from);
    let last = books
        .periods
        .iter()
        .rposition(|p| !p.adjusting && p.end == to);
    match (first, last) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(Fault::business(
            "startdate and enddate must be the first and last day of reporting periods",
        )),
    }
}

/// Checks that a call asks for nothing this tenant would leave out of account (§4.1 [D]): other books, departments, dimensions, groups.
fn parameters(call: &Element) -> Result<(), Fault> {
    const KEPT: &str = "reportingperiodname startdate enddate glaccountno startaccountno endaccountno showzerobalances showlocdetail \
        includereportingbook adjbooks locationid";
    for child in &call.children {
        let (name, text) = (child.name.as_str(), child.text.as_str());
        let kept = KEPT.split_whitespace().any(|k| k == name) || name.ends_with("_subs");
        let as_it_is = match name {
            "reportingbook" => text == "ACCRUAL",
            "statistical" => text == "exclude",
            _ => text == "false",
        };
        let empty = text.is_empty() && child.children.is_empty();
        if !(kept || as_it_is || empty) {
            return Err(Fault::business(&format!(
                "{name} {text:?} is not set up in this company"
            )));
        }
    }
    Ok(())
}

/// Entities a call may look at, in order.
fn scope(books: &Books, call: &Element, view: View) -> Result<Vec<u32>, Fault> {
    let asked = call.of("locationid");
    if let Some(entity) = view.entity {
        return Ok(vec![entity]);
    }
    if !asked.is_empty() {
        let entity = books
            .entity(asked)
            .ok_or_else(|| Fault::business(&format!("Invalid Location '{asked}' specified")))?;
        return Ok(vec![entity.cell]);
    }
    let several = books.entities.windows(2).any(|pair| match pair {
        [a, b] => a.currency != b.currency,
        _ => false,
    });
    if several {
        return Err(Fault::business(
            "locationid is required in a company with several base currencies",
        ));
    }
    Ok(books.entities.iter().map(|e| e.cell).collect())
}

/// `get_trialbalance` and `get_accountbalances`; answers the `data` element and the row count.
///
/// # Errors
/// A fault for an unknown period, location or account range.
pub(in crate::intacct) fn trial_balance(
    books: &Books,
    call: &Element,
    view: View,
) -> Result<(String, usize), Fault> {
    parameters(call)?;
    let (from, to) = span(books, call)?;
    let entities = scope(books, call, view)?;
    let by_location = call.of("showlocdetail") == "true";
    let zeros = call.of("showzerobalances") == "true";
    let element = if call.name == "get_trialbalance" {
        "trialbalance"
    } else {
        "accountbalance"
    };
    let mut rows: BTreeMap<(String, String), Movement> = BTreeMap::new();
    for ((entity, account), movement) in books.movements(from, to) {
        let number = books.pool.get(account).to_owned();
        if !entities.contains(&entity) || !wanted(call, &number) {
            continue;
        }
        let location = if by_location {
            books.pool.get(entity).to_owned()
        } else {
            String::new()
        };
        merge(rows.entry((number, location)).or_default(), &movement);
    }
    if zeros {
        for row in books.table(GLACCOUNT).all() {
            let number = books.text(GLACCOUNT, row, "ACCOUNTNO");
            if wanted(call, &number) && !by_location {
                rows.entry((number, String::new())).or_default();
            }
        }
    }
    let currency = entities
        .first()
        .and_then(|e| books.entity_of(*e))
        .map_or("", |e| e.currency.as_str());
    let mut out = format!("<data listtype=\"{element}\">");
    let mut count = 0;
    for ((account, location), m) in &rows {
        let moved = [
            m.start,
            m.debit,
            m.credit,
            m.adjusting_debit,
            m.adjusting_credit,
        ];
        if !zeros && moved.iter().all(|a| a.is_zero()) {
            continue;
        }
        count += 1;
        out.push_str(&format!("<{element}>"));
        print_row(&mut out, account, m, currency);
        if by_location {
            tag(&mut out, "locationid", location);
        }
        out.push_str(&format!("</{element}>"));
    }
    out.push_str("</data>");
    Ok((out, count))
}

fn print_row(out: &mut String, account: &str, m: &Movement, currency: &str) {
    tag(out, "glaccountno", account);
    tag(out, "startbalance", &m.start.plain());
    tag(out, "debits", &m.debit.plain());
    tag(out, "credits", &m.credit.plain());
    tag(out, "adjdebits", &m.adjusting_debit.plain());
    tag(out, "adjcredits", &m.adjusting_credit.plain());
    tag(out, "endbalance", &m.end().plain());
    tag(out, "reportingbook", "ACCRUAL");
    tag(out, "currency", currency);
}

fn merge(into: &mut Movement, other: &Movement) {
    into.start = into.start + other.start;
    into.debit = into.debit + other.debit;
    into.credit = into.credit + other.credit;
    into.adjusting_debit = into.adjusting_debit + other.adjusting_debit;
    into.adjusting_credit = into.adjusting_credit + other.adjusting_credit;
}

fn wanted(call: &Element, account: &str) -> bool {
    let (one, low, high) = (
        call.of("glaccountno"),
        call.of("startaccountno"),
        call.of("endaccountno"),
    );
    (one.is_empty() || one == account)
        && (low.is_empty() || account >= low)
        && (high.is_empty() || account <= high)
}

/// Rows of GLACCOUNTBALANCE, printed: one per account and entity. A condition on PERIOD is required.
///
/// # Errors
/// A fault for a missing or unknown period or a field that does not exist.
pub(in crate::intacct) fn account_balances(
    books: &Books,
    query: &str,
    fields: &str,
    view: View,
) -> Result<Vec<String>, Fault> {
    let condition = language::Made::parse(query)?;
    let period = condition
        .fixed("PERIOD")
        .map(ToOwned::to_owned)
        .ok_or_else(|| Fault::processing("GLACCOUNTBALANCE needs a filter on PERIOD."))?;
    let at = books.period(&period).ok_or_else(|| {
        Fault::business(&format!("Invalid reporting period '{period}' specified"))
    })?;
    let names: Vec<String> = if matches!(fields.trim(), "" | "*") {
        Vec::new()
    } else {
        fields.split(',').map(|f| f.trim().to_uppercase()).collect()
    };
    let asked = condition.fields();
    let mut rows = Vec::new();
    for ((entity, account), m) in books.movements(at, at) {
        if view.entity.is_some_and(|e| e != entity) {
            continue;
        }
        let values = balance_cells(books, &period, (entity, account), &m);
        for name in names.iter().chain(&asked) {
            if !values.iter().any(|(n, _)| n == name) {
                let what =
                    format!("One or more fields were not found for glaccountbalance: [{name}]");
                return Err(Fault::processing(&what));
            }
        }
        let value = |name: &str| {
            let found = values.iter().find(|(n, _)| *n == name);
            found.map(|(_, v)| v.clone()).unwrap_or_default()
        };
        if !condition.holds(&value) {
            continue;
        }
        let mut out = String::from("<glaccountbalance>");
        for (name, text) in values
            .iter()
            .filter(|(n, _)| names.is_empty() || names.iter().any(|x| x == n))
        {
            tag(&mut out, name, text);
        }
        out.push_str("</glaccountbalance>");
        rows.push(out);
    }
    if let Some(limit) = condition.limit {
        rows.truncate(limit);
    }
    Ok(rows)
}

/// The fields of one row of GLACCOUNTBALANCE.
fn balance_cells(
    books: &Books,
    period: &str,
    (entity, account): (u32, u32),
    m: &Movement,
) -> Vec<(&'static str, String)> {
    let (number, location) = (books.pool.get(account), books.pool.get(entity));
    let title = books
        .find(GLACCOUNT, "ACCOUNTNO", number)
        .map(|r| books.text(GLACCOUNT, r, "TITLE"));
    let currency = books.entity_of(entity).map_or("", |e| e.currency.as_str());
    vec![
        ("PERIOD", period.to_owned()),
        ("ACCOUNTNO", number.to_owned()),
        ("ACCOUNTTITLE", title.unwrap_or_default()),
        ("BOOKID", "ACCRUAL".to_owned()),
        ("CURRENCY", currency.to_owned()),
        ("LOCATIONID", location.to_owned()),
        ("DEPARTMENTID", String::new()),
        ("OPENBAL", m.start.plain()),
        ("TOTDEBIT", m.debit.plain()),
        ("TOTCREDIT", m.credit.plain()),
        ("TOTADJDEBIT", m.adjusting_debit.plain()),
        ("TOTADJCREDIT", m.adjusting_credit.plain()),
        ("FORBAL", (m.end() - m.start).plain()),
        ("ENDBAL", m.end().plain()),
    ]
}
