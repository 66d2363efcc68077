//! One request through the XML gateway: control block, authentication, functions, answer (intacct-xml.md §1).
//!
//! Three levels fail apart: control, authentication, each function. A function that fails leaves nothing behind; an operation with
//! `transaction="true"` leaves nothing behind if one of its functions fails.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

use super::IntacctTwin;
use super::books::Stamp;
use super::envelope::{self, Operation};
use super::fault::{Fault, Faults, errormessage};
use super::moment;
use super::read::format::{Answer, reformatted};
use super::read::{View, balance, describe, keys, list, query};
use super::session::Session;
use super::write::{self, Writer, legacy};
use super::xml::{self, Element, escape, tag};
use crate::usage::Usage;

/// The only path there is (§1.1 [D]).
const PATH: &str = "/ia/xml/xmlgw.phtml";
/// Content type of every XML answer, `encoding=` and all (§1.1 [V]).
const XML_TYPE: &str = "text/xml; encoding=\"UTF-8\"";

/// What a function answers if it succeeds.
enum Outcome {
    /// Payload of the `result`, records, metered transactions.
    Body(String, usize, usize),
    /// Rows alone, in another format.
    Bare(String, &'static str, usize),
}

/// The parts of the control block an answer repeats.
#[derive(Default)]
struct Control {
    sender: String,
    id: String,
    unique: String,
    version: String,
    /// Answers are pretty-printed.
    spaced: bool,
}

impl Control {
    fn print(&self, status: &str) -> String {
        let mut out = String::from("<control>");
        tag(&mut out, "status", status);
        tag(&mut out, "senderid", &self.sender);
        tag(&mut out, "controlid", &self.id);
        tag(&mut out, "uniqueid", &self.unique);
        tag(&mut out, "dtdversion", &self.version);
        out.push_str("</control>");
        out
    }

    /// The whole answer, as the caller wants it spaced.
    fn spaced(&self, flat: String) -> String {
        if self.spaced {
            xml::indent(&flat)
        } else {
            flat
        }
    }
}

fn reply(status: StatusCode, kind: &str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    if let Ok(value) = http::HeaderValue::from_str(kind) {
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, value);
    }
    response
}

/// What stands before and after the body of an answer.
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response>";
const FOOT: &str = "</response>";

fn envelope(body: &str) -> String {
    format!("{HEAD}{body}{FOOT}")
}

impl IntacctTwin {
    /// Answers one HTTP request.
    pub(in crate::intacct) fn gateway(
        &mut self,
        unix_ms: i64,
        request: &Request<Bytes>,
    ) -> Response<Bytes> {
        let now = self.now(unix_ms);
        if request.uri().path() != PATH {
            return reply(
                StatusCode::NOT_FOUND,
                "text/plain",
                "not found\n".to_owned(),
            );
        }
        if request.method() != Method::POST {
            let mut response = reply(
                StatusCode::METHOD_NOT_ALLOWED,
                "text/plain",
                "use POST\n".to_owned(),
            );
            response
                .headers_mut()
                .insert(http::header::ALLOW, http::HeaderValue::from_static("POST"));
            return response;
        }
        if self.overloaded() {
            self.note("gateway", 0, 0, true);
            let fault = Fault::gateway("GW-0010", "Too many concurrent requests for this company.");
            return self.edge(StatusCode::TOO_MANY_REQUESTS, fault);
        }
        if request.body().is_empty() {
            self.note("gateway", 0, 0, true);
            return self.edge(
                StatusCode::BAD_REQUEST,
                Fault::gateway("GW-0011", "Invalid Request"),
            );
        }
        let root = match xml::parse(request.body()) {
            Ok(root) => root,
            Err(what) => return self.control_failure(&Control::default(), Fault::schema(&what)),
        };
        self.request(now, &root, &base_url(request))
    }

    fn edge(&mut self, status: StatusCode, fault: Fault) -> Response<Bytes> {
        let support = self.support();
        let body = format!(
            "<control><status>failure</status></control>{}",
            errormessage(&[fault], &support)
        );
        reply(status, XML_TYPE, envelope(&body))
    }

    fn control_failure(&mut self, control: &Control, fault: Fault) -> Response<Bytes> {
        self.note("gateway", 0, 0, true);
        let support = self.support();
        let body = format!(
            "{}{}",
            control.print("failure"),
            errormessage(&[fault], &support)
        );
        reply(StatusCode::OK, XML_TYPE, control.spaced(envelope(&body)))
    }

