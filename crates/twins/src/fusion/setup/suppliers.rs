//! Suppliers and their sites. Every supplier has one site `MAIN` in every business unit unless people add more.

use std::collections::HashMap;

use crate::fusion::calendar::Day;

/// A site of a supplier in a business unit.
#[derive(Debug)]
pub(crate) struct Site {
    /// `SupplierSiteId`.
    pub id: i64,
    /// `SupplierSite`.
    pub name: String,
    /// Position of the procurement business unit.
    pub unit: usize,
    pub inactive: Option<Day>,
}

/// An address of a supplier.
#[derive(Debug)]
pub(crate) struct Address {
    pub id: i64,
    pub name: String,
    pub country: String,
    pub line: String,
    pub city: String,
    pub postal_code: String,
}

/// A supplier.
#[derive(Debug)]
pub(crate) struct Supplier {
    pub id: i64,
    pub name: String,
    pub number: String,
    pub term: usize,
    pub inactive: Option<Day>,
    /// Sites beyond the `MAIN` ones.
    pub sites: Vec<Site>,
    pub addresses: Vec<Address>,
    pub alias: String,
    pub taxpayer_id: String,
    /// Attributes only stored and shown again (`SupplierTypeCode`, …).
    pub extras: Vec<(&'static str, String)>,
    pub created_ms: i64,
    pub updated_ms: i64,
}

/// All suppliers, found by name, number or id.
#[derive(Debug, Default)]
pub(crate) struct Suppliers {
    pub list: Vec<Supplier>,
    names: HashMap<String, Vec<usize>>,
    numbers: HashMap<String, usize>,
    ids: HashMap<i64, usize>,
}

impl Suppliers {
    /// Adds a supplier. Numbers and ids are unique.
    pub(crate) fn add(&mut self, supplier: Supplier) -> usize {
        let at = self.list.len();
        self.names
            .entry(supplier.name.clone())
            .or_default()
            .push(at);
        self.numbers.insert(supplier.number.clone(), at);
        self.ids.insert(supplier.id, at);
        self.list.push(supplier);
        at
    }

    /// By exact name; several suppliers of the folder may share one.
    pub(crate) fn all_named(&self, name: &str) -> &[usize] {
        self.names.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first supplier of a name.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.all_named(name).first().copied()
    }

    /// By supplier number.
    pub(crate) fn numbered(&self, number: &str) -> Option<usize> {
        self.numbers.get(number).copied()
    }

    /// By `SupplierId`.
    pub(crate) fn by_id(&self, id: i64) -> Option<usize> {
        self.ids.get(&id).copied()
    }

    /// True if the name of a supplier is taken.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }
}
