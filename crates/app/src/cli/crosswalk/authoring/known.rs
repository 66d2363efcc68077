//! Where reference data, signed versions and live values come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use tieout_authoring::{LiveValue, LiveValues};
use tieout_engine::crosswalk::trial::TrialDocument;
use tieout_engine::crosswalk::{Reference, Validity, VersionFile};
use tieout_model::{Amount, Currency, Timestamp};
use tieout_twins::company::CompanyFolder;

use crate::cli::crosswalk::authoring::files;
use crate::cli::crosswalk::coverage::{MONTHS_IN_USE, months_before};
use crate::cli::crosswalk::live::{Live, into_reference};
use crate::company::reference_of;
use crate::config::Config;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, today};
use crate::systems::{open_crosswalk, open_store};
use crate::trial::{Span, each_of_store, of_folder};

/// Names one source of knowledge, or none.
#[derive(Debug, Args)]
pub(crate) struct KnownArguments {
    /// Configuration: its signed reference data and versions
    #[arg(long, value_name = "FILE", group = "known")]
    config: Option<PathBuf>,
    /// Company folder: its master data with names, and its versions
    #[arg(long, value_name = "FOLDER", group = "known")]
    company: Option<PathBuf>,
    /// With --config: ask both systems for their values, names and dates
    #[arg(long, requires = "config")]
    live: bool,
    /// Reference data (unsealed JSON)
    #[arg(long, value_name = "FILE", group = "known")]
    reference: Option<PathBuf>,
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) reference: Reference,
    pub(super) live: LiveValues,
    /// The versions that are there already.
    pub(super) versions: Vec<VersionFile>,
}

/// Values of the source: attribute, file, column of the id.
const SOURCES: [(&str, &str, &str); 10] = [
    ("account", "accounts_intacct", "account"),
    ("department", "department", "id"),
    ("item", "item", "id"),
    ("class", "class", "id"),
    ("project", "project", "id"),
    ("customer", "customers", "id"),
    ("vendor", "vendors", "id"),
    ("employee", "employee", "id"),
    ("region", "region", "id"),
    ("channel", "channel", "id"),
];

/// Values of the target: segment, file, column of the value.
const TARGETS: [(&str, &str, &str); 3] = [
    ("account", "accounts_fusion", "account"),
    ("cost_center", "cost_centers_fusion", "cost_center"),
    ("product", "products_fusion", "product"),
];

impl KnownArguments {
    /// Loads it; nothing if no source was named.
    pub(super) async fn load(&self) -> Result<Option<Known>, Failure> {
        if let Some(file) = &self.config {
            let config = Config::load(file).map_err(Failure::Usage)?;
            return configured(&config, self.live).await.map(Some);
        }
        if let Some(folder) = &self.company {
            return company(folder).map(Some);
        }
        let Some(file) = &self.reference else {
            return Ok(None);
        };
        let unreadable = |what: String| {
            Problem::new("P0410", format!("{}: {what}", file.display()))
                .hint("name unsealed reference data; sealed data is read through --config")
        };
        let bytes = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
        let reference = Reference::parse(&bytes).map_err(|fault| unreadable(fault.to_string()))?;
        let mut live = LiveValues::default();
        live.add_reference(&reference);
        Ok(Some(Known {
            reference,
            live,
            versions: Vec::new(),
        }))
    }

    /// What is at stake for every value: the absolute functional amounts of the lines that carry it, in the documents of the store of the
    /// last 13 months or in the whole company folder. Nothing where there are no documents.
    pub(super) async fn at_stake(
        &self,
        reference: &Reference,
        now: Timestamp,
    ) -> Result<AtStake, Failure> {
        let mut stakes = Stakes::default();
        let mut take = |document: &TrialDocument<'_>| stakes.add(document);
        if let Some(file) = &self.config {
            let config = Config::load(file).map_err(Failure::Usage)?;
            let store = open_store(&config).await?;
            let since = months_before(today(now), MONTHS_IN_USE);
            let span = (&Span::Window(since, None), None);
            each_of_store(&store, reference, span, |_| true, &mut take).await?;
        } else if let Some(root) = &self.company {
            let folder = CompanyFolder::new(root);
            if folder.has("inputs/document_lines.csv") {
                let read = of_folder(&folder, reference, (&Span::All, None), &mut take);
                read.map_err(|error| broken(root, &format!("{error:#}")))?;
            }
        }
        Ok(stakes.words())
    }
}

/// The signed files of a configuration and the signed versions of its register; with the values of both systems if they are asked.
async fn configured(config: &Config, is_live: bool) -> Result<Known, Failure> {
    let (crosswalk, mut reference) = if config.crosswalk.register {
        Ledger::open(config.clone()).await?.crosswalk().await?
    } else {
        open_crosswalk(config)?
    };
    let mut live = LiveValues::default();
    if is_live {
        let systems = Live::open(config)?;
        let target = systems.target().await?;
        for (segment, values) in &target {
            let rows = values.iter().map(|(value, row)| {
                let known = LiveValue {
                    name: row.name.clone(),
                    validity: row.validity,
                };
                (value.clone(), known)
            });
            live.target.insert(segment.clone(), rows.collect());
        }
        into_reference(target, &mut reference);
        for (attribute, values) in systems.source().await? {
            let active = values.into_iter().filter(|value| value.is_active);
            let rows = active.map(|value| {
                let known = LiveValue {
                    name: value.name,
                    validity: Validity::default(),
                };
                (value.id, known)
            });
            live.source.insert(attribute, rows.collect());
        }
    }
    live.add_reference(&reference);
    Ok(Known {
        live,
        versions: crosswalk.versions().to_vec(),
        reference,
    })
}