    fn request(&mut self, now: i64, root: &Element, base: &str) -> Response<Bytes> {
        let block = root.child("control").cloned().unwrap_or_default();
        let unique_text = block.of("uniqueid");
        let control = Control {
            sender: block.of("senderid").to_owned(),
            id: block.of("controlid").to_owned(),
            unique: if unique_text.is_empty() {
                "true".to_owned()
            } else {
                unique_text.to_owned()
            },
            version: block.of("dtdversion").to_owned(),
            spaced: block.of("includewhitespace") != "false",
        };
        let operations = match self.check(root, &block, &control) {
            Ok(operations) => operations,
            Err(fault) => return self.control_failure(&control, fault),
        };
        let alone = operations.len() == 1;
        let mut out = HEAD.to_owned();
        out.push_str(&control.print("success"));
        for operation in &operations {
            let len = out.len();
            if let Err((bare, kind)) = self.operation(now, &control, operation, base, &mut out) {
                if alone {
                    return reply(StatusCode::OK, kind, bare);
                }
                out.truncate(len);
                out.push_str(&escape(&bare));
            }
        }
        out.push_str(FOOT);
        reply(StatusCode::OK, XML_TYPE, control.spaced(out))
    }

    /// Signs in and runs the functions of one operation; writes its element, or answers a bare body.
    fn operation(
        &mut self,
        now: i64,
        control: &Control,
        operation: &Operation,
        base: &str,
        out: &mut String,
    ) -> Result<(), (String, &'static str)> {
        let signed_in = self
            .door
            .authenticate(&self.books, &operation.authentication, now);
        let session = match signed_in {
            Ok(session) => session,
            Err(fault) => {
                out.push_str(&self.sign_in_failure(&operation.authentication, fault));
                return Ok(());
            }
        };
        let unique = control.unique == "true";
        let how = (operation.transaction, unique);
        out.push_str("<operation>");
        out.push_str(&self.authenticated(now, &session));
        let caller = (control.sender.as_str(), base);
        self.functions(now, &session, &operation.functions, how, caller, out)?;
        out.push_str("</operation>");
        Ok(())
    }

    fn check(
        &self,
        root: &Element,
        block: &Element,
        control: &Control,
    ) -> Result<Vec<Operation>, Fault> {
        let schema = |what: String| Fault::schema(&what);
        if root.name != "request" {
            let name = &root.name;
            let what = format!("Element '{name}': No matching global declaration");
            return Err(schema(what));
        }
        let ordered = self.books.options.strict_element_order;
        envelope::required(root, &["control"]).map_err(schema)?;
        envelope::check_control(block, ordered).map_err(schema)?;
        let login = &self.door.login;
        if control.sender != login.sender_id || block.of("password") != login.sender_password {
            return Err(Fault::sign_in(
                "Incorrect Intacct XML Partner ID or password.",
            ));
        }
        let operations = envelope::operations(root, ordered).map_err(schema)?;
        let policy = block.of("policyid");
        if !policy.is_empty() {
            return Err(Fault::sign_in(&format!(
                "{policy} is not a valid transport policy"
            )));
        }
        Ok(operations)
    }

    fn sign_in_failure(&mut self, authentication: &Element, fault: Fault) -> String {
        self.note("authentication", 0, 0, true);
        let support = self.support();
        let login = authentication.child("login").cloned().unwrap_or_default();
        let mut out = String::from("<operation><authentication>");
        tag(&mut out, "status", "failure");
        tag(&mut out, "userid", login.of("userid"));
        tag(&mut out, "companyid", login.of("companyid"));
        tag(&mut out, "locationid", login.of("locationid"));
        out.push_str(&format!(
            "</authentication>{}</operation>",
            errormessage(&[fault], &support)
        ));
        out
    }

    fn authenticated(&self, now: i64, session: &Session) -> String {
        let mut out = String::from("<authentication>");
        tag(&mut out, "status", "success");
        tag(&mut out, "userid", &self.door.login.user_id);
        tag(&mut out, "companyid", &self.door.login.company_id);
        tag(&mut out, "locationid", &session.entity);
        tag(
            &mut out,
            "sessiontimestamp",
            &moment::stamp_from_unix(now / 1000),
        );
        tag(
            &mut out,
            "sessiontimeout",
            &moment::stamp_from_unix(session.ends / 1000),
        );
        out.push_str("</authentication>");
        out
    }

