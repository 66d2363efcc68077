//! The analytic tier of the crosswalk: files for report systems (Essbase, OTBI), keyed by posted line (domain dossier 4.1).
//!
//! A [`Feed`] takes what was posted in one period, line by line, beside the document it came from, and makes one CSV file per report of the
//! versions that coded it, and a manifest with row count, sums per currency and SHA-256. Every posted line has a row in every file, also
//! with all dimensions blank: so the sums of a file are those of the ledger. Same deliveries in any order, same bytes.
//!
//! Not here: where files go, how they are loaded.

use std::collections::{BTreeMap, BTreeSet};

use tieout_model::{Amount, AmountFault, Digest, Dimensional, Document, LineFact};

use crate::crosswalk::{Crosswalk, Json, VersionFile, WhenBlank, normalised};

/// Columns before the dimensions.
/// Longest name of a report in bytes; it is the name of a file.
const REPORT_NAME_LEN_MAX: usize = 100;

const COLUMNS: [&str; 11] = [
    "stamp",
    "line",
    "target_reference",
    "ledger",
    "period",
    "accounting_date",
    "entity",
    "combination",
    "currency",
    "functional_amount",
    "crosswalk_version",
];

/// One posted delivery.
#[derive(Debug, Clone, Copy)]
pub struct FeedDelivery<'a> {
    /// Our mark on the row of the target.
    pub stamp: &'a str,
    /// The target's own key of it.
    pub reference: &'a str,
    /// The version that coded it.
    pub version: &'a str,
    /// What was posted.
    pub posted: &'a Document,
    /// The document in the coding of the system of record, with the same line numbers. Absent if that revision is not kept any more: the
    /// dimensions of such lines stay blank, and the manifest counts them.
    pub source: Option<&'a Document>,
}

/// Why a delivery can't be fed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedFault {
    /// Its version is not among the signed ones.
    #[error(
        "{stamp} was coded under version {version}, which is not among the signed versions; put its file back"
    )]
    UnknownVersion {
        /// The delivery.
        stamp: String,
        /// The version.
        version: String,
    },
    /// A line is not in the form it was posted in.
    #[error("line {line} of {stamp} carries no segments, so it was not posted in this form")]
    NotSegmented {
        /// The delivery.
        stamp: String,
        /// The line.
        line: u32,
    },
    /// The same line was added twice.
    #[error("line {line} of {stamp} stands twice")]
    Twice {
        /// The delivery.
        stamp: String,
        /// The line.
        line: u32,
    },
    /// The document does not hold together.
    #[error("{stamp}: {fault}")]
    Document {
        /// The delivery.
        stamp: String,
        /// Why.
        fault: String,
    },
    /// A report's name can't be a file name.
    #[error("report {0:?} of the version can't be a file name; use letters, digits, - and _")]
    ReportName(String),
    /// A sum left the range of 38 digits.
    #[error("a sum of the feed: {0}")]
    Sum(#[from] AmountFault),
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    currency: String,
    functional: Amount,
    version: usize,
    has_source: bool,
    dimensions: BTreeMap<String, String>,
}

/// The posted lines of one period.
#[derive(Debug)]
pub struct Feed<'c> {
    crosswalk: &'c Crosswalk,
    period: String,
    rows: BTreeMap<(String, u32), Row>,
    without_source: u64,
}

