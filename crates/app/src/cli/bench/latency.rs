//! (a) From a bill entered in the source to its delivery posted and read back, with a signed trigger for every bill.
//!
//! The clock starts before the bill is sent to the control port and stops at the instant that our own store gives the posting. Simulators
//! and pipeline are processes of their own; this one only enters bills.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tieout_engine::StateWord;
use tieout_model::{AccountingDate, Clock as _, EntityId, Timestamp};

use super::process::{Process, argument};
use super::rig::{Twins, load, save, worded};
use super::table::{Figure, Verdict, milliseconds};
use crate::ambient::{SystemClock, pause};
use crate::config::TriggerConfig;
use crate::config::secret::SecretRef;
use crate::systems::open_store;

/// The goal for the 99th percentile without delay, in microseconds.
const GOAL_MICROS: u64 = 1_000_000;
/// Signs the triggers of this measurement.
const SECRET: &str = "bench-trigger-secret";
/// Entity that the bills belong to, and what they look like.
const ENTITY: &str = "E200";
const PREFIX: &str = "BENCH-";
/// How long to wait for stragglers after the last bill.
const PATIENCE: Duration = Duration::from_secs(120);

/// How fast bills come and calls are answered.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    per_second: u32,
    seconds: u32,
    /// Delay of every call, milliseconds.
    pub(super) delay_ms: u64,
    /// Calls to the target at a time; `None` for the configuration's default.
    pub(super) in_flight_max: Option<usize>,
    /// Calls to the source at a time; `None` for the configuration's default.
    pub(super) source_in_flight_max: Option<usize>,
}

impl Pace {
    /// Without delay.
    pub(super) const fn calm(per_second: u32, seconds: u32) -> Self {
        Self {
            per_second,
            seconds,
            delay_ms: 0,
            in_flight_max: None,
            source_in_flight_max: None,
        }
    }
}

/// Measures; `work` is made and kept while it runs.
pub(super) async fn measure(
    company: &Path,
    work: &Path,
    pace: &Pace,
) -> anyhow::Result<Vec<Figure>> {
    let twins = Arc::new(Twins::start(company)?);
    let file = twins.set_up(company, work)?;
    let listen = free_address()?;
    std::fs::write(work.join("keys/trigger.secret"), SECRET)?;
    let mut config = load(&file)?;
    config.trigger = Some(TriggerConfig {
        listen,
        secrets: vec![SecretRef::File("keys/trigger.secret".into())],
    });
    if let Some(calls) = pace.in_flight_max {
        config.fusion.in_flight_max = calls;
    }
    if let Some(calls) = pace.source_in_flight_max {
        config.intacct.in_flight_max = calls;
    }
    let in_flight = (config.intacct.in_flight_max, config.fusion.in_flight_max);
    save(&config, &file)?;
    let name = argument(&file)?;
    let first = Process::start(&["run", "--drain", "--json", "--config", name])?;
    let first = first.wait(None).await?;
    if first.code != Some(0) {
        bail!(
            "the company's own documents could not be carried: {}",
            first.output
        );
    }
    let pipeline = Process::start(&["run", "--config", name])?;
    reachable(listen).await?;
    if pace.delay_ms > 0 {
        let rule = serde_json::json!([{ "fault": { "delay_ms": pace.delay_ms } }]);
        twins.post("faults", rule.to_string()).await?;
    }
    let entered = enter(&twins, listen, pace).await?;
    let store = open_store(&config).await.map_err(|f| worded(&f))?;
    let waiting_since = Instant::now();
    while waiting_since.elapsed() < PATIENCE {
        let counts = store.counts().await?;
        let open: u64 = [
            StateWord::Queued,
            StateWord::Leased,
            StateWord::Submitted,
            StateWord::Uncertain,
        ]
        .into_iter()
        .map(|state| counts.deliveries_in(state))
        .sum();
        if open == 0 && posted(&store).await?.len() >= entered.len() {
            break;
        }
        pause(Duration::from_millis(500)).await;
    }
    pipeline.end().await?;
    let posted = posted(&store).await?;
    Ok(vec![figure(&entered, &posted, pace, in_flight)])
}

/// Number of each bill that was posted: when it was opened and when it was posted.
async fn posted(
    store: &tieout_store::Store,
) -> anyhow::Result<BTreeMap<String, (Timestamp, Timestamp)>> {
    let mut found = BTreeMap::new();
    let through: AccountingDate = "2100-01-01".parse().context("a date")?;
    let mut take = |one: tieout_store::PostedDelivery| {
        if one.envelope.number.starts_with(PREFIX) {
            let times = (one.delivery.opened_at, one.delivery.moved_at);
            found.insert(one.envelope.number, times);
        }
    };
    store
        .posted_of(&EntityId::new(ENTITY), through, &mut take)
        .await?;
    Ok(found)
}

