//! `tieout audit`.

mod recorded;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tieout_model::Digest;
use tieout_store::VerifyFailure;

use recorded::{CheckpointArguments, RecordedHeads};

use crate::cli::ConfigFile;
use crate::problem::{Failure, Problem};
use crate::report;
use crate::systems::{chain, open_store};

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Recompute the chain of every entry and compare it with what the tables say; exit 4 on the first that does not fit
    Verify(VerifyArguments),
    /// Write the log as lines of JSON
    Export(ExportArguments),
    /// Write the head of the log, signed, to be kept outside: it shows later whether the log was cut or made anew
    Checkpoint(CheckpointArguments),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The head you kept from an earlier time or another place; without it a cut-off tail cannot be seen
    #[arg(long, value_name = "HEX")]
    head: Option<String>,
    #[command(flatten)]
    recorded: RecordedHeads,
    /// End with one object of JSON on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Write here instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Entries read at a time.
const PAGE_LEN: usize = 1_000;

pub(crate) async fn execute(command: AuditCommand) -> Result<u8, Failure> {
    match command {
        AuditCommand::Verify(arguments) => verify(arguments).await,
        AuditCommand::Export(arguments) => export(arguments).await,
        AuditCommand::Checkpoint(arguments) => recorded::checkpoint(arguments).await,
    }
}

async fn verify(arguments: VerifyArguments) -> Result<u8, Failure> {
    let store = open_store(&arguments.config.load()?).await?;
    let head = match &arguments.head {
        Some(text) => Some(Digest::from_hex(text).ok_or_else(|| {
            Problem::new("P0018", format!("--head {text:?} is no digest"))
                .hint("64 hexadecimal digits")
        })?),
        None => None,
    };
    let recorded = arguments.recorded.read()?;
    match store.verify_audit_through(head, recorded).await {
        Ok(verified) => {
            if arguments.json {
                let json = serde_json::json!({
                    "verified": true,
                    "entries": verified.entries,
                    "head": verified.head.to_string(),
                });
                report::data(&format!("{json}\n"));
            } else {
                report::data(&format!(
                    "{} entries verified, head {}\n",
                    verified.entries, verified.head
                ));
            }
            Ok(0)
        }
        Err(VerifyFailure::Load(e)) => Err(Failure::Unreachable(Problem::new("P0301", chain(&e)))),
        Err(tampering) => {
            if arguments.json {
                let json = serde_json::json!({ "verified": false, "why": chain(&tampering) });
                report::data(&format!("{json}\n"));
            }
            Err(Failure::Tampering(
                Problem::new("P0404", chain(&tampering))
                    .hint("keep the database as it is, restore a backup beside it and compare"),
            ))
        }
    }
}

async fn export(arguments: ExportArguments) -> Result<u8, Failure> {
    let store = open_store(&arguments.config.load()?).await?;
    let cannot = |e: &dyn std::fmt::Display| {
        Failure::Unreachable(Problem::new(
            "P0305",
            format!("the log cannot be exported: {e}"),
        ))
    };
    let mut out: Box<dyn std::io::Write> = match &arguments.out {
        Some(path) => Box::new(std::io::BufWriter::new(
            std::fs::File::create(path).map_err(|e| cannot(&e))?,
        )),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut from = 1;
    loop {
        let entries = store
            .audit_entries(from, PAGE_LEN)
            .await
            .map_err(|e| cannot(&chain(&e)))?;
        let Some(last) = entries.last().map(|entry| entry.sequence) else {
            break;
        };
        for entry in entries {
            let body: String = entry
                .body
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let json = serde_json::json!({
                "sequence": entry.sequence,
                "at": entry.at.to_string(),
                "at_us": entry.at.0,
                "body": body,
                "digest": entry.digest.to_string(),
            });
            writeln!(out, "{json}").map_err(|e| cannot(&e))?;
        }
        from = last + 1;
    }
    out.flush().map_err(|e| cannot(&e))?;
    Ok(0)
}
