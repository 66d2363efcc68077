//! `GET` and `POST /control/clock`: the business clocks of both twins.

use serde_json::{Value, json};

use crate::rule::System;
use crate::world::World;

/// Both clocks, as ISO instants.
pub(super) fn read(world: &mut World, unix_ms: i64) -> Value {
    world.wake_fusion(unix_ms);
    json!({
        "intacct": instant(world.intacct.now(unix_ms)),
        "fusion": instant(world.fusion.business_ms()),
    })
}

/// `{"advance_ms":n}`, `{"advance_seconds":n}`, `{"advance_days":n}` or `{"set":"2027-01-07"}` (or an instant), for both twins or the one
/// named in `system`. A clock never goes back.
pub(super) fn set(world: &mut World, unix_ms: i64, value: &Value) -> Result<Value, String> {
    let known = [
        "system",
        "advance_ms",
        "advance_seconds",
        "advance_days",
        "set",
        "date",
    ];
    super::only(value, &known)?;
    world.wake_fusion(unix_ms);
    let named = match value.get("system") {
        Some(_) => Some(super::system(value)?),
        None => None,
    };
    for system in [System::Intacct, System::Fusion] {
        if named.is_some_and(|n| n != system) {
            continue;
        }
        let now = match system {
            System::Intacct => world.intacct.now(unix_ms),
            System::Fusion => world.fusion.business_ms(),
        };
        let by = step(value, now)?;
        match system {
            System::Intacct => world.intacct.advance_clock(unix_ms, by),
            System::Fusion => world.fusion.advance_clock(by),
        }
    }
    Ok(read(world, unix_ms))
}

fn step(value: &Value, now: i64) -> Result<i64, String> {
    for (name, unit) in [
        ("advance_ms", 1),
        ("advance_seconds", 1000),
        ("advance_days", 86_400_000),
    ] {
        if let Some(n) = value.get(name) {
            let by = n
                .as_i64()
                .filter(|n| *n >= 0)
                .and_then(|n| n.checked_mul(unit));
            return by.ok_or_else(|| format!("{name}: write a whole number from 0"));
        }
    }
    let text = value
        .get("set")
        .or_else(|| value.get("date"))
        .and_then(Value::as_str)
        .ok_or("give advance_ms, advance_seconds, advance_days or set")?;
    let full = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    let target: jiff::Timestamp = full
        .parse()
        .map_err(|_| format!("set: {text:?} is neither a date nor an instant"))?;
    let by = target.as_millisecond() - now;
    if by < 0 {
        return Err(format!(
            "set: {text} lies before the clock, {}",
            instant(now)
        ));
    }
    Ok(by)
}

fn instant(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .map_or_else(|_| unix_ms.to_string(), |stamp| stamp.to_string())
}
