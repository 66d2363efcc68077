//! Laws that hold for any document.

use proptest::prelude::*;
use serde_json::{Map, Value};
use tieout_engine::crosswalk::{Crosswalk, Lineage, VersionFile};
use tieout_model::canonical::encode_document;
use tieout_model::{Amount, Document, Envelope, JournalEntry};

use crate::crosswalk_company::{
    coding, crosswalk, entry, envelope, line, opened, reference, rules,
};

const ACCOUNTS: [&str; 6] = ["1010", "2000", "4000", "6000", "6200", "6300"];
const DEPARTMENTS: [&str; 7] = ["", "D000", "D100", "D200", "D300", "D400", "D500"];
const ITEMS: [&str; 4] = ["", "IT-SUB", "IT-IMPL", "IT-WIDG"];
const CLASSES: [&str; 3] = ["", "CL-RND", "CL-GEN"];

/// A tiny generator for shuffles, so that they are a function of the seed.
fn next(seed: &mut u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

fn shuffle<T>(values: &mut [T], seed: &mut u64) {
    for i in (1..values.len()).rev() {
        let j = usize::try_from(next(seed)).unwrap() % (i + 1);
        values.swap(i, j);
    }
}

fn scrambled(value: &Value, seed: &mut u64) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            shuffle(&mut members, seed);
            let scramble = |(k, v): (&String, &Value)| (k.clone(), scrambled(v, seed));
            Value::Object(members.into_iter().map(scramble).collect::<Map<_, _>>())
        }
        Value::Array(values) => values.iter().map(|v| scrambled(v, seed)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn documents() -> impl Strategy<Value = Envelope> {
    let one = (
        0..6_usize,
        0..7_usize,
        0..4_usize,
        0..3_usize,
        -9_999_i64..9_999,
    );
    (prop::collection::vec(one, 1..8), any::<bool>()).prop_map(|(lines, is_late)| {
        let mut sum = 0;
        let mut built = Vec::new();
        for (i, (account, department, item, class, cents)) in lines.into_iter().enumerate() {
            let dimensions = [
                ("location", "E200"),
                ("department", DEPARTMENTS[department]),
                ("item", ITEMS[item]),
                ("class", CLASSES[class]),
            ];
            sum += cents;
            let text = Amount::from_units(cents.into(), 2).to_string();
            let coding = coding(ACCOUNTS[account], &dimensions, "");
            built.push(line(u32::try_from(i + 1).unwrap(), &text, coding, "USD"));
        }
        let text = Amount::from_units((-sum).into(), 2).to_string();
        let number = u32::try_from(built.len() + 1).unwrap();
        let bank = coding("1010", &[("location", "E200")], "");
        built.push(line(number, &text, bank, "USD"));
        entry(if is_late { "2027-01-31" } else { "2026-12-31" }, built)
    })
}

fn negated(source: &Envelope, date: &str) -> Envelope {
    let Document::JournalEntry(entry) = &source.document else {
        panic!("not an entry");
    };
    let mut draft = entry.draft().clone();
    draft.accounting_date = date.parse().unwrap();
    for line in &mut draft.lines {
        line.amount = line.amount.negated();
        line.functional = line.functional.negated();
    }
    envelope(
        "R",
        Document::JournalEntry(JournalEntry::try_new(draft).unwrap()),
    )
}

fn shuffled_rules(seed: u64) -> Crosswalk {
    let mut seed = seed;
    let mut version = |name| {
        let mut version = rules("golden", name);
        shuffle(version["rules"].as_array_mut().unwrap(), &mut seed);
        scrambled(&version, &mut seed)
    };
    let versions = [version("v1"), version("v2")];
    opened(&versions, &reference("golden")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn same_document_same_bytes_whatever_the_order_of_rules(
        documents in prop::collection::vec(documents(), 1..8), seed in any::<u64>()
    ) {
        let (one, two) = (crosswalk("golden"), shuffled_rules(seed));
        for document in &documents {
            let first = one.translate(document, Lineage::None).unwrap();
            let second = two.translate(document, Lineage::None).unwrap();
            prop_assert_eq!(encode_document(&first.document), encode_document(&second.document));
            prop_assert_eq!(first.rules, second.rules);
            let lines = first.document.lines().unwrap();
            let before = document.document.lines().unwrap();
            prop_assert_eq!(lines.len(), before.len());
            for (after, before) in lines.iter().zip(&before) {
                prop_assert_eq!(after.functional, before.functional);
                prop_assert_eq!(after.amount, before.amount);
            }
        }
    }

    #[test]
    fn the_reversal_of_a_reversal_restores_the_segments(document in documents()) {
        let crosswalk = crosswalk("golden");
        let first = crosswalk.translate(&document, Lineage::None).unwrap();
        let reverse = |source: &Envelope, original: &Document, date: &str| {
            let lineage = Lineage::Reverses {
                original,
                version: &first.version,
                on: date.parse().unwrap(),
            };
            let reversal = negated(source, date);
            let translation = crosswalk.translate(&reversal, lineage).unwrap();
            (reversal, translation)
        };
        let (reversal, once) = reverse(&document, &first.document, "2027-01-30");
        let (_, twice) = reverse(&reversal, &once.document, "2027-01-31");
        let coded = |document: &Document| {
            let lines = document.lines().unwrap().into_iter();
            lines.map(|line| (line.number, line.coding, line.functional)).collect::<Vec<_>>()
        };
        prop_assert_eq!(coded(&twice.document), coded(&first.document));
        let mut sum = coded(&once.document);
        for line in &mut sum {
            line.2 = line.2.negated();
        }
        prop_assert_eq!(sum, coded(&first.document));
    }

    #[test]
    fn the_digest_of_a_version_ignores_the_order_of_members(seed in any::<u64>()) {
        let version = rules("golden", "v2");
        let other = scrambled(&version, &mut seed.clone());
        let digest = |value: &Value| VersionFile::parse(value.to_string().as_bytes()).unwrap().digest;
        prop_assert_eq!(digest(&version), digest(&other));
        let mut changed = other;
        changed["lookups"]["item"]["IT-SUB"] = Value::from("1011");
        prop_assert_ne!(digest(&version), digest(&changed));
    }
}

#[test]
fn the_digest_of_a_crosswalk_ignores_the_order_of_files() {
    let data = reference("golden");
    let (one, two) = (rules("golden", "v1"), rules("golden", "v2"));
    let forth = opened(&[one.clone(), two.clone()], &data).unwrap();
    let back = opened(&[two, one.clone()], &data).unwrap();
    assert_eq!(forth.digest(), back.digest());
    assert_ne!(forth.digest(), opened(&[one], &data).unwrap().digest());
}
