//! `query`: select, filter, order, page (intacct-xml.md §2.1 [D][V]).

use std::collections::BTreeMap;

use super::format::{Answer, csv, json};
use super::{Eyes, Spelling, View, field, literal, object, sort_key};
use crate::intacct::amount::Amount;
use crate::intacct::books::Books;
use crate::intacct::books::schema::TableId;
use crate::intacct::books::table::Kind;
use crate::intacct::fault::Fault;
use crate::intacct::filter::{Filter, Key, Operator, Test};
use crate::intacct::xml::{Element, escape, tag};

/// Largest page and most values of one `in` (§8 [D]).
const MAX_PAGE: usize = 2000;
const MAX_IN: usize = 1000;

/// Bytes of a row, about.
const ROW_LEN: usize = 600;

/// One selected column.
#[derive(Debug, Clone)]
enum Select {
    Field(String),
    Aggregate(&'static str, String),
}

/// A parsed `query`.
#[derive(Debug)]
pub(in crate::intacct) struct Query {
    object: TableId,
    listtype: String,
    selects: Vec<Select>,
    filter: Filter,
    order: Vec<(String, bool)>,
    private: bool,
    format: String,
    pagesize: usize,
    offset: usize,
}

/// Runs a `query` element; answers the result and how many rows it carries.
///
/// # Errors
/// A fault naming the element that is wrong.
pub(in crate::intacct) fn run(
    books: &Books,
    call: &Element,
    view: View,
) -> Result<(Answer, usize), Fault> {
    let query = parse(books, call)?;
    let view = View {
        private: query.private,
        ..view
    };
    let aggregated = query
        .selects
        .iter()
        .any(|s| matches!(s, Select::Aggregate(..)));
    let names: Vec<String> = query
        .selects
        .iter()
        .map(|s| match s {
            Select::Field(name) => name.clone(),
            Select::Aggregate(function, name) => format!("{}.{name}", function.to_uppercase()),
        })
        .collect();
    let is_xml = !["json", "csv"].contains(&query.format.as_str());
    let (rows, total) = if aggregated {
        let rows = groups(books, &query, view)?;
        let total = rows.len();
        let shown = rows.into_iter().skip(query.offset).take(query.pagesize);
        (shown.collect(), total)
    } else {
        let (page, total) = page(books, &query, view);
        if is_xml {
            let data = xml(&query, (page.len(), total), |out| {
                print(books, query.object, &names, &page, out);
            });
            return Ok((Answer::Data(data), page.len()));
        }
        let text = |row: u32| names.iter().map(move |n| books.text(query.object, row, n));
        (page.iter().map(|row| text(*row).collect()).collect(), total)
    };
    let rows: Vec<Vec<String>> = rows;
    let count = rows.len();
    let answer = match query.format.as_str() {
        "json" => Answer::Bare(json(&names, &rows), "application/json"),
        "csv" => Answer::Bare(csv(&names, &rows), "text/csv"),
        _ => Answer::Data(xml(&query, (count, total), |out| {
            let element = &books.table(query.object).name;
            for row in &rows {
                let cells = names.iter().zip(row);
                nested(out, element, |out| {
                    cells.for_each(|(name, text)| tag(out, name, text));
                });
            }
        })),
    };
    Ok((answer, count))
}

/// The rows of a page, straight from the books: a page is a megabyte of text.
fn print(books: &Books, object: TableId, names: &[String], page: &[u32], out: &mut String) {
    let table = books.table(object);
    let columns: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), table.column(name)))
        .collect();
    for row in page {
        nested(out, &table.name, |out| {
            for column in &columns {
                tag(out, column.0, &books.words(object, *row, *column));
            }
        });
    }
}

fn nested(out: &mut String, element: &str, inside: impl FnOnce(&mut String)) {
    out.push('<');
    out.push_str(element);
    out.push('>');
    inside(out);
    out.push_str("</");
    out.push_str(element);
    out.push('>');
}

