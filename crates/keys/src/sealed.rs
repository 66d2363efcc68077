//! A file of sealed secrets: each encrypted by a data key of its own, which a root key wraps (AES-256-GCM both times).
//!
//! The name and the version of a secret are bound to both ciphertexts, so a line can't be given another name, nor an older one passed off as
//! newer under its number. Whoever has only the file learns names, dates and lengths, nothing else. The root key stands elsewhere: in a file
//! readable by its owner only, or wherever the program found its text.
//!
//! The file is written beside its place and renamed, so a crash leaves the old one or the new one.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use tieout_model::Timestamp;

use crate::local::{exposed_mode, write_whole};

/// First line of the file.
const HEAD: &str = "tieout sealed secrets 1";
/// First word of a root key's text.
const ROOT_HEAD: &str = "tieout-root-key-1";
const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;
/// Longest secret in bytes; a private key in PEM fits many times.
const SECRET_LEN_MAX: usize = 65_536;
/// Longest name of a secret.
const NAME_LEN_MAX: usize = 100;

/// Why a secret can't be sealed or opened. No text ever holds a secret or a key.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There is no root key.
    #[error("there is no root key at {path}: `tieout secret set` makes one with the first secret")]
    NoRoot {
        /// Where it was expected.
        path: PathBuf,
    },
    /// Others could read the root key.
    #[error("the root key {path} can be read by others (mode {mode:03o}): set its mode to 600")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The text is no root key.
    #[error("{0} is no root key: it begins with \"tieout-root-key-1 \" and 64 hexadecimal digits")]
    NotRoot(String),
    /// The root key exists already.
    #[error("{path} exists already: a root key is never overwritten")]
    RootExists {
        /// The file.
        path: PathBuf,
    },
    /// A name with other characters, or none.
    #[error("{0:?} cannot name a secret: use letters, digits, `.`, `_` and `-`, at most 100")]
    Name(String),
    /// Nothing to seal, or too much.
    #[error("a secret has 1 to 65536 bytes, this one has {0}")]
    Length(usize),
    /// The file is not what was written.
    #[error("{path} line {line} is no sealed secret: restore the file from a backup")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// The secret isn't there.
    #[error("there is no secret {name} in {path}")]
    Unknown {
        /// Its name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The secret can't be opened with this root key.
    #[error(
        "the secret {name} does not open: it was sealed by another root key, or the file was altered"
    )]
    Refused {
        /// Its name.
        name: String,
    },
    /// What was sealed is no text.
    #[error("the secret {name} is no UTF-8 text")]
    NotText {
        /// Its name.
        name: String,
    },
    /// The file can't be read or written.
    #[error("{path} can't be {attempted}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        attempted: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoEntropy,
}

/// The key that wraps the data keys.
pub struct RootKey([u8; KEY_LEN]);

/// Never shows the key.
impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey([sealed])")
    }
}

impl RootKey {
    /// A new one, from the system's own generator.
    ///
    /// # Errors
    /// [`SealError::NoEntropy`].
    pub fn new() -> Result<Self, SealError> {
        random().map(Self)
    }

    /// Reads the text of a root key; `from` names where it comes from, for the message.
    ///
    /// # Errors
    /// [`SealError::NotRoot`].
    pub fn from_text(text: &str, from: &str) -> Result<Self, SealError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let &[ROOT_HEAD, digits] = words.as_slice() else {
            return Err(SealError::NotRoot(from.to_owned()));
        };
        let bytes = from_hex(digits).and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| SealError::NotRoot(from.to_owned()))
    }

    /// Reads the root key in a file that only its owner can read.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(path: &Path) -> Result<Self, SealError> {
        let text = fs::read_to_string(path).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                SealError::NoRoot { path: path.into() }
            } else {
                failed(path, "read", source)
            }
        })?;
        if let Some(mode) = exposed_mode(path).map_err(|e| failed(path, "read", e))? {
            let path = path.into();
            return Err(SealError::Exposed { path, mode });
        }
        Self::from_text(&text, &path.display().to_string())
    }

    /// Writes this key to a new file that only its owner can read.
    ///
    /// # Errors
    /// [`SealError::RootExists`] if there is a file already: what it sealed would be lost.
    pub fn save(&self, path: &Path) -> Result<(), SealError> {
        let text = format!("{ROOT_HEAD} {}\n", to_hex(&self.0));
        write_whole(path, text.as_bytes()).map_err(|source| {
            if source.kind() == io::ErrorKind::AlreadyExists {
                SealError::RootExists { path: path.into() }
            } else {
                failed(path, "written", source)
            }
        })
    }
}

