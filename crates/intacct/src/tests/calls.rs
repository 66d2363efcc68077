use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tieout_connector::{
    BalanceKey, Books, BooksScope, SnapshotAt, Source, Transport, TransportFailure, Waiter,
};
use tieout_connector::{Captured, Scope, Secret};
use tieout_model::{
    Ambient, Clock, Code, DocumentKind, Entropy, FaultClass, Period, Placement, SystemId, Timestamp,
};

use super::fixture;
use crate::{CREDENTIAL_HEADER, Intacct, IntacctConfig, OPERATION_HEADER, UserZone};

/// Plays answers in order and keeps what it was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<Vec<(String, String)>>,
    waits: Mutex<Vec<u64>>,
    now_ms: Mutex<i64>,
}

#[async_trait]
impl Transport for Script {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportFailure> {
        let operation = request.headers()[OPERATION_HEADER].to_str().unwrap();
        assert_eq!(request.headers()[CREDENTIAL_HEADER], "main");
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let uri = request.uri().to_string();
        self.asked
            .lock()
            .unwrap()
            .push((format!("{operation} @ {uri}"), body.clone()));
        let next = self.answers.lock().unwrap().pop_front();
        let (status, text) = next.unwrap_or_else(|| panic!("unexpected {operation}: {body}"));
        if status == 0 {
            return Err(TransportFailure::NoAnswer(text));
        }
        let id = body.split("controlid=\"").nth(1).unwrap();
        let id = id.split('"').next().unwrap();
        let text = text
            .replace(
                "<controlid>r</controlid>",
                &format!("<controlid>{id}</controlid>"),
            )
            .replace(
                "<controlid>s1</controlid>",
                &format!("<controlid>{id}</controlid>"),
            );
        let response = http::Response::builder().status(status);
        Ok(response.body(Bytes::from(text)).unwrap())
    }
}

#[async_trait]
impl Waiter for Script {
    async fn wait(&self, ms: u64) {
        self.waits.lock().unwrap().push(ms);
    }
}

impl Clock for Script {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(*self.now_ms.lock().unwrap())
    }
}

struct Seven;

impl Entropy for Seven {
    fn draw(&self) -> u64 {
        7
    }
}

fn empty(object: &str) -> (u16, String) {
    let body = format!(
        "<response><control><status>success</status></control><operation><authentication><status>success</status></authentication><result><status>success</status><controlid>r</controlid><data listtype=\"{object}\" totalcount=\"0\" offset=\"0\" count=\"0\" numremaining=\"0\"></data></result></operation></response>"
    );
    (200, body)
}

