//! Judges the books of both simulators by the golden company's expected files and by what was typed. Uses nothing of the product.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Twin, golden};

pub(crate) type Row = BTreeMap<String, String>;
/// Amounts in thousandths.
pub(crate) type Balances = BTreeMap<Vec<String>, i128>;

const SEGMENTS: [&str; 7] = [
    "ledger",
    "currency",
    "company",
    "cost_center",
    "account",
    "product",
    "intercompany",
];

/// The rows of a CSV text.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        let cells = record.iter().map(str::to_owned);
        names.iter().map(str::to_owned).zip(cells).collect()
    };
    reader
        .records()
        .map(|record| row(record.unwrap()))
        .collect()
}

/// The rows of a file of a company folder, plain or compressed.
pub(crate) fn table(folder: &Path, name: &str) -> Vec<Row> {
    use std::io::Read as _;
    let plain = folder.join(name);
    let mut text = String::new();
    if plain.exists() {
        text = std::fs::read_to_string(plain).unwrap();
    } else {
        let file = std::fs::File::open(folder.join(format!("{name}.gz"))).unwrap();
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut text)
            .unwrap();
    }
    rows(&text)
}

/// Exact thousandths of a decimal text.
pub(crate) fn milli(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 3, "{text}");
    let fraction: i128 = format!("{fraction:0<3}").parse().unwrap();
    sign * (whole.parse::<i128>().unwrap() * 1_000 + fraction)
}

fn snapshot(label: &str) -> String {
    label.split('@').next().unwrap().to_owned()
}

/// What the target's books must show, by snapshot and key.
pub(crate) fn expected_fusion(folder: &Path) -> Balances {
    table(folder, "expected/tb_fusion.csv")
        .iter()
        .map(fusion_key)
        .collect()
}

fn fusion_key(row: &Row) -> (Vec<String>, i128) {
    let mut key = vec![snapshot(&row["snapshot"])];
    key.extend(SEGMENTS.map(|name| row[name].clone()));
    (key, milli(&row["balance"]))
}

/// What the source's books must show. Balances per affiliate are added up, as the simulator shows accounts. Accounts that exist only
/// in the group's currency have no balance in the books.
pub(crate) fn expected_intacct(folder: &Path) -> Balances {
    let mut found = Balances::new();
    for row in table(folder, "expected/tb_entity.csv") {
        if row["balance_base"].is_empty() {
            continue;
        }
        let mut key = vec![snapshot(&row["snapshot"])];
        key.extend(["entity_id", "account", "base_currency"].map(|name| row[name].clone()));
        *found.entry(key).or_default() += milli(&row["balance_base"]);
    }
    found
}

pub(crate) fn shown_fusion(text: &str) -> Balances {
    rows(text).iter().map(fusion_key).collect()
}

pub(crate) fn shown_intacct(text: &str) -> Balances {
    let key = |row: &Row| {
        let names = ["period", "entity_id", "account", "currency"];
        (
            names.map(|name| row[name].clone()).to_vec(),
            milli(&row["balance"]),
        )
    };
    rows(text).iter().map(key).collect()
}

/// Both ways, zero balances left out, only snapshots that somebody computed.
pub(crate) fn same(expected: &Balances, shown: &Balances, what: &str) {
    let snapshots: BTreeSet<&String> = expected.keys().map(|key| &key[0]).collect();
    let of = |all: &Balances| -> Balances {
        let wanted = all
            .iter()
            .filter(|(key, value)| **value != 0 && snapshots.contains(&key[0]));
        wanted.map(|(k, v)| (k.clone(), *v)).collect()
    };
    let (expected, shown) = (of(expected), of(shown));
    assert!(!expected.is_empty());
    let missing: Vec<_> = expected
        .iter()
        .filter(|(k, v)| shown.get(*k) != Some(v))
        .collect();
    let extra: Vec<_> = shown
        .iter()
        .filter(|(k, v)| expected.get(*k) != Some(v))
        .collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{what}: expected but not shown {missing:?}\nshown but not expected {extra:?}"
    );
}

/// Documents that people type: copies of golden January documents under new numbers, so that their coding is known.
pub(crate) struct Typed {
    documents: Vec<Row>,
    lines: BTreeMap<String, Vec<Row>>,
    coded: BTreeMap<String, Vec<Row>>,
    /// New number and its model.
    pub(crate) made: Vec<(String, String)>,
}

