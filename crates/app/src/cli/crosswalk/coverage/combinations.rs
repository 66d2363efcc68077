//! What the target itself says of the combinations a version leads to: its cross-validation rules can't be read, but it judges.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::Crosswalk;
use tieout_engine::crosswalk::trial::{GapUse, Simulation};
use tieout_fusion::LedgerCombination;

use crate::cli::crosswalk::live::Live;
use crate::problem::{Failure, Problem};

/// A combination that the target refuses.
pub(super) struct RefusedCombination {
    /// It and its ledger.
    pub(super) combination: LedgerCombination,
    /// The target's words.
    pub(super) words: String,
    /// What would go there.
    pub(super) used: GapUse,
}

/// Asks the target about every combination of a trial, each once per ledger.
pub(super) async fn refused_by_target(
    live: &Live<'_>,
    crosswalk: &Crosswalk,
    simulation: &Simulation<'_>,
) -> Result<Vec<RefusedCombination>, Failure> {
    let entities = &crosswalk.reference().entities;
    let mut uses: BTreeMap<LedgerCombination, GapUse> = BTreeMap::new();
    for (key, moved) in simulation.moves() {
        let Some(entity) = entities.get(&*key.entity).filter(|_| !key.new.is_empty()) else {
            continue;
        };
        let combination = LedgerCombination {
            ledger: entity.ledger.clone(),
            segments: key.new.iter().map(ToString::to_string).collect(),
        };
        let used = uses.entry(combination).or_default();
        used.lines = used.lines.saturating_add(moved.lines);
        let amount = used.amounts.entry(key.currency).or_default();
        *amount = amount.plus(moved.gross).map_err(|e| {
            let what = format!("the amounts of {}: {e}", key.entity);
            Failure::Unreachable(Problem::new("P0304", what))
        })?;
    }
    let asked = uses.keys().cloned().collect();
    let refused = live.refused(asked).await?;
    let with_use = refused.into_iter().map(|(combination, words)| {
        let used = uses.remove(&combination).unwrap_or_default();
        RefusedCombination {
            combination,
            words,
            used,
        }
    });
    Ok(with_use.collect())
}
