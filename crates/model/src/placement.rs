//! Where an entity's documents live in the other system.

use crate::currency::Currency;
use crate::identifier::Code;

/// The place of one legal entity in a ledger system: entity -> ledger, legal entity, business unit, balancing segment (domain dossier 2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Ledger name.
    pub ledger: String,
    /// Legal entity name.
    pub legal_entity: String,
    /// Business unit name.
    pub business_unit: String,
    /// Primary balancing segment value. Never tie out by ledger, always by this.
    pub balancing_segment: Code,
    /// Ledger currency; must equal the entity's functional currency.
    pub currency: Currency,
    /// The period name the other system uses for the document's accounting date (`Dec-26`, `Adj-26`).
    pub period: String,
}
