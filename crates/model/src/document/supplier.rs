//! The master record of a supplier: the party we owe.

use crate::currency::Currency;
use crate::identifier::Code;

/// A supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplier {
    /// Its id.
    pub code: Code,
    /// Its name. Names are never keys.
    pub name: String,
    /// Its usual currency, if it has one.
    pub currency: Option<Currency>,
    /// False once it may no longer be used.
    pub is_active: bool,
}
