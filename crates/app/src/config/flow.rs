//! Flows as they stand in the configuration.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tieout_engine::{Cadence, CadenceError};
use tieout_model::{DocumentKind, EntityId, SystemId};
use tieout_pipeline::{Carrier, Flow};

use crate::problem::Problem;

/// One `[[flow]]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlowSection {
    /// What travels.
    pub(crate) document: String,
    /// How it is carried: `native` or `ledger_posting`.
    #[serde(default = "native")]
    pub(crate) carrier: String,
    /// Of which entities.
    pub(crate) entities: Vec<String>,
    /// The system of record.
    pub(crate) source: String,
    /// Where it goes.
    pub(crate) target: String,
    /// How soon: `real_time`, `hourly`, `daily`, `period_end`, or a cron line.
    #[serde(default = "real_time")]
    pub(crate) cadence: String,
    /// IANA name of the time zone of the cadence's times.
    #[serde(default = "utc")]
    pub(crate) time_zone: String,
}

fn native() -> String {
    "native".into()
}

fn real_time() -> String {
    "real_time".into()
}

fn utc() -> String {
    "UTC".into()
}

const DOCUMENTS: [DocumentKind; 3] = [
    DocumentKind::JournalEntry,
    DocumentKind::SupplierInvoice,
    DocumentKind::SupplierCredit,
];
const SYSTEMS: [&str; 2] = ["intacct", "fusion"];

impl FlowSection {
    /// Every problem of this flow; `number` is its position, from 1.
    pub(crate) fn check(&self, number: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |what: String, hint: String| {
            problems.push(Problem::new("P0006", format!("flow {number}: {what}")).hint(hint));
        };
        if !DOCUMENTS.iter().any(|kind| kind.word() == self.document) {
            let known: Vec<&str> = DOCUMENTS.iter().map(|kind| kind.word()).collect();
            wrong(
                format!("document {:?} is unknown", self.document),
                format!("one of {}", known.join(", ")),
            );
        }
        if !["native", "ledger_posting"].contains(&self.carrier.as_str()) {
            wrong(
                format!("carrier {:?} is unknown", self.carrier),
                "native or ledger_posting".into(),
            );
        }
        if let Err(what) = self.cadence() {
            let hint = "cadence = \"real_time\", \"hourly\", \"daily\", \"period_end\" or a cron line such as \"30 18 * * mon-fri\"; time_zone = \"Europe/London\"";
            wrong(what.to_string(), hint.into());
        }
        if self.entities.is_empty() {
            wrong(
                "names no entity".into(),
                "list the entities, as the source spells them".into(),
            );
        }
        if self.source == self.target {
            wrong(
                "source and target are the same system".into(),
                "name both systems".into(),
            );
        }
        for system in [&self.source, &self.target] {
            if !SYSTEMS.contains(&system.as_str()) {
                wrong(
                    format!("system {system:?} is unknown"),
                    format!("one of {}", SYSTEMS.join(", ")),
                );
            }
        }
        if (self.source.as_str(), self.target.as_str()) == ("fusion", "intacct") {
            wrong(
                "documents travel from intacct to fusion only in this version".into(),
                "set source = \"intacct\" and target = \"fusion\"".into(),
            );
        }
        problems
    }

    fn cadence(&self) -> Result<Cadence, CadenceError> {
        Cadence::parse(&self.cadence, &self.time_zone)
    }

    /// The flow, if its words are known.
    pub(crate) fn to_flow(&self) -> Result<Flow, Problem> {
        let kind = DocumentKind::of_word(&self.document).ok_or_else(|| {
            Problem::new("P0006", format!("document {:?} is unknown", self.document))
        })?;
        let carrier = if self.carrier == "ledger_posting" {
            Carrier::LedgerPosting
        } else {
            Carrier::Native
        };
        Ok(Flow {
            kind,
            carrier,
            entities: self
                .entities
                .iter()
                .map(EntityId::new)
                .collect::<BTreeSet<_>>(),
            source: SystemId::new(&self.source),
            target: SystemId::new(&self.target),
            cadence: self
                .cadence()
                .map_err(|e| Problem::new("P0006", e.to_string()))?,
        })
    }
}
