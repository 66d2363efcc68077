//! (e) How fast lines are coded: a million lines over a table of 50,000 rows, beside a plain look-up of the same keys.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
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

use super::table::{Figure, Verdict, median, per_second, ratio};

const ROWS: usize = 50_000;
const LINES: usize = 1_000_000;
const LINES_PER_DOCUMENT: usize = 10;
const DATE: &str = "2026-06-01";

/// Microseconds of one round.
struct Round {
    plain: u128,
    documents: u128,
    trial: u128,
}

/// Measures `rounds` times.
pub(super) fn measure(rounds: usize) -> anyhow::Result<Vec<Figure>> {
    let crosswalk = Crosswalk::for_trial(vec![version()?], reference()?)?;
    let count = LINES / LINES_PER_DOCUMENT;
    let documents = (0..count).map(|at| envelope(at * LINES_PER_DOCUMENT));
    let documents: Vec<Envelope> = documents.collect::<anyhow::Result<_>>()?;
    let codings: Vec<Dimensional> = (0..LINES).map(coding).collect();
    let row = |at: usize| (key(at), format!("{at:05}"));
    let table: HashMap<String, String> = (0..ROWS).map(row).collect();
    let mut all = Vec::new();
    for _ in 0..rounds.max(1) {
        all.push(Round {
            plain: plain(&table, &codings)?,
            documents: whole(&crosswalk, &documents)?,
            trial: trial(&crosswalk, &codings)?,
        });
    }
    let of = |pick: fn(&Round) -> u128| median(all.iter().map(pick).collect());
    let plain = of(|round| round.plain);
    let lines = u128::try_from(LINES)?;
    let figure = |what: &str, micros: u128, note: &str| Figure {
        letter: 'e',
        what: what.to_owned(),
        figure: format!(
            "{} lines/s, {} times a plain look-up",
            per_second(lines, micros),
            ratio(micros, plain)
        ),
        goal: String::new(),
        verdict: Verdict::Informative,
        note: note.to_owned(),
    };
    let data = format!(
        "{LINES} lines, {ROWS} rows; plain: {} look-ups/s",
        per_second(lines, plain)
    );
    Ok(vec![
        figure(
            "lines coded in whole documents, three segments, rules recorded",
            of(|round| round.documents),
            &data,
        ),
        figure(
            "lines coded by `crosswalk simulate`",
            of(|round| round.trial),
            "the same lines; a coding that was met before is remembered",
        ),
    ])
}

/// Finds the value of each line's key and copies it, as a mapping must.
fn plain(table: &HashMap<String, String>, codings: &[Dimensional]) -> anyhow::Result<u128> {
    let started = Instant::now();
    for coding in codings {
        let key = coding.dimensions.get("customer").context("no customer")?;
        let value = table.get(key.as_str()).context("no row")?;
        black_box(value.clone());
    }
    Ok(started.elapsed().as_micros())
}

fn whole(crosswalk: &Crosswalk, documents: &[Envelope]) -> anyhow::Result<u128> {
    let started = Instant::now();
    for document in documents {
        let coded = crosswalk.translate(document, Lineage::None);
        black_box(coded.map_err(|gaps| anyhow!("{gaps:?}"))?);
    }
    Ok(started.elapsed().as_micros())
}

fn trial(crosswalk: &Crosswalk, codings: &[Dimensional]) -> anyhow::Result<u128> {
    let mut recoder = Recoder::of(crosswalk, "v1").context("no version")?;
    let date = DATE.parse().map_err(|e| anyhow!("{e}"))?;
    let started = Instant::now();
    for coding in codings {
        black_box(recoder.line("E1", date, coding));
    }
    Ok(started.elapsed().as_micros())
}

fn key(at: usize) -> String {
    format!("C-{at:06}")
}

fn version() -> anyhow::Result<VersionFile> {
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
    Ok(VersionFile::parse(file.to_string().as_bytes())?)
}

fn reference() -> anyhow::Result<Reference> {
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
    reference.add_entities(&[row.into()], &columns)?;
    let accounts = &mut reference.accounts;
    accounts.insert("1000".into(), AccountClass::Asset);
    let dimensions = &mut reference.dimensions;
    dimensions.insert("customer".into(), WhenBlank::Empty);
    let day = |text: &str| text.parse().map_err(|e| anyhow!("{e}"));
    reference.calendar = Calendar::new(vec![Period {
        name: "P".into(),
        name_there: "P".into(),
        fiscal_year: 2026,
        number: 1,
        start: day("2026-01-01")?,
        end: day("2026-12-31")?,
        is_adjusting: false,
    }]);
    Ok(reference)
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

fn envelope(first: usize) -> anyhow::Result<Envelope> {
    let line = |at: usize| {
        let amount = if at.is_multiple_of(2) {
            "1.00"
        } else {
            "-1.00"
        };
        let amount = amount.parse().map_err(|e| anyhow!("{e}"))?;
        Ok(JournalLine {
            number: u32::try_from(at + 1)?,
            coding: Coding::Dimensional(coding(first + at)),
            currency: "USD".parse().map_err(|e| anyhow!("{e}"))?,
            amount,
            functional: amount,
            rate: None,
            memo: String::new(),
        })
    };
    let draft = JournalDraft {
        entity: EntityId::new("E1"),
        functional_currency: "USD".parse().map_err(|e| anyhow!("{e}"))?,
        accounting_date: DATE.parse().map_err(|e| anyhow!("{e}"))?,
        is_adjusting: false,
        purpose: JournalPurpose::Standard,
        posting_kind: PostingKind::Journal,
        journal: Code::new("GJ"),
        reference: String::new(),
        description: String::new(),
        reverses: Vec::new(),
        placement: None,
        lines: (0..LINES_PER_DOCUMENT)
            .map(line)
            .collect::<anyhow::Result<_>>()?,
    };
    Ok(Envelope {
        origin: Origin {
            system: SystemId::new("books"),
            company: "c".into(),
            natural_key: NaturalKey::new(first.to_string()),
        },
        number: first.to_string(),
        revision: Revision::new("1"),
        modified: Timestamp::default(),
        aliases: Vec::new(),
        document: Document::JournalEntry(JournalEntry::try_new(draft).map_err(|e| anyhow!("{e}"))?),
        evidence: Digest::default(),
    })
}
