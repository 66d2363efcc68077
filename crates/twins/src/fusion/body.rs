//! Reads attributes of a JSON body: texts within their length, dates, exact numbers, flexfields. Every refusal names the attribute.

use serde_json::{Map, Value as Json};

use crate::fusion::amount::{self, AmountError};
use crate::fusion::calendar::{Day, parse_day};
use crate::fusion::fault::Fault;

/// A member that is there and not null.
pub(crate) fn given<'a>(body: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    body.get(name).filter(|v| !v.is_null())
}

/// A text attribute within its length.
pub(crate) fn text<'a>(
    body: &'a Map<String, Json>,
    name: &str,
    limit: usize,
    path: &str,
) -> Result<Option<&'a str>, Fault> {
    let Some(value) = given(body, name) else {
        return Ok(None);
    };
    let value = value
        .as_str()
        .ok_or_else(|| Fault::wrong_type(name, "a string", path))?;
    if value.chars().count() > limit {
        return Err(Fault::too_long(name, limit, path));
    }
    Ok(Some(value).filter(|v| !v.is_empty()))
}

/// A date attribute.
pub(crate) fn date(body: &Map<String, Json>, name: &str, path: &str) -> Result<Option<Day>, Fault> {
    let Some(value) = given(body, name) else {
        return Ok(None);
    };
    let day = value.as_str().and_then(parse_day);
    day.map(Some)
        .ok_or_else(|| Fault::wrong_type(name, "a date YYYY-MM-DD", path))
}

/// The digits of a number attribute; a string of digits counts as a number.
pub(crate) fn number(
    body: &Map<String, Json>,
    name: &str,
    path: &str,
) -> Result<Option<String>, Fault> {
    let Some(value) = given(body, name) else {
        return Ok(None);
    };
    let digits = value
        .as_number()
        .map(ToString::to_string)
        .or_else(|| value.as_str().map(str::to_owned));
    let digits = digits.filter(|d| amount::scan(d).is_ok());
    digits
        .map(Some)
        .ok_or_else(|| Fault::wrong_type(name, "a number", path))
}

/// An amount attribute in minor units.
pub(crate) fn money(
    body: &Map<String, Json>,
    name: &str,
    decimals: u32,
    path: &str,
) -> Result<Option<i64>, Fault> {
    let Some(digits) = number(body, name, path)? else {
        return Ok(None);
    };
    amount::parse(&digits, decimals)
        .map(Some)
        .map_err(|e| match e {
            AmountError::NotNumber => Fault::wrong_type(name, "a number", path),
            AmountError::TooPrecise => Fault::bad(
                format!("The attribute {name} has more decimals than its currency ({decimals})."),
                path,
            ),
            AmountError::TooLarge => {
                Fault::bad(format!("The attribute {name} is too large."), path)
            }
        })
}

/// Refuses attributes that the object does not have.
pub(crate) fn only(
    body: &Map<String, Json>,
    known: impl Fn(&str) -> bool,
    path: &str,
) -> Result<(), Fault> {
    match body.keys().find(|k| !known(k)) {
        Some(name) => Err(Fault::unknown_attribute(name, path)),
        None => Ok(()),
    }
}

/// Members of a flexfield object with the context `INTACCT`; gives the texts of `segments`.
pub(crate) fn flexfield<'a, const N: usize>(
    body: &'a Map<String, Json>,
    accessor: &str,
    context: &str,
    segments: [&str; N],
    limits: [usize; N],
    path: &str,
) -> Result<Option<[&'a str; N]>, Fault> {
    let Some(value) = given(body, accessor) else {
        return Ok(None);
    };
    let rows = value
        .as_array()
        .ok_or_else(|| Fault::wrong_type(accessor, "an array", path))?;
    let path = &format!("{path}/{accessor}/0");
    let row = match rows.as_slice() {
        [] => return Ok(None),
        [row] => row
            .as_object()
            .ok_or_else(|| Fault::wrong_type(accessor, "an array of one object", path))?,
        _ => return Err(Fault::bad(format!("{accessor} takes one row."), path)),
    };
    only(
        row,
        |k| segments.contains(&k) || k == "__FLEX_Context" || k == "__FLEX_Context_DisplayValue",
        path,
    )?;
    if text(row, "__FLEX_Context", 80, path)? != Some(context) {
        return Err(Fault::not_listed("__FLEX_Context", path));
    }
    let mut out = [""; N];
    for (place, (segment, limit)) in out.iter_mut().zip(segments.iter().zip(limits)) {
        *place = text(row, segment, limit, path)?.unwrap_or_default();
    }
    Ok(Some(out))
}
