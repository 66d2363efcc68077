//! Rows in another format than XML: the bare rows, no envelope, no counts (intacct-xml.md §2.1, §6 trap 25 [D][C]).

use crate::intacct::books::change::quoted;
use crate::intacct::fault::Fault;
use crate::intacct::xml::{self, Element};

/// What a reading function answers.
pub(in crate::intacct) enum Answer {
    /// A `data` element.
    Data(String),
    /// The bare rows in another format, with their content type.
    Bare(String, &'static str),
}

/// An array of objects; every value is a string.
pub(super) fn json(names: &[String], rows: &[Vec<String>]) -> String {
    let array = rows
        .iter()
        .map(|row| {
            let pairs = names.iter().zip(row);
            serde_json::Value::Object(pairs.map(|(n, t)| (n.clone(), t.as_str().into())).collect())
        })
        .collect();
    serde_json::Value::Array(array).to_string()
}

/// A header line and one line per row.
pub(super) fn csv(names: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|c| quoted(c)).collect();
        format!("{}\n", cells.join(","))
    };
    let mut out = line(names);
    for row in rows {
        out.push_str(&line(row));
    }
    out
}

/// The answer of `read`, `readByName` or `readByQuery` in the `returnFormat` of the call. Lines a record owns are left out of the flat
/// formats.
///
/// # Errors
/// A fault for a format that does not exist.
pub(in crate::intacct) fn reformatted(
    (data, count): (String, usize),
    call: &Element,
) -> Result<(Answer, usize), Fault> {
    let format = call.of("returnFormat");
    if format.is_empty() || format == "xml" {
        return Ok((Answer::Data(data), count));
    }
    let wrong = || {
        Fault::processing(&format!(
            "returnFormat {format:?} is none of xml, json, csv."
        ))
    };
    let flat = |row: &Element| -> Vec<(String, String)> {
        let cells = row.children.iter().filter(|c| c.children.is_empty());
        cells.map(|c| (c.name.clone(), c.text.clone())).collect()
    };
    let parsed = xml::parse(data.as_bytes()).map_err(|e| Fault::processing(&e))?;
    let rows: Vec<Vec<(String, String)>> = parsed.children.iter().map(flat).collect();
    let names: Vec<String> = rows
        .first()
        .map(|r| r.iter().map(|(n, _)| n.clone()).collect())
        .unwrap_or_default();
    let cells: Vec<Vec<String>> = rows
        .into_iter()
        .map(|r| r.into_iter().map(|(_, t)| t).collect())
        .collect();
    match format {
        "json" => Ok((
            Answer::Bare(json(&names, &cells), "application/json"),
            count,
        )),
        "csv" => Ok((Answer::Bare(csv(&names, &cells), "text/csv"), count)),
        _ => Err(wrong()),
    }
}
