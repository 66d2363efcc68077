//! Combinations that the simulated tenant's cross-validation rules forbid: refused documents say what was sent, and asking creates nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;
use tieout_connector::{Batch, ItemOutcome};
use tieout_fusion::{Fusion, LedgerCombination, Verdict};
use tieout_model::{Coding, Document, FaultClass, Rejection};
use tieout_twins::fusion::FusionOptions;

use crate::simulated::{Loopback, golden, open_with, settled};
use crate::tenant::Tenant;

const WORDS: &str = "Nothing may be coded here";

/// A tenant in which the combination of the first line of the first document is forbidden, and that combination.
fn forbidding(options: FusionOptions, batch: &mut Batch) -> (Fusion, Arc<Loopback>, String) {
    batch.items.truncate(2);
    let coding = match &batch.items[0].document {
        Document::JournalEntry(entry) => &entry.draft().lines[0].coding,
        Document::SupplierInvoice(invoice) => &invoice.draft().lines[0].coding,
        Document::Supplier(_) => panic!("no coding"),
    };
    let Coding::Segmented(combination) = coding else {
        panic!("{coding:?}");
    };
    let combination = combination.joined("-");
    let (fusion, loopback) = open_with(options, |_| {});
    let names = ["company", "cost_center", "account", "product"];
    let rows: Vec<_> = names
        .iter()
        .zip(combination.split('-'))
        .enumerate()
        .map(|(at, (name, value))| {
            let part = if at == 3 { "validation" } else { "condition" };
            let operator = if at == 3 { "<>" } else { "=" };
            json!({
                "rule_code": "R1", "rule_error_message_text": WORDS, format!("{part}_segment_code"): name,
                format!("{part}_operator_name"): operator, format!("{part}_values"): value,
            })
        })
        .collect();
    let twin = &mut *loopback.twin();
    assert_eq!(twin.insert_validation_rules(&rows), Ok(1));
    (fusion, Arc::clone(&loopback), combination)
}

async fn check(options: FusionOptions, mut batch: Batch, words: &str) -> Rejection {
    let (fusion, loopback, combination) = forbidding(options, &mut batch);
    let outcomes = settled(&fusion, &loopback, &batch).await;
    let ItemOutcome::Rejected(rejection) = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert!(rejection.message.contains(words), "{rejection:?}");
    assert!(rejection.message.contains(&combination), "{rejection:?}");
    assert!(
        rejection.remedy.contains("cross-validation rule"),
        "{rejection:?}"
    );
    assert!(
        matches!(outcomes[1], ItemOutcome::Posted(_)),
        "the other document stands: {outcomes:?}"
    );
    rejection.clone()
}

#[tokio::test]
async fn a_journal_that_a_rule_forbids_names_rule_and_combinations() {
    let told = check(FusionOptions::default(), golden().0, WORDS).await;
    assert_eq!(told.code, "EF04");
    // A tenant that only prints the words of the code: the combinations sent are named all the same.
    let silent = FusionOptions {
        tells_violated_rule: false,
        ..FusionOptions::default()
    };
    check(silent, golden().0, "EF04").await;
}

#[tokio::test]
async fn an_invoice_that_a_rule_forbids_names_rule_and_the_combination_of_the_line() {
    let told = check(FusionOptions::default(), golden().1, WORDS).await;
    assert!(!told.message.contains(", "), "one line only: {told:?}");
}

#[tokio::test]
async fn asking_the_tenant_judges_every_combination_and_creates_none() {
    let mut batch = golden().0;
    let (fusion, loopback, forbidden) = forbidding(FusionOptions::default(), &mut batch);
    let ask = |text: &str| LedgerCombination {
        ledger: "WMB_US_USD".to_owned(),
        segments: text.split('-').map(str::to_owned).collect(),
    };
    let fine = "200-1100-60300-0000-000";
    // More than one call's worth.
    let mut asked = vec![ask(fine); 250];
    asked.push(ask("200-1100-99999-0000-000"));
    let verdicts = fusion.judge_combinations(&asked).await.unwrap();
    assert_eq!(verdicts.len(), 251);
    assert!(verdicts[..250].iter().all(|v| *v == Verdict::Valid));
    let Verdict::Refused(words) = &verdicts[250] else {
        panic!("{verdicts:?}");
    };
    assert!(words.contains("99999"), "{words}");
    let own = LedgerCombination {
        ledger: ledger_of(&batch),
        ..ask(&forbidden)
    };
    let verdict = fusion.judge_combinations(&[own]).await.unwrap();
    assert_eq!(verdict, [Verdict::Refused(WORDS.to_owned())]);
    // A lost answer is asked for again, since nothing was done.
    loopback.answers_to_lose.store(1, Ordering::Relaxed);
    let again = fusion.judge_combinations(&[ask(fine)]).await.unwrap();
    assert_eq!(again, [Verdict::Valid]);
}

fn ledger_of(batch: &Batch) -> String {
    let Document::JournalEntry(entry) = &batch.items[0].document else {
        panic!("no journal");
    };
    entry.draft().placement.as_ref().unwrap().ledger.clone()
}

const OPERATION: &str = "POST AccountCombinationService";

#[tokio::test]
async fn a_refused_question_names_why_and_a_busy_tenant_is_asked_again() {
    let tenant = Tenant::new();
    let fusion = tenant.fusion(|_| {});
    let asked = [LedgerCombination {
        ledger: "L".to_owned(),
        segments: vec!["1".to_owned()],
    }];
    let fault = "<env:Envelope xmlns:env=\"e\"><env:Body><env:Fault><faultcode>env:Server</faultcode>\
        <faultstring>the user lacks a privilege</faultstring></env:Fault></env:Body></env:Envelope>";
    tenant.answer(OPERATION, 500, fault);
    let refused = fusion.judge_combinations(&asked).await.unwrap_err();
    assert_eq!(refused.class, FaultClass::Rejected, "{refused:?}");
    assert!(
        refused.to_string().contains("lacks a privilege"),
        "{refused}"
    );
    tenant.answer(OPERATION, 403, "");
    let refused = fusion.judge_combinations(&asked).await.unwrap_err();
    assert_eq!(refused.class, FaultClass::Unauthorised, "{refused:?}");

    tenant.answer(OPERATION, 503, "<html>busy</html>");
    let valid = "<e><result><Segment1>1</Segment1><Status>Valid</Status></result></e>";
    tenant.answer(OPERATION, 200, valid);
    let verdicts = fusion.judge_combinations(&asked).await.unwrap();
    assert_eq!(verdicts, [Verdict::Valid]);
    assert_eq!(tenant.waits().len(), 1);

    // Half an answer lets nothing through.
    tenant.answer(OPERATION, 200, "<e><result><Status>Valid</Status></result>");
    let cut = fusion.judge_combinations(&asked).await.unwrap_err();
    assert_eq!(cut.class, FaultClass::Incompatible, "{cut:?}");
    assert!(tenant.is_spent());
    let sent = tenant.requests(OPERATION);
    let header = |name: &str| sent[0].headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/xml; charset=utf-8");
    assert!(header("soapaction").ends_with("/validateAndCreateAccounts"));
}
