//! (c) What reading costs in metered calls, and (d) how fast bills and their lines are read beside the official JavaScript SDK.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;
use tieout_connector::{Captured, Scope};
use tieout_model::{Document, DocumentKind, SystemId};

use super::rig::{Tap, Twins, load, wired};
use super::table::{Figure, Verdict, hundredths, median, per_second, ratio};
use crate::systems::Wired;

/// Says where the script is that reads with the official SDK.
const READER: &str = "TIEOUT_BENCH_READER";
const GOAL_METERED_PER_1000: u128 = 3;
const GOAL_HUNDREDTHS: u128 = 1_000;

/// What one reading gave.
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
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let script = std::env::var(READER).ok();
    for number in 0..rounds.max(1) {
        let work = scratch.join(format!("reading-{number}"));
        let file = twins.set_up(company, &work)?;
        // A pipeline of its own each time: nothing learned before is used again.
        let wired = wired(load(&file)?, &Arc::new(Tap::default())).await?;
        ours.push(read(&twins, &wired).await?);
        if let Some(script) = &script {
            theirs.push(read_with_sdk(script, &twins.ready)?);
        }
    }
    let first = ours.first().context("nothing was read")?;
    let (bills, rows, metered) = (first.bills, first.rows, first.metered);
    let rate = median(ours.iter().map(|r| per_second(r.rows, r.micros)).collect());
    let per_1000 = hundredths(metered * 1000, bills);
    let mut figures = vec![Figure {
        letter: 'c',
        what: "metered Intacct calls per 1,000 bills read".into(),
        figure: ratio(metered * 1000, bills),
        goal: "<= 3".into(),
        verdict: Verdict::of(bills > 0 && per_1000 <= GOAL_METERED_PER_1000 * 100),
        note: format!("{metered} metered for {bills} bills, log-in and catalogue included"),
    }];
    let mut speed = Figure {
        letter: 'd',
        what: "rows read per second ÷ official JavaScript SDK".into(),
        figure: format!("{rate}/s ÷ ?"),
        goal: ">= 10".into(),
        verdict: Verdict::NotMeasured,
        note: format!("{READER} is not set: cargo xtask bench installs the SDK and sets it"),
    };
    if let Some((their_rows, _)) = theirs.first() {
        let their_rate = median(
            theirs
                .iter()
                .map(|(rows, micros)| per_second(*rows, *micros))
                .collect(),
        );
        speed.figure = ratio(rate, their_rate);
        speed.verdict = Verdict::of(hundredths(rate, their_rate) >= GOAL_HUNDREDTHS);
        speed.note = format!(
            "{rate}/s ({rows} rows) ÷ {their_rate}/s ({their_rows} rows), median of {} rounds",
            theirs.len()
        );
    }
    figures.push(speed);
    Ok(figures)
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

/// Rows and microseconds of the official SDK.
fn read_with_sdk(script: &str, ready: &str) -> anyhow::Result<(u128, u128)> {
    let output = Command::new("node")
        .arg(script)
        .env("TIEOUT_TWIN", ready)
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
        found
            .map(u128::from)
            .with_context(|| format!("the SDK's reader says no {name}"))
    };
    Ok((number("rows")?, number("milliseconds")? * 1000))
}
