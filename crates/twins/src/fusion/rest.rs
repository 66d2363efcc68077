//! The REST front: authentication, framework versions, routing to resources (fusion.md §1).

mod action;
mod balance;
mod cell;
mod coding;
pub(crate) mod collection;
mod combinations;
mod describe;
mod grammar;
mod integration;
mod invoice_write;
mod key;
mod master_write;
mod query;
mod render;
mod rows;
mod scheduler;
mod schema;
mod soap;
mod text;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Map, Value as Json};

use super::fault::Fault;
use super::{FusionTwin, USER};
use query::Query;
use schema::{Kind, Row};

/// What a handler needs to know of the request.
pub(crate) struct Call<'a> {
    /// Framework version 1–9.
    version: u8,
    /// Scheme and host for links.
    origin: &'a str,
    /// Path up to and including the resource version.
    root: String,
    query: Query,
}

/// What a handler answers.
pub(crate) struct Answer {
    status: u16,
    media: &'static str,
    body: String,
    location: Option<String>,
}

const ITEM: &str = "application/vnd.oracle.adf.resourceitem+json";
const COLLECTION: &str = "application/vnd.oracle.adf.resourcecollection+json";
const ACTION: &str = "application/vnd.oracle.adf.action+json";
const ERROR: &str = "application/vnd.oracle.adf.error+json";

impl Answer {
    fn ok(media: &'static str, body: String) -> Self {
        Self {
            status: 200,
            media,
            body,
            location: None,
        }
    }

    fn created(body: String, location: String) -> Self {
        Self {
            status: 201,
            media: ITEM,
            body,
            location: Some(location),
        }
    }

    fn empty() -> Self {
        Self {
            status: 204,
            media: "",
            body: String::new(),
            location: None,
        }
    }
}

impl FusionTwin {
    pub(crate) fn route(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        if !self.is_authorised(request) {
            let page = "<!DOCTYPE html><html><head><title>Error 401--Unauthorized</title></head><body><h2>Error 401--Unauthorized</h2></body></html>";
            return Response::builder()
                .status(401)
                .header(header::WWW_AUTHENTICATE, "Basic realm=\"saas\"")
                .header(header::CONTENT_TYPE, "text/html")
                .body(Bytes::from_static(page.as_bytes()))
                .unwrap_or_default();
        }
        let version = match framework_version(request) {
            Ok(version) => version,
            Err(fault) => return self.refuse(1, request, &fault),
        };
        let response = match self.handle(request, version) {
            Ok(answer) => shape(request, version, answer),
            Err(fault) => self.refuse(version, request, &fault),
        };
        coding::packed(request, response)
    }

