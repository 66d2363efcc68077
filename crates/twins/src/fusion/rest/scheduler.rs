//! The scheduler's own REST (fusion.md §5.1 [S]): list requests by `absParentRequestId`, read one with its parameters.
//!
//! Which of `state` and `executionState` is a word is not documented; here `state` is the word and `executionState` the number ([R]).

use serde_json::{Map, Value, json};

use super::query::Query;
use super::{Answer, COLLECTION, ITEM};
use crate::fusion::FusionTwin;
use crate::fusion::fault::Fault;
use crate::fusion::jobs::Job;

fn member(job: &Job, name: &str, now: i64) -> Option<Value> {
    Some(match name {
        "requestId" => json!(job.id),
        "parentRequestId" => json!(job.parent.unwrap_or(0)),
        "absParentRequestId" => json!(job.absolute),
        "name" => json!(job.path),
        "description" => json!(job.name),
        "state" => json!(job.word(now)),
        "executionState" => json!(job.state(now)),
        "requestParameters" => {
            let one = |(place, value): (usize, &String)| json!({"name": format!("submit.argument{}", place + 1), "value": value});
            json!(
                job.arguments
                    .iter()
                    .enumerate()
                    .map(one)
                    .collect::<Vec<Value>>()
            )
        }
        _ => return None,
    })
}

const DEFAULT: &str =
    "requestId,parentRequestId,absParentRequestId,name,description,state,executionState";

fn shown(job: &Job, fields: &str, now: i64) -> Result<Value, Fault> {
    let mut out = Map::new();
    for name in fields.split(',').map(str::trim) {
        let value = member(job, name, now)
            .ok_or_else(|| Fault::bad(format!("The field {name} doesn't exist."), "/"))?;
        out.insert(name.to_owned(), value);
    }
    Ok(Value::Object(out))
}

/// `requestId eq 101 and …`: attribute and number.
fn conditions(q: &str) -> Result<Vec<(String, String)>, Fault> {
    let wrong = || Fault::bad(format!("The query {q} isn't valid."), "/");
    let mut out = Vec::new();
    for term in q.split(" and ") {
        let words: Vec<&str> = term.split_whitespace().collect();
        let [name, "eq", value] = words.as_slice() else {
            return Err(wrong());
        };
        if ![
            "requestId",
            "parentRequestId",
            "absParentRequestId",
            "state",
        ]
        .contains(name)
        {
            return Err(wrong());
        }
        out.push((
            (*name).to_owned(),
            value.trim_matches(['\'', '"']).to_owned(),
        ));
    }
    Ok(out)
}

impl FusionTwin {
    pub(super) fn scheduler(&self, parts: &[&str], query: &Query) -> Result<Answer, Fault> {
        let now = self.clock.now;
        let fields = query.fields.as_deref().unwrap_or(DEFAULT);
        match parts {
            [] => {
                let wanted = query
                    .q
                    .as_deref()
                    .map_or_else(|| Ok(Vec::new()), conditions)?;
                let fits = |job: &&Job| {
                    wanted.iter().all(|(name, value)| {
                        member(job, name, now).is_some_and(|v| {
                            v.as_str().map_or_else(|| v.to_string(), str::to_owned) == *value
                        })
                    })
                };
                let found: Vec<&Job> = self
                    .jobs
                    .all()
                    .iter()
                    .filter(|j| j.start <= now)
                    .filter(fits)
                    .collect();
                let limit = query
                    .limit
                    .unwrap_or(self.options.default_page)
                    .min(self.options.max_page);
                let page: Vec<&&Job> = found.iter().skip(query.offset).take(limit).collect();
                let more = !page.is_empty() && query.offset + page.len() < found.len();
                let items = page
                    .iter()
                    .map(|j| shown(j, fields, now))
                    .collect::<Result<Vec<Value>, Fault>>()?;
                let body = json!({"items": items, "count": page.len(), "hasMore": more, "limit": limit, "offset": query.offset, "links": []});
                Ok(Answer::ok(COLLECTION, body.to_string()))
            }
            [id] => {
                let job = id
                    .parse()
                    .ok()
                    .and_then(|id| self.jobs.find(id))
                    .ok_or_else(Fault::not_found)?;
                Ok(Answer::ok(ITEM, shown(job, fields, now)?.to_string()))
            }
            _ => Err(Fault::not_found()),
        }
    }
}
