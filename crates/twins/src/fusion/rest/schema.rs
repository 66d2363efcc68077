//! Which resources exist and what attributes, children and finders each has.
//!
//! Names come from fusion.md §§6.1, 8.1, 8.4, 9.1, 9.7, 9.8 ([S] unless said otherwise); a name marked [R] there is marked here. Resource
//! names that only invented documents know (fusion.md §2) are absent, so they answer 404.

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Invoice,
    InvoiceLine,
    Distribution,
    Installment,
    InvoiceDff,
    InvoiceLineDff,
    Supplier,
    SupplierSite,
    SupplierAddress,
    SupplierContact,
    Ledger,
    PeriodStatus,
    Source,
    Category,
    Chart,
    Combination,
    AccessSet,
    ValueSet,
    Value,
    Rate,
    Term,
    Batch,
    Header,
    Line,
    LineDff,
    BatchError,
}

/// A record: its kind and up to two positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub kind: Kind,
    pub a: u32,
    pub b: u32,
}

impl Row {
    /// A record named by one position.
    pub(crate) fn root(kind: Kind, a: u32) -> Self {
        Self { kind, a, b: 0 }
    }
}

/// Type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// Integer of precision 18: a string from framework version 9 on.
    Id,
    Int,
    Number,
    Text,
    Date,
    Time,
    Flag,
}

/// How an item is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyStyle {
    /// By the first attribute.
    Plain,
    /// By an opaque hash key.
    Hash,
}

/// The shape of a resource.
pub(crate) struct Schema {
    pub name: &'static str,
    pub object: &'static str,
    pub key: KeyStyle,
    pub attributes: &'static [(&'static str, Type)],
    pub children: &'static [Kind],
    pub finders: &'static [&'static str],
    pub actions: &'static [&'static str],
}

impl Schema {
    /// The child kind behind an accessor.
    pub(crate) fn child(&self, accessor: &str) -> Option<Kind> {
        self.children
            .iter()
            .copied()
            .find(|k| of(*k).name == accessor)
    }

    /// An attribute with its own static name.
    pub(crate) fn attribute(&self, name: &str) -> Option<(&'static str, Type)> {
        self.attributes.iter().copied().find(|(n, _)| *n == name)
    }
}

/// The root resources.
pub(crate) const ROOTS: [Kind; 14] = [
    Kind::Invoice,
    Kind::Supplier,
    Kind::Ledger,
    Kind::PeriodStatus,
    Kind::Source,
    Kind::Category,
    Kind::Chart,
    Kind::Combination,
    Kind::AccessSet,
    Kind::ValueSet,
    Kind::Rate,
    Kind::Term,
    Kind::Batch,
    Kind::BatchError,
];

/// The root resource of a name. Batch errors exist only as a child.
pub(crate) fn root(name: &str) -> Option<Kind> {
    ROOTS
        .into_iter()
        .find(|k| *k != Kind::BatchError && of(*k).name == name)
}

use Type::{Date, Flag, Id, Int, Number, Text, Time};

macro_rules! schema {
    ($name:literal, $object:literal, $key:ident, [$($attribute:literal $kind:ident),* $(,)?], [$($child:ident),*], [$($finder:literal),*], [$($action:literal),*]) => {
        Schema {
            name: $name, object: $object, key: KeyStyle::$key, attributes: &[$(($attribute, $kind)),*],
            children: &[$(Kind::$child),*], finders: &[$($finder),*], actions: &[$($action),*],
        }
    };
}

static INVOICE: Schema = schema!("invoices", "InvoiceHeader", Hash, [
    "InvoiceId" Id, "InvoiceNumber" Text, "InvoiceCurrency" Text, "PaymentCurrency" Text, "InvoiceAmount" Number, "InvoiceDate" Date,
    "BusinessUnit" Text, "Supplier" Text, "SupplierNumber" Text, "ProcurementBU" Text, "SupplierSite" Text, "InvoiceGroup" Text,
    "ConversionRateType" Text, "ConversionDate" Date, "ConversionRate" Number, "AccountingDate" Date, "Description" Text,
    "DocumentCategory" Text, "InvoiceSource" Text, "PayGroup" Text, "InvoiceType" Text, "PaymentTerms" Text, "TermsDate" Date,
    "PaymentMethod" Text, "PaymentMethodCode" Text, "RemittanceMessageOne" Text, "RemittanceMessageTwo" Text, "RemittanceMessageThree" Text,
    "PurchaseOrderNumber" Text, "Requester" Text, "ReferenceKeyOne" Text, "ReferenceKeyTwo" Text, "VoucherNumber" Text,
    "SupplierTaxInvoiceNumber" Text, "InvoiceReceivedDate" Date, "BudgetDate" Date, "GoodsReceivedDate" Date, "LegalEntity" Text,
    "LiabilityDistribution" Text, "ValidationStatus" Text, "ApprovalStatus" Text, "PaidStatus" Text, "AccountingStatus" Text,
    "AmountPaid" Number, "BaseAmount" Number, "CanceledFlag" Flag, "CanceledDate" Date, "CreatedBy" Text, "CreationDate" Time,
    "LastUpdatedBy" Text, "LastUpdateDate" Time,
], [InvoiceLine, Installment, InvoiceDff], ["PrimaryKey"], ["validateInvoice", "cancelInvoice"]);

