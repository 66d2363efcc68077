//! The analytic feed against plain sums of the books it came from.

use std::collections::BTreeMap;

use serde_json::Value;
use tieout_engine::crosswalk::{Crosswalk, Lineage, Translation};
use tieout_engine::feed::{Feed, FeedDelivery, FeedFault, FeedFile};
use tieout_model::Amount;

use crate::crosswalk_company::{Piece, amount, crosswalk, pieces, table};

/// Everything of one period, translated, in the order given.
fn posted<'p>(
    crosswalk: &Crosswalk,
    pieces: &'p [Piece],
    period: &str,
) -> Vec<(&'p Piece, Translation)> {
    let mut done: Vec<(&Piece, Translation)> = Vec::new();
    for piece in pieces {
        let mut earlier = done.iter();
        let original = earlier.find(|(own, _)| own.id == piece.reverses && own.key == piece.key);
        let lineage = original.map_or(Lineage::None, |(_, original)| Lineage::Reverses {
            original: &original.document,
            version: &original.version,
            on: piece.envelope.document.accounting_date().unwrap(),
        });
        done.push((
            piece,
            crosswalk.translate(&piece.envelope, lineage).unwrap(),
        ));
    }
    done.retain(|(_, done)| done.document.placement().unwrap().period == period);
    done
}

fn feed(crosswalk: &Crosswalk, period: &str, posted: &[(&Piece, Translation)]) -> Vec<FeedFile> {
    let mut feed = Feed::new(crosswalk, period);
    for (piece, translation) in posted {
        let stamp = format!("{}/{:?}", piece.id, piece.key);
        feed.add(&FeedDelivery {
            stamp: &stamp,
            reference: &piece.id,
            version: &translation.version,
            posted: &translation.document,
            source: Some(&piece.envelope.document),
        })
        .unwrap();
    }
    feed.files(0).unwrap()
}

type Sums = BTreeMap<(String, String), Amount>;

/// Functional amounts by currency and value of a dimension, as a file has them.
fn by_value(file: &FeedFile, dimension: &str) -> Sums {
    let mut sums = Sums::new();
    let mut reader = csv::Reader::from_reader(&file.bytes[..]);
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row.unwrap();
        let key = (row["currency"].clone(), row[dimension].clone());
        let sum = sums.entry(key).or_default();
        *sum = sum.plus(amount(&row["functional_amount"])).unwrap();
    }
    sums
}

/// The same straight from the books.
fn from_inputs(
    company: &str,
    period: &str,
    dimension: &str,
    default: &str,
) -> (Sums, usize, Amount) {
    let documents = table(company, "inputs/documents.csv");
    let mine: BTreeMap<&String, ()> = documents
        .iter()
        .filter(|row| row["period"] == period)
        .map(|row| (&row["document_id"], ()))
        .collect();
    let (mut sums, mut count, mut debit) = (Sums::new(), 0, Amount::ZERO);
    for row in table(company, "inputs/document_lines.csv") {
        if !mine.contains_key(&row["document_id"]) {
            continue;
        }
        let value = match row[dimension].as_str() {
            "" => default,
            value => value,
        };
        let currency = match row["txn_currency"].as_str() {
            "STAT" => "STAT",
            _ => row["base_currency"].as_str(),
        };
        let sum = sums
            .entry((currency.to_owned(), value.to_owned()))
            .or_default();
        let net = amount(&row["base_debit"])
            .minus(amount(&row["base_credit"]))
            .unwrap();
        *sum = sum.plus(net).unwrap();
        debit = debit.plus(amount(&row["base_debit"])).unwrap();
        count += 1;
    }
    (sums, count, debit)
}

fn manifest(files: &[FeedFile]) -> Value {
    let last = files.last().unwrap();
    assert_eq!(last.name, "manifest.json");
    serde_json::from_slice(&last.bytes).unwrap()
}

#[test]
fn a_month_of_the_councils_is_fed_completely_and_adds_up() {
    let company = "companies/uk_councils_month";
    let crosswalk = crosswalk(company);
    let all = pieces(company);
    let periods = table(company, "master/periods.csv");
    let mut checked = 0;
    for row in periods {
        let (ours, theirs) = (&row["period"], &row["fusion_period_name"]);
        let (wanted, count, debit) = from_inputs(company, ours, "channel", "CH-NONE");
        if count == 0 {
            continue;
        }
        checked += count;
        let posted = posted(&crosswalk, &all, theirs);
        let files = feed(&crosswalk, theirs, &posted);
        let essbase = files
            .iter()
            .find(|file| file.name == "essbase.csv")
            .unwrap();
        assert_eq!(by_value(essbase, "channel"), wanted);
        let (wanted, ..) = from_inputs(company, ours, "class", "CL-GEN");
        assert_eq!(by_value(essbase, "class"), wanted);
        let manifest = manifest(&files);
        assert_eq!(manifest["complete"], true);
        assert_eq!(manifest["files"][0]["rows"].to_string(), count.to_string());
        let sums = &manifest["files"][0]["sums"][0];
        assert_eq!(sums["debit"].as_str().unwrap(), debit.to_string());
        assert_eq!(amount(sums["net"].as_str().unwrap()), Amount::ZERO);
    }
    assert_eq!(checked, 14_604);
}

#[test]
fn the_golden_december_is_fed_with_defaults_and_the_same_bytes_in_any_order() {
    let crosswalk = crosswalk("golden");
    let all = pieces("golden");
    let mut posted = posted(&crosswalk, &all, "Dec-26");
    let files = feed(&crosswalk, "Dec-26", &posted);
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["essbase.csv", "otbi.csv", "manifest.json"]);
    let (wanted, count, _) = from_inputs("golden", "P12-2026", "channel", "CH-NONE");
    assert!(count > 50, "{count}");
    assert_eq!(by_value(&files[0], "channel"), wanted);
    let (wanted, ..) = from_inputs("golden", "P12-2026", "employee", "");
    assert_eq!(by_value(&files[1], "employee"), wanted);
    posted.reverse();
    assert_eq!(feed(&crosswalk, "Dec-26", &posted), files);
}

#[test]
fn what_cannot_be_fed_is_named() {
    let crosswalk = crosswalk("golden");
    let all = pieces("golden");
    let posted = posted(&crosswalk, &all, "Dec-26");
    let (piece, translation) = &posted[0];
    let delivery = FeedDelivery {
        stamp: "s",
        reference: "r",
        version: "v1",
        posted: &translation.document,
        source: None,
    };
    let mut feed = Feed::new(&crosswalk, "Dec-26");
    let unknown = FeedDelivery {
        version: "v9",
        ..delivery
    };
    assert!(matches!(
        feed.add(&unknown),
        Err(FeedFault::UnknownVersion { .. })
    ));
    let raw = FeedDelivery {
        posted: &piece.envelope.document,
        ..delivery
    };
    assert!(matches!(
        feed.add(&raw),
        Err(FeedFault::NotSegmented { .. })
    ));
    feed.add(&delivery).unwrap();
    assert!(matches!(feed.add(&delivery), Err(FeedFault::Twice { .. })));
    let manifest = manifest(&feed.files(2).unwrap());
    assert_eq!(manifest["complete"], false);
    let lines = translation.document.lines().unwrap().len();
    assert_eq!(
        manifest["lines_of_earlier_revisions"].to_string(),
        lines.to_string()
    );
}
