//! What the dossier leaves open, or a tenant may set: choices of the simulated tenant.

/// Settings of the twin. Everything marked [R] in the dossier is a setting here, with the default the dossier suggests.
#[derive(Debug, Clone)]
pub struct IntacctOptions {
    /// Makes passwords, session ids and every deliberate disorder.
    pub seed: u64,
    /// Minutes a session lives after its last use (intacct-xml.md §1.6 [D]; samples 2 h to 24 h).
    pub session_minutes: i64,
    /// The API user's clock, minutes east of UTC (§6 trap 2 [C]).
    pub user_offset_minutes: i32,
    /// Calls in flight per company before refusals; 0 means no limit (§2.4 [R]: 2 on the lowest tier).
    pub concurrent_calls: usize,
    /// Overlap shorter than this is tolerated (§2.4 [R]).
    pub concurrency_grace_ms: i64,
    /// Rows written become visible to reads this much later (§6 trap 1 [C]).
    pub visibility_delay_ms: i64,
    /// Error number of a refused replay (§1.4: not verified).
    pub replay_errorno: String,
    /// Text of a refused replay; `{controlid}` is replaced (§1.4: not verified).
    pub replay_text: String,
    /// Every n-th loaded row of a payables or receivables document has no WHENMODIFIED; 0 for none (§6 trap 3 [C]).
    pub null_whenmodified_every: u32,
    /// Legacy functions refuse children out of order (§3.1 [D]).
    pub strict_element_order: bool,
    /// `readByQuery` at the top level shows records of entities (§2.1 speaks of `query` only).
    pub read_by_query_shows_private: bool,
    /// `readByQuery` answers in key order; the vendor does not (§6 trap 7 [C]).
    pub read_by_query_in_key_order: bool,
    /// AUDITHISTORY spells keys of payables and receivables documents `RECORDNO--REC` (§5.2 [C]).
    pub audit_key_suffix: bool,
    /// A payment moves WHENMODIFIED of the bill it pays (§6 trap 5 [R]).
    pub payment_touches_document: bool,
    /// Account that takes the result of closed fiscal years.
    pub retained_earnings_account: String,
    /// Payables control account of bills that name none, until the loaded books show another.
    pub payables_account: String,
    /// Receivables control account of invoices that name none, until the loaded books show another.
    pub receivables_account: String,
    /// Objects the API user may not read (PL04000005, §1.8 [C]).
    pub denied_objects: Vec<String>,
    /// API transactions included per month (§2.4 [C]); counted, never blocked.
    pub monthly_transactions: u64,
}

impl Default for IntacctOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            session_minutes: 480,
            user_offset_minutes: 0,
            concurrent_calls: 0,
            concurrency_grace_ms: 2_000,
            visibility_delay_ms: 0,
            replay_errorno: "BL01001973".to_owned(),
            replay_text: "The function with controlid '{controlid}' has already been processed."
                .to_owned(),
            null_whenmodified_every: 0,
            strict_element_order: true,
            read_by_query_shows_private: true,
            read_by_query_in_key_order: false,
            audit_key_suffix: true,
            payment_touches_document: false,
            retained_earnings_account: "3100".to_owned(),
            payables_account: "2000".to_owned(),
            receivables_account: "1200".to_owned(),
            denied_objects: Vec::new(),
            monthly_transactions: 100_000,
        }
    }
}
