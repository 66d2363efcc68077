//! Which version applies: the five rules, and the table of cases that settles them.

use tieout_engine::crosswalk::{HoldReason, Lineage, SUPERSEDED_RULE, Translation, Unmapped};
use tieout_model::{Code, Document, Envelope, JournalDraft, JournalEntry};

use crate::crosswalk_company::{coding, crosswalk, entry, envelope, line, table};

fn accrual(date: &str, sign: &str, department: &str) -> Envelope {
    let (debit, credit) = if sign == "-" { ("-", "") } else { ("", "-") };
    let at = [("location", "E200"), ("department", department)];
    let lines = vec![
        line(1, &format!("{debit}250.00"), coding("6200", &at, ""), "USD"),
        line(
            2,
            &format!("{credit}250.00"),
            coding("2100", &at, ""),
            "USD",
        ),
    ];
    entry(date, lines)
}

fn segments(translation: &Translation, line: usize) -> String {
    let lines = translation.document.lines().unwrap();
    lines[line].coding.combination().unwrap().joined("-")
}

fn reasons(found: Result<Translation, Vec<Unmapped>>) -> Vec<HoldReason> {
    found.unwrap_err().iter().map(|gap| gap.reason).collect()
}

fn negated(document: &Document, change: impl FnOnce(&mut JournalDraft)) -> Envelope {
    let Document::JournalEntry(entry) = document else {
        panic!("not an entry");
    };
    let mut draft = entry.draft().clone();
    for line in &mut draft.lines {
        line.amount = line.amount.negated();
        line.functional = line.functional.negated();
    }
    change(&mut draft);
    envelope(
        "R",
        Document::JournalEntry(JournalEntry::try_new(draft).unwrap()),
    )
}

#[test]
fn the_table_of_cases() {
    let crosswalk = crosswalk("golden");
    let cases = table("golden", "vectors/crosswalk_version_selection.csv");
    assert_eq!(cases.len(), 7);
    // The calendar of the company begins in November 2026; case X7 must be held for the version, whatever the calendar says.
    for case in cases {
        let date = &case["document_gl_date"];
        let original = accrual("2026-12-31", "", "D400");
        let original = crosswalk.translate(&original, Lineage::None).unwrap();
        let reverses = &case["reverses_version"];
        let (document, lineage) = if reverses.is_empty() {
            (accrual(date, "", "D400"), Lineage::None)
        } else {
            let lineage = Lineage::Reverses {
                original: &original.document,
                version: reverses,
                on: date.parse().unwrap(),
            };
            (accrual(date, "-", "D400"), lineage)
        };
        let found = crosswalk.translate(&document, lineage);
        let wanted = &case["expected_version"];
        if wanted == "(reject)" {
            assert!(reasons(found).contains(&HoldReason::NoVersionForDate));
            continue;
        }
        let found = found.unwrap();
        assert_eq!(found.version, *wanted, "case {}", case["case"]);
        let cost_center = if wanted == "v1" { "4400" } else { "4450" };
        assert_eq!(
            segments(&found, 0),
            format!("200-{cost_center}-62100-0000-000")
        );
        if case["reason"].starts_with("re-sync") {
            let again = crosswalk.translate(&document, Lineage::Recorded { version: wanted });
            assert_eq!(again, Ok(found));
        }
    }
}

#[test]
fn a_recorded_version_wins_over_the_date_and_must_be_known() {
    let crosswalk = crosswalk("golden");
    let document = accrual("2027-01-15", "", "D400");
    let found = crosswalk.translate(&document, Lineage::Recorded { version: "v1" });
    assert_eq!(segments(&found.unwrap(), 0), "200-4400-62100-0000-000");
    let found = crosswalk.translate(&document, Lineage::Recorded { version: "v0" });
    assert_eq!(reasons(found), [HoldReason::UnknownVersion]);
}

