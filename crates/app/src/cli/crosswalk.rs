//! `tieout crosswalk`: the mapping from the spreadsheet to its effect.

mod authoring;
pub(crate) mod control;
mod coverage;
mod lineage;
mod live;
mod migrate;
mod own;
mod reference;
mod restate;
mod simulate;
mod verify;

use clap::Subcommand;

use crate::problem::Failure;

/// Two groups: writing a version (`authoring`), and bringing it into effect and proving what it did.
#[derive(Debug, Subcommand)]
pub(crate) enum CrosswalkCommand {
    #[command(flatten)]
    Authoring(authoring::AuthoringCommand),
    #[command(flatten)]
    Control(control::ControlCommand),
}

pub(crate) async fn execute(command: CrosswalkCommand) -> Result<u8, Failure> {
    match command {
        CrosswalkCommand::Authoring(command) => authoring::execute(command).await,
        CrosswalkCommand::Control(command) => control::execute(command).await,
    }
}
