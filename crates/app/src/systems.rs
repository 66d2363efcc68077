//! Which systems exist, and how a configuration becomes a running pipeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use tieout_connector::{CallSink, Discreet, Redactor, Secret, Transport};
use tieout_engine::crosswalk::{
    Crosswalk, REFERENCE_TYPE, Reference, TrustedKeys, VERSION_TYPE, VersionFile, open,
};
use tieout_engine::{Actor, Change, Changeset};
use tieout_keys::{PublicKey, SigningKeyId};
use tieout_model::{Ambient, SystemId};
use tieout_pipeline::budget::SharedDoor;
use tieout_pipeline::{CallBuffer, Circuits, Context, System, Tally};
use tieout_store::{DatabaseUrl, OpenError, Store};

use crate::ambient::{RealWaiter, real};
use crate::config::Config;
use crate::doors::{Doors, machine};
use crate::patience;
use crate::problem::{Failure, Problem};
use crate::register::Ledger;
use crate::report;
use crate::transport::HttpTransport;

/// A pipeline ready to be driven.
pub(crate) struct Wired {
    /// The pipeline.
    pub(crate) context: Arc<Context>,
    /// The configuration.
    pub(crate) config: Config,
    /// The doors to the systems, which all workers share.
    doors: Vec<Arc<SharedDoor>>,
}

impl Wired {
    /// Lets other workers have this one's places at once; for a command that ends.
    pub(crate) async fn leave(&self) {
        for door in &self.doors {
            door.leave().await;
        }
    }
}

/// Opens the store of a configuration, and says what its database does not promise.
pub(crate) async fn open_store(config: &Config) -> Result<Store, Failure> {
    let password = config.store.password.as_ref();
    let password = password.map(|secret| config.vault().fetch(secret));
    open_database(&config.database(), password.transpose()?.as_ref()).await
}

/// Opens a database by its address, and says what it does not promise.
pub(crate) async fn open_database(
    address: &str,
    password: Option<&Secret>,
) -> Result<Store, Failure> {
    let url: DatabaseUrl = address.parse().map_err(|e: OpenError| {
        Problem::new("P0009", format!("the database: {e}"))
            .hint("write sqlite:FILE or postgres://user@host:port/name")
    })?;
    let shown = url.to_string();
    let url = match password {
        Some(password) => url.with_password(password.reveal()),
        None => url,
    };
    let store = patience::open(&url).await;
    let store = store.map_err(|e| {
        let hint = match &e {
            OpenError::Away(_) => {
                "start the server, or correct its address; docs/systems/postgres.md"
            }
            OpenError::Unsafe { .. } => "docs/systems/postgres.md says what a server must promise",
            OpenError::OtherIdentities { .. } => {
                "name another database in [store], and begin at a cut-over date with an opening balance; docs/decisions/0008"
            }
            OpenError::Address { .. }
            | OpenError::TooNew { .. }
            | OpenError::Foreign
            | OpenError::Unavailable(_)
            | OpenError::Corrupt(_) => {
                "check that it exists, can be reached and written, and has room"
            }
        };
        let what = format!("the store {shown} cannot be opened: {}", chain(&e));
        Failure::Unreachable(Problem::new("P0301", what).hint(hint))
    })?;
    for warning in store.warnings() {
        report::say(&format!("warning P0309: {warning}"));
    }
    Ok(store)
}

/// A name that no other worker has: machine and process.
fn own_name() -> String {
    format!("{}-{}", machine(), std::process::id())
}

/// Refuses a database whose books were moved elsewhere, and says if it is a restored one that has not caught up.
async fn check_place(store: &Store) -> Result<(), Failure> {
    let unreadable =
        |e: &dyn std::error::Error| Failure::Unreachable(Problem::new("P0301", chain(e)));
    let moved = store.moved_to().await.map_err(|e| unreadable(&e))?;
    if let Some(to) = moved {
        let what = format!("the books of this database were moved to {to}");
        let problem = Problem::new("P0307", what);
        let hint = "name that database; two that are carried from would post everything twice";
        return Err(problem.hint(hint).into());
    }
    let restored = store.restored().await.map_err(|e| unreadable(&e))?;
    if let Some(restored) = restored.filter(|restored| restored.through.is_none()) {
        report::say(&format!(
            "this database is a restored backup: what was done from {} to {} is not known here; every document is looked up before it is sent",
            restored.from, restored.at
        ));
    }
    Ok(())
}

/// The store and the mapping in force: the files, and the register beside them if it is used.
async fn mapping(config: &Config) -> Result<(Store, Crosswalk, Reference), Failure> {
    if !config.crosswalk.register {
        let (crosswalk, reference) = open_crosswalk(config)?;
        return Ok((open_store(config).await?, crosswalk, reference));
    }
    let ledger = Ledger::open(config.clone()).await?;
    let (crosswalk, reference) = ledger.crosswalk().await?;
    Ok((ledger.store, crosswalk, reference))
}

