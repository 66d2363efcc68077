//! The fields of a request that a filter may name, with the literals and operators each takes (Oracle, "Query job requests", `q`).

use super::member::STATES;

/// What a field holds, and so which literals and operators it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    /// An instant: a text of RFC 3339 with `Z` or an offset.
    Time,
    Flag,
    /// A word of the scheduler's states: equal or not, nothing else.
    State,
}

/// The fields that can be queried, in the order of the document; the types of some are assumed.
const FIELDS: [(&str, Kind); 43] = [
    ("requestId", Kind::Number),
    ("absParentRequestId", Kind::Number),
    ("description", Kind::Text),
    ("application", Kind::Text),
    ("product", Kind::Text),
    ("requestCategory", Kind::Text),
    ("runAsUser", Kind::Text),
    ("executionType", Kind::Text),
    ("jobDefinitionId", Kind::Text),
    ("state", Kind::State),
    ("scheduleDefinition", Kind::Text),
    ("priority", Kind::Number),
    ("processStartTime", Kind::Time),
    ("processEndTime", Kind::Time),
    ("requestedStartTime", Kind::Time),
    ("requestedEndTime", Kind::Time),
    ("submissionTime", Kind::Time),
    ("parentRequestId", Kind::Number),
    ("elapsedTime", Kind::Number),
    ("waitTime", Kind::Number),
    ("scheduledTime", Kind::Time),
    ("processor", Kind::Text),
    ("submitter", Kind::Text),
    ("submitterGUID", Kind::Text),
    ("instanceParentId", Kind::Number),
    ("requestType", Kind::Text),
    ("errorType", Kind::Text),
    ("processPhase", Kind::Number),
    ("completedTime", Kind::Time),
    ("retriedCount", Kind::Number),
    ("readyWaitTime", Kind::Number),
    ("enterpriseId", Kind::Number),
    ("isTimedOut", Kind::Flag),
    ("isAsynchronous", Kind::Flag),
    ("logicalClusterName", Kind::Text),
    ("submitterDmsECID", Kind::Text),
    ("submitterFlowId", Kind::Text),
    ("requestDmsECID", Kind::Text),
    ("requestFlowId", Kind::Text),
    ("className", Kind::Text),
    ("jobType", Kind::Text),
    ("externalJobType", Kind::Text),
    ("externalId", Kind::Text),
];

/// The field of a name and its type.
pub(super) fn field(name: &str) -> Option<(&'static str, Kind)> {
    FIELDS.into_iter().find(|(known, _)| *known == name)
}

/// The field of a name, if it can be queried.
pub(super) fn queryable(name: &str) -> Option<&'static str> {
    field(name).map(|(name, _)| name)
}

/// What a request holds in a field. Instants are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i64),
    Text(String),
    Time(i64),
    Flag(bool),
}

/// The operators of RFC 7644 that compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    /// The operator of a word, in any case.
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "co" => Self::Contains,
            "sw" => Self::StartsWith,
            "ew" => Self::EndsWith,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            _ => return None,
        })
    }

    /// True if the operator makes sense for a field of this type.
    pub(super) fn suits(self, kind: Kind) -> bool {
        match self {
            Self::Equal | Self::NotEqual => true,
            Self::Contains | Self::StartsWith | Self::EndsWith => kind == Kind::Text,
            Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual => {
                !matches!(kind, Kind::Flag | Kind::State)
            }
        }
    }

    /// A value that is not there equals only `null`; it is neither more nor less than anything (RFC 7644: "no attribute value").
    pub(super) fn holds(self, found: Option<&Value>, wanted: Option<&Value>) -> bool {
        let text = |by: fn(&str, &str) -> bool| match (found, wanted) {
            (Some(Value::Text(found)), Some(Value::Text(wanted))) => by(found, wanted),
            _ => false,
        };
        let order = found.zip(wanted).map(|(found, wanted)| found.cmp(wanted));
        match self {
            Self::Equal => found == wanted,
            Self::NotEqual => found != wanted,
            Self::Contains => text(|found, wanted| found.contains(wanted)),
            Self::StartsWith => text(|found, wanted| found.starts_with(wanted)),
            Self::EndsWith => text(|found, wanted| found.ends_with(wanted)),
            Self::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
            Self::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
            Self::Less => order.is_some_and(std::cmp::Ordering::is_lt),
            Self::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
        }
    }
}

/// A literal without quotes: a number, true, false or null.
pub(super) fn bare(
    name: &str,
    kind: Kind,
    operator: Operator,
    word: &str,
) -> Result<Option<Value>, String> {
    let number = (kind == Kind::Number).then(|| serde_json::from_str::<i64>(word));
    match (word, kind, number) {
        ("null", ..) if matches!(operator, Operator::Equal | Operator::NotEqual) => Ok(None),
        ("true" | "false", Kind::Flag, _) => Ok(Some(Value::Flag(word == "true"))),
        (_, _, Some(Ok(number))) => Ok(Some(Value::Number(number))),
        _ => Err(format!("{word} is no value of {name}")),
    }
}

/// A literal in quotes: a text, an instant or a state.
pub(super) fn quoted(name: &str, kind: Kind, text: String) -> Result<Value, String> {
    match kind {
        Kind::Text => Ok(Value::Text(text)),
        Kind::State if STATES.iter().any(|(word, _)| *word == text) => Ok(Value::Text(text)),
        Kind::Time => text
            .parse::<jiff::Timestamp>()
            .map(|instant| Value::Time(instant.as_millisecond()))
            .map_err(|_| format!("{text:?} is no date and time for {name}")),
        Kind::State | Kind::Number | Kind::Flag => Err(format!("{text:?} is no value of {name}")),
    }
}
