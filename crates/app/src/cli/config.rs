//! `tieout config`.

use clap::Subcommand;

use crate::cli::ConfigFile;
use crate::config::EXAMPLE;
use crate::problem::Failure;
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
            config.intacct.to_client(&config.folder)?;
            config.fusion.to_client(&config.folder)?;
            for secret in config.trigger.iter().flat_map(|t| &t.secrets) {
                secret.fetch(&config.folder)?;
            }
            let (crosswalk, reference) = systems::open_crosswalk(&config)?;
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
