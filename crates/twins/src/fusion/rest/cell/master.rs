//! Attributes of set-up records: suppliers, ledgers, periods, value sets, rates, terms (fusion.md §§8, 9.8).

use super::{Cell, at};
use crate::fusion::FusionTwin;
use crate::fusion::rest::schema::{Kind, Row};
use crate::fusion::setup::periods::Application;
use crate::fusion::setup::{
    CATEGORY_IDS, CHART_ID, COMBINATION_IDS, SOURCE_IDS, TERM_IDS, VALUE_IDS, id,
};

/// `ApplicationId` of General Ledger and Payables.
const APPLICATIONS: [(i64, Application); 2] = [(101, Application::Gl), (200, Application::Ap)];

impl FusionTwin {
    pub(super) fn supplier_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let supplier = &self.setup.suppliers.list[at(row.a)];
        match name {
            "SupplierId" => Cell::Id(supplier.id),
            "SupplierPartyId" => Cell::Id(supplier.id + 500_000_000),
            "Supplier" => Cell::text(&supplier.name),
            "SupplierNumber" => Cell::text(&supplier.number),
            "Alias" => Cell::text(&supplier.alias),
            "Status" => Cell::text(if supplier.inactive.is_some() {
                "INACTIVE"
            } else {
                "ACTIVE"
            }),
            "InactiveDate" => Cell::day(supplier.inactive),
            "TaxpayerId" => Cell::text(&supplier.taxpayer_id),
            "CreationDate" => Cell::Time(supplier.created_ms),
            "LastUpdateDate" => Cell::Time(supplier.updated_ms),
            other => {
                let kept = supplier.extras.iter().find(|(n, _)| *n == other);
                match (other, kept.map(|(_, v)| v.as_str())) {
                    ("FederalReportableFlag", value) => Cell::Flag(value == Some("true")),
                    (_, Some(value)) => Cell::text(value),
                    ("BusinessRelationshipCode", None) => Cell::text("SPEND_AUTHORIZED"),
                    (_, None) => Cell::Null,
                }
            }
        }
    }

    /// Sites 0..units are the `MAIN` ones, further ones were added.
    pub(super) fn site_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let supplier = &self.setup.suppliers.list[at(row.a)];
        let units = &self.setup.units;
        if let Some(unit) = units.get(at(row.b)) {
            return match name {
                "SupplierSiteId" => Cell::Id(
                    supplier.id + 1_000_000_000 + 1_000_000_000_000 * (i64::from(row.b) + 1),
                ),
                "SupplierSite" => Cell::text("MAIN"),
                "ProcurementBU" => Cell::text(&unit.name),
                _ => Cell::Null,
            };
        }
        let site = &supplier.sites[at(row.b) - units.len()];
        match name {
            "SupplierSiteId" => Cell::Id(site.id),
            "SupplierSite" => Cell::text(&site.name),
            "ProcurementBU" => Cell::text(&units[site.unit].name),
            "InactiveDate" => Cell::day(site.inactive),
            _ => Cell::Null,
        }
    }

    pub(super) fn address_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let address = &self.setup.suppliers.list[at(row.a)].addresses[at(row.b)];
        match name {
            "SupplierAddressId" => Cell::Id(address.id),
            "AddressName" => Cell::text(&address.name),
            "CountryCode" => Cell::text(&address.country),
            "AddressLine1" => Cell::text(&address.line),
            "City" => Cell::text(&address.city),
            "PostalCode" => Cell::text(&address.postal_code),
            _ => Cell::Null,
        }
    }

    /// `a` is the ledger, `b` twice the period plus the application.
    pub(super) fn period_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let ledger = at(row.a);
        let place = at(row.b / 2);
        let period = &self.setup.calendar.periods[place];
        let (application_id, application) = APPLICATIONS[at(row.b % 2)];
        match name {
            "ApplicationId" => Cell::Id(application_id),
            "LedgerId" => Cell::Id(self.setup.ledgers[ledger].id),
            "PeriodNameId" | "PeriodName" => Cell::text(&period.name),
            "ClosingStatus" => Cell::text(
                self.setup
                    .calendar
                    .status(ledger, place, application)
                    .letter(),
            ),
            "PeriodYear" => Cell::Int(period.year.into()),
            "PeriodNumber" => Cell::Int(period.number.into()),
            "EffectivePeriodNumber" => {
                Cell::Int(i64::from(period.year) * 10_000 + i64::from(period.number))
            }
            "StartDate" => Cell::Day(period.start),
            "EndDate" => Cell::Day(period.end),
            "AdjustmentPeriodFlag" => Cell::Flag(period.adjusting),
            _ => Cell::Null,
        }
    }

    pub(super) fn combination_cell(&self, row: Row, name: &str) -> Cell<'_> {
        match name {
            "CodeCombinationId" => Cell::Id(id(COMBINATION_IDS, at(row.a))),
            "AccountCombination" => Cell::text(&self.setup.chart.at(row.a).text),
            "ChartOfAccountsId" => Cell::Id(CHART_ID),
            "AccountType" => Cell::text(self.setup.chart.class_of(row.a).meaning()),
            "EnabledFlag" => Cell::text("Y"),
            _ => Cell::Null,
        }
    }

    pub(super) fn value_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let value = &self.setup.chart.segments[at(row.a)].values[at(row.b)];
        match name {
            "ValueId" => Cell::Id(id(VALUE_IDS, 0) + i64::from(row.a) * 100_000 + i64::from(row.b)),
            "Value" => Cell::text(&value.code),
            "Description" => Cell::text(&value.description),
            "EnabledFlag" => Cell::text(if value.enabled { "Y" } else { "N" }),
            "StartDateActive" => Cell::day(value.from),
            "EndDateActive" => Cell::day(value.to),
            "AccountType" => value.class.map_or(Cell::Null, |c| Cell::text(c.meaning())),
            _ => Cell::Null,
        }
    }

    pub(super) fn rate_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let rate = &self.setup.rates[at(row.a)];
        match name {
            "FromCurrency" => Cell::text(&rate.from),
            "ToCurrency" => Cell::text(&rate.to),
            "ConversionDate" => Cell::Day(rate.date),
            "ConversionRate" => Cell::digits(&rate.rate),
            "ConversionType" | "UserConversionType" => Cell::text(&rate.kind),
            _ => Cell::Null,
        }
    }

    pub(super) fn list_cell(&self, row: Row, name: &str) -> Cell<'_> {
        let place = at(row.a);
        let setup = &self.setup;
        match (row.kind, name) {
            (_, "ChartOfAccountsId") => Cell::Id(CHART_ID),
            (Kind::Ledger, "LedgerId") => Cell::Id(setup.ledgers[place].id),
            (Kind::Ledger, "Name" | "Description") => Cell::text(&setup.ledgers[place].name),
            (Kind::Ledger, "CurrencyCode") => Cell::text(&setup.ledgers[place].currency),
            (Kind::Ledger, "AccountedPeriodType") => Cell::text("Month"),
            (Kind::Ledger, "PeriodSetName") => Cell::text("TIEOUT_CALENDAR"),
            (Kind::Ledger, "LedgerCategoryCode") => Cell::text("PRIMARY"),
            (Kind::Ledger, "LedgerTypeCode") => Cell::text("L"),
            (Kind::Ledger, "EnableBudgetaryControlFlag") => Cell::Flag(false),
            (Kind::Source, "JeSourceKey") => Cell::Id(id(SOURCE_IDS, place)),
            (Kind::Source, _) => Cell::text(&setup.sources[place]),
            (Kind::Category, "JeCategoryKey") => Cell::Id(id(CATEGORY_IDS, place)),
            (Kind::Category, _) => Cell::text(&setup.categories[place]),
            (Kind::Chart, "StructureInstanceId" | "StructureInstanceNumber") => Cell::Id(CHART_ID),
            (Kind::Chart, "EnabledFlag") => Cell::text("Y"),
            (Kind::Chart, "Name" | "Description" | "StructureInstanceCode") => {
                Cell::text(&setup.chart.name)
            }
            (Kind::Chart, "Delimiter") => Cell::owned(setup.chart.delimiter.to_string()),
            (Kind::AccessSet, "AccessSetId") => Cell::Id(setup.access_sets[place].id),
            (Kind::AccessSet, "Name" | "Description") => Cell::text(&setup.access_sets[place].name),
            (Kind::ValueSet, "ValueSetCode") => Cell::text(&setup.chart.segments[place].value_set),
            (Kind::ValueSet, "Description") => Cell::text(&setup.chart.segments[place].name),
            (Kind::ValueSet, "ValidationType") => Cell::text("Independent"),
            (Kind::Term, "termsId") => Cell::Id(id(TERM_IDS, place)),
            (Kind::Term, "name" | "description") => Cell::text(&setup.terms[place].name),
            (Kind::Term, "enabledFlag") => Cell::text("Y"),
            (Kind::Term, "rank") => Cell::Int(1),
            _ => Cell::Null,
        }
    }
}
