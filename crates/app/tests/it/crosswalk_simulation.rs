//! What `tieout crosswalk simulate` prints of a closed year equals what plain addition over the folder's files gives.
//!
//! The addition knows nothing of the program: it reads the rules as JSON and the lines as CSV, and counts whole pence.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::program::{root, tieout};

type Row = BTreeMap<String, String>;

fn each(company: &Path, name: &str, mut take: impl FnMut(Row)) {
    let path = company.join(name);
    let packed = PathBuf::from(format!("{}.gz", path.display()));
    let reader: Box<dyn Read> = if path.exists() {
        Box::new(File::open(path).unwrap())
    } else {
        Box::new(MultiGzDecoder::new(File::open(packed).unwrap()))
    };
    let mut reader = csv::Reader::from_reader(reader);
    reader.deserialize().for_each(|row| take(row.unwrap()));
}

fn pence(text: &str) -> i128 {
    let (pounds, rest) = text.split_once('.').unwrap();
    assert_eq!(rest.len(), 2, "{text}");
    let sign = if pounds.starts_with('-') { -1 } else { 1 };
    let pounds: i128 = pounds.trim_start_matches('-').parse().unwrap();
    sign * (pounds * 100 + rest.parse::<i128>().unwrap())
}

/// A version as its file says it.
struct Rules {
    json: Value,
    from: String,
    /// Names of the segments, in order.
    segments: Vec<String>,
    /// Positions of the rules of each segment, by priority.
    order: BTreeMap<String, Vec<usize>>,
}

impl Rules {
    fn read(company: &Path, version: &str) -> Self {
        let bytes = std::fs::read(company.join(format!("crosswalk/{version}.json"))).unwrap();
        let json: Value = serde_json::from_slice(&bytes).unwrap();
        let mut order: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let rules = json["rules"].as_array().unwrap();
        for (at, rule) in rules.iter().enumerate() {
            let segment = rule["segment"].as_str().unwrap().to_owned();
            order.entry(segment).or_default().push(at);
        }
        for list in order.values_mut() {
            list.sort_by_key(|at| rules[*at]["priority"].as_u64().unwrap());
        }
        let segments = json["segments"].as_array().unwrap();
        Self {
            from: json["effective_from"].as_str().unwrap().to_owned(),
            segments: segments
                .iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect(),
            order,
            json,
        }
    }

    fn value(&self, segment: &str, line: &Row, class: &str, entity: &Row) -> String {
        let seen = |name: &str| match name {
            "account.class" => class.to_owned(),
            other => line[other].clone(),
        };
        for at in &self.order[segment] {
            let rule = &self.json["rules"][*at];
            let holds = rule["when"].as_array().unwrap().iter().all(|condition| {
                let value = seen(condition[0].as_str().unwrap());
                match condition[1].as_str().unwrap() {
                    "eq" => condition[2] == Value::String(value),
                    "in" => condition[2]
                        .as_array()
                        .unwrap()
                        .contains(&Value::String(value)),
                    other => panic!("these files have no condition {other:?}"),
                }
            });
            if !holds {
                continue;
            }
            let value = rule["value"].as_str().unwrap();
            return match (value.strip_prefix("lookup:"), value.strip_prefix("entity.")) {
                (Some(table), _) => {
                    let found = &self.json["lookups"][table][seen(table)];
                    found
                        .as_str()
                        .unwrap_or_else(|| panic!("{line:?}"))
                        .to_owned()
                }
                (None, Some(column)) => entity[column].clone(),
                (None, None) => value.to_owned(),
            };
        }
        panic!("no rule of {segment} for {line:?}")
    }

    fn key(&self, line: &Row, class: &str, entity: &Row) -> Vec<String> {
        let segments = self.segments.iter();
        segments
            .map(|segment| self.value(segment, line, class, entity))
            .collect()
    }
}

/// Balances before and after.
type Sides = BTreeMap<Vec<String>, [i128; 2]>;

#[derive(Default)]
struct Added {
    /// By natural account.
    accounts: Sides,
    /// By entity and combination.
    balances: Sides,
    documents: BTreeSet<String>,
    moved: BTreeSet<String>,
    lines: usize,
}

