//! `tieout check`: probes a tenant before anything is carried. Every probe reads; none writes.
//!
//! What the vendors' documents leave open is a setting; here a real tenant says whether the settings fit.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tieout_connector::{Books, BooksScope, Fault, Scope, SnapshotAt, Source};
use tieout_engine::crosswalk::Reference;
use tieout_fusion::Application;
use tieout_model::{Code, DocumentKind, EntityId, FaultClass, Period, Placement};
use tieout_pipeline::CallBuffer;

use crate::cli::ConfigFile;
use crate::config::Config;
use crate::problem::{Failure, Problem};
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
    /// True if the system did not answer at all: asking on would only take time.
    is_away: bool,
}

impl Finding {
    fn of(system: &'static str, what: String, outcome: Result<String, String>) -> Self {
        Self {
            system,
            what,
            outcome,
            is_away: false,
        }
    }

    /// The outcome of a call.
    fn of_call(system: &'static str, what: String, outcome: Result<String, Fault>) -> Self {
        let fault = outcome.as_ref().err();
        let is_away = fault.is_some_and(|fault| {
            matches!(
                fault.class,
                FaultClass::Unavailable | FaultClass::Unauthorised | FaultClass::Throttled
            )
        });
        Self {
            system,
            what,
            outcome: outcome.map_err(|fault| fault.to_string()),
            is_away,
        }
    }
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
    if let Some(away) = findings.iter().find(|finding| finding.is_away) {
        let what = format!("{} does not answer as it should", away.system);
        let hint = "its other probes were left out; check address, network, user and password, then check again";
        return Err(Failure::Unreachable(Problem::new("P0306", what).hint(hint)));
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
        let what = format!("read {kind} (log-in, permissions, fields, journals)");
        let outcome = page.map(|page| format!("{} read", page.captured.len()));
        let finding = Finding::of_call("intacct", what, outcome);
        let is_away = finding.is_away;
        findings.push(finding);
        if is_away {
            return findings;
        }
    }
    for entity in entities(config) {
        let balances = balances(clients.intacct.as_ref(), reference, &entity).await;
        let what = format!("read the trial balance of {entity}");
        findings.push(Finding::of("intacct", what, balances));
    }
    findings.push(left_out(config, clients).await);
    findings
}

/// Entities of the source whose documents stay where they are. That may be meant, or an entity was founded and forgotten here.
async fn left_out(config: &Config, clients: &Clients) -> Finding {
    let carried = entities(config);
    let outcome = clients.intacct.entities().await.map(|all| {
        let others = all.iter().filter(|entity| !carried.contains(entity));
        let others: Vec<&str> = others.map(EntityId::as_str).collect();
        if others.is_empty() {
            "none: a flow carries documents of each".to_owned()
        } else {
            format!(
                "{}; add them to a flow if their documents are to travel",
                others.join(", ")
            )
        }
    });
    let what = "entities in no flow".to_owned();
    Finding::of_call("intacct", what, outcome)
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
        let what = format!("ledger {} of {entity}", row.ledger);
        let finding = match ledger {
            Ok(None) => {
                let why = "not there, or the user has no data access to it";
                Finding::of("fusion", what, Err(why.into()))
            }
            Ok(Some(_)) => Finding::of("fusion", what, Ok("there, and the user may see it".into())),
            Err(fault) => Finding::of_call("fusion", what, Err(fault)),
        };
        let is_away = finding.is_away;
        findings.push(finding);
        if is_away {
            return findings;
        }
        for application in [Application::GeneralLedger, Application::Payables] {
            let states = clients.fusion.period_states(&row.ledger, application).await;
            let what = format!("periods of {} ({application:?})", row.ledger);
            let outcome = states
                .map_err(|fault| fault.to_string())
                .and_then(|states| periods_fit(reference, &states));
            findings.push(Finding::of("fusion", what, outcome));
        }
        let outcome = balances(clients.fusion.as_ref(), reference, &entity).await;
        let what = format!("read the balances of {entity}");
        findings.push(Finding::of("fusion", what, outcome));
    }
    findings.push(unfinished_imports(clients).await);
    findings
}

/// After a lost answer only the scheduler can say that an import still runs.
async fn unfinished_imports(clients: &Clients) -> Finding {
    let what = "ask the scheduler for imports of our user".to_owned();
    if !clients.fusion.asks_scheduler() {
        let why = "import.running_states is empty: not asked, and a journal whose answer was lost counts as absent after an hour".to_owned();
        return Finding::of("fusion", what, Ok(why));
    }
    let outcome = match clients.fusion.unfinished_imports().await {
        Ok(running) if running.is_empty() => Ok("none runs for long".to_owned()),
        Ok(running) => Ok(format!("still running: {}", running.join(", "))),
        Err(fault) => Err(format!(
            "{fault}; grant the user the scheduler's REST service, else a journal whose answer was lost counts as absent after an hour although its import may still be queued"
        )),
    };
    Finding::of("fusion", what, outcome)
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
