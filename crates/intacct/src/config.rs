//! Everything about one Sage Intacct company that an implementer chooses or that the vendor's documents leave open.
//!
//! Each setting's default is either documented (the dossier section is named) or the set-up of our simulated tenants
//! (`docs/company-setup.md`); facts marked \[R\] in the dossier are settings here and nowhere constants.

use std::collections::{BTreeMap, BTreeSet};

use tieout_connector::Secret;
use tieout_model::{PostingKind, SystemId};

/// How to reach one company and how it is set up.
#[derive(Debug, Clone)]
pub struct IntacctConfig {
    /// The name of this system in the configuration.
    pub system: SystemId,
    /// First endpoint; a session may name another (intacct-xml.md §1.1 [D]).
    pub endpoint: String,
    /// Hosts a session's endpoint may have besides the configured one: this suffix.
    pub trusted_host_suffix: String,
    /// Company id.
    pub company_id: String,
    /// Web-services sender id.
    pub sender_id: String,
    /// Its password.
    pub sender_password: Secret,
    /// User id.
    pub user_id: String,
    /// Its password.
    pub user_password: Secret,
    /// Name of the credential, for the log of calls.
    pub credential_name: String,
    /// Entity scope of the session; `None` for top level.
    pub login_entity: Option<String>,
    /// Sizes, bounds and waits.
    pub bounds: Bounds,
    /// What is read again, and when.
    pub capture: Capture,
    /// Journal symbol -> whose postings stand in it. A journal that is not named here holds its entries back.
    pub journals: BTreeMap<String, PostingKind>,
    /// Journals of quantities.
    pub statistical_journals: BTreeSet<String>,
    /// Journals of opening balances.
    pub opening_journals: BTreeSet<String>,
    /// States (labels) of a bill that count as posted (intacct-xml.md §4.2 [D; tail R]).
    pub bill_states: Vec<String>,
    /// States of a supplier credit that count as posted [R].
    pub credit_states: Vec<String>,
    /// States of a journal entry that count as posted (intacct-xml.md §4.1).
    pub journal_states: Vec<String>,
    /// Dimension -> field names. Custom ones are added with [`IntacctConfig::with_custom_dimension`].
    pub dimensions: BTreeMap<String, DimensionField>,
    /// Field of the other entity of an inter-entity line, if the company has it (intacct-xml.md §4.9 [C]).
    pub affiliate_field: Option<String>,
    /// Hold back a bill or credit whose header totals are not the sums of its items.
    pub checks_totals: bool,
    /// Control account of bills and credits whose items name none.
    pub control_account: Option<String>,
    /// Fields of GLBATCH that name its entity (id or record number), the first filled one counts.
    pub journal_entity_fields: Vec<String>,
    /// Fields of GLBATCH that hold the entity's id and can be searched.
    pub journal_entity_filters: Vec<String>,
    /// Stamp of change on GLBATCH: `WHENMODIFIED`, in some tenants `MODIFIED` (intacct-xml.md §3.4).
    pub journal_stamp_field: String,
    /// Read rows private to an entity too.
    pub shows_private: bool,
    /// Ask for an object's fields before selecting them, since a company may lack some (intacct-xml.md §3.5 [C]).
    pub discovers_fields: bool,
    /// The user's zone.
    pub zone: UserZone,
    /// How balances are read.
    pub balances: BalanceReading,
    /// How documents are written.
    pub posting: Posting,
}

/// How documents are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// How many documents one batch may carry; each is a call of its own, so that none refuses another.
    pub batch_max: u32,
    /// Journal of ordinary entries and reversals.
    pub journal: String,
    /// Journal of entries in adjusting periods.
    pub adjusting_journal: String,
    /// Journal of quantities.
    pub statistical_journal: String,
    /// Journal of opening balances.
    pub opening_journal: String,
    /// Words in the refusal of a function that ran before (intacct-xml.md §1.4: not verified).
    pub replay_words: Vec<String>,
    /// Error numbers of a value that exists already (intacct-xml.md §1.8 [V][C]).
    pub exists_numbers: BTreeSet<String>,
}