    /// Runs all functions; writes their results, or answers a bare body where one function asked for another format.
    fn functions(
        &mut self,
        now: i64,
        session: &Session,
        functions: &[Element],
        (transaction, unique): (bool, bool),
        (sender, base): (&str, &str),
        out: &mut String,
    ) -> Result<(), (String, &'static str)> {
        self.books.begin();
        let mut results: Vec<(String, String, Result<Outcome, Faults>)> = Vec::new();
        let mut done = Vec::new();
        let mut broken = false;
        for function in functions {
            let controlid = function
                .attribute("controlid")
                .unwrap_or_default()
                .to_owned();
            let Some(call) = function.children.first() else {
                continue;
            };
            if broken {
                results.push((call.name.clone(), controlid, Err(Vec::new())));
                continue;
            }
            let mark = self.books.mark();
            let key = (sender.to_owned(), controlid.clone());
            let replayed = unique && (self.door.done.contains(&key) || done.contains(&key));
            let outcome = if replayed {
                let options = &self.books.options;
                Err(vec![Fault::replay(
                    &options.replay_errorno,
                    &options.replay_text,
                    &controlid,
                )])
            } else {
                self.execute(now, session, call, base)
            };
            match &outcome {
                Ok(_) => done.push(key),
                Err(_) => {
                    self.books.rollback(mark);
                    broken = transaction;
                }
            }
            self.note_outcome(call, &outcome);
            results.push((call.name.clone(), controlid, outcome));
        }
        if broken {
            self.books.rollback(0);
        } else if unique {
            self.door.done.extend(done);
        }
        self.books.commit();
        if let ([(_, _, Ok(Outcome::Bare(..)))], false) = (results.as_slice(), broken)
            && let Some((_, _, Ok(Outcome::Bare(text, kind, _)))) = results.pop()
        {
            return Err((text, kind));
        }
        for (name, controlid, outcome) in results {
            self.result((&name, &controlid), outcome, broken, out);
        }
        Ok(())
    }

    fn result(
        &mut self,
        (name, controlid): (&str, &str),
        outcome: Result<Outcome, Faults>,
        broken: bool,
        out: &mut String,
    ) {
        out.push_str("<result>");
        let status = match (&outcome, broken) {
            (_, true) => "aborted",
            (Ok(_), false) => "success",
            (Err(_), false) => "failure",
        };
        tag(out, "status", status);
        tag(out, "function", name);
        tag(out, "controlid", controlid);
        let faults = match (outcome, broken) {
            (Ok(Outcome::Body(payload, _, _)), false) => {
                out.push_str(&payload);
                Vec::new()
            }
            (Ok(Outcome::Bare(text, _, _)), false) => {
                out.push_str(&escape(&text));
                Vec::new()
            }
            (Ok(_), true) => vec![Fault::rolled_back()],
            (Err(mut faults), true) => {
                faults.push(Fault::rolled_back());
                faults
            }
            (Err(faults), false) => faults,
        };
        if !faults.is_empty() {
            if name == "create" || name == "update" {
                out.push_str("<data listtype=\"objects\" count=\"0\"/>");
            }
            let support = self.support();
            out.push_str(&errormessage(&faults, &support));
        }
        out.push_str("</result>");
    }

    fn execute(
        &mut self,
        now: i64,
        session: &Session,
        call: &Element,
        base: &str,
    ) -> Result<Outcome, Faults> {
        let entity = self.books.entity(&session.entity).map(|e| e.cell);
        let view = View {
            entity,
            private: false,
            now,
        };
        let moment = moment::moment_from_unix(now / 1000).unwrap_or(1);
        let stamp = Stamp {
            moment,
            user: 1,
            source: "api",
            audited: true,
        };
        let writer = Writer { stamp, entity };
        let one = |fault: Fault| vec![fault];
        if envelope::is_absent(&call.name) {
            let what = format!("The function {} is not set up in this company", call.name);
            return Err(vec![Fault::business(&what)]);
        }
        let books = &self.books;
        let read = |(payload, records): (String, usize)| Outcome::Body(payload, records, 1);
        let wrote = |(payload, records): (String, usize)| Outcome::Body(payload, records, records);
        match call.name.as_str() {
            "getAPISession" => self.open_session(session, call, base).map_err(one),
            "query" => query::run(books, call, view).map(shown).map_err(one),
            "readByQuery" => {
                let page = self
                    .cursors
                    .read_by_query(books, call, view, &session.id)
                    .map_err(one)?;
                reformatted(page, call).map(shown).map_err(one)
            }
            "readMore" => self
                .cursors
                .read_more(books, call, &session.id)
                .map(read)
                .map_err(one),
            "read" | "readByName" => {
                let rows = keys::read(books, call, view).map_err(one)?;
                reformatted(rows, call).map(shown).map_err(one)
            }
            "lookup" => describe::lookup(books, call).map(read).map_err(one),
            "inspect" => describe::inspect(books, call).map(read).map_err(one),
            "get_list" => list::get_list(books, call, view).map(read).map_err(one),
            "get" => list::get(books, call, view).map(read).map_err(one),
            "getDimensions" => Ok(read(describe::dimensions(books))),
            "readUserFormatting" => describe::user_formatting(books, call)
                .map(read)
                .map_err(one),
            "getFinancialSetup" => Ok(read(describe::financial_setup(books))),
            "readEntityDetails" => Ok(read(describe::entity_details(books))),
            "getUserPermissions" => describe::permissions(books, call).map(read).map_err(one),
            "get_trialbalance" | "get_accountbalances" => balance::trial_balance(books, call, view)
                .map(read)
                .map_err(one),
            _ => self.write(call, writer).map(wrote),
        }
    }

