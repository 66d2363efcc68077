//! Cross-validation rules of the target, from the refusal of a document to signed reference data that holds the next one before it is sent.

use serde_json::{Value, json};

use crate::bad_input::copy;
use crate::program::{Twin, golden};

const WORDS: &str = "Cost centre 5500 books to products only";
const FORBIDDEN: &str = "200-5500-60200-0000-000";

/// Nothing of the golden company stands there.
fn rule() -> Value {
    json!({"rows": [{
        "rule_code": "SHOP", "rule_error_message_text": WORDS,
        "condition_segment_code": "cost_center", "condition_operator_name": "=", "condition_values": "5500",
        "validation_segment_code": "product", "validation_operator_name": "<>", "validation_values": "0000",
    }, {
        "rule_code": "SHOP", "rule_error_message_text": WORDS,
        "condition_segment_code": "account", "condition_operator_name": "=", "condition_values": "60200",
    }]})
}

fn reason(twin: &Twin, number: &str, state: &str) -> String {
    let shown = twin.document(number);
    assert_eq!(shown["document"]["state"], state, "{shown:#}");
    shown["document"]["reason"].as_str().unwrap().to_owned()
}

/// Drawn up from what both systems say and a file of rules; `rows` are those of the file.
pub(crate) fn refresh(twin: &Twin, rows: &str) -> String {
    let (rules, out) = (twin.path("rules.csv"), twin.path("reference.json"));
    std::fs::write(&rules, format!("rule,segment,operator,values\n{rows}")).unwrap();
    let (rules, out) = (rules.to_str().unwrap(), out.to_str().unwrap().to_owned());
    let refresh = [
        "crosswalk",
        "reference",
        "refresh",
        "--cross-validation",
        rules,
        "--out",
        &out,
    ];
    twin.tieout(&refresh).expect(0);
    out
}

/// Cost centre 5500 with account 60200 and no product, as the reference data says it.
pub(crate) const ROWS: &str =
    "SHOP,account,in,60200\nSHOP,cost_center,in,5500\nSHOP,product,in,0000\n";

/// Signed by the controller, whose key the configuration trusts; prepared by somebody.
pub(crate) fn sign_reference(twin: &Twin, file: &str, prepared_by: &str) -> crate::program::Ended {
    let key = twin.path("keys/controller.key.pem");
    let out = twin.path("crosswalk/reference.sealed.json");
    twin.tieout(&[
        "crosswalk",
        "reference",
        "sign",
        file,
        "--prepared-by",
        prepared_by,
        "--operator",
        "controller",
        "--key",
        key.to_str().unwrap(),
        "--reason",
        "the rule of the shop",
        "--out",
        out.to_str().unwrap(),
    ])
}

/// What coverage says of the forbidden combination when it asks the target.
fn judged(twin: &Twin, code: i32) -> Option<Value> {
    let ask = ["crosswalk", "coverage", "--live", "--combinations"];
    let of = ["--version", "v2", "--since", "2026-01-01", "--json"];
    let found = twin.tieout(&[&ask[..], &of].concat()).expect(code).json();
    let gaps = found["gaps"].as_array().unwrap().clone();
    let is_one = |gap: &Value| gap["kind"] == "invalid_combination" && gap["value"] == FORBIDDEN;
    gaps.into_iter().find(is_one)
}

fn enter(twin: &Twin, number: &str) {
    let mut bill = twin.bill(number, "120.00");
    bill["lines"][0]["department"] = json!("D500");
    twin.post("documents", &bill);
}

#[test]
fn a_combination_that_the_target_forbids_stops_the_document_by_name_first_there_then_here() {
    let twin = Twin::start(&golden());
    twin.post("validation-rules", &rule());
    enter(&twin, "SHOP-1");
    let told = judged(&twin, 1).expect("the target judges before anything is posted");
    assert!(told["detail"].as_str().unwrap().contains(WORDS), "{told}");
    assert_eq!(told["amounts"], json!(["120.00 USD"]));
    twin.drain().expect(1);
    let why = reason(&twin, "SHOP-1", "rejected");
    assert!(why.contains(WORDS) && why.contains(FORBIDDEN), "{why}");
    assert!(!twin.get("fusion/documents.csv").contains("SHOP-1"));
    hold_and_drop(&twin);
    let history = twin.tieout(&["crosswalk", "history"]).expect(0).out;
    let signed = history.matches("the rule of the shop").count();
    assert_eq!(signed, 2, "{history}");
    twin.tieout(&["audit", "verify"]).expect(0);
}

