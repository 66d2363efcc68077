//! What the tenant's own set-up says: ledgers and the state of their periods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use tieout_connector::Fault;
use tieout_model::{AccountingDate, Currency};

use crate::client::not_understood;
use crate::system::Fusion;
use crate::wire::attribute::{date, flag, text};
use crate::wire::query::Query;

/// A ledger as `ledgersLOV` shows it (fusion.md §9.8 [S]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Its number.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
}

/// Whose period status: each product keeps its own (fusion.md §14.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application {
    /// Invoices.
    Payables,
    /// Journals.
    GeneralLedger,
}

/// State of a period (fusion.md §9.8 [S]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodState {
    /// Takes documents.
    Open,
    /// Takes documents, not yet postings.
    FutureEnterable,
    /// Takes nothing; may be opened again.
    Closed,
    /// Takes nothing; never did.
    NeverOpened,
    /// Takes nothing, for ever.
    PermanentlyClosed,
}

impl PeriodState {
    /// True if a document with a date in the period may be sent.
    pub const fn takes_documents(self) -> bool {
        matches!(self, Self::Open | Self::FutureEnterable)
    }

    /// True if it took documents once and takes none any more; one that was never opened still may.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Closed | Self::PermanentlyClosed)
    }

    fn of_code(code: &str) -> Option<Self> {
        match code {
            "O" => Some(Self::Open),
            "F" => Some(Self::FutureEnterable),
            "C" => Some(Self::Closed),
            "N" => Some(Self::NeverOpened),
            "P" | "W" => Some(Self::PermanentlyClosed),
            _ => None,
        }
    }
}

/// Set-up that was read once; ledgers do not change while a program runs.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    ledgers: Mutex<BTreeMap<String, Ledger>>,
}

impl Setup {
    fn known(&self, name: &str) -> Option<Ledger> {
        let ledgers = self
            .ledgers
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        ledgers.get(name).cloned()
    }

    fn learn(&self, found: &[Ledger]) {
        let mut ledgers = self
            .ledgers
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        ledgers.extend(found.iter().map(|l| (l.name.clone(), l.clone())));
    }
}

impl Fusion {
    /// All ledgers the integration user may see. One without data access is left out by Fusion without a word (fusion.md §13.1 [D2]).
    ///
    /// # Errors
    /// [`Fault`] if they can't be read.
    pub async fn ledgers(&self) -> Result<Vec<Ledger>, Fault> {
        let operation = "GET ledgersLOV";
        let path = self.client.resource("ledgersLOV");
        let rows = self.client.all(operation, &path, &Query::default()).await?;
        let ledger = |row: &crate::client::Row| {
            let code = text(&row.value, "CurrencyCode");
            let currency = code.parse().map_err(|e| not_understood(operation, e))?;
            Ok(Ledger {
                id: text(&row.value, "LedgerId"),
                name: text(&row.value, "Name"),
                currency,
            })
        };
        let found: Vec<Ledger> = rows.iter().map(ledger).collect::<Result<_, Fault>>()?;
        self.setup.learn(&found);
        Ok(found)
    }

    /// The ledger of that name; `None` if it does not exist or the integration user has no access to it.
    ///
    /// # Errors
    /// [`Fault`] if the ledgers can't be read.
    pub async fn ledger(&self, name: &str) -> Result<Option<Ledger>, Fault> {
        if let Some(known) = self.setup.known(name) {
            return Ok(Some(known));
        }
        self.ledgers().await?;
        Ok(self.setup.known(name))
    }

    /// State of `period` (Fusion's own name of it) of the ledger named `ledger` in `application`; `None` if there is no such period.
    ///
    /// # Errors
    /// [`Fault`] if it can't be read or is unknown to this client.
    pub async fn period_status(
        &self,
        ledger: &str,
        application: Application,
        period: &str,
    ) -> Result<Option<PeriodState>, Fault> {
        Ok(self
            .period_states(ledger, application)
            .await?
            .remove(period))
    }

    /// States of all periods of the ledger named `ledger` in `application`, by Fusion's own names: one reading for many documents.
    ///
    /// # Errors
    /// [`Fault`] if they can't be read or one is unknown to this client.
    pub async fn period_states(
        &self,
        ledger: &str,
        application: Application,
    ) -> Result<BTreeMap<String, PeriodState>, Fault> {
        let operation = "GET accountingPeriodStatusLOV";
        let mut states = BTreeMap::new();
        for row in self.period_rows(ledger).await? {
            if self.is_of(&row, application) {
                let code = text(&row, "ClosingStatus");
                let unknown = || not_understood(operation, format!("closing status {code:?}"));
                let state = PeriodState::of_code(&code).ok_or_else(unknown)?;
                states.insert(self.period_name(&row), state);
            }
        }
        Ok(states)
    }

    /// Name of the regular period of `ledger` that holds `date`, if the tenant shows it.
    pub(crate) async fn period_of(
        &self,
        ledger: &str,
        day: AccountingDate,
    ) -> Result<Option<String>, Fault> {
        let unreadable = |e| not_understood("GET accountingPeriodStatusLOV", e);
        for row in self.period_rows(ledger).await? {
            let start = date(&row, "StartDate").map_err(unreadable)?;
            let end = date(&row, "EndDate").map_err(unreadable)?;
            let is_in =
                matches!((start, end), (Some(start), Some(end)) if start <= day && day <= end);
            if is_in && !flag(&row, "AdjustmentPeriodFlag") {
                return Ok(Some(self.period_name(&row)));
            }
        }
        Ok(None)
    }

    /// Names of the adjusting periods of `ledger`.
    pub(crate) async fn adjusting_periods(&self, ledger: &str) -> Result<BTreeSet<String>, Fault> {
        let rows = self.period_rows(ledger).await?;
        let adjusting = rows.iter().filter(|row| flag(row, "AdjustmentPeriodFlag"));
        Ok(adjusting.map(|row| self.period_name(row)).collect())
    }

    async fn period_rows(&self, ledger: &str) -> Result<Vec<serde_json::Value>, Fault> {
        let operation = "GET accountingPeriodStatusLOV";
        let Some(found) = self.ledger(ledger).await? else {
            let detail = format!("ledger {ledger} does not exist or its data access is missing");
            return Err(not_understood(operation, detail));
        };
        let query = Query::default().with("q", &format!("LedgerId={}", found.id));
        let path = self.client.resource("accountingPeriodStatusLOV");
        let rows = self.client.all(operation, &path, &query).await?;
        let of_ledger = rows.into_iter().map(|row| row.value);
        Ok(of_ledger
            .filter(|row| text(row, "LedgerId") == found.id)
            .collect())
    }

    fn period_name(&self, row: &serde_json::Value) -> String {
        let names = self.client.config.period_name_attributes.iter();
        let mut found = names.map(|attribute| text(row, attribute));
        found.find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// A tenant that shows no application id has one status for all.
    fn is_of(&self, row: &serde_json::Value, application: Application) -> bool {
        let (payables, general_ledger) = &self.client.config.application_ids;
        let wanted = match application {
            Application::Payables => payables,
            Application::GeneralLedger => general_ledger,
        };
        let found = text(row, "ApplicationId");
        found.is_empty() || found == *wanted
    }
}
