//! Sets a company folder up for the demonstration: seals its crosswalk, writes secrets and a configuration beside it.
//!
//! The signing key is made on the spot and trusted by the configuration that is written with it: right for a demonstration, where the same
//! person plays preparer and signer. Change control with separate persons is a matter of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use tieout_engine::crosswalk::{
    EntityColumns, REFERENCE_TYPE, Reference, VERSION_TYPE, Validity, VersionFile, WhenBlank,
    seal_with,
};
use tieout_keys::LocalKeys;
use tieout_model::{AccountClass, Calendar, Period};
use tieout_twins::company::{CompanyFolder, Table};

use crate::config::secret::SecretRef;
use crate::config::{Config, EXAMPLE, StoreConfig};

/// The natural account segment in the folders' crosswalks.
const NATURAL_ACCOUNT: &str = "account";

/// Where the twins listen and how to log in.
pub(crate) struct Endpoints {
    /// Address of the gateway of the source.
    pub(crate) intacct: String,
    /// Address of the target.
    pub(crate) fusion: String,
    /// Company id at the source.
    pub(crate) company_id: String,
    /// Sender id and password at the source.
    pub(crate) sender: (String, String),
    /// User id and password at the source.
    pub(crate) user: (String, String),
    /// User name and password at the target.
    pub(crate) fusion_login: (String, String),
}

/// Writes everything a run needs into `work` and returns the configuration file.
pub(crate) fn set_up(
    folder: &CompanyFolder,
    work: &Path,
    endpoints: &Endpoints,
) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(work.join("crosswalk"))?;
    std::fs::create_dir_all(work.join("keys"))?;
    let key = LocalKeys::open_or_create(&work.join("keys/controller.key.pem"))?;
    std::fs::write(work.join("keys/controller.pub.pem"), key.public().to_pem()?)?;
    let reference = reference_of(folder)?;
    let entities: Vec<String> = operating_entities(folder)?;
    let sealed = sealed(REFERENCE_TYPE, &reference.canonical_bytes(), &key);
    std::fs::write(work.join("crosswalk/reference.sealed.json"), sealed)?;
    let versions = seal_versions(folder, work, &key)?;
    for (name, secret) in [
        ("sender", &endpoints.sender.1),
        ("intacct", &endpoints.user.1),
        ("fusion", &endpoints.fusion_login.1),
    ] {
        write_private(&work.join("keys").join(format!("{name}.secret")), secret)?;
    }
    let config = configuration(folder, endpoints, versions, entities)?;
    let file = work.join("tieout.toml");
    let text = toml::to_string(&config).context("writing the configuration")?;
    std::fs::write(
        &file,
        format!("# Written by `tieout demo`; `tieout config example` explains every key.\n{text}"),
    )?;
    Ok(file)
}

fn configuration(
    folder: &CompanyFolder,
    endpoints: &Endpoints,
    versions: Vec<String>,
    entities: Vec<String>,
) -> anyhow::Result<Config> {
    let mut config = Config::parse(EXAMPLE, Path::new("example.toml"))
        .map_err(|problems| anyhow!("the built-in example is broken: {}", problems[0]))?;
    let secret = |name: &str| SecretRef::File(format!("keys/{name}.secret"));
    config.store = StoreConfig {
        database: "sqlite:tieout.db".into(),
        password: None,
    };
    config.worker.poll_interval_ms = 1_000;
    config.crosswalk.versions = versions;
    config.crosswalk.trusted_keys = vec!["keys/controller.pub.pem".into()];
    config.intacct.endpoint.clone_from(&endpoints.intacct);
    config.intacct.company_id.clone_from(&endpoints.company_id);
    config.intacct.sender_id.clone_from(&endpoints.sender.0);
    config.intacct.user_id.clone_from(&endpoints.user.0);
    config.intacct.sender_password = secret("sender");
    config.intacct.user_password = secret("intacct");
    config.intacct.settle_ms = 0;
    config.intacct.utc_offset_minutes = None;
    config.intacct.in_flight_max = 2;
    config.intacct.custom_dimensions = custom_dimensions(folder)?;
    config.fusion.base_url.clone_from(&endpoints.fusion);
    config.fusion.username.clone_from(&endpoints.fusion_login.0);
    config.fusion.password = secret("fusion");
    config.fusion.segments = segments(folder)?;
    let sets = config.fusion.segments.iter();
    let sets = sets.map(|segment| {
        (
            segment.clone(),
            format!("TIEOUT_{}", segment.to_uppercase()),
        )
    });
    config.fusion.value_sets = sets.collect();
    // The simulated target shows a row as soon as it has it, so an absence proves itself quickly.
    config.delivery.probe_spacing_ms = 1_000;
    for flow in &mut config.flow {
        flow.entities.clone_from(&entities);
    }
    Ok(config)
}

