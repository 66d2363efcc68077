//! Exact decimals: amounts and exchange rates.
//!
//! An [`Amount`] is an integer number of units at a decimal scale. Sums and comparisons are exact and checked; nothing rounds unless the
//! caller names the scale to round to. Rounding is half away from zero (domain dossier 3.3). An [`ExchangeRate`] keeps the characters its source
//! gave it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use ethnum::I256;

/// The most decimals an amount or rate may have; more is refused, never cut.
pub const SCALE_MAX: u8 = 28;

/// An exact decimal number of currency units. Debit positive, credit negative.
#[derive(Debug, Clone, Copy, Default)]
pub struct Amount {
    units: i128,
    scale: u8,
}

/// Why an amount can't be read or computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountFault {
    /// The text is no plain decimal number.
    #[error("{0:?} is not a plain decimal number")]
    NotDecimal(String),
    /// More digits than can be held exactly.
    #[error("{0:?} has more digits than can be held exactly")]
    TooLong(String),
    /// A sum or product left the range of 38 digits.
    #[error("an amount left the range of 38 digits")]
    OutOfRange,
}

impl Amount {
    /// Zero, without decimals.
    pub const ZERO: Amount = Amount { units: 0, scale: 0 };

    /// `units` x 10^-`scale`.
    pub const fn from_units(units: i128, scale: u8) -> Self {
        Self { units, scale }
    }

    /// The integer number of units at [`Amount::scale`].
    pub const fn units(self) -> i128 {
        self.units
    }

    /// Number of decimals this amount is written with.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// True for zero of any scale.
    pub const fn is_zero(self) -> bool {
        self.units == 0
    }

    /// True below zero (a credit).
    pub const fn is_negative(self) -> bool {
        self.units < 0
    }

    /// The amount without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self {
            units: self.units.saturating_abs(),
            scale: self.scale,
        }
    }

    /// The amount with the opposite sign.
    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            units: self.units.saturating_neg(),
            scale: self.scale,
        }
    }

    /// Exact sum, at the larger of the two scales.
    ///
    /// # Errors
    /// [`AmountFault::OutOfRange`] past 38 digits.
    pub fn plus(self, other: Self) -> Result<Self, AmountFault> {
        let scale = self.scale.max(other.scale);
        let sum = self.widened(scale)?.checked_add(other.widened(scale)?);
        Ok(Self {
            units: sum.ok_or(AmountFault::OutOfRange)?,
            scale,
        })
    }

    /// Exact difference.
    ///
    /// # Errors
    /// [`AmountFault::OutOfRange`] past 38 digits.
    pub fn minus(self, other: Self) -> Result<Self, AmountFault> {
        self.plus(other.negated())
    }

    /// Exact sum of many.
    ///
    /// # Errors
    /// [`AmountFault::OutOfRange`] past 38 digits.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, AmountFault> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// This amount x `rate`, rounded once, half away from zero, to `scale` decimals.
    ///
    /// # Errors
    /// [`AmountFault::OutOfRange`] past 38 digits.
    pub fn times(self, rate: &ExchangeRate, scale: u8) -> Result<Self, AmountFault> {
        let product = I256::from(self.units)
            .checked_mul(I256::from(rate.value.units))
            .ok_or(AmountFault::OutOfRange)?;
        let scale_now = u32::from(self.scale) + u32::from(rate.value.scale);
        let units = rescale(product, scale_now, u32::from(scale))?;
        Ok(Self { units, scale })
    }

    /// Rounded half away from zero to `scale` decimals (exact if it already has no more).
    ///
    /// # Errors
    /// [`AmountFault::OutOfRange`] past 38 digits.
    pub fn rounded(self, scale: u8) -> Result<Self, AmountFault> {
        let units = rescale(
            I256::from(self.units),
            u32::from(self.scale),
            u32::from(scale),
        )?;
        Ok(Self { units, scale })
    }

    /// The same value with exactly `scale` decimals, or `None` if digits would be lost.
    pub fn at_scale(self, scale: u8) -> Option<Self> {
        let exact = self.rounded(scale).ok()?;
        (exact == self).then_some(exact)
    }

    fn widened(self, scale: u8) -> Result<i128, AmountFault> {
        let more = u32::from(scale.saturating_sub(self.scale));
        let factor = 10_i128.checked_pow(more).ok_or(AmountFault::OutOfRange)?;
        self.units
            .checked_mul(factor)
            .ok_or(AmountFault::OutOfRange)
    }
}

