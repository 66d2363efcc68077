//! One difference in full: from the balance to the document, its lines and its mapping, and to the person who must act.

use serde_json::{Value, json};
use tieout_engine::BreakTrace;
use tieout_store::{BreakRow, Store};

use crate::cli::breaks::{Differences, OneArguments, to_json, unreadable};
use crate::cli::document;
use crate::problem::{Failure, Problem};
use crate::report;
use crate::systems::open_store;

/// A difference with what it was traced to.
struct Found {
    row: BreakRow,
    trace: Option<BreakTrace>,
    /// True if a later reconciliation of its snapshot was made.
    is_history: bool,
}

pub(super) async fn show(arguments: OneArguments) -> Result<u8, Failure> {
    let store = open_store(&arguments.config.load()?).await?;
    let found = find(&store, &arguments.difference).await?;
    let values: Vec<Value> = found.iter().map(found_json).collect();
    if arguments.json {
        report::data(&format!("{}\n", one_or_all(values)));
    } else {
        let words: Vec<String> = found.iter().map(found_words).collect();
        report::data(&words.join("\n"));
    }
    Ok(0)
}

pub(super) async fn explain(arguments: OneArguments) -> Result<u8, Failure> {
    let config = arguments.config.load()?;
    let store = open_store(&config).await?;
    let found = find(&store, &arguments.difference).await?;
    let mut values = Vec::new();
    let mut words = Vec::new();
    for one in &found {
        let detail = match document_name(one) {
            Some(name) => store.document(&name).await.map_err(|e| unreadable(&e))?,
            None => None,
        };
        let shown = match &detail {
            Some(detail) => Some(document::shown(&store, &config, detail).await?),
            None => None,
        };
        let document = shown.as_ref().map_or(Value::Null, |s| s.json.clone());
        let mut value = found_json(one);
        if let Some(object) = value.as_object_mut() {
            object.insert("traced_document".into(), document);
            object.insert("next_step".into(), json!(next_step(one)));
        }
        values.push(value);
        let document = shown.map_or_else(|| unknown_document(one), |shown| shown.words);
        words.push(format!(
            "{}\nthe document as it stands here\n{document}\nnext step\n  {}\n",
            found_words(one),
            next_step(one)
        ));
    }
    if arguments.json {
        report::data(&format!("{}\n", one_or_all(values)));
    } else {
        report::data(&words.join("\n"));
    }
    Ok(0)
}

/// A number names one difference; a document may have one in every snapshot.
fn one_or_all(mut values: Vec<Value>) -> Value {
    match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}

async fn find(store: &Store, name: &str) -> Result<Vec<Found>, Failure> {
    let all = Differences::read(store, None).await?;
    let by_document = |row: &&BreakRow| row.record.document == name;
    let number: Option<u64> = name.parse().ok();
    let by_number = |row: &&BreakRow| Some(row.number) == number;
    let mut rows: Vec<(BreakRow, bool)> = Vec::new();
    let known = [(&all.latest, false), (&all.earlier, true)];
    for (list, is_history) in known {
        let found = list.iter().filter(by_number).cloned();
        rows.extend(found.map(|row| (row, is_history)));
    }
    if rows.is_empty() {
        let found = all.latest.iter().filter(by_document).cloned();
        rows.extend(found.map(|row| (row, false)));
    }
    if rows.is_empty() {
        let what = format!(
            "no difference has the number {name:?}, and no document of that number differs"
        );
        let hint = "`tieout break list` shows the differences of the latest reconciliations";
        return Err(Problem::new("P0024", what).hint(hint).into());
    }
    let mut found = Vec::new();
    for (row, is_history) in rows {
        let trace = store.break_trace(row.number).await;
        let trace = trace.map_err(|e| unreadable(&e))?;
        found.push(Found {
            row,
            trace,
            is_history,
        });
    }
    Ok(found)
}

/// Under which name the store finds the document.
fn document_name(found: &Found) -> Option<String> {
    let trace = found.trace.as_ref()?;
    trace.document.clone().or_else(|| trace.stamp.clone())
}

fn unknown_document(found: &Found) -> String {
    let why = match &found.trace {
        None => "it was found before differences were traced; `tieout reconcile` traces it anew",
        Some(trace) if trace.document.is_none() && trace.reference.is_some() => {
            "none: the record is in the target only and bears no mark of ours"
        }
        Some(_) => "none: it was never captured",
    };
    format!("  {why}\n")
}

fn next_step(found: &Found) -> String {
    let remedy = found.trace.as_ref().map(|trace| trace.remedy.clone());
    let remedy = remedy.unwrap_or_else(|| {
        "reconcile the period again: `tieout reconcile` traces every difference".to_owned()
    });
    if found.is_history {
        format!(
            "a later reconciliation of this snapshot was made, see `tieout break list`; then it was: {remedy}"
        )
    } else {
        remedy
    }
}

fn found_json(found: &Found) -> Value {
    let mut value = to_json(&found.row);
    let Some(object) = value.as_object_mut() else {
        return value;
    };
    object.insert("is_latest".into(), json!(!found.is_history));
    let Some(trace) = &found.trace else {
        return value;
    };
    let shares = trace.shares.iter().map(|share| {
        json!({
            "balance": share.balance,
            "source": share.source,
            "target": share.target,
            "difference": share.difference,
        })
    });
    let facts = [
        ("document_id", json!(trace.document)),
        ("kind", json!(trace.kind)),
        ("period", json!(trace.period)),
        ("stamp", json!(trace.stamp)),
        ("target_reference", json!(trace.reference)),
        ("expected", json!(trace.expected)),
        ("found", json!(found.row.record.summary)),
        ("remedy", json!(trace.remedy)),
        (
            "expires_at",
            json!(trace.expires_at.map(|at| at.to_string())),
        ),
        ("differences", shares.collect()),
    ];
    for (name, fact) in facts {
        object.insert(name.into(), fact);
    }
    value
}

fn found_words(found: &Found) -> String {
    let (row, record) = (&found.row, &found.row.record);
    let mut text = format!(
        "difference {}: {} ({})\n  entity    {}\n  snapshot  {}\n  document  {}\n",
        row.number, record.class, record.status, record.entity, record.snapshot, record.document,
    );
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {name:<9} {value}\n"));
        }
    };
    line("found at", &row.at.to_string());
    if let Some(trace) = &found.trace {
        line("kind", trace.kind.as_deref().unwrap_or_default());
        line("period", &trace.period);
        line("stamp", trace.stamp.as_deref().unwrap_or_default());
        line("target", trace.reference.as_deref().unwrap_or_default());
        line("expected", &trace.expected);
    }
    line("found", &record.summary);
    let Some(trace) = &found.trace else {
        return text;
    };
    if let Some(at) = trace.expires_at {
        text.push_str(&format!("  it counts as missing from {at} on\n"));
    }
    if trace.shares.is_empty() {
        text.push_str("  no balance of this snapshot differs because of it\n");
        return text;
    }
    let header = ["balance", "source", "target", "share of this document"];
    let rows = trace.shares.iter().map(|share| {
        let amounts = [&share.source, &share.target, &share.difference];
        std::iter::once(share.balance.clone())
            .chain(amounts.into_iter().map(|amount| report::grouped(amount)))
            .collect()
    });
    text.push_str(&report::rows_table(&header, rows));
    text
}
