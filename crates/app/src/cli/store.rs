//! `tieout store`: moving, backing up and restoring the database.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tieout_engine::Actor;
use tieout_store::{Copied, Store, TransferError};

use crate::ambient::real;
use crate::cli::ConfigFile;
use crate::config::secret::{SecretRef, SecretsConfig, Vault};
use crate::problem::{Failure, Problem};
use crate::report;
use crate::systems::{chain, open_database, open_store};

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Move the books into another, empty database; the old one refuses to be carried from afterwards
    Move(MoveArguments),
    /// Write a backup, an SQLite file; the program may run meanwhile
    Backup(BackupArguments),
    /// Make a new database from a backup; what was done since the backup is looked up before anything is sent
    Restore(RestoreArguments),
    /// Say that the database of the configuration is older than the books: it was put back from a copy, or an asynchronous standby took over
    Restored(ConfigFile),
}

#[derive(Debug, Args)]
pub(crate) struct MoveArguments {
    /// From where: sqlite:FILE or postgres://user@host:port/name
    #[arg(long, value_name = "URL")]
    from: String,
    /// Where to
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    passwords: Passwords,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The backup; must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The new database
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    passwords: Passwords,
}

#[derive(Debug, Args)]
struct Passwords {
    /// Reference to the password of the database to read: env:NAME or file:PATH
    #[arg(long, value_name = "REF")]
    from_password: Option<SecretRef>,
    /// Reference to the password of the database to write
    #[arg(long, value_name = "REF")]
    to_password: Option<SecretRef>,
}

pub(crate) async fn execute(command: StoreCommand) -> Result<u8, Failure> {
    match command {
        StoreCommand::Move(arguments) => relocate(arguments).await,
        StoreCommand::Backup(arguments) => backup(arguments).await,
        StoreCommand::Restore(arguments) => restore(arguments).await,
        StoreCommand::Restored(config) => {
            let store = open_store(&config.load()?).await?;
            doubt(&store).await?;
            Ok(0)
        }
    }
}

async fn relocate(arguments: MoveArguments) -> Result<u8, Failure> {
    let from = open(&arguments.from, arguments.passwords.from_password.as_ref()).await?;
    let to = open(&arguments.to, arguments.passwords.to_password.as_ref()).await?;
    let copied = copy(&from, &to).await?;
    verify(&to, &copied).await?;
    let now = real().clock.now();
    let shown: tieout_store::DatabaseUrl = arguments.to.parse().map_err(|e| not_made(&e))?;
    let noted = from.mark_moved(&shown.to_string(), actor(), now).await;
    noted.map_err(|e| not_made(&e))?;
    report::data(&format!("{}\n", words("moved", &copied)));
    Ok(0)
}

async fn backup(arguments: BackupArguments) -> Result<u8, Failure> {
    if arguments.out.exists() {
        let what = format!("{} exists", arguments.out.display());
        return Err(Problem::new("P0308", what).hint("name a new file").into());
    }
    let from = open_store(&arguments.config.load()?).await?;
    let to = open(&format!("sqlite:{}", arguments.out.display()), None).await?;
    let copied = copy(&from, &to).await?;
    verify(&to, &copied).await?;
    report::data(&format!("{}\n", words("backed_up", &copied)));
    Ok(0)
}

async fn restore(arguments: RestoreArguments) -> Result<u8, Failure> {
    if !arguments.from.is_file() {
        let what = format!("{} is no file", arguments.from.display());
        let hint = "name a file that `tieout store backup` wrote";
        return Err(Problem::new("P0308", what).hint(hint).into());
    }
    let from = open(&format!("sqlite:{}", arguments.from.display()), None).await?;
    let to = open(&arguments.to, arguments.passwords.to_password.as_ref()).await?;
    let copied = copy(&from, &to).await?;
    verify(&to, &copied).await?;
    doubt(&to).await?;
    report::data(&format!("{}\n", words("restored", &copied)));
    Ok(0)
}

async fn open(address: &str, password: Option<&SecretRef>) -> Result<Store, Failure> {
    let vault = Vault {
        folder: std::path::Path::new("."),
        config: &SecretsConfig::default(),
    };
    let password = password.map(|secret| vault.fetch(secret)).transpose()?;
    open_database(address, password.as_ref()).await
}

async fn copy(from: &Store, to: &Store) -> Result<Copied, Failure> {
    from.copy_to(to).await.map_err(|e| match &e {
        TransferError::NotEmpty { .. } => Problem::new("P0308", e.to_string()).into(),
        TransferError::Differs { .. } | TransferError::Load(_) | TransferError::Commit(_) => {
            not_made(&e)
        }
    })
}

/// A copy counts only if its audit log and every row that the log explains verify.
async fn verify(copy: &Store, copied: &Copied) -> Result<(), Failure> {
    let verified = copy.verify_audit(Some(copied.head.digest)).await;
    let problem = |e| {
        Problem::new("P0308", format!("the copy does not verify: {}", chain(&e))).hint(
            "keep the original, remove the copy, and run `tieout audit verify` on the original",
        )
    };
    verified
        .map(drop)
        .map_err(|e| Failure::Tampering(problem(e)))
}

/// Makes everything open uncertain, and says what is not known.
async fn doubt(store: &Store) -> Result<(), Failure> {
    let now = real().clock.now();
    let doubted = store.mark_restored(actor(), now).await;
    let doubted = doubted.map_err(|e| not_made(&e))?;
    let restored = store.restored().await.map_err(|e| not_made(&e))?;
    if let Some(restored) = restored {
        report::say(&format!(
            "what was done from {} to {} is not known here: {doubted} open deliveries will be looked up, and so will every document that \
             was there before all sources are read again",
            restored.from, restored.at
        ));
    }
    Ok(())
}

fn actor() -> Actor {
    Actor::Operator("tieout store".to_owned())
}

fn not_made(error: &dyn std::error::Error) -> Failure {
    Failure::Unreachable(Problem::new("P0308", chain(error)).hint("the original is as it was"))
}

fn words(what: &str, copied: &Copied) -> String {
    json!({
        what: true,
        "audit_entries": copied.head.sequence,
        "audit_head": copied.head.digest.to_string(),
        "last_entry_at": copied.last_at.map(|at| at.to_string()),
        "rows": copied.rows,
    })
    .to_string()
}
