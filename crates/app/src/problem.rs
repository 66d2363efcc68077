//! What an operator sees when something is wrong: a code with a page, a summary, a hint.

use std::fmt;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Its code; `docs/problems/<code>.md` explains it.
    pub(crate) code: &'static str,
    /// What is wrong and where.
    pub(crate) summary: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    pub(crate) fn new(code: &'static str, summary: impl Into<String>) -> Self {
        Self {
            code,
            summary: summary.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.summary)?;
        match &self.hint {
            Some(hint) => write!(f, "\n       {hint}"),
            None => Ok(()),
        }
    }
}

/// How a command ends (interface: exit codes).
#[derive(Debug)]
pub(crate) enum Failure {
    /// Usage or configuration: exit 2.
    Usage(Vec<Problem>),
    /// A system or the store can't be reached: exit 3.
    Unreachable(Problem),
    /// Evidence of tampering: exit 4.
    Tampering(Problem),
}

impl Failure {
    /// The exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
            Self::Tampering(_) => 4,
        }
    }

    /// The problems, for people.
    pub(crate) fn problems(&self) -> &[Problem] {
        match self {
            Self::Usage(problems) => problems,
            Self::Unreachable(problem) | Self::Tampering(problem) => std::slice::from_ref(problem),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Usage(vec![problem])
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Usage(problems)
    }
}