fn figure(
    entered: &BTreeMap<String, Timestamp>,
    posted: &BTreeMap<String, (Timestamp, Timestamp)>,
    pace: &Pace,
    (source_calls, target_calls): (usize, usize),
) -> Figure {
    let micros =
        |from: Timestamp, to: Timestamp| u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
    let (mut whole, mut first_half) = (Vec::new(), Vec::new());
    for (number, from) in entered {
        if let Some((opened, at)) = posted.get(number) {
            whole.push(micros(*from, *at));
            first_half.push(micros(*from, *opened));
        }
    }
    whole.sort_unstable();
    first_half.sort_unstable();
    let at = |list: &[u64], percent: usize| {
        let place = (list.len() * percent).div_ceil(100).saturating_sub(1);
        list.get(place).copied().unwrap_or(0)
    };
    let missing = entered.len().saturating_sub(whole.len());
    let is_reached = missing == 0 && !whole.is_empty() && at(&whole, 99) <= GOAL_MICROS;
    let verdict = match pace.delay_ms {
        0 => Verdict::of(is_reached),
        _ if missing > 0 => Verdict::Missed,
        _ => Verdict::Informative,
    };
    let delay = match pace.delay_ms {
        0 => "no delay".to_owned(),
        ms => format!("{ms} ms per call"),
    };
    Figure {
        letter: 'a',
        what: format!("entered to confirmed, {delay}"),
        figure: format!(
            "p50 {}, p99 {}, max {}",
            milliseconds(at(&whole, 50)),
            milliseconds(at(&whole, 99)),
            milliseconds(at(&whole, 100))
        ),
        goal: if pace.delay_ms == 0 {
            "p99 <= 1 s".into()
        } else {
            String::new()
        },
        verdict,
        note: format!(
            "{} of {} bills confirmed at {}/s; until translated p50 {}; calls at a time: {source_calls} and {target_calls}",
            whole.len(),
            entered.len(),
            pace.per_second,
            milliseconds(at(&first_half, 50)),
        ),
    }
}

/// Enters bills at their pace, each followed by its trigger; answers when each was entered.
async fn enter(
    twins: &Arc<Twins>,
    trigger: SocketAddr,
    pace: &Pace,
) -> anyhow::Result<BTreeMap<String, Timestamp>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let count = pace.per_second.saturating_mul(pace.seconds);
    let step = Duration::from_micros(1_000_000 / u64::from(pace.per_second.max(1)));
    let started = Instant::now();
    let mut under_way = tokio::task::JoinSet::new();
    for number in 0..count {
        let due = step.saturating_mul(number);
        pause(due.saturating_sub(started.elapsed())).await;
        let (twins, http) = (Arc::clone(twins), http.clone());
        under_way.spawn(async move {
            let id = format!("{PREFIX}{number:06}");
            let at = SystemClock.now();
            twins.post("documents", bill(&id, number)).await?;
            pull_trigger(&http, trigger, &id).await?;
            anyhow::Ok((id, at))
        });
    }
    let mut entered = BTreeMap::new();
    while let Some(done) = under_way.join_next().await {
        let (id, at) = done??;
        entered.insert(id, at);
    }
    Ok(entered)
}

fn bill(id: &str, number: u32) -> String {
    let amount = format!("{}.{:02}", 10 + number % 900, number % 100);
    serde_json::json!({
        "type": "ap_bill", "document_id": id, "entity_id": ENTITY, "document_date": "2027-01-15", "gl_date": "2027-01-15",
        "due_date": "2027-02-14", "currency": "USD", "party_id": "VE-01", "description": "measured",
        "lines": [
            { "account": "6100", "txn_debit": amount, "department": "D100" },
            { "account": "2000", "txn_credit": amount },
        ],
    })
    .to_string()
}

async fn pull_trigger(http: &reqwest::Client, at: SocketAddr, id: &str) -> anyhow::Result<()> {
    let time = SystemClock.now().millis().div_euclid(1000);
    let body = format!("{{\"document\":\"{id}\"}}");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())
        .context("a key of any length is taken")?;
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    let signature: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let answer = http
        .post(format!("http://{at}/trigger"))
        .header("webhook-id", id)
        .header("webhook-timestamp", time.to_string())
        .header("webhook-signature", format!("v1,{signature}"))
        .body(body)
        .send()
        .await?;
    if !answer.status().is_success() {
        bail!("the trigger endpoint answers {}", answer.status());
    }
    Ok(())
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let probe = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(probe.local_addr()?)
}

async fn reachable(address: SocketAddr) -> anyhow::Result<()> {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        pause(Duration::from_millis(50)).await;
    }
    bail!("the pipeline's trigger endpoint does not come up")
}
