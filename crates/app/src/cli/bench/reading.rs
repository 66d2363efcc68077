//! (c) What reading costs in metered calls, and (d) how fast bills and their lines are read beside the official JavaScript SDK.
//!
//! The SDK gives rows as objects of texts. So (d) compares what both can do: the same fields of the same objects, page by page, every value at hand by
//! its name. What the pipeline does with rows, documents with exact amounts, their digests, lines found by lists of parents, is said beside it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;
use tieout_connector::{Captured, Scope};
use tieout_model::{Document, DocumentKind, SystemId};
use tieout_pipeline::CallBuffer;

use super::rig::{Tap, Twins, load, wired, worded};
use super::table::{Figure, Verdict, hundredths, median, per_second, ratio};
use crate::ambient;
use crate::config::Config;
use crate::systems::{DIRECT, Wired, clients};

/// Says where the script is that reads with the official SDK.
const READER: &str = "TIEOUT_BENCH_READER";
/// Says what that script reads: objects with their fields.
const WHAT: &str = "TIEOUT_BENCH_OBJECTS";
const GOAL_METERED_PER_1000: u128 = 3;
const GOAL_HUNDREDTHS: u128 = 1_000;

/// What is read as rows: bills and their lines.
const OBJECTS: [(&str, &[&str]); 2] = [
    (
        "APBILL",
        &[
            "RECORDNO",
            "RECORDID",
            "VENDORID",
            "STATE",
            "WHENPOSTED",
            "WHENDUE",
            "CURRENCY",
            "BASECURR",
            "DESCRIPTION",
            "DOCNUMBER",
            "TOTALENTERED",
            "TRX_TOTALENTERED",
            "PRBATCHKEY",
            "MEGAENTITYID",
            "WHENMODIFIED",
        ],
    ),
    (
        "APBILLITEM",
        &[
            "RECORDNO",
            "RECORDKEY",
            "LINE_NO",
            "ACCOUNTNO",
            "OFFSETGLACCOUNTNO",
            "AMOUNT",
            "TRX_AMOUNT",
            "LOCATIONID",
            "DEPARTMENTID",
            "PROJECTID",
            "CUSTOMERID",
            "VENDORID",
            "ITEMID",
            "CLASSID",
            "ENTRYDESCRIPTION",
        ],
    ),
];

/// Rows that were read, and how long it took.
struct Rows {
    rows: u128,
    /// Bytes of all values.
    bytes: usize,
    micros: u128,
}

/// What one reading of documents gave.
struct Reading {
    bills: u128,
    rows: u128,
    micros: u128,
    metered: u128,
}

