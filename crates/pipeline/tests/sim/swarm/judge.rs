//! The judge: own code, own decimals. It reads the twins' books, the open exceptions and the audit log, and knows what people did.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use base64::Engine as _;
use bigdecimal::BigDecimal;
use tieout_store::{DocumentFilter, DocumentWord, Store};
use tieout_twins::Twin as _;
use tieout_twins::fusion::FusionTwin;

use super::judge_ledger;
use super::judge_limits;
use super::ledger::{Books, ENTITIES, SourceDocument, State, decimals, iso, plain};
use super::world::World;

/// One thing that is wrong: the point of the plan, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    pub(crate) point: u8,
    pub(crate) what: String,
}

/// One row of the target's documents.
#[derive(Debug, Clone)]
pub(crate) struct TargetRow {
    pub(crate) kind: String,
    pub(crate) number: String,
    pub(crate) stamp: String,
    pub(crate) entity: String,
    pub(crate) day: String,
    pub(crate) currency: String,
    pub(crate) amount: BigDecimal,
    pub(crate) status: String,
    pub(crate) created: String,
    /// True if it is in the target's balances.
    pub(crate) counts: bool,
}

/// An open, visible exception.
#[derive(Debug, Clone)]
pub(crate) struct Exception {
    pub(crate) word: &'static str,
    pub(crate) reason: String,
}

/// What the judge looks at.
pub(crate) struct Evidence {
    pub(crate) rows: Vec<TargetRow>,
    /// By document number.
    pub(crate) exceptions: BTreeMap<String, Vec<Exception>>,
    /// Documents that are neither done nor exceptions.
    pub(crate) unsettled: Vec<String>,
    pub(crate) trial_balance: String,
}

/// What of one document stands in the target.
pub(crate) struct Standing<'a> {
    pub(crate) postings: Vec<&'a TargetRow>,
    pub(crate) reversals: Vec<&'a TargetRow>,
}

impl Standing<'_> {
    pub(crate) fn net(&self) -> i64 {
        self.postings.len() as i64 - self.reversals.len() as i64
    }
}

/// The target's rows; `accounted` are the numbers of the invoices that were accounted, which the list does not say.
fn rows_of(csv_text: &str, accounted: &BTreeSet<String>) -> Vec<TargetRow> {
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    let row = |record: csv::StringRecord| {
        let cell = |n: usize| record[n].to_owned();
        TargetRow {
            kind: cell(0),
            number: cell(1),
            stamp: cell(2),
            entity: cell(3),
            day: cell(4),
            currency: cell(5),
            amount: BigDecimal::from_str(&record[6]).unwrap(),
            status: cell(7),
            created: cell(8),
            counts: if &record[0] == "gl_journal" {
                &record[7] == "Posted"
            } else {
                accounted.contains(&record[1])
            },
        }
    };
    reader.records().map(|r| row(r.unwrap())).collect()
}

/// Reads what the judge looks at.
pub(crate) fn gather(world: &World) -> Evidence {
    let filter = DocumentFilter {
        limit: 1_000_000,
        ..DocumentFilter::default()
    };
    let listed = now(world.store.documents(&filter)).unwrap();
    let mut exceptions: BTreeMap<String, Vec<Exception>> = BTreeMap::new();
    let mut unsettled = Vec::new();
    for row in listed {
        match row.state {
            DocumentWord::Held
            | DocumentWord::Rejected
            | DocumentWord::Parked
            | DocumentWord::Resolved
            | DocumentWord::Uncertain => {
                let is_withdrawn = row
                    .reason
                    .contains("deleted the document before it was sent");
                if row.state == DocumentWord::Uncertain {
                    unsettled.push(format!("{} uncertain {}", row.number, row.reason));
                }
                if !is_withdrawn {
                    exceptions.entry(row.number).or_default().push(Exception {
                        word: row.state.word(),
                        reason: row.reason,
                    });
                }
            }
            DocumentWord::Accounted | DocumentWord::Reversed | DocumentWord::Superseded => {}
            DocumentWord::Seen
            | DocumentWord::Mapped
            | DocumentWord::Queued
            | DocumentWord::Sent
            | DocumentWord::Acknowledged => {
                unsettled.push(format!("{} {}", row.number, row.state));
            }
        }
    }
    let mut twin = world.fusion.twin.lock().unwrap();
    let accounted = accounted(&mut twin, world.sched.now_ms());
    Evidence {
        rows: rows_of(&twin.documents_csv(), &accounted),
        exceptions,
        unsettled,
        trial_balance: twin.trial_balance_csv(),
    }
}

