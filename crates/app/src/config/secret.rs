//! References to secrets. A secret itself never stands in the configuration.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tieout_connector::Secret;

use crate::problem::Problem;

/// Where a secret is found: `env:NAME` or `file:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file; a line end at its end does not count.
    File(String),
}

impl SecretRef {
    /// Fetches the secret. Relative paths start at `folder`.
    pub(crate) fn fetch(&self, folder: &Path) -> Result<Secret, Problem> {
        let (found, name) = match self {
            Self::Env(name) => (std::env::var(name).map_err(|e| e.to_string()), name),
            Self::File(path) => {
                let text = std::fs::read_to_string(folder.join(path));
                let text = text.map(|t| t.trim_end_matches(['\r', '\n']).to_owned());
                (text.map_err(|e| e.to_string()), path)
            }
        };
        found.map(Secret::new).map_err(|e| {
            Problem::new("P0004", format!("the secret {self} cannot be read: {e}")).hint(format!(
                "provide {name}, or change the reference in the configuration"
            ))
        })
    }
}

impl std::str::FromStr for SecretRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("env:") {
            Ok(Self::Env(name.to_owned()))
        } else if let Some(path) = text.strip_prefix("file:") {
            Ok(Self::File(path.to_owned()))
        } else {
            // The text may be the secret itself: it must not appear in the message.
            Err("a secret is given by reference only: write \"env:NAME\" or \"file:PATH\"")
        }
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
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