fn rescale(units: I256, scale_now: u32, scale: u32) -> Result<i128, AmountFault> {
    let ten = I256::from(10);
    let rescaled = if scale_now <= scale {
        units
            .checked_mul(ten.pow(scale - scale_now))
            .ok_or(AmountFault::OutOfRange)?
    } else {
        let divisor = ten.pow(scale_now - scale);
        let (quotient, rest) = (units / divisor, units % divisor);
        let is_up = rest.abs() * I256::from(2) >= divisor;
        let step = if units < I256::from(0) {
            I256::from(-1)
        } else {
            I256::from(1)
        };
        if is_up { quotient + step } else { quotient }
    };
    i128::try_from(rescaled).map_err(|_| AmountFault::OutOfRange)
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Amount {}
impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        let widen = |a: &Self| {
            I256::from(a.units) * I256::from(10).pow(u32::from(scale.saturating_sub(a.scale)))
        };
        widen(self).cmp(&widen(other))
    }
}

impl FromStr for Amount {
    type Err = AmountFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not = || AmountFault::NotDecimal(text.to_owned());
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) {
            return Err(not());
        }
        let too_long = || AmountFault::TooLong(text.to_owned());
        let scale = u8::try_from(fraction.len()).map_err(|_| too_long())?;
        if scale > SCALE_MAX {
            return Err(too_long());
        }
        let mut units: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            units = units
                .checked_mul(10)
                .and_then(|u| u.checked_add(i128::from(digit - b'0')))
                .ok_or_else(too_long)?;
        }
        Ok(Self {
            units: if is_negative { -units } else { units },
            scale,
        })
    }
}

/// Plain decimal text with exactly [`Amount::scale`] decimals; never an exponent, never a negative zero.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let digits = self.units.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

/// Target units per source unit, multiplied, never inverted; kept character for character (domain dossier 3.2).
#[derive(Debug, Clone)]
pub struct ExchangeRate {
    text: String,
    value: Amount,
}

impl ExchangeRate {
    /// The characters the source gave.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rate as an exact decimal.
    pub fn value(&self) -> Amount {
        self.value
    }

    /// True for a rate of exactly one.
    pub fn is_one(&self) -> bool {
        self.value == Amount::from_units(1, 0)
    }
}

/// Rates compare as decimals: 1.0940 equals 1.094000.
impl PartialEq for ExchangeRate {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl Eq for ExchangeRate {}

impl FromStr for ExchangeRate {
    type Err = AmountFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let value: Amount = text.parse()?;
        if value.is_zero() || value.is_negative() {
            return Err(AmountFault::NotDecimal(text.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            value,
        })
    }
}

impl fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use bigdecimal::{BigDecimal, RoundingMode};
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Amount, ExchangeRate};

    fn check(amount: &str, rate: &str, scale: u8, expected: &str) {
        let amount: Amount = amount.parse().unwrap();
        let rate: ExchangeRate = rate.parse().unwrap();
        assert_eq!(amount.times(&rate, scale).unwrap().to_string(), expected);
    }

    #[test]
    fn conversions_of_the_golden_company_hold() {
        check("4000.00", "0.9196670805", 2, "3678.67");
        check("6000.00", "162.7528005975", 0, "976517");
        check("1234.56", "0.307125", 3, "379.164");
        check("-0.005", "1", 2, "-0.01");
        check("2.5", "1", 0, "3");
    }

    #[test]
    fn text_that_is_no_plain_decimal_is_refused() {
        for text in [
            "", "-", ".", "1e5", "1,000.00", " 1", "0x1", "1.2.3", "NaN", "--1",
        ] {
            assert!(Amount::from_str(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn zero_is_never_negative() {
        assert_eq!(Amount::from_str("-0.00").unwrap().to_string(), "0.00");
    }

    proptest! {
        #[test]
        fn products_equal_an_arbitrary_precision_oracle(a in -10_i64.pow(15)..10_i64.pow(15), r in 1_i64..10_i64.pow(13), s in 0_u8..4) {
            let amount = Amount::from_units(i128::from(a), 2);
            let rate: ExchangeRate = Amount::from_units(i128::from(r), 10).to_string().parse().unwrap();
            let oracle = BigDecimal::new(a.into(), 2) * BigDecimal::new(r.into(), 10);
            let oracle = oracle.with_scale_round(s.into(), RoundingMode::HalfUp);
            prop_assert_eq!(amount.times(&rate, s).unwrap().to_string(), oracle.to_plain_string().replace("-0.00", "0.00").replace("-0.000", "0.000").replace("-0.0", "0.0"));
        }

        #[test]
        fn printing_and_reading_gives_the_same_amount(units in i128::from(i64::MIN)..i128::from(i64::MAX), scale in 0_u8..12) {
            let amount = Amount::from_units(units, scale);
            let again: Amount = amount.to_string().parse().unwrap();
            prop_assert_eq!((again.units(), again.scale()), (units, scale));
        }
    }
}
