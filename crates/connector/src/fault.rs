//! What can go wrong with a system, reduced to what decides the next step.

use tieout_model::FaultClass;

/// A fault of a whole call (a refusal of one document is no fault but an outcome).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{attempted} failed ({}): {detail}", class.word())]
pub struct Fault {
    /// Decides what is next.
    pub class: FaultClass,
    /// What was attempted, with identifiers.
    pub attempted: String,
    /// The other side's words, shortened, without secrets.
    pub detail: String,
    /// The other side asked to wait so long.
    pub retry_after_ms: Option<u64>,
    /// Where the words come from.
    pub origin: Origin,
}

/// Who reported a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Our transport.
    Transport,
    /// The system's gateway or web tier.
    Gateway,
    /// The application behind it.
    Application,
}

impl Fault {
    /// A fault of `class` while attempting `attempted`.
    pub fn new(
        class: FaultClass,
        origin: Origin,
        attempted: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            class,
            attempted: attempted.into(),
            detail: detail.into(),
            retry_after_ms: None,
            origin,
        }
    }

    /// The same with a wait that the other side asked for. More than a day is taken for a day: the longest allowance that any of them counts.
    #[must_use]
    pub fn retry_after(mut self, ms: Option<u64>) -> Self {
        self.retry_after_ms = ms.map(|ms| ms.min(ASKED_WAIT_MAX_MS));
        self
    }
}

/// Longest wait that a system may ask for.
const ASKED_WAIT_MAX_MS: u64 = 86_400_000;