/// What may be said of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFacts {
    /// Its name.
    pub name: String,
    /// How often it was set, from 1.
    pub version: u64,
    /// When it was set.
    pub set_at: Timestamp,
}

struct Sealed {
    version: u64,
    set_at: Timestamp,
    /// The data key, wrapped.
    key: Vec<u8>,
    body: Vec<u8>,
}

/// The secrets of one file.
pub struct SealedFile {
    path: PathBuf,
    secrets: BTreeMap<String, Sealed>,
}

impl SealedFile {
    /// Reads the file at `path`; one that isn't there holds nothing yet.
    ///
    /// # Errors
    /// [`SealError`] if it can't be read or a line is no sealed secret.
    pub fn open(path: &Path) -> Result<Self, SealError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(source) if source.kind() == io::ErrorKind::NotFound => format!("{HEAD}\n"),
            Err(source) => return Err(failed(path, "read", source)),
        };
        let malformed = |index: usize| SealError::Malformed {
            path: path.into(),
            line: index + 1,
        };
        let mut secrets = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            if index == 0 {
                if line != HEAD {
                    return Err(malformed(index));
                }
                continue;
            }
            let (name, sealed) = parse(line).ok_or_else(|| malformed(index))?;
            if secrets.insert(name, sealed).is_some() {
                return Err(malformed(index));
            }
        }
        Ok(Self {
            path: path.into(),
            secrets,
        })
    }

    /// Names, versions and dates, in the order of names.
    pub fn list(&self) -> Vec<SecretFacts> {
        let facts = self.secrets.iter().map(|(name, sealed)| SecretFacts {
            name: name.clone(),
            version: sealed.version,
            set_at: sealed.set_at,
        });
        facts.collect()
    }

    /// Seals `secret` under `name`, in place of the one that has the name. [`SealedFile::save`] makes it durable.
    ///
    /// # Errors
    /// [`SealError`] for a name or a length that can't be.
    pub fn set(
        &mut self,
        root: &RootKey,
        name: &str,
        secret: &str,
        at: Timestamp,
    ) -> Result<SecretFacts, SealError> {
        check_name(name)?;
        if secret.is_empty() || secret.len() > SECRET_LEN_MAX {
            return Err(SealError::Length(secret.len()));
        }
        let before = self.secrets.get(name).map_or(0, |sealed| sealed.version);
        let version = before.saturating_add(1);
        let sealed = seal(root, name, version, secret.as_bytes(), at)?;
        self.secrets.insert(name.to_owned(), sealed);
        Ok(SecretFacts {
            name: name.to_owned(),
            version,
            set_at: at,
        })
    }

    /// Opens a secret.
    ///
    /// # Errors
    /// [`SealError::Unknown`], [`SealError::Refused`], [`SealError::NotText`].
    pub fn reveal(&self, root: &RootKey, name: &str) -> Result<String, SealError> {
        let sealed = self.known(name)?;
        let refused = || SealError::Refused { name: name.into() };
        let bound = bound_to(name, sealed.version);
        let key = unseal(&root.0, &sealed.key, &bound).and_then(|key| key.try_into().ok());
        let key: [u8; KEY_LEN] = key.ok_or_else(refused)?;
        let plain = unseal(&key, &sealed.body, &bound).ok_or_else(refused)?;
        String::from_utf8(plain).map_err(|_| SealError::NotText { name: name.into() })
    }

    /// Takes a secret out.
    ///
    /// # Errors
    /// [`SealError::Unknown`].
    pub fn remove(&mut self, name: &str) -> Result<(), SealError> {
        self.known(name)?;
        self.secrets.remove(name);
        Ok(())
    }

    /// Seals everything anew, by another root key and new data keys.
    ///
    /// # Errors
    /// [`SealError`]; then nothing changed.
    pub fn rekey(&mut self, before: &RootKey, after: &RootKey) -> Result<(), SealError> {
        let mut anew = BTreeMap::new();
        for (name, sealed) in &self.secrets {
            let secret = self.reveal(before, name)?;
            let again = seal(
                after,
                name,
                sealed.version,
                secret.as_bytes(),
                sealed.set_at,
            )?;
            anew.insert(name.clone(), again);
        }
        self.secrets = anew;
        Ok(())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`SealError::File`]; then the file is as it was.
    pub fn save(&self) -> Result<(), SealError> {
        let mut text = format!("{HEAD}\n");
        for (name, sealed) in &self.secrets {
            let line = format!(
                "{name} {} {} {} {}\n",
                sealed.version,
                sealed.set_at.0,
                to_hex(&sealed.key),
                to_hex(&sealed.body)
            );
            text.push_str(&line);
        }
        let suffix: [u8; 8] = random()?;
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            Some(_) | None => PathBuf::from("."),
        };
        let unfinished = folder.join(format!(".new-secrets-{}", to_hex(&suffix)));
        let written = write_whole(&unfinished, text.as_bytes())
            .and_then(|()| fs::rename(&unfinished, &self.path))
            .and_then(|()| File::open(&folder).and_then(|folder| folder.sync_all()));
        written.map_err(|source| {
            // Of no use any more; if it can't be removed either, the first failure is the one to tell.
            let _ = fs::remove_file(&unfinished);
            failed(&self.path, "written", source)
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn known(&self, name: &str) -> Result<&Sealed, SealError> {
        let found = self.secrets.get(name);
        found.ok_or_else(|| SealError::Unknown {
            name: name.to_owned(),
            path: self.path.clone(),
        })
    }
}

fn check_name(name: &str) -> Result<(), SealError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > NAME_LEN_MAX || !name.chars().all(is_plain) {
        return Err(SealError::Name(name.to_owned()));
    }
    Ok(())
}