/// Puts something between a client and its system, which is named.
pub(crate) type Through<'a> = &'a (dyn Fn(&str, Arc<dyn Transport>) -> Arc<dyn Transport> + Sync);

/// Opens everything a configuration names. No system is called yet.
pub(crate) async fn wire(config: Config) -> Result<Wired, Failure> {
    wire_through(config, DIRECT).await
}

/// Like [`wire`], with something between the clients and their systems.
pub(crate) async fn wire_through(config: Config, through: Through<'_>) -> Result<Wired, Failure> {
    let (store, crosswalk, reference) = mapping(&config).await?;
    check_place(&store).await?;
    let ambient = real();
    let calls = Arc::new(CallBuffer::default());
    let doors = Doors::new(&config, &store, &ambient);
    let shared = |name: &str, inner: Arc<dyn Transport>| doors.before(name, through(name, inner));
    let systems = connect(&config, &ambient, &calls, &shared)?;
    let doors = doors.into_all();
    let flows = config
        .flow
        .iter()
        .map(|f| f.to_flow())
        .collect::<Result<Vec<_>, _>>()?;
    let streams = tieout_pipeline::streams(&flows).map_err(|overlaps| {
        let problems = overlaps
            .into_iter()
            .map(|o| Problem::new("P0005", o.to_string()));
        Failure::Usage(problems.collect())
    })?;
    check_entities(&config, &reference)?;
    let context = Context {
        store,
        systems,
        crosswalk: Arc::new(crosswalk),
        streams,
        policy: config.delivery.policy(),
        bounds: config.worker.bounds(),
        ambient,
        waiter: Arc::new(RealWaiter),
        worker: match &*config.worker.name {
            "" => own_name(),
            name => name.to_owned(),
        },
        calls,
        tally: Arc::new(Tally::default()),
        circuits: Circuits::default(),
    };
    adopt(&context).await?;
    Ok(Wired {
        context: Arc::new(context),
        config,
        doors,
    })
}

/// The clients of both systems: the one place that makes them.
pub(crate) struct Clients {
    /// Sage Intacct.
    pub(crate) intacct: Arc<tieout_intacct::Intacct>,
    /// Oracle Fusion Cloud ERP.
    pub(crate) fusion: Arc<tieout_fusion::Fusion>,
    /// Knows the secrets that were given to them.
    pub(crate) redactor: Redactor,
}

/// Nothing between a client and its system.
pub(crate) const DIRECT: Through<'static> = &|_, transport| transport;

/// Makes the clients of a configuration; nothing is called yet.
pub(crate) fn clients(
    config: &Config,
    ambient: &Ambient,
    calls: &Arc<CallBuffer>,
    through: Through<'_>,
) -> Result<Clients, Failure> {
    let transport =
        |name: &str, address: &str, timeout_ms: u64| -> Result<Arc<dyn Transport>, Failure> {
            let sink: Arc<dyn CallSink> = calls.clone();
            let opened = HttpTransport::new((name, address), timeout_ms, ambient.clone(), sink);
            let opened = opened.map_err(|e| {
                Failure::Unreachable(Problem::new(
                    "P0302",
                    format!("HTTP cannot be set up: {e:#}"),
                ))
            })?;
            Ok(through(name, Arc::new(opened)))
        };
    let waiter: Arc<dyn tieout_connector::Waiter> = Arc::new(RealWaiter);
    let intacct = tieout_intacct::Intacct::new(
        config.intacct.to_client(&config.vault())?,
        transport(
            "intacct",
            &config.intacct.endpoint,
            config.intacct.timeout_ms,
        )?,
        ambient.clone(),
        waiter.clone(),
    );
    let fusion = tieout_fusion::Fusion::new(
        config.fusion.to_client(&config.vault())?,
        transport("fusion", &config.fusion.base_url, config.fusion.timeout_ms)?,
        ambient.clone(),
        waiter,
    );
    Ok(Clients {
        intacct: Arc::new(intacct),
        fusion: Arc::new(fusion),
        redactor: Redactor::new(&config.secrets()),
    })
}

/// Both systems with the roles they play.
fn connect(
    config: &Config,
    ambient: &Ambient,
    calls: &Arc<CallBuffer>,
    through: Through<'_>,
) -> Result<BTreeMap<SystemId, System>, Failure> {
    let Clients {
        intacct,
        fusion,
        redactor,
    } = clients(config, ambient, calls, through)?;
    let intacct = Arc::new(Discreet::new(intacct, redactor.clone()));
    let fusion = Arc::new(Discreet::new(fusion, redactor));
    Ok(BTreeMap::from([
        (
            SystemId::new("intacct"),
            System {
                source: Some(intacct.clone()),
                target: None,
                books: intacct,
            },
        ),
        (
            SystemId::new("fusion"),
            System {
                source: None,
                target: Some(fusion.clone()),
                books: fusion,
            },
        ),
    ]))
}

