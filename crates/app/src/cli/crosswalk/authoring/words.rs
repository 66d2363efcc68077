//! Differences and explanations, for people and as JSON.

use serde_json::json;
use tieout_authoring::{Difference, Explained, ExplainedSegment, Verdict};
use tieout_model::AccountingDate;

use crate::report;

pub(super) fn differences(found: &[Difference]) -> String {
    let header = ["part", "of", "key", "change", "before", "after"];
    let rows = found.iter().map(|row| {
        vec![
            row.part.to_owned(),
            row.of.clone(),
            row.key.clone(),
            row.kind.word().to_owned(),
            row.before.clone(),
            row.after.clone(),
        ]
    });
    report::rows_table(&header, rows)
}

pub(super) fn differences_json(found: &[Difference]) -> String {
    let rows = found.iter().map(|row| {
        json!({
            "part": row.part,
            "of": row.of,
            "key": row.key,
            "change": row.kind.word(),
            "before": row.before,
            "after": row.after,
        })
    });
    format!("{}\n", serde_json::Value::Array(rows.collect()))
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Decides => "decides".to_owned(),
        Verdict::ComesLater => "holds, but a rule before it has decided".to_owned(),
        Verdict::Rivals => "holds too, with the same priority".to_owned(),
        Verdict::Fails { condition, found } if found.is_empty() => {
            format!("not {condition}: it is blank")
        }
        Verdict::Fails { condition, found } => format!("not {condition}: it is {found}"),
    }
}

fn value(segment: &ExplainedSegment) -> String {
    match (&segment.value, &segment.inherited_from) {
        (Ok(value), Some(ancestor)) => format!("{value} (by the row of {ancestor})"),
        (Ok(value), None) => value.clone(),
        (Err(why), _) => format!("HELD: {why}"),
    }
}

pub(super) fn explained(said: &Explained, date: AccountingDate) -> String {
    let Some(version) = &said.version else {
        return format!("HELD: no version covers {date}\n");
    };
    let mut text = format!("version {version}\n");
    let header = ["segment", "rule", "priority", "if", "gives", "verdict"];
    let mut rows = Vec::new();
    for segment in &said.segments {
        rows.push(vec![
            segment.segment.clone(),
            String::new(),
            String::new(),
            String::new(),
            value(segment),
            String::new(),
        ]);
        rows.extend(segment.tried.iter().map(|tried| {
            vec![
                String::new(),
                tried.rule.clone(),
                tried.priority.to_string(),
                tried.conditions.clone(),
                tried.value.clone(),
                verdict(&tried.verdict),
            ]
        }));
    }
    text.push_str(&report::rows_table(&header, rows));
    let rows = said.dimensions.iter();
    let rows = rows.map(|(name, value, place)| vec![name.clone(), value.clone(), place.clone()]);
    text.push_str(&report::rows_table(
        &["dimension", "value", "goes to"],
        rows,
    ));
    text
}

pub(super) fn explained_json(said: &Explained) -> String {
    let segments = said.segments.iter().map(|segment| {
        let tried = segment.tried.iter().map(|tried| {
            json!({
                "rule": tried.rule,
                "priority": tried.priority,
                "conditions": tried.conditions,
                "value": tried.value,
                "verdict": verdict(&tried.verdict),
            })
        });
        json!({
            "segment": segment.segment,
            "value": segment.value.as_ref().ok(),
            "held": segment.value.as_ref().err(),
            "inherited_from": segment.inherited_from,
            "rules": tried.collect::<Vec<_>>(),
        })
    });
    let dimensions = said.dimensions.iter();
    let dimensions = dimensions
        .map(|(name, value, place)| json!({"dimension": name, "value": value, "goes_to": place}));
    let all = json!({
        "version": said.version,
        "segments": segments.collect::<Vec<_>>(),
        "dimensions": dimensions.collect::<Vec<_>>(),
    });
    format!("{all}\n")
}
