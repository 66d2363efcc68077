//! Puts the questions of a command to the pipeline, in an operator's words.

use tieout_engine::reconcile::Reconciliation;
use tieout_pipeline::reconcile::pass;
use tieout_pipeline::reconcile::question::{Terms, Unanswerable, questions};

pub(crate) use tieout_pipeline::reconcile::question::Wanted;

use crate::cli::run_failure;
use crate::problem::{Failure, Problem};
use crate::systems::Wired;

/// How many names a hint lists.
const NAMES_MAX: usize = 24;

/// Asks and judges, entity by entity.
pub(crate) async fn ask(wired: &Wired, wanted: &Wanted) -> Result<Vec<Reconciliation>, Failure> {
    let mut results = Vec::new();
    for question in questions(&wired.context, &terms(wired), wanted).map_err(problem)? {
        results.push(pass(&wired.context, &question).await.map_err(run_failure)?);
    }
    Ok(results)
}

fn terms(wired: &Wired) -> Terms {
    let config = &wired.config;
    Terms {
        company: config.intacct.company_id.clone(),
        natural_account: config.fusion.index_of(&config.fusion.natural_account),
        balancing: config.fusion.index_of(&config.fusion.balancing),
        retained_earnings_account: config.reconcile.retained_earnings_account.clone(),
        in_flight_window_ms: config
            .reconcile
            .in_flight_window_hours
            .saturating_mul(3_600_000),
        excluded_sources: config.reconcile.excluded_sources.iter().cloned().collect(),
    }
}

fn problem(unanswerable: Unanswerable) -> Failure {
    let summary = unanswerable.to_string();
    let problem = match unanswerable {
        Unanswerable::UnknownEntity { known, .. } => {
            Problem::new("P0015", summary).hint(format!("one of {}", some(&known)))
        }
        Unanswerable::UnknownPeriod { known, .. } => {
            Problem::new("P0016", summary).hint(format!("one of {}, or all", some(&known)))
        }
        Unanswerable::UnsignedEntity(_) => Problem::new("P0010", summary),
        Unanswerable::RetainedEarnings { .. } => Problem::new("P0017", summary).hint(
            "[reconcile] retained_earnings_account must be an account that the crosswalk maps",
        ),
    };
    problem.into()
}

fn some(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
    let more = if names.len() > NAMES_MAX { " …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
