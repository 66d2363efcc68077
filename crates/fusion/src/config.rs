//! What a tenant's implementer chose, and what the dossier only recollects.
//!
//! Not here: anything Oracle documents firmly (paths below the version, attribute names, column positions); that is code.

use std::collections::BTreeMap;

use tieout_connector::Secret;
use tieout_model::{JournalPurpose, SystemId};

/// How to reach a tenant and how it is set up. [`FusionConfig::new`] gives every default.
#[derive(Debug, Clone)]
pub struct FusionConfig {
    /// Scheme, host and port, `https://pod.fa.dc.oraclecloud.com` (fusion.md §1.1 [D]).
    pub base_url: String,
    /// The integration user.
    pub username: String,
    /// Its password; Basic authentication (fusion.md §1.10 [D]).
    pub password: Secret,
    /// Name of the credential, for the log of calls.
    pub credential_name: String,
    /// Which system of the configuration this is.
    pub system: SystemId,
    /// Company (tenant) name used in the origin of documents born here; by default the user's tenant has none.
    pub company: String,
    /// Version in the resource path (fusion.md §1.1 [D]). Default `11.13.18.05`.
    pub rest_version: String,
    /// `REST-Framework-Version` of every call (fusion.md §1.2 [D]). Default 4: the floor for structured errors. Errors of every version are read.
    pub framework_version: u32,
    /// Rows asked for per page. Default 499: asking for 500 is reported to miscount (fusion.md §1.4 [D2]).
    pub page_limit: u32,
    /// Pages of one reading before it is given up as endless. Default 100 000.
    pub pages_max: u32,
    /// Calls in flight to the tenant at a time. Default 8; no limit is published (fusion.md §13.3 [D2]).
    pub in_flight_max: usize,
    /// How reads are repeated.
    pub read_retry: ReadRetry,
    /// How invoices are looked up again.
    pub invoice_lookup: InvoiceLookup,
    /// OR-terms of one look-up of invoices. Default 50.
    pub invoices_per_query: usize,
    /// OR-terms of one look-up of journal batches; each is a LIKE, so fewer. Default 25.
    pub journals_per_query: usize,
    /// Longest filter of one look-up, percent-encoded, in bytes. Default 6000: web tiers commonly end a request line at 8190.
    pub filter_len_max: usize,
    /// Invoices of one call of `post`, whose outcomes are recorded together. Default 400: recording waits for the disk, whatever their number.
    pub invoices_per_batch: u32,
    /// Journal entries of one call of `post`. Default 500.
    pub journals_per_batch: u32,
    /// Journal source, user-visible name. Default `Sage Intacct`.
    pub journal_source: String,
    /// Journal categories.
    pub journal_categories: JournalCategories,
    /// Payables invoice source. Default `Sage Intacct`.
    pub invoice_source: String,
    /// Site of every supplier. Default `MAIN`.
    pub supplier_site: String,
    /// Value of `InvoiceType` for a bill (fusion.md §6.1 [D]). Default `Standard`.
    pub invoice_type_standard: String,
    /// Value of `InvoiceType` for a credit (fusion.md §6.1 [D]). Default `Credit memo`.
    pub invoice_type_credit: String,
    /// Conversion type that lets us state the rate. Default `User` (fusion.md §9.3 col. 64 [S]).
    pub conversion_type: String,
    /// Whether the due date is sent as the one row of `invoiceInstallments` (accessor fusion.md §6.1 [D]; taking it on create is
    /// unconfirmed). Default true.
    pub sends_installments: bool,
    /// Code of the duplicate-number refusal (fusion.md §1.9 [D2]). Default `AP-810776`.
    pub duplicate_code: String,
    /// Names of flexfields.
    pub flexfields: Flexfields,
    /// How journals are imported.
    pub import: JournalImport,
    /// Delimiter of the chart of accounts (fusion.md §6.1 [S][S-live]). Default `-`.
    pub delimiter: String,
    /// Segments of the chart of accounts in order. Default company, cost center, account, product, intercompany.
    pub segments: Vec<String>,
    /// Which of them is the primary balancing segment, from 0. Default 0.
    pub balancing_segment_index: usize,
    /// Journal sources left out of the population because their subledger documents are read themselves. Default `Payables`. Payments
    /// made in Fusion have this source too: they show in the balances only.
    pub subledger_sources: Vec<String>,
    /// Words of states, in the language of the integration user (they are translated; fusion.md §14.17).
    pub status_words: StatusWords,
    /// Names under which the period LOV may give a period's name (unconfirmed). Default `PeriodNameId`, `PeriodName`, `Name`.
    pub period_name_attributes: Vec<String>,
    /// Application ids of the period LOV: Payables, General Ledger (unconfirmed). Default 200 and 101.
    pub application_ids: (String, String),
    /// `mode` of `ledgerBalances` (fusion.md §9.7 [D2]). Default `Detail`.
    pub balances_mode: String,
    /// Longest invoice number (fusion.md §6.1, unconfirmed). Default 50.
    pub invoice_number_len_max: usize,
    /// Longest description; longer ones are shortened, the full text stays in the source. Default 240.
    pub description_len_max: usize,
    /// Longest reference cell of a journal line. Default 240.
    pub reference_len_max: usize,
    /// Prefix of batch and journal names that Fusion keeps (fusion.md §13.3 [D2]). Default 50.
    pub name_prefix_len_max: usize,
    /// Ledger of each business unit, by name: an invoice does not say in which ledger it is kept. Needed only where Fusion is the source.
    pub business_unit_ledgers: BTreeMap<String, String>,
    /// Categories of the journals that subledger sources make of invoices (unconfirmed). Default `Purchase Invoices`.
    pub invoice_journal_categories: Vec<String>,
    /// How far back of the cursor `Source` reads again, since rows become visible late. Default 5 minutes (domain dossier 1.2).
    pub overlap_ms: i64,
}

