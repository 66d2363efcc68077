//! The scheduler's word: imports that still run, and the import that belongs to a file.

use serde_json::json;
use tieout_connector::{ItemOutcome, Target as _};
use tieout_model::FaultClass;

use crate::journals::{EMPTY, JOBS, OURS, READ, job};
use crate::sample::{STAMP, batch, euro_entry};
use crate::tenant::{Tenant, fixture};

/// Absence is a finding only if the scheduler's answer shows no old import of ours that may still bring the journal.
async fn check_absence(scheduler: &str, status: u16, is_finding: bool) {
    let tenant = Tenant::new();
    let batch = batch(vec![euro_entry(STAMP)]);
    tenant.answer(OURS, status, scheduler);
    tenant.answer(READ, 200, EMPTY);
    let found = tenant.fusion(|_| {}).find(&batch).await.unwrap();
    assert_eq!(found.len(), usize::from(is_finding), "{scheduler}");
    assert!(found.iter().all(|found| found.rows.is_empty()));
    let asked = tenant.requests(OURS)[0].uri().query().unwrap().to_owned();
    let user = "submitter%20eq%20%22integration.tieout%22%20and%20%28state%20eq%20%22WAIT%22%20or";
    assert!(asked.contains(user), "{asked}");
}

fn scheduled(job: &str, submitted: &str) -> String {
    let definition = format!("JobDefinition://oracle/apps/ess/financials/{job}");
    let row = json!({"requestId": 101, "jobDefinitionId": definition, "state": "RUNNING",
        "submissionTime": submitted});
    json!({"items": [row], "count": 1}).to_string()
}

#[tokio::test]
async fn an_absent_journal_is_no_finding_while_an_import_of_ours_still_runs() {
    // It is 2027-01-01T00:00Z at this tenant.
    let load = "commonModules/shared/common/interfaceLoader/InterfaceLoaderController";
    let import = "generalLedger/programs/common/JournalImportLauncher";
    let long_ago = "2026-12-31T23:40:00Z";
    check_absence(EMPTY, 200, true).await;
    check_absence(&scheduled(load, long_ago), 200, false).await;
    check_absence(
        &scheduled(import, "2026-12-31T23:40:00.000+00:00"),
        200,
        false,
    )
    .await;
    // A time that can't be read might be long ago.
    check_absence(&scheduled(load, "yesterday"), 200, false).await;
    check_absence(&scheduled(load, "2027-01-01T00:10:00Z"), 200, false).await;
    // What was sent just now says nothing of an answer lost long ago, and other jobs bring no journals.
    check_absence(&scheduled(load, "2026-12-31T23:58:00Z"), 200, true).await;
    let other = "generalLedger/programs/common/AutomaticPosting";
    check_absence(&scheduled(other, long_ago), 200, true).await;
    // A tenant without the service, and a user without the privilege.
    check_absence("", 404, true).await;
    check_absence("", 403, true).await;
}

#[tokio::test]
async fn a_scheduler_that_does_not_answer_proves_no_absence() {
    let tenant = Tenant::new();
    let batch = batch(vec![euro_entry(STAMP)]);
    for _ in 0..5 {
        tenant.answer(OURS, 503, "");
    }
    let fault = tenant.fusion(|_| {}).find(&batch).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Throttled);
}

#[tokio::test]
async fn a_configuration_without_states_does_not_ask_the_scheduler() {
    let tenant = Tenant::new();
    let batch = batch(vec![euro_entry(STAMP)]);
    tenant.answer(READ, 200, EMPTY);
    let fusion = tenant.fusion(|config| config.import.running_states.clear());
    assert!(fusion.find(&batch).await.unwrap()[0].rows.is_empty());
    assert!(tenant.requests(OURS).is_empty());
}

const AFTER: &str = "GET scheduler requests after a load";

#[tokio::test]
async fn an_import_apart_from_its_load_is_told_by_the_group_among_its_parameters() {
    let tenant = Tenant::new();
    let fusion = tenant.fusion(|_| {});
    let batch = batch(vec![euro_entry(STAMP)]);
    let parameters = "GET scheduler request parameters";
    for group in ["179876160000000006", "179876160000000007"] {
        let read = json!({"requestParameters": [
            {"name": "submit.argument1", "value": "300000046975980"},
            {"name": "submit.argument4", "value": group},
        ]});
        tenant.answer(parameters, 200, &read.to_string());
    }
    // The second poll reads no parameters again.
    for _ in 0..2 {
        tenant.answer(
            JOBS,
            200,
            fixture!("job/ended_without_import.response.json"),
        );
        tenant.answer("GET scheduler requests", 200, EMPTY);
        let load =
            json!({"items": [{"requestId": 101, "completedTime": "2027-01-01T00:00:00.000Z"}]});
        tenant.answer("GET scheduler request of a load", 200, &load.to_string());
        let request = |id: u32, name: &str| {
            let definition = format!("JobDefinition://oracle/apps/ess/financials/{name}");
            let submitted = format!("2027-01-01T00:00:0{}.000Z", id - 100);
            json!({"requestId": id, "jobDefinitionId": definition, "state": "RUNNING",
                "submissionTime": submitted})
        };
        let import = "generalLedger/programs/common/JournalImportLauncher";
        let others = [request(102, "payables/APXIIMPT"), request(103, import)];
        // The second page begins with the last row of the first.
        let ours = [request(103, import), request(104, import)];
        for page in [others, ours] {
            let page = json!({"items": page}).to_string();
            tenant.answer(AFTER, 200, &page);
        }
        tenant.answer("GET scheduler requests", 200, EMPTY);
        let outcome = fusion.poll(&job(), &batch).await.unwrap();
        assert_eq!(outcome.items[0].1, ItemOutcome::Pending);
    }
    let asked = tenant.requests(AFTER);
    let sinces = ["2026-12-31T23%3A55%3A00Z", "2027-01-01T00%3A00%3A03.000Z"];
    for (asked, since) in asked.iter().zip(sinces) {
        let asked = asked.uri().to_string();
        let term = format!("submissionTime%20ge%20%22{since}%22");
        assert!(asked.contains(&term), "{asked}");
    }
    let read = tenant.requests(parameters);
    let read: Vec<&str> = read.iter().map(|r| r.uri().path()).collect();
    let path = "/ess/rest/scheduler/v1/requests";
    assert_eq!(read, [format!("{path}/103"), format!("{path}/104")]);
    assert!(tenant.is_spent());
}
