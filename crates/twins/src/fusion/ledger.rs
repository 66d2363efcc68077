//! Journal batches, their headers and lines, and their posting.
//!
//! Batches come from Journal Import (or from people at the control port). A batch posts when all its periods are open; posted entries go
//! to [`super::books`]. Deleting or editing takes a posted batch back out first.

use std::collections::{BTreeMap, HashMap};

use super::books::{Books, Entry};
use super::calendar::Day;
use super::setup::Setup;
use super::setup::periods::{Application, Status};
use super::symbols::{Symbol, Symbols};

/// First `JeBatchId`, `JeHeaderId`.
pub(crate) const BATCH_IDS: i64 = 300_000_040_000_000;
pub(crate) const HEADER_IDS: i64 = 300_000_050_000_000;

/// A journal line. Amounts in minor units: entered in the header's currency, accounted in the ledger's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub combination: u32,
    pub entered_debit: Option<i64>,
    pub entered_credit: Option<i64>,
    pub accounted_debit: Option<i64>,
    pub accounted_credit: Option<i64>,
    /// Quantity in millionths.
    pub stat: Option<i64>,
    pub description: Symbol,
    pub reconciliation: Symbol,
    /// Flexfield context; empty if none.
    pub context: Symbol,
    /// ATTRIBUTE1..10.
    pub attributes: [Symbol; 10],
    /// REFERENCE21..30.
    pub references: [Symbol; 10],
}

/// A journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    pub batch: usize,
    pub name: String,
    pub description: String,
    pub ledger: usize,
    pub category: Symbol,
    pub currency: Symbol,
    pub period: usize,
    pub date: Day,
    pub conversion_type: Symbol,
    pub conversion_date: Option<Day>,
    pub conversion_rate: Symbol,
    pub external_reference: String,
    pub lines: Vec<Line>,
}

/// Reversal attributes of a batch (fusion.md §9.1 [D]).
#[derive(Debug, Clone, Default)]
pub(crate) struct Reversal {
    pub flag: bool,
    pub period: Symbol,
    pub date: Option<Day>,
    pub method: Symbol,
}

/// A journal batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    pub name: String,
    pub description: String,
    pub period: usize,
    pub source: Symbol,
    pub posted_ms: Option<i64>,
    pub deleted: bool,
    pub headers: Vec<usize>,
    pub reversal: Reversal,
    /// Posting errors in words.
    pub errors: Vec<String>,
    pub created_ms: i64,
    pub updated_ms: i64,
}

/// All journals.
#[derive(Debug, Default)]
pub(crate) struct Journals {
    pub batches: Vec<Batch>,
    pub headers: Vec<Header>,
    names: BTreeMap<String, Vec<usize>>,
    references: HashMap<String, Vec<usize>>,
}

impl Journals {
    /// Adds a batch with its headers; nothing is posted. Gives the batch's position.
    pub(crate) fn add(&mut self, mut batch: Batch, headers: Vec<Header>) -> usize {
        let at = self.batches.len();
        for mut header in headers {
            header.batch = at;
            let place = self.headers.len();
            batch.headers.push(place);
            if !header.external_reference.is_empty() {
                self.references
                    .entry(header.external_reference.clone())
                    .or_default()
                    .push(place);
            }
            self.headers.push(header);
        }
        self.names.entry(batch.name.clone()).or_default().push(at);
        self.batches.push(batch);
        at
    }

    /// True if a live batch of this name and period exists.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.names
            .get(name)
            .into_iter()
            .flatten()
            .any(|at| !self.batches[*at].deleted)
    }

    /// Batches whose name begins with `prefix`, oldest first.
    pub(crate) fn named_like(&self, prefix: &str) -> Vec<usize> {
        let from = self.names.range(prefix.to_owned()..);
        let mut found: Vec<usize> = from
            .take_while(|(name, _)| name.starts_with(prefix))
            .flat_map(|(_, list)| list.iter().copied())
            .collect();
        found.sort_unstable();
        found
    }

    /// Headers with this external reference, oldest first.
    pub(crate) fn referenced(&self, reference: &str) -> Vec<usize> {
        self.references.get(reference).cloned().unwrap_or_default()
    }

    /// Posts a batch if it can be; otherwise leaves it unposted with its errors.
    pub(crate) fn post(
        &mut self,
        at: usize,
        setup: &Setup,
        symbols: &mut Symbols,
        books: &mut Books,
        now: i64,
    ) {
        let batch = &mut self.batches[at];
        if batch.posted_ms.is_some() || batch.deleted {
            return;
        }
        batch.errors.clear();
        for place in &batch.headers {
            let header = &self.headers[*place];
            let status = setup
                .calendar
                .status(header.ledger, header.period, Application::Gl);
            if status != Status::Open {
                let period = &setup.calendar.periods[header.period].name;
                let ledger = &setup.ledgers[header.ledger].name;
                batch
                    .errors
                    .push(format!("Period {period} of ledger {ledger} isn't open."));
            }
        }
        batch.updated_ms = now;
        if !batch.errors.is_empty() {
            return;
        }
        batch.posted_ms = Some(now);
        for place in batch.headers.clone() {
            self.enter(place, setup, symbols, books, false);
        }
    }

    /// Puts a batch back into the books after an edit, whatever the status of its periods.
    pub(crate) fn repost(
        &mut self,
        at: usize,
        posted_ms: i64,
        setup: &Setup,
        symbols: &mut Symbols,
        books: &mut Books,
    ) {
        self.batches[at].posted_ms = Some(posted_ms);
        for place in self.batches[at].headers.clone() {
            self.enter(place, setup, symbols, books, false);
        }
    }

    /// Takes a posted batch out of the books again (people's edits; the vendor only reverses).
    pub(crate) fn unpost(
        &mut self,
        at: usize,
        setup: &Setup,
        symbols: &mut Symbols,
        books: &mut Books,
    ) {
        if self.batches[at].posted_ms.take().is_some() {
            for place in self.batches[at].headers.clone() {
                self.enter(place, setup, symbols, books, true);
            }
        }
    }

    fn enter(
        &self,
        place: usize,
        setup: &Setup,
        symbols: &mut Symbols,
        books: &mut Books,
        back: bool,
    ) {
        let header = &self.headers[place];
        let sign = if back { -1 } else { 1 };
        let own = symbols.put(&setup.ledgers[header.ledger].currency);
        let stat = symbols.put("STAT");
        let mut post = |combination, currency, debit: Option<i64>, credit: Option<i64>| {
            let (debit, credit) = (sign * debit.unwrap_or(0), sign * credit.unwrap_or(0));
            if debit != 0 || credit != 0 {
                books.post(
                    setup,
                    Entry {
                        ledger: header.ledger,
                        period: header.period,
                        combination,
                        currency,
                        debit,
                        credit,
                    },
                );
            }
        };
        for line in &header.lines {
            if header.currency == stat {
                post(
                    line.combination,
                    stat,
                    line.entered_debit,
                    line.entered_credit,
                );
                continue;
            }
            post(
                line.combination,
                own,
                line.accounted_debit,
                line.accounted_credit,
            );
            if header.currency != own {
                post(
                    line.combination,
                    header.currency,
                    line.entered_debit,
                    line.entered_credit,
                );
            }
            if line.stat.is_some() {
                let debit = line.entered_debit.or(line.accounted_debit).is_some();
                let (left, right) = if debit {
                    (line.stat, None)
                } else {
                    (None, line.stat)
                };
                post(line.combination, stat, left, right);
            }
        }
    }
}
