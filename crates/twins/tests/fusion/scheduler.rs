//! The scheduler's list of requests: its filter in SCIM form, what a request shows while it runs and afterwards, and refusals.

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tieout_twins::Twin as _;
use tieout_twins::fusion::FusionOptions;

use crate::desk::{Desk, Gl, Reply, file};

const REQUESTS: &str = "/ess/rest/scheduler/v1/requests";
const USER: &str = "integration.tieout";

/// No ids.
const NONE: [i64; 0] = [];

/// A tenant whose requests run for ten seconds.
fn slow() -> Desk {
    Desk::with(FusionOptions {
        job_ms: 10_000,
        ..FusionOptions::default()
    })
}

fn import(desk: &mut Desk) -> i64 {
    let row = |combination: &str| Gl::new("WMB_US_USD", "2027/01/31", combination, "77");
    let rows = [
        row("200-1100-60300-0000-000").debit("1.00"),
        row("200-0000-20000-0000-000").credit("1.00"),
    ];
    desk.import(&file(&rows), "WMB_US_USD", "77")
        .parse()
        .unwrap()
}

/// Encodes a whole query value.
fn value(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn query(desk: &mut Desk, q: &str) -> Reply {
    desk.get(&format!("{REQUESTS}?q={}&limit=500", value(q)))
}

/// The ids that fit a filter.
fn ids(desk: &mut Desk, q: &str) -> Vec<i64> {
    let items = query(desk, q).items();
    items
        .iter()
        .map(|item| item["requestId"].as_i64().unwrap())
        .collect()
}

fn assert_refused(reply: &Reply, words: &str) {
    let body = reply.json();
    assert_eq!(
        (reply.status, &body["status"]),
        (400, &json!(400)),
        "{words}"
    );
    assert_eq!(body["title"], "Bad Request");
    assert!(body["type"].as_str().unwrap().starts_with("http"));
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{detail}");
    assert_eq!(reply.media, "application/json");
}

#[test]
fn an_import_is_listed_for_its_submitter_until_it_has_ended() {
    let mut desk = slow();
    let mine = format!(r#"submitter eq "{USER}" and (state eq "WAIT" or state eq "RUNNING")"#);
    assert_eq!(ids(&mut desk, &mine), NONE);
    let load = import(&mut desk);
    assert_eq!(ids(&mut desk, &mine), [load, load + 1]);
    desk.now += 9_999;
    assert_eq!(ids(&mut desk, &mine), [load, load + 1]);
    desk.now += 1;
    assert_eq!(
        ids(&mut desk, &mine),
        [load + 2, load + 3],
        "the import follows"
    );
    desk.now += 10_000;
    assert_eq!(ids(&mut desk, &mine), NONE);
    let all = format!(r#"submitter eq "{USER}""#);
    assert_eq!(ids(&mut desk, &all).len(), 4);
}

#[test]
fn the_import_inherits_the_submitter_even_as_a_request_of_its_own() {
    let mut desk = Desk::with(FusionOptions {
        separate_import_request: true,
        ..FusionOptions::default()
    });
    let load = import(&mut desk);
    assert_eq!(
        ids(&mut desk, &format!("absParentRequestId eq {load}")).len(),
        2
    );
    assert_eq!(
        ids(&mut desk, &format!(r#"submitter eq "{USER}""#)).len(),
        4
    );
}

#[test]
fn what_another_user_started_is_not_listed_for_this_one() {
    let mut desk = slow();
    desk.get(REQUESTS);
    desk.twin.import_everything();
    let running = r#"(state eq "WAIT" or state eq "RUNNING")"#;
    let of = |user: &str| format!(r#"submitter eq "{user}" and {running}"#);
    assert_eq!(ids(&mut desk, running).len(), 2);
    assert_eq!(ids(&mut desk, &of(USER)), NONE);
    assert_eq!(ids(&mut desk, &of("general.accountant")).len(), 2);
    let wanted = format!(r#"not (submitter eq "{USER}") and {running}"#);
    assert_eq!(ids(&mut desk, &wanted).len(), 2);
}

#[test]
fn a_request_shows_its_times_as_they_stand() {
    let mut desk = slow();
    let load = import(&mut desk);
    desk.now += 4_000;
    let path = format!("{REQUESTS}/{load}");
    let running = desk.get(&path).json();
    let started = "2027-02-02T00:00:00.000Z";
    let package = "oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader";
    let wanted = json!({
        "requestId": load, "parentRequestId": 0, "absParentRequestId": load, "application": "FscmEss", "priority": 4,
        "jobDefinitionId": format!("JobDefinition://{package}/InterfaceLoaderController"),
        "jobDisplayName": "Load Interface File for Import", "description": "Load Interface File for Import",
        "state": "RUNNING", "stateDescription": "Running", "submitter": USER,
        "submissionTime": started, "scheduledTime": started, "processStartTime": started,
    });
    assert_eq!(running, wanted);
    assert_eq!(ids(&mut desk, "completedTime pr"), NONE);
    desk.now += 6_000;
    let ended = desk.get(&path).json();
    assert_eq!(ended["state"], "SUCCEEDED");
    assert_eq!(ended["completedTime"], "2027-02-02T00:00:10.000Z");
    assert_eq!(ended["processEndTime"], ended["completedTime"]);
    assert_eq!(ended["elapsedTime"], 10_000);
    assert_eq!(ids(&mut desk, "completedTime pr"), [load, load + 1]);
    let full = desk.get(&format!("{path}?fields=@full")).json();
    assert_eq!(full["requestParameters"][0]["value"], "15");
    let gone = desk.get(&format!("{REQUESTS}/5"));
    assert_eq!(
        (gone.status, &gone.json()["title"]),
        (404, &json!("Not Found"))
    );
}

#[test]
fn every_operator_of_the_form() {
    let mut desk = slow();
    let load = import(&mut desk);
    desk.now += 10_000;
    let (a, b, c, d) = (load, load + 1, load + 2, load + 3);
    let loader = "interfaceLoader/InterfaceLoaderController";
    for (q, wanted) in [
        (format!("requestId eq {b}"), vec![b]),
        (format!("requestId ne {b}"), vec![a, c, d]),
        (format!("requestId gt {b}"), vec![c, d]),
        (format!("requestId ge {b}"), vec![b, c, d]),
        (format!("requestId lt {b}"), vec![a]),
        (format!("requestId le {b}"), vec![a, b]),
        ("completedTime pr".into(), vec![a, b]),
        ("product pr".into(), vec![]),
        (r#"jobDefinitionId co "JournalImport""#.into(), vec![c, d]),
        (r#"description sw "Load ""#.into(), vec![a, b]),
        (format!(r#"jobDefinitionId ew "{loader}""#), vec![a]),
        (format!("absParentRequestId eq {a}"), vec![a, b, c, d]),
        (format!("parentRequestId eq {c}"), vec![d]),
        (r#"state ne "RUNNING""#.into(), vec![a, b]),
        (
            r#"submissionTime gt "2027-02-02T00:00Z""#.into(),
            vec![c, d],
        ),
        (
            r#"processEndTime le "2027-02-02T01:00:10+01:00""#.into(),
            vec![a, b],
        ),
        (r#"description gt "Load""#.into(), vec![a, b]),
        ("elapsedTime ge 10000".into(), vec![a, b]),
        ("completedTime eq null".into(), vec![c, d]),
        (
            format!(r#"NOT (requestId lt {b}) AND (state EQ "RUNNING" Or requestId eq {b})"#),
            vec![b, c, d],
        ),
        (r#"description eq "Load \"x\"""#.into(), vec![]),
    ] {
        assert_eq!(ids(&mut desk, &q), wanted, "{q}");
    }
}

#[test]
fn what_the_form_or_the_list_of_fields_does_not_have_is_refused() {
    let mut desk = Desk::new();
    import(&mut desk);
    for (q, words) in [
        (r#"name eq "Import Journals""#, "name can't be queried"),
        ("executionState eq 12", "executionState can't be queried"),
        ("RequestId eq 1", "RequestId can't be queried"),
        ("requestId = 1", "= is no operator"),
        (r#"state in "RUNNING""#, "in is no operator"),
        ("state eq RUNNING", "RUNNING is no value"),
        ("state eq 'RUNNING'", "is no value"),
        (r#"state eq "Running""#, "is no value"),
        (r#"state gt "READY""#, "doesn't suit"),
        (r#"requestId co "1""#, "doesn't suit"),
        (r#"requestId eq "1""#, "is no value"),
        ("submitter eq 1", "is no value"),
        (r#"submissionTime gt "yesterday""#, "no date and time"),
        ("requestId eq", "a value is missing"),
        ("requestId", "an operator is missing"),
        ("requestId eq 1 and", "a field is missing"),
        ("requestId eq 1 requestId eq 2", "unexpected requestId"),
        ("requestId eq 1; requestId eq 2", "is no value"),
        ("(requestId eq 1", "isn't closed"),
        ("requestId eq 1)", "unexpected a closing parenthesis"),
        ("not requestId eq 1", "a parenthesis is missing"),
        (
            r#"state eq "RUNNING"and requestId pr"#,
            "a blank is missing",
        ),
        (r#"state eq "RUNNING"#, "isn't closed"),
        (r#"requestParameters[name eq "a"]"#, "isn't valid"),
        ("", "a field is missing"),
    ] {
        assert_refused(&query(&mut desk, q), words);
    }
    for (rest, words) in [
        ("fields=requestId,nothing", "nothing"),
        ("excludeFields=nothing", "nothing"),
        ("orderBy=requestParameters", "can't be ordered"),
        ("orderBy=requestId:down", "asc or desc"),
        ("id=1,x", "no number"),
        ("id=1&q=requestId%20pr", "neither"),
        ("limit=0", "limit"),
    ] {
        assert_refused(&desk.get(&format!("{REQUESTS}?{rest}")), words);
    }
    let post = desk.post(REQUESTS, &json!({}));
    assert_eq!((post.status, &post.json()["status"]), (405, &json!(405)));
}

#[test]
fn fields_order_and_selection_by_id() {
    let mut desk = Desk::new();
    let load = import(&mut desk);
    let list = |desk: &mut Desk, rest: &str| desk.get(&format!("{REQUESTS}?{rest}")).items();
    let some = list(
        &mut desk,
        "fields=requestId,product,name&orderBy=requestId:desc,state",
    );
    let order: Vec<i64> = some
        .iter()
        .map(|i| i["requestId"].as_i64().unwrap())
        .collect();
    assert_eq!(order, [load + 3, load + 2, load + 1, load]);
    assert_eq!(some[0].as_object().unwrap().len(), 2);
    let names = list(&mut desk, "orderBy=name:asc&fields=\"requestId\"");
    assert_eq!(names[0], json!({"requestId": load}));
    let fewer = list(&mut desk, "excludeFields=\"jobDefinitionId\"");
    assert!(fewer[0]["jobDefinitionId"].is_null() && fewer[0]["state"].is_string());
    let both = format!("{REQUESTS}?id={},5&fields=requestId,state", load + 1);
    let body = desk.get(&both).json();
    assert_eq!(
        (&body["items"], &body["count"]),
        (&Value::Null, &Value::Null)
    );
    let wanted = json!({"id": load + 1, "status": 200, "body": {"requestId": load + 1, "state": "SUCCEEDED"}});
    assert_eq!(body["batch"][0], wanted);
    assert_eq!(body["batch"][1]["status"], 404);
}

#[test]
fn the_list_wants_a_log_in() {
    let mut desk = Desk::new();
    let wrong = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:wrong"));
    for header in [None, Some(format!("Basic {wrong}"))] {
        let mut request = http::Request::builder().uri(REQUESTS);
        if let Some(header) = header {
            request = request.header("Authorization", header);
        }
        let answer = desk
            .twin
            .answer(desk.now, request.body(Bytes::new()).unwrap());
        assert_eq!(answer.status().as_u16(), 401);
    }
}
