//! `tieout crosswalk`: bringing a version into effect.

use clap::Subcommand;

use crate::problem::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum ControlCommand {}

pub(crate) async fn execute(command: ControlCommand) -> Result<u8, Failure> {
    match command {}
}
