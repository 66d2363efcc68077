//! What both systems say now: their values with names and dates, and the source's documents of the last months. Read, never kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tieout_connector::{Captured, Cursor, Scope, Source as _};
use tieout_engine::crosswalk::{Reference, Validity};
use tieout_fusion::{Application, LedgerCombination, Verdict};
use tieout_intacct::SourceValue;
use tieout_model::{AccountingDate, DocumentKind, Envelope};
use tieout_pipeline::extract::is_in_scope;
use tieout_pipeline::{CallBuffer, Stream};

use crate::config::Config;
use crate::problem::{Failure, Problem};
use crate::systems::{Clients, DIRECT, clients};
use crate::trial::{Span, Take, take_envelope};
use crate::{ambient, report};

/// Documents per call.
const PAGE_LEN: u32 = 1_000;

/// Name of the attribute that accounts are listed under.
pub(super) const ACCOUNT: &str = "account";

/// A value of a segment.
pub(super) struct TargetValue {
    /// Its name; empty if it has none.
    pub(super) name: String,
    /// When it may be used; never if it is disabled.
    pub(super) validity: Validity,
}

/// Both systems.
pub(super) struct Live<'c> {
    config: &'c Config,
    clients: Clients,
}

impl<'c> Live<'c> {
    /// The systems of a configuration; nothing is called yet.
    pub(super) fn open(config: &'c Config) -> Result<Self, Failure> {
        let calls = Arc::new(CallBuffer::default());
        let clients = clients(config, &ambient::real(), &calls, DIRECT)?;
        Ok(Self { config, clients })
    }

    /// What a system said that kept it from being read, without secrets.
    fn away(&self, what: &str, fault: &tieout_connector::Fault) -> Failure {
        let said = self.clients.redactor.words(&fault.to_string());
        let what = format!("{what} cannot be read: {said}");
        Failure::Unreachable(Problem::new("P0303", what))
    }

    /// Accounts, and the values of every dimension, by attribute.
    pub(super) async fn source(&self) -> Result<BTreeMap<String, Vec<SourceValue>>, Failure> {
        let intacct = &self.clients.intacct;
        let mut found = BTreeMap::new();
        let accounts = intacct.accounts().await;
        found.insert(
            ACCOUNT.to_owned(),
            accounts.map_err(|e| self.away("accounts", &e))?,
        );
        let names: Vec<String> = intacct.dimensions().map(str::to_owned).collect();
        for name in names {
            let values = intacct.dimension_values(&name).await;
            let values = values.map_err(|e| self.away(&format!("values of {name}"), &e))?;
            found.insert(name, values.unwrap_or_default());
        }
        Ok(found)
    }

    /// Periods that are closed in the ledger of some entity, by their names in the signed calendar. What the target does not show, or never
    /// opened, is not closed.
    pub(super) async fn closed_periods(
        &self,
        reference: &Reference,
    ) -> Result<BTreeSet<String>, Failure> {
        let ledgers: BTreeSet<&str> = reference
            .entities
            .values()
            .map(|entity| entity.ledger.as_str())
            .collect();
        let mut closed = BTreeSet::new();
        for ledger in ledgers {
            let states = self
                .clients
                .fusion
                .period_states(ledger, Application::GeneralLedger)
                .await
                .map_err(|e| self.away(&format!("periods of {ledger}"), &e))?;
            let periods = reference.calendar.periods().iter();
            let shut = periods.filter(|period| {
                let state = states.get(&period.name_there);
                state.is_some_and(|state| state.is_closed())
            });
            closed.extend(shut.map(|period| period.name.clone()));
        }
        Ok(closed)
    }

