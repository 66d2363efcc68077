//! The project's files as text, read once, in a fixed order.
//!
//! For: every check of tidy. Not for: binary files, which are left out (nothing here can judge them).
//! Invariant: paths are relative to the root with `/` between parts, sorted by bytes.

use crate::process;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are never the project's own text.
const SKIPPED_FOLDERS: [&str; 6] = [
    ".git",
    "target",
    "node_modules",
    ".venv",
    "__pycache__",
    ".idea",
];

/// All text files of the project, path to contents.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Text by path relative to the root.
    pub(crate) texts: BTreeMap<String, String>,
    /// Every path, binary files included.
    pub(crate) paths: Vec<String>,
}

impl Tree {
    /// Reads the whole project below `root`.
    ///
    /// # Errors
    /// When a folder or file cannot be read; the message names it.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.add_folder(root, "")?;
        tree.paths.sort();
        Ok(tree)
    }

    /// A tree made of literals, for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let texts: BTreeMap<String, String> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        let paths = texts.keys().cloned().collect();
        Self { texts, paths }
    }

    /// Files whose name ends in `.rs`.
    pub(crate) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.with_ending(".rs")
    }

    /// Files whose name ends in `.md`.
    pub(crate) fn markdown_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.with_ending(".md")
    }

    fn with_ending(&self, ending: &'static str) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .filter(move |(path, _)| path.ends_with(ending))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// True if a file or folder of that relative path exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self
                .paths
                .iter()
                .any(|known| known == path || known.starts_with(&folder))
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries =
            fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}/{name}")
            };
            let kind = entry
                .file_type()
                .with_context(|| format!("cannot look at {path}"))?;
            if kind.is_dir() {
                if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    self.add_folder(&entry.path(), &path)?;
                }
            } else if kind.is_file() && path != ".git" {
                let bytes =
                    fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
                if let Ok(text) = String::from_utf8(bytes) {
                    self.texts.insert(path.clone(), text);
                }
                self.paths.push(path);
            }
        }
        Ok(())
    }
}

/// The project's root: the folder above this crate's manifest.
///
/// # Errors
/// When this crate's folder has no parent, which would mean a moved crate.
pub(crate) fn root() -> Result<PathBuf> {
    // As `cargo run` says now: a build folder that two clones share keeps the program of one of them for both.
    let now = std::env::var_os("CARGO_MANIFEST_DIR");
    let manifest = now.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    Ok(manifest
        .parent()
        .context("xtask stands in no project")?
        .to_path_buf())
}

/// Where cargo builds, as cargo itself says.
///
/// # Errors
/// When `cargo metadata` fails or answers without a target folder.
pub(crate) fn target_folder(root: &Path) -> Result<PathBuf> {
    let value = metadata(root)?;
    let folder = value
        .get("target_directory")
        .and_then(serde_json::Value::as_str);
    Ok(PathBuf::from(
        folder.context("`cargo metadata` names no target folder")?,
    ))
}

/// What cargo knows about the workspace's own packages.
///
/// # Errors
/// When `cargo metadata` fails or answers no JSON.
pub(crate) fn metadata(root: &Path) -> Result<serde_json::Value> {
    let mut command = process::cargo();
    command.args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--offline",
    ]);
    let text = process::read(&mut command, root)?;
    serde_json::from_str(&text).context("`cargo metadata` answered no JSON")
}
