//! `tieout secret`.
//!
//! A secret enters by the terminal without being shown, by standard input or from a file, never as an argument (arguments stand in the list of
//! processes and in the history of shells); and none ever comes out again.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use tieout_connector::Secret;
use tieout_keys::{RootKey, SealError, SecretFacts};
use tieout_model::Timestamp;

use crate::config::Config;
use crate::config::secret::{SecretRef, Vault};
use crate::problem::{Failure, Problem};
use crate::systems::chain;
use crate::{ambient, report};

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Seal a secret under a name, in place of the one that has it; asks for it without showing it, or reads it from standard input
    Set(SetArguments),
    /// List the sealed secrets and where the configuration uses them; exit 1 if one that it uses is missing
    List(ListArguments),
    /// Take a secret out that the configuration does not use
    Remove(NameArguments),
    /// Seal everything anew by a new root key, for instance after a person left who had the old one
    Rekey(Place),
}

/// Names the configuration. It need not be complete yet.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Configuration file
    #[arg(
        long,
        value_name = "FILE",
        default_value = "tieout.toml",
        env = "TIEOUT_CONFIG"
    )]
    config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct NameArguments {
    #[command(flatten)]
    place: Place,
    /// The secret's name, as in "sealed:NAME"
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    #[command(flatten)]
    named: NameArguments,
    /// Read the secret from this file; a line end at its end does not count
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    place: Place,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn execute(command: SecretCommand) -> Result<u8, Failure> {
    match command {
        SecretCommand::Set(arguments) => set(&arguments),
        SecretCommand::List(arguments) => list(&arguments),
        SecretCommand::Remove(arguments) => remove(&arguments),
        SecretCommand::Rekey(place) => rekey(&place),
    }
}

impl Place {
    fn read(&self) -> Result<Config, Failure> {
        Config::read(&self.config).map_err(Failure::Usage)
    }
}

fn refused(error: SealError) -> Failure {
    let hint = match &error {
        SealError::Refused { .. } => {
            "bring the root key back that sealed it, or set the secret again; if `tieout secret rekey` was interrupted, run it again"
        }
        SealError::NotRoot(_) => "[secrets] root_key must lead to the key that sealed the secrets",
        SealError::Unknown { .. } => "`tieout secret list` shows what is there",
        SealError::NoRoot { .. }
        | SealError::Exposed { .. }
        | SealError::RootExists { .. }
        | SealError::Name(_)
        | SealError::Length(_)
        | SealError::Malformed { .. }
        | SealError::NotText { .. }
        | SealError::File { .. }
        | SealError::NoEntropy => "nothing was changed",
    };
    let problem = Problem::new("P0025", chain(&error)).hint(hint);
    if matches!(error, SealError::File { .. } | SealError::NoEntropy) {
        Failure::Unreachable(problem)
    } else {
        problem.into()
    }
}

fn set(arguments: &SetArguments) -> Result<u8, Failure> {
    let config = arguments.named.place.read()?;
    let vault = config.vault();
    let name = &arguments.named.name;
    let mut file = vault.sealed().map_err(refused)?;
    let secret = entered(name, arguments.from.as_deref())?;
    let root = root(&vault, file.list().is_empty())?;
    let now = Timestamp::from_millis(ambient::unix_ms());
    let facts = file.set(&root, name, secret.reveal(), now);
    let facts = facts.map_err(refused)?;
    file.save().map_err(refused)?;
    report::say(&format!(
        "secret {name} is sealed in {} (version {}); write \"sealed:{name}\" where the configuration needs it",
        file.path().display(),
        facts.version,
    ));
    Ok(0)
}

/// The root key; the first secret makes one, if it is to stand in a file.
fn root(vault: &Vault<'_>, is_first: bool) -> Result<RootKey, Failure> {
    match (vault.root(), vault.root_file()) {
        (Err(SealError::NoRoot { .. }), Some(path)) if is_first => {
            let root = RootKey::new().map_err(refused)?;
            root.save(&path).map_err(refused)?;
            report::say(&format!(
                "a new root key is in {}; it can be read by its owner only. Keep a copy apart from the sealed file: without it nothing opens",
                path.display()
            ));
            Ok(root)
        }
        (found, _) => found.map_err(refused),
    }
}

fn entered(name: &str, from: Option<&Path>) -> Result<Secret, Failure> {
    let unread = |what: String| Problem::new("P0025", what);
    let text = if let Some(path) = from {
        std::fs::read_to_string(path)
            .map_err(|e| unread(format!("cannot read {}: {e}", path.display())))?
    } else if std::io::stdin().is_terminal() {
        let ask = |prompt: String| {
            rpassword::prompt_password(prompt)
                .map_err(|e| unread(format!("the terminal cannot be read: {e}")))
        };
        let first = Secret::new(ask(format!("secret {name} (not shown): "))?);
        if Secret::new(ask("once more: ".to_owned())?) != first {
            return Err(unread("the two entries differ; nothing was changed".into()).into());
        }
        return Ok(first);
    } else {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|e| unread(format!("standard input cannot be read: {e}")))?;
        text
    };
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// Where the configuration refers to a sealed secret.
fn uses(config: &Config, name: &str) -> Vec<&'static str> {
    let references = config.secret_references().into_iter();
    let sealed = SecretRef::Sealed(name.to_owned());
    references
        .filter(|(_, secret)| **secret == sealed)
        .map(|(place, _)| place)
        .collect()
}

