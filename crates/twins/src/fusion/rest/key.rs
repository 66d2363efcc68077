//! Item keys: plain ids, and opaque hash keys that a client must take from links (fusion.md §1.5).

use super::cell::{Cell, to};
use super::schema::{self, KeyStyle, Kind, Row};
use crate::fusion::FusionTwin;
use crate::fusion::ledger::BATCH_IDS;
use crate::fusion::payables::INVOICE_IDS;
use crate::fusion::payables::index::mix;
use crate::fusion::setup::position;

const PREFIX: &str = "00020000000EACED00057708";

fn salt(seed: u64, kind: Kind) -> u64 {
    let name = schema::of(kind)
        .name
        .bytes()
        .fold(seed, |sum, b| mix(sum ^ u64::from(b)));
    mix(name)
}

impl FusionTwin {
    /// The key of a record as it stands in a path (not yet percent-encoded).
    pub(super) fn key_of(&self, row: Row) -> String {
        let schema = schema::of(row.kind);
        if schema.key == KeyStyle::Hash {
            let packed =
                (u64::from(row.a) << 32 | u64::from(row.b)) ^ salt(self.options.seed, row.kind);
            return format!("{PREFIX}{packed:016X}");
        }
        match self.cell(row, schema.attributes[0].0) {
            Cell::Id(id) | Cell::Int(id) => id.to_string(),
            Cell::Text(text) => text.into_owned(),
            Cell::Null
            | Cell::Money(..)
            | Cell::Digits(_)
            | Cell::Day(_)
            | Cell::Time(_)
            | Cell::Flag(_) => String::new(),
        }
    }

    /// The live record of a key, under its parent if it is a child.
    pub(super) fn find_by_key(&self, kind: Kind, parent: Option<Row>, key: &str) -> Option<Row> {
        let schema = schema::of(kind);
        if let Some(parent) = parent {
            return self
                .children(parent, kind)
                .into_iter()
                .find(|row| self.key_of(*row) == key);
        }
        if schema.key == KeyStyle::Hash {
            if kind == Kind::Invoice && self.options.plain_invoice_ids && key.parse::<i64>().is_ok()
            {
                return self.find_by_id(kind, key);
            }
            let packed = u64::from_str_radix(key.strip_prefix(PREFIX)?, 16).ok()?
                ^ salt(self.options.seed, kind);
            let row = Row {
                kind,
                a: u32::try_from(packed >> 32).ok()?,
                b: u32::try_from(packed & 0xffff_ffff).ok()?,
            };
            return self.exists(row).then_some(row);
        }
        self.find_by_id(kind, key)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every kind not named here is treated alike"
    )]
    fn exists(&self, row: Row) -> bool {
        let a = super::cell::at(row.a);
        match row.kind {
            Kind::Invoice => {
                a < self.invoices.list.len() && self.invoices.is_live(row.a) && row.b == 0
            }
            Kind::PeriodStatus => {
                a < self.setup.ledgers.len()
                    && super::cell::at(row.b) < self.setup.calendar.periods.len() * 2
            }
            Kind::Rate => a < self.setup.rates.len() && row.b == 0,
            _ => false,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every kind not named here is treated alike"
    )]
    fn find_by_id(&self, kind: Kind, key: &str) -> Option<Row> {
        let id = key.parse::<i64>().ok();
        match kind {
            Kind::Invoice => {
                let place = position(INVOICE_IDS, id?, self.invoices.list.len())?;
                Some(Row::root(kind, to(place))).filter(|r| self.invoices.is_live(r.a))
            }
            Kind::Batch => {
                let place = position(BATCH_IDS, id?, self.journals.batches.len())?;
                (!self.journals.batches[place].deleted).then(|| Row::root(kind, to(place)))
            }
            Kind::Supplier => Some(Row::root(kind, to(self.setup.suppliers.by_id(id?)?))),
            _ => self
                .all(kind)
                .into_iter()
                .map(|p| self.root_row(kind, p))
                .find(|row| self.key_of(*row) == key),
        }
    }
}