/// Sizes, bounds and waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Rows per page (at most 2,000, intacct-xml.md §8 [D]).
    pub page_size: u32,
    /// Keys per `in` list (at most 1,000, intacct-xml.md §8 [D]).
    pub key_list_max: usize,
    /// Calls at a time; the company may have two in all (intacct-xml.md §8 [R]), so we take one.
    pub in_flight_max: usize,
    /// A session is renewed so many milliseconds before it would end.
    pub session_renew_early_ms: u64,
    /// How long a session lasts if the gateway does not say.
    pub session_assumed_ms: u64,
    /// After a refused login none is tried for so long, since users are locked out (intacct-xml.md §1.8).
    pub login_pause_ms: u64,
    /// How often a read is repeated after a passing trouble.
    pub retry_max: u32,
    /// First wait before a repetition; doubles each time, with full jitter.
    pub retry_base_ms: u64,
    /// Longest wait before a repetition.
    pub retry_cap_ms: u64,
}

/// What is read again, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Rows become visible late: changes of so long before the newest one are read again (intacct-xml.md §5.1 [C]: 2 h).
    pub look_back_ms: u64,
    /// How often that is done.
    pub look_back_every_ms: u64,
    /// Deletions are read from so long before (intacct-xml.md §5.1 [C]: 2.5 h).
    pub deletion_look_back_ms: u64,
    /// A second is surely over so long after its last row was read.
    pub settle_ms: u64,
    /// Read deletions from the audit history.
    pub reads_deletions: bool,
    /// Read rows that have no stamp of change (intacct-xml.md §3.4 [C]).
    pub reads_unstamped: bool,
    /// The look-back also goes so many record numbers back among rows without a stamp.
    pub unstamped_look_back: i64,
}

/// Field names of one dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionField {
    /// On GLENTRY.
    pub entry: String,
    /// On items of bills and credits.
    pub item: String,
}

/// In which zone the user sees stamps of change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserZone {
    /// Ask with `readUserFormatting`; the formats must be among these (intacct-xml.md §2.3 [C]).
    Discover {
        /// Understood values of `dateformat`.
        date_formats: BTreeSet<String>,
        /// Understood values of `clock`.
        clocks: BTreeSet<String>,
    },
    /// So many minutes east of Greenwich, not asked for.
    Fixed {
        /// Minutes east.
        offset_minutes: i32,
    },
}

/// How balances are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceReading {
    /// With which function.
    pub function: BalanceFunction,
    /// `reportingbook` (intacct-xml.md §4.1).
    pub reporting_book: String,
    /// Books of adjusting entries, included so that openings carry them on; their movement is shown apart.
    pub adjusting_books: Vec<String>,
}

/// The functions balances can be read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceFunction {
    /// `get_trialbalance` by dates.
    TrialBalance,
    /// `readByQuery` of GLACCOUNTBALANCE by reporting period name.
    AccountBalance,
}

