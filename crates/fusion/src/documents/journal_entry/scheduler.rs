//! What the scheduler's own REST says of our requests (fusion.md §5.1 [S]; Oracle's "Query job requests" and "Get job request information" of
//! Enterprise Scheduler, REST API for Common Features in Oracle Fusion Cloud, 24C): the import that belongs to a file where it is a request
//! of its own, and imports that still run, which after a lost answer is the only word about a file without a request number.

use std::collections::BTreeSet;

use serde_json::Value;
use tieout_connector::Fault;
use tieout_model::FaultClass;

use crate::client::children;
use crate::documents::journal_entry::jobs::{ImportRef, Request, state_word};
use crate::system::Fusion;
use crate::wire::attribute::text;
use crate::wire::query::Query;

const REQUESTS: &str = "/ess/rest/scheduler/v1/requests";
/// Pages that are looked through for the import of one file.
const PAGES_MAX: usize = 20;
const FIELDS: &str = "requestId,parentRequestId,absParentRequestId,name,state,executionState";

impl Fusion {
    /// True if the configuration knows the scheduler's words for requests that have not ended.
    pub fn asks_scheduler(&self) -> bool {
        !self.client.config.import.running_states.is_empty()
    }

    /// Numbers of the requests of our user that load or import journals, were submitted a while ago and have not ended: what they will bring is
    /// not there yet. Young ones are left out: they say nothing of an answer lost long ago, and under steady traffic there is always one.
    /// None if the configuration has no words for their states. That a request submitted by another one keeps its submitter is assumed.
    ///
    /// # Errors
    /// [`Fault`] if the scheduler can't be asked, or the user may not ask it.
    pub async fn unfinished_imports(&self) -> Result<Vec<String>, Fault> {
        let import = &self.client.config.import;
        if !self.asks_scheduler() {
            return Ok(Vec::new());
        }
        let states: Vec<String> = import
            .running_states
            .iter()
            .map(|state| format!("state eq {}", scim_quoted(state)))
            .collect();
        let user = scim_quoted(&self.client.config.username);
        let filter = format!("submitter eq {user} and ({})", states.join(" or "));
        // The oldest come first, so one page is enough.
        let query = Query::default()
            .with("q", &filter)
            .with("fields", "requestId,jobDefinitionId,state,submissionTime")
            .with("orderBy", "submissionTime:asc");
        let operation = "GET scheduler requests of ours";
        let answer = self.client.read(operation, REQUESTS, &query).await?;
        let rows = children(&answer.value, "items").iter();
        let found = rows.filter(|row| self.brings_journals(row) && self.is_old(row));
        Ok(found.map(|row| text(row, "requestId")).collect())
    }

    /// Requests that the scheduler knows below `request`. A tenant without that service shows none.
    pub(crate) async fn descendants(&self, request: &str) -> Result<Vec<Request>, Fault> {
        let query = Query::default()
            .with("q", &format!("absParentRequestId eq {request}"))
            .with("fields", FIELDS);
        let rows = self.scheduled("GET scheduler requests", &query).await?;
        let found = rows.iter().map(|row| request_of(row, "name"));
        Ok(found.filter(|found| found.id != request).collect())
    }