/// Names of descriptive flexfields, as the tenant set them up (fusion.md §6.1 [S]: they differ per tenant).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flexfields {
    /// Flexfield context of headers and lines. Default `INTACCT`.
    pub context: String,
    /// Accessor of the invoice header flexfield (fusion.md §6.1 [S][D]). Default `invoiceDff`.
    pub invoice: String,
    /// Segment that holds our stamp. Default `sourceStamp`.
    pub stamp: String,
    /// Segment that holds the document's number in its source. Default `sourceDocument`.
    pub document: String,
    /// Segment that holds the crosswalk version. Default `crosswalkVersion`.
    pub crosswalk: String,
    /// Accessor of the invoice line flexfield. Default `invoiceLineDff`.
    pub invoice_line: String,
    /// Line flexfield attributes by number: the name at position 0 is ATTRIBUTE1 of the journal line file and a segment of the invoice
    /// line flexfield. Default `attribute1`..`attribute10`.
    pub line_attributes: Vec<String>,
}

/// How `GlInterface.csv` is imported (fusion.md §5.1, §9.3, §9.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalImport {
    /// Lines of one import file. Default 50 000; guidance is about 500 000 rows (fusion.md §13.3 [D2]). One entry is never split.
    pub lines_max: usize,
    /// Data access set of the journal import, name or id; by default the ledger's own name, since a set of that name is made with each
    /// ledger (unconfirmed; fusion.md §9.4 evidence conflict).
    pub data_access_set: Option<String>,
    /// UCM account of the import file (fusion.md §5.1 [S]). Default `fin$/generalLedger$/import$`.
    pub document_account: String,
    /// Job of the import, package and definition separated by a comma (fusion.md §5.1 [S-live]).
    pub job: String,
    /// Options of the import (fusion.md §5.1 [S]); `PurgeOption=N` keeps the evidence of rejections.
    pub options: String,
    /// Notification code (fusion.md §5.1 [S] value, meaning unconfirmed). Default `10`.
    pub notification_code: String,
    /// Seventh parameter of the launcher, import of flexfields: N no, O without validation, W with (fusion.md §9.4, values unconfirmed).
    /// Default `O`.
    pub flexfields: String,
    /// Whether the file carries the optional 150th column `END` (fusion.md §5.4 [S]). Default true.
    pub has_end_column: bool,
    /// Job states after which nothing more happens (fusion.md §5.1 [S]); `COMPLETED` is not among them. The scheduler's numbers 8 (expired) and
    /// 9 (cancelled) are from memory.
    pub terminal_states: Vec<String>,
    /// Job states in which something may still happen, to ask the scheduler for imports of ours that run; empty if the tenant's user may not
    /// ask it. After a lost answer a journal counts as absent only while none of them runs.
    pub running_states: Vec<String>,
    /// An import submitted later than so long ago is no reason to wait for a journal whose answer was lost. Default 5 minutes.
    pub young_ms: u64,
    /// What definitions of load jobs contain. Default `InterfaceLoaderController` (fusion.md §9.2 [S]).
    pub load_marks: Vec<String>,
    /// What names or paths of import jobs contain, to tell them from the loader. Default `JournalImportLauncher`, `Import Journals`.
    pub job_marks: Vec<String>,
    /// How long after its load an import may stay invisible before its documents count as absent. Default 15 minutes: the import is
    /// a request of its own, submitted after the load (fusion.md §5.1 lineage trap [S]).
    pub grace_ms: i64,
    /// How long after a lost answer an absent journal may still appear, so that a look-up in this process refuses to call it absent.
    /// Default 60 s (fusion.md §4: absent twice with at least 60 s between). Another process has to wait by itself.
    pub lost_answer_settle_ms: i64,
}

