//! The SOAP doors: `ErpIntegrationService` (fusion.md §5.2 [S-live]) and the sign-in of the report server that clients try first (§1.1 [S]).
//!
//! Each operation does what its REST sibling does; a refusal is a fault with status 500, as SOAP 1.1 has it.

use bytes::Bytes;
use http::{Method, Request};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value as Json};

use super::{Answer, only_method};
use crate::fusion::fault::Fault;
use crate::fusion::{FusionTwin, USER};

const TYPES: &str = "http://xmlns.oracle.com/apps/financials/commonModules/shared/model/erpIntegrationService/types/";
const REPORTS: &str = "http://xmlns.oracle.com/oxp/service/v2";
const MEDIA: &str = "text/xml; charset=utf-8";

/// An operation with the texts of its leaves, by local name.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) operation: String,
    /// In the order of their ends; an element that holds others follows them, without text.
    pub(super) leaves: Vec<(String, String)>,
}

impl Call {
    fn of(&self, name: &str) -> Option<&str> {
        let found = self.leaves.iter().find(|(n, _)| n == name);
        found.map(|(_, text)| text.as_str())
    }
}

/// Reads the first element of a SOAP body and its leaves. A document type is refused, so no entity can be defined.
pub(super) fn parse(body: &[u8]) -> Result<Call, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the request is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let (mut open, mut call): (Vec<String>, Call) = Default::default();
    let mut content = String::new();
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                let name: &str = start.local_name().into_inner();
                if open.len() == 2 && open.last().is_some_and(|n| n == "Body") {
                    call.operation = name.to_owned();
                }
                open.push(name.to_owned());
                content.clear();
            }
            Event::Empty(start) => {
                let name: &str = start.local_name().into_inner();
                if open.len() == 2 && open.last().is_some_and(|n| n == "Body") {
                    call.operation = name.to_owned();
                } else if open.len() > 2 {
                    call.leaves.push((name.to_owned(), String::new()));
                }
                content.clear();
            }
            Event::Text(piece) => content.push_str(&piece),
            Event::CData(piece) => content.push_str(&piece),
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                match (name, reference.resolve_char_ref()) {
                    ("lt", _) => content.push('<'),
                    ("gt", _) => content.push('>'),
                    ("amp", _) => content.push('&'),
                    ("quot", _) => content.push('"'),
                    ("apos", _) => content.push('\''),
                    (_, Ok(Some(c))) => content.push(c),
                    _ => return Err(format!("entity {name} is not defined")),
                }
            }
            Event::End(_) => {
                let name = open.pop().unwrap_or_default();
                if open.len() > 2 && !name.is_empty() {
                    let text = content.trim().to_owned();
                    call.leaves.push((name, text));
                }
                content.clear();
            }
            Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if call.operation.is_empty() || !open.is_empty() {
        return Err("the request is no SOAP envelope with an operation".to_owned());
    }
    Ok(call)
}

pub(super) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <env:Header/><env:Body>{body}</env:Body></env:Envelope>"
    )
}

pub(super) fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        ..Answer::ok(MEDIA, envelope(body))
    }
}

pub(super) fn refusal(words: &str) -> Answer {
    let words = escape(words);
    let body = format!(
        "<env:Fault><faultcode>env:Server</faultcode><faultstring>{words}</faultstring></env:Fault>"
    );
    answer(500, &body)
}

fn words_of(fault: &Fault) -> String {
    let details = fault.details.iter().map(|d| d.text.as_str());
    let words: Vec<&str> = details.collect();
    if words.is_empty() {
        format!("The request was refused with status {}.", fault.status)
    } else {
        words.join("\n")
    }
}

/// The document and job of a call, as the REST resource names them.
fn document(call: &Call) -> Map<String, Json> {
    let names = [
        ("Content", "DocumentContent"),
        ("FileName", "FileName"),
        ("ContentType", "ContentType"),
        ("DocumentAccount", "DocumentAccount"),
        ("JobName", "JobName"),
        ("ParameterList", "ParameterList"),
        ("jobOptions", "JobOptions"),
    ];
    let mut made = Map::new();
    for (soap, rest) in names {
        if let Some(text) = call.of(soap) {
            made.insert(rest.to_owned(), Json::String(text.to_owned()));
        }
    }
    if let Some(option) = call.of("interfaceDetails") {
        let option = format!("InterfaceDetails={option},ImportOption=Y");
        made.insert("JobOptions".to_owned(), Json::String(option));
    }
    made
}

