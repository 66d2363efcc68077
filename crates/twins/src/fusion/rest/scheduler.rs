//! The scheduler's own REST: "Query job requests" and "Get job request information" (Oracle, REST API for Applications Common, 24C:
//! `op-ess-rest-scheduler-v1-requests-get`, `op-ess-rest-scheduler-v1-requests-requestid-get`; fusion.md §5.1).
//!
//! A request shows as it stands at the moment of the call. Refusals have the document's `SimpleExceptionDetail`, see [`fault`]. What no
//! document says (names and order of what is returned by default, the shape of a batch item) is listed in `docs/fusion-twin.md`.

mod field;
mod filter;
mod member;

use serde_json::{Value as Json, json};

use self::field::queryable;
use self::filter::Filter;
use self::member::{selection, shown, value};
use super::Answer;
use super::query::Query;
use crate::fusion::FusionTwin;
use crate::fusion::fault::Fault;
use crate::fusion::jobs::Job;

const COLLECTION: &str = "application/vnd.oracle.resource+json;type=collection";
const ITEM: &str = "application/vnd.oracle.resource+json;type=singular";
/// The document wants at least a link to a page about the status (`SimpleExceptionDetail.type`).
const STATUS_CODES: &str = "https://www.rfc-editor.org/rfc/rfc9110.html#section-15";

fn refused(text: impl Into<String>) -> Fault {
    Fault::bad(text, "")
}

/// Puts requests in the order asked for: the first field only, absent values last. `name` is the document's own example.
fn sort(jobs: &mut [&Job], order: &str, now: i64) -> Result<(), Fault> {
    let first = order.split(',').next().unwrap_or_default().trim();
    let (name, direction) = first.split_once(':').unwrap_or((first, "asc"));
    let name = match name {
        "name" => "jobDefinitionId",
        other => queryable(other)
            .ok_or_else(|| refused(format!("The requests can't be ordered by {other}.")))?,
    };
    let descending = match direction {
        "asc" => false,
        "desc" => true,
        other => {
            return Err(refused(format!(
                "The order must be asc or desc, not {other}."
            )));
        }
    };
    jobs.sort_by(|a, b| {
        let (a, b) = (value(a, name, now), value(b, name, now));
        let absent = a.is_none().cmp(&b.is_none());
        absent.then(if descending { b.cmp(&a) } else { a.cmp(&b) })
    });
    Ok(())
}

impl FusionTwin {
    /// Answers below `/ess/rest/scheduler/v1/requests`.
    pub(super) fn scheduler(&self, parts: &[&str], query: &Query) -> Result<Answer, Fault> {
        let now = self.clock.now;
        match (parts, &query.ids) {
            ([], None) => self.requests(query, now),
            ([], Some(ids)) => self.batch(ids, query, now),
            ([id], _) => {
                let job = self.request(id, now).ok_or_else(Fault::not_found)?;
                Ok(Answer::ok(
                    ITEM,
                    shown(job, &selection(query)?, now).to_string(),
                ))
            }
            _ => Err(Fault::not_found()),
        }
    }

    fn request(&self, id: &str, now: i64) -> Option<&Job> {
        let job = self.jobs.find(id.parse().ok()?)?;
        (job.start <= now).then_some(job)
    }

    fn requests(&self, query: &Query, now: i64) -> Result<Answer, Fault> {
        let members = selection(query)?;
        let filter = query.q.as_deref().map(|text| {
            Filter::parse(text)
                .map_err(|words| refused(format!("The query {text} isn't valid: {words}.")))
        });
        let filter = filter.transpose()?;
        let known = self.jobs.all().iter().filter(|job| job.start <= now);
        let mut found: Vec<&Job> = known
            .filter(|job| {
                let fits = |filter: &Filter| filter.fits(&|field| value(job, field, now));
                filter.as_ref().is_none_or(fits)
            })
            .collect();
        if let Some(order) = &query.order_by {
            sort(&mut found, order, now)?;
        }
        let limit = query
            .limit
            .unwrap_or(self.options.default_page)
            .min(self.options.max_page);
        let page = found.iter().skip(query.offset).take(limit);
        let items: Vec<Json> = page.map(|job| shown(job, &members, now)).collect();
        let more = !items.is_empty() && query.offset + items.len() < found.len();
        let body = json!({"count": items.len(), "items": items, "hasMore": more, "limit": limit, "offset": query.offset, "links": []});
        Ok(Answer::ok(COLLECTION, body.to_string()))
    }

    /// The requests of `id=1,2`: `batch` instead of `items` and `count` (`RequestQueryResponse`).
    fn batch(&self, ids: &str, query: &Query, now: i64) -> Result<Answer, Fault> {
        if query.q.is_some() || query.order_by.is_some() {
            return Err(refused("The parameter id goes with neither q nor orderBy."));
        }
        let members = selection(query)?;
        let mut batch = Vec::new();
        for id in ids.split(',').map(str::trim) {
            let number: i64 =
                (id.parse()).map_err(|_| refused(format!("The request id {id} is no number.")))?;
            batch.push(match self.request(id, now) {
                Some(job) => {
                    json!({"id": number, "status": 200, "body": shown(job, &members, now)})
                }
                None => {
                    json!({"id": number, "status": 404, "body": exception(&Fault::not_found())})
                }
            });
        }
        Ok(Answer::ok(COLLECTION, json!({"batch": batch}).to_string()))
    }
}

/// The document's `SimpleExceptionDetail`; `errorCode` is left out, no document gives the codes of these refusals.
fn exception(fault: &Fault) -> Json {
    let title = http::StatusCode::from_u16(fault.status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error");
    let texts: Vec<&str> = fault.details.iter().map(|d| d.text.as_str()).collect();
    let mut out = json!({"type": STATUS_CODES, "title": title, "status": fault.status});
    if !texts.is_empty() {
        out["detail"] = json!(texts.join("\n"));
    }
    out
}

/// Media type and body of a refusal below `/ess/rest/scheduler`.
pub(super) fn fault(fault: &Fault) -> (&'static str, String) {
    ("application/json", exception(fault).to_string())
}