/// Journal categories by purpose. Defaults: `Intacct Journal`, `Intacct Reversal`, `Intacct Statistical`, `Intacct Opening`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalCategories {
    /// Ordinary entries.
    pub standard: String,
    /// Reversals.
    pub reversal: String,
    /// Quantities.
    pub statistical: String,
    /// Opening positions.
    pub opening: String,
}

impl JournalCategories {
    /// The category of `purpose`.
    pub fn of(&self, purpose: JournalPurpose) -> &str {
        match purpose {
            JournalPurpose::Standard => &self.standard,
            JournalPurpose::Reversal => &self.reversal,
            JournalPurpose::Statistical => &self.statistical,
            JournalPurpose::Opening => &self.opening,
        }
    }
}

/// Bounds of repeated reads. Writes are never repeated here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRetry {
    /// Attempts in all. Default 5.
    pub attempts_max: u32,
    /// First pause; doubles each time, plus up to half of jitter. Default 500 ms.
    pub pause_ms: u64,
    /// Longest pause, also of one the server asks for. Default 30 s.
    pub pause_max_ms: u64,
}

/// How invoices are looked up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceLookup {
    /// By `InvoiceNumber`, then matched by stamp. Works on every tenant.
    Number,
    /// By this attribute holding the stamp, where the tenant has made it queryable (child filters are unconfirmed, fusion.md §1.4).
    Stamp(String),
}

/// Words of states. Compared without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusWords {
    /// `AccountingStatus` of an invoice that the ledger holds. Default `Accounted` (unconfirmed).
    pub accounted: Vec<String>,
    /// `ValidationStatus` of a cancelled invoice (fusion.md §6.1 [S]). Default `Canceled`, `Cancelled`.
    pub cancelled: Vec<String>,
    /// `Status` or `StatusMeaning` of a posted batch (unconfirmed). Default `P`, `Posted`.
    pub posted: Vec<String>,
}

impl StatusWords {
    /// True if `word` is one of `words`, without case.
    pub(crate) fn has(words: &[String], word: &str) -> bool {
        words.iter().any(|known| known.eq_ignore_ascii_case(word))
    }
}

impl FusionConfig {
    /// Everything in this configuration that can't work, for people; empty if it can.
    pub fn problems(&self) -> Vec<String> {
        let is_url = ["http://", "https://"]
            .iter()
            .any(|s| self.base_url.starts_with(s));
        let checks = [
            (
                is_url,
                "base_url must begin with https:// (or http:// for a simulated tenant)",
            ),
            (!self.username.is_empty(), "username is empty"),
            (
                (1..=500).contains(&self.page_limit),
                "page_limit must be 1 to 500",
            ),
            (
                (4..=9).contains(&self.framework_version),
                "framework_version must be 4 to 9: q is written for 2 and later, errors are structured from 4",
            ),
            (!self.delimiter.is_empty(), "delimiter is empty"),
            (
                (1..=30).contains(&self.segments.len()),
                "segments must be 1 to 30 names",
            ),
            (
                self.balancing_segment_index < self.segments.len(),
                "balancing_segment_index is outside segments",
            ),
            (
                self.flexfields.line_attributes.len() <= 10,
                "flexfields.line_attributes can be 10 at most",
            ),
            (
                self.journal_source.chars().count() <= 25,
                "journal_source is longer than 25 characters",
            ),
            (
                self.name_prefix_len_max >= 26,
                "name_prefix_len_max must leave room for a stamp of 26 characters",
            ),
            (
                self.read_retry.attempts_max > 0,
                "read_retry.attempts_max must be at least 1",
            ),
        ];
        let failed = checks.into_iter().filter(|(is_right, _)| !is_right);
        failed.map(|(_, problem)| problem.to_owned()).collect()
    }
}

impl Default for Flexfields {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            context: text("INTACCT"),
            invoice: text("invoiceDff"),
            stamp: text("sourceStamp"),
            document: text("sourceDocument"),
            crosswalk: text("crosswalkVersion"),
            invoice_line: text("invoiceLineDff"),
            line_attributes: (1..=10).map(|n| format!("attribute{n}")).collect(),
        }
    }
}