    fn is_authorised(&self, request: &Request<Bytes>) -> bool {
        let given = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok());
        let code = given
            .and_then(|v| v.strip_prefix("Basic "))
            .and_then(|v| STANDARD.decode(v.trim()).ok());
        code.is_some_and(|c| c == format!("{USER}:{}", self.password).into_bytes())
    }

    fn refuse(&self, version: u8, request: &Request<Bytes>, fault: &Fault) -> Response<Bytes> {
        let scheduler = request.uri().path().starts_with("/ess/");
        let (media, body) = if scheduler {
            scheduler::fault(fault)
        } else {
            render::fault(version, fault)
        };
        let answer = Answer {
            status: fault.status,
            media,
            body,
            location: None,
        };
        shape(request, version, answer)
    }

    fn handle(&mut self, request: &Request<Bytes>, version: u8) -> Result<Answer, Fault> {
        let path = request.uri().path();
        let parts = query::path_parts(path)?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let query = Query::parse(request.uri().query().unwrap_or_default())?;
        let origin = origin_of(request);
        match parts.as_slice() {
            ["ess", "rest", "scheduler", "v1", "requests", rest @ ..] => {
                only_method(request, &Method::GET)?;
                self.scheduler(rest, &query)
            }
            ["fscmService", "ErpIntegrationService"] => self.erp_service(request),
            ["fscmService", "AccountCombinationService"] => self.combination_service(request),
            ["xmlpserver", "services", "v2", "SecurityService"] => self.report_login(request),
            ["fscmRestApi", "resources"] => {
                only_method(request, &Method::GET)?;
                Ok(Answer::ok(COLLECTION, describe::versions()))
            }
            [
                "fscmRestApi",
                "resources",
                release @ ("11.13.18.05" | "latest"),
                rest @ ..,
            ] => {
                let root = format!("/fscmRestApi/resources/{release}");
                let call = Call {
                    version,
                    origin: &origin,
                    root,
                    query,
                };
                self.resource(&call, request, rest)
            }
            _ => Err(Fault::not_found()),
        }
    }

    fn resource(
        &mut self,
        call: &Call<'_>,
        request: &Request<Bytes>,
        parts: &[&str],
    ) -> Result<Answer, Fault> {
        let method = method_of(request);
        match parts {
            [] if method == Method::GET => Ok(Answer::ok(COLLECTION, describe::catalogue(call))),
            [] => Err(Fault::not_allowed()),
            ["erpintegrations"] => match method {
                Method::POST => self.integration_post(call, &body_of(request)?),
                Method::GET => self.integration_get(call),
                _ => Err(Fault::not_allowed()),
            },
            ["ledgerBalances"] if method == Method::GET => self.ledger_balances(call),
            ["ledgerBalances", ..] => Err(Fault::not_allowed()),
            [name, "describe"] => {
                let kind = schema::root(name).ok_or_else(Fault::not_found)?;
                Ok(Answer::ok(
                    "application/vnd.oracle.adf.description+json",
                    describe::resource(call, kind),
                ))
            }
            [name, "action", action] => {
                let kind = schema::root(name).ok_or_else(Fault::not_found)?;
                if method != Method::POST {
                    return Err(Fault::not_allowed());
                }
                self.action(request, kind, action)
            }
            [name, rest @ ..] => {
                let kind = schema::root(name).ok_or_else(Fault::not_found)?;
                self.walk(call, request, &method, kind, None, name, rest)
            }
        }
    }

    /// Follows `{key}/child/{accessor}/…` down to the addressed collection or item.
    #[expect(
        clippy::too_many_arguments,
        reason = "a path walk carries its position"
    )]
    fn walk(
        &mut self,
        call: &Call<'_>,
        request: &Request<Bytes>,
        method: &Method,
        kind: Kind,
        parent: Option<Row>,
        path: &str,
        rest: &[&str],
    ) -> Result<Answer, Fault> {
        let path = format!(
            "{}/{}",
            call.root,
            path.strip_prefix(&call.root)
                .unwrap_or(path)
                .trim_start_matches('/')
        );
        match rest {
            [] => match *method {
                Method::GET => self.collection(call, kind, parent, &path),
                Method::POST => self.create(call, kind, parent, &path, &body_of(request)?),
                _ => Err(Fault::not_allowed()),
            },
            [key, rest @ ..] => {
                let row = self
                    .find_by_key(kind, parent, key)
                    .ok_or_else(Fault::not_found)?;
                let path = format!("{path}/{}", text::percent(key));
                match rest {
                    [] => match *method {
                        Method::GET => self.item(call, row, &path),
                        Method::PATCH => self.update(call, row, &path, &body_of(request)?),
                        Method::DELETE => self.delete(row),
                        _ => Err(Fault::not_allowed()),
                    },
                    ["child", accessor, rest @ ..] => {
                        let child = schema::of(kind)
                            .child(accessor)
                            .ok_or_else(Fault::not_found)?;
                        let path = format!("{path}/child/{accessor}");
                        self.walk(call, request, method, child, Some(row), &path, rest)
                    }
                    _ => Err(Fault::not_found()),
                }
            }
        }
    }

    fn create(
        &mut self,
        call: &Call<'_>,
        kind: Kind,
        parent: Option<Row>,
        path: &str,
        body: &Map<String, Json>,
    ) -> Result<Answer, Fault> {
        let row = match (kind, parent) {
            (Kind::Invoice, None) => self.create_invoice(body)?,
            (Kind::Supplier, None) => self.create_supplier(body)?,
            (Kind::SupplierSite, Some(parent)) => self.create_site(parent, body)?,
            (Kind::SupplierAddress, Some(parent)) => self.create_address(parent, body)?,
            (Kind::Value, Some(parent)) => self.create_value(parent, body)?,
            _ => return Err(Fault::not_allowed()),
        };
        let path = format!("{path}/{}", text::percent(&self.key_of(row)));
        let expand: &[&str] = if kind == Kind::Invoice {
            &["invoiceLines", "invoiceInstallments", "invoiceDff"]
        } else {
            &[]
        };
        let body = self.item_body(call, row, &path, expand)?;
        Ok(Answer::created(body, format!("{}{path}", call.origin)))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every kind not named here is treated alike"
    )]
    fn update(
        &mut self,
        call: &Call<'_>,
        row: Row,
        path: &str,
        body: &Map<String, Json>,
    ) -> Result<Answer, Fault> {
        match row.kind {
            Kind::Invoice => self.update_invoice(row, body)?,
            Kind::Batch => self.update_batch(row, body)?,
            Kind::Supplier => self.update_supplier(row, body)?,
            Kind::SupplierSite => self.update_site(row, body)?,
            Kind::SupplierAddress => self.update_address(row, body)?,
            Kind::Value => self.update_value(row, body)?,
            _ => return Err(Fault::not_allowed()),
        }
        Ok(Answer::ok(ITEM, self.item_body(call, row, path, &[])?))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every kind not named here is treated alike"
    )]
    fn delete(&mut self, row: Row) -> Result<Answer, Fault> {
        match row.kind {
            Kind::Invoice => self.delete_invoice(row)?,
            Kind::Batch => self.delete_batch(row)?,
            _ => return Err(Fault::not_allowed()),
        }
        Ok(Answer::empty())
    }
}