    fn write(&mut self, call: &Element, writer: Writer) -> write::Written {
        let books = &mut self.books;
        match call.name.as_str() {
            "create" => write::create(books, call, writer),
            "update" => write::update(books, call, writer),
            "delete" => write::delete(books, call, writer),
            "create_gltransaction" => legacy::gltransaction(books, call, writer),
            "reverse_bill" | "reverse_invoice" => legacy::reverse(books, call, writer),
            name if name.starts_with("delete_") => legacy::delete(books, call, writer),
            _ => legacy::document(books, call, writer),
        }
    }

    fn open_session(
        &mut self,
        session: &Session,
        call: &Element,
        base: &str,
    ) -> Result<Outcome, Fault> {
        let entity = match call.child("locationid") {
            None => session.entity.clone(),
            Some(wanted) => wanted.text.clone(),
        };
        if !entity.is_empty() && self.books.entity(&entity).is_none() {
            return Err(Fault::business(&format!(
                "Invalid Location '{entity}' specified"
            )));
        }
        let id = self.door.open(&entity, session.ends);
        let mut out = String::from("<data><api>");
        tag(&mut out, "sessionid", &id);
        tag(&mut out, "endpoint", &format!("{base}{PATH}"));
        tag(&mut out, "locationid", &entity);
        out.push_str("</api></data>");
        Ok(Outcome::Body(out, 1, 0))
    }

    fn note_outcome(&mut self, call: &Element, outcome: &Result<Outcome, Faults>) {
        let operation = describe::operation(call);
        let (records, metered) = match outcome {
            Ok(Outcome::Body(_, records, metered)) => (*records, *metered),
            Ok(Outcome::Bare(_, _, records)) => (*records, 1),
            Err(_) => (0, 0),
        };
        self.note(&operation, metered, records, outcome.is_err());
    }

    fn note(&mut self, operation: &str, metered: usize, records: usize, failed: bool) {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.metered += count(metered);
        let (metered, records) = (count(metered), count(records));
        self.usage.push(Usage {
            operation: operation.to_owned(),
            metered,
            records,
            failed,
        });
    }

    /// A Support ID, URL-encoded as the vendor prints it (§1.7 [D][V]).
    fn support(&mut self) -> String {
        self.supports += 1;
        let number = keys::scramble(self.books.options.seed ^ (self.supports << 20));
        format!("{:08x}%7E{:04x}", number >> 32, number & 0xFFFF)
    }
}

fn shown((answer, count): (Answer, usize)) -> Outcome {
    match answer {
        Answer::Data(data) => Outcome::Body(data, count, 1),
        Answer::Bare(text, kind) => Outcome::Bare(text, kind, count),
    }
}

/// Scheme and host the caller used, to be echoed as the session's endpoint (§7.1 [V]).
fn base_url(request: &Request<Bytes>) -> String {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    let scheme = header("x-forwarded-proto")
        .or(request.uri().scheme_str())
        .unwrap_or("http");
    let host = header("host").map(ToOwned::to_owned);
    let host = host.or_else(|| request.uri().authority().map(ToString::to_string));
    format!(
        "{scheme}://{}",
        host.unwrap_or_else(|| "127.0.0.1".to_owned())
    )
}
