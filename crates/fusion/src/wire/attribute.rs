//! Attributes of a JSON row: ids and numbers come as number or string (fusion.md §1.2 [S]), amounts stay exact.

use serde_json::{Number, Value};
use tieout_model::{AccountingDate, Amount, ExchangeRate};

/// An attribute that can't be read; names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("attribute {attribute} is {found}, expected {expected}")]
pub(crate) struct Unreadable {
    attribute: String,
    found: String,
    expected: &'static str,
}

impl Unreadable {
    pub(crate) fn new(attribute: &str, found: impl ToString, expected: &'static str) -> Self {
        Self {
            attribute: attribute.to_owned(),
            found: found.to_string(),
            expected,
        }
    }
}

/// The text of an attribute: strings as they are, numbers and flags as written, empty for null or absent.
pub(crate) fn text(row: &Value, attribute: &str) -> String {
    match row.get(attribute) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}

/// True for `true`, `"true"`, `"Y"` and `"Yes"` in any case.
pub(crate) fn flag(row: &Value, attribute: &str) -> bool {
    ["true", "y", "yes"].contains(&text(row, attribute).to_ascii_lowercase().as_str())
}

/// An exact amount; `None` for null, absent or blank.
///
/// # Errors
/// [`Unreadable`] if it is no decimal.
pub(crate) fn amount(row: &Value, attribute: &str) -> Result<Option<Amount>, Unreadable> {
    let written = text(row, attribute);
    let trimmed = written.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    decimal(trimmed)
        .map(Some)
        .ok_or_else(|| Unreadable::new(attribute, &written, "a decimal number"))
}

/// A rate, character for character; `None` for null, absent or blank.
///
/// # Errors
/// [`Unreadable`] if it is no positive decimal.
pub(crate) fn rate(row: &Value, attribute: &str) -> Result<Option<ExchangeRate>, Unreadable> {
    let Some(value) = amount(row, attribute)? else {
        return Ok(None);
    };
    let written = text(row, attribute);
    let parsed = written
        .trim()
        .parse()
        .or_else(|_| value.to_string().parse());
    parsed
        .map(Some)
        .map_err(|_| Unreadable::new(attribute, &written, "a rate above zero"))
}

/// A civil date; a time of day after it is ignored, since accounting dates have none. `None` for null, absent or blank.
///
/// # Errors
/// [`Unreadable`] if it is no date.
pub(crate) fn date(row: &Value, attribute: &str) -> Result<Option<AccountingDate>, Unreadable> {
    let written = text(row, attribute);
    if written.is_empty() {
        return Ok(None);
    }
    written
        .get(..10)
        .and_then(|day| day.parse().ok())
        .map(Some)
        .ok_or_else(|| Unreadable::new(attribute, &written, "a date YYYY-MM-DD"))
}

/// A required value.
///
/// # Errors
/// [`Unreadable`] if it is absent.
pub(crate) fn required<T>(attribute: &str, value: Option<T>) -> Result<T, Unreadable> {
    value.ok_or_else(|| Unreadable::new(attribute, "absent", "a value"))
}

/// A JSON number with exactly the characters of `amount`.
pub(crate) fn number_of(amount: Amount) -> Number {
    Number::from_string_unchecked(amount.to_string())
}

/// A JSON number with exactly the characters of `rate`, as long as JSON allows them (it does not allow `.5` or `+1`).
pub(crate) fn number_of_rate(rate: &ExchangeRate) -> Number {
    let as_given = serde_json::from_str::<Number>(rate.text()).is_ok();
    let written = if as_given {
        rate.text().to_owned()
    } else {
        rate.value().to_string()
    };
    Number::from_string_unchecked(written)
}

/// An exact decimal, exponents allowed since JSON allows them.
pub(crate) fn decimal(text: &str) -> Option<Amount> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return text.parse().ok();
    };
    let mantissa: Amount = mantissa.parse().ok()?;
    let exponent: i32 = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse()
        .ok()?;
    let scale = i32::from(mantissa.scale()).checked_sub(exponent)?;
    if let Ok(scale) = u8::try_from(scale) {
        return (scale <= 28).then(|| Amount::from_units(mantissa.units(), scale));
    }
    let factor = 10_i128.checked_pow(u32::try_from(scale.checked_neg()?).ok()?)?;
    Some(Amount::from_units(mantissa.units().checked_mul(factor)?, 0))
}

/// `text` cut to at most `len_max` characters.
pub(crate) fn shortened(text: &str, len_max: usize) -> String {
    text.chars().take(len_max).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tieout_model::ExchangeRate;

    use super::{amount, date, decimal, number_of, number_of_rate, text};

    fn row(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn amounts_keep_every_digit_whether_number_or_string() {
        let row = row(r#"{"a":12345678901234567890.12,"b":"-0.10","c":null,"d":"","e":1.5E3}"#);
        let read = |name| amount(&row, name).unwrap().map(|a| a.to_string());
        assert_eq!(read("a").unwrap(), "12345678901234567890.12");
        assert_eq!(read("b").unwrap(), "-0.10");
        assert_eq!((read("c"), read("d"), read("x")), (None, None, None));
        assert_eq!(read("e").unwrap(), "1500");
    }

    #[test]
    fn an_amount_that_is_no_decimal_is_named() {
        let found = amount(&row(r#"{"a":"1,000.00"}"#), "a").unwrap_err();
        assert!(found.to_string().contains("attribute a is 1,000.00"));
    }

    #[test]
    fn ids_are_read_as_number_or_string() {
        let row = row(r#"{"n":300000046975980,"s":"300000046975980"}"#);
        assert_eq!(text(&row, "n"), text(&row, "s"));
    }

    #[test]
    fn numbers_go_out_with_their_own_characters() {
        assert_eq!(number_of("120.00".parse().unwrap()).to_string(), "120.00");
        let rate: ExchangeRate = "0.9196670805".parse().unwrap();
        assert_eq!(number_of_rate(&rate).to_string(), "0.9196670805");
        let bare: ExchangeRate = ".5".parse().unwrap();
        assert_eq!(number_of_rate(&bare).to_string(), "0.5");
    }

    #[test]
    fn dates_ignore_a_time_of_day_and_exponents_are_exact() {
        let row = row(r#"{"d":"2026-12-31T00:00:00+00:00"}"#);
        assert_eq!(date(&row, "d").unwrap().unwrap().to_string(), "2026-12-31");
        assert_eq!(decimal("12E-3").unwrap().to_string(), "0.012");
        assert!(decimal("1E99").is_none());
    }
}
