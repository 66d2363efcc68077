//! Journal entries: the file that is imported, and what becomes of each document in it.

use std::io::{Cursor, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tieout_connector::{Batch, ItemOutcome, Target as _, TransportFailure};
use tieout_model::JobRef;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::sample::{OTHER_STAMP, STAMP, batch, entry, euro_entry};
use crate::tenant::{Tenant, fixture};

const POST: &str = "POST erpintegrations";
pub(crate) const JOBS: &str = "GET erpintegrations";
pub(crate) const READ: &str = "GET journalBatches";
pub(crate) const OURS: &str = "GET scheduler requests of ours";
const LEDGERS: &str = "GET ledgersLOV";
pub(crate) const EMPTY: &str =
    r#"{"items":[],"count":0,"hasMore":false,"limit":499,"offset":0,"links":[]}"#;

fn tenant() -> Arc<Tenant> {
    let tenant = Tenant::new();
    tenant.answer(LEDGERS, 200, fixture!("setup/ledgers.response.json"));
    tenant
}

async fn posted(batch: &Batch) -> (Value, Vec<Vec<String>>, String) {
    let tenant = tenant();
    tenant.answer(POST, 201, fixture!("job/accepted.response.json"));
    let outcome = tenant.fusion(|_| {}).post(batch).await.unwrap();
    let accepted = |(_, outcome): &_| matches!(outcome, ItemOutcome::Accepted(_));
    assert!(outcome.items.iter().all(accepted), "{outcome:?}");
    let body: Value = serde_json::from_slice(tenant.requests(POST)[0].body()).unwrap();
    let zip = STANDARD
        .decode(body["DocumentContent"].as_str().unwrap())
        .unwrap();
    let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut file = archive.by_name("GlInterface.csv").unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect());
    (body, rows.collect(), text)
}

/// Non-empty cells of a row by their position.
fn cells(row: &[String]) -> Vec<(usize, &str)> {
    let cells = row
        .iter()
        .enumerate()
        .map(|(i, cell)| (i + 1, cell.as_str()));
    cells.filter(|(_, cell)| !cell.is_empty()).collect()
}

#[tokio::test]
async fn a_journal_in_one_foreign_currency_keeps_it_with_both_amounts() {
    let (body, rows, text) = posted(&batch(vec![euro_entry(STAMP)])).await;
    assert_eq!(text, fixture!("journal_entry/foreign_currency.request.csv"));
    assert!(rows.iter().all(|row| row.len() == 150 && row[149] == "END"));
    let row = cells(&rows[1]);
    let expected = [
        (1, "NEW"),
        (3, "2026/12/31"),
        (4, "Sage Intacct"),
        (5, "Intacct Journal"),
        (6, "EUR"),
        (7, "2027/01/01"),
        (8, "A"),
        (9, "100"),
        (10, "0000"),
        (11, "10100"),
        (12, "000"),
        (13, "000"),
        (40, "100.00"),
        (42, "109.40"),
        (43, STAMP),
        (44, "Accrual, \"rent\" December"),
        (46, "TIEOUT-0123456789ABCDEF012 JE-9"),
        (47, "Accrual, \"rent\" December"),
        (48, STAMP),
        (52, "'=SUM(A1)"),
        (53, "JE-9"),
        (54, "2"),
        (55, "EUR"),
        (56, "-100.00"),
        (57, "1.094000"),
        (58, "v1"),
        (64, "User"),
        (65, "2026/12/31"),
        (66, "1.0940"),
        (67, "179876160000000007"),
        (92, "WMB_US_USD"),
        (95, "Dec-26"),
        (150, "END"),
    ];
    assert_eq!(row, expected);
    assert_eq!(body["OperationName"], "importBulkData");
    assert_eq!(
        body["ParameterList"],
        "WMB_US_USD,Sage Intacct,300000046975971,179876160000000007,N,N,O"
    );
}

