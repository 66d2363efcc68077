//! Every reason to hold a document, one by one and all at once.

use serde_json::json;
use tieout_engine::crosswalk::{
    Crosswalk, Forbidden, HoldReason, Lineage, Test, Unmapped, Validity,
};
use tieout_model::{
    Code, Coding, Combination, Document, Envelope, InvoiceDraft, InvoiceLine, JournalDraft,
    Supplier, SupplierInvoice,
};

use crate::crosswalk_company::{
    amount, coding, crosswalk, draft, entry, entry_of, envelope, line, opened, reference, rules,
};

const AT: (&str, &str) = ("location", "E200");

fn gaps(crosswalk: &Crosswalk, document: &Envelope) -> Vec<Unmapped> {
    crosswalk.translate(document, Lineage::None).unwrap_err()
}

fn only(crosswalk: &Crosswalk, document: &Envelope) -> Unmapped {
    let mut found = gaps(crosswalk, document);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// A balanced entry whose first line is coded as given.
fn with_line(date: &str, first: Coding) -> Envelope {
    let bank = coding("1010", &[AT], "");
    entry(
        date,
        vec![line(1, "5.00", first, "USD"), line(2, "-5.00", bank, "USD")],
    )
}

fn plain(date: &str) -> Envelope {
    with_line(date, coding("6000", &[AT, ("department", "D100")], ""))
}

fn segments_of(crosswalk: &Crosswalk, document: &Envelope) -> String {
    let found = crosswalk.translate(document, Lineage::None).unwrap();
    found.document.lines().unwrap()[0]
        .coding
        .combination()
        .unwrap()
        .joined("-")
}

#[test]
fn a_value_without_row_is_held_and_says_who_must_act() {
    let crosswalk = crosswalk("golden");
    let premium = coding(
        "4000",
        &[AT, ("department", "D100"), ("item", "IT-PREM")],
        "",
    );
    let gap = only(&crosswalk, &with_line("2026-12-31", premium.clone()));
    assert_eq!(gap.reason, HoldReason::UnmappedValue);
    assert_eq!((gap.line, gap.dimension.as_str()), (Some(1), "item"));
    assert_eq!(
        gap.to_string(),
        "line 1, item IT-PREM: table item of version v1 has no row for it (rule PR-2, segment product) \
         [unmapped_value]. To do: the crosswalk owner adds the row to table item in a new signed version, \
         or the source document is corrected"
    );
    let found = segments_of(&crosswalk, &with_line("2027-01-01", premium));
    assert_eq!(found, "200-1100-41000-1030-000");
}

#[test]
fn lookups_are_exact_after_trim_and_unicode_form_only() {
    let mut version = rules("golden", "v1");
    version["lookups"]["item"]["IT-É"] = json!("1990");
    let crosswalk = opened(&[version], &reference("golden")).unwrap();
    let item = |item: &str| {
        let dimensions = [AT, ("department", "D100"), ("item", item)];
        with_line("2026-12-31", coding("4000", &dimensions, ""))
    };
    assert_eq!(
        segments_of(&crosswalk, &item(" IT-SUB ")),
        "200-1100-41000-1010-000"
    );
    assert_eq!(
        segments_of(&crosswalk, &item("IT-E\u{301}")),
        "200-1100-41000-1990-000"
    );
    assert_eq!(
        segments_of(&crosswalk, &item("")),
        "200-1100-41000-0000-000"
    );
    assert_eq!(only(&crosswalk, &item("it-sub")).value, "it-sub");
    assert_eq!(only(&crosswalk, &item("IT-E")).value, "IT-E");
}

#[test]
fn an_account_outside_the_chart_is_held() {
    let found = gaps(
        &crosswalk("golden"),
        &with_line("2026-12-31", coding("6999", &[AT], "")),
    );
    let reasons: Vec<_> = found
        .iter()
        .map(|gap| (gap.reason, gap.value.as_str()))
        .collect();
    assert_eq!(reasons, [(HoldReason::UnmappedValue, "6999"); 2]);
}

#[test]
fn an_undeclared_dimension_is_held_not_dropped() {
    let strange = coding("6000", &[AT, ("warehouse", "WH-1")], "");
    let gap = only(&crosswalk("golden"), &with_line("2026-12-31", strange));
    assert_eq!(gap.reason, HoldReason::UnmappedValue);
    assert_eq!(
        (gap.dimension.as_str(), gap.value.as_str()),
        ("warehouse", "WH-1")
    );
}

#[test]
fn a_segment_no_rule_decides_is_held() {
    let mut version = rules("golden", "v1");
    let rules = version["rules"].as_array_mut().unwrap();
    rules.retain(|rule| rule["id"] != "CC-2");
    version["dropped"] = json!(["department"]);
    let crosswalk = opened(&[version], &reference("golden")).unwrap();
    let gap = only(&crosswalk, &plain("2026-12-31"));
    assert_eq!(gap.reason, HoldReason::UnmappedValue);
    assert_eq!(gap.dimension, "cost_center");
}

#[test]
fn a_disabled_value_is_held_from_its_date_on() {
    let mut version = rules("golden", "v2");
    version["retired"][0]["value"] = json!("1100");
    version["retired"][0]["disabled_from"] = json!("2027-01-15");
    let crosswalk = opened(&[version], &reference("golden")).unwrap();
    assert!(
        crosswalk
            .translate(&plain("2027-01-14"), Lineage::None)
            .is_ok()
    );
    let gap = only(&crosswalk, &plain("2027-01-15"));
    assert_eq!(
        (gap.reason, gap.value.as_str()),
        (HoldReason::RetiredValue, "1100")
    );
}

#[test]
fn a_date_without_version_is_held() {
    let v2 = [rules("golden", "v2")];
    let crosswalk = opened(&v2, &reference("golden")).unwrap();
    let gap = only(&crosswalk, &plain("2026-12-31"));
    assert_eq!(gap.reason, HoldReason::NoVersionForDate);
    assert_eq!(gap.value, "2026-12-31");
}

#[test]
fn combinations_and_values_the_target_refuses_are_held() {
    let mut data = reference("golden");
    let set = |value: &str| Test::OneOf([value.to_owned()].into());
    data.forbidden.push(Forbidden {
        id: "CVR-7".into(),
        when: vec![
            ("account".into(), set("60100")),
            ("cost_center".into(), set("1100")),
        ],
    });
    let versions = [rules("golden", "v1"), rules("golden", "v2")];
    let crosswalk = opened(&versions, &data).unwrap();
    let gap = only(&crosswalk, &plain("2026-12-31"));
    assert_eq!(gap.reason, HoldReason::InvalidCombination);
    assert!(gap.detail.contains("CVR-7"));
    let other = with_line(
        "2026-12-31",
        coding("6000", &[AT, ("department", "D200")], ""),
    );
    assert!(crosswalk.translate(&other, Lineage::None).is_ok());

    let mut data = reference("golden");
    let until = Validity {
        from: None,
        to: Some("2026-12-30".parse().unwrap()),
    };
    let companies = ["100", "300", "400", "500", "900"];
    let companies = companies.map(|code| (code.to_owned(), Validity::default()));
    data.segment_values
        .insert("company".into(), companies.into());
    let crosswalk = opened(&versions, &data).unwrap();
    let found = gaps(&crosswalk, &plain("2026-12-30"));
    assert_eq!(found[0].reason, HoldReason::InvalidCombination);
    let companies = data.segment_values.get_mut("company").unwrap();
    companies.insert("200".into(), until);
    let crosswalk = opened(&versions, &data).unwrap();
    assert!(
        crosswalk
            .translate(&plain("2026-12-30"), Lineage::None)
            .is_ok()
    );
    let found = gaps(&crosswalk, &plain("2026-12-31"));
    assert_eq!(found[0].reason, HoldReason::RetiredValue);
}

#[test]
fn two_rules_that_both_apply_hold_what_the_files_could_not_exclude() {
    let mut version = rules("golden", "v1");
    let rules = version["rules"].as_array_mut().unwrap();
    // Account 6999 is outside the chart, so no account of the chart can meet both.
    for id in ["AC-3", "AC-4"] {
        rules.push(json!({"id": id, "priority": 30, "segment": "account",
            "when": [["account", "eq", "6999"]], "value": "69990"}));
    }
    let crosswalk = opened(&[version], &reference("golden")).unwrap();
    let strange = with_line("2026-12-31", coding("6999", &[AT], ""));
    let found = gaps(&crosswalk, &strange);
    assert!(
        found
            .iter()
            .any(|gap| gap.reason == HoldReason::AmbiguousRule)
    );
}

#[test]
fn an_inter_entity_line_needs_a_known_other_entity() {
    let crosswalk = crosswalk("golden");
    let to = |affiliate| with_line("2026-12-31", coding("1700", &[AT], affiliate));
    assert_eq!(
        only(&crosswalk, &to("")).reason,
        HoldReason::MissingAffiliate
    );
    let gap = only(&crosswalk, &to("E777"));
    assert_eq!(
        (gap.reason, gap.value.as_str()),
        (HoldReason::UnknownEntity, "E777")
    );
    assert_eq!(
        segments_of(&crosswalk, &to("E300")),
        "200-0000-17000-0000-300"
    );
}

#[test]
fn a_blank_required_dimension_is_held() {
    let crosswalk = crosswalk("golden");
    let gap = only(
        &crosswalk,
        &with_line("2026-12-31", coding("6000", &[], "")),
    );
    assert_eq!(gap.reason, HoldReason::BlankRequiredDimension);
    assert_eq!(gap.dimension, "location");
    let blank = coding("6000", &[("location", "  ")], "");
    let gap = only(&crosswalk, &with_line("2026-12-31", blank));
    assert_eq!(gap.reason, HoldReason::BlankRequiredDimension);
}

#[test]
fn entity_currency_and_period_must_be_known() {
    let crosswalk = crosswalk("golden");
    let of = |entity: &str, currency: &str, date: &str| {
        let at = [("location", "E200")];
        entry_of(JournalDraft {
            lines: vec![
                line(1, "5.00", coding("6000", &at, ""), currency),
                line(2, "-5.00", coding("1010", &at, ""), currency),
            ],
            ..draft(entity, currency.parse().unwrap(), date)
        })
    };
    let gap = only(&crosswalk, &of("E777", "USD", "2026-12-31"));
    assert_eq!(gap.reason, HoldReason::UnknownEntity);
    let gap = only(&crosswalk, &of("E200", "EUR", "2026-12-31"));
    assert_eq!(gap.reason, HoldReason::CurrencyMismatch);
    let gap = only(&crosswalk, &of("E200", "USD", "2031-01-01"));
    assert_eq!(gap.reason, HoldReason::NoPeriod);
    let mut adjusting = draft("E200", "USD".parse().unwrap(), "2026-12-30");
    adjusting.is_adjusting = true;
    adjusting.lines = vec![line(1, "0.00", coding("6000", &[AT], ""), "USD")];
    let gap = only(&crosswalk, &entry_of(adjusting.clone()));
    assert_eq!(gap.reason, HoldReason::NoPeriod);
    adjusting.accounting_date = "2026-12-31".parse().unwrap();
    let found = crosswalk
        .translate(&entry_of(adjusting), Lineage::None)
        .unwrap();
    assert_eq!(found.document.placement().unwrap().period, "Adj-26");
}

fn bill(entity: &str, supplier: &str) -> Envelope {
    let at = [("location", entity), ("department", "D100")];
    let draft = InvoiceDraft {
        is_credit: false,
        entity: tieout_model::EntityId::new(entity),
        functional_currency: "USD".parse().unwrap(),
        supplier: Code::new(supplier),
        number: "B-1".into(),
        reference: String::new(),
        document_date: "2026-12-31".parse().unwrap(),
        accounting_date: "2026-12-31".parse().unwrap(),
        due_date: None,
        currency: "USD".parse().unwrap(),
        rate: None,
        description: String::new(),
        control: coding("2000", &at, ""),
        placement: None,
        lines: vec![InvoiceLine {
            number: 1,
            coding: coding("6000", &at, ""),
            amount: amount("9.99"),
            functional: amount("9.99"),
            memo: String::new(),
        }],
    };
    let invoice = SupplierInvoice::try_new(draft).unwrap();
    envelope("B-1", Document::SupplierInvoice(invoice))
}

#[test]
fn a_bill_needs_a_known_supplier_and_a_business_unit() {
    let crosswalk = crosswalk("golden");
    let found = crosswalk
        .translate(&bill("E200", "VE-01"), Lineage::None)
        .unwrap();
    let Document::SupplierInvoice(invoice) = found.document else {
        panic!("no bill any more");
    };
    assert_eq!(invoice.draft().supplier, Code::new("FS-2001"));
    let control = invoice.draft().control.combination().unwrap();
    assert_eq!(control.joined("-"), "200-0000-20000-0000-000");
    let gap = only(&crosswalk, &bill("E200", "VE-99"));
    assert_eq!(
        (gap.reason, gap.value.as_str()),
        (HoldReason::UnmappedParty, "VE-99")
    );
    let found = gaps(&crosswalk, &bill("E900", "VE-01"));
    let parts: Vec<&str> = found.iter().map(|gap| gap.dimension.as_str()).collect();
    assert_eq!(parts, ["legal entity", "business unit"]);
}

#[test]
fn a_supplier_travels_under_its_number_over_there() {
    let crosswalk = crosswalk("golden");
    let supplier = |code: &str| {
        let supplier = Supplier {
            code: Code::new(code),
            name: "Papercrane".into(),
            currency: None,
            is_active: true,
        };
        envelope(code, Document::Supplier(supplier))
    };
    let found = crosswalk
        .translate(&supplier("VE-01"), Lineage::None)
        .unwrap();
    assert!(matches!(found.document, Document::Supplier(s) if s.code.as_str() == "FS-2001"));
    assert_eq!(
        only(&crosswalk, &supplier("VE-99")).reason,
        HoldReason::UnmappedParty
    );
}

#[test]
fn a_document_in_segments_is_not_translated_again() {
    let segmented = Coding::Segmented(Combination::default());
    let gap = only(&crosswalk("golden"), &with_line("2026-12-31", segmented));
    assert_eq!((gap.reason, gap.line), (HoldReason::Malformed, Some(1)));
}

#[test]
fn every_gap_of_a_document_is_named_at_once() {
    let crosswalk = crosswalk("golden");
    let lines = vec![
        line(
            1,
            "1.00",
            coding("4000", &[AT, ("item", "IT-NEW")], ""),
            "EUR",
        ),
        line(
            2,
            "1.00",
            coding("6000", &[("department", "D999")], ""),
            "EUR",
        ),
        line(3, "1.00", coding("1700", &[AT], ""), "EUR"),
        line(4, "-3.00", coding("2700", &[AT], "E777"), "EUR"),
    ];
    let document = entry_of(JournalDraft {
        lines,
        ..draft("E200", "EUR".parse().unwrap(), "2026-02-28")
    });
    let found = gaps(&crosswalk, &document);
    let told: Vec<_> = found
        .iter()
        .map(|gap| (gap.line, gap.reason, gap.dimension.as_str()))
        .collect();
    let wanted = [
        (None, HoldReason::NoPeriod, "accounting date"),
        (None, HoldReason::CurrencyMismatch, "functional currency"),
        (Some(1), HoldReason::UnmappedValue, "item"),
        (Some(2), HoldReason::BlankRequiredDimension, "location"),
        (Some(2), HoldReason::UnmappedValue, "department"),
        (Some(3), HoldReason::MissingAffiliate, "affiliate"),
        (Some(4), HoldReason::UnknownEntity, "affiliate"),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn words_of_reasons_can_be_read_back() {
    for reason in HoldReason::ALL {
        assert_eq!(HoldReason::of_word(reason.word()), Some(reason));
    }
}
