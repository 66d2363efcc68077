//! What a version would do, before it counts: documents re-coded without posting anything (domain dossier 4.4: impact simulation).
//!
//! A trial sees each line as if its document were dated on the first day of the version or later, so that a closed period can be coded by
//! a version that begins after it. Reversals are coded by the rules as well, not by the lines of what they reverse. Figures are signed:
//! debit positive, credit negative, in the functional currency; quantities are in STAT.

mod gaps;
mod migration;
mod recoder;
mod report;
mod simulation;

pub use gaps::{GapKey, GapUse, Gaps};
pub use migration::{
    Carried, OwnJournal, carried, migration_draft, moving_draft, not_restated, restated,
};
pub use recoder::{CodedLine, Recoder};
pub use report::{AccountDelta, BalanceDelta, Report};
pub use simulation::{Affected, Move, MoveKey, Simulation, TrialDocument, TrialFault};
