//! (b) Bills delivered per second, beside a bare HTTP loop that posts the very same requests with the same concurrency to fresh simulators.
//!
//! Delivered means: leased, encoded, posted, and the answer durable in the store. Reading back is measured separately.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::bail;
use futures_util::{StreamExt as _, stream};
use tieout_engine::StateWord;
use tieout_pipeline::drive::LANES;
use tieout_pipeline::{Progress, confirm, deliver, extract, translate};

use super::rig::{Passed, Tap, Twins, load, wired};
use super::table::{Figure, Verdict, hundredths, median, per_second, ratio};

const GOAL_HUNDREDTHS: u128 = 80;

/// What one round gave.
struct Round {
    bills: u128,
    delivering: u128,
    confirming: u128,
    bare: u128,
    /// Processor time of this process for both, in milliseconds.
    worked: [u128; 2],
    in_flight_max: usize,
}

/// Measures `rounds` times.
pub(super) async fn measure(
    company: &Path,
    scratch: &Path,
    rounds: usize,
) -> anyhow::Result<Vec<Figure>> {
    let mut done = Vec::new();
    for number in 0..rounds.max(1) {
        done.push(round(company, &scratch.join(format!("delivery-{number}"))).await?);
    }
    let rates = |micros: fn(&Round) -> u128| {
        let list = done.iter().map(|r| per_second(r.bills, micros(r)));
        median(list.collect())
    };
    // A round measures both one right after the other: a machine that is slower for a while is so for both.
    let ratios = |micros: fn(&Round) -> u128| {
        let list = done.iter().map(|r| hundredths(r.bare, micros(r)));
        median(list.collect())
    };
    let ours = rates(|r| r.delivering);
    let bare = rates(|r| r.bare);
    let confirmed = rates(|r| r.delivering + r.confirming);
    let reached = ratios(|r| r.delivering);
    let with_reading = ratios(|r| r.delivering + r.confirming);
    let bills = done.first().map_or(0, |r| r.bills);
    let all: u128 = done.iter().map(|r| r.bills).sum();
    let [ours_worked, bare_worked] = [0, 1].map(|at| done.iter().map(|r| r.worked[at]).sum());
    let in_flight_max = done.first().map_or(0, |r| r.in_flight_max);
    let note = format!(
        "{ours}/s ÷ {bare}/s; {bills} bills, {in_flight_max} calls at a time, median of {} rounds",
        done.len()
    );
    Ok(vec![
        Figure {
            letter: 'b',
            what: "bills delivered ÷ bare HTTP loop".into(),
            figure: ratio(reached, 100),
            goal: ">= 0.80".into(),
            verdict: Verdict::of(reached >= GOAL_HUNDREDTHS),
            note,
        },
        Figure {
            letter: 'b',
            what: "the same with every bill read back".into(),
            figure: ratio(with_reading, 100),
            goal: String::new(),
            verdict: Verdict::Informative,
            note: format!("{confirmed}/s delivered, then confirmed"),
        },
        Figure {
            letter: 'b',
            what: "processor time of this process, ÷ bare HTTP loop".into(),
            figure: ratio(ours_worked, bare_worked),
            goal: String::new(),
            verdict: Verdict::Informative,
            note: format!(
                "{} µs ÷ {} µs a bill, all rounds; the simulator's time comes on top of both",
                ours_worked * 1000 / all.max(1),
                bare_worked * 1000 / all.max(1)
            ),
        },
    ])
}

async fn round(company: &Path, work: &Path) -> anyhow::Result<Round> {
    let tap = Arc::new(Tap::default());
    let twins = Twins::start(company)?;
    let file = twins.set_up(company, work)?;
    let mut config = load(&file)?;
    // Only bills: journals travel as files and are another measure.
    config
        .flow
        .retain(|flow| flow.document == "supplier_invoice");
    let in_flight_max = config.fusion.in_flight_max;
    let wired = wired(config, &tap).await?;
    let context = &wired.context;
    while matches!(extract::pass(context).await?, Progress::Worked(_)) {}
    while matches!(translate::pass(context).await?, Progress::Worked(_)) {}
    let bills = context
        .store
        .counts()
        .await?
        .deliveries_in(StateWord::Queued);
    tap.take(usize::try_from(bills)?);
    let (started, before) = (Instant::now(), processor_ms());
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..LANES {
        let context = Arc::clone(context);
        lanes.spawn(async move {
            while matches!(deliver::pass(&context).await?, Progress::Worked(_)) {}
            anyhow::Ok(())
        });
    }
    while let Some(done) = lanes.join_next().await {
        done??;
    }
    let delivering = started.elapsed().as_micros();
    let worked = processor_ms() - before;
    let sent = tap.take(0);
    let started = Instant::now();
    while matches!(confirm::pass(context).await?, Progress::Worked(_)) {}
    let confirming = started.elapsed().as_micros();
    let posted = context
        .store
        .counts()
        .await?
        .deliveries_in(StateWord::Posted);
    let requests = u64::try_from(sent.requests.len())?;
    if posted != bills || requests != bills {
        bail!("{bills} bills were queued, {requests} requests sent, {posted} confirmed");
    }
    drop(twins);
    let fresh = Twins::start(company)?;
    let before = processor_ms();
    let bare = bare_loop(&sent, fresh.fusion(), in_flight_max).await?;
    let worked = [worked, processor_ms() - before];
    Ok(Round {
        bills: u128::from(bills),
        delivering,
        confirming,
        bare,
        worked,
        in_flight_max,
    })
}

/// Time this process has spent on processors, kernel included, in steps of 10 ms; 0 where the system does not say it in this way.
fn processor_ms() -> u128 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    // Linux counts for programs in hundredths of a second on every machine.
    ticks
        .filter_map(|tick| tick.parse::<u128>().ok())
        .sum::<u128>()
        * 10
}

/// Posts what was sent to `base`, so many at a time, and does nothing else; microseconds.
async fn bare_loop(sent: &Passed, base: &str, in_flight_max: usize) -> anyhow::Result<u128> {
    let client = reqwest::Client::builder()
        .tcp_nodelay(true)
        .no_proxy()
        .build()?;
    // Headers that only mean something inside this program are not sent.
    let own = |name: &http::HeaderName| name.as_str().starts_with("x-tieout-");
    let headers = sent.headers.iter().filter(|(name, _)| !own(name));
    let headers = headers.map(|(name, value)| (name.clone(), value.clone()));
    let headers: http::HeaderMap = headers.collect();
    let started = Instant::now();
    let mut answers = stream::iter(&sent.requests)
        .map(|(uri, body)| {
            let path = uri.path_and_query().map_or("/", |p| p.as_str());
            let sent = client
                .post(format!("{base}{path}"))
                .headers(headers.clone())
                .body(body.clone());
            async move {
                let answer = sent.send().await?;
                let status = answer.status();
                answer.bytes().await?;
                anyhow::Ok(status)
            }
        })
        .buffer_unordered(in_flight_max);
    while let Some(status) = answers.next().await {
        let status = status?;
        if !status.is_success() {
            bail!("the bare loop is answered {status}");
        }
    }
    Ok(started.elapsed().as_micros())
}