#[tokio::test]
async fn mixed_currencies_are_entered_in_the_ledger_currency() {
    let lines = [
        (
            "100-1200-60100-000-000",
            "EUR",
            "100.00",
            "109.40",
            "1.0940",
        ),
        ("100-0000-10100-000-000", "USD", "-109.40", "-109.40", ""),
    ];
    let (_, rows, text) = posted(&batch(vec![entry(STAMP, "JE-9", &lines)])).await;
    assert_eq!(text, fixture!("journal_entry/mixed_currency.request.csv"));
    let at = |row: usize, position: usize| rows[row][position - 1].as_str();
    assert_eq!(
        (at(0, 6), at(0, 39), at(0, 41)),
        ("USD", "109.40", "109.40")
    );
    assert_eq!(
        (at(0, 55), at(0, 56), at(0, 57)),
        ("EUR", "100.00", "1.0940")
    );
    assert_eq!((at(0, 64), at(0, 66)), ("", ""));
    assert_eq!((at(1, 40), at(1, 42), at(1, 39)), ("109.40", "109.40", ""));
}

#[tokio::test]
async fn quantities_go_in_stat() {
    let lines = [("100-1200-91000-000-000", "STAT", "12.5", "12.5", "")];
    let (_, rows, _) = posted(&batch(vec![entry(STAMP, "JE-9", &lines)])).await;
    assert_eq!(
        (
            rows[0][5].as_str(),
            rows[0][4].as_str(),
            rows[0][38].as_str()
        ),
        ("STAT", "Intacct Statistical", "12.5")
    );
}

#[tokio::test]
async fn a_document_that_cannot_be_sent_leaves_the_file_to_the_others() {
    let bad = entry(
        OTHER_STAMP,
        "JE-8",
        &[
            ("100-1200-60100-000", "USD", "1", "1", ""),
            ("100-0000-10100-000", "USD", "-1", "-1", ""),
        ],
    );
    let tenant = tenant();
    tenant.answer(POST, 201, fixture!("job/accepted.response.json"));
    let batch = batch(vec![bad, euro_entry(STAMP)]);
    let outcome = tenant.fusion(|_| {}).post(&batch).await.unwrap();
    let ItemOutcome::Rejected(rejection) = &outcome.items[0].1 else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (
            rejection.place.as_str(),
            rejection.message.contains("4 segments")
        ),
        ("line 1", true)
    );
    let job = JobRef("journals:101:179876160000000007:WMB_US_USD".to_owned());
    assert_eq!(outcome.items[1].1, ItemOutcome::Accepted(job));
}