/// A `data` element of `count` rows out of `total`, which `rows` writes.
fn xml(query: &Query, (count, total): (usize, usize), rows: impl FnOnce(&mut String)) -> String {
    let left = total.saturating_sub(query.offset + count);
    let mut out = String::with_capacity(ROW_LEN * count);
    out.push_str(&format!(
        "<data listtype=\"{}\" totalcount=\"{total}\" offset=\"{}\" count=\"{count}\" numremaining=\"{left}\">",
        escape(&query.listtype),
        query.offset,
    ));
    rows(&mut out);
    out.push_str("</data>");
    out
}

fn parse(books: &Books, call: &Element) -> Result<Query, Fault> {
    let name = call.of("object");
    let id = object(books, name)?;
    let options = call.child("options");
    let option = |name: &str| options.map_or("", |o| o.of(name));
    let folded = option("caseinsensitive") == "true";
    let format = option("returnformat");
    if !["", "xml", "json", "csv"].contains(&format) {
        return Err(Fault::processing(&format!(
            "returnformat {format:?} is none of xml, json, csv."
        )));
    }
    let selects = match call.child("select") {
        Some(select) => selects(books, id, select)?,
        None => return Err(Fault::processing("query needs a select.")),
    };
    let filter = match call.child("filter").map(|f| f.children.as_slice()) {
        None | Some([]) => Filter::all(),
        Some([one]) => filter(books, id, one, folded)?,
        Some(_) => {
            return Err(Fault::processing(
                "filter takes exactly one condition; join several with and/or.",
            ));
        }
    };
    let order = order(books, id, call)?;
    Ok(Query {
        object: id,
        listtype: name.to_owned(),
        selects,
        filter,
        order,
        private: option("showprivate") == "true",
        format: format.to_owned(),
        pagesize: number(call, "pagesize", 100, 1, MAX_PAGE)?,
        offset: number(call, "offset", 0, 0, usize::MAX)?,
    })
}

/// Fields of `orderby` with their direction; ascending if none is given.
fn order(books: &Books, id: TableId, call: &Element) -> Result<Vec<(String, bool)>, Fault> {
    let mut made = Vec::new();
    for item in call.child("orderby").into_iter().flat_map(|o| &o.children) {
        let ways = item.children.iter().filter(|c| c.name != "field").count();
        let known = |c: &Element| matches!(c.name.as_str(), "field" | "ascending" | "descending");
        if item.name != "order" || ways > 1 || !item.children.iter().all(known) {
            return Err(Fault::processing(
                "orderby takes order, each with a field and one of ascending, descending.",
            ));
        }
        let name = item.of("field").to_owned();
        field(books, id, &name)?;
        made.push((name, item.child("descending").is_some()));
    }
    Ok(made)
}

fn number(
    call: &Element,
    name: &str,
    default: usize,
    low: usize,
    high: usize,
) -> Result<usize, Fault> {
    let text = call.of(name);
    if text.is_empty() {
        return Ok(default);
    }
    let fits = text.parse().ok().filter(|n| (low..=high).contains(n));
    fits.ok_or_else(|| {
        Fault::processing(&format!(
            "{name} {text:?} must be a number from {low} to {high}."
        ))
    })
}

fn selects(books: &Books, id: TableId, select: &Element) -> Result<Vec<Select>, Fault> {
    let mut made = Vec::new();
    for item in &select.children {
        let kind = field(books, id, &item.text)?;
        let name = item.text.clone();
        made.push(match item.name.as_str() {
            "field" => Select::Field(name),
            "count" => Select::Aggregate("count", name),
            "min" => Select::Aggregate("min", name),
            "max" => Select::Aggregate("max", name),
            "sum" | "avg" if !matches!(kind, Kind::Decimal | Kind::Integer) => {
                return Err(Fault::processing(&format!(
                    "{} needs a number: {name}.",
                    item.name
                )));
            }
            "sum" => Select::Aggregate("sum", name),
            "avg" => Select::Aggregate("avg", name),
            other => {
                return Err(Fault::processing(&format!(
                    "select does not know {other:?}."
                )));
            }
        });
    }
    if made.is_empty() {
        return Err(Fault::processing("select names no field."));
    }
    Ok(made)
}

