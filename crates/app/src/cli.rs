//! The commands: one noun, one file. Data goes to stdout, words to stderr.

mod audit;
mod bench;
mod breaks;
mod check;
mod config;
mod crosswalk;
mod demo;
mod document;
mod key;
mod reconcile;
mod run;
mod secret;
mod store;
mod twin;

pub(crate) use run::failure as run_failure;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::problem::Failure;

/// tieout keeps Sage Intacct and Oracle Fusion Cloud ERP in step and proves to the cent that they agree.
///
/// Exit codes: 0 done; 1 done, and something does not tie or is held; 2 usage or configuration; 3 a system or the store cannot be reached;
/// 4 evidence of tampering.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole thing on a company folder: both systems simulated, everything real in between
    Demo(demo::DemoArguments),
    /// Serve the simulators of both systems
    Twin(twin::TwinArguments),
    /// Carry documents as the configuration says
    Run(run::RunArguments),
    /// Prove that both systems agree, or name every difference
    Reconcile(reconcile::ReconcileArguments),
    /// Look at documents and decide about those that stopped
    #[command(subcommand)]
    Document(document::DocumentCommand),
    /// Look at differences that reconciliations found
    #[command(subcommand)]
    Break(breaks::BreakCommand),
    /// Write, check, sign and try out the mapping
    #[command(subcommand)]
    Crosswalk(crosswalk::CrosswalkCommand),
    /// Make, list, revoke and export the keys that sign versions of the mapping
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Keep the passwords of the configuration sealed; none is ever shown
    #[command(subcommand)]
    Secret(secret::SecretCommand),
    /// Verify or export the audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Ask both real systems whether they are set up as the configuration says; changes nothing
    Check(check::CheckArguments),
    /// Move, back up and restore the database
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Print an example configuration, or check yours
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Measure this program against the simulators
    #[command(hide = true)]
    Bench(bench::BenchArguments),
}

/// Names the configuration.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigFile {
    /// Configuration file
    #[arg(
        long,
        value_name = "FILE",
        default_value = "tieout.toml",
        env = "TIEOUT_CONFIG"
    )]
    pub(crate) config: PathBuf,
    /// Database, in place of the one in the configuration: sqlite:FILE or postgres://user@host:port/name
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

impl ConfigFile {
    /// Loads it.
    pub(crate) fn load(&self) -> Result<crate::config::Config, Failure> {
        let mut config = crate::config::Config::load(&self.config).map_err(Failure::Usage)?;
        config.database_instead.clone_from(&self.database);
        Ok(config)
    }
}

/// Runs a command; the number is the exit code.
pub(crate) async fn execute(arguments: Arguments) -> Result<u8, Failure> {
    match arguments.command {
        Command::Demo(arguments) => demo::execute(arguments).await,
        Command::Twin(arguments) => twin::execute(arguments).await,
        Command::Run(arguments) => run::execute(arguments).await,
        Command::Reconcile(arguments) => reconcile::execute(arguments).await,
        Command::Document(command) => document::execute(command).await,
        Command::Break(command) => breaks::execute(command).await,
        Command::Crosswalk(command) => crosswalk::execute(command).await,
        Command::Key(command) => key::execute(command).await,
        Command::Secret(command) => secret::execute(command),
        Command::Audit(command) => audit::execute(command).await,
        Command::Check(arguments) => check::execute(arguments).await,
        Command::Store(command) => store::execute(command).await,
        Command::Config(command) => config::execute(command).await,
        Command::Bench(arguments) => bench::execute(arguments).await,
    }
}
