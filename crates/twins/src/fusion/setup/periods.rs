//! The accounting calendar and the status of each period, per ledger and application.
//!
//! Invariant: `periods` stand in the order of (fiscal year, period number), so an adjusting period follows the regular one it adjusts.

use std::collections::HashMap;

use crate::fusion::calendar::Day;

/// General Ledger and Payables have statuses of their own (fusion.md §14 trap 14 [S-live]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Application {
    /// General Ledger (application id 101).
    Gl,
    /// Payables (application id 200).
    Ap,
}

/// Status of a period (fusion.md §9.8 [S]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// `N`.
    NeverOpened,
    /// `F`: entries are taken, nothing is posted.
    Future,
    /// `O`.
    Open,
    /// `C`.
    Closed,
    /// `P`.
    PermanentlyClosed,
}

impl Status {
    /// The letter of a status.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::NeverOpened => "N",
            Self::Future => "F",
            Self::Open => "O",
            Self::Closed => "C",
            Self::PermanentlyClosed => "P",
        }
    }

    /// The status of a letter or an English word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "n" | "never opened" => Some(Self::NeverOpened),
            "f" | "future" | "future enterable" => Some(Self::Future),
            "o" | "open" => Some(Self::Open),
            "c" | "closed" => Some(Self::Closed),
            "p" | "permanently closed" => Some(Self::PermanentlyClosed),
            _ => None,
        }
    }
}

/// One accounting period.
#[derive(Debug)]
pub(crate) struct Period {
    /// The company's own code (`P12-2026`), used only by the control port.
    pub code: String,
    /// `PeriodName` (`Dec-26`).
    pub name: String,
    pub year: i32,
    pub number: i32,
    pub start: Day,
    pub end: Day,
    pub adjusting: bool,
}

/// Periods and their statuses.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    pub periods: Vec<Period>,
    names: HashMap<String, usize>,
    /// Regular periods by start day.
    starts: Vec<(Day, usize)>,
    statuses: Vec<[Status; 2]>,
    ledgers: usize,
}

impl Calendar {
    /// A calendar with every period open in every ledger.
    pub(crate) fn new(mut periods: Vec<Period>, ledgers: usize) -> Self {
        periods.sort_by_key(|p| (p.year, p.number));
        let names = periods
            .iter()
            .enumerate()
            .map(|(i, p)| (p.name.clone(), i))
            .collect();
        let mut starts: Vec<(Day, usize)> = periods
            .iter()
            .enumerate()
            .filter(|(_, p)| !p.adjusting)
            .map(|(i, p)| (p.start, i))
            .collect();
        starts.sort_unstable();
        let statuses = vec![[Status::Open; 2]; periods.len() * ledgers];
        Self {
            periods,
            names,
            starts,
            statuses,
            ledgers,
        }
    }

    /// A period by its name or by the company's own code.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.names
            .get(name)
            .copied()
            .or_else(|| self.periods.iter().position(|p| p.code == name))
    }

    /// A period by its name alone.
    pub(crate) fn by_name(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The regular period that holds a day.
    pub(crate) fn on(&self, day: Day) -> Option<usize> {
        let after = self.starts.partition_point(|(start, _)| *start <= day);
        let (_, at) = *self.starts.get(after.checked_sub(1)?)?;
        (self.periods[at].end >= day).then_some(at)
    }

    fn slot(&self, ledger: usize, period: usize) -> usize {
        period * self.ledgers + ledger
    }

    /// The status of a period.
    pub(crate) fn status(&self, ledger: usize, period: usize, application: Application) -> Status {
        let pair = self.statuses.get(self.slot(ledger, period)).copied();
        let [gl, ap] = pair.unwrap_or([Status::NeverOpened; 2]);
        if application == Application::Gl {
            gl
        } else {
            ap
        }
    }

    /// Changes the status of a period.
    pub(crate) fn set(
        &mut self,
        ledger: usize,
        period: usize,
        application: Application,
        status: Status,
    ) {
        let slot = self.slot(ledger, period);
        if let Some(pair) = self.statuses.get_mut(slot) {
            pair[usize::from(application == Application::Ap)] = status;
        }
    }

    /// The last day of the newest regular period that is open in both applications.
    pub(crate) fn last_open_day(&self, ledger: usize) -> Option<Day> {
        let open = |at: usize| {
            self.status(ledger, at, Application::Gl) == Status::Open
                && self.status(ledger, at, Application::Ap) == Status::Open
        };
        self.starts
            .iter()
            .rev()
            .find(|(_, at)| open(*at))
            .map(|(_, at)| self.periods[*at].end)
    }
}
