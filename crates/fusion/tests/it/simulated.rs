//! The client against the simulated tenant, with the golden company: every document posted, read back, and tied out to the cent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tieout_connector::{
    BalanceKey, Batch, BatchItem, Books as _, BooksScope, Captured, Found, ItemOutcome, Scope,
    Secret, SnapshotAt, Source as _, Target as _, Transport, TransportFailure, Waiter,
};
use tieout_fusion::{Application, Fusion, FusionConfig, PeriodState};
use tieout_model::{
    Ambient, Amount, Clock, Code, Coding, Combination, Document, DocumentKind, EntityId, Entropy,
    InvoiceDraft, InvoiceLine, JobRef, JournalDraft, JournalEntry, JournalLine, JournalPurpose,
    Period, Placement, PostingKind, Stamp, SupplierInvoice, SystemId, Timestamp,
};
use tieout_twins::Twin;
use tieout_twins::company::CompanyFolder;
use tieout_twins::fusion::{FusionOptions, FusionTwin};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::sample::{day, item};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden");

/// The simulated tenant behind the contract's door; can lose answers after the tenant has acted.
pub(crate) struct Loopback {
    twin: Mutex<FusionTwin>,
    pub(crate) now_ms: AtomicU64,
    drawn: AtomicU64,
    pub(crate) answers_to_lose: AtomicU64,
    /// True while documents are entered by people, without our marks.
    is_by_hand: AtomicBool,
    /// Chance of a fault per call, in percent, and the seed it is drawn from.
    pub(crate) fault_percent: AtomicU64,
    pub(crate) seed: AtomicU64,
}

impl Loopback {
    /// The tenant, for what people do at its keyboard.
    pub(crate) fn twin(&self) -> std::sync::MutexGuard<'_, FusionTwin> {
        self.twin.lock().unwrap()
    }

    fn dice(&self) -> u64 {
        let next = |seed: u64| {
            Some(
                seed.wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407),
            )
        };
        let seed = self
            .seed
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .unwrap();
        (seed >> 33) % 100
    }

    fn is_faulty(&self) -> bool {
        self.dice() < self.fault_percent.load(Ordering::Relaxed)
    }
}

/// One of the ways in which an answer goes wrong after the tenant has acted.
fn spoiled(
    dice: u64,
    response: http::Response<Bytes>,
) -> Result<http::Response<Bytes>, TransportFailure> {
    match dice % 5 {
        0 => Err(TransportFailure::NoAnswer("connection reset".to_owned())),
        1 => Ok(crate::tenant::response(
            503,
            "<html><title>503</title></html>",
        )),
        2 => Ok(crate::tenant::response(500, "<html>oops</html>")),
        3 => Ok(crate::tenant::response(200, "<html>please sign in</html>")),
        _ => {
            let half = response.body().slice(..response.body().len() / 2);
            Ok(response.map(|_| half))
        }
    }
}

/// The same request without our marks, as a person at the keyboard would leave it.
fn by_hand(request: http::Request<Bytes>) -> http::Request<Bytes> {
    let (parts, body) = request.into_parts();
    let mut body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    if let Some(content) = body.get("DocumentContent").cloned() {
        let zip = STANDARD.decode(content.as_str().unwrap()).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
        let mut text = String::new();
        archive
            .by_index(0)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer
            .start_file("GlInterface.csv", SimpleFileOptions::default())
            .unwrap();
        writer
            .write_all(text.replace("TIEOUT-", "MANUAL-").as_bytes())
            .unwrap();
        body["DocumentContent"] = STANDARD
            .encode(writer.finish().unwrap().into_inner())
            .into();
    }
    body.as_object_mut().unwrap().remove("invoiceDff");
    http::Request::from_parts(parts, Bytes::from(body.to_string()))
}