#[test]
fn a_reversal_is_held_once_a_recorded_value_is_disabled() {
    let crosswalk = crosswalk("golden");
    let original = crosswalk
        .translate(&accrual("2026-12-31", "", "D400"), Lineage::None)
        .unwrap();
    let on = |date: &str| Lineage::Reverses {
        original: &original.document,
        version: "v1",
        on: date.parse().unwrap(),
    };
    let reversal = accrual("2027-01-31", "-", "D400");
    assert!(crosswalk.translate(&reversal, on("2027-06-30")).is_ok());
    let gaps = crosswalk
        .translate(&reversal, on("2027-07-01"))
        .unwrap_err();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].reason, HoldReason::RetiredValue);
    assert_eq!((gaps[0].line, gaps[0].value.as_str()), (Some(1), "4400"));
    assert!(gaps[0].detail.contains("4450"), "{}", gaps[0]);
    // A controller approves the superseding value: it alone changes, and the approval stands in the lineage.
    let recorded = (&original.document, "v1");
    let date = "2027-07-01".parse().unwrap();
    let taken = crosswalk
        .translate_superseding(&reversal, recorded, date, "approval 3")
        .unwrap();
    let before = original.document.lines().unwrap();
    for (line, was) in taken.document.lines().unwrap().iter().zip(&before) {
        let mut wanted = was.coding.combination().unwrap().segments.clone();
        for segment in &mut wanted {
            if segment.as_str() == "4400" {
                *segment = Code::new("4450");
            }
        }
        assert_eq!(line.coding.combination().unwrap().segments, wanted);
    }
    let approved = taken.rules.iter();
    let approved = approved.filter(|used| used.by.rule == format!("{SUPERSEDED_RULE}approval 3"));
    let places: Vec<(u32, &str)> = approved
        .map(|used| (used.line, used.by.segment.as_str()))
        .collect();
    assert_eq!(places, [(1, "cost_center")]);
}

#[test]
fn a_reversal_takes_the_recorded_lines_in_any_order() {
    let crosswalk = crosswalk("golden");
    let original = crosswalk
        .translate(&accrual("2026-12-31", "", "D300"), Lineage::None)
        .unwrap();
    let turned = negated(&accrual("2027-01-01", "", "D300").document, |draft| {
        draft.lines.reverse();
        draft.lines[0].number = 1;
        draft.lines[1].number = 2;
    });
    let lineage = Lineage::Reverses {
        original: &original.document,
        version: "v1",
        on: "2027-01-01".parse().unwrap(),
    };
    let found = crosswalk.translate(&turned, lineage).unwrap();
    assert_eq!(segments(&found, 0), segments(&original, 1));
    // v2 would say 62150.
    assert_eq!(segments(&found, 1), "200-3300-62100-0000-000");
    assert_eq!(found.document.placement().unwrap().period, "Jan-27");
}

#[test]
fn a_reversal_that_does_not_mirror_is_held() {
    let crosswalk = crosswalk("golden");
    let source = accrual("2026-12-31", "", "D300");
    let original = crosswalk.translate(&source, Lineage::None).unwrap();
    let lineage = Lineage::Reverses {
        original: &original.document,
        version: "v1",
        on: "2027-01-01".parse().unwrap(),
    };
    let partial = negated(&source.document, |draft| {
        for line in &mut draft.lines {
            line.amount = line.amount.minus(line.amount).unwrap();
            line.functional = line.amount;
        }
    });
    let found = reasons(crosswalk.translate(&partial, lineage));
    assert_eq!(found, [HoldReason::ReversalMismatch; 2]);
    // The same sign is no reversal either.
    let found = reasons(crosswalk.translate(&source, lineage));
    assert_eq!(found, [HoldReason::ReversalMismatch; 2]);
    // Nor is one that leaves lines of the original standing.
    let wide = {
        let Document::JournalEntry(entry) = &source.document else {
            panic!("not an entry");
        };
        let mut draft = entry.draft().clone();
        let more = draft.lines.clone();
        draft.lines.extend(more);
        envelope(
            "W",
            Document::JournalEntry(JournalEntry::try_new(draft).unwrap()),
        )
    };
    let wide = crosswalk.translate(&wide, Lineage::None).unwrap();
    let lineage = Lineage::Reverses {
        original: &wide.document,
        version: "v1",
        on: "2027-01-01".parse().unwrap(),
    };
    let reversal = accrual("2027-01-01", "-", "D300");
    let gaps = crosswalk.translate(&reversal, lineage).unwrap_err();
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].detail.contains("2 lines"), "{}", gaps[0]);
    // A document that was never translated can't be mirrored.
    let lineage = Lineage::Reverses {
        original: &source.document,
        version: "v1",
        on: "2027-01-01".parse().unwrap(),
    };
    let found = reasons(crosswalk.translate(&reversal, lineage));
    assert_eq!(found, [HoldReason::ReversalMismatch; 3]);
}

#[test]
fn a_reversal_stays_in_the_books_of_the_original() {
    let crosswalk = crosswalk("golden");
    let source = accrual("2026-12-31", "", "D300");
    let original = crosswalk.translate(&source, Lineage::None).unwrap();
    let elsewhere = negated(&source.document, |draft| {
        draft.entity = tieout_model::EntityId::new("E100");
    });
    let lineage = Lineage::Reverses {
        original: &original.document,
        version: "v1",
        on: "2026-12-31".parse().unwrap(),
    };
    let gaps = crosswalk.translate(&elsewhere, lineage).unwrap_err();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].dimension, "entity");
}
