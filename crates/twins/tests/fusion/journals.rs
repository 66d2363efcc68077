//! File-based import of journals: the loader, rejections, names, re-imports, job trees, posting.

use serde_json::{Value, json};
use tieout_twins::fusion::FusionOptions;

use crate::desk::{Desk, Gl, balance, bulk, file, zipped};

const LEDGER: &str = "WMB_US_USD";
const CASH: &str = "200-0000-10100-0000-000";
const COST: &str = "200-1100-60300-0000-000";

fn row(combination: &str) -> Gl {
    Gl::new(LEDGER, "2026/12/15", combination, "77")
}

fn pair(amount: &str) -> Vec<Gl> {
    vec![row(COST).debit(amount), row(CASH).credit(amount)]
}

fn import(desk: &mut Desk, rows: &[Gl]) -> (Vec<String>, String) {
    let id = desk.import(&file(rows), LEDGER, "77");
    let statuses = desk.tree(&id).into_iter().map(|(_, s)| s).collect();
    (statuses, desk.logs(&id))
}

#[test]
fn a_good_file_becomes_a_posted_batch() {
    let mut desk = Desk::new();
    let rows: Vec<Gl> = pair("10.25")
        .into_iter()
        .map(|r| {
            r.set(44, "Batch words")
                .set(47, "Journal words")
                .set(48, "REF-1")
                .set(52, "Line words")
                .set(53, "DOC-1")
                .set(68, "INTACCT")
                .set(69, "PJ-01")
        })
        .collect();
    let id = desk.import(&file(&rows), LEDGER, "77");
    let names: Vec<String> = desk.tree(&id).into_iter().map(|(n, _)| n).collect();
    assert_eq!(
        names,
        [
            "Load Interface File for Import",
            "Load File to Interface",
            "Import Journals",
            "Import Journals: Child"
        ]
    );
    let found = desk.get("journalBatches?q=BatchName LIKE 'SYNC-1%25'&expand=journalHeaders.journalLines.journalLinesDFF").items();
    assert_eq!(found.len(), 1);
    let batch = &found[0];
    assert_eq!(
        (batch["Status"].clone(), batch["StatusMeaning"].clone()),
        (json!("P"), json!("Posted"))
    );
    let name = batch["BatchName"].as_str().unwrap();
    assert!(
        name.starts_with("SYNC-1 Sage Intacct ") && name.ends_with(" A 77"),
        "{name}"
    );
    assert_eq!(batch["RunningTotalDr"].to_string(), "10.25");
    let header = &batch["journalHeaders"]["items"][0];
    assert_eq!(header["JournalName"], "J1 Intacct Journal USD");
    assert_eq!(header["ExternalReference"], "REF-1");
    assert_eq!(header["PeriodName"], "Dec-26");
    let line = &header["journalLines"]["items"][0];
    assert_eq!(
        (
            line["AccountCombination"].clone(),
            line["EnteredDr"].to_string()
        ),
        (json!(COST), "10.25".to_owned())
    );
    assert_eq!(line["EnteredCr"], Value::Null);
    assert_eq!(line["journalLinesDFF"]["items"][0]["attribute1"], "PJ-01");
    assert_eq!(balance(&desk, "P12-2026", CASH).as_deref(), Some("-10.25"));
    for (question, found) in [
        ("q=BatchName='SYNC-1'", 0),
        ("q=journalHeaders.ExternalReference='REF-1'", 1),
        ("finder=JournalsFinder;AccountingPeriod=Dec-26", 1),
        ("finder=JournalsFinder;AccountingPeriod=Jan-27", 0),
    ] {
        let items = desk.get(&format!("journalBatches?{question}")).items();
        assert_eq!(items.len(), found, "{question}");
    }
}

