//! What a request shows, as it stands at an instant (Oracle, "Get job request information", `RequestDetails`; fusion.md §5.1).

use serde_json::{Map, Value as Json, json};

use super::field::{Value, queryable};
use super::refused;
use crate::fusion::calendar::push_time;
use crate::fusion::fault::Fault;
use crate::fusion::jobs::Job;
use crate::fusion::rest::query::Query;

/// The application of every request here: financials run in this one.
const APPLICATION: &str = "FscmEss";
/// The priority of a request that names none ("Submit a new job request", `priority`).
const PRIORITY: i64 = 4;
const PARAMETERS: &str = "requestParameters";

/// What a request shows with `@full`; without `fields` and with `@basic` all of it but the parameters.
const FULL: [&str; 18] = [
    "requestId",
    "parentRequestId",
    "absParentRequestId",
    "jobDefinitionId",
    "jobDisplayName",
    "description",
    "application",
    "priority",
    "state",
    "stateDescription",
    "submitter",
    "submissionTime",
    "scheduledTime",
    "processStartTime",
    "processEndTime",
    "completedTime",
    "elapsedTime",
    PARAMETERS,
];

/// Further members of `RequestDetails`; no request of this tenant has them.
const UNUSED: &str = "cause causeDescription deployedApplicationName dispatcher dmsRID ecid errorTypeDescription errorWarningDetail \
    errorWarningMessage errorWarningTime executableState executionAttempt executionMode expiration flowId instanceParentExecAttempt \
    isAsyncRecoverable isCancellable isForceCancelAllowed isHoldable isRecoverable jobDescription lastScheduleInstanceId \
    lastSubRequestSet links notificationUrl parentExecAttempt pausedCount postProcessMessage postProcessStatus preProcessMessage \
    preprocessStatus previousState processGroup processPhaseDescription requestMode schedule stateChangeTime stepId \
    submitterDmsRID subRequestSet";

/// Every state of a request (`oracle.as.scheduler.State`) with its description; the document shows "Wait", "Succeeded" and "Error".
pub(super) const STATES: [(&str, &str); 19] = [
    ("WAIT", "Wait"),
    ("READY", "Ready"),
    ("RUNNING", "Running"),
    ("COMPLETED", "Completed"),
    ("BLOCKED", "Blocked"),
    ("HOLD", "Hold"),
    ("CANCELLING", "Canceling"),
    ("EXPIRED", "Expired"),
    ("CANCELLED", "Canceled"),
    ("ERROR", "Error"),
    ("WARNING", "Warning"),
    ("SUCCEEDED", "Succeeded"),
    ("PAUSED", "Paused"),
    ("PENDING_VALIDATION", "Pending Validation"),
    ("VALIDATION_FAILED", "Validation Failed"),
    ("SCHEDULE_ENDED", "Schedule Ended"),
    ("FINISHED", "Finished"),
    ("ERROR_AUTO_RETRY", "Error Auto-Retry"),
    ("ERROR_MANUAL_RECOVERY", "Error Manual Recovery"),
];

/// The identifier of a definition, `JobDefinition://oracle/apps/ess/…/JournalImportLauncher`.
fn definition(path: &str) -> String {
    let (package, name) = path.rsplit_once(',').unwrap_or(("", path));
    let package = package.trim_matches('/');
    let separator = if package.is_empty() { "" } else { "/" };
    format!("JobDefinition://{package}{separator}{name}")
}

/// What a request holds in a field that can be queried, as it stands at `now`.
pub(super) fn value(job: &Job, field: &str, now: i64) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let ended = now >= job.end;
    match field {
        "requestId" => Some(Value::Number(job.id)),
        "parentRequestId" => Some(Value::Number(job.parent.unwrap_or(0))),
        "absParentRequestId" => Some(Value::Number(job.absolute)),
        "priority" => Some(Value::Number(PRIORITY)),
        "jobDefinitionId" => Some(Value::Text(definition(&job.path))),
        "description" => text(job.name),
        "application" => text(APPLICATION),
        "state" => text(job.word(now)),
        "submitter" => text(job.submitter),
        "submissionTime" | "scheduledTime" => Some(Value::Time(job.start)),
        "processStartTime" => (now >= job.start).then_some(Value::Time(job.start)),
        "processEndTime" | "completedTime" => ended.then_some(Value::Time(job.end)),
        "elapsedTime" => ended.then_some(Value::Number(job.end - job.start)),
        _ => None,
    }
}

fn parameters(job: &Job) -> Json {
    let one = |(place, value): (usize, &String)| json!({"name": format!("submit.argument{}", place + 1), "value": value});
    job.arguments.iter().enumerate().map(one).collect()
}

/// A member of a request. `name` and `executionState` are no members of the document, but clients ask for them (fusion.md §5.1 [S]).
fn member(job: &Job, name: &str, now: i64) -> Option<Json> {
    match name {
        PARAMETERS => Some(parameters(job)),
        "jobDisplayName" => Some(json!(job.name)),
        "stateDescription" => {
            let word = job.word(now);
            let found = STATES.iter().find(|(known, _)| *known == word);
            found.map(|(_, description)| json!(description))
        }
        "name" => Some(json!(job.path)),
        "executionState" => Some(json!(job.state(now))),
        _ => value(job, name, now).map(|value| match value {
            Value::Number(number) => json!(number),
            Value::Text(text) => json!(text),
            Value::Flag(flag) => json!(flag),
            Value::Time(ms) => {
                let mut text = String::new();
                push_time(&mut text, ms, "Z");
                json!(text)
            }
        }),
    }
}

fn is_member(name: &str) -> bool {
    let asked_for = ["name", "executionState"];
    FULL.contains(&name)
        || asked_for.contains(&name)
        || queryable(name).is_some()
        || UNUSED.split_whitespace().any(|known| known == name)
}

/// The names of a list; the document's examples write it in double quotes.
fn names(parameter: &str, list: &str) -> Result<Vec<String>, Fault> {
    let bare = list.strip_prefix('"').and_then(|l| l.strip_suffix('"'));
    let names = bare.unwrap_or(list).split(',').map(str::trim);
    let checked = names.map(|name| {
        if is_member(name) || (parameter == "fields" && ["@basic", "@full"].contains(&name)) {
            Ok(name.to_owned())
        } else {
            Err(refused(format!(
                "The value {name} of the parameter {parameter} is no field."
            )))
        }
    });
    checked.collect()
}

/// Which members to write, after `fields` and `excludeFields`.
pub(super) fn selection(query: &Query) -> Result<Vec<String>, Fault> {
    let fields = query.fields.as_deref().unwrap_or("@basic");
    let mut wanted: Vec<String> = Vec::new();
    for name in names("fields", fields)? {
        match name.as_str() {
            "@full" => wanted.extend(FULL.map(str::to_owned)),
            "@basic" => wanted.extend(
                FULL.map(str::to_owned)
                    .into_iter()
                    .filter(|n| n != PARAMETERS),
            ),
            _ => wanted.push(name),
        }
    }
    if let Some(list) = &query.exclude_fields {
        let excluded = names("excludeFields", list)?;
        wanted.retain(|name| !excluded.contains(name));
    }
    Ok(wanted)
}

/// These members of a request.
pub(super) fn shown(job: &Job, members: &[String], now: i64) -> Json {
    let mut out = Map::new();
    for name in members {
        if let Some(value) = member(job, name, now) {
            out.insert(name.clone(), value);
        }
    }
    Json::Object(out)
}