fn parse(line: &str) -> Option<(String, Sealed)> {
    let words: Vec<&str> = line.split(' ').collect();
    let &[name, version, set_at, key, body] = words.as_slice() else {
        return None;
    };
    check_name(name).ok()?;
    let sealed = Sealed {
        version: version.parse().ok()?,
        set_at: Timestamp(set_at.parse().ok()?),
        key: from_hex(key)?,
        body: from_hex(body)?,
    };
    Some((name.to_owned(), sealed))
}

/// What both ciphertexts are bound to.
fn bound_to(name: &str, version: u64) -> Vec<u8> {
    format!("tieout secret\n{name}\n{version}").into_bytes()
}

fn seal(
    root: &RootKey,
    name: &str,
    version: u64,
    secret: &[u8],
    set_at: Timestamp,
) -> Result<Sealed, SealError> {
    let bound = bound_to(name, version);
    let data_key: [u8; KEY_LEN] = random()?;
    Ok(Sealed {
        version,
        set_at,
        key: encrypted(&root.0, &data_key, &bound)?,
        body: encrypted(&data_key, secret, &bound)?,
    })
}

/// The nonce, then the ciphertext with its tag.
fn encrypted(key: &[u8; KEY_LEN], plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_LEN] = random()?;
    let payload = Payload {
        msg: plain,
        aad: bound,
    };
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload);
    // The cipher refuses texts of many gigabytes only.
    let sealed = sealed.map_err(|_| SealError::Length(plain.len()))?;
    Ok([&nonce[..], &sealed].concat())
}

fn unseal(key: &[u8; KEY_LEN], sealed: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce: [u8; NONCE_LEN] = nonce.try_into().ok()?;
    let payload = Payload {
        msg: body,
        aad: bound,
    };
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    cipher.decrypt(&Nonce::from(nonce), payload).ok()
}

fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| SealError::NoEntropy)?;
    Ok(bytes)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}