/// Measures `rounds` times.
pub(super) async fn measure(
    company: &Path,
    scratch: &Path,
    rounds: usize,
) -> anyhow::Result<Vec<Figure>> {
    let twins = Twins::start(company)?;
    let (mut documents, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let script = std::env::var(READER).ok();
    for number in 0..rounds.max(1) {
        let work = scratch.join(format!("reading-{number}"));
        let file = twins.set_up(company, &work)?;
        // Clients of their own each time: nothing learned before is used again.
        let wired = wired(load(&file)?, &Arc::new(Tap::default())).await?;
        documents.push(read(&twins, &wired).await?);
        ours.push(read_rows(&load(&file)?).await?);
        if let Some(script) = &script {
            let read = read_with_sdk(script, &twins.ready)?;
            let same = |ours: &Rows| (ours.rows, ours.bytes) == (read.rows, read.bytes);
            if !ours.last().is_some_and(same) {
                bail!(
                    "the SDK read other rows: {} with {} bytes of values",
                    read.rows,
                    read.bytes
                );
            }
            theirs.push(read);
        }
    }
    let first = documents.first().context("nothing was read")?;
    let (bills, metered) = (first.bills, first.metered);
    let per_1000 = hundredths(metered * 1000, bills);
    let metering = Figure {
        letter: 'c',
        what: "metered Intacct calls per 1,000 bills read".into(),
        figure: ratio(metered * 1000, bills),
        goal: "<= 3".into(),
        verdict: Verdict::of(bills > 0 && per_1000 <= GOAL_METERED_PER_1000 * 100),
        note: format!("{metered} metered for {bills} bills, log-in and catalogue included"),
    };
    let as_documents = median(
        documents
            .iter()
            .map(|r| per_second(r.rows, r.micros))
            .collect(),
    );
    let [speed, beside] = speed(&ours, &theirs, as_documents);
    Ok(vec![metering, speed, beside])
}

/// Ours beside theirs, in rows per second.
fn speed(ours: &[Rows], theirs: &[Rows], as_documents: u128) -> [Figure; 2] {
    let rate = |all: &[Rows]| median(all.iter().map(|r| per_second(r.rows, r.micros)).collect());
    let (our_rate, rows) = (rate(ours), ours.first().map_or(0, |r| r.rows));
    let mut speed = Figure {
        letter: 'd',
        what: "rows read per second ÷ official JavaScript SDK".into(),
        figure: format!("{our_rate}/s ÷ ?"),
        goal: ">= 10".into(),
        verdict: Verdict::NotMeasured,
        note: format!("{READER} is not set: cargo xtask bench installs the SDK and sets it"),
    };
    let mut beside = Figure {
        letter: 'd',
        what: "the same as documents, as the pipeline reads".into(),
        figure: format!("{as_documents}/s ÷ ?"),
        goal: String::new(),
        verdict: Verdict::Informative,
        note: format!("{as_documents} rows per second, their documents ready for the store"),
    };
    if !theirs.is_empty() {
        let their_rate = rate(theirs);
        speed.figure = ratio(our_rate, their_rate);
        speed.verdict = Verdict::of(hundredths(our_rate, their_rate) >= GOAL_HUNDREDTHS);
        speed.note = format!(
            "{our_rate}/s ÷ {their_rate}/s; the same {rows} rows with all values, median of {} rounds",
            theirs.len()
        );
        beside.figure = ratio(as_documents, their_rate);
    }
    [speed, beside]
}

/// Reads the rows of bills and their lines with our client, every value of them.
async fn read_rows(config: &Config) -> anyhow::Result<Rows> {
    let calls = Arc::new(CallBuffer::default());
    let clients = clients(config, &ambient::real(), &calls, DIRECT);
    let clients = clients.map_err(|failure| worded(&failure))?;
    let started = Instant::now();
    let (mut rows, mut bytes) = (0, 0);
    for (object, fields) in OBJECTS {
        let mut each = |row: tieout_intacct::PlainRow<'_>| {
            bytes += (0..fields.len())
                .map(|at| row.value(at).len())
                .sum::<usize>();
        };
        rows += clients.intacct.rows(object, fields, &mut each).await?;
    }
    Ok(Rows {
        rows: u128::from(rows),
        bytes,
        micros: started.elapsed().as_micros(),
    })
}

/// Reads all bills with their lines through the client, as the pipeline does.
async fn read(twins: &Twins, wired: &Wired) -> anyhow::Result<Reading> {
    let system = wired.context.systems.get(&SystemId::new("intacct"));
    let source = system
        .and_then(|system| system.source.clone())
        .ok_or_else(|| anyhow!("the configuration has no source"))?;
    let scope = Scope {
        kind: DocumentKind::SupplierInvoice,
        entities: BTreeSet::new(),
        postings_excluded: BTreeSet::new(),
    };
    let before = twins.calls("intacct", "").await?.metered;
    let started = Instant::now();
    let mut reading = Reading {
        bills: 0,
        rows: 0,
        micros: 0,
        metered: 0,
    };
    let mut cursor = None;
    loop {
        let limit = wired.context.bounds.page_len_max;
        let page = source.changes(&scope, cursor.as_ref(), limit).await?;
        for captured in &page.captured {
            let Captured::Document(envelope) = captured else {
                bail!("a bill of the company folder is not read as a document: {captured:?}");
            };
            if let Document::SupplierInvoice(bill) = &envelope.document {
                reading.bills += 1;
                reading.rows += 1 + u128::try_from(bill.draft().lines.len())?;
            }
        }
        cursor = Some(page.next);
        if !page.has_more {
            break;
        }
    }
    reading.micros = started.elapsed().as_micros();
    reading.metered = u128::from(twins.calls("intacct", "").await?.metered - before);
    Ok(reading)
}

/// What the official SDK read.
fn read_with_sdk(script: &str, ready: &str) -> anyhow::Result<Rows> {
    let what = serde_json::to_string(&OBJECTS)?;
    let output = Command::new("node")
        .arg(script)
        .env("TIEOUT_TWIN", ready)
        .env(WHAT, what)
        .output()
        .context("node cannot be started")?;
    if !output.status.success() {
        bail!(
            "the SDK's reader failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let value: Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| {
        let found = value.get(name).and_then(Value::as_u64);
        found.with_context(|| format!("the SDK's reader says no {name}"))
    };
    Ok(Rows {
        rows: u128::from(number("rows")?),
        bytes: usize::try_from(number("bytes")?)?,
        micros: u128::from(number("milliseconds")?) * 1000,
    })
}