static INVOICE_LINE: Schema = schema!("invoiceLines", "InvoiceLine", Hash, [
    "LineNumber" Id, "LineType" Text, "LineAmount" Number, "BaseAmount" Number, "Description" Text, "AccountingDate" Date,
    "DistributionCombination" Text, "DiscardedFlag" Flag, "CanceledFlag" Flag, "ApprovalStatus" Text, "CreationDate" Time, "LastUpdateDate" Time,
], [Distribution, InvoiceLineDff], ["PrimaryKey"], []);

static DISTRIBUTION: Schema = schema!("invoiceDistributions", "InvoiceDistribution", Hash, [
    "InvoiceDistributionId" Id, "DistributionLineNumber" Id, "DistributionLineType" Text, "DistributionAmount" Number, "BaseAmount" Number,
    "Description" Text, "AccountingDate" Date, "AccountingStatus" Text, "DistributionCombination" Text, "ReversedFlag" Flag,
    "CanceledFlag" Flag,
], [], ["PrimaryKey"], []);

static INSTALLMENT: Schema = schema!("invoiceInstallments", "InvoiceInstallment", Hash, [
    "InstallmentNumber" Id, "DueDate" Date, "GrossAmount" Number, "UnpaidAmount" Number, "PaymentMethod" Text, "PaymentPriority" Int,
    "HoldFlag" Flag, "HoldReason" Text,
], [], ["PrimaryKey"], []);

static INVOICE_DFF: Schema = schema!("invoiceDff", "InvoiceDff", Hash, [
    "InvoiceId" Id, "__FLEX_Context" Text, "__FLEX_Context_DisplayValue" Text, "sourceStamp" Text, "sourceDocument" Text,
    "crosswalkVersion" Text, "_FLEX_NumOfSegments" Int,
], [], ["PrimaryKey"], []);

static INVOICE_LINE_DFF: Schema = schema!("invoiceLineDff", "InvoiceLineDff", Hash, [
    "InvoiceId" Id, "LineNumber" Id, "__FLEX_Context" Text, "__FLEX_Context_DisplayValue" Text, "attribute1" Text, "attribute2" Text,
    "attribute3" Text, "attribute4" Text, "_FLEX_NumOfSegments" Int,
], [], ["PrimaryKey"], []);

static SUPPLIER: Schema = schema!("suppliers", "Supplier", Plain, [
    "SupplierId" Id, "SupplierPartyId" Id, "Supplier" Text, "SupplierNumber" Text, "AlternateName" Text, "Alias" Text,
    "SupplierType" Text, "SupplierTypeCode" Text, "TaxOrganizationType" Text, "TaxOrganizationTypeCode" Text, "BusinessRelationship" Text,
    "BusinessRelationshipCode" Text, "Status" Text, "InactiveDate" Date, "TaxpayerCountry" Text, "TaxpayerId" Text,
    "FederalReportableFlag" Flag, "FederalIncomeTaxType" Text, "DUNSNumber" Text, "CreationDate" Time, "LastUpdateDate" Time,
], [SupplierAddress, SupplierSite, SupplierContact], ["PrimaryKey"], []);

static SUPPLIER_SITE: Schema = schema!("sites", "SupplierSite", Plain, [
    "SupplierSiteId" Id, "SupplierSite" Text, "ProcurementBU" Text, "InactiveDate" Date,
], [], ["PrimaryKey"], []);

static SUPPLIER_ADDRESS: Schema = schema!("addresses", "SupplierAddress", Plain, [
    "SupplierAddressId" Id, "AddressName" Text, "CountryCode" Text, "AddressLine1" Text, "City" Text, "PostalCode" Text,
], [], ["PrimaryKey"], []);