#[test]
fn the_loader_takes_all_or_nothing() {
    let mut desk = Desk::new();
    let short = file(&pair("1.00"))
        .lines()
        .map(|l| l.rsplit_once(',').unwrap().0.to_owned() + "\n")
        .collect::<String>();
    let ended = file(&pair("1.00"))
        .lines()
        .map(|l| format!("{l},END\n"))
        .collect::<String>();
    let wrong = |column: usize, text: &str| {
        let mut rows = pair("1.00");
        rows[1] = rows[1].clone().set(column, text);
        file(&rows)
    };
    let cases = [
        (short, "148 were found"),
        (ended.replace("END", "STOP"), "150 were found"),
        (wrong(7, ""), "DATE_CREATED"),
        (wrong(3, ""), "ACCOUNTING_DATE"),
        (wrong(3, "2026-12-15"), "YYYY/MM/DD"),
        (wrong(39, "1,5"), "invalid number"),
        (wrong(67, "G77"), "invalid number"),
        (wrong(4, &"x".repeat(26)), "value too large"),
        (String::new(), "no rows"),
    ];
    for (csv, words) in cases {
        let id = desk.import(&csv, LEDGER, "77");
        let tree = desk.tree(&id);
        assert_eq!(tree[0].1, "ERROR", "{words}");
        assert_eq!(tree.len(), 2, "no import may follow: {tree:?}");
        assert!(
            desk.logs(&id).contains(words),
            "{words}: {}",
            desk.logs(&id)
        );
    }
    assert_eq!(desk.get("journalBatches").items().len(), 0);
    let id = desk.import(&ended, LEDGER, "77");
    assert_eq!(desk.tree(&id)[0].1, "SUCCEEDED");
    assert_eq!(desk.get("journalBatches").items().len(), 1);
}