impl IntacctConfig {
    /// A company with the documented defaults. Credentials are filled in by the caller.
    pub fn new(system: SystemId, endpoint: impl Into<String>, company: impl Into<String>) -> Self {
        Self {
            system,
            endpoint: endpoint.into(),
            trusted_host_suffix: ".intacct.com".to_owned(),
            company_id: company.into(),
            sender_id: String::new(),
            sender_password: Secret::default(),
            user_id: String::new(),
            user_password: Secret::default(),
            credential_name: String::new(),
            login_entity: None,
            bounds: Bounds::default(),
            capture: Capture::default(),
            journals: default_journals(),
            statistical_journals: set(&["STJ"]),
            opening_journals: set(&["OBJ"]),
            bill_states: list(&["Posted", "Paid", "Partially Paid", "Selected", "Reversed"]),
            credit_states: list(&["Posted", "Paid", "Partially Paid", "Selected", "Reversed"]),
            journal_states: list(&["Posted", "Reversal pending", "Reversed"]),
            dimensions: default_dimensions(),
            affiliate_field: Some("AFFILIATEENTITY".to_owned()),
            checks_totals: true,
            control_account: None,
            journal_entity_fields: list(&["BASELOCATION_NO", "BASELOCATION", "MEGAENTITYID"]),
            journal_entity_filters: list(&["BASELOCATION_NO", "MEGAENTITYID"]),
            journal_stamp_field: "WHENMODIFIED".to_owned(),
            shows_private: true,
            discovers_fields: true,
            zone: UserZone::Discover {
                date_formats: set(&["/mdY"]),
                clocks: set(&["24"]),
            },
            balances: BalanceReading {
                function: BalanceFunction::TrialBalance,
                reporting_book: "ACCRUAL".to_owned(),
                adjusting_books: list(&["GAAPADJ"]),
            },
            posting: Posting {
                batch_max: 50,
                journal: "GJ".to_owned(),
                adjusting_journal: "ADJJ".to_owned(),
                statistical_journal: "STJ".to_owned(),
                opening_journal: "OBJ".to_owned(),
                replay_words: list(&["already been processed", "previously processed"]),
                exists_numbers: set(&["BL34000061", "PL05000104"]),
            },
        }
    }

    /// The same with one more custom dimension, kept in `field` on every line.
    #[must_use]
    pub fn with_custom_dimension(mut self, name: &str, field: &str) -> Self {
        let field = DimensionField {
            entry: field.to_owned(),
            item: field.to_owned(),
        };
        self.dimensions.insert(name.to_owned(), field);
        self
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            page_size: 2_000,
            key_list_max: 1_000,
            in_flight_max: 1,
            session_renew_early_ms: 180_000,
            session_assumed_ms: 1_800_000,
            login_pause_ms: 900_000,
            retry_max: 5,
            retry_base_ms: 500,
            retry_cap_ms: 60_000,
        }
    }
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            look_back_ms: 7_200_000,
            look_back_every_ms: 1_800_000,
            deletion_look_back_ms: 9_000_000,
            settle_ms: 2_000,
            reads_deletions: true,
            reads_unstamped: true,
            unstamped_look_back: 1_000,
        }
    }
}

fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Journals of `docs/company-setup.md`.
fn default_journals() -> BTreeMap<String, PostingKind> {
    let kinds = [
        (
            PostingKind::Journal,
            ["GJ", "OBJ", "ADJJ", "STJ", "ICJ", "RVJ"].as_slice(),
        ),
        (PostingKind::SupplierInvoice, &["APJ"]),
        (PostingKind::SupplierCredit, &["APADJ"]),
        (
            PostingKind::Other,
            &["CDJ", "ARJ", "ARADJ", "CRJ", "EEJ", "TSJ", "CNJ", "INJ"],
        ),
    ];
    let pairs = kinds
        .into_iter()
        .flat_map(|(kind, symbols)| symbols.iter().map(move |&symbol| (symbol.to_owned(), kind)));
    pairs.collect()
}

/// Standard dimensions by their usual field names (intacct-xml.md §3.5 [V][D]).
fn default_dimensions() -> BTreeMap<String, DimensionField> {
    let fields = [
        ("location", "LOCATION", "LOCATIONID"),
        ("department", "DEPARTMENT", "DEPARTMENTID"),
        ("project", "PROJECTID", "PROJECTID"),
        ("customer", "CUSTOMERID", "CUSTOMERID"),
        ("vendor", "VENDORID", "VENDORID"),
        ("employee", "EMPLOYEEID", "EMPLOYEEID"),
        ("item", "ITEMID", "ITEMID"),
        ("class", "CLASSID", "CLASSID"),
    ];
    let pairs = fields.into_iter().map(|(name, entry, item)| {
        let field = DimensionField {
            entry: entry.to_owned(),
            item: item.to_owned(),
        };
        (name.to_owned(), field)
    });
    pairs.collect()
}