/// Contacts are listed and this tenant has none; attribute names from Oracle's procurement guide.
static SUPPLIER_CONTACT: Schema = schema!("contacts", "SupplierContact", Plain, [
    "SupplierContactId" Id, "FirstName" Text, "MiddleName" Text, "LastName" Text, "JobTitle" Text, "Email" Text, "InactiveDate" Date,
], [], ["PrimaryKey"], []);

static LEDGER: Schema = schema!("ledgersLOV", "Ledger", Plain, [
    "LedgerId" Id, "Name" Text, "Description" Text, "CurrencyCode" Text, "ChartOfAccountsId" Id, "AccountedPeriodType" Text,
    "PeriodSetName" Text, "LedgerCategoryCode" Text, "LedgerTypeCode" Text, "EnableBudgetaryControlFlag" Flag,
], [], ["PrimaryKey"], []);

static PERIOD_STATUS: Schema = schema!("accountingPeriodStatusLOV", "AccountingPeriodStatus", Hash, [
    "ApplicationId" Id, "LedgerId" Id, "PeriodNameId" Text, "PeriodName" Text, "ClosingStatus" Text, "PeriodYear" Int, "PeriodNumber" Int,
    "EffectivePeriodNumber" Int, "StartDate" Date, "EndDate" Date, "AdjustmentPeriodFlag" Flag,
], [], ["PrimaryKey"], []);

static SOURCE: Schema = schema!("journalSourcesLOV", "JournalSource", Plain, [
    "JeSourceKey" Id, "JeSourceName" Text, "UserJeSourceName" Text, "Description" Text,
], [], ["PrimaryKey"], []);

static CATEGORY: Schema = schema!("journalCategoriesLOV", "JournalCategory", Plain, [
    "JeCategoryKey" Id, "JeCategoryName" Text, "UserJeCategoryName" Text, "Description" Text,
], [], ["PrimaryKey"], []);

/// Names of the structure instance from Oracle's guide (its number is the ledgers' ChartOfAccountsId); the last two are [R].
static CHART: Schema = schema!("chartOfAccountsLOV", "ChartOfAccounts", Plain, [
    "StructureInstanceId" Id, "StructureInstanceNumber" Id, "StructureInstanceCode" Text, "Name" Text, "Description" Text,
    "EnabledFlag" Text, "ChartOfAccountsId" Id, "Delimiter" Text,
], [], ["PrimaryKey"], []);

static COMBINATION: Schema = schema!("accountCombinationsLOV", "AccountCombination", Plain, [
    "CodeCombinationId" Id, "AccountCombination" Text, "ChartOfAccountsId" Id, "AccountType" Text, "EnabledFlag" Text,
], [], ["PrimaryKey"], []);

static ACCESS_SET: Schema = schema!("dataAccessSetsLOV", "DataAccessSet", Plain, [
    "AccessSetId" Id, "Name" Text, "Description" Text, "ChartOfAccountsId" Id,
], [], ["PrimaryKey"], []);

static VALUE_SET: Schema = schema!("valueSets", "ValueSet", Plain, [
    "ValueSetCode" Text, "Description" Text, "ValidationType" Text, "ModuleId" Text,
], [Value], ["PrimaryKey"], []);

static VALUE: Schema = schema!("values", "Value", Plain, [
    "ValueId" Id, "Value" Text, "Description" Text, "EnabledFlag" Text, "StartDateActive" Date, "EndDateActive" Date, "AccountType" Text,
], [], ["PrimaryKey"], []);

static RATE: Schema = schema!("currencyRates", "CurrencyRate", Hash, [
    "FromCurrency" Text, "ToCurrency" Text, "ConversionDate" Date, "ConversionRate" Number, "ConversionType" Text, "UserConversionType" Text,
], [], ["CurrencyRatesFinder", "PrimaryKey"], []);

static TERM: Schema = schema!("payablesPaymentTerms", "PaymentTerms", Plain, [
    "termsId" Id, "name" Text, "description" Text, "enabledFlag" Text, "fromDate" Date, "toDate" Date, "cutoffDay" Int, "rank" Int,
    "setId" Id,
], [], ["PrimaryKey"], []);

