//! A hand-written caller of the gateway: strings in, strings out, no client code.

use bytes::Bytes;
use http::{Request, Response};
use tieout_twins::Twin;
use tieout_twins::intacct::{IntacctOptions, IntacctTwin};

use crate::books::golden;

/// A time before everything in the golden company, so that the twin's clock starts behind its newest entry.
pub(crate) const NOW: i64 = 1_790_000_000_000;

pub(crate) struct Desk {
    pub(crate) twin: IntacctTwin,
    pub(crate) now: i64,
    pub(crate) session: String,
    count: u32,
}

pub(crate) fn desk() -> Desk {
    desk_with(IntacctOptions::default())
}

pub(crate) fn desk_with(options: IntacctOptions) -> Desk {
    let twin = IntacctTwin::open(&golden(), options).unwrap();
    Desk {
        twin,
        now: NOW,
        session: String::new(),
        count: 0,
    }
}

pub(crate) fn post(body: &str) -> Request<Bytes> {
    Request::post("/ia/xml/xmlgw.phtml")
        .header("host", "local.intacct.com:8080")
        .header("content-type", "application/xml")
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

pub(crate) fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

/// The text of the first `<name …>…</name>`.
pub(crate) fn inner<'a>(xml: &'a str, name: &str) -> &'a str {
    let open = xml
        .find(&format!("<{name}>"))
        .unwrap_or_else(|| panic!("no {name} in {xml}"));
    let rest = &xml[open + name.len() + 2..];
    &rest[..rest.find(&format!("</{name}>")).unwrap()]
}

pub(crate) fn all<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name}>");
    xml.split(open.as_str())
        .skip(1)
        .map(|p| &p[..p.find(&format!("</{name}>")).unwrap()])
        .collect()
}

impl Desk {
    pub(crate) fn login_block(&self) -> String {
        let login = self.twin.login();
        format!(
            "<login><userid>{}</userid><companyid>{}</companyid><password>{}</password></login>",
            login.user_id, login.company_id, login.user_password
        )
    }

    pub(crate) fn request(&self, unique: bool, transaction: bool, functions: &str) -> String {
        let login = self.twin.login();
        let auth = if self.session.is_empty() {
            self.login_block()
        } else {
            format!("<sessionid>{}</sessionid>", self.session)
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><request><control><senderid>{}</senderid><password>{}</password>\
             <controlid>req-1</controlid><uniqueid>{unique}</uniqueid><dtdversion>3.0</dtdversion>\
             <includewhitespace>false</includewhitespace></control><operation transaction=\"{transaction}\">\
             <authentication>{auth}</authentication><content>{functions}</content></operation></request>",
            login.sender_id, login.sender_password
        )
    }

    pub(crate) fn send(&mut self, body: &str) -> String {
        text(&self.twin.answer(self.now, post(body)))
    }

    /// One function with a fresh control id.
    pub(crate) fn call(&mut self, function: &str) -> String {
        self.count += 1;
        let functions = format!(
            "<function controlid=\"fn-{}\">{function}</function>",
            self.count
        );
        let body = self.request(false, false, &functions);
        self.send(&body)
    }

    pub(crate) fn ok(&mut self, function: &str) -> String {
        let answer = self.call(function);
        assert!(
            answer.contains("<result><status>success</status>"),
            "{answer}"
        );
        answer
    }

    pub(crate) fn fails(&mut self, function: &str, errorno: &str, words: &str) -> String {
        let answer = self.call(function);
        assert!(
            answer.contains("<result><status>failure</status>"),
            "{answer}"
        );
        let first = inner(&answer, "error");
        assert_eq!(inner(first, "errorno"), errorno, "{answer}");
        assert!(inner(first, "description2").contains(words), "{answer}");
        answer
    }

    /// The whole request is refused for its shape.
    pub(crate) fn breaks_schema(&mut self, function: &str, words: &str) {
        let answer = self.call(function);
        assert!(
            answer.contains("<control><status>failure</status>"),
            "{answer}"
        );
        assert_eq!(inner(&answer, "errorno"), "XL03000003");
        assert!(inner(&answer, "description2").contains(words), "{answer}");
        assert!(!answer.contains("<operation>"), "{answer}");
    }

    pub(crate) fn sign_in(&mut self) {
        let answer = self.ok("<getAPISession/>");
        self.session = inner(&answer, "sessionid").to_owned();
    }
}

pub(crate) fn query(object: &str, fields: &[&str], rest: &str) -> String {
    let fields: String = fields
        .iter()
        .map(|f| format!("<field>{f}</field>"))
        .collect();
    format!(
        "<query><object>{object}</object><select>{fields}</select>{rest}<options><showprivate>true</showprivate></options></query>"
    )
}

pub(crate) fn bill(number: &str, date: &str, amounts: &[&str]) -> String {
    let items: String = amounts
        .iter()
        .map(|a| {
            format!(
                "<APBILLITEM><ACCOUNTNO>6200</ACCOUNTNO><TRX_AMOUNT>{a}</TRX_AMOUNT><LOCATIONID>E200</LOCATIONID>\
                 <DEPARTMENTID>D300</DEPARTMENTID></APBILLITEM>"
            )
        })
        .collect();
    format!(
        "<create><APBILL><WHENCREATED>{date}</WHENCREATED><VENDORID>VE-01</VENDORID><RECORDID>{number}</RECORDID>\
         <WHENDUE>02/28/2027</WHENDUE><DESCRIPTION>O'Neill &amp; Co</DESCRIPTION><APBILLITEMS>{items}</APBILLITEMS></APBILL></create>"
    )
}