fn filter(books: &Books, id: TableId, node: &Element, folded: bool) -> Result<Filter, Fault> {
    if matches!(node.name.as_str(), "and" | "or") {
        if node.children.len() < 2 {
            return Err(Fault::processing(&format!(
                "{} needs at least two conditions.",
                node.name
            )));
        }
        let parts: Result<Vec<Filter>, Fault> = node
            .children
            .iter()
            .map(|c| filter(books, id, c, folded))
            .collect();
        return Ok(if node.name == "and" {
            Filter::And(parts?)
        } else {
            Filter::Or(parts?)
        });
    }
    let (operator, low, high) = match node.name.as_str() {
        "equalto" => (Operator::Equal, 1, 1),
        "notequalto" => (Operator::NotEqual, 1, 1),
        "lessthan" => (Operator::Less, 1, 1),
        "lessthanorequalto" => (Operator::LessOrEqual, 1, 1),
        "greaterthan" => (Operator::Greater, 1, 1),
        "greaterthanorequalto" => (Operator::GreaterOrEqual, 1, 1),
        "between" => (Operator::Between, 2, 2),
        "in" => (Operator::In, 1, MAX_IN),
        "notin" => (Operator::NotIn, 1, MAX_IN),
        "like" => (Operator::Like, 1, 1),
        "notlike" => (Operator::NotLike, 1, 1),
        "isnull" => (Operator::Null, 0, 0),
        "isnotnull" => (Operator::NotNull, 0, 0),
        other => {
            return Err(Fault::processing(&format!(
                "filter does not know {other:?}."
            )));
        }
    };
    let name = node.of("field");
    field(books, id, name)?;
    let values: Vec<&str> = node.all("value").map(|v| v.text.as_str()).collect();
    if values.len() < low || values.len() > high {
        return Err(Fault::processing(&format!(
            "{} on {name} takes {low} to {high} values, not {}.",
            node.name,
            values.len()
        )));
    }
    let keys = keys(books, id, name, operator, &values, Spelling::Label)?;
    Ok(Filter::Test(Test::new(
        books, id, name, operator, keys, folded,
    )))
}

/// Reads the values of one condition; patterns stay text.
///
/// # Errors
/// As [`literal`].
pub(in crate::intacct) fn keys(
    books: &Books,
    id: TableId,
    name: &str,
    operator: Operator,
    values: &[&str],
    spelling: Spelling,
) -> Result<Vec<Key>, Fault> {
    if matches!(operator, Operator::Like | Operator::NotLike) {
        return Ok(values.iter().map(|v| Key::Text((*v).to_owned())).collect());
    }
    values
        .iter()
        .map(|v| literal(books, id, name, v, spelling))
        .collect()
}

fn page(books: &Books, query: &Query, view: View) -> (Vec<u32>, usize) {
    let plain = |o: &[(String, bool)]| matches!(o, [] | [(_, false)] if o.iter().all(|(n, _)| n == "RECORDNO"));
    let lead = match query.order.as_slice() {
        [(name, false), rest @ ..] if name != "RECORDNO" && plain(rest) => Some(name.as_str()),
        _ => None,
    };
    let simple = lead.is_some() || plain(&query.order);
    let found = query.filter.candidates(books, query.object, lead);
    let eyes = Eyes::on(books, query.object, view);
    let (sorted, exact) = (found.sorted, found.exact);
    let passing = found
        .rows
        .filter(|row| eyes.see(*row) && (exact || query.filter.holds(books, query.object, *row)));
    if simple && sorted {
        let (mut kept, mut total) = (Vec::new(), 0);
        for row in passing {
            if total >= query.offset && kept.len() < query.pagesize {
                kept.push(row);
            }
            total += 1;
        }
        return (kept, total);
    }
    let mut found: Vec<(Vec<Option<Key>>, u32)> = passing
        .map(|row| {
            let keys = query
                .order
                .iter()
                .map(|(n, _)| sort_key(books, query.object, row, n));
            (keys.collect(), row)
        })
        .collect();
    found.sort_by(|a, b| {
        for (at, (_, down)) in query.order.iter().enumerate() {
            let way = a.0[at].cmp(&b.0[at]);
            let way = if *down { way.reverse() } else { way };
            if way.is_ne() {
                return way;
            }
        }
        a.1.cmp(&b.1)
    });
    let total = found.len();
    (
        found
            .into_iter()
            .map(|(_, row)| row)
            .skip(query.offset)
            .take(query.pagesize)
            .collect(),
        total,
    )
}

