//! A version as a text file people can read: the members in the order of the rule book, short lists on one line.

use tieout_engine::crosswalk::Json;

const ORDER: [&str; 28] = [
    "version",
    "effective_from",
    "effective_to",
    "supersedes",
    "prepared_by",
    "reviewed_by",
    "signed_by",
    "signed_at",
    "compensating_control",
    "reason",
    "ticket",
    "segments",
    "rules",
    "lookups",
    "same_as",
    "retired",
    "dff",
    "analytic",
    "dropped",
    "id",
    "priority",
    "segment",
    "when",
    "dimension",
    "level",
    "context",
    "attribute",
    "value",
];

/// The text of a version. Reading it gives the same canonical bytes.
pub fn pretty(json: &Json) -> String {
    let mut out = String::new();
    put(json, 0, &mut out);
    out.push('\n');
    out
}

fn rank(name: &str) -> usize {
    let known = ORDER.iter().position(|known| *known == name);
    known.unwrap_or(ORDER.len())
}

fn is_flat(json: &Json) -> bool {
    match json {
        Json::List(values) => values.iter().all(is_flat),
        Json::Object(_) => false,
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) => true,
    }
}

fn line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', depth));
}

fn put(json: &Json, depth: usize, out: &mut String) {
    let inner = depth.saturating_add(1);
    match json {
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Text(_) => {
            out.push_str(&String::from_utf8_lossy(&json.canonical()));
        }
        Json::List(values) => {
            let flat = is_flat(json);
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.push_str(if flat { ", " } else { "," });
                }
                if !flat {
                    line(inner, out);
                }
                put(value, inner, out);
            }
            if !flat {
                line(depth, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut ordered: Vec<(&String, &Json)> = members.iter().collect();
            ordered.sort_by_key(|(name, _)| (rank(name), *name));
            out.push('{');
            for (i, (name, value)) in ordered.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(inner, out);
                put(&Json::text(name), inner, out);
                out.push_str(": ");
                put(value, inner, out);
            }
            if !ordered.is_empty() {
                line(depth, out);
            }
            out.push('}');
        }
    }
}
