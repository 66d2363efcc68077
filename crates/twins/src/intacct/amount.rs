//! Exact amounts for the books: signed fixed-point with ten decimals.
//!
//! Why not `bigdecimal`: a big company holds three million amounts; sixteen bytes each keeps them small. Everything a document or a rate
//! of ours carries fits ten decimals; text that does not fit is refused, never rounded silently.

/// A signed quantity of money or units, debit positive where it stands for a balance. The currency stands beside it, not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub(in crate::intacct) struct Amount(i128);

const DECIMALS: usize = 10;
const ONE: i128 = 10_000_000_000;

impl Amount {
    /// Nothing.
    pub(in crate::intacct) const ZERO: Self = Self(0);

    /// Reads a plain decimal such as `-12.50`. No exponent, no grouping, no plus sign (intacct-xml.md §3.3 [D]).
    pub(in crate::intacct) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !numeric(whole) || !numeric(fraction) {
            return None;
        }
        let kept = fraction.trim_end_matches('0');
        if kept.len() > DECIMALS || whole.len() > 24 {
            return None;
        }
        let mut units: i128 = 0;
        for byte in whole.bytes().chain(kept.bytes()) {
            units = units
                .checked_mul(10)?
                .checked_add(i128::from(byte - b'0'))?;
        }
        for _ in kept.len()..DECIMALS {
            units = units.checked_mul(10)?;
        }
        Some(Self(if negative { -units } else { units }))
    }

    /// Reads a plain decimal with any number of decimals, cutting off what lies behind the tenth: for amounts that are rounded to fewer
    /// anyway, such as the `0.30000000000000004` a JavaScript caller writes (§3.3 [V]).
    pub(in crate::intacct) fn parse_long(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        match fraction.get(..DECIMALS) {
            Some(kept) if fraction.bytes().all(|b| b.is_ascii_digit()) => {
                Self::parse(&format!("{whole}.{kept}"))
            }
            Some(_) | None => Self::parse(text),
        }
    }

    /// How many decimals the amount needs (0 to 10).
    pub(in crate::intacct) fn decimals(self) -> usize {
        let mut rest = (self.0 % ONE).unsigned_abs();
        let mut needed = DECIMALS;
        while needed > 0 && rest.is_multiple_of(10) {
            rest /= 10;
            needed -= 1;
        }
        needed
    }

    /// Decimal text with trailing zeros trimmed, as the gateway prints amounts (§3.3 [C]).
    pub(in crate::intacct) fn plain(self) -> String {
        self.fixed(self.decimals())
    }

    /// Decimal text with exactly `places` decimals (at most ten), cutting off what lies behind.
    pub(in crate::intacct) fn fixed(self, places: usize) -> String {
        let places = places.min(DECIMALS);
        let units = self.0.unsigned_abs();
        let one = ONE.unsigned_abs();
        let whole = units / one;
        let fraction = format!("{:010}", units % one);
        let kept = fraction.get(..places).unwrap_or_default();
        let sign = if self.0 < 0 && (whole > 0 || kept.bytes().any(|b| b != b'0')) {
            "-"
        } else {
            ""
        };
        if places == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{kept}")
        }
    }

    /// Rounded to `places` decimals, ties away from zero.
    pub(in crate::intacct) fn rounded(self, places: usize) -> Self {
        let step = power(DECIMALS - places.min(DECIMALS));
        Self(divide_half_up(self.0, step) * step)
    }

    /// `self` times `rate`, rounded once to `places` decimals, ties away from zero; `None` on overflow.
    pub(in crate::intacct) fn times(self, rate: Self, places: usize) -> Option<Self> {
        let product = self.0.checked_mul(rate.0)?;
        let step = power(DECIMALS - places.min(DECIMALS));
        Some(Self(divide_half_up(product, ONE.checked_mul(step)?) * step))
    }

    /// `self` divided by a count, rounded to ten decimals; zero for a count of zero.
    pub(in crate::intacct) fn per(self, count: usize) -> Self {
        let count = i128::try_from(count).unwrap_or(i128::MAX);
        if count == 0 {
            Self::ZERO
        } else {
            Self(divide_half_up(self.0, count))
        }
    }

    /// The amount without its sign.
    pub(in crate::intacct) fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// True for nothing.
    pub(in crate::intacct) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// True below zero.
    pub(in crate::intacct) fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// A number that orders like the amount.
    pub(in crate::intacct) fn order(self) -> i128 {
        self.0
    }
}

fn power(exponent: usize) -> i128 {
    (0..exponent).fold(1, |value: i128, _| value.saturating_mul(10))
}

fn divide_half_up(value: i128, by: i128) -> i128 {
    let quotient = value / by;
    let rest = (value % by).abs();
    if rest >= by - rest {
        quotient + value.signum()
    } else {
        quotient
    }
}

impl std::ops::Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Neg for Amount {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, |a, b| a + b)
    }
}

/// Decimals a currency is kept in: ISO 4217's, two where it is not listed as different.
pub(in crate::intacct) fn currency_decimals(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn reads_and_prints_exactly() {
        for (text, plain) in [
            ("5900.00", "5900"),
            ("-0.10", "-0.1"),
            ("7", "7"),
            ("0.00", "0"),
        ] {
            assert_eq!(Amount::parse(text).unwrap().plain(), plain);
        }
        for text in ["1e3", "1,000", "+1", "", ".", "-", "0.00000000001", "NaN"] {
            assert!(Amount::parse(text).is_none(), "{text}");
        }
        assert_eq!(Amount::parse("-0.004").unwrap().fixed(2), "0.00");
        let long = Amount::parse_long("0.30000000000000004").unwrap();
        assert_eq!(long.rounded(2).plain(), "0.3");
        assert!(Amount::parse_long("0.3000000000000000e4").is_none());
    }

    #[test]
    fn rounds_once_away_from_zero() {
        let amount = Amount::parse("4000.00").unwrap();
        let rate = Amount::parse("0.9196670805").unwrap();
        assert_eq!(amount.times(rate, 2).unwrap().fixed(2), "3678.67");
        assert_eq!(
            Amount::parse("-0.005").unwrap().rounded(2).fixed(2),
            "-0.01"
        );
        assert_eq!(
            Amount::parse("0.00499").unwrap().rounded(2).fixed(2),
            "0.00"
        );
    }
}