/// A file of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl<'c> Feed<'c> {
    /// An empty feed of the period the target calls `period`.
    pub fn new(crosswalk: &'c Crosswalk, period: &str) -> Self {
        Self {
            crosswalk,
            period: period.to_owned(),
            rows: BTreeMap::new(),
            without_source: 0,
        }
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if nothing was posted.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the lines of a delivery.
    ///
    /// # Errors
    /// [`FeedFault`]; nothing of the delivery counts then.
    pub fn add(&mut self, delivery: &FeedDelivery<'_>) -> Result<(), FeedFault> {
        let stamp = delivery.stamp.to_owned();
        let mut versions = self.crosswalk.versions().iter();
        let version = versions.position(|version| version.version == delivery.version);
        let version = version.ok_or_else(|| FeedFault::UnknownVersion {
            stamp: stamp.clone(),
            version: delivery.version.to_owned(),
        })?;
        let facts = |document: &Document| {
            document.lines().map_err(|fault| FeedFault::Document {
                stamp: stamp.clone(),
                fault: fault.to_string(),
            })
        };
        let source = delivery.source.map(facts).transpose()?.unwrap_or_default();
        let mut rows = Vec::new();
        for line in facts(delivery.posted)? {
            let mut origin = source.iter();
            let origin = origin.find(|own| own.number == line.number);
            let origin = origin.and_then(|line| line.coding.dimensional());
            rows.push((line.number, self.row(delivery, version, &line, origin)?));
        }
        for (line, _) in &rows {
            if self.rows.contains_key(&(stamp.clone(), *line)) {
                return Err(FeedFault::Twice { stamp, line: *line });
            }
        }
        for (line, row) in rows {
            if !row.has_source {
                self.without_source = self.without_source.saturating_add(1);
            }
            self.rows.insert((stamp.clone(), line), row);
        }
        Ok(())
    }

    fn row(
        &self,
        delivery: &FeedDelivery<'_>,
        version: usize,
        line: &LineFact,
        origin: Option<&Dimensional>,
    ) -> Result<Row, FeedFault> {
        let combination = line.coding.combination();
        let combination = combination.ok_or_else(|| FeedFault::NotSegmented {
            stamp: delivery.stamp.to_owned(),
            line: line.number,
        })?;
        let document = delivery.posted;
        let currency = match document.functional_currency() {
            _ if line.currency.is_statistical() => line.currency.code().to_owned(),
            Some(functional) => functional.code().to_owned(),
            None => String::new(),
        };
        let text = |text: Option<String>| text.unwrap_or_default();
        let placement = document.placement();
        let cells = vec![
            delivery.stamp.to_owned(),
            line.number.to_string(),
            delivery.reference.to_owned(),
            text(placement.map(|place| place.ledger.clone())),
            self.period.clone(),
            text(document.accounting_date().map(|date| date.to_string())),
            text(document.entity().map(ToString::to_string)),
            combination.joined("-"),
            currency.clone(),
            line.functional.to_string(),
            delivery.version.to_owned(),
        ];
        let dimensions = origin.into_iter().flat_map(|origin| &origin.dimensions);
        let dimensions =
            dimensions.map(|(name, value)| (name.clone(), normalised(value.as_str()).into_owned()));
        Ok(Row {
            cells,
            currency,
            functional: line.functional,
            version,
            has_source: origin.is_some(),
            dimensions: dimensions.filter(|(_, value)| !value.is_empty()).collect(),
        })
    }

    /// The files: one per report in the order of their names, then `manifest.json`. `waiting` is how many documents of the period are
    /// not posted yet; the manifest says whether the period is complete.
    ///
    /// # Errors
    /// [`FeedFault`].
    pub fn files(&self, waiting: u64) -> Result<Vec<FeedFile>, FeedFault> {
        let (versions, reports) = self.reports();
        let sums = self.sums()?;
        let mut files = Vec::new();
        let mut entries = Vec::new();
        for (report, columns) in reports {
            let is_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
            let is_name = (1..=REPORT_NAME_LEN_MAX).contains(&report.len());
            if !is_name || !report.chars().all(is_word) {
                return Err(FeedFault::ReportName(report.clone()));
            }
            let bytes = self.csv(report, &columns);
            let name = format!("{report}.csv");
            let names = columns.iter().map(|name| Json::text(name)).collect();
            entries.push(Json::object([
                ("dimensions", Json::List(names)),
                ("file", Json::text(&name)),
                ("rows", count(self.rows.len())),
                ("sha256", Json::text(&Digest::of(&bytes).to_string())),
                ("sums", sums.clone()),
            ]));
            files.push(FeedFile { name, bytes });
        }
        let named = versions.iter().map(|version| {
            Json::object([
                ("digest", Json::text(&version.digest.to_string())),
                ("version", Json::text(&version.version)),
            ])
        });
        let stamps: BTreeSet<&String> = self.rows.keys().map(|(stamp, _)| stamp).collect();
        let manifest = Json::object([
            ("complete", Json::Bool(waiting == 0)),
            ("documents", count(stamps.len())),
            ("documents_waiting", integer(waiting)),
            ("files", Json::List(entries)),
            ("lines_of_earlier_revisions", integer(self.without_source)),
            ("period", Json::text(&self.period)),
            ("versions", Json::List(named.collect())),
        ]);
        let mut bytes = manifest.canonical();
        bytes.push(b'\n');
        files.push(FeedFile {
            name: "manifest.json".to_owned(),
            bytes,
        });
        Ok(files)
    }

    /// The versions that coded the lines (all, if there are none) and the dimensions of their reports.
    fn reports(&self) -> (Vec<&VersionFile>, BTreeMap<&String, Vec<&String>>) {
        let used: BTreeSet<usize> = self.rows.values().map(|row| row.version).collect();
        let all = self.crosswalk.versions().iter().enumerate();
        let versions = all.filter(|(at, _)| used.is_empty() || used.contains(at));
        let versions: Vec<&VersionFile> = versions.map(|(_, version)| version).collect();
        let mut reports: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
        for version in &versions {
            for (report, dimensions) in &version.analytic {
                let columns = reports.entry(report).or_default();
                for dimension in dimensions {
                    if !columns.contains(&dimension) {
                        columns.push(dimension);
                    }
                }
            }
        }
        (versions, reports)
    }

    /// Debit, credit and net per currency, debit and credit positive.
    fn sums(&self) -> Result<Json, FeedFault> {
        let mut sums: BTreeMap<&String, (Amount, Amount)> = BTreeMap::new();
        for row in self.rows.values() {
            let (debit, credit) = sums.entry(&row.currency).or_default();
            let side = if row.functional.is_negative() {
                credit
            } else {
                debit
            };
            *side = side.plus(row.functional.abs())?;
        }
        let mut list = Vec::new();
        for (currency, (debit, credit)) in sums {
            list.push(Json::object([
                ("credit", Json::text(&credit.to_string())),
                ("currency", Json::text(currency)),
                ("debit", Json::text(&debit.to_string())),
                ("net", Json::text(&debit.minus(credit)?.to_string())),
            ]));
        }
        Ok(Json::List(list))
    }

    fn csv(&self, report: &str, columns: &[&String]) -> Vec<u8> {
        let mut out = String::new();
        let head = COLUMNS.iter().copied();
        put(
            &mut out,
            head.chain(columns.iter().map(|name| name.as_str())),
        );
        for row in self.rows.values() {
            let version = self.crosswalk.versions().get(row.version);
            let carried = version.and_then(|version| version.analytic.get(report));
            let values = columns.iter().map(|name| {
                let is_carried = carried.is_some_and(|carried| carried.contains(name));
                if is_carried {
                    self.value(row, name)
                } else {
                    ""
                }
            });
            put(&mut out, row.cells.iter().map(String::as_str).chain(values));
        }
        out.into_bytes()
    }

    /// The value of a dimension, or its default.
    fn value<'r>(&'r self, row: &'r Row, name: &str) -> &'r str {
        if let Some(value) = row.dimensions.get(name) {
            return value;
        }
        match self.crosswalk.reference().dimensions.get(name) {
            Some(WhenBlank::Default(value)) => value,
            Some(WhenBlank::Required | WhenBlank::Empty) | None => "",
        }
    }
}

fn count(number: usize) -> Json {
    integer(u64::try_from(number).unwrap_or(u64::MAX))
}

fn integer(number: u64) -> Json {
    Json::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// One line of CSV; a cell is quoted where it must be.
fn put<'c>(out: &mut String, cells: impl Iterator<Item = &'c str>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push('\n');
}