/// Adds up a fiscal year of a folder whose version 1 coded it, under both versions.
fn added(company: &Path, year: &str) -> Added {
    let (old, new) = (Rules::read(company, "v1"), Rules::read(company, "v2"));
    let mut classes = BTreeMap::new();
    each(company, "master/accounts_intacct.csv", |row| {
        classes.insert(row["account"].clone(), row["class"].clone());
    });
    let mut entities = BTreeMap::new();
    each(company, "master/entities.csv", |row| {
        entities.insert(row["entity_id"].clone(), row);
    });
    let mut out = Added::default();
    each(company, "inputs/documents.csv", |row| {
        if row["period"].ends_with(year) {
            assert!(row["gl_date"] < new.from, "{row:?} is not version 1's");
            out.documents.insert(row["document_id"].clone());
        }
    });
    let account = old
        .segments
        .iter()
        .position(|name| name == "account")
        .unwrap();
    each(company, "inputs/document_lines.csv", |line| {
        let id = &line["document_id"];
        if !out.documents.contains(id) {
            return;
        }
        let entity = &entities[&line["entity_id"]];
        let class = &classes[&line["account"]];
        let amount = pence(&line["base_debit"]) - pence(&line["base_credit"]);
        let keys = [&old, &new].map(|rules| rules.key(&line, class, entity));
        for (side, key) in keys.iter().enumerate() {
            let account = vec![key[account].clone()];
            out.accounts.entry(account).or_default()[side] += amount;
            let place = vec![line["entity_id"].clone(), key.join("-")];
            out.balances.entry(place).or_default()[side] += amount;
        }
        if keys[0] != keys[1] {
            out.moved.insert(id.clone());
        }
        out.lines += 1;
    });
    out
}

/// The rows of a list of the report as the addition would have them; each delta must be the difference of both sides.
fn printed(list: &Value, names: &[&str]) -> Sides {
    let rows = list.as_array().unwrap().iter().map(|row| {
        let key = names
            .iter()
            .map(|name| row[*name].as_str().unwrap().to_owned());
        let [old, new, delta] = ["old", "new", "delta"].map(|side| {
            let text = row[side].as_str().unwrap();
            if text == "0" { 0 } else { pence(text) }
        });
        assert_eq!(new - old, delta, "{row}");
        (key.collect(), [old, new])
    });
    rows.collect()
}

fn compare(company: &Path, year: &str) -> (Added, Value) {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("report.json");
    let version = company.join("crosswalk/v2.json");
    let started = std::time::Instant::now();
    tieout(&[
        "crosswalk",
        "simulate",
        "--company",
        company.to_str().unwrap(),
        "--version",
        version.to_str().unwrap(),
        "--period",
        &format!("FY{year}"),
        "--out",
        out.to_str().unwrap(),
    ])
    .expect(0);
    eprintln!("simulated in {} ms", started.elapsed().as_millis());
    let report: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let added = added(company, year);
    assert_eq!(printed(&report["accounts"], &["account"]), added.accounts);
    assert_eq!(
        printed(&report["trial_balance"], &["entity", "key"]),
        added.balances
    );
    assert_eq!(report["documents"], added.documents.len());
    assert_eq!(report["lines"], added.lines);
    assert_eq!(report["affected_documents"], added.moved.len());
    assert_eq!(report["gaps"], Value::Array(Vec::new()));
    let moved = added.accounts.values().filter(|[old, new]| old != new);
    assert!(moved.count() > 0, "nothing moved: this proves little");
    (added, report)
}

#[test]
fn the_delta_of_a_year_of_three_councils_is_what_plain_addition_gives() {
    let (added, _) = compare(&root().join("companies/uk_councils_year"), "2020");
    assert_eq!((added.documents.len(), added.lines), (29_807, 75_490));
    assert_eq!(added.moved.len(), 4_198);
    let account = |name: &str| added.accounts[&vec![name.to_owned()]];
    // 5,611,338.97 stood on 52100; version 2 tells gas and electricity apart.
    assert_eq!(account("52100"), [561_133_897, 5_181_572]);
}

/// The same over the whole set, which is too large for the repository: `TIEOUT_COUNCILS_FULL=<folder>`, with `TIEOUT_COUNCILS_YEAR` for
/// another year than 2020.
#[test]
#[ignore = "needs the full set of the three councils"]
fn the_delta_of_any_year_of_the_full_set_is_what_plain_addition_gives() {
    let folder = std::env::var("TIEOUT_COUNCILS_FULL").unwrap();
    let year = std::env::var("TIEOUT_COUNCILS_YEAR").unwrap_or_else(|_| "2020".to_owned());
    let (added, _) = compare(Path::new(&folder), &year);
    eprintln!(
        "{} documents, {} lines, {} move",
        added.documents.len(),
        added.lines,
        added.moved.len()
    );
}
