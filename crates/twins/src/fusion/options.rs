//! Choices of a tenant and facts that no document proves; each has a default.

use sha2::{Digest, Sha256};

/// Settings of a [`super::FusionTwin`].
#[derive(Debug, Clone)]
pub struct FusionOptions {
    /// Seed of the password and of hash keys.
    pub seed: u64,
    /// Rows per page when the request gives no `limit` (fusion.md §1.4 [D2]).
    pub default_page: usize,
    /// Most rows per page (fusion.md §1.4 [D]).
    pub max_page: usize,
    /// With `limit=500` only 499 rows come back (fusion.md §1.4 [D2]).
    pub page_trap_499: bool,
    /// Rows of an expanded child collection before it is cut silently (fusion.md §14 trap 6 [D]; number [R]).
    pub child_page: usize,
    /// Milliseconds each ESS job runs; 0 makes jobs terminal at the next poll.
    pub job_ms: i64,
    /// Milliseconds until validation, accounting and AutoPost run after a write.
    pub process_delay_ms: i64,
    /// `Import Journals` is a request of its own instead of a descendant of the load (fusion.md §5.1 [S], varies).
    pub separate_import_request: bool,
    /// The ledger argument of Journal Import selects rows of that ledger only (fusion.md §9.4, [R]).
    pub ledger_argument_selects: bool,
    /// Journal names carry category and currency after REFERENCE4 (fusion.md §9.3 "prefix" [D2]).
    pub journal_name_suffix: bool,
    /// `/invoices/{InvoiceId}` works beside the hash key (fusion.md §17 point 16 [R]).
    pub plain_invoice_ids: bool,
    /// v1 `q` also takes row-match expressions (fusion.md §1.4 [R]).
    pub lenient_q: bool,
    /// An invoice whose lines do not add up is refused; otherwise it stays "Needs revalidation".
    pub refuse_line_variance: bool,
    /// An invoice whose lines belong to another company than its liability is refused.
    pub refuse_unbalanced_invoice: bool,
    /// Journal Import tells the message of the cross-validation rule that refused a combination; otherwise only the words of its code ([R]).
    pub tells_violated_rule: bool,
    /// Asked without dynamic insertion, `AccountCombinationService` says Valid of a combination that could be made; otherwise only of one
    /// that exists ([R]).
    pub validates_new_combinations: bool,
    /// `cancelInvoice` reverses on the invoice's accounting date; otherwise on the business date ([R]).
    pub cancel_on_invoice_date: bool,
    /// User conversion type of the folder's spot rates.
    pub rate_type: String,
    /// Journal source that AutoPost posts (`docs/company-setup.md`).
    pub journal_source: String,
    /// Payables invoice source.
    pub invoice_source: String,
    /// Flexfield context code.
    pub flexfield_context: String,
    /// Name of the data access set that holds every ledger.
    pub all_ledgers_access_set: String,
}

impl Default for FusionOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            default_page: 25,
            max_page: 500,
            page_trap_499: true,
            child_page: 25,
            job_ms: 0,
            process_delay_ms: 0,
            separate_import_request: false,
            ledger_argument_selects: true,
            journal_name_suffix: true,
            plain_invoice_ids: false,
            lenient_q: false,
            refuse_line_variance: true,
            refuse_unbalanced_invoice: true,
            tells_violated_rule: true,
            validates_new_combinations: true,
            cancel_on_invoice_date: false,
            rate_type: "Corporate".into(),
            journal_source: "Sage Intacct".into(),
            invoice_source: "Sage Intacct".into(),
            flexfield_context: "INTACCT".into(),
            all_ledgers_access_set: "TIEOUT_ALL_LEDGERS".into(),
        }
    }
}

/// The password made from a seed.
pub(crate) fn password(seed: u64) -> String {
    let digest = Sha256::digest(format!("fusion-twin:{seed}"));
    let hex: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
    format!("Fx-{hex}")
}
