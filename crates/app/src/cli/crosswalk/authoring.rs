//! `tieout crosswalk`: writing a version.

use clap::Subcommand;

use crate::problem::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum AuthoringCommand {}

pub(crate) async fn execute(command: AuthoringCommand) -> Result<u8, Failure> {
    match command {}
}
