//! Whether a server keeps what it confirms.
//!
//! Everything rests on one promise: what a commit answered stays. A server that was told not to keep it is refused; one that keeps it only
//! until its standby takes over is named at every start.

use tokio_postgres::config::Host;

use crate::address::ServerPlace;
use crate::failure::{OpenError, StoreWarning};
use crate::link::{Link, LinkError, params};

const SETTINGS: &str = "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'), \
     current_setting('server_encoding'), current_setting('synchronous_standby_names')";
const STANDBYS: &str = "SELECT COUNT(*) FROM pg_stat_replication WHERE state IS NULL OR state IN ('streaming', 'catchup')";

/// What a server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    encoding: String,
    standby_names: String,
    standbys: i64,
}

/// Asks the server.
pub(super) fn read(link: &Link<'_>) -> Result<Settings, LinkError> {
    let mut count = link.prepare_cached(STANDBYS)?;
    let standbys = count.query_opt(params![], |row| row.get(0))?.unwrap_or(0);
    let mut settings = link.prepare_cached(SETTINGS)?;
    let found = settings.query_opt(params![], |row| {
        Ok(Settings {
            fsync: row.get(0)?,
            full_page_writes: row.get(1)?,
            synchronous_commit: row.get(2)?,
            encoding: row.get(3)?,
            standby_names: row.get(4)?,
            standbys,
        })
    })?;
    found.ok_or_else(|| LinkError::Wrong("the server has no settings".to_owned()))
}

/// Refuses, or names what is not promised.
pub(super) fn judge(found: &Settings, place: &ServerPlace) -> Result<Vec<StoreWarning>, OpenError> {
    let needed = [
        (
            "fsync",
            &found.fsync,
            "set it to on and restart the server: without it a power cut damages the books",
        ),
        (
            "full_page_writes",
            &found.full_page_writes,
            "set it to on and reload the server: without it a power cut damages the books",
        ),
    ];
    for (setting, value, remedy) in needed {
        if value != "on" {
            return Err(refused(setting, value, remedy));
        }
    }
    if found.synchronous_commit == "off" {
        let remedy = "set it to on for this database or role: without it a crash loses commits that were confirmed";
        return Err(refused("synchronous_commit", "off", remedy));
    }
    if found.encoding != "UTF8" {
        let remedy = "create the database with ENCODING 'UTF8'";
        return Err(refused("server_encoding", &found.encoding, remedy));
    }
    let mut warnings = Vec::new();
    if found.standby_names.is_empty() && found.standbys > 0 {
        warnings.push(StoreWarning::AsynchronousStandby {
            standbys: found.standbys,
        });
    }
    if !found.standby_names.is_empty() && found.synchronous_commit == "local" {
        warnings.push(StoreWarning::StandbyNotAwaited {
            found: found.synchronous_commit.clone(),
        });
    }
    for host in place.config.get_hosts() {
        if let Host::Tcp(host) = host
            && !is_this_machine(host)
        {
            warnings.push(StoreWarning::NotEncrypted { host: host.clone() });
        }
    }
    Ok(warnings)
}

fn is_this_machine(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn refused(setting: &str, found: &str, remedy: &'static str) -> OpenError {
    OpenError::Unsafe {
        setting: setting.to_owned(),
        found: found.to_owned(),
        remedy,
    }
}
