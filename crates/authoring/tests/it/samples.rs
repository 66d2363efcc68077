//! The versions and values of the companies in the repository.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tieout_authoring::{LiveValue, LiveValues};
use tieout_engine::crosswalk::{Reference, Validity, WhenBlank};
use tieout_model::{AccountClass, AccountingDate};

pub(crate) const ALL: [&str; 6] = [
    "golden/crosswalk/v1.json",
    "golden/crosswalk/v2.json",
    "companies/uk_councils_month/crosswalk/v1.json",
    "companies/uk_councils_month/crosswalk/v2.json",
    "companies/online_retail_month/crosswalk/v1.json",
    "companies/online_retail_month/crosswalk/v2.json",
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn version(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap()
}

fn rows(file: &str) -> Vec<BTreeMap<String, String>> {
    let path = root().join(file);
    let bytes = if path.exists() {
        std::fs::read(path).unwrap()
    } else {
        let packed = std::fs::read(root().join(format!("{file}.gz"))).unwrap();
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..])
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    };
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    reader.deserialize().map(Result::unwrap).collect()
}

pub(crate) fn table(company: &str, file: &str) -> Vec<BTreeMap<String, String>> {
    rows(&format!("{company}/master/{file}.csv"))
}

/// Accounts, departments and items with their names, accounts of the target with theirs.
pub(crate) fn live(company: &str) -> LiveValues {
    let mut live = LiveValues::default();
    for (attribute, file, id) in [
        ("account", "accounts_intacct", "account"),
        ("department", "department", "id"),
        ("item", "item", "id"),
    ] {
        let values = table(company, file).into_iter().map(|row| {
            let value = LiveValue {
                name: row["name"].clone(),
                ..LiveValue::default()
            };
            (row[id].clone(), value)
        });
        live.source.insert(attribute.to_owned(), values.collect());
    }
    let date = |text: &str| -> Option<AccountingDate> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    };
    let values = table(company, "accounts_fusion").into_iter().map(|row| {
        let value = LiveValue {
            name: row["name"].clone(),
            validity: Validity {
                from: date(&row["valid_from"]),
                to: date(&row["valid_to"]),
            },
        };
        (row["account"].clone(), value)
    });
    live.target.insert("account".to_owned(), values.collect());
    live
}

/// Reference data as far as the checks of a version need it.
pub(crate) fn reference(company: &str) -> Reference {
    let mut reference = Reference::default();
    let columns = tieout_engine::crosswalk::EntityColumns {
        id: "entity_id".into(),
        currency: "base_currency".into(),
        ledger: "fusion_ledger".into(),
        legal_entity: "fusion_legal_entity".into(),
        business_unit: "fusion_business_unit".into(),
        balancing_segment: "fusion_balancing_segment".into(),
    };
    reference
        .add_entities(&table(company, "entities"), &columns)
        .unwrap();
    for row in table(company, "accounts_intacct") {
        let class: AccountClass = row["class"].parse().unwrap();
        reference.accounts.insert(row["account"].clone(), class);
    }
    for row in table(company, "dimensions") {
        let blank = WhenBlank::from_cell(&row["default_when_blank"]);
        reference.dimensions.insert(row["dimension"].clone(), blank);
    }
    let values = live(company).target.remove("account").unwrap();
    let values = values.into_iter().map(|(id, live)| (id, live.validity));
    reference
        .segment_values
        .insert("account".to_owned(), values.collect());
    reference
}
