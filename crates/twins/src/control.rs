//! The control port: what people do at the keyboard, faults, the clock, and figures to compare with. No part of either vendor's API.
//!
//! Answers are CSV or JSON; a refusal is `{"error": "…"}` with words that name the member.

mod clock;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::fusion::ImportTrouble;
use crate::limits::Limits;
use crate::rule::{Rule, System};
use crate::world::World;

/// Answers one request to the control port.
pub fn answer(world: &mut World, unix_ms: i64, request: &Request<Bytes>) -> Response<Bytes> {
    let path: Vec<String> = request
        .uri()
        .path()
        .trim_matches('/')
        .split('/')
        .map(percent_decoded)
        .collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let ["control", rest @ ..] = path.as_slice() else {
        return refuse(StatusCode::NOT_FOUND, "no such call");
    };
    // What GET would answer; the server leaves its body away.
    let method = match *request.method() {
        Method::HEAD => &Method::GET,
        ref other => other,
    };
    match (method, rest) {
        (&Method::GET, ["intacct", "trial-balance.csv"]) => csv(world.intacct.trial_balance_csv()),
        (&Method::GET, ["intacct", "documents.csv"]) => csv(world.intacct.documents_csv()),
        (&Method::GET, ["fusion", "trial-balance.csv"]) => csv(world.fusion.trial_balance_csv()),
        (&Method::GET, ["fusion", "documents.csv"]) => csv(world.fusion.documents_csv()),
        (&Method::GET, ["calls.csv"]) => csv(world.calls_csv()),
        (&Method::GET, ["load.csv"]) => csv(world.load.csv()),
        (&Method::GET, ["faults"]) => ok(json!(faults(world))),
        (&Method::DELETE, ["faults"]) => {
            world.rules.set(Vec::new());
            ok(json!({ "rules": 0 }))
        }
        (&Method::DELETE, ["sessions"]) => {
            world.intacct.end_sessions();
            ok(json!({ "sessions": 0 }))
        }
        (&Method::GET, ["clock"]) => ok(clock::read(world, unix_ms)),
        (&Method::POST, calls) => match body(request).and_then(|v| post(world, unix_ms, calls, &v))
        {
            Ok(Some(value)) => ok(value),
            Ok(None) => refuse(StatusCode::NOT_FOUND, "no such call"),
            Err(what) => refuse(StatusCode::BAD_REQUEST, &what),
        },
        _ => refuse(StatusCode::NOT_FOUND, "no such call"),
    }
}

fn post(
    world: &mut World,
    unix_ms: i64,
    call: &[&str],
    value: &Value,
) -> Result<Option<Value>, String> {
    Ok(Some(match call {
        ["documents"] => match system(value)? {
            System::Intacct => world
                .intacct
                .enter_document(unix_ms, &without_system(value))?,
            System::Fusion => {
                world.wake_fusion(unix_ms);
                json!({ "document_id": world.fusion.enter_document(value)? })
            }
        },
        ["documents", id, "edit"] => {
            match system(value)? {
                System::Intacct => {
                    world
                        .intacct
                        .edit_document(unix_ms, id, &without_system(value))?;
                }
                System::Fusion => {
                    world.wake_fusion(unix_ms);
                    world.fusion.edit_document(id, &without_system(value))?;
                }
            }
            json!({ "document_id": id })
        }
        ["documents", id, "delete"] => {
            match system(value)? {
                System::Intacct => world.intacct.delete_document(unix_ms, id)?,
                System::Fusion => {
                    world.wake_fusion(unix_ms);
                    world.fusion.delete_document(id)?;
                }
            }
            json!({ "document_id": id })
        }
        ["documents", id, "duplicate"] => match system(value)? {
            System::Intacct => return Err("system: only fusion's documents can be doubled".into()),
            System::Fusion => {
                world.wake_fusion(unix_ms);
                json!({ "document_id": world.fusion.duplicate_document(id)? })
            }
        },
        ["documents", id, "reverse"] => match system(value)? {
            System::Intacct => world.intacct.reverse_document(unix_ms, id, value)?,
            System::Fusion => {
                world.wake_fusion(unix_ms);
                world.fusion.reverse_document(id, &without_system(value))?;
                json!({ "document_id": id })
            }
        },
        ["faults"] => set_faults(world, value)?,
        ["limits"] => set_limits(world, value)?,
        ["imports"] => set_imports(world, unix_ms, value)?,
        ["clock"] => clock::set(world, unix_ms, value)?,
        ["periods"] => set_periods(world, value)?,
        ["validation-rules"] => set_validation_rules(world, value)?,
        _ => return Ok(None),
    }))
}

/// The system a call is about; Intacct unless it says otherwise.
fn system(value: &Value) -> Result<System, String> {
    match value.get("system") {
        None | Some(Value::Null) => Ok(System::Intacct),
        Some(name) => name
            .as_str()
            .and_then(System::parse)
            .ok_or_else(|| format!("system: {name} is neither intacct nor fusion")),
    }
}

fn without_system(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.remove("system");
    }
    value
}

fn set_faults(world: &mut World, value: &Value) -> Result<Value, String> {
    let list = match value {
        Value::Array(list) => list.clone(),
        Value::Object(members) => match members.get("rules") {
            Some(Value::Array(list)) => list.clone(),
            Some(_) => return Err("rules: write a list".to_owned()),
            None => vec![value.clone()],
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err("write a list of rules".to_owned());
        }
    };
    let mut rules = Vec::new();
    for (at, rule) in list.iter().enumerate() {
        rules.push(Rule::from_json(rule).map_err(|e| format!("rule {}: {e}", at + 1))?);
    }
    let count = rules.len();
    world.rules.set(rules);
    Ok(json!({ "rules": count }))
}

