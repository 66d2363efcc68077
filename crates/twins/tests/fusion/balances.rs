//! `ledgerBalances`: posted only, strings, wildcards, and the roll into the next year.

use crate::desk::{Desk, Gl, file};

const FINDER: &str =
    "ledgerBalances?finder=AccountBalanceFinder;ledgerName=WMB_US_USD,currency=USD";

fn journal(desk: &mut Desk, date: &str, debit: &str, credit: &str, amount: &str) {
    let row = |code: &str| Gl::new("WMB_US_USD", date, code, "9");
    let id = desk.import(
        &file(&[row(debit).debit(amount), row(credit).credit(amount)]),
        "WMB_US_USD",
        "9",
    );
    assert!(
        desk.tree(&id).iter().all(|(_, s)| s == "SUCCEEDED"),
        "{}",
        desk.logs(&id)
    );
}

fn ask(desk: &mut Desk, combination: &str, period: &str, more: &str) -> Vec<serde_json::Value> {
    let code = combination.replace('%', "%25");
    desk.get(&format!(
        "{FINDER},accountCombination={code},accountingPeriod={period}{more}"
    ))
    .items()
}

#[test]
fn results_roll_into_retained_earnings_with_the_year() {
    let mut desk = Desk::new();
    journal(
        &mut desk,
        "2026/12/10",
        "200-1100-60300-0000-000",
        "200-0000-10100-0000-000",
        "100.00",
    );
    journal(
        &mut desk,
        "2027/01/10",
        "200-1100-60300-0000-000",
        "200-0000-10100-0000-000",
        "40.50",
    );
    let amounts = |desk: &mut Desk, code: &str, period: &str| {
        let item = ask(desk, code, period, "").remove(0);
        ["BeginningBalance", "PeriodActivity", "EndingBalance"]
            .map(|n| item[n].as_str().unwrap().to_owned())
    };
    assert_eq!(
        amounts(&mut desk, "200-1100-60300-0000-000", "Dec-26"),
        ["0.00", "100.00", "100.00"]
    );
    assert_eq!(
        amounts(&mut desk, "200-1100-60300-0000-000", "Jan-27"),
        ["0.00", "40.50", "40.50"]
    );
    assert_eq!(
        amounts(&mut desk, "200-0000-10100-0000-000", "Jan-27"),
        ["-100.00", "-40.50", "-140.50"]
    );
    assert_eq!(
        amounts(&mut desk, "200-0000-31000-0000-000", "Dec-26"),
        ["0.00", "0.00", "0.00"]
    );
    assert_eq!(
        amounts(&mut desk, "200-0000-31000-0000-000", "Jan-27"),
        ["100.00", "0.00", "100.00"]
    );
    let sum: String = amounts(&mut desk, "200-%-%-%-%", "Jan-27")[2].clone();
    assert_eq!(sum, "0.00");
}

#[test]
fn wildcards_and_detail_list_each_combination() {
    let mut desk = Desk::new();
    journal(
        &mut desk,
        "2026/12/10",
        "200-1100-60300-0000-000",
        "200-0000-10100-0000-000",
        "100.00",
    );
    journal(
        &mut desk,
        "2026/12/11",
        "200-1200-60300-0000-000",
        "200-0000-10100-0000-000",
        "7.00",
    );
    let rows = ask(&mut desk, "200-%-60300-%-%", "Dec-26", ",mode=Detail");
    let found: Vec<(String, String)> = rows
        .iter()
        .map(|r| {
            (
                r["DetailAccountCombination"].as_str().unwrap().to_owned(),
                r["EndingBalance"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("200-1100-60300-0000-000".into(), "100.00".into()),
            ("200-1200-60300-0000-000".into(), "7.00".into())
        ]
    );
    assert_eq!(
        ask(&mut desk, "200-%-60300-%-%", "Dec-26", ",mode=Summary")[0]["EndingBalance"],
        "107.00"
    );
    assert_eq!(
        ask(&mut desk, "%-%-%-%-%", "Dec-26", ",mode=Detail").len(),
        3
    );
    assert_eq!(
        ask(&mut desk, "300-%-%-%-%", "Dec-26", ",mode=Detail").len(),
        0
    );
}

#[test]
fn wrong_questions_are_answered_in_words() {
    let mut desk = Desk::new();
    assert_eq!(desk.get("ledgerBalances").status, 400);
    assert_eq!(
        desk.get("ledgerBalances?finder=Nope;ledgerName=X").status,
        400
    );
    assert_eq!(
        desk.get("ledgerBalances?finder=AccountBalanceFinder;ledgerName=WMB_US_USD")
            .status,
        400
    );
    for (code, period, words) in [
        ("200-%-%-%-%", "Dez-26", "accounting period Dez-26"),
        ("200-%-99999-%-%", "Dec-26", "value 99999"),
        ("200-%-%", "Dec-26", "account combination"),
    ] {
        let rows = ask(&mut desk, code, period, "");
        assert!(
            rows[0]["ErrorDetail"].as_str().unwrap().contains(words),
            "{rows:?}"
        );
        assert!(rows[0]["EndingBalance"].is_null());
    }
}
