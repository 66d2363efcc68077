//! `tieout check`: probes a tenant before anything is carried. Every probe reads; none writes.
//!
//! What the vendors' documents leave open is a setting; here a real tenant says whether the settings fit.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tieout_connector::{Books, BooksScope, Scope, SnapshotAt, Source};
use tieout_engine::crosswalk::Reference;
use tieout_fusion::Application;
use tieout_model::{Code, DocumentKind, EntityId, Period, Placement};
use tieout_pipeline::CallBuffer;

use crate::cli::ConfigFile;
use crate::config::Config;
use crate::problem::Failure;
use crate::systems::{Clients, DIRECT, clients, open_crosswalk};
use crate::{ambient, report};

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

/// What one probe found.
struct Finding {
    system: &'static str,
    what: String,
    outcome: Result<String, String>,
}

pub(crate) async fn execute(arguments: CheckArguments) -> Result<u8, Failure> {
    let config = arguments.config.load()?;
    let (_, reference) = open_crosswalk(&config)?;
    let calls = Arc::new(CallBuffer::default());
    let clients = clients(&config, &ambient::real(), &calls, DIRECT)?;
    let mut findings = source_findings(&config, &clients, &reference).await;
    findings.extend(target_findings(&config, &clients, &reference).await);
    let discreet = |text: String| clients.redactor.words(&text);
    for finding in &mut findings {
        let outcome = std::mem::replace(&mut finding.outcome, Ok(String::new()));
        finding.outcome = outcome.map(discreet).map_err(discreet);
    }
    if arguments.json {
        let rows: Vec<_> = findings.iter().map(to_json).collect();
        report::data(&format!("{}\n", serde_json::Value::Array(rows)));
    } else {
        let rows = findings.iter().map(|finding| {
            let (word, text) = match &finding.outcome {
                Ok(text) => ("fits", text),
                Err(text) => ("DOES NOT FIT", text),
            };
            vec![
                finding.system.to_owned(),
                finding.what.clone(),
                word.to_owned(),
                text.clone(),
            ]
        });
        report::data(&report::rows_table(&["system", "probe", "", "found"], rows));
    }
    Ok(u8::from(
        findings.iter().any(|finding| finding.outcome.is_err()),
    ))
}

fn to_json(finding: &Finding) -> serde_json::Value {
    let (fits, text) = match &finding.outcome {
        Ok(text) => (true, text),
        Err(text) => (false, text),
    };
    json!({ "system": finding.system, "probe": finding.what, "fits": fits, "found": text })
}

/// Entities of the flows.
fn entities(config: &Config) -> Vec<EntityId> {
    let mut all: Vec<EntityId> = config
        .flow
        .iter()
        .flat_map(|flow| flow.entities.iter().map(EntityId::new))
        .collect();
    all.sort();
    all.dedup();
    all
}

async fn source_findings(
    config: &Config,
    clients: &Clients,
    reference: &Reference,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for kind in [
        DocumentKind::SupplierInvoice,
        DocumentKind::SupplierCredit,
        DocumentKind::JournalEntry,
    ] {
        let scope = Scope {
            kind,
            entities: entities(config).into_iter().collect(),
            postings_excluded: std::collections::BTreeSet::new(),
        };
        let page = clients.intacct.changes(&scope, None, 1).await;
        findings.push(Finding {
            system: "intacct",
            what: format!("read {kind} (log-in, permissions, fields, journals)"),
            outcome: match page {
                Ok(page) => Ok(format!("{} read", page.captured.len())),
                Err(fault) => Err(fault.to_string()),
            },
        });
    }
    for entity in entities(config) {
        let balances = balances(clients.intacct.as_ref(), reference, &entity).await;
        let what = format!("read the trial balance of {entity}");
        findings.push(Finding {
            system: "intacct",
            what,
            outcome: balances,
        });
    }
    findings
}

async fn target_findings(
    config: &Config,
    clients: &Clients,
    reference: &Reference,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entity in entities(config) {
        let Some(row) = reference.entities.get(entity.as_str()) else {
            continue;
        };
        let ledger = clients.fusion.ledger(&row.ledger).await;
        findings.push(Finding {
            system: "fusion",
            what: format!("ledger {} of {entity}", row.ledger),
            outcome: match ledger {
                Ok(Some(_)) => Ok("there, and the user may see it".into()),
                Ok(None) => Err("not there, or the user has no data access to it".into()),
                Err(fault) => Err(fault.to_string()),
            },
        });
        for application in [Application::GeneralLedger, Application::Payables] {
            let states = clients.fusion.period_states(&row.ledger, application).await;
            findings.push(Finding {
                system: "fusion",
                what: format!("periods of {} ({application:?})", row.ledger),
                outcome: states
                    .map_err(|fault| fault.to_string())
                    .and_then(|states| periods_fit(reference, &states)),
            });
        }
        let outcome = balances(clients.fusion.as_ref(), reference, &entity).await;
        let what = format!("read the balances of {entity}");
        findings.push(Finding {
            system: "fusion",
            what,
            outcome,
        });
    }
    findings
}

/// Every period of the signed calendar must exist there by its signed name.
fn periods_fit(
    reference: &Reference,
    states: &BTreeMap<String, tieout_fusion::PeriodState>,
) -> Result<String, String> {
    let named = |period: &&Period| !states.contains_key(&period.name_there);
    let missing: Vec<&str> = reference
        .calendar
        .periods()
        .iter()
        .filter(named)
        .map(|period| period.name_there.as_str())
        .collect();
    if !missing.is_empty() {
        return Err(format!("no such period: {}", missing.join(", ")));
    }
    let open = states
        .values()
        .filter(|state| state.takes_documents())
        .count();
    Ok(format!("{} periods, {open} take documents", states.len()))
}

async fn balances(
    books: &dyn Books,
    reference: &Reference,
    entity: &EntityId,
) -> Result<String, String> {
    let row = reference
        .entities
        .get(entity.as_str())
        .ok_or("the entity is not signed")?;
    let regular = reference
        .calendar
        .periods()
        .iter()
        .find(|period| !period.is_adjusting);
    let period = regular.ok_or("the calendar has no period")?.clone();
    let placement = Placement {
        ledger: row.ledger.clone(),
        legal_entity: row.legal_entity.clone(),
        business_unit: row.business_unit.clone(),
        balancing_segment: Code::new(&row.balancing_segment),
        currency: row.currency,
        period: period.name_there.clone(),
    };
    let scope = BooksScope {
        entity: entity.clone(),
        placement,
    };
    let name = period.name.clone();
    match books.balances(&scope, &SnapshotAt { period }).await {
        Ok(found) => Ok(format!("{} balances in {name}", found.len())),
        Err(fault) => Err(fault.to_string()),
    }
}
