//! Cross-validation rules: what may not come into being, at invoices, at the import of journals, and when the tenant is asked.

use std::fs;

use serde_json::{Value, json};
use tieout_twins::company::CompanyFolder;
use tieout_twins::fusion::{FusionOptions, FusionTwin};

use crate::desk::{Desk, Gl, bill, file, golden};
use crate::strictness::soap;

const CASH: &str = "200-0000-10100-0000-000";
const COST: &str = "200-1100-60300-0000-000";
const OTHER: &str = "200-1200-60300-0000-000";
const WORDS: &str = "Rent belongs to cost centre 1100";
const RULE: &str = "RENT,Rent belongs to cost centre 1100,Y,,,account,=,60300,cost_center,=,1100";
const HEADER: &str = "rule_code,rule_error_message_text,enabled_flag,start_date_active,end_date_active,condition_segment_code,condition_operator_name,condition_values,validation_segment_code,validation_operator_name,validation_values";

/// The golden company with rules.
fn company(rows: &[&str]) -> tempfile::TempDir {
    let made = tempfile::tempdir().unwrap();
    for part in ["master", "inputs", "crosswalk"] {
        fs::create_dir(made.path().join(part)).unwrap();
        for entry in fs::read_dir(golden().join(part)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), made.path().join(part).join(entry.file_name())).unwrap();
        }
    }
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    fs::write(made.path().join("master/cross_validation_rules.csv"), text).unwrap();
    made
}

fn desk(options: FusionOptions) -> Desk {
    let made = company(&[RULE]);
    Desk::of(&CompanyFolder::new(made.path()), options)
}

fn rent(number: &str, combination: &str) -> Value {
    let mut made = bill(number, "10.00");
    made["invoiceLines"][0]["DistributionCombination"] = json!(combination);
    made
}

fn journal(desk: &mut Desk, combination: &str) -> String {
    let row = |code: &str| Gl::new("WMB_US_USD", "2026/12/15", code, "77");
    let rows = [row(combination).debit("1"), row(CASH).credit("1")];
    let id = desk.import(&file(&rows), "WMB_US_USD", "77");
    desk.logs(&id)
}

#[test]
fn an_invoice_that_a_rule_forbids_is_refused_with_the_words_of_the_rule() {
    let mut desk = desk(FusionOptions::default());
    let refused = desk.post("invoices", &rent("B-1", OTHER));
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert_eq!(
        refused.detail(),
        format!("DistributionCombination: {WORDS}")
    );
    assert_eq!(desk.post("invoices", &rent("B-2", COST)).status, 201);
    assert!(!desk.twin.documents_csv().contains("B-1"));
}

#[test]
fn a_journal_row_that_a_rule_forbids_keeps_its_group_out_of_the_books() {
    let said = journal(&mut desk(FusionOptions::default()), OTHER);
    assert!(said.contains(&format!("EF04 {WORDS}")), "{said}");
    assert!(said.contains("Batches created: 0"), "{said}");
    let silent = FusionOptions {
        tells_violated_rule: false,
        ..FusionOptions::default()
    };
    let mut desk = desk(silent);
    let said = journal(&mut desk, OTHER);
    assert!(said.contains("EF04") && !said.contains(WORDS), "{said}");
    assert!(!desk.twin.documents_csv().contains("gl_journal"));
}

#[test]
fn a_rule_looks_at_new_combinations_only_and_can_be_deleted() {
    let mut desk = Desk::new();
    assert!(journal(&mut desk, OTHER).contains("Batches created: 1"));
    let cells = HEADER.split(',').zip(RULE.split(','));
    let row: Value = cells
        .map(|(name, cell)| (name.to_owned(), json!(cell)))
        .collect();
    assert_eq!(desk.twin.insert_validation_rules(&[row]), Ok(1));
    assert!(journal(&mut desk, OTHER).contains("Batches created: 1"));
    let third = "200-3300-60300-0000-000";
    assert!(journal(&mut desk, third).contains("EF04"));
    assert_eq!(desk.twin.delete_validation_rule("RENT"), Ok(0));
    assert!(desk.twin.delete_validation_rule("RENT").is_err());
    assert!(journal(&mut desk, third).contains("Batches created: 1"));
}

#[test]
fn a_broken_file_of_rules_is_refused_with_its_line() {
    let refuse = |rule: &str, word: &str| {
        let made = company(&[rule]);
        let folder = CompanyFolder::new(made.path());
        let said = FusionTwin::open(&folder, FusionOptions::default());
        let said = said.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(
            said.contains("cross_validation_rules.csv") && said.contains(word),
            "{said}"
        );
    };
    refuse(
        "RENT,no,Y,,,account,LIKE,60300,cost_center,=,1100",
        "operator",
    );
    refuse("RENT,no,Y,,,fund,=,60300,cost_center,=,1100", "fund");
    refuse("RENT,no,Y,,,account,=,60300,,,", "validation");
    refuse(
        "RENT,no,Y,2026-13-01,,account,=,60300,cost_center,=,1100",
        "start_date_active",
    );
}

fn ask(desk: &mut Desk, insertion: &str, combinations: &[&str]) -> String {
    let rows = combinations.iter().map(|combination| {
        let segments = combination.split('-').enumerate();
        let segments = segments.map(|(at, value)| format!("<Segment{0}>{value}</Segment{0}>", at + 1));
        let segments: String = segments.collect();
        format!("<validationInputRowList><DynamicInsertion>{insertion}</DynamicInsertion>{segments}<LedgerName>WMB_US_USD</LedgerName></validationInputRowList>")
    });
    let rows: String = rows.collect();
    let body = format!("<validateAndCreateAccounts>{rows}</validateAndCreateAccounts>");
    let (status, text) = soap(desk, "/fscmService/AccountCombinationService", &body);
    assert_eq!(status, 200, "{text}");
    text
}

#[test]
fn the_tenant_judges_combinations_and_makes_them_only_if_told() {
    let mut desk = desk(FusionOptions::default());
    let said = ask(&mut desk, "N", &[COST, OTHER, "200-1100-99999-0000-000"]);
    assert_eq!(said.matches("<ns0:result>").count(), 3, "{said}");
    assert_eq!(said.matches(">Valid<").count(), 1, "{said}");
    assert!(said.contains(WORDS) && said.contains("99999"), "{said}");
    assert!(!said.contains("CcId"), "nothing was made: {said}");
    let made = ask(&mut desk, "Y", &[COST]);
    assert!(made.contains("<ns1:CcId>"), "{made}");
    let known = ask(&mut desk, "N", &[COST]);
    assert!(known.contains("<ns1:CcId>"), "{known}");
}

#[test]
fn the_fixtures_are_accepted_and_answered() {
    let mut desk = Desk::new();
    let request = include_str!("../../../../fixtures/fusion/combination/judged.request.xml");
    let path = "/fscmService/AccountCombinationService";
    let answer = desk.send("POST", path, "text/xml; charset=utf-8", request);
    let expected = include_str!("../../../../fixtures/fusion/combination/judged.response.xml");
    assert_eq!(
        (answer.status, answer.text.trim_end()),
        (200, expected.trim_end())
    );
}

#[test]
fn a_tenant_may_know_only_what_exists() {
    let options = FusionOptions {
        validates_new_combinations: false,
        ..FusionOptions::default()
    };
    let mut desk = Desk::with(options);
    assert!(ask(&mut desk, "N", &[COST]).contains("doesn&apos;t exist"));
    ask(&mut desk, "Yes", &[COST]);
    assert!(ask(&mut desk, "No", &[COST]).contains(">Valid<"));
}