/// Numbers of the invoices that were accounted, asked for as anybody with a log-in may.
fn accounted(twin: &mut FusionTwin, now_ms: i64) -> BTreeSet<String> {
    let (user, password) = twin.login();
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let mut found = BTreeSet::new();
    for page in 0.. {
        let address = format!(
            "/fscmRestApi/resources/11.13.18.05/invoices?onlyData=true&fields=InvoiceNumber,AccountingStatus&limit=400&offset={}",
            page * 400
        );
        let mut request = http::Request::get(address)
            .header("authorization", format!("Basic {login}"))
            .body(bytes::Bytes::new())
            .unwrap();
        request
            .headers_mut()
            .insert("accept", "application/json".parse().unwrap());
        let answer = twin.answer(now_ms, request);
        let text = answer.body();
        let rows: serde_json::Value = serde_json::from_slice(text).unwrap();
        for row in rows["items"].as_array().unwrap() {
            if row["AccountingStatus"] == "Accounted" {
                found.insert(row["InvoiceNumber"].as_str().unwrap().to_owned());
            }
        }
        if rows["hasMore"] != true {
            break;
        }
    }
    found
}

/// Everything that is wrong in a settled world.
pub(crate) fn judge(world: &World) -> Vec<Fault> {
    let evidence = gather(world);
    let company = world.people.company.lock().unwrap();
    let books = &company.books;
    let mut faults = Vec::new();
    let mut add = |point, what: String| faults.push(Fault { point, what });
    for what in &evidence.unsettled {
        add(9, format!("still open 24 h after the last fault: {what}"));
    }
    let standings = standings(&evidence.rows, &mut add);
    for number in standings.keys() {
        if !books.contains_key(number) {
            add(
                1,
                format!("{number} is in the target and nowhere in the source"),
            );
        }
    }
    for (number, document) in books {
        conservation(number, document, standings.get(number), &evidence, &mut add);
    }
    periods(world, &evidence.rows, &company.months[1], &mut add);
    audit(&world.store, &standings, &evidence, &mut add);
    judge_limits::check(world, &mut add);
    judge_ledger::check(&company, &evidence, &standings, &mut add);
    faults.sort();
    faults
}

/// Rows of the target by source document; every stamp at most once.
fn standings<'a>(
    rows: &'a [TargetRow],
    add: &mut impl FnMut(u8, String),
) -> BTreeMap<String, Standing<'a>> {
    let mut seen = BTreeSet::new();
    let mut found: BTreeMap<String, Standing<'a>> = BTreeMap::new();
    for row in rows {
        if !seen.insert((
            &row.stamp,
            &row.kind,
            if row.stamp.is_empty() {
                &*row.number
            } else {
                ""
            },
        )) {
            add(
                1,
                format!("doubled: {} {} stands twice", row.number, row.stamp),
            );
        }
        let number = if row.kind == "gl_journal" {
            row.number.split(' ').nth(1).unwrap_or_default()
        } else {
            row.number.split('/').next().unwrap_or_default()
        };
        // Deliveries count from 0; every second one takes the one before back.
        let is_reversal = row
            .stamp
            .rsplit_once('-')
            .and_then(|(_, n)| n.parse::<u32>().ok())
            .is_some_and(|n| n % 2 == 1 && row.stamp.matches('-').count() == 2);
        let key = if row.kind == "gl_journal" && number.starts_with("ICJOUR") {
            format!("{number}@{}", row.entity)
        } else {
            number.to_owned()
        };
        let number = key.split('@').next().unwrap_or_default().to_owned();
        let standing = found.entry(number).or_insert_with(|| Standing {
            postings: Vec::new(),
            reversals: Vec::new(),
        });
        if is_reversal {
            standing.reversals.push(row);
        } else {
            standing.postings.push(row);
        }
    }
    found
}