impl Default for JournalImport {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            data_access_set: None,
            document_account: text("fin$/generalLedger$/import$"),
            job: text(
                "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher",
            ),
            options: text("InterfaceDetails=15,ImportOption=Y,PurgeOption=N,ExtractFileType=ALL"),
            notification_code: text("10"),
            flexfields: text("O"),
            has_end_column: true,
            terminal_states: texts(&[
                "SUCCEEDED",
                "WARNING",
                "ERROR",
                "FAILED",
                "CANCELLED",
                "EXPIRED",
                "8",
                "9",
            ]),
            running_states: texts(&[
                "WAIT",
                "READY",
                "RUNNING",
                "COMPLETED",
                "BLOCKED",
                "HOLD",
                "PAUSED",
            ]),
            young_ms: 5 * 60 * 1000,
            load_marks: texts(&["InterfaceLoaderController"]),
            job_marks: texts(&["JournalImportLauncher", "Import Journals"]),
            grace_ms: 15 * 60 * 1000,
            lines_max: 50_000,
            lost_answer_settle_ms: 60 * 1000,
        }
    }
}

impl Default for ReadRetry {
    fn default() -> Self {
        Self {
            attempts_max: 5,
            pause_ms: 500,
            pause_max_ms: 30_000,
        }
    }
}

impl Default for JournalCategories {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            standard: text("Intacct Journal"),
            reversal: text("Intacct Reversal"),
            statistical: text("Intacct Statistical"),
            opening: text("Intacct Opening"),
        }
    }
}

impl Default for StatusWords {
    fn default() -> Self {
        Self {
            accounted: texts(&["Accounted"]),
            cancelled: texts(&["Canceled", "Cancelled"]),
            posted: texts(&["P", "Posted"]),
        }
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl FusionConfig {
    /// A tenant at `base_url` with every other setting at its default.
    pub fn new(
        base_url: impl Into<String>,
        username: impl Into<String>,
        password: Secret,
        system: SystemId,
    ) -> Self {
        let text = str::to_owned;
        Self {
            base_url: base_url.into().trim_end_matches('/').to_owned(),
            username: username.into(),
            password,
            credential_name: text("fusion"),
            company: String::new(),
            system,
            rest_version: text("11.13.18.05"),
            framework_version: 4,
            page_limit: 499,
            pages_max: 100_000,
            in_flight_max: 8,
            invoice_lookup: InvoiceLookup::Number,
            invoices_per_query: 50,
            journals_per_query: 25,
            filter_len_max: 6000,
            invoices_per_batch: 400,
            journals_per_batch: 500,
            journal_source: text("Sage Intacct"),
            invoice_source: text("Sage Intacct"),
            supplier_site: text("MAIN"),
            invoice_type_standard: text("Standard"),
            invoice_type_credit: text("Credit memo"),
            conversion_type: text("User"),
            sends_installments: true,
            duplicate_code: text("AP-810776"),
            flexfields: Flexfields::default(),
            import: JournalImport::default(),
            read_retry: ReadRetry::default(),
            journal_categories: JournalCategories::default(),
            status_words: StatusWords::default(),
            delimiter: text("-"),
            segments: texts(&[
                "company",
                "cost_center",
                "account",
                "product",
                "intercompany",
            ]),
            balancing_segment_index: 0,
            subledger_sources: texts(&["Payables"]),
            period_name_attributes: texts(&["PeriodNameId", "PeriodName", "Name"]),
            application_ids: (text("200"), text("101")),
            balances_mode: text("Detail"),
            invoice_number_len_max: 50,
            description_len_max: 240,
            reference_len_max: 240,
            name_prefix_len_max: 50,
            business_unit_ledgers: BTreeMap::new(),
            invoice_journal_categories: texts(&["Purchase Invoices"]),
            overlap_ms: 5 * 60 * 1000,
        }
    }
}

#[cfg(test)]
mod tests {
    use tieout_connector::Secret;
    use tieout_model::SystemId;

    use super::FusionConfig;

    #[test]
    fn the_defaults_have_no_problem_and_every_problem_is_told_at_once() {
        let system = SystemId::new("fusion");
        let mut config = FusionConfig::new("https://pod/", "user", Secret::new("x"), system);
        assert_eq!(config.problems(), Vec::<String>::new());
        assert_eq!(config.base_url, "https://pod");
        config.page_limit = 0;
        config.balancing_segment_index = 5;
        assert_eq!(config.problems().len(), 2);
    }
}
