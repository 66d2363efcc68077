//! `tieout twin`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clap::Args;
use tieout_twins::company::CompanyFolder;
use tieout_twins::serve::{Served, serve};
use tieout_twins::world::World;

use crate::company::Endpoints;
use crate::ends::Ends;
use crate::problem::{Failure, Problem};
use crate::systems::chain;
use crate::{ambient, company, report};

#[derive(Debug, Args)]
pub(crate) struct TwinArguments {
    /// Company folder to load (master/, inputs/, crosswalk/)
    #[arg(long, value_name = "DIR")]
    company: PathBuf,
    /// Where the Sage Intacct simulator listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    intacct: SocketAddr,
    /// Where the Oracle Fusion simulator listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    fusion: SocketAddr,
    /// Where the control port listens; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Passwords and chance are made from this
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Also write what `tieout run` needs to work with these simulators into this folder: tieout.toml, sealed crosswalk, secrets
    #[arg(long, value_name = "DIR")]
    setup: Option<PathBuf>,
}

pub(crate) async fn execute(arguments: TwinArguments) -> Result<u8, Failure> {
    if !arguments.control.ip().is_loopback() {
        return Err(Problem::new(
            "P0011",
            "the control port can change the books, so it listens on loopback only",
        )
        .hint("use 127.0.0.1 or ::1 for --control")
        .into());
    }
    let folder = CompanyFolder::new(&arguments.company);
    let world = open_world(&folder, arguments.seed).await?;
    let (world, served) = serve_world(
        world,
        arguments.intacct,
        arguments.fusion,
        arguments.control,
    )
    .await?;
    if let Some(work) = &arguments.setup {
        let file = set_up(&folder, work, &endpoints(&world, &served)?)?;
        report::say(&format!(
            "ready to run: tieout run --config {}",
            file.display()
        ));
    }
    let ready = ready_line(&world, &served)?;
    report::data(&format!("{ready}\n"));
    Ends::listen().told().await;
    served.stop();
    Ok(0)
}

/// Writes a configuration with everything it names, made for a company folder and simulators that are being served.
pub(crate) fn set_up(
    folder: &CompanyFolder,
    work: &Path,
    endpoints: &Endpoints,
) -> Result<PathBuf, Failure> {
    company::set_up(folder, work, endpoints).map_err(|e| {
        let what = format!("the company cannot be set up: {e:#}");
        Problem::new("P0012", what)
            .hint("golden/README.md describes the folder's format")
            .into()
    })
}

/// Loads a company folder into both simulators.
pub(crate) async fn open_world(folder: &CompanyFolder, seed: u64) -> Result<World, Failure> {
    let folder = folder.clone();
    let opened = tokio::task::spawn_blocking(move || World::open(&folder, seed)).await;
    match opened {
        Ok(Ok(world)) => Ok(world),
        Ok(Err(e)) => Err(Problem::new(
            "P0012",
            format!("the company folder cannot be loaded: {}", chain(&e)),
        )
        .hint("correct the file that is named; golden/README.md describes the format")
        .into()),
        Err(e) => {
            Err(Problem::new("P0012", format!("the company folder cannot be loaded: {e}")).into())
        }
    }
}

/// Serves both simulators and the control port.
pub(crate) async fn serve_world(
    world: World,
    intacct: SocketAddr,
    fusion: SocketAddr,
    control: SocketAddr,
) -> Result<(Arc<Mutex<World>>, Served), Failure> {
    let world = Arc::new(Mutex::new(world));
    let clock = Arc::new(ambient::unix_ms);
    let served = serve(world.clone(), intacct, fusion, control, clock)
        .await
        .map_err(|e| {
            Failure::Unreachable(
                Problem::new("P0013", format!("the simulators cannot listen: {e}"))
                    .hint("another program may use the address; port 0 takes a free one"),
            )
        })?;
    Ok((world, served))
}

fn ready_line(world: &Arc<Mutex<World>>, served: &Served) -> Result<String, Failure> {
    let endpoints = endpoints(world, served)?;
    let json = serde_json::json!({
        "intacct": endpoints.intacct,
        "fusion": endpoints.fusion,
        "control": format!("http://{}", served.control),
        "login": {
            "intacct": {
                "sender_id": endpoints.sender.0,
                "sender_password": endpoints.sender.1,
                "company_id": endpoints.company_id,
                "user_id": endpoints.user.0,
                "user_password": endpoints.user.1,
            },
            "fusion": {
                "username": endpoints.fusion_login.0,
                "password": endpoints.fusion_login.1,
            },
        },
    });
    Ok(json.to_string())
}

/// Where the simulators listen and how to log in.
pub(crate) fn endpoints(world: &Arc<Mutex<World>>, served: &Served) -> Result<Endpoints, Failure> {
    let world = world
        .lock()
        .map_err(|_| Failure::Unreachable(Problem::new("P0013", "the simulators stopped")))?;
    let login = world.intacct.login();
    Ok(Endpoints {
        intacct: format!("http://{}/ia/xml/xmlgw.phtml", served.intacct),
        fusion: format!("http://{}", served.fusion),
        company_id: login.company_id.clone(),
        sender: (login.sender_id.clone(), login.sender_password.clone()),
        user: (login.user_id.clone(), login.user_password.clone()),
        fusion_login: world.fusion.login(),
    })
}
