//! Heads of the audit log that were kept outside: signed checkpoints and exported logs.
//!
//! Whoever can write the database can recompute the whole chain; only what he cannot reach shows it. A checkpoint is the head at one instant,
//! sealed with a key that the database's machine need not hold. An exported log is the head after every entry, so it names the very first
//! entry that differs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use tieout_engine::crosswalk::{SealFault, TrustedKeys, message_to_sign, open, seal_with};
use tieout_keys::{KeyService as _, LocalKeys, PublicKey, SigningKeyId};
use tieout_model::Digest;
use tieout_store::AuditHead;

use crate::ambient::real;
use crate::cli::ConfigFile;
use crate::problem::{Failure, Problem};
use crate::report;
use crate::systems::{chain, open_store, unreadable};

/// What a checkpoint is sealed as, so that a signature over it is good for nothing else.
const HEAD_TYPE: &str = "application/vnd.tieout.audit-head+json";

#[derive(Debug, Args)]
pub(crate) struct CheckpointArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// File of the private key to sign with, as `tieout key new` makes one
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Append the checkpoint to this file instead of writing it to stdout; keep it where the database's administrators cannot write
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Where the heads are that the log must go through.
#[derive(Debug, Args)]
pub(super) struct RecordedHeads {
    /// Checkpoints that `tieout audit checkpoint` wrote: the log must go through each of them
    #[arg(long, value_name = "FILE", requires = "checkpoint_key")]
    checkpoints: Option<PathBuf>,
    /// Public half of the key that signed them
    #[arg(long, value_name = "PEM")]
    checkpoint_key: Option<PathBuf>,
    /// A log that `tieout audit export` wrote earlier: the first entry that differs is named
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// The content of a checkpoint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    entries: u64,
    head: String,
    #[serde(rename = "taken_at")]
    _taken_at: String,
}

/// One line of an exported log; its other members are of no interest here.
#[derive(Debug, Deserialize)]
struct Line {
    sequence: u64,
    digest: String,
}

/// `tieout audit checkpoint`.
pub(super) async fn checkpoint(arguments: CheckpointArguments) -> Result<u8, Failure> {
    let store = open_store(&arguments.config.load()?).await?;
    let unusable = |e: tieout_keys::KeyError| Problem::new("P0425", chain(&e));
    let key = LocalKeys::open(&arguments.key).map_err(unusable)?;
    let head = store.audit_head().await.map_err(|e| unreadable(&e))?;
    let payload = serde_json::json!({
        "entries": head.sequence,
        "head": head.digest.to_string(),
        "taken_at": real().clock.now().to_string(),
    });
    let payload = payload.to_string().into_bytes();
    let message = message_to_sign(HEAD_TYPE, &payload);
    let signature = key.sign_message(key.id(), &message).await;
    let signature = signature.map_err(unusable)?;
    let mut sealed = seal_with(HEAD_TYPE, &payload, key.id().as_str(), &|_| signature.0);
    sealed.push(b'\n');
    match &arguments.out {
        Some(path) => append(path, &sealed)?,
        None => report::data(&String::from_utf8_lossy(&sealed)),
    }
    Ok(0)
}

fn append(path: &Path, line: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.create(true).append(true).open(path);
    let written = file.and_then(|mut file| {
        file.write_all(line)?;
        file.sync_all()
    });
    written.map_err(|e| {
        let what = format!(
            "the checkpoint cannot be written to {}: {e}",
            path.display()
        );
        Failure::Unreachable(Problem::new("P0305", what))
    })
}

impl RecordedHeads {
    /// All of them. A checkpoint whose signature is not good is a forged one.
    pub(super) fn read(&self) -> Result<Vec<AuditHead>, Failure> {
        let mut heads = Vec::new();
        if let (Some(file), Some(key)) = (&self.checkpoints, &self.checkpoint_key) {
            let trust = trust(key)?;
            each_line(file, |place, line| {
                heads.push(opened(place, line, &trust)?);
                Ok(())
            })?;
        }
        if let Some(file) = &self.log {
            each_line(file, |place, line| {
                let line: Line = serde_json::from_str(line).map_err(|e| {
                    unusable(&format!("{place} is no line of an exported log: {e}"))
                })?;
                heads.push(head(place, line.sequence, &line.digest)?);
                Ok(())
            })?;
        }
        Ok(heads)
    }
}

fn trust(path: &Path) -> Result<TrustedKeys, Failure> {
    let broken = |what: String| Problem::new("P0402", format!("{}: {what}", path.display()));
    let pem = std::fs::read_to_string(path).map_err(|e| broken(e.to_string()))?;
    let public = PublicKey::from_pem(&pem).map_err(|e| broken(e.to_string()))?;
    let mut trust = TrustedKeys::new();
    trust
        .trust(
            SigningKeyId::of(&public).as_str(),
            &public.0,
            Some(HEAD_TYPE),
        )
        .map_err(|e| broken(e.to_string()))?;
    Ok(trust)
}

fn each_line(
    path: &Path,
    mut take: impl FnMut(&str, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let broken = |e: std::io::Error| unusable(&format!("cannot read {}: {e}", path.display()));
    let file = BufReader::new(std::fs::File::open(path).map_err(broken)?);
    for (number, line) in (1_u64..).zip(file.lines()) {
        let place = format!("line {number} of {}", path.display());
        take(&place, &line.map_err(broken)?)?;
    }
    Ok(())
}

fn opened(place: &str, line: &str, trust: &TrustedKeys) -> Result<AuditHead, Failure> {
    let sealed = open(line.as_bytes(), trust).map_err(|fault| {
        let what = format!("the checkpoint in {place} cannot be trusted: {fault}");
        match fault {
            SealFault::Altered(_) => Failure::Tampering(Problem::new("P0404", what)),
            SealFault::NotSealed(_)
            | SealFault::Unsigned
            | SealFault::UnknownKey(_)
            | SealFault::RevokedKey(_)
            | SealFault::WrongRole { .. } => unusable(&what),
        }
    })?;
    let found: Head = serde_json::from_slice(&sealed.payload)
        .map_err(|e| unusable(&format!("{place} is no checkpoint: {e}")))?;
    head(place, found.entries, &found.head)
}

fn head(place: &str, sequence: u64, digest: &str) -> Result<AuditHead, Failure> {
    let digest = Digest::from_hex(digest)
        .ok_or_else(|| unusable(&format!("{place} holds no digest: {digest:?}")))?;
    Ok(AuditHead { sequence, digest })
}

fn unusable(what: &str) -> Failure {
    Problem::new("P0018", what)
        .hint("name the file as `tieout audit checkpoint` or `tieout audit export` wrote it, and the key that signed it")
        .into()
}
