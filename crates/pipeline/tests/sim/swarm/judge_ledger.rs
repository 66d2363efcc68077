//! Point 3: the source's documents, mapped by the judge's own small mapper, make the target's trial balance to the minor unit.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use bigdecimal::{BigDecimal, Zero as _};
use serde_json::Value;

use super::folder::{Company, golden};
use super::judge::{Evidence, Standing, TargetRow};
use super::ledger::{ENTITIES, Line, SourceDocument, State, decimals, plain};

/// ledger, company, cost centre, account, product, intercompany
type Key = [String; 6];
/// Movements by key and position of the period.
type Movements = BTreeMap<(Key, usize), BigDecimal>;

struct Mapper {
    versions: [Value; 2],
    second_from: i64,
}

impl Mapper {
    fn new(company: &Company) -> Self {
        let read = |name: &str| {
            let text = std::fs::read_to_string(golden().join(name)).unwrap();
            serde_json::from_str(&text).unwrap()
        };
        Self {
            versions: [read("crosswalk/v1.json"), read("crosswalk/v2.json")],
            second_from: company.second_version_from,
        }
    }

    fn key(&self, line: &Line, on: i64) -> Option<Key> {
        let is_second = on >= self.second_from;
        let lookups = &self.versions[usize::from(is_second)]["lookups"];
        let look = |table: &str, value: &str| lookups[table][value].as_str().map(str::to_owned);
        let is_balance_sheet = line.account.starts_with(['1', '2', '3']);
        let department = if line.department.is_empty() {
            "D000"
        } else {
            line.department
        };
        let account = match line.account {
            "6000" if line.class == "CL-RND" => "61100".to_owned(),
            "6200" if is_second && department == "D300" => "62150".to_owned(),
            other => look("account", other)?,
        };
        let (cost_center, product) = if is_balance_sheet {
            ("0000".to_owned(), "0000".to_owned())
        } else {
            (look("department", department)?, look("item", line.item)?)
        };
        let intercompany = match (line.account, line.affiliate) {
            ("1700" | "2700" | "4700" | "6700", Some(other)) => ENTITIES[other].balancing,
            _ => "000",
        };
        let home = ENTITIES[line.entity];
        Some([
            home.ledger.to_owned(),
            home.balancing.to_owned(),
            cost_center,
            account,
            product,
            intercompany.to_owned(),
        ])
    }

    fn add(
        &self,
        company: &Company,
        into: &mut Movements,
        document: &SourceDocument,
        state: &State,
    ) {
        let entities: BTreeSet<usize> = state.lines.iter().map(|l| l.entity).collect();
        for entity in entities {
            self.add_part(company, into, document, (state, entity));
        }
    }

    /// Only the lines of one entity, whose part of a document is a posting of its own.
    fn add_part(
        &self,
        company: &Company,
        into: &mut Movements,
        document: &SourceDocument,
        (state, entity): (&State, usize),
    ) {
        if document.is_statistical() {
            return;
        }
        let month = company.month_of(state);
        let place = company
            .months
            .iter()
            .position(|m| m.name == month.name)
            .unwrap();
        for line in state.lines.iter().filter(|l| l.entity == entity) {
            let Some(key) = self.key(line, state.mapped_on) else {
                continue;
            };
            let text = plain(line.base, decimals(ENTITIES[line.entity].currency));
            *into.entry((key, place)).or_default() += BigDecimal::from_str(&text).unwrap();
        }
    }
}

