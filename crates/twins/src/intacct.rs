//! The Sage Intacct twin: the XML gateway over books of its own.
//!
//! It answers `POST /ia/xml/xmlgw.phtml` as the dossier says real clients see it, and refuses what the dossier is silent about. It keeps a
//! double-entry ledger of its own and shares nothing with the client but the vendor's documents. Not simulated: asynchronous policies,
//! order entry, payments written through the API, drafts and approvals, attachments.
//!
//! Invariants: a function that fails leaves nothing behind; per entity the ledger always balances.

mod amount;
mod books;
mod envelope;
mod fault;
mod filter;
mod gateway;
mod moment;
mod options;
mod read;
mod session;
mod write;
mod xml;

use bytes::Bytes;
use serde_json::Value;

use crate::Twin;
use crate::company::{CompanyError, CompanyFolder};
use crate::usage::Usage;
use books::{Books, Stamp};
use read::keys::Cursors;
use session::Door;
use write::keyboard;

pub use options::IntacctOptions;
pub use session::IntacctLogin;

/// A simulated Sage Intacct tenant.
#[derive(Debug)]
pub struct IntacctTwin {
    books: Books,
    door: Door,
    cursors: Cursors,
    /// Business clock less caller's clock, milliseconds; fixed at the first call.
    offset: Option<i64>,
    usage: Vec<Usage>,
    metered: u64,
    supports: u64,
    overlap: (usize, i64),
}

impl IntacctTwin {
    /// Loads a company folder into a fresh tenant.
    ///
    /// # Errors
    /// [`CompanyError`] with file and line for anything missing, malformed or out of balance.
    pub fn open(folder: &CompanyFolder, options: IntacctOptions) -> Result<Self, CompanyError> {
        let door = Door::new(folder.company_id(), &options);
        Ok(Self {
            books: books::load::load(folder, options)?,
            door,
            cursors: Cursors::default(),
            offset: None,
            usage: Vec::new(),
            metered: 0,
            supports: 0,
            overlap: (0, 0),
        })
    }

    /// What a client needs to sign in.
    pub fn login(&self) -> IntacctLogin {
        self.door.login.clone()
    }

    /// The business clock, Unix milliseconds, for a time of the caller's clock. The first call fixes how far it runs ahead: it starts at
    /// the later of the caller's clock and one second after the newest entry of the company folder.
    pub fn now(&mut self, unix_ms: i64) -> i64 {
        let newest = (moment::unix_from_moment(self.books.newest) + 1) * 1000;
        let offset = *self
            .offset
            .get_or_insert_with(|| unix_ms.max(newest) - unix_ms);
        unix_ms + offset
    }

    /// Moves the business clock forward.
    pub fn advance_clock(&mut self, unix_ms: i64, by_ms: i64) {
        self.now(unix_ms);
        self.offset = self.offset.map(|o| o + by_ms.max(0));
    }

    /// Tells how many requests the server holds at this moment, the one to come included, and for how long the oldest has run.
    pub fn report_overlap(&mut self, in_flight: usize, oldest_ms: i64) {
        self.overlap = (in_flight, oldest_ms);
    }

    fn overloaded(&self) -> bool {
        let limit = self.books.options.concurrent_calls;
        let (in_flight, oldest) = self.overlap;
        limit > 0 && in_flight > limit && oldest >= self.books.options.concurrency_grace_ms
    }

    /// What was done since the last call of this method.
    pub fn take_usage(&mut self) -> Vec<Usage> {
        std::mem::take(&mut self.usage)
    }

    /// Transactions the vendor would have metered so far (intacct-xml.md §2.4), and how many of them go beyond the monthly allowance.
    pub fn metered(&self) -> (u64, u64) {
        (
            self.metered,
            self.metered
                .saturating_sub(self.books.options.monthly_transactions),
        )
    }

    /// Names of the functions in a request body, as the call log has them: `query APBILL`, `create GLBATCH`, `getAPISession`.
    pub fn operations(body: &[u8]) -> Vec<String> {
        let Ok(root) = xml::parse(body) else {
            return vec!["gateway".to_owned()];
        };
        let functions = root
            .all("operation")
            .flat_map(|o| o.all("content"))
            .flat_map(|c| &c.children);
        functions
            .flat_map(|f| f.children.first())
            .map(read::describe::operation)
            .collect()
    }

