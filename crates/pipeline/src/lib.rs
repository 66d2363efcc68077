//! When things happen: passes that read what is true, ask a pure function, and commit its answer.
//!
//! A pass takes no input: a wake-up says only "look". Restart, retry, a second worker and normal work are one code path. A stage never
//! calls the next one; it commits a row that the next one finds. Only [`drive`] waits. If a worker dies between two lines of a pass,
//! either nothing was committed, or the next pass goes on from the committed rows; a delivery whose worker died is looked up in the target
//! before anything is repeated.

pub mod balances;
pub mod budget;
pub mod circuits;
pub mod confirm;
pub mod context;
pub mod deliver;
pub mod drive;
pub mod extract;
pub mod flow;
mod lease;
mod notice;
mod pace;
pub mod reconcile;
pub mod translate;

pub use circuits::{Away, Circuits};
pub use context::{CallBuffer, Context, PassError, Progress, System, Tally};
pub use drive::{Drained, Wake, drain, drain_side_by_side, run};
pub use flow::{Carrier, Flow, FlowOverlap, Stream, streams};
