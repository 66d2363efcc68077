//! Attributes of journal batches and their children (fusion.md §9.1).

use super::{Cell, at};
use crate::fusion::FusionTwin;
use crate::fusion::amount::decimals;
use crate::fusion::calendar::day_of;
use crate::fusion::ledger::{BATCH_IDS, HEADER_IDS, Header, Line};
use crate::fusion::rest::schema::Row;
use crate::fusion::setup::id;

/// Which of the four amounts of a line.
type Side = fn(&Line) -> Option<i64>;

fn side(name: &str) -> (Side, bool) {
    match name {
        "RunningTotalDr" | "ControlTotal" => (|l| l.entered_debit, false),
        "RunningTotalCr" => (|l| l.entered_credit, false),
        "RunningTotalAccountedDr" => (|l| l.accounted_debit, true),
        _ => (|l| l.accounted_credit, true),
    }
}

fn total(header: &Header, side: Side) -> i128 {
    header.lines.iter().filter_map(side).map(i128::from).sum()
}

impl FusionTwin {
    fn header_decimals(&self, header: &Header, accounted: bool) -> u32 {
        if accounted {
            self.setup.ledgers[header.ledger].decimals
        } else {
            decimals(self.symbols.text(header.currency)).unwrap_or(2)
        }
    }