    /// The values of every segment that has a value set in the configuration.
    pub(super) async fn target(
        &self,
    ) -> Result<BTreeMap<String, BTreeMap<String, TargetValue>>, Failure> {
        let sets = &self.config.fusion.value_sets;
        if sets.is_empty() {
            let what = "[fusion] value_sets is empty, so no value can be read";
            let hint = "name the value set of each segment: value_sets = { account = \"OPERATIONS_ACCOUNT\" }";
            return Err(Problem::new("P0008", what).hint(hint).into());
        }
        let mut found = BTreeMap::new();
        for (segment, set) in sets {
            let values = self.clients.fusion.segment_values(set).await;
            let values =
                values.map_err(|e| self.away(&format!("values of segment {segment}"), &e))?;
            if values.is_empty() {
                let what = format!(
                    "[fusion] value_sets: the target shows no values of {set:?} (segment {segment})"
                );
                let hint =
                    "correct the code of the value set, or give the integration user access to it";
                return Err(Problem::new("P0008", what).hint(hint).into());
            }
            let never = Validity {
                from: None,
                to: Some(AccountingDate::MIN),
            };
            let rows = values.into_iter().map(|value| {
                let dates = Validity {
                    from: value.from,
                    to: value.to,
                };
                let row = TargetValue {
                    name: value.description,
                    validity: if value.is_enabled { dates } else { never },
                };
                (value.value, row)
            });
            found.insert(segment.clone(), rows.collect());
        }
        Ok(found)
    }

    /// The combinations that the target refuses, with its words; nothing is created there.
    pub(super) async fn refused(
        &self,
        asked: Vec<LedgerCombination>,
    ) -> Result<BTreeMap<LedgerCombination, String>, Failure> {
        let verdicts = self.clients.fusion.judge_combinations(&asked).await;
        let verdicts = verdicts.map_err(|e| self.away("verdicts on combinations", &e))?;
        let mut refused = BTreeMap::new();
        for (combination, verdict) in asked.into_iter().zip(verdicts) {
            if let Verdict::Refused(words) = verdict {
                refused.insert(combination, words);
            }
        }
        Ok(refused)
    }

    /// Hands every document of the source that would travel and is dated within the span to `take`.
    pub(super) async fn documents(&self, span: &Span, take: &mut Take<'_>) -> Result<(), Failure> {
        let flows: Result<Vec<_>, _> = self.config.flow.iter().map(|flow| flow.to_flow()).collect();
        let streams = tieout_pipeline::streams(&flows?).map_err(|overlaps| {
            let problems = overlaps.into_iter();
            Failure::Usage(
                problems
                    .map(|o| Problem::new("P0005", o.to_string()))
                    .collect(),
            )
        })?;
        for stream in streams {
            if stream.kind == DocumentKind::Supplier {
                continue;
            }
            for envelope in self.stream(&stream).await? {
                take_envelope(take, span, &envelope, None).map_err(|e| {
                    let what = format!("{}: {e:#}", envelope.number);
                    Failure::Unreachable(Problem::new("P0304", what))
                })?;
            }
        }
        Ok(())
    }

    /// The documents of a stream, each in its latest state.
    async fn stream(&self, stream: &Stream) -> Result<Vec<Envelope>, Failure> {
        let scope = Scope {
            kind: stream.kind,
            entities: stream.targets.keys().cloned().collect(),
            postings_excluded: stream.postings_excluded(),
        };
        let mut found: BTreeMap<String, Envelope> = BTreeMap::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = self
                .clients
                .intacct
                .changes(&scope, cursor.as_ref(), PAGE_LEN);
            let page = page.await.map_err(|e| self.away("documents", &e))?;
            for captured in page.captured {
                match captured {
                    Captured::Document(envelope) if is_in_scope(stream, &envelope) => {
                        found.insert(envelope.origin.to_string(), *envelope);
                    }
                    Captured::Document(_) => {}
                    Captured::Deleted { origin, .. } => {
                        found.remove(&origin.to_string());
                    }
                    Captured::Malformed {
                        number, problem, ..
                    } => report::say(&format!("left out: {number}: {problem}")),
                }
            }
            if !page.has_more {
                return Ok(found.into_values().collect());
            }
            cursor = Some(page.next);
        }
    }
}

/// The target's own values take the place of those in the reference data.
pub(super) fn into_reference(
    target: BTreeMap<String, BTreeMap<String, TargetValue>>,
    reference: &mut Reference,
) {
    for (segment, values) in target {
        let rows = values.into_iter().map(|(value, row)| (value, row.validity));
        reference.segment_values.insert(segment, rows.collect());
    }
}