/// Amounts in words by attribute and id.
pub(super) type AtStake = BTreeMap<(String, String), String>;

/// Absolute functional amounts by attribute, id and currency.
#[derive(Default)]
struct Stakes(BTreeMap<String, BTreeMap<String, BTreeMap<Currency, Amount>>>);

impl Stakes {
    fn add(&mut self, document: &TrialDocument<'_>) -> anyhow::Result<()> {
        for line in document.source {
            let Some(coding) = line.coding.dimensional() else {
                continue;
            };
            let (currency, amount) = if line.currency.is_statistical() {
                (line.currency, line.amount)
            } else {
                (document.currency, line.functional)
            };
            let dimensions = coding.dimensions.iter();
            let carried = dimensions.map(|(name, value)| (name.as_str(), value.as_str()));
            for (attribute, id) in carried.chain([("account", coding.account.as_str())]) {
                if !self.0.contains_key(attribute) {
                    self.0.insert(attribute.to_owned(), BTreeMap::new());
                }
                let Some(values) = self.0.get_mut(attribute) else {
                    continue;
                };
                if !values.contains_key(id) {
                    values.insert(id.to_owned(), BTreeMap::new());
                }
                if let Some(sums) = values.get_mut(id) {
                    let sum = sums.entry(currency).or_default();
                    *sum = sum.plus(amount.abs())?;
                }
            }
        }
        Ok(())
    }

    fn words(self) -> AtStake {
        let mut found = AtStake::new();
        for (attribute, values) in self.0 {
            for (id, sums) in values {
                let words = sums
                    .iter()
                    .map(|(currency, sum)| format!("{sum} {currency}"));
                let words: Vec<String> = words.collect();
                found.insert((attribute.clone(), id), words.join(", "));
            }
        }
        found
    }
}

fn broken(folder: &Path, what: &str) -> Problem {
    Problem::new(
        "P0410",
        format!("company folder {}: {what}", folder.display()),
    )
    .hint("docs/company-setup.md describes its files")
}

fn company(root: &Path) -> Result<Known, Failure> {
    let folder = CompanyFolder::new(root);
    let fault = |error: anyhow::Error| broken(root, &format!("{error:#}"));
    let reference = reference_of(&folder).map_err(fault)?;
    let mut live = LiveValues::default();
    for (attribute, file, id) in SOURCES {
        let values = values(&folder, file, id).map_err(fault)?;
        live.source.insert(attribute.to_owned(), values);
    }
    for (segment, file, id) in TARGETS {
        let values = values(&folder, file, id).map_err(fault)?;
        live.target.insert(segment.to_owned(), values);
    }
    live.add_reference(&reference);
    let mut versions = Vec::new();
    let listed = std::fs::read_dir(root.join("crosswalk"))
        .into_iter()
        .flatten();
    let mut names: Vec<PathBuf> = listed
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    names.sort();
    for file in names {
        if file.extension().is_some_and(|end| end == "json") {
            versions.push(files::version(&file)?.version);
        }
    }
    Ok(Known {
        reference,
        live,
        versions,
    })
}

fn values(
    folder: &CompanyFolder,
    file: &str,
    id: &str,
) -> anyhow::Result<BTreeMap<String, LiveValue>> {
    let file = format!("master/{file}.csv");
    let mut found = BTreeMap::new();
    if !folder.has(&file) {
        return Ok(found);
    }
    let mut table = folder.table(&file)?;
    while let Some(row) = table.next_row()? {
        let date = |column: &str| -> anyhow::Result<Option<tieout_model::AccountingDate>> {
            match row.find(column) {
                None | Some("") => Ok(None),
                Some(cell) => {
                    Ok(Some(cell.parse().map_err(|_| {
                        row.wrong(format!("{column}: {cell:?} is no date"))
                    })?))
                }
            }
        };
        let value = LiveValue {
            name: row.find("name").unwrap_or_default().to_owned(),
            validity: Validity {
                from: date("valid_from")?,
                to: date("valid_to")?,
            },
        };
        found.insert(row.get(id)?.to_owned(), value);
    }
    Ok(found)
}

/// Reads amounts at stake: attribute, id, amount, currency.
pub(super) fn at_stake(file: &Path) -> Result<AtStake, Failure> {
    let fault = |what: String| {
        Problem::new("P0410", format!("{}: {what}", file.display()))
            .hint("a CSV file with the columns attribute, id, amount, currency")
    };
    let mut reader = csv::Reader::from_path(file).map_err(|error| fault(error.to_string()))?;
    let mut found = BTreeMap::new();
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row.map_err(|error| fault(error.to_string()))?;
        let cell = |name: &str| {
            let cell = row.get(name).cloned();
            cell.ok_or_else(|| fault(format!("the column {name:?} is missing")))
        };
        let amount = format!("{} {}", cell("amount")?, cell("currency")?);
        found.insert((cell("attribute")?, cell("id")?), amount);
    }
    Ok(found)
}
