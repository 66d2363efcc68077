//! Compares what the target holds after a run with the expected figures of the company folder.
//!
//! The expected figures were computed without this program. Balances come from the simulator's own books; documents, their names and debits
//! from its list of documents and from what was read back and acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use sha2::{Digest as _, Sha256};
use tieout_engine::DeliveryState;
use tieout_model::{AccountingDate, Amount, EntityId};
use tieout_twins::company::CompanyFolder;

use super::rig::{load, worded};
use super::table::{Figure, Verdict};
use crate::report;
use crate::systems::open_store;

/// The simulator's trial balance.
pub(super) const BALANCES: &str = "fusion-trial-balance.csv";
/// The simulator's documents.
pub(super) const DOCUMENTS: &str = "fusion-documents.csv";

const EXPECTED_BALANCES: &str = "expected/tb_fusion.csv";
const EXPECTED_TOTALS: &str = "expected/control_totals.csv";
/// Differences shown.
const SHOWN_MAX: usize = 5;

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Company folder with `expected/`
    #[arg(long, value_name = "DIR")]
    company: PathBuf,
    /// Folder that `bench full` kept
    #[arg(long, value_name = "DIR")]
    keep: PathBuf,
}

pub(super) async fn execute(arguments: &VerifyArguments) -> anyhow::Result<u8> {
    let figures = compare(&arguments.company, &arguments.keep).await?;
    let data = arguments.company.file_name().unwrap_or_default();
    report::data(&super::table::words(&figures, &data.to_string_lossy()));
    Ok(u8::from(
        figures.iter().any(|one| one.verdict == Verdict::Missed),
    ))
}

/// True if the folder says what to expect.
pub(super) fn has_expected(company: &Path) -> bool {
    let is_there =
        |name: &str| company.join(name).exists() || company.join(format!("{name}.gz")).exists();
    is_there(EXPECTED_BALANCES)
}

/// Every comparison.
pub(super) async fn compare(company: &Path, keep: &Path) -> anyhow::Result<Vec<Figure>> {
    let folder = CompanyFolder::new(company);
    let mut figures = vec![balances(&folder, keep)?];
    if company.join(EXPECTED_TOTALS).exists() {
        figures.push(totals(&folder, keep).await?);
    }
    Ok(figures)
}

/// All cells but the last, and the last, of every row.
type Keyed = BTreeMap<Vec<String>, String>;

fn balances(folder: &CompanyFolder, keep: &Path) -> anyhow::Result<Figure> {
    let mut expected = Keyed::new();
    let mut table = folder.table(EXPECTED_BALANCES)?;
    let names = table.columns();
    while let Some(row) = table.next_row()? {
        let cells: Result<Vec<String>, _> = names
            .iter()
            .map(|name| row.get(name).map(str::to_owned))
            .collect();
        keyed(&mut expected, cells?);
    }
    let text = std::fs::read_to_string(keep.join(BALANCES))
        .with_context(|| format!("cannot read {BALANCES}"))?;
    let mut found = Keyed::new();
    for row in csv::Reader::from_reader(text.as_bytes()).into_records() {
        keyed(&mut found, row?.iter().map(str::to_owned).collect());
    }
    let differences = differing(&expected, &found);
    Ok(figure(
        "target's trial balance = expected/tb_fusion",
        expected.len(),
        "balances",
        &differences,
    ))
}

fn keyed(into: &mut Keyed, mut cells: Vec<String>) {
    if let Some(value) = cells.pop() {
        into.insert(cells, value);
    }
}

fn differing(expected: &Keyed, found: &Keyed) -> Vec<String> {
    let keys: BTreeSet<&Vec<String>> = expected.keys().chain(found.keys()).collect();
    let missing = "nothing".to_owned();
    keys.into_iter()
        .filter(|key| expected.get(*key) != found.get(*key))
        .map(|key| {
            let (wanted, got) = (expected.get(key), found.get(key));
            format!(
                "{}: expected {}, found {}",
                key.join(" "),
                wanted.unwrap_or(&missing),
                got.unwrap_or(&missing)
            )
        })
        .collect()
}