/// How many postings a document has while it stands: one for each entity.
pub(crate) fn parts(document: &SourceDocument) -> i64 {
    let state = document.states.iter().rev().flatten().next();
    let entities: BTreeSet<usize> = state
        .into_iter()
        .flat_map(|s| s.lines.iter().map(|l| l.entity))
        .collect();
    entities.len() as i64
}

fn conservation(
    number: &str,
    document: &SourceDocument,
    standing: Option<&Standing<'_>>,
    evidence: &Evidence,
    add: &mut impl FnMut(u8, String),
) {
    let net = standing.map_or(0, Standing::net);
    let wanted = if document.latest().is_some() {
        parts(document)
    } else {
        0
    };
    let is_exception = evidence.exceptions.contains_key(number);
    if net > parts(document) || net < 0 {
        add(1, format!("doubled: {number} has a net of {net} postings"));
    } else if net != wanted && !is_exception {
        let what = if net < wanted {
            "lost"
        } else {
            "not taken back"
        };
        add(
            1,
            format!("{what}: {number} {} stands {net} times", document.kind),
        );
    }
    if document.has_dust && net != 0 && !is_exception {
        let what = format!("{number} has digits behind the minor unit, which vanished silently");
        add(2, what);
    }
    let rows = standing
        .into_iter()
        .flat_map(|s| s.postings.iter().chain(&s.reversals));
    for row in rows.filter(|row| !is_exception && !row.counts) {
        let status = &row.status;
        add(
            1,
            format!("{number} stands as {status:?} and nobody is told"),
        );
    }
    if let (Some(standing), Some(state)) = (standing, document.latest())
        && !is_exception
        && net == wanted
        && wanted == 1
    {
        latest_state(number, document, state, standing, add);
    }
}

/// The posting that counts carries the latest state: its day, its entity, its amount.
fn latest_state(
    number: &str,
    document: &SourceDocument,
    state: &State,
    standing: &Standing<'_>,
    add: &mut impl FnMut(u8, String),
) {
    // The posting with the highest number is the one that counts.
    let number_of = |row: &&&TargetRow| {
        let (_, n) = row.stamp.rsplit_once('-').unwrap_or_default();
        if row.stamp.matches('-').count() == 2 {
            n.parse().unwrap_or(0)
        } else {
            0_u32
        }
    };
    let Some(row) = standing.postings.iter().max_by_key(number_of) else {
        return;
    };
    if row.day != iso(state.day) {
        add(
            4,
            format!(
                "{number} stands on {}, its latest state is of {}",
                row.day,
                iso(state.day)
            ),
        );
    }
    if row.entity != ENTITIES[document.entity].id {
        add(
            1,
            format!(
                "{number} stands in {} instead of {}",
                row.entity, ENTITIES[document.entity].id
            ),
        );
    }
    amounts(number, document, state, row, add);
}

