//! A folder of signing keys, one file per key, named after its owner: the key store that needs nobody.
//!
//! Private halves never leave the folder. Which keys count, and which are revoked, is not decided here but in the audited register.

use std::path::{Path, PathBuf};

use crate::{KeyError, LocalKeys};

/// How the files end.
const ENDING: &str = ".key.pem";

/// A folder of keys.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    path: PathBuf,
}

impl KeyFolder {
    /// The folder at `path`; it need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Makes a new key for `owner`, beside the ones that he has.
    ///
    /// # Errors
    /// [`KeyError`] if the folder can't be written.
    pub fn create(&self, owner: &str) -> Result<LocalKeys, KeyError> {
        std::fs::create_dir_all(&self.path).map_err(|source| self.failed("created", source))?;
        let stem = file_stem(owner);
        for number in 1_u32.. {
            let path = self.path.join(format!("{stem}-{number}{ENDING}"));
            if !path.exists() {
                return LocalKeys::open_or_create(&path);
            }
        }
        Err(KeyError::Missing {
            path: self.path.clone(),
        })
    }

    /// Every key in the folder, in the order of file names.
    ///
    /// # Errors
    /// [`KeyError`] if the folder can't be read or holds a file that is no key.
    pub fn keys(&self) -> Result<Vec<LocalKeys>, KeyError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let entries = std::fs::read_dir(&self.path);
        let entries = entries.map_err(|source| self.failed("read", source))?;
        let mut names: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.to_string_lossy().ends_with(ENDING))
            .collect();
        names.sort();
        names.iter().map(|path| LocalKeys::open(path)).collect()
    }

    /// The key of that name, if the folder has it.
    ///
    /// # Errors
    /// [`KeyError`] if the folder can't be read.
    pub fn find(&self, id: &str) -> Result<Option<LocalKeys>, KeyError> {
        let keys = self.keys()?;
        Ok(keys.into_iter().find(|key| key.id().as_str() == id))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, attempted: &'static str, source: std::io::Error) -> KeyError {
        KeyError::File {
            path: self.path.clone(),
            attempted,
            source,
        }
    }
}

/// Letters and digits of the owner's name; the rest would be a danger in a path.
fn file_stem(owner: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    owner.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::KeyFolder;

    #[test]
    fn no_name_of_an_owner_leads_out_of_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(outer.path().join("keys"));
        let names = [
            "../x",
            "..",
            ".",
            "/etc/x",
            "a/b",
            "a\\b",
            "C:x",
            "a\0b",
            "a\nb",
            "~",
            "",
            "é",
            "\u{202e}x",
            "CON",
        ];
        for name in names {
            keys.create(name).unwrap();
        }
        let around = std::fs::read_dir(outer.path()).unwrap();
        assert_eq!(around.count(), 1, "a key left the folder");
        assert_eq!(keys.keys().unwrap().len(), names.len());
    }

    #[test]
    fn keys_of_one_owner_stand_side_by_side_and_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path().join("keys"));
        assert!(keys.keys().unwrap().is_empty());
        let first = keys.create("../ann").unwrap();
        let second = keys.create("../ann").unwrap();
        assert_ne!(first.id(), second.id());
        assert_eq!(keys.keys().unwrap().len(), 2);
        let found = keys.find(second.id().as_str()).unwrap().unwrap();
        assert_eq!(found.public(), second.public());
        assert!(keys.find("0000").unwrap().is_none());
    }
}
