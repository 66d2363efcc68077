//! Currencies and the number of decimals of their minor unit.

use std::fmt;
use std::str::FromStr;

/// An ISO 4217 code, or `STAT` for statistical quantities, which are no money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 4]);

/// The text is no currency code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a currency code (three capital letters, or STAT)")]
pub struct NotCurrency(pub String);

impl Currency {
    /// Statistical quantities (units, hours, heads): kept apart from money, never balanced or translated.
    pub const STAT: Currency = Currency(*b"STAT");

    /// The code.
    pub fn code(&self) -> &str {
        let length = if self.0[3] == 0 { 3 } else { 4 };
        std::str::from_utf8(&self.0[..length]).unwrap_or("???")
    }

    /// True for [`Currency::STAT`].
    pub fn is_statistical(self) -> bool {
        self == Self::STAT
    }

    /// Decimals of the minor unit by ISO 4217 (list one, 2024): 2 unless listed otherwise.
    pub fn decimals(self) -> u8 {
        match self.code() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = NotCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        if text == "STAT" {
            return Ok(Self::STAT);
        }
        match bytes {
            [a, b, c] if bytes.iter().all(u8::is_ascii_uppercase) => Ok(Self([*a, *b, *c, 0])),
            _ => Err(NotCurrency(text.to_owned())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