    pub(super) fn batch_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let batch = &self.journals.batches[at(row.a)];
        let posted = batch.posted_ms.is_some();
        match name {
            "JeBatchId" => Cell::Id(id(BATCH_IDS, at(row.a))),
            "BatchName" => Cell::text(&batch.name),
            "BatchDescription" => Cell::text(&batch.description),
            "DefaultPeriodName" => Cell::text(&self.setup.calendar.periods[batch.period].name),
            "Status" => Cell::text(if posted { "P" } else { "U" }),
            "StatusMeaning" => Cell::text(if posted { "Posted" } else { "Unposted" }),
            "CompletionStatusMeaning" => Cell::text("Complete"),
            "ApprovalStatusMeaning" | "FundsStatusMeaning" => Cell::text("Not required"),
            "UserJeSourceName" => self.symbol(batch.source),
            "ChartOfAccountsName" => Cell::text(&self.setup.chart.name),
            "UserPeriodSetName" => Cell::text("TIEOUT_CALENDAR"),
            "AccountedPeriodType" => Cell::text("Month"),
            "ActualFlagMeaning" => Cell::text("Actual"),
            "RunningTotalDr"
            | "RunningTotalCr"
            | "RunningTotalAccountedDr"
            | "RunningTotalAccountedCr" => {
                let (side, accounted) = side(name);
                let headers = batch.headers.iter().map(|h| &self.journals.headers[*h]);
                let widest = headers
                    .clone()
                    .map(|h| self.header_decimals(h, accounted))
                    .max()
                    .unwrap_or(2);
                let widen = |h: &Header| {
                    total(h, side) * 10_i128.pow(widest - self.header_decimals(h, accounted))
                };
                Cell::Money(headers.map(widen).sum(), widest)
            }
            "PostedDate" => Cell::day(batch.posted_ms.map(day_of)),
            "ReversalFlag" => Cell::Flag(batch.reversal.flag),
            "ReversalDate" => Cell::day(batch.reversal.date),
            "ReversalMethodMeaning" => self.symbol(batch.reversal.method),
            "ReversalPeriod" => self.symbol(batch.reversal.period),
            "ErrorMessage" => Cell::text(batch.errors.first().map_or("", String::as_str)),
            "CreationDate" => Cell::Time(batch.created_ms),
            "LastUpdateDate" => Cell::Time(batch.updated_ms),
            _ => Cell::Null,
        }
    }

    pub(super) fn header_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let header = &self.journals.headers[at(row.a)];
        match name {
            "JeHeaderId" => Cell::Id(id(HEADER_IDS, at(row.a))),
            "JournalName" => Cell::text(&header.name),
            "JournalDescription" => Cell::text(&header.description),
            "LedgerName" => Cell::text(&self.setup.ledgers[header.ledger].name),
            "LedgerCurrencyCode" => Cell::text(&self.setup.ledgers[header.ledger].currency),
            "CurrencyCode" => self.symbol(header.currency),
            "PeriodName" => Cell::text(&self.setup.calendar.periods[header.period].name),
            "DefaultEffectiveDate" => Cell::Day(header.date),
            "UserJeCategoryName" => self.symbol(header.category),
            "UserCurrencyConversionType" => self.symbol(header.conversion_type),
            "CurrencyConversionDate" => Cell::day(header.conversion_date),
            "CurrencyConversionRate" => Cell::digits(self.symbols.text(header.conversion_rate)),
            "RunningTotalDr"
            | "RunningTotalCr"
            | "RunningTotalAccountedDr"
            | "RunningTotalAccountedCr" => {
                let (side, accounted) = side(name);
                Cell::Money(total(header, side), self.header_decimals(header, accounted))
            }
            "LegalEntityName" => {
                let company = header
                    .lines
                    .first()
                    .map_or("", |l| self.setup.chart.company_of(l.combination));
                let owner = self
                    .setup
                    .entities
                    .iter()
                    .find(|e| e.ledger == header.ledger && e.company == company);
                Cell::text(owner.map_or("", |e| e.legal_entity.as_str()))
            }
            "ExternalReference" => Cell::text(&header.external_reference),
            "AccrualReversalStatus" => Cell::text("Not Reversed"),
            _ => Cell::Null,
        }
    }

    pub(super) fn line_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let header = &self.journals.headers[at(row.a)];
        let line = &header.lines[at(row.b)];
        let (entered, accounted) = (
            self.header_decimals(header, false),
            self.header_decimals(header, true),
        );
        match name {
            "JeLineNumber" => Cell::Id(i64::from(row.b) + 1),
            "AccountCombination" => Cell::text(&self.setup.chart.at(line.combination).text),
            "EnteredDr" => Cell::money(line.entered_debit, entered),
            "EnteredCr" => Cell::money(line.entered_credit, entered),
            "AccountedDr" => Cell::money(line.accounted_debit, accounted),
            "AccountedCr" => Cell::money(line.accounted_credit, accounted),
            "CurrencyCode" => self.symbol(header.currency),
            "CurrencyConversionDate" => Cell::day(header.conversion_date),
            "CurrencyConversionRate" => Cell::digits(self.symbols.text(header.conversion_rate)),
            "Description" => self.symbol(line.description),
            "StatAmount" => Cell::money(line.stat, 6),
            "ReconciliationReference" => self.symbol(line.reconciliation),
            "jgzzReconStatusMeaning" => Cell::text("Not Reconciled"),
            _ => Cell::Null,
        }
    }

    pub(super) fn line_dff_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let line = &self.journals.headers[at(row.a)].lines[at(row.b)];
        match name {
            "JeHeaderId" => Cell::Id(id(HEADER_IDS, at(row.a))),
            "JeLineNumber" => Cell::Id(i64::from(row.b) + 1),
            "__FLEX_Context" | "__FLEX_Context_DisplayValue" => self.symbol(line.context),
            "_FLEX_NumOfSegments" => Cell::Int(10),
            _ => {
                let number = name
                    .strip_prefix("attribute")
                    .and_then(|n| n.parse::<usize>().ok());
                let found = number.and_then(|n| line.attributes.get(n.checked_sub(1)?));
                found.map_or(Cell::Null, |symbol| self.symbol(*symbol))
            }
        }
    }

    pub(super) fn batch_error_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let batch = &self.journals.batches[at(row.a)];
        match name {
            "BatchName" => Cell::text(&batch.name),
            "ErrorNumber" => Cell::Int(i64::from(row.b) + 1),
            "ErrorMessage" => Cell::text(&batch.errors[at(row.b)]),
            _ => Cell::Null,
        }
    }
}