/// The rule becomes part of the signed reference data, so that nothing is sent at all; dropped on both sides, everything goes.
fn hold_and_drop(twin: &Twin) {
    let file = refresh(twin, ROWS);
    sign_reference(twin, &file, "Controller")
        .expect(2)
        .says(&["P0421", "another person"]);
    sign_reference(twin, &file, "pia").expect(0);
    enter(twin, "SHOP-2");
    twin.drain().expect(1);
    let why = reason(twin, "SHOP-2", "held");
    for part in ["P0113", FORBIDDEN, "rule SHOP", "invalid_combination"] {
        assert!(why.contains(part), "{why}");
    }
    twin.post("validation-rules", &json!({"delete": "SHOP"}));
    let file = refresh(twin, "");
    sign_reference(twin, &file, "pia").expect(0);
    for number in ["SHOP-1", "SHOP-2"] {
        let retry = ["document", "retry", number, "--reason", "dropped"];
        twin.tieout(&[&retry[..], &["--operator", "o"]].concat())
            .expect(0);
    }
    twin.drain().expect(0);
    reason(twin, "SHOP-1", "accounted");
    assert!(judged(twin, 0).is_none());
}

#[test]
fn reference_data_that_contradicts_itself_or_names_what_nobody_has_is_not_signed() {
    let twin = Twin::start(copy(|_| {}).path());
    let rules = twin.path("odd.csv");
    let refuse = |rows: &str, parts: &[&str]| {
        std::fs::write(&rules, format!("rule,segment,operator,values\n{rows}")).unwrap();
        let out = twin.path("odd.json");
        let refresh = [
            "crosswalk",
            "reference",
            "refresh",
            "--cross-validation",
            rules.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ];
        let ended = twin.tieout(&refresh).expect(2);
        ended.says(&["P0430", "odd.csv, row 2"]);
        ended.says(parts);
        assert!(!out.exists());
    };
    refuse("R,account,in,99999", &["99999 is no value"]);
    refuse("R,account,like,60200", &["no operator"]);
    refuse("R,fund,in,60200", &["segment \"fund\""]);
    refuse("R,account,in,", &["values is missing"]);
    // Shown, changed by hand so that a version's own target is unknown, and refused for it.
    let text = twin
        .tieout(&["crosswalk", "reference", "show"])
        .expect(0)
        .out;
    let mut data: Value = serde_json::from_str(&text).unwrap();
    let values = data["segment_values"]["account"].as_object_mut().unwrap();
    values.remove("60200").unwrap();
    let file = twin.path("short.json");
    std::fs::write(&file, data.to_string()).unwrap();
    let before = std::fs::read(twin.path("crosswalk/reference.sealed.json")).unwrap();
    let ended = sign_reference(&twin, file.to_str().unwrap(), "pia").expect(2);
    ended.says(&["60200"]);
    let after = std::fs::read(twin.path("crosswalk/reference.sealed.json")).unwrap();
    assert!(before == after, "what is in force stays in force");
}

#[test]
fn rules_as_the_target_keeps_them_hold_what_the_target_would_refuse() {
    // The same file is the tenant's set-up and what people give to this program.
    let company = copy(|folder| {
        let text = "rule_code,rule_error_message_text,enabled_flag,start_date_active,end_date_active,condition_segment_code,condition_operator_name,condition_values,validation_segment_code,validation_operator_name,validation_values\n\
            SHOP,no,Y,,,SEGMENT2,=,5500,product,<>,0000\n\
            SHOP,no,Y,,,account,BETWEEN,60200-60200,,,\n\
            OLD,no,N,,,account,=,60200,product,=,9999\n";
        std::fs::write(folder.join("master/cross_validation_rules.csv"), text).unwrap();
    });
    let twin = Twin::start(company.path());
    enter(&twin, "SHOP-1");
    twin.drain().expect(1);
    let why = reason(&twin, "SHOP-1", "rejected");
    assert!(why.contains(FORBIDDEN), "{why}");
    let (rules, out) = (
        company.path().join("master/cross_validation_rules.csv"),
        twin.path("reference.json"),
    );
    let refresh = ["crosswalk", "reference", "refresh", "--cross-validation"];
    let files = [rules.to_str().unwrap(), "--out", out.to_str().unwrap()];
    twin.tieout(&[&refresh[..], &files].concat())
        .expect(0)
        .says(&["left out: OLD: it is not enabled"]);
    sign_reference(&twin, out.to_str().unwrap(), "pia").expect(0);
    enter(&twin, "SHOP-2");
    twin.drain().expect(1);
    let why = reason(&twin, "SHOP-2", "held");
    assert!(
        why.contains("rule SHOP") && why.contains(FORBIDDEN),
        "{why}"
    );
}
