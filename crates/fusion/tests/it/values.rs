//! Segment values read from the simulated tenant.

use std::collections::BTreeMap;

use crate::simulated::{open, table};

#[tokio::test]
async fn every_value_of_a_segment_is_read_page_by_page_with_its_dates() {
    let (fusion, _) = open(|config| config.page_limit = 7);
    let found = fusion.segment_values("TIEOUT_ACCOUNT").await.unwrap();
    let found: BTreeMap<String, (String, String, String)> = found
        .into_iter()
        .map(|value| {
            assert!(value.is_enabled, "{}", value.value);
            let date = |date: Option<tieout_model::AccountingDate>| {
                date.map(|date| date.to_string()).unwrap_or_default()
            };
            (
                value.value,
                (value.description, date(value.from), date(value.to)),
            )
        })
        .collect();
    let wanted: BTreeMap<String, (String, String, String)> = table("master/accounts_fusion.csv")
        .into_iter()
        .map(|row| {
            let cell = |name: &str| row[name].clone();
            (
                cell("account"),
                (cell("name"), cell("valid_from"), cell("valid_to")),
            )
        })
        .collect();
    assert!(wanted.len() > 14, "fewer than three pages");
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn a_value_set_that_is_not_there_has_no_values() {
    let (fusion, _) = open(|_| {});
    assert_eq!(fusion.segment_values("NO_SUCH_SET").await.unwrap(), []);
}
