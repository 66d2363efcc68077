//! `tieout crosswalk verify`: anybody with the public key can tell whether a version is the signed one.

use std::path::PathBuf;

use clap::Args;
use tieout_engine::crosswalk::{SealFault, TrustedKeys, VERSION_TYPE, VersionFile, open};
use tieout_keys::{PublicKey, SigningKeyId};

use crate::problem::{Failure, Problem};
use crate::report;

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The signed version
    file: PathBuf,
    /// Public half of the key it should be signed with
    #[arg(long, value_name = "PEM")]
    key: PathBuf,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn execute(arguments: &VerifyArguments) -> Result<u8, Failure> {
    let read = |path: &PathBuf| {
        std::fs::read(path)
            .map_err(|e| Problem::new("P0401", format!("cannot read {}: {e}", path.display())))
    };
    let name = arguments.file.display();
    let pem = read(&arguments.key)?;
    let unusable =
        |what: String| Problem::new("P0402", format!("{}: {what}", arguments.key.display()));
    let public =
        PublicKey::from_pem(&String::from_utf8_lossy(&pem)).map_err(|e| unusable(e.to_string()))?;
    let id = SigningKeyId::of(&public);
    let mut trust = TrustedKeys::new();
    trust
        .trust(id.as_str(), &public.0, Some(VERSION_TYPE))
        .map_err(|e| unusable(e.to_string()))?;
    let opened = open(&read(&arguments.file)?, &trust).map_err(|fault| {
        let problem = Problem::new("P0429", format!("{name}: {fault}"));
        match fault {
            SealFault::Altered(_) => Failure::Tampering(problem),
            SealFault::NotSealed(_)
            | SealFault::Unsigned
            | SealFault::UnknownKey(_)
            | SealFault::RevokedKey(_)
            | SealFault::WrongRole { .. } => problem
                .hint("is this the file, and is this the signer's key?")
                .into(),
        }
    })?;
    let file = VersionFile::parse(&opened.payload)
        .map_err(|fault| Problem::new("P0430", format!("{name}: {fault}")))?;
    let people = &file.people;
    if arguments.json {
        let json = serde_json::json!({
            "verified": true,
            "version": file.version,
            "digest": file.digest.to_string(),
            "effective_from": file.effective_from.to_string(),
            "effective_to": file.effective_to.map(|date| date.to_string()),
            "supersedes": file.supersedes,
            "prepared_by": people.prepared_by,
            "reviewed_by": people.reviewed_by,
            "signed_by": people.signed_by,
            "signed_at": people.signed_at,
            "key": id.as_str(),
        });
        report::data(&format!("{json}\n"));
        return Ok(0);
    }
    report::data(&format!(
        "good signature of key {id} over version {}\n  digest    {}\n  first day {}\n  prepared  {}\n  reviewed  {}\n  signed    {} at {}\n",
        file.version,
        file.digest,
        file.effective_from,
        people.prepared_by,
        people.reviewed_by,
        people.signed_by,
        people.signed_at,
    ));
    Ok(0)
}