#[async_trait]
impl Transport for Loopback {
    async fn send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportFailure> {
        let is_write = request.method() == http::Method::POST;
        if is_write && self.is_by_hand.load(Ordering::Relaxed) {
            request = by_hand(request);
        }
        request.headers_mut().remove("x-tieout-operation");
        request.headers_mut().remove("x-tieout-credential");
        if self.is_faulty() {
            let refusal = crate::tenant::response(429, "");
            let unsent = Err(TransportFailure::NotSent("no route".to_owned()));
            return if self.dice() < 50 {
                Ok(refusal)
            } else {
                unsent
            };
        }
        let now = i64::try_from(self.now_ms.fetch_add(1, Ordering::Relaxed)).unwrap();
        let response = self.twin.lock().unwrap().answer(now, request);
        if is_write && self.answers_to_lose.load(Ordering::Relaxed) > 0 {
            self.answers_to_lose.fetch_sub(1, Ordering::Relaxed);
            return Err(TransportFailure::NoAnswer("timed out".to_owned()));
        }
        if self.is_faulty() {
            return spoiled(self.dice(), response);
        }
        Ok(response)
    }
}

#[async_trait]
impl Waiter for Loopback {
    async fn wait(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for Loopback {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed).try_into().unwrap())
    }
}

impl Entropy for Loopback {
    fn draw(&self) -> u64 {
        self.drawn.fetch_add(7919, Ordering::Relaxed)
    }
}

pub(crate) fn open(change: impl FnOnce(&mut FusionConfig)) -> (Fusion, Arc<Loopback>) {
    open_with(FusionOptions::default(), change)
}

pub(crate) fn open_with(
    options: FusionOptions,
    change: impl FnOnce(&mut FusionConfig),
) -> (Fusion, Arc<Loopback>) {
    let folder = CompanyFolder::new(GOLDEN);
    let twin = FusionTwin::open(&folder, options).unwrap();
    let (username, password) = twin.login();
    let loopback = Arc::new(Loopback {
        twin: Mutex::new(twin),
        now_ms: AtomicU64::new(1_801_000_000_000),
        drawn: AtomicU64::new(1),
        answers_to_lose: AtomicU64::new(0),
        is_by_hand: AtomicBool::new(false),
        fault_percent: AtomicU64::new(0),
        seed: AtomicU64::new(1),
    });
    let system = SystemId::new("fusion");
    let password = Secret::new(password);
    let mut config = FusionConfig::new("http://fusion.invalid", username, password, system);
    change(&mut config);
    let ambient = Ambient {
        clock: Arc::<Loopback>::clone(&loopback),
        entropy: Arc::<Loopback>::clone(&loopback),
    };
    let fusion = Fusion::new(
        config,
        Arc::<Loopback>::clone(&loopback),
        ambient,
        Arc::<Loopback>::clone(&loopback),
    );
    (fusion, loopback)
}

pub(crate) type Record = BTreeMap<String, String>;

