//! Which records exist: all of a kind, and the children of one.

use super::cell::{at, to};
use super::schema::{Kind, Row};
use crate::fusion::FusionTwin;
use crate::fusion::payables::State;

impl FusionTwin {
    /// Positions of all live records of a root kind, oldest first. Period statuses are numbered ledger by ledger.
    pub(super) fn all(&self, kind: Kind) -> Vec<u32> {
        let count = match kind {
            Kind::Invoice => {
                let live = self
                    .invoices
                    .list
                    .iter()
                    .enumerate()
                    .filter(|(_, i)| i.state != State::Deleted);
                return live.map(|(place, _)| to(place)).collect();
            }
            Kind::Batch => {
                let live = self
                    .journals
                    .batches
                    .iter()
                    .enumerate()
                    .filter(|(_, b)| !b.deleted);
                return live.map(|(place, _)| to(place)).collect();
            }
            Kind::Supplier => self.setup.suppliers.list.len(),
            Kind::Ledger => self.setup.ledgers.len(),
            Kind::PeriodStatus => self.setup.ledgers.len() * self.setup.calendar.periods.len() * 2,
            Kind::Source => self.setup.sources.len(),
            Kind::Category => self.setup.categories.len(),
            Kind::Chart => 1,
            Kind::Combination => self.setup.chart.combinations.len(),
            Kind::AccessSet => self.setup.access_sets.len(),
            Kind::ValueSet => self.setup.chart.segments.len(),
            Kind::Rate => self.setup.rates.len(),
            Kind::Term => self.setup.terms.len(),
            Kind::InvoiceLine
            | Kind::Distribution
            | Kind::Installment
            | Kind::InvoiceDff
            | Kind::InvoiceLineDff
            | Kind::SupplierSite
            | Kind::SupplierAddress
            | Kind::SupplierContact
            | Kind::Value
            | Kind::Header
            | Kind::Line
            | Kind::LineDff
            | Kind::BatchError => 0,
        };
        (0..to(count)).collect()
    }

    /// The record at a position of a root kind.
    pub(super) fn root_row(&self, kind: Kind, position: u32) -> Row {
        if kind == Kind::PeriodStatus {
            let per_ledger = to(self.setup.calendar.periods.len() * 2).max(1);
            return Row {
                kind,
                a: position / per_ledger,
                b: position % per_ledger,
            };
        }
        Row::root(kind, position)
    }

    /// The children of a record, in their natural order.
    pub(super) fn children(&self, row: Row, kind: Kind) -> Vec<Row> {
        let many = |a: u32, count: usize| -> Vec<Row> {
            (0..to(count)).map(|b| Row { kind, a, b }).collect()
        };
        match (row.kind, kind) {
            (Kind::Invoice, Kind::InvoiceLine) => many(row.a, self.invoices.at(row.a).lines.len()),
            (Kind::Invoice, Kind::Installment) => many(row.a, 1),
            (Kind::Invoice, Kind::InvoiceDff) => many(
                row.a,
                usize::from(!self.invoices.at(row.a).context.is_empty()),
            ),
            (Kind::InvoiceLine, Kind::InvoiceLineDff) => {
                let context = self.invoices.at(row.a).lines[at(row.b)].context;
                if context.is_empty() {
                    Vec::new()
                } else {
                    vec![Row { kind, ..row }]
                }
            }
            (Kind::InvoiceLine, Kind::Distribution) => {
                let invoice = self.invoices.at(row.a);
                let parts = to(invoice.lines[at(row.b)].parts().count());
                let times = 1 + u32::from(invoice.state == State::Canceled);
                (0..parts * times)
                    .map(|number| Row {
                        kind,
                        a: row.a,
                        b: row.b | (number << 16),
                    })
                    .collect()
            }
            (Kind::Supplier, Kind::SupplierSite) => many(
                row.a,
                self.setup.units.len() + self.setup.suppliers.list[at(row.a)].sites.len(),
            ),
            (Kind::Supplier, Kind::SupplierAddress) => {
                many(row.a, self.setup.suppliers.list[at(row.a)].addresses.len())
            }
            (Kind::ValueSet, Kind::Value) => {
                many(row.a, self.setup.chart.segments[at(row.a)].values.len())
            }
            (Kind::Batch, Kind::Header) => {
                let headers = self.journals.batches[at(row.a)].headers.iter();
                headers.map(|place| Row::root(kind, to(*place))).collect()
            }
            (Kind::Batch, Kind::BatchError) => {
                many(row.a, self.journals.batches[at(row.a)].errors.len())
            }
            (Kind::Header, Kind::Line) => many(row.a, self.journals.headers[at(row.a)].lines.len()),
            (Kind::Line, Kind::LineDff) => {
                let line = &self.journals.headers[at(row.a)].lines[at(row.b)];
                if line.context.is_empty() {
                    Vec::new()
                } else {
                    vec![Row { kind, ..row }]
                }
            }
            _ => Vec::new(),
        }
    }
}
