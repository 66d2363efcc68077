//! `get_list` and `get`, the oldest reading functions (intacct-xml.md §2.3 [D-xsd]): position and count as attributes, lower-case rows.

use super::keys::by_name;
use super::query::keys;
use super::{Eyes, Spelling, View, all_fields, field, object, print_row, row_of, sort_key};
use crate::intacct::books::Books;
use crate::intacct::books::schema::TableId;
use crate::intacct::fault::Fault;
use crate::intacct::filter::{Filter, Operator, Test};
use crate::intacct::xml::{Element, escape};

/// Runs a `get_list`; answers what stands beside function and controlid, and the row count.
///
/// # Errors
/// A fault naming the attribute or element that is wrong.
pub(in crate::intacct) fn get_list(
    books: &Books,
    call: &Element,
    view: View,
) -> Result<(String, usize), Fault> {
    let name = call.attribute("object").unwrap_or_default();
    let id = object(books, old_name(name))?;
    let attribute = |name: &str, default: usize| match call.attribute(name) {
        None | Some("") => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| {
            Fault::schema(&format!(
                "Error 502: Value {text:?} for attribute {name} of get_list is not a number"
            ))
        }),
    };
    let (start, max) = (attribute("start", 0)?, attribute("maxitems", 100)?);
    let view = View {
        private: call.attribute("showprivate") == Some("true"),
        ..view
    };
    let condition = match call.child("filter").map(|f| f.children.as_slice()) {
        None | Some([]) => Filter::all(),
        Some([one]) => condition(books, id, one)?,
        Some(_) => return Err(Fault::processing("filter takes one expression or logical.")),
    };
    let fields: Vec<String> = match call.child("fields") {
        None => all_fields(books, id),
        Some(list) => list.all("field").map(|f| f.text.to_uppercase()).collect(),
    };
    for name in &fields {
        field(books, id, name)?;
    }
    let eyes = Eyes::on(books, id, view);
    let found = condition.candidates(books, id, None);
    let mut rows: Vec<u32> = found
        .rows
        .filter(|r| eyes.see(*r) && condition.holds(books, id, *r))
        .collect();
    for sort in call
        .child("sorts")
        .into_iter()
        .flat_map(|s| s.all("sortfield"))
    {
        let name = sort.text.to_uppercase();
        field(books, id, &name)?;
        rows.sort_by_cached_key(|r| sort_key(books, id, *r, &name));
        if sort.attribute("order") == Some("desc") {
            rows.reverse();
        }
    }
    let total = rows.len();
    let page: Vec<u32> = rows.into_iter().skip(start).take(max).collect();
    let end = (start + page.len()).saturating_sub(1);
    let name = escape(&name.to_lowercase());
    let mut out = format!(
        "<listtype start=\"{start}\" end=\"{end}\" total=\"{total}\">{name}</listtype><data>"
    );
    for row in &page {
        print_row(books, id, *row, &name, &fields, &mut out);
    }
    out.push_str("</data>");
    Ok((out, page.len()))
}

/// `get`: one record by its number or the id users know it by (§2.3 [D-xsd]).
///
/// # Errors
/// A fault for an unknown object or key.
pub(in crate::intacct) fn get(
    books: &Books,
    call: &Element,
    view: View,
) -> Result<(String, usize), Fault> {
    let name = call.attribute("object").unwrap_or_default();
    let id = object(books, old_name(name))?;
    let key = call.attribute("key").unwrap_or_default();
    let view = View {
        private: true,
        ..view
    };
    let row = by_name(books, id, key).or_else(|| row_of(books, id, key));
    let row = row
        .filter(|r| Eyes::on(books, id, view).see(*r))
        .ok_or_else(|| Fault::business(&format!("{name} with key '{key}' does not exist")))?;
    let fields = all_fields(books, id);
    let name = escape(&name.to_lowercase());
    let mut out = format!("<listtype total=\"1\">{name}</listtype><data>");
    print_row(books, id, row, &name, &fields, &mut out);
    out.push_str("</data>");
    Ok((out, 1))
}

fn old_name(name: &str) -> &str {
    match name {
        "bill" => "APBILL",
        "invoice" => "ARINVOICE",
        "apadjustment" => "APADJUSTMENT",
        "aradjustment" => "ARADJUSTMENT",
        "gltransaction" => "GLBATCH",
        "journal" => "GLJOURNAL",
        "reportingperiod" => "REPORTINGPERIOD",
        "locationentity" => "LOCATIONENTITY",
        other => other,
    }
}

fn condition(books: &Books, id: TableId, node: &Element) -> Result<Filter, Fault> {
    if node.name == "logical" {
        let parts: Result<Vec<Filter>, Fault> = node
            .children
            .iter()
            .map(|c| condition(books, id, c))
            .collect();
        return match node.attribute("logical_operator") {
            Some("and") => Ok(Filter::And(parts?)),
            Some("or") => Ok(Filter::Or(parts?)),
            other => Err(Fault::processing(&format!(
                "logical_operator {other:?} is neither and nor or."
            ))),
        };
    }
    if node.name != "expression" {
        return Err(Fault::processing(&format!(
            "filter does not know {:?}.",
            node.name
        )));
    }
    let operator = match node.of("operator") {
        "=" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "like" => Operator::Like,
        "is null" => Operator::Null,
        other => {
            return Err(Fault::processing(&format!(
                "expression does not know operator {other:?}."
            )));
        }
    };
    let name = node.of("field").to_uppercase();
    field(books, id, &name)?;
    let values: Vec<&str> = if operator == Operator::Null {
        Vec::new()
    } else {
        vec![node.of("value")]
    };
    let keys = keys(books, id, &name, operator, &values, Spelling::Label)?;
    Ok(Filter::Test(Test::new(
        books, id, &name, operator, keys, false,
    )))
}
