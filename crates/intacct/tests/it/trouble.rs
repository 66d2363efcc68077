use tieout_model::{DocumentKind, FaultClass};
use tieout_twins::intacct::IntacctOptions;

use crate::company::{Trouble, all, documents, drain, golden};

/// Plays `trouble` once, at the `n`-th call of `operation`.
fn once(operation: &'static str, n: u32, trouble: Trouble) -> crate::company::Mishap {
    let mut seen = 0;
    Box::new(move |called| {
        if called != operation {
            return None;
        }
        seen += 1;
        (seen == n).then(|| trouble.clone())
    })
}

fn survives(operation: &'static str, n: u32, trouble: Trouble) {
    let (intacct, gateway) = golden(IntacctOptions::default(), |config| {
        config.bounds.page_size = 3;
    });
    *gateway.mishap.lock().unwrap() = Some(once(operation, n, trouble));
    let (captured, _) = drain(&intacct, &all(DocumentKind::SupplierInvoice), None, 3).unwrap();
    assert_eq!(documents(&captured).len(), 8);
}

#[test]
fn a_session_that_ends_between_two_pages_costs_one_login() {
    survives("query APBILL", 2, Trouble::Expired);
    survives("query APBILLITEM", 3, Trouble::Expired);
}

#[test]
fn a_web_page_instead_of_an_answer_is_waited_out() {
    let page = "<!DOCTYPE html><html><body>cf-error-details</body></html>";
    survives("query APBILL", 2, Trouble::Instead(502, page));
    survives("query APBILLITEM", 1, Trouble::Instead(200, page));
}

#[test]
fn a_cut_or_lost_answer_is_read_again() {
    survives("query APBILLITEM", 2, Trouble::Cut);
    survives("query APBILL", 1, Trouble::Cut);
    survives("query APBILL", 1, Trouble::Lost);
    survives("getAPISession", 9, Trouble::Lost);
}

#[test]
fn a_refusal_for_haste_is_waited_out() {
    let body = "<response><control><status>failure</status></control><errormessage><error><errorno>GW-0010</errorno><description>Too many</description></error></errormessage></response>";
    survives("query APBILL", 1, Trouble::Instead(429, body));
    survives("query LOCATIONENTITY", 1, Trouble::Instead(429, ""));
}

#[test]
fn trouble_that_does_not_pass_is_a_fault_and_nothing_is_lost() {
    let (intacct, gateway) = golden(IntacctOptions::default(), |_| {});
    let scope = all(DocumentKind::SupplierInvoice);
    *gateway.mishap.lock().unwrap() = Some(Box::new(|called| {
        (called == "query APBILLITEM").then_some(Trouble::Instead(503, ""))
    }));
    let fault = drain(&intacct, &scope, None, 1_000).unwrap_err();
    assert_eq!(fault.class, FaultClass::Unavailable);
    assert_eq!(*gateway.waits.lock().unwrap(), 5);
    *gateway.mishap.lock().unwrap() = None;
    let (captured, _) = drain(&intacct, &scope, None, 1_000).unwrap();
    assert_eq!(documents(&captured).len(), 8);
}

#[test]
fn a_missing_permission_names_the_object() {
    for object in ["APBILLITEM", "AUDITHISTORY"] {
        let options = IntacctOptions {
            denied_objects: vec![object.to_owned()],
            ..IntacctOptions::default()
        };
        let (intacct, _) = golden(options, |_| {});
        let scope = all(DocumentKind::SupplierInvoice);
        let fault = drain(&intacct, &scope, None, 1_000).unwrap_err();
        assert_eq!(fault.class, FaultClass::Unauthorised);
        assert!(fault.to_string().contains(object), "{fault}");
    }
}
