//! Where the database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::failure::OpenError;

/// The address of a database: `sqlite:<path>`, `sqlite::memory:`, a bare path, or `postgres://user@host:port/name`.
///
/// A PostgreSQL address may name several hosts (`postgres://user@a,b/name`): the one that accepts writes is used, so a standby that took
/// over is found. `?connections=4` bounds the connections kept open. A password is better given apart, see
/// [`DatabaseUrl::with_password`]; in no case is it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Location);

/// Where a database lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// In memory, gone with its store.
    Memory,
    /// In a file, with its write-ahead log beside it.
    File(PathBuf),
    /// On a PostgreSQL server.
    Postgres(Box<ServerPlace>),
}

/// A database on a server, and how to reach it.
#[derive(Debug, Clone)]
pub(crate) struct ServerPlace {
    /// For the client; its `Debug` hides the password.
    pub(crate) config: tokio_postgres::Config,
    /// At most so many connections.
    pub(crate) connections_max: usize,
}

impl PartialEq for ServerPlace {
    fn eq(&self, other: &Self) -> bool {
        format!("{:?}", self.config) == format!("{:?}", other.config)
            && self.config.get_password() == other.config.get_password()
            && self.connections_max == other.connections_max
    }
}

impl Eq for ServerPlace {}

/// Connections to a server, unless its address says otherwise.
const CONNECTIONS_MAX: usize = 8;
/// How long a server may take to answer a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unconfirmed before the connection counts as lost.
const UNCONFIRMED_MAX: Duration = Duration::from_secs(10);

impl DatabaseUrl {
    /// A database in memory.
    pub const fn memory() -> Self {
        Self(Location::Memory)
    }

    /// A database in a file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Location::File(path.into()))
    }

    /// The same database, opened with a password that is not part of its address. SQLite needs none and ignores it.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        if let Location::Postgres(place) = &mut self.0 {
            place.config.password(password);
        }
        self
    }

    /// True for a PostgreSQL server, which several processes can share.
    pub const fn is_server(&self) -> bool {
        matches!(self.0, Location::Postgres(_))
    }

    pub(crate) const fn location(&self) -> &Location {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        let refuse = |remedy| {
            Err(OpenError::Address {
                address: without_password(text),
                remedy,
            })
        };
        let path = match text.split_once(':') {
            Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest),
            Some(("postgres" | "postgresql", _)) => {
                let place = server_place(text);
                return place.map_or_else(refuse, |place| {
                    Ok(Self(Location::Postgres(Box::new(place))))
                });
            }
            Some(_) if text.contains("://") => {
                return refuse("use sqlite:<path> or postgres://user@host/name");
            }
            Some(_) | None => text,
        };
        match path {
            ":memory:" => Ok(Self::memory()),
            "" => refuse("name a file, as in sqlite:tieout.db"),
            path => Ok(Self::file(path)),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Memory => f.write_str("sqlite::memory:"),
            Location::File(path) => write!(f, "sqlite:{}", path.display()),
            Location::Postgres(place) => show_server(f, &place.config),
        }
    }
}

/// Reads `postgres://…`; the error is the remedy.
fn server_place(text: &str) -> Result<ServerPlace, &'static str> {
    let mut connections_max = CONNECTIONS_MAX;
    let mut kept = Vec::new();
    let (base, query) = text.split_once('?').unwrap_or((text, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("connections", count)) => {
                let count = count.parse().ok().filter(|count| *count > 0);
                connections_max = count.ok_or("connections must be a number from 1 on")?;
            }
            Some(_) | None => kept.push(pair),
        }
    }
    let address = if kept.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", kept.join("&"))
    };
    let remedy = "write postgres://user@host:5432/name";
    let mut config: tokio_postgres::Config = address.parse().map_err(|_| remedy)?;
    if config.get_hosts().is_empty() || config.get_dbname().is_none() {
        return Err(remedy);
    }
    if config.get_ssl_mode() == SslMode::Require {
        return Err(
            "this version does not encrypt the connection itself: use a tunnel, or a server on this machine",
        );
    }
    config
        .application_name("tieout")
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(UNCONFIRMED_MAX)
        .keepalives_idle(UNCONFIRMED_MAX);
    Ok(ServerPlace {
        config,
        connections_max,
    })
}

/// An address that can't be read may still hold a password.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((login, place)) => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None => text.to_owned(),
    }
}

fn show_server(f: &mut fmt::Formatter<'_>, config: &tokio_postgres::Config) -> fmt::Result {
    f.write_str("postgres://")?;
    if let Some(user) = config.get_user() {
        write!(f, "{user}@")?;
    }
    let mut ports = config.get_ports().iter();
    for (i, host) in config.get_hosts().iter().enumerate() {
        if i > 0 {
            f.write_str(",")?;
        }
        match host {
            Host::Tcp(host) => f.write_str(host)?,
            #[cfg(unix)]
            Host::Unix(path) => write!(f, "{}", path.display())?,
        }
        if let Some(port) = ports.next() {
            write!(f, ":{port}")?;
        }
    }
    write!(f, "/{}", config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn addresses_are_read_or_refused() {
        let check = |text: &str| text.parse::<DatabaseUrl>().ok();
        assert_eq!(check("sqlite::memory:"), Some(DatabaseUrl::memory()));
        assert_eq!(check("sqlite:a/b.db"), Some(DatabaseUrl::file("a/b.db")));
        assert_eq!(
            check("sqlite:///a/b.db"),
            Some(DatabaseUrl::file("/a/b.db"))
        );
        assert_eq!(check("b.db"), Some(DatabaseUrl::file("b.db")));
        for refused in [
            "",
            "sqlite:",
            "postgres://h",
            "postgres:d",
            "postgres://u@h/d?connections=0",
            "postgres://u@h/d?sslmode=require",
            "mysql://h/d",
        ] {
            assert_eq!(check(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://books:hunter2@db1:5432,db2:5433/tieout?connections=2"
            .parse()
            .unwrap();
        let shown = "postgres://books@db1:5432,db2:5433/tieout";
        assert_eq!(url.to_string(), shown);
        let url = url.with_password("hunter3");
        assert_eq!(url.to_string(), shown);
        assert!(!format!("{url:?}").contains("hunter"));
        let refused = "mysql://books:hunter2@h/d".parse::<DatabaseUrl>();
        let refused = refused.err().map(|error| format!("{error} {error:?}"));
        assert!(!refused.unwrap_or_default().contains("hunter"));
    }
}