fn list(arguments: &ListArguments) -> Result<u8, Failure> {
    let config = arguments.place.read()?;
    let vault = config.vault();
    let file = vault.sealed().map_err(refused)?;
    let known = file.list();
    let references = config.secret_references().into_iter();
    let mut missing: Vec<&str> = references
        .filter_map(|(_, secret)| match secret {
            SecretRef::Sealed(name) => Some(name.as_str()),
            SecretRef::Env(_) | SecretRef::File(_) => None,
        })
        .filter(|name| known.iter().all(|facts| facts.name != *name))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    let opens = |facts: &SecretFacts| {
        let root = vault.root().ok();
        root.is_some_and(|root| file.reveal(&root, &facts.name).is_ok())
    };
    if arguments.json {
        let there = known.iter().map(|facts| {
            json!({
                "name": facts.name,
                "version": facts.version,
                "set_at": facts.set_at.to_string(),
                "state": if opens(facts) { "sealed" } else { "does not open" },
                "used_by": uses(&config, &facts.name),
            })
        });
        let absent = missing
            .iter()
            .map(|name| json!({"name": name, "state": "missing", "used_by": uses(&config, name)}));
        let rows: Vec<_> = there.chain(absent).collect();
        report::data(&format!("{}\n", serde_json::Value::Array(rows)));
    } else if known.is_empty() && missing.is_empty() {
        report::say("no sealed secrets; `tieout secret set NAME` keeps one");
    } else {
        let there = known.iter().map(|facts| {
            vec![
                facts.name.clone(),
                facts.version.to_string(),
                facts.set_at.to_string(),
                if opens(facts) {
                    "sealed"
                } else {
                    "does not open"
                }
                .to_owned(),
                uses(&config, &facts.name).join(", "),
            ]
        });
        let absent = missing.iter().map(|name| {
            let used = uses(&config, name).join(", ");
            vec![
                (*name).to_owned(),
                String::new(),
                String::new(),
                "missing".into(),
                used,
            ]
        });
        let header = ["name", "version", "set at", "state", "used by"];
        report::data(&report::rows_table(&header, there.chain(absent)));
    }
    let is_well = missing.is_empty() && known.iter().all(opens);
    Ok(u8::from(!is_well))
}

fn remove(arguments: &NameArguments) -> Result<u8, Failure> {
    let config = arguments.place.read()?;
    let name = &arguments.name;
    let used = uses(&config, name);
    if !used.is_empty() {
        let what = format!("the configuration uses {name} in {}", used.join(", "));
        let hint = "change the reference first, then remove the secret";
        return Err(Problem::new("P0025", what).hint(hint).into());
    }
    let mut file = config.vault().sealed().map_err(refused)?;
    file.remove(name).map_err(refused)?;
    file.save().map_err(refused)?;
    report::say(&format!("secret {name} is gone"));
    Ok(0)
}

/// The new key is durable beside the old one before anything is sealed by it, so an interrupted change can be finished.
fn rekey(place: &Place) -> Result<u8, Failure> {
    let config = place.read()?;
    let vault = config.vault();
    let Some(path) = vault.root_file() else {
        let what = "the root key does not stand in a file, so it cannot be changed here";
        let hint =
            "set [secrets] root_key = \"file:PATH\", or seal the secrets again under the new key";
        return Err(Problem::new("P0025", what).hint(hint).into());
    };
    let mut next = path.clone().into_os_string();
    next.push(".next");
    let next = PathBuf::from(next);
    let mut file = vault.sealed().map_err(refused)?;
    let before = vault.root().map_err(refused)?;
    let after = if next.exists() {
        RootKey::open(&next).map_err(refused)?
    } else {
        let after = RootKey::new().map_err(refused)?;
        after.save(&next).map_err(refused)?;
        after
    };
    let is_sealed_already = {
        let known = file.list();
        let mut opened = known.iter().map(|facts| file.reveal(&after, &facts.name));
        !known.is_empty() && opened.all(|secret| secret.is_ok())
    };
    if !is_sealed_already {
        file.rekey(&before, &after).map_err(refused)?;
        file.save().map_err(refused)?;
    }
    std::fs::rename(&next, &path).map_err(|e| {
        let what = format!("{} cannot take its place: {e}", next.display());
        let hint = "the secrets are sealed by it already: run `tieout secret rekey` again";
        Failure::Unreachable(Problem::new("P0025", what).hint(hint))
    })?;
    report::say(&format!(
        "{} secrets are sealed by a new root key in {}; the old one opens nothing any more",
        file.list().len(),
        path.display()
    ));
    Ok(0)
}
