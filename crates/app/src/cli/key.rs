//! `tieout key`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tieout_engine::crosswalk::control::{Act, KEYS};
use tieout_keys::{KeyFolder, PublicKey, SigningKeyId};
use tieout_model::Timestamp;

use crate::cli::ConfigFile;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep};
use crate::systems::chain;
use crate::{ambient, report};

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a signing key for a person, and enter its public half in the register
    New(NewArguments),
    /// Enter the public half of a key that somebody keeps elsewhere
    Add(AddArguments),
    /// List the keys with their owners, and whether they are revoked
    List(ListArguments),
    /// Refuse a key from now on; what it signed before stays signed
    Revoke(RevokeArguments),
    /// Write the public half of a key, for `tieout crosswalk verify` anywhere
    Export(ExportArguments),
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Whose key it is: the name under which this person signs
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "a new signing key")]
    reason: String,
    /// Your name; left out, the login name of this machine
    #[arg(long, value_name = "NAME", env = "USER")]
    operator: String,
}

#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    #[command(flatten)]
    new: NewArguments,
    /// The public half, as PEM
    #[arg(long, value_name = "PEM")]
    public: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The key's name
    key: String,
    /// Why; kept in the audit log with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Your name; left out, the login name of this machine
    #[arg(long, value_name = "NAME", env = "USER")]
    operator: String,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The key's name
    key: String,
    /// Write here instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn execute(command: KeyCommand) -> Result<u8, Failure> {
    let now = Timestamp::from_millis(ambient::unix_ms());
    match command {
        KeyCommand::New(arguments) => new(arguments, now).await,
        KeyCommand::Add(arguments) => add(arguments, now).await,
        KeyCommand::List(arguments) => list(arguments).await,
        KeyCommand::Revoke(arguments) => revoke(arguments, now).await,
        KeyCommand::Export(arguments) => export(arguments).await,
    }
}

async fn new(arguments: NewArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.config.load()?).await?;
    let folder = KeyFolder::new(ledger.config.path(&ledger.config.crosswalk.keys));
    let key = folder.create(&arguments.owner).map_err(|e| {
        Failure::Unreachable(Problem::new(
            "P0305",
            format!("the key cannot be made: {}", chain(&e)),
        ))
    })?;
    enter(&mut ledger, &arguments, key.public(), now).await?;
    report::data(&format!("{}\n", key.id()));
    report::say(&format!(
        "key {} of {} is in {}; it can be read by its owner only",
        key.id(),
        arguments.owner,
        folder.path().display()
    ));
    Ok(0)
}

async fn add(arguments: AddArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.new.config.load()?).await?;
    let path = &arguments.public;
    let pem = std::fs::read_to_string(path)
        .map_err(|e| Problem::new("P0402", format!("cannot read {}: {e}", path.display())))?;
    let public = PublicKey::from_pem(&pem)
        .map_err(|e| Problem::new("P0402", format!("{}: {e}", path.display())))?;
    enter(&mut ledger, &arguments.new, public, now).await?;
    report::data(&format!("{}\n", SigningKeyId::of(&public)));
    Ok(0)
}

async fn enter(
    ledger: &mut Ledger,
    arguments: &NewArguments,
    public: PublicKey,
    now: Timestamp,
) -> Result<(), Failure> {
    let pem = public
        .to_pem()
        .map_err(|e| Problem::new("P0402", e.to_string()))?;
    let facts = [
        ("key", SigningKeyId::of(&public).to_string()),
        ("owner", arguments.owner.clone()),
        ("pem", pem),
    ];
    let step = NewStep {
        subject: KEYS.into(),
        act: Act::AddKey,
        by: arguments.operator.clone(),
        reason: arguments.reason.clone(),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).into(),
        body: Vec::new(),
    };
    ledger.take(step, now).await
}

async fn list(arguments: ListArguments) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    let keys = ledger.register.keys();
    if arguments.json {
        let rows: Vec<_> = keys
            .iter()
            .map(|(id, key)| {
                json!({
                    "key": id,
                    "owner": key.owner,
                    "added_at": key.added_at.to_string(),
                    "revoked_at": key.revoked.as_ref().map(|(at, _)| at.to_string()),
                    "revoked_because": key.revoked.as_ref().map(|(_, why)| why),
                })
            })
            .collect();
        report::data(&format!("{}\n", serde_json::Value::Array(rows)));
        return Ok(0);
    }
    let rows = keys.iter().map(|(id, key)| {
        let state = key
            .revoked
            .as_ref()
            .map_or("in use".to_owned(), |(at, why)| {
                format!("revoked {at}: {why}")
            });
        vec![
            id.clone(),
            key.owner.clone(),
            key.added_at.to_string(),
            state,
        ]
    });
    report::data(&report::rows_table(
        &["key", "owner", "added", "state"],
        rows,
    ));
    Ok(0)
}

async fn revoke(arguments: RevokeArguments, now: Timestamp) -> Result<u8, Failure> {
    let mut ledger = Ledger::open(arguments.config.load()?).await?;
    let step = NewStep {
        subject: KEYS.into(),
        act: Act::RevokeKey,
        by: arguments.operator,
        reason: arguments.reason,
        facts: BTreeMap::from([("key".to_owned(), arguments.key.clone())]),
        body: Vec::new(),
    };
    ledger.take(step, now).await?;
    report::say(&format!(
        "key {} signs nothing any more; what it signed before stays signed",
        arguments.key
    ));
    Ok(0)
}

async fn export(arguments: ExportArguments) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    let Some(key) = ledger.register.keys().get(&arguments.key) else {
        let what = format!("key {} is not in the register", arguments.key);
        return Err(Problem::new("P0425", what)
            .hint("`tieout key list` shows all keys")
            .into());
    };
    match &arguments.out {
        Some(path) => std::fs::write(path, &key.pem).map_err(|e| {
            Failure::Unreachable(Problem::new(
                "P0305",
                format!("cannot write {}: {e}", path.display()),
            ))
        })?,
        None => report::data(&key.pem),
    }
    Ok(0)
}
