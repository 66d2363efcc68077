//! A PostgreSQL server for tests: thrown away with the process that asked for it, and never the machine's own.
//!
//! A small shell script makes it in a folder of its own, waits for the end of its standard input (which comes when the test process ends,
//! however it ends), stops it and removes the folder. PostgreSQL refuses to run as root, so root lends it to another user.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};

const KEEPER: &str = r#"
set -e
cd /
dir=$(mktemp -d "$1/tieout-postgres.XXXXXX")
trap '"$2/pg_ctl" -D "$dir/data" -s -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
if [ -n "$4" ]; then
    "$2/pg_basebackup" -D "$dir/data" -R -X stream -h 127.0.0.1 -p "$4" -U tieout --no-sync
else
    "$2/initdb" -D "$dir/data" -U tieout -A trust -E UTF8 --locale=C --no-sync >/dev/null
fi
cat >>"$dir/data/postgresql.conf" <<END
port = $3
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
max_connections = 200
shared_buffers = 64MB
END
"$2/pg_ctl" -D "$dir/data" -s -w -t 60 -l "$dir/log" start >/dev/null
echo "$dir"
cat >/dev/null
"#;

/// A running server.
pub(crate) struct Throwaway {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    keeper: Child,
    input: Option<ChildStdin>,
}

/// The server that the tests of this process share.
pub(crate) fn shared() -> &'static Throwaway {
    static SERVER: OnceLock<Throwaway> = OnceLock::new();
    SERVER.get_or_init(Throwaway::start)
}

impl Throwaway {
    /// Makes and starts one.
    pub(crate) fn start() -> Self {
        Self::make("")
    }

    /// Makes and starts a standby of this one; if it is synchronous, commits wait for it from now on.
    pub(crate) fn standby(&self, is_synchronous: bool) -> Self {
        let standby = Self::make(&self.port.to_string());
        if is_synchronous {
            self.set("synchronous_standby_names = '*'");
            self.control(&["reload"]);
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        standby
    }

    /// Makes a standby take over.
    pub(crate) fn promote(&self) {
        self.control(&["-w", "promote"]);
    }

    /// Makes and starts one, as a standby if `of` names the port of another.
    fn make(of: &str) -> Self {
        let bin = binaries();
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let mut command = as_owner("sh");
        command.args(["-c", KEEPER, "keeper"]);
        command.arg(place).arg(&bin).arg(port.to_string()).arg(of);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().unwrap();
        let mut folder = String::new();
        let output = keeper.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut folder).unwrap();
        assert!(!folder.is_empty(), "PostgreSQL of {bin:?} did not start");
        Self {
            bin,
            folder: PathBuf::from(folder.trim_end()),
            port,
            databases: AtomicU32::new(0),
            input: keeper.stdin.take(),
            keeper,
        }
    }

    /// The address of a new database.
    pub(crate) fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::SeqCst);
        let name = format!("t{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The address of a new database that is a copy of another, which nobody uses.
    pub(crate) fn copy_of(&self, name: &str) -> String {
        let number = self.databases.fetch_add(1, Ordering::SeqCst);
        let copy = format!("t{number}");
        let made = format!("CREATE DATABASE {copy} TEMPLATE {name}");
        self.sql("postgres", &made);
        self.url(&copy)
    }

    /// The address of a database.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("postgres://tieout@127.0.0.1:{}/{name}", self.port)
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
        let log = self.folder.join("log");
        self.control(&["-w", "-l", log.to_str().unwrap(), "start"]);
    }

    /// Writes a setting, which holds after a restart.
    pub(crate) fn set(&self, setting: &str) {
        self.sql("postgres", &format!("ALTER SYSTEM SET {setting}"));
    }

    fn control(&self, arguments: &[&str]) {
        let mut command = as_owner(self.bin.join("pg_ctl").to_str().unwrap());
        command.arg("-D").arg(self.folder.join("data")).arg("-s");
        command.args(arguments).stdout(Stdio::null());
        assert!(command.status().unwrap().success(), "{arguments:?}");
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.keeper.wait();
    }
}

/// Runs statements in a database, on a thread of its own: the client must not meet the runtime of a test.
pub(crate) fn sql(url: &str, text: &str) {
    let work = || {
        let mut client = Client::connect(url, NoTls).unwrap();
        client.batch_execute(text).unwrap();
    };
    std::thread::scope(|scope| scope.spawn(work).join().unwrap());
}

fn as_owner(program: &str) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout.trim_ascii() != b"0" {
        return Command::new(program);
    }
    let user = ["postgres", "nobody"].into_iter().find(|user| {
        let known = Command::new("id").arg(user).output();
        known.is_ok_and(|known| known.status.success())
    });
    let mut command = Command::new("runuser");
    command.args(["-u", user.unwrap_or("nobody"), "--", program]);
    command.current_dir("/");
    command
}

/// The folder of `initdb`: named by TIEOUT_POSTGRES_BIN, on the path, or where the system's packages put it.
fn binaries() -> PathBuf {
    if let Some(named) = std::env::var_os("TIEOUT_POSTGRES_BIN") {
        return PathBuf::from(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut packaged: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|v| v.path().join("bin")).collect())
        .unwrap_or_default();
    packaged.sort();
    folders.extend(packaged.into_iter().rev());
    let found = folders.into_iter().find(|folder| {
        ["initdb", "pg_ctl", "postgres", "pg_basebackup"]
            .iter()
            .all(|name| folder.join(name).is_file())
    });
    found.unwrap_or_else(|| {
        panic!(
            "no PostgreSQL server is installed (initdb, pg_ctl, postgres): install the package postgresql, or name its folder of programs in \
             TIEOUT_POSTGRES_BIN"
        )
    })
}
