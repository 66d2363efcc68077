//! Which systems exist, and how a configuration becomes a running pipeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use tieout_connector::{CallSink, Transport};
use tieout_engine::crosswalk::{Crosswalk, Reference, TrustedKeys};
use tieout_engine::{Actor, Change, Changeset};
use tieout_keys::{PublicKey, SigningKeyId};
use tieout_model::{Ambient, SystemId};
use tieout_pipeline::{CallBuffer, Context, System, Tally};
use tieout_store::{DatabaseUrl, ExecutionMode, OpenError, Store};

use crate::ambient::{RealWaiter, real};
use crate::config::Config;
use crate::problem::{Failure, Problem};
use crate::transport::HttpTransport;

/// A pipeline ready to be driven.
pub(crate) struct Wired {
    /// The pipeline.
    pub(crate) context: Arc<Context>,
    /// The configuration.
    pub(crate) config: Config,
}

/// Opens the store of a configuration.
pub(crate) async fn open_store(config: &Config) -> Result<Store, Failure> {
    let url: DatabaseUrl = config.database().parse().map_err(|e: OpenError| {
        Problem::new("P0009", format!("[store] database: {e}")).hint("write sqlite:FILE")
    })?;
    Store::open(&url, ExecutionMode::Blocking)
        .await
        .map_err(|e| {
            Failure::Unreachable(
                Problem::new(
                    "P0301",
                    format!(
                        "the store {} cannot be opened: {}",
                        config.store.database,
                        chain(&e)
                    ),
                )
                .hint("check that the folder exists, is writable and has room"),
            )
        })
}

/// Opens everything a configuration names. No system is called yet.
pub(crate) async fn wire(config: Config) -> Result<Wired, Failure> {
    let (crosswalk, reference) = open_crosswalk(&config)?;
    let store = open_store(&config).await?;
    let ambient = real();
    let calls = Arc::new(CallBuffer::default());
    let systems = connect(&config, &ambient, &calls)?;
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
        bounds: tieout_pipeline::context::Bounds::default(),
        ambient,
        waiter: Arc::new(RealWaiter),
        worker: config.worker.name.clone(),
        calls,
        tally: Arc::new(Tally::default()),
    };
    adopt(&context).await?;
    Ok(Wired {
        context: Arc::new(context),
        config,
    })
}

/// The clients of both systems: the one place that makes them.
pub(crate) struct Clients {
    /// Sage Intacct.
    pub(crate) intacct: Arc<tieout_intacct::Intacct>,
    /// Oracle Fusion Cloud ERP.
    pub(crate) fusion: Arc<tieout_fusion::Fusion>,
}

/// Makes the clients of a configuration; nothing is called yet.
pub(crate) fn clients(
    config: &Config,
    ambient: &Ambient,
    calls: &Arc<CallBuffer>,
) -> Result<Clients, Failure> {
    let transport = |name: &str, timeout_ms: u64| -> Result<Arc<dyn Transport>, Failure> {
        let sink: Arc<dyn CallSink> = calls.clone();
        let opened = HttpTransport::new(name, timeout_ms, ambient.clone(), sink);
        let opened = opened.map_err(|e| {
            Failure::Unreachable(Problem::new(
                "P0302",
                format!("HTTP cannot be set up: {e:#}"),
            ))
        })?;
        Ok(Arc::new(opened))
    };
    let waiter: Arc<dyn tieout_connector::Waiter> = Arc::new(RealWaiter);
    let intacct = tieout_intacct::Intacct::new(
        config.intacct.to_client(&config.folder)?,
        transport("intacct", config.intacct.timeout_ms)?,
        ambient.clone(),
        waiter.clone(),
    );
    let fusion = tieout_fusion::Fusion::new(
        config.fusion.to_client(&config.folder)?,
        transport("fusion", config.fusion.timeout_ms)?,
        ambient.clone(),
        waiter,
    );
    Ok(Clients {
        intacct: Arc::new(intacct),
        fusion: Arc::new(fusion),
    })
}

/// Both systems with the roles they play.
fn connect(
    config: &Config,
    ambient: &Ambient,
    calls: &Arc<CallBuffer>,
) -> Result<BTreeMap<SystemId, System>, Failure> {
    let Clients { intacct, fusion } = clients(config, ambient, calls)?;
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

/// Opens the signed mapping. An unsigned or altered file can't be opened.
pub(crate) fn open_crosswalk(config: &Config) -> Result<(Crosswalk, Reference), Failure> {
    let read = |path: &String| -> Result<Vec<u8>, Problem> {
        let full = config.path(path);
        std::fs::read(&full).map_err(|e| {
            Problem::new("P0401", format!("cannot read {}: {e}", full.display()))
                .hint("name the sealed files under [crosswalk]")
        })
    };
    let mut trust = TrustedKeys::new();
    for path in &config.crosswalk.trusted_keys {
        let pem = read(path)?;
        let public = PublicKey::from_pem(&String::from_utf8_lossy(&pem)).map_err(|e| {
            Problem::new("P0402", format!("{path}: {e}"))
                .hint("a PEM file with an Ed25519 public key")
        })?;
        trust
            .trust(SigningKeyId::of(&public).as_str(), &public.0, None)
            .map_err(|e| Problem::new("P0402", e.to_string()))?;
    }
    let mut versions = Vec::new();
    for path in &config.crosswalk.versions {
        versions.push(read(path)?);
    }
    let sealed = read(&config.crosswalk.reference)?;
    let crosswalk = Crosswalk::open(&versions, &sealed, &trust).map_err(|e| {
        Problem::new("P0403", format!("the crosswalk cannot be opened: {}", chain(&e)))
            .hint("only files signed by a trusted key and unchanged since can be opened; have them signed again")
    })?;
    let reference = crosswalk.reference().clone();
    Ok((crosswalk, reference))
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
