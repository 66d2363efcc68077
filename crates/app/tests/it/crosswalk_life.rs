//! The life of a crosswalk version as a controller's team lives it: from the spreadsheet to posted lines, and back to its proof.
//!
//! The version begins in 2099, so that its first day lies in the future on any day this runs.

use std::path::Path;

use serde_json::{Value, json};

use crate::bad_input::{append, copy, replace};
use crate::program::{Ended, Twin, golden, tieout};

const PERIOD: &str = "P01-2099,2099,1,2099-01-01,2099-01-31,regular,Jan-99,,";

pub(crate) struct Desk {
    pub(crate) twin: Twin,
    _company: tempfile::TempDir,
}

impl Desk {
    fn open() -> Self {
        Self::of(copy(|folder| {
            append(folder.join("master/periods.csv"), PERIOD);
        }))
    }

    /// A company whose documents are carried, with the register in use.
    pub(crate) fn of(company: tempfile::TempDir) -> Self {
        let twin = Twin::start(company.path());
        twin.configure(|config| {
            config["crosswalk"]["register"] = toml::Value::Boolean(true);
        });
        twin.drain().expect(0);
        Self {
            twin,
            _company: company,
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.twin.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn crosswalk(&self, arguments: &[&str]) -> Ended {
        let mut all = vec!["crosswalk"];
        all.extend(arguments);
        self.twin.tieout(&all)
    }

    pub(crate) fn step(&self, step: &str, by: &str, more: &[&str]) -> Ended {
        let mut all = vec![step, "CW-1", "--reason", "because", "--operator", by];
        all.extend(more);
        self.crosswalk(&all)
    }

    pub(crate) fn hash(ended: &Ended, word: &str) -> String {
        let line = ended.err.lines().find_map(|line| line.strip_prefix(word));
        line.unwrap_or_else(|| panic!("{ended:?}"))
            .trim()
            .to_owned()
    }

    /// Out to sheets, changed there, and back.
    fn write_version(&self) {
        let v2 = golden().join("crosswalk/v2.json");
        let (bare, sheets, made) = (
            self.path("v3-bare.json"),
            self.path("sheets"),
            self.path("v3.json"),
        );
        let begin = [
            "--name",
            "v3",
            "--effective-from",
            "2099-01-01",
            "--prepared-by",
            "pia",
        ];
        let mut new = vec!["new", "--base", v2.to_str().unwrap(), "--out", &bare];
        new.extend(begin);
        self.crosswalk(&new).expect(0);
        self.crosswalk(&["export", "--live", "--version", &bare, "--out", &sheets])
            .expect(0);
        let table = self.twin.path("sheets/Table department.csv");
        let text = std::fs::read_to_string(&table).unwrap();
        let row = text.lines().find(|line| line.starts_with("D400,")).unwrap();
        // Name from the source, and what is at stake in its own documents.
        assert!(row.starts_with("D400,Customer success,4450,"), "{row}");
        assert!(row.contains(" USD"), "{row}");
        replace(
            table,
            "D400,Customer success,4450",
            "D400,Customer success,5500",
        );
        self.crosswalk(&["import", &sheets, "--out", &made])
            .expect(0);
        self.crosswalk(&["validate", "--live", &made]).expect(0);
        let found = tieout(&["crosswalk", "diff", "--json", v2.to_str().unwrap(), &made]).expect(0);
        let rows = found.json();
        let rows = rows.as_array().unwrap().iter();
        let rows: Vec<&Value> = rows.filter(|row| row["part"] != "version").collect();
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(
            (&rows[0]["before"], &rows[0]["after"]),
            (&json!("4450"), &json!("5500"))
        );
    }

    /// Opens or closes the version's first period in the target.
    fn target_period(&self, status: &str) {
        let period = json!({"system": "fusion", "period": "P01-2099", "status": status});
        self.twin.post("periods", &period);
    }

    /// Through the hands of three persons; everybody else is refused.
    fn sign_version(&self) {
        let made = self.path("v3.json");
        let propose = ["propose", &made, "--operator", "pia", "--reason", "folded"];
        let mut with_ticket = propose.to_vec();
        with_ticket.extend(["--ticket", "CHG-1"]);
        self.target_period("closed");
        let refused = self.crosswalk(&with_ticket).expect(2);
        refused.says(&["P0423", "P01-2099, which is closed"]);
        self.target_period("open");
        self.crosswalk(&with_ticket).expect(0);
        let workbook = self.path("simulation.xlsx");
        let simulate = [
            "simulate",
            "--version",
            "draft",
            "--period",
            "P12-2026",
            "--out",
            &workbook,
        ];
        let simulated = self.crosswalk(&simulate).expect(0);
        let simulation = Self::hash(&simulated, "simulation ");
        assert!(std::fs::read(&workbook).unwrap().starts_with(b"PK"));
        self.step("review", "Pia", &[]).expect(2).says(&["P0421"]);
        self.step("review", "rob", &[]).expect(0);
        self.step("approve", "rob", &[]).expect(0);
        let named = ["--simulation", &simulation];
        for by in ["pia", "rob"] {
            self.step("sign", by, &named)
                .expect(2)
                .says(&["P0421", "another person"]);
        }
        self.step("sign", "sara", &named)
            .expect(2)
            .says(&["P0425", "has no key"]);
        self.twin
            .tieout(&["key", "new", "--owner", "sara", "--operator", "admin"])
            .expect(0);
        self.step("sign", "sara", &["--simulation", "cafe"])
            .expect(2)
            .says(&["P0426"]);
        self.target_period("closed");
        let refused = self.step("sign", "sara", &named).expect(2);
        refused.says(&["P0423", "P01-2099, which is closed"]);
        self.target_period("open");
        let sealed = self.path("v3.sealed.json");
        self.step(
            "sign",
            "sara",
            &["--simulation", &simulation, "--out", &sealed],
        )
        .expect(0);
        self.step("sign", "sara", &named).expect(2).says(&["P0420"]);
        let status = self.crosswalk(&["status", "--json"]).expect(0).json();
        let states = status.as_array().unwrap().iter();
        let states: Vec<(&str, &str)> = states
            .map(|row| {
                (
                    row["version"].as_str().unwrap(),
                    row["state"].as_str().unwrap(),
                )
            })
            .collect();
        assert!(states.contains(&("v3", "signed")), "{states:?}");
    }

    /// With two files and nothing else.
    fn verify_offline(&self) {
        let keys = self
            .twin
            .tieout(&["key", "list", "--json"])
            .expect(0)
            .json();
        let key = keys[0]["key"].as_str().unwrap().to_owned();
        let (pem, sealed) = (self.path("sara.pem"), self.path("v3.sealed.json"));
        self.twin
            .tieout(&["key", "export", &key, "--out", &pem])
            .expect(0);
        let verify = |file: &str, pem: &str| tieout(&["crosswalk", "verify", file, "--key", pem]);
        verify(&sealed, &pem).expect(0);
        let other = self.path("keys/controller.pub.pem");
        verify(&sealed, &other).expect(2).says(&["P0429"]);
        let text = std::fs::read_to_string(&sealed).unwrap();
        let payload: Value = serde_json::from_str(&text).unwrap();
        let mut bytes = payload["payload"].as_str().unwrap().to_owned().into_bytes();
        bytes[40] = if bytes[40] == b'A' { b'B' } else { b'A' };
        let mut altered = payload.clone();
        altered["payload"] = json!(String::from_utf8(bytes).unwrap());
        let file = self.path("altered.json");
        std::fs::write(&file, altered.to_string()).unwrap();
        let ended = verify(&file, &pem);
        assert!(ended.code != 0 && ended.err.contains("P0429"), "{ended:?}");
    }

    pub(crate) fn bill(&self, number: &str, date: &str) {
        let mut bill = self.twin.bill(number, "120.00");
        for name in ["document_date", "gl_date", "due_date"] {
            bill[name] = json!(date);
        }
        bill["lines"][0]["department"] = json!("D400");
        self.twin.post("documents", &bill);
    }

    /// Rule and value of the cost centre of the first line.
    pub(crate) fn coded(&self, number: &str) -> (String, String) {
        let shown = self.twin.document(number);
        let delivery = &shown["deliveries"][0];
        let version = delivery["crosswalk_version"].as_str().unwrap();
        let text = self
            .twin
            .tieout(&["document", "show", number])
            .expect(0)
            .out;
        let line = text.lines().find(|line| line.contains("cost_center"));
        (
            version.to_owned(),
            line.unwrap_or_else(|| panic!("{text}")).to_owned(),
        )
    }
}

#[test]
fn a_version_from_the_spreadsheet_to_posted_lines_and_back_to_its_proof() {
    let desk = Desk::open();
    desk.write_version();
    desk.sign_version();
    desk.verify_offline();
    desk.bill("LATE-1", "2026-12-30");
    desk.bill("NEW-1", "2099-01-15");
    let hours = json!({
        "type": "gl_statistical", "document_id": "HOURS-1", "entity_id": "E200", "document_date": "2027-01-20",
        "gl_date": "2027-01-20", "currency": "STAT", "description": "typed",
        "lines": [{"account": "9100", "txn_debit": "12.00", "department": "D400"}],
    });
    desk.twin.post("documents", &hours);
    desk.twin.drain().expect(0);
    let (version, line) = desk.coded("LATE-1");
    assert_eq!(version, "v1", "a December document is December's");
    assert!(line.contains("CC-2") && line.contains("4400"), "{line}");
    let (version, line) = desk.coded("NEW-1");
    assert_eq!(version, "v3");
    assert!(
        line.contains("CC-2") && line.contains("5500") && line.contains("D400"),
        "{line}"
    );
    desk.crosswalk(&["replay"]).expect(0).says(&[" 0 differ"]);
    restate(&desk);
    desk.twin.tieout(&["audit", "verify"]).expect(0);
}

fn restate(desk: &Desk) {
    let of = |by: &str, more: &[&str]| {
        let mut all = vec!["--period", "P01-2027"];
        all.extend(more);
        desk.step("restate", by, &all)
    };
    let dry = of("cora", &["--dry-run"]).expect(0);
    assert!(
        dry.out.contains("4450") && dry.out.contains("5500"),
        "{}",
        dry.out
    );
    // What it does not move is said, and is part of what is approved.
    dry.says(&["not moved by this restatement"]);
    let quantity = dry.out.lines().find(|line| line.contains("STAT"));
    let quantity = quantity.unwrap_or_else(|| panic!("{}", dry.out));
    for part in ["200-4450-91000", "200-5500-91000", " 12 ", "a quantity"] {
        assert!(quantity.contains(part), "{quantity}");
    }
    let january = |status: &str| {
        let period = json!({"system": "fusion", "period": "P01-2027", "status": status});
        desk.twin.post("periods", &period);
    };
    january("closed");
    of("pia", &[])
        .expect(2)
        .says(&["P0423", "closed in the target", "--on"]);
    january("open");
    let hash = Desk::hash(&dry, "restatement ");
    of("cora", &["--approve", &hash])
        .expect(2)
        .says(&["P0431", "was not proposed"]);
    let drawn = of("pia", &[]).expect(0);
    assert_eq!(Desk::hash(&drawn, "restatement "), hash);
    of("pia", &["--approve", &hash]).expect(2).says(&["P0421"]);
    of("cora", &["--approve", "cafe"])
        .expect(2)
        .says(&["P0431"]);
    of("cora", &["--approve", &hash]).expect(0);
    desk.twin.drain().expect(0);
    let journals = desk.twin.documents(Some("accounted"));
    let own = journals.iter().filter(|row| {
        let number = row["number"].as_str().unwrap();
        number.starts_with("XREST-v3-P01-2027-")
    });
    assert!(own.count() > 0, "no journal was posted: {journals:?}");
    // What was restated is not restated twice, the documents keep what coded them, and the books still agree.
    of("pia", &[])
        .expect(0)
        .says(&["nothing of P01-2027 is left"]);
    desk.crosswalk(&["replay"]).expect(0).says(&[" 0 differ"]);
    desk.twin
        .tieout(&["reconcile", "--period", "P01-2027"])
        .expect(0);
}

#[test]
fn coverage_is_asked_of_both_systems_before_anything_is_posted() {
    let company = copy(|folder| {
        append(
            folder.join("master/department.csv"),
            "D999,Nobody mapped it",
        );
    });
    let twin = Twin::start(company.path());
    let draft = twin.path("draft.json");
    let text = std::fs::read_to_string(golden().join("crosswalk/v2.json")).unwrap();
    let mut version: Value = serde_json::from_str(&text).unwrap();
    version["version"] = json!("v9");
    let items = version["lookups"]["item"].as_object_mut().unwrap();
    items.remove("IT-PREM").unwrap();
    std::fs::write(&draft, version.to_string()).unwrap();
    // v2 would cover the same days.
    twin.configure(|config| {
        config["crosswalk"]["versions"]
            .as_array_mut()
            .unwrap()
            .pop();
    });
    let ended = twin.tieout(&[
        "crosswalk",
        "coverage",
        "--live",
        "--version",
        draft.to_str().unwrap(),
        "--since",
        "2026-01-01",
        "--json",
    ]);
    let found = ended.expect(1).json();
    assert!(
        twin.documents(None).is_empty(),
        "nothing was captured for this"
    );
    let row = |place: &str, value: &str| {
        let gaps = found["gaps"].as_array().unwrap();
        let mut mine = gaps
            .iter()
            .filter(|row| row["place"] == place && row["value"] == value);
        mine.next()
            .unwrap_or_else(|| panic!("{place} {value} in {found:#}"))
            .clone()
    };
    let premium = row("item", "IT-PREM");
    assert_eq!(
        (&premium["kind"], &premium["blocks"]),
        (&json!("unmapped_value"), &json!(true))
    );
    let (documents, lines) = expected_use("IT-PREM");
    assert_eq!(premium["documents"], documents);
    assert_eq!(premium["lines"], lines);
    let nobody = row("department", "D999");
    assert_eq!(nobody["kind"], "unmapped, not in use");
    assert_eq!(nobody["blocks"], false);
}

/// Documents (per entity) and lines of the golden company that carry an item.
fn expected_use(item: &str) -> (usize, usize) {
    let mut reader = csv::Reader::from_path(golden().join("inputs/document_lines.csv")).unwrap();
    let rows = reader.deserialize::<std::collections::BTreeMap<String, String>>();
    let mine: Vec<_> = rows
        .map(Result::unwrap)
        .filter(|row| row["item"] == item)
        .collect();
    let documents = mine
        .iter()
        .map(|row| (row["document_id"].clone(), row["entity_id"].clone()));
    let documents: std::collections::BTreeSet<_> = documents.collect();
    (documents.len(), mine.len())
}

#[test]
fn a_real_company_is_covered_by_its_own_version_and_not_without_a_row() {
    let company = crate::program::root().join("companies/uk_councils_month");
    let version = company.join("crosswalk/v2.json");
    let cover = |version: &Path| {
        tieout(&[
            "crosswalk",
            "coverage",
            "--company",
            company.to_str().unwrap(),
            "--version",
            version.to_str().unwrap(),
            "--since",
            "2020-04-01",
            "--json",
        ])
    };
    let whole = cover(&version).expect(0).json();
    assert_eq!(whole["documents"], 6_862);
    let scratch = tempfile::tempdir().unwrap();
    let mut file: Value = serde_json::from_slice(&std::fs::read(&version).unwrap()).unwrap();
    let departments = file["lookups"]["department"].as_object_mut().unwrap();
    departments.remove("HAR-D0002").unwrap();
    // And a rule that can never win: it stands behind one that always holds.
    let rules = file["rules"].as_array_mut().unwrap();
    rules.push(json!({"id": "PR-9", "segment": "product", "priority": 99, "when": [["account", "eq", "2000"]], "value": "0000"}));
    let short = scratch.path().join("short.json");
    std::fs::write(&short, file.to_string()).unwrap();
    let found = cover(&short).expect(1).json();
    let kinds: Vec<&str> = found["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["unreachable_rule", "unmapped_value"]);
    let gap = &found["gaps"][1];
    assert_eq!(
        (&gap["place"], &gap["value"]),
        (&json!("department"), &json!("HAR-D0002"))
    );
    assert!(
        gap["documents"].as_u64().unwrap() > 0
            && gap["amounts"][0].as_str().unwrap().ends_with(" GBP"),
        "{gap}"
    );
}
