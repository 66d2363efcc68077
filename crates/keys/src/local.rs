//! One signing key in a file: PKCS#8 PEM, readable by its owner only.
//!
//! A new key is written beside its place, synchronised and then linked to its name, so a crash leaves either no key or a whole one, and two
//! programs that start together use the same one.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use ed25519_dalek::{Signer as _, SigningKey};
use tieout_model::Digest;

use crate::{KeyError, KeyService, PublicKey, Signature, SigningKeyId};

/// A signing key from a file.
pub struct LocalKeys {
    key: SigningKey,
    id: SigningKeyId,
}

/// Never shows the key.
impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKeys({} [sealed])", self.id)
    }
}

impl LocalKeys {
    /// Reads the key at `path`.
    ///
    /// # Errors
    /// [`KeyError`] if there is none, others can read it, or it is no Ed25519 key.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let text = fs::read_to_string(path).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                KeyError::Missing { path: path.into() }
            } else if source.kind() == io::ErrorKind::InvalidData {
                KeyError::Malformed { path: path.into() }
            } else {
                failed(path, "read", source)
            }
        })?;
        if let Some(mode) = exposed_mode(path).map_err(|source| failed(path, "read", source))? {
            return Err(KeyError::Exposed {
                path: path.into(),
                mode,
            });
        }
        let key = SigningKey::from_pkcs8_pem(&text)
            .map_err(|_| KeyError::Malformed { path: path.into() })?;
        Ok(Self::new(key))
    }

    /// Reads the key at `path`, and makes one first if there is none.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        match Self::open(path) {
            Err(KeyError::Missing { .. }) => {
                create(path)?;
                Self::open(path)
            }
            answer => answer,
        }
    }

    fn new(key: SigningKey) -> Self {
        let id = SigningKeyId::of(&PublicKey(key.verifying_key().to_bytes()));
        Self { key, id }
    }

    /// The key's name.
    pub fn id(&self) -> &SigningKeyId {
        &self.id
    }

    /// The key's public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// Signs any bytes. Ed25519 is deterministic: the same bytes give the same signature.
    pub fn sign_bytes(&self, message: &[u8]) -> Signature {
        Signature(self.key.sign(message).to_bytes())
    }
}

#[async_trait::async_trait]
impl KeyService for LocalKeys {
    fn signing_key(&self) -> SigningKeyId {
        self.id.clone()
    }

    fn public_key(&self) -> PublicKey {
        self.public()
    }

    async fn sign(&self, key: &SigningKeyId, digest: &Digest) -> Result<Signature, KeyError> {
        self.sign_message(key, digest.as_bytes()).await
    }

    async fn sign_message(
        &self,
        key: &SigningKeyId,
        message: &[u8],
    ) -> Result<Signature, KeyError> {
        if *key == self.id {
            return Ok(self.sign_bytes(message));
        }
        Err(KeyError::OtherKey {
            held: self.id.clone(),
            asked: key.clone(),
        })
    }
}

fn create(path: &Path) -> Result<(), KeyError> {
    let mut seed = [0; 32];
    let mut name = [0; 8];
    getrandom::fill(&mut seed).map_err(|_| KeyError::NoEntropy)?;
    getrandom::fill(&mut name).map_err(|_| KeyError::NoEntropy)?;
    let text = SigningKey::from_bytes(&seed)
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| KeyError::Malformed { path: path.into() })?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    };
    let unfinished = folder.join(format!(".new-key-{:016x}", u64::from_be_bytes(name)));
    let written = write_whole(&unfinished, text.as_bytes());
    let linked = written.and_then(|()| match fs::hard_link(&unfinished, path) {
        // Another program was faster: its key is as good.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        answer => answer,
    });
    let removed = fs::remove_file(&unfinished);
    linked.map_err(|source| failed(path, "created", source))?;
    removed.map_err(|source| failed(&unfinished, "removed", source))?;
    let synced = File::open(&folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| failed(path, "synchronised", source))
}

/// Writes a new file that only its owner can read.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The permissions of a file that others can read.
#[cfg(unix)]
pub(crate) fn exposed_mode(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// The permissions of a file that others can read.
#[cfg(not(unix))]
pub(crate) fn exposed_mode(_path: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

fn failed(path: &Path, attempted: &'static str, source: io::Error) -> KeyError {
    KeyError::File {
        path: path.into(),
        attempted,
        source,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::{KeyError, LocalKeys};
    use crate::Signature;

    #[test]
    fn a_key_is_created_once_sealed_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        assert!(matches!(
            LocalKeys::open(&path),
            Err(KeyError::Missing { .. })
        ));
        let first = LocalKeys::open_or_create(&path).unwrap();
        let again = LocalKeys::open_or_create(&path).unwrap();
        assert_eq!(first.id(), again.id());
        assert_eq!(first.id().as_str().len(), 16);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let other = LocalKeys::open_or_create(&folder.path().join("other.pem")).unwrap();
        assert_ne!(first.id(), other.id());
    }

    #[test]
    fn a_signature_verifies_only_over_its_message_and_by_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name| LocalKeys::open_or_create(&folder.path().join(name)).unwrap();
        let (keys, other) = (open("a"), open("b"));
        let signature = keys.sign_bytes(b"head 17");
        assert!(keys.public().verifies(b"head 17", &signature));
        assert!(!keys.public().verifies(b"head 18", &signature));
        assert!(!other.public().verifies(b"head 17", &signature));
        for bit in 0..512 {
            let mut flipped = signature.0;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!keys.public().verifies(b"head 17", &Signature(flipped)));
        }
    }

    #[test]
    fn an_exposed_or_damaged_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        LocalKeys::open_or_create(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            LocalKeys::open(&path),
            Err(KeyError::Exposed { mode: 0o640, .. })
        ));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for damaged in ["", "key", &text[..text.len() / 2]] {
            fs::write(&path, damaged).unwrap();
            let error = LocalKeys::open_or_create(&path).unwrap_err();
            assert!(matches!(error, KeyError::Malformed { .. }), "{error}");
        }
    }

    #[test]
    fn nothing_printed_shows_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        let keys = LocalKeys::open_or_create(&path).unwrap();
        assert_eq!(
            format!("{keys:?}"),
            format!("LocalKeys({} [sealed])", keys.id())
        );
    }
}
