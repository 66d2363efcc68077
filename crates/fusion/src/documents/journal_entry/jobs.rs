//! Jobs of an import: the reference we keep, and the tree of requests with their states (fusion.md §5.1).

use serde_json::Value;
use tieout_connector::Fault;
use tieout_model::JobRef;

use crate::client::not_understood;
use crate::system::Fusion;
use crate::wire::attribute::text;
use crate::wire::query::Query;

const PREFIX: &str = "journals";

/// What we keep of one import; printed into a [`JobRef`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportRef {
    /// Request id of the loader.
    pub(crate) request: String,
    /// Group id of the file: milliseconds of its making followed by five digits of chance.
    pub(crate) group: String,
    /// Ledger name.
    pub(crate) ledger: String,
}

impl ImportRef {
    pub(crate) fn to_job(&self) -> JobRef {
        JobRef(format!(
            "{PREFIX}:{}:{}:{}",
            self.request, self.group, self.ledger
        ))
    }

    pub(crate) fn of_job(job: &JobRef) -> Option<Self> {
        let mut parts = job.0.splitn(4, ':');
        if parts.next()? != PREFIX {
            return None;
        }
        Some(Self {
            request: parts.next()?.to_owned(),
            group: parts.next()?.to_owned(),
            ledger: parts.next()?.to_owned(),
        })
    }
}

/// One request of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) id: String,
    /// Name and path, to tell what it is.
    pub(crate) title: String,
    /// State in capitals.
    pub(crate) state: String,
}

/// The requests of `RequestStatus`: JSON text in which lists of one may be bare objects, or a plain word. The root comes first.
pub(crate) fn requests_of(status: &Value, root: &str) -> Vec<Request> {
    let written = status.as_str().unwrap_or_default();
    let parsed: Value = serde_json::from_str(written).unwrap_or_else(|_| status.clone());
    if let Value::String(word) = &parsed {
        return vec![Request {
            id: root.to_owned(),
            title: String::new(),
            state: word.trim().to_uppercase(),
        }];
    }
    let mut requests = Vec::new();
    collect(parsed.get("JOBS").unwrap_or(&Value::Null), &mut requests);
    requests
}

fn collect(node: &Value, requests: &mut Vec<Request>) {
    match node {
        Value::Array(nodes) => nodes.iter().for_each(|node| collect(node, requests)),
        Value::Object(_) => {
            requests.push(Request {
                id: text(node, "REQUESTID"),
                title: format!("{} {}", text(node, "JOBNAME"), text(node, "JOBPATH")),
                state: text(node, "STATUS").trim().to_uppercase(),
            });
            collect(node.get("CHILD").unwrap_or(&Value::Null), requests);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Something still runs, or the import has not shown up yet.
    Running,
    /// Nothing runs any more.
    Ended {
        /// All requests, root first.
        requests: Vec<Request>,
        /// True if an import was among them, so that its report can be read.
        has_imported: bool,
    },
}

impl Fusion {
    /// Where the import stands. The id we were given is the loader's; the import is a request of its own, found in the tree or through the
    /// scheduler (fusion.md §5.1 lineage trap).
    pub(crate) async fn progress(&self, import: &ImportRef) -> Result<Progress, Fault> {
        let operation = "GET erpintegrations";
        let query = Query::default().with(
            "finder",
            &format!("ESSExecutionDetailsRF;requestId={}", import.request),
        );
        let path = self.client.resource("erpintegrations");
        let rows = self.client.all(operation, &path, &query).await?;
        let status = rows.first().and_then(|row| row.value.get("RequestStatus"));
        let Some(status) = status else {
            let detail = format!("request {} is not known there", import.request);
            return Err(not_understood(operation, detail));
        };
        let mut requests = requests_of(status, &import.request);
        if requests.is_empty() {
            return Err(not_understood(
                operation,
                format!("request status {status}"),
            ));
        }
        if !self.is_over(&requests) {
            return Ok(Progress::Running);
        }
        let has_load = requests.first().is_some_and(|root| is_success(&root.state));
        if has_load && !self.has_import(&requests) {
            requests.extend(self.descendants(&import.request).await?);
            if !self.has_import(&requests) {
                requests.extend(self.import_apart(import).await?);
            }
            if !self.is_over(&requests) {
                return Ok(Progress::Running);
            }
        }
        let has_imported = self.has_import(&requests);
        let now_ms = self.client.ambient.clock.now().millis();
        let waited_ms = now_ms - self.imports.loaded_at(&import.request, now_ms);
        if has_load && !has_imported && waited_ms < self.client.config.import.grace_ms {
            return Ok(Progress::Running);
        }
        self.imports.forget_load(&import.request);
        Ok(Progress::Ended {
            requests,
            has_imported,
        })
    }

    fn is_over(&self, requests: &[Request]) -> bool {
        let terminal = &self.client.config.import.terminal_states;
        requests
            .iter()
            .all(|request| terminal.contains(&request.state))
    }

    fn has_import(&self, requests: &[Request]) -> bool {
        requests.iter().any(|request| self.is_import(request))
    }

    /// True if the request is a journal import.
    pub(crate) fn is_import(&self, request: &Request) -> bool {
        let marks = &self.client.config.import.job_marks;
        marks
            .iter()
            .any(|mark| request.title.contains(mark.as_str()))
    }
}

fn is_success(state: &str) -> bool {
    matches!(state, "SUCCEEDED" | "WARNING")
}

/// The scheduler gives words or numbers (fusion.md §5.1: 12 succeeded, 11 warning, 10 error).
pub(crate) fn state_word(execution_state: &str, state: &str) -> String {
    let given = if execution_state.is_empty() {
        state
    } else {
        execution_state
    };
    match given {
        "12" => "SUCCEEDED".to_owned(),
        "11" => "WARNING".to_owned(),
        "10" => "ERROR".to_owned(),
        other => other.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tieout_model::JobRef;

    use super::{ImportRef, requests_of};

    #[test]
    fn the_tree_is_read_with_lists_or_bare_objects() {
        let bare = r#"{"JOBS":{"JOBNAME":"Load","JOBPATH":"/p","REQUESTID":101,"STATUS":"SUCCEEDED","CHILD":{"JOBNAME":"Import Journals","REQUESTID":"102","STATUS":"WARNING"}}}"#;
        let found = requests_of(&json!(bare), "101");
        let states: Vec<_> = found
            .iter()
            .map(|r| (r.id.as_str(), r.state.as_str()))
            .collect();
        assert_eq!(states, [("101", "SUCCEEDED"), ("102", "WARNING")]);
        let listed = r#"{"JOBS":[{"JOBNAME":"Load","REQUESTID":"101","STATUS":"running","CHILD":[{"REQUESTID":"1","STATUS":"WAIT"},{"REQUESTID":"2","STATUS":"WAIT"}]}]}"#;
        assert_eq!(requests_of(&json!(listed), "101").len(), 3);
        assert_eq!(
            requests_of(&json!("SUCCEEDED"), "101")[0].state,
            "SUCCEEDED"
        );
    }

    #[test]
    fn a_job_reference_survives_printing_even_with_colons_in_the_ledger() {
        let import = ImportRef {
            request: "101".to_owned(),
            group: "179876160000000042".to_owned(),
            ledger: "US: Primary".to_owned(),
        };
        assert_eq!(ImportRef::of_job(&import.to_job()), Some(import.clone()));
        assert_eq!(ImportRef::of_job(&JobRef("invoices".to_owned())), None);
    }
}