fn figure(what: &str, count: usize, noun: &str, differences: &[String]) -> Figure {
    let shown: Vec<&str> = differences
        .iter()
        .take(SHOWN_MAX)
        .map(String::as_str)
        .collect();
    Figure {
        letter: 'e',
        what: what.to_owned(),
        figure: format!("{count} {noun}, {} differ", differences.len()),
        goal: "0 differ".into(),
        verdict: Verdict::of(count > 0 && differences.is_empty()),
        note: shown.join("; "),
    }
}

/// What one entity received in one period.
#[derive(Debug, Default)]
struct Received {
    numbers: BTreeSet<String>,
    documents: usize,
    debits: Amount,
}

async fn totals(folder: &CompanyFolder, keep: &Path) -> anyhow::Result<Figure> {
    let mut expected = Keyed::new();
    let mut entities = BTreeSet::new();
    let mut table = folder.table(EXPECTED_TOTALS)?;
    while let Some(row) = table.next_row()? {
        let key = vec![
            row.get("period")?.to_owned(),
            row.get("entity_id")?.to_owned(),
        ];
        entities.insert(row.get("entity_id")?.to_owned());
        let debits: Amount = row.get("total_debit")?.parse()?;
        let wanted = format!(
            "{} documents, debits {debits}, names {}",
            row.get("documents")?,
            row.get("document_id_sha256")?
        );
        expected.insert(key, wanted);
    }
    let calendar = crate::company::reference_of(folder)?.calendar;
    let in_books = numbers_in_books(keep)?;
    let mut received: BTreeMap<Vec<String>, Received> = BTreeMap::new();
    let config = load(&keep.join("tieout.toml"))?;
    let store = open_store(&config).await.map_err(|f| worded(&f))?;
    let through: AccountingDate = "2100-01-01".parse().context("a date")?;
    let mut failure = None;
    for entity in &entities {
        let mut take = |one: tieout_store::PostedDelivery| {
            let DeliveryState::Posted(ack) = &one.delivery.state else {
                return;
            };
            let period = calendar.period_of(ack.accounting_date, false);
            let key = vec![
                period.map(|p| p.name.clone()).unwrap_or_default(),
                entity.clone(),
            ];
            let place = received.entry(key).or_default();
            place.documents += 1;
            if in_books.contains(&(entity.clone(), ack.number.clone())) {
                place.numbers.insert(ack.number.clone());
            }
            match place.debits.plus(ack.total_debit) {
                Ok(sum) => place.debits = sum,
                Err(error) => failure = Some(error),
            }
        };
        store
            .posted_of(&EntityId::new(entity), through, &mut take)
            .await?;
    }
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    let found: Keyed = received
        .into_iter()
        .map(|(key, got)| (key, got.words()))
        .collect();
    let differences = differing(&expected, &found);
    Ok(figure(
        "documents, names and debits = expected/control_totals",
        expected.len(),
        "months of an entity",
        &differences,
    ))
}

impl Received {
    fn words(&self) -> String {
        let mut names = Sha256::new();
        for number in &self.numbers {
            names.update(number.as_bytes());
            names.update(b"\n");
        }
        let hex: String = names
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!(
            "{} documents, debits {}, names {hex}",
            self.documents, self.debits
        )
    }
}

/// Entity and number of every document that the target's own books hold.
fn numbers_in_books(keep: &Path) -> anyhow::Result<BTreeSet<(String, String)>> {
    let mut reader = csv::Reader::from_path(keep.join(DOCUMENTS))
        .with_context(|| format!("cannot read {DOCUMENTS}"))?;
    let mut found = BTreeSet::new();
    for row in reader.records() {
        let row = row?;
        let cell = |i: usize| row.get(i).unwrap_or_default().to_owned();
        found.insert((cell(3), cell(1)));
    }
    Ok(found)
}
