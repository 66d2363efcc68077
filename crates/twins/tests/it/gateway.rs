//! Envelope, signing in, sessions, idempotency, transactions, hostile input.

use http::{Request, StatusCode};
use tieout_twins::Twin;
use tieout_twins::intacct::IntacctOptions;

use crate::desk::{Desk, bill, desk, desk_with, inner, post, query, text};

#[test]
fn only_post_to_the_gateway_path_is_answered() {
    let mut desk = desk();
    let get = Request::get("/ia/xml/xmlgw.phtml")
        .body(bytes::Bytes::new())
        .unwrap();
    assert_eq!(
        desk.twin.answer(desk.now, get).status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    let elsewhere = Request::post("/ia/api/v1")
        .body(bytes::Bytes::new())
        .unwrap();
    assert_eq!(
        desk.twin.answer(desk.now, elsewhere).status(),
        StatusCode::NOT_FOUND
    );
    let empty = desk.twin.answer(desk.now, post(""));
    assert_eq!(empty.status(), StatusCode::BAD_REQUEST);
    assert!(text(&empty).contains("<errorno>GW-0011</errorno>"));
}

#[test]
fn the_three_levels_fail_apart() {
    let mut desk = desk();
    let good = desk.request(
        false,
        false,
        "<function controlid=\"f\"><getDimensions/></function>",
    );
    let secret = desk.twin.login().sender_password;
    let control = desk.send(&good.replace(&secret, "wrong"));
    assert!(
        control.contains("<control><status>failure</status>"),
        "{control}"
    );
    assert_eq!(inner(&control, "errorno"), "XL03000006");
    assert!(!control.contains("<operation>"));
    let user = desk.twin.login().user_password;
    let signin = desk.send(&good.replace(&user, "wrong"));
    assert!(
        signin.contains("<control><status>success</status>"),
        "{signin}"
    );
    assert!(signin.contains("<operation><authentication><status>failure</status>"));
    assert!(signin.contains("Sign-in information is incorrect"));
    assert!(!signin.contains("<result>") && !signin.contains("sessiontimeout"));
    let function =
        desk.call("<query><object>NOSUCH</object><select><field>RECORDNO</field></select></query>");
    assert!(function.contains(
        "<result><status>failure</status><function>query</function><controlid>fn-1</controlid>"
    ));
    assert_eq!(inner(&function, "errorno"), "Query Failed");
    assert!(
        inner(&function, "description2")
            .contains("Object definition NOSUCH not found [Support ID: ")
    );
}

#[test]
fn success_has_the_documented_shape() {
    let mut desk = desk();
    let body = desk.request(
        false,
        false,
        "<function controlid=\"f-9\"><getDimensions/></function>",
    );
    let response = desk.twin.answer(desk.now, post(&body));
    assert_eq!(
        response.headers()["content-type"],
        "text/xml; encoding=\"UTF-8\""
    );
    let answer = text(&response);
    let wanted = "<response><control><status>success</status><senderid>tieout_ws</senderid><controlid>req-1</controlid>\
                  <uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control><operation><authentication>\
                  <status>success</status><userid>ws_tieout</userid><companyid>GOLDEN</companyid><locationid></locationid>\
                  <sessiontimestamp>2027-01-31T09:00:01+00:00</sessiontimestamp>\
                  <sessiontimeout>2027-01-31T17:00:01+00:00</sessiontimeout></authentication>\
                  <result><status>success</status><function>getDimensions</function><controlid>f-9</controlid>";
    assert!(answer.contains(wanted), "{answer}");
    assert!(answer.contains("<objectName>REGION</objectName>"));
}

#[test]
fn sessions_slide_expire_and_carry_an_entity() {
    let mut desk = desk();
    let answer = desk.ok("<getAPISession/>");
    assert_eq!(
        inner(&answer, "endpoint"),
        "http://local.intacct.com:8080/ia/xml/xmlgw.phtml"
    );
    assert!(answer.contains("<locationid></locationid></api>"));
    desk.session = inner(&answer, "sessionid").to_owned();
    for _ in 0..3 {
        desk.now += 479 * 60_000;
        desk.ok("<getDimensions/>");
    }
    desk.now += 481 * 60_000;
    let expired = desk.call("<getDimensions/>");
    assert!(
        expired.contains("<authentication><status>failure</status>"),
        "{expired}"
    );
    desk.session.clear();
    let answer = desk.ok("<getAPISession><locationid>E300</locationid></getAPISession>");
    desk.session = inner(&answer, "sessionid").to_owned();
    let answer = desk.ok(&query("APBILL", &["RECORDID", "MEGAENTITYID"], ""));
    assert_eq!(
        answer.matches("<MEGAENTITYID>E300</MEGAENTITYID>").count(),
        2,
        "{answer}"
    );
    assert!(!answer.contains("E200"));
    desk.fails(
        "<getAPISession><locationid>NOPE</locationid></getAPISession>",
        "BL01001973",
        "Invalid Location",
    );
    let top = desk.ok("<getAPISession><locationid></locationid></getAPISession>");
    desk.session = inner(&top, "sessionid").to_owned();
    assert!(
        desk.ok("<getDimensions/>")
            .contains("<locationid></locationid><sessiontimestamp>")
    );
}

#[test]
fn piped_company_ids_and_unknown_sessions() {
    let mut desk = desk();
    let body = desk.request(
        false,
        false,
        "<function controlid=\"f\"><getDimensions/></function>",
    );
    let piped = desk.send(&body.replace(">GOLDEN<", ">GOLDEN|E200<"));
    assert!(
        piped.contains("<locationid>E200</locationid><sessiontimestamp>"),
        "{piped}"
    );
    let empty = desk.send(&body.replace(
        "</password></login>",
        "</password><locationid></locationid></login>",
    ));
    assert!(
        empty.contains("<result><status>success</status>"),
        "{empty}"
    );
    desk.session = "None".to_owned();
    assert!(
        desk.call("<getDimensions/>")
            .contains("<authentication><status>failure</status>")
    );
}

#[test]
fn requests_against_the_schema_fail_at_control_level() {
    let mut desk = desk();
    let two = "<function controlid=\"a\"><getAPISession/></function><function controlid=\"b\"><getDimensions/></function>";
    for functions in [
        two,
        "",
        "<function controlid=\"a\"><noSuchVerb/></function>",
        "<function><getDimensions/></function>",
        "<function controlid=\"a\"/>",
        "<function controlid=\"a\"><create_bill><datecreated/><vendorid>V</vendorid></create_bill></function>",
    ] {
        let body = desk.request(false, false, functions);
        let answer = desk.send(&body);
        assert_eq!(
            inner(&answer, "errorno"),
            "XL03000003",
            "{functions}: {answer}"
        );
        assert!(answer.contains("<control><status>failure</status>"));
    }
    let good = desk.request(
        false,
        false,
        "<function controlid=\"a\"><getDimensions/></function>",
    );
    let entity = format!(
        "<!DOCTYPE r [<!ENTITY a \"b\">]>{}",
        &good[good.find("<request").unwrap()..]
    );
    for body in [
        entity.as_str(),
        "<request>",
        "{}",
        &"<a>".repeat(100),
        &good.replace(">3.0<", ">4.0<"),
    ] {
        assert_eq!(inner(&desk.send(body), "errorno"), "XL03000003", "{body}");
    }
    let policy = good.replace(
        "<includewhitespace>",
        "<policyid>p</policyid><includewhitespace>",
    );
    assert!(
        desk.send(&policy)
            .contains("p is not a valid transport policy")
    );
}

fn bills(desk: &mut Desk, number: &str) -> usize {
    let filter = format!(
        "<filter><equalto><field>RECORDID</field><value>{number}</value></equalto></filter>"
    );
    let answer = desk.ok(&query("APBILL", &["RECORDNO"], &filter));
    answer.matches("<APBILL>").count()
}

#[test]
fn a_completed_function_is_not_carried_out_twice() {
    let mut desk = desk();
    let function = format!(
        "<function controlid=\"once\">{}</function>",
        bill("U-1", "01/25/2027", &["10.00"])
    );
    let body = desk.request(true, false, &function);
    assert!(
        desk.send(&body)
            .contains("<result><status>success</status>")
    );
    let again = desk.send(&body);
    assert!(
        again.contains("<result><status>failure</status>"),
        "{again}"
    );
    assert!(again.contains("already been processed"));
    assert_eq!(bills(&mut desk, "U-1"), 1);
    let broken = format!(
        "<function controlid=\"twice\">{}</function>",
        bill("U-2", "01/25/2027", &["1e3"])
    );
    let body = desk.request(true, false, &broken);
    assert!(
        desk.send(&body)
            .contains("<result><status>failure</status>")
    );
    let fixed = body.replace("1e3", "1000");
    assert!(
        desk.send(&fixed)
            .contains("<result><status>success</status>"),
        "a failed function may be sent again"
    );
    let omitted = body
        .replace("<uniqueid>true</uniqueid>", "")
        .replace("1e3", "7");
    assert!(
        desk.send(&omitted).contains("already been processed"),
        "uniqueid is true when left out"
    );
}

#[test]
fn a_transaction_is_all_or_nothing() {
    let mut desk = desk();
    let before = desk.twin.trial_balance_csv();
    let good = format!(
        "<function controlid=\"t1\">{}</function>",
        bill("T-1", "01/25/2027", &["10.00"])
    );
    let bad = format!(
        "<function controlid=\"t2\">{}</function>",
        bill("T-2", "01/25/2027", &["x"])
    );
    let last = "<function controlid=\"t3\"><getDimensions/></function>";
    let body = desk.request(true, true, &format!("{good}{bad}{last}"));
    let answer = desk.send(&body);
    assert_eq!(
        answer.matches("<status>aborted</status>").count(),
        3,
        "{answer}"
    );
    assert!(answer.contains("XL03000009") && answer.contains("Invalid value &#039;x&#039;"));
    assert_eq!(bills(&mut desk, "T-1"), 0);
    assert_eq!(desk.twin.trial_balance_csv(), before);
    let apart = desk.request(true, false, &format!("{good}{bad}"));
    let answer = desk.send(&apart);
    assert!(
        answer.contains("<status>success</status><function>create"),
        "control ids of an aborted run are free again: {answer}"
    );
    assert_eq!(bills(&mut desk, "T-1"), 1);
    assert_ne!(desk.twin.trial_balance_csv(), before);
}

#[test]
fn too_many_calls_at_once_are_refused_where_the_option_says_so() {
    let mut desk = desk_with(IntacctOptions {
        concurrent_calls: 2,
        ..IntacctOptions::default()
    });
    let body = desk.request(
        false,
        false,
        "<function controlid=\"a\"><getDimensions/></function>",
    );
    desk.twin.report_overlap(3, 100);
    assert_eq!(
        desk.twin.answer(desk.now, post(&body)).status(),
        StatusCode::OK
    );
    desk.twin.report_overlap(3, 2_500);
    let refused = desk.twin.answer(desk.now, post(&body));
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(text(&refused).contains("<errorno>GW-0010</errorno>"));
    desk.twin.report_overlap(2, 2_500);
    assert_eq!(
        desk.twin.answer(desk.now, post(&body)).status(),
        StatusCode::OK
    );
}

#[test]
fn metering_counts_objects_written_and_calls_read() {
    let mut desk = desk();
    desk.ok("<getAPISession/>");
    desk.ok(&query("VENDOR", &["RECORDNO"], ""));
    desk.ok("<create><CLASS><CLASSID>C1</CLASSID><NAME>one</NAME></CLASS><CLASS><CLASSID>C2</CLASSID><NAME>two</NAME></CLASS></create>");
    assert_eq!(desk.twin.metered().0, 3);
    let usage = desk.twin.take_usage();
    assert_eq!(usage.last().unwrap().operation, "create CLASS");
    assert_eq!(usage.last().unwrap().records, 2);
    assert_eq!(usage[1].operation, "query VENDOR");
}