/// Opens the signed mapping of the files. An unsigned or altered file can't be opened.
pub(crate) fn open_crosswalk(config: &Config) -> Result<(Crosswalk, Reference), Failure> {
    let mut versions = Vec::new();
    for path in &config.crosswalk.versions {
        versions.push(read(config, path)?);
    }
    let sealed = read(config, &config.crosswalk.reference)?;
    let crosswalk = Crosswalk::open(&versions, &sealed, &trust(config)?).map_err(|e| {
        Problem::new("P0403", format!("the crosswalk cannot be opened: {}", chain(&e)))
            .hint("only files signed by a trusted key and unchanged since can be opened; have them signed again")
    })?;
    let reference = crosswalk.reference().clone();
    Ok((crosswalk, reference))
}

fn read(config: &Config, path: &str) -> Result<Vec<u8>, Problem> {
    let full = config.path(path);
    std::fs::read(&full).map_err(|e| {
        Problem::new("P0401", format!("cannot read {}: {e}", full.display()))
            .hint("name the sealed files under [crosswalk]")
    })
}

/// The keys of the configuration whose signatures count.
pub(crate) fn trust(config: &Config) -> Result<TrustedKeys, Problem> {
    let mut trust = TrustedKeys::new();
    for path in &config.crosswalk.trusted_keys {
        let pem = read(config, path)?;
        let public = PublicKey::from_pem(&String::from_utf8_lossy(&pem)).map_err(|e| {
            Problem::new("P0402", format!("{path}: {e}"))
                .hint("a PEM file with an Ed25519 public key")
        })?;
        trust
            .trust(SigningKeyId::of(&public).as_str(), &public.0, None)
            .map_err(|e| Problem::new("P0402", e.to_string()))?;
    }
    Ok(trust)
}

/// The versions of the files, each with a good signature.
pub(crate) fn file_versions(config: &Config) -> Result<Vec<VersionFile>, Failure> {
    let trust = trust(config)?;
    let mut files = Vec::new();
    for path in &config.crosswalk.versions {
        let payload = unsealed(config, path, VERSION_TYPE, &trust)?;
        let file = VersionFile::parse(&payload)
            .map_err(|e| Problem::new("P0403", format!("{path}: {e}")))?;
        files.push(file);
    }
    Ok(files)
}

/// The reference data, with a good signature.
pub(crate) fn sealed_reference(config: &Config) -> Result<Reference, Failure> {
    let path = &config.crosswalk.reference;
    let payload = unsealed(config, path, REFERENCE_TYPE, &trust(config)?)?;
    let reference = Reference::parse(&payload);
    Ok(reference.map_err(|e| Problem::new("P0403", format!("{path}: {e}")))?)
}

fn unsealed(
    config: &Config,
    path: &str,
    expected: &str,
    trust: &TrustedKeys,
) -> Result<Vec<u8>, Problem> {
    let hint = "only files signed by a trusted key and unchanged since can be opened";
    let opened = open(&read(config, path)?, trust)
        .map_err(|e| Problem::new("P0403", format!("{path}: {e}")).hint(hint))?;
    if opened.payload_type == expected {
        return Ok(opened.payload);
    }
    let what = format!(
        "{path} is sealed as {:?}, expected {expected:?}",
        opened.payload_type
    );
    Err(Problem::new("P0403", what).hint("was the wrong file named?"))
}

/// What a person sees of a store that can't be read.
pub(crate) fn unreadable(error: &dyn std::error::Error) -> Failure {
    let what = format!("the store cannot be read: {}", chain(error));
    Failure::Unreachable(Problem::new("P0301", what))
}

fn check_entities(config: &Config, reference: &Reference) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for (i, flow) in config.flow.iter().enumerate() {
        for entity in flow
            .entities
            .iter()
            .filter(|e| !reference.entities.contains_key(*e))
        {
            let what = format!(
                "flow {}: entity {entity:?} is not in the signed reference data",
                i + 1
            );
            problems.push(
                Problem::new("P0010", what)
                    .hint("correct the name, or have the entity added and signed"),
            );
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::Usage(problems))
    }
}

async fn adopt(context: &Context) -> Result<(), Failure> {
    let change = Change::AdoptCrosswalk {
        digest: context.crosswalk.digest(),
        summary: words(&context.crosswalk),
    };
    let set = Changeset {
        by: Actor::Worker(context.worker.clone()),
        why: "start".into(),
        at: context.now(),
        changes: vec![change],
    };
    match context.store.commit(set).await {
        Ok(_) => Ok(()),
        Err(e) => Err(Failure::Unreachable(Problem::new("P0301", chain(&e)))),
    }
}

/// The versions of a crosswalk with their dates, for people.
pub(crate) fn words(crosswalk: &Crosswalk) -> String {
    let one = |version: &tieout_engine::crosswalk::VersionFile| {
        let until = version
            .effective_to
            .map_or("open".to_owned(), |date| date.to_string());
        format!("{} {} to {until}", version.version, version.effective_from)
    };
    let versions: Vec<String> = crosswalk.versions().iter().map(one).collect();
    versions.join(", ")
}

/// An error with its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
