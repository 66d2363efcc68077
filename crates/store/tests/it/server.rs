//! PostgreSQL servers for tests: one that tests share, and others that a test may stop, cut and promote.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

#[path = "../../../../xtask/src/postgres.rs"]
pub(crate) mod postgres;

use postgres::Postgres;

/// A running server of a test's own.
pub(crate) struct Throwaway {
    server: Option<Postgres>,
    port: u16,
    databases: AtomicU32,
}

/// The server that tests share: that of the whole run, whose port `cargo xtask test` names in the environment, else one of this process.
pub(crate) fn shared() -> &'static Throwaway {
    static SERVER: OnceLock<Throwaway> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("TIEOUT_TEST_POSTGRES_PORT") {
        Ok(port) => Throwaway {
            server: None,
            port: port.parse().unwrap(),
            databases: AtomicU32::new(0),
        },
        Err(_) => Throwaway::start(),
    })
}

impl Throwaway {
    /// Makes and starts one.
    pub(crate) fn start() -> Self {
        Self::of(Postgres::start(&postgres::place(), None).unwrap())
    }

    /// Makes and starts a standby of this one; if it is synchronous, commits wait for it from now on.
    pub(crate) fn standby(&self, is_synchronous: bool) -> Self {
        let standby = Postgres::start(&postgres::place(), Some(self.port)).unwrap();
        if is_synchronous {
            self.set("synchronous_standby_names = '*'");
            self.control(&["reload"]);
            self.wait_for("SELECT 1 / COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'");
        }
        Self::of(standby)
    }

    fn of(server: Postgres) -> Self {
        Self {
            port: server.port(),
            server: Some(server),
            databases: AtomicU32::new(0),
        }
    }

    /// Waits until a statement no longer fails.
    pub(crate) fn wait_for(&self, text: &str) {
        for _ in 0..300 {
            if postgres::sql(&self.url("postgres"), text).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("never so: {text}");
    }

    /// Makes a standby take over.
    pub(crate) fn promote(&self) {
        self.control(&["-w", "promote"]);
    }

    /// The address of a new database.
    pub(crate) fn database(&self) -> String {
        let name = self.new_name();
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The address of a new database that is a copy of another, which nobody uses.
    pub(crate) fn copy_of(&self, name: &str) -> String {
        let copy = self.new_name();
        let made = format!("CREATE DATABASE {copy} TEMPLATE {name}");
        self.sql("postgres", &made);
        self.url(&copy)
    }

    /// A name that no other process uses.
    pub(crate) fn new_name(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::SeqCst);
        format!("t{}_{number}", std::process::id())
    }

    /// The address of a database.
    pub(crate) fn url(&self, name: &str) -> String {
        postgres::address(self.port, name)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements as the server's owner.
    pub(crate) fn sql(&self, name: &str, text: &str) {
        sql(&self.url(name), text);
    }

    /// Stops it as a power cut would.
    pub(crate) fn crash(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts it again.
    pub(crate) fn restart(&self) {
        self.control(&["-w", "start"]);
    }

    /// Writes a setting, which holds after a restart.
    pub(crate) fn set(&self, setting: &str) {
        self.sql("postgres", &format!("ALTER SYSTEM SET {setting}"));
    }

    fn control(&self, arguments: &[&str]) {
        let own = self.server.as_ref();
        let own = own.expect("the shared server belongs to all tests");
        own.control(arguments).unwrap();
    }
}

/// Runs statements in a database.
pub(crate) fn sql(url: &str, text: &str) {
    postgres::sql(url, text).unwrap();
}