fn failed(path: &Path, attempted: &'static str, source: io::Error) -> SealError {
    SealError::File {
        path: path.into(),
        attempted,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tieout_model::Timestamp;

    use super::{RootKey, SealError, SealedFile};

    const AT: Timestamp = Timestamp(1_700_000_000_000_000);

    #[test]
    fn a_secret_comes_back_from_the_file_and_stands_in_it_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.sealed");
        let root = RootKey::new().unwrap();
        let mut file = SealedFile::open(&path).unwrap();
        file.set(&root, "fusion", "canary é \"quoted\"", AT)
            .unwrap();
        file.set(&root, "intacct", "other", AT).unwrap();
        let again = file.set(&root, "intacct", "newer", AT).unwrap();
        assert_eq!(again.version, 2);
        file.save().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("canary") && !text.contains("newer"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let mut file = SealedFile::open(&path).unwrap();
        assert_eq!(file.reveal(&root, "fusion").unwrap(), "canary é \"quoted\"");
        assert_eq!(file.reveal(&root, "intacct").unwrap(), "newer");
        assert_eq!(file.list().len(), 2);
        file.remove("fusion").unwrap();
        assert!(matches!(
            file.reveal(&root, "fusion"),
            Err(SealError::Unknown { .. })
        ));
    }

    #[test]
    fn another_key_another_name_another_version_or_a_flipped_bit_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.sealed");
        let root = RootKey::new().unwrap();
        let mut file = SealedFile::open(&path).unwrap();
        file.set(&root, "fusion", "one", AT).unwrap();
        file.save().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let other = RootKey::new().unwrap();
        let refused = |text: &str, name: &str, root: &RootKey| {
            fs::write(&path, text).unwrap();
            let answer = SealedFile::open(&path).unwrap().reveal(root, name);
            assert!(matches!(answer, Err(SealError::Refused { .. })), "{text}");
        };
        refused(&text, "fusion", &other);
        refused(&text.replace("fusion 1", "intacct 1"), "intacct", &root);
        refused(&text.replace("fusion 1", "fusion 2"), "fusion", &root);
        let body = text.trim_end();
        let (last, flipped) = body.split_at(body.len() - 1);
        let flipped = if flipped == "0" { "1" } else { "0" };
        assert_ne!(body, format!("{last}{flipped}"));
        refused(&format!("{last}{flipped}\n"), "fusion", &root);
    }

    #[test]
    fn a_new_root_key_takes_over_everything() {
        let folder = tempfile::tempdir().unwrap();
        let (before, after) = (RootKey::new().unwrap(), RootKey::new().unwrap());
        let mut file = SealedFile::open(&folder.path().join("s")).unwrap();
        file.set(&before, "fusion", "one", AT).unwrap();
        file.rekey(&before, &after).unwrap();
        assert_eq!(file.reveal(&after, "fusion").unwrap(), "one");
        assert!(file.reveal(&before, "fusion").is_err());
        assert!(file.rekey(&before, &after).is_err());
        assert_eq!(file.reveal(&after, "fusion").unwrap(), "one");
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let root = RootKey::new().unwrap();
        let mut file = SealedFile::open(&path).unwrap();
        for name in ["", "a b", "../x", "ä"] {
            let error = file.set(&root, name, "x", AT).unwrap_err();
            assert!(matches!(error, SealError::Name(_)), "{error}");
        }
        assert!(matches!(
            file.set(&root, "a", "", AT),
            Err(SealError::Length(0))
        ));
        for (text, line) in [
            ("nothing\n", 1),
            ("tieout sealed secrets 1\nfusion 1 0 zz 00\n", 2),
            (
                "tieout sealed secrets 1\nfusion 1 0 00 00\nfusion 1 0 00 00\n",
                3,
            ),
        ] {
            fs::write(&path, text).unwrap();
            let Err(error) = SealedFile::open(&path) else {
                panic!("{text} was taken");
            };
            assert!(
                error.to_string().contains(&format!("line {line}")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_root_key_is_sealed_in_its_file_and_never_printed_or_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        assert!(matches!(
            RootKey::open(&path),
            Err(SealError::NoRoot { .. })
        ));
        let root = RootKey::new().unwrap();
        root.save(&path).unwrap();
        assert!(matches!(
            root.save(&path),
            Err(SealError::RootExists { .. })
        ));
        assert_eq!(RootKey::open(&path).unwrap().0, root.0);
        assert_eq!(format!("{root:?}"), "RootKey([sealed])");
        let text = fs::read_to_string(&path).unwrap();
        for damaged in ["", "tieout-root-key-1 00", &text[..text.len() - 3]] {
            let error = RootKey::from_text(damaged, "here").unwrap_err();
            assert!(error.to_string().starts_with("here is no root key"));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(
                RootKey::open(&path),
                Err(SealError::Exposed { mode: 0o644, .. })
            ));
        }
    }
}
