//! The configuration: one TOML file, unknown keys refused, secrets only by reference.
//!
//! Loading reports every problem it can see at once, each with its place. Paths are relative to the file.

pub(crate) mod crosswalk;
pub(crate) mod delivery;
pub(crate) mod flow;
pub(crate) mod fusion;
pub(crate) mod intacct;
pub(crate) mod secret;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tieout_engine::CircuitPolicy;
use tieout_pipeline::context::Bounds;

use crate::problem::Problem;

/// The commented example, also the reference of all keys.
pub(crate) const EXAMPLE: &str = include_str!("config/example.toml");

/// The whole file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where everything durable is kept.
    pub(crate) store: StoreConfig,
    /// This process.
    #[serde(default)]
    pub(crate) worker: WorkerConfig,
    /// The signed mapping.
    pub(crate) crosswalk: crosswalk::CrosswalkConfig,
    /// Where sealed secrets are kept.
    #[serde(default)]
    pub(crate) secrets: secret::SecretsConfig,
    /// Sage Intacct.
    pub(crate) intacct: intacct::IntacctSection,
    /// Oracle Fusion Cloud ERP.
    pub(crate) fusion: fusion::FusionSection,
    /// Figures of delivery.
    #[serde(default)]
    pub(crate) delivery: delivery::DeliverySection,
    /// Reconciliation.
    #[serde(default)]
    pub(crate) reconcile: ReconcileConfig,
    /// The trigger endpoint, if it is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trigger: Option<TriggerConfig>,
    /// What travels.
    pub(crate) flow: Vec<flow::FlowSection>,
    /// Folder of the file; paths are relative to it.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    /// The database of the command line, in place of the file's.
    #[serde(skip)]
    pub(crate) database_instead: Option<String>,
}

/// Where everything durable is kept.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// `sqlite:FILE` or `postgres://user@host:port/name`.
    pub(crate) database: String,
    /// Reference to the password of the PostgreSQL user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<secret::SecretRef>,
}

/// This process.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WorkerConfig {
    /// Its name in leases and in the audit log; empty for one made of machine and process, so that workers differ.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    /// How often sources are read without a trigger.
    pub(crate) poll_interval_ms: u64,
    /// Sources are not read further while so many documents wait.
    pub(crate) queue_len_max: u64,
    /// Faults in a row after which a system is left alone for a while.
    pub(crate) circuit_faults_max: u32,
    /// First pause of a system that does not answer; doubles each time.
    pub(crate) circuit_pause_first_ms: i64,
    /// Longest pause.
    pub(crate) circuit_pause_max_ms: i64,
}

impl WorkerConfig {
    /// The bounds of passes.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            queue_len_max: self.queue_len_max,
            circuit: CircuitPolicy {
                faults_max: self.circuit_faults_max.max(1),
                pause_first_ms: self.circuit_pause_first_ms,
                pause_max_ms: self.circuit_pause_max_ms,
                ..CircuitPolicy::default()
            },
            ..Bounds::default()
        }
    }
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            poll_interval_ms: 15_000,
            queue_len_max: Bounds::default().queue_len_max,
            circuit_faults_max: CircuitPolicy::default().faults_max,
            circuit_pause_first_ms: CircuitPolicy::default().pause_first_ms,
            circuit_pause_max_ms: CircuitPolicy::default().pause_max_ms,
        }
    }
}

/// Reconciliation.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReconcileConfig {
    /// The source account that takes up the results of closed years.
    pub(crate) retained_earnings_account: String,
    /// How long a document may be on its way before it counts as missing.
    pub(crate) in_flight_window_hours: i64,
    /// Journal sources of the target whose own entries are expected (its own revaluation, for instance).
    pub(crate) excluded_sources: Vec<String>,
}

impl Default for ReconcileConfig {
    fn default() -> Self {
        Self {
            retained_earnings_account: "3100".into(),
            in_flight_window_hours: 24,
            excluded_sources: Vec::new(),
        }
    }
}

