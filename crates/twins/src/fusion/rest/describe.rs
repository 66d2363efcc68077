//! Metadata: versions, catalogue and `describe` (fusion.md §1.1).

use serde_json::{Value, json};

use super::Call;
use super::schema::{self, Kind, ROOTS, Type};

/// `GET /fscmRestApi/resources`.
pub(super) fn versions() -> String {
    let framework = json!({"defaultFrameworkVersion": "1", "allowedFrameworkVersions": ["1", "2", "3", "4", "5", "6", "7", "8", "9"]});
    json!({"items": [{"version": "11.13.18.05", "isLatest": true, "adf:extension": framework}]})
        .to_string()
}

/// `GET /fscmRestApi/resources/{version}`.
pub(super) fn catalogue(call: &Call<'_>) -> String {
    let roots = ROOTS
        .iter()
        .filter(|k| **k != Kind::BatchError)
        .map(|k| schema::of(*k).name);
    let names = roots.chain(["ledgerBalances", "erpintegrations"]);
    let link = |name| json!({"rel": "child", "href": format!("{}{}/{name}", call.origin, call.root), "name": name, "kind": "collection"});
    json!({"links": names.map(link).collect::<Vec<Value>>()}).to_string()
}

/// `GET {resource}/describe`.
pub(super) fn resource(call: &Call<'_>, kind: Kind) -> String {
    let schema = schema::of(kind);
    let href = format!("{}{}/{}", call.origin, call.root, schema.name);
    json!({"Resources": {schema.name: shape(kind, &href)}}).to_string()
}

fn shape(kind: Kind, href: &str) -> Value {
    let schema = schema::of(kind);
    let attribute = |(name, kind): &(&str, Type)| {
        let kind = match kind {
            Type::Id | Type::Int => "integer",
            Type::Number => "number",
            Type::Text => "string",
            Type::Date => "date",
            Type::Time => "datetime",
            Type::Flag => "boolean",
        };
        json!({"name": name, "type": kind, "queryable": true})
    };
    let children: serde_json::Map<String, Value> = schema
        .children
        .iter()
        .map(|k| {
            (
                schema::of(*k).name.to_owned(),
                shape(*k, &format!("{href}/{{id}}/child/{}", schema::of(*k).name)),
            )
        })
        .collect();
    json!({
        "title": schema.object,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<Value>>(),
        "collection": {
            "finders": schema.finders.iter().map(|f| json!({"name": f})).collect::<Vec<Value>>(),
            "actions": schema.actions.iter().map(|a| json!({"name": a})).collect::<Vec<Value>>(),
        },
        "children": children,
        "links": [{"rel": "self", "href": href, "name": "self", "kind": "describe"}],
    })
}