fn good(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

fn company(answers: Vec<(u16, String)>) -> (Intacct, Arc<Script>) {
    let script = Arc::new(Script::default());
    *script.now_ms.lock().unwrap() = 1_000_000;
    *script.answers.lock().unwrap() = answers.into();
    let endpoint = "https://api.intacct.com/ia/xml/xmlgw.phtml";
    let mut config = IntacctConfig::new(SystemId::new("intacct"), endpoint, "ACME");
    config.credential_name = "main".to_owned();
    config.sender_password = Secret::new("sender-secret");
    config.user_password = Secret::new("user-secret");
    config.zone = UserZone::Fixed { offset_minutes: 0 };
    config.discovers_fields = false;
    config.capture.reads_deletions = false;
    config.capture.reads_unstamped = false;
    let ambient = Ambient {
        clock: script.clone(),
        entropy: Arc::new(Seven),
    };
    let intacct = Intacct::new(config, script.clone(), ambient, script.clone());
    (intacct, script)
}

fn bills() -> Scope {
    Scope {
        kind: DocumentKind::SupplierInvoice,
        entities: BTreeSet::new(),
        postings_excluded: BTreeSet::new(),
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(future)
}

fn login() -> (u16, String) {
    good(fixture!("session/login.response.xml"))
}

fn bill_answers() -> Vec<(u16, String)> {
    vec![
        good(fixture!("bill/page.response.xml")),
        good(fixture!("tenant/entities.response.xml")),
        good(fixture!("bill/items.response.xml")),
    ]
}

#[test]
fn two_bills_take_one_login_and_three_calls_at_the_sessions_endpoint() {
    let mut answers = vec![login()];
    answers.extend(bill_answers());
    let (intacct, script) = company(answers);
    let page = run(intacct.changes(&bills(), None, 100)).unwrap();
    assert_eq!(page.captured.len(), 2);
    assert!(!page.has_more);
    let asked = script.asked.lock().unwrap();
    let operations: Vec<&str> = asked.iter().map(|(what, _)| what.as_str()).collect();
    let there = "https://api-p042.intacct.com/ia/xml/xmlgw.phtml";
    assert_eq!(
        operations,
        [
            "getAPISession @ https://api.intacct.com/ia/xml/xmlgw.phtml".to_owned(),
            format!("query APBILL @ {there}"),
            format!("query LOCATIONENTITY @ {there}"),
            format!("query APBILLITEM @ {there}"),
        ]
    );
    assert!(asked[1].1.contains("<sessionid>fAkEsEsSiOn..</sessionid>"));
    assert!(!asked[1].1.contains("user-secret"));
    assert!(
        asked[3]
            .1
            .contains("<in><field>RECORDKEY</field><value>4711</value><value>4712</value></in>")
    );
}

#[test]
fn a_refused_session_is_renewed_once_and_never_in_a_loop() {
    let refused = || good(fixture!("failure/authentication.response.xml"));
    let mut answers = vec![login(), refused(), login()];
    answers.extend(bill_answers());
    let (intacct, _) = company(answers);
    assert_eq!(
        run(intacct.changes(&bills(), None, 100))
            .unwrap()
            .captured
            .len(),
        2
    );

    let (intacct, script) = company(vec![login(), refused(), login(), refused()]);
    let fault = run(intacct.changes(&bills(), None, 100)).unwrap_err();
    assert_eq!(fault.class, FaultClass::Unauthorised);
    assert_eq!(script.asked.lock().unwrap().len(), 4);
}

#[test]
fn a_refused_login_is_not_tried_again_before_its_pause_is_over() {
    let refused = || (401, fixture!("failure/signin.response.xml").to_owned());
    let (intacct, script) = company(vec![refused(), refused()]);
    for _ in 0..3 {
        let fault = run(intacct.changes(&bills(), None, 100)).unwrap_err();
        assert_eq!(fault.class, FaultClass::Unauthorised);
    }
    assert_eq!(script.asked.lock().unwrap().len(), 1);
    *script.now_ms.lock().unwrap() += 900_000;
    assert!(run(intacct.changes(&bills(), None, 100)).is_err());
    assert_eq!(script.asked.lock().unwrap().len(), 2);
}

#[test]
fn a_session_is_renewed_before_it_ends() {
    let mut answers = vec![login(), empty("APBILL"), empty("LOCATIONENTITY")];
    answers.extend([login(), empty("APBILL")]);
    let (intacct, script) = company(answers);
    run(intacct.changes(&bills(), None, 100)).unwrap();
    // The fixture's session lasts eight hours and is renewed three minutes early.
    *script.now_ms.lock().unwrap() += 8 * 3_600_000 - 180_000;
    run(intacct.changes(&bills(), None, 100)).unwrap();
    let asked = script.asked.lock().unwrap();
    let logins = asked
        .iter()
        .filter(|(what, _)| what.starts_with("getAPISession"));
    assert_eq!(logins.count(), 2);
}

#[test]
fn reads_are_repeated_within_bounds_and_wait_longer_each_time() {
    let mut answers = vec![login()];
    answers.push((429, fixture!("failure/rate.response.xml").to_owned()));
    answers.push((502, "<html>".to_owned()));
    answers.push((0, "reset".to_owned()));
    answers.extend(bill_answers());
    let (intacct, script) = company(answers);
    assert_eq!(
        run(intacct.changes(&bills(), None, 100))
            .unwrap()
            .captured
            .len(),
        2
    );
    assert_eq!(*script.waits.lock().unwrap(), [7, 7, 7]);

    let mut answers = vec![login()];
    answers.extend((0..6).map(|_| (503, String::new())));
    let (intacct, script) = company(answers);
    let fault = run(intacct.changes(&bills(), None, 100)).unwrap_err();
    assert_eq!(fault.class, FaultClass::Unavailable);
    assert_eq!(script.waits.lock().unwrap().len(), 5);
}

#[test]
fn a_page_that_holds_fewer_rows_than_it_says_is_refused() {
    let short = fixture!("bill/page.response.xml")
        .replace("count=\"2\" numremaining", "count=\"3\" numremaining");
    let (intacct, _) = company(vec![login(), good(&short), good(&short)]);
    let fault = run(intacct.changes(&bills(), None, 100)).unwrap_err();
    assert_eq!(fault.class, FaultClass::Incompatible);
}

#[test]
fn items_that_do_not_add_up_are_read_once_more_and_then_refused() {
    let short = fixture!("bill/items.response.xml").replace("totalcount=\"3\"", "totalcount=\"4\"");
    let mut answers = vec![login()];
    answers.extend(bill_answers());
    answers[3] = good(&short);
    answers.push(good(fixture!("bill/items.response.xml")));
    let (intacct, _) = company(answers);
    assert_eq!(
        run(intacct.changes(&bills(), None, 100))
            .unwrap()
            .captured
            .len(),
        2
    );
}

#[test]
fn a_session_on_a_foreign_host_is_refused() {
    let foreign =
        fixture!("session/login.response.xml").replace("api-p042.intacct.com", "evil.example");
    let (intacct, _) = company(vec![good(&foreign)]);
    let fault = run(intacct.changes(&bills(), None, 100)).unwrap_err();
    assert_eq!(fault.class, FaultClass::Incompatible);
    assert!(fault.detail.contains("evil.example"));
}

#[test]
fn an_unknown_entity_makes_the_entities_be_read_again() {
    let old = fixture!("tenant/entities.response.xml").replace("E400", "E401");
    let mut answers = vec![
        login(),
        good(fixture!("bill/page.response.xml")),
        good(&old),
    ];
    answers.extend(bill_answers().drain(1..));
    let (intacct, _) = company(answers);
    let page = run(intacct.changes(&bills(), None, 100)).unwrap();
    let documents = page.captured.iter();
    assert!(
        documents
            .into_iter()
            .all(|one| matches!(one, Captured::Document(_)))
    );
}

#[test]
fn faults_hold_no_secret() {
    let echo = fixture!("failure/permission.response.xml").to_owned();
    let (intacct, _) = company(vec![login(), good(&echo)]);
    let fault = run(intacct.changes(&bills(), None, 100)).unwrap_err();
    let shown = format!("{fault:?} {fault}");
    for secret in ["sender-secret", "user-secret", "fAkEsEsSiOn"] {
        assert!(!shown.contains(secret));
    }
}

fn snapshot(is_adjusting: bool) -> (BooksScope, SnapshotAt) {
    let period = Period {
        name: "P12-2026".to_owned(),
        name_there: "Dec-26".to_owned(),
        fiscal_year: 2026,
        number: 12,
        start: jiff::civil::date(2026, 12, 1),
        end: jiff::civil::date(2026, 12, 31),
        is_adjusting,
    };
    let placement = Placement {
        ledger: String::new(),
        legal_entity: String::new(),
        business_unit: String::new(),
        balancing_segment: Code::new("100"),
        currency: "USD".parse().unwrap(),
        period: String::new(),
    };
    let scope = BooksScope {
        entity: tieout_model::EntityId::new("E100"),
        placement,
    };
    (scope, SnapshotAt { period })
}

#[test]
fn adjustments_belong_to_the_adjusting_snapshot_alone() {
    for (is_adjusting, expected) in [
        (false, ["100.00", "40.25", "140.25"]),
        (true, ["140.25", "-0.25", "140.00"]),
    ] {
        let (intacct, script) = company(vec![
            login(),
            good(fixture!("tenant/entities.response.xml")),
            good(fixture!("balance/trial.response.xml")),
        ]);
        let (scope, at) = snapshot(is_adjusting);
        let balances = run(intacct.balances(&scope, &at)).unwrap();
        assert_eq!(balances.len(), 2);
        let cash = &balances[0];
        assert_eq!(cash.key, BalanceKey::Account(Code::new("1010")));
        let found = [cash.opening, cash.movement, cash.ending].map(|a| a.to_string());
        assert_eq!(found, expected);
        let asked = script.asked.lock().unwrap();
        let period = match is_adjusting {
            true => "<reportingperiodname>P12-2026</reportingperiodname>",
            false => {
                "<startdate><year>2026</year><month>12</month><day>01</day></startdate><enddate><year>2026</year><month>12</month><day>31</day></enddate>"
            }
        };
        assert!(asked[2].1.contains(period));
        assert!(asked[2].1.contains("<locationid>E100</locationid>"));
    }
}

#[test]
fn a_balance_that_contradicts_itself_is_refused() {
    let wrong =
        fixture!("balance/trial.response.xml").replace("<endbalance>140<", "<endbalance>141<");
    let (intacct, _) = company(vec![
        login(),
        good(fixture!("tenant/entities.response.xml")),
        good(&wrong),
    ]);
    let (scope, at) = snapshot(false);
    let fault = run(intacct.balances(&scope, &at)).unwrap_err();
    assert_eq!(fault.class, FaultClass::Incompatible);
    assert!(fault.detail.contains("1010"));
}

#[test]
fn rows_that_are_announced_without_end_are_asked_for_once() {
    let endless = |(status, body): (u16, String)| {
        let many = "totalcount=\"999999999999999999\"";
        (status, body.replace("totalcount=\"0\"", many))
    };
    let pages = (0..4).map(|_| endless(empty("APBILL")));
    let (intacct, script) = company([login()].into_iter().chain(pages).collect());
    let fault = run(intacct.rows("APBILL", &["RECORDNO"], &mut |_| {})).unwrap_err();
    assert_eq!(fault.class, FaultClass::Unavailable);
    assert_eq!(script.asked.lock().unwrap().len(), 2);
}