#[test]
fn a_wrong_archive_is_an_error_of_the_load() {
    let mut desk = Desk::new();
    let mut body = bulk("", "a");
    body["DocumentContent"] = json!(zipped("Journals.csv", "x"));
    let id = desk.post("erpintegrations", &body).json()["ReqstId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(desk.tree(&id)[0].1, "ERROR");
    assert!(desk.logs(&id).contains("exactly GlInterface.csv"));
}

/// Rows that do not fit the chart, the calendar or each other, with the words of their rejection.
fn wrong_places() -> Vec<(&'static str, Vec<Gl>)> {
    vec![
        (
            "EF04 FLEX-VALUE DOES NOT EXIST (SEGMENT=account) (VALUESET=TIEOUT_ACCOUNT) (VALUE=99999)",
            vec![
                row("200-1100-99999-0000-000").debit("1"),
                row(CASH).credit("1"),
            ],
        ),
        (
            "EF04 5 SEGMENTS EXPECTED, 4 FOUND",
            vec![row("200-1100-60300-0000").debit("1"), row(CASH).credit("1")],
        ),
        (
            "EF04 BALANCING SEGMENT VALUE 300",
            vec![
                row("300-1100-60300-0000-000").debit("1"),
                row("300-0000-10100-0000-000").credit("1"),
            ],
        ),
        (
            "EP01",
            vec![
                row(COST).set(3, "2031/01/01").debit("1"),
                row(CASH).set(3, "2031/01/01").credit("1"),
            ],
        ),
        (
            "EP01",
            vec![
                row(COST).set(95, "Jan-27").debit("1"),
                row(CASH).credit("1"),
            ],
        ),
        ("EU02", vec![row(COST).debit("1"), row(CASH).credit("1.01")]),
        (
            "EU02",
            vec![
                row(COST).debit("1"),
                row("100-0000-10100-0000-000").credit("1"),
            ],
        ),
    ]
}

/// Rows whose currency, rate or amount does not fit.
fn wrong_conversions() -> Vec<(&'static str, Vec<Gl>)> {
    vec![
        (
            "EC08",
            vec![row(COST).set(6, "XXQ").debit("1"), row(CASH).credit("1")],
        ),
        (
            "EC01",
            vec![
                row(COST).set(6, "EUR").set(64, "User").debit("1"),
                row(CASH).credit("1"),
            ],
        ),
        (
            "EC03",
            vec![row(COST).set(6, "EUR").debit("1"), row(CASH).credit("1")],
        ),
        (
            "EC06",
            vec![
                row(COST)
                    .set(6, "EUR")
                    .set(64, "Corporate")
                    .set(65, "2019/01/01")
                    .debit("1"),
                row(CASH).credit("1"),
            ],
        ),
        (
            "EC11",
            vec![
                row(COST).set(6, "EUR").set(64, "Moon").debit("1"),
                row(CASH).credit("1"),
            ],
        ),
        (
            "EC12",
            vec![row(COST).debit("1").set(41, "2"), row(CASH).credit("1")],
        ),
        (
            "EC13",
            vec![row(COST).debit("1.001"), row(CASH).credit("1.001")],
        ),
    ]
}

/// Rows that name what is not there, or nothing.
fn wrong_names() -> Vec<(&'static str, Vec<Gl>)> {
    vec![
        (
            "EM01 INVALID JOURNAL CATEGORY",
            vec![row(COST).set(5, "Nope").debit("1"), row(CASH).credit("1")],
        ),
        (
            "EM01 INVALID LEDGER",
            vec![
                row(COST).set(92, "Nowhere").debit("1"),
                row(CASH).credit("1"),
            ],
        ),
        ("EM01 NO AMOUNT", vec![row(COST), row(CASH).credit("1")]),
    ]
}

#[test]
fn every_rejection_has_its_code_and_blocks_its_group_only() {
    let cases = [wrong_places(), wrong_conversions(), wrong_names()].concat();
    for (code, bad) in cases {
        let mut desk = Desk::new();
        let mut rows = pair("5.00");
        rows.extend(bad.into_iter().map(|r| r.set(43, "BAD")));
        let (statuses, log) = import(&mut desk, &rows);
        assert_eq!(
            statuses,
            ["SUCCEEDED", "SUCCEEDED", "WARNING", "WARNING"],
            "{code}\n{log}"
        );
        assert!(log.contains(code), "{code}\n{log}");
        let batches = desk.get("journalBatches").items();
        assert_eq!(batches.len(), 1, "{code}");
        assert!(
            batches[0]["BatchName"]
                .as_str()
                .unwrap()
                .starts_with("SYNC-1")
        );
        assert_eq!(
            balance(&desk, "P12-2026", CASH).as_deref(),
            Some("-5.00"),
            "{code}"
        );
    }
}

#[test]
fn disabled_and_expired_values_have_codes_of_their_own() {
    for (patch, code) in [
        (json!({"EnabledFlag": "N"}), "EF03"),
        (json!({"EndDateActive": "2026-12-01"}), "EF01"),
    ] {
        let mut desk = Desk::new();
        let value = desk
            .get("valueSets/TIEOUT_COST_CENTER/child/values?q=Value='1100'")
            .items()[0]["ValueId"]
            .to_string();
        assert_eq!(
            desk.patch(
                &format!("valueSets/TIEOUT_COST_CENTER/child/values/{value}"),
                &patch
            )
            .status,
            200
        );
        let (_, log) = import(&mut desk, &pair("1.00"));
        assert!(log.contains(code), "{log}");
    }
}

#[test]
fn nothing_selected_is_a_success() {
    let mut desk = Desk::new();
    for parameters in [
        format!("{LEDGER},Sage Intacct,{LEDGER},78,N,N,N"),
        format!("{LEDGER},Spreadsheet,{LEDGER},77,N,N,N"),
        "TIEOUT_ALL_LEDGERS,Sage Intacct,WMB_EU_EUR,77,N,N,N".to_owned(),
    ] {
        let reply = desk.post("erpintegrations", &bulk(&file(&pair("1.00")), &parameters));
        let id = reply.json()["ReqstId"].as_str().unwrap().to_owned();
        assert!(
            desk.tree(&id).iter().all(|(_, s)| s == "SUCCEEDED"),
            "{parameters}"
        );
        assert!(desk.logs(&id).contains("No rows were selected"));
    }
    assert_eq!(desk.get("journalBatches").items().len(), 0);
    let id = desk.import(&file(&pair("1.00")), LEDGER, "77");
    assert!(
        desk.logs(&id).contains("Rows selected: 8"),
        "leftover rows of the group come along: {}",
        desk.logs(&id)
    );
}

#[test]
fn wrong_launcher_arguments_are_an_error() {
    let mut desk = Desk::new();
    for parameters in [
        "WMB_US_USD,Sage Intacct,WMB_US_USD,77,N,N",
        "Nowhere,Sage Intacct,WMB_US_USD,77,N,N,N",
        "WMB_US_USD,Sage Intacct,Nowhere,77,N,N,N",
        "WMB_US_USD,Sage Intacct,WMB_EU_EUR,77,N,N,N",
        "WMB_US_USD,Sage Intacct,WMB_US_USD,77,N,N,Q",
        "WMB_US_USD,Sage Intacct,WMB_US_USD,77,?,N,N",
    ] {
        let reply = desk.post("erpintegrations", &bulk(&file(&pair("1.00")), parameters));
        let id = reply.json()["ReqstId"].as_str().unwrap().to_owned();
        let tree = desk.tree(&id);
        assert_eq!(
            (tree[0].1.as_str(), tree[2].1.as_str()),
            ("SUCCEEDED", "ERROR"),
            "{parameters}"
        );
    }
}

#[test]
fn ids_serve_as_well_as_names() {
    let mut desk = Desk::new();
    let id_of =
        |desk: &mut Desk, path: &str, name: &str| desk.get(path).items()[0][name].to_string();
    let ledger = id_of(&mut desk, "ledgersLOV?q=Name='WMB_US_USD'", "LedgerId");
    let access = id_of(
        &mut desk,
        "dataAccessSetsLOV?q=Name='WMB_US_USD'",
        "AccessSetId",
    );
    let source = id_of(
        &mut desk,
        "journalSourcesLOV?q=UserJeSourceName='Sage Intacct'",
        "JeSourceKey",
    );
    let rows: Vec<Gl> = pair("1.00")
        .into_iter()
        .map(|r| r.set(92, "").set(2, &ledger))
        .collect();
    let reply = desk.post(
        "erpintegrations",
        &bulk(
            &file(&rows),
            &format!("{access},{source},{ledger},77,N,N,N"),
        ),
    );
    let id = reply.json()["ReqstId"].as_str().unwrap().to_owned();
    assert!(desk.tree(&id).iter().all(|(_, s)| s == "SUCCEEDED"));
    assert_eq!(desk.get("journalBatches").items().len(), 1);
}

#[test]
fn the_same_file_twice_posts_twice_under_another_suffix() {
    let mut desk = Desk::new();
    import(&mut desk, &pair("4.00"));
    import(&mut desk, &pair("4.00"));
    let names: Vec<String> = desk
        .get("journalBatches?q=BatchName LIKE 'SYNC-1*'")
        .items()
        .iter()
        .map(|b| b["BatchName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 2);
    assert_ne!(names[0], names[1]);
    assert_eq!(balance(&desk, "P12-2026", CASH).as_deref(), Some("-8.00"));
}

#[test]
fn closed_periods_reject_and_future_periods_wait() {
    let mut desk = Desk::new();
    desk.twin
        .set_period(Some(LEDGER), Some("GL"), "Dec-26", "C")
        .unwrap();
    let (statuses, log) = import(&mut desk, &pair("1.00"));
    assert!(
        statuses.contains(&"WARNING".to_owned()) && log.contains("EP01"),
        "{log}"
    );
    desk.twin
        .set_period(Some(LEDGER), Some("GL"), "Dec-26", "F")
        .unwrap();
    let id = desk.import(
        &file(
            &pair("2.00")
                .into_iter()
                .map(|r| r.set(67, "78"))
                .collect::<Vec<Gl>>(),
        ),
        LEDGER,
        "78",
    );
    assert!(desk.tree(&id).iter().all(|(_, s)| s == "SUCCEEDED"));
    let batch = desk
        .get("journalBatches?expand=journalErrors")
        .items()
        .remove(0);
    assert_eq!(batch["Status"], "U");
    assert!(
        batch["journalErrors"]["items"][0]["ErrorMessage"]
            .as_str()
            .unwrap()
            .contains("isn't open")
    );
    assert_eq!(balance(&desk, "P12-2026", CASH), None);
    desk.twin
        .set_period(Some(LEDGER), Some("GL"), "Dec-26", "O")
        .unwrap();
    assert_eq!(desk.get("journalBatches").items()[0]["Status"], "P");
    assert_eq!(balance(&desk, "P12-2026", CASH).as_deref(), Some("-2.00"));
    let status = desk
        .get("accountingPeriodStatusLOV?q=PeriodName='Dec-26' and ApplicationId=101")
        .items();
    assert!(status.iter().all(|s| s["ClosingStatus"] == "O"));
}

#[test]
fn jobs_take_their_time() {
    let mut desk = Desk::with(FusionOptions {
        job_ms: 10_000,
        ..FusionOptions::default()
    });
    let id = desk.import(&file(&pair("1.00")), LEDGER, "77");
    let status = |desk: &mut Desk| {
        desk.get(&format!(
            "erpintegrations?finder=ESSJobStatusRF;requestId={id}"
        ))
        .items()[0]["RequestStatus"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(status(&mut desk), "RUNNING");
    assert_eq!(desk.tree(&id).len(), 2);
    desk.now += 10_000;
    assert_eq!(status(&mut desk), "SUCCEEDED");
    let tree = desk.tree(&id);
    assert_eq!((tree.len(), tree[2].1.as_str()), (4, "RUNNING"));
    assert_eq!(desk.get("journalBatches").items().len(), 0);
    let path = format!(
        "/ess/rest/scheduler/v1/requests?q=absParentRequestId eq {id}&fields=requestId,parentRequestId,state,executionState"
    );
    let listed = desk.get(&path).items();
    assert_eq!(listed.len(), 4);
    let import = listed[2]["requestId"].to_string();
    let one = desk
        .get(&format!(
            "/ess/rest/scheduler/v1/requests/{import}?fields=requestParameters"
        ))
        .json();
    assert!(
        one["requestParameters"]
            .as_array()
            .unwrap()
            .contains(&json!({"name": "submit.argument4", "value": "77"}))
    );
    desk.now += 10_000;
    assert_eq!(desk.get("journalBatches").items().len(), 1);
    assert_eq!(desk.get(&path).items()[3]["executionState"], 12);
    assert_eq!(
        desk.get("erpintegrations?finder=ESSJobStatusRF;requestId=1")
            .items()[0]["RequestStatus"],
        "UNKNOWN"
    );
}

#[test]
fn three_calls_do_the_same_as_one() {
    let mut desk = Desk::new();
    let upload = json!({"OperationName": "uploadFileToUCM", "DocumentContent": zipped("GlInterface.csv", &file(&pair("1.00"))),
        "ContentType": "zip", "FileName": "a.zip", "DocumentAccount": "fin/generalLedger/import", "DocumentId": null});
    let document = desk.post("erpintegrations", &upload).json()["DocumentId"]
        .as_str()
        .unwrap()
        .to_owned();
    let submit = |package: &str, name: &str, arguments: &str| json!({"OperationName": "submitESSJobRequest", "JobPackageName": package, "JobDefName": name, "ESSParameters": arguments});
    let loader = "/oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader";
    let load = desk.post(
        "erpintegrations",
        &submit(
            loader,
            "InterfaceLoaderController",
            &format!("15,{document},N,N"),
        ),
    );
    assert_eq!(load.status, 201, "{}", load.text);
    assert_eq!(desk.get("journalBatches").items().len(), 0);
    let launcher = "/oracle/apps/ess/financials/generalLedger/programs/common";
    let run = desk.post(
        "erpintegrations",
        &submit(
            launcher,
            "JournalImportLauncher",
            "WMB_US_USD,Sage Intacct,WMB_US_USD,77,N,N,N",
        ),
    );
    assert_eq!(run.status, 201, "{}", run.text);
    assert_eq!(desk.get("journalBatches").items().len(), 1);
    assert!(
        desk.post("erpintegrations", &submit(launcher, "Nothing", ""))
            .detail()
            .contains("FUN-720397")
    );
}

#[test]
fn integration_calls_are_checked() {
    let mut desk = Desk::new();
    let good = bulk(&file(&pair("1.00")), "a");
    for (name, value, words) in [
        ("OperationName", json!("destroy"), "isn't valid"),
        ("OperationName", json!(null), "required"),
        ("DocumentContent", json!("%%%"), "base64"),
        (
            "DocumentAccount",
            json!("fin/x"),
            "DocumentAccount isn't valid",
        ),
        ("ContentType", json!("csv"), "ContentType isn't valid"),
        (
            "JobName",
            json!("/oracle/x;JournalImportLauncher"),
            "FUN-720397",
        ),
        ("JobOptions", json!("ImportOption=Y"), "InterfaceDetails"),
        ("Surprise", json!("x"), "Invalid attribute"),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let reply = desk.post("erpintegrations", &body);
        assert_eq!(reply.status, 400, "{name}");
        assert!(reply.detail().contains(words), "{name}: {}", reply.detail());
    }
    assert_eq!(desk.get("erpintegrations").status, 400);
}

#[test]
fn adjusting_periods_need_their_name() {
    let mut desk = Desk::new();
    let day = |r: Gl| r.set(3, "2026/12/31").set(95, "Adj-26");
    let (statuses, log) = import(
        &mut desk,
        &pair("7.00").into_iter().map(day).collect::<Vec<Gl>>(),
    );
    assert!(statuses.iter().all(|s| s == "SUCCEEDED"), "{log}");
    assert_eq!(balance(&desk, "P12-2026", CASH), None);
    assert_eq!(
        balance(&desk, "P12-2026+ADJ", CASH).as_deref(),
        Some("-7.00")
    );
    assert_eq!(balance(&desk, "P01-2027", CASH).as_deref(), Some("-7.00"));
    assert_eq!(
        balance(&desk, "P01-2027", "200-0000-31000-0000-000").as_deref(),
        Some("7.00")
    );
}

#[test]
fn foreign_journals_keep_entered_and_accounted() {
    let mut desk = Desk::new();
    let euro = |r: Gl| {
        r.set(6, "EUR")
            .set(64, "User")
            .set(65, "2026/12/15")
            .set(66, "1.085")
    };
    let rows: Vec<Gl> = pair("100.01").into_iter().map(euro).collect();
    let (statuses, log) = import(&mut desk, &rows);
    assert!(statuses.iter().all(|s| s == "SUCCEEDED"), "{log}");
    assert_eq!(balance(&desk, "P12-2026", CASH).as_deref(), Some("-108.51"));
    let header = desk
        .get("journalBatches?expand=journalHeaders.journalLines")
        .items()[0]["journalHeaders"]["items"][0]
        .clone();
    assert_eq!(header["CurrencyConversionRate"].to_string(), "1.085");
    let line = &header["journalLines"]["items"][0];
    assert_eq!(
        (
            line["EnteredDr"].to_string(),
            line["AccountedDr"].to_string()
        ),
        ("100.01".into(), "108.51".into())
    );
}

#[test]
fn batches_change_little_and_go_only_unposted() {
    let mut desk = Desk::new();
    import(&mut desk, &pair("1.00"));
    let id = desk.get("journalBatches").items()[0]["JeBatchId"].to_string();
    let path = format!("journalBatches/{id}");
    let patch = json!({"ReversalFlag": "Y", "ReversalPeriod": "Jan-27", "ReversalMethodMeaning": "Change sign"});
    let reply = desk.patch(&path, &patch);
    assert_eq!(
        (reply.status, reply.json()["ReversalFlag"].clone()),
        (200, json!(true)),
        "{}",
        reply.text
    );
    assert!(
        desk.patch(&path, &json!({"BatchName": "x"}))
            .detail()
            .contains("can't be updated")
    );
    assert_eq!(
        desk.patch(&path, &json!({"ReversalPeriod": "Foo"})).status,
        400
    );
    assert_eq!(desk.send("DELETE", &path, "", "").status, 400);
    desk.twin
        .set_period(None, Some("GL"), "Jan-27", "F")
        .unwrap();
    let rows: Vec<Gl> = pair("1.00")
        .into_iter()
        .map(|r| r.set(3, "2027/01/15"))
        .collect();
    import(&mut desk, &rows);
    let open = desk.get("journalBatches?q=Status='U'").items()[0]["JeBatchId"].to_string();
    assert_eq!(
        desk.send("DELETE", &format!("journalBatches/{open}"), "", "")
            .status,
        204
    );
    assert_eq!(desk.get(&format!("journalBatches/{open}")).status, 404);
}
