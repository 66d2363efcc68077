//! What the tests need and the machine may lack: found, else installed, saying so.
//!
//! One function per tool, each answering where the tool is. Later needs (a database server, a browser) get a function
//! here and a field in [`Kit`]. Packages of other languages are installed under cargo's target folder, so the working
//! tree stays clean and a warm target folder needs no network.

use crate::{postgres, process, tree};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Installs PostgreSQL's programs without the database that Debian makes and starts beside them: it would listen on port 5432 of a machine
/// that never asked for one. The setting is put back afterwards, so that it holds for this one installation.
const POSTGRES_WITHOUT_CLUSTER: &str = r#"
set -e
export DEBIAN_FRONTEND=noninteractive
install="apt-get install --yes --quiet --no-install-recommends"
apt-get update --quiet
$install postgresql-common
conf=/etc/postgresql-common/createcluster.conf
[ -e "$conf.before-tieout" ] || cp -p "$conf" "$conf.before-tieout"
trap 'mv "$conf.before-tieout" "$conf"' EXIT
trap 'exit 130' INT TERM
echo "create_main_cluster = false" >>"$conf"
$install postgresql
"#;

/// The oldest Node.js the JavaScript SDK is tried with.
const NODE_MAJOR_MIN: u32 = 18;

/// Where the installed tools are.
#[derive(Debug)]
pub(crate) struct Kit {
    /// Folder `node_modules` with the JavaScript SDK.
    pub(crate) node_modules: PathBuf,
    /// Python interpreter of the environment with the Python SDK.
    pub(crate) python: PathBuf,
    /// The same with pyintacct.
    pub(crate) pyintacct: PathBuf,
    /// The same with a client of Fusion.
    pub(crate) fusion: PathBuf,
}

/// Finds or installs everything.
///
/// # Errors
/// When something is missing and cannot be installed; the message says what to install by hand.
pub(crate) fn install(root: &Path) -> Result<Kit> {
    postgres()?;
    let target = tree::target_folder(root)?.join("conformance");
    Ok(Kit {
        node_modules: javascript(root, &target)?,
        python: python(root, &target, "python")?,
        pyintacct: python(root, &target, "pyintacct")?,
        fusion: python(root, &target, "fusion")?,
    })
}

/// PostgreSQL, of which tests start servers of their own in temporary folders; the machine's own server, if it has one, is left alone.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn postgres() -> Result<()> {
    if postgres::binaries().is_none() {
        let purpose = "PostgreSQL for the tests of the store, its programs only";
        announce(&["postgresql"], purpose)?;
        let mut script = as_root("sh")?;
        script.args(["-c", POSTGRES_WITHOUT_CLUSTER]);
        process::run(&mut script, Path::new("/"))?;
    }
    if postgres::binaries().is_none() {
        bail!(
            "PostgreSQL's programs (initdb, pg_ctl, postgres, pg_basebackup, psql) are not found: name their folder in TIEOUT_POSTGRES_BIN"
        );
    }
    Ok(())
}

/// Node.js and the packages of `conformance/javascript`.
fn javascript(root: &Path, target: &Path) -> Result<PathBuf> {
    if !node_is_new_enough() || !process::is_installed("npm") {
        system_packages(&["nodejs", "npm"], "Node.js for the JavaScript SDK")?;
    }
    if !node_is_new_enough() {
        bail!("Node.js {NODE_MAJOR_MIN} or newer is needed; install it and run again");
    }
    let source = root.join("conformance/javascript");
    let folder = target.join("javascript");
    let wanted = fs::read_to_string(source.join("package-lock.json"))
        .with_context(|| format!("cannot read {}", source.join("package-lock.json").display()))?;
    let stamp = folder.join("installed.stamp");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
        process::say("installing the JavaScript packages of conformance/javascript");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(source.join(name), folder.join(name))
                .with_context(|| format!("cannot copy {name} to {}", folder.display()))?;
        }
        let mut npm = Command::new("npm");
        npm.args([
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ]);
        process::run(&mut npm, &folder)?;
        fs::write(&stamp, &wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(folder.join("node_modules"))
}

/// The major version in an answer like `v20.20.2`.
fn major_version(answer: &str) -> Option<u32> {
    answer
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

fn node_is_new_enough() -> bool {
    Command::new("node")
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|answer| major_version(&answer))
        .is_some_and(|major| major >= NODE_MAJOR_MIN)
}

/// A virtual environment with the packages of a folder below `conformance`.
fn python(root: &Path, target: &Path, suite: &str) -> Result<PathBuf> {
    if !process::is_installed("python3") {
        system_packages(
            &["python3", "python3-venv"],
            "Python for the Python clients",
        )?;
    }
    let list = root.join(format!("conformance/{suite}/requirements.txt"));
    let wanted =
        fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let folder = target.join(suite);
    let python = folder.join("bin/python");
    let stamp = folder.join("installed.stamp");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
        process::say(&format!(
            "installing the Python packages of conformance/{suite}"
        ));
        make_environment(root, &folder)?;
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        pip.arg("--requirement").arg(&list);
        process::run(&mut pip, root)?;
        fs::write(&stamp, &wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(python)
}

/// Makes the virtual environment, installing Debian's separate package for it when that is what is missing.
fn make_environment(root: &Path, folder: &Path) -> Result<()> {
    let make = || {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(folder);
        process::run(&mut command, root)
    };
    if make().is_ok() {
        return Ok(());
    }
    system_packages(&["python3-venv"], "virtual environments for Python")?;
    make()
}

/// Installs packages of the system by its package manager.
fn system_packages(names: &[&str], purpose: &str) -> Result<()> {
    announce(names, purpose)?;
    let apt = |arguments: &[&str]| {
        let mut command = as_root("apt-get")?;
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        process::run(&mut command, Path::new("/"))
    };
    apt(&["update", "--quiet"])?;
    let mut install = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    install.extend(names);
    apt(&install)
}

/// Says what will be installed, and fails if this can't be done here.
fn announce(names: &[&str], purpose: &str) -> Result<()> {
    let list = names.join(" ");
    if !process::is_installed("apt-get") {
        bail!(
            "{purpose} is missing: install {list} with your system's package manager, then run again"
        );
    }
    process::say(&format!(
        "installing {list} from the system's packages ({purpose})"
    ));
    Ok(())
}

/// A program run by the machine's administrator.
fn as_root(program: &str) -> Result<Command> {
    let user = process::read(Command::new("id").arg("-u"), Path::new("/"))?;
    if user.trim() == "0" {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_version_is_read_by_its_major_number() {
        assert_eq!(major_version("v20.20.2\n"), Some(20));
        assert_eq!(major_version("v9.1.0"), Some(9));
        assert_eq!(major_version("node"), None);
    }
}