/// Package, definition and arguments; the service drops empty arguments at the end (§5.2 [S-live]).
fn job(call: &Call) -> Map<String, Json> {
    let mut arguments: Vec<&str> = (call.leaves.iter())
        .filter(|(n, _)| n == "paramList")
        .map(|(_, text)| text.as_str())
        .collect();
    while arguments.last().is_some_and(|a| a.is_empty()) {
        arguments.pop();
    }
    let quoted = |a: &&str| {
        if a.contains(',') {
            format!("\"{a}\"")
        } else {
            (*a).to_owned()
        }
    };
    let arguments: Vec<String> = arguments.iter().map(quoted).collect();
    let package = call.of("jobPackageName").unwrap_or_default();
    let package = format!("/{}", package.trim_matches('/'));
    let definition = call.of("jobDefinitionName").unwrap_or_default();
    [
        ("JobPackageName", package),
        ("JobDefName", definition.to_owned()),
        ("ESSParameters", arguments.join(",")),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), Json::String(text)))
    .collect()
}

impl FusionTwin {
    /// Answers a call to `ErpIntegrationService`.
    pub(super) fn erp_service(&mut self, request: &Request<Bytes>) -> Result<Answer, Fault> {
        only_method(request, &Method::POST)?;
        let call = match parse(request.body()) {
            Ok(call) => call,
            Err(words) => return Ok(refusal(&words)),
        };
        let done = match call.operation.as_str() {
            "uploadFileToUcm" => self.upload(&document(&call)),
            "loadAndImportData" | "importBulkData" => self.import_bulk(&document(&call)),
            "submitESSJobRequest" => self.submit(&job(&call)),
            "getESSJobStatus" => Ok(self.job_status(call.of("requestId").unwrap_or_default())),
            other => return Ok(refusal(&format!("The operation {other} isn't set up."))),
        };
        self.changed();
        let name = &call.operation;
        Ok(match done {
            Err(fault) => refusal(&words_of(&fault)),
            Ok(result) => answer(
                200,
                &format!(
                    "<ns0:{name}Response xmlns:ns0=\"{TYPES}\"><result xmlns=\"{TYPES}\">{}</result></ns0:{name}Response>",
                    escape(&result)
                ),
            ),
        })
    }

    fn job_status(&self, id: &str) -> String {
        let job = id.parse().ok().and_then(|id| self.jobs.find(id));
        job.map_or("UNKNOWN", |j| j.word(self.clock.now)).to_owned()
    }

    /// Answers a call to the report server's `SecurityService`: only `login`.
    pub(super) fn report_login(&mut self, request: &Request<Bytes>) -> Result<Answer, Fault> {
        only_method(request, &Method::POST)?;
        let call = match parse(request.body()) {
            Ok(call) => call,
            Err(words) => return Ok(refusal(&words)),
        };
        let known = call.of("userID") == Some(USER) && call.of("password") == Some(&self.password);
        if call.operation != "login" || !known {
            return Ok(refusal("Invalid username or password."));
        }
        let body = format!(
            "<loginResponse xmlns=\"{REPORTS}\"><loginReturn>session</loginReturn></loginResponse>"
        );
        Ok(answer(200, &body))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_operation_and_its_leaves_are_read() {
        let call = parse(
            b"<s:Envelope xmlns:s=\"e\"><s:Header/><s:Body><t:submitESSJobRequest xmlns:t=\"t\"><t:jobPackageName>a &amp; b</t:jobPackageName>\
              <t:paramList>1</t:paramList><t:paramList/><t:document><e:Content xmlns:e=\"e\">x</e:Content></t:document></t:submitESSJobRequest></s:Body></s:Envelope>",
        )
        .unwrap();
        assert_eq!(call.operation, "submitESSJobRequest");
        assert_eq!(call.of("jobPackageName"), Some("a & b"));
        assert_eq!(call.of("Content"), Some("x"));
        let lists = call.leaves.iter().filter(|(n, _)| n == "paramList");
        assert_eq!(lists.count(), 2);
        for bad in ["<a/>", "<!DOCTYPE a><a/>", "<a><b>", "x"] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