fn amounts(
    number: &str,
    document: &SourceDocument,
    state: &State,
    row: &TargetRow,
    add: &mut impl FnMut(u8, String),
) {
    if document.is_invoice() {
        let control: i128 = -state.lines.last().map_or(0, |l| l.txn);
        let text = plain(control, decimals(document.currency));
        let amount = BigDecimal::from_str(&text).unwrap();
        if row.amount != amount || row.currency != document.currency {
            add(
                2,
                format!(
                    "{number} stands with {} {}, its latest state has {text} {}",
                    row.amount, row.currency, document.currency
                ),
            );
        }
    }
    if !document.is_invoice() && !document.is_statistical() {
        let sum =
            |side: fn(&super::ledger::Line) -> i128| state.lines.iter().map(side).sum::<i128>();
        let home = ENTITIES[document.entity].currency;
        let entered = plain(sum(|l| l.txn.max(0)), decimals(document.currency));
        let booked = plain(sum(|l| l.base.max(0)), decimals(home));
        let is_either = [&entered, &booked]
            .into_iter()
            .any(|text| BigDecimal::from_str(text).unwrap() == row.amount);
        if !is_either {
            add(
                2,
                format!(
                    "{number} of {} stands with {} {}, its latest state has {entered} or {booked}",
                    row.day, row.amount, row.currency
                ),
            );
        }
    }
    if document.is_statistical() {
        let units: i128 = state.lines.iter().map(|l| l.txn).filter(|t| *t > 0).sum();
        let amount = BigDecimal::from_str(&plain(units, 2)).unwrap();
        if row.amount != amount {
            add(
                2,
                format!(
                    "{number} stands with {} units, its latest state has {amount}",
                    row.amount
                ),
            );
        }
    }
}

fn periods(
    world: &World,
    rows: &[TargetRow],
    month: &super::folder::Month,
    add: &mut impl FnMut(u8, String),
) {
    let Some(closed) = *world.people.closed_at.lock().unwrap() else {
        return;
    };
    let closed = jiff::Timestamp::from_millisecond(closed + 1_000)
        .unwrap()
        .to_string();
    for row in rows {
        let is_inside = row.day >= iso(month.first) && row.day <= iso(month.last);
        // The adjusting period of the same day stays open.
        let is_adjusting = row.number.contains("GLADJU");
        if is_inside && !is_adjusting && row.counts && row.created[..19] > closed[..19] {
            add(
                5,
                format!(
                    "{} of {} was entered on {} into a closed period",
                    row.number, row.day, row.created
                ),
            );
        }
    }
}

/// The log verifies; each stamp in the target was in it before it was sent, and after it was read back.
fn audit(
    store: &Store,
    standings: &BTreeMap<String, Standing<'_>>,
    evidence: &Evidence,
    add: &mut impl FnMut(u8, String),
) {
    if let Err(failure) = now(store.verify_audit(None)) {
        add(8, format!("the audit log does not verify: {failure}"));
        return;
    }
    let entries = now(store.audit_entries(1, usize::MAX)).unwrap();
    let mut places: BTreeMap<String, (i64, usize)> = BTreeMap::new();
    for entry in &entries {
        let mut rest = &entry.body[..];
        while let Some(at) = rest.windows(7).position(|w| w == b"TIEOUT-") {
            let tail = &rest[at..];
            let stamp = String::from_utf8_lossy(&tail[..tail.len().min(26)]).into_owned();
            let place = places.entry(stamp).or_insert((entry.at.millis(), 0));
            place.1 += 1;
            rest = &tail[7..];
        }
    }
    for (number, standing) in standings {
        for row in standing.postings.iter().chain(&standing.reversals) {
            if row.stamp.len() < 26 {
                continue;
            }
            let mentioned = places.get(&row.stamp[..26]).map_or(0, |(_, count)| *count);
            let needed = if evidence.exceptions.contains_key(number) {
                1
            } else {
                2
            };
            if mentioned < needed {
                add(
                    8,
                    format!(
                        "{number} {} stands in the target with {mentioned} entries in the audit log",
                        row.stamp
                    ),
                );
            }
        }
    }
}

/// A call that never waits, since the store works inline.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    futures_util::future::FutureExt::now_or_never(future).unwrap()
}

/// Numbers of documents for a report.
pub(crate) fn count(books: &Books) -> usize {
    books.len()
}
