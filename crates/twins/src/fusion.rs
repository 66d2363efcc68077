//! The Oracle Fusion Cloud ERP twin: a strict simulator with books of its own.
//!
//! What it is for: proving a client against the documented behaviour of the vendor, and against a general ledger that a client cannot
//! reach by any other way than the vendor's interfaces. What it is not: a general Fusion; only the resources of the project's dossier
//! exist, everything else is 404. Every vendor rule names its section of the dossier (fusion.md) and the mark of its evidence; facts
//! marked [R] there are fields of [`FusionOptions`].
//!
//! Invariants: a refused request changes nothing; balances are posted entries only; no clock, no randomness, no socket.

mod amount;
mod body;
mod books;
mod calendar;
mod control;
mod fault;
mod import;
mod jobs;
mod ledger;
mod options;
mod payables;
mod rest;
mod setup;
mod symbols;

use bytes::Bytes;

pub use import::ImportTrouble;
pub use options::FusionOptions;

use crate::Twin;
use crate::company::{CompanyError, CompanyFolder};
use books::Books;
use jobs::Jobs;
use ledger::Journals;
use payables::Invoices;
use payables::accounting::Ground;
use setup::Setup;
use setup::periods::{Application, Status};
use symbols::Symbols;

/// The only user whom the tenant's interfaces know.
const USER: &str = "integration.tieout";

/// Who does what people do on the tenant's own pages.
const PERSON: &str = "general.accountant";

/// The simulated Fusion tenant of one company folder.
pub struct FusionTwin {
    options: FusionOptions,
    password: String,
    company_id: String,
    setup: Setup,
    symbols: Symbols,
    books: Books,
    invoices: Invoices,
    journals: Journals,
    jobs: Jobs,
    import: import::Interface,
    clock: Clock,
    cache: rest::collection::Cache,
    /// Counts changes; a cached result of another count is stale.
    writes: u64,
}

/// The business clock.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Business time less caller's time, fixed at the first call.
    offset: Option<i64>,
    /// Milliseconds added by the control port.
    added: i64,
    /// Latest business time.
    now: i64,
}

impl FusionTwin {
    /// Loads the tenant's set-up from a company folder. The books start empty; every period is open.
    ///
    /// # Errors
    /// [`CompanyError`] naming file and line when a file of the folder is missing or wrong.
    pub fn open(folder: &CompanyFolder, options: FusionOptions) -> Result<Self, CompanyError> {
        let setup = setup::load::load(folder, &options)?;
        let password = options::password(options.seed);
        let clock = Clock {
            offset: None,
            added: 0,
            now: setup.newest_ms.saturating_add(1000),
        };
        let company_id = folder.company_id();
        let jobs = Jobs::new(&options);
        let mut twin = Self {
            options,
            password,
            company_id,
            setup,
            symbols: Symbols::default(),
            books: Books::default(),
            invoices: Invoices::default(),
            journals: Journals::default(),
            jobs,
            import: import::Interface::default(),
            clock,
            cache: rest::collection::Cache::default(),
            writes: 0,
        };
        twin.make_retained_combinations();
        Ok(twin)
    }

    /// User name and password of the tenant, for Basic authentication.
    pub fn login(&self) -> (String, String) {
        (USER.to_owned(), self.password.clone())
    }

    /// The retained-earnings combination of every company exists from the start, so that `%` queries find rolled results.
    fn make_retained_combinations(&mut self) {
        let companies: Vec<String> = self
            .setup
            .ledgers
            .iter()
            .flat_map(|l| l.companies.clone())
            .collect();
        for company in companies {
            let text = books::retained_text(&self.setup, &company);
            let account = self
                .setup
                .chart
                .value(self.setup.chart.account, &self.setup.chart.retained);
            let day = account.and_then(|v| v.from).unwrap_or_default();
            let _ = self.setup.chart.combination(&text, day);
        }
    }

    /// Moves the business clock to the caller's time and finishes what is due by then.
    fn tick(&mut self, unix_ms: i64) {
        let start = unix_ms.max(self.setup.newest_ms.saturating_add(1000));
        let offset = *self.clock.offset.get_or_insert(start - unix_ms);
        let now = unix_ms
            .saturating_add(offset)
            .saturating_add(self.clock.added);
        self.clock.now = self.clock.now.max(now);
        self.run_due();
    }

    /// The ledger side of invoices, borrowed apart from them.
    fn ground(&mut self) -> (&mut Invoices, Ground<'_>) {
        let ground = Ground {
            setup: &self.setup,
            symbols: &mut self.symbols,
            books: &mut self.books,
        };
        (&mut self.invoices, ground)
    }

    /// Runs the tenant's scheduled processes for one invoice: validation, Create Accounting with posting (which
    /// waits until the General Ledger period is open).
    fn process_invoice(&mut self, at: u32) {
        let (invoices, mut ground) = self.ground();
        let state = invoices.at(at).state;
        if state == payables::State::NotValidated {
            invoices.at_mut(at).state = payables::State::Validated;
        }
        let invoice = invoices.at(at);
        let ledger = ground.setup.units[usize::from(invoice.unit)].ledger;
        let calendar = &ground.setup.calendar;
        let open = |line: &payables::Line| {
            let period = calendar.on(line.day);
            period.is_some_and(|p| calendar.status(ledger, p, Application::Gl) == Status::Open)
        };
        if invoice.state == payables::State::Validated && invoice.lines.iter().all(open) {
            invoices.account(at, &mut ground);
        }
    }

    /// AutoPost of one batch.
    fn auto_post(&mut self, batch: usize) {
        let now = self.clock.now;
        self.journals
            .post(batch, &self.setup, &mut self.symbols, &mut self.books, now);
    }

    /// Marks a change: cached results are stale.
    fn changed(&mut self) {
        self.writes += 1;
    }
}

impl Twin for FusionTwin {
    fn answer(&mut self, unix_ms: i64, request: http::Request<Bytes>) -> http::Response<Bytes> {
        self.tick(unix_ms);
        self.route(&request)
    }
}
