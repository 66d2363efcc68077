//! Combinations that the simulated tenant's cross-validation rules forbid: refused documents say what was sent, and asking creates nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;
use tieout_connector::{Batch, ItemOutcome};
use tieout_fusion::{Fusion, LedgerCombination, Verdict};
use tieout_model::{Coding, Document, Rejection};
use tieout_twins::fusion::FusionOptions;

use crate::simulated::{Loopback, golden, open_with, settled};

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