#[tokio::test]
async fn a_lost_answer_leaves_every_document_of_the_file_unknown() {
    let tenant = tenant();
    let fusion = tenant.fusion(|_| {});
    let batch = batch(vec![euro_entry(STAMP), euro_entry(OTHER_STAMP)]);
    let lost = TransportFailure::NoAnswer("timed out".to_owned());
    let nameless = crate::tenant::response(201, r#"{"ReqstId":null}"#);
    for answer in [Err(lost), Ok(nameless)] {
        tenant.push(POST, answer);
        let outcome = fusion.post(&batch).await.unwrap();
        let is_unknown = |(_, o): &(_, _)| matches!(o, ItemOutcome::Unknown(_));
        assert_eq!(
            outcome.items.iter().filter(|o| is_unknown(o)).count(),
            2,
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn after_a_lost_answer_absence_is_no_finding_until_the_import_must_have_settled() {
    let tenant = tenant();
    let fusion = tenant.fusion(|_| {});
    let batch = batch(vec![euro_entry(STAMP)]);
    tenant.answer(POST, 504, "<html/>");
    fusion.post(&batch).await.unwrap();
    tenant.answer(OURS, 200, EMPTY);
    tenant.answer(READ, 200, EMPTY);
    assert_eq!(fusion.find(&batch).await.unwrap(), []);
    tenant.now_ms.fetch_add(60_000, Ordering::Relaxed);
    tenant.answer(OURS, 200, EMPTY);
    tenant.answer(READ, 200, EMPTY);
    assert!(fusion.find(&batch).await.unwrap()[0].rows.is_empty());
}

pub(crate) fn job() -> JobRef {
    JobRef("journals:101:179876160000000007:WMB_US_USD".to_owned())
}

fn output_of(report: &str) -> String {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("104.log", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(report.as_bytes()).unwrap();
    let zip = writer.finish().unwrap().into_inner();
    json!({"items":[{"DocumentContent": STANDARD.encode(zip)}],"count":1,"hasMore":false})
        .to_string()
}

#[tokio::test]
async fn a_running_import_is_pending() {
    let tenant = tenant();
    tenant.answer(JOBS, 200, fixture!("job/running.response.json"));
    let outcome = tenant
        .fusion(|_| {})
        .poll(&job(), &batch(vec![euro_entry(STAMP)]))
        .await
        .unwrap();
    assert_eq!(outcome.items[0].1, ItemOutcome::Pending);
}

#[tokio::test]
async fn an_ended_import_settles_each_document_by_its_rows_or_its_report() {
    let tenant = tenant();
    tenant.answer(JOBS, 200, fixture!("job/ended.response.json"));
    tenant.answer(READ, 200, fixture!("journal_entry/read_back.response.json"));
    let third = "TIEOUT-EEEEEEEEEEEEEEEEEEE";
    let report =
        format!("{OTHER_STAMP} JE-9 line 1: EP01 period is not open\n\nLegend\nEF04 flexfield");
    tenant.answer(JOBS, 200, &output_of(&report));
    tenant.answer(JOBS, 200, EMPTY);
    let batch = batch(vec![
        euro_entry(STAMP),
        euro_entry(OTHER_STAMP),
        euro_entry(third),
    ]);
    let outcome = tenant.fusion(|_| {}).poll(&job(), &batch).await.unwrap();
    let ItemOutcome::Posted(row) = &outcome.items[0].1 else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (row.total_debit.to_string().as_str(), row.currency.code()),
        ("109.40", "USD")
    );
    assert_eq!(
        (row.reference.as_str(), row.is_accounted),
        ("300000303741093", true)
    );
    let ItemOutcome::Rejected(rejection) = &outcome.items[1].1 else {
        panic!("{outcome:?}");
    };
    assert_eq!(rejection.code, "EP01");
    assert_eq!(outcome.items[2].1, ItemOutcome::Absent);
}

#[tokio::test]
async fn success_of_the_loader_without_an_import_is_no_end_until_the_grace_is_over() {
    let tenant = tenant();
    let scheduler = "GET scheduler requests";
    tenant.answer(
        JOBS,
        200,
        fixture!("job/ended_without_import.response.json"),
    );
    tenant.answer(scheduler, 404, "");
    tenant.answer("GET scheduler request of a load", 404, "");
    let batch = batch(vec![euro_entry(STAMP)]);
    let fusion = tenant.fusion(|_| {});
    let outcome = fusion.poll(&job(), &batch).await.unwrap();
    assert_eq!(outcome.items[0].1, ItemOutcome::Pending);

    tenant.now_ms.fetch_add(16 * 60 * 1000, Ordering::Relaxed);
    tenant.answer(
        JOBS,
        200,
        fixture!("job/ended_without_import.response.json"),
    );
    tenant.answer(scheduler, 404, "");
    tenant.answer("GET scheduler request of a load", 404, "");
    tenant.answer(READ, 200, EMPTY);
    tenant.answer(JOBS, 200, EMPTY);
    let outcome = fusion.poll(&job(), &batch).await.unwrap();
    assert_eq!(outcome.items[0].1, ItemOutcome::Absent);
}

#[tokio::test]
async fn the_batch_of_a_correction_is_not_that_of_the_document() {
    let tenant = tenant();
    tenant.answer(OURS, 200, EMPTY);
    tenant.answer(READ, 200, fixture!("journal_entry/read_back.response.json"));
    let correction = format!("{STAMP}-1");
    let batch = batch(vec![euro_entry(STAMP), euro_entry(&correction)]);
    let found = tenant.fusion(|_| {}).find(&batch).await.unwrap();
    let references: Vec<_> = found
        .iter()
        .map(|f| {
            f.rows
                .iter()
                .map(|r| r.reference.as_str())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(references, [["300000303741093"], ["300000303741094"]]);
}