/// Every snapshot of the target against what the source's documents make of it.
pub(crate) fn check(
    company: &Company,
    evidence: &Evidence,
    standings: &BTreeMap<String, Standing<'_>>,
    add: &mut impl FnMut(u8, String),
) {
    let mapper = Mapper::new(company);
    let mut movements = Movements::new();
    let mut open: Vec<(&String, &SourceDocument)> = Vec::new();
    for (number, document) in &company.books {
        if evidence.exceptions.contains_key(number) {
            open.push((number, document));
        } else if let Some(state) = document.latest() {
            mapper.add(company, &mut movements, document, state);
        }
    }
    // An exception stands in the target in one of its states, or not at all.
    for (number, document) in open {
        let Some(standing) = standings.get(number) else {
            continue;
        };
        // The parts of several entities travel apart: one may stand in an older state than the other.
        for (entity, home) in ENTITIES.iter().enumerate() {
            // What was imported into a period that is closed stands there without being in the balances.
            let counted = Standing {
                postings: counted(&standing.postings, home.id),
                reversals: counted(&standing.reversals, home.id),
            };
            if counted.net() <= 0 {
                continue;
            }
            if let Some(state) = standing_state(document, entity, &counted) {
                mapper.add_part(company, &mut movements, document, (state, entity));
            }
        }
    }
    let shown = shown(&evidence.trial_balance);
    for (label, expected) in snapshots(company, &movements) {
        let actual = shown.get(&label).cloned().unwrap_or_default();
        let keys: BTreeSet<&Key> = expected.keys().chain(actual.keys()).collect();
        let zero = BigDecimal::zero();
        let mut told = 0;
        for key in keys {
            let (want, have) = (
                expected.get(key).unwrap_or(&zero),
                actual.get(key).unwrap_or(&zero),
            );
            if want != have && told < 3 {
                told += 1;
                add(
                    3,
                    format!(
                        "{label} {}: the source makes {want}, the target shows {have}",
                        key.join("-")
                    ),
                );
            }
        }
    }
}

fn counted<'a>(rows: &[&'a TargetRow], entity: &str) -> Vec<&'a TargetRow> {
    let rows = rows.iter().copied();
    rows.filter(|row| row.counts && row.entity == entity)
        .collect()
}

/// The state of a document that its newest accounted posting for one entity in the target is.
fn standing_state<'a>(
    document: &'a SourceDocument,
    entity: usize,
    standing: &Standing<'_>,
) -> Option<&'a State> {
    let number_of = |stamp: &str| -> u32 {
        let (_, n) = stamp.rsplit_once('-').unwrap_or_default();
        if stamp.matches('-').count() == 2 {
            n.parse().unwrap_or(0)
        } else {
            0
        }
    };
    let row = standing
        .postings
        .iter()
        .max_by_key(|row| number_of(&row.stamp))?;
    let fits = |state: &&State| {
        let day = super::ledger::iso(state.day);
        if day != row.day {
            return false;
        }
        let total = if document.is_invoice() {
            -state.lines.last().map_or(0, |l| l.txn)
        } else {
            let side = |l: &Line| l.txn.max(0);
            let part = state.lines.iter().filter(|l| l.entity == entity);
            part.map(side).sum()
        };
        let text = plain(total, decimals(document.currency));
        BigDecimal::from_str(&text).unwrap() == row.amount
    };
    document.states.iter().rev().flatten().find(fits)
}

fn shown(text: &str) -> BTreeMap<String, BTreeMap<Key, BigDecimal>> {
    let mut found: BTreeMap<String, BTreeMap<Key, BigDecimal>> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for record in reader.records() {
        let record = record.unwrap();
        let cell = |n: usize| record[n].to_owned();
        let key = [cell(1), cell(3), cell(4), cell(5), cell(6), cell(7)];
        let balance = BigDecimal::from_str(&record[8]).unwrap();
        if !balance.is_zero() {
            found.entry(cell(0)).or_default().insert(key, balance);
        }
    }
    found
}

/// Balances at the end of every period: results since the year began, earlier ones in retained earnings.
fn snapshots(company: &Company, movements: &Movements) -> Vec<(String, BTreeMap<Key, BigDecimal>)> {
    let mut made = Vec::new();
    for (at, month) in company.months.iter().enumerate() {
        let mut balances: BTreeMap<Key, BigDecimal> = BTreeMap::new();
        for ((key, place), amount) in movements.range(..).filter(|((_, p), _)| *p <= at) {
            let is_result = key[3].starts_with(['4', '5', '6', '7', '8']);
            let is_prior = company.months[*place].year != month.year;
            let mut key = key.clone();
            if is_result && is_prior {
                for (n, text) in [(2, "0000"), (3, "31000"), (4, "0000"), (5, "000")] {
                    text.clone_into(&mut key[n]);
                }
            }
            *balances.entry(key).or_default() += amount;
        }
        balances.retain(|_, amount| !amount.is_zero());
        let label = if month.is_adjusting {
            format!("{}+ADJ", company.months[at - 1].name)
        } else {
            month.name.clone()
        };
        made.push((label, balances));
    }
    made
}