/// Models: a bill with several lines, journals in three currencies.
const MODELS: [&str; 5] = [
    "BILL-E200-5",
    "JE-PAY-E100-2",
    "JE-DEP-E300-01",
    "JE-DEP-E400-01",
    "BILL-E200-5",
];

impl Typed {
    pub(crate) fn new() -> Self {
        let by_document = |name: &str| {
            let mut found: BTreeMap<String, Vec<Row>> = BTreeMap::new();
            for row in table(&golden(), name) {
                found
                    .entry(row["document_id"].clone())
                    .or_default()
                    .push(row);
            }
            found
        };
        Self {
            documents: table(&golden(), "inputs/documents.csv"),
            lines: by_document("inputs/document_lines.csv"),
            coded: by_document("expected/fusion_lines.csv"),
            made: Vec::new(),
        }
    }

    /// Types the next document into the source.
    pub(crate) fn enter(&mut self, twin: &Twin) {
        let model = MODELS[self.made.len() % MODELS.len()];
        let number = format!("TYPED-{:04}", self.made.len() + 1);
        let document = self
            .documents
            .iter()
            .find(|row| row["document_id"] == model)
            .unwrap();
        let mut body = json!({ "document_id": number });
        for name in [
            "type",
            "document_date",
            "gl_date",
            "entity_id",
            "currency",
            "due_date",
            "party_id",
            "description",
        ] {
            if !document[name].is_empty() {
                body[name] = Value::from(document[name].clone());
            }
        }
        let lines: Vec<Value> = self.lines[model]
            .iter()
            .map(|line| {
                let cells = line.iter().filter(|(name, cell)| {
                    let is_ours = !matches!(
                        name.as_str(),
                        "document_id" | "line_no" | "base_currency" | "base_debit" | "base_credit"
                    );
                    is_ours && !cell.is_empty()
                });
                cells
                    .map(|(name, cell)| (name.clone(), Value::from(cell.clone())))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            })
            .collect();
        body["lines"] = Value::Array(lines);
        twin.post("documents", &body);
        self.made.push((number, model.to_owned()));
    }

    /// The golden books with what was typed added to January.
    fn expected(&self) -> (Balances, Balances) {
        let (mut fusion, mut intacct) = (expected_fusion(&golden()), expected_intacct(&golden()));
        for (_, model) in &self.made {
            for line in &self.coded[model] {
                let mut key = vec!["P01-2027".to_owned()];
                key.extend(SEGMENTS.map(|name| line[name].clone()));
                *fusion.entry(key).or_default() +=
                    milli(&line["accounted_debit"]) - milli(&line["accounted_credit"]);
            }
            for line in &self.lines[model] {
                let mut key = vec!["P01-2027".to_owned()];
                key.extend(["entity_id", "account", "base_currency"].map(|n| line[n].clone()));
                *intacct.entry(key).or_default() +=
                    milli(&line["base_debit"]) - milli(&line["base_credit"]);
            }
        }
        (fusion, intacct)
    }

    /// Every typed document exactly once, both books to the cent, nothing open, the log whole.
    pub(crate) fn judge(&self, twin: &Twin) {
        let documents = rows(&twin.get("fusion/documents.csv"));
        let mut stamps = BTreeSet::new();
        for row in &documents {
            assert!(stamps.insert(row["stamp"].clone()), "posted twice: {row:?}");
        }
        for (number, _) in &self.made {
            let stamp = twin.document(number)["deliveries"][0]["stamp"].clone();
            assert!(stamps.contains(stamp.as_str().unwrap()), "{number} is lost");
        }
        let (fusion, intacct) = self.expected();
        same(
            &intacct,
            &shown_intacct(&twin.get("intacct/trial-balance.csv")),
            "source",
        );
        same(
            &fusion,
            &shown_fusion(&twin.get("fusion/trial-balance.csv")),
            "target",
        );
        for state in [
            "held",
            "rejected",
            "uncertain",
            "parked",
            "queued",
            "sent",
            "acknowledged",
            "seen",
        ] {
            assert_eq!(twin.documents(Some(state)), Vec::<Value>::new(), "{state}");
        }
        twin.tieout(&["audit", "verify"]).expect(0);
        twin.tieout(&["reconcile", "--period", "all", "--json"])
            .expect(0);
    }
}