    /// Ends every session, as an outage may.
    pub fn end_sessions(&mut self) {
        self.door.close_all();
    }

    /// Rows of all objects together.
    pub fn rows(&self) -> u32 {
        self.books.size()
    }

    /// Settings of the tenant, to change them while it runs.
    pub fn options_mut(&mut self) -> &mut IntacctOptions {
        &mut self.books.options
    }

    /// Trial balance as CSV: `period,entity_id,account,currency,balance`; debit positive, year to date, prior results in retained
    /// earnings, `<period>+ADJ` beside a period whose adjusting period ends the same day.
    pub fn trial_balance_csv(&self) -> String {
        self.books.trial_balance_csv()
    }

    /// Documents as CSV: `kind,number,stamp,entity,accounting_date,currency,amount,status,created_at`.
    pub fn documents_csv(&self) -> String {
        self.books.documents_csv()
    }

    /// Opens or closes a period, for one entity and application (`GL`, `AP`, `AR`) or all. `status` is `open` or `closed`.
    ///
    /// # Errors
    /// Words naming the value that is unknown.
    pub fn set_period(
        &mut self,
        entity: Option<&str>,
        application: Option<&str>,
        period: &str,
        status: &str,
    ) -> Result<(), String> {
        self.books.set_period(entity, application, period, status)
    }

    /// Enters a document as a person would; columns of `documents.csv` and `lines`. Answers `{"document_id": …}`.
    ///
    /// # Errors
    /// Words naming the column that is wrong.
    pub fn enter_document(&mut self, unix_ms: i64, document: &Value) -> Result<Value, String> {
        let id = self.by_hand(unix_ms, |books, stamp| {
            keyboard::enter(books, document, stamp)
        })?;
        Ok(serde_json::json!({ "document_id": id }))
    }

    /// Changes a document: columns given replace the old ones, `lines` replaces all lines.
    ///
    /// # Errors
    /// Words naming the column, or why it cannot be changed.
    pub fn edit_document(&mut self, unix_ms: i64, id: &str, changes: &Value) -> Result<(), String> {
        self.by_hand(unix_ms, |books, stamp| {
            keyboard::edit(books, id, changes, stamp)
        })
    }

    /// Deletes a document.
    ///
    /// # Errors
    /// Words saying why it cannot be deleted.
    pub fn delete_document(&mut self, unix_ms: i64, id: &str) -> Result<(), String> {
        self.by_hand(unix_ms, |books, stamp| keyboard::delete(books, id, stamp))
    }

    /// Reverses a document on `gl_date` of `details` (default today). Answers `{"document_id": …}` of the reversal.
    ///
    /// # Errors
    /// Words saying why it cannot be reversed.
    pub fn reverse_document(
        &mut self,
        unix_ms: i64,
        id: &str,
        details: &Value,
    ) -> Result<Value, String> {
        let made = self.by_hand(unix_ms, |books, stamp| {
            keyboard::reverse(books, id, details, stamp)
        })?;
        Ok(serde_json::json!({ "document_id": made }))
    }

    fn by_hand<T>(
        &mut self,
        unix_ms: i64,
        work: impl FnOnce(&mut Books, Stamp) -> Result<T, String>,
    ) -> Result<T, String> {
        let seconds = self.now(unix_ms) / 1000;
        let moment = moment::moment_from_unix(seconds).ok_or("the clock is out of range")?;
        let stamp = Stamp {
            moment,
            user: 2,
            source: "ui",
            audited: true,
        };
        self.books.begin();
        let done = work(&mut self.books, stamp);
        if done.is_err() {
            self.books.rollback(0);
        }
        self.books.commit();
        done
    }
}

impl Twin for IntacctTwin {
    fn answer(&mut self, unix_ms: i64, request: http::Request<Bytes>) -> http::Response<Bytes> {
        self.gateway(unix_ms, &request)
    }
}