pub(crate) fn table(name: &str) -> Vec<Record> {
    let mut reader = csv::Reader::from_path(format!("{GOLDEN}/{name}")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

pub(crate) fn placement_of(company: &str, period: &str) -> (Placement, EntityId) {
    let entities = table("master/entities.csv");
    let entity = entities
        .iter()
        .find(|e| e["fusion_balancing_segment"] == company)
        .unwrap();
    let placement = Placement {
        ledger: entity["fusion_ledger"].clone(),
        legal_entity: entity["fusion_legal_entity"].clone(),
        business_unit: entity["fusion_business_unit"].clone(),
        balancing_segment: Code::new(company),
        currency: entity["base_currency"].parse().unwrap(),
        period: period.to_owned(),
    };
    (placement, EntityId::new(entity["entity_id"].clone()))
}

fn coding_of(row: &Record) -> Coding {
    let segments = [
        "company",
        "cost_center",
        "account",
        "product",
        "intercompany",
    ];
    let attributes = [
        ("attribute1", "attribute1_project"),
        ("attribute2", "attribute2_customer"),
        ("attribute3", "attribute3_vendor"),
        ("attribute4", "attribute4_region"),
    ];
    let attribute = |&(name, column): &(&str, &str)| {
        let value = row.get(column).filter(|value| !value.is_empty())?;
        Some((name.to_owned(), value.clone()))
    };
    Coding::Segmented(Combination {
        segments: segments
            .iter()
            .map(|&name| Code::new(row[name].clone()))
            .collect(),
        attributes: attributes.iter().filter_map(attribute).collect(),
    })
}

pub(crate) fn stamp(n: usize) -> String {
    format!("TIEOUT-{n:0>19}")
}

fn journal(
    n: usize,
    number: &str,
    rows: &[(Coding, Amount, String)],
    company: &str,
    period: &str,
    date: &str,
    purpose: JournalPurpose,
) -> BatchItem {
    let (placement, entity) = placement_of(company, period);
    let is_statistical = purpose == JournalPurpose::Statistical;
    let line = |(i, (coding, amount, memo)): (usize, &(Coding, Amount, String))| JournalLine {
        number: u32::try_from(i + 1).unwrap(),
        coding: coding.clone(),
        currency: if is_statistical {
            "STAT".parse().unwrap()
        } else {
            placement.currency
        },
        amount: *amount,
        functional: *amount,
        rate: None,
        memo: memo.clone(),
    };
    let draft = JournalDraft {
        entity,
        functional_currency: placement.currency,
        accounting_date: day(date),
        is_adjusting: period.starts_with("Adj"),
        purpose,
        posting_kind: PostingKind::Other,
        journal: Code::new("GJ"),
        reference: String::new(),
        description: format!("{number} of {company}"),
        reverses: Vec::new(),
        lines: rows.iter().enumerate().map(line).collect(),
        placement: Some(placement.clone()),
    };
    let entry = JournalEntry::try_new(draft).unwrap();
    item(&stamp(n), number, Document::JournalEntry(entry))
}

fn signed(row: &Record) -> Amount {
    let debit: Amount = row["accounted_debit"].parse().unwrap();
    debit
        .minus(row["accounted_credit"].parse().unwrap())
        .unwrap()
}

/// Everything the golden company sends: openings, journals, bills in their own currency.
pub(crate) fn golden() -> (Batch, Batch) {
    let mut journals = Vec::new();
    let mut invoices = Vec::new();
    let mut openings: BTreeMap<String, Vec<(Coding, Amount, String)>> = BTreeMap::new();
    for row in table("expected/tb_fusion.csv") {
        if row["snapshot"] == "P11-2026" {
            let balance = row["balance"].parse().unwrap();
            openings.entry(row["company"].clone()).or_default().push((
                coding_of(&row),
                balance,
                String::new(),
            ));
        }
    }
    for (company, rows) in &openings {
        let n = journals.len() + 1;
        let number = format!("OPENING-{company}");
        journals.push(journal(
            n,
            &number,
            rows,
            company,
            "Nov-26",
            "2026-11-30",
            JournalPurpose::Opening,
        ));
    }
    let kinds: BTreeMap<String, Record> = table("inputs/documents.csv")
        .into_iter()
        .map(|d| (d["document_id"].clone(), d))
        .collect();
    let mut documents: BTreeMap<(String, String, bool), Vec<Record>> = BTreeMap::new();
    for row in table("expected/fusion_lines.csv") {
        let key = (
            row["document_id"].clone(),
            row["company"].clone(),
            row["currency"] == "STAT",
        );
        documents.entry(key).or_default().push(row);
    }
    for (n, ((id, company, is_statistical), rows)) in documents.iter().enumerate() {
        let n = n + 1000;
        if kinds[id]["type"] == "ap_bill" {
            invoices.push(bill(n, &kinds[id], company, rows));
            continue;
        }
        let lines: Vec<_> = rows
            .iter()
            .map(|r| (coding_of(r), signed(r), "memo".to_owned()))
            .collect();
        let purpose = if *is_statistical {
            JournalPurpose::Statistical
        } else {
            JournalPurpose::Standard
        };
        let (period, date) = (&rows[0]["period"], &rows[0]["accounting_date"]);
        journals.push(journal(n, id, &lines, company, period, date, purpose));
    }
    let batch = |kind, items| Batch { kind, items };
    (
        batch(DocumentKind::JournalEntry, journals),
        batch(DocumentKind::SupplierInvoice, invoices),
    )
}

fn bill(n: usize, document: &Record, company: &str, rows: &[Record]) -> BatchItem {
    let (placement, entity) = placement_of(company, &rows[0]["period"]);
    let suppliers = table("master/vendors.csv");
    let supplier = suppliers
        .iter()
        .find(|s| s["id"] == document["party_id"])
        .unwrap();
    let source = table("inputs/document_lines.csv");
    let of = |row: &Record| {
        source
            .iter()
            .find(|l| l["document_id"] == row["document_id"] && l["line_no"] == row["line_no"])
            .unwrap()
            .clone()
    };
    let charges = rows.iter().filter(|row| row["account"] != "20000");
    let control = rows.iter().find(|row| row["account"] == "20000").unwrap();
    let currency = document["currency"].parse().unwrap();
    let rate = of(control)["exchange_rate"].parse().unwrap();
    let line = |row: &Record| {
        let told = of(row);
        let debit: Amount = told["txn_debit"].parse().unwrap();
        InvoiceLine {
            number: row["line_no"].parse().unwrap(),
            coding: coding_of(row),
            amount: debit.minus(told["txn_credit"].parse().unwrap()).unwrap(),
            functional: signed(row),
            memo: told["memo"].clone(),
        }
    };
    let draft = InvoiceDraft {
        is_credit: false,
        entity,
        functional_currency: placement.currency,
        supplier: Code::new(supplier["fusion_supplier_number"].clone()),
        number: document["document_id"].clone(),
        reference: document["reference"].clone(),
        document_date: day(&document["document_date"]),
        accounting_date: day(&rows[0]["accounting_date"]),
        due_date: Some(day(&document["due_date"])),
        currency,
        rate: (currency != placement.currency).then_some(rate),
        description: document["description"].clone(),
        control: coding_of(control),
        placement: Some(placement),
        lines: charges.map(line).collect(),
    };
    let number = document["document_id"].clone();
    item(
        &stamp(n),
        &number,
        Document::SupplierInvoice(SupplierInvoice::try_new(draft).unwrap()),
    )
}

/// Posts a batch and follows every job to its end.
pub(crate) async fn settled(
    fusion: &Fusion,
    loopback: &Loopback,
    batch: &Batch,
) -> Vec<ItemOutcome> {
    let posted = fusion.post(batch).await.unwrap();
    let mut outcomes: Vec<ItemOutcome> = posted.items.into_iter().map(|(_, o)| o).collect();
    let mut jobs: BTreeMap<JobRef, Vec<usize>> = BTreeMap::new();
    for (i, outcome) in outcomes.iter().enumerate() {
        if let ItemOutcome::Accepted(job) = outcome {
            jobs.entry(job.clone()).or_default().push(i);
        }
    }
    for (job, indices) in jobs {
        let items = indices.iter().map(|&i| batch.items[i].clone()).collect();
        let part = Batch {
            kind: batch.kind,
            items,
        };
        for _ in 0..200 {
            let polled = fusion.poll(&job, &part).await.unwrap();
            let is_pending = polled.items.iter().any(|(_, o)| *o == ItemOutcome::Pending);
            for (&i, (_, outcome)) in indices.iter().zip(polled.items) {
                outcomes[i] = outcome;
            }
            if !is_pending {
                break;
            }
            loopback.now_ms.fetch_add(10_000, Ordering::Relaxed);
        }
    }
    outcomes
}

pub(crate) fn scope(company: &str) -> BooksScope {
    let (placement, entity) = placement_of(company, "");
    BooksScope { entity, placement }
}

pub(crate) fn period(name_there: &str) -> SnapshotAt {
    let periods = table("master/periods.csv");
    let found = periods
        .iter()
        .find(|p| p["fusion_period_name"] == name_there)
        .unwrap();
    SnapshotAt {
        period: Period {
            name: found["period"].clone(),
            name_there: name_there.to_owned(),
            fiscal_year: found["fiscal_year"].parse().unwrap(),
            number: found["period_no"].parse().unwrap(),
            start: day(&found["start_date"]),
            end: day(&found["end_date"]),
            is_adjusting: found["kind"] != "regular",
        },
    }
}

/// Non-zero balances of a snapshot by combination.
pub(crate) async fn check_balances(fusion: &Fusion, name_there: &str, snapshot: &str) {
    for company in ["100", "200", "300", "400", "500"] {
        let mut expected: BTreeMap<String, String> = BTreeMap::new();
        for row in table("expected/tb_fusion.csv") {
            let balance: Amount = row["balance"].parse().unwrap();
            if row["snapshot"] == snapshot && row["company"] == company && !balance.is_zero() {
                let coding = coding_of(&row);
                expected.insert(
                    coding.combination().unwrap().joined("-"),
                    row["balance"].clone(),
                );
            }
        }
        let found = fusion
            .balances(&scope(company), &period(name_there))
            .await
            .unwrap();
        let decimals = scope(company).placement.currency.decimals();
        let found: BTreeMap<String, String> = found
            .into_iter()
            .filter(|balance| !balance.ending.is_zero())
            .map(|balance| match &balance.key {
                BalanceKey::Segments(combination) => (
                    combination.joined("-"),
                    balance.ending.at_scale(decimals).unwrap().to_string(),
                ),
                BalanceKey::Account(code) => panic!("{code}"),
            })
            .collect();
        assert_eq!(found, expected, "{snapshot} {company}");
    }
}

/// Sum of accounted lines per combination equals the movement of the balances, since everything there went through documents.
pub(crate) async fn check_population(fusion: &Fusion, name_there: &str) {
    for company in ["100", "200", "300", "400", "500"] {
        let (scope, at) = (scope(company), period(name_there));
        let mut sums: BTreeMap<BalanceKey, Amount> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = fusion
                .population(&scope, &at, after.as_ref())
                .await
                .unwrap();
            for member in page.members {
                assert!(member.is_accounted && member.stamp.is_some(), "{member:?}");
                for line in member
                    .lines
                    .into_iter()
                    .filter(|l| !l.currency.is_statistical())
                {
                    let sum = sums.entry(line.key).or_default();
                    *sum = sum.plus(line.functional).unwrap();
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        sums.retain(|_, sum| !sum.is_zero());
        let balances = fusion.balances(&scope, &at).await.unwrap();
        let movements: BTreeMap<BalanceKey, Amount> = balances
            .into_iter()
            .map(|b| (b.key, b.movement))
            .filter(|(_, m)| !m.is_zero())
            .collect();
        assert_eq!(sums, movements, "{name_there} {company}");
    }
}

async fn check_golden(options: FusionOptions, change: impl FnOnce(&mut FusionConfig)) {
    let (fusion, loopback) = open_with(options, change);
    let (journals, invoices) = golden();
    for batch in [&journals, &invoices] {
        for (item, outcome) in batch
            .items
            .iter()
            .zip(settled(&fusion, &loopback, batch).await)
        {
            assert!(
                matches!(outcome, ItemOutcome::Posted(_)),
                "{} {outcome:?}",
                item.number
            );
        }
        loopback.now_ms.fetch_add(3_600_000, Ordering::Relaxed);
        for (item, found) in batch.items.iter().zip(fusion.find(batch).await.unwrap()) {
            let Found { rows, .. } = &found;
            let [row] = &rows[..] else {
                panic!("{} {found:?}", item.number);
            };
            let placement = item.document.placement().unwrap();
            assert!(row.is_accounted, "{row:?}");
            assert_eq!(
                row.total_debit,
                item.document.total_debit().unwrap(),
                "{}",
                item.number
            );
            assert_eq!(
                (&row.period, row.currency),
                (&placement.period, placement.currency),
                "{}",
                item.number
            );
            assert_eq!(Some(row.accounting_date), item.document.accounting_date());
        }
    }
    check_balances(&fusion, "Nov-26", "P11-2026").await;
    check_balances(&fusion, "Dec-26", "P12-2026@close1").await;
    check_balances(&fusion, "Jan-27", "P01-2027@close2").await;
    for name_there in ["Dec-26", "Adj-26", "Jan-27"] {
        check_population(&fusion, name_there).await;
    }
}

#[tokio::test]
async fn the_golden_company_ties_out_to_the_cent() {
    check_golden(FusionOptions::default(), |_| {}).await;
}

#[tokio::test]
async fn small_pages_and_framework_nine_show_the_same_books() {
    check_golden(FusionOptions::default(), |config| {
        config.page_limit = 3;
        config.framework_version = 9;
        config.import.lines_max = 20;
    })
    .await;
}

#[tokio::test]
async fn slow_jobs_imports_of_their_own_and_cut_children_show_the_same_books() {
    let options = FusionOptions {
        job_ms: 90_000,
        process_delay_ms: 300_000,
        separate_import_request: true,
        child_page: 1,
        max_page: 4,
        journal_name_suffix: !FusionOptions::default().journal_name_suffix,
        ledger_argument_selects: !FusionOptions::default().ledger_argument_selects,
        ..FusionOptions::default()
    };
    check_golden(options, |_| {}).await;
}

#[tokio::test]
async fn the_page_of_499_rows_loses_nothing() {
    let options = FusionOptions {
        page_trap_499: true,
        plain_invoice_ids: false,
        ..FusionOptions::default()
    };
    check_golden(options, |config| config.page_limit = 500).await;
}

#[tokio::test]
async fn a_document_read_back_before_it_is_posted_says_so() {
    let options = FusionOptions {
        process_delay_ms: 3_600_000,
        ..FusionOptions::default()
    };
    let (fusion, loopback) = open_with(options, |_| {});
    let (journals, invoices) = golden();
    for mut batch in [journals, invoices] {
        batch.items.truncate(1);
        let outcome = settled(&fusion, &loopback, &batch).await.remove(0);
        assert!(
            matches!(&outcome, ItemOutcome::Posted(row) if !row.is_accounted),
            "{outcome:?}"
        );
        loopback.now_ms.fetch_add(7_200_000, Ordering::Relaxed);
        assert!(fusion.find(&batch).await.unwrap()[0].rows[0].is_accounted);
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_by_its_stamp_and_sending_again_makes_no_second_invoice() {
    let (fusion, loopback) = open(|_| {});
    let (_, mut invoices) = golden();
    invoices.items.truncate(1);
    loopback.answers_to_lose.store(1, Ordering::Relaxed);
    let lost = fusion.post(&invoices).await.unwrap();
    assert!(
        matches!(lost.items[0].1, ItemOutcome::Unknown(_)),
        "{lost:?}"
    );
    assert_eq!(fusion.find(&invoices).await.unwrap()[0].rows.len(), 1);
    let again = fusion.post(&invoices).await.unwrap();
    assert!(
        matches!(again.items[0].1, ItemOutcome::Accepted(_)),
        "{again:?}"
    );
    assert_eq!(fusion.find(&invoices).await.unwrap()[0].rows.len(), 1);

    invoices.items[0].marks.stamp = Stamp::read(&stamp(999_999)).unwrap();
    let foreign = fusion.post(&invoices).await.unwrap();
    let ItemOutcome::Rejected(rejection) = &foreign.items[0].1 else {
        panic!("{foreign:?}");
    };
    assert_eq!(rejection.code, "AP-810776");
}

#[tokio::test]
async fn a_lost_answer_to_an_import_is_found_by_its_stamps() {
    let (fusion, loopback) = open(|_| {});
    let (mut journals, _) = golden();
    journals.items.truncate(2);
    loopback.answers_to_lose.store(2, Ordering::Relaxed);
    let lost = fusion.post(&journals).await.unwrap();
    assert!(
        lost.items
            .iter()
            .all(|(_, o)| matches!(o, ItemOutcome::Unknown(_))),
        "{lost:?}"
    );
    loopback.now_ms.fetch_add(600_000, Ordering::Relaxed);
    for found in fusion.find(&journals).await.unwrap() {
        assert_eq!(found.rows.len(), 1, "{found:?}");
    }
}

/// Import and load run for two hours each: a look-up says nothing until both have ended, whoever asks.
async fn check_slow_import(separate_import_request: bool) {
    let hour_ms = 3_600_000;
    let options = FusionOptions {
        job_ms: 2 * hour_ms,
        separate_import_request,
        ..FusionOptions::default()
    };
    let (fusion, loopback) = open_with(options, |_| {});
    let (mut journals, _) = golden();
    journals.items.truncate(2);
    loopback.answers_to_lose.store(1, Ordering::Relaxed);
    fusion.post(&journals).await.unwrap();
    let begun_ms = loopback.now_ms.load(Ordering::Relaxed);
    let mut last_silent = 0;
    for minute in (6..=300).step_by(6) {
        let now_ms = begun_ms + minute * 60_000;
        loopback.now_ms.store(now_ms, Ordering::Relaxed);
        let found = fusion.find(&journals).await.unwrap();
        let rows = |n: usize| found.iter().filter(|f| f.rows.len() == n).count();
        assert_eq!(rows(0), 0, "absent after {minute} minutes");
        if found.is_empty() {
            last_silent = minute;
        }
    }
    assert!((200..290).contains(&last_silent), "{last_silent}");
    assert_eq!(fusion.find(&journals).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_slow_import_whose_answer_was_lost_is_never_called_absent() {
    check_slow_import(false).await;
    check_slow_import(true).await;
}

async fn check_rejected_alone(options: FusionOptions) {
    let (fusion, loopback) = open_with(options, |_| {});
    let (mut journals, _) = golden();
    journals.items.truncate(2);
    let Document::JournalEntry(entry) = journals.items[0].document.clone() else {
        panic!();
    };
    let mut draft = entry.into_draft();
    if let Coding::Segmented(combination) = &mut draft.lines[0].coding {
        combination.segments[2] = Code::new("99999");
    }
    journals.items[0].document = Document::JournalEntry(JournalEntry::try_new(draft).unwrap());
    let outcomes = settled(&fusion, &loopback, &journals).await;
    let ItemOutcome::Rejected(rejection) = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert!(
        rejection.code.starts_with("EF") && rejection.message.contains("99999"),
        "{rejection:?}"
    );
    assert!(
        matches!(outcomes[1], ItemOutcome::Posted(_)),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn one_journal_with_an_unknown_account_is_rejected_alone() {
    check_rejected_alone(FusionOptions::default()).await;
}

#[tokio::test]
async fn an_import_that_is_no_part_of_its_load_is_found_and_its_report_read() {
    for job_ms in [5_000, 900_000] {
        check_rejected_alone(FusionOptions {
            job_ms,
            separate_import_request: true,
            ..FusionOptions::default()
        })
        .await;
    }
}

#[tokio::test]
async fn a_supplier_that_does_not_exist_is_a_rejection_with_a_remedy() {
    let (fusion, _) = open(|_| {});
    let (_, mut invoices) = golden();
    invoices.items.truncate(1);
    let Document::SupplierInvoice(invoice) = invoices.items[0].document.clone() else {
        panic!();
    };
    let mut draft = invoice.into_draft();
    draft.supplier = Code::new("NOBODY");
    invoices.items[0].document =
        Document::SupplierInvoice(SupplierInvoice::try_new(draft).unwrap());
    let outcome = fusion.post(&invoices).await.unwrap();
    let ItemOutcome::Rejected(rejection) = &outcome.items[0].1 else {
        panic!("{outcome:?}");
    };
    assert!(
        !rejection.message.is_empty() && rejection.remedy.contains("upplier"),
        "{rejection:?}"
    );
}

#[tokio::test]
async fn every_period_is_open_at_the_start_in_both_applications() {
    let (fusion, _) = open(|_| {});
    for application in [Application::Payables, Application::GeneralLedger] {
        let found = fusion
            .period_status("WMB_US_USD", application, "Dec-26")
            .await
            .unwrap();
        assert_eq!(found, Some(PeriodState::Open));
    }
}

/// Everything there is to read, in pages of `limit`, by number; repeats are allowed, differences between them are not.
async fn captured(fusion: &Fusion, kind: DocumentKind, limit: u32) -> BTreeMap<String, Document> {
    let scope = Scope {
        kind,
        entities: BTreeSet::new(),
        postings_excluded: BTreeSet::from([PostingKind::SupplierInvoice, PostingKind::Other]),
    };
    let mut documents = BTreeMap::new();
    let mut after = None;
    for _ in 0..1000 {
        let page = fusion.changes(&scope, after.as_ref(), limit).await.unwrap();
        for captured in page.captured {
            let Captured::Document(envelope) = captured else {
                panic!("{captured:?}");
            };
            let before = documents.insert(envelope.origin.to_string(), envelope.document.clone());
            assert!(before.is_none_or(|before| before == envelope.document));
        }
        after = Some(page.next);
        if !page.has_more {
            return documents;
        }
    }
    panic!("no end of changes");
}

/// Date, entity and debits, sorted: what must come out as it went in.
fn facts(documents: impl IntoIterator<Item = Document>) -> Vec<(String, String, String)> {
    let fact = |document: Document| {
        let placement = document
            .placement()
            .map(|p| p.balancing_segment.to_string());
        let entity = placement.unwrap_or_else(|| document.entity().unwrap().to_string());
        let date = document.accounting_date().unwrap().to_string();
        let decimals = document.functional_currency().unwrap().decimals();
        let debits = document.total_debit().unwrap().rounded(decimals).unwrap();
        (date, entity, debits.to_string())
    };
    let mut facts: Vec<_> = documents.into_iter().map(fact).collect();
    facts.sort();
    facts
}

#[tokio::test]
async fn what_people_enter_is_captured_and_what_we_posted_is_not() {
    let units = table("master/entities.csv");
    let ledgers = units.iter().map(|e| {
        (
            e["fusion_business_unit"].clone(),
            e["fusion_ledger"].clone(),
        )
    });
    let ledgers: BTreeMap<String, String> = ledgers.collect();
    for limit in [2, 499] {
        let (fusion, loopback) = open(|config| config.business_unit_ledgers = ledgers.clone());
        let (journals, invoices) = golden();
        for batch in [&journals, &invoices] {
            settled(&fusion, &loopback, batch).await;
            let ours = captured(&fusion, batch.kind, limit).await;
            assert!(ours.is_empty(), "{ours:?}");
        }
        let (fusion, loopback) = open(|config| config.business_unit_ledgers = ledgers.clone());
        loopback.is_by_hand.store(true, Ordering::Relaxed);
        for batch in [&journals, &invoices] {
            fusion.post(batch).await.unwrap();
            loopback.now_ms.fetch_add(600_000, Ordering::Relaxed);
            let found = captured(&fusion, batch.kind, limit).await;
            let sent = batch.items.iter().map(|item| item.document.clone());
            assert_eq!(facts(found.into_values()), facts(sent), "{limit}");
        }
    }
}