    /// The import of a file that was loaded, and what is below it, where it is no descendant of the load: told by the group among its
    /// parameters (fusion.md §5.1 lineage trap [S]). It is looked for among the requests submitted since shortly before the load had ended.
    pub(crate) async fn import_apart(&self, import: &ImportRef) -> Result<Vec<Request>, Fault> {
        let query = Query::default()
            .with("q", &format!("requestId eq {}", import.request))
            .with("fields", "requestId,completedTime");
        let operation = "GET scheduler request of a load";
        let load = self.scheduled(operation, &query).await?;
        let loaded = load.first().map(|row| text(row, "completedTime"));
        let Some(loaded) = loaded.filter(|at| !at.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut since = shortly_before(&loaded);
        let mut seen = BTreeSet::new();
        for _ in 0..PAGES_MAX {
            let rows = self.submitted_since(&since).await?;
            let fresh = rows
                .iter()
                .filter(|row| seen.insert(text(row, "requestId")));
            let fresh: Vec<&Value> = fresh.collect();
            let Some(last) = fresh.last() else {
                break;
            };
            since = text(last, "submissionTime");
            for row in fresh {
                let request = request_of(row, "jobDefinitionId");
                if self.is_import(&request) && self.has_group(&request.id, &import.group).await? {
                    let below = self.descendants(&request.id).await?;
                    return Ok(std::iter::once(request).chain(below).collect());
                }
            }
        }
        Ok(Vec::new())
    }

    /// A page of our user's requests in the order of their submission. Oracle names no parameter for the next page of this list, so it begins
    /// at the time of the last row.
    async fn submitted_since(&self, since: &str) -> Result<Vec<Value>, Fault> {
        let user = scim_quoted(&self.client.config.username);
        let since = scim_quoted(since);
        let filter = format!("submitter eq {user} and submissionTime ge {since}");
        let query = Query::default()
            .with("q", &filter)
            .with("fields", "requestId,jobDefinitionId,state,submissionTime")
            .with("orderBy", "submissionTime:asc");
        let operation = "GET scheduler requests after a load";
        self.scheduled(operation, &query).await
    }

    /// True if `group` is among the parameters of a request, which never change: they are read once.
    async fn has_group(&self, request: &str, group: &str) -> Result<bool, Fault> {
        if let Some(known) = self.imports.parameters_of(request) {
            return Ok(known.iter().any(|value| value == group));
        }
        let query = Query::default().with("fields", "requestParameters");
        let path = format!("{REQUESTS}/{request}");
        let operation = "GET scheduler request parameters";
        let answer = match self.client.read(operation, &path, &query).await {
            Ok(answer) => answer,
            Err(fault) if is_closed_to_us(&fault) => return Ok(false),
            Err(fault) => return Err(fault),
        };
        let parameters = children(&answer.value, "requestParameters").iter();
        let values: Vec<String> = parameters.map(|row| text(row, "value")).collect();
        let is_ours = values.iter().any(|value| value == group);
        self.imports.note_parameters(request, values);
        Ok(is_ours)
    }

    /// Rows of the scheduler's list; none where it can't be asked.
    async fn scheduled(&self, operation: &str, query: &Query) -> Result<Vec<Value>, Fault> {
        match self.client.read(operation, REQUESTS, query).await {
            Ok(answer) => Ok(children(&answer.value, "items").to_vec()),
            Err(fault) if is_closed_to_us(&fault) => Ok(Vec::new()),
            Err(fault) => Err(fault),
        }
    }

    /// True if an import may still bring journals that are absent now; false where nobody can say.
    pub(crate) async fn is_importing(&self) -> Result<bool, Fault> {
        match self.unfinished_imports().await {
            Ok(found) => Ok(!found.is_empty()),
            Err(fault) if is_closed_to_us(&fault) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    fn brings_journals(&self, row: &Value) -> bool {
        let import = &self.client.config.import;
        let definition = text(row, "jobDefinitionId");
        let mut marks = import.load_marks.iter().chain(&import.job_marks);
        marks.any(|mark| definition.contains(mark.as_str()))
    }

    /// A time that can't be read may be long ago. One in our future was told by another clock, and says nothing of the age.
    fn is_old(&self, row: &Value) -> bool {
        let submitted = text(row, "submissionTime").parse::<jiff::Timestamp>();
        let now_ms = self.client.ambient.clock.now().millis();
        let young_ms = self.client.config.import.young_ms;
        submitted.map_or(true, |at| now_ms.abs_diff(at.as_millisecond()) > young_ms)
    }
}

/// The request of a row, with what tells what it is.
fn request_of(row: &Value, title: &str) -> Request {
    Request {
        id: text(row, "requestId"),
        title: text(row, title),
        state: state_word(&text(row, "executionState"), &text(row, "state")),
    }
}

/// True for a tenant without the service or without such a filter, or a user without the privilege. A log-in that is refused altogether
/// shows at the next call.
const fn is_closed_to_us(fault: &Fault) -> bool {
    match fault.class {
        FaultClass::Incompatible | FaultClass::Unauthorised | FaultClass::Rejected => true,
        FaultClass::Throttled | FaultClass::Unavailable | FaultClass::Indeterminate => false,
    }
}

/// A load may submit the import before it has ended itself.
fn shortly_before(completed: &str) -> String {
    let at = completed.parse::<jiff::Timestamp>();
    let before = at.map(|at| at.checked_sub(jiff::SignedDuration::from_mins(5)));
    match before {
        Ok(Ok(before)) => before.to_string(),
        Ok(Err(_)) | Err(_) => completed.to_owned(),
    }
}

/// A text of a SCIM filter (RFC 7644 section 3.4.2.2: a JSON string).
fn scim_quoted(text: &str) -> String {
    Value::from(text).to_string()
}
