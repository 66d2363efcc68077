//! A company folder as signed mapping and reference data, read by the test itself.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tieout_engine::crosswalk::{
    Crosswalk, EntityColumns, REFERENCE_TYPE, Reference, SealingKey, TrustedKeys, VERSION_TYPE,
    WhenBlank, seal,
};
use tieout_model::{Calendar, Period};

pub(crate) type Row = BTreeMap<String, String>;

/// A folder of the repository.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

/// All rows of a table, plain or compressed.
pub(crate) fn table(folder: &Path, name: &str) -> Vec<Row> {
    let plain = folder.join(name);
    let bytes = if plain.exists() {
        std::fs::read(&plain).unwrap()
    } else {
        let packed = std::fs::File::open(folder.join(format!("{name}.gz"))).unwrap();
        let mut bytes = Vec::new();
        flate2::read::MultiGzDecoder::new(packed)
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    };
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    reader.deserialize::<Row>().map(Result::unwrap).collect()
}

/// The folder's crosswalk, signed by a key of the test.
pub(crate) fn crosswalk(folder: &Path) -> Crosswalk {
    crosswalk_by(folder, [7; 32], "")
}

/// The folder's crosswalk signed by the key of `secret`; it does not know the party `stranger`.
pub(crate) fn crosswalk_by(folder: &Path, secret: [u8; 32], stranger: &str) -> Crosswalk {
    let key = SealingKey::from_secret("test", &secret);
    let mut trust = TrustedKeys::new();
    trust.trust("test", &key.public(), None).unwrap();
    let versions: Vec<Vec<u8>> = ["v1", "v2"]
        .iter()
        .map(|name| std::fs::read(folder.join(format!("crosswalk/{name}.json"))).unwrap())
        .map(|text| seal(VERSION_TYPE, &text, &key))
        .collect();
    let mut reference = reference(folder);
    reference.parties.remove(stranger);
    let reference = seal(REFERENCE_TYPE, &reference.canonical_bytes(), &key);
    Crosswalk::open(&versions, &reference, &trust).unwrap()
}

fn reference(folder: &Path) -> Reference {
    let mut reference = Reference::default();
    let columns = EntityColumns {
        id: "entity_id".into(),
        currency: "base_currency".into(),
        ledger: "fusion_ledger".into(),
        legal_entity: "fusion_legal_entity".into(),
        business_unit: "fusion_business_unit".into(),
        balancing_segment: "fusion_balancing_segment".into(),
    };
    reference
        .add_entities(&table(folder, "master/entities.csv"), &columns)
        .unwrap();
    for row in table(folder, "master/accounts_intacct.csv") {
        reference
            .accounts
            .insert(row["account"].clone(), row["class"].parse().unwrap());
    }
    for row in table(folder, "master/accounts_fusion.csv") {
        reference
            .target_accounts
            .insert(row["account"].clone(), row["class"].parse().unwrap());
    }
    for row in table(folder, "master/vendors.csv") {
        reference
            .parties
            .insert(row["id"].clone(), row["fusion_supplier_number"].clone());
    }
    for row in table(folder, "master/dimensions.csv") {
        let blank = WhenBlank::from_cell(&row["default_when_blank"]);
        reference.dimensions.insert(row["dimension"].clone(), blank);
    }
    let periods = table(folder, "master/periods.csv");
    reference.calendar = Calendar::new(periods.iter().map(period).collect());
    reference
}

fn period(row: &Row) -> Period {
    Period {
        name: row["period"].clone(),
        name_there: row["fusion_period_name"].clone(),
        fiscal_year: row["fiscal_year"].parse().unwrap(),
        number: row["period_no"].parse().unwrap(),
        start: row["start_date"].parse().unwrap(),
        end: row["end_date"].parse().unwrap(),
        is_adjusting: row["kind"] == "adjusting",
    }
}