fn only_method(request: &Request<Bytes>, method: &Method) -> Result<(), Fault> {
    if method_of(request) == *method {
        Ok(())
    } else {
        Err(Fault::not_allowed())
    }
}

/// The method, with `X-HTTP-Method-Override` (fusion.md §1.3).
fn method_of(request: &Request<Bytes>) -> Method {
    let named = request
        .headers()
        .get("x-http-method-override")
        .and_then(|v| v.to_str().ok());
    match (request.method(), named) {
        (&Method::POST, Some("PATCH")) => Method::PATCH,
        // What GET would answer, without its body (RFC 9110 §9.3.2).
        (&Method::HEAD, _) => Method::GET,
        (method, _) => method.clone(),
    }
}

fn framework_version(request: &Request<Bytes>) -> Result<u8, Fault> {
    let Some(value) = request.headers().get("REST-Framework-Version") else {
        return Ok(1);
    };
    let version = value
        .to_str()
        .ok()
        .and_then(|v| v.trim().parse().ok())
        .filter(|v| (1..=9).contains(v));
    version.ok_or_else(|| {
        Fault::bad(
            "The REST-Framework-Version header must be a number from 1 to 9.",
            "/",
        )
    })
}

fn origin_of(request: &Request<Bytes>) -> String {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|v| v.to_str().ok());
    let host = host
        .or_else(|| request.uri().authority().map(http::uri::Authority::as_str))
        .unwrap_or("localhost");
    format!("http://{host}")
}

fn media_of(request: &Request<Bytes>) -> &str {
    let value = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn object_of(request: &Request<Bytes>) -> Result<Map<String, Json>, Fault> {
    match serde_json::from_slice::<Json>(&coding::unpacked(request)?) {
        Ok(Json::Object(map)) => Ok(map),
        Ok(_) => Err(Fault::bad("The payload must be a JSON object.", "/")),
        Err(e) => Err(Fault::bad(
            format!("The payload isn't valid JSON: {e}"),
            "/",
        )),
    }
}

fn body_of(request: &Request<Bytes>) -> Result<Map<String, Json>, Fault> {
    if !["application/json", ITEM].contains(&media_of(request)) {
        return Err(Fault {
            status: 415,
            details: Vec::new(),
        });
    }
    object_of(request)
}

fn shape(request: &Request<Bytes>, version: u8, answer: Answer) -> Response<Bytes> {
    let wants = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("*/*");
    let vendor = answer.media.starts_with("application/vnd.") && answer.media != ERROR;
    let media = if vendor && !wants.contains(answer.media) {
        "application/json"
    } else {
        answer.media
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::builder()
        .status(status)
        .header("REST-Framework-Version", version.to_string());
    if !media.is_empty() {
        response = response.header(header::CONTENT_TYPE, media);
    }
    if answer.status == 405 {
        response = response.header(header::ALLOW, "GET, HEAD, POST, PATCH, DELETE");
    }
    if let Some(location) = answer.location {
        response = response.header(header::LOCATION, location);
    }
    response.body(Bytes::from(answer.body)).unwrap_or_default()
}