fn seal_versions(
    folder: &CompanyFolder,
    work: &Path,
    key: &LocalKeys,
) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    for name in version_names(folder)? {
        let text = folder.text(&format!("crosswalk/{name}"))?;
        let file = format!("crosswalk/{}.sealed.json", name.trim_end_matches(".json"));
        std::fs::write(work.join(&file), sealed(VERSION_TYPE, text.as_bytes(), key))?;
        files.push(file);
    }
    Ok(files)
}

fn version_names(folder: &CompanyFolder) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = std::fs::read_dir(folder.root().join("crosswalk"))
        .with_context(|| format!("{} has no folder crosswalk/", folder.root().display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    if names.is_empty() {
        bail!(
            "{}/crosswalk holds no version (v1.json)",
            folder.root().display()
        );
    }
    Ok(names)
}

/// The versions of a folder as they stand there: nobody signed them.
pub(crate) fn folder_versions(folder: &CompanyFolder) -> anyhow::Result<Vec<VersionFile>> {
    let mut files = Vec::new();
    for name in version_names(folder)? {
        let text = folder.text(&format!("crosswalk/{name}"))?;
        let file = VersionFile::parse(text.as_bytes());
        files.push(file.with_context(|| format!("crosswalk/{name}"))?);
    }
    Ok(files)
}

fn sealed(payload_type: &str, payload: &[u8], key: &LocalKeys) -> Vec<u8> {
    seal_with(payload_type, payload, key.id().as_str(), &|message| {
        key.sign_bytes(message).0
    })
}

fn write_private(path: &Path, secret: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(secret.as_bytes())?;
    Ok(())
}

fn segments(folder: &CompanyFolder) -> anyhow::Result<Vec<String>> {
    let text = folder.text("crosswalk/v1.json")?;
    let json: serde_json::Value =
        serde_json::from_str(&text).context("crosswalk/v1.json is not JSON")?;
    let names = json.get("segments").and_then(serde_json::Value::as_array);
    let names = names.ok_or_else(|| anyhow!("crosswalk/v1.json has no list of segments"))?;
    Ok(names
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect())
}

fn custom_dimensions(folder: &CompanyFolder) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut table = folder.table("master/dimensions.csv")?;
    while let Some(row) = table.next_row()? {
        if row.get("kind")? == "custom" {
            let name = row.get("dimension")?.to_owned();
            let field = format!("GLDIM{}", name.to_uppercase());
            found.insert(name, field);
        }
    }
    Ok(found)
}

/// Entities that hold documents (an elimination shell does not).
fn operating_entities(folder: &CompanyFolder) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut table = folder.table("master/entities.csv")?;
    while let Some(row) = table.next_row()? {
        if !row.get("fusion_business_unit")?.trim().is_empty() {
            found.push(row.get("entity_id")?.to_owned());
        }
    }
    Ok(found)
}