/// `{"trouble":…,"times"?}`: what befalls the next imports of the target; `{"import":"ALL"}`: a person imports every row that waits.
fn set_imports(world: &mut World, unix_ms: i64, value: &Value) -> Result<Value, String> {
    world.wake_fusion(unix_ms);
    if value.get("import").and_then(Value::as_str) == Some("ALL") {
        world.fusion.import_everything();
    } else {
        let name = value.get("trouble").and_then(Value::as_str);
        let trouble = ImportTrouble::parse(name.ok_or("trouble: missing")?)
            .map_err(|e| format!("trouble: {e}"))?;
        let times = match value.get("times") {
            None => 1,
            Some(times) => times
                .as_u64()
                .filter(|times| (1..=1_000).contains(times))
                .and_then(|times| usize::try_from(times).ok())
                .ok_or("times: write 1 to 1000")?,
        };
        world.fusion.trouble_imports(trouble, times);
    }
    Ok(json!({ "rows": world.fusion.interface_rows() }))
}

/// `{"system":…,"in_flight_max"?,"calls_max"?,"window_ms"?}`: what is left out has no limit; the window is a minute.
fn set_limits(world: &mut World, value: &Value) -> Result<Value, String> {
    let members = value.as_object().ok_or("write one object")?;
    let known = ["system", "in_flight_max", "calls_max", "window_ms"];
    if let Some(other) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "{other}: no such member; write {}",
            known.join(", ")
        ));
    }
    let number = |name: &str| match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(given) => given
            .as_u64()
            .filter(|number| *number > 0)
            .map(Some)
            .ok_or_else(|| format!("{name}: write a whole number from 1")),
    };
    let mut limits = Limits {
        in_flight_max: number("in_flight_max")?,
        calls_max: number("calls_max")?,
        ..Limits::default()
    };
    if let Some(window_ms) = number("window_ms")? {
        limits.window_ms = i64::try_from(window_ms).unwrap_or(i64::MAX);
    }
    if !members.contains_key("system") {
        return Err("system: missing, write intacct or fusion".to_owned());
    }
    let system = system(value)?;
    world.load.limit(system, limits)?;
    Ok(json!({ "system": system.name() }))
}

fn faults(world: &World) -> Vec<Value> {
    world
        .rules
        .list()
        .map(|(rule, seen, fired)| {
            json!({
                "system": rule.system.map(System::name),
                "operation": rule.operation,
                "fault": format!("{:?}", rule.fault),
                "seen": seen,
                "fired": fired,
            })
        })
        .collect()
}

/// `{"period":…,"status":"open"|"closed","system"?,"entity"?,"ledger"?,"application"?}`: for one system, or for both if neither a system
/// nor an entity or ledger is named.
fn set_periods(world: &mut World, value: &Value) -> Result<Value, String> {
    let known = [
        "system",
        "period",
        "status",
        "entity",
        "ledger",
        "application",
    ];
    only(value, &known)?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let period = text("period").ok_or("period: missing")?;
    let status = text("status").ok_or("status: missing, write open or closed")?;
    let (entity, ledger, application) = (text("entity"), text("ledger"), text("application"));
    let named = match value.get("system") {
        Some(_) => Some(system(value)?),
        None if entity.is_some() => Some(System::Intacct),
        None if ledger.is_some() => Some(System::Fusion),
        None => None,
    };
    if named != Some(System::Fusion) {
        world
            .intacct
            .set_period(entity, application, period, status)?;
    }
    if named != Some(System::Intacct) {
        world
            .fusion
            .set_period(ledger, application, period, status)?;
    }
    Ok(json!({ "period": period, "status": status }))
}

/// `{"rows":[…]}`: cross-validation rules as rows of the interface table, each rule instead of the one of the same code; `{"delete":CODE}`.
fn set_validation_rules(world: &mut World, value: &Value) -> Result<Value, String> {
    only(value, &["rows", "delete"])?;
    let rules = match (value.get("rows"), value.get("delete")) {
        (Some(Value::Array(rows)), None) => world.fusion.insert_validation_rules(rows)?,
        (None, Some(Value::String(code))) => world.fusion.delete_validation_rule(code)?,
        _ => return Err("write rows, a list, or delete, the code of a rule".to_owned()),
    };
    Ok(json!({ "rules": rules }))
}

/// Checks that a call has no member but these.
fn only(value: &Value, known: &[&str]) -> Result<(), String> {
    let members = value.as_object().ok_or("write one JSON object")?;
    match members.keys().find(|k| !known.contains(&k.as_str())) {
        None => Ok(()),
        Some(odd) => Err(format!("{odd}: not a member of this call")),
    }
}

fn body(request: &Request<Bytes>) -> Result<Value, String> {
    if request.body().is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(request.body()).map_err(|e| format!("the body is not JSON: {e}"))
}

fn csv(text: String) -> Response<Bytes> {
    typed(StatusCode::OK, "text/csv; charset=utf-8", text)
}

fn ok(value: Value) -> Response<Bytes> {
    typed(
        StatusCode::OK,
        "application/json",
        format!("{}\n", inline(&value)),
    )
}

fn inline(value: &Value) -> String {
    value.to_string()
}

fn refuse(status: StatusCode, what: &str) -> Response<Bytes> {
    typed(
        status,
        "application/json",
        format!("{}\n", json!({ "error": what })),
    )
}

fn typed(status: StatusCode, kind: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(kind),
    );
    response
}

/// A path segment with its `%XX` read; broken escapes stay as they are.
fn percent_decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = segment
            .get(at + 1..at + 3)
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
