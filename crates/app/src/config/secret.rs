//! References to secrets. A secret itself never stands in the configuration.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tieout_connector::Secret;
use tieout_keys::{RootKey, SealError, SealedFile};

use crate::problem::Problem;

/// Where a secret is found: `env:NAME`, `file:PATH` or `sealed:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file; a line end at its end does not count.
    File(String),
    /// A secret that `tieout secret set` sealed.
    Sealed(String),
}

/// Where sealed secrets are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecretsConfig {
    /// The file of sealed secrets.
    pub(crate) file: String,
    /// Where the root key is that opens them: `file:PATH` or `env:NAME`.
    pub(crate) root_key: SecretRef,
}

impl Default for SecretsConfig {
    fn default() -> Self {
        Self {
            file: "secrets.sealed".into(),
            root_key: SecretRef::File("secrets.root.key".into()),
        }
    }
}

/// Fetches secrets. Relative paths start at `folder`.
pub(crate) struct Vault<'a> {
    /// The folder of the configuration.
    pub(crate) folder: &'a Path,
    /// Where sealed secrets are kept.
    pub(crate) config: &'a SecretsConfig,
}

impl Vault<'_> {
    /// Fetches a secret.
    pub(crate) fn fetch(&self, reference: &SecretRef) -> Result<Secret, Problem> {
        let found = match reference {
            SecretRef::Env(name) => std::env::var(name).map_err(|e| e.to_string()),
            SecretRef::File(path) => self.text_of(path),
            SecretRef::Sealed(name) => self.unsealed(name).map_err(|e| {
                let cause = std::error::Error::source(&e).map(|cause| format!(": {cause}"));
                format!("{e}{}", cause.unwrap_or_default())
            }),
        };
        found.map(Secret::new).map_err(|e| {
            let hint = match reference {
                SecretRef::Env(name) | SecretRef::File(name) => {
                    format!("provide {name}, or change the reference in the configuration")
                }
                SecretRef::Sealed(name) => {
                    format!("`tieout secret set {name}` seals it, `tieout secret list` shows what is there")
                }
            };
            Problem::new(
                "P0004",
                format!("the secret {reference} cannot be read: {e}"),
            )
            .hint(hint)
        })
    }

    /// The file of sealed secrets.
    pub(crate) fn sealed(&self) -> Result<SealedFile, SealError> {
        SealedFile::open(&self.folder.join(&self.config.file))
    }

    /// The root key.
    pub(crate) fn root(&self) -> Result<RootKey, SealError> {
        match &self.config.root_key {
            SecretRef::File(path) => RootKey::open(&self.folder.join(path)),
            SecretRef::Env(name) => {
                let from = format!("the environment variable {name}");
                RootKey::from_text(&std::env::var(name).unwrap_or_default(), &from)
            }
            SecretRef::Sealed(name) => Err(SealError::NotRoot(format!("sealed:{name}"))),
        }
    }

    /// The file of the root key, if it is one.
    pub(crate) fn root_file(&self) -> Option<PathBuf> {
        match &self.config.root_key {
            SecretRef::File(path) => Some(self.folder.join(path)),
            SecretRef::Env(_) | SecretRef::Sealed(_) => None,
        }
    }

    fn unsealed(&self, name: &str) -> Result<String, SealError> {
        self.sealed()?.reveal(&self.root()?, name)
    }

    fn text_of(&self, path: &str) -> Result<String, String> {
        let text = std::fs::read_to_string(self.folder.join(path));
        let text = text.map(|t| t.trim_end_matches(['\r', '\n']).to_owned());
        text.map_err(|e| e.to_string())
    }
}

impl std::str::FromStr for SecretRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("env:") {
            Ok(Self::Env(name.to_owned()))
        } else if let Some(path) = text.strip_prefix("file:") {
            Ok(Self::File(path.to_owned()))
        } else if let Some(name) = text.strip_prefix("sealed:") {
            Ok(Self::Sealed(name.to_owned()))
        } else {
            // The text may be the secret itself: it must not appear in the message.
            Err(
                "a secret is given by reference only: write \"env:NAME\", \"file:PATH\" or \"sealed:NAME\"",
            )
        }
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Sealed(name) => write!(f, "sealed:{name}"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for SecretRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::SecretRef;

    #[derive(Debug, Deserialize)]
    struct Holder {
        #[expect(dead_code, reason = "only its parsing is of interest")]
        password: SecretRef,
    }

    #[test]
    fn a_plain_secret_is_refused_without_repeating_it() {
        let error = toml::from_str::<Holder>("password = \"hunter2\"").unwrap_err();
        assert!(!error.message().contains("hunter2"));
        assert!(error.message().contains("by reference only"));
    }
}
