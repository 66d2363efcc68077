//! Attributes of invoices and their children (fusion.md §6.1).

use super::{Cell, at, to};
use crate::fusion::payables::{INVOICE_IDS, Invoice, Split, State};
use crate::fusion::rest::schema::Row;
use crate::fusion::{FusionTwin, USER};

/// `InvoiceId` of a position.
pub(crate) fn invoice_id(position: u32) -> i64 {
    INVOICE_IDS + i64::from(position) + 1
}

/// `AccountingStatus`.
fn accounting(invoice: &Invoice) -> &'static str {
    if invoice.booked == crate::fusion::payables::Booked::No {
        "Unaccounted"
    } else {
        "Accounted"
    }
}

impl FusionTwin {
    pub(super) fn invoice_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let invoice = self.invoices.at(row.a);
        let decimals = u32::from(invoice.decimals);
        let canceled = invoice.state == State::Canceled;
        match name {
            "InvoiceId" => Cell::Id(invoice_id(row.a)),
            "InvoiceNumber" => Cell::text(&invoice.number),
            "InvoiceAmount" => {
                Cell::Money(if canceled { 0 } else { invoice.amount.into() }, decimals)
            }
            "InvoiceCurrency" | "PaymentCurrency" => self.symbol(invoice.currency),
            "InvoiceDate" => Cell::Day(invoice.date),
            "AccountingDate" => Cell::Day(invoice.day),
            "BusinessUnit" | "ProcurementBU" => {
                Cell::text(&self.setup.units[usize::from(invoice.unit)].name)
            }
            "Supplier" => Cell::text(&self.setup.suppliers.list[at(invoice.supplier)].name),
            "SupplierNumber" => Cell::text(&self.setup.suppliers.list[at(invoice.supplier)].number),
            "SupplierSite" => self.symbol(invoice.site),
            "LegalEntity" => {
                let unit = &self.setup.units[usize::from(invoice.unit)];
                Cell::text(&self.setup.entities[unit.entity].legal_entity)
            }
            "Description" => self.symbol(invoice.description),
            "InvoiceSource" => self.symbol(invoice.source),
            "InvoiceType" => Cell::text(invoice.kind.name()),
            "PaymentTerms" => Cell::text(&self.setup.terms[usize::from(invoice.term)].name),
            "TermsDate" => Cell::Day(invoice.terms_date),
            "ConversionRateType" => self.symbol(invoice.rate_type),
            "ConversionRate" => Cell::digits(self.symbols.text(invoice.rate)),
            "ConversionDate" => Cell::day(invoice.rate_date),
            "LiabilityDistribution" => Cell::text(&self.setup.chart.at(invoice.liability).text),
            "ValidationStatus" => Cell::text(invoice.state.validation()),
            "ApprovalStatus" => Cell::text("Not required"),
            "PaidStatus" => Cell::text("Unpaid"),
            "AccountingStatus" => Cell::text(accounting(invoice)),
            "AmountPaid" => Cell::Money(0, decimals),
            "BaseAmount" if invoice.rate.is_empty() => Cell::Null,
            "BaseAmount" => {
                let ledger =
                    &self.setup.ledgers[self.setup.units[usize::from(invoice.unit)].ledger];
                Cell::Money(
                    if canceled { 0 } else { invoice.base.into() },
                    ledger.decimals,
                )
            }
            "CanceledFlag" => Cell::Flag(canceled),
            "CanceledDate" => Cell::day(invoice.cancel_day),
            "CreatedBy" | "LastUpdatedBy" => Cell::text(USER),
            "CreationDate" => Cell::Time(invoice.created_ms),
            "LastUpdateDate" => Cell::Time(invoice.updated_ms),
            other => {
                let kept = invoice.extras.iter().find(|(n, _)| *n == other);
                kept.map_or(
                    Cell::Null,
                    |(_, symbol)| match crate::fusion::calendar::parse_day(
                        self.symbols.text(*symbol),
                    ) {
                        Some(day) if other.ends_with("Date") => Cell::Day(day),
                        _ => self.symbol(*symbol),
                    },
                )
            }
        }
    }

    pub(super) fn invoice_line_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let invoice = self.invoices.at(row.a);
        let line = &invoice.lines[at(row.b)];
        let canceled = invoice.state == State::Canceled;
        match name {
            "LineNumber" => Cell::Id(line.number.into()),
            "LineType" => self.symbol(line.kind),
            "LineAmount" => Cell::Money(
                if canceled { 0 } else { line.amount.into() },
                invoice.decimals.into(),
            ),
            "BaseAmount" if invoice.rate.is_empty() => Cell::Null,
            "BaseAmount" => Cell::Money(
                if canceled { 0 } else { line.base.into() },
                self.unit_decimals(invoice),
            ),
            "Description" => self.symbol(line.description),
            "AccountingDate" => Cell::Day(line.day),
            "DistributionCombination" if !line.splits.is_empty() => Cell::Null,
            "DistributionCombination" => Cell::text(&self.setup.chart.at(line.combination).text),
            "DiscardedFlag" => Cell::Flag(false),
            "CanceledFlag" => Cell::Flag(canceled),
            "ApprovalStatus" => Cell::text("Not required"),
            "CreationDate" => Cell::Time(invoice.created_ms),
            "LastUpdateDate" => Cell::Time(invoice.updated_ms),
            _ => Cell::Null,
        }
    }

    /// Decimals of the ledger of an invoice.
    fn unit_decimals(&self, invoice: &Invoice) -> u32 {
        self.setup.ledgers[self.setup.units[usize::from(invoice.unit)].ledger].decimals
    }

    /// A line has one distribution or those its caller gave; a cancelled one has as many again that reverse them.
    pub(super) fn distribution_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let (invoice_at, number) = (row.a, row.b >> 16);
        let invoice = self.invoices.at(invoice_at);
        let line = &invoice.lines[at(row.b & 0xffff)];
        let parts: Vec<Split> = line.parts().collect();
        let count = to(parts.len());
        let part = parts[at(number % count.max(1))];
        let reversal = number >= count;
        let earlier = invoice.lines.iter().take(at(row.b & 0xffff));
        let before = to(earlier.map(|l| 2 * l.parts().count()).sum());
        let sign: i128 = if reversal { -1 } else { 1 };
        match name {
            "InvoiceDistributionId" => {
                Cell::Id(invoice_id(invoice_at) * 100 + i64::from(before) + i64::from(number))
            }
            "DistributionLineNumber" => Cell::Id(i64::from(number) + 1),
            "DistributionLineType" => self.symbol(line.kind),
            "DistributionAmount" => {
                Cell::Money(sign * i128::from(part.amount), invoice.decimals.into())
            }
            "BaseAmount" if invoice.rate.is_empty() => Cell::Null,
            "BaseAmount" => Cell::Money(sign * i128::from(part.base), self.unit_decimals(invoice)),
            "Description" => self.symbol(line.description),
            "AccountingDate" if reversal => Cell::day(invoice.cancel_day),
            "AccountingDate" => Cell::Day(line.day),
            "AccountingStatus" => Cell::text(accounting(invoice)),
            "DistributionCombination" => Cell::text(&self.setup.chart.at(part.combination).text),
            "ReversedFlag" | "CanceledFlag" => Cell::Flag(invoice.state == State::Canceled),
            _ => Cell::Null,
        }
    }

    pub(super) fn installment_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let invoice = self.invoices.at(row.a);
        let amount = if invoice.state == State::Canceled {
            0
        } else {
            i128::from(invoice.amount)
        };
        match name {
            "InstallmentNumber" => Cell::Id(1),
            "DueDate" => Cell::Day(invoice.due),
            "GrossAmount" | "UnpaidAmount" => Cell::Money(amount, invoice.decimals.into()),
            "PaymentMethod" => self.invoice_cell(row, "PaymentMethod"),
            "PaymentPriority" => Cell::Int(99),
            "HoldFlag" => Cell::Flag(false),
            _ => Cell::Null,
        }
    }

    pub(super) fn invoice_dff_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let invoice = self.invoices.at(row.a);
        match name {
            "InvoiceId" => Cell::Id(invoice_id(row.a)),
            "__FLEX_Context" | "__FLEX_Context_DisplayValue" => self.symbol(invoice.context),
            "sourceStamp" => Cell::text(&invoice.stamp),
            "sourceDocument" => Cell::text(&invoice.document),
            "crosswalkVersion" => self.symbol(invoice.version),
            "_FLEX_NumOfSegments" => Cell::Int(3),
            _ => Cell::Null,
        }
    }

    pub(super) fn invoice_line_dff_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let line = &self.invoices.at(row.a).lines[at(row.b)];
        match name {
            "InvoiceId" => Cell::Id(invoice_id(row.a)),
            "LineNumber" => Cell::Id(line.number.into()),
            "__FLEX_Context" | "__FLEX_Context_DisplayValue" => self.symbol(line.context),
            "attribute1" => self.symbol(line.attributes[0]),
            "attribute2" => self.symbol(line.attributes[1]),
            "attribute3" => self.symbol(line.attributes[2]),
            "attribute4" => self.symbol(line.attributes[3]),
            "_FLEX_NumOfSegments" => Cell::Int(4),
            _ => Cell::Null,
        }
    }
}