/// The reference data of a folder.
pub(crate) fn reference_of(folder: &CompanyFolder) -> anyhow::Result<Reference> {
    let mut reference = Reference::default();
    let columns = EntityColumns {
        id: "entity_id".into(),
        currency: "base_currency".into(),
        ledger: "fusion_ledger".into(),
        legal_entity: "fusion_legal_entity".into(),
        business_unit: "fusion_business_unit".into(),
        balancing_segment: "fusion_balancing_segment".into(),
    };
    let rows = maps(&mut folder.table("master/entities.csv")?)?;
    reference.add_entities(&rows, &columns)?;
    let mut accounts = folder.table("master/accounts_intacct.csv")?;
    while let Some(row) = accounts.next_row()? {
        let class = row.get("class")?.parse::<AccountClass>();
        let class = class.map_err(|e| row.wrong(e.to_string()))?;
        reference
            .accounts
            .insert(row.get("account")?.to_owned(), class);
    }
    let mut suppliers = folder.table("master/vendors.csv")?;
    while let Some(row) = suppliers.next_row()? {
        let number = row.get("fusion_supplier_number")?;
        if !number.is_empty() {
            reference
                .parties
                .insert(row.get("id")?.to_owned(), number.to_owned());
        }
    }
    let mut dimensions = folder.table("master/dimensions.csv")?;
    while let Some(row) = dimensions.next_row()? {
        let when_blank = WhenBlank::from_cell(row.get("default_when_blank")?);
        reference
            .dimensions
            .insert(row.get("dimension")?.to_owned(), when_blank);
    }
    reference.calendar = calendar_of(folder)?;
    target_accounts(folder, &mut reference)?;
    Ok(reference)
}

fn target_accounts(folder: &CompanyFolder, reference: &mut Reference) -> anyhow::Result<()> {
    let mut values: BTreeMap<String, Validity> = BTreeMap::new();
    let mut table = folder.table("master/accounts_fusion.csv")?;
    while let Some(row) = table.next_row()? {
        let date = |column: &str| -> anyhow::Result<Option<tieout_model::AccountingDate>> {
            let cell = row.get(column)?;
            if cell.is_empty() {
                return Ok(None);
            }
            Ok(Some(cell.parse().map_err(|_| {
                row.wrong(format!("{column}: {cell:?} is no date"))
            })?))
        };
        let validity = Validity {
            from: date("valid_from")?,
            to: date("valid_to")?,
        };
        let class = row.get("class")?.parse::<AccountClass>();
        let class = class.map_err(|e| row.wrong(e.to_string()))?;
        reference
            .target_accounts
            .insert(row.get("account")?.to_owned(), class);
        values.insert(row.get("account")?.to_owned(), validity);
    }
    reference
        .segment_values
        .insert(NATURAL_ACCOUNT.into(), values);
    Ok(())
}

fn calendar_of(folder: &CompanyFolder) -> anyhow::Result<Calendar> {
    let mut periods = Vec::new();
    let mut names = BTreeSet::new();
    let mut table = folder.table("master/periods.csv")?;
    while let Some(row) = table.next_row()? {
        let number = |column: &str| -> anyhow::Result<i32> {
            let cell = row.get(column)?;
            Ok(cell
                .parse()
                .map_err(|_| row.wrong(format!("{column}: {cell:?} is no number")))?)
        };
        let date = |column: &str| -> anyhow::Result<tieout_model::AccountingDate> {
            let cell = row.get(column)?;
            Ok(cell
                .parse()
                .map_err(|_| row.wrong(format!("{column}: {cell:?} is no date")))?)
        };
        if !names.insert(row.get("period")?.to_owned()) {
            bail!(row.wrong(format!("period {:?} stands twice", row.get("period")?)));
        }
        periods.push(Period {
            name: row.get("period")?.to_owned(),
            name_there: row.get("fusion_period_name")?.to_owned(),
            fiscal_year: number("fiscal_year")?,
            number: number("period_no")?,
            start: date("start_date")?,
            end: date("end_date")?,
            is_adjusting: row.get("kind")? == "adjusting",
        });
    }
    Ok(Calendar::new(periods))
}

fn maps(table: &mut Table) -> anyhow::Result<Vec<BTreeMap<String, String>>> {
    let names = table.columns();
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        let cells = names
            .iter()
            .map(|name| Ok((name.clone(), row.get(name)?.to_owned())));
        rows.push(cells.collect::<Result<BTreeMap<_, _>, tieout_twins::company::CompanyError>>()?);
    }
    Ok(rows)
}