/// Running figures of one aggregate.
#[derive(Debug, Default, Clone)]
struct Tally {
    count: usize,
    sum: Amount,
    low: Option<(Key, String)>,
    high: Option<(Key, String)>,
}

/// The values of the plain fields, the first row that has them, and the figures.
type Group = (Vec<String>, u32, Vec<Tally>);

fn groups(books: &Books, query: &Query, view: View) -> Result<Vec<Vec<String>>, Fault> {
    let plain: Vec<&str> = (query.selects.iter())
        .filter_map(|s| match s {
            Select::Field(name) => Some(name.as_str()),
            Select::Aggregate(..) => None,
        })
        .collect();
    if let Some((name, _)) = query
        .order
        .iter()
        .find(|(n, _)| !plain.contains(&n.as_str()))
    {
        return Err(Fault::processing(&format!(
            "orderby {name}: with aggregates only a selected field can order."
        )));
    }
    let mut groups: BTreeMap<Vec<String>, (u32, Vec<Tally>)> = BTreeMap::new();
    let eyes = Eyes::on(books, query.object, view);
    for row in query.filter.candidates(books, query.object, None).rows {
        if !eyes.see(row) || !query.filter.holds(books, query.object, row) {
            continue;
        }
        let key = plain.iter().map(|n| books.text(query.object, row, n));
        let (_, tallies) = groups.entry(key.collect()).or_insert((row, Vec::new()));
        let names = query.selects.iter().filter_map(|s| match s {
            Select::Aggregate(_, name) => Some(name),
            Select::Field(_) => None,
        });
        for (at, name) in names.enumerate() {
            if tallies.len() <= at {
                tallies.push(Tally::default());
            }
            add(&mut tallies[at], books, query.object, row, name);
        }
    }
    // Figures over everything exist even over nothing.
    if groups.is_empty() && plain.is_empty() {
        return Ok(vec![group_row(query, &[], &[])]);
    }
    let groups = groups.into_iter().map(|(key, (row, t))| (key, row, t));
    Ok(ordered(books, query, groups.collect())
        .iter()
        .map(|(key, _, tallies)| group_row(query, key, tallies))
        .collect())
}

/// Groups in the order the query asks for.
fn ordered(books: &Books, query: &Query, mut groups: Vec<Group>) -> Vec<Group> {
    for (name, down) in query.order.iter().rev() {
        let key = |row: u32| sort_key(books, query.object, row, name);
        groups.sort_by(|a, b| {
            let way = key(a.1).cmp(&key(b.1));
            if *down { way.reverse() } else { way }
        });
    }
    groups
}

fn add(tally: &mut Tally, books: &Books, id: TableId, row: u32, name: &str) {
    let Some(key) = sort_key(books, id, row, name) else {
        return;
    };
    let text = books.text(id, row, name);
    tally.count += 1;
    tally.sum = tally.sum + Amount::parse(&text).unwrap_or_default();
    if tally.low.as_ref().is_none_or(|(low, _)| key < *low) {
        tally.low = Some((key.clone(), text.clone()));
    }
    if tally.high.as_ref().is_none_or(|(high, _)| key > *high) {
        tally.high = Some((key, text));
    }
}

fn group_row(query: &Query, key: &[String], tallies: &[Tally]) -> Vec<String> {
    let (mut plain, mut made) = (key.iter(), tallies.iter());
    query
        .selects
        .iter()
        .map(|select| match select {
            Select::Field(_) => plain.next().cloned().unwrap_or_default(),
            Select::Aggregate(function, _) => {
                let tally = made.next().cloned().unwrap_or_default();
                match *function {
                    "count" => tally.count.to_string(),
                    "sum" | "avg" if tally.count == 0 => String::new(),
                    "sum" => tally.sum.plain(),
                    "avg" => tally.sum.per(tally.count).plain(),
                    "min" => tally.low.map_or(String::new(), |(_, t)| t),
                    _ => tally.high.map_or(String::new(), |(_, t)| t),
                }
            }
        })
        .collect()
}
