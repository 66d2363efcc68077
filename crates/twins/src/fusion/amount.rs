//! Exact amounts: whole minor units of a currency in an `i64`, never a binary float.
//!
//! A text with more decimals than the currency has is refused, not rounded. Statistical quantities (`STAT`) keep six decimals.

/// Why a text is no amount of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AmountError {
    /// Not a decimal number.
    NotNumber,
    /// More decimals than the currency has.
    TooPrecise,
    /// Beyond what a ledger holds (18 digits).
    TooLarge,
}

/// Currencies with other than two decimals.
const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
const TWO_DECIMALS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWL";

/// The decimals of a currency, or `None` for a code that is no currency.
pub(crate) fn decimals(currency: &str) -> Option<u32> {
    if currency == "STAT" {
        return Some(6);
    }
    if currency.len() != 3 {
        return None;
    }
    // Every code has three letters, and one space follows it.
    let wanted = currency.as_bytes();
    let listed = |list: &str| {
        let mut codes = list.as_bytes().chunks(4);
        codes.any(|code| code.starts_with(wanted))
    };
    if listed(TWO_DECIMALS) {
        Some(2)
    } else if listed(NO_DECIMALS) {
        Some(0)
    } else if listed(THREE_DECIMALS) {
        Some(3)
    } else {
        None
    }
}

/// A decimal text as digits and a count of decimals, so that value = digits / 10^decimals.
pub(crate) fn scan(text: &str) -> Result<(i128, u32), AmountError> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => {
            let exponent: i32 = text[at + 1..].parse().map_err(|_| AmountError::NotNumber)?;
            (&text[..at], exponent)
        }
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let mut value: i128 = 0;
    let mut scale: i32 = 0;
    let (mut seen, mut point) = (false, false);
    for byte in digits.bytes() {
        if byte.is_ascii_digit() {
            seen = true;
            let digit = i128::from(byte - b'0');
            value = value
                .checked_mul(10)
                .and_then(|v| v.checked_add(digit))
                .ok_or(AmountError::TooLarge)?;
            scale += i32::from(point);
        } else if byte == b'.' && !point {
            point = true;
        } else {
            return Err(AmountError::NotNumber);
        }
    }
    if !seen {
        return Err(AmountError::NotNumber);
    }
    scale = scale.checked_sub(exponent).ok_or(AmountError::TooLarge)?;
    while scale < 0 {
        value = value.checked_mul(10).ok_or(AmountError::TooLarge)?;
        scale += 1;
    }
    let scale = u32::try_from(scale).map_err(|_| AmountError::TooLarge)?;
    Ok((if negative { -value } else { value }, scale))
}

/// Reads an amount in minor units of a currency with `decimals` decimals.
pub(crate) fn parse(text: &str, decimals: u32) -> Result<i64, AmountError> {
    let (mut value, mut scale) = scan(text.trim())?;
    while scale > decimals {
        if value % 10 != 0 {
            return Err(AmountError::TooPrecise);
        }
        value /= 10;
        scale -= 1;
    }
    while scale < decimals {
        value = value.checked_mul(10).ok_or(AmountError::TooLarge)?;
        scale += 1;
    }
    i64::try_from(value).map_err(|_| AmountError::TooLarge)
}

/// Multiplies `amount` (in units of 10^-`from`) by the decimal text `rate`, rounded half away from zero to `to` decimals.
pub(crate) fn convert(amount: i64, from: u32, rate: &str, to: u32) -> Result<i64, AmountError> {
    let (mantissa, scale) = scan(rate.trim())?;
    let mut product = i128::from(amount)
        .checked_mul(mantissa)
        .ok_or(AmountError::TooLarge)?;
    let mut excess = i64::from(from) + i64::from(scale) - i64::from(to);
    while excess < 0 {
        product = product.checked_mul(10).ok_or(AmountError::TooLarge)?;
        excess += 1;
    }
    let drop = u32::try_from(excess).map_err(|_| AmountError::TooLarge)?;
    let divisor = 10_i128.checked_pow(drop).ok_or(AmountError::TooLarge)?;
    let half = divisor / 2;
    let rounded = if divisor == 1 {
        product
    } else if product < 0 {
        -((-product + half) / divisor)
    } else {
        (product + half) / divisor
    };
    i64::try_from(rounded).map_err(|_| AmountError::TooLarge)
}

/// Appends `minor` with all decimals of its currency (`-12.50`).
pub(crate) fn push_full(out: &mut String, minor: i128, decimals: u32) {
    if minor < 0 {
        out.push('-');
    }
    let divisor = 10_u128.pow(decimals);
    let value = minor.unsigned_abs();
    out.push_str(&(value / divisor).to_string());
    if decimals > 0 {
        let rest = (value % divisor).to_string();
        out.push('.');
        for _ in rest.len()..usize::try_from(decimals).unwrap_or(0) {
            out.push('0');
        }
        out.push_str(&rest);
    }
}

/// Appends `minor` as a number without trailing zeros (`-12.5`), the way JSON numbers of the vendor look.
pub(crate) fn push_short(out: &mut String, minor: i128, decimals: u32) {
    push_full(out, minor, decimals);
    if decimals > 0 {
        while out.ends_with('0') {
            out.pop();
        }
        if out.ends_with('.') {
            out.pop();
        }
    }
}

/// `minor` with all decimals.
pub(crate) fn full(minor: i128, decimals: u32) -> String {
    let mut out = String::new();
    push_full(&mut out, minor, decimals);
    out
}

/// `minor` without trailing zeros.
pub(crate) fn short(minor: i128, decimals: u32) -> String {
    let mut out = String::new();
    push_short(&mut out, minor, decimals);
    out
}

#[cfg(test)]
mod tests {
    use super::{AmountError, convert, decimals, full, parse, short};

    #[test]
    fn reads_and_writes_minor_units() {
        assert_eq!(parse("120.50", 2), Ok(12050));
        assert_eq!(parse("1.2E2", 2), Ok(12000));
        assert_eq!(parse("1.200", 2), Ok(120));
        assert_eq!(parse("1.005", 2), Err(AmountError::TooPrecise));
        assert_eq!(parse("1,5", 2), Err(AmountError::NotNumber));
        assert_eq!(parse("99999999999999999999", 2), Err(AmountError::TooLarge));
        assert_eq!(full(-5, 2), "-0.05");
        assert_eq!(full(1200, 0), "1200");
        assert_eq!(short(1200, 0), "1200");
        assert_eq!(short(-1250, 2), "-12.5");
        assert_eq!(short(1000, 2), "10");
        assert_eq!(
            (
                decimals("JPY"),
                decimals("KWD"),
                decimals("EUR"),
                decimals("XXQ")
            ),
            (Some(0), Some(3), Some(2), None)
        );
    }

    #[test]
    fn conversion_rounds_half_away_from_zero() {
        assert_eq!(convert(400_000, 2, "0.919667", 2), Ok(367_867));
        assert_eq!(convert(1, 2, "0.5", 2), Ok(1));
        assert_eq!(convert(-1, 2, "0.5", 2), Ok(-1));
        assert_eq!(convert(100, 2, "150.25", 0), Ok(150));
        assert_eq!(convert(100, 0, "0.0066", 2), Ok(66));
    }
}
