//! Holes in the evidence are named, never passed over; contradictory questions are refused.

use tieout_engine::reconcile::{
    BreakClass, BreakStatus, Gap, Progress, Reconciliation, Side, Unreconcilable, reconcile,
};

use crate::golden::{Company, amount, company, source_member_of};

const REPORT: [&str; 2] = ["P12-2026", "P01-2027"];

fn run(company: &Company) -> Reconciliation {
    reconcile(&company.request, &company.evidence).unwrap()
}

#[test]
fn a_balance_that_lines_do_not_add_up_to_is_an_incomplete_extraction() {
    let mut company = company("E300", &REPORT);
    company.remove_member("BILL-E300-1");
    let result = run(&company);
    assert_eq!(result.gaps.len(), 6, "{:#?}", result.gaps);
    let wanted = result.gaps.iter().any(|gap| {
        matches!(gap, Gap::ExtractionIncomplete { side: Side::Target, snapshot, key, summed, read }
            if snapshot == "P12-2026" && key.to_string() == "300-0000-20000-0000-000 EUR"
            && *summed == amount("-4906.81") && *read == amount("-10856.81"))
    });
    assert!(wanted, "{:#?}", result.gaps);
    assert!(!result.is_tied_out());
}

#[test]
fn a_hole_on_the_source_side_is_seen_by_source_account() {
    let mut company = company("E300", &REPORT);
    for balance in company
        .evidence
        .source_balances
        .get_mut("P12-2026")
        .unwrap()
    {
        if balance.account.as_str() == "6000" {
            balance.ending = amount("52000.01");
        }
    }
    let result = run(&company);
    assert_eq!(result.breaks, []);
    assert_eq!(
        result
            .gaps
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        [
            "source P12-2026: lines of source account 6000 EUR sum to 52000.00, its balance reads 52000.01; read the documents of that key again"
        ]
    );
}

#[test]
fn balances_that_were_not_read_are_asked_for() {
    let mut company = company("E300", &REPORT);
    company.evidence.target_balances.remove("P12-2026");
    company.evidence.target_balances.remove("P11-2026");
    let gap = Gap::BalancesNotRead {
        side: Side::Target,
        period: "P12-2026".to_owned(),
    };
    assert_eq!(run(&company).gaps, [gap]);
}

#[test]
fn without_a_second_reading_of_the_source_the_answer_says_so() {
    let mut company = company("E300", &REPORT);
    company.evidence.source_members = None;
    let result = run(&company);
    assert_eq!(
        (&result.breaks[..], &result.gaps[..]),
        (&[][..], &[Gap::SourceNotReread][..])
    );
    assert!(result.completeness.iter().all(|row| row.source.is_none()));
    assert!(
        result
            .snapshots
            .iter()
            .all(|s| s.source_total_debit == s.target_total_debit)
    );
}

#[test]
fn unknown_periods_and_accounts_are_named() {
    let mut company = company("E300", &REPORT);
    company.member("BILL-E300-1").period = "Dez-26".to_owned();
    company
        .request
        .target_chart
        .classes
        .remove(&tieout_model::Code::new("20000"));
    let gaps = run(&company).gaps;
    assert!(gaps.contains(&Gap::PeriodUnknown {
        side: Side::Target,
        number: "BILL-E300-1".to_owned(),
        period: "Dez-26".to_owned(),
    }));
    let text: Vec<String> = gaps.iter().map(ToString::to_string).collect();
    assert!(text.contains(
        &"target account 20000 has no class; add it to the chart of accounts".to_owned()
    ));
}

#[test]
fn evidence_handed_in_twice_is_named() {
    let mut company = company("E300", &REPORT);
    let again = company.member("BILL-E300-1").clone();
    company.evidence.members.push(again);
    let result = run(&company);
    assert!(result.gaps.iter().any(|gap| matches!(
        gap,
        Gap::EvidenceRepeated {
            side: Side::Target,
            ..
        }
    )));
}

#[test]
fn a_contradictory_question_is_refused() {
    let mut company = company("E300", &["P12-2026"]);
    company.request.report = vec!["P13-2026".to_owned()];
    let refused = reconcile(&company.request, &company.evidence).unwrap_err();
    assert_eq!(
        refused,
        Unreconcilable::ReportUnknown("P13-2026".to_owned())
    );
    company.request.report.clear();
    company.request.snapshots.reverse();
    let refused = reconcile(&company.request, &company.evidence).unwrap_err();
    assert_eq!(refused, Unreconcilable::SnapshotsOutOfOrder);
    company.request.snapshots.reverse();
    company.request.target_chart.retained_earnings.truncate(2);
    let refused = reconcile(&company.request, &company.evidence).unwrap_err();
    assert_eq!(
        refused,
        Unreconcilable::RetainedEarningsTooShort { segments: 2 }
    );
}

#[test]
fn a_held_document_says_who_must_add_the_mapping_and_rolls_into_retained_earnings() {
    let mut company = company("E300", &REPORT);
    company.remove_member("BILL-E300-1");
    let held = company.expected("BILL-E300-1");
    held.target_lines.clear();
    held.progress = Progress::Held;
    let found = &run(&company).breaks[0];
    assert_eq!(
        (found.class, found.status),
        (BreakClass::MissingInTarget, BreakStatus::TrueBreak)
    );
    assert!(found.remedy.contains("crosswalk"));
    let january: Vec<String> = found
        .differences
        .iter()
        .filter(|d| &*d.snapshot == "P01-2027")
        .map(|d| format!("{}: {}", d.key, d.difference))
        .collect();
    assert_eq!(
        january,
        [
            "300-0000-31000-0000-000 EUR: -5950.00",
            "source account 2000 EUR: 5950.00"
        ]
    );
}

#[test]
fn a_document_moved_to_another_period_in_the_source_after_capture_is_seen() {
    let mut company = company("E300", &REPORT);
    let mut moved = source_member_of(company.expected("JE-DEP-E300-12"));
    moved.period = "P01-2027".to_owned();
    let source = company.evidence.source_members.as_mut().unwrap();
    *source
        .iter_mut()
        .find(|m| m.number == "JE-DEP-E300-12")
        .unwrap() = moved;
    let result = run(&company);
    assert_eq!(result.breaks.len(), 1);
    assert_eq!(result.breaks[0].class, BreakClass::PeriodDiffers);
    assert!(result.breaks[0].found.contains("edited after capture"));
}

#[test]
fn an_expected_source_of_the_target_is_shown_and_explained() {
    let mut company = company("E300", &["P12-2026"]);
    let mut own = company.member("REVAL-P12-E300-IC-1").clone();
    own.stamp = None;
    own.number = "Own revaluation".to_owned();
    own.reference = "9".to_owned();
    own.source = "Revaluation".to_owned();
    company.evidence.members.push(own);
    let status = |company: &Company| run(company).breaks[0].status;
    assert_eq!(status(&company), BreakStatus::TrueBreak);
    company
        .request
        .excluded_sources
        .insert("Revaluation".to_owned());
    assert_eq!(status(&company), BreakStatus::Explained);
    assert_eq!(run(&company).breaks[0].differences.len(), 2);
}