/// The trigger endpoint.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriggerConfig {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// References to the secrets that sign calls; two while they are rotated.
    pub(crate) secrets: Vec<secret::SecretRef>,
}

/// What is wrong with the address of a system: credentials travel to it, so it is https, or this machine.
fn address(key: &str, value: &str, code: &'static str) -> Option<Problem> {
    let uri: Result<http::Uri, _> = value.parse();
    let host = uri.as_ref().ok().and_then(|uri| uri.host());
    let is_here = host.is_some_and(|host| {
        let number = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || number.is_ok_and(|number| number.is_loopback())
    });
    let scheme = uri.as_ref().ok().and_then(|uri| uri.scheme_str());
    let what = match (host, scheme) {
        (None | Some(""), _) => "is no address",
        (Some(_), Some("https")) => return None,
        (Some(_), Some("http")) if is_here => return None,
        (Some(_), _) => "is not https, so passwords would travel in the open",
    };
    let problem = Problem::new(code, format!("{key} {what}"));
    Some(problem.hint("write https://host/...; http is only taken for this machine"))
}

impl Config {
    /// Reads and checks a file.
    pub(crate) fn load(file: &Path) -> Result<Self, Vec<Problem>> {
        let config = Self::read(file)?;
        let problems = config.check();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(problems)
        }
    }

    /// Reads a file without checking what it says.
    pub(crate) fn read(file: &Path) -> Result<Self, Vec<Problem>> {
        let text = std::fs::read_to_string(file).map_err(|e| {
            vec![
                Problem::new(
                    "P0001",
                    format!("cannot read the configuration {}: {e}", file.display()),
                )
                .hint("name a file with --config; `tieout config example` prints one"),
            ]
        })?;
        let mut config = Self::parse(&text, file)?;
        config.folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(config)
    }

    /// Fetches the secrets that the file refers to.
    pub(crate) fn vault(&self) -> secret::Vault<'_> {
        secret::Vault {
            folder: &self.folder,
            config: &self.secrets,
        }
    }

    /// Every reference to a secret, with the key where it stands.
    pub(crate) fn secret_references(&self) -> Vec<(&'static str, &secret::SecretRef)> {
        let always = [
            ("[intacct] sender_password", &self.intacct.sender_password),
            ("[intacct] user_password", &self.intacct.user_password),
            ("[fusion] password", &self.fusion.password),
        ];
        let database = self.store.password.iter();
        let triggers = self.trigger.iter().flat_map(|trigger| &trigger.secrets);
        always
            .into_iter()
            .chain(database.map(|secret| ("[store] password", secret)))
            .chain(triggers.map(|secret| ("[trigger] secrets", secret)))
            .collect()
    }

    /// Reads the text of a file.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Vec<Problem>> {
        toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(0, |span| {
                text.get(..span.start)
                    .map_or(0, |before| before.lines().count().max(1))
            });
            let message = e.message().trim().to_owned();
            vec![
                Problem::new(
                    "P0002",
                    format!("{} line {line}: {message}", file.display()),
                )
                .hint("`tieout config example` prints every key with its meaning"),
            ]
        })
    }

    /// Every problem that can be seen without calling a system.
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.flow.is_empty() {
            problems.push(
                Problem::new(
                    "P0003",
                    "no [[flow]] is configured, so nothing would travel",
                )
                .hint("add at least one [[flow]]"),
            );
        }
        for (i, flow) in self.flow.iter().enumerate() {
            problems.extend(flow.check(i + 1));
        }
        if let Ok(flows) = self
            .flow
            .iter()
            .map(flow::FlowSection::to_flow)
            .collect::<Result<Vec<_>, _>>()
            && let Err(overlaps) = tieout_pipeline::streams(&flows)
        {
            problems.extend(
                overlaps
                    .into_iter()
                    .map(|o| Problem::new("P0005", o.to_string())),
            );
        }
        if matches!(self.secrets.root_key, secret::SecretRef::Sealed(_)) {
            let what = "[secrets] root_key cannot be sealed itself";
            problems.push(Problem::new("P0007", what).hint("write \"file:PATH\" or \"env:NAME\""));
        }
        problems.extend(self.intacct.check());
        problems.extend(self.fusion.check());
        problems
    }

    /// Every secret that can be fetched, so that words can be looked through for them. One that can't is missed where it is needed.
    pub(crate) fn secrets(&self) -> Vec<tieout_connector::Secret> {
        let (intacct, fusion) = (&self.intacct, &self.fusion);
        let own = [
            &intacct.sender_password,
            &intacct.user_password,
            &fusion.password,
        ];
        let trigger = self.trigger.iter().flat_map(|trigger| &trigger.secrets);
        let all = own.into_iter().chain(&self.store.password).chain(trigger);
        all.filter_map(|secret| self.vault().fetch(secret).ok())
            .collect()
    }

    /// Where documents of an entity go.
    pub(crate) fn target_of(&self, entity: &str) -> Option<tieout_model::SystemId> {
        let flows = self.flow.iter().filter_map(|flow| flow.to_flow().ok());
        let mut own = flows.filter(|flow| flow.entities.iter().any(|e| e.as_str() == entity));
        own.next().map(|flow| flow.target)
    }

    /// A path of the file, relative to the file's folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The database address with its path made relative to the file's folder.
    pub(crate) fn database(&self) -> String {
        if let Some(instead) = &self.database_instead {
            return instead.clone();
        }
        match self.store.database.strip_prefix("sqlite:") {
            Some(path) if !path.starts_with(':') => {
                format!("sqlite:{}", self.path(path).display())
            }
            _ => self.store.database.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Config, EXAMPLE};

    #[test]
    fn the_example_is_a_valid_configuration() {
        let config = Config::parse(EXAMPLE, Path::new("example.toml")).unwrap();
        assert!(config.check().is_empty(), "{:?}", config.check());
    }

    #[test]
    fn debug_of_everything_that_holds_a_secret_shows_none() {
        let word = "kanari-debug-9007";
        let secret = || tieout_connector::Secret::new(word);
        let mut intacct = tieout_intacct::IntacctConfig::new(
            tieout_model::SystemId::new("intacct"),
            "https://api.intacct.com/ia/xml/xmlgw.phtml",
            "ACME",
        );
        intacct.sender_password = secret();
        intacct.user_password = secret();
        let fusion = tieout_fusion::FusionConfig::new(
            "https://pod.example.invalid",
            "user",
            secret(),
            tieout_model::SystemId::new("fusion"),
        );
        let inline = format!("postgres://ann:{word}@127.0.0.1/x");
        let inline: tieout_store::DatabaseUrl = inline.parse().unwrap();
        let apart: tieout_store::DatabaseUrl = "postgres://ann@127.0.0.1/x".parse().unwrap();
        let apart = apart.with_password(word);
        let redactor = tieout_connector::Redactor::new(&[secret()]);
        let shown = format!(
            "{intacct:?} {intacct:#?} {fusion:?} {fusion:#?} {inline:?} {inline} {apart:?} {apart:#?} {redactor:?} {:?}",
            secret()
        );
        assert!(!shown.contains(word), "{shown}");
        assert!(shown.contains("[sealed]"));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let text = EXAMPLE.replace("poll_interval_ms", "poll_intervall_ms");
        let problems = Config::parse(&text, Path::new("x.toml")).unwrap_err();
        assert!(
            problems[0].summary.contains("x.toml line"),
            "{}",
            problems[0].summary
        );
        assert!(problems[0].summary.contains("poll_intervall_ms"));
    }

    #[test]
    fn a_document_carried_twice_is_refused_at_start() {
        let text = EXAMPLE.replace(
            "document = \"journal_entry\"",
            "document = \"supplier_invoice\"\ncarrier = \"ledger_posting\"",
        );
        let config = Config::parse(&text, Path::new("x.toml")).unwrap();
        assert!(
            config.check().iter().any(|p| p.code == "P0005"),
            "{:?}",
            config.check()
        );
    }
}
