//! A PostgreSQL server that is thrown away with the process that asked for it, and never the machine's own.
//!
//! A small shell script makes it in a folder of its own, waits for the end of its standard input (which comes when the asking process ends,
//! however it ends), stops it and removes the folder. PostgreSQL refuses to run as root, so root lends it to another user. The tests of other
//! packages include this file by its path, so it uses the standard library only.

use std::io::{BufRead, BufReader, Error, Result};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Programs of PostgreSQL that are needed.
const PROGRAMS: [&str; 5] = ["initdb", "pg_ctl", "postgres", "pg_basebackup", "psql"];

/// Room that a folder in memory must have; containers often give it 64 MiB.
const ROOM_MIN_KIB: u64 = 3 * 1024 * 1024;

/// A standby copies with a checkpoint at once: a spread one writes a page every tenth of a second, which takes minutes.
const KEEPER: &str = r#"
set -e
cd /
dir=$(mktemp -d "$1/tieout-postgres.XXXXXX")
trap '"$2/pg_ctl" -D "$dir/data" -s -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
if [ -n "$4" ]; then
    "$2/pg_basebackup" -D "$dir/data" -R -X stream --checkpoint=fast -h 127.0.0.1 -p "$4" -U tieout --no-sync
else
    "$2/initdb" -D "$dir/data" -U tieout -A trust -E UTF8 --locale=C --no-sync >/dev/null
fi
cat >>"$dir/data/postgresql.conf" <<END
port = $3
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
max_connections = 200
END
"$2/pg_ctl" -D "$dir/data" -s -w -t 60 -l "$dir/log" start >/dev/null || { cat "$dir/log" >&2; exit 1; }
echo "$dir"
cat >/dev/null
"#;

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    keeper: Child,
    input: Option<ChildStdin>,
}

impl Postgres {
    /// Makes and starts one below `place`, as a standby if `of` is the port of another.
    ///
    /// # Errors
    /// PostgreSQL's programs are not installed, or it did not start; what it said stands on standard error.
    pub(crate) fn start(place: &Path, of: Option<u16>) -> Result<Self> {
        let bin = binaries().ok_or_else(|| {
            Error::other(
                "no PostgreSQL server is installed (initdb, pg_ctl, postgres, pg_basebackup, psql): install the package postgresql, or name \
                 its folder of programs in TIEOUT_POSTGRES_BIN",
            )
        })?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let of = of.map_or_else(String::new, |port| port.to_string());
        let mut command = as_owner(Path::new("sh"))?;
        command.args(["-c", KEEPER, "keeper"]);
        command.arg(place).arg(&bin).arg(port.to_string()).arg(of);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn()?;
        let mut folder = String::new();
        if let Some(output) = keeper.stdout.take() {
            BufReader::new(output).read_line(&mut folder)?;
        }
        if folder.is_empty() {
            let what = format!("PostgreSQL of {} did not start", bin.display());
            return Err(Error::other(what));
        }
        Ok(Self {
            bin,
            folder: PathBuf::from(folder.trim_end()),
            port,
            input: keeper.stdin.take(),
            keeper,
        })
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Runs `pg_ctl` on it.
    ///
    /// # Errors
    /// When it says no.
    pub(crate) fn control(&self, arguments: &[&str]) -> Result<()> {
        let mut command = as_owner(&self.bin.join("pg_ctl"))?;
        command.arg("-D").arg(self.folder.join("data")).arg("-s");
        command.arg("-l").arg(self.folder.join("log"));
        command.args(arguments).stdout(Stdio::null());
        succeeded(&mut command)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends by itself once its input ended.
        let _ = self.keeper.wait();
    }
}

/// The address of a database on the server at `port` of this machine.
pub(crate) fn address(port: u16, name: &str) -> String {
    format!("postgres://tieout@127.0.0.1:{port}/{name}")
}

/// Runs statements in a database.
///
/// # Errors
/// When one fails; what the server said stands on standard error.
pub(crate) fn sql(address: &str, text: &str) -> Result<()> {
    let bin = binaries().ok_or_else(|| Error::other("psql is not installed"))?;
    let mut command = Command::new(bin.join("psql"));
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", address]);
    command.args(["-c", "SET client_min_messages = warning", "-c", text]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    succeeded(&mut command)
}

/// Where its files are quickest and leave no trace, if there is room for some hundred small databases; else the temporary folder.
pub(crate) fn place() -> PathBuf {
    let memory = "/dev/shm";
    let asked = Command::new("df").args(["-Pk", memory]).output();
    let answer = asked.map(|output| output.stdout).unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let free_kib = answer.lines().nth(1).and_then(|line| {
        let cell = line.split_whitespace().nth(3)?;
        cell.parse::<u64>().ok()
    });
    if free_kib.is_some_and(|free| free >= ROOM_MIN_KIB) {
        PathBuf::from(memory)
    } else {
        std::env::temp_dir()
    }
}

/// The folder of PostgreSQL's programs: named by `TIEOUT_POSTGRES_BIN`, on the path, or where the system's packages put them.
pub(crate) fn binaries() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("TIEOUT_POSTGRES_BIN") {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let packaged = std::fs::read_dir("/usr/lib/postgresql");
    let packaged = packaged.into_iter().flatten().flatten();
    let mut packaged: Vec<PathBuf> = packaged.map(|version| version.path().join("bin")).collect();
    packaged.sort();
    folders.extend(packaged.into_iter().rev());
    let is_whole = |folder: &PathBuf| PROGRAMS.iter().all(|name| folder.join(name).is_file());
    folders.into_iter().find(is_whole)
}

/// A program run by the owner of the server's files: ourselves, or a lesser user if we are root.
fn as_owner(program: &Path) -> Result<Command> {
    let id = Command::new("id").arg("-u").output()?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(Command::new(program));
    }
    let user = ["postgres", "nobody"].into_iter().find(|user| {
        let known = Command::new("id").arg(user).output();
        known.is_ok_and(|known| known.status.success())
    });
    let mut command = Command::new("runuser");
    command.args(["-u", user.unwrap_or("nobody"), "--"]);
    command.arg(program).current_dir("/");
    Ok(command)
}

fn succeeded(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(Error::other(format!("{command:?} ended with {status}")))
}