static BATCH: Schema = schema!("journalBatches", "JournalBatch", Plain, [
    "JeBatchId" Id, "BatchName" Text, "BatchDescription" Text, "DefaultPeriodName" Text, "Status" Text, "StatusMeaning" Text,
    "CompletionStatusMeaning" Text, "ApprovalStatusMeaning" Text, "FundsStatusMeaning" Text, "UserJeSourceName" Text,
    "ChartOfAccountsName" Text, "UserPeriodSetName" Text, "AccountedPeriodType" Text, "ActualFlagMeaning" Text, "RunningTotalDr" Number,
    "RunningTotalCr" Number, "RunningTotalAccountedDr" Number, "RunningTotalAccountedCr" Number, "ControlTotal" Number, "PostedDate" Date,
    "ReversalFlag" Flag, "ReversalDate" Date, "ReversalMethodMeaning" Text, "ReversalPeriod" Text, "ErrorMessage" Text,
    "CreationDate" Time, "LastUpdateDate" Time,
], [Header, BatchError], ["JournalsFinder", "PrimaryKey"], []);

static HEADER: Schema = schema!("journalHeaders", "JournalHeader", Hash, [
    "JeHeaderId" Id, "JournalName" Text, "JournalDescription" Text, "LedgerName" Text, "LedgerCurrencyCode" Text, "CurrencyCode" Text,
    "PeriodName" Text, "DefaultEffectiveDate" Date, "UserJeCategoryName" Text, "UserCurrencyConversionType" Text,
    "CurrencyConversionDate" Date, "CurrencyConversionRate" Number, "RunningTotalDr" Number, "RunningTotalCr" Number,
    "RunningTotalAccountedDr" Number, "RunningTotalAccountedCr" Number, "ControlTotal" Number, "LegalEntityName" Text,
    "ExternalReference" Text, "AccrualReversalStatus" Text,
], [Line], ["PrimaryKey"], []);

static LINE: Schema = schema!("journalLines", "JournalLine", Hash, [
    "JeLineNumber" Id, "AccountCombination" Text, "EnteredDr" Number, "EnteredCr" Number, "AccountedDr" Number, "AccountedCr" Number,
    "CurrencyCode" Text, "CurrencyConversionDate" Date, "CurrencyConversionRate" Number, "Description" Text, "StatAmount" Number,
    "ReconciliationReference" Text, "jgzzReconStatusMeaning" Text,
], [LineDff], ["PrimaryKey"], []);

static LINE_DFF: Schema = schema!("journalLinesDFF", "JournalLineDff", Hash, [
    "JeHeaderId" Id, "JeLineNumber" Id, "__FLEX_Context" Text, "__FLEX_Context_DisplayValue" Text, "attribute1" Text, "attribute2" Text,
    "attribute3" Text, "attribute4" Text, "attribute5" Text, "attribute6" Text, "attribute7" Text, "attribute8" Text, "attribute9" Text,
    "attribute10" Text, "_FLEX_NumOfSegments" Int,
], [], ["PrimaryKey"], []);

static BATCH_ERROR: Schema = schema!("journalErrors", "JournalError", Hash, [
    "BatchName" Text, "HeaderName" Text, "ErrorNumber" Int, "JeLineNumber" Id, "ErrorMessage" Text, "ErrorMessageName" Text,
], [], ["PrimaryKey"], []);

/// The schema of a kind.
pub(crate) fn of(kind: Kind) -> &'static Schema {
    match kind {
        Kind::Invoice => &INVOICE,
        Kind::InvoiceLine => &INVOICE_LINE,
        Kind::Distribution => &DISTRIBUTION,
        Kind::Installment => &INSTALLMENT,
        Kind::InvoiceDff => &INVOICE_DFF,
        Kind::InvoiceLineDff => &INVOICE_LINE_DFF,
        Kind::Supplier => &SUPPLIER,
        Kind::SupplierSite => &SUPPLIER_SITE,
        Kind::SupplierAddress => &SUPPLIER_ADDRESS,
        Kind::SupplierContact => &SUPPLIER_CONTACT,
        Kind::Ledger => &LEDGER,
        Kind::PeriodStatus => &PERIOD_STATUS,
        Kind::Source => &SOURCE,
        Kind::Category => &CATEGORY,
        Kind::Chart => &CHART,
        Kind::Combination => &COMBINATION,
        Kind::AccessSet => &ACCESS_SET,
        Kind::ValueSet => &VALUE_SET,
        Kind::Value => &VALUE,
        Kind::Rate => &RATE,
        Kind::Term => &TERM,
        Kind::Batch => &BATCH,
        Kind::Header => &HEADER,
        Kind::Line => &LINE,
        Kind::LineDff => &LINE_DFF,
        Kind::BatchError => &BATCH_ERROR,
    }
}
