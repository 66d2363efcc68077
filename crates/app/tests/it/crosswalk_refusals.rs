//! Signatures that do not count, and a register that was altered: refused with the remedy, and the version in force stays in force.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bad_input::{append, copy};
use crate::crosswalk_life::Desk;
use crate::program::{Ended, golden};

/// A version of 2099 that was approved, and the hash of its simulation.
fn approved() -> (Desk, String) {
    let period = "P01-2099,2099,1,2099-01-01,2099-01-31,regular,Jan-99,,";
    let desk = Desk::of(copy(|folder| {
        append(folder.join("master/periods.csv"), period);
    }));
    let (base, out) = (golden().join("crosswalk/v2.json"), desk.path("v3.json"));
    let new = ["new", "--base", base.to_str().unwrap(), "--out", &out];
    let more = ["--name", "v3", "--effective-from", "2099-01-01"];
    desk.crosswalk(&[&new[..], &more, &["--prepared-by", "pia"]].concat())
        .expect(0);
    let text = std::fs::read_to_string(&out).unwrap();
    let mut version: Value = serde_json::from_str(&text).unwrap();
    version["lookups"]["department"]["D400"] = json!("5500");
    std::fs::write(&out, version.to_string()).unwrap();
    let propose = ["propose", &out, "--operator", "pia", "--reason", "folded"];
    desk.crosswalk(&[&propose[..], &["--ticket", "CHG-1"]].concat())
        .expect(0);
    let simulate = ["simulate", "--version", "draft", "--period", "P12-2026"];
    let simulation = Desk::hash(&desk.crosswalk(&simulate).expect(0), "simulation ");
    desk.step("review", "rob", &[]).expect(0);
    desk.step("approve", "rob", &[]).expect(0);
    (desk, simulation)
}

/// Makes a key for its owner; answers its id and where its private half lies.
fn key_of(desk: &Desk, owner: &str) -> (String, PathBuf) {
    let folder = desk.twin.path("keys/signing");
    let files = || -> BTreeSet<PathBuf> {
        let entries = std::fs::read_dir(&folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let before = files();
    let new = ["key", "new", "--owner", owner, "--operator", "admin"];
    let id = desk.twin.tieout(&new).expect(0).out.trim().to_owned();
    let after = files();
    (id, after.difference(&before).next().unwrap().clone())
}

fn sign(desk: &Desk, simulation: &str, more: &[&str]) -> Ended {
    let named = ["--simulation", simulation];
    desk.step("sign", "sara", &[&named[..], more].concat())
}

fn state(desk: &Desk) -> String {
    let listed = desk.crosswalk(&["list", "--json"]).expect(0).json();
    listed[0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_signature_by_a_key_that_does_not_count_is_refused_and_changes_nothing() {
    let (desk, simulation) = approved();
    let with = |key: &PathBuf| sign(&desk, &simulation, &["--key", key.to_str().unwrap()]);
    // The key of the reference data is trusted for that; in the register it is unknown.
    let unknown = desk.twin.path("keys/controller.key.pem");
    with(&unknown)
        .expect(2)
        .says(&["P0425", "is not in the register"]);
    let (_, of_max) = key_of(&desk, "max");
    with(&of_max)
        .expect(2)
        .says(&["P0425", "belongs to max, not to sara"]);
    let (id, own) = key_of(&desk, "sara");
    let revoke = ["key", "revoke", &id, "--reason", "lost"];
    desk.twin
        .tieout(&[&revoke[..], &["--operator", "admin"]].concat())
        .expect(0);
    with(&own)
        .expect(2)
        .says(&["P0425", "was revoked on", "lost"]);
    sign(&desk, &simulation, &[])
        .expect(2)
        .says(&["P0425", "no key in use"]);
    assert_eq!(state(&desk), "approved");
    desk.bill("NEW-1", "2099-01-15");
    desk.twin.drain().expect(0);
    assert_eq!(desk.coded("NEW-1").0, "v2", "the version in force stays");
    // A new key of the signer counts.
    key_of(&desk, "sara");
    sign(&desk, &simulation, &[]).expect(0);
    assert_eq!(state(&desk), "signed");
}

#[test]
fn a_signed_version_that_was_altered_in_the_store_stops_the_program_with_its_place() {
    let (desk, simulation) = approved();
    key_of(&desk, "sara");
    let sealed = desk.path("v3.sealed.json");
    sign(&desk, &simulation, &["--out", &sealed]).expect(0);
    desk.twin.drain().expect(0);
    let envelope = std::fs::read_to_string(&sealed).unwrap();
    let envelope: Value = serde_json::from_str(&envelope).unwrap();
    let payload = envelope["payload"].as_str().unwrap().as_bytes();
    // Part of the signed payload, with one sign changed.
    let found = &payload[100..130];
    let mut wrong = found.to_vec();
    wrong[7] = if wrong[7] == b'A' { b'B' } else { b'A' };
    let file = desk.twin.path("tieout.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let places: Vec<usize> = (0..bytes.len() - found.len())
        .filter(|at| bytes[*at..].starts_with(found))
        .collect();
    assert!(!places.is_empty(), "the payload stands in the database");
    for at in places {
        bytes[at..at + wrong.len()].copy_from_slice(&wrong);
    }
    std::fs::write(&file, bytes).unwrap();
    for arguments in [&["run", "--drain"][..], &["crosswalk", "coverage"]] {
        desk.twin
            .tieout(arguments)
            .expect(4)
            .says(&["P0434", "CW-1", "tieout audit verify"]);
    }
    // The file that was handed out is still good for anybody with the key.
    let keys = desk.twin.tieout(&["key", "list", "--json"]).expect(0);
    let key = keys.json()[0]["key"].as_str().unwrap().to_owned();
    let pem = desk.path("sara.pem");
    desk.twin
        .tieout(&["key", "export", &key, "--out", &pem])
        .expect(0);
    crate::program::tieout(&["crosswalk", "verify", &sealed, "--key", &pem]).expect(0);
}

#[test]
fn spoiled_sheets_are_refused_all_at_once_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (company, v2) = (golden(), golden().join("crosswalk/v2.json"));
    let of = ["--company", company.to_str().unwrap()];
    let crosswalk =
        |arguments: &[&str]| crate::program::tieout(&[&["crosswalk"], arguments].concat());
    let (sheets, made) = (path("sheets"), path("made.json"));
    let export = [
        "export",
        "--version",
        v2.to_str().unwrap(),
        "--out",
        &sheets,
    ];
    crosswalk(&[&export[..], &of].concat()).expect(0);
    let import = ["import", &sheets, "--out", &made];
    crosswalk(&[&import[..], &of].concat()).expect(0);
    std::fs::remove_file(&made).unwrap();
    let table = folder.path().join("sheets/Table department.csv");
    let text = std::fs::read_to_string(&table).unwrap();
    let cell = |row: &str, text: &str, with: &str| {
        let line = text.lines().find(|line| line.starts_with(row)).unwrap();
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[2] = with;
        text.replace(line, &cells.join(","))
    };
    let lost = cell("D000,", &text, "0");
    let blank = cell("D100,", &lost, "1100 ");
    let twice = format!("{blank}D200,,1200,,,,\n");
    std::fs::write(&table, twice).unwrap();
    let refused = crosswalk(&[&import[..], &of].concat()).expect(2);
    refused.says(&[
        "P0411",
        "Table department",
        "it was probably 0000",
        "a blank at its beginning or end",
        "\"D200\" stands on row",
        "delete one of the rows",
    ]);
    assert!(!std::path::Path::new(&made).exists());
}
