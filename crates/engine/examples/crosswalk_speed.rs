//! How fast lines are coded: 50,000 lookup rows, a million lines, beside a plain look-up of the same keys.
//!
//! `cargo run --release -p tieout-engine --example crosswalk_speed`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, not the program"
)]

use std::collections::HashMap;
use std::time::Instant;

use serde_json::{Map, Value, json};
use tieout_engine::crosswalk::trial::Recoder;
use tieout_engine::crosswalk::{
    Crosswalk, EntityColumns, Lineage, Reference, VersionFile, WhenBlank,
};
use tieout_model::{
    AccountClass, Calendar, Code, Coding, Digest, Dimensional, Document, EntityId, Envelope,
    JournalDraft, JournalEntry, JournalLine, JournalPurpose, NaturalKey, Origin, Period,
    PostingKind, Revision, SystemId, Timestamp,
};

const ROWS: usize = 50_000;
const LINES: usize = 1_000_000;
const LINES_PER_DOCUMENT: usize = 10;

fn key(at: usize) -> String {
    format!("C-{at:06}")
}

fn version() -> VersionFile {
    let row = |at: usize| (key(at), json!(format!("{at:05}")));
    let rows: Map<String, Value> = (0..ROWS).map(row).collect();
    let rule = |id: &str, segment: &str, value: &str| json!({"id": id, "priority": 10, "segment": segment, "when": [], "value": value});
    let rules = [
        rule("CO", "company", "entity.segment"),
        rule("AC", "account", "lookup:account"),
        rule("CU", "customer", "lookup:customer"),
    ];
    let file = json!({
        "version": "v1", "effective_from": "2026-01-01", "effective_to": null, "prepared_by": "a",
        "reviewed_by": "b", "signed_by": "c", "signed_at": "t", "segments": ["company", "account", "customer"],
        "rules": rules, "lookups": {"customer": rows, "account": {"1000": "10000"}}, "retired": [], "dff": {},
    });
    VersionFile::parse(file.to_string().as_bytes()).unwrap()
}

fn reference() -> Reference {
    let mut reference = Reference::default();
    let cells = [
        ("id", "E1"),
        ("ccy", "USD"),
        ("ledger", "L"),
        ("le", "LE"),
        ("bu", "BU"),
        ("segment", "100"),
    ];
    let row = cells.map(|(name, cell)| (name.to_owned(), cell.to_owned()));
    let columns = EntityColumns {
        id: "id".into(),
        currency: "ccy".into(),
        ledger: "ledger".into(),
        legal_entity: "le".into(),
        business_unit: "bu".into(),
        balancing_segment: "segment".into(),
    };
    reference.add_entities(&[row.into()], &columns).unwrap();
    let accounts = &mut reference.accounts;
    accounts.insert("1000".into(), AccountClass::Asset);
    let dimensions = &mut reference.dimensions;
    dimensions.insert("customer".into(), WhenBlank::Empty);
    reference.calendar = Calendar::new(vec![Period {
        name: "P".into(),
        name_there: "P".into(),
        fiscal_year: 2026,
        number: 1,
        start: "2026-01-01".parse().unwrap(),
        end: "2026-12-31".parse().unwrap(),
        is_adjusting: false,
    }]);
    reference
}

fn coding(at: usize) -> Dimensional {
    // A stride that meets every row before it repeats one.
    let customer = key(at * 7_919 % ROWS);
    Dimensional {
        account: Code::new("1000"),
        dimensions: [("customer".to_owned(), Code::new(customer))].into(),
        affiliate: None,
    }
}

fn envelope(first: usize) -> Envelope {
    let line = |at: usize| {
        let amount = if at.is_multiple_of(2) {
            "1.00"
        } else {
            "-1.00"
        };
        let amount = amount.parse().unwrap();
        JournalLine {
            number: u32::try_from(at + 1).unwrap(),
            coding: Coding::Dimensional(coding(first + at)),
            currency: "USD".parse().unwrap(),
            amount,
            functional: amount,
            rate: None,
            memo: String::new(),
        }
    };
    let draft = JournalDraft {
        entity: EntityId::new("E1"),
        functional_currency: "USD".parse().unwrap(),
        accounting_date: "2026-06-01".parse().unwrap(),
        is_adjusting: false,
        purpose: JournalPurpose::Standard,
        posting_kind: PostingKind::Journal,
        journal: Code::new("GJ"),
        reference: String::new(),
        description: String::new(),
        reverses: Vec::new(),
        placement: None,
        lines: (0..LINES_PER_DOCUMENT).map(line).collect(),
    };
    Envelope {
        origin: Origin {
            system: SystemId::new("books"),
            company: "c".into(),
            natural_key: NaturalKey::new(first.to_string()),
        },
        number: first.to_string(),
        revision: Revision::new("1"),
        modified: Timestamp::default(),
        aliases: Vec::new(),
        document: Document::JournalEntry(JournalEntry::try_new(draft).unwrap()),
        evidence: Digest::default(),
    }
}

fn told(what: &str, started: Instant) -> u128 {
    let nanos = started.elapsed().as_nanos() / u128::try_from(LINES).unwrap();
    let per_second = 1_000_000_000 / nanos.max(1);
    println!("{what:34} {nanos:>6} ns a line, {per_second:>10} lines/s");
    nanos.max(1)
}

fn main() {
    let crosswalk = Crosswalk::for_trial(vec![version()], reference()).unwrap();
    let count = LINES / LINES_PER_DOCUMENT;
    let documents: Vec<Envelope> = (0..count)
        .map(|at| envelope(at * LINES_PER_DOCUMENT))
        .collect();
    let codings: Vec<Dimensional> = (0..LINES).map(coding).collect();
    let row = |at: usize| (key(at), format!("{at:05}"));
    let table: HashMap<String, String> = (0..ROWS).map(row).collect();

    let started = Instant::now();
    let mut length = 0;
    for coding in &codings {
        let value = table.get(coding.dimensions["customer"].as_str()).unwrap();
        length += value.clone().len();
    }
    let plain = told("plain look-up of the same keys", started);

    let started = Instant::now();
    for document in &documents {
        let coded = crosswalk.translate(document, Lineage::None).unwrap();
        length += coded.rules.len();
    }
    let whole = told("whole documents, rules recorded", started);

    let mut recoder = Recoder::of(&crosswalk, "v1").unwrap();
    let date = "2026-06-01".parse().unwrap();
    let started = Instant::now();
    for coding in &codings {
        length += recoder.line("E1", date, coding).rules.len();
    }
    let trial = told("trial (remembers codings)", started);
    let ratio = |nanos: u128| format!("{}.{}", nanos / plain, nanos * 10 / plain % 10);
    println!(
        "a whole document's line takes {} times a plain look-up, a line of a trial {} times",
        ratio(whole),
        ratio(trial)
    );
    assert!(length > 0);
}
