use std::collections::BTreeSet;
use std::sync::Arc;

use tieout_intacct::{Intacct, PlainRow};
use tieout_model::FaultClass;
use tieout_twins::intacct::IntacctOptions;

use crate::company::{Gateway, NOW_MS, Trouble, csv, golden, run};

const FIELDS: [&str; 3] = ["RECORDNO", "VENDORID", "NAME"];

/// Two rows a page.
fn company() -> (Intacct, Arc<Gateway>) {
    golden(IntacctOptions::default(), |config| {
        config.bounds.page_size = 2;
    })
}

fn vendors(intacct: &Intacct) -> Result<Vec<(String, String)>, tieout_connector::Fault> {
    let mut found = Vec::new();
    let mut each = |row: PlainRow<'_>| {
        found.push((row.value(1).to_owned(), row.value(2).to_owned()));
    };
    let count = run(intacct.rows("VENDOR", &FIELDS, &mut each))?;
    assert_eq!(usize::try_from(count).unwrap(), found.len());
    Ok(found)
}

#[test]
fn every_row_comes_once_with_the_fields_asked_for() {
    let found = vendors(&company().0).unwrap();
    let wanted: BTreeSet<(String, String)> = csv("master/vendors.csv")
        .into_iter()
        .map(|row| (row["id"].clone(), row["name"].clone()))
        .collect();
    assert_eq!(found.len(), wanted.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);
}

#[test]
fn no_rows_are_no_trouble() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    let fields = ["RECORDNO"];
    let count = run(intacct.rows("APADJUSTMENT", &fields, &mut |_| {}));
    let listed = csv("inputs/documents.csv").into_iter();
    let credits = listed.filter(|row| row["type"] == "ap_credit").count();
    assert_eq!(count.unwrap(), u64::try_from(credits).unwrap());
}

#[test]
fn a_page_that_was_lost_is_read_again() {
    let (intacct, gateway) = company();
    let mut calls = 0;
    *gateway.mishap.lock().unwrap() = Some(Box::new(move |called| {
        calls += u32::from(called == "query VENDOR");
        (called == "query VENDOR" && calls == 2).then_some(Trouble::Lost)
    }));
    let found = vendors(&intacct).unwrap();
    assert_eq!(found.len(), csv("master/vendors.csv").len());
}

#[test]
fn rows_that_go_while_they_are_read_are_never_passed_over_in_silence() {
    let (intacct, gateway) = company();
    let person = Arc::clone(&gateway);
    let mut calls = 0;
    *gateway.mishap.lock().unwrap() = Some(Box::new(move |called| {
        calls += u32::from(called == "query APBILL");
        if called == "query APBILL" && calls == 3 {
            let mut twin = person.twin.lock().unwrap();
            let bills = csv("inputs/documents.csv").into_iter();
            let bills = bills.filter(|row| row["type"] == "ap_bill");
            let mut ids = bills.map(|row| row["document_id"].clone());
            assert!(ids.any(|id| twin.delete_document(NOW_MS, &id).is_ok()));
        }
        None
    }));
    let mut each = |_: PlainRow<'_>| {};
    let fault = run(intacct.rows("APBILL", &["RECORDNO"], &mut each)).unwrap_err();
    assert_eq!(fault.class, FaultClass::Unavailable);
    assert!(fault.to_string().contains("read them again"), "{fault}");
    *gateway.mishap.lock().unwrap() = None;
    assert_eq!(run(intacct.rows("APBILL", &["RECORDNO"], &mut each)), Ok(7));
}

#[test]
fn an_object_nobody_has_is_a_fault() {
    let (intacct, _) = company();
    let fault = run(intacct.rows("NOSUCH", &FIELDS, &mut |_| {})).unwrap_err();
    assert_eq!(fault.class, FaultClass::Incompatible);
}
