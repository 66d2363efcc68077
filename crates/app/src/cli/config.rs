//! `tieout config`.

use clap::Subcommand;

use crate::cli::ConfigFile;
use crate::config::EXAMPLE;
use crate::problem::{Failure, Problem};
use crate::{report, systems};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a complete, commented configuration
    Example,
    /// Check a configuration: keys, secrets, flows, signatures of the crosswalk. Calls no system
    Check(ConfigFile),
}

pub(crate) async fn execute(command: ConfigCommand) -> Result<u8, Failure> {
    match command {
        ConfigCommand::Example => report::data(EXAMPLE),
        ConfigCommand::Check(file) => {
            let config = file.load()?;
            let vault = config.vault();
            let references = config.secret_references().into_iter();
            let unread = references.filter_map(|(place, secret)| {
                let mut problem = vault.fetch(secret).err()?;
                problem.summary = format!("{place}: {}", problem.summary);
                Some(problem)
            });
            let mut problems: Vec<Problem> = unread.collect();
            let opened = systems::open_crosswalk(&config);
            if !problems.is_empty() {
                let others = opened.as_ref().err().map(Failure::problems);
                problems.extend(others.unwrap_or_default().iter().cloned());
                return Err(Failure::Usage(problems));
            }
            let (crosswalk, reference) = opened?;
            report::say(&format!(
                "{} is sound: {} flows, {} entities, crosswalk {} ({})",
                file.config.display(),
                config.flow.len(),
                reference.entities.len(),
                systems::words(&crosswalk),
                crosswalk.digest(),
            ));
        }
    }
    Ok(0)
}
