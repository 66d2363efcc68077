//! Sealed files: bytes with an Ed25519 signature, in a DSSE envelope.
//!
//! The envelope is that of the Dead Simple Signing Envelope, version 1: `{"payload": base64, "payloadType": text, "signatures":
//! [{"keyid": text, "sig": base64}]}`. The signature covers the pre-authentication encoding `DSSEv1 <length> <type> <length> <payload>`,
//! so neither bytes nor their kind can be changed. We are stricter than the specification asks: **every** signature of an envelope
//! must be good and by a trusted key, and verification refuses weak keys and malleable signatures (`verify_strict`).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::crosswalk::json::Json;
use crate::crosswalk::place::{FileFault, Place};

/// A private key with the name under which others trust it. Its debug form shows the name only.
pub struct SealingKey {
    id: String,
    key: SigningKey,
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SealingKey {
    /// The key of a 32-byte secret (RFC 8032), known to others as `id`.
    pub fn from_secret(id: impl Into<String>, secret: &[u8; 32]) -> Self {
        Self {
            id: id.into(),
            key: SigningKey::from_bytes(secret),
        }
    }

    /// The name under which others trust it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }
}

/// One public key we trust.
#[derive(Debug, Clone)]
struct TrustedKey {
    public: VerifyingKey,
    only: Option<String>,
    is_revoked: bool,
}

/// The public keys whose signatures count.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys(BTreeMap<String, TrustedKey>);

/// The bytes are no usable public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No point of the curve, or one of small order.
    #[error("the bytes of key {0:?} are no usable Ed25519 public key")]
    Unusable(String),
    /// The name is taken by another key.
    #[error("two different keys are called {0:?}; every key needs a name of its own")]
    Twice(String),
    /// No key of that name.
    #[error("no key is called {0:?}")]
    Unknown(String),
}

impl TrustedKeys {
    /// Trusts nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a key for files of one payload type, or of any if `only` is `None`.
    ///
    /// # Errors
    /// [`KeyFault`] for unusable bytes or a name already taken.
    pub fn trust(
        &mut self,
        id: impl Into<String>,
        public: &[u8; 32],
        only: Option<&str>,
    ) -> Result<(), KeyFault> {
        let id = id.into();
        let key = VerifyingKey::from_bytes(public).ok();
        let Some(public) = key.filter(|key| !key.is_weak()) else {
            return Err(KeyFault::Unusable(id));
        };
        if self.0.contains_key(&id) {
            return Err(KeyFault::Twice(id));
        }
        let key = TrustedKey {
            public,
            only: only.map(str::to_owned),
            is_revoked: false,
        };
        self.0.insert(id, key);
        Ok(())
    }

    /// Refuses a key from now on, by name, so that the error can say why.
    ///
    /// # Errors
    /// [`KeyFault::Unknown`] if no key has that name.
    pub fn revoke(&mut self, id: &str) -> Result<(), KeyFault> {
        let key = self
            .0
            .get_mut(id)
            .ok_or_else(|| KeyFault::Unknown(id.to_owned()))?;
        key.is_revoked = true;
        Ok(())
    }
}

/// Why a sealed file is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// It is no envelope.
    #[error("not a sealed file: {0}; seal it with the signer's key")]
    NotSealed(String),
    /// It is an envelope nobody signed.
    #[error("the file carries no signature; have it signed")]
    Unsigned,
    /// Signed by a key we do not trust.
    #[error(
        "signed by key {0:?}, which is not trusted; trust that key or have the file signed by a trusted one"
    )]
    UnknownKey(String),
    /// Signed by a key that was revoked.
    #[error("signed by key {0:?}, which is revoked; have the file signed by a current key")]
    RevokedKey(String),
    /// Signed by a key that may not sign this kind of file.
    #[error("key {key:?} may not sign files of type {payload_type:?}")]
    WrongRole {
        /// The key's name.
        key: String,
        /// The kind of file.
        payload_type: String,
    },
    /// Altered after it was signed, or signed with another key of the same name.
    #[error(
        "the signature of key {0:?} does not fit: the file was altered after signing, or another key was used"
    )]
    Altered(String),
}

impl From<FileFault> for SealFault {
    fn from(fault: FileFault) -> Self {
        Self::NotSealed(fault.to_string())
    }
}

/// A payload whose signatures are all good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What kind of payload it is.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The keys that signed it.
    pub signers: BTreeSet<String>,
}

/// Signs `payload` as a file of kind `payload_type`. Same input, same bytes (Ed25519 is deterministic).
pub fn seal(payload_type: &str, payload: &[u8], key: &SealingKey) -> Vec<u8> {
    seal_with(payload_type, payload, &key.id, &|message| {
        key.key.sign(message).to_bytes()
    })
}

/// The same with a key that stays where it is kept: `sign` makes an Ed25519 signature over the bytes it is given.
pub fn seal_with(
    payload_type: &str,
    payload: &[u8],
    key_id: &str,
    sign: &dyn Fn(&[u8]) -> [u8; 64],
) -> Vec<u8> {
    let signature = sign(&message_to_sign(payload_type, payload));
    let entry = Json::object([
        ("keyid", Json::text(key_id)),
        ("sig", Json::text(&BASE64.encode(signature))),
    ]);
    let envelope = Json::object([
        ("payload", Json::text(&BASE64.encode(payload))),
        ("payloadType", Json::text(payload_type)),
        ("signatures", Json::List(vec![entry])),
    ]);
    envelope.canonical()
}

/// Opens a sealed file.
///
/// # Errors
/// [`SealFault`]: no envelope, no signature, or one that is not good, not trusted, revoked or out of its role.
pub fn open(bytes: &[u8], trust: &TrustedKeys) -> Result<Opened, SealFault> {
    let json = Json::parse(bytes).map_err(SealFault::NotSealed)?;
    let envelope = Place::root(&json, "envelope");
    let members = envelope.members(&["payload", "payloadType", "signatures"], &[])?;
    let payload_type = members.get("payloadType").word()?;
    let payload = decoded(&members.get("payload"))?;
    let message = message_to_sign(&payload_type, &payload);
    let mut signers = BTreeSet::new();
    for entry in members.get("signatures").list()? {
        let entry = entry.members(&["keyid", "sig"], &[])?;
        let id = entry.get("keyid").word()?;
        let key = trust
            .0
            .get(&id)
            .ok_or_else(|| SealFault::UnknownKey(id.clone()))?;
        if key.is_revoked {
            return Err(SealFault::RevokedKey(id));
        }
        if key.only.as_ref().is_some_and(|only| *only != payload_type) {
            return Err(SealFault::WrongRole {
                key: id,
                payload_type,
            });
        }
        let place = entry.get("sig");
        let signature = Signature::from_slice(&decoded(&place)?)
            .map_err(|_| place.fault("is no Ed25519 signature of 64 bytes"))?;
        if key.public.verify_strict(&message, &signature).is_err() {
            return Err(SealFault::Altered(id));
        }
        signers.insert(id);
    }
    if signers.is_empty() {
        return Err(SealFault::Unsigned);
    }
    Ok(Opened {
        payload_type,
        payload,
        signers,
    })
}

fn decoded(place: &Place<'_>) -> Result<Vec<u8>, FileFault> {
    let text = place.text()?;
    BASE64
        .decode(text)
        .map_err(|fault| place.fault(format!("is no base64: {fault}")))
}

/// The bytes that a signature of a sealed file covers: length and kind of the payload, and the payload.
pub fn message_to_sign(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let kind = payload_type.len();
    let head = format!("DSSEv1 {kind} {payload_type} {} ", payload.len());
    [head.as_bytes(), payload].concat()
}
