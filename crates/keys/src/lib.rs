//! Keys: making and checking signatures, and sealing secrets. Key services of other providers come behind the same door later; now there are
//! local files.
//!
//! Which secret is used for what is not known here: references are resolved by the program. Checking a signature needs no key service, only
//! the public key, so it is a function.

mod folder;
mod local;
mod sealed;

use std::fmt;
use std::path::PathBuf;

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use sha2::{Digest as _, Sha256};
use tieout_model::Digest;

pub use folder::KeyFolder;
pub use local::LocalKeys;
pub use sealed::{RootKey, SealError, SealedFile, SecretFacts};

/// Names a signing key: the first 16 hexadecimal digits of the SHA-256 of its public key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SigningKeyId(String);

impl SigningKeyId {
    /// The name of a public key.
    pub fn of(public_key: &PublicKey) -> Self {
        let digest: [u8; 32] = Sha256::digest(public_key.0).into();
        let text = Digest::from_bytes(digest).to_string();
        Self(text.get(..16).unwrap_or_default().to_owned())
    }

    /// A name that was written down; it is compared, never trusted.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SigningKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public half of an Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

/// An Ed25519 signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl PublicKey {
    /// As a PEM file (SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// [`KeyError::NotPublic`] if the bytes are no public key.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| KeyError::NotPublic)?;
        key.to_public_key_pem(LineEnding::LF)
            .map_err(|_| KeyError::NotPublic)
    }

    /// From a PEM file.
    ///
    /// # Errors
    /// [`KeyError::NotPublic`] if it holds no Ed25519 public key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_public_key_pem(pem.trim()).map_err(|_| KeyError::NotPublic)?;
        Ok(Self(key.to_bytes()))
    }

    /// True if `signature` was made over `message` by the key's other half. Strict: weak keys and second forms of a signature are refused.
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no key file.
    #[error("there is no signing key at {path}: create one first")]
    Missing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// Others could read the key.
    #[error("the signing key {path} can be read by others (mode {mode:03o}): set its mode to 600")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file is no Ed25519 key.
    #[error("{path} is no Ed25519 private key in PKCS#8 PEM: restore it, or name another file")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be read or written.
    #[error("the signing key {path} can't be {attempted}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        attempted: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The text or the bytes are no Ed25519 public key.
    #[error("this is no Ed25519 public key in PEM")]
    NotPublic,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes for a new key")]
    NoEntropy,
    /// The key asked for is another.
    #[error("this holds the key {held}, not {asked}")]
    OtherKey {
        /// The key it holds.
        held: SigningKeyId,
        /// The key asked for.
        asked: SigningKeyId,
    },
}

/// Signs for others. One implementation per provider of keys; [`LocalKeys`] is the one that needs nobody.
#[async_trait::async_trait]
pub trait KeyService: Send + Sync {
    /// The key that signs now.
    fn signing_key(&self) -> SigningKeyId;

    /// Its public half.
    fn public_key(&self) -> PublicKey;

    /// Signs a digest with the key of that name.
    ///
    /// # Errors
    /// [`KeyError`] if there is no such key, or the service can't be reached.
    async fn sign(&self, key: &SigningKeyId, digest: &Digest) -> Result<Signature, KeyError>;

    /// Signs a whole message with the key of that name: an Ed25519 signature is over the message, not over its digest.
    ///
    /// # Errors
    /// [`KeyError`] if there is no such key, or the service can't be reached.
    async fn sign_message(&self, key: &SigningKeyId, message: &[u8])
    -> Result<Signature, KeyError>;
}
